package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func under(parent string, s userpool.Session) userpool.Session {
	s.Parent = parent
	return s
}

// sessionRoundtrip: a session comes back as it was written, expired or not: what is over is the pool's to judge, with its own clock.
func sessionRoundtrip(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	full := session("full", alice)
	full.Version = 99 // CreateSession makes 1 of it
	everyField(t, under("parent", full))
	empty := userpool.Session{ID: "empty", Sub: alice}
	over := session("over", alice)
	over.Expires = time.Unix(0, 0)
	child := under("full", session("child", alice))
	method, device := userpool.Session{ID: "method", Sub: alice, AMR: []string{""}}, userpool.Session{ID: "device", Sub: alice, DeviceKey: "k"}
	for _, v := range []userpool.Session{full, empty, over, child, method, device} {
		require.NoError(t, s.CreateSession(ctx, poolA, v))
		got, err := s.Session(ctx, poolA, v.ID)
		require.NoError(t, err)
		sameSession(t, v, 1, got)
	}
	for _, id := range []string{"", "nothing", "FULL", "full "} {
		_, err := s.Session(ctx, poolA, id)
		require.ErrorIs(t, err, userpool.ErrNotFound, "%q", id)
	}
}

// sessionCreate: an ID is used once, and a session belongs to a user, and to a parent if it names one, who are there: a sign-in that
// was under way when its user was deleted, or its browser session ended, leaves no session behind.
func sessionCreate(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice), user(bob))
	require.ErrorIs(t, s.CreateSession(ctx, poolA, session("s1", "nobody")), userpool.ErrNotFound)
	require.ErrorIs(t, s.CreateSession(ctx, poolA, under("nothing", session("s1", alice))), userpool.ErrNotFound)
	require.ErrorIs(t, s.CreateSession(ctx, poolA, under("s1", session("s1", alice))), userpool.ErrNotFound, "its own parent")
	_, err := s.Session(ctx, poolA, "s1")
	require.ErrorIs(t, err, userpool.ErrNotFound)

	require.NoError(t, s.CreateSession(ctx, poolA, session("s1", alice)))
	require.ErrorIs(t, s.CreateSession(ctx, poolA, session("s1", bob)), userpool.ErrExists)
	got, err := s.Session(ctx, poolA, "s1")
	require.NoError(t, err)
	sameSession(t, session("s1", alice), 1, got)
}

// sessionUpdate: as with users; of two refreshes with one token that arrive together, one rotates it and the other is ErrStale.
func sessionUpdate(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	require.NoError(t, s.CreateSession(ctx, poolA, session("s1", alice)))

	next := session("s1", alice)
	next.Generation, next.Previous, next.Current, next.Rotated = 5, next.Current, [][]byte{{9}}, moment.Add(time.Second)
	next.Scopes, next.Secret = nil, []byte("other")
	next.AMR, next.DeviceKey, next.IPAddress, next.UserAgent = []string{"hwk"}, "", "192.0.2.1", ""
	next.ProviderSession = nil
	next.Version = 1
	require.NoError(t, s.UpdateSession(ctx, poolA, next))
	for _, version := range []int64{-1, 0, 1, 3, 1 << 40} {
		stale := session("s1", alice)
		stale.Version = version
		require.ErrorIs(t, s.UpdateSession(ctx, poolA, stale), userpool.ErrStale, "version %d", version)
	}
	got, err := s.Session(ctx, poolA, "s1")
	require.NoError(t, err)
	sameSession(t, next, 2, got)

	unknown := session("nothing", alice)
	unknown.Version = 1
	require.ErrorIs(t, s.UpdateSession(ctx, poolA, unknown), userpool.ErrNotFound)
	_, err = s.Session(ctx, poolA, "nothing")
	require.ErrorIs(t, err, userpool.ErrNotFound)
}

// sessionList: people see where they are signed in, the newest sign-in first, expired ones too: the pool judges that. Of two that began
// at the same instant either may come first, but always the same one.
func sessionList(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice), user(bob))
	require.NoError(t, s.CreateUser(ctx, poolB, user(alice)))
	require.NoError(t, s.CreateSession(ctx, poolB, session("elsewhere", alice)))
	want := map[string]userpool.Session{}
	for i, id := range []string{"m", "a", "z", "k", "never", "twin-1", "twin-2"} {
		v := session(id, alice)
		v.Created = moment.Add(time.Duration(i) * time.Microsecond)
		v.Expires = time.Unix(int64(i), 0)
		switch id {
		case "never":
			v.Created = time.Time{}
		case "twin-1", "twin-2":
			v.Created = moment.Add(-time.Hour)
		}
		want[id] = v
		require.NoError(t, s.CreateSession(ctx, poolA, v))
	}
	require.NoError(t, s.CreateSession(ctx, poolA, session("other", bob)))
	ids := func(limit int) (ids []string) {
		got, err := s.SessionsOf(ctx, poolA, alice, limit)
		require.NoError(t, err)
		for _, v := range got {
			sameSession(t, want[v.ID], 1, v)
			ids = append(ids, v.ID)
		}
		return ids
	}
	all := ids(100)
	require.Len(t, all, 7)
	require.Equal(t, []string{"k", "z", "a", "m"}, all[:4])
	require.ElementsMatch(t, []string{"twin-1", "twin-2"}, all[4:6])
	require.Equal(t, "never", all[6])
	for limit := range 8 {
		require.Equal(t, all[:limit], append([]string{}, ids(limit)...))
	}
	require.Empty(t, ids(-1))
	none, err := s.SessionsOf(ctx, poolA, "nobody", 10)
	require.NoError(t, err)
	require.Empty(t, none)
}

// sessionDelete: with a browser session end the families of tokens that came from it, and nothing else; all sessions of a user end at
// once, and those of others stay.
func sessionDelete(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice), user(bob))
	for _, v := range []userpool.Session{
		session("a", alice), session("b", alice), under("a", session("a1", alice)), under("a", session("a2", alice)),
		under("b", session("b1", alice)), session("c", bob),
	} {
		require.NoError(t, s.CreateSession(ctx, poolA, v))
	}
	there := func(want ...string) {
		t.Helper()
		var got []string
		for _, id := range []string{"a", "a1", "a2", "b", "b1", "c"} {
			if _, err := s.Session(ctx, poolA, id); err == nil {
				got = append(got, id)
			} else {
				require.ErrorIs(t, err, userpool.ErrNotFound)
			}
		}
		require.Equal(t, want, got)
	}
	require.ErrorIs(t, s.DeleteSession(ctx, poolA, "nothing"), userpool.ErrNotFound)
	require.ErrorIs(t, s.DeleteSession(ctx, poolA, ""), userpool.ErrNotFound, "no parent is not a parent")
	there("a", "a1", "a2", "b", "b1", "c")
	require.NoError(t, s.DeleteSession(ctx, poolA, "a1"))
	there("a", "a2", "b", "b1", "c")
	require.NoError(t, s.DeleteSession(ctx, poolA, "a"))
	there("b", "b1", "c")
	require.ErrorIs(t, s.DeleteSession(ctx, poolA, "a"), userpool.ErrNotFound)
	require.NoError(t, s.DeleteSessionsOf(ctx, poolA, alice))
	there("c")
	require.NoError(t, s.DeleteSessionsOf(ctx, poolA, alice))
	require.NoError(t, s.DeleteSessionsOf(ctx, poolA, "nobody"))
	there("c")
}
