package memstore

import (
	"context"
	"slices"
	"sync"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/internal/storecheck"
	"github.com/stepwell/stepwell/internal/storable"
)

// Store keeps identities in memory. Make one with New. It is safe for concurrent use.
type Store struct {
	mu         sync.Mutex
	identities map[identityKey]identitypool.Identity
	logins     map[loginKey]string // the ID of the identity
}

type identityKey struct{ pool, id string }

type loginKey struct {
	pool  string
	login identitypool.Login
}

var _ identitypool.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{identities: make(map[identityKey]identitypool.Identity), logins: make(map[loginKey]string)}
}

// CreateIdentity implements [identitypool.Store].
func (s *Store) CreateIdentity(ctx context.Context, pool string, i identitypool.Identity) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := storecheck.Identity(pool, i, 0); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.add(pool, i)
	return err
}

// IdentityForLogin implements [identitypool.Store].
func (s *Store) IdentityForLogin(ctx context.Context, pool string, candidate identitypool.Identity) (identitypool.Identity, error) {
	if err := ctx.Err(); err != nil {
		return identitypool.Identity{}, err
	}
	if err := storecheck.Identity(pool, candidate, 1); err != nil {
		return identitypool.Identity{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := loginKey{pool, candidate.Logins[0]}
	if id, ok := s.logins[key]; ok {
		return clone(s.identities[identityKey{pool, id}]), nil
	}
	added, err := s.add(pool, candidate)
	if err != nil {
		return identitypool.Identity{}, err
	}
	s.logins[key] = added.ID
	return clone(added), nil
}

// Identity implements [identitypool.Store].
func (s *Store) Identity(ctx context.Context, pool, id string) (identitypool.Identity, error) {
	if err := ctx.Err(); err != nil {
		return identitypool.Identity{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.identities[identityKey{pool, id}]
	if !ok {
		return identitypool.Identity{}, identitypool.ErrNotFound
	}
	return clone(i), nil
}

// add must be called with the lock held.
func (s *Store) add(pool string, i identitypool.Identity) (identitypool.Identity, error) {
	key := identityKey{pool, i.ID}
	if _, taken := s.identities[key]; taken {
		return identitypool.Identity{}, identitypool.ErrExists
	}
	i = clone(i)
	i.Created = storable.Round(i.Created)
	s.identities[key] = i
	return i, nil
}

func clone(i identitypool.Identity) identitypool.Identity {
	i.Logins = slices.Clone(i.Logins)
	return i
}
