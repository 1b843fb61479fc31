package sqlstore

import (
	"context"
	"errors"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

const (
	insertSession = `INSERT INTO userpool_sessions (kind, sub, parent, client_id, scopes_json, secret, generation, current_json,
		previous_json, rotated, epoch, auth_time, provider, created, expires, details_json, version, pool, id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING`
	updateSession = `UPDATE userpool_sessions SET kind = ?, sub = ?, parent = ?, client_id = ?, scopes_json = ?, secret = ?,
		generation = ?, current_json = ?, previous_json = ?, rotated = ?, epoch = ?, auth_time = ?, provider = ?, created = ?,
		expires = ?, details_json = ?, version = version + 1 WHERE pool = ? AND id = ? AND version = ?`
	sessionColumns = `id, kind, sub, parent, client_id, scopes_json, secret, generation, current_json, previous_json, rotated,
		epoch, auth_time, provider, created, expires, details_json, version`
	selectSession    = `SELECT ` + sessionColumns + ` FROM userpool_sessions WHERE pool = ? AND id = ?`
	selectSessionsOf = `SELECT ` + sessionColumns + ` FROM userpool_sessions WHERE pool = ? AND sub = ?
		ORDER BY created DESC, id LIMIT ?`
	selectSessionVersion = `SELECT version FROM userpool_sessions WHERE pool = ? AND id = ?`
	deleteSessionsOf     = `DELETE FROM userpool_sessions WHERE pool = ? AND sub = ?`
)

// checkedSession returns v as it is stored, and the columns that insertSession and updateSession begin with, with the key.
func checkedSession(pool string, v userpool.Session) (userpool.Session, []any, error) {
	v, err := storecheck.Session(pool, v)
	scopes, err := encode(v.Scopes, err)
	current, err := encode(v.Current, err)
	previous, err := encode(v.Previous, err)
	details, err := encodeDetails(v, err)
	if err != nil {
		return userpool.Session{}, nil, err
	}
	return v, []any{
		v.Kind, v.Sub, v.Parent, v.ClientID, scopes, v.Secret, v.Generation, current, previous, sqlkit.Micros(v.Rotated),
		v.Epoch, sqlkit.Micros(v.AuthTime), v.Provider, sqlkit.Micros(v.Created), sqlkit.Micros(v.Expires), details, pool, v.ID,
	}, nil
}

func scanSession(row sqlkit.Scanner) (userpool.Session, error) {
	var v userpool.Session
	var scopes, current, previous, details string
	var rotated, authTime, created, expires int64
	err := row.Scan(&v.ID, &v.Kind, &v.Sub, &v.Parent, &v.ClientID, &scopes, &v.Secret, &v.Generation, &current, &previous, &rotated,
		&v.Epoch, &authTime, &v.Provider, &created, &expires, &details, &v.Version)
	if err != nil {
		return userpool.Session{}, err
	}
	v.Rotated, v.AuthTime = sqlkit.Time(rotated), sqlkit.Time(authTime)
	v.Created, v.Expires = sqlkit.Time(created), sqlkit.Time(expires)
	err = decode(scopes, &v.Scopes, nil)
	err = decode(current, &v.Current, err)
	err = decode(previous, &v.Previous, err)
	if details != "" {
		err = decodeDetails(&v, details, err)
	}
	if err != nil {
		return userpool.Session{}, err
	}
	return v, nil
}

// CreateSession implements userpool.SessionStore.
func (s *Store) CreateSession(ctx context.Context, pool string, v userpool.Session) error {
	v, values, err := checkedSession(pool, v)
	if err != nil {
		return err
	}
	return wrap("create a session", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		n, err := tx.Exec(ctx, insertSession, values...)
		if err := oneRow(n, err, userpool.ErrExists); err != nil {
			return err
		}
		if err := userExists(ctx, tx, pool, v.Sub); err != nil {
			return err
		}
		if v.Parent == v.ID { // which was not there before
			return userpool.ErrNotFound
		}
		if v.Parent != "" {
			return absent(tx.QueryRow(ctx, selectSessionVersion, pool, v.Parent).Scan(new(int64)))
		}
		return nil
	}))
}

// Session implements userpool.SessionStore.
func (s *Store) Session(ctx context.Context, pool, id string) (userpool.Session, error) {
	v, err := scanSession(s.db.QueryRow(ctx, selectSession, pool, id))
	return v, wrap("read a session", absent(err))
}

// UpdateSession implements userpool.SessionStore.
func (s *Store) UpdateSession(ctx context.Context, pool string, v userpool.Session) error {
	v, values, err := checkedSession(pool, v)
	if err != nil {
		return err
	}
	n, err := s.db.Exec(ctx, updateSession, append(values, v.Version)...)
	err = oneRow(n, err, userpool.ErrStale)
	if errors.Is(err, userpool.ErrStale) {
		if gone := absent(s.db.QueryRow(ctx, selectSessionVersion, pool, v.ID).Scan(new(int64))); gone != nil {
			err = gone
		}
	}
	return wrap("update a session", err)
}

// DeleteSession implements userpool.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, pool, id string) error {
	return wrap("delete a session", absent(s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM userpool_sessions WHERE pool = ? AND id = ?`, pool, id)
		if err := oneRow(n, err, userpool.ErrNotFound); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM userpool_sessions WHERE pool = ? AND parent = ?`, pool, id)
		return err
	})))
}

// SessionsOf implements userpool.SessionStore.
func (s *Store) SessionsOf(ctx context.Context, pool, sub string, limit int) ([]userpool.Session, error) {
	sessions, err := sqlkit.All(ctx, s.db, scanSession, selectSessionsOf, pool, sub, max(limit, 0))
	return sessions, wrap("read the sessions of a user", orNone(err))
}

// DeleteSessionsOf implements userpool.SessionStore.
func (s *Store) DeleteSessionsOf(ctx context.Context, pool, sub string) error {
	// A transaction, though it is one statement: a session that is being created under one of these must not survive it.
	return wrap("delete the sessions of a user", orNone(s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		_, err := tx.Exec(ctx, deleteSessionsOf, pool, sub)
		return err
	})))
}
