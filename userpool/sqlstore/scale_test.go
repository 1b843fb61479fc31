package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// crowd is a pool of users who were never made one by one: user i has the name "user<i>", the address "<i>@example.com", and a sub that is
// made of i.
const crowd = "crowd"

func crowdSub(i int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i*2654435761), i)
}

// crowdQueries add the users from one number to before another. The numbers are the rows of n.
func crowdQueries(dialect sqlstore.Dialect) []string {
	n := `WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d) `
	sub := `printf('%%08x-0000-4000-8000-%%012x', (i * 2654435761) %% 4294967296, i)`
	if dialect == sqlstore.PostgreSQL {
		n = `WITH n AS (SELECT generate_series(%d, %d - 1)::bigint AS i) `
		sub = `lpad(to_hex((i * 2654435761) %% 4294967296), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(i), 12, '0')`
	}
	users := `INSERT INTO userpool_users (pool, sub, username, status, enabled, attributes_json, password_hash, identifiers_json, codes_json,
		epoch, created, modified, version, indexed)
		` + n + ` SELECT 'crowd', ` + sub + `, 'user' || i, 'CONFIRMED', true,
		'{"email":"' || i || '@example.com","email_verified":"true"}', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g',
		'[{"kind":"email","value":"' || i || '@example.com"},{"kind":"username","value":"user' || i || '"}]', '[]', 0, 0, 0, 1, 1 FROM n`
	identifier := func(kind, value string) string {
		return `INSERT INTO userpool_identifiers (pool, kind, value, sub) ` + n + ` SELECT 'crowd', '` + kind + `', ` + value + `, ` + sub + ` FROM n`
	}
	term := func(attribute, value string) string {
		return `INSERT INTO userpool_search (pool, attribute, value, sub) ` + n + ` SELECT 'crowd', '` + attribute + `', ` + value + `, ` + sub + ` FROM n`
	}
	return []string{
		users, identifier("username", `'user' || i`), identifier("email", `i || '@example.com'`), term("email", `i || '@example.com'`),
		term("status", `'enabled'`),
	}
}

// grow adds users until there are that many.
func grow(b *testing.B, db *sql.DB, dialect sqlstore.Dialect, from, to int) {
	b.Helper()
	for _, query := range crowdQueries(dialect) {
		_, err := db.ExecContext(b.Context(), fmt.Sprintf(query, from, to))
		require.NoError(b, err)
	}
	_, err := db.ExecContext(b.Context(), "ANALYZE")
	require.NoError(b, err)
}

// median returns how long half of the calls took at most.
func median(times int, call func()) time.Duration {
	took := make([]time.Duration, times)
	for i := range took {
		began := time.Now()
		call()
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[times/2]
}

// BenchmarkScale looks users up by name, by alias and by sub, and lists the first and the last page, among a thousand, a hundred thousand
// and a million users. For each it prints the median, and how many times that among a thousand it is. It is skipped with -short.
func BenchmarkScale(b *testing.B) {
	if testing.Short() {
		b.Skip("a million users take a minute to make")
	}
	b.Run("SQLite", func(b *testing.B) { scale(b, sqlkittest.SQLite(b)) })
	b.Run("PostgreSQL", func(b *testing.B) { scale(b, sqlkittest.PostgreSQL(b)) })
}

func scale(b *testing.B, e sqlkittest.Engine) {
	s, db, dialect := open(b, e), e.Handle(b), sqlstore.Dialect(e.Dialect)
	ctx := context.Background()
	among := 0
	find := func(by func(i int) (userpool.User, error)) func() {
		return func() {
			i := rand.IntN(among)
			u, err := by(i)
			require.NoError(b, err)
			require.Equal(b, crowdSub(i), u.Sub)
		}
	}
	list := func(q userpool.UserQuery) func() {
		return func() {
			page, err := s.ListUsers(ctx, crowd, q)
			require.NoError(b, err)
			require.NotEmpty(b, page.Users)
		}
	}
	smallest := map[string]time.Duration{}
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		grow(b, db, dialect, among, size)
		among = size
		last := lastPage(b, s)
		for _, look := range []struct {
			name string
			call func()
		}{
			{"name", find(func(i int) (userpool.User, error) {
				return s.UserByIdentifier(ctx, crowd, userpool.Identifier{Kind: userpool.IdentifierUsername, Value: fmt.Sprintf("user%d", i)})
			})},
			{"alias", find(func(i int) (userpool.User, error) {
				return s.UserByIdentifier(ctx, crowd, userpool.Identifier{Kind: userpool.IdentifierEmail, Value: fmt.Sprintf("%d@example.com", i)})
			})},
			{"sub", find(func(i int) (userpool.User, error) { return s.User(ctx, crowd, crowdSub(i)) })},
			{"first-page", list(userpool.UserQuery{Limit: 60})},
			{"last-page", list(userpool.UserQuery{Limit: 60, After: last})},
			{"email-filter", list(userpool.UserQuery{Attribute: "email", Operator: userpool.OperatorPrefix, Value: "7", Limit: 60})},
		} {
			b.Run(fmt.Sprintf("%s/%d", look.name, size), func(b *testing.B) {
				took := median(max(b.N, 1000), look.call)
				if smallest[look.name] == 0 {
					smallest[look.name] = took
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(took.Nanoseconds()), "median-ns")
				b.ReportMetric(float64(took)/float64(smallest[look.name]), "x-smallest")
			})
		}
	}
}

// lastPage returns the cursor of the last whole page.
func lastPage(b *testing.B, s *sqlstore.Store) string {
	b.Helper()
	after := ""
	for {
		page, err := s.ListUsers(context.Background(), crowd, userpool.UserQuery{After: after, Limit: 1000})
		require.NoError(b, err)
		if page.Next == "" {
			require.NotEmpty(b, page.Users)
			return after
		}
		after = page.Next
	}
}
