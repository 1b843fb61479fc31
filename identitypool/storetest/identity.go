package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// identities: what was saved comes back, and an ID is given once.
func identities(t *testing.T, s identitypool.Store) {
	noIdentity(t, s, poolA, "r:1")
	mustSave(t, s, poolA, guest("r:1"))
	require.Equal(t, saved(guest("r:1")), mustFind(t, s, poolA, "r:1"))

	again := guest("r:1")
	again.Created = moment.Add(time.Hour)
	require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, []identitypool.Identity{again}), identitypool.ErrConflict)
	require.Equal(t, saved(guest("r:1")), mustFind(t, s, poolA, "r:1"))

	full := user("r:2", "a", "s")
	full.Disabled, full.MergedInto = true, "r:1"
	mustSave(t, s, poolA, full)
	require.Equal(t, saved(full), mustFind(t, s, poolA, "r:2"))
	require.Equal(t, saved(full), mustFindLogin(t, s, poolA, "a", "s"))
	require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, []identitypool.Identity{guest("r:2")}), identitypool.ErrConflict)

	// Whoever has a login is authenticated, and stays so as long as the identity that is saved says it.
	login := user("r:3", "a", "other")
	login.Authenticated = false
	mustSave(t, s, poolA, login)
	require.True(t, mustFind(t, s, poolA, "r:3").Authenticated)
	bare := guest("r:4")
	bare.Authenticated = true
	mustSave(t, s, poolA, bare)
	require.Equal(t, saved(bare), mustFind(t, s, poolA, "r:4"))
}

// versions: an identity is replaced by one that was made of it, and nothing else.
func versions(t *testing.T, s identitypool.Store) {
	mustSave(t, s, poolA, user("r:1", "a", "s"))
	first := mustFind(t, s, poolA, "r:1")
	require.EqualValues(t, 1, first.Version)

	second := with(first, identitypool.Login{Provider: "b", Subject: "t"})
	second.Disabled, second.MergedInto, second.Created, second.Modified = true, "r:9", kept(moment.Add(-time.Hour)), kept(moment.Add(time.Hour))
	mustSave(t, s, poolA, second)
	require.Equal(t, saved(second), mustFind(t, s, poolA, "r:1"))
	require.Equal(t, saved(second), mustFindLogin(t, s, poolA, "b", "t"))
	noLogin(t, s, poolA, "a", "s")

	for _, version := range []int64{1, 3, 0, 1 << 40} {
		stale := first
		stale.Version = version
		require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, []identitypool.Identity{stale}), identitypool.ErrConflict, version)
	}
	gone := guest("r:2")
	gone.Version = 1
	require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, []identitypool.Identity{gone}), identitypool.ErrConflict)
	noIdentity(t, s, poolA, "r:2")
	require.Equal(t, saved(second), mustFind(t, s, poolA, "r:1"))

	third := with(saved(second))
	third.Disabled, third.MergedInto = false, ""
	mustSave(t, s, poolA, third)
	require.Equal(t, saved(third), mustFind(t, s, poolA, "r:1"))
	require.True(t, third.Authenticated)
}

// logins: each belongs to one identity, which has them in the order of provider and subject.
func logins(t *testing.T, s identitypool.Store) {
	noLogin(t, s, poolA, "a", "s")
	in := guest("r:1")
	in.Logins = []identitypool.Login{{Provider: "b", Subject: "1"}, {Provider: "a", Subject: "2"}, {Provider: "a", Subject: "10"}, {Provider: "B", Subject: "1"}}
	mustSave(t, s, poolA, in)
	want := saved(with(guest("r:1"), identitypool.Login{Provider: "B", Subject: "1"}, identitypool.Login{Provider: "a", Subject: "10"},
		identitypool.Login{Provider: "a", Subject: "2"}, identitypool.Login{Provider: "b", Subject: "1"}))
	require.Equal(t, want, mustFind(t, s, poolA, "r:1"))
	for _, l := range want.Logins {
		require.Equal(t, want, mustFindLogin(t, s, poolA, l.Provider, l.Subject))
	}
	taken := guest("r:2")
	taken.Logins = []identitypool.Login{{Provider: "c", Subject: "free"}, {Provider: "a", Subject: "2"}}
	require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, []identitypool.Identity{taken}), identitypool.ErrConflict)
	noIdentity(t, s, poolA, "r:2")
	noLogin(t, s, poolA, "c", "free")
}

