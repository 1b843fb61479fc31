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
	aRecord = userpool.Record{Kind: "device", Key: "device-1", Owner: alice, Data: []byte("{}")}
	// everyEmail finds all users of user.
	everyEmail = userpool.UserQuery{Attribute: "email", Operator: userpool.OperatorPrefix, Value: "alice@", Limit: 1000}
)

// trail returns n audit records from a serial number on.
func trail(first int64, n int) []userpool.AuditRecord {
	records := make([]userpool.AuditRecord, n)
	for i := range records {
		serial := first + int64(i)
		records[i] = userpool.AuditRecord{
			Serial: serial, Time: moment.Add(time.Duration(serial) * time.Second), Sub: alice, Event: []byte{'{', 0, '}'}, Hash: []byte{0, byte(serial)},
		}
	}
	return records
}

// everyMethod returns a call of each method of the store, in one pool.
func everyMethod(ctx context.Context, s userpool.Store, pool string) map[string]func() error {
	return map[string]func() error{
		"CreateUser":       func() error { return s.CreateUser(ctx, pool, user(alice, aliceMail)) },
		"User":             func() error { _, err := s.User(ctx, pool, alice); return err },
		"UserByIdentifier": func() error { _, err := s.UserByIdentifier(ctx, pool, aliceMail); return err },
		"UpdateUser":       func() error { u := user(alice, aliceMail); u.Version = 1; return s.UpdateUser(ctx, pool, u) },
		"DeleteUser":       func() error { return s.DeleteUser(ctx, pool, alice, 0) },
		"ListUsers":        func() error { _, err := s.ListUsers(ctx, pool, everyEmail); return err },
		"Group":            func() error { _, err := s.Group(ctx, pool, staffGroup.Name); return err },
		"UpdateGroup":      func() error { return s.UpdateGroup(ctx, pool, userpool.Group{Name: staffGroup.Name}) },
		"ListGroups":       func() error { _, err := s.ListGroups(ctx, pool, "", 10); return err },
		"UsersInGroup":     func() error { _, err := s.UsersInGroup(ctx, pool, staffGroup.Name, "", 10); return err },
		"SessionsOf":       func() error { _, err := s.SessionsOf(ctx, pool, alice, 10); return err },
		"Record":           func() error { _, err := s.Record(ctx, pool, aRecord.Kind, aRecord.Key); return err },
		"PutRecord":        func() error { return s.PutRecord(ctx, pool, aRecord) },
		"DeleteRecord":     func() error { return s.DeleteRecord(ctx, pool, aRecord.Kind, aRecord.Key) },
		"ListRecords":      func() error { _, err := s.ListRecords(ctx, pool, aRecord.Kind, "", "", 10); return err },
		"AppendAudit":      func() error { return s.AppendAudit(ctx, pool, trail(1, 3)) },
		"LastAudit":        func() error { _, err := s.LastAudit(ctx, pool); return err },
		"ListAudit":        func() error { _, err := s.ListAudit(ctx, pool, userpool.AuditQuery{Limit: 10}); return err },
		"DeleteAudit":      func() error { _, err := s.DeleteAudit(ctx, pool, 2); return err },
		"DeletePool":       func() error { return s.DeletePool(ctx, pool) },
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
	require.NoError(t, s.PutRecord(ctx, pool, aRecord))
	require.NoError(t, s.AppendAudit(ctx, pool, trail(1, 3)))
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
	require.Equal(t, []string{alice}, subs(t, s, pool, everyEmail))
	require.Equal(t, []string{alice}, subs(t, s, pool, userpool.UserQuery{Limit: 10}))
	g, err := s.Group(ctx, pool, staffGroup.Name)
	require.NoError(t, err)
	require.Equal(t, staffGroup.Description, g.Description)
	members, err := s.UsersInGroup(ctx, pool, staffGroup.Name, "", 10)
	require.NoError(t, err)
	require.Len(t, members, 1)
	sessions, err := s.SessionsOf(ctx, pool, alice, 10)
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	records, err := s.ListRecords(ctx, pool, aRecord.Kind, alice, "", 10)
	require.NoError(t, err)
	want := aRecord
	want.Version = 1
	require.Equal(t, []userpool.Record{want}, records)
	require.Equal(t, []int64{1, 2, 3}, serials(t, s, pool, userpool.AuditQuery{Limit: 10}))
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
		"UpdateSession", "DeleteSession", "TakeTicket", "DeleteKey", "Group", "UpdateGroup", "Record", "PutRecord", "DeleteRecord",
	} {
		require.ErrorIs(t, in[name](), userpool.ErrNotFound, name)
	}
	for _, name := range []string{"DeleteSessionsOf", "Purge", "DeleteAudit", "DeletePool"} {
		require.NoError(t, in[name](), name)
	}
	empty(t, s, poolB)
	n, err := s.Purge(ctx, poolB, moment.Add(24*time.Hour), 100)
	require.NoError(t, err)
	require.Zero(t, n)

	// A user of B does not come into a group of A, nor a session of B under one of A.
	require.NoError(t, s.CreateUser(ctx, poolB, user(bob)))
	require.ErrorIs(t, s.AddToGroup(ctx, poolB, bob, staffGroup.Name), userpool.ErrNotFound)
	child := session("s2", bob)
	child.Parent = "s1"
	require.ErrorIs(t, s.CreateSession(ctx, poolB, child), userpool.ErrNotFound)

	// The same keys again, and all of it deleted again, in B.
	fill(t, s, poolB)
	for _, name := range []string{
		"UpdateGroup", "DeleteKey", "DeleteSession", "RemoveFromGroup", "DeleteGroup", "DeleteRecord", "DeleteUser", "DeleteAudit",
	} {
		require.NoError(t, in[name](), name)
	}
	_, err = s.Purge(ctx, poolB, moment.Add(24*time.Hour), 100)
	require.NoError(t, err)

	full(t, s, poolA)
}

