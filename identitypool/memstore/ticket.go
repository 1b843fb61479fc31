package memstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/internal/storecheck"
	"github.com/stepwell/stepwell/internal/storable"
)

// Revoke implements [identitypool.Store].
func (s *Store) Revoke(ctx context.Context, pool string, r identitypool.Revocation) error {
	r, err := storecheck.Revocation(pool, r)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *space) error {
		if old, ok := p.revocations[r.Subject]; ok {
			if old.Before.After(r.Before) {
				r.Before = old.Before
			}
			if old.Expires.After(r.Expires) {
				r.Expires = old.Expires
			}
		}
		p.revocations[r.Subject] = r
		return nil
	})
}

// Revocations implements [identitypool.Store].
func (s *Store) Revocations(ctx context.Context, pool string, subjects []string, now time.Time) (out []identitypool.Revocation, err error) {
	now = storable.Round(now)
	err = s.read(ctx, pool, func(p *space) error {
		for _, r := range p.revocations {
			if !r.Expires.Before(now) && (subjects == nil || slices.Contains(subjects, r.Subject)) {
				out = append(out, r)
			}
		}
		return nil
	})
	return out, err
}

// CreateTicket implements [identitypool.Store].
func (s *Store) CreateTicket(ctx context.Context, pool string, t identitypool.Ticket, now time.Time) error {
	t, err := storecheck.Ticket(pool, t)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *space) error {
		if old, ok := p.tickets[t.Key]; ok && old.Expires.After(storable.Round(now)) {
			return identitypool.ErrExists
		}
		p.tickets[t.Key] = t
		return nil
	})
}

// TakeTicket implements [identitypool.Store].
func (s *Store) TakeTicket(ctx context.Context, pool, key string, now time.Time) (out identitypool.Ticket, err error) {
	err = s.write(ctx, pool, func(p *space) error {
		t, ok := p.tickets[key]
		if !ok || !t.Expires.After(storable.Round(now)) {
			return identitypool.ErrNotFound
		}
		delete(p.tickets, key)
		out = t
		return nil
	})
	return out, err
}

// Purge implements [identitypool.Store].
func (s *Store) Purge(ctx context.Context, pool string, now time.Time) error {
	now = storable.Round(now)
	return s.write(ctx, pool, func(p *space) error {
		for key, t := range p.tickets {
			if t.Expires.Before(now) {
				delete(p.tickets, key)
			}
		}
		for subject, r := range p.revocations {
			if r.Expires.Before(now) {
				delete(p.revocations, subject)
			}
		}
		return nil
	})
}

// SigningKeys implements [identitypool.Store].
func (s *Store) SigningKeys(ctx context.Context, pool string) (out []identitypool.SigningKey, err error) {
	err = s.read(ctx, pool, func(p *space) error {
		for _, k := range p.keys {
			k.Sealed = bytes.Clone(k.Sealed)
			out = append(out, k)
		}
		return nil
	})
	return out, err
}

// ReplaceSigningKeys implements [identitypool.Store].
func (s *Store) ReplaceSigningKeys(ctx context.Context, pool string, old []string, keys []identitypool.SigningKey) error {
	keys, err := storecheck.SigningKeys(pool, keys)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *space) error {
		var there []string
		for _, k := range p.keys {
			there = append(there, k.ID)
		}
		if !storecheck.SameIDs(there, old) {
			return identitypool.ErrConflict
		}
		p.keys = keys
		return nil
	})
}
