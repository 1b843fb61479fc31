package sqlstore

import (
	"context"
	"slices"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// auditAtOnce is the most records in one statement.
const auditAtOnce = 32

const (
	auditColumns = `serial, recorded, sub, event, hash`
	selectAudit  = `SELECT ` + auditColumns + ` FROM userpool_audit WHERE pool = ? AND serial > ? AND serial < ? `
	firstAudit   = `ORDER BY serial LIMIT ?`
	newestAudit  = `ORDER BY serial DESC LIMIT ?`
	// Pairs leave only the index of one user's records to choose.
	selectAuditOf   = `SELECT ` + auditColumns + ` FROM userpool_audit WHERE pool = ? AND (sub, serial) > (?, ?) AND (sub, serial) < (?, ?) `
	firstAuditOf    = `ORDER BY sub, serial LIMIT ?`
	newestAuditOf   = `ORDER BY sub DESC, serial DESC LIMIT ?`
	selectLastAudit = `SELECT ` + auditColumns + ` FROM userpool_audit WHERE pool = ? ORDER BY serial DESC LIMIT 1`
	// The last record tells where the trail goes on, and what the next one is chained to.
	deleteAudit = `DELETE FROM userpool_audit WHERE pool = ? AND serial <= ?
		AND serial < (SELECT max(serial) FROM userpool_audit WHERE pool = ?)`
)

// insertAudit holds the statement that inserts n records at index n.
var insertAudit = manyRows(`INSERT INTO userpool_audit (pool, `+auditColumns+`) VALUES `, `(?, ?, ?, ?, ?, ?)`, auditAtOnce)

func scanAudit(row sqlkit.Scanner) (userpool.AuditRecord, error) {
	var r userpool.AuditRecord
	var recorded int64
	err := row.Scan(&r.Serial, &recorded, &r.Sub, &r.Event, &r.Hash)
	r.Time = sqlkit.Time(recorded)
	return r, err
}

// AppendAudit implements userpool.AuditStore.
func (s *Store) AppendAudit(ctx context.Context, pool string, records []userpool.AuditRecord) error {
	records, err := storecheck.Audit(pool, records)
	if err != nil {
		return err
	}
	return wrap("append audit records", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		last, err := scanAudit(tx.QueryRow(ctx, selectLastAudit, pool)) // the zero AuditRecord if there is none
		switch {
		case err != nil && !sqlkit.IsNoRows(err):
			return err
		case len(records) > 0 && records[0].Serial != last.Serial+1:
			return userpool.ErrStale
		}
		for some := range slices.Chunk(records, auditAtOnce) {
			values := make([]any, 0, 6*len(some))
			for _, r := range some {
				values = append(values, pool, r.Serial, sqlkit.Micros(r.Time), r.Sub, r.Event, r.Hash)
			}
			n, err := tx.Exec(ctx, insertAudit[len(some)], values...)
			switch {
			case err != nil:
				return err
			case int(n) != len(some):
				return userpool.ErrStale
			}
		}
		return nil
	}))
}

// LastAudit implements userpool.AuditStore.
func (s *Store) LastAudit(ctx context.Context, pool string) (userpool.AuditRecord, error) {
	r, err := scanAudit(s.db.QueryRow(ctx, selectLastAudit, pool))
	if err != nil {
		r = userpool.AuditRecord{}
	}
	if sqlkit.IsNoRows(err) {
		err = nil
	}
	return r, wrap("read the last audit record", orNone(err))
}

// ListAudit implements userpool.AuditStore.
func (s *Store) ListAudit(ctx context.Context, pool string, q userpool.AuditQuery) ([]userpool.AuditRecord, error) {
	q, found, err := storecheck.AuditQuery(pool, q)
	if err != nil || !found {
		return nil, err
	}
	query, values := selectAudit+firstAudit, []any{pool, q.After, q.Before, q.Limit}
	if q.Sub != "" {
		query, values = selectAuditOf+firstAuditOf, []any{pool, q.Sub, q.After, q.Sub, q.Before, q.Limit}
	}
	switch {
	case q.Newest && q.Sub != "":
		query = selectAuditOf + newestAuditOf
	case q.Newest:
		query = selectAudit + newestAudit
	}
	records, err := sqlkit.All(ctx, s.db, scanAudit, query, values...)
	if q.Newest {
		slices.Reverse(records)
	}
	return records, wrap("list audit records", err)
}

// DeleteAudit implements userpool.AuditStore.
func (s *Store) DeleteAudit(ctx context.Context, pool string, through int64) (int, error) {
	n, err := s.db.Exec(ctx, deleteAudit, pool, through, pool)
	return int(n), wrap("delete audit records", orNone(err))
}
