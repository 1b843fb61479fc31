package srp_test

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srp"
)

// FuzzChallenge: an SRP_A that is taken is a number of the group, is kept, and its sign-in works.
func FuzzChallenge(f *testing.F) {
	v, err := srp.NewVerifier(rand.Reader, "group", "user", "password")
	require.NoError(f, err)
	good := newClient("group", "user", "password").srpA()
	for _, seed := range []string{"", "0", good, strings.ToUpper(good), "00" + good, "-" + good, clientN.Text(16), strings.Repeat("f", 771)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, srpA string) {
		c, err := v.Challenge(rand.Reader, srpA)
		if err != nil {
			require.ErrorIs(t, err, srp.ErrInvalidA)
			return
		}
		a := clientHex(srpA)
		require.Equal(t, a.Bytes(), c.A)
		require.Negative(t, a.Cmp(clientN))
		require.Greater(t, a.BitLen(), 2047)
		require.LessOrEqual(t, len(srpA), 770)
	})
}

func FuzzParseVerifier(f *testing.F) {
	text := base64.StdEncoding.EncodeToString
	f.Add(text([]byte("0123456789abcdef")), text(clientPad(clientInt([]byte(strings.Repeat("x", 384))))))
	f.Add(text(make([]byte, 16)), text(clientN.Bytes()))
	f.Add("AAAA\n", "AQ==")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, salt, passwordVerifier string) {
		v, err := srp.ParseVerifier(salt, passwordVerifier)
		if err != nil {
			require.Zero(t, v)
			return
		}
		require.Equal(t, salt, text(v.Salt))
		require.Len(t, v.V, 384)
		raw, err := base64.StdEncoding.DecodeString(passwordVerifier)
		require.NoError(t, err)
		require.Zero(t, clientInt(raw).Cmp(clientInt(v.V)))
		_, err = v.Challenge(rand.Reader, newClient("group", "key", "secret").srpA())
		require.NoError(t, err)
	})
}

func FuzzParseTimestamp(f *testing.F) {
	f.Add("Tue Sep 5 07:30:00 UTC 2023")
	f.Add("Tue Sep 05 07:30:00 UTC 2023")
	f.Add("Sat Sep 30 23:59:59 UTC 0000")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := srp.ParseTimestamp(text)
		if err == nil {
			require.Equal(t, text, at.Format("Mon Jan 2 15:04:05 ")+"UTC"+at.Format(" 2006"))
		}
	})
}

// FuzzVerify: whatever is claimed, and whatever has become of what was kept, nobody signs in without the password.
func FuzzVerify(f *testing.F) {
	v, err := srp.NewVerifier(rand.Reader, "group", "user", "password")
	require.NoError(f, err)
	s := challengeFor(f, v, "group", "user", "password")
	right, wrong := s.claim(), challengeFor(f, fakeOf("nobody"), "group", "nobody", "").claim()
	f.Add(right.Signature, right.SecretBlock, "Tue Sep 5 07:30:01 UTC 2023", s.challenge.A, s.challenge.Secret, v.V)
	f.Add(wrong.Signature, wrong.SecretBlock, wrong.Timestamp, []byte{}, make([]byte, 32), []byte{1})
	f.Add("", "", "", []byte(nil), []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, signature, secretBlock, timestamp string, a, secret, rawV []byte) {
		claim := srp.Claim{Signature: signature, SecretBlock: secretBlock, Timestamp: timestamp}
		require.Equal(t, claim == right, s.verify(claim))
		other := s.challenge
		other.A, other.Secret = a, secret
		require.False(t, other.Verify(srp.Verifier{Salt: v.Salt, V: rawV}, "group", "somebody", claim))
	})
}