// loginsMove: from one identity to another of the same call, in any order of the two, and there and back at once.
func loginsMove(t *testing.T, s identitypool.Store) {
	mustSave(t, s, poolA, user("r:1", "a", "1"), user("r:2", "b", "2"))
	one, two := mustFind(t, s, poolA, "r:1"), mustFind(t, s, poolA, "r:2")

	merged := with(one, one.Logins[0], two.Logins[0])
	absorbed := with(two)
	absorbed.Disabled, absorbed.MergedInto = true, "r:1"
	require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, []identitypool.Identity{merged}), identitypool.ErrConflict, "without the one that has it")
	mustSave(t, s, poolA, merged, absorbed)
	require.Equal(t, saved(merged), mustFind(t, s, poolA, "r:1"))
	require.Equal(t, saved(absorbed), mustFind(t, s, poolA, "r:2"))
	require.Equal(t, "r:1", mustFindLogin(t, s, poolA, "b", "2").ID)

	back, rest := with(saved(absorbed), two.Logins[0]), with(saved(merged), one.Logins[0])
	mustSave(t, s, poolA, back, rest)
	swapped := []identitypool.Identity{with(saved(rest), two.Logins[0]), with(saved(back), one.Logins[0])}
	mustSave(t, s, poolA, swapped...)
	require.Equal(t, "r:1", mustFindLogin(t, s, poolA, "b", "2").ID)
	require.Equal(t, "r:2", mustFindLogin(t, s, poolA, "a", "1").ID)

	fresh := user("r:3", "a", "1") // to an identity that is made by the call
	mustSave(t, s, poolA, fresh, with(saved(swapped[1])))
	require.Equal(t, "r:3", mustFindLogin(t, s, poolA, "a", "1").ID)
}

// allOrNothing: if one of the identities cannot be saved, none is.
func allOrNothing(t *testing.T, s identitypool.Store) {
	mustSave(t, s, poolA, user("r:1", "a", "1"), user("r:2", "a", "2"), guest("r:3"))
	one := mustFind(t, s, poolA, "r:1")
	changed := with(one, identitypool.Login{Provider: "b", Subject: "new"})
	stale := mustFind(t, s, poolA, "r:3")
	stale.Version = 7
	for name, call := range map[string][]identitypool.Identity{
		"the ID exists":            {changed, guest("r:4"), guest("r:3")},
		"another version":          {guest("r:4"), changed, stale},
		"a login of another":       {changed, guest("r:4"), user("r:5", "a", "2")},
		"a login of another first": {user("r:5", "a", "2"), changed, guest("r:4")},
	} {
		require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, call), identitypool.ErrConflict, name)
		require.Equal(t, one, mustFind(t, s, poolA, "r:1"), name)
		require.Equal(t, one, mustFindLogin(t, s, poolA, "a", "1"), name)
		noLogin(t, s, poolA, "b", "new")
		noIdentity(t, s, poolA, "r:4")
		noIdentity(t, s, poolA, "r:5")
	}
}

// exactLogins: what a database, or a person, might take for the same login is another.
func exactLogins(t *testing.T, s identitypool.Store) {
	logins := []identitypool.Login{
		{Provider: "a.example", Subject: "user"}, {Provider: "a.example", Subject: "User"}, {Provider: "a.example", Subject: "USER"},
		{Provider: "A.example", Subject: "user"}, {Provider: "a.example", Subject: "user "}, {Provider: "a.example", Subject: " user"},
		{Provider: "a.example/", Subject: "user"}, {Provider: "a.exampleuser", Subject: "x"}, {Provider: "a.example", Subject: "userx"},
		{Provider: "a.example", Subject: "us%"}, {Provider: "a.example", Subject: "us_r"}, {Provider: "a.example", Subject: "1"},
		{Provider: "a.example", Subject: "01"}, {Provider: "a.example", Subject: "1.0"}, {Provider: "a.example", Subject: "\u00e9"},
		{Provider: "a.example", Subject: "e\u0301"}, {Provider: "a.example", Subject: "\u212a"}, {Provider: "a.example", Subject: "k"},
	}
	for i, l := range logins {
		noLogin(t, s, poolA, l.Provider, l.Subject)
		mustSave(t, s, poolA, user(fmt.Sprint("r:", i), l.Provider, l.Subject))
	}
	for i, l := range logins {
		require.Equal(t, fmt.Sprint("r:", i), mustFindLogin(t, s, poolA, l.Provider, l.Subject).ID, "%q", l)
	}
	noIdentity(t, s, poolA, "R:1")
	noIdentity(t, s, poolA, "r:1 ")
}

