package identitypool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/jose"
)

const day = 24 * time.Hour

// kids returns the IDs in the key set, in order.
func kids(t testing.TB, p *identitypool.Pool) []string {
	t.Helper()
	set, err := p.KeySet(t.Context())
	require.NoError(t, err)
	keys, err := jose.ParseKeySet(set)
	require.NoError(t, err)
	var out []string
	for _, key := range keys {
		require.Equal(t, jose.RS512, key.Algorithm)
		out = append(out, key.ID)
	}
	return out
}

// signer returns the key that signs now.
func signer(t testing.TB, p *identitypool.Pool) string {
	t.Helper()
	kid, _ := part(t, mustToken(t, p, getID(t, p, nil), nil).Token, 0)["kid"].(string)
	return kid
}

// run does the upkeep once.
func run(t testing.TB, p *identitypool.Pool) {
	t.Helper()
	require.NoError(t, p.Upkeep(t.Context()))
}

// TestKeyRotation: a new key is published before it signs, and the old one verifies as long as its tokens live.
func TestKeyRotation(t *testing.T) {
	k := newClock()
	c := classicConfig(k)
	p, q := newPool(t, c), newPool(t, c)
	first := signer(t, p)
	require.Equal(t, []string{first}, kids(t, p))
	require.Equal(t, []string{first}, kids(t, q))

	k.in(time.Hour)
	require.NoError(t, p.RotateSigningKey(t.Context()))
	both := kids(t, p)
	require.Len(t, both, 2)
	require.Equal(t, first, signer(t, p))
	k.in(15*time.Minute - time.Second)
	require.Equal(t, both, kids(t, q), "another process sees it within a minute")
	require.Equal(t, first, signer(t, q))
	old := mustVouch(t, p, "", "1", nil)
	k.in(time.Second)
	second := signer(t, q)
	require.NotEqual(t, first, second)
	require.Equal(t, second, signer(t, p))
	mustUse(t, q, old.IdentityID, own(old.Token))

	k.in(day + 29*time.Second)
	require.Equal(t, both, kids(t, p))
	_, _, err := p.Key(t.Context(), first)
	require.NoError(t, err)
	k.in(time.Second)
	require.Equal(t, []string{second}, kids(t, p))
	_, _, err = p.Key(t.Context(), first)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	stored, err := c.Store.SigningKeys(t.Context(), poolID)
	require.NoError(t, err)
	require.Len(t, stored, 2)
	run(t, p)
	stored, err = c.Store.SigningKeys(t.Context(), poolID)
	require.NoError(t, err)
	require.Len(t, stored, 1)
	require.Equal(t, second, stored[0].ID)
}

// TestKeyRotation_AtOnce: the order of keys that were made in one moment is that of their making.
func TestKeyRotation_AtOnce(t *testing.T) {
	k := newClock()
	p := newPool(t, classicConfig(k))
	made := kids(t, p)
	for range 3 {
		require.NoError(t, p.RotateSigningKey(t.Context()))
		all := kids(t, p)
		require.Equal(t, made, all[:len(made)])
		made = all
		require.Equal(t, made[0], signer(t, p))
	}
	k.in(16 * time.Minute)
	require.Equal(t, made[3], signer(t, p))
}

// TestKeyRotation_Run: every 90 days, by one of the processes that try; a pool that never signed gets no key.
func TestKeyRotation_Run(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		k := newClock()
		c := classicConfig(k)
		c.Store = store
		p := newPool(t, c)
		run(t, p)
		stored, err := store.SigningKeys(t.Context(), poolID)
		require.NoError(t, err)
		require.Empty(t, stored)
		kids(t, p)
		k.in(90*day - time.Second)
		run(t, p)
		require.Len(t, kids(t, p), 1)
		k.in(time.Second)
		pools := []*identitypool.Pool{newPool(t, c), newPool(t, c), p}
		for _, err := range atOnce(func(i int) error {
			if i >= len(pools) {
				return nil
			}
			return pools[i].Upkeep(t.Context())
		}) {
			require.NoError(t, err)
		}
		stored, err = store.SigningKeys(t.Context(), poolID)
		require.NoError(t, err)
		require.Len(t, stored, 2)
		run(t, p)
		k.in(time.Minute) // until every process has seen it
		require.Len(t, kids(t, p), 2)
	})
}

// TestD4_FirstKey: processes that need the first key at once make one.
func TestD4_FirstKey(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		c := classicConfig(newClock())
		c.Store = store
		var pools []*identitypool.Pool
		for range 4 {
			pools = append(pools, newPool(t, c))
		}
		for _, err := range atOnce(func(i int) error { _, err := pools[i%len(pools)].KeySet(t.Context()); return err }) {
			require.NoError(t, err)
		}
		for _, p := range pools {
			require.Equal(t, kids(t, pools[0]), kids(t, p))
		}
		for _, err := range atOnce(func(i int) error {
			if i%10 > 0 {
				return nil
			}
			return pools[i%len(pools)].RotateSigningKey(t.Context())
		}) {
			require.NoError(t, err)
		}
		stored, err := store.SigningKeys(t.Context(), poolID)
		require.NoError(t, err)
		require.LessOrEqual(t, len(stored), 6)
	})
}

