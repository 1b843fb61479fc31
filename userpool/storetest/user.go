package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// userRoundtrip: a user comes back as it was written, with everything and with nothing in it, by its sub and by each identifier.
func userRoundtrip(t *testing.T, s userpool.Store) {
	full := user(alice, email("alice@example.com"), userpool.Identifier{Kind: userpool.IdentifierFederated, Value: "Corp 0001"},
		email("a.second@example.com"))
	full.Version = 99 // CreateUser makes 1 of it
	everyField(t, full)
	everyField(t, *full.SoftwareToken)
	everyField(t, full.Passkeys[0])
	everyField(t, full.Identities[0])
	everyField(t, full.Codes[0])
	empty := userpool.User{Sub: bob}
	mustCreate(t, s, full, empty)

	sameUser(t, full, 1, mustUser(t, s, alice))
	sameUser(t, empty, 1, mustUser(t, s, bob))
	for _, id := range full.Identifiers {
		u, err := s.UserByIdentifier(t.Context(), poolA, id)
		require.NoError(t, err)
		sameUser(t, full, 1, u)
	}
}

// userParts: each part of what a user proves who they are with comes back as it was written, also where it is the only one, and is gone
// when an update leaves it out.
func userParts(t *testing.T, s userpool.Store) {
	whole := user(alice)
	for i, change := range []func(u *userpool.User){
		func(u *userpool.User) { u.Pending = whole.Pending },
		func(u *userpool.User) { u.PasswordHistory = whole.PasswordHistory },
		func(u *userpool.User) { u.PasswordChanged = whole.PasswordChanged },
		func(u *userpool.User) { u.PasswordExpires = whole.PasswordExpires },
		func(u *userpool.User) { u.SRPVerifier = whole.SRPVerifier },
		func(u *userpool.User) { u.SoftwareToken = whole.SoftwareToken },
		func(u *userpool.User) { u.NewSoftwareToken = &userpool.SoftwareToken{} },
		func(u *userpool.User) { u.MFA = whole.MFA },
		func(u *userpool.User) { u.PreferredMFA = whole.PreferredMFA },
		func(u *userpool.User) { u.RecoveryCodes = [][]byte{{}, {1}} },
		func(u *userpool.User) { u.Passkeys = []userpool.Passkey{{ID: []byte{0}}} },
		func(u *userpool.User) { u.Identities = []userpool.FederatedIdentity{{}} },
		func(u *userpool.User) { *u = whole },
	} {
		u := userpool.User{Sub: numbered("sub", i)}
		change(&u)
		u.Sub = numbered("sub", i)
		mustCreate(t, s, u)
		sameUser(t, u, 1, mustUser(t, s, u.Sub))
		bare := userpool.User{Sub: u.Sub, Version: 1}
		require.NoError(t, s.UpdateUser(t.Context(), poolA, bare))
		sameUser(t, bare, 2, mustUser(t, s, u.Sub))
		u.Version = 2
		require.NoError(t, s.UpdateUser(t.Context(), poolA, u))
		sameUser(t, u, 3, mustUser(t, s, u.Sub))
	}
}

// userCreate: a sub and an identifier belong to one user. A creation that meets a taken one, be it the last of several, adds nothing:
// neither the user nor the identifiers that were free.
func userCreate(t *testing.T, s userpool.Store) {
	mustCreate(t, s, user(alice, email("alice@example.com")))

	require.ErrorIs(t, s.CreateUser(t.Context(), poolA, user(alice, email("other@example.com"))), userpool.ErrExists)
	_, err := s.UserByIdentifier(t.Context(), poolA, email("other@example.com"))
	require.ErrorIs(t, err, userpool.ErrNotFound)

	require.ErrorIs(t, s.CreateUser(t.Context(), poolA, user(bob, email("free@example.com"), email("alice@example.com"))), userpool.ErrExists)
	_, err = s.User(t.Context(), poolA, bob)
	require.ErrorIs(t, err, userpool.ErrNotFound)
	_, err = s.UserByIdentifier(t.Context(), poolA, email("free@example.com"))
	require.ErrorIs(t, err, userpool.ErrNotFound)

	// What was refused can be had in another way.
	mustCreate(t, s, user(bob, email("free@example.com")))
	sameUser(t, user(alice, email("alice@example.com")), 1, mustUser(t, s, alice))
}

