package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// copies: what a caller does with a value after it gave it, or after it got it, changes nothing in the store.
func copies(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	precedence := int32(5)
	u, g, v := user(alice, aliceMail), userpool.Group{Name: "staff", Precedence: &precedence}, session("s1", alice)
	ticket := userpool.Ticket{Kind: "code", Hash: []byte("hash"), Data: []byte("data")}
	key := userpool.SealedKey{ID: "k", Use: "sig", Serial: 1, Sealed: []byte("sealed"), Public: []byte("public")}

	mustCreate(t, s, u)
	require.NoError(t, s.CreateGroup(ctx, poolA, g))
	require.NoError(t, s.AddToGroup(ctx, poolA, alice, "staff"))
	require.NoError(t, s.CreateSession(ctx, poolA, v))
	require.NoError(t, s.PutTicket(ctx, poolA, ticket))
	require.NoError(t, s.AddKey(ctx, poolA, key))
	record := userpool.Record{Kind: "k", Key: "k", Data: []byte("record")}
	entries := []userpool.AuditRecord{{Serial: 1, Event: []byte("event"), Hash: []byte("chain")}}
	require.NoError(t, s.PutRecord(ctx, poolA, record))
	require.NoError(t, s.AppendAudit(ctx, poolA, entries))
	spoil(record.Data, entries[0].Event, entries[0].Hash)
	entries[0].Serial = 7
	spoilUser(u)
	spoilSession(v)
	precedence = 6
	spoil(ticket.Hash, ticket.Data, key.Sealed, key.Public)

	unspoilt(t, s, 1) // and spoils what it got
	unspoilt(t, s, 1)

	// An update takes a copy as well.
	u, v = user(alice, aliceMail), session("s1", alice)
	u.Version, v.Version = 1, 1
	require.NoError(t, s.UpdateUser(ctx, poolA, u))
	require.NoError(t, s.UpdateSession(ctx, poolA, v))
	spoilUser(u)
	spoilSession(v)
	unspoilt(t, s, 2)
}

// unspoilt requires that everything is as copies wrote it, and spoils what it got.
func unspoilt(t *testing.T, s userpool.Store, version int64) {
	t.Helper()
	ctx := t.Context()
	bySub := mustUser(t, s, alice)
	byIdentifier, err := s.UserByIdentifier(ctx, poolA, aliceMail)
	require.NoError(t, err)
	listed, err := s.ListUsers(ctx, poolA, everyEmail)
	require.NoError(t, err)
	members, err := s.UsersInGroup(ctx, poolA, "staff", "", 9)
	require.NoError(t, err)
	for _, got := range []userpool.User{bySub, byIdentifier, listed.Users[0], members[0]} {
		sameUser(t, user(alice, aliceMail), version, got)
		spoilUser(got)
	}
	groups, err := s.GroupsOf(ctx, poolA, alice)
	require.NoError(t, err)
	require.EqualValues(t, 5, *groups[0].Precedence)
	*groups[0].Precedence = 6
	for range 2 {
		group, err := s.Group(ctx, poolA, "staff")
		require.NoError(t, err)
		list, err := s.ListGroups(ctx, poolA, "", 9)
		require.NoError(t, err)
		require.EqualValues(t, []int32{5, 5}, []int32{*group.Precedence, *list[0].Precedence})
		*group.Precedence, *list[0].Precedence = 6, 6
		sessions, err := s.SessionsOf(ctx, poolA, alice, 9)
		require.NoError(t, err)
		v, err := s.Session(ctx, poolA, "s1")
		require.NoError(t, err)
		for _, got := range []userpool.Session{sessions[0], v} {
			sameSession(t, session("s1", alice), version, got)
			spoilSession(got)
		}
		record, err := s.Record(ctx, poolA, "k", "k")
		require.NoError(t, err)
		records, err := s.ListRecords(ctx, poolA, "k", "", "", 9)
		require.NoError(t, err)
		last, err := s.LastAudit(ctx, poolA)
		require.NoError(t, err)
		entries, err := s.ListAudit(ctx, poolA, userpool.AuditQuery{Limit: 9})
		require.NoError(t, err)
		require.Equal(t, "record record event chain event chain", fmt.Sprintf("%s %s %s %s %s %s",
			record.Data, records[0].Data, last.Event, last.Hash, entries[0].Event, entries[0].Hash))
		spoil(record.Data, records[0].Data, last.Event, last.Hash, entries[0].Event, entries[0].Hash)
	}
	ticket, err := s.TakeTicket(ctx, poolA, "code", []byte("hash"))
	require.NoError(t, err)
	keys, err := s.Keys(ctx, poolA)
	require.NoError(t, err)
	require.Equal(t, []string{"hash", "data", "sealed", "public"},
		[]string{string(ticket.Hash), string(ticket.Data), string(keys[0].Sealed), string(keys[0].Public)})
	spoil(ticket.Hash, ticket.Data, keys[0].Sealed, keys[0].Public)
}

func spoilUser(u userpool.User) {
	u.Attributes["email"], u.Attributes["new"] = "spoilt", "spoilt"
	u.Identifiers[0].Value, u.Codes[0].Purpose = "spoilt", "spoilt"
	u.Pending["email"], u.PasswordHistory[0], u.MFA[0], u.Identities[0].Subject = "spoilt", "spoilt", "spoilt", "spoilt"
	u.SoftwareToken.Name, u.NewSoftwareToken.Name, u.Passkeys[0].Transports[0] = "spoilt", "spoilt", "spoilt"
	u.Passkeys[1].Name = "spoilt"
	spoil(u.Codes[0].Hash, u.SRPVerifier, u.SoftwareToken.Secret, u.NewSoftwareToken.Secret, u.RecoveryCodes[0], u.Passkeys[0].ID,
		u.Passkeys[0].PublicKey, u.Passkeys[0].AAGUID)
}

func spoilSession(v userpool.Session) {
	v.Scopes[0], v.Previous[0], v.AMR[0] = "spoilt", nil, "spoilt"
	spoil(v.Secret, v.Current[0])
}

func spoil(values ...[]byte) {
	for _, b := range values {
		b[0] = 'X'
	}
}
