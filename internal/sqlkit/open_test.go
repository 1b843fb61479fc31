package sqlkit_test

import (
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
)

func TestOpen_ManyAtOnce(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		errs := make([]error, 6)
		var start, wg sync.WaitGroup
		start.Add(1)
		for i := range errs {
			raw := e.Handle(t)
			wg.Go(func() {
				start.Wait()
				_, errs[i] = sqlkit.Open(t.Context(), raw, e.Dialect, migrations(t, "second"))
			})
		}
		start.Done()
		wg.Wait()
		require.NoError(t, errors.Join(errs...))

		var steps int
		db := open(t, e)
		require.NoError(t, db.QueryRow(t.Context(), `SELECT COUNT(*) FROM kit_migrations`).Scan(&steps))
		require.Equal(t, 3, steps, "the zeroth, and each of the two once")
	})
}

// interrupted is a folder of migrations that does something when the first file in it is read.
type interrupted struct {
	fs.FS
	once *sync.Once
	do   func()
}

func (f interrupted) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".sql") {
		f.once.Do(f.do)
	}
	return f.FS.Open(name)
}

// TestOpen_OvertakenOnSQLite: another process makes all the steps between the moment when this one sees that they are wanted and the
// moment when it begins.
func TestOpen_OvertakenOnSQLite(t *testing.T) {
	e := sqlkittest.SQLitePlain(t)
	m := migrations(t, "second")
	overtaken := false
	m.Files = interrupted{m.Files, new(sync.Once), func() {
		_, err := sqlkit.Open(t.Context(), e.Handle(t), sqlkit.SQLite, migrations(t, "second"))
		require.NoError(t, err)
		overtaken = true
	}}
	_, err := sqlkit.Open(t.Context(), e.Handle(t), sqlkit.SQLite, m)
	require.NoError(t, err)
	require.True(t, overtaken)
}

func TestD6_OldCodeOnNewTables(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		old := open(t, e)
		_, err := sqlkit.Open(t.Context(), e.Handle(t), e.Dialect, migrations(t, "second"))
		require.NoError(t, err)
		_, err = old.Exec(t.Context(), insertCounter, "running", 1)
		require.NoError(t, err)
		restarted := open(t, e)
		_, err = restarted.Exec(t.Context(), insertCounter, "restarted", 1)
		require.NoError(t, err)
	})
}

func TestOpen_BrokenStepLeavesNothing(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		_, err := sqlkit.Open(t.Context(), e.Handle(t), e.Dialect, migrations(t, "broken"))
		require.ErrorContains(t, err, "kit_nowhere")
		db := open(t, e)
		_, err = db.Exec(t.Context(), `INSERT INTO kit_half (n) VALUES (?)`, 1)
		require.Error(t, err, "half of the step is there")
		_, err = sqlkit.Open(t.Context(), e.Handle(t), e.Dialect, migrations(t, "second"))
		require.NoError(t, err)
	})
}

func TestOpen_Refuses(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		other := map[sqlkit.Dialect]sqlkit.Dialect{sqlkit.SQLite: sqlkit.PostgreSQL, sqlkit.PostgreSQL: sqlkit.SQLite}
		_, err := sqlkit.Open(t.Context(), e.Handle(t), other[e.Dialect], migrations(t, "first"))
		require.ErrorContains(t, err, "version")

		m := migrations(t, "first")
		for _, prefix := range []string{"", "Kit", "kit_", `k"; DROP`} {
			m.Prefix = prefix
			_, err := sqlkit.Open(t.Context(), e.Handle(t), e.Dialect, m)
			require.ErrorContains(t, err, "prefix")
		}
		_, err = sqlkit.Open(t.Context(), e.Handle(t), e.Dialect, sqlkit.Migrations{Prefix: "kit", Files: fstest.MapFS{}})
		require.Error(t, err)
	})
}

func TestOpen_SQLiteFileIsInWAL(t *testing.T) {
	raw := sqlkittest.SQLitePlain(t).Handle(t)
	openOn(t, raw, sqlkit.SQLite)
	var mode string
	require.NoError(t, raw.QueryRow("PRAGMA journal_mode").Scan(&mode))
	require.Equal(t, "wal", mode)
}

func TestOpen_SQLiteInMemory(t *testing.T) {
	raw := sqlkittest.Engine{Driver: "sqlite", DSN: ":memory:"}.Handle(t)
	raw.SetMaxOpenConns(1)
	db := openOn(t, raw, sqlkit.SQLite)
	_, err := db.Exec(t.Context(), insertCounter, "c", 1)
	require.NoError(t, err)
	require.EqualValues(t, 1, counter(t, db, "c"))
}
