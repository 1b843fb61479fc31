package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"
)

// BenchmarkVerify reports, beside the time, how many times longer it takes than
// the hashing that any verifier must do (x-floor), measured in the same run and
// in turns, so that both meet the same weather; and how long one HMAC takes.
func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct{ name, body string }{
		{"empty", ""}, {"1kB", strings.Repeat("x", 1<<10)}, {"64kB", strings.Repeat("x", 64<<10)},
	} {
		r := testRequest(b, c.body)
		ours(b, r, c.body)
		r = roundTrip(b, r)
		b.Run(c.name, func(b *testing.B) { benchmark(b, testVerifier(b), r, []byte(c.body)) })
	}
}

func BenchmarkVerifyPresigned(b *testing.B) {
	v := verifierWith(b, func(c *Config) { c.AllowPresigned = true })
	r := testRequest(b, "")
	presigned(b, r, "")
	benchmark(b, v, roundTrip(b, r), nil)
}

func benchmark(b *testing.B, v *Verifier, r *http.Request, body []byte) {
	b.Helper()
	b.ReportAllocs()
	const turn = 256
	var floor, one time.Duration
	rounds := 0
	for n := 1; b.Loop(); n++ {
		if _, err := v.VerifyBody(r, body); err != nil {
			b.Fatal(err)
		}
		if n%turn != 1 {
			continue
		}
		b.StopTimer()
		start := time.Now()
		for range turn {
			hashFloor(body)
		}
		middle := time.Now()
		for range turn {
			hashOnce(body)
		}
		floor, one, rounds = floor+middle.Sub(start), one+time.Since(middle), rounds+turn
		b.StartTimer()
	}
	each := float64(b.Elapsed()) / float64(b.N)
	b.ReportMetric(each/float64(floor)*float64(rounds), "x-floor")
	b.ReportMetric(float64(floor)/float64(rounds), "ns/floor")
	b.ReportMetric(float64(one)/float64(rounds), "ns/raw-hmac")
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

// hashOnce is one HMAC over the body: all that a webhook needs.
func hashOnce(body []byte) {
	h := hmac.New(sha256.New, []byte(testSecret))
	h.Write(body)
	h.Sum(nil)
}

func BenchmarkVerifyV4A(b *testing.B) {
	v := verifierWith(b, func(c *Config) { c.AllowSigV4A = true })
	r := testRequest(b, "{}")
	if err := SignV4A(r, []byte("{}"), testCredentials, []string{"eu-*"}, "execute-api", now); err != nil {
		b.Fatal(err)
	}
	r = roundTrip(b, r)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.VerifyBody(r, []byte("{}")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	r := testRequest(b, "{}")
	b.ReportAllocs()
	for b.Loop() {
		ours(b, r, "{}")
	}
}