// TestKeys_SessionKey: a signing key opens under the session key that sealed it, for its pool and ID. Processes with different session keys
// leave each other's keys alone.
func TestKeys_SessionKey(t *testing.T) {
	k := newClock()
	c := classicConfig(k)
	p := newPool(t, c)
	first := kids(t, p)
	previous := c
	previous.SessionKey, previous.PreviousSessionKeys = []byte("another session key of 32 bytes!"), [][]byte{c.SessionKey}
	require.Equal(t, first, kids(t, newPool(t, previous)), "a previous key opens")

	stranger := c
	stranger.SessionKey = []byte("a third session key of 32 bytes!")
	logs := logged(&stranger)
	q := newPool(t, stranger)
	theirs := kids(t, q)
	require.Len(t, theirs, 1)
	require.NotEqual(t, first, theirs)
	require.Contains(t, logs.String(), "a signing key was left out")
	k.in(2 * time.Minute)
	require.Equal(t, first, kids(t, p))
	require.NoError(t, q.RotateSigningKey(t.Context()))
	k.in(3 * day)
	require.Equal(t, first, kids(t, p))
	run(t, q)
	require.Equal(t, first, kids(t, newPool(t, c)))

	// In another pool, or in the place of another key, it is none.
	stored, err := c.Store.SigningKeys(t.Context(), poolID)
	require.NoError(t, err)
	var ours identitypool.SigningKey
	for _, key := range stored {
		if key.ID == first[0] {
			ours = key
		}
	}
	d := c
	d.ID = otherPool
	require.NoError(t, c.Store.ReplaceSigningKeys(t.Context(), otherPool, nil, []identitypool.SigningKey{ours}))
	require.NotContains(t, kids(t, newPool(t, d)), first[0])
	d = classicConfig(k)
	ours.ID = "renamed"
	require.NoError(t, d.Store.ReplaceSigningKeys(t.Context(), poolID, nil, []identitypool.SigningKey{ours}))
	require.NotContains(t, kids(t, newPool(t, d)), "renamed")
}

// unreadable is a store whose keys cannot be read for a while.
type unreadable struct {
	identitypool.Store
	down  bool
	reads int
}

func (s *unreadable) SigningKeys(ctx context.Context, pool string) ([]identitypool.SigningKey, error) {
	s.reads++
	if s.down {
		return nil, errors.New("no answer")
	}
	return s.Store.SigningKeys(ctx, pool)
}

// TestKeys_Outage: the keys in memory serve ten minutes, and unknown key IDs do not make it ask the store more than once a second.
func TestKeys_Outage(t *testing.T) {
	k := newClock()
	c := classicConfig(k)
	s := &unreadable{Store: c.Store}
	c.Store = s
	p := newPool(t, c)
	first := kids(t, p)
	reads := s.reads
	kids(t, p)
	require.Equal(t, reads, s.reads)
	for range 10 {
		_, _, err := p.Key(t.Context(), "unknown")
		require.ErrorIs(t, err, identitypool.NotAuthorized)
	}
	require.Equal(t, reads, s.reads)
	s.down = true
	k.in(9 * time.Minute)
	require.Equal(t, first, kids(t, p))
	require.Equal(t, first, kids(t, p))
	require.Equal(t, reads+1, s.reads)
	k.in(time.Minute)
	_, err := p.KeySet(t.Context())
	require.ErrorIs(t, err, identitypool.InternalError)
	s.down = false
	require.Equal(t, first, kids(t, p))
}

// TestRun: what expired is deleted, and a failure is logged and does not end it.
func TestRun(t *testing.T) {
	k := newClock()
	c := classicConfig(k)
	p := newPool(t, c)
	require.NoError(t, c.Store.CreateTicket(t.Context(), poolID, identitypool.Ticket{Key: "k", Expires: k.now}, k.now.Add(-time.Hour)))
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{All: true, IssuedBefore: k.now.Add(-36*time.Hour + time.Second)}))
	k.in(time.Minute)
	run(t, p)
	_, err := c.Store.TakeTicket(t.Context(), poolID, "k", k.now.Add(-time.Hour))
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	left, err := c.Store.Revocations(t.Context(), poolID, nil, k.now.Add(-time.Hour))
	require.NoError(t, err)
	require.Empty(t, left)

	c.Store = &unreadable{Store: c.Store, down: true}
	logs := logged(&c)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, newPool(t, c).Run(ctx), context.DeadlineExceeded)
	require.Contains(t, logs.String(), "upkeep failed")
}
