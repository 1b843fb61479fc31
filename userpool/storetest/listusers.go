package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// pages returns the subs of all users that a query finds, page by page.
func pages(t *testing.T, s userpool.Store, pool string, q userpool.UserQuery) (all [][]string) {
	t.Helper()
	for range 500 {
		page, err := s.ListUsers(t.Context(), pool, q)
		require.NoError(t, err, "%+v", q)
		require.LessOrEqual(t, len(page.Users), q.Limit)
		require.LessOrEqual(t, len(page.Next), 2000)
		var found []string
		for _, u := range page.Users {
			found = append(found, u.Sub)
		}
		all = append(all, found)
		if page.Next == "" {
			return all
		}
		q.After = page.Next
	}
	t.Fatalf("the pages of %+v have no end", q)
	return nil
}

// subs returns the subs of all users that a query finds, sorted.
func subs(t *testing.T, s userpool.Store, pool string, q userpool.UserQuery) []string {
	t.Helper()
	return slices.Sorted(slices.Values(slices.Concat(pages(t, s, pool, q)...)))
}

// finds says whether a query finds a user, in the plainest way.
func finds(q userpool.UserQuery, u userpool.User) bool {
	terms := append(userpool.SearchTerms(u), userpool.SearchTerm{Attribute: "sub", Value: u.Sub})
	return q.Attribute == "" || slices.ContainsFunc(terms, func(term userpool.SearchTerm) bool {
		if term.Attribute != q.Attribute {
			return false
		}
		switch q.Operator {
		case userpool.OperatorPrefix:
			return strings.HasPrefix(term.Value, q.Value)
		case userpool.OperatorContains:
			return strings.Contains(term.Value, q.Value)
		}
		return term.Value == q.Value
	})
}

// listed requires that a query finds exactly those of these users whom it should find.
func listed(t *testing.T, s userpool.Store, users []userpool.User, q userpool.UserQuery) {
	t.Helper()
	want := []string{}
	for _, u := range users {
		if finds(q, u) {
			want = append(want, u.Sub)
		}
	}
	slices.Sort(want)
	require.Equal(t, want, append([]string{}, subs(t, s, poolA, q)...), "%+q", q)
}

func found(attribute string, operator userpool.UserOperator, value string) userpool.UserQuery {
	return userpool.UserQuery{Attribute: attribute, Operator: operator, Value: value, Limit: 1000}
}

var operators = []userpool.UserOperator{userpool.OperatorEqual, userpool.OperatorPrefix, userpool.OperatorContains}

