package jose

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkVerify measures the whole of Verify. x-floor is how many times as
// long it takes as the hash and the signature check alone, done in turn in the
// same run; ns/op is of Verify.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			key := testKey(b, alg)
			token, err := key.Sign("at+jwt", testClaims(with("scope", "openid email profile"), with("client_id", testAudience),
				with("token_use", "access"), with("username", "someone@example.com"), with("cognito:groups", []string{"admins", "staff"}),
				with("auth_time", testNow.Unix()), with("origin_jti", "0d9d2cbc-6c3c-4f5e-9f0a-0c1d2e3f4a5b")))
			require.NoError(b, err)
			source := sourceOf(key)
			want := expected()
			want.Types = []string{"at+jwt"}
			floor := rawVerifier(b, key, token)
			var verify, raw time.Duration
			b.ReportAllocs()
			for b.Loop() {
				begin := time.Now()
				if _, err := Verify(context.Background(), token, source, want); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				if !floor() {
					b.Fatal("floor")
				}
				raw += time.Since(middle)
				verify += middle.Sub(begin)
			}
			b.ReportMetric(float64(verify.Nanoseconds())/float64(b.N), "ns/op")
			b.ReportMetric(float64(verify)/float64(raw), "x-floor")
		})
	}
}

// rawVerifier returns the least that any verifier of token has to do.
func rawVerifier(b *testing.B, key *PrivateKey, token string) func() bool {
	parsed, err := parseToken(token)
	require.NoError(b, err)
	switch public := key.Public().Key.(type) {
	case *rsa.PublicKey:
		if key.Public().Algorithm == RS512 {
			return func() bool {
				sum := sha512.Sum512(parsed.input)
				return rsa.VerifyPKCS1v15(public, crypto.SHA512, sum[:], parsed.signature) == nil
			}
		}
		return func() bool {
			sum := sha256.Sum256(parsed.input)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], parsed.signature) == nil
		}
	case *ecdsa.PublicKey:
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(parsed.signature[:32]), new(big.Int).SetBytes(parsed.signature[32:])})
		require.NoError(b, err)
		return func() bool {
			sum := sha256.Sum256(parsed.input)
			return ecdsa.VerifyASN1(public, sum[:], der)
		}
	default:
		return func() bool { return ed25519.Verify(public.(ed25519.PublicKey), parsed.input, parsed.signature) }
	}
}

func BenchmarkDecodeObject(b *testing.B) {
	data := []byte(toJSON(b, testClaims(with("scope", "openid email profile"), with("cognito:groups", []string{"admins", "staff"}))))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeObject(data); err != nil {
			b.Fatal(err)
		}
	}
}
