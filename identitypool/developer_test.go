package identitypool_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

const (
	backend  = "backend.example.com"
	ownToken = "cognito-identity.amazonaws.com"
)

func developerConfig(k *clock) identitypool.Config {
	c := config(k)
	c.DeveloperProvider = backend
	c.AuthenticatedRole.TrustPolicy = ""
	return c
}

// vouch asks for a token of a user, as the backend does.
func vouch(t testing.TB, p *identitypool.Pool, id, user string, others map[string]string) (identitypool.OpenIDToken, error) {
	t.Helper()
	return p.GetOpenIDTokenForDeveloperIdentity(t.Context(), identitypool.GetOpenIDTokenForDeveloperIdentityInput{
		IdentityID: id, Logins: join(others, map[string]string{backend: user}),
	})
}

func mustVouch(t testing.TB, p *identitypool.Pool, id, user string, others map[string]string) identitypool.OpenIDToken {
	t.Helper()
	out, err := vouch(t, p, id, user, others)
	require.NoError(t, err)
	return out
}

func own(token string) map[string]string { return map[string]string{ownToken: token} }

// TestDeveloper: a user of the backend has one identity, and uses it with a token.
func TestDeveloper(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		k := newClock()
		c := developerConfig(k)
		c.Store = store
		p := newPool(t, c)
		one := mustVouch(t, p, "", "user:1", nil)
		require.Equal(t, one.IdentityID, mustVouch(t, p, "", "user:1", nil).IdentityID)
		require.Equal(t, one.IdentityID, mustVouch(t, p, one.IdentityID, "user:1", nil).IdentityID)
		two := mustVouch(t, p, "", "user:2", nil)
		require.NotEqual(t, one.IdentityID, two.IdentityID)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", one, one, one), one.Token)

		id, keys := mustUse(t, p, one.IdentityID, own(one.Token))
		require.Equal(t, one.IdentityID, id)
		require.Equal(t, one.IdentityID, getID(t, p, own(one.Token)))
		caller, err := call(t, p, k, keys)
		require.NoError(t, err)
		require.Equal(t, []string{"authenticated", backend, backend + ":" + poolID + ":user:1"}, caller.AMR)

		// A login of a provider is linked by the backend, or by the client.
		require.Equal(t, one.IdentityID, mustVouch(t, p, "", "user:1", login("ann")).IdentityID)
		require.Equal(t, one.IdentityID, getID(t, p, login("ann")))
		id, _ = mustUse(t, p, two.IdentityID, join(own(two.Token), other("bob")))
		require.Equal(t, two.IdentityID, id)
		require.Equal(t, two.IdentityID, getID(t, p, other("bob")))

		// The backend can give any identity to its user: a guest's, and one that signs in elsewhere.
		visitor, eve := getID(t, p, nil), getID(t, p, login("eve"))
		require.Equal(t, visitor, mustVouch(t, p, visitor, "user:3", nil).IdentityID)
		require.Equal(t, eve, mustVouch(t, p, eve, "user:4", nil).IdentityID)
		require.Equal(t, eve, mustVouch(t, p, eve, "user:5", nil).IdentityID, "several users of the backend may have one identity")
		_, err = vouch(t, p, eve, "user:1", nil)
		require.ErrorIs(t, err, identitypool.DeveloperUserAlreadyRegistered)
		require.Len(t, describe(t, p, eve).Logins, 3)
	})
}

