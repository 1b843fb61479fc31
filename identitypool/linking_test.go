package identitypool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

func logins(i identitypool.Identity) []string {
	var out []string
	for _, l := range i.Logins {
		out = append(out, l.Provider+" "+l.Subject)
	}
	return out
}

// TestLinking: a login that is new is linked to the identity that is used, which is what it was before.
func TestLinking(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		k := newClock()
		c := config(k)
		c.Store = store
		p := newPool(t, c)
		ann := getID(t, p, login("ann"))
		created := describe(t, p, ann)
		require.Equal(t, []string{"id.example.com ann"}, logins(created))
		require.True(t, created.Authenticated)
		require.Equal(t, created.Created, created.Modified)

		k.in(time.Hour)
		got, keys := mustUse(t, p, ann, join(login("ann"), other("annie")))
		require.Equal(t, ann, got)
		caller, err := call(t, p, k, keys)
		require.NoError(t, err)
		require.Equal(t, []string{"authenticated", "id.example.com", "id.example.com:client:ann", "other.example.com", "other.example.com:client:annie"}, caller.AMR)
		require.Equal(t, ann, getID(t, p, other("annie")))
		linked := describe(t, p, ann)
		require.Equal(t, []string{"id.example.com ann", "other.example.com annie"}, logins(linked))
		require.Equal(t, created.Created, linked.Created)
		require.Equal(t, created.Modified.Add(time.Hour), linked.Modified)

		// GetID links as well.
		require.Equal(t, ann, getID(t, p, join(other("annie"), map[string]string{"ID.example.com": "a"})))
		require.Len(t, describe(t, p, ann).Logins, 3)
		version := describe(t, p, ann).Version
		mustUse(t, p, ann, join(login("ann"), other("annie")))
		require.Equal(t, version, describe(t, p, ann).Version, "nothing new, nothing written")
	})
}

// TestGuestSignsIn: a guest keeps the identity if the login is new, and is a guest no more.
func TestGuestSignsIn(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	visitor := getID(t, p, nil)
	require.False(t, describe(t, p, visitor).Authenticated)
	got, _ := mustUse(t, p, visitor, login("ann"))
	require.Equal(t, visitor, got)
	require.Equal(t, visitor, getID(t, p, login("ann")))
	require.True(t, describe(t, p, visitor).Authenticated)
	_, _, err := use(t, p, visitor, nil)
	require.ErrorIs(t, err, identitypool.NotAuthorized)

	// If the login has an identity, that is the guest's from now on, and what the guest had is over.
	k.in(time.Second)
	second := getID(t, p, nil)
	_, keys := mustUse(t, p, second, nil)
	k.in(time.Second)
	got, _ = mustUse(t, p, second, join(login("ann"), other("new")))
	require.Equal(t, visitor, got)
	_, err = call(t, p, k, keys)
	require.Error(t, err)
	merged := describe(t, p, second)
	require.Equal(t, visitor, merged.MergedInto)
	require.True(t, merged.Disabled)
	require.Equal(t, []string{"id.example.com ann", "other.example.com new"}, logins(describe(t, p, visitor)))
	for _, l := range []map[string]string{nil, login("ann"), login("another")} {
		_, _, err = use(t, p, second, l)
		require.ErrorIs(t, err, identitypool.NotAuthorized)
		require.ErrorContains(t, err, "Access to Identity '"+second+"' is forbidden.")
	}
}

// TestMerge: logins with different identities in one call make them one: the one that is used, or else the one that was made first.
func TestMerge(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		k := newClock()
		c := config(k)
		c.Store = store
		p := newPool(t, c)
		first := getID(t, p, login("ann"))
		k.in(time.Second)
		second := getID(t, p, other("ann"))
		_, firstKeys := mustUse(t, p, first, login("ann"))
		_, secondKeys := mustUse(t, p, second, other("ann"))
		k.in(time.Second)
		got, _ := mustUse(t, p, second, join(login("ann"), other("ann")))
		require.Equal(t, second, got)
		require.Equal(t, second, getID(t, p, login("ann")))
		require.Equal(t, second, getID(t, p, other("ann")))
		require.Equal(t, []string{"id.example.com ann", "other.example.com ann"}, logins(describe(t, p, second)))
		require.Empty(t, describe(t, p, first).Logins)
		_, err := call(t, p, k, firstKeys)
		require.Error(t, err, "of the identity that is gone")
		_, err = call(t, p, k, secondKeys)
		require.NoError(t, err)

		older := getID(t, p, login("bob"))
		k.in(time.Second)
		getID(t, p, other("bob"))
		k.in(time.Second)
		getID(t, p, map[string]string{"ID.example.com": "bob"})
		k.in(time.Second)
		require.Equal(t, older, getID(t, p, join(map[string]string{"ID.example.com": "bob"}, other("bob"), login("bob"))))
		require.Len(t, describe(t, p, older).Logins, 3)
	})
}

