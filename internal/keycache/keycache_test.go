package keycache

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// store answers with how often it was asked.
type store struct {
	asked atomic.Int64
	fails error
	slow  time.Duration
}

func (s *store) load(context.Context) (*int, error) {
	time.Sleep(s.slow)
	if s.fails != nil {
		return nil, s.fails
	}
	answer := int(s.asked.Add(1))
	return &answer, nil
}

func cacheOf(s *store, stale func(error)) *Cache[int] {
	return New(Config[int]{
		Load: s.load, Age: time.Minute, Outage: 10 * time.Minute, Miss: time.Second, Now: time.Now,
		Stale: func(_ context.Context, err error) { stale(err) },
	})
}

func TestCache_Ages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		c := cacheOf(s, func(err error) { require.NoError(t, err) })
		require.Nil(t, c.Last())
		get := func(want int) {
			t.Helper()
			got, err := c.Get(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, *got)
			require.Equal(t, want, *c.Last())
		}
		get(1)
		time.Sleep(time.Minute - 1)
		get(1)
		time.Sleep(time.Nanosecond)
		get(2)
		got, err := c.Since(t.Context(), time.Second)
		require.NoError(t, err)
		require.Equal(t, 2, *got)
		got, err = c.Since(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, 3, *got)
	})
}

// What was read serves while the store does not answer, for as long as Outage says, and the store is not asked at each call meanwhile.
func TestCache_Outage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stale := &store{}, 0
		c := cacheOf(s, func(error) { stale++ })
		_, err := c.Get(t.Context())
		require.NoError(t, err)
		s.fails = errors.New("down")
		time.Sleep(time.Minute)
		for range 3 {
			got, err := c.Get(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, *got)
		}
		require.Equal(t, 1, stale)
		time.Sleep(time.Second)
		_, err = c.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, stale)
		_, err = c.Since(t.Context(), time.Second)
		require.ErrorIs(t, err, s.fails, "who wants it fresh is told")
		time.Sleep(10 * time.Minute)
		_, err = c.Get(t.Context())
		require.ErrorIs(t, err, s.fails)
		s.fails = nil
		got, err := c.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, *got)
	})
}

// One caller loads; those who have something to go on with do not wait, and the others wait no longer than they want to.
func TestCache_OneLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{slow: time.Second}
		c := cacheOf(s, func(err error) { require.NoError(t, err) })
		for range 5 {
			go func() {
				_, err := c.Get(context.Background())
				require.NoError(t, err)
			}()
		}
		synctest.Wait()
		hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := c.Get(hurried)
		require.ErrorIs(t, err, ErrWaiting)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 1, s.asked.Load())

		time.Sleep(time.Minute)
		go c.Get(context.Background())
		synctest.Wait()
		began := time.Now()
		got, err := c.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, *got)
		require.Zero(t, time.Since(began))
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, *c.Last())
	})
}

// A clock that was set back makes nothing fresh for ever.
func TestCache_ClockSetBack(t *testing.T) {
	s := &store{}
	now := time.Now()
	c := New(Config[int]{Load: s.load, Age: time.Minute, Outage: 10 * time.Minute, Miss: time.Second, Now: func() time.Time { return now }})
	_, err := c.Get(t.Context())
	require.NoError(t, err)
	now = now.Add(-time.Hour)
	got, err := c.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, *got)
}
