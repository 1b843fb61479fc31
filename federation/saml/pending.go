package saml

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/plaintext"
)

const (
	pendingVersion = 1
	maxPending     = 16 << 10
	// maxPendingAge bounds how long the ID of a request must be remembered.
	maxPendingAge = 24 * time.Hour

	kindSignIn = "sign-in"
	kindLogout = "logout"
)

// pending is one sign-in or logout between its two halves. Both parties are in
// it, so that a value of one Provider is of no use to another, and the state,
// so that the values of two tabs cannot be swapped.
type pending struct {
	Version          int    `json:"v"`
	Kind             string `json:"kind"`
	IdentityProvider string `json:"idp"`
	ServiceProvider  string `json:"sp"`
	RequestID        string `json:"id"`
	State            string `json:"state"` // hashed: the store's key is not repeated in its value
	Begun            int64  `json:"begun"` // seconds since 1970
	ForceAuthn       bool   `json:"force,omitempty"`
	AuthnContext     string `json:"context,omitempty"`
}

func (p *Provider) newPending(kind, idp, state string) (*pending, error) {
	id, err := p.sp.newID()
	if err != nil {
		return nil, err
	}
	return &pending{
		Version: pendingVersion, Kind: kind, IdentityProvider: idp, ServiceProvider: p.sp.config.EntityID,
		RequestID: id, State: signin.Hash(state), Begun: p.sp.config.Now().Unix(),
	}, nil
}

// newID returns the ID of a message: 160 bits, and a name by the rules of XML,
// which must not start with a digit.
func (sp *ServiceProvider) newID() (string, error) {
	var b [20]byte
	if _, err := io.ReadFull(sp.config.Rand, b[:]); err != nil {
		return "", failCause(InternalError, "no randomness from Config.Rand", err)
	}
	return "id" + hex.EncodeToString(b[:]), nil
}

func (s *pending) marshal() ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil || len(data) > maxPending {
		return nil, fail(InvalidRequest, "the pending value cannot be written")
	}
	return data, nil
}

// decodeStrictly reads a JSON object that this package wrote, with nothing
// unknown in it and nothing behind it.
func decodeStrictly(data []byte, to any) bool {
	if len(data) == 0 || len(data) > maxPending {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(to) != nil {
		return false
	}
	_, err := d.Token()
	return err == io.EOF
}

// resume reads what marshal wrote and checks that it is for this kind of act at
// these two parties, and not too old.
func (p *Provider) resume(data []byte, kind string) (*pending, error) {
	s := new(pending)
	begin := map[string]string{kindSignIn: "Begin", kindLogout: "BeginLogout"}[kind]
	if !decodeStrictly(data, s) || s.RequestID == "" || s.State == "" || s.IdentityProvider == "" {
		return nil, fail(InvalidPending, "the pending value is not one that %s returned", begin)
	}
	if s.Version != pendingVersion {
		return nil, fail(InvalidPending, "the pending value is of another version of this package; start again")
	}
	if s.Kind != kind {
		return nil, fail(InvalidPending, "the pending value is of a %s, not of a %s", plain(s.Kind, maxShown), kind)
	}
	if s.ServiceProvider != p.sp.config.EntityID {
		return nil, fail(InvalidPending, "the %s was begun by the service provider %q, not by this one", kind, plain(s.ServiceProvider, maxShown))
	}
	if age := p.sp.config.Now().Sub(s.began()); age > maxPendingAge {
		return nil, fail(InvalidPending, "the %s was begun more than %v ago; start again", kind, maxPendingAge)
	}
	return s, nil
}

func (s *pending) began() time.Time { return time.Unix(s.Begun, 0) }

// answeredBy checks the other party and the state of an answer.
func (s *pending) answeredBy(m *idpMetadata, relayState string) error {
	if s.IdentityProvider != m.entityID {
		return fail(InvalidPending, "the %s was begun at the identity provider %q, not at this one", s.Kind, plain(s.IdentityProvider, maxShown))
	}
	if !signin.Equal(signin.Hash(relayState), s.State) {
		return fail(InvalidResponse, "the RelayState that came back is not the one of this %s; the identity provider must return it unchanged", s.Kind).
			at("RelayState")
	}
	return nil
}

// checkState accepts what fits into RelayState. SAML allows 80 bytes (bindings
// section 3.4.3), and some identity providers hold to it.
func checkState(state string) error {
	if len(state) < 16 || len(state) > 80 || !plaintext.PrintableASCII(state) || strings.Contains(state, " ") {
		return fail(InvalidRequest, "state must be 16 to 80 printable ASCII characters without spaces, has %d bytes", len(state))
	}
	return nil
}
