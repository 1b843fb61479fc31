package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/internal/storecheck"
	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/storable"
)

const (
	upsertRevocation = `INSERT INTO identitypool_revocations AS r (pool, subject, issued_until, expires) VALUES (?, ?, ?, ?)
		ON CONFLICT (pool, subject) DO UPDATE SET
		issued_until = CASE WHEN excluded.issued_until > r.issued_until THEN excluded.issued_until ELSE r.issued_until END,
		expires = CASE WHEN excluded.expires > r.expires THEN excluded.expires ELSE r.expires END`
	selectAllRevocations = `SELECT subject, issued_until, expires FROM identitypool_revocations WHERE pool = ? AND expires >= ?`
	selectRevocations    = `SELECT subject, issued_until, expires FROM identitypool_revocations WHERE pool = ? AND expires >= ?
		AND subject IN (?, ?, ?, ?, ?, ?, ?, ?)`
	revocationsAtOnce = 8

	// One that has expired is as good as none.
	insertTicket = `INSERT INTO identitypool_tickets AS t (pool, ticket_key, content, expires) VALUES (?, ?, ?, ?)
		ON CONFLICT (pool, ticket_key) DO UPDATE SET content = excluded.content, expires = excluded.expires WHERE t.expires <= ?`
	takeTicket = `DELETE FROM identitypool_tickets WHERE pool = ? AND ticket_key = ? AND expires > ? RETURNING content, expires`

	purgeTickets     = `DELETE FROM identitypool_tickets WHERE pool = ? AND expires < ?`
	purgeRevocations = `DELETE FROM identitypool_revocations WHERE pool = ? AND expires < ?`
)

// Revoke implements [identitypool.Store].
func (s *Store) Revoke(ctx context.Context, pool string, r identitypool.Revocation) error {
	r, err := storecheck.Revocation(pool, r)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, upsertRevocation, pool, r.Subject, sqlkit.Micros(r.Before), sqlkit.Micros(r.Expires))
	return wrap("revoke", err)
}

// Revocations implements [identitypool.Store].
func (s *Store) Revocations(ctx context.Context, pool string, subjects []string, now time.Time) ([]identitypool.Revocation, error) {
	const doing = "read revocations"
	if !storable.Text(pool) {
		return nil, nil
	}
	at := sqlkit.Micros(now)
	if subjects == nil {
		out, err := sqlkit.All(ctx, s.db, scanRevocation, selectAllRevocations, pool, at)
		return out, wrap(doing, err)
	}
	subjects = slices.DeleteFunc(slices.Clone(subjects), func(subject string) bool { return !storable.Text(subject) })
	slices.Sort(subjects)
	var out []identitypool.Revocation
	for some := range slices.Chunk(slices.Compact(subjects), revocationsAtOnce) {
		args := []any{pool, at}
		for n := range revocationsAtOnce {
			args = append(args, some[min(n, len(some)-1)]) // the last fills what is left
		}
		found, err := sqlkit.All(ctx, s.db, scanRevocation, selectRevocations, args...)
		if err != nil {
			return nil, wrap(doing, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

func scanRevocation(row sqlkit.Scanner) (r identitypool.Revocation, err error) {
	var before, expires int64
	err = row.Scan(&r.Subject, &before, &expires)
	r.Before, r.Expires = sqlkit.Time(before), sqlkit.Time(expires)
	return r, err
}

// CreateTicket implements [identitypool.Store].
func (s *Store) CreateTicket(ctx context.Context, pool string, t identitypool.Ticket, now time.Time) error {
	t, err := storecheck.Ticket(pool, t)
	if err != nil {
		return err
	}
	n, err := s.db.Exec(ctx, insertTicket, pool, t.Key, t.Value, sqlkit.Micros(t.Expires), sqlkit.Micros(now))
	if err == nil && n == 0 {
		return identitypool.ErrExists
	}
	return wrap("create a ticket", err)
}

// TakeTicket implements [identitypool.Store].
func (s *Store) TakeTicket(ctx context.Context, pool, key string, now time.Time) (identitypool.Ticket, error) {
	t := identitypool.Ticket{Key: key}
	var expires int64
	if err := s.db.QueryRow(ctx, takeTicket, pool, key, sqlkit.Micros(now)).Scan(&t.Value, &expires); err != nil {
		return identitypool.Ticket{}, wrap("take a ticket", err)
	}
	t.Expires = sqlkit.Time(expires)
	return t, nil
}

// Purge implements [identitypool.Store].
func (s *Store) Purge(ctx context.Context, pool string, now time.Time) error {
	if !storable.Text(pool) {
		return nil
	}
	return wrap("purge", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		for _, query := range []string{purgeTickets, purgeRevocations} {
			if _, err := tx.Exec(ctx, query, pool, sqlkit.Micros(now)); err != nil {
				return err
			}
		}
		return nil
	}))
}
