package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// CreateSession implements userpool.SessionStore.
func (s *Store) CreateSession(ctx context.Context, pool string, v userpool.Session) error {
	v, err := storecheck.Session(pool, v)
	if err != nil {
		return err
	}
	v.Version = 1
	return s.write(ctx, pool, func(p *state) error {
		if _, taken := p.sessions[v.ID]; taken {
			return userpool.ErrExists
		}
		if _, ok := p.users[v.Sub]; !ok {
			return userpool.ErrNotFound
		}
		if _, ok := p.sessions[v.Parent]; v.Parent != "" && !ok {
			return userpool.ErrNotFound
		}
		p.sessions[v.ID] = v
		return nil
	})
}

// Session implements userpool.SessionStore.
func (s *Store) Session(ctx context.Context, pool, id string) (v userpool.Session, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		found, ok := p.sessions[id]
		if !ok {
			return userpool.ErrNotFound
		}
		v = found.Clone()
		return nil
	})
	return v, err
}

// UpdateSession implements userpool.SessionStore.
func (s *Store) UpdateSession(ctx context.Context, pool string, v userpool.Session) error {
	v, err := storecheck.Session(pool, v)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *state) error {
		old, ok := p.sessions[v.ID]
		switch {
		case !ok:
			return userpool.ErrNotFound
		case old.Version != v.Version:
			return userpool.ErrStale
		}
		v.Version++
		p.sessions[v.ID] = v
		return nil
	})
}

// DeleteSession implements userpool.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, pool, id string) error {
	return s.write(ctx, pool, func(p *state) error {
		if _, ok := p.sessions[id]; !ok {
			return userpool.ErrNotFound
		}
		maps.DeleteFunc(p.sessions, func(other string, v userpool.Session) bool { return other == id || v.Parent == id })
		return nil
	})
}

// SessionsOf implements userpool.SessionStore.
func (s *Store) SessionsOf(ctx context.Context, pool, sub string, limit int) (sessions []userpool.Session, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		for _, v := range p.sessions {
			if v.Sub == sub {
				sessions = append(sessions, v.Clone())
			}
		}
		return nil
	})
	slices.SortFunc(sessions, func(a, b userpool.Session) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID))
	})
	return sessions[:min(len(sessions), max(limit, 0))], err
}

// DeleteSessionsOf implements userpool.SessionStore.
func (s *Store) DeleteSessionsOf(ctx context.Context, pool, sub string) error {
	return s.write(ctx, pool, func(p *state) error {
		p.deleteSessionsOf(sub)
		return nil
	})
}

func (p *state) deleteSessionsOf(sub string) {
	maps.DeleteFunc(p.sessions, func(_ string, v userpool.Session) bool { return v.Sub == sub })
}
