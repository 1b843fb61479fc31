package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
	"github.com/stepwell/stepwell/userpool/storetest"
)

const pool = "pool"

func person(n int) userpool.User {
	sub := fmt.Sprintf("sub-%06d", n)
	return userpool.User{
		Sub: sub, Username: sub, Status: userpool.StatusConfirmed, Enabled: true, Attributes: map[string]string{"email": address(n)},
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g",
		Identifiers:  []userpool.Identifier{{Kind: userpool.IdentifierEmail, Value: address(n)}, {Kind: userpool.IdentifierFederated, Value: "Corp " + sub}},
		Created:      time.Unix(1_700_000_000, 0), Modified: time.Unix(1_700_000_000, 0),
	}
}

func address(n int) string { return fmt.Sprintf("person.%06d@example.com", n) }

func byEmail(n int) userpool.Identifier {
	return userpool.Identifier{Kind: userpool.IdentifierEmail, Value: address(n)}
}

func TestOpen_ManyAtOnce(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		stores, errs := make([]*sqlstore.Store, 4), make([]error, 4)
		var wg sync.WaitGroup
		for i := range stores {
			db := e.Handle(t)
			wg.Go(func() { stores[i], errs[i] = sqlstore.Open(t.Context(), db, sqlstore.Dialect(e.Dialect)) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		// What one writes, another reads.
		for i, s := range stores {
			require.NoError(t, s.CreateUser(t.Context(), pool, person(i)))
			u, err := stores[(i+1)%len(stores)].UserByIdentifier(t.Context(), pool, byEmail(i))
			require.NoError(t, err)
			require.Equal(t, person(i).Sub, u.Sub)
		}
	})
}

func TestOpen_Refuses(t *testing.T) {
	_, err := sqlstore.Open(t.Context(), nil, sqlstore.SQLite)
	require.ErrorContains(t, err, "nil")
	_, err = sqlstore.Open(t.Context(), sqlkittest.SQLite(t).Handle(t), "sqlite3")
	require.ErrorContains(t, err, `unknown dialect "sqlite3"`)
	_, err = sqlstore.Open(t.Context(), sqlkittest.SQLite(t).Handle(t), sqlstore.PostgreSQL)
	require.ErrorContains(t, err, "PostgreSQL")
}

func TestSQLiteDSN(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, path := range []string{dir + "/plain.db", "/" + dir + "/slashes.db", "relative.db", dir + "/a?b#c%20d&e=f é:\"'.db", "./-x:y"} {
		e := sqlkittest.Engine{Dialect: sqlkit.SQLite, Driver: "sqlite", DSN: sqlstore.SQLiteDSN(path)}
		open(t, e)
		require.FileExists(t, path)
		db := e.Handle(t)
		for pragma, want := range map[string]string{"busy_timeout": "5000", "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
			var got string
			require.NoError(t, db.QueryRow("PRAGMA "+pragma).Scan(&got))
			require.Equal(t, want, got, pragma)
		}
		tx, err := db.Begin()
		require.NoError(t, err)
		_, err = e.Handle(t).Exec("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE")
		require.ErrorContains(t, err, "locked", "the transaction has the lock already")
		require.NoError(t, tx.Rollback())
	}
}

// TestD6_AdditiveMigration: a later release adds columns, a table and indexes; this release, running or started anew, works on them.
func TestD6_AdditiveMigration(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		running := open(t, e)
		require.NoError(t, running.CreateUser(t.Context(), pool, person(0)))
		u, err := running.User(t.Context(), pool, person(0).Sub) // the driver may remember what this query answers
		require.NoError(t, err)

		db := e.Handle(t)
		for _, table := range e.Tables(t, "userpool") {
			for _, query := range []string{
				"ALTER TABLE " + table + " ADD COLUMN later_text TEXT NOT NULL DEFAULT 'x'",
				"ALTER TABLE " + table + " ADD COLUMN later_number BIGINT",
				"CREATE INDEX " + table + "_later ON " + table + " (later_number)",
			} {
				_, err := db.Exec(query)
				require.NoError(t, err)
			}
		}
		yes := map[sqlkit.Dialect]string{sqlkit.SQLite: "1", sqlkit.PostgreSQL: "true"}[e.Dialect]
		for _, query := range []string{
			"CREATE TABLE userpool_later (pool TEXT NOT NULL)",
			"INSERT INTO userpool_migrations (version_id, is_applied) VALUES (9999, " + yes + ")",
		} {
			_, err = db.Exec(query)
			require.NoError(t, err)
		}

		again, err := running.User(t.Context(), pool, u.Sub)
		require.NoError(t, err)
		require.Equal(t, u, again)
		require.NoError(t, running.UpdateUser(t.Context(), pool, u))
		storetest.RunSome(t, emptied(t, e), func(part string) bool { return !atOnce(part) && !manyValues(part) })
	})
}

