package sqlkit

import (
	"database/sql"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbered(t *testing.T) {
	for in, want := range map[string]string{
		``:                      ``,
		`SELECT 1`:              `SELECT 1`,
		`?`:                     `$1`,
		`a = ? AND b IN (?,?)`:  `a = $1 AND b IN ($2,$3)`,
		`'?' || ?`:              `'?' || $1`,
		`'it''s ?' || ?`:        `'it''s ?' || $1`,
		`"col?" = ?`:            `"col?" = $1`,
		"? -- why?\n, ?":        "$1 -- why?\n, $2",
		`? /* ? */ ?`:           `$1 /* ? */ $2`,
		`'no end ?`:             `'no end ?`,
		`-- no end ?`:           `-- no end ?`,
		`/* no end ?`:           `/* no end ?`,
		`5 - ? / ?`:             `5 - $1 / $2`,
		`?,?,?,?,?,?,?,?,?,?,?`: `$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11`,
	} {
		require.Equal(t, want, numbered(in), "%s", in)
	}
}

func FuzzNumbered(f *testing.F) {
	for _, seed := range []string{`a = ? AND b = '?'`, `"`, `--`, `/*`, "'--?\n'?", `''?`, "é?"} {
		f.Add(seed)
	}
	mark := regexp.MustCompile(`\$[0-9]+`)
	f.Fuzz(func(t *testing.T, query string) {
		got := numbered(query)
		if strings.ContainsAny(query, "$0123456789") {
			return // cannot be told from marks
		}
		require.Equal(t, query, mark.ReplaceAllString(got, "?"), "nothing but parameters is changed")
		for i, m := range mark.FindAllString(got, -1) {
			require.Equal(t, "$"+strconv.Itoa(i+1), m)
		}
	})
}

func TestNew_Refuses(t *testing.T) {
	_, err := New(nil, SQLite)
	require.ErrorContains(t, err, "nil")
	for _, bad := range []Dialect{"", "mysql", "SQLite", "postgres"} {
		_, err = New(&sql.DB{}, bad)
		require.ErrorContains(t, err, "unknown dialect")
		require.ErrorContains(t, err, string(SQLite))
	}
}

func TestRewrite_CacheIsBounded(t *testing.T) {
	d := &DB{dialect: PostgreSQL}
	for n := range maxRewritten + 100 {
		q := strings.Repeat(" ", n) + "?"
		require.Equal(t, strings.Repeat(" ", n)+"$1", d.rewrite(q))
	}
	held := 0
	d.rewritten.Range(func(any, any) bool { held++; return true })
	require.Equal(t, maxRewritten, held)
	require.Equal(t, "$1", d.rewrite("?"), "from the cache")
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"3.46.1": true, "3.35.0": true, "3.35": true, "3.34.9": false, "2.99": false, "4.0": true,
	} {
		require.Equal(t, want, atLeast(version, 3, 35), version)
	}
	for version, want := range map[string]bool{
		"15.4 (Debian 15.4-1)": true, "12.0": true, "11.22": false, "9.6.1": false, "17beta1": true, "18devel": true,
	} {
		require.Equal(t, want, atLeast(version, 12, 0), version)
	}
}
