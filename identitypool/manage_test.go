package identitypool_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// TestUnlink: a login that is removed is another's, credentials end at once, and an identity without logins is out of reach.
func TestUnlink(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		k := newClock()
		c := config(k)
		c.Store = store
		p := newPool(t, c)
		ann := getID(t, p, join(login("ann"), other("ann")))
		_, keys := mustUse(t, p, ann, login("ann"))
		k.in(time.Second)
		unlink := func(logins map[string]string, remove ...string) error {
			return p.UnlinkIdentity(t.Context(), identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: logins, LoginsToRemove: remove})
		}
		require.NoError(t, unlink(login("ann"), "other.example.com"))
		require.Equal(t, []string{"id.example.com ann"}, logins(describe(t, p, ann)))
		_, err := call(t, p, k, keys)
		require.Error(t, err)
		require.NotEqual(t, ann, getID(t, p, other("ann")))
		_, _, err = use(t, p, ann, other("ann"))
		require.ErrorIs(t, err, identitypool.NotAuthorized)
		k.in(time.Second)
		_, keys = mustUse(t, p, ann, login("ann"))
		_, err = call(t, p, k, keys)
		require.NoError(t, err)

		require.NoError(t, unlink(login("ann"), provider))
		for _, l := range []map[string]string{nil, login("ann"), login("eve")} {
			_, _, err = use(t, p, ann, l)
			require.ErrorIs(t, err, identitypool.NotAuthorized, "%v", l)
		}
		require.True(t, describe(t, p, ann).Authenticated)
	})
}

// TestA17_UnlinkRefused: with the identity's own logins only.
func TestA17_UnlinkRefused(t *testing.T) {
	c := config(newClock())
	c.DeveloperProvider = "backend"
	p := newPool(t, c)
	ann, bob := getID(t, p, join(login("ann"), other("ann"))), getID(t, p, login("bob"))
	for name, test := range map[string]struct {
		in   identitypool.UnlinkIdentityInput
		code identitypool.Code
	}{
		"of another":     {identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: login("bob"), LoginsToRemove: []string{provider}}, identitypool.NotAuthorized},
		"one of another": {identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: join(login("bob"), other("ann")), LoginsToRemove: []string{provider}}, identitypool.NotAuthorized},
		"one not linked": {identitypool.UnlinkIdentityInput{IdentityID: bob, Logins: join(login("bob"), other("new")), LoginsToRemove: []string{provider}}, identitypool.NotAuthorized},
		"not valid":      {identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: login("expired"), LoginsToRemove: []string{provider}}, identitypool.NotAuthorized},
		"without logins": {identitypool.UnlinkIdentityInput{IdentityID: ann, LoginsToRemove: []string{provider}}, identitypool.InvalidParameter},
		"nothing":        {identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: login("ann")}, identitypool.InvalidParameter},
		"too many":       {identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: login("ann"), LoginsToRemove: make([]string, 21)}, identitypool.InvalidParameter},
		"not linked":     {identitypool.UnlinkIdentityInput{IdentityID: bob, Logins: login("bob"), LoginsToRemove: []string{"other.example.com"}}, identitypool.ResourceNotFound},
		"backend":        {identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: login("ann"), LoginsToRemove: []string{"backend"}}, identitypool.InvalidParameter},
		"unknown":        {identitypool.UnlinkIdentityInput{IdentityID: otherPool, Logins: login("ann"), LoginsToRemove: []string{provider}}, identitypool.ResourceNotFound},
		"malformed":      {identitypool.UnlinkIdentityInput{IdentityID: "x", Logins: login("ann"), LoginsToRemove: []string{provider}}, identitypool.InvalidParameter},
	} {
		require.ErrorIs(t, p.UnlinkIdentity(t.Context(), test.in), test.code, name)
	}
	require.Len(t, describe(t, p, ann).Logins, 2)
	require.NoError(t, p.DisableIdentity(t.Context(), ann))
	err := p.UnlinkIdentity(t.Context(), identitypool.UnlinkIdentityInput{IdentityID: ann, Logins: login("ann"), LoginsToRemove: []string{provider}})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestA7_Disable: neither new credentials nor those that there are, until it is enabled.
func TestA7_Disable(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	for _, l := range []map[string]string{nil, login("ann")} {
		id, keys := credentialsOf(t, p, l)
		k.in(time.Second)
		require.NoError(t, p.DisableIdentity(t.Context(), id))
		_, err := call(t, p, k, keys)
		require.Error(t, err)
		_, _, err = use(t, p, id, l)
		require.ErrorIs(t, err, identitypool.NotAuthorized)
		require.NoError(t, p.DisableIdentity(t.Context(), id))
		require.NoError(t, p.EnableIdentity(t.Context(), id))
		k.in(time.Second)
		_, keys = mustUse(t, p, id, l)
		_, err = call(t, p, k, keys)
		require.NoError(t, err)
	}
	for _, act := range []func(context.Context, string) error{p.DisableIdentity, p.EnableIdentity} {
		require.ErrorIs(t, act(t.Context(), otherPool), identitypool.ResourceNotFound)
		require.ErrorIs(t, act(t.Context(), "x"), identitypool.InvalidParameter)
	}
	visitor := getID(t, p, nil)
	mustUse(t, p, visitor, login("ann"))
	require.ErrorIs(t, p.EnableIdentity(t.Context(), visitor), identitypool.ResourceConflict)
}

