package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/internal/storecheck"
	"github.com/stepwell/stepwell/internal/sqlkit"
)

// Dialect names a database engine.
type Dialect string

const (
	// SQLite is SQLite 3.35 or newer.
	SQLite = Dialect(sqlkit.SQLite)
	// PostgreSQL is PostgreSQL 12 or newer, with a database whose encoding is UTF8.
	PostgreSQL = Dialect(sqlkit.PostgreSQL)
)

// Store keeps identities in a SQL database. Make one with Open. It is safe for concurrent use.
type Store struct {
	db *sqlkit.DB
}

var _ identitypool.Store = (*Store)(nil)

//go:embed migrations
var migrations embed.FS

// Open makes or updates the tables in db and returns a store that uses them. It fails if db is not of that dialect, too old, or not in
// UTF-8, or if the tables cannot be made. A SQLite file is switched to write-ahead logging. db stays the caller's, who closes it when the
// store is no longer used. Several processes may open one database at once.
func Open(ctx context.Context, db *sql.DB, dialect Dialect) (*Store, error) {
	kit, err := sqlkit.Open(ctx, db, sqlkit.Dialect(dialect), sqlkit.Migrations{Prefix: "identitypool", Files: migrations})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	return &Store{db: kit}, nil
}

// SQLiteDSN returns a data source name for modernc.org/sqlite and the file at path, which is made if it is not there, with settings that
// suit a server: write-ahead logging with a sync at each commit, waiting up to five seconds for a lock, transactions that take the write
// lock when they begin, and enforced foreign keys for the application's own tables. Any character is allowed in path, which must not be
// empty; a relative path is relative to the working directory.
func SQLiteDSN(path string) string { return sqlkit.SQLiteDSN(path) }

// CreateIdentity implements [identitypool.Store].
func (s *Store) CreateIdentity(ctx context.Context, pool string, i identitypool.Identity) error {
	if err := storecheck.Identity(pool, i, 0); err != nil {
		return err
	}
	return wrap("create an identity", insertIdentity(ctx, s.db, pool, i))
}

// IdentityForLogin implements [identitypool.Store].
func (s *Store) IdentityForLogin(ctx context.Context, pool string, candidate identitypool.Identity) (identitypool.Identity, error) {
	if err := storecheck.Identity(pool, candidate, 1); err != nil {
		return identitypool.Identity{}, err
	}
	login := candidate.Logins[0]
	id, err := idOfLogin(ctx, s.db, pool, login)
	if err == nil { // the usual case takes no transaction; a login never leaves its identity
		return s.Identity(ctx, pool, id)
	}
	if !sqlkit.IsNoRows(err) {
		return identitypool.Identity{}, wrap("find a login", err)
	}
	err = s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		id = candidate.ID
		found, err := idOfLogin(ctx, tx, pool, login)
		if err == nil {
			id = found
			return nil
		}
		if !sqlkit.IsNoRows(err) {
			return err
		}
		if err := insertIdentity(ctx, tx, pool, candidate); err != nil {
			return err
		}
		return insertLogin(ctx, tx, pool, login, candidate.ID)
	})
	if errors.Is(err, errTaken) {
		id, err = idOfLogin(ctx, s.db, pool, login)
	}
	if err != nil {
		return identitypool.Identity{}, wrap("add a login", err)
	}
	return s.Identity(ctx, pool, id)
}

// Identity implements [identitypool.Store].
func (s *Store) Identity(ctx context.Context, pool, id string) (identitypool.Identity, error) {
	var created int64
	err := s.db.QueryRow(ctx, `SELECT created FROM identitypool_identities WHERE pool = ? AND id = ?`, pool, id).Scan(&created)
	if sqlkit.IsNoRows(err) || errors.Is(err, sqlkit.ErrText) {
		return identitypool.Identity{}, identitypool.ErrNotFound
	}
	if err != nil {
		return identitypool.Identity{}, wrap("read an identity", err)
	}
	logins, err := sqlkit.All(ctx, s.db, scanLogin,
		`SELECT provider, subject FROM identitypool_logins WHERE pool = ? AND identity = ? ORDER BY provider, subject`, pool, id)
	if err != nil {
		return identitypool.Identity{}, wrap("read the logins of an identity", err)
	}
	return identitypool.Identity{ID: id, Logins: logins, Created: sqlkit.Time(created)}, nil
}

func idOfLogin(ctx context.Context, q sqlkit.Querier, pool string, l identitypool.Login) (id string, err error) {
	err = q.QueryRow(ctx, `SELECT identity FROM identitypool_logins WHERE pool = ? AND provider = ? AND subject = ?`,
		pool, l.Provider, l.Subject).Scan(&id)
	return id, err
}

func insertIdentity(ctx context.Context, q sqlkit.Querier, pool string, i identitypool.Identity) error {
	n, err := q.Exec(ctx, `INSERT INTO identitypool_identities (pool, id, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		pool, i.ID, sqlkit.Micros(i.Created))
	if err == nil && n == 0 {
		return identitypool.ErrExists
	}
	return err
}

// errTaken means that another process has added the login meanwhile.
var errTaken = errors.New("sqlstore: the login was added meanwhile")

func insertLogin(ctx context.Context, tx *sqlkit.Tx, pool string, l identitypool.Login, identity string) error {
	n, err := tx.Exec(ctx, `INSERT INTO identitypool_logins (pool, provider, subject, identity) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		pool, l.Provider, l.Subject, identity)
	if err == nil && n == 0 {
		return errTaken
	}
	return err
}

func scanLogin(row sqlkit.Scanner) (l identitypool.Login, err error) {
	err = row.Scan(&l.Provider, &l.Subject)
	return l, err
}

// wrap says what was being done when err came; the answers of the contract stay as they are.
func wrap(doing string, err error) error {
	if err == nil || errors.Is(err, identitypool.ErrExists) {
		return err
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}
