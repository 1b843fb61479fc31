package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

func saving(t *testing.T, s identitypool.Store, i ...identitypool.Identity) error {
	return s.SaveIdentities(t.Context(), poolA, i)
}

// parallelLogin: of many who bring one new login at once, one gets it, and the store has only that identity.
func parallelLogin(t *testing.T, s identitypool.Store) {
	winner := once(t, race(func(i int) error { return saving(t, s, user(fmt.Sprint("r:", i), "a", "wanted")) }), identitypool.ErrConflict)
	want := saved(user(fmt.Sprint("r:", winner), "a", "wanted"))
	require.Equal(t, want, mustFindLogin(t, s, poolA, "a", "wanted"))
	require.Equal(t, []identitypool.Identity{want}, mustList(t, s, poolA, "", 100, false))
}

// parallelID: of many who want one ID at once, one gets it, and the others leave nothing.
func parallelID(t *testing.T, s identitypool.Store) {
	winner := once(t, race(func(i int) error { return saving(t, s, user("r:wanted", "a", fmt.Sprint(i))) }), identitypool.ErrConflict)
	require.Equal(t, saved(user("r:wanted", "a", fmt.Sprint(winner))), mustFind(t, s, poolA, "r:wanted"))
	noLogin(t, s, poolA, "a", fmt.Sprint((winner+1)%parallel))
}

// parallelVersion: of many who change one identity at once, one does.
func parallelVersion(t *testing.T, s identitypool.Store) {
	mustSave(t, s, poolA, guest("r:1"))
	before := mustFind(t, s, poolA, "r:1")
	winner := once(t, race(func(i int) error {
		return saving(t, s, with(before, identitypool.Login{Provider: "a", Subject: fmt.Sprint(i)}))
	}), identitypool.ErrConflict)
	require.Equal(t, saved(with(before, identitypool.Login{Provider: "a", Subject: fmt.Sprint(winner)})), mustFind(t, s, poolA, "r:1"))
	noLogin(t, s, poolA, "a", fmt.Sprint((winner+1)%parallel))
}

// parallelMoves: many move one login from where it is to an identity of their own, until each has had it. It is never lost or doubled.
func parallelMoves(t *testing.T, s identitypool.Store) {
	mustSave(t, s, poolA, user("r:first", "a", "moving"))
	const movers = 8
	errs := make([]error, movers)
	var wg sync.WaitGroup
	for n := range movers {
		wg.Go(func() {
			errs[n] = func() error {
				for range 1000 {
					from, err := s.IdentityOfLogin(t.Context(), poolA, identitypool.Login{Provider: "a", Subject: "moving"})
					if err != nil {
						return fmt.Errorf("the login is lost: %w", err)
					}
					if err := saving(t, s, user(fmt.Sprint("r:", n), "a", "moving"), with(from)); err == nil {
						return nil
					}
				}
				return fmt.Errorf("%d never got the login", n)
			}()
		})
	}
	wg.Wait()
	owners := 0
	for _, i := range mustList(t, s, poolA, "", 100, false) {
		owners += len(i.Logins)
	}
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 1, owners)
}

// parallelReads: who reads while a login moves sees the identities before or after, each whole: a version has the logins of that version.
func parallelReads(t *testing.T, s identitypool.Store) {
	login := identitypool.Login{Provider: "a", Subject: "moving"}
	one, two := with(guest("r:1"), login), guest("r:2")
	mustSave(t, s, poolA, one, two)
	one, two = saved(one), saved(two)
	two.Authenticated = true
	done := make(chan struct{})
	var wg sync.WaitGroup
	var torn [4]error
	for reader := range torn {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				found, err := s.Identity(t.Context(), poolA, "r:1")
				if err == nil && (found.Version%2 == 1) != (len(found.Logins) == 1) {
					torn[reader] = fmt.Errorf("version %d has the logins %v", found.Version, found.Logins)
				}
				if found, err = s.IdentityOfLogin(t.Context(), poolA, login); err != nil || len(found.Logins) != 1 {
					torn[reader] = fmt.Errorf("the identity of the login is %+v, %w", found, err)
				}
			}
		})
	}
	for range 30 {
		one.Logins, two.Logins = two.Logins, one.Logins
		mustSave(t, s, poolA, one, two)
		one, two = saved(one), saved(two)
	}
	close(done)
	wg.Wait()
	for _, err := range torn {
		require.NoError(t, err)
	}
}

// parallelMany: different logins do not stand in each other's way.
func parallelMany(t *testing.T, s identitypool.Store) {
	for i, err := range race(func(i int) error { return saving(t, s, user(fmt.Sprint("r:", i), "a", fmt.Sprint(i))) }) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint("r:", i), mustFindLogin(t, s, poolA, "a", fmt.Sprint(i)).ID)
	}
}

// parallelCreateTicket: of many who make one ticket at once, one does; also if there was one that has expired.
func parallelCreateTicket(t *testing.T, s identitypool.Store) {
	for round := range 2 {
		now := moment.Add(time.Duration(round) * time.Hour)
		winner := once(t, race(func(i int) error {
			return s.CreateTicket(t.Context(), poolA, identitypool.Ticket{Key: "k", Value: []byte{byte(i)}, Expires: now.Add(time.Minute)}, now)
		}), identitypool.ErrExists)
		if round == 1 {
			got, err := s.TakeTicket(t.Context(), poolA, "k", now)
			require.NoError(t, err)
			require.Equal(t, []byte{byte(winner)}, got.Value)
		}
	}
}

// parallelTakeTicket: of many who take one ticket at once, one gets it.
func parallelTakeTicket(t *testing.T, s identitypool.Store) {
	require.NoError(t, s.CreateTicket(t.Context(), poolA, identitypool.Ticket{Key: "k", Value: []byte("v"), Expires: moment.Add(time.Minute)}, moment))
	once(t, race(func(int) error {
		got, err := s.TakeTicket(t.Context(), poolA, "k", moment)
		if err == nil && string(got.Value) != "v" {
			return fmt.Errorf("got %q", got.Value)
		}
		return err
	}), identitypool.ErrNotFound)
}

// parallelKeys: of many who make the first key at once, or follow one key, one does.
func parallelKeys(t *testing.T, s identitypool.Store) {
	var old []string
	for round := range 3 {
		winner := once(t, race(func(i int) error {
			return s.ReplaceSigningKeys(t.Context(), poolA, old, []identitypool.SigningKey{{ID: fmt.Sprint(round, "/", i), Created: moment}})
		}), identitypool.ErrConflict)
		old = []string{fmt.Sprint(round, "/", winner)}
		keys := mustKeys(t, s, poolA)
		require.Len(t, keys, 1)
		require.Equal(t, old[0], keys[0].ID)
	}
}

// parallelRevoke: of many revocations of one subject at once, the latest stays.
func parallelRevoke(t *testing.T, s identitypool.Store) {
	at := func(i int) identitypool.Revocation {
		return identitypool.Revocation{Subject: "s", Before: kept(moment.Add(time.Duration(i) * time.Second)), Expires: kept(moment.Add(time.Duration(100+i) * time.Second))}
	}
	for _, err := range race(func(i int) error { return s.Revoke(t.Context(), poolA, at(i*7%parallel)) }) {
		require.NoError(t, err)
	}
	require.Equal(t, []identitypool.Revocation{at(parallel - 1)}, mustRevocations(t, s, poolA, nil, moment))
}
