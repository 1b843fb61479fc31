package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// parallelCreateUser: of those who sign up with one address at once, one gets it. The others leave nothing behind.
func parallelCreateUser(t *testing.T, s userpool.Store) {
	errs := race(func(i int) error {
		return s.CreateUser(t.Context(), poolA, user(numbered("sub", i), email(numbered("own", i)), email("wanted@example.com")))
	})
	winner := oneWinner(t, errs, userpool.ErrExists)
	u, err := s.UserByIdentifier(t.Context(), poolA, email("wanted@example.com"))
	require.NoError(t, err)
	require.Equal(t, numbered("sub", winner), u.Sub)
	for i := range parallel {
		_, err := s.User(t.Context(), poolA, numbered("sub", i))
		_, byOwn := s.UserByIdentifier(t.Context(), poolA, email(numbered("own", i)))
		if i != winner {
			require.ErrorIs(t, err, userpool.ErrNotFound)
			require.ErrorIs(t, byOwn, userpool.ErrNotFound)
		} else {
			require.NoError(t, err)
			require.NoError(t, byOwn)
		}
	}
}

// parallelUpdateUser: of those who update the same version at once, one does: a one-time code works once.
func parallelUpdateUser(t *testing.T, s userpool.Store) {
	mustCreate(t, s, user(alice, aliceMail))
	errs := race(func(i int) error {
		u := user(alice, aliceMail)
		u.Version, u.Username = 1, numbered("name", i)
		if i%2 == 0 {
			u.Identifiers = append(u.Identifiers, email(numbered("extra", i)))
		}
		return s.UpdateUser(t.Context(), poolA, u)
	})
	winner := oneWinner(t, errs, userpool.ErrStale)
	u := mustUser(t, s, alice)
	require.Equal(t, numbered("name", winner), u.Username)
	require.EqualValues(t, 2, u.Version)
	for i := range parallel {
		_, err := s.UserByIdentifier(t.Context(), poolA, email(numbered("extra", i)))
		require.Equal(t, i == winner && i%2 == 0, err == nil)
	}
}

// parallelSwapIdentifier: different users who take one free identifier by an update at once: one gets it, the others keep what they had.
func parallelSwapIdentifier(t *testing.T, s userpool.Store) {
	for i := range parallel {
		mustCreate(t, s, user(numbered("sub", i), email(numbered("own", i))))
	}
	errs := race(func(i int) error {
		u := user(numbered("sub", i), email("wanted@example.com"))
		u.Version = 1
		return s.UpdateUser(t.Context(), poolA, u)
	})
	winner := oneWinner(t, errs, userpool.ErrExists)
	for i := range parallel {
		u := mustUser(t, s, numbered("sub", i))
		_, err := s.UserByIdentifier(t.Context(), poolA, email(numbered("own", i)))
		if i == winner {
			require.EqualValues(t, 2, u.Version)
			require.ErrorIs(t, err, userpool.ErrNotFound)
		} else {
			require.EqualValues(t, 1, u.Version)
			require.NoError(t, err)
		}
	}
}

// parallelTakeTicket: of those who redeem one authorization code at once, one gets it unused.
func parallelTakeTicket(t *testing.T, s userpool.Store) {
	require.NoError(t, s.PutTicket(t.Context(), poolA, aTicket))
	used := errors.New("it was used")
	oneWinner(t, race(func(int) error {
		ticket, err := s.TakeTicket(t.Context(), poolA, aTicket.Kind, aTicket.Hash)
		if err == nil && string(ticket.Data) != string(aTicket.Data) {
			return errors.New("the data is another's")
		}
		if err == nil && ticket.Used {
			return used
		}
		return err
	}), used)
}

// parallelUpdateSession: of those who use one refresh token at once, one rotates it.
func parallelUpdateSession(t *testing.T, s userpool.Store) {
	mustCreate(t, s, user(alice))
	require.NoError(t, s.CreateSession(t.Context(), poolA, session("s1", alice)))
	winner := oneWinner(t, race(func(i int) error {
		v := session("s1", alice)
		v.Version, v.Current = 1, [][]byte{[]byte(numbered("hash", i))}
		return s.UpdateSession(t.Context(), poolA, v)
	}), userpool.ErrStale)
	v, err := s.Session(t.Context(), poolA, "s1")
	require.NoError(t, err)
	require.Equal(t, numbered("hash", winner), string(v.Current[0]))
	require.EqualValues(t, 2, v.Version)
}

// parallelCounter: guesses that arrive together are counted one by one, and none is lost.
func parallelCounter(t *testing.T, s userpool.Store) {
	first := oneWinner(t, race(func(i int) error {
		return s.PutCounter(t.Context(), poolA, userpool.Counter{Key: "first", N: int64(i)})
	}), userpool.ErrStale)
	c, err := s.Counter(t.Context(), poolA, "first")
	require.NoError(t, err)
	require.EqualValues(t, first, c.N)

	require.NoError(t, errors.Join(race(func(int) error {
		return retryStale(func() error {
			c, err := s.Counter(t.Context(), poolA, "c")
			if err != nil {
				return err
			}
			c.N++
			return s.PutCounter(t.Context(), poolA, c)
		})
	})...))
	c, err = s.Counter(t.Context(), poolA, "c")
	require.NoError(t, err)
	require.EqualValues(t, parallel, c.N)
	require.EqualValues(t, parallel, c.Version)
}

