package sqlstore

import (
	"context"

	"github.com/stepwell/stepwell/internal/sqlkit"
)

// deletePool empties every table of a pool.
var deletePool = []string{
	`DELETE FROM userpool_users WHERE pool = ?`,
	`DELETE FROM userpool_identifiers WHERE pool = ?`,
	`DELETE FROM userpool_search WHERE pool = ?`,
	`DELETE FROM userpool_groups WHERE pool = ?`,
	`DELETE FROM userpool_members WHERE pool = ?`,
	`DELETE FROM userpool_sessions WHERE pool = ?`,
	`DELETE FROM userpool_tickets WHERE pool = ?`,
	`DELETE FROM userpool_counters WHERE pool = ?`,
	`DELETE FROM userpool_records WHERE pool = ?`,
	`DELETE FROM userpool_audit WHERE pool = ?`,
	`DELETE FROM userpool_keys WHERE pool = ?`,
}

// DeletePool implements userpool.PoolDeleter.
func (s *Store) DeletePool(ctx context.Context, pool string) error {
	return wrap("delete a pool", orNone(s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		for _, query := range deletePool {
			if _, err := tx.Exec(ctx, query, pool); err != nil {
				return err
			}
		}
		return nil
	})))
}
