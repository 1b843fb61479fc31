package sqlstore

import (
	"context"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

const (
	insertUser = `INSERT INTO userpool_users (username, status, enabled, attributes_json, password_hash, identifiers_json, codes_json,
		epoch, created, modified, credentials_json, version, indexed, pool, sub)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?) ON CONFLICT DO NOTHING`
	updateUser = `UPDATE userpool_users SET username = ?, status = ?, enabled = ?, attributes_json = ?, password_hash = ?,
		identifiers_json = ?, codes_json = ?, epoch = ?, created = ?, modified = ?, credentials_json = ?,
		version = version + 1, indexed = version + 1 WHERE pool = ? AND sub = ? AND version = ?`

	userColumns = `u.sub, u.username, u.status, u.enabled, u.attributes_json, u.password_hash, u.identifiers_json, u.codes_json,
		u.epoch, u.created, u.modified, u.credentials_json, u.version`
	selectUser             = `SELECT ` + userColumns + ` FROM userpool_users u WHERE u.pool = ? AND u.sub = ?`
	selectUserAndIndexed   = `SELECT ` + userColumns + `, u.indexed FROM userpool_users u WHERE u.pool = ? AND u.sub = ?`
	selectUserByIdentifier = `SELECT ` + userColumns + ` FROM userpool_identifiers i
		JOIN userpool_users u ON u.pool = i.pool AND u.sub = i.sub WHERE i.pool = ? AND i.kind = ? AND i.value = ?`
	selectUserVersion = `SELECT version FROM userpool_users WHERE pool = ? AND sub = ?`

	insertIdentifier  = `INSERT INTO userpool_identifiers (pool, kind, value, sub) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	deleteIdentifiers = `DELETE FROM userpool_identifiers WHERE pool = ? AND sub = ?`
)

// checkedUser returns u as it is stored, and the columns that insertUser and updateUser begin with, with the key.
func checkedUser(pool string, u userpool.User) (userpool.User, []any, error) {
	u, err := storecheck.User(pool, u)
	if err != nil {
		return userpool.User{}, nil, err
	}
	attributes, identifiers, codes, err := encodeUser(u)
	credentials, err := encodeCredentials(u, err)
	if err != nil {
		return userpool.User{}, nil, err
	}
	return u, []any{
		u.Username, string(u.Status), u.Enabled, attributes, u.PasswordHash, identifiers, codes,
		u.Epoch, sqlkit.Micros(u.Created), sqlkit.Micros(u.Modified), credentials, pool, u.Sub,
	}, nil
}

func scanUser(row sqlkit.Scanner) (userpool.User, error) { return scanUserAnd(row) }

// scanUserAnd reads userColumns and the columns after them.
func scanUserAnd(row sqlkit.Scanner, more ...any) (userpool.User, error) {
	var u userpool.User
	var attributes, identifiers, codes, credentials string
	var created, modified int64
	err := row.Scan(append([]any{&u.Sub, &u.Username, &u.Status, &u.Enabled, &attributes, &u.PasswordHash, &identifiers, &codes,
		&u.Epoch, &created, &modified, &credentials, &u.Version}, more...)...)
	if err != nil {
		return userpool.User{}, err
	}
	u.Created, u.Modified = sqlkit.Time(created), sqlkit.Time(modified)
	if err := decodeUser(&u, attributes, identifiers, codes, credentials); err != nil {
		return userpool.User{}, err
	}
	return u, nil
}

// CreateUser implements userpool.UserStore.
func (s *Store) CreateUser(ctx context.Context, pool string, u userpool.User) error {
	u, values, err := checkedUser(pool, u)
	if err != nil {
		return err
	}
	return wrap("create a user", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		n, err := tx.Exec(ctx, insertUser, values...)
		if err := oneRow(n, err, userpool.ErrExists); err != nil {
			return err
		}
		if err := addIdentifiers(ctx, tx, pool, u); err != nil {
			return err
		}
		return addTerms(ctx, tx, pool, u)
	}))
}

func addIdentifiers(ctx context.Context, tx *sqlkit.Tx, pool string, u userpool.User) error {
	for _, id := range u.Identifiers {
		n, err := tx.Exec(ctx, insertIdentifier, pool, id.Kind, id.Value, u.Sub)
		if err := oneRow(n, err, userpool.ErrExists); err != nil {
			return err
		}
	}
	return nil
}

// User implements userpool.UserStore.
func (s *Store) User(ctx context.Context, pool, sub string) (userpool.User, error) {
	u, err := scanUser(s.db.QueryRow(ctx, selectUser, pool, sub))
	return u, wrap("read a user", absent(err))
}

// UserByIdentifier implements userpool.UserStore.
func (s *Store) UserByIdentifier(ctx context.Context, pool string, id userpool.Identifier) (userpool.User, error) {
	u, err := scanUser(s.db.QueryRow(ctx, selectUserByIdentifier, pool, id.Kind, id.Value))
	return u, wrap("read a user by an identifier", absent(err))
}

// UpdateUser implements userpool.UserStore.
func (s *Store) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	u, values, err := checkedUser(pool, u)
	if err != nil {
		return err
	}
	values = append(values, u.Version)
	return wrap("update a user", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		old, indexed, err := scanIndexed(tx.QueryRow(ctx, selectUserAndIndexed, pool, u.Sub))
		switch {
		case err != nil:
			return absent(err)
		case old.Version != u.Version:
			return userpool.ErrStale
		}
		if _, err := tx.Exec(ctx, updateUser, values...); err != nil {
			return err
		}
		if err := changeTerms(ctx, tx, pool, old, indexed, u); err != nil {
			return err
		}
		if sameIdentifiers(old, u) {
			return nil
		}
		if _, err := tx.Exec(ctx, deleteIdentifiers, pool, u.Sub); err != nil {
			return err
		}
		return addIdentifiers(ctx, tx, pool, u)
	}))
}

// DeleteUser implements userpool.UserStore.
func (s *Store) DeleteUser(ctx context.Context, pool, sub string, version int64) error {
	return wrap("delete a user", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		var stored int64
		err := tx.QueryRow(ctx, selectUserVersion, pool, sub).Scan(&stored)
		switch {
		case err != nil:
			return absent(err)
		case version != 0 && version != stored:
			return userpool.ErrStale
		}
		for _, query := range []string{
			deleteIdentifiers,
			`DELETE FROM userpool_members WHERE pool = ? AND sub = ?`,
			deleteSessionsOf,
			`DELETE FROM userpool_records WHERE pool = ? AND owner = ?`,
			deleteTermsOf,
			`DELETE FROM userpool_users WHERE pool = ? AND sub = ?`,
		} {
			if _, err := tx.Exec(ctx, query, pool, sub); err != nil {
				return err
			}
		}
		return nil
	}))
}

// userExists returns ErrNotFound if there is no such user.
func userExists(ctx context.Context, tx *sqlkit.Tx, pool, sub string) error {
	return absent(tx.QueryRow(ctx, selectUserVersion, pool, sub).Scan(new(int64)))
}
