package userpool

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The reference implementation's hash of "password" with salt "somesalt" (the Argon2 repository's test.c, version 0x13, argon2id).
func TestHasher_OutsideVector(t *testing.T) {
	h, err := newHasher(1, rand.Reader)
	require.NoError(t, err)
	for phc, want := range map[string]bool{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc": true,
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4":   true,
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc":   true,
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/5":   false,
	} {
		got, err := h.verify(t.Context(), phc, "password")
		require.NoError(t, err)
		require.Equal(t, want, got, phc)
	}
}

// A hash that came from elsewhere can neither take all memory nor make the parser stumble.
func TestU17_HostileHashes(t *testing.T) {
	good := "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	_, ok := parsePHC(good)
	require.True(t, ok)
	for _, bad := range []string{
		"", "$", "$$$$$", "argon2id", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "argon2id", "ARGON2ID", 1),
		strings.Replace(good, "v=19", "v=16", 1), strings.Replace(good, "v=19", "v=019", 1),
		strings.Replace(good, "m=19456", "m=4294967295", 1), strings.Replace(good, "m=19456", "m=0", 1), strings.Replace(good, "m=19456", "m=-1", 1),
		strings.Replace(good, "m=19456", "m=1048576", 1), strings.Replace(good, "m=19456", "m=+19456", 1), strings.Replace(good, "m=19456", "m=019456", 1),
		strings.Replace(good, "t=2", "t=0", 1), strings.Replace(good, "t=2", "t=4294967295", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "p=1", "p=255", 1), strings.Replace(good, "p=1", "p=256", 1),
		strings.Replace(good, "m=19456,t=2,p=1", "m=19456,t=2", 1), strings.Replace(good, "m=19456,t=2,p=1", "m=19456,t=2,p=1,x=1", 1),
		strings.Replace(good, "m=19456,t=2,p=1", "t=2,m=19456,p=1", 1), strings.Replace(good, "$AAAAAAAAAAAAAAAAAAAAAA$", "$$", 1),
		good + "=", good + "$", good[:len(good)-1] + "B", good[:len(good)-10] + "!!!!!!!!!!", strings.Replace(good, "$AAAA", "$AA AA", 1),
		"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + strings.Repeat("A", 1<<20), "$2a$31$" + strings.Repeat("a", 53),
	} {
		_, ok := parsePHC(bad)
		require.False(t, ok, "%.80q", bad)
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=4294967295,t=2,p=1$AAAA$AAAA")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := parsePHC(s)
		if ok && (p.memory > 256*1024 || p.time > 16 || p.threads > 16 || len(p.key) < 16 || len(p.salt) < 8) {
			t.Fatalf("%q is accepted with an unbearable cost", s)
		}
	})
}

// Not more hash at a time than there are slots, and who waits gives up with his context.
func TestU18_BoundedHashing(t *testing.T) {
	h, err := newHasher(2, rand.Reader)
	require.NoError(t, err)
	require.True(t, h.slots.TryAcquire(2))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = h.hash(ctx, "x")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, ServiceUnavailable, "too busy, not broken")
	_, err = h.verify(ctx, h.decoy, "x")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, ServiceUnavailable)
	h.slots.Release(2)

	var running, most atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			require.NoError(t, h.slots.Acquire(t.Context(), 1))
			most.Store(max(most.Load(), running.Add(1)))
			running.Add(-1)
			h.slots.Release(1)
			_, err := h.hash(t.Context(), "x")
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.LessOrEqual(t, most.Load(), int32(2))
	require.True(t, h.slots.TryAcquire(2), "all slots are given back")
}

// A user who is not there, or whose hash is damaged, costs as much as one who is, and is never right.
func TestU3_Decoy(t *testing.T) {
	h, err := newHasher(1, rand.Reader)
	require.NoError(t, err)
	real, err := h.hash(t.Context(), "password")
	require.NoError(t, err)
	want, _ := parsePHC(real)
	got, ok := parsePHC(h.decoy)
	require.True(t, ok)
	require.Equal(t, []uint32{want.memory, want.time, uint32(want.threads)}, []uint32{got.memory, got.time, uint32(got.threads)})
	for _, phc := range []string{"", "damaged", "$argon2id$v=19$m=8,t=1,p=1$$"} {
		right, err := h.verify(t.Context(), phc, "password")
		require.NoError(t, err)
		require.False(t, right)
	}
}
