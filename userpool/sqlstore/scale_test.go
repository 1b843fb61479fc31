package sqlstore_test

import (
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

// crowdOf is a store with that many users.
type crowdOf struct {
	size  int
	store *sqlstore.Store
	// last is the cursor of the last whole page.
	last string
}

func newCrowd(b *testing.B, e sqlkittest.Engine, size int) crowdOf {
	b.Helper()
	c := crowdOf{size: size, store: open(b, e)}
	db := e.Handle(b)
	for _, query := range crowdQueries(sqlstore.Dialect(e.Dialect)) {
		_, err := db.ExecContext(b.Context(), fmt.Sprintf(query, 0, size))
		require.NoError(b, err)
	}
	_, err := db.ExecContext(b.Context(), "ANALYZE")
	require.NoError(b, err)
	for {
		page, err := c.store.ListUsers(b.Context(), crowd, userpool.UserQuery{After: c.last, Limit: 1000})
		require.NoError(b, err)
		if page.Next == "" {
			require.NotEmpty(b, page.Users)
			return c
		}
		c.last = page.Next
	}
}

// BenchmarkScale looks users up by name, by alias and by sub, and lists the first and the last page, among a thousand, a hundred thousand
// and a million users in turns, so that all three meet the same machine. For each it prints the medians, and how many times that among a
// thousand the others are. It is skipped with -short.
func BenchmarkScale(b *testing.B) {
	if testing.Short() {
		b.Skip("a million users take a minute to make")
	}
	b.Run("SQLite", func(b *testing.B) { scale(b, sqlkittest.SQLite) })
	b.Run("PostgreSQL", func(b *testing.B) { scale(b, sqlkittest.PostgreSQL) })
}

func scale(b *testing.B, engine func(testing.TB) sqlkittest.Engine) {
	var crowds []crowdOf
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		crowds = append(crowds, newCrowd(b, engine(b), size))
	}
	find := func(by func(s *sqlstore.Store, i int) (userpool.User, error)) func(crowdOf) {
		return func(c crowdOf) {
			i := rand.IntN(c.size)
			u, err := by(c.store, i)
			require.NoError(b, err)
			require.Equal(b, crowdSub(i), u.Sub)
		}
	}
	list := func(query func(crowdOf) userpool.UserQuery) func(crowdOf) {
		return func(c crowdOf) {
			page, err := c.store.ListUsers(b.Context(), crowd, query(c))
			require.NoError(b, err)
			require.NotEmpty(b, page.Users)
		}
	}
	for name, look := range map[string]func(crowdOf){
		"name": find(func(s *sqlstore.Store, i int) (userpool.User, error) {
			return s.UserByIdentifier(b.Context(), crowd, userpool.Identifier{Kind: userpool.IdentifierUsername, Value: fmt.Sprintf("user%d", i)})
		}),
		"alias": find(func(s *sqlstore.Store, i int) (userpool.User, error) {
			return s.UserByIdentifier(b.Context(), crowd, userpool.Identifier{Kind: userpool.IdentifierEmail, Value: fmt.Sprintf("%d@example.com", i)})
		}),
		"sub":        find(func(s *sqlstore.Store, i int) (userpool.User, error) { return s.User(b.Context(), crowd, crowdSub(i)) }),
		"first-page": list(func(crowdOf) userpool.UserQuery { return userpool.UserQuery{Limit: 60} }),
		"last-page":  list(func(c crowdOf) userpool.UserQuery { return userpool.UserQuery{Limit: 60, After: c.last} }),
		"email-filter": list(func(crowdOf) userpool.UserQuery {
			return userpool.UserQuery{Attribute: "email", Operator: userpool.OperatorPrefix, Value: "7", Limit: 60}
		}),
	} {
		b.Run(name, func(b *testing.B) { inTurns(b, crowds, look) })
	}
}

// inTurns reports how long half of the calls took at most, for each crowd.
func inTurns(b *testing.B, crowds []crowdOf, look func(crowdOf)) {
	took := make([][]time.Duration, len(crowds))
	for range max(b.N, 1000) {
		for i, c := range crowds {
			began := time.Now()
			look(c)
			took[i] = append(took[i], time.Since(began))
		}
	}
	b.ReportMetric(0, "ns/op")
	smallest := 0.0
	for i, c := range crowds {
		slices.Sort(took[i])
		median := float64(took[i][len(took[i])/2])
		b.ReportMetric(median, fmt.Sprintf("ns-of-%d", c.size))
		if i == 0 {
			smallest = median
			continue
		}
		b.ReportMetric(median/smallest, fmt.Sprintf("x-of-%d", c.size))
	}
}