// TestA7_Delete: the identity is gone at once, for good.
func TestA7_Delete(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		k := newClock()
		c := config(k)
		c.Store = store
		p := newPool(t, c)
		ann, keys := credentialsOf(t, p, login("ann"))
		visitor := getID(t, p, nil)
		k.in(time.Second)
		left, err := p.DeleteIdentities(t.Context(), []string{ann, otherPool, visitor})
		require.NoError(t, err)
		require.Equal(t, []identitypool.UnprocessedIdentity{{IdentityID: otherPool, ErrorCode: identitypool.ResourceNotFound}}, left)
		_, err = call(t, p, k, keys)
		require.Error(t, err)
		_, err = p.DescribeIdentity(t.Context(), ann)
		require.ErrorIs(t, err, identitypool.ResourceNotFound)
		_, _, err = use(t, p, ann, login("ann"))
		require.ErrorIs(t, err, identitypool.ResourceNotFound)
		require.NotEqual(t, ann, getID(t, p, login("ann")))

		many := make([]string, 61)
		for n := range many {
			many[n] = ann
		}
		for _, ids := range [][]string{nil, many, {"x"}, {getID(t, p, nil), "x"}} {
			_, err = p.DeleteIdentities(t.Context(), ids)
			require.ErrorIs(t, err, identitypool.InvalidParameter)
		}
		c.Store = failing{}
		left, err = newPool(t, c).DeleteIdentities(t.Context(), []string{ann})
		require.NoError(t, err)
		require.Equal(t, []identitypool.UnprocessedIdentity{{IdentityID: ann, ErrorCode: identitypool.InternalError}}, left)
	})
}

// TestListIdentities: page by page, by tokens that are good for this list alone.
func TestListIdentities(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		c := config(newClock())
		c.Store = store
		p := newPool(t, c)
		all, disabled := make(map[string]bool), make(map[string]bool)
		for n := range 65 {
			id := getID(t, p, []map[string]string{nil, login("user " + strings.Repeat("x", n))}[n%2])
			all[id] = true
			if n%5 == 0 {
				require.NoError(t, p.DisableIdentity(t.Context(), id))
				disabled[id] = true
			}
		}
		list := func(in identitypool.ListIdentitiesInput) (ids []string, pages int) {
			for {
				pages++
				require.Less(t, pages, 100, "the pages have no end")
				page, err := p.ListIdentities(t.Context(), in)
				require.NoError(t, err)
				for _, i := range page.Identities {
					ids = append(ids, i.ID)
				}
				if in.NextToken = page.NextToken; in.NextToken == "" {
					require.IsIncreasing(t, ids)
					return ids, pages
				}
			}
		}
		ids, pages := list(identitypool.ListIdentitiesInput{})
		require.Len(t, ids, 65)
		require.Equal(t, 2, pages)
		ids, pages = list(identitypool.ListIdentitiesInput{MaxResults: 13})
		require.Len(t, ids, 65)
		require.Equal(t, 5, pages)
		ids, _ = list(identitypool.ListIdentitiesInput{MaxResults: 7, HideDisabled: true})
		require.Len(t, ids, 52)
		for _, id := range ids {
			require.False(t, disabled[id])
		}

		page, err := p.ListIdentities(t.Context(), identitypool.ListIdentitiesInput{MaxResults: 1})
		require.NoError(t, err)
		require.NotContains(t, page.NextToken, "eu-west-1")
		c.ID = otherPool
		for name, call := range map[string]func() error{
			"other query": func() error {
				_, err := p.ListIdentities(t.Context(), identitypool.ListIdentitiesInput{NextToken: page.NextToken, HideDisabled: true})
				return err
			},
			"other pool": func() error {
				_, err := newPool(t, c).ListIdentities(t.Context(), identitypool.ListIdentitiesInput{NextToken: page.NextToken})
				return err
			},
			"changed": func() error {
				_, err := p.ListIdentities(t.Context(), identitypool.ListIdentitiesInput{NextToken: altered(page.NextToken)})
				return err
			},
			"an ID": func() error {
				_, err := p.ListIdentities(t.Context(), identitypool.ListIdentitiesInput{NextToken: page.Identities[0].ID})
				return err
			},
			"long": func() error {
				_, err := p.ListIdentities(t.Context(), identitypool.ListIdentitiesInput{NextToken: strings.Repeat("A", 5000)})
				return err
			},
			"61": func() error {
				_, err := p.ListIdentities(t.Context(), identitypool.ListIdentitiesInput{MaxResults: 61})
				return err
			},
			"-1": func() error {
				_, err := p.ListIdentities(t.Context(), identitypool.ListIdentitiesInput{MaxResults: -1})
				return err
			},
		} {
			require.ErrorIs(t, call(), identitypool.InvalidParameter, name)
		}
	})
}
