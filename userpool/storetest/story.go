package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// story: a person signs up, confirms, signs in with an authorization code, refreshes, tries an old token, changes the address, and goes,
// in the steps that the pool takes.
func story(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	now := kept(moment)

	// Sign-up: the address is taken from now on, and a code is outstanding.
	require.NoError(t, s.CreateUser(ctx, poolA, userpool.User{
		Sub: alice, Username: alice, Status: userpool.StatusUnconfirmed, Enabled: true, Attributes: map[string]string{"email": aliceMail.Value},
		PasswordHash: "$argon2id$...", Identifiers: []userpool.Identifier{aliceMail},
		Codes:   []userpool.OneTimeCode{{Purpose: "confirm", Hash: []byte("mac"), Expires: now.Add(10 * time.Minute)}},
		Created: now, Modified: now,
	}))
	require.ErrorIs(t, s.CreateUser(ctx, poolA, user(bob, aliceMail)), userpool.ErrExists)

	// A wrong answer is counted, then the right one takes the code away.
	u, err := s.UserByIdentifier(ctx, poolA, aliceMail)
	require.NoError(t, err)
	u.Codes[0].Tries++
	require.NoError(t, s.UpdateUser(ctx, poolA, u))
	u = mustUser(t, s, alice)
	require.Equal(t, 1, u.Codes[0].Tries)
	u.Codes, u.Status, u.Attributes["email_verified"] = nil, userpool.StatusConfirmed, "true"
	require.NoError(t, s.UpdateUser(ctx, poolA, u))
	require.ErrorIs(t, s.UpdateUser(ctx, poolA, u), userpool.ErrStale, "the same answer again")

	// Sign-in: the attempt is counted, a browser session begins, a code is given out and redeemed for a family of tokens.
	require.NoError(t, s.PutCounter(ctx, poolA, userpool.Counter{Key: "sign-in:1", N: 1, Last: now}))
	browser := userpool.Session{ID: "b1", Kind: userpool.SessionBrowser, Sub: alice, Secret: []byte("cookie"), Created: now, Expires: now.Add(time.Hour)}
	require.NoError(t, s.CreateSession(ctx, poolA, browser))
	require.NoError(t, s.PutTicket(ctx, poolA, userpool.Ticket{Kind: "code", Hash: []byte("c1"), Data: []byte(`{"session":"b1"}`), Expires: now.Add(time.Minute)}))
	ticket, err := s.TakeTicket(ctx, poolA, "code", []byte("c1"))
	require.NoError(t, err)
	require.False(t, ticket.Used)
	family := userpool.Session{
		ID: "f1", Kind: userpool.SessionTokens, Sub: alice, Parent: "b1", ClientID: "web", Scopes: []string{"openid"}, Current: [][]byte{[]byte("r1")},
		Created: now, Expires: now.Add(30 * 24 * time.Hour),
	}
	require.NoError(t, s.CreateSession(ctx, poolA, family))

	// Refresh: the token is replaced by the next; who comes with the session as it was is stale.
	family, err = s.Session(ctx, poolA, "f1")
	require.NoError(t, err)
	old := family.Clone()
	family.Generation, family.Previous, family.Current, family.Rotated = 1, family.Current, [][]byte{[]byte("r2")}, now.Add(time.Minute)
	require.NoError(t, s.UpdateSession(ctx, poolA, family))
	require.ErrorIs(t, s.UpdateSession(ctx, poolA, old), userpool.ErrStale)

	// The code a second time: it is known as used, and the family can be ended.
	ticket, err = s.TakeTicket(ctx, poolA, "code", []byte("c1"))
	require.NoError(t, err)
	require.True(t, ticket.Used)
	require.NoError(t, s.DeleteSession(ctx, poolA, "f1"))

	// Sign-out at the browser ends what came from it.
	family.Version = 0
	require.NoError(t, s.CreateSession(ctx, poolA, family))
	require.NoError(t, s.DeleteSession(ctx, poolA, "b1"))
	_, err = s.Session(ctx, poolA, "f1")
	require.ErrorIs(t, err, userpool.ErrNotFound)
	require.ErrorIs(t, s.CreateSession(ctx, poolA, family), userpool.ErrNotFound, "its parent is gone")

	// A new address, and the old one is free.
	u = mustUser(t, s, alice)
	u.Identifiers = []userpool.Identifier{email("new@example.com")}
	require.NoError(t, s.UpdateUser(ctx, poolA, u))
	require.NoError(t, s.CreateUser(ctx, poolA, user(bob, aliceMail)))

	// Gone, and all of it with her.
	require.NoError(t, s.DeleteUser(ctx, poolA, alice, 0))
	_, err = s.UserByIdentifier(ctx, poolA, email("new@example.com"))
	require.ErrorIs(t, err, userpool.ErrNotFound)
	n, err := s.Purge(ctx, poolA, now.Add(365*24*time.Hour), 100)
	require.NoError(t, err)
	require.Equal(t, 2, n, "the ticket and the counter")
}
