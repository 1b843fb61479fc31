package saml

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"sync"
	"time"
)

// ReplayStore remembers what has been used, so that nothing is accepted twice.
// All processes that serve the same service provider share one: a message that
// was used in one of them must be known to the others.
//
// A user pool is a ReplayStore; [NewMemoryReplayStore] is one for a single
// process.
type ReplayStore interface {
	// UseOnce records key until the given time and reports whether it is the
	// first to do so. It is one atomic act: of any number of callers with the
	// same key, in any number of processes, exactly one is told true. key is 1
	// to 128 printable ASCII characters. After until it may be forgotten.
	UseOnce(ctx context.Context, key string, until time.Time) (first bool, err error)
}

// ReplayFunc is a function as a ReplayStore. It serves where the store is made
// after the service provider, as a user pool is whose configuration has the
// provider:
//
//	var pool *userpool.Pool
//	sp, err := saml.New(saml.Config{Replay: saml.ReplayFunc(
//		func(ctx context.Context, key string, until time.Time) (bool, error) { return pool.UseOnce(ctx, key, until) },
//	)})
type ReplayFunc func(ctx context.Context, key string, until time.Time) (first bool, err error)

// UseOnce calls f.
func (f ReplayFunc) UseOnce(ctx context.Context, key string, until time.Time) (first bool, err error) {
	return f(ctx, key, until)
}

// MemoryReplayStore is a ReplayStore for one process: what it knows is lost
// when the process ends, and other processes do not know it. Make one with
// [NewMemoryReplayStore]. It is safe for concurrent use.
type MemoryReplayStore struct {
	// Limit is how many keys it holds at most; when it is full of keys that
	// have not expired, UseOnce fails. Zero means 100,000, which takes about
	// 15 MB. Set it before the first use.
	Limit int
	// Now is the clock by which keys expire. Nil means time.Now. Set it before
	// the first use.
	Now func() time.Time

	mu    sync.Mutex
	until map[string]time.Time
	sweep int // clear out what has expired when there are so many
}

const (
	defaultReplayLimit = 100_000
	minSweep           = 1024
)

// NewMemoryReplayStore returns an empty store.
func NewMemoryReplayStore() *MemoryReplayStore { return new(MemoryReplayStore) }

// UseOnce implements [ReplayStore].
func (s *MemoryReplayStore) UseOnce(ctx context.Context, key string, until time.Time) (first bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if key == "" || len(key) > 128 {
		return false, fmt.Errorf("a key must have 1 to 128 characters, has %d", len(key))
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	limit := s.Limit
	if limit <= 0 {
		limit = defaultReplayLimit
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := now()
	if known, ok := s.until[key]; ok && at.Before(known) {
		return false, nil
	}
	if s.until == nil {
		s.until, s.sweep = make(map[string]time.Time), minSweep
	}
	if len(s.until) >= min(s.sweep, limit) {
		for k, t := range s.until {
			if !at.Before(t) {
				delete(s.until, k)
			}
		}
		s.sweep = max(minSweep, 2*len(s.until))
	}
	if len(s.until) >= limit {
		return false, fmt.Errorf("the memory replay store is full: %d messages have not expired yet", limit)
	}
	s.until[key] = until
	return true, nil
}

// once uses up an ID that the identity provider idp, or we for it, gave a
// message. It returns Replayed if it was used before.
func (p *Provider) once(ctx context.Context, kind, idp, id string, until time.Time) error {
	key := replayKey(kind, p.sp.config.EntityID, idp, id)
	var first bool
	err := guard("Config.Replay", func() (err error) {
		first, err = p.sp.config.Replay.UseOnce(ctx, key, until)
		return err
	})
	if err != nil {
		e := failCause(ReplayStoreFailed, "remembering that a "+kind+" was used", err)
		e.Code = ReplayStoreFailed // also where it panicked
		return e
	}
	if !first {
		return fail(Replayed, "this %s has been used already; start a new sign-in", kind)
	}
	return nil
}

// replayKey is a hash, because IDs may be longer than keys. Each part is
// preceded by its length, so that no two lists of parts are the same text.
func replayKey(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:", len(part))
		_, _ = io.WriteString(h, part)
	}
	return "saml:" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
