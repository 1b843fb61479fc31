package passkey

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

const (
	// ceremonyTime is how long a ceremony may take: what Level 3, 15.1 recommends.
	ceremonyTime = 5 * time.Minute
	// challengeSize is in bytes; 13.4.3 asks for 16 at least.
	challengeSize = 32
	// maxResponse bounds what a browser answers, and pending, in bytes.
	maxResponse = 64 << 10
	// maxCredentialID is in bytes (Level 3, 4).
	maxCredentialID = 1023
	// maxHandle is that of a user handle, in bytes (Level 3, 4).
	maxHandle = 64
	// maxPasskeys bounds how many passkeys one ceremony may name.
	maxPasskeys = 64
)

// RelyingParty makes and verifies the ceremonies of one RP ID. It is made by New, keeps nothing between calls, and is safe for concurrent
// use.
type RelyingParty struct {
	rpID, rpName string
	origins      []string
	topOrigins   []string
	requireUV    bool
	now          func() time.Time
	rand         io.Reader
}

var _ userpool.WebAuthn = (*RelyingParty)(nil)

func (p *RelyingParty) challenge() ([]byte, error) {
	challenge := make([]byte, challengeSize)
	if _, err := io.ReadFull(p.rand, challenge); err != nil {
		return nil, fmt.Errorf("passkey: Config.Rand: %w", err)
	}
	return challenge, nil
}

// verification returns the requirement for an authenticator, in the words of Level 3, 5.8.6.
func verification(required bool) string {
	if required {
		return "required"
	}
	return "preferred"
}

// encode returns two values as JSON: options and pending.
func encode(options any, pending pending) (optionsJSON, pendingJSON []byte, err error) {
	if optionsJSON, err = json.Marshal(options); err != nil {
		return nil, nil, fmt.Errorf("passkey: %w", err)
	}
	if pendingJSON, err = json.Marshal(pending); err != nil {
		return nil, nil, fmt.Errorf("passkey: %w", err)
	}
	return optionsJSON, pendingJSON, nil
}

func checkUser(user userpool.PasskeyUser) error {
	if n := len(user.Handle); n == 0 || n > maxHandle {
		return fmt.Errorf("passkey: the user handle has %d bytes: it must have 1 to %d", n, maxHandle)
	}
	return nil
}
