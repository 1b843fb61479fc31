package storetest

import (
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
		{"Identities", identities},
		{"Versions", versions},
		{"Logins", logins},
		{"LoginsMove", loginsMove},
		{"AllOrNothing", allOrNothing},
		{"ExactLogins", exactLogins},
		{"List", list},
		{"Delete", deletion},
		{"Revocations", revocations},
		{"Tickets", tickets},
		{"Purge", purge},
		{"SigningKeys", signingKeys},
		{"D1_Strings", stringsKept},
		{"D2_RefusedIdentities", refusedIdentities},
		{"D2_RefusedValues", refusedValues},
		{"D2_LongValues", longValues},
		{"Times", times},
		{"Copies", copies},
		{"Context", contexts},
		{"D9_Isolation", isolation},
		{"D4_OneIdentityForALogin", parallelLogin},
		{"D4_OneIdentityForAnID", parallelID},
		{"D4_OneChangeOfAVersion", parallelVersion},
		{"D4_MovesWithoutLoss", parallelMoves},
		{"D4_WholeReads", parallelReads},
		{"D4_ManyLogins", parallelMany},
		{"D4_OneTicket", parallelCreateTicket},
		{"D4_OneTaker", parallelTakeTicket},
		{"D4_OneRotation", parallelKeys},
		{"D4_LatestRevocation", parallelRevoke},
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

// guest returns an identity that is not stored yet.
func guest(id string) identitypool.Identity {
	return identitypool.Identity{ID: id, Created: kept(moment), Modified: kept(moment.Add(time.Minute))}
}

// user returns an identity that is not stored yet, with a login.
func user(id, provider, subject string) identitypool.Identity {
	return with(guest(id), identitypool.Login{Provider: provider, Subject: subject})
}

// with returns the identity with these logins, which are in order.
func with(i identitypool.Identity, logins ...identitypool.Login) identitypool.Identity {
	i.Logins = logins
	i.Authenticated = i.Authenticated || len(logins) > 0
	return i
}

// saved returns the identity as it is after it was saved.
func saved(i identitypool.Identity) identitypool.Identity {
	i.Version++
	return i
}

func mustSave(t *testing.T, s identitypool.Store, pool string, identities ...identitypool.Identity) {
	t.Helper()
	require.NoError(t, s.SaveIdentities(t.Context(), pool, identities))
}

func mustFind(t *testing.T, s identitypool.Store, pool, id string) identitypool.Identity {
	t.Helper()
	i, err := s.Identity(t.Context(), pool, id)
	require.NoError(t, err)
	return tidy(i)
}

func mustFindLogin(t *testing.T, s identitypool.Store, pool, provider, subject string) identitypool.Identity {
	t.Helper()
	i, err := s.IdentityOfLogin(t.Context(), pool, identitypool.Login{Provider: provider, Subject: subject})
	require.NoError(t, err)
	return tidy(i)
}

// tidy makes no logins and an empty list of them the same.
func tidy(i identitypool.Identity) identitypool.Identity {
	if len(i.Logins) == 0 {
		i.Logins = nil
	}
	return i
}

func noIdentity(t *testing.T, s identitypool.Store, pool, id string) {
	t.Helper()
	_, err := s.Identity(t.Context(), pool, id)
	require.ErrorIs(t, err, identitypool.ErrNotFound)
}

func noLogin(t *testing.T, s identitypool.Store, pool, provider, subject string) {
	t.Helper()
	_, err := s.IdentityOfLogin(t.Context(), pool, identitypool.Login{Provider: provider, Subject: subject})
	require.ErrorIs(t, err, identitypool.ErrNotFound)
}

func mustList(t *testing.T, s identitypool.Store, pool, after string, limit int, enabledOnly bool) []identitypool.Identity {
	t.Helper()
	found, err := s.ListIdentities(t.Context(), pool, after, limit, enabledOnly)
	require.NoError(t, err)
	for n := range found {
		found[n] = tidy(found[n])
	}
	return found
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

// once requires that one of the outcomes is a success, and all others are the answer, and returns which one it is.
func once(t *testing.T, outcomes []error, answer error) int {
	t.Helper()
	winner := -1
	for i, err := range outcomes {
		if err == nil {
			require.Equal(t, -1, winner, "two succeeded")
			winner = i
			continue
		}
		require.ErrorIs(t, err, answer)
	}
	require.NotEqual(t, -1, winner, "none succeeded")
	return winner
}
