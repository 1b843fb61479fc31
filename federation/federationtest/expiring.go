package federationtest

import (
	"errors"
	"sync"
	"time"
)

// expiring remembers values under names until they expire, at most maxGrants of
// them. It is safe for concurrent use.
type expiring[V any] struct {
	mu      sync.Mutex
	entries map[string]expiringEntry[V]
}

type expiringEntry[V any] struct {
	value V
	until time.Time
}

func newExpiring[V any]() *expiring[V] {
	return &expiring[V]{entries: make(map[string]expiringEntry[V])}
}

func (e *expiring[V]) put(name string, value V, now, until time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for other, entry := range e.entries {
		if !now.Before(entry.until) {
			delete(e.entries, other)
		}
	}
	if len(e.entries) >= maxGrants {
		return errors.New("federationtest: too many sign-ins at once")
	}
	e.entries[name] = expiringEntry[V]{value, until}
	return nil
}

// get returns what is remembered under name, or the zero value.
func (e *expiring[V]) get(name string, now time.Time) V {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry, ok := e.entries[name]
	if !ok || !now.Before(entry.until) {
		var none V
		return none
	}
	return entry.value
}

// take returns what is remembered under name and forgets it.
func (e *expiring[V]) take(name string, now time.Time) V {
	value := e.get(name, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.entries, name)
	return value
}