// parallelPutRecord: of those who make or change one record at once, one does, and its data is what is there.
func parallelPutRecord(t *testing.T, s userpool.Store) {
	mustCreate(t, s, user(alice))
	for version := range int64(3) {
		winner := oneWinner(t, race(func(i int) error {
			r := aRecord
			r.Data, r.Version = []byte(numbered("data", i)), version
			return s.PutRecord(t.Context(), poolA, r)
		}), userpool.ErrStale)
		r, err := s.Record(t.Context(), poolA, aRecord.Kind, aRecord.Key)
		require.NoError(t, err)
		require.Equal(t, numbered("data", winner), string(r.Data))
		require.Equal(t, version+1, r.Version)
	}
}

// parallelAddKey: of processes that start at once on an empty store, one makes the first signing key, and all use that one.
func parallelAddKey(t *testing.T, s userpool.Store) {
	winner := oneWinner(t, race(func(i int) error {
		k := aKey
		k.ID = numbered("kid", i)
		return s.AddKey(t.Context(), poolA, k)
	}), userpool.ErrExists)
	keys, err := s.Keys(t.Context(), poolA)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.Equal(t, numbered("kid", winner), keys[0].ID)
}

// parallelDeleteBesideCreate: while a user, all sessions of a user, or a browser session is deleted, others begin sessions under that
// browser session and add memberships and records. Whatever comes first, no session is left under one that is gone, and no session,
// membership or record of a user who is gone: signing out everywhere means everywhere.
func parallelDeleteBesideCreate(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	require.NoError(t, s.CreateGroup(ctx, poolA, staffGroup))
	for round := range 6 {
		sub, root := numbered("sub", round), numbered("root", round)
		mustCreate(t, s, user(sub))
		require.NoError(t, s.CreateSession(ctx, poolA, session(root, sub)))
		deletions := []func() error{
			func() error { return s.DeleteUser(ctx, poolA, sub, 0) },
			func() error { return s.DeleteSession(ctx, poolA, root) },
			func() error { return s.DeleteSessionsOf(ctx, poolA, sub) },
		}
		errs := race(func(i int) error {
			switch {
			case i == parallel/2:
				return deletions[round%3]()
			case i%2 == 0:
				return s.CreateSession(ctx, poolA, under(root, session(numbered(sub, i), sub)))
			case i%4 == 1:
				return s.PutRecord(ctx, poolA, userpool.Record{Kind: sub, Key: numbered("device", i), Owner: sub})
			default:
				return s.AddToGroup(ctx, poolA, sub, staffGroup.Name)
			}
		})
		for i, err := range errs {
			if i != parallel/2 && errors.Is(err, userpool.ErrNotFound) {
				continue // it came after the deletion
			}
			require.NoError(t, err)
		}
		for i := 0; i < parallel; i += 2 {
			_, err := s.Session(ctx, poolA, numbered(sub, i))
			require.ErrorIs(t, err, userpool.ErrNotFound, "a session outlived what it belonged to")
		}
		if round%3 == 0 {
			mustCreate(t, s, user(sub)) // would bring a forgotten membership to light
			groups, err := s.GroupsOf(ctx, poolA, sub)
			require.NoError(t, err)
			require.Empty(t, groups)
			records, err := s.ListRecords(ctx, poolA, sub, "", "", parallel)
			require.NoError(t, err)
			require.Empty(t, records, "a record outlived the user")
		}
	}
}

// parallelTornReads: who reads while others write sees one version whole, never a mixture of two.
func parallelTornReads(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	at := func(version int64) userpool.User {
		x := numbered("v", int(version))
		u := user(alice, aliceMail, email(x))
		u.Username, u.Attributes, u.Codes = x, map[string]string{"x": x}, []userpool.OneTimeCode{{Purpose: x}}
		u.PreferredMFA = userpool.ChallengeName(x)
		u.Version = version
		return u
	}
	const versions = 20
	mustCreate(t, s, at(1))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for reading := true; reading; {
				select {
				case <-done:
					reading = false
				default:
				}
				var u userpool.User
				var err error
				if i%2 == 0 {
					u, err = s.User(ctx, poolA, alice)
				} else {
					u, err = s.UserByIdentifier(ctx, poolA, aliceMail)
				}
				if err != nil {
					t.Errorf("reading beside an update: %v", err)
					return
				}
				want := at(u.Version)
				if u.Username != want.Username || u.Attributes["x"] != want.Username || len(u.Identifiers) != 2 ||
					u.Identifiers[1] != want.Identifiers[1] || u.Codes[0].Purpose != want.Username ||
					u.PreferredMFA != want.PreferredMFA {
					t.Errorf("version %d was read together with parts of another: %+v", u.Version, u)
					return
				}
			}
		})
	}
	for version := int64(1); version < versions; version++ {
		u := at(version + 1)
		u.Version = version
		if err := s.UpdateUser(ctx, poolA, u); err != nil {
			t.Errorf("updating beside readers: %v", err)
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(done)
	wg.Wait()
}