// TestTables: the two dialects have the same tables with the same columns.
func TestTables(t *testing.T) {
	columns := map[sqlkit.Dialect]map[string][]string{}
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		open(t, e)
		db := e.Handle(t)
		columns[e.Dialect] = map[string][]string{}
		for _, table := range e.Tables(t, "userpool") {
			rows, err := db.Query("SELECT * FROM " + table)
			require.NoError(t, err)
			columns[e.Dialect][table], err = rows.Columns()
			require.NoError(t, err)
			require.NoError(t, rows.Close())
		}
	})
	if len(columns) == 2 {
		require.Equal(t, columns[sqlkit.SQLite], columns[sqlkit.PostgreSQL])
	}
}

// TestDeletePool_EveryTable: nothing of a deleted pool is in any table, whatever could be found of it.
func TestDeletePool_EveryTable(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		s, ctx := open(t, e), t.Context()
		for _, pool := range []string{"gone", "here"} {
			sub := person(0).Sub
			require.NoError(t, s.CreateUser(ctx, pool, person(0)))
			require.NoError(t, s.CreateGroup(ctx, pool, userpool.Group{Name: "g"}))
			require.NoError(t, s.AddToGroup(ctx, pool, sub, "g"))
			require.NoError(t, s.CreateSession(ctx, pool, userpool.Session{ID: "s", Sub: sub}))
			require.NoError(t, s.PutTicket(ctx, pool, userpool.Ticket{Kind: "k", Hash: []byte("h")}))
			require.NoError(t, s.PutCounter(ctx, pool, userpool.Counter{Key: "c"}))
			require.NoError(t, s.PutRecord(ctx, pool, userpool.Record{Kind: "k", Key: "r", Owner: sub}))
			require.NoError(t, s.AppendAudit(ctx, pool, []userpool.AuditRecord{{Serial: 1}}))
			require.NoError(t, s.AddKey(ctx, pool, userpool.SealedKey{ID: "k", Use: "sig", Serial: 1}))
		}
		require.NoError(t, s.DeletePool(ctx, "gone"))
		db := e.Handle(t)
		for _, table := range e.Tables(t, "userpool") {
			found := map[string]bool{}
			each(t, db, "SELECT pool, pool FROM "+table, func(pool, _ string) { found[pool] = true })
			require.Equal(t, map[string]bool{"here": true}, found, table)
		}
	})
}

// TestD5_BusyFile: another process holds the write lock of the file.
func TestD5_BusyFile(t *testing.T) {
	e := sqlkittest.SQLite(t)
	s := open(t, e)
	require.NoError(t, s.CreateUser(t.Context(), pool, person(0)))
	holder, err := e.Handle(t).Conn(t.Context())
	require.NoError(t, err)
	_, err = holder.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	// Readers do not wait.
	_, err = s.UserByIdentifier(t.Context(), pool, byEmail(0))
	require.NoError(t, err)
	// A writer in a hurry gives up when it said, and has done nothing.
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	require.ErrorIs(t, s.CreateUser(ctx, pool, person(1)), context.DeadlineExceeded)
	require.ErrorIs(t, s.PutCounter(ctx, pool, userpool.Counter{Key: "c"}), context.DeadlineExceeded)
	require.Less(t, time.Since(start), 2*time.Second)
	// Others wait until they can.
	time.AfterFunc(300*time.Millisecond, func() {
		_, _ = holder.ExecContext(context.Background(), "ROLLBACK")
		_ = holder.Close()
	})
	require.NoError(t, s.CreateUser(t.Context(), pool, person(2)))
	_, err = s.User(t.Context(), pool, person(1).Sub)
	require.ErrorIs(t, err, userpool.ErrNotFound)
}

