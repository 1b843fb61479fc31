package sqlkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func fake(t *testing.T, dialect Dialect, answer func(conn int, query string) error) (*fakeDriver, *DB) {
	t.Helper()
	f := &fakeDriver{answer: answer}
	raw := f.open()
	t.Cleanup(func() { require.NoError(t, raw.Close()) })
	db, err := New(raw, dialect)
	require.NoError(t, err)
	return f, db
}

// write is one act of one statement.
func write(ctx context.Context, db *DB, ran *int) error {
	return db.Tx(ctx, func(tx *Tx) error {
		*ran++
		_, err := tx.Exec(ctx, "INSERT")
		return err
	})
}

func TestD5_RetriedUntilItWorks(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect Dialect
		at      string
		err     error
	}{
		{"serialization failure at COMMIT", PostgreSQL, "COMMIT", stateError("40001")},
		{"serialization failure in a statement", PostgreSQL, "INSERT", stateError("40001")},
		{"deadlock", PostgreSQL, "INSERT", fmt.Errorf("wrapped: %w", stateError("40P01"))},
		{"busy at BEGIN", SQLite, "BEGIN", codeError(5)},
		{"busy at COMMIT", SQLite, "COMMIT", codeError(5)},
		{"busy snapshot", SQLite, "INSERT", codeError(517)},
		{"locked shared cache", SQLite, "INSERT", codeError(262)},
		{"a driver without codes", SQLite, "BEGIN", errors.New("database is locked")},
	} {
		t.Run(c.name, func(t *testing.T) {
			failures := 3
			f, db := fake(t, c.dialect, func(_ int, query string) error {
				if strings.HasPrefix(query, c.at) && failures > 0 {
					failures--
					return c.err
				}
				return nil
			})
			ran := 0
			require.NoError(t, write(t.Context(), db, &ran))
			require.Equal(t, 4, f.count("BEGIN"))
			require.Equal(t, f.count("BEGIN")-1, f.count("ROLLBACK")+map[bool]int{true: 3}[c.at == "BEGIN"], "each failed try is undone")
			require.Equal(t, 1, f.conns, "the connection is kept")
			require.Equal(t, map[bool]int{true: 1, false: 4}[c.at == "BEGIN"], ran)
		})
	}
}

// TestD5_ReadingBeginsAgain: what was read before the failure is not read twice.
func TestD5_ReadingBeginsAgain(t *testing.T) {
	failures := 2
	_, db := fake(t, SQLite, func(int, string) error {
		if failures > 0 {
			failures--
			return codeError(5)
		}
		return nil
	})
	scan := func(row Scanner) (n int64, err error) {
		err = row.Scan(&n)
		return n, err
	}
	got, err := All(t.Context(), db, scan, "SELECT")
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, got)

	// A failure that is not for others to end: none of the rows is handed out.
	_, db = fake(t, PostgreSQL, func(int, string) error { return io.ErrUnexpectedEOF })
	got, err = All(t.Context(), db, scan, "SELECT")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Nil(t, got)
}

func TestD5_BusyForEverIsReported(t *testing.T) {
	f, db := fake(t, SQLite, func(_ int, query string) error {
		if query == "BEGIN IMMEDIATE" {
			return codeError(5)
		}
		return nil
	})
	ran := 0
	start := time.Now()
	err := write(t.Context(), db, &ran)
	require.ErrorIs(t, err, ErrBusy)
	require.Zero(t, ran)
	require.LessOrEqual(t, f.count("BEGIN"), maxAttempts)
	require.Less(t, time.Since(start), maxElapsed+5*time.Second)
}

func TestD5_EndOfContextEndsTheWait(t *testing.T) {
	_, db := fake(t, PostgreSQL, func(int, string) error { return stateError("40001") })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := db.Exec(ctx, "INSERT")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestD3_LostCommitIsNeverRepeated(t *testing.T) {
	for _, lost := range []error{io.ErrUnexpectedEOF, stateError("57P01"), stateError("08006"), context.DeadlineExceeded} {
		f, db := fake(t, PostgreSQL, func(_ int, query string) error {
			if query == "COMMIT" {
				return lost
			}
			return nil
		})
		ran := 0
		err := write(t.Context(), db, &ran)
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		require.ErrorIs(t, err, lost)
		require.Equal(t, 1, ran)
		require.Equal(t, 1, f.count("INSERT"))

		_, err = db.Exec(t.Context(), "SELECT 1")
		require.NoError(t, err)
		require.Equal(t, 2, f.conns, "the connection was not used again")
	}
}

func TestD3_LostStatementIsNotRepeated(t *testing.T) {
	f, db := fake(t, PostgreSQL, func(_ int, query string) error {
		if query == "INSERT" {
			return io.ErrUnexpectedEOF
		}
		return nil
	})
	_, err := db.Exec(t.Context(), "INSERT")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 1, f.count("INSERT"))

	ran := 0
	require.ErrorIs(t, write(t.Context(), db, &ran), io.ErrUnexpectedEOF)
	require.Equal(t, 1, ran)
}

func TestTx_DeadConnectionsAreLeft(t *testing.T) {
	restarted := false
	f, db := fake(t, PostgreSQL, func(conn int, _ string) error {
		if restarted && conn <= 3 {
			return io.ErrUnexpectedEOF
		}
		return nil
	})
	db.sql.SetMaxIdleConns(3)
	var idle []*sql.Conn
	for range 3 {
		c, err := db.sql.Conn(t.Context())
		require.NoError(t, err)
		idle = append(idle, c)
	}
	for _, c := range idle {
		require.NoError(t, c.Close())
	}
	restarted = true
	ran := 0
	require.NoError(t, write(t.Context(), db, &ran))
	require.Equal(t, 1, ran)
	require.Equal(t, 4, f.conns)
}

func TestTx_FailedRollbackEndsTheConnection(t *testing.T) {
	f, db := fake(t, PostgreSQL, func(conn int, query string) error {
		if conn == 1 && query == "ROLLBACK" {
			return io.ErrUnexpectedEOF
		}
		return nil
	})
	want := errors.New("no")
	require.ErrorIs(t, db.Tx(t.Context(), func(*Tx) error { return want }), want)
	_, err := db.Exec(t.Context(), "SELECT 1")
	require.NoError(t, err)
	require.Equal(t, 2, f.conns)
}

func TestIsUnique(t *testing.T) {
	for _, err := range []error{stateError("23505"), codeError(1555), codeError(2067), fmt.Errorf("x: %w", stateError("23505")),
		errors.New("UNIQUE constraint failed: t.c")} {
		require.True(t, IsUnique(err), "%v", err)
	}
	for _, err := range []error{nil, stateError("23503"), codeError(19), codeError(787), io.EOF} {
		require.False(t, IsUnique(err), "%v", err)
	}
}