// TestLinkingRefused: what one identity cannot have, and nothing of a refused call remains.
func TestLinkingRefused(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	ann := getID(t, p, join(login("ann"), other("ann")))
	before := describe(t, p, ann)
	k.in(time.Second)
	bob := getID(t, p, login("bob"))

	_, _, err := use(t, p, ann, join(login("new"), other("ann")))
	require.ErrorIs(t, err, identitypool.ResourceConflict, "a second login of the provider")
	_, err = p.GetID(t.Context(), identitypool.GetIDInput{Logins: join(login("bob"), other("ann"))})
	require.ErrorIs(t, err, identitypool.ResourceConflict, "a merge that would give two of the provider")
	require.Equal(t, before, describe(t, p, ann))
	require.False(t, describe(t, p, bob).Disabled)
	require.NotEqual(t, ann, getID(t, p, login("new")))

	// One bad token spoils the call.
	_, _, err = use(t, p, bob, join(login("bob"), other("expired")))
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	// A login of the identity does not let in a login whose identity is disabled.
	require.NoError(t, p.DisableIdentity(t.Context(), ann))
	_, _, err = use(t, p, bob, join(login("bob"), other("ann")))
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	_, err = p.GetID(t.Context(), identitypool.GetIDInput{Logins: login("ann")})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	require.Len(t, describe(t, p, bob).Logins, 1)
}

// TestLinkedLimit: no more than 20 logins, by linking or merging.
func TestLinkedLimit(t *testing.T) {
	c := config(newClock())
	all := make(map[string]string)
	for n := range 25 {
		name := fmt.Sprintf("p%02d.example.com", n)
		c.Providers[name] = c.Providers[provider]
		all[name] = "ann"
	}
	some := func(from, to int) map[string]string {
		out := make(map[string]string)
		for n := from; n < to; n++ {
			name := fmt.Sprintf("p%02d.example.com", n)
			out[name] = all[name]
		}
		return out
	}
	p := newPool(t, c)
	ann := getID(t, p, some(0, 10))
	require.Equal(t, ann, getID(t, p, some(9, 19)))
	require.Equal(t, ann, getID(t, p, some(18, 20)))
	_, _, err := use(t, p, ann, some(19, 21))
	require.ErrorIs(t, err, identitypool.LimitExceeded)
	getID(t, p, some(20, 22))
	_, err = p.GetID(t.Context(), identitypool.GetIDInput{Logins: some(19, 21)})
	require.ErrorIs(t, err, identitypool.LimitExceeded)
	require.Len(t, describe(t, p, ann).Logins, 20)
}

// TestD4_Merges: many merge the same identities at once, at two processes; nothing is lost.
func TestD4_Merges(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		c := config(newClock())
		c.Store = store
		pools := []*identitypool.Pool{newPool(t, c), newPool(t, c)}
		ids := map[string]bool{getID(t, pools[0], login("ann")): true, getID(t, pools[0], other("ann")): true}
		for id := range ids {
			require.NotEmpty(t, id)
		}
		for _, err := range atOnce(func(i int) error {
			_, err := pools[i%2].GetID(t.Context(), identitypool.GetIDInput{Logins: join(login("ann"), other("ann"))})
			return err
		}) {
			require.NoError(t, err)
		}
		id := getID(t, pools[0], login("ann"))
		require.True(t, ids[id])
		require.Len(t, describe(t, pools[1], id).Logins, 2)
	})
}

// halting is a store that dies at a call.
type halting struct {
	identitypool.Store
	saves, revokes int // how many of them still succeed
}

var errDead = errors.New("the process died")

func (s *halting) SaveIdentities(ctx context.Context, pool string, i []identitypool.Identity) error {
	if s.saves--; s.saves < 0 {
		return errDead
	}
	return s.Store.SaveIdentities(ctx, pool, i)
}

func (s *halting) Revoke(ctx context.Context, pool string, r identitypool.Revocation) error {
	if s.revokes--; s.revokes < 0 {
		return errDead
	}
	return s.Store.Revoke(ctx, pool, r)
}

// TestD3_ChangesEndCredentialsFirst: if the process dies in the middle of a change that ends credentials, they have ended, or nothing has
// changed.
func TestD3_ChangesEndCredentialsFirst(t *testing.T) {
	for name, change := range map[string]func(p *identitypool.Pool, id string) error{
		"disable": func(p *identitypool.Pool, id string) error { return p.DisableIdentity(t.Context(), id) },
		"unlink": func(p *identitypool.Pool, id string) error {
			return p.UnlinkIdentity(t.Context(), identitypool.UnlinkIdentityInput{
				IdentityID: id, Logins: other("ann"), LoginsToRemove: []string{"other.example.com"},
			})
		},
		"merge": func(p *identitypool.Pool, _ string) error {
			_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: join(login("ann"), other("ann"))})
			return err
		},
		"delete": func(p *identitypool.Pool, id string) error {
			left, err := p.DeleteIdentities(t.Context(), []string{id})
			if len(left) > 0 {
				return left[0].ErrorCode
			}
			return err
		},
	} {
		for saves := range 2 {
			for revokes := range 2 {
				k := newClock()
				c := config(k)
				getID(t, newPool(t, c), login("ann"))
				k.in(time.Second)
				id, keys := credentialsOf(t, newPool(t, c), other("ann"))
				k.in(time.Second)
				healthy := newPool(t, c)
				c.Store = &halting{Store: c.Store, saves: saves, revokes: revokes}
				err := change(newPool(t, c), id)
				require.ErrorIs(t, err, identitypool.InternalError, name)

				i, err := healthy.DescribeIdentity(t.Context(), id)
				changed := err != nil || i.Disabled || len(i.Logins) == 0
				_, err = call(t, healthy, k, keys)
				if changed {
					require.Error(t, err, "%s %d %d", name, saves, revokes)
				}
				if revokes == 0 {
					require.False(t, changed, "%s %d %d", name, saves, revokes)
				}
			}
		}
	}
}
