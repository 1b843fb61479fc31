package userpool_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// While the store does not answer, the keys in memory verify and sign for ten minutes, not longer; the store is asked once a second.
func TestKeys_StoreFails(t *testing.T) {
	store := &failingStore{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	k.user("ada@example.com")
	kid := kidOf(t, k.tokens("ada@example.com").AccessToken)
	store.failAfter(0)
	for _, wait := range []time.Duration{0, time.Minute, 8*time.Minute + 59*time.Second} {
		k.clock.Advance(wait)
		for range 3 {
			_, _, err := k.Key(t.Context(), kid)
			require.NoError(t, err)
			_, err = k.KeySet(t.Context())
			require.NoError(t, err)
		}
	}
	require.Equal(t, 2, strings.Count(k.log.String(), "could not be read again"), "once for each time that it was asked")
	_, _, err := k.Key(t.Context(), "of another process")
	require.ErrorIs(t, err, userpool.ServiceUnavailable, "not knowing a key is not: there is none")
	k.clock.Advance(time.Second)
	_, _, err = k.Key(t.Context(), kid)
	require.ErrorIs(t, err, userpool.ServiceUnavailable)
	store.heal()
	_, _, err = k.Key(t.Context(), kid)
	require.NoError(t, err)
}

// hangingStore answers a question for the keys when it is told to.
type hangingStore struct {
	userpool.Store
	hang     atomic.Bool
	asked    chan struct{}
	released chan struct{}
}

func (s *hangingStore) Keys(ctx context.Context, pool string) ([]userpool.SealedKey, error) {
	if s.hang.Load() {
		s.asked <- struct{}{}
		<-s.released
	}
	return s.Store.Keys(ctx, pool)
}

// One caller waits for a store that is slow; the others go on with the keys that are there.
func TestKeys_StoreIsSlow(t *testing.T) {
	store := &hangingStore{Store: memstore.New(), asked: make(chan struct{}), released: make(chan struct{})}
	k := newKitOn(t, store, nil)
	_, err := k.KeySet(t.Context())
	require.NoError(t, err)
	k.clock.Advance(time.Minute)
	store.hang.Store(true)
	done := make(chan error)
	go func() { _, err := k.KeySet(t.Context()); done <- err }()
	<-store.asked
	for range 10 {
		_, err = k.KeySet(t.Context())
		require.NoError(t, err)
	}
	close(store.released)
	require.NoError(t, <-done)
}

// wrapper is a key management service that can be down.
type wrapper struct {
	userpool.KeyWrapper
	down    error
	unwraps int
}

func (w *wrapper) Unwrap(wrapped []byte, label string) ([]byte, error) {
	w.unwraps++
	if w.down != nil {
		return nil, w.down
	}
	return w.KeyWrapper.Unwrap(wrapped, label)
}

// A key that cannot be opened right now makes no token invalid. What was opened once is not opened again.
func TestKeys_WrapperIsDown(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	w := &wrapper{KeyWrapper: k.config.KeyWrapper, down: errors.New("key service is down")}
	other := k.again(func(c *userpool.Config) { c.KeyWrapper = w })
	for _, err := range []error{
		func() error { _, err := other.VerifyAccessToken(t.Context(), tokens.AccessToken); return err }(),
		func() error { _, err := other.VerifyIDToken(t.Context(), tokens.IDToken); return err }(),
		func() error { _, err := other.refresh(tokens.RefreshToken); return err }(),
	} {
		require.ErrorIs(t, err, userpool.ServiceUnavailable)
		require.NotErrorIs(t, err, userpool.NotAuthorized)
		require.ErrorContains(t, err, "key service is down")
	}
	w.down, w.unwraps = nil, 0
	for range 3 {
		_, err := other.VerifyAccessToken(t.Context(), tokens.AccessToken)
		require.NoError(t, err)
		k.clock.Advance(2 * time.Minute)
	}
	require.Equal(t, 3, w.unwraps, "one for each key")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.VerifyAccessToken(ended, tokens.AccessToken)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, userpool.NotAuthorized)
}

