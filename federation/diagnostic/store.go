package diagnostic

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// Store keeps tests that have begun until the provider sends the browser back. It
// uses types of the standard library only. Its methods are safe for concurrent
// use, and each is atomic. Values are sealed: who reads the store learns nothing.
type Store interface {
	// PutTest keeps value under key, in the place of one that is there, and may
	// forget it at until. A key has at most 64 bytes, a value at most 64 KiB.
	PutTest(ctx context.Context, key string, value []byte, until time.Time) error

	// TakeTest removes what is kept under key, and returns it: to one caller only.
	// It returns nil if there is nothing.
	TakeTest(ctx context.Context, key string) (value []byte, err error)
}

// MemoryStore is a Store for an application of a single process. It keeps at most
// 1000 tests.
type MemoryStore struct {
	now   func() time.Time
	mu    sync.Mutex
	tests map[string]kept
}

type kept struct {
	value []byte
	until time.Time
}

// maxTests bounds a MemoryStore. There is one test at a time for each link.
const maxTests = 1000

// NewMemoryStore returns an empty one. now is the clock; nil means time.Now.
func NewMemoryStore(now func() time.Time) *MemoryStore {
	if now == nil {
		now = time.Now
	}
	return &MemoryStore{now: now, tests: map[string]kept{}}
}

// PutTest implements Store. It fails if there are 1000 tests that are not over.
func (s *MemoryStore) PutTest(_ context.Context, key string, value []byte, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.tests[key]; !there && len(s.tests) >= maxTests {
		now := s.now()
		for other, k := range s.tests {
			if !now.Before(k.until) {
				delete(s.tests, other)
			}
		}
		if len(s.tests) >= maxTests {
			return errors.New("diagnostic: too many tests have begun and not ended; try again in some minutes")
		}
	}
	s.tests[key] = kept{bytes.Clone(value), until}
	return nil
}

// TakeTest implements Store.
func (s *MemoryStore) TakeTest(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, there := s.tests[key]
	delete(s.tests, key)
	if !there || !s.now().Before(k.until) {
		return nil, nil
	}
	return k.value, nil
}
