// Package keycache keeps the keys that a process has read from its store, so that signing and verifying read nothing, and bounds how old
// they may be. Both pools have one.
package keycache

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrWaiting is in the error of a caller whose context ended while another caller was loading.
var ErrWaiting = errors.New("waiting for the keys")

// Config says how a Cache works. All fields are required.
type Config[T any] struct {
	// Load reads the keys. One caller at a time does.
	Load func(context.Context) (*T, error)
	// Age bounds how long the process does not see what another one did to the keys, Outage how long if the store does not answer.
	Age, Outage time.Duration
	// Miss is how long after a failure the store is left alone, as long as what is there is younger than Outage.
	Miss time.Duration
	// Now is the clock.
	Now func() time.Time
	// Stale is told of a failure that is passed over.
	Stale func(context.Context, error)
}

// Cache holds what Load returned last. Reading it takes no lock. It is safe for concurrent use.
type Cache[T any] struct {
	config  Config[T]
	held    atomic.Pointer[held[T]]
	loading *semaphore.Weighted // held by the one caller who loads
	failed  time.Time           // when that failed last; guarded by loading
}

type held[T any] struct {
	value *T
	asked time.Time // when the question was asked whose answer it is
}

// New returns an empty cache. It does not call Load.
func New[T any](config Config[T]) *Cache[T] {
	return &Cache[T]{config: config, loading: semaphore.NewWeighted(1)}
}

// Last returns what was loaded last, however old, or nil.
func (c *Cache[T]) Last() *T {
	if h := c.held.Load(); h != nil {
		return h.value
	}
	return nil
}

// fresh returns what is younger than age, or nil.
func (c *Cache[T]) fresh(age time.Duration) *T {
	now := c.config.Now()
	if h := c.held.Load(); h != nil && now.Sub(h.asked) < age && !now.Before(h.asked) {
		return h.value
	}
	return nil
}

// Get returns the keys, at most Age old. While the store does not answer, or another caller waits for its answer, they are up to Outage
// old. The error is that of Load, or has ErrWaiting in it.
func (c *Cache[T]) Get(ctx context.Context) (*T, error) {
	if value := c.fresh(c.config.Age); value != nil {
		return value, nil
	}
	old := c.fresh(c.config.Outage)
	if old == nil {
		return c.Since(ctx, c.config.Age)
	}
	if !c.loading.TryAcquire(1) {
		return old, nil
	}
	defer c.loading.Release(1)
	now := c.config.Now()
	if now.Sub(c.failed).Abs() < c.config.Miss {
		return old, nil
	}
	value, err := c.load(ctx)
	if err != nil {
		c.failed = now
		c.config.Stale(ctx, err)
		return old, nil
	}
	return value, nil
}

// Since returns the keys, at most age old; with 0 it always calls Load. The error is as that of Get.
func (c *Cache[T]) Since(ctx context.Context, age time.Duration) (*T, error) {
	if value := c.fresh(age); value != nil {
		return value, nil
	}
	if err := c.loading.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWaiting, err)
	}
	defer c.loading.Release(1)
	if value := c.fresh(age); value != nil { // another caller was faster
		return value, nil
	}
	return c.load(ctx)
}

// load must be called by the one who holds loading.
func (c *Cache[T]) load(ctx context.Context) (*T, error) {
	asked := c.config.Now()
	value, err := c.config.Load(ctx)
	if err != nil {
		return nil, err
	}
	c.held.Store(&held[T]{value, asked})
	return value, nil
}
