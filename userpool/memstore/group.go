package memstore

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/storable"
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

// Group implements userpool.GroupStore.
func (s *Store) Group(ctx context.Context, pool, name string) (g userpool.Group, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		found, ok := p.groups[name]
		if !ok {
			return userpool.ErrNotFound
		}
		g = found.Clone()
		return nil
	})
	return g, err
}

// UpdateGroup implements userpool.GroupStore.
func (s *Store) UpdateGroup(ctx context.Context, pool string, g userpool.Group) error {
	g, err := storecheck.Group(pool, g)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *state) error {
		old, ok := p.groups[g.Name]
		if !ok {
			return userpool.ErrNotFound
		}
		g.Created = old.Created
		p.groups[g.Name] = g
		return nil
	})
}

// ListGroups implements userpool.GroupStore.
func (s *Store) ListGroups(ctx context.Context, pool, after string, limit int) (groups []userpool.Group, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		for _, name := range page(maps.Keys(p.groups), after, limit) {
			groups = append(groups, p.groups[name].Clone())
		}
		return nil
	})
	return groups, err
}

// UsersInGroup implements userpool.GroupStore.
func (s *Store) UsersInGroup(ctx context.Context, pool, group, after string, limit int) (users []userpool.User, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		members := func(yield func(string) bool) {
			for sub, groups := range p.members {
				if groups[group] && !yield(sub) {
					return
				}
			}
		}
		for _, sub := range page(members, after, limit) {
			users = append(users, p.users[sub].Clone())
		}
		return nil
	})
	return users, err
}

// page returns the first of the keys that come after the given one, in their order. Nothing comes after what is no text.
func page(keys iter.Seq[string], after string, limit int) []string {
	if !storable.Text(after) {
		return nil
	}
	var later []string
	for key := range keys {
		if key > after {
			later = append(later, key)
		}
	}
	slices.Sort(later)
	return later[:min(len(later), max(limit, 0))]
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
