package sqlstore_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/pgtest"
	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// The environment variables that turn the test binary into a program that writes until it is killed.
const (
	writerDialect = "STEPWELL_TEST_WRITER_DIALECT"
	writerDriver  = "STEPWELL_TEST_WRITER_DRIVER"
	writerDSN     = "STEPWELL_TEST_WRITER_DSN"
)

func TestMain(m *testing.M) {
	if os.Getenv(writerDSN) != "" {
		fmt.Println(writeForEver())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver creates, changes and deletes users, and says on standard output how many are through all of it.
func writeForEver() error {
	db, err := sql.Open(os.Getenv(writerDriver), os.Getenv(writerDSN))
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, db, sqlstore.Dialect(os.Getenv(writerDialect)))
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if err := live(ctx, s, n); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// live is the life of a user whose number says how it ends: deleted if divisible by 3, else with the identifiers of moved.
func live(ctx context.Context, s userpool.Store, n int) error {
	if err := s.CreateUser(ctx, pool, person(n)); err != nil {
		return err
	}
	v := userpool.Session{ID: person(n).Sub, Sub: person(n).Sub}
	if err := s.CreateSession(ctx, pool, v); err != nil {
		return err
	}
	if n%3 == 0 {
		return s.DeleteUser(ctx, pool, person(n).Sub, 1)
	}
	return s.UpdateUser(ctx, pool, moved(n))
}

func moved(n int) userpool.User {
	u := person(n)
	u.Version = 1
	u.Identifiers = []userpool.Identifier{{Kind: userpool.IdentifierEmail, Value: "moved." + address(n)}}
	u.Attributes = map[string]string{"email": "moved." + address(n), "nickname": "moved"}
	return u
}

// whole requires that all acts up to and including acknowledged are there, and that nothing is there in part.
func whole(t *testing.T, e sqlkittest.Engine, s userpool.Store, acknowledged int) {
	t.Helper()
	ctx := t.Context()
	for n := range acknowledged + 1 {
		u, err := s.User(ctx, pool, person(n).Sub)
		if n%3 == 0 {
			require.ErrorIs(t, err, userpool.ErrNotFound, "user %d", n)
			continue
		}
		require.NoError(t, err, "user %d", n)
		require.EqualValues(t, 2, u.Version)
		require.Equal(t, moved(n).Identifiers, u.Identifiers)
	}
	db := e.Handle(t)
	found := map[string]string{}
	each(t, db, `SELECT value, sub FROM userpool_identifiers`, func(value, sub string) { found[value] = sub })
	each(t, db, `SELECT sub, identifiers_json FROM userpool_users`, func(sub, text string) {
		var ids []userpool.Identifier
		require.NoError(t, json.Unmarshal([]byte(text), &ids))
		for _, id := range ids {
			require.Equal(t, sub, found[id.Value])
			delete(found, id.Value)
		}
	})
	require.Empty(t, found, "identifiers without a user")
	terms(t, db, s)
	each(t, db, `SELECT s.sub, s.value FROM userpool_search s LEFT JOIN userpool_users u ON u.sub = s.sub WHERE u.sub IS NULL`,
		func(sub, value string) { t.Errorf("the term %s of %s has no user", value, sub) })
	each(t, db, `SELECT sub, username FROM userpool_users WHERE indexed <> version`,
		func(sub, _ string) { t.Errorf("the terms of %s are not those of the row", sub) })
	each(t, db, `SELECT s.id, s.sub FROM userpool_sessions s LEFT JOIN userpool_users u ON u.sub = s.sub WHERE u.sub IS NULL`,
		func(id, _ string) { t.Errorf("session %s has no user", id) })
}

func each(t *testing.T, db *sql.DB, query string, use func(a, b string)) {
	t.Helper()
	rows, err := db.Query(query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var a, b string
		require.NoError(t, rows.Scan(&a, &b))
		use(a, b)
	}
	require.NoError(t, rows.Err())
}

// TestD3_KilledProcess: a process is killed in the middle of writing, three times at different moments.
func TestD3_KilledProcess(t *testing.T) {
	for round := range 3 {
		sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
			writer := exec.Command(os.Args[0])
			writer.Env = append(os.Environ(), writerDialect+"="+string(e.Dialect), writerDriver+"="+e.Driver, writerDSN+"="+e.DSN)
			out, err := writer.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, writer.Start())
			acknowledged := -1
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if _, err := fmt.Sscan(lines.Text(), &acknowledged); err != nil {
					t.Errorf("the writer failed: %s", lines.Text())
				}
				if acknowledged == 20 {
					time.AfterFunc(time.Duration(round*7)*time.Millisecond, func() { _ = writer.Process.Kill() })
				}
			}
			require.Error(t, writer.Wait(), "it was killed")
			require.GreaterOrEqual(t, acknowledged, 20)
			whole(t, e, open(t, e), acknowledged)
		})
	}
}

// TestD3_ServerStops: PostgreSQL goes away in the middle of writing and comes back; the same store works on.
func TestD3_ServerStops(t *testing.T) {
	server := pgtest.New(t)
	e := sqlkittest.Engine{Dialect: sqlkit.PostgreSQL, Driver: "pgx", DSN: server.DSN(t)}
	s := open(t, e)
	next := 0
	for range 2 {
		var acknowledged atomic.Int64
		acknowledged.Store(int64(next) - 1)
		failed := make(chan error, 1)
		go func() {
			for n := next; ; n++ {
				if err := live(context.Background(), s, n); err != nil {
					failed <- err
					return
				}
				acknowledged.Store(int64(n))
			}
		}()
		require.Eventually(t, func() bool { return acknowledged.Load() >= int64(next+20) }, time.Minute, time.Millisecond)
		server.Stop(t)
		err := <-failed
		for _, answer := range []error{userpool.ErrExists, userpool.ErrNotFound, userpool.ErrStale, userpool.ErrInvalid} {
			require.NotErrorIs(t, err, answer, "a server that is gone gives no answer")
		}
		_, err = s.User(t.Context(), pool, person(1).Sub)
		require.Error(t, err)
		require.NotErrorIs(t, err, userpool.ErrNotFound)

		server.Start(t)
		skip := int(acknowledged.Load()) + 1 // this one may be there in any step of its life
		require.NoError(t, live(t.Context(), s, skip+1), "the store works again at once")
		whole(t, e, s, skip-1)
		_ = s.DeleteUser(t.Context(), pool, person(skip).Sub, 0)
		require.NoError(t, live(t.Context(), s, skip))
		next = skip + 2
	}
}
