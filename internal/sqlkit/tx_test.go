package sqlkit_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
)

const (
	insertCounter = `INSERT INTO kit_counters (name, n) VALUES (?, ?)`
	readCounter   = `SELECT n FROM kit_counters WHERE name = ?`
	setCounter    = `UPDATE kit_counters SET n = ? WHERE name = ?`
)

func counter(t testing.TB, db *sqlkit.DB, name string) int64 {
	t.Helper()
	var n int64
	require.NoError(t, db.QueryRow(context.Background(), readCounter, name).Scan(&n))
	return n
}

// increment reads and then writes, which only a transaction that behaves as if alone does right.
func increment(ctx context.Context, db *sqlkit.DB, name string) error {
	return db.Tx(ctx, func(tx *sqlkit.Tx) error {
		var n int64
		if err := tx.QueryRow(ctx, readCounter, name).Scan(&n); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, setCounter, n+1, name)
		return err
	})
}

func TestD4_ParallelIncrements(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		handles := []*sqlkit.DB{open(t, e), open(t, e)}
		_, err := handles[0].Exec(t.Context(), insertCounter, "c", 0)
		require.NoError(t, err)
		var wg sync.WaitGroup
		errs := make([]error, 50)
		for i := range errs {
			wg.Go(func() { errs[i] = increment(t.Context(), handles[i%2], "c") })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		require.EqualValues(t, len(errs), counter(t, handles[0], "c"))
	})
}

// TestTx_WriteSkew: two acts that each read what the other writes. Each alone leaves the sum at one or more; together, unless one of
// them is repeated, they leave none.
func TestTx_WriteSkew(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		db := open(t, e)
		ctx := t.Context()
		for _, name := range []string{"a", "b"} {
			_, err := db.Exec(ctx, insertCounter, name, 1)
			require.NoError(t, err)
		}
		var wg sync.WaitGroup
		var both sync.WaitGroup
		both.Add(2)
		for _, name := range []string{"a", "b"} {
			wg.Go(func() {
				var once sync.Once
				require.NoError(t, db.Tx(ctx, func(tx *sqlkit.Tx) error {
					var sum int64
					if err := tx.QueryRow(ctx, `SELECT CAST(SUM(n) AS BIGINT) FROM kit_counters`).Scan(&sum); err != nil {
						return err
					}
					if e.Dialect == sqlkit.PostgreSQL { // on SQLite the second one waits before it can read
						once.Do(func() { both.Done(); both.Wait() })
					}
					if sum < 2 {
						return nil
					}
					_, err := tx.Exec(ctx, setCounter, 0, name)
					return err
				}))
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, counter(t, db, "a")+counter(t, db, "b"))
	})
}

func TestTx_AllOrNothing(t *testing.T) {
	no := errors.New("no")
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		db := open(t, e)
		ctx := t.Context()
		err := db.Tx(ctx, func(tx *sqlkit.Tx) error {
			_, err := tx.Exec(ctx, insertCounter, "c", 1)
			require.NoError(t, err)
			return no
		})
		require.ErrorIs(t, err, no)

		require.Panics(t, func() {
			_ = db.Tx(ctx, func(tx *sqlkit.Tx) error {
				_, err := tx.Exec(ctx, insertCounter, "c", 1)
				require.NoError(t, err)
				panic("no")
			})
		})

		// An error that the function ignores is not forgotten.
		err = db.Tx(ctx, func(tx *sqlkit.Tx) error {
			_, err := tx.Exec(ctx, insertCounter, "c", 1)
			require.NoError(t, err)
			_, _ = tx.Exec(ctx, insertCounter, "c", 2)
			return nil
		})
		require.True(t, sqlkit.IsUnique(err), "%v", err)

		require.ErrorIs(t, db.QueryRow(ctx, readCounter, "c").Scan(new(int64)), sql.ErrNoRows)
		require.True(t, sqlkit.IsNoRows(db.QueryRow(ctx, readCounter, "c").Scan(new(int64))))

		// A row that is not there is an answer.
		require.NoError(t, db.Tx(ctx, func(tx *sqlkit.Tx) error {
			require.ErrorIs(t, tx.QueryRow(ctx, readCounter, "c").Scan(new(int64)), sql.ErrNoRows)
			_, err := tx.Exec(ctx, insertCounter, "c", 1)
			return err
		}))
		require.EqualValues(t, 1, counter(t, db, "c"))
	})
}

func TestTx_OneConnectionIsEnough(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		raw := e.Handle(t)
		raw.SetMaxOpenConns(1)
		db := openOn(t, raw, e.Dialect)
		_, err := db.Exec(t.Context(), insertCounter, "c", 0)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { require.NoError(t, increment(t.Context(), db, "c")) })
		}
		wg.Wait()
		require.EqualValues(t, 10, counter(t, db, "c"))
	})
}

