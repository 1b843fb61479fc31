package identitypool

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestA6_TokenText: one token has one text. Lengths vary so that the last character has bits to spare in some.
func TestA6_TokenText(t *testing.T) {
	s, err := newSealer(bytes.Repeat([]byte{7}, sessionKeySize), "p", nil)
	require.NoError(t, err)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	padded := 0
	for n := range 3 {
		in := session{IdentityID: strings.Repeat("x", n), AccessKeyID: "k", SecretAccessKey: "s", AMR: []string{"a"}}
		text, err := s.seal(in, rand.Reader)
		require.NoError(t, err)
		out, ok := s.open(text)
		require.True(t, ok)
		require.Equal(t, in, out)

		body := strings.TrimRight(text, "=")
		if body != text {
			padded++
		}
		last := strings.IndexByte(alphabet, body[len(body)-1])
		for i := range alphabet {
			if i == last {
				continue
			}
			_, ok := s.open(body[:len(body)-1] + alphabet[i:i+1] + text[len(body):])
			require.False(t, ok)
		}
		again, err := s.seal(in, rand.Reader)
		require.NoError(t, err)
		require.NotEqual(t, text, again)
	}
	require.Equal(t, 2, padded)
}

// What is sealed under the right key, and is no session or of another version, opens nothing.
func TestA6_TokenContents(t *testing.T) {
	s, err := newSealer(bytes.Repeat([]byte{7}, sessionKeySize), "p", nil)
	require.NoError(t, err)
	make := func(version byte, plain string) string {
		token := append([]byte{version}, make([]byte, s.aead.NonceSize())...)
		return base64.StdEncoding.EncodeToString(s.aead.Seal(token, token[1:], []byte(plain), token[:1]))
	}
	_, ok := s.open(make(tokenVersion, `{}`))
	require.True(t, ok)
	_, ok = s.open(make(tokenVersion, `null null`))
	require.False(t, ok)
	_, ok = s.open(make(tokenVersion+1, `{}`))
	require.False(t, ok)
	_, ok = s.open(make(tokenVersion, `{"id":"`+strings.Repeat("x", maxSessionToken)+`"}`))
	require.False(t, ok, "longer than any that is made")
}

func FuzzOpenSessionToken(f *testing.F) {
	s, err := newSealer(bytes.Repeat([]byte{7}, sessionKeySize), "p", nil)
	require.NoError(f, err)
	other, err := newSealer(bytes.Repeat([]byte{8}, sessionKeySize), "p", nil)
	require.NoError(f, err)
	text, err := other.seal(session{IdentityID: "x"}, rand.Reader)
	require.NoError(f, err)
	for _, seed := range []string{text, "", "AQ==", "!", strings.Repeat("A", 5_000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if out, ok := s.open(text); ok {
			t.Fatalf("opened %q as %+v", text, out)
		}
	})
}