// list: by ID, byte by byte, in pages, with all logins of each.
func list(t *testing.T, s identitypool.Store) {
	require.Empty(t, mustList(t, s, poolA, "", 10, false))
	ids := []string{"R:1", "r:", "r:1", "r:10", "r:2", "r:\u00e9", "r:\uff5e", "r:\U0001f642"} // in order
	var want, enabled []identitypool.Identity
	for n, id := range ids {
		i := guest(id)
		i.Disabled = n%3 == 1
		for l := range n % 4 {
			i = with(i, append(i.Logins, identitypool.Login{Provider: fmt.Sprint("p", l), Subject: fmt.Sprint(n)})...)
		}
		want = append(want, saved(i))
		if !i.Disabled {
			enabled = append(enabled, saved(i))
		}
		mustSave(t, s, poolA, i)
	}
	mustSave(t, s, poolB, guest("r:15"))

	require.Equal(t, want, mustList(t, s, poolA, "", 1000, false))
	require.Equal(t, enabled, mustList(t, s, poolA, "", 1000, true))
	for _, page := range []struct {
		all         []identitypool.Identity
		enabledOnly bool
	}{{want, false}, {enabled, true}} {
		for limit := 1; limit <= 9; limit++ {
			var got []identitypool.Identity
			after := ""
			for {
				some := mustList(t, s, poolA, after, limit, page.enabledOnly)
				require.LessOrEqual(t, len(some), limit)
				if len(some) == 0 {
					break
				}
				got = append(got, some...)
				after = some[len(some)-1].ID
				require.LessOrEqual(t, len(got), len(page.all), "the pages have no end")
			}
			require.Equal(t, page.all, got, "in pages of %d", limit)
		}
	}
	require.Equal(t, want[3:4], mustList(t, s, poolA, "r:1\x01", 1, false), "the one after one that is not there")
	require.Empty(t, mustList(t, s, poolA, ids[len(ids)-1], 10, false))
	for _, limit := range []int{0, -1, 1001} {
		_, err := s.ListIdentities(t.Context(), poolA, "", limit, false)
		require.ErrorIs(t, err, identitypool.ErrInvalid)
	}
}

// deletion: an identity goes with its logins, which are free then; its ID is not given again by the pool, but the store would.
func deletion(t *testing.T, s identitypool.Store) {
	require.ErrorIs(t, s.DeleteIdentity(t.Context(), poolA, "r:1"), identitypool.ErrNotFound)
	mustSave(t, s, poolA, with(guest("r:1"), identitypool.Login{Provider: "a", Subject: "s"}, identitypool.Login{Provider: "b", Subject: "s"}), user("r:2", "a", "t"))
	require.NoError(t, s.DeleteIdentity(t.Context(), poolA, "r:1"))
	noIdentity(t, s, poolA, "r:1")
	noLogin(t, s, poolA, "a", "s")
	noLogin(t, s, poolA, "b", "s")
	require.Equal(t, saved(user("r:2", "a", "t")), mustFindLogin(t, s, poolA, "a", "t"))
	require.ErrorIs(t, s.DeleteIdentity(t.Context(), poolA, "r:1"), identitypool.ErrNotFound)

	back := guest("r:1")
	back.Version = 1
	require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, []identitypool.Identity{back}), identitypool.ErrConflict, "a change does not bring it back")
	mustSave(t, s, poolA, user("r:3", "a", "s"))
	mustSave(t, s, poolA, guest("r:1"))
	require.Equal(t, saved(guest("r:1")), mustFind(t, s, poolA, "r:1"), "without the logins that it had")
}
