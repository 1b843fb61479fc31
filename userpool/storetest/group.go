package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// groupRoundtrip: a group comes back as it was written. A precedence of 0 is not the same as none: it is the one that wins.
func groupRoundtrip(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	zero, low, high := int32(0), int32(-1<<31), int32(1<<31-1)
	// In the order of their bytes, which is not that of a dictionary.
	groups := []userpool.Group{
		{Name: "Z", Description: "d", RoleARN: "arn:aws:iam::123456789012:role/z", Precedence: &zero, Created: moment},
		{Name: "_"},
		{Name: "a", Precedence: &low},
		{Name: "b", Precedence: &high},
		{Name: "\u00e9t\u00e9"},
		{Name: "\ufb00"},
		{Name: "\U0001F600"},
	}
	for i := range groups {
		g := groups[len(groups)-1-i]
		require.NoError(t, s.CreateGroup(ctx, poolA, g))
		require.NoError(t, s.AddToGroup(ctx, poolA, alice, g.Name))
	}
	got, err := s.GroupsOf(ctx, poolA, alice)
	require.NoError(t, err)
	for i := range groups {
		groups[i].Created = kept(groups[i].Created)
	}
	require.Equal(t, groups, got)

	// A name is taken once, whatever else is in it, and the first one stays. Names are compared byte by byte.
	require.ErrorIs(t, s.CreateGroup(ctx, poolA, userpool.Group{Name: "a", Description: "another"}), userpool.ErrExists)
	require.NoError(t, s.CreateGroup(ctx, poolA, userpool.Group{Name: "A"}))
	again, err := s.GroupsOf(ctx, poolA, alice)
	require.NoError(t, err)
	require.Equal(t, groups, again)
	for _, g := range groups {
		got, err := s.Group(ctx, poolA, g.Name)
		require.NoError(t, err)
		require.Equal(t, g, got)
	}
	for _, name := range []string{"", "B", "b ", "\u00e9t\u00e9\u0301"} {
		_, err := s.Group(ctx, poolA, name)
		require.ErrorIs(t, err, userpool.ErrNotFound, "%q", name)
	}
}

// groupUpdate: an update replaces all of a group but the time when it was made; its members stay.
func groupUpdate(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	require.ErrorIs(t, s.UpdateGroup(ctx, poolA, staffGroup), userpool.ErrNotFound)
	_, err := s.Group(ctx, poolA, staffGroup.Name)
	require.ErrorIs(t, err, userpool.ErrNotFound, "an update makes no group")
	require.NoError(t, s.CreateGroup(ctx, poolA, staffGroup))
	require.NoError(t, s.CreateGroup(ctx, poolA, userpool.Group{Name: "Staff"}))
	require.NoError(t, s.AddToGroup(ctx, poolA, alice, staffGroup.Name))

	precedence := int32(3)
	for _, change := range []userpool.Group{
		{Name: "staff", Description: "other", RoleARN: "arn:aws:iam::123456789012:role/x", Precedence: &precedence, Created: moment.Add(time.Hour)},
		{Name: "staff"},
	} {
		require.NoError(t, s.UpdateGroup(ctx, poolA, change))
		change.Created = kept(staffGroup.Created)
		got, err := s.Group(ctx, poolA, "staff")
		require.NoError(t, err)
		require.Equal(t, change, got)
		groups, err := s.GroupsOf(ctx, poolA, alice)
		require.NoError(t, err)
		require.Equal(t, []userpool.Group{change}, groups)
	}
	other, err := s.Group(ctx, poolA, "Staff")
	require.NoError(t, err)
	require.Empty(t, other.Description, "another group was changed")
}

// groupList: groups are listed page by page; the name that a page ends with is where the next begins, also when that group is gone.
func groupList(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	names := []string{"A", "B", "_", "a", "a%", "aa", "b", "\u00e9t\u00e9", "\ufb00", "\U0001F600"} // in the order of their bytes
	for i := range names {
		require.NoError(t, s.CreateGroup(ctx, poolA, userpool.Group{Name: names[len(names)-1-i], Created: moment}))
	}
	require.NoError(t, s.CreateGroup(ctx, poolB, userpool.Group{Name: "aaa"}))
	list := func(after string, limit int) (got []string) {
		groups, err := s.ListGroups(ctx, poolA, after, limit)
		require.NoError(t, err)
		for _, g := range groups {
			require.Equal(t, kept(moment), g.Created)
			got = append(got, g.Name)
		}
		return got
	}
	require.Equal(t, names, list("", 100))
	for limit := 1; limit < len(names); limit++ {
		var all []string
		for after := ""; ; after = all[len(all)-1] {
			page := list(after, limit)
			require.LessOrEqual(t, len(page), limit)
			all = append(all, page...)
			if len(page) < limit {
				break
			}
		}
		require.Equal(t, names, all)
	}
	require.NoError(t, s.DeleteGroup(ctx, poolA, "aa"))
	require.Equal(t, []string{"b", "\u00e9t\u00e9"}, list("aa", 2))
	for _, limit := range []int{0, -1} {
		require.Empty(t, list("", limit))
	}
}

