package memstore

import (
	"context"
	"slices"
	"sync"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/internal/storecheck"
)

// Store keeps everything in memory. Make one with New. It is safe for concurrent use.
type Store struct {
	mu    sync.Mutex
	pools map[string]*space
}

// space is what belongs to one pool.
type space struct {
	identities  map[string]identitypool.Identity
	logins      map[identitypool.Login]string // the ID of the identity
	revocations map[string]identitypool.Revocation
	tickets     map[string]identitypool.Ticket
	keys        []identitypool.SigningKey
}

var _ identitypool.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return &Store{pools: make(map[string]*space)} }

// read runs use with what belongs to the pool, which is empty if nothing was written yet.
func (s *Store) read(ctx context.Context, pool string, use func(*space) error) error {
	return s.with(ctx, pool, false, use)
}

// write is read for what changes something.
func (s *Store) write(ctx context.Context, pool string, use func(*space) error) error {
	return s.with(ctx, pool, true, use)
}

func (s *Store) with(ctx context.Context, pool string, keep bool, use func(*space) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pools[pool]
	if p == nil {
		p = &space{
			identities: make(map[string]identitypool.Identity), logins: make(map[identitypool.Login]string),
			revocations: make(map[string]identitypool.Revocation), tickets: make(map[string]identitypool.Ticket),
		}
		if keep {
			s.pools[pool] = p
		}
	}
	return use(p)
}

// Identity implements [identitypool.Store].
func (s *Store) Identity(ctx context.Context, pool, id string) (out identitypool.Identity, err error) {
	err = s.read(ctx, pool, func(p *space) error {
		i, ok := p.identities[id]
		if !ok {
			return identitypool.ErrNotFound
		}
		out = clone(i)
		return nil
	})
	return out, err
}

// IdentityOfLogin implements [identitypool.Store].
func (s *Store) IdentityOfLogin(ctx context.Context, pool string, login identitypool.Login) (out identitypool.Identity, err error) {
	err = s.read(ctx, pool, func(p *space) error {
		id, ok := p.logins[login]
		if !ok {
			return identitypool.ErrNotFound
		}
		out = clone(p.identities[id])
		return nil
	})
	return out, err
}

// SaveIdentities implements [identitypool.Store].
func (s *Store) SaveIdentities(ctx context.Context, pool string, identities []identitypool.Identity) error {
	identities, err := storecheck.Identities(pool, identities)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *space) error {
		saved := make(map[string]bool, len(identities))
		for _, i := range identities {
			if p.identities[i.ID].Version != i.Version {
				return identitypool.ErrConflict
			}
			saved[i.ID] = true
		}
		for _, i := range identities {
			for _, l := range i.Logins {
				if id, taken := p.logins[l]; taken && !saved[id] {
					return identitypool.ErrConflict
				}
			}
		}
		for _, i := range identities {
			for _, l := range p.identities[i.ID].Logins {
				delete(p.logins, l)
			}
		}
		for _, i := range identities {
			for _, l := range i.Logins {
				p.logins[l] = i.ID
			}
			i.Version++
			p.identities[i.ID] = i
		}
		return nil
	})
}

// ListIdentities implements [identitypool.Store].
func (s *Store) ListIdentities(ctx context.Context, pool, after string, limit int, enabledOnly bool) (out []identitypool.Identity, err error) {
	if err := storecheck.List(pool, after, limit); err != nil {
		return nil, err
	}
	err = s.read(ctx, pool, func(p *space) error {
		var ids []string
		for id, i := range p.identities {
			if id > after && !(enabledOnly && i.Disabled) {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		for _, id := range ids[:min(limit, len(ids))] {
			out = append(out, clone(p.identities[id]))
		}
		return nil
	})
	return out, err
}

// DeleteIdentity implements [identitypool.Store].
func (s *Store) DeleteIdentity(ctx context.Context, pool, id string) error {
	return s.write(ctx, pool, func(p *space) error {
		i, ok := p.identities[id]
		if !ok {
			return identitypool.ErrNotFound
		}
		for _, l := range i.Logins {
			delete(p.logins, l)
		}
		delete(p.identities, id)
		return nil
	})
}

func clone(i identitypool.Identity) identitypool.Identity {
	i.Logins = slices.Clone(i.Logins)
	return i
}
