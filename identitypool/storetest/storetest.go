package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// Run tests a store. open is called once for each part of the suite and returns an empty store that nothing else uses; it can register its
// own cleanup with t.
func Run(t *testing.T, open func(t *testing.T) identitypool.Store) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, s identitypool.Store)
	}{
		{"CreateIdentity", createIdentity},
		{"IdentityForLogin", identityForLogin},
		{"ExactLogins", exactLogins},
		{"D1_Strings", stringsKept},
		{"D2_RefusedValues", refusedValues},
		{"D2_LongValues", longValues},
		{"Times", times},
		{"Copies", copies},
		{"Context", contexts},
		{"D9_Isolation", isolation},
		{"D4_OneIdentityForALogin", parallelLogin},
		{"D4_OneIDForManyLogins", parallelID},
		{"D4_ManyLogins", parallelMany},
		{"Story", story},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
	}
}

const (
	poolA = "eu-west-1:0a000000-0000-4000-8000-00000000000a"
	poolB = "eu-west-1:0b000000-0000-4000-8000-00000000000b"
)

// parallel is how many try the same thing at once.
const parallel = 50

// moment has more digits than a store keeps, and a zone that it does not keep.
var moment = time.Date(2026, 2, 28, 23, 59, 58, 123456789, time.FixedZone("somewhere", 5*3600+1800))

// kept returns t as it must come back.
func kept(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

func guest(id string) identitypool.Identity {
	return identitypool.Identity{ID: id, Created: kept(moment)}
}

func user(id, provider, subject string) identitypool.Identity {
	i := guest(id)
	i.Logins = []identitypool.Login{{Provider: provider, Subject: subject}}
	return i
}

func mustFind(t *testing.T, s identitypool.Store, pool, id string) identitypool.Identity {
	t.Helper()
	i, err := s.Identity(t.Context(), pool, id)
	require.NoError(t, err)
	if len(i.Logins) == 0 {
		i.Logins = nil // none and an empty list are the same
	}
	return i
}

func mustResolve(t *testing.T, s identitypool.Store, pool string, candidate identitypool.Identity) identitypool.Identity {
	t.Helper()
	i, err := s.IdentityForLogin(t.Context(), pool, candidate)
	require.NoError(t, err)
	return i
}

// createIdentity: an identifier is given once, to a guest or to a user.
func createIdentity(t *testing.T, s identitypool.Store) {
	_, err := s.Identity(t.Context(), poolA, "r:1")
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	require.NoError(t, s.CreateIdentity(t.Context(), poolA, guest("r:1")))
	require.Equal(t, guest("r:1"), mustFind(t, s, poolA, "r:1"))

	again := guest("r:1")
	again.Created = moment.Add(time.Hour)
	require.ErrorIs(t, s.CreateIdentity(t.Context(), poolA, again), identitypool.ErrExists)
	mustResolve(t, s, poolA, user("r:2", "a", "s"))
	require.ErrorIs(t, s.CreateIdentity(t.Context(), poolA, guest("r:2")), identitypool.ErrExists)
	require.Equal(t, guest("r:1"), mustFind(t, s, poolA, "r:1"))
	require.Equal(t, user("r:2", "a", "s"), mustFind(t, s, poolA, "r:2"))
}

// identityForLogin: the first candidate becomes the login's identity, for ever; others are not added; one that cannot be added leaves
// nothing.
func identityForLogin(t *testing.T, s identitypool.Store) {
	require.Equal(t, user("r:1", "a", "s"), mustResolve(t, s, poolA, user("r:1", "a", "s")))
	later := user("r:2", "a", "s")
	later.Created = moment.Add(time.Hour)
	require.Equal(t, user("r:1", "a", "s"), mustResolve(t, s, poolA, later))
	_, err := s.Identity(t.Context(), poolA, "r:2")
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	// The candidate may even have the identifier that is there already.
	require.Equal(t, user("r:1", "a", "s"), mustResolve(t, s, poolA, user("r:1", "a", "s")))

	_, err = s.IdentityForLogin(t.Context(), poolA, user("r:1", "b", "s"))
	require.ErrorIs(t, err, identitypool.ErrExists)
	require.Equal(t, user("r:1", "a", "s"), mustFind(t, s, poolA, "r:1"))
	require.Equal(t, user("r:3", "b", "s"), mustResolve(t, s, poolA, user("r:3", "b", "s")), "the refused login must not have been kept")
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
		id := fmt.Sprint("r:", i)
		require.Equal(t, id, mustResolve(t, s, poolA, user(id, l.Provider, l.Subject)).ID, "%q", l)
	}
	for i, l := range logins {
		require.Equal(t, fmt.Sprint("r:", i), mustResolve(t, s, poolA, user("r:other", l.Provider, l.Subject)).ID, "%q", l)
	}
	_, err := s.Identity(t.Context(), poolA, "R:1")
	require.ErrorIs(t, err, identitypool.ErrNotFound)
}

