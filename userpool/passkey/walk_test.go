package passkey_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/descope/virtualwebauthn"
	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

var virtualParty = virtualwebauthn.RelyingParty{ID: "example.com", Name: "example.com", Origin: "https://login.example.com"}

// newVirtual returns a credential of a virtual authenticator. It writes coordinates without their leading zeros, which is wrong (RFC 9053,
// 7.1.1), so a key without any is made.
func newVirtual(t *testing.T, kind virtualwebauthn.KeyType) virtualwebauthn.Credential {
	t.Helper()
	for {
		credential := virtualwebauthn.NewCredential(kind)
		var key map[int]any
		require.NoError(t, cbor.Unmarshal(credential.Key.AttestationData(), &key))
		if y, ok := key[-3].([]byte); kind == virtualwebauthn.KeyTypeRSA || ok && len(y) == 32 && len(key[-2].([]byte)) == 32 {
			return credential
		}
	}
}

func TestWalk_VirtualAuthenticator(t *testing.T) {
	for _, kind := range []virtualwebauthn.KeyType{virtualwebauthn.KeyTypeEC2, virtualwebauthn.KeyTypeRSA} {
		for _, verified := range []bool{true, false} {
			t.Run(string(kind)+map[bool]string{true: " with UV", false: " without UV"}[verified], func(t *testing.T) {
				p, _ := newParty(t, nil)
				user := ada()
				authenticator := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{
					UserHandle: user.Handle, UserNotVerified: !verified, BackupEligible: true, BackupState: true,
				})
				credential := newVirtual(t, kind)
				credential.Counter = 7

				options, pending, err := p.BeginRegistration(t.Context(), user)
				require.NoError(t, err)
				create, err := virtualwebauthn.ParseAttestationOptions(string(options))
				require.NoError(t, err)
				require.Equal(t, string(user.Handle), create.UserID)
				added, err := p.FinishRegistration(t.Context(), user, pending,
					[]byte(virtualwebauthn.CreateAttestationResponse(virtualParty, authenticator, credential, *create)))
				require.NoError(t, err)
				require.Equal(t, userpool.Passkey{
					ID: credential.ID, PublicKey: credential.Key.AttestationData(), SignCount: 7, AAGUID: authenticator.Aaguid[:],
					UserVerified: verified, BackupEligible: true, BackedUp: true,
				}, added)
				user.Passkeys = []userpool.Passkey{added}

				// Once with the list of passkeys, once without; the counter grows, and the backup is gone.
				for _, allowed := range [][]userpool.Passkey{user.Passkeys, nil} {
					options, pending, err = p.BeginAuthentication(t.Context(), allowed, verified)
					require.NoError(t, err)
					get, err := virtualwebauthn.ParseAssertionOptions(string(options))
					require.NoError(t, err)
					require.Equal(t, allowed != nil, credential.IsAllowedForAssertion(*get))
					credential.Counter++
					authenticator.Options.BackupState = false
					response := []byte(virtualwebauthn.CreateAssertionResponse(virtualParty, authenticator, credential, *get))
					id, handle, err := p.Credential(response)
					require.NoError(t, err)
					require.Equal(t, credential.ID, id)
					require.Equal(t, user.Handle, handle)
					user.Passkeys[0], err = p.FinishAuthentication(t.Context(), user, pending, response)
					require.NoError(t, err)
					added.SignCount, added.BackedUp = credential.Counter, false
					require.Equal(t, added, user.Passkeys[0])
				}
			})
		}
	}
}

func TestWalk_EveryAlgorithm(t *testing.T) {
	for name, d := range map[string]*device{"ES256": newES256(t), "EdDSA": newEdDSA(t), "RS256": newRS256(t, 2048), "RS256 of 4096 bits": newRS256(t, 4096)} {
		for _, format := range []string{"none", "packed"} {
			t.Run(name+" "+format, func(t *testing.T) {
				p, _ := newParty(t, nil)
				user := ada()
				added := register(t, p, &user, d, func(a *answer) {
					if a.format = format; format == "packed" {
						a.statement = nil
					}
				})
				require.Equal(t, []string{"hybrid", "internal"}, added.Transports)
				require.Equal(t, toCBOR(t, d.cose), added.PublicKey)
				_, err := signIn(t, p, user, d, nil)
				require.NoError(t, err)
				_, err = signIn(t, p, user, d, func(a *answer) {
					a.signature = func(s []byte) []byte { s[len(s)-1] ^= 1; return s }
				})
				require.ErrorIs(t, err, passkey.ErrRefused, "a signature with one wrong bit")
			})
		}
	}
}