// userFind: identifiers are compared byte by byte, with their kind. What is equal to a person (upper case, accents written in another
// way) is decided by the pool before it asks; a store that folds on its own would let one person in as another.
func userFind(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice, email("stra\u00dfe@example.com"), email("caf\u00e9@example.com")))
	for _, other := range []userpool.Identifier{
		email("STRASSE@example.com"), email("strasse@example.com"), email("Stra\u00dfe@example.com"), email("cafe\u0301@example.com"),
		email("cafe@example.com"), email("caf\u00e9@example.com "), email(" caf\u00e9@example.com"), email("caf\u00e9@example.co"), email("%"),
		email("caf_@example.com"), email(""),
		{Kind: userpool.IdentifierFederated, Value: "caf\u00e9@example.com"}, {Kind: "EMAIL", Value: "caf\u00e9@example.com"},
		{Value: "caf\u00e9@example.com"},
	} {
		_, err := s.UserByIdentifier(ctx, poolA, other)
		require.ErrorIs(t, err, userpool.ErrNotFound, "%+q", other)
	}
	// So these are free.
	mustCreate(t, s, user(bob, email("Stra\u00dfe@example.com"), email("cafe\u0301@example.com")))
	for _, sub := range []string{"", "nobody", alice + " ", "8F14E45F-CEEA-467F-9D2C-0F6E3A1B7C01"} {
		_, err := s.User(ctx, poolA, sub)
		require.ErrorIs(t, err, userpool.ErrNotFound, "%q", sub)
	}
}

// userUpdate: an update of what was read last replaces all of a user and counts the version up by one. An update of anything older is
// ErrStale and changes nothing: this is what makes a one-time code count for one of two requests that arrive together.
func userUpdate(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	first := user(alice, email("alice@example.com"), email("old@example.com"))
	mustCreate(t, s, first, user(bob, email("bob@example.com")))

	second := userpool.User{
		Sub: alice, Username: "Corp_1", Status: userpool.StatusExternalProvider, Attributes: map[string]string{"name": "A"},
		Identifiers: []userpool.Identifier{email("new@example.com"), email("alice@example.com")}, Created: moment, Modified: moment.Add(time.Hour),
		Version: 1,
	}
	require.NoError(t, s.UpdateUser(ctx, poolA, second))
	sameUser(t, second, 2, mustUser(t, s, alice))
	for _, id := range second.Identifiers {
		u, err := s.UserByIdentifier(ctx, poolA, id)
		require.NoError(t, err)
		require.Equal(t, alice, u.Sub)
	}
	_, err := s.UserByIdentifier(ctx, poolA, email("old@example.com"))
	require.ErrorIs(t, err, userpool.ErrNotFound, "an identifier that was given up finds nobody")

	// Other versions than the stored one, older and newer.
	for _, version := range []int64{-1, 0, 1, 3, 1 << 40} {
		stale := user(alice, email("stale@example.com"))
		stale.Version = version
		require.ErrorIs(t, s.UpdateUser(ctx, poolA, stale), userpool.ErrStale, "version %d", version)
	}
	// An identifier of somebody else, though others of the update are free.
	taken := second.Clone()
	taken.Version = 2
	taken.Username = "changed"
	taken.Identifiers = []userpool.Identifier{email("free@example.com"), email("bob@example.com")}
	require.ErrorIs(t, s.UpdateUser(ctx, poolA, taken), userpool.ErrExists)
	unknown := user("nobody")
	unknown.Version = 1
	require.ErrorIs(t, s.UpdateUser(ctx, poolA, unknown), userpool.ErrNotFound)
	// None of these changed anything.
	sameUser(t, second, 2, mustUser(t, s, alice))
	for _, id := range []userpool.Identifier{email("stale@example.com"), email("free@example.com")} {
		_, err := s.UserByIdentifier(ctx, poolA, id)
		require.ErrorIs(t, err, userpool.ErrNotFound)
	}

	// An identifier that was given up is free for others, and one can give up all.
	bare := second.Clone()
	bare.Version, bare.Identifiers = 2, nil
	require.NoError(t, s.UpdateUser(ctx, poolA, bare))
	sameUser(t, bare, 3, mustUser(t, s, alice))
	next := user(bob, email("bob@example.com"), email("alice@example.com"))
	next.Version = 1
	require.NoError(t, s.UpdateUser(ctx, poolA, next))
	u, err := s.UserByIdentifier(ctx, poolA, email("alice@example.com"))
	require.NoError(t, err)
	require.Equal(t, bob, u.Sub)
}