// hostile are strings that have broken others.
var hostile = []string{
	`' OR '1'='1`, `"; DROP TABLE identitypool_logins; --`, `$1`, `?`, `:name`, `\`, `\'`, `%`, `$$x$$`, "\n\r\t", "\u202e\ufeff", "𝄞", `{"a":1}`,
	"\u0001", "NULL", "null", "-1", "1e309", "true",
}

// stringsKept: text is text.
func stringsKept(t *testing.T, s identitypool.Store) {
	for i, text := range hostile {
		want := user(fmt.Sprint("r:", i, text), text, text)
		require.Equal(t, want, mustResolve(t, s, poolA+text, want))
		require.Equal(t, want, mustFind(t, s, poolA+text, want.ID))
	}
}

// refusedValues: what one engine cannot store, none stores; reading by such a name finds nothing.
func refusedValues(t *testing.T, s identitypool.Store) {
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3"} {
		require.ErrorIs(t, s.CreateIdentity(t.Context(), poolA, guest(bad)), identitypool.ErrInvalid)
		require.ErrorIs(t, s.CreateIdentity(t.Context(), bad, guest("r:1")), identitypool.ErrInvalid)
		for _, candidate := range []identitypool.Identity{user(bad, "a", "s"), user("r:1", bad, "s"), user("r:1", "a", bad)} {
			_, err := s.IdentityForLogin(t.Context(), poolA, candidate)
			require.ErrorIs(t, err, identitypool.ErrInvalid)
		}
		_, err := s.Identity(t.Context(), poolA, bad)
		require.ErrorIs(t, err, identitypool.ErrNotFound)
		_, err = s.Identity(t.Context(), bad, "r:1")
		require.ErrorIs(t, err, identitypool.ErrNotFound)
	}
	two := user("r:1", "a", "s")
	two.Logins = append(two.Logins, identitypool.Login{Provider: "b", Subject: "s"})
	late := user("r:1", "a", "s")
	late.Created = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, candidate := range []identitypool.Identity{two, late, guest("r:1"), user("", "a", "s"), user("r:1", "", "s"), user("r:1", "a", "")} {
		_, err := s.IdentityForLogin(t.Context(), poolA, candidate)
		require.ErrorIs(t, err, identitypool.ErrInvalid, "%+v", candidate)
	}
	late.Logins = nil
	for _, i := range []identitypool.Identity{guest(""), user("r:1", "a", "s"), late} {
		require.ErrorIs(t, s.CreateIdentity(t.Context(), poolA, i), identitypool.ErrInvalid, "%+v", i)
	}
	_, err := s.Identity(t.Context(), poolA, "r:1")
	require.ErrorIs(t, err, identitypool.ErrNotFound, "something that was refused was stored")
}

// longValues: longer than any limit of the pool, and not cut.
func longValues(t *testing.T, s identitypool.Store) {
	long := strings.Repeat("x", 1_000)
	want := user("r:1", long, long+"1")
	require.Equal(t, want, mustResolve(t, s, poolA, want))
	require.Equal(t, "r:2", mustResolve(t, s, poolA, user("r:2", long, long+"2")).ID)
}

// times: the same instant to the microsecond, in UTC.
func times(t *testing.T, s identitypool.Store) {
	for i, created := range []time.Time{
		moment, {}, time.Unix(0, 0), time.Unix(0, -1), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Now(),
	} {
		in := guest(fmt.Sprint("r:", i))
		in.Created = created
		require.NoError(t, s.CreateIdentity(t.Context(), poolA, in))
		require.Equal(t, kept(created), mustFind(t, s, poolA, in.ID).Created)

		in = user(fmt.Sprint("r:u", i), "a", fmt.Sprint(i))
		in.Created = created
		require.Equal(t, kept(created), mustResolve(t, s, poolA, in).Created)
	}
}

