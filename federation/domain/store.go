package domain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Store keeps the domains of a Directory. It uses types of the standard library
// only, so that whoever has a database satisfies it without importing anything.
// Its methods are safe for concurrent use, and each is atomic.
//
// A record is JSON of at most 4 KiB, with nothing secret in it. In SQL, a table
// of two columns is enough, for all processes together:
//
//	CREATE TABLE federation_domain (name text PRIMARY KEY, record text NOT NULL)
//
// Compare names byte by byte: where the database sorts by a language, declare the
// column COLLATE "C" (PostgreSQL) or BINARY.
type Store interface {
	// Domain returns the record of a domain, or nil if there is none.
	Domain(ctx context.Context, name string) (record []byte, err error)

	// SwapDomain replaces the record of a domain by another, if it still is
	// the one that the caller has seen: byte for byte old, or nil for none. A nil
	// record deletes. done tells whether it was replaced; false is no error.
	//
	//	INSERT INTO federation_domain (name, record) VALUES ($1, $3) ON CONFLICT DO NOTHING   -- old is nil
	//	UPDATE federation_domain SET record = $3 WHERE name = $1 AND record = $2
	//	DELETE FROM federation_domain WHERE name = $1 AND record = $2                         -- record is nil
	SwapDomain(ctx context.Context, name string, old, record []byte) (done bool, err error)

	// Domains returns up to limit records, of the domains whose names come after
	// a text, in the order of the names.
	//
	//	SELECT record FROM federation_domain WHERE name > $1 ORDER BY name LIMIT $2
	Domains(ctx context.Context, after string, limit int) (records [][]byte, err error)
}

// record is what the store keeps of a domain.
type record struct {
	Version    int       `json:"v"`
	Domain     string    `json:"domain"`
	Owner      string    `json:"owner"`
	Provider   string    `json:"provider"`
	Subdomains bool      `json:"subdomains,omitempty"`
	Since      time.Time `json:"since"`
	Seen       time.Time `json:"seen"`
	Checked    time.Time `json:"checked"`
	Missing    time.Time `json:"missing,omitzero"`
	// Lapsed is set when somebody was told that the domain does not count.
	Lapsed bool `json:"lapsed,omitempty"`
}

const (
	recordVersion = 1
	maxRecord     = 4 << 10
)

func (r *record) encode() ([]byte, error) {
	data, err := json.Marshal(r)
	if err != nil || len(data) > maxRecord {
		return nil, fail(InvalidRequest, "the record of %s cannot be written", r.Domain)
	}
	return data, nil
}

func decode(data []byte, name string) (*record, error) {
	var r record
	if len(data) > maxRecord || json.Unmarshal(data, &r) != nil || r.Version != recordVersion || name != "" && r.Domain != name {
		return nil, fail(StoreFailed, "the store's record of %q is not one that this package wrote, or is of another version", plain(name))
	}
	return &r, nil
}

// MemoryStore is a Store for tests, and for an application of a single process
// whose domains are part of its configuration.
type MemoryStore struct {
	mu      sync.Mutex
	records map[string][]byte
}

// NewMemoryStore returns an empty one.
func NewMemoryStore() *MemoryStore { return &MemoryStore{records: map[string][]byte{}} }

// Domain implements Store.
func (s *MemoryStore) Domain(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.records[name]), nil
}

// SwapDomain implements Store.
func (s *MemoryStore) SwapDomain(_ context.Context, name string, old, record []byte) (bool, error) {
	if name == "" {
		return false, fmt.Errorf("domain: the store was given no name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, there := s.records[name]
	if there != (old != nil) || !bytes.Equal(now, old) {
		return false, nil
	}
	if record == nil {
		delete(s.records, name)
	} else {
		s.records[name] = bytes.Clone(record)
	}
	return true, nil
}

// Domains implements Store.
func (s *MemoryStore) Domains(_ context.Context, after string, limit int) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out [][]byte
	for _, name := range slices.Sorted(maps.Keys(s.records)) {
		if name > after && len(out) < limit {
			out = append(out, bytes.Clone(s.records[name]))
		}
	}
	return out, nil
}
