package sqlstore

import (
	"context"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// AddKey implements userpool.KeyStore.
func (s *Store) AddKey(ctx context.Context, pool string, k userpool.SealedKey) error {
	k, err := storecheck.Key(pool, k)
	if err != nil {
		return err
	}
	n, err := s.db.Exec(ctx, `INSERT INTO userpool_keys (pool, id, key_use, serial, algorithm, sealed, public_jwk, created, active_from)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		pool, k.ID, k.Use, k.Serial, k.Algorithm, k.Sealed, k.Public, sqlkit.Micros(k.Created), sqlkit.Micros(k.ActiveFrom))
	return wrap("add a key", oneRow(n, err, userpool.ErrExists))
}

func scanKey(row sqlkit.Scanner) (userpool.SealedKey, error) {
	var k userpool.SealedKey
	var created, activeFrom int64
	err := row.Scan(&k.ID, &k.Use, &k.Serial, &k.Algorithm, &k.Sealed, &k.Public, &created, &activeFrom)
	k.Created, k.ActiveFrom = sqlkit.Time(created), sqlkit.Time(activeFrom)
	return k, err
}

// Keys implements userpool.KeyStore.
func (s *Store) Keys(ctx context.Context, pool string) ([]userpool.SealedKey, error) {
	keys, err := sqlkit.All(ctx, s.db, scanKey, `SELECT id, key_use, serial, algorithm, sealed, public_jwk, created, active_from
		FROM userpool_keys WHERE pool = ? ORDER BY key_use, serial`, pool)
	return keys, wrap("read the keys", orNone(err))
}

// DeleteKey implements userpool.KeyStore.
func (s *Store) DeleteKey(ctx context.Context, pool, id string) error {
	n, err := s.db.Exec(ctx, `DELETE FROM userpool_keys WHERE pool = ? AND id = ?`, pool, id)
	return wrap("delete a key", oneRow(n, absent(err), userpool.ErrNotFound))
}