// userDelete: with the user go the identifiers, the memberships, the sessions and the records, and nothing of anybody else. A version other than 0
// must be the stored one: so that a user who confirmed the sign-up meanwhile is not swept away with the unconfirmed one.
func userDelete(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice, email("alice@example.com"), email("second@example.com")), user(bob, email("bob@example.com")))
	require.NoError(t, s.CreateGroup(ctx, poolA, staffGroup))
	for id, sub := range map[string]string{"s1": alice, "s2": alice, "s3": bob} {
		require.NoError(t, s.CreateSession(ctx, poolA, session(id, sub)))
		require.NoError(t, s.AddToGroup(ctx, poolA, sub, staffGroup.Name))
	}
	child := session("s4", alice)
	child.Parent = "s1"
	require.NoError(t, s.CreateSession(ctx, poolA, child))

	require.ErrorIs(t, s.DeleteUser(ctx, poolA, "nobody", 0), userpool.ErrNotFound)
	require.ErrorIs(t, s.DeleteUser(ctx, poolA, "nobody", 1), userpool.ErrNotFound)
	for _, version := range []int64{-1, 2, 1 << 40} {
		require.ErrorIs(t, s.DeleteUser(ctx, poolA, alice, version), userpool.ErrStale)
	}
	sameUser(t, user(alice, email("alice@example.com"), email("second@example.com")), 1, mustUser(t, s, alice))
	_, err := s.Session(ctx, poolA, "s2")
	require.NoError(t, err, "a deletion that was refused deleted a session")

	require.NoError(t, s.DeleteUser(ctx, poolA, alice, 1))
	require.ErrorIs(t, s.DeleteUser(ctx, poolA, alice, 1), userpool.ErrNotFound)
	_, err = s.User(ctx, poolA, alice)
	require.ErrorIs(t, err, userpool.ErrNotFound)
	for _, value := range []string{"alice@example.com", "second@example.com"} {
		_, err = s.UserByIdentifier(ctx, poolA, email(value))
		require.ErrorIs(t, err, userpool.ErrNotFound)
	}
	for _, id := range []string{"s1", "s2", "s4"} {
		_, err = s.Session(ctx, poolA, id)
		require.ErrorIs(t, err, userpool.ErrNotFound)
	}
	groups, err := s.GroupsOf(ctx, poolA, alice)
	require.NoError(t, err)
	require.Empty(t, groups)

	sameUser(t, user(bob, email("bob@example.com")), 1, mustUser(t, s, bob))
	_, err = s.Session(ctx, poolA, "s3")
	require.NoError(t, err)
	groups, err = s.GroupsOf(ctx, poolA, bob)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.NoError(t, s.DeleteUser(ctx, poolA, bob, 0), "0 stands for any version")
}

// userAgain: who takes an identifier that a deleted user had inherits nothing from that user. The pool gives everybody a new sub; the
// store keeps nothing behind under the old one, even if the same sub came again.
func userAgain(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	fill(t, s, poolA)
	require.NoError(t, s.DeleteUser(ctx, poolA, alice, 0))
	for _, sub := range []string{bob, alice} {
		require.NoError(t, s.CreateUser(ctx, poolA, user(sub, aliceMail)))
		u, err := s.UserByIdentifier(ctx, poolA, aliceMail)
		require.NoError(t, err)
		require.Equal(t, sub, u.Sub)
		require.EqualValues(t, 1, u.Version)
		groups, err := s.GroupsOf(ctx, poolA, sub)
		require.NoError(t, err)
		require.Empty(t, groups)
		_, err = s.Session(ctx, poolA, "s1")
		require.ErrorIs(t, err, userpool.ErrNotFound)
		sessions, err := s.SessionsOf(ctx, poolA, sub, 10)
		require.NoError(t, err)
		require.Empty(t, sessions)
		_, err = s.Record(ctx, poolA, aRecord.Kind, aRecord.Key)
		require.ErrorIs(t, err, userpool.ErrNotFound)
		require.Equal(t, []string{sub}, subs(t, s, poolA, everyEmail))
		require.NoError(t, s.DeleteUser(ctx, poolA, sub, 0))
		require.Empty(t, subs(t, s, poolA, everyEmail))
	}
}