// listFind: users are found by the terms that userpool.SearchTerms gives, and by their sub, compared byte by byte. No character of a
// value is a pattern. What is found is the user as User returns it, and a user who changes is found by what is there now.
func listFind(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	person := func(sub, name string) userpool.User {
		u := user(sub, email(sub+"@example.com"))
		u.Attributes = map[string]string{"name": name, "email": sub + "@example.com"}
		return u
	}
	users := []userpool.User{
		person("1", "Zo\u00eb"), person("2", "Zoe\u0308"), person("3", "ZOE"), person("4", "100% A_B"), person("5", "100x AxB"),
		person("6", `C:\dir`), person("7", strings.Repeat("\u00e9", 150)), person("8", "\U0010ffff\U0010ffff"), person("9", "\ud7ff"),
		person("10", "\ue000"), person("A", ""), person("a", "o'neill"), person("\u00e9", "\U0001F600"), {Sub: "bare"},
	}
	users[0].Enabled, users[1].Status = false, userpool.StatusUnconfirmed
	mustCreate(t, s, users...)
	require.NoError(t, s.CreateUser(ctx, poolB, person("elsewhere", "zoe")))

	values := []string{
		"", "z", "zo", "zo\u00eb", "zoe", "Z", "e", "\u0308", "100%", "%", "_", "a_b", "a%b", `\`, `c:\dir`, "?", "*", "'", "o'n", "disabled",
		"Enabled", "enabled", "confirmed", "unconfirmed", "force", "@example.com", "1@example.com", "\u00e9", strings.Repeat("\u00e9", 100),
		strings.Repeat("\u00e9", 101), "\U0010ffff", "\U0010ffff\U0010ffff", "\U0010ffff\U0010ffff\U0010ffff", "\ud7ff", "\ue000", "\U0001F600", "1", "10", "A", "a",
	}
	for _, attribute := range []string{"name", "email", "username", "cognito:user_status", "status", "sub"} {
		for _, operator := range operators {
			for _, value := range values {
				listed(t, s, users, found(attribute, operator, value))
			}
		}
	}
	for _, nobodys := range []string{"phone_number", "Name", "nam", "%"} {
		for _, operator := range operators {
			listed(t, s, users, found(nobodys, operator, ""))
			listed(t, s, users, found(nobodys, operator, "zo\u00eb"))
		}
	}
	listed(t, s, users, userpool.UserQuery{Limit: 1000})
	listed(t, s, users, userpool.UserQuery{Limit: 1000, Operator: userpool.OperatorEqual, Value: "nothing is compared"})

	page, err := s.ListUsers(ctx, poolA, found("name", userpool.OperatorEqual, "zo\u00eb"))
	require.NoError(t, err)
	require.Empty(t, page.Next, "nothing is left")
	sameUser(t, users[0], 1, page.Users[0])

	// Changes of every kind.
	change := func(f func(u *userpool.User)) {
		t.Helper()
		u := mustUser(t, s, "3")
		f(&u)
		require.NoError(t, s.UpdateUser(ctx, poolA, u))
		users[2] = mustUser(t, s, "3")
		for _, q := range []userpool.UserQuery{
			found("name", "=", "zoe"), found("name", "=", "joan"), found("name", "^=", ""), found("email", "^=", "3"), found("status", "=", "disabled"),
			found("username", "=", "3"), found("username", "=", "corp_3"), found("cognito:user_status", "=", "confirmed"), found("nickname", "*=", "o"),
			{Limit: 1000},
		} {
			listed(t, s, users, q)
		}
	}
	change(func(u *userpool.User) { u.Attributes["name"] = "Joan" })
	change(func(u *userpool.User) { u.Attributes = map[string]string{"nickname": "Jo"} })
	change(func(u *userpool.User) { u.Codes = nil })
	change(func(u *userpool.User) { u.Enabled = false })
	change(func(u *userpool.User) { u.Username, u.Status = "Corp_3", userpool.StatusResetRequired })
	change(func(u *userpool.User) { u.Attributes = nil })
	change(func(u *userpool.User) { u.Attributes = map[string]string{"name": "zOe"} })

	// An update that is refused changes nothing of what a user is found by.
	stale := users[2].Clone()
	stale.Version, stale.Attributes = 1, map[string]string{"name": "stale"}
	require.ErrorIs(t, s.UpdateUser(ctx, poolA, stale), userpool.ErrStale)
	taken := users[2].Clone()
	taken.Identifiers, taken.Attributes = []userpool.Identifier{email("1@example.com")}, map[string]string{"name": "taken"}
	require.ErrorIs(t, s.UpdateUser(ctx, poolA, taken), userpool.ErrExists)
	again := person("new", "taken")
	again.Identifiers = taken.Identifiers
	require.ErrorIs(t, s.CreateUser(ctx, poolA, again), userpool.ErrExists)
	for _, q := range []userpool.UserQuery{found("name", "=", "zoe"), found("name", "=", "stale"), found("name", "=", "taken"), {Limit: 1000}} {
		listed(t, s, users, q)
	}
}

// listRandom: every query finds what a look at every user finds, with pages of any size.
func listRandom(t *testing.T, s userpool.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("aAbB%_\\'\u00e9\u0301\u00df\u0130 \uffff\U0001F600")
	text := func(most int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteRune(letters[random.IntN(len(letters))])
		}
		return b.String()
	}
	var users []userpool.User
	for i := range 80 {
		u := userpool.User{Sub: fmt.Sprintf("%s%d", text(2), i), Username: text(2), Enabled: random.IntN(2) == 0, Attributes: map[string]string{}}
		for _, name := range []string{"name", "custom:a b"} {
			if random.IntN(2) == 0 {
				u.Attributes[name] = text(3)
			}
		}
		users = append(users, u)
		mustCreate(t, s, u)
	}
	for range 250 {
		q := userpool.UserQuery{
			Attribute: []string{"", "sub", "name", "custom:a b", "username", "status"}[random.IntN(6)], Operator: operators[random.IntN(3)],
			Value: strings.ToLower(text(2)), Limit: []int{1000, 3 + random.IntN(20)}[random.IntN(2)],
		}
		listed(t, s, users, q)
	}
}

// listPages: pages hold no more than was asked for, and together everybody once. Values of many users make no difference, and a query
// that finds nobody has an end, too.
func listPages(t *testing.T, s userpool.Store) {
	for i := range 25 {
		u := user(numbered("sub", i))
		u.Attributes = map[string]string{"name": []string{"anna", "bert"}[i%2], "email": numbered("mail", 25-i)}
		mustCreate(t, s, u)
	}
	for _, q := range []userpool.UserQuery{
		{}, found("name", "=", "anna"), found("name", "^=", "an"), found("name", "*=", "n"), found("email", "^=", ""), found("email", "*=", "1"),
		found("sub", "^=", "sub-01"), found("sub", "*=", "0"), found("sub", "=", "sub-003"), found("status", "=", "enabled"),
		found("name", "=", "nobody"), found("nothing", "*=", "x"),
	} {
		q.Limit = 1000
		all := subs(t, s, poolA, q)
		for _, limit := range []int{1, 2, 7, 13, 25, 26} {
			q.Limit = limit
			require.Equal(t, all, subs(t, s, poolA, q), "%+v", q)
		}
	}
}

// listBesideChanges: who is there all the time is found once, however many come and go between two pages, just before and after the place
// where the next page begins, and at that very place.
func listBesideChanges(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	person := func(name string) userpool.User {
		u := user("sub of " + name)
		u.Attributes = map[string]string{"name": name, "nickname": "all"}
		return u
	}
	for _, q := range []userpool.UserQuery{
		{Limit: 3}, {Attribute: "name", Operator: "^=", Value: "p", Limit: 3}, {Attribute: "name", Operator: "*=", Value: "p", Limit: 3},
		{Attribute: "nickname", Operator: "=", Value: "all", Limit: 3}, {Attribute: "sub", Operator: "*=", Value: "p", Limit: 3},
	} {
		var stay []string
		for i := range 20 {
			name := numbered("p", i)
			mustCreate(t, s, person(name), person(name+"-leaves"))
			stay = append(stay, person(name).Sub)
		}
		count := map[string]int{}
		for round := 0; ; round++ {
			require.Less(t, round, 100)
			page, err := s.ListUsers(ctx, poolA, q)
			require.NoError(t, err)
			for _, u := range page.Users {
				count[u.Sub]++
			}
			if page.Next == "" {
				break
			}
			q.After = page.Next
			for _, i := range []int{round, round + 1, round + 2, 19 - round} {
				if i >= 0 && i < 20 {
					_ = s.DeleteUser(ctx, poolA, person(numbered("p", i)+"-leaves").Sub, 0)
					_ = s.CreateUser(ctx, poolA, person(numbered("p", i)+fmt.Sprint("-comes-", round)))
				}
			}
		}
		for _, sub := range stay {
			require.Equal(t, 1, count[sub], "%s by %+v", sub, q)
		}
		for sub, n := range count {
			require.Equal(t, 1, n, "%s by %+v", sub, q)
		}
		require.NoError(t, s.DeletePool(ctx, poolA))
	}
}

// listRefused: a limit outside of 1 to 1,000 and an operator that is none are refused. What cannot be stored finds nobody.
func listRefused(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	for _, limit := range []int{-1, 0, 1001, 1 << 30} {
		for _, q := range []userpool.UserQuery{{}, found("email", "=", "x"), found("sub", "=", "x")} {
			q.Limit = limit
			_, err := s.ListUsers(ctx, poolA, q)
			require.ErrorIs(t, err, userpool.ErrInvalid)
		}
	}
	for _, operator := range []userpool.UserOperator{"", "==", "LIKE", "= '' OR 1=1 --"} {
		for _, attribute := range []string{"email", "sub", "nothing"} {
			_, err := s.ListUsers(ctx, poolA, found(attribute, operator, "x"))
			require.ErrorIs(t, err, userpool.ErrInvalid)
		}
	}
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"} {
		for _, operator := range operators {
			for _, q := range []userpool.UserQuery{found("email", operator, bad), found(bad, operator, "alice"), found("sub", operator, bad)} {
				require.Empty(t, subs(t, s, poolA, q), "%+q", q)
			}
		}
		require.Empty(t, subs(t, s, bad, everyEmail))
		require.Empty(t, subs(t, s, bad, userpool.UserQuery{Limit: 1}))
	}
}

// listAfter: a place to go on from that was made up, or is of another query or pool, gives ErrInvalid or users whom the query finds: it
// never leads to others. (The pool seals what it hands to callers; this is the second wall.)
func listAfter(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	var users []userpool.User
	for i := range 6 {
		u := user(numbered("sub", i))
		u.Attributes = map[string]string{"name": numbered("name", i%2), "email": numbered("mail", i)}
		users = append(users, u)
		for _, pool := range []string{poolA, poolB} {
			u.Sub = numbered("sub", i)
			if pool == poolB {
				u.Sub = numbered("b-sub", i)
			}
			require.NoError(t, s.CreateUser(ctx, pool, u))
		}
	}
	queries := []userpool.UserQuery{
		{Limit: 1}, found("name", "=", "name-000"), found("name", "^=", "name-001"), found("name", "*=", "1"), found("email", "^=", "mail"),
		found("sub", "^=", "sub-00"), found("sub", "*=", "3"), found("sub", "=", "sub-002"),
	}
	places := []string{"x", " ", "%", "' OR '1'='1", "AAAA", "\x00", "\xff", strings.Repeat("A", 5000), "bmFtZS0wMDEAc3ViLTAwMQ", "AHN1Yi0wMDE="}
	for _, pool := range []string{poolA, poolB} {
		for _, q := range queries {
			q.Limit = 1
			for round := 0; ; round++ {
				require.Less(t, round, 100, "the pages of %+v have no end", q)
				page, err := s.ListUsers(ctx, pool, q)
				require.NoError(t, err)
				if page.Next == "" {
					break
				}
				q.After = page.Next
				places = append(places, page.Next, page.Next+"A", page.Next[1:])
			}
		}
	}
	for _, q := range queries {
		for _, q.After = range places {
			page, err := s.ListUsers(ctx, poolA, q)
			if err != nil {
				require.ErrorIs(t, err, userpool.ErrInvalid)
			}
			for _, u := range page.Users {
				i := slices.IndexFunc(users, func(other userpool.User) bool { return other.Sub == u.Sub })
				require.True(t, i >= 0 && finds(q, users[i]), "%+v found %s", q, u.Sub)
			}
		}
	}
}