// TestD5_StatementTimeout: the server ends a statement that waits for a lock of another process.
func TestD5_StatementTimeout(t *testing.T) {
	e := sqlkittest.PostgreSQL(t)
	patient := open(t, e)
	require.NoError(t, patient.CreateUser(t.Context(), pool, person(0)))
	e.DSN += "&statement_timeout=200"
	s := open(t, e)
	holder, err := e.Handle(t).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = holder.Exec("SELECT sub FROM userpool_users FOR UPDATE")
	require.NoError(t, err)

	u, err := s.User(t.Context(), pool, person(0).Sub)
	require.NoError(t, err)
	u.Username = "changed"
	err = s.UpdateUser(t.Context(), pool, u)
	require.ErrorContains(t, err, "57014")
	for _, answer := range []error{userpool.ErrExists, userpool.ErrNotFound, userpool.ErrStale, userpool.ErrInvalid} {
		require.NotErrorIs(t, err, answer)
	}
	require.NoError(t, holder.Rollback())
	require.NoError(t, s.UpdateUser(t.Context(), pool, u), "nothing was changed before")
}

// TestD11_EndOfContext: whenever the context ends, what comes back is what was asked for, or an error.
func TestD11_EndOfContext(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		s := open(t, e)
		for n := range 10 {
			require.NoError(t, s.CreateUser(t.Context(), pool, person(n)))
		}
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for i := range 50 {
					n := (worker + i) % 10
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(time.Duration(i*20)*time.Microsecond, cancel)
					u, err := s.UserByIdentifier(ctx, pool, byEmail(n))
					switch {
					case err == nil && u.Sub != person(n).Sub:
						t.Errorf("asked for %s, got %s", person(n).Sub, u.Sub)
					case err != nil && ctx.Err() == nil:
						t.Errorf("an error without a reason: %v", err)
					case errors.Is(err, userpool.ErrNotFound):
						t.Errorf("a user who is there was not found")
					}
					cancel()
				}
			})
		}
		wg.Wait()
	})
}

// TestNoDriver: the package links no driver into a program, and few modules at all.
func TestNoDriver(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "github.com/stepwell/stepwell/userpool/sqlstore").Output()
	require.NoError(t, err)
	require.NotContains(t, string(out), "sqlite")
	require.NotContains(t, string(out), "pgx")
	require.NotContains(t, string(out), "lib/pq")
	require.Contains(t, strings.Fields(string(out)), "github.com/pressly/goose/v3")
}

// BenchmarkUser reads a user and updates what a sign-in changes.
func BenchmarkUser(b *testing.B) {
	s := open(b, sqlkittest.SQLite(b))
	require.NoError(b, s.CreateUser(b.Context(), pool, person(0)))
	for n := 0; b.Loop(); n++ {
		u, err := s.User(b.Context(), pool, person(0).Sub)
		if err != nil {
			b.Fatal(err)
		}
		u.Codes = []userpool.OneTimeCode{{Purpose: "sign-in", Tries: n}}
		if err := s.UpdateUser(b.Context(), pool, u); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListUsers reads the first and the last page of several lists.
func BenchmarkListUsers(b *testing.B) {
	const people = 10_000
	s := open(b, sqlkittest.SQLite(b))
	for n := range people {
		require.NoError(b, s.CreateUser(b.Context(), pool, person(n)))
	}
	for _, q := range []userpool.UserQuery{
		{}, {Attribute: "cognito:user_status", Operator: "=", Value: "confirmed"}, {Attribute: "email", Operator: "^=", Value: "person.00"},
		{Attribute: "email", Operator: "*=", Value: "n.00"},
	} {
		first, last := q, q
		first.Limit, last.Limit = 60, 1000
		for {
			page, err := s.ListUsers(b.Context(), pool, last)
			require.NoError(b, err)
			if page.Next == "" {
				break
			}
			last.After = page.Next
		}
		last.Limit = 60
		for name, q := range map[string]userpool.UserQuery{"First": first, "Last": last} {
			b.Run(name+string(q.Operator), func(b *testing.B) {
				for b.Loop() {
					page, err := s.ListUsers(b.Context(), pool, q)
					if err != nil || len(page.Users) != 60 {
						b.Fatal(len(page.Users), err)
					}
				}
			})
		}
	}
}

func BenchmarkFind(b *testing.B) {
	const people = 10_000
	e := sqlkittest.SQLite(b)
	s := open(b, e)
	for n := range people {
		require.NoError(b, s.CreateUser(b.Context(), pool, person(n)))
	}
	b.Run("Identifier", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n = (n + 7919) % people
			if _, err := s.UserByIdentifier(b.Context(), pool, byEmail(n)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Sub", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n = (n + 7919) % people
			if _, err := s.User(b.Context(), pool, person(n).Sub); err != nil {
				b.Fatal(err)
			}
		}
	})
}