// TestA17_DeveloperToken: a token is good for its identity and user, here, until it ends or either is gone. The name of a user is none.
func TestA17_DeveloperToken(t *testing.T) {
	k := newClock()
	c := developerConfig(k)
	c.AllowClassicFlow = true
	p := newPool(t, c)
	one, two := mustVouch(t, p, "", "1", nil), mustVouch(t, p, "", "2", nil)
	refused := func(id string, logins map[string]string, why string) {
		t.Helper()
		_, _, err := use(t, p, id, logins)
		require.ErrorIs(t, err, identitypool.NotAuthorized, why)
	}
	refused(one.IdentityID, own(two.Token), "of another identity")
	refused(one.IdentityID, map[string]string{backend: "1"}, "the name of the user")
	_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: map[string]string{backend: "1"}})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	require.ErrorContains(t, err, "not from a supported provider")
	refused(one.IdentityID, own(altered(one.Token)), "changed")
	refused(one.IdentityID, own("x.y.z"), "no token")
	refused(one.IdentityID, login(one.Token+"\x00"), "as that of a provider")

	// A token of GetOpenIDToken is no login: it could be exchanged for ever.
	classic, err := p.GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: one.IdentityID, Logins: own(one.Token)})
	require.NoError(t, err)
	refused(one.IdentityID, own(classic.Token), "of GetOpenIDToken")

	// Another pool on the same store, or another issuer.
	d := developerConfig(k)
	d.Store, d.ID = c.Store, otherPool
	_, err = newPool(t, d).GetID(t.Context(), identitypool.GetIDInput{Logins: own(one.Token)})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	d.ID, d.Issuer = poolID, "https://id.example.org"
	_, err = newPool(t, d).GetID(t.Context(), identitypool.GetIDInput{Logins: own(one.Token)})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	d.Issuer, d.DeveloperProvider = "", "other"
	_, err = newPool(t, d).GetID(t.Context(), identitypool.GetIDInput{Logins: own(one.Token)})
	require.ErrorIs(t, err, identitypool.NotAuthorized)

	mustUse(t, p, one.IdentityID, own(one.Token))
	k.in(15*time.Minute + 31*time.Second)
	_, _, err = use(t, p, one.IdentityID, own(one.Token))
	require.ErrorContains(t, err, "Token expired")

	// It ends with the login, and with the identity.
	for name, end := range map[string]func(id string) error{
		"unlinked": func(id string) error {
			return p.UnlinkDeveloperIdentity(t.Context(), identitypool.UnlinkDeveloperIdentityInput{IdentityID: id, DeveloperUserIdentifier: "3"})
		},
		"disabled": func(id string) error { return p.DisableIdentity(t.Context(), id) },
		"deleted":  func(id string) error { _, err := p.DeleteIdentities(t.Context(), []string{id}); return err },
		"revoked": func(id string) error {
			return p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: id})
		},
		"all revoked": func(string) error { return p.Revoke(t.Context(), identitypool.RevokeInput{All: true}) },
		"merged": func(string) error {
			mustVouch(t, p, "", "4", nil)
			_, err := p.MergeDeveloperIdentities(t.Context(), identitypool.MergeDeveloperIdentitiesInput{SourceUserIdentifier: "3", DestinationUserIdentifier: "4"})
			return err
		},
	} {
		c.Store = config(k).Store
		p = newPool(t, c)
		three := mustVouch(t, p, "", "3", nil)
		mustUse(t, p, three.IdentityID, own(three.Token))
		k.in(2 * time.Second)
		require.NoError(t, end(three.IdentityID), name)
		_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: own(three.Token)})
		require.ErrorIs(t, err, identitypool.NotAuthorized, name)
		_, _, err = use(t, p, three.IdentityID, own(three.Token))
		require.Error(t, err, name)
	}
}

// TestA17_DeveloperTokenOfMovedUser: even if nobody has revoked it, a token is not good for the identity that its user has now.
func TestA17_DeveloperTokenOfMovedUser(t *testing.T) {
	c := developerConfig(newClock())
	p := newPool(t, c)
	one, two := mustVouch(t, p, "", "1", nil), mustVouch(t, p, "", "2", nil)
	from, to := describe(t, p, one.IdentityID), describe(t, p, two.IdentityID)
	from.Logins, to.Logins = to.Logins, from.Logins
	require.NoError(t, c.Store.SaveIdentities(t.Context(), poolID, []identitypool.Identity{from, to}))
	_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: own(one.Token)})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	for _, id := range []string{one.IdentityID, two.IdentityID} {
		_, _, err = use(t, p, id, own(one.Token))
		require.ErrorIs(t, err, identitypool.NotAuthorized)
		err = p.UnlinkIdentity(t.Context(), identitypool.UnlinkIdentityInput{IdentityID: id, Logins: own(one.Token), LoginsToRemove: []string{provider}})
		require.ErrorIs(t, err, identitypool.NotAuthorized)
	}
}

