package passwordhash

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// work is about how many bytes of memory a verification goes through, or how many times 100 bytes it hashes.
func work(h Hash) int {
	switch s := h.scheme.(type) {
	case argon2Hash:
		return int(s.memoryKiB) << 10 * int(s.passes)
	case scryptHash:
		return s.memory() * s.p
	case firebaseHash:
		return s.memory()
	case pbkdf2Hash:
		return s.iterations * 100 * (1 + len(s.key)/32)
	case bcryptHash:
		return 1 << 16 << (10*int(s[4]-'0') + int(s[5]-'0'))
	}
	panic("a format without a bound")
}

func seeds(f *testing.F) {
	for _, list := range vectors {
		for _, v := range list {
			f.Add(v.encoded, v.password)
		}
	}
	for _, test := range hostile {
		if len(test.new) < 2000 {
			f.Add(test.good[:len(test.good)/2]+test.new, "")
		}
	}
	for _, good := range []string{goodArgon2, goodBcrypt, goodScrypt, goodPHC, goodPasslib, goodDjango, goodFirebase} {
		f.Add(good, "password")
	}
}

// Whatever the string is, Parse does not panic and lets nothing through that costs too much.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, encoded, _ string) {
		h, err := Parse(encoded)
		if err != nil {
			require.Zero(t, h)
			return
		}
		require.LessOrEqual(t, h.Memory(), 257<<20)
		require.LessOrEqual(t, work(h), 1<<30+1<<20)
		require.LessOrEqual(t, len(encoded), maxEncoded)
	})
}

// What Parse lets through, Verify can work with; and a password that nobody hashed is never right.
func FuzzVerify(f *testing.F) {
	seeds(f)
	const nobodys = "8f1c9e62-7a40-4c59-9d1e-3b0b5a7d2c11"
	f.Fuzz(func(t *testing.T, encoded, password string) {
		h, err := Parse(encoded)
		if err != nil || work(h) > 2<<20 {
			return
		}
		require.Equal(t, h.Verify(password), h.Verify(password))
		require.False(t, h.Verify(nobodys))
	})
}
