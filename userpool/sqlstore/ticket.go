package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// PutTicket implements userpool.TicketStore.
func (s *Store) PutTicket(ctx context.Context, pool string, t userpool.Ticket) error {
	t, err := storecheck.Ticket(pool, t)
	if err != nil {
		return err
	}
	n, err := s.db.Exec(ctx, `INSERT INTO userpool_tickets (pool, kind, hash, data, expires, used) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, pool, t.Kind, t.Hash, t.Data, sqlkit.Micros(t.Expires), false)
	return wrap("put a ticket", oneRow(n, err, userpool.ErrExists))
}

// TakeTicket implements userpool.TicketStore.
func (s *Store) TakeTicket(ctx context.Context, pool, kind string, hash []byte) (userpool.Ticket, error) {
	scan := func(row *sqlkit.Row, used bool) (userpool.Ticket, error) {
		t := userpool.Ticket{Kind: kind, Used: used}
		var expires int64
		if err := row.Scan(&t.Hash, &t.Data, &expires); err != nil {
			return userpool.Ticket{}, absent(err)
		}
		t.Expires = sqlkit.Time(expires)
		return t, nil
	}
	// The first one changes the row. Those after it find nothing to change, and read it.
	t, err := scan(s.db.QueryRow(ctx, `UPDATE userpool_tickets SET used = ? WHERE pool = ? AND kind = ? AND hash = ? AND used = ?
		RETURNING hash, data, expires`, true, pool, kind, hash, false), false)
	if errors.Is(err, userpool.ErrNotFound) {
		t, err = scan(s.db.QueryRow(ctx, `SELECT hash, data, expires FROM userpool_tickets WHERE pool = ? AND kind = ? AND hash = ?`,
			pool, kind, hash), true)
	}
	return t, wrap("take a ticket", err)
}

// Counter implements userpool.CounterStore.
func (s *Store) Counter(ctx context.Context, pool, key string) (userpool.Counter, error) {
	c := userpool.Counter{Key: key}
	var last, until int64
	err := s.db.QueryRow(ctx, `SELECT n, last_at, until_at, version FROM userpool_counters WHERE pool = ? AND name = ?`, pool, key).
		Scan(&c.N, &last, &until, &c.Version)
	switch err = absent(err); {
	case errors.Is(err, userpool.ErrNotFound):
		return c, nil
	case err != nil:
		return userpool.Counter{}, wrap("read a counter", err)
	}
	c.Last, c.Until = sqlkit.Time(last), sqlkit.Time(until)
	return c, nil
}

// PutCounter implements userpool.CounterStore.
func (s *Store) PutCounter(ctx context.Context, pool string, c userpool.Counter) error {
	c, err := storecheck.Counter(pool, c)
	if err != nil {
		return err
	}
	values := []any{c.N, sqlkit.Micros(c.Last), sqlkit.Micros(c.Until), pool, c.Key}
	query := `INSERT INTO userpool_counters (n, last_at, until_at, version, pool, name) VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING`
	if c.Version != 0 {
		query = `UPDATE userpool_counters SET n = ?, last_at = ?, until_at = ?, version = version + 1
			WHERE pool = ? AND name = ? AND version = ?`
		values = append(values, c.Version)
	}
	n, err := s.db.Exec(ctx, query, values...)
	return wrap("put a counter", oneRow(n, err, userpool.ErrStale))
}

// Purge implements userpool.Purger.
func (s *Store) Purge(ctx context.Context, pool string, before time.Time, limit int) (int, error) {
	limit = max(limit, 0)
	total := 0
	err := s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		total = 0
		for _, query := range []string{
			`DELETE FROM userpool_sessions WHERE pool = ? AND id IN
				(SELECT id FROM userpool_sessions WHERE pool = ? AND expires < ? ORDER BY expires LIMIT ?)`,
			`DELETE FROM userpool_tickets WHERE pool = ? AND (kind, hash) IN
				(SELECT kind, hash FROM userpool_tickets WHERE pool = ? AND expires < ? ORDER BY expires LIMIT ?)`,
			`DELETE FROM userpool_counters WHERE pool = ? AND name IN
				(SELECT name FROM userpool_counters WHERE pool = ? AND last_at < ? ORDER BY last_at LIMIT ?)`,
		} {
			n, err := tx.Exec(ctx, query, pool, pool, sqlkit.Micros(before), limit)
			if err != nil {
				return err
			}
			total += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, wrap("purge", err)
	}
	return total, nil
}
