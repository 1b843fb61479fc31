package passkey_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

// octets is hexadecimal in JSON.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// vector is one of the examples of Web Authentication Level 3, section 16.
type vector struct {
	Section, Title string
	CredentialID   octets
	Registration   struct{ Challenge, ClientDataJSON, AttestationObject octets }
	Authentication struct{ Challenge, ClientDataJSON, AuthenticatorData, Signature octets }
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "w3c.json"))
	require.NoError(t, err)
	var file struct{ Vectors []vector }
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Len(t, file.Vectors, 14)
	return file.Vectors
}

func (v vector) create(t testing.TB) []byte {
	t.Helper()
	out, err := json.Marshal(map[string]any{"id": b64(v.CredentialID), "rawId": b64(v.CredentialID), "type": "public-key", "response": map[string]any{
		"clientDataJSON": b64(v.Registration.ClientDataJSON), "attestationObject": b64(v.Registration.AttestationObject),
	}})
	require.NoError(t, err)
	return out
}

func (v vector) get(t testing.TB) []byte {
	t.Helper()
	out, err := json.Marshal(map[string]any{"id": b64(v.CredentialID), "rawId": b64(v.CredentialID), "type": "public-key", "response": map[string]any{
		"clientDataJSON": b64(v.Authentication.ClientDataJSON), "authenticatorData": b64(v.Authentication.AuthenticatorData),
		"signature": b64(v.Authentication.Signature),
	}})
	require.NoError(t, err)
	return out
}

// party is the relying party of the examples, whose challenges are those of v.
func (v vector) party(t testing.TB, topOrigins ...string) *passkey.RelyingParty {
	t.Helper()
	p, err := passkey.New(passkey.Config{
		RPID: "example.org", TopOrigins: topOrigins, Rand: bytes.NewReader(append(bytes.Clone(v.Registration.Challenge), v.Authentication.Challenge...)),
	})
	require.NoError(t, err)
	return p
}

func TestW1_W3CVectors(t *testing.T) {
	refused := map[string]passkey.Code{
		"16.4": passkey.ErrOrigin,      // in a frame, and the browser does not tell of which site
		"16.8": passkey.ErrUnsupported, // ES384
	}
	framed := map[string]string{"16.5": "https://example.com"}
	for _, v := range readVectors(t) {
		t.Run(v.Section+" "+v.Title, func(t *testing.T) {
			if v.Section == "16.9" {
				t.Logf("ES512, with a challenge of %d bytes: never asked for", len(v.Registration.Challenge))
				require.NotEqual(t, 32, len(v.Registration.Challenge))
				return
			}
			user := userpool.PasskeyUser{Handle: []byte("somebody")}
			var top []string
			if site := framed[v.Section]; site != "" {
				p := v.party(t)
				_, pending, err := p.BeginRegistration(t.Context(), user)
				require.NoError(t, err)
				_, err = p.FinishRegistration(t.Context(), user, pending, v.create(t))
				require.ErrorIs(t, err, passkey.ErrOrigin, "W3: the site that shows the frame is not configured")
				top = []string{site}
			}
			p := v.party(t, top...)
			_, pending, err := p.BeginRegistration(t.Context(), user)
			require.NoError(t, err)
			added, err := p.FinishRegistration(t.Context(), user, pending, v.create(t))
			if code := refused[v.Section]; code != "" {
				require.ErrorIs(t, err, code)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []byte(v.CredentialID), added.ID)
			user.Passkeys = []userpool.Passkey{added}
			_, pending, err = p.BeginAuthentication(t.Context(), user.Passkeys, false)
			require.NoError(t, err)
			_, err = p.FinishAuthentication(t.Context(), user, pending, v.get(t))
			require.NoError(t, err)
		})
	}
}
