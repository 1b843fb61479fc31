package oidc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/jose"
)

const (
	pendingVersion = "2"
	maxPending     = 16 << 10
)

// pending is one sign-in between Begin and Finish. Issuer and client are in it
// so that a value of one Provider is of no use to another, and the state so
// that the values of two tabs cannot be swapped.
type pending struct {
	Version  string `json:"v"`
	Issuer   string `json:"iss"`
	ClientID string `json:"client_id"`
	Callback string `json:"callback"`
	State    string `json:"state"` // hashed: the store's key is not repeated in its value
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Begun    string `json:"begun"`  // seconds since 1970
	Reauth   string `json:"reauth"` // yes or no: whether the person was to sign in anew
}

// begun returns when the sign-in began.
func (s *pending) begun() time.Time {
	seconds, _ := strconv.ParseInt(s.Begun, 10, 64) // parsePending has seen to it
	return time.Unix(seconds, 0)
}

func (s *pending) reauthenticate() bool { return s.Reauth == "yes" }

func (p *Provider) newPending(callbackURL, state string, hints Hints) (*pending, error) {
	nonce, err := p.random()
	if err != nil {
		return nil, err
	}
	verifier, err := p.random()
	if err != nil {
		return nil, err
	}
	return &pending{
		Version:  pendingVersion,
		Issuer:   p.config.Issuer,
		ClientID: p.config.ClientID,
		Callback: callbackURL,
		State:    signin.Hash(state),
		Nonce:    nonce,
		Verifier: verifier,
		Begun:    strconv.FormatInt(p.now().Unix(), 10),
		Reauth:   map[bool]string{true: "yes", false: "no"}[hints.Reauthenticate],
	}, nil
}

// random returns 256 bits as 43 characters, which is also the shortest PKCE
// verifier there may be (RFC 7636 section 4.1).
func (p *Provider) random() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(p.rand, b[:]); err != nil {
		return "", failCause(InvalidConfig, "no randomness from Config.Rand", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func (s *pending) marshal() ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil || len(data) > maxPending {
		return nil, fail(InvalidRequest, "the pending sign-in cannot be written")
	}
	return data, nil
}

// parsePending reads what marshal wrote. Nothing may be missing and nothing
// may be left over.
func parsePending(data []byte) (*pending, error) {
	if len(data) == 0 || len(data) > maxPending {
		return nil, fail(InvalidPending, "the pending value is empty or too long; pass what Begin returned")
	}
	object, err := jose.DecodeObject(data)
	if err != nil {
		return nil, fail(InvalidPending, "the pending value is not one that Begin returned")
	}
	s := new(pending)
	if version, ok := object["v"].(string); ok && version != pendingVersion {
		return nil, fail(InvalidPending, "the pending value is of another version of this package; start the sign-in again")
	}
	if err := readFields(object, map[string]*string{
		"v": &s.Version, "iss": &s.Issuer, "client_id": &s.ClientID, "callback": &s.Callback,
		"state": &s.State, "nonce": &s.Nonce, "verifier": &s.Verifier, "begun": &s.Begun, "reauth": &s.Reauth,
	}); err != nil {
		return nil, fail(InvalidPending, "the pending value %v; pass what Begin returned", err)
	}
	if seconds, err := strconv.ParseInt(s.Begun, 10, 64); err != nil || seconds < 0 || s.Reauth != "yes" && s.Reauth != "no" {
		return nil, fail(InvalidPending, "the pending value is not one that Begin returned")
	}
	return s, nil
}

// readFields reads an object that has these members, each of them text, and no
// others.
func readFields(object map[string]any, fields map[string]*string) error {
	for name, to := range fields {
		text, ok := object[name].(string)
		if !ok || text == "" {
			return fmt.Errorf("has no %s", name)
		}
		*to = text
	}
	if len(object) != len(fields) {
		return errors.New("has something that does not belong to it")
	}
	return nil
}