func TestTx_ContextEnds(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		raw := e.Handle(t)
		raw.SetMaxOpenConns(1)
		db := openOn(t, raw, e.Dialect)

		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, func(tx *sqlkit.Tx) error {
			_, err := tx.Exec(ctx, insertCounter, "c", 1)
			require.NoError(t, err)
			cancel()
			return nil
		})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, db.Tx(ctx, func(*sqlkit.Tx) error { return nil }), context.Canceled)
		_, err = db.Exec(ctx, insertCounter, "c", 1)
		require.ErrorIs(t, err, context.Canceled)

		// A statement in the middle of the transaction is stopped.
		ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		err = db.Tx(ctx, func(tx *sqlkit.Tx) error {
			if _, err := tx.Exec(ctx, insertCounter, "c", 1); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000000000)
				SELECT COUNT(*) FROM r`).Scan(new(int64))
		})
		require.Error(t, err)
		require.Less(t, time.Since(start), 10*time.Second)

		// Nothing of it was kept, and the one connection is usable.
		require.ErrorIs(t, db.QueryRow(t.Context(), readCounter, "c").Scan(new(int64)), sql.ErrNoRows)
	})
}

func TestD5_BusyFileOfAnotherHandle(t *testing.T) {
	e := sqlkittest.SQLitePlain(t)
	db, other := open(t, e), e.Handle(t)
	_, err := db.Exec(t.Context(), insertCounter, "c", 0)
	require.NoError(t, err)

	holder, err := other.Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, holder.Close()) }()
	_, err = holder.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	var released atomic.Bool
	time.AfterFunc(300*time.Millisecond, func() {
		released.Store(true)
		_, _ = holder.ExecContext(context.Background(), "COMMIT")
	})

	// Reading waits for nobody.
	require.Zero(t, counter(t, db, "c"))
	require.False(t, released.Load())
	// A caller in a hurry is told so, and nothing is done.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, increment(ctx, db, "c"), context.DeadlineExceeded)
	require.False(t, released.Load())
	// The others wait, with and without a transaction.
	var wg sync.WaitGroup
	wg.Go(func() { require.NoError(t, increment(t.Context(), db, "c")) })
	wg.Go(func() {
		_, err := db.Exec(t.Context(), insertCounter, "d", 5)
		require.NoError(t, err)
	})
	wg.Wait()
	require.True(t, released.Load())
	require.EqualValues(t, 1, counter(t, db, "c"))
	require.EqualValues(t, 5, counter(t, db, "d"))
}

func TestValues(t *testing.T) {
	type kind string
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		db := open(t, e)
		ctx := t.Context()
		const insert = `INSERT INTO kit_values (id, word, bytes, flag) VALUES (?, ?, ?, ?)`
		word := "a?'\"\\$1;--\U0001F600\u202e"
		for id, bytes := range [][]byte{nil, {}, {0, 255, 'x'}} {
			_, err := db.Exec(ctx, insert, id, kind(word), bytes, id == 1)
			require.NoError(t, err)
		}
		type row struct {
			word  string
			bytes []byte
			flag  bool
		}
		scan := func(s sqlkit.Scanner) (r row, err error) { return r, s.Scan(&r.word, &r.bytes, &r.flag) }
		rows, err := sqlkit.All(ctx, db, func(s sqlkit.Scanner) (row, error) { return scan(s) },
			`SELECT word, bytes, flag FROM kit_values WHERE word = ? ORDER BY id`, word)
		require.NoError(t, err)
		require.Len(t, rows, 3)
		require.Nil(t, rows[0].bytes)
		require.Empty(t, rows[1].bytes)
		require.Equal(t, []byte{0, 255, 'x'}, rows[2].bytes)
		require.Equal(t, []bool{false, true, false}, []bool{rows[0].flag, rows[1].flag, rows[2].flag})

		none, err := sqlkit.All(ctx, db, scan, `SELECT word, bytes, flag FROM kit_values WHERE id = ?`, 99)
		require.NoError(t, err)
		require.Nil(t, none)

		for _, bad := range []any{"a\x00", "\xff", kind("\x00")} {
			_, err = db.Exec(ctx, insert, 9, bad, nil, false)
			require.ErrorIs(t, err, sqlkit.ErrText)
			require.ErrorIs(t, db.QueryRow(ctx, `SELECT id FROM kit_values WHERE word = ?`, bad).Scan(new(int64)), sqlkit.ErrText)
		}
		_, err = db.Exec(ctx, insert, time.Now(), "", nil, false)
		require.ErrorContains(t, err, "Micros")
	})
}

func TestD11_ContextEndsWhileReading(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		db := open(t, e)
		require.NoError(t, db.Tx(t.Context(), func(tx *sqlkit.Tx) error {
			for id := range 500 {
				if _, err := tx.Exec(t.Context(), `INSERT INTO kit_values (id, word, flag) VALUES (?, ?, ?)`,
					id, strings.Repeat(string(rune('a'+id%26)), 1000), false); err != nil {
					return err
				}
			}
			return nil
		}))
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			words, err := sqlkit.All(ctx, db, func(s sqlkit.Scanner) (string, error) {
				if n++; n == 20 {
					go cancel()
				}
				var id int
				var word string
				if err := s.Scan(&id, &word); err != nil {
					return "", err
				}
				if want := strings.Repeat(string(rune('a'+id%26)), 1000); word != want {
					t.Errorf("row %d came back as another", id)
				}
				return word, nil
			}, `SELECT id, word FROM kit_values ORDER BY id`)
			cancel()
			if err == nil {
				require.Len(t, words, 500, "all or an error, never a part")
			} else {
				require.Nil(t, words)
			}
		}
	})
}
