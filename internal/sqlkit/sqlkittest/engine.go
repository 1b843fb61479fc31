// Package sqlkittest runs a test on a fresh database of each engine. It is for tests only: it links the drivers.
//
//	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
//		store, err := sqlstore.Open(ctx, e.Handle(t), sqlstore.Dialect(e.Dialect))
//		...
//	})
package sqlkittest

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/stepwell/stepwell/internal/pgtest"
	"github.com/stepwell/stepwell/internal/sqlkit"
)

// Engine is one database, which any number of handles can be opened on.
type Engine struct {
	Dialect sqlkit.Dialect
	// Driver and DSN are what sql.Open takes.
	Driver, DSN string
}

// SQLite returns a SQLite file that is not there yet, with the settings of sqlkit.SQLiteDSN and a name that is hard to quote.
func SQLite(t testing.TB) Engine {
	t.Helper()
	return Engine{sqlkit.SQLite, "sqlite", sqlkit.SQLiteDSN(filepath.Join(t.TempDir(), "a file?#% é.db"))}
}

// SQLitePlain returns a SQLite file opened by nothing but its name: it has no busy timeout, and transactions begin without a lock.
func SQLitePlain(t testing.TB) Engine {
	t.Helper()
	return Engine{sqlkit.SQLite, "sqlite", filepath.Join(t.TempDir(), "test.db")}
}

// PostgreSQL returns an empty database of a real server; see package pgtest for where there is none.
func PostgreSQL(t testing.TB) Engine {
	t.Helper()
	return Engine{sqlkit.PostgreSQL, "pgx", pgtest.DSN(t)}
}

// Each runs the test on each engine.
func Each(t *testing.T, test func(t *testing.T, e Engine)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, PostgreSQL(t)) })
}

// Handle opens the database once more, as another process would. It is closed when the test ends.
func (e Engine) Handle(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(e.Driver, e.DSN)
	if err != nil {
		t.Fatalf("sqlkittest: open the database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("sqlkittest: close the database: %v", err)
		}
	})
	return db
}

// Tables returns the names of the tables that begin with prefix and an underscore, but for the one that remembers the migrations.
func (e Engine) Tables(t testing.TB, prefix string) []string {
	t.Helper()
	query := `SELECT tablename FROM pg_tables WHERE tablename LIKE $1 || '\_%' AND tablename <> $1 || '_migrations' ORDER BY tablename`
	if e.Dialect == sqlkit.SQLite {
		query = `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE $1 || '\_%' ESCAPE '\' AND name <> $1 || '_migrations'
			ORDER BY name`
	}
	rows, err := e.Handle(t).Query(query, prefix)
	if err != nil {
		t.Fatalf("sqlkittest: list the tables: %v", err)
	}
	defer func() { _ = rows.Close() }()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatalf("sqlkittest: list the tables: %v", err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil || len(tables) == 0 {
		t.Fatalf("sqlkittest: list the tables of %q: %d found, error %v", prefix, len(tables), err)
	}
	return tables
}

// Empty deletes all rows of these tables, which takes less time than making a new database.
func Empty(t testing.TB, db *sql.DB, tables []string) {
	t.Helper()
	for _, table := range tables {
		if _, err := db.Exec("DELETE FROM " + table); err != nil {
			t.Fatalf("sqlkittest: empty %s: %v", table, err)
		}
	}
}

// Reused opens a store once and returns it each time, after it has emptied the tables that begin with prefix: what the suite of a store
// wants, in less time than a new database for each part takes.
func Reused[S any](t *testing.T, e Engine, prefix string, open func(t testing.TB, e Engine) S) func(t *testing.T) S {
	t.Helper()
	store, db := open(t, e), e.Handle(t)
	tables := e.Tables(t, prefix)
	return func(t *testing.T) S {
		Empty(t, db, tables)
		return store
	}
}
