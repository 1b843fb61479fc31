package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
)

// crowd puts many users into a pool, fewer into another, all of them with terms, in one group, and with a trail.
const crowd = `WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 20000) `

var crowds = []string{
	crowd + `INSERT INTO userpool_users (pool, sub, username, status, enabled, attributes_json, password_hash, identifiers_json, codes_json,
		epoch, created, modified, version, indexed) SELECT CASE WHEN n % 10 = 0 THEN 'other' ELSE 'pool' END, 'sub-' || (100000 + n), 'name', 'CONFIRMED', 1 = 1,
		'{"email":"someone@example.com","email_verified":"true","name":"Some One"}', '', '[]', '[]', 1, 1, 1, 3, 3 FROM g`,
	`INSERT INTO userpool_search (pool, attribute, value, sub) SELECT pool, 'status', 'enabled', sub FROM userpool_users`,
	`INSERT INTO userpool_search (pool, attribute, value, sub) SELECT pool, 'email', sub || '@example.com', sub FROM userpool_users`,
	`INSERT INTO userpool_search (pool, attribute, value, sub) SELECT pool, 'name', substr(sub, 5, 4), sub FROM userpool_users`,
	`INSERT INTO userpool_members (pool, sub, group_name) SELECT pool, sub, 'staff' FROM userpool_users`,
	`INSERT INTO userpool_records (pool, kind, name, owner, version) SELECT pool, 'device', sub, sub, 1 FROM userpool_users`,
	`INSERT INTO userpool_sessions (pool, id, kind, sub, parent, client_id, scopes_json, generation, current_json, previous_json, rotated,
		epoch, auth_time, provider, created, expires, version) SELECT pool, sub, '', sub, '', '', '', 1, '', '', 1, 1, 1, '', 1, 1, 1 FROM userpool_users`,
	crowd + `INSERT INTO userpool_audit (pool, serial, recorded, sub) SELECT 'pool', n, n, 'sub-' || (100000 + n % 5000) FROM g`,
}

type planned struct {
	name  string
	query string
	args  []any
	index [2]string // that SQLite and PostgreSQL must use
	sorts bool      // what was found is sorted: the rows of one user, or, before ANALYZE, those of which there are few at most times
}

var (
	users   = [2]string{"sqlite_autoindex_userpool_users_1", "userpool_users_pkey"}
	search  = [2]string{"s USING PRIMARY KEY", "userpool_search_pkey"}
	stale   = [2]string{"userpool_users_stale", "userpool_users_stale"}
	records = [2]string{"userpool_records_owner", "userpool_records_owner"}
	trail   = [2]string{"sqlite_autoindex_userpool_audit_1", "userpool_audit_pkey"}
)

var plans = []planned{
	{"first page of all", selectUsers, []any{"pool", "", "t", 61}, users, false},
	{"last page of all", selectUsers, []any{"pool", "sub-119990", "t", 61}, users, false},
	{"sub contains", selectUsersContaining, []any{"pool", "", "t", "77", 61}, users, false},
	{"end of a scan of subs", selectUserAt, []any{"pool", "", "t", 10000}, users, false},
	{"first page of a value that all have", selectUsersByTerm, []any{"pool", "status", "enabled", "", "enabled\x01", "", 61}, search, false},
	{"last page of it", selectUsersByTerm, []any{"pool", "status", "enabled", "sub-119990", "enabled\x01", "", 61}, search, false},
	{"value of one", selectUsersByTerm, []any{"pool", "email", "sub-100007@example.com", "", "sub-100007@example.com\x01", "", 61}, search, false},
	{"value of nobody", selectUsersByTerm, []any{"pool", "email", "x", "", "x\x01", "", 61}, search, false},
	{"first page of a prefix", selectUsersByTerm, []any{"pool", "email", "sub-11", "", "sub-12", "", 61}, search, false},
	{"last page of it", selectUsersByTerm, []any{"pool", "email", "sub-119990@example.com", "sub-119990", "sub-12", "", 61}, search, false},
	{"value contains", selectUsersByTermContaining, []any{"pool", "email", "", "", "t", "", "77", 61}, search, false},
	{"end of a scan of values", selectTermAt, []any{"pool", "email", "", "", "t", "", 10000}, search, false},
	{"is there anybody to index", selectStale, []any{"pool"}, stale, false},
	{"whom to index", selectStaleUsers, []any{"pool", 500}, stale, true},
	{"terms of one", deleteTermsOf, []any{"pool", "sub-100007"}, [2]string{"userpool_search_sub", "userpool_search_sub"}, false},
	{"members", selectMembers, []any{"pool", "staff", "sub-119990", 61}, [2]string{"userpool_members_list", "userpool_members_list"}, true},
	{"sessions of one", selectSessionsOf, []any{"pool", "sub-100007", 61}, [2]string{"userpool_sessions_sub", "userpool_sessions_sub"}, true},
	{"records", selectRecords, []any{"pool", "device", "sub-119990", 61}, [2]string{"sqlite_autoindex_userpool_records_1", "userpool_records_pkey"}, false},
	{"records of one", selectOwned, []any{"pool", "sub-100007", "device", "", 61}, records, true},
	{"last audit record", selectLastAudit, []any{"pool"}, trail, false},
	{"first audit records", selectAudit + firstAudit, []any{"pool", 0, 1 << 40, 61}, trail, false},
	{"newest audit records", selectAudit + newestAudit, []any{"pool", 0, 1 << 40, 61}, trail, false},
	{"audit records of one", selectAuditOf + newestAuditOf, []any{"pool", "sub-100007", 0, "sub-100007", 1 << 40, 61}, [2]string{"userpool_audit_sub", "userpool_audit_sub"}, true},
	{"old audit records", deleteAudit, []any{"pool", 100, "pool"}, trail, false},
}

