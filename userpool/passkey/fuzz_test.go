package passkey_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

// seeds are right and wrong answers. None of them is right for the ceremonies that are fuzzed.
func seeds(f *testing.F) {
	f.Helper()
	for _, v := range readVectors(f) {
		f.Add(v.create(f))
		f.Add(v.get(f))
	}
	for _, seed := range []string{``, `{}`, `null`, `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, `{"response":{"userHandle":""}}`} {
		f.Add([]byte(seed))
	}
}

// FuzzFinishRegistration has the fuzzer answer a challenge that it may know. What is accepted is a key with its ID, well formed.
func FuzzFinishRegistration(f *testing.F) {
	seeds(f)
	vectors := readVectors(f)
	f.Fuzz(func(t *testing.T, response []byte) {
		for _, v := range vectors[:2] {
			p := v.party(t)
			user := userpool.PasskeyUser{Handle: []byte("somebody")}
			_, pending, err := p.BeginRegistration(t.Context(), user)
			require.NoError(t, err)
			out, err := p.FinishRegistration(t.Context(), user, pending, response)
			if err != nil {
				require.Equal(t, userpool.Passkey{}, out)
				continue
			}
			require.NotEmpty(t, out.ID)
			require.LessOrEqual(t, len(out.ID), 1023)
			require.Len(t, out.AAGUID, 16)
			require.NotEmpty(t, out.PublicKey)
			require.False(t, out.BackedUp && !out.BackupEligible)
		}
	})
}

// FuzzFinishAuthentication has the fuzzer sign in without the key: whatever is accepted was signed by an example of the W3C.
func FuzzFinishAuthentication(f *testing.F) {
	seeds(f)
	vectors := readVectors(f)
	f.Fuzz(func(t *testing.T, response []byte) {
		v := vectors[0]
		p := v.party(t)
		user := userpool.PasskeyUser{Handle: []byte("somebody")}
		_, pending, err := p.BeginRegistration(t.Context(), user)
		require.NoError(t, err)
		added, err := p.FinishRegistration(t.Context(), user, pending, v.create(t))
		require.NoError(t, err)
		user.Passkeys = []userpool.Passkey{added}
		_, pending, err = p.BeginAuthentication(t.Context(), user.Passkeys, false)
		require.NoError(t, err)
		out, err := p.FinishAuthentication(t.Context(), user, pending, response)
		if err != nil {
			require.Equal(t, userpool.Passkey{}, out)
			return
		}
		var answer struct {
			Response struct{ ClientDataJSON, AuthenticatorData string }
		}
		require.NoError(t, json.Unmarshal(response, &answer))
		require.Equal(t, b64(v.Authentication.ClientDataJSON), answer.Response.ClientDataJSON, "accepted without a signature")
		require.Equal(t, b64(v.Authentication.AuthenticatorData), answer.Response.AuthenticatorData)
	})
}

// FuzzSigned changes what is signed, and signs it: what is accepted names the ceremony, the challenge, the page and the RP ID.
func FuzzSigned(f *testing.F) {
	hash := sha256.Sum256([]byte("example.com"))
	challenge := bytes.Repeat([]byte{'c'}, 32)
	for _, v := range readVectors(f) {
		f.Add([]byte(v.Authentication.ClientDataJSON), append(hash[:], v.Authentication.AuthenticatorData[32:]...))
	}
	f.Add([]byte(`{"type":"webauthn.get","challenge":"`+b64(challenge)+`","origin":"https://login.example.com"}`), append(hash[:], 1, 0, 0, 0, 0))
	f.Add([]byte(`{"type":"webauthn.get","challenge":"`+b64(challenge)+`","origin":"https://login.example.com"}`), append(hash[:], 0x85, 0, 0, 0, 0, 0xa0))
	f.Fuzz(func(t *testing.T, client, data []byte) {
		d := newES256(t)
		p, _ := newParty(t, func(c *passkey.Config) { c.Rand = bytes.NewReader(challenge) })
		user := ada()
		user.Passkeys = []userpool.Passkey{{ID: d.id, PublicKey: toCBOR(t, d.cose)}}
		options, pending, err := p.BeginAuthentication(t.Context(), user.Passkeys, false)
		require.NoError(t, err)
		response := d.get(t, options, func(a *answer) { a.clientJSON = func([]byte) []byte { return client }; a.data = data })
		if _, err := p.FinishAuthentication(t.Context(), user, pending, response); err != nil {
			return
		}
		var got map[string]any
		require.NoError(t, json.Unmarshal(client, &got))
		require.Equal(t, "webauthn.get", got["type"])
		require.Equal(t, b64(challenge), got["challenge"])
		require.Contains(t, []any{"https://login.example.com", "https://example.com:8443"}, got["origin"])
		require.Contains(t, []any{nil, false}, got["crossOrigin"])
		require.Equal(t, hash[:], data[:32])
		require.NotZero(t, data[32]&flagUP)
		require.Zero(t, data[32]&(flagBE|flagBS))
	})
}

func FuzzCredential(f *testing.F) {
	seeds(f)
	p, _ := newParty(f, nil)
	f.Fuzz(func(t *testing.T, response []byte) {
		id, handle, err := p.Credential(response)
		if err != nil {
			require.Nil(t, id)
			require.Nil(t, handle)
			return
		}
		require.NotEmpty(t, id)
		require.LessOrEqual(t, len(id), 1023)
		require.LessOrEqual(t, len(handle), 64)
		if handle != nil {
			require.NotEmpty(t, handle)
		}
		require.True(t, json.Valid(response))
	})
}
