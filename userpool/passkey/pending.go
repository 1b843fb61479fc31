package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

// The ceremonies, as the type of the client data names them (Level 3, 5.8.1).
const (
	create = "webauthn.create"
	get    = "webauthn.get"
)

// pending is what is kept of a ceremony until the answer comes. It is handed out as JSON; whoever keeps it sees to it that nobody else
// makes one, and that it is used once.
type pending struct {
	Version          int      `json:"v"`
	Ceremony         string   `json:"ceremony"`
	RPID             string   `json:"rp"`
	Challenge        []byte   `json:"challenge"`
	UserVerification bool     `json:"uv"`
	User             []byte   `json:"user,omitempty"`    // the handle, for a registration
	Allowed          [][]byte `json:"allowed,omitempty"` // SHA-256 of the credential IDs, for an authentication; empty means any
	Expires          int64    `json:"exp"`               // milliseconds since 1970
}

const pendingVersion = 1

func (p *RelyingParty) begin(ceremony string, challenge []byte, requireUV bool) pending {
	return pending{
		Version: pendingVersion, Ceremony: ceremony, RPID: p.rpID, Challenge: challenge, UserVerification: requireUV,
		Expires: p.now().Add(ceremonyTime).UnixMilli(),
	}
}

// resume reads a pending. The challenge is looked at too, so that nothing empty ever equals an empty one in an answer.
func (p *RelyingParty) resume(raw []byte, ceremony string) (pending, error) {
	var out pending
	switch err := json.Unmarshal(raw, &out); {
	case err != nil || len(raw) > maxResponse || out.Version != pendingVersion || len(out.Challenge) != challengeSize:
		return pending{}, refuse(ErrPending, "it is not one of this package")
	case out.Ceremony != ceremony:
		return pending{}, refuse(ErrPending, "it is for %s, not for %s", clean(out.Ceremony), ceremony)
	case out.RPID != p.rpID:
		return pending{}, refuse(ErrPending, "it is for the RP ID %q, not for %q", clean(out.RPID), p.rpID)
	case !p.now().Before(time.UnixMilli(out.Expires)):
		return pending{}, refuse(ErrExpired, "the ceremony ended at %s", time.UnixMilli(out.Expires).UTC().Format(time.RFC3339))
	}
	return out, nil
}

// allows reports whether a credential is among those that were asked for.
func (d pending) allows(id []byte) bool {
	if len(d.Allowed) == 0 {
		return true
	}
	sum := sha256.Sum256(id)
	for _, allowed := range d.Allowed {
		if bytes.Equal(allowed, sum[:]) {
			return true
		}
	}
	return false
}

// allow returns the digests of credential IDs: pending stays short whatever IDs authenticators make.
func allow(passkeys []userpool.Passkey) [][]byte {
	var out [][]byte
	for _, k := range passkeys {
		sum := sha256.Sum256(k.ID)
		out = append(out, sum[:])
	}
	return out
}
