package memstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// PutTicket implements userpool.TicketStore.
func (s *Store) PutTicket(ctx context.Context, pool string, t userpool.Ticket) error {
	t, err := storecheck.Ticket(pool, t)
	if err != nil {
		return err
	}
	key := ticketName{t.Kind, string(t.Hash)}
	return s.write(ctx, pool, func(p *state) error {
		if _, taken := p.tickets[key]; taken {
			return userpool.ErrExists
		}
		p.tickets[key] = t
		return nil
	})
}

// TakeTicket implements userpool.TicketStore.
func (s *Store) TakeTicket(ctx context.Context, pool, kind string, hash []byte) (t userpool.Ticket, err error) {
	key := ticketName{kind, string(hash)}
	err = s.write(ctx, pool, func(p *state) error {
		found, ok := p.tickets[key]
		if !ok {
			return userpool.ErrNotFound
		}
		t = found
		t.Hash, t.Data = slices.Clone(found.Hash), slices.Clone(found.Data)
		found.Used = true
		p.tickets[key] = found
		return nil
	})
	return t, err
}

// Counter implements userpool.CounterStore.
func (s *Store) Counter(ctx context.Context, pool, key string) (c userpool.Counter, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		c = p.counters[key]
		c.Key = key
		return nil
	})
	return c, err
}

// PutCounter implements userpool.CounterStore.
func (s *Store) PutCounter(ctx context.Context, pool string, c userpool.Counter) error {
	c, err := storecheck.Counter(pool, c)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *state) error {
		if p.counters[c.Key].Version != c.Version { // 0 for one that is not there
			return userpool.ErrStale
		}
		c.Version++
		p.counters[c.Key] = c
		return nil
	})
}

// Keys implements userpool.KeyStore.
func (s *Store) Keys(ctx context.Context, pool string) (keys []userpool.SealedKey, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		for _, k := range p.keys {
			k.Sealed, k.Public = slices.Clone(k.Sealed), slices.Clone(k.Public)
			keys = append(keys, k)
		}
		return nil
	})
	slices.SortFunc(keys, func(a, b userpool.SealedKey) int {
		return cmp.Or(strings.Compare(a.Use, b.Use), cmp.Compare(a.Serial, b.Serial))
	})
	return keys, err
}

// AddKey implements userpool.KeyStore.
func (s *Store) AddKey(ctx context.Context, pool string, k userpool.SealedKey) error {
	k, err := storecheck.Key(pool, k)
	if err != nil {
		return err
	}
	serial := keySerial{k.Use, k.Serial}
	return s.write(ctx, pool, func(p *state) error {
		_, sameID := p.keys[k.ID]
		if sameID || p.serials[serial] {
			return userpool.ErrExists
		}
		p.keys[k.ID], p.serials[serial] = k, true
		return nil
	})
}

// DeleteKey implements userpool.KeyStore.
func (s *Store) DeleteKey(ctx context.Context, pool, id string) error {
	return s.write(ctx, pool, func(p *state) error {
		k, ok := p.keys[id]
		if !ok {
			return userpool.ErrNotFound
		}
		delete(p.keys, id)
		delete(p.serials, keySerial{k.Use, k.Serial})
		return nil
	})
}
