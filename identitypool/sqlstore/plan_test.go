package sqlstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
)

const crowd = `WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 20000) `

// crowds puts many identities into a pool, fewer into another; one of 10 is enabled.
var crowds = []string{
	crowd + `INSERT INTO identitypool_identities (pool, id, created, disabled) SELECT CASE WHEN n % 10 = 0 THEN 'other' ELSE 'pool' END,
		'id-' || (100000 + n), 1, n % 10 <> 1 FROM g`,
	`INSERT INTO identitypool_logins (pool, provider, subject, identity) SELECT pool, 'a', 's-' || id, id FROM identitypool_identities`,
	`INSERT INTO identitypool_logins (pool, provider, subject, identity) SELECT pool, 'b', 's-' || id, id FROM identitypool_identities`,
	`INSERT INTO identitypool_tickets (pool, ticket_key, expires) SELECT pool, id, 5 FROM identitypool_identities`,
	`INSERT INTO identitypool_revocations (pool, subject, issued_until, expires) SELECT pool, id, 5, 5 FROM identitypool_identities`,
}

// TestPlans: each query that could look at all rows of a pool finds those that it wants in an index.
func TestPlans(t *testing.T) {
	some := []any{"pool", 1, "id-1", "id-2", "id-3", "id-4", "id-5", "id-6", "id-7", "id-8"}
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		store, err := Open(t.Context(), e.Handle(t), Dialect(e.Dialect))
		require.NoError(t, err)
		db := store.db
		for _, query := range crowds {
			_, err := db.Exec(t.Context(), query)
			require.NoError(t, err)
		}
		_, err = db.Exec(t.Context(), "ANALYZE")
		require.NoError(t, err)
		explain := map[sqlkit.Dialect]string{sqlkit.SQLite: "EXPLAIN QUERY PLAN ", sqlkit.PostgreSQL: "EXPLAIN "}[e.Dialect]
		for _, planned := range []struct {
			name, query string
			args        []any
		}{
			{"an identity", selectIdentity, []any{"pool", "id-100007"}},
			{"of a login", selectIdentityOfLogin, []any{"pool", "a", "s-id-100007"}},
			{"first page", selectIdentities, []any{"pool", "", 61}},
			{"last page", selectIdentities, []any{"pool", "id-119990", 61}},
			{"first page of the enabled", selectEnabledIdentities, []any{"pool", false, "", 61}},
			{"last page of the enabled", selectEnabledIdentities, []any{"pool", false, "id-119000", 61}},
			{"logins of one", deleteLogins, []any{"pool", "id-100007"}},
			{"revocations of some", selectRevocations, some},
			{"a ticket", takeTicket, []any{"pool", "id-100007", 1}},
			{"old tickets", purgeTickets, []any{"pool", 1}},
			{"old revocations", purgeRevocations, []any{"pool", 1}},
		} {
			lines, err := sqlkit.All(t.Context(), db, func(row sqlkit.Scanner) (line string, err error) {
				if e.Dialect == sqlkit.SQLite {
					var id, parent, unused int
					err = row.Scan(&id, &parent, &unused, &line)
					return line, err
				}
				err = row.Scan(&line)
				return line, err
			}, explain+planned.query, planned.args...)
			require.NoError(t, err)
			plan := strings.Join(lines, "\n")
			for _, whole := range []string{"Seq Scan", "SCAN identitypool", "SCAN l", "SCAN k"} {
				require.NotContains(t, plan, whole, fmt.Sprint(planned.name, " of ", e.Dialect))
			}
		}
	})
}
