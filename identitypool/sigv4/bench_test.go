package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

// BenchmarkVerify reports, beside the time, how many times longer it takes than
// the hashing that any verifier must do.
func BenchmarkVerify(b *testing.B) {
	for name, body := range map[string]string{"1kB": strings.Repeat("x", 1<<10), "64kB": strings.Repeat("x", 64<<10)} {
		r := testRequest(b, body)
		ours(b, r, body)
		r = roundTrip(b, r)
		v := testVerifier(b)
		data := []byte(body)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.VerifyBody(r, data); err != nil {
					b.Fatal(err)
				}
			}
			verify := b.Elapsed()
			start := time.Now()
			for range b.N {
				hashFloor(data)
			}
			b.ReportMetric(float64(verify)/float64(time.Since(start)), "x-floor")
		})
	}
}

// hashFloor is two hashes, of the body and of a canonical request of usual
// length, and the five HMACs of key derivation and signature.
func hashFloor(body []byte) {
	sha256.Sum256(body)
	var canonical [400]byte
	sum := sha256.Sum256(canonical[:])
	key := sum[:]
	for range 5 {
		h := hmac.New(sha256.New, key)
		h.Write(sum[:])
		key = h.Sum(nil)
	}
}

func BenchmarkSign(b *testing.B) {
	r := testRequest(b, "{}")
	b.ReportAllocs()
	for b.Loop() {
		ours(b, r, "{}")
	}
}