// copies: what a caller does with what it passed or got does not reach the store.
func copies(t *testing.T, s identitypool.Store) {
	in := user("r:1", "a", "s")
	out := mustResolve(t, s, poolA, in)
	in.Logins[0].Subject = "changed"
	out.Logins[0].Subject = "changed"
	found := mustFind(t, s, poolA, "r:1")
	found.Logins[0].Subject = "changed"
	require.Equal(t, user("r:1", "a", "s"), mustFind(t, s, poolA, "r:1"))
	require.Equal(t, user("r:1", "a", "s"), mustResolve(t, s, poolA, user("r:2", "a", "s")))
}

// contexts: an ended context ends every method, and nothing is written.
func contexts(t *testing.T, s identitypool.Store) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.CreateIdentity(ended, poolA, guest("r:1")), context.Canceled)
	_, err := s.IdentityForLogin(ended, poolA, user("r:2", "a", "s"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Identity(ended, poolA, "r:1")
	require.ErrorIs(t, err, context.Canceled)
	for _, id := range []string{"r:1", "r:2"} {
		_, err = s.Identity(t.Context(), poolA, id)
		require.ErrorIs(t, err, identitypool.ErrNotFound)
	}
}

// isolation: pools that share a store share nothing else, not even the uniqueness of identifiers.
func isolation(t *testing.T, s identitypool.Store) {
	mustResolve(t, s, poolA, user("r:1", "a", "s"))
	_, err := s.Identity(t.Context(), poolB, "r:1")
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	require.Equal(t, user("r:2", "a", "s"), mustResolve(t, s, poolB, user("r:2", "a", "s")))
	require.NoError(t, s.CreateIdentity(t.Context(), poolB, guest("r:1")))
	require.Equal(t, guest("r:1"), mustFind(t, s, poolB, "r:1"))
	require.Equal(t, user("r:1", "a", "s"), mustFind(t, s, poolA, "r:1"))
	_, err = s.Identity(t.Context(), poolA, "r:2")
	require.ErrorIs(t, err, identitypool.ErrNotFound)
}

// race runs act in many goroutines that start together.
func race[T any](act func(i int) T) []T {
	out := make([]T, parallel)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range parallel {
		wg.Go(func() {
			<-start
			out[i] = act(i)
		})
	}
	close(start)
	wg.Wait()
	return out
}

type outcome struct {
	identity identitypool.Identity
	err      error
}

// parallelLogin: of many who bring one new login at once, all get the same identity, and the store has only that.
func parallelLogin(t *testing.T, s identitypool.Store) {
	outcomes := race(func(i int) outcome {
		found, err := s.IdentityForLogin(t.Context(), poolA, user(fmt.Sprint("r:", i), "a", "wanted"))
		return outcome{found, err}
	})
	for _, o := range outcomes {
		require.NoError(t, o.err)
		require.Equal(t, outcomes[0].identity, o.identity)
	}
	for i := range parallel {
		id := fmt.Sprint("r:", i)
		_, err := s.Identity(t.Context(), poolA, id)
		if id == outcomes[0].identity.ID {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, identitypool.ErrNotFound)
	}
}

// parallelID: of many logins that would all have one identifier, one gets it, and the others leave nothing.
func parallelID(t *testing.T, s identitypool.Store) {
	outcomes := race(func(i int) outcome {
		found, err := s.IdentityForLogin(t.Context(), poolA, user("r:wanted", "a", fmt.Sprint(i)))
		return outcome{found, err}
	})
	winner := -1
	for i, o := range outcomes {
		if o.err == nil {
			require.Equal(t, -1, winner, "two logins have one identity")
			winner = i
			continue
		}
		require.ErrorIs(t, o.err, identitypool.ErrExists)
	}
	require.NotEqual(t, -1, winner)
	require.Equal(t, user("r:wanted", "a", fmt.Sprint(winner)), mustFind(t, s, poolA, "r:wanted"))
	other := fmt.Sprint((winner + 1) % parallel)
	require.Equal(t, "r:free", mustResolve(t, s, poolA, user("r:free", "a", other)).ID)
}

// parallelMany: different logins do not stand in each other's way.
func parallelMany(t *testing.T, s identitypool.Store) {
	for i, o := range race(func(i int) outcome {
		found, err := s.IdentityForLogin(t.Context(), poolA, user(fmt.Sprint("r:", i), "a", fmt.Sprint(i)))
		return outcome{found, err}
	}) {
		require.NoError(t, o.err)
		require.Equal(t, fmt.Sprint("r:", i), o.identity.ID)
	}
}