// TestDeveloperRefused: malformed input, and a pool without a developer provider.
func TestDeveloperRefused(t *testing.T) {
	p := newPool(t, developerConfig(newClock()))
	user := map[string]string{backend: "1"}
	many := map[string]string{backend: "1"}
	tags := map[string]string{}
	for n := range 51 {
		many[fmt.Sprint(n)] = "x"
		tags[fmt.Sprint(n)] = "x"
	}
	for name, in := range map[string]identitypool.GetOpenIDTokenForDeveloperIdentityInput{
		"no user":           {Logins: login("ann")},
		"empty user":        {Logins: map[string]string{backend: ""}},
		"long user":         {Logins: map[string]string{backend: strings.Repeat("x", 256)}},
		"user with NUL":     {Logins: map[string]string{backend: "a\x00"}},
		"user not UTF-8":    {Logins: map[string]string{backend: "\xff"}},
		"many logins":       {Logins: many},
		"negative duration": {Logins: user, TokenDuration: -time.Second},
		"short duration":    {Logins: user, TokenDuration: time.Second - 1},
		"long duration":     {Logins: user, TokenDuration: 24*time.Hour + time.Second},
		"part of a second":  {Logins: user, TokenDuration: time.Minute + time.Millisecond},
		"identity":          {Logins: user, IdentityID: "x"},
		"many tags":         {Logins: user, PrincipalTags: tags},
		"long tags":         {Logins: user, PrincipalTags: map[string]string{"a": strings.Repeat("x", 250), "b": strings.Repeat("x", 209)}},
		"tag key":           {Logins: user, PrincipalTags: map[string]string{"a*": "b"}},
		"tag value":         {Logins: user, PrincipalTags: map[string]string{"a": "${b}"}},
		"reserved tag":      {Logins: user, PrincipalTags: map[string]string{"aws:x": "b"}},
	} {
		_, err := p.GetOpenIDTokenForDeveloperIdentity(t.Context(), in)
		require.ErrorIs(t, err, identitypool.InvalidParameter, name)
	}
	_, err := vouch(t, p, otherPool, "1", nil)
	require.ErrorIs(t, err, identitypool.ResourceNotFound)
	_, err = vouch(t, p, "", "1", login("expired"))
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	ann := getID(t, p, login("ann"))
	require.NoError(t, p.DisableIdentity(t.Context(), ann))
	_, err = vouch(t, p, ann, "1", nil)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	_, err = p.LookupDeveloperIdentity(t.Context(), identitypool.LookupDeveloperIdentityInput{DeveloperUserIdentifier: "1"})
	require.ErrorIs(t, err, identitypool.ResourceNotFound, "nothing was linked")

	p = newPool(t, config(newClock()))
	for _, call := range []func() error{
		func() error { _, err := vouch(t, p, "", "1", nil); return err },
		func() error {
			_, err := p.GetOpenIDTokenForDeveloperIdentity(t.Context(), identitypool.GetOpenIDTokenForDeveloperIdentityInput{Logins: map[string]string{"": "1"}})
			return err
		},
		func() error {
			_, err := p.LookupDeveloperIdentity(t.Context(), identitypool.LookupDeveloperIdentityInput{DeveloperUserIdentifier: "1"})
			return err
		},
		func() error {
			_, err := p.MergeDeveloperIdentities(t.Context(), identitypool.MergeDeveloperIdentitiesInput{SourceUserIdentifier: "1", DestinationUserIdentifier: "2"})
			return err
		},
		func() error {
			return p.UnlinkDeveloperIdentity(t.Context(), identitypool.UnlinkDeveloperIdentityInput{IdentityID: poolID, DeveloperUserIdentifier: "1"})
		},
	} {
		require.ErrorIs(t, call(), identitypool.InvalidParameter)
	}
}

