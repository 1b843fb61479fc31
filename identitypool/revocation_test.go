package identitypool_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// TestA7_Revoke: by identity, role, access key and all; what was issued later is good; at once, also in another process.
func TestA7_Revoke(t *testing.T) {
	for name, delay := range map[string]time.Duration{"each request asks": 0, "asked once a minute": time.Minute} {
		t.Run(name, func(t *testing.T) {
			k := newClock()
			c := config(k)
			c.RevocationDelay = delay
			p, other := newPool(t, c), newPool(t, c)
			ann, annKeys := credentialsOf(t, p, login("ann"))
			_, bobKeys := credentialsOf(t, p, login("bob"))
			_, guestKeys := credentialsOf(t, p, nil)
			good := func(p *identitypool.Pool, want ...bool) {
				t.Helper()
				for i, keys := range []identitypool.Credentials{annKeys, bobKeys, guestKeys} {
					_, err := call(t, p, k, keys)
					if want[i] {
						require.NoError(t, err, i)
					} else {
						require.ErrorIs(t, err, identitypool.NotAuthorized, i)
						require.ErrorContains(t, err, "revoked")
					}
				}
			}
			good(p, true, true, true)
			k.in(time.Microsecond)
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: ann}))
			good(p, false, true, true)
			good(other, false, true, true) // it had not asked yet
			k.in(time.Microsecond)
			_, annKeys = credentialsOf(t, p, login("ann"))
			good(p, true, true, true)

			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{AccessKeyID: bobKeys.AccessKeyID}))
			good(p, true, false, true)
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{RoleName: "Guest"}))
			good(p, true, false, false)
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{RoleName: "User", IssuedBefore: k.now.Add(-time.Hour)}))
			good(p, true, false, false)
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{All: true}))
			good(p, false, false, false)
			k.in(delay)
			good(other, false, false, false)

			list, err := p.ListRevocations(t.Context())
			require.NoError(t, err)
			require.Len(t, list, 5)
			for _, r := range list {
				require.Equal(t, r.IssuedBefore.Add(36*time.Hour), r.Expires)
			}
			k.in(40 * time.Hour)
			list, err = p.ListRevocations(t.Context())
			require.NoError(t, err)
			require.Empty(t, list)
		})
	}
}

// TestA7_RevokeAhead: a revocation that lies ahead refuses what is issued until then.
func TestA7_RevokeAhead(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{All: true, IssuedBefore: k.now.Add(time.Minute)}))
	_, keys := credentialsOf(t, p, login("ann"))
	_, err := call(t, p, k, keys)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	k.in(time.Minute + time.Microsecond)
	_, keys = credentialsOf(t, p, login("ann"))
	_, err = call(t, p, k, keys)
	require.NoError(t, err)
	// An earlier one does not take the later one back.
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{All: true}))
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{All: true, IssuedBefore: k.now.Add(-time.Hour)}))
	_, err = call(t, p, k, keys)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

func TestRevokeRefuses(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	for _, in := range []identitypool.RevokeInput{
		{}, {IdentityID: poolID, All: true}, {RoleName: "a", UserName: "b"}, {IdentityID: "x"}, {RoleName: "a/b"}, {UserName: "a\n"},
		{AccessKeyID: "short"}, {All: true, IssuedBefore: k.now.Add(time.Hour + 1)},
	} {
		require.ErrorIs(t, p.Revoke(t.Context(), in), identitypool.InvalidParameter, "%+v", in)
	}
	// What it would end has long expired: nothing is stored.
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{All: true, IssuedBefore: k.now.Add(-36 * time.Hour)}))
	list, err := p.ListRevocations(t.Context())
	require.NoError(t, err)
	require.Empty(t, list)
}

// slowStore counts the questions about revocations, and can hold the answers back or refuse them.
type slowStore struct {
	identitypool.Store
	mu    sync.Mutex
	asked int
	hold  chan struct{}
	err   error
}

func (s *slowStore) Revocations(ctx context.Context, pool string, subjects []string, now time.Time) ([]identitypool.Revocation, error) {
	s.mu.Lock()
	s.asked++
	hold, err := s.hold, s.err
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if err != nil {
		return nil, err
	}
	return s.Store.Revocations(ctx, pool, subjects, now)
}

func (s *slowStore) set(hold chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold, s.err = hold, err
}

