package sqlstore

import (
	"context"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

const (
	recordColumns = `kind, name, owner, data, version`
	selectRecord  = `SELECT ` + recordColumns + ` FROM userpool_records WHERE pool = ? AND kind = ? AND name = ?`
	selectRecords = `SELECT ` + recordColumns + ` FROM userpool_records WHERE pool = ? AND kind = ? AND name > ? ORDER BY name LIMIT ?`
	// The kind is written so that no index is used for it: all records of one user are fewer than all of a kind.
	selectOwned = `SELECT ` + recordColumns + ` FROM userpool_records WHERE pool = ? AND owner = ? AND kind || '' = ? AND name > ?
		ORDER BY name LIMIT ?`
	insertRecord = `INSERT INTO userpool_records (owner, data, version, pool, kind, name) VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING`
	updateRecord = `UPDATE userpool_records SET data = ?, version = version + 1 WHERE pool = ? AND kind = ? AND name = ? AND version = ?`
)

func scanRecord(row sqlkit.Scanner) (userpool.Record, error) {
	var r userpool.Record
	err := row.Scan(&r.Kind, &r.Key, &r.Owner, &r.Data, &r.Version)
	return r, err
}

// Record implements userpool.RecordStore.
func (s *Store) Record(ctx context.Context, pool, kind, key string) (userpool.Record, error) {
	r, err := scanRecord(s.db.QueryRow(ctx, selectRecord, pool, kind, key))
	return r, wrap("read a record", absent(err))
}

// PutRecord implements userpool.RecordStore.
func (s *Store) PutRecord(ctx context.Context, pool string, r userpool.Record) error {
	r, err := storecheck.Record(pool, r)
	if err != nil {
		return err
	}
	return wrap("put a record", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		old, err := scanRecord(tx.QueryRow(ctx, selectRecord, pool, r.Kind, r.Key)) // the zero Record if there is none
		if err != nil && !sqlkit.IsNoRows(err) {
			return err
		}
		switch {
		case old.Version != r.Version:
			return userpool.ErrStale
		case old.Version != 0:
			if old.Owner != r.Owner {
				return storecheck.OwnerChanged()
			}
			n, err := tx.Exec(ctx, updateRecord, r.Data, pool, r.Kind, r.Key, r.Version)
			return oneRow(n, err, userpool.ErrStale)
		}
		if r.Owner != "" {
			if err := userExists(ctx, tx, pool, r.Owner); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, insertRecord, r.Owner, r.Data, pool, r.Kind, r.Key)
		return oneRow(n, err, userpool.ErrStale)
	}))
}

// DeleteRecord implements userpool.RecordStore.
func (s *Store) DeleteRecord(ctx context.Context, pool, kind, key string) error {
	n, err := s.db.Exec(ctx, `DELETE FROM userpool_records WHERE pool = ? AND kind = ? AND name = ?`, pool, kind, key)
	return wrap("delete a record", oneRow(n, absent(err), userpool.ErrNotFound))
}

// ListRecords implements userpool.RecordStore.
func (s *Store) ListRecords(ctx context.Context, pool, kind, owner, after string, limit int) ([]userpool.Record, error) {
	query, values := selectRecords, []any{pool, kind, after, max(limit, 0)}
	if owner != "" {
		query, values = selectOwned, []any{pool, owner, kind, after, max(limit, 0)}
	}
	records, err := sqlkit.All(ctx, s.db, scanRecord, query, values...)
	return records, wrap("list records", orNone(err))
}
