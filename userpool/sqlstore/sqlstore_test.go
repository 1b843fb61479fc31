package sqlstore_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
	"github.com/stepwell/stepwell/userpool/storetest"
)

// open opens a store, as another process would.
func open(t testing.TB, e sqlkittest.Engine) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(context.Background(), e.Handle(t), sqlstore.Dialect(e.Dialect))
	require.NoError(t, err)
	return s
}

func TestStore_SQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) userpool.Store { return open(t, sqlkittest.SQLite(t)) })
}

// TestStore_SQLitePlainDSN: without the parameters of SQLiteDSN, writers are refused that come at once, and try again.
func TestStore_SQLitePlainDSN(t *testing.T) {
	storetest.RunSome(t, func(t *testing.T) userpool.Store { return open(t, sqlkittest.SQLitePlain(t)) }, func(part string) bool {
		return part == "Story" || part == "Context" || atOnce(part)
	})
}

// atOnce tells whether a part of the suite is about many callers at once.
func atOnce(part string) bool {
	return slices.ContainsFunc([]string{"D4_", "O5_", "O16_", "U8_", "J27_", "Torn"}, func(name string) bool { return strings.HasPrefix(part, name) })
}

// manyValues tells whether a part of the suite does one thing with very many values.
func manyValues(part string) bool {
	return slices.Contains([]string{"ListUsers/Find", "ListUsers/Random", "ListUsers/Pages", "ListUsers/BesideChanges", "D1_Strings", "D2_LongValues"}, part)
}

// TestStore_SQLiteInMemory: with one connection, nothing waits for another one.
func TestStore_SQLiteInMemory(t *testing.T) {
	storetest.RunSome(t, func(t *testing.T) userpool.Store {
		db := sqlkittest.Engine{Driver: "sqlite", DSN: ":memory:"}.Handle(t)
		db.SetMaxOpenConns(1)
		s, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite)
		require.NoError(t, err)
		return s
	}, func(part string) bool { return !manyValues(part) })
}

func TestStore_PostgreSQL(t *testing.T) {
	storetest.Run(t, emptied(t, sqlkittest.PostgreSQL(t)))
}

// TestD1_PostgreSQLSimpleProtocol: a program may tell pgx to put values into the text of the query, as some connection poolers need.
func TestD1_PostgreSQLSimpleProtocol(t *testing.T) {
	e := sqlkittest.PostgreSQL(t)
	e.DSN += "&default_query_exec_mode=simple_protocol"
	storetest.RunSome(t, emptied(t, e), func(part string) bool {
		return !atOnce(part) && part != "ListUsers/Random" && part != "ListUsers/BesideChanges"
	})
}

// emptied returns a factory that empties one database each time.
func emptied(t *testing.T, e sqlkittest.Engine) func(t *testing.T) userpool.Store {
	t.Helper()
	s, db := open(t, e), e.Handle(t)
	tables := e.Tables(t, "userpool")
	return func(t *testing.T) userpool.Store {
		sqlkittest.Empty(t, db, tables)
		return s
	}
}
