package sqlstore

import (
	"context"
	"database/sql"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/internal/storecheck"
	"github.com/stepwell/stepwell/internal/sqlkit"
)

// Each read is one statement, so that an identity is never seen with the logins of another moment. Rows come one for each login, or one
// for an identity without any.
const (
	identityColumns = `i.id, i.authenticated, i.disabled, i.merged_into, i.created, i.modified, i.version, l.provider, l.subject`
	ownColumns      = `pool, id, authenticated, disabled, merged_into, created, modified, version`
	joinLogins      = ` LEFT JOIN identitypool_logins l ON l.pool = i.pool AND l.identity = i.id`

	selectIdentity = `SELECT ` + identityColumns + ` FROM identitypool_identities i` + joinLogins + `
		WHERE i.pool = ? AND i.id = ? ORDER BY l.provider, l.subject`
	selectIdentityOfLogin = `SELECT ` + identityColumns + ` FROM identitypool_logins k
		JOIN identitypool_identities i ON i.pool = k.pool AND i.id = k.identity` + joinLogins + `
		WHERE k.pool = ? AND k.provider = ? AND k.subject = ? ORDER BY l.provider, l.subject`

	selectIdentities = `SELECT ` + identityColumns + ` FROM (SELECT ` + ownColumns + ` FROM identitypool_identities
		WHERE pool = ? AND id > ? ORDER BY id LIMIT ?) i` + joinLogins + ` ORDER BY i.id, l.provider, l.subject`
	selectEnabledIdentities = `SELECT ` + identityColumns + ` FROM (SELECT ` + ownColumns + ` FROM identitypool_identities
		WHERE pool = ? AND disabled = ? AND id > ? ORDER BY id LIMIT ?) i` + joinLogins + ` ORDER BY i.id, l.provider, l.subject`

	insertIdentity = `INSERT INTO identitypool_identities (authenticated, disabled, merged_into, created, modified, version, pool, id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	updateIdentity = `UPDATE identitypool_identities SET authenticated = ?, disabled = ?, merged_into = ?, created = ?, modified = ?,
		version = ? WHERE pool = ? AND id = ? AND version = ?`
	deleteIdentity = `DELETE FROM identitypool_identities WHERE pool = ? AND id = ?`
	insertLogin    = `INSERT INTO identitypool_logins (pool, provider, subject, identity) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	deleteLogins   = `DELETE FROM identitypool_logins WHERE pool = ? AND identity = ?`
)

// Identity implements [identitypool.Store].
func (s *Store) Identity(ctx context.Context, pool, id string) (identitypool.Identity, error) {
	return s.identity(ctx, "read an identity", selectIdentity, pool, id)
}

// IdentityOfLogin implements [identitypool.Store].
func (s *Store) IdentityOfLogin(ctx context.Context, pool string, login identitypool.Login) (identitypool.Identity, error) {
	return s.identity(ctx, "find a login", selectIdentityOfLogin, pool, login.Provider, login.Subject)
}

func (s *Store) identity(ctx context.Context, doing, query string, args ...any) (identitypool.Identity, error) {
	found, err := s.identities(ctx, query, args...)
	if err != nil {
		return identitypool.Identity{}, wrap(doing, err)
	}
	if len(found) == 0 {
		return identitypool.Identity{}, identitypool.ErrNotFound
	}
	return found[0], nil
}

// identities gathers the rows of each identity, which follow one another.
func (s *Store) identities(ctx context.Context, query string, args ...any) ([]identitypool.Identity, error) {
	rows, err := sqlkit.All(ctx, s.db, scanIdentity, query, args...)
	if err != nil {
		return nil, err
	}
	var out []identitypool.Identity
	for _, row := range rows {
		if last := len(out) - 1; last >= 0 && out[last].ID == row.ID {
			out[last].Logins = append(out[last].Logins, row.Logins...)
			continue
		}
		out = append(out, row)
	}
	return out, nil
}

// scanIdentity reads an identity with one of its logins. One that the release before has written is authenticated if it has a login.
func scanIdentity(row sqlkit.Scanner) (i identitypool.Identity, err error) {
	var created int64
	var modified sql.NullInt64
	var provider, subject sql.NullString
	err = row.Scan(&i.ID, &i.Authenticated, &i.Disabled, &i.MergedInto, &created, &modified, &i.Version, &provider, &subject)
	if err != nil {
		return i, err
	}
	i.Created, i.Modified = sqlkit.Time(created), sqlkit.Time(created)
	if modified.Valid {
		i.Modified = sqlkit.Time(modified.Int64)
	}
	if provider.Valid {
		i.Logins = []identitypool.Login{{Provider: provider.String, Subject: subject.String}}
		i.Authenticated = true
	}
	return i, nil
}

// SaveIdentities implements [identitypool.Store].
func (s *Store) SaveIdentities(ctx context.Context, pool string, identities []identitypool.Identity) error {
	identities, err := storecheck.Identities(pool, identities)
	if err != nil {
		return err
	}
	return wrap("save identities", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		for _, i := range identities {
			if err := saveIdentity(ctx, tx, pool, i); err != nil {
				return err
			}
		}
		for _, i := range identities {
			for _, l := range i.Logins {
				if err := one(tx.Exec(ctx, insertLogin, pool, l.Provider, l.Subject, i.ID)); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// saveIdentity writes an identity, and takes its logins away.
func saveIdentity(ctx context.Context, tx *sqlkit.Tx, pool string, i identitypool.Identity) error {
	values := []any{
		i.Authenticated, i.Disabled, i.MergedInto, sqlkit.Micros(i.Created), sqlkit.Micros(i.Modified), i.Version + 1, pool, i.ID,
	}
	if i.Version == 0 {
		return one(tx.Exec(ctx, insertIdentity, values...))
	}
	if err := one(tx.Exec(ctx, updateIdentity, append(values, i.Version)...)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, deleteLogins, pool, i.ID)
	return err
}

// one returns ErrConflict unless a statement changed its row.
func one(changed int64, err error) error {
	if err == nil && changed == 0 {
		return identitypool.ErrConflict
	}
	return err
}

// ListIdentities implements [identitypool.Store].
func (s *Store) ListIdentities(ctx context.Context, pool, after string, limit int, enabledOnly bool) ([]identitypool.Identity, error) {
	if err := storecheck.List(pool, after, limit); err != nil {
		return nil, err
	}
	query, args := selectIdentities, []any{pool, after, limit}
	if enabledOnly {
		query, args = selectEnabledIdentities, []any{pool, false, after, limit}
	}
	out, err := s.identities(ctx, query, args...)
	return out, wrap("list identities", err)
}

// DeleteIdentity implements [identitypool.Store].
func (s *Store) DeleteIdentity(ctx context.Context, pool, id string) error {
	return wrap("delete an identity", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		n, err := tx.Exec(ctx, deleteIdentity, pool, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return identitypool.ErrNotFound
		}
		_, err = tx.Exec(ctx, deleteLogins, pool, id)
		return err
	}))
}