func (s *slowStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// TestA7_RevocationDelay: the copy is at most as old as the delay; it is refreshed once for all, beside the requests; when it cannot be
// refreshed, the pool refuses everybody rather than believe an old copy.
func TestA7_RevocationDelay(t *testing.T) {
	k := newClock()
	c := config(k)
	store := &slowStore{Store: c.Store}
	c.Store, c.RevocationDelay = store, time.Minute
	p := newPool(t, c)
	ann, keys := credentialsOf(t, p, login("ann"))
	store.asked = 0
	ok := func(want bool) {
		t.Helper()
		_, err := call(t, p, k, keys)
		require.Equal(t, want, err == nil, "%v", err)
	}

	// The first requests wait for one question.
	hold := make(chan struct{})
	store.set(hold, nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := call(t, p, k, keys)
			require.NoError(t, err)
		})
	}
	require.Eventually(t, func() bool { return store.count() == 1 }, 5*time.Second, time.Millisecond)
	close(hold)
	group.Wait()
	require.Equal(t, 1, store.count())
	k.in(30*time.Second - 1)
	ok(true)
	require.Equal(t, 1, store.count(), "the copy is young")

	// From half of the delay on, a question is under way, and nobody waits.
	hold = make(chan struct{})
	store.set(hold, nil)
	other := newPool(t, withStore(c, store.Store))
	require.NoError(t, other.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: ann}))
	k.in(10 * time.Second)
	ok(true)
	require.Eventually(t, func() bool { return store.count() == 2 }, 5*time.Second, time.Millisecond)
	ok(true)
	require.Never(t, func() bool { return store.count() > 2 }, 50*time.Millisecond, 10*time.Millisecond, "one question at a time")
	close(hold)
	require.Eventually(t, func() bool { _, err := call(t, p, k, keys); return err != nil }, 5*time.Second, time.Millisecond)

	// The store fails: what is known is believed until it is as old as the delay, and then nothing.
	_, keys = credentialsOf(t, newPool(t, withStore(c, store.Store)), login("bob"))
	store.set(nil, errDown)
	k.in(59 * time.Second)
	ok(true)
	k.in(2 * time.Second)
	_, err := call(t, p, k, keys)
	require.ErrorIs(t, err, identitypool.InternalError)
	store.set(nil, nil)
	ok(true)

	// A request that waits can give up.
	hold = make(chan struct{})
	defer close(hold)
	store.set(hold, nil)
	k.in(2 * time.Minute)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	a, err := p.Authorizer(identitypool.AuthorizerConfig{})
	require.NoError(t, err)
	_, err = a.Caller(signedRequest(t, k, keys).WithContext(ended))
	require.ErrorIs(t, err, identitypool.InternalError)
	require.ErrorIs(t, err, context.Canceled)
}

func withStore(c identitypool.Config, s identitypool.Store) identitypool.Config {
	c.Store = s
	return c
}

// TestA7_OwnRevocationStays: a question that was asked before this process revoked, and answered after, does not take it back.
func TestA7_OwnRevocationStays(t *testing.T) {
	k := newClock()
	c := config(k)
	store := &answered{Store: c.Store, got: make(chan struct{}), release: make(chan struct{})}
	c.Store, c.RevocationDelay = store, time.Minute
	p := newPool(t, c)
	ann, keys := credentialsOf(t, p, login("ann"))
	_, err := call(t, p, k, keys)
	require.NoError(t, err)
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: ann, IssuedBefore: k.now.Add(-time.Hour)})) // so there is an answer
	k.in(40 * time.Second)
	store.hold = true
	_, err = call(t, p, k, keys) // begins a question
	require.NoError(t, err)
	<-store.got
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: ann}))
	_, err = call(t, p, k, keys)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	close(store.release)
	for range 100 {
		_, err = call(t, p, k, keys)
		require.ErrorIs(t, err, identitypool.NotAuthorized)
		time.Sleep(time.Millisecond)
	}
}

// answered holds answers back that the store has given.
type answered struct {
	identitypool.Store
	hold         bool
	got, release chan struct{}
}

func (s *answered) Revocations(ctx context.Context, pool string, subjects []string, now time.Time) ([]identitypool.Revocation, error) {
	out, err := s.Store.Revocations(ctx, pool, subjects, now)
	if s.hold {
		close(s.got)
		<-s.release
	}
	return out, err
}