// TestLookupDeveloperIdentity: by the one, by the other, and whether both belong together.
func TestLookupDeveloperIdentity(t *testing.T) {
	p := newPool(t, developerConfig(newClock()))
	var id string
	var users []string
	for n := range 15 {
		users = append(users, fmt.Sprintf("user %02d", n))
		id = mustVouch(t, p, id, users[n], nil).IdentityID
	}
	mustVouch(t, p, id, users[0], login("ann"))
	another := mustVouch(t, p, "", "another", nil).IdentityID
	ann := getID(t, p, login("bob"))
	look := func(in identitypool.LookupDeveloperIdentityInput) (identitypool.LookupDeveloperIdentityResult, error) {
		return p.LookupDeveloperIdentity(t.Context(), in)
	}
	out, err := look(identitypool.LookupDeveloperIdentityInput{IdentityID: id})
	require.NoError(t, err)
	require.Equal(t, identitypool.LookupDeveloperIdentityResult{IdentityID: id, DeveloperUserIdentifiers: users}, out)
	for limit := 1; limit < 17; limit++ {
		var got []string
		in := identitypool.LookupDeveloperIdentityInput{IdentityID: id, MaxResults: limit}
		for {
			out, err = look(in)
			require.NoError(t, err)
			require.LessOrEqual(t, len(out.DeveloperUserIdentifiers), limit)
			got = append(got, out.DeveloperUserIdentifiers...)
			require.LessOrEqual(t, len(got), len(users), "the pages have no end")
			if in.NextToken = out.NextToken; in.NextToken == "" {
				break
			}
		}
		require.Equal(t, users, got)
	}
	page, err := look(identitypool.LookupDeveloperIdentityInput{IdentityID: id, MaxResults: 1})
	require.NoError(t, err)
	for _, in := range []identitypool.LookupDeveloperIdentityInput{{DeveloperUserIdentifier: users[3]}, {DeveloperUserIdentifier: users[3], IdentityID: id}} {
		out, err = look(in)
		require.NoError(t, err)
		require.Equal(t, identitypool.LookupDeveloperIdentityResult{IdentityID: id, DeveloperUserIdentifiers: users[3:4]}, out)
	}
	out, err = look(identitypool.LookupDeveloperIdentityInput{IdentityID: ann})
	require.NoError(t, err)
	require.Empty(t, out.DeveloperUserIdentifiers)
	for _, test := range []struct {
		in   identitypool.LookupDeveloperIdentityInput
		code identitypool.Code
	}{
		{identitypool.LookupDeveloperIdentityInput{}, identitypool.InvalidParameter},
		{identitypool.LookupDeveloperIdentityInput{IdentityID: "x"}, identitypool.InvalidParameter},
		{identitypool.LookupDeveloperIdentityInput{IdentityID: "x", DeveloperUserIdentifier: users[0]}, identitypool.InvalidParameter},
		{identitypool.LookupDeveloperIdentityInput{DeveloperUserIdentifier: "\x00"}, identitypool.InvalidParameter},
		{identitypool.LookupDeveloperIdentityInput{IdentityID: id, MaxResults: 61}, identitypool.InvalidParameter},
		{identitypool.LookupDeveloperIdentityInput{IdentityID: another, NextToken: page.NextToken}, identitypool.InvalidParameter},
		{identitypool.LookupDeveloperIdentityInput{IdentityID: otherPool}, identitypool.ResourceNotFound},
		{identitypool.LookupDeveloperIdentityInput{DeveloperUserIdentifier: "nobody"}, identitypool.ResourceNotFound},
		{identitypool.LookupDeveloperIdentityInput{DeveloperUserIdentifier: "ann"}, identitypool.ResourceNotFound},
		{identitypool.LookupDeveloperIdentityInput{IdentityID: id, DeveloperUserIdentifier: "another"}, identitypool.ResourceConflict},
		{identitypool.LookupDeveloperIdentityInput{IdentityID: ann, DeveloperUserIdentifier: users[0]}, identitypool.ResourceConflict},
	} {
		_, err = look(test.in)
		require.ErrorIs(t, err, test.code, "%+v", test.in)
	}
}

