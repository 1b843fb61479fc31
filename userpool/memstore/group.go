package memstore

import (
	"context"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// CreateGroup implements userpool.GroupStore.
func (s *Store) CreateGroup(ctx context.Context, pool string, g userpool.Group) error {
	g, err := storecheck.Group(pool, g)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *state) error {
		if _, taken := p.groups[g.Name]; taken {
			return userpool.ErrExists
		}
		p.groups[g.Name] = g
		return nil
	})
}

// DeleteGroup implements userpool.GroupStore.
func (s *Store) DeleteGroup(ctx context.Context, pool, group string) error {
	return s.write(ctx, pool, func(p *state) error {
		if _, ok := p.groups[group]; !ok {
			return userpool.ErrNotFound
		}
		delete(p.groups, group)
		for _, of := range p.members {
			delete(of, group)
		}
		return nil
	})
}

// GroupsOf implements userpool.GroupStore.
func (s *Store) GroupsOf(ctx context.Context, pool, sub string) (groups []userpool.Group, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		for group := range p.members[sub] {
			groups = append(groups, p.groups[group].Clone())
		}
		return nil
	})
	slices.SortFunc(groups, func(a, b userpool.Group) int { return strings.Compare(a.Name, b.Name) })
	return groups, err
}

// AddToGroup implements userpool.GroupStore.
func (s *Store) AddToGroup(ctx context.Context, pool, sub, group string) error {
	if err := storecheck.Membership(pool, sub, group); err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *state) error {
		_, isUser := p.users[sub]
		_, isGroup := p.groups[group]
		if !isUser || !isGroup {
			return userpool.ErrNotFound
		}
		if p.members[sub] == nil {
			p.members[sub] = map[string]bool{}
		}
		p.members[sub][group] = true
		return nil
	})
}

// RemoveFromGroup implements userpool.GroupStore.
func (s *Store) RemoveFromGroup(ctx context.Context, pool, sub, group string) error {
	return s.write(ctx, pool, func(p *state) error {
		if !p.members[sub][group] {
			return userpool.ErrNotFound
		}
		delete(p.members[sub], group)
		return nil
	})
}
