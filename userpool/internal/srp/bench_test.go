package srp_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srp"
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
	b.ReportMetric(testing.AllocsPerRun(5, measured), "allocs")
	b.ReportMetric(testing.AllocsPerRun(5, floor), "floor-allocs")
}

// BenchmarkVerify measures the two steps of the server, each and together. The floor is the bare exponentiations of a step: g^b in the
// first, v^u and (A*v^u)^b in the second.
func BenchmarkVerify(b *testing.B) {
	v, err := srp.NewVerifier(rand.Reader, "group", "user", "password")
	require.NoError(b, err)
	s := challengeFor(b, v, "group", "user", "password")
	claim, srpA := s.claim(), s.srpA()
	two, verifier, exponent := clientInt([]byte{2}), clientInt(v.V), clientInt(s.challenge.Secret)
	challenge := func() {
		if _, err := v.Challenge(rand.Reader, srpA); err != nil {
			b.Fatal(err)
		}
	}
	verify := func() {
		if !s.verify(claim) {
			b.Fatal("the claim is not verified")
		}
	}
	b.Run("Challenge", func(b *testing.B) { ratio(b, challenge, func() { clientPower(two, exponent) }) })
	b.Run("Verify", func(b *testing.B) {
		ratio(b, verify, func() { clientPower(clientPower(verifier, exponent), exponent) })
	})
	b.Run("SignIn", func(b *testing.B) {
		ratio(b, func() { challenge(); verify() }, func() {
			clientPower(two, exponent)
			clientPower(clientPower(verifier, exponent), exponent)
		})
	})
	b.Run("Fake", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			srp.Fake([32]byte{})
		}
	})
	b.Run("NewVerifier", func(b *testing.B) {
		ratio(b, func() {
			if _, err := srp.NewVerifier(rand.Reader, "group", "user", "password"); err != nil {
				b.Fatal(err)
			}
		}, func() { clientPower(two, exponent) })
	})
}
