package passwordhash

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
)

// BenchmarkVerify reads and verifies a hash that New made. The floor is argon2id alone, in turns with it, so that both meet the same
// machine.
func BenchmarkVerify(b *testing.B) {
	const password = "correct horse battery staple"
	encoded, err := New(rand.Reader, password)
	require.NoError(b, err)
	salt := make([]byte, newSalt)
	var took, floor time.Duration
	for b.Loop() {
		began := time.Now()
		h, err := Parse(encoded)
		if err != nil || !h.Verify(password) {
			b.Fatal("the password is not right")
		}
		between := time.Now()
		argon2.IDKey([]byte(password), salt, newPasses, newMemory, newLanes, newKey)
		took += between.Sub(began)
		floor += time.Since(between)
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(floor.Nanoseconds())/float64(b.N), "floor-ns/op")
	b.ReportMetric(float64(took)/float64(floor), "x-floor")
}

// BenchmarkParse is reading alone.
func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(goodArgon2); err != nil {
			b.Fatal(err)
		}
	}
}
