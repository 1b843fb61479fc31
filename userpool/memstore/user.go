package memstore

import (
	"context"
	"maps"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// CreateUser implements userpool.UserStore.
func (s *Store) CreateUser(ctx context.Context, pool string, u userpool.User) error {
	u, err := storecheck.User(pool, u)
	if err != nil {
		return err
	}
	u.Version = 1
	return s.write(ctx, pool, func(p *state) error {
		if _, taken := p.users[u.Sub]; taken {
			return userpool.ErrExists
		}
		return p.putUser(u)
	})
}

// putUser stores a user if nobody else holds one of the identifiers.
func (p *state) putUser(u userpool.User) error {
	for _, id := range u.Identifiers {
		if holder, taken := p.holders[id]; taken && holder != u.Sub {
			return userpool.ErrExists
		}
	}
	old, ok := p.users[u.Sub]
	for _, id := range old.Identifiers {
		delete(p.holders, id)
	}
	if !ok || !storecheck.SameSearchTerms(old, u) {
		p.listed = nil
	}
	for _, id := range u.Identifiers {
		p.holders[id] = u.Sub
	}
	p.users[u.Sub] = u
	return nil
}

// User implements userpool.UserStore.
func (s *Store) User(ctx context.Context, pool, sub string) (u userpool.User, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		found, ok := p.users[sub]
		if !ok {
			return userpool.ErrNotFound
		}
		u = found.Clone()
		return nil
	})
	return u, err
}

// UserByIdentifier implements userpool.UserStore.
func (s *Store) UserByIdentifier(ctx context.Context, pool string, id userpool.Identifier) (u userpool.User, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		sub, ok := p.holders[id]
		if !ok {
			return userpool.ErrNotFound
		}
		u = p.users[sub].Clone()
		return nil
	})
	return u, err
}

// UpdateUser implements userpool.UserStore.
func (s *Store) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	u, err := storecheck.User(pool, u)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *state) error {
		old, ok := p.users[u.Sub]
		switch {
		case !ok:
			return userpool.ErrNotFound
		case old.Version != u.Version:
			return userpool.ErrStale
		}
		u.Version++
		return p.putUser(u)
	})
}

// DeleteUser implements userpool.UserStore.
func (s *Store) DeleteUser(ctx context.Context, pool, sub string, version int64) error {
	return s.write(ctx, pool, func(p *state) error {
		u, ok := p.users[sub]
		switch {
		case !ok:
			return userpool.ErrNotFound
		case version != 0 && u.Version != version:
			return userpool.ErrStale
		}
		for _, id := range u.Identifiers {
			delete(p.holders, id)
		}
		delete(p.members, sub)
		p.deleteSessionsOf(sub)
		maps.DeleteFunc(p.records, func(_ recordName, r userpool.Record) bool { return r.Owner == sub })
		delete(p.users, sub)
		p.listed = nil
		return nil
	})
}