func TestOptions_Registration(t *testing.T) {
	p, _ := newParty(t, func(c *passkey.Config) { c.RPName = "Example"; c.Rand = strings.NewReader(strings.Repeat("x", 64)) })
	user := ada()
	user.Passkeys = []userpool.Passkey{{ID: []byte("first"), Transports: []string{"usb"}}, {ID: []byte("second")}}
	options, _, err := p.BeginRegistration(t.Context(), user)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"rp": {"id": "example.com", "name": "Example"},
		"user": {"id": "aGFuZGxlIG9mIGFkYQ", "name": "ada@example.com", "displayName": "Ada Lovelace"},
		"challenge": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg",
		"pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -257}],
		"timeout": 300000,
		"excludeCredentials": [{"type": "public-key", "id": "Zmlyc3Q", "transports": ["usb"]}, {"type": "public-key", "id": "c2Vjb25k"}],
		"authenticatorSelection": {"residentKey": "preferred", "requireResidentKey": false, "userVerification": "preferred"},
		"attestation": "none"
	}`, string(options))
	options, _, err = p.BeginAuthentication(t.Context(), user.Passkeys, true)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"challenge": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg", "rpId": "example.com", "timeout": 300000, "userVerification": "required",
		"allowCredentials": [{"type": "public-key", "id": "Zmlyc3Q", "transports": ["usb"]}, {"type": "public-key", "id": "c2Vjb25k"}]
	}`, string(options))
	_, _, err = p.BeginAuthentication(t.Context(), nil, false)
	require.ErrorContains(t, err, "Config.Rand", "the source is at its end")
	_, _, err = p.BeginRegistration(t.Context(), user)
	require.ErrorContains(t, err, "Config.Rand")
}

func TestOptions_Discoverable(t *testing.T) {
	p, _ := newParty(t, func(c *passkey.Config) { c.RequireUserVerification = true })
	options, pending, err := p.BeginAuthentication(t.Context(), nil, false)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(options, &got))
	require.Equal(t, []any{}, got["allowCredentials"])
	require.Equal(t, "required", got["userVerification"], "as Config says")
	require.Less(t, len(pending), 300)
	options, _, err = p.BeginRegistration(t.Context(), ada())
	require.NoError(t, err)
	require.Contains(t, string(options), `"excludeCredentials":[]`)
	require.Contains(t, string(options), `"userVerification":"required"`)
}

func TestChallenges_Differ(t *testing.T) {
	p, _ := newParty(t, nil)
	seen := map[string]bool{}
	for range 100 {
		options, _, err := p.BeginAuthentication(t.Context(), nil, false)
		require.NoError(t, err)
		seen[string(options)] = true
	}
	require.Len(t, seen, 100)
}

// What the caller gives wrong is an error, and no Error: no browser had a part in it.
func TestCaller(t *testing.T) {
	p, _ := newParty(t, nil)
	_, get, err := p.BeginAuthentication(t.Context(), nil, false)
	require.NoError(t, err)
	long := userpool.Passkey{ID: make([]byte, 1024)}
	nobody := userpool.PasskeyUser{Name: "ada"}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"registration without handle":  func() error { _, _, err := p.BeginRegistration(t.Context(), nobody); return err },
		"finish without handle":        func() error { _, err := p.FinishRegistration(t.Context(), nobody, get, nil); return err },
		"finish of get without handle": func() error { _, err := p.FinishAuthentication(t.Context(), nobody, get, nil); return err },
		"handle of 65 bytes": func() error {
			_, _, err := p.BeginRegistration(t.Context(), userpool.PasskeyUser{Handle: make([]byte, 65)})
			return err
		},
		"excluded ID of 1024 bytes": func() error {
			_, _, err := p.BeginRegistration(t.Context(), userpool.PasskeyUser{Handle: []byte("x"), Passkeys: []userpool.Passkey{long}})
			return err
		},
		"allowed ID of 1024 bytes": func() error {
			_, _, err := p.BeginAuthentication(t.Context(), []userpool.Passkey{long}, false)
			return err
		},
		"allowed ID of none": func() error {
			_, _, err := p.BeginAuthentication(t.Context(), make([]userpool.Passkey, 1), false)
			return err
		},
		"65 allowed": func() error {
			_, _, err := p.BeginAuthentication(t.Context(), make([]userpool.Passkey, 65), false)
			return err
		},
		"ended create":        func() error { _, _, err := p.BeginRegistration(ended, ada()); return err },
		"ended get":           func() error { _, _, err := p.BeginAuthentication(ended, nil, false); return err },
		"ended finish":        func() error { _, err := p.FinishRegistration(ended, ada(), get, nil); return err },
		"ended finish of get": func() error { _, err := p.FinishAuthentication(ended, ada(), get, nil); return err },
	} {
		err := call()
		require.Error(t, err, name)
		_, refused := errors.AsType[*passkey.Error](err)
		require.False(t, refused, name)
	}
	broken, _ := newParty(t, func(c *passkey.Config) { c.Rand = iotest.ErrReader(errors.New("no entropy")) })
	_, _, err = broken.BeginRegistration(t.Context(), ada())
	require.ErrorContains(t, err, "no entropy")
}
