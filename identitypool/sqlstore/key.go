package sqlstore

import (
	"context"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/internal/storecheck"
	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/storable"
)

const (
	selectSigningKeys = `SELECT id, sealed, created, retired FROM identitypool_signing_keys WHERE pool = ? ORDER BY created, id`
	deleteSigningKeys = `DELETE FROM identitypool_signing_keys WHERE pool = ?`
	insertSigningKey  = `INSERT INTO identitypool_signing_keys (pool, id, sealed, created, retired) VALUES (?, ?, ?, ?, ?)`
)

// SigningKeys implements [identitypool.Store].
func (s *Store) SigningKeys(ctx context.Context, pool string) ([]identitypool.SigningKey, error) {
	if !storable.Text(pool) {
		return nil, nil
	}
	keys, err := sqlkit.All(ctx, s.db, scanSigningKey, selectSigningKeys, pool)
	return keys, wrap("read the signing keys", err)
}

func scanSigningKey(row sqlkit.Scanner) (k identitypool.SigningKey, err error) {
	var created, retired int64
	err = row.Scan(&k.ID, &k.Sealed, &created, &retired)
	k.Created, k.Retired = sqlkit.Time(created), sqlkit.Time(retired)
	return k, err
}

// ReplaceSigningKeys implements [identitypool.Store].
func (s *Store) ReplaceSigningKeys(ctx context.Context, pool string, old []string, keys []identitypool.SigningKey) error {
	keys, err := storecheck.SigningKeys(pool, keys)
	if err != nil {
		return err
	}
	return wrap("replace the signing keys", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		found, err := sqlkit.All(ctx, tx, scanSigningKey, selectSigningKeys, pool)
		if err != nil {
			return err
		}
		var there []string
		for _, k := range found {
			there = append(there, k.ID)
		}
		if !storecheck.SameIDs(there, old) {
			return identitypool.ErrConflict
		}
		if _, err := tx.Exec(ctx, deleteSigningKeys, pool); err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := tx.Exec(ctx, insertSigningKey, pool, k.ID, k.Sealed, sqlkit.Micros(k.Created), sqlkit.Micros(k.Retired)); err != nil {
				return err
			}
		}
		return nil
	}))
}