// Processes that start at once on an empty store agree on one signing key and on one key of codes.
func TestJ27_FirstKeys(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		first := newKitOn(t, store, nil)
		processes := make([]*kit, 10)
		for i := range processes {
			processes[i] = first.again(nil)
		}
		require.Equal(t, len(processes), parallel(len(processes), func(i int) error {
			_, err := processes[i].KeySet(t.Context())
			return err
		}))
		want := kids(t, first)
		require.Len(t, want, 1)
		for i, k := range processes {
			require.Equal(t, want, kids(t, k))
			_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
			require.Equal(t, i >= 5, errors.Is(err, userpool.LimitExceeded), "all count under one key")
		}
	})
}

// A pool whose store was emptied begins anew, with new keys.
func TestKeys_StoreIsEmptied(t *testing.T) {
	k := newKit(t, nil)
	before := kids(t, k)
	keys, err := k.config.Store.Keys(t.Context(), k.ID())
	require.NoError(t, err)
	require.Len(t, keys, 3)
	for _, key := range keys {
		require.NoError(t, k.config.Store.DeleteKey(t.Context(), k.ID(), key.ID))
	}
	other := k.again(nil)
	k.clock.Advance(2 * time.Minute)
	require.NotEqual(t, before, kids(t, other))
	require.Equal(t, kids(t, other), kids(t, k))
	for i, p := range []*kit{k, other, k, other, k, other} {
		_, err := p.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
		require.Equal(t, i >= 5, errors.Is(err, userpool.LimitExceeded), "both count under one key")
	}
}

// A key for a use that a later release has added does not disturb this one.
func TestD6_KeyOfLaterUse(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	require.NoError(t, k.config.Store.AddKey(t.Context(), k.ID(), userpool.SealedKey{
		ID: "enc-1", Use: "enc", Serial: 1, Sealed: []byte("of another form"), Created: k.clock.Now(), ActiveFrom: k.clock.Now(),
	}))
	other := k.again(nil)
	require.Len(t, kids(t, other), 1)
	other.tokens("ada@example.com")
}

// The process whose clock is behind can sign with the first key that another one has made.
func TestU40_FirstKeyOfProcessAhead(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	behind := k.again(func(c *userpool.Config) { c.Now = func() time.Time { return k.clock.Now().Add(-20 * time.Second) } })
	tokens, err := behind.signIn("ada@example.com", password)
	require.NoError(t, err)
	_, err = k.VerifyAccessToken(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
}

// While processes with different algorithms run side by side, they do not replace each other's keys all the time.
func TestRun_SigningAlgorithmChanges(t *testing.T) {
	k := newKit(t, nil)
	other := k.again(func(c *userpool.Config) { c.Settings.SigningAlgorithm = "EdDSA" })
	upkeep := func(p *kit) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, p.Run(ctx), context.DeadlineExceeded)
	}
	first := kids(t, k)
	for range 4 {
		upkeep(k)
		upkeep(other)
		k.clock.Advance(time.Hour)
	}
	require.Equal(t, first, kids(t, k))
	k.clock.Advance(20 * time.Hour)
	upkeep(other)
	upkeep(k)
	now := kids(t, k)
	require.Len(t, now, 2)
	alg, _, err := other.Key(t.Context(), now[1])
	require.NoError(t, err)
	require.Equal(t, "EdDSA", alg)
}

// countingStore counts Purge.
type countingStore struct {
	userpool.Store
	purges atomic.Int32
}

func (s *countingStore) Purge(ctx context.Context, pool string, before time.Time, limit int) (int, error) {
	s.purges.Add(1)
	return s.Store.Purge(ctx, pool, before, limit)
}

// Keys that cannot be opened do not keep what is over in the store.
func TestRun_PurgesWithoutKeys(t *testing.T) {
	store := &countingStore{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	_, err := k.KeySet(t.Context())
	require.NoError(t, err)
	other := k.again(func(c *userpool.Config) {
		c.KeyWrapper, err = userpool.NewKeyWrapper(bytes.Repeat([]byte{8}, 32))
		require.NoError(t, err)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, other.Run(ctx), context.DeadlineExceeded)
	require.EqualValues(t, 1, store.purges.Load())
	require.Contains(t, k.log.String(), "another wrapping key")
}
