package memstore

import (
	"context"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// ListUsers implements userpool.UserStore.
func (s *Store) ListUsers(ctx context.Context, pool string, q userpool.UserQuery) (page userpool.UserPage, err error) {
	r, found, err := storecheck.Users(pool, q)
	if err != nil || !found {
		return userpool.UserPage{}, err
	}
	if err := ctx.Err(); err != nil {
		return userpool.UserPage{}, err
	}
	s.mu.Lock() // for the order, which is made here
	defer s.mu.Unlock()
	p, ok := s.pools[pool]
	if !ok {
		return userpool.UserPage{}, nil
	}
	entries := p.list(r.Attribute)
	first, _ := slices.BinarySearchFunc(entries, r.From, storecheck.Position.Compare)
	end, _ := slices.BinarySearchFunc(entries, r.To, storecheck.Position.Compare)
	for _, at := range entries[first:max(first, end)] {
		text := at.Value
		if r.Attribute == "" {
			text = at.Sub
		}
		if !strings.Contains(text, r.Contains) {
			continue
		}
		if len(page.Users) == r.Limit {
			page.Next = at.Next()
			break
		}
		page.Users = append(page.Users, p.users[at.Sub].Clone())
	}
	return page, nil
}

// list returns the order in which users are listed by an attribute.
func (p *state) list(attribute string) []storecheck.Position {
	if entries, ok := p.listed[attribute]; ok {
		return entries
	}
	var entries []storecheck.Position
	for sub, u := range p.users {
		if attribute == "" {
			entries = append(entries, storecheck.Position{Sub: sub})
			continue
		}
		for _, t := range storecheck.SearchTerms(u) {
			if t.Attribute == attribute {
				entries = append(entries, storecheck.Position{Value: t.Value, Sub: sub})
			}
		}
	}
	slices.SortFunc(entries, storecheck.Position.Compare)
	if entries != nil { // an attribute that nobody has is not remembered: there is no end of them
		if p.listed == nil {
			p.listed = map[string][]storecheck.Position{}
		}
		p.listed[attribute] = entries
	}
	return entries
}
