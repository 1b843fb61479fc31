package memstore

import (
	"context"
	"sync"
	"time"

	"github.com/stepwell/stepwell/internal/storable"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// Store keeps pools in memory. Make one with New. It is safe for concurrent use.
type Store struct {
	mu    sync.RWMutex
	pools map[string]*state
}

var _ userpool.Store = (*Store)(nil)

// state is what one pool has. Values in it are never changed in place, and are copied on their way out.
type state struct {
	users    map[string]userpool.User       // by sub
	holders  map[userpool.Identifier]string // sub by identifier
	groups   map[string]userpool.Group      // by name
	members  map[string]map[string]bool     // sub -> names of groups
	sessions map[string]userpool.Session    // by ID
	tickets  map[ticketName]userpool.Ticket
	counters map[string]userpool.Counter   // by key
	keys     map[string]userpool.SealedKey // by ID
	serials  map[keySerial]bool            // taken
	records  map[recordName]userpool.Record
	audit    []userpool.AuditRecord // ordered by Serial, without a gap

	// listed holds, by attribute ("" for all users), the order in which users are listed. What is missing is made when it is asked for.
	// It is thrown away as a whole when what users are found by changes.
	listed map[string][]storecheck.Position
}

type ticketName struct{ kind, hash string }

type recordName struct{ kind, key string }

type keySerial struct {
	use    string
	serial int64
}

// New returns an empty store.
func New() *Store { return &Store{pools: map[string]*state{}} }

// Volatile returns true: nothing in the store outlives the process, so that the pool does without a [userpool.KeyWrapper].
func (s *Store) Volatile() bool { return true }

func newState() *state {
	return &state{
		users:    map[string]userpool.User{},
		holders:  map[userpool.Identifier]string{},
		groups:   map[string]userpool.Group{},
		members:  map[string]map[string]bool{},
		sessions: map[string]userpool.Session{},
		tickets:  map[ticketName]userpool.Ticket{},
		counters: map[string]userpool.Counter{},
		keys:     map[string]userpool.SealedKey{},
		serials:  map[keySerial]bool{},
		records:  map[recordName]userpool.Record{},
	}
}

// read runs f with a pool that nobody changes meanwhile. f must not change it.
func (s *Store) read(ctx context.Context, pool string, f func(p *state) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p, ok := s.pools[pool]; ok {
		return f(p)
	}
	return f(&state{})
}

// write runs f with a pool that nobody else sees meanwhile. f changes nothing if it returns an error.
func (s *Store) write(ctx context.Context, pool string, f func(p *state) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pools[pool]
	if !ok {
		p = newState()
	}
	if err := f(p); err != nil {
		return err
	}
	s.pools[pool] = p
	return nil
}

// DeletePool implements userpool.PoolDeleter.
func (s *Store) DeletePool(ctx context.Context, pool string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pools, pool)
	return nil
}

// Purge implements userpool.Purger.
func (s *Store) Purge(ctx context.Context, pool string, before time.Time, limit int) (int, error) {
	before = storable.Round(before)
	total := 0
	err := s.write(ctx, pool, func(p *state) error {
		total += purge(p.sessions, limit, func(v userpool.Session) bool { return v.Expires.Before(before) })
		total += purge(p.tickets, limit, func(v userpool.Ticket) bool { return v.Expires.Before(before) })
		total += purge(p.counters, limit, func(v userpool.Counter) bool { return v.Last.Before(before) })
		return nil
	})
	return total, err
}

// purge deletes at most limit of what is over and tells how many.
func purge[K comparable, V any](m map[K]V, limit int, over func(V) bool) int {
	n := 0
	for k, v := range m {
		if n >= limit {
			break
		}
		if over(v) {
			delete(m, k)
			n++
		}
	}
	return n
}