// TestMergeDeveloperIdentities: the source is absorbed, with all that it has, and its credentials end.
func TestMergeDeveloperIdentities(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		k := newClock()
		c := developerConfig(k)
		c.Store = store
		p := newPool(t, c)
		one, two := mustVouch(t, p, "", "1", login("ann")), mustVouch(t, p, "", "2", other("bob"))
		_, keys := mustUse(t, p, one.IdentityID, login("ann"))
		k.in(time.Second)
		merge := func(source, destination string) (string, error) {
			return p.MergeDeveloperIdentities(t.Context(), identitypool.MergeDeveloperIdentitiesInput{
				SourceUserIdentifier: source, DestinationUserIdentifier: destination,
			})
		}
		for _, err := range atOnce(func(int) error {
			id, err := merge("1", "2")
			if err == nil && id != two.IdentityID {
				return fmt.Errorf("merged into %s", id)
			}
			return err
		}) {
			require.NoError(t, err)
		}
		require.Equal(t, two.IdentityID, getID(t, p, login("ann")))
		require.Equal(t, []string{backend + " 1", backend + " 2", "id.example.com ann", "other.example.com bob"}, logins(describe(t, p, two.IdentityID)))
		require.Equal(t, two.IdentityID, describe(t, p, one.IdentityID).MergedInto)
		_, err := call(t, p, k, keys)
		require.Error(t, err)

		mustVouch(t, p, "", "3", login("carl"))
		_, err = merge("3", "2")
		require.ErrorIs(t, err, identitypool.ResourceConflict, "two logins of one provider")
		for _, pair := range [][2]string{{"nobody", "2"}, {"2", "nobody"}} {
			_, err = merge(pair[0], pair[1])
			require.ErrorIs(t, err, identitypool.ResourceNotFound)
		}
		_, err = merge("", "2")
		require.ErrorIs(t, err, identitypool.InvalidParameter)
		require.NoError(t, p.DisableIdentity(t.Context(), mustVouch(t, p, "", "4", nil).IdentityID))
		for _, pair := range [][2]string{{"4", "2"}, {"2", "4"}} {
			_, err = merge(pair[0], pair[1])
			require.ErrorIs(t, err, identitypool.NotAuthorized)
		}
		require.Len(t, describe(t, p, two.IdentityID).Logins, 4)
	})
}

// TestMergeDeveloperIdentities_Limit: no more than 20 logins.
func TestMergeDeveloperIdentities_Limit(t *testing.T) {
	p := newPool(t, developerConfig(newClock()))
	var ids [2]string
	for n := range 21 {
		ids[n%2] = mustVouch(t, p, ids[n%2], fmt.Sprint(n), nil).IdentityID
	}
	_, err := p.MergeDeveloperIdentities(t.Context(), identitypool.MergeDeveloperIdentitiesInput{SourceUserIdentifier: "0", DestinationUserIdentifier: "1"})
	require.ErrorIs(t, err, identitypool.LimitExceeded)
	require.NoError(t, p.UnlinkDeveloperIdentity(t.Context(), identitypool.UnlinkDeveloperIdentityInput{IdentityID: ids[0], DeveloperUserIdentifier: "20"}))
	_, err = p.MergeDeveloperIdentities(t.Context(), identitypool.MergeDeveloperIdentitiesInput{SourceUserIdentifier: "0", DestinationUserIdentifier: "1"})
	require.NoError(t, err)
}

// TestUnlinkDeveloperIdentity: the user gets another identity, and what the identity had issued is over.
func TestUnlinkDeveloperIdentity(t *testing.T) {
	k := newClock()
	p := newPool(t, developerConfig(k))
	one, two := mustVouch(t, p, "", "1", login("ann")), mustVouch(t, p, "", "2", nil)
	_, keys := mustUse(t, p, one.IdentityID, login("ann"))
	k.in(time.Second)
	unlink := func(id, user string) error {
		return p.UnlinkDeveloperIdentity(t.Context(), identitypool.UnlinkDeveloperIdentityInput{IdentityID: id, DeveloperUserIdentifier: user})
	}
	require.ErrorIs(t, unlink(one.IdentityID, "2"), identitypool.ResourceConflict)
	require.ErrorIs(t, unlink(one.IdentityID, "ann"), identitypool.ResourceNotFound)
	require.ErrorIs(t, unlink(otherPool, "1"), identitypool.ResourceNotFound)
	require.ErrorIs(t, unlink("x", "1"), identitypool.InvalidParameter)
	require.ErrorIs(t, unlink(one.IdentityID, ""), identitypool.InvalidParameter)
	_, err := call(t, p, k, keys)
	require.NoError(t, err)
	require.NoError(t, unlink(one.IdentityID, "1"))
	require.ErrorIs(t, unlink(one.IdentityID, "1"), identitypool.ResourceNotFound)
	_, err = call(t, p, k, keys)
	require.Error(t, err)
	require.Equal(t, []string{"id.example.com ann"}, logins(describe(t, p, one.IdentityID)))
	again := mustVouch(t, p, "", "1", nil)
	require.NotContains(t, []string{one.IdentityID, two.IdentityID}, again.IdentityID)
}
