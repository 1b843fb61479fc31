package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMacIsThatOfTheStandardLibrary: for keys and texts of all lengths around
// the edges, in room that has been used before.
func TestMacIsThatOfTheStandardLibrary(t *testing.T) {
	var room macRoom
	for _, keyLength := range []int{0, 1, 31, 32, 44, 63, 64, 65, 200} {
		for _, textLength := range []int{0, 1, 8, 55, 56, 64, 447, 448, 449, 2000} {
			key, text := []byte(strings.Repeat("k\x80", keyLength)[:keyLength]), []byte(strings.Repeat("t\xff", textLength)[:textLength])
			h := hmac.New(sha256.New, key)
			h.Write(text)
			got := room.mac(key, text)
			require.Equal(t, h.Sum(nil), got[:], "key %d, text %d", keyLength, textLength)
		}
	}
}

// TestSigningKey is the example of AWS's documentation, and of a long secret.
func TestSigningKey(t *testing.T) {
	var room macRoom
	key := room.signingKey(exampleSecret, scope{"20150830", "us-east-1", "iam"})
	require.Equal(t, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9", hex.EncodeToString(key[:]))
	for _, length := range []int{0, 59, 60, 61, 300} {
		secret := strings.Repeat("s", length)
		want := []byte("AWS4" + secret)
		for _, part := range []string{"20260304", "eu-west-1", strings.Repeat("service", 20), terminator} {
			h := hmac.New(sha256.New, want)
			h.Write([]byte(part))
			want = h.Sum(nil)
		}
		key := room.signingKey(secret, scope{"20260304", "eu-west-1", strings.Repeat("service", 20)})
		require.Equal(t, want, key[:], length)
	}
}