// groupUsers: the members of a group are listed as groups are, whole.
func groupUsers(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	for _, pool := range []string{poolA, poolB} {
		for _, name := range []string{"staff", "Staff"} {
			require.NoError(t, s.CreateGroup(ctx, pool, userpool.Group{Name: name}))
		}
		for i := range 9 {
			sub := numbered("sub", 8-i)
			require.NoError(t, s.CreateUser(ctx, pool, user(sub)))
			if (i%2 == 0) == (pool == poolA) {
				require.NoError(t, s.AddToGroup(ctx, pool, sub, "staff"))
			}
		}
	}
	list := func(group, after string, limit int) (got []string) {
		users, err := s.UsersInGroup(ctx, poolA, group, after, limit)
		require.NoError(t, err)
		for _, u := range users {
			sameUser(t, user(u.Sub), 1, u)
			got = append(got, u.Sub)
		}
		return got
	}
	require.Equal(t, []string{"sub-000", "sub-002", "sub-004", "sub-006", "sub-008"}, list("staff", "", 100))
	require.Equal(t, []string{"sub-000", "sub-002"}, list("staff", "", 2))
	require.NoError(t, s.DeleteUser(ctx, poolA, "sub-002", 0))
	require.NoError(t, s.RemoveFromGroup(ctx, poolA, "sub-004", "staff"))
	require.Equal(t, []string{"sub-006", "sub-008"}, list("staff", "sub-002", 2))
	for _, none := range [][]string{list("Staff", "", 9), list("nothing", "", 9), list("", "", 9), list("staff", "sub-008", 9), list("staff", "", 0)} {
		require.Empty(t, none)
	}
}

// groupMembership: a membership joins a user and a group that are there; joining twice is joining once.
func groupMembership(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice), user(bob))
	require.NoError(t, s.CreateGroup(ctx, poolA, staffGroup))

	require.ErrorIs(t, s.AddToGroup(ctx, poolA, "nobody", "staff"), userpool.ErrNotFound)
	require.ErrorIs(t, s.AddToGroup(ctx, poolA, alice, "nothing"), userpool.ErrNotFound)
	require.ErrorIs(t, s.RemoveFromGroup(ctx, poolA, alice, "staff"), userpool.ErrNotFound)
	require.NoError(t, s.AddToGroup(ctx, poolA, alice, "staff"))
	require.NoError(t, s.AddToGroup(ctx, poolA, alice, "staff"))
	require.NoError(t, s.AddToGroup(ctx, poolA, bob, "staff"))
	require.ErrorIs(t, s.RemoveFromGroup(ctx, poolA, alice, "Staff"), userpool.ErrNotFound)

	groups, err := s.GroupsOf(ctx, poolA, alice)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.NoError(t, s.RemoveFromGroup(ctx, poolA, alice, "staff"))
	require.ErrorIs(t, s.RemoveFromGroup(ctx, poolA, alice, "staff"), userpool.ErrNotFound)
	groups, err = s.GroupsOf(ctx, poolA, alice)
	require.NoError(t, err)
	require.Empty(t, groups)
	groups, err = s.GroupsOf(ctx, poolA, bob)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	groups, err = s.GroupsOf(ctx, poolA, "nobody")
	require.NoError(t, err)
	require.Empty(t, groups)
}

// groupDelete: with the group go the memberships: a new group of the same name begins without members, since it may grant more.
func groupDelete(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	other := userpool.Group{Name: "other"}
	require.ErrorIs(t, s.DeleteGroup(ctx, poolA, "staff"), userpool.ErrNotFound)
	for _, g := range []userpool.Group{staffGroup, other} {
		require.NoError(t, s.CreateGroup(ctx, poolA, g))
		require.NoError(t, s.AddToGroup(ctx, poolA, alice, g.Name))
	}
	require.NoError(t, s.DeleteGroup(ctx, poolA, "staff"))
	require.ErrorIs(t, s.DeleteGroup(ctx, poolA, "staff"), userpool.ErrNotFound)
	require.ErrorIs(t, s.AddToGroup(ctx, poolA, alice, "staff"), userpool.ErrNotFound)
	require.NoError(t, s.CreateGroup(ctx, poolA, staffGroup))
	groups, err := s.GroupsOf(ctx, poolA, alice)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, "other", groups[0].Name)
}
