package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// What everyMethod and isolation use.
var (
	aliceMail  = email("alice@example.com")
	staffGroup = userpool.Group{Name: "staff", Description: "All who work here", Created: moment}
	aTicket    = userpool.Ticket{Kind: "code", Hash: []byte("ticket hash"), Data: []byte("data"), Expires: moment}
	aCounter   = userpool.Counter{Key: "sign-in:1234", N: 3, Last: moment, Until: moment.Add(time.Minute)}
	aKey       = userpool.SealedKey{
		ID: "kid-1", Use: userpool.KeyUseSignature, Serial: 1, Algorithm: "RS256", Sealed: []byte("sealed"), Public: []byte("{}"),
		Created: moment, ActiveFrom: moment,
	}
)

// everyMethod returns a call of each method of the store, in one pool.
func everyMethod(ctx context.Context, s userpool.Store, pool string) map[string]func() error {
	return map[string]func() error{
		"CreateUser":       func() error { return s.CreateUser(ctx, pool, user(alice, aliceMail)) },
		"User":             func() error { _, err := s.User(ctx, pool, alice); return err },
		"UserByIdentifier": func() error { _, err := s.UserByIdentifier(ctx, pool, aliceMail); return err },
		"UpdateUser":       func() error { u := user(alice, aliceMail); u.Version = 1; return s.UpdateUser(ctx, pool, u) },
		"DeleteUser":       func() error { return s.DeleteUser(ctx, pool, alice, 0) },
		"CreateGroup":      func() error { return s.CreateGroup(ctx, pool, staffGroup) },
		"DeleteGroup":      func() error { return s.DeleteGroup(ctx, pool, staffGroup.Name) },
		"GroupsOf":         func() error { _, err := s.GroupsOf(ctx, pool, alice); return err },
		"AddToGroup":       func() error { return s.AddToGroup(ctx, pool, alice, staffGroup.Name) },
		"RemoveFromGroup":  func() error { return s.RemoveFromGroup(ctx, pool, alice, staffGroup.Name) },
		"CreateSession":    func() error { return s.CreateSession(ctx, pool, session("s1", alice)) },
		"Session":          func() error { _, err := s.Session(ctx, pool, "s1"); return err },
		"UpdateSession":    func() error { v := session("s1", alice); v.Version = 1; return s.UpdateSession(ctx, pool, v) },
		"DeleteSession":    func() error { return s.DeleteSession(ctx, pool, "s1") },
		"DeleteSessionsOf": func() error { return s.DeleteSessionsOf(ctx, pool, alice) },
		"PutTicket":        func() error { return s.PutTicket(ctx, pool, aTicket) },
		"TakeTicket":       func() error { _, err := s.TakeTicket(ctx, pool, aTicket.Kind, aTicket.Hash); return err },
		"Counter":          func() error { _, err := s.Counter(ctx, pool, aCounter.Key); return err },
		"PutCounter":       func() error { return s.PutCounter(ctx, pool, aCounter) },
		"Keys":             func() error { _, err := s.Keys(ctx, pool); return err },
		"AddKey":           func() error { return s.AddKey(ctx, pool, aKey) },
		"DeleteKey":        func() error { return s.DeleteKey(ctx, pool, aKey.ID) },
		"Purge":            func() error { _, err := s.Purge(ctx, pool, moment.Add(24*time.Hour), 100); return err },
	}
}

// fill puts one of everything into a pool.
func fill(t *testing.T, s userpool.Store, pool string) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, s.CreateUser(ctx, pool, user(alice, aliceMail)))
	require.NoError(t, s.CreateGroup(ctx, pool, staffGroup))
	require.NoError(t, s.AddToGroup(ctx, pool, alice, staffGroup.Name))
	require.NoError(t, s.CreateSession(ctx, pool, session("s1", alice)))
	require.NoError(t, s.PutTicket(ctx, pool, aTicket))
	require.NoError(t, s.PutCounter(ctx, pool, aCounter))
	require.NoError(t, s.AddKey(ctx, pool, aKey))
}

// full requires that all that fill put into a pool is there as it was, and takes the ticket.
func full(t *testing.T, s userpool.Store, pool string) {
	t.Helper()
	ctx := t.Context()
	u, err := s.User(ctx, pool, alice)
	require.NoError(t, err)
	sameUser(t, user(alice, aliceMail), 1, u)
	u, err = s.UserByIdentifier(ctx, pool, aliceMail)
	require.NoError(t, err)
	sameUser(t, user(alice, aliceMail), 1, u)
	groups, err := s.GroupsOf(ctx, pool, alice)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	v, err := s.Session(ctx, pool, "s1")
	require.NoError(t, err)
	sameSession(t, session("s1", alice), 1, v)
	c, err := s.Counter(ctx, pool, aCounter.Key)
	require.NoError(t, err)
	require.EqualValues(t, 1, c.Version)
	keys, err := s.Keys(ctx, pool)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	ticket, err := s.TakeTicket(ctx, pool, aTicket.Kind, aTicket.Hash)
	require.NoError(t, err)
	require.False(t, ticket.Used)
}

// isolation: a program may have many pools in one store, of customers who must never meet. Every method is called in pool B with what
// is in pool A: it finds nothing, changes nothing and deletes nothing; and the same keys can be used in both.
func isolation(t *testing.T, s userpool.Store) {
	fill(t, s, poolA)
	ctx := t.Context()
	in := everyMethod(ctx, s, poolB)

	for _, name := range []string{
		"User", "UserByIdentifier", "UpdateUser", "DeleteUser", "DeleteGroup", "AddToGroup", "RemoveFromGroup", "CreateSession", "Session",
		"UpdateSession", "DeleteSession", "TakeTicket", "DeleteKey",
	} {
		require.ErrorIs(t, in[name](), userpool.ErrNotFound, name)
	}
	for _, name := range []string{"DeleteSessionsOf", "Purge"} {
		require.NoError(t, in[name](), name)
	}
	n, err := s.Purge(ctx, poolB, moment.Add(24*time.Hour), 100)
	require.NoError(t, err)
	require.Zero(t, n)
	groups, err := s.GroupsOf(ctx, poolB, alice)
	require.NoError(t, err)
	require.Empty(t, groups)
	c, err := s.Counter(ctx, poolB, aCounter.Key)
	require.NoError(t, err)
	require.Equal(t, userpool.Counter{Key: aCounter.Key}, c)
	keys, err := s.Keys(ctx, poolB)
	require.NoError(t, err)
	require.Empty(t, keys)

	// A user of B does not come into a group of A, nor a session of B under one of A.
	require.NoError(t, s.CreateUser(ctx, poolB, user(bob)))
	require.ErrorIs(t, s.AddToGroup(ctx, poolB, bob, staffGroup.Name), userpool.ErrNotFound)
	child := session("s2", bob)
	child.Parent = "s1"
	require.ErrorIs(t, s.CreateSession(ctx, poolB, child), userpool.ErrNotFound)

	// The same keys again, and all of it deleted again, in B.
	fill(t, s, poolB)
	for _, name := range []string{"DeleteKey", "DeleteSession", "RemoveFromGroup", "DeleteGroup", "DeleteUser"} {
		require.NoError(t, in[name](), name)
	}
	_, err = s.Purge(ctx, poolB, moment.Add(24*time.Hour), 100)
	require.NoError(t, err)

	full(t, s, poolA)
}
