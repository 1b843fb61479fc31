package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/stepwell/stepwell/identitypool"
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

// Store keeps everything in a SQL database. Make one with Open. It is safe for concurrent use.
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

// wrap says what was being done when err came; the answers of the contract stay as they are.
func wrap(doing string, err error) error {
	switch {
	case err == nil, errors.Is(err, identitypool.ErrNotFound), errors.Is(err, identitypool.ErrExists), errors.Is(err, identitypool.ErrConflict):
		return err
	case errors.Is(err, sqlkit.ErrText), sqlkit.IsNoRows(err): // what cannot be stored is not there
		return identitypool.ErrNotFound
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}
