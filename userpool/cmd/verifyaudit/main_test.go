package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/pgtest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// build makes the command once for a test and returns how to run it.
func build(t *testing.T) func(args ...string) (code int, out string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "verifyaudit")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return func(args ...string) (int, string) {
		c := exec.CommandContext(t.Context(), binary, args...)
		out, err := c.CombinedOutput()
		if err != nil {
			require.IsType(t, &exec.ExitError{}, err)
		}
		return c.ProcessState.ExitCode(), string(out)
	}
}

// trail makes a pool with some events in a database, and returns the lines of its export.
func trail(t *testing.T, db *sql.DB, dialect sqlstore.Dialect) (lines []string, head string) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), db, dialect)
	require.NoError(t, err)
	pool := userpooltest.New(t, func(c *userpool.Config) { c.Store = store })
	for i := range 6 {
		require.NoError(t, pool.CreateGroup(t.Context(), userpool.Group{Name: fmt.Sprintf("group-%d", i), Description: "<&>"}))
	}
	var b bytes.Buffer
	require.NoError(t, pool.ExportAudit(t.Context(), &b))
	v, err := pool.VerifyAuditTrail(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, int64(6), v.Count)
	return strings.SplitAfter(strings.TrimSuffix(b.String(), "\n"), "\n"), v.Head().String()
}

func sqlite(t *testing.T) (*sql.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pool.db")
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db, path
}

func TestVerifyAudit_Database(t *testing.T) {
	command := build(t)
	db, path := sqlite(t)
	_, head := trail(t, db, sqlstore.SQLite)
	last := func(out string) string {
		lines := strings.Split(strings.TrimSpace(out), "\n")
		return lines[len(lines)-1]
	}
	code, out := command("-database", "sqlite:"+path)
	require.Equal(t, whole, code, out)
	require.Equal(t, head, last(out))
	code, out = command("-database", "sqlite:"+path, "-head", head)
	require.Equal(t, whole, code, out)
	code, out = command("-database", "sqlite:"+path, "-pool", "other")
	require.Equal(t, whole, code)
	require.Contains(t, out, "no records")

	_, err := db.ExecContext(t.Context(), `DELETE FROM userpool_audit WHERE serial = 6`)
	require.NoError(t, err)
	code, _ = command("-database", "sqlite:"+path)
	require.Equal(t, whole, code, "without a head nobody knows")
	code, out = command("-database", "sqlite:"+path, "-head", head)
	require.Equal(t, broken, code)
	require.Contains(t, out, "BROKEN at record 6")
	_, err = db.ExecContext(t.Context(), `UPDATE userpool_audit SET event = '{"type":"SignIn"}' WHERE serial = 3`)
	require.NoError(t, err)
	code, out = command("-database", "sqlite:"+path)
	require.Equal(t, broken, code)
	require.Contains(t, out, "BROKEN at record 3")
}

func TestVerifyAudit_PostgreSQL(t *testing.T) {
	dsn := pgtest.DSN(t)
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, head := trail(t, db, sqlstore.PostgreSQL)
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"-database", dsn, "-head", head}, nil, &out, &errs)
	require.Equal(t, whole, code, errs.String())
	require.Contains(t, out.String(), head)
}

func TestVerifyAudit_File(t *testing.T) {
	command := build(t)
	db, _ := sqlite(t)
	lines, head := trail(t, db, sqlstore.SQLite)
	changed := func(change func([]string) []string) string { return strings.Join(change(slices.Clone(lines)), "") }
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for name, test := range map[string]struct {
		content string
		head    string
		code    int
		want    string
	}{
		"whole":      {strings.Join(lines, ""), head, whole, head},
		"empty":      {"", "", whole, "no records"},
		"cut off":    {changed(func(l []string) []string { return l[:4] }), head, broken, "BROKEN at record 5"},
		"emptied":    {"", head, broken, "BROKEN at record 1"},
		"tampered":   {changed(func(l []string) []string { l[1] = strings.Replace(l[1], "group-1", "group-x", 1); return l }), "", broken, "record 2"},
		"missing":    {changed(func(l []string) []string { return slices.Delete(l, 2, 3) }), "", broken, "record 3"},
		"reordered":  {changed(func(l []string) []string { l[3], l[4] = l[4], l[3]; return l }), "", broken, "record 4"},
		"other head": {strings.Join(lines, ""), "3:" + strings.Repeat("00", 32), broken, "record 3"},
		"no JSON":    {"x\n", "", unreadable, "line 1"},
		"other pool": {changed(func(l []string) []string { l[0] = strings.Replace(l[0], `"default"`, `"p"`, 1); return l }), "", unreadable, "-pool"},
		"bad head":   {"", "3:xx", unreadable, "-head"},
		"long line":  {strings.Repeat("x", maxLine+1), "", unreadable, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, []byte(test.content), 0o600))
			code, out := command("-file", path, "-head", test.head)
			require.Equal(t, test.code, code, out)
			require.Contains(t, out, test.want)
		})
	}
}

func TestVerifyAudit_WrongUse(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.db")
	for _, args := range [][]string{
		nil, {"-x"}, {"-file", "a", "-database", "sqlite:b"}, {"-file", missing}, {"-database", "sqlite:" + missing}, {"-database", "mysql://x"},
		{"-file", "-", "more"},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, unreadable, run(t.Context(), args, strings.NewReader(""), &out, &errs), "%q", args)
		require.NotEmpty(t, errs.String())
	}
	require.NoFileExists(t, missing, "a database is not made")
	var out, errs bytes.Buffer
	require.Equal(t, whole, run(t.Context(), []string{"-file", "-"}, strings.NewReader(""), &out, &errs))
}
