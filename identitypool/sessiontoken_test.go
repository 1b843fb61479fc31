package identitypool

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func testSealer(t testing.TB, keys ...byte) *sealer {
	t.Helper()
	var all [][]byte
	for _, k := range keys {
		all = append(all, bytes.Repeat([]byte{k}, sessionKeySize))
	}
	s, err := newSealer(all, "p")
	require.NoError(t, err)
	return s
}

// fullSession has something in each field.
func fullSession() *session {
	return &session{
		kind: webIdentitySession, guest: true, mfa: true, chained: true, accessKeyID: "ASIAEXAMPLE", secretAccessKey: "secret",
		issued: 1_772_600_767_891_234, expires: 1_772_604_367, mfaAt: -1, roleARN: "arn:aws:iam::000000000000:role/x/User", trust: 1<<64 - 2,
		name: "session", identityID: "id", federated: "f", userKey: "u", sourceIdentity: "ann", providers: []string{"p", "q"},
		amr: []string{"authenticated", "p", ""}, tags: []pair{{"k", "v"}, {"l", ""}}, transitive: []string{"k"},
		keys: []pair{{"p:amr", "a"}, {"p:amr", "b"}}, policies: []string{"{}"}, policyARNs: []string{"arn"}, parents: []parent{{"all", -5}, {"user/x", 7}},
	}
}

// TestA6_TokenHoldsAll: no field of a session is lost, and none but what judge finds is left out.
func TestA6_TokenHoldsAll(t *testing.T) {
	in := fullSession()
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		found := name == "role" || name == "rules" || name == "judged"
		require.Equal(t, found, v.Field(i).IsZero(), name)
	}
	s := testSealer(t, 7)
	text, err := s.seal(in, rand.Reader)
	require.NoError(t, err)
	out, ok := s.open(text)
	require.True(t, ok)
	require.Equal(t, in, out)
	empty := &session{kind: identitySession}
	out, ok = decodeSession(string(empty.encode(nil)))
	require.True(t, ok)
	require.Equal(t, empty, out)
}

// TestA6_TokenText: one token has one text. Lengths vary so that the last character has bits to spare in some.
func TestA6_TokenText(t *testing.T) {
	s := testSealer(t, 7)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	padded := 0
	for n := range 3 {
		in := &session{kind: identitySession, identityID: strings.Repeat("x", n), accessKeyID: "k", secretAccessKey: "s", amr: []string{"a"}}
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
		for _, other := range []string{text[:10] + "\n" + text[10:], text + "\r\n", " " + text} {
			_, ok := s.open(other)
			require.False(t, ok, "%q", other)
		}
		again, err := s.seal(in, rand.Reader)
		require.NoError(t, err)
		require.NotEqual(t, text, again)
	}
	require.Equal(t, 2, padded)
}

// TestA6_EveryBit: a token with any bit changed opens nothing, neither in what is sealed nor in what stands before it.
func TestA6_EveryBit(t *testing.T) {
	s := testSealer(t, 7, 8)
	text, err := s.seal(fullSession(), rand.Reader)
	require.NoError(t, err)
	token, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	for i := range len(token) * 8 {
		token[i/8] ^= 1 << (i % 8)
		_, ok := s.open(base64.StdEncoding.EncodeToString(token))
		require.False(t, ok, "bit %d", i)
		token[i/8] ^= 1 << (i % 8)
	}
	for n := range token {
		_, ok := s.open(base64.StdEncoding.EncodeToString(token[:n]))
		require.False(t, ok, "%d bytes", n)
	}
}

// TestA6_OtherPool: the key of a pool opens no token of another one, with the same Config.SessionKey.
func TestA6_OtherPool(t *testing.T) {
	key := [][]byte{bytes.Repeat([]byte{7}, sessionKeySize)}
	p, err := newSealer(key, "p")
	require.NoError(t, err)
	q, err := newSealer(key, "q")
	require.NoError(t, err)
	text, err := p.seal(fullSession(), rand.Reader)
	require.NoError(t, err)
	_, ok := q.open(text)
	require.False(t, ok)
}

// TestA6_TokenContents: what is sealed under the right key, and is no session or of another version, opens nothing.
func TestA6_TokenContents(t *testing.T) {
	s := testSealer(t, 7)
	sealed := func(version byte, plain string) string {
		key := s.keys[0]
		token := append([]byte{version}, key.id[:]...)
		token = append(token, make([]byte, key.aead.NonceSize())...)
		return base64.StdEncoding.EncodeToString(key.aead.Seal(token, token[1+tokenKeyID:], []byte(plain), token[:1+tokenKeyID]))
	}
	good := string(fullSession().encode(nil))
	_, ok := s.open(sealed(tokenVersion, good))
	require.True(t, ok)
	_, ok = s.open(sealed(tokenVersion-1, good))
	require.False(t, ok, "another version")
	_, ok = s.open(sealed(tokenVersion, good+"\x00"))
	require.False(t, ok, "more than a session")
	for n := range good {
		_, ok = s.open(sealed(tokenVersion, good[:n]))
		require.False(t, ok, "%d bytes", n)
	}
	for _, kind := range []byte{0, byte(userSession) + 1, 255} {
		_, ok = s.open(sealed(tokenVersion, string(kind)+good[1:]))
		require.False(t, ok, "kind %d", kind)
	}
}

// TestA6_TokenSize: no token is made that is longer than those which are opened.
func TestA6_TokenSize(t *testing.T) {
	s := testSealer(t, 7)
	longest := 0
	for n := 5_000; n < 8_000; n++ {
		in := &session{kind: identitySession, name: strings.Repeat("x", n)}
		text, err := s.seal(in, rand.Reader)
		if err != nil {
			require.ErrorIs(t, err, errTooLong)
			break
		}
		longest = len(text)
		_, ok := s.open(text)
		require.True(t, ok, n)
	}
	require.Equal(t, maxSessionToken, longest)
}

func FuzzOpenSessionToken(f *testing.F) {
	s, other := testSealer(f, 7), testSealer(f, 8)
	text, err := other.seal(fullSession(), rand.Reader)
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

// FuzzDecodeSession: what is read is what was written, and nothing makes it panic or allocate beyond its size.
func FuzzDecodeSession(f *testing.F) {
	for _, s := range []*session{fullSession(), {kind: identitySession}} {
		f.Add(string(s.encode(nil)))
	}
	f.Add("\x01\x00\x00\x00\x00" + strings.Repeat("\xff", 40))
	f.Fuzz(func(t *testing.T, plain string) {
		s, ok := decodeSession(plain)
		if !ok {
			return
		}
		again, ok := decodeSession(string(s.encode(nil)))
		require.True(t, ok)
		require.Equal(t, s, again)
	})
}
