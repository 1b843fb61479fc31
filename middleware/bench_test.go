package middleware_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/middleware"
)

// BenchmarkCheck measures Guard.Check of a bearer token against what no implementation can do without: the verification of its
// signature alone, measured in the same run. x-floor is the ratio of the two.
func BenchmarkCheck(b *testing.B) {
	for _, alg := range []jose.Algorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		b.Run(string(alg), func(b *testing.B) {
			key := newKey(b, alg)
			token, err := key.Sign("", accessClaims(map[string]any{
				"cognito:groups": []string{"admins", "users"}, "scope": "openid reports/read", "origin_jti": "0d0d5c3e-3d0c-4a66-9f6a-6f4d5c0d0e11",
				"event_id": "6a1f0f4e-8b53-4c1c-9a58-50c1d4b2a6c7", "auth_time": testTime.Unix(), "version": 2,
			}))
			require.NoError(b, err)
			keys, err := middleware.StaticKeys(keySet(b, key))
			require.NoError(b, err)
			cfg := bearerConfig()
			cfg.Keys = keys
			guard := newGuard(b, cfg).RequireScope("reports/read").RequireGroup("admins")
			r := bearerRequest(token)
			verify := rawVerification(b, key.Public(), token)

			var floor, check time.Duration
			b.ReportAllocs()
			for b.Loop() {
				// By turns, so that a busy machine slows down both.
				began := time.Now()
				good := verify()
				between := time.Now()
				_, err := guard.Check(r)
				check += time.Since(between)
				floor += between.Sub(began)
				if !good || err != nil {
					b.Fatal(good, err)
				}
			}
			b.ReportMetric(float64(check.Nanoseconds())/float64(b.N), "ns/check")
			b.ReportMetric(float64(floor.Nanoseconds())/float64(b.N), "ns/floor")
			b.ReportMetric(float64(check)/float64(floor), "x-floor")
		})
	}
}

// rawVerification returns a function that verifies the signature of the token and does nothing else.
func rawVerification(b *testing.B, key jose.PublicKey, token string) func() bool {
	b.Helper()
	dot := strings.LastIndex(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	require.NoError(b, err)
	input := []byte(token[:dot])
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return func() bool {
			digest := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		}
	case *ecdsa.PublicKey:
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])})
		require.NoError(b, err)
		return func() bool {
			digest := sha256.Sum256(input)
			return ecdsa.VerifyASN1(public, digest[:], der)
		}
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(public, input, signature) }
	}
	b.Fatalf("key of type %T", key.Key)
	return nil
}

// BenchmarkRefuse measures what a caller without a good token costs, who can send as many as he likes.
func BenchmarkRefuse(b *testing.B) {
	guard := newGuard(b, bearerConfig())
	requests := map[string]*http.Request{
		"garbage":     bearerRequest(strings.Repeat("a.", 8000)),
		"unknown-key": bearerRequest(testSigners().es256(b, `{"alg":"ES256","kid":"unknown"}`, accessPayload(b, nil))),
		"16-KiB":      bearerRequest(strings.Repeat("a", 16<<10)),
	}
	for name, r := range requests {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := guard.Check(r); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