// TestListUsers_Plans: each query that may look at a part of very many rows finds that part in an index, in the order that it wants: the
// last page costs what the first costs. PostgreSQL is asked before and after it has looked at the tables (ANALYZE), and several
// times, since it may come to prefer another plan.
func TestListUsers_Plans(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		db := e.Handle(t)
		_, err := Open(t.Context(), db, Dialect(e.Dialect))
		require.NoError(t, err)
		for _, query := range crowds {
			if e.Dialect == sqlkit.SQLite { // which does not weigh the sizes of tables
				query = strings.Replace(query, "20000", "2000", 1)
			}
			_, err := db.Exec(query)
			require.NoError(t, err)
		}
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		for _, before := range []string{"SELECT 1", "ANALYZE"} {
			_, err := conn.ExecContext(t.Context(), before)
			require.NoError(t, err)
			for _, p := range plans {
				for _, plan := range explain(t, e, conn, p) {
					index, bad := p.index[0], []string{"SCAN userpool", "SCAN u", "SCAN s", "TEMP B-TREE"}
					if e.Dialect == sqlkit.PostgreSQL {
						index, bad = p.index[1], []string{"Seq Scan", "Sort", "Hash", "Merge"}
					}
					require.Contains(t, plan, index, "%s, after %s", p.name, before)
					for _, word := range bad {
						if !p.sorts || word != "Sort" && word != "TEMP B-TREE" {
							require.NotContains(t, plan, word, "%s, after %s", p.name, before)
						}
					}
				}
			}
		}
	})
}

// explain returns how the database goes about a query.
func explain(t *testing.T, e sqlkittest.Engine, conn *sql.Conn, p planned) []string {
	t.Helper()
	if e.Dialect == sqlkit.SQLite {
		return []string{rowsOf(t, conn, 3, "EXPLAIN QUERY PLAN "+p.query, p.args...)}
	}
	query, n := p.query, 0
	for strings.Contains(query, "?") {
		n++
		query = strings.Replace(query, "?", fmt.Sprintf("$%d", n), 1)
	}
	var values []string
	for _, v := range p.args {
		if s, ok := v.(string); ok {
			v = "'" + s + "'"
		}
		values = append(values, fmt.Sprint(v))
	}
	_, err := conn.ExecContext(t.Context(), "PREPARE planned AS "+query)
	require.NoError(t, err, p.name)
	var out []string
	for range 7 { // after some times it may take a plan for any values
		out = append(out, rowsOf(t, conn, 0, "EXPLAIN EXECUTE planned ("+strings.Join(values, ", ")+")"))
	}
	_, err = conn.ExecContext(t.Context(), "DEALLOCATE planned")
	require.NoError(t, err)
	return out
}

// rowsOf returns one column of all rows.
func rowsOf(t *testing.T, conn *sql.Conn, column int, query string, args ...any) string {
	t.Helper()
	rows, err := conn.QueryContext(context.Background(), query, args...)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var b strings.Builder
	for rows.Next() {
		dest := make([]any, len(columns))
		for i := range dest {
			dest[i] = new(any)
		}
		require.NoError(t, rows.Scan(dest...))
		fmt.Fprintln(&b, *dest[column].(*any))
	}
	require.NoError(t, rows.Err())
	return b.String()
}
