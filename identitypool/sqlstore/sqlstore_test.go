package sqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sqlstore"
	"github.com/stepwell/stepwell/identitypool/storetest"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
)

func open(t testing.TB, e sqlkittest.Engine) identitypool.Store {
	t.Helper()
	s, err := sqlstore.Open(context.Background(), e.Handle(t), sqlstore.Dialect(e.Dialect))
	require.NoError(t, err)
	return s
}

func TestStore_SQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) identitypool.Store { return open(t, sqlkittest.SQLite(t)) })
}

// A file opened with nothing but its name has no busy timeout, and transactions begin without a lock.
func TestStore_SQLitePlainDSN(t *testing.T) {
	storetest.Run(t, func(t *testing.T) identitypool.Store { return open(t, sqlkittest.SQLitePlain(t)) })
}

func TestStore_SQLiteInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) identitypool.Store {
		db := sqlkittest.Engine{Driver: "sqlite", DSN: ":memory:"}.Handle(t)
		db.SetMaxOpenConns(1)
		s, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite)
		require.NoError(t, err)
		return s
	})
}

func TestStore_PostgreSQL(t *testing.T) {
	storetest.Run(t, sqlkittest.Reused(t, sqlkittest.PostgreSQL(t), "identitypool", open))
}

// TestD1_PostgreSQLSimpleProtocol: values may stand in the text of the query, as some connection poolers need it.
func TestD1_PostgreSQLSimpleProtocol(t *testing.T) {
	e := sqlkittest.PostgreSQL(t)
	e.DSN += "&default_query_exec_mode=simple_protocol"
	storetest.Run(t, sqlkittest.Reused(t, e, "identitypool", open))
}

// TestD4_TwoProcesses: two processes that start at once on an empty database and save one login at once give it one identity.
func TestD4_TwoProcesses(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		const each = 25
		login := identitypool.Login{Provider: "a", Subject: "s"}
		var wg sync.WaitGroup
		errs := make([]error, 2*each)
		for process := range 2 {
			db := e.Handle(t)
			wg.Go(func() {
				store, err := sqlstore.Open(context.Background(), db, sqlstore.Dialect(e.Dialect))
				if err != nil {
					errs[process*each] = err
					return
				}
				var inner sync.WaitGroup
				for i := range each {
					inner.Go(func() {
						n := process*each + i
						errs[n] = store.SaveIdentities(context.Background(), "p", []identitypool.Identity{
							{ID: fmt.Sprint(n), Logins: []identitypool.Login{login}, Created: time.Unix(1, 0)},
						})
					})
				}
				inner.Wait()
			})
		}
		wg.Wait()
		found, err := open(t, e).IdentityOfLogin(t.Context(), "p", login)
		require.NoError(t, err)
		for n, err := range errs {
			if fmt.Sprint(n) == found.ID {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, identitypool.ErrConflict)
		}
	})
}

// TestOpenAgain: what was stored is there for the next process.
func TestOpenAgain(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		in := identitypool.Identity{
			ID: "r:1", Logins: []identitypool.Login{{Provider: "a", Subject: "s"}}, Authenticated: true, Disabled: true, MergedInto: "r:2",
			Created: time.Unix(1, 0).UTC(), Modified: time.Unix(2, 0).UTC(),
		}
		require.NoError(t, open(t, e).SaveIdentities(t.Context(), "p", []identitypool.Identity{in}))
		out, err := open(t, e).Identity(t.Context(), "p", "r:1")
		require.NoError(t, err)
		in.Version = 1
		require.Equal(t, in, out)
	})
}

// TestD7_DumpHasNoSecrets: the columns are those that the package comment speaks of. Two hold what the pool has sealed.
func TestD7_DumpHasNoSecrets(t *testing.T) {
	e := sqlkittest.SQLite(t)
	open(t, e)
	rows, err := e.Handle(t).Query(`SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name LIKE 'identitypool%' AND m.name NOT LIKE '%migrations' ORDER BY 1`)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	var columns []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		columns = append(columns, strings.TrimPrefix(name, "identitypool_"))
	}
	require.NoError(t, rows.Err())
	require.Equal(t, []string{
		"identities.authenticated", "identities.created", "identities.disabled", "identities.id", "identities.merged_into", "identities.modified",
		"identities.pool", "identities.version",
		"logins.identity", "logins.pool", "logins.provider", "logins.subject",
		"revocations.expires", "revocations.issued_until", "revocations.pool", "revocations.subject",
		"signing_keys.created", "signing_keys.id", "signing_keys.pool", "signing_keys.retired", "signing_keys.sealed",
		"tickets.content", "tickets.expires", "tickets.pool", "tickets.ticket_key",
	}, columns)
}

func TestSQLiteDSN(t *testing.T) {
	require.Contains(t, sqlstore.SQLiteDSN("a b.db"), "file:a%20b.db?")
}

func TestOpenRefuses(t *testing.T) {
	_, err := sqlstore.Open(t.Context(), nil, sqlstore.SQLite)
	require.ErrorContains(t, err, "sqlstore: open")
	_, err = sqlstore.Open(t.Context(), sqlkittest.SQLite(t).Handle(t), "oracle")
	require.ErrorContains(t, err, "oracle")
}
