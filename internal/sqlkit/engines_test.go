package sqlkit_test

import (
	"database/sql"
	"embed"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
)

//go:embed testdata
var testFiles embed.FS

func migrations(t testing.TB, folder string) sqlkit.Migrations {
	t.Helper()
	files, err := fs.Sub(testFiles, "testdata/"+folder)
	require.NoError(t, err)
	return sqlkit.Migrations{Prefix: "kit", Files: files}
}

// open opens the database once more, with the tables of the first migrations.
func open(t testing.TB, e sqlkittest.Engine) *sqlkit.DB {
	t.Helper()
	return openOn(t, e.Handle(t), e.Dialect)
}

func openOn(t testing.TB, raw *sql.DB, dialect sqlkit.Dialect) *sqlkit.DB {
	t.Helper()
	db, err := sqlkit.Open(t.Context(), raw, dialect, migrations(t, "first"))
	require.NoError(t, err)
	return db
}
