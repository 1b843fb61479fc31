package userpool_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"github.com/stepwell/stepwell/userpool"
)

// ratio runs what is measured and its floor in turns, so that both meet the same machine, and reports how many times the floor it takes.
func ratio(b *testing.B, measured, floor func()) {
	var took, least time.Duration
	for b.Loop() {
		began := time.Now()
		measured()
		between := time.Now()
		floor()
		took += between.Sub(began)
		least += time.Since(between)
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(least.Nanoseconds())/float64(b.N), "floor-ns/op")
	b.ReportMetric(float64(took)/float64(least), "x-floor")
}

// BenchmarkSignIn is a whole sign-in with a password, counters, session and three tokens included. The floor is what no sign-in can do
// without: the argon2id hash and two signatures.
func BenchmarkSignIn(b *testing.B) {
	for name, store := range map[string]func() userpool.Store{
		"memory": func() userpool.Store { return newKit(b, nil).config.Store },
		"SQLite": func() userpool.Store { return sqliteStore(b) },
	} {
		b.Run(name, func(b *testing.B) {
			k := newKitOn(b, store(), func(c *userpool.Config) { c.Settings.SigningAlgorithm = "RS256" })
			k.user("ada@example.com")
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			require.NoError(b, err)
			digest := sha256.Sum256([]byte("x"))
			salt := make([]byte, 16)
			ratio(b, func() { k.tokens("ada@example.com") }, func() {
				argon2.IDKey([]byte(password), salt, 2, 19*1024, 1, 32)
				for range 2 {
					if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkVerifyAccessToken is the whole verification of an access token, the look-up of its session and user included. The floor is
// the raw verification of the same signature under the same key.
func BenchmarkVerifyAccessToken(b *testing.B) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		b.Run(alg, func(b *testing.B) {
			k := newKit(b, func(c *userpool.Config) { c.Settings.SigningAlgorithm = alg })
			k.user("ada@example.com")
			token := k.tokens("ada@example.com").AccessToken
			claims := k.claimsOf(k.VerifyAccessToken, token)
			require.NotEmpty(b, claims)
			input, signature := signed(b, token)
			key := signingKey(b, k)
			ratio(b, func() { k.claimsOf(k.VerifyAccessToken, token) }, func() {
				if !verifySignature(key, input, signature) {
					b.Fatal("the signature is not valid")
				}
			})
		})
	}
}

func signed(b testing.TB, token string) (input, signature []byte) {
	i := strings.LastIndex(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(token[i+1:])
	require.NoError(b, err)
	return []byte(token[:i]), signature
}

func signingKey(b testing.TB, k *kit) crypto.PublicKey {
	_, key, err := k.Key(b.Context(), kids(b, k)[0])
	require.NoError(b, err)
	return key
}

func verifySignature(key crypto.PublicKey, input, signature []byte) bool {
	digest := sha256.Sum256(input)
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case ed25519.PublicKey:
		return ed25519.Verify(key, input, signature)
	}
	return false
}

// BenchmarkRefresh is the renewal of tokens by a refresh token; the floor is its two signatures.
func BenchmarkRefresh(b *testing.B) {
	k := newKit(b, func(c *userpool.Config) { c.Settings.SigningAlgorithm = "RS256" })
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").RefreshToken
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(b, err)
	digest := sha256.Sum256([]byte("x"))
	ratio(b, func() {
		tokens, err := k.refresh(token)
		if err != nil {
			b.Fatal(err)
		}
		token = tokens.RefreshToken
	}, func() {
		for range 2 {
			if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
