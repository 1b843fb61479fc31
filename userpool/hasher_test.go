package userpool

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
	_, _, err = h.verify(ctx, "", "x")
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
	for phc, want := range map[string]bool{real: true, "": false, "damaged": false, "$argon2id$v=19$m=8,t=1,p=1$$": false} {
		right, old, err := h.verify(t.Context(), phc, "password")
		require.NoError(t, err)
		require.Equal(t, want, right)
		require.False(t, old)
	}
	require.Equal(t, 19<<20, h.decoy.Memory())
}

// An imported hash is told to be made anew, once it is proved, and one that takes much memory takes as many slots.
func TestU19_OldHash(t *testing.T) {
	h, err := newHasher(2, rand.Reader)
	require.NoError(t, err)
	const encoded = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	right, old, err := h.verify(t.Context(), "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password")
	require.NoError(t, err)
	require.True(t, right && old)
	require.True(t, h.slots.TryAcquire(1))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, _, err = h.verify(ctx, encoded, "password")
	require.ErrorIs(t, err, ServiceUnavailable, "64 MiB are two slots")
	h.slots.Release(1)
}
