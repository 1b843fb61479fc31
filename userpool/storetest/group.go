package storetest

import (
	"testing"

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
