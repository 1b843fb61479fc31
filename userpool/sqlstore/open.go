package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
)

// Dialect names a database engine.
type Dialect string

const (
	// SQLite is SQLite 3.35 or newer.
	SQLite = Dialect(sqlkit.SQLite)
	// PostgreSQL is PostgreSQL 12 or newer, with a database whose encoding is UTF8.
	PostgreSQL = Dialect(sqlkit.PostgreSQL)
)

// Store keeps pools in a SQL database. Make one with Open. It is safe for concurrent use.
type Store struct {
	db *sqlkit.DB
	// indexing is full while this process writes search terms that others left out.
	indexing chan struct{}
}

var _ userpool.Store = (*Store)(nil)

//go:embed migrations
var migrations embed.FS

// Open makes or updates the tables in db and returns a store that uses them. It fails if db is not of that dialect, too old, or not in
// UTF-8, or if the tables cannot be made. A SQLite file is switched to write-ahead logging. db stays the caller's, who closes it when the
// store is no longer used. Several processes may open one database at once.
func Open(ctx context.Context, db *sql.DB, dialect Dialect) (*Store, error) {
	kit, err := sqlkit.Open(ctx, db, sqlkit.Dialect(dialect), sqlkit.Migrations{Prefix: "userpool", Files: migrations})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	return &Store{db: kit, indexing: make(chan struct{}, 1)}, nil
}

// SQLiteDSN returns a data source name for modernc.org/sqlite and the file at path, which is made if it is not there, with settings
// that suit a server: write-ahead logging with a sync at each commit (a committed act survives a loss of power), waiting up to five
// seconds for a lock, transactions that take the write lock when they begin (so that they cannot fail in the middle for want of it),
// and enforced foreign keys for the application's own tables. Any character is allowed in path, which must not be empty; a relative
// path is relative to the working directory.
func SQLiteDSN(path string) string { return sqlkit.SQLiteDSN(path) }

// wrap says what was being done when err came; the answers of the contract stay findable.
func wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, userpool.ErrNotFound), errors.Is(err, userpool.ErrExists), errors.Is(err, userpool.ErrStale),
		errors.Is(err, userpool.ErrInvalid):
		return err
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}

// absent makes of a row that is not there, or that cannot be there because of its name, the answer of the contract.
func absent(err error) error {
	if sqlkit.IsNoRows(err) || errors.Is(err, sqlkit.ErrText) {
		return userpool.ErrNotFound
	}
	return err
}

// orNone makes no error of a name that cannot be there: nothing is found under it, and nothing deleted.
func orNone(err error) error {
	if errors.Is(err, sqlkit.ErrText) {
		return nil
	}
	return err
}

// oneRow makes other of a statement that changed no row.
func oneRow(affected int64, err, other error) error {
	switch {
	case err != nil:
		return err
	case affected == 0:
		return other
	}
	return nil
}