// empty requires that a pool has nothing of what fill puts into one.
func empty(t *testing.T, s userpool.Store, pool string) {
	t.Helper()
	ctx := t.Context()
	in := everyMethod(ctx, s, pool)
	for _, name := range []string{"User", "UserByIdentifier", "Group", "Session", "TakeTicket", "Record"} {
		require.ErrorIs(t, in[name](), userpool.ErrNotFound, name)
	}
	groups, err := s.GroupsOf(ctx, pool, alice)
	require.NoError(t, err)
	require.Empty(t, groups)
	groups, err = s.ListGroups(ctx, pool, "", 10)
	require.NoError(t, err)
	require.Empty(t, groups)
	members, err := s.UsersInGroup(ctx, pool, staffGroup.Name, "", 10)
	require.NoError(t, err)
	require.Empty(t, members)
	sessions, err := s.SessionsOf(ctx, pool, alice, 10)
	require.NoError(t, err)
	require.Empty(t, sessions)
	for _, owner := range []string{"", alice} {
		records, err := s.ListRecords(ctx, pool, aRecord.Kind, owner, "", 10)
		require.NoError(t, err)
		require.Empty(t, records)
	}
	for _, q := range []userpool.UserQuery{everyEmail, {Limit: 10}, {Attribute: "sub", Operator: userpool.OperatorEqual, Value: alice, Limit: 10}} {
		require.Empty(t, subs(t, s, pool, q))
	}
	last, err := s.LastAudit(ctx, pool)
	require.NoError(t, err)
	require.Equal(t, userpool.AuditRecord{}, last)
	require.Empty(t, serials(t, s, pool, userpool.AuditQuery{Limit: 10}))
	c, err := s.Counter(ctx, pool, aCounter.Key)
	require.NoError(t, err)
	require.Equal(t, userpool.Counter{Key: aCounter.Key}, c)
	keys, err := s.Keys(ctx, pool)
	require.NoError(t, err)
	require.Empty(t, keys)
}

// poolDelete: with a pool goes everything in it, the tail of the audit trail too, and nothing of another one. The pool can be filled
// anew, and knows nothing of before.
func poolDelete(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	fill(t, s, poolA)
	fill(t, s, poolB)
	fill(t, s, poolA+"-2")
	for range 2 {
		require.NoError(t, s.DeletePool(ctx, poolA))
		empty(t, s, poolA)
	}
	for _, name := range []string{"", "nothing", "pool-", "%", "pool-_", "a\x00", "\xff"} {
		require.NoError(t, s.DeletePool(ctx, name))
	}
	require.NoError(t, s.CreateUser(ctx, poolA, user(alice)))
	require.NoError(t, s.CreateGroup(ctx, poolA, staffGroup))
	members, err := s.UsersInGroup(ctx, poolA, staffGroup.Name, "", 10)
	require.NoError(t, err)
	require.Empty(t, members, "a membership was left behind")
	require.NoError(t, s.DeletePool(ctx, poolA))
	fill(t, s, poolA)
	full(t, s, poolA)
	full(t, s, poolB)
	full(t, s, poolA+"-2")
}
