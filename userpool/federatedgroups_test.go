package userpool_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func groupNames(t testing.TB, k *kit, sub string) []string {
	t.Helper()
	out, err := k.AdminListGroupsForUser(t.Context(), sub)
	require.NoError(t, err)
	names := []string{}
	for _, g := range out {
		names = append(names, g.Name)
	}
	return names
}

// A person is in the groups that the provider says at this sign-in, and in those that an administrator put them into.
func TestFederation_Groups(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		f := &fakeProvider{subject: "subject-1"}
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Providers = []userpool.Provider{{
				Name: "Example", IdentityProvider: f, GroupMapping: map[string]string{"id-a": "admins", "id-r": "readers", "id-r2": "readers", "id-x": "not-there"},
			}}
		})
		for _, name := range []string{"admins", "readers", "staff", "owners"} {
			require.NoError(t, k.CreateGroup(t.Context(), userpool.Group{Name: name}))
		}
		signIn := func(values ...string) userpool.User {
			f.attributes = map[string][]string{"email": {"ada@example.com"}, "groups": values}
			return k.federatedUser(t, f)
		}
		u := signIn("id-a", "id-r", "id-r2", "id-x", "owners", "")
		require.Equal(t, []string{"admins", "readers"}, groupNames(t, k, u.Sub), "by mapped values, and by no name")
		require.NoError(t, k.AdminAddUserToGroup(t.Context(), u.Sub, "staff"))
		signIn("id-r2", "id-x")
		require.Equal(t, []string{"readers", "staff"}, groupNames(t, k, u.Sub))

		// Of a group that an administrator put the person into, the provider has no say.
		require.NoError(t, k.AdminAddUserToGroup(t.Context(), u.Sub, "admins"))
		signIn("id-a")
		require.Equal(t, []string{"admins", "staff"}, groupNames(t, k, u.Sub))
		signIn()
		require.Equal(t, []string{"admins", "staff"}, groupNames(t, k, u.Sub))

		// A group that was not there when the provider named it, and that an administrator made since then.
		signIn("id-x")
		require.NoError(t, k.CreateGroup(t.Context(), userpool.Group{Name: "not-there"}))
		require.NoError(t, k.AdminAddUserToGroup(t.Context(), u.Sub, "not-there"))
		signIn()
		require.Contains(t, groupNames(t, k, u.Sub), "not-there")
		require.NoError(t, k.AdminRemoveUserFromGroup(t.Context(), u.Sub, "not-there"))

		// A provider that is down in the middle of a sign-in changes nothing.
		signIn("id-r")
		f.finishErr = errors.New("down")
		k.begin(t, "Example")
		_, _, err := k.finish("Example", f.state, browserSecret)
		require.Error(t, err)
		require.Equal(t, []string{"admins", "readers", "staff"}, groupNames(t, k, u.Sub))
	})
}

// When the store fails in the middle, the next sign-in still knows which groups the provider gave.
func TestD3_Federation_GroupsStoreFails(t *testing.T) {
	for after := range 14 {
		f := &fakeProvider{subject: "subject-1"}
		store := &failingStore{Store: newKit(t, nil).config.Store}
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Providers = []userpool.Provider{{Name: "Example", IdentityProvider: f, GroupMapping: map[string]string{"a": "admins", "r": "readers"}}}
		})
		for _, name := range []string{"admins", "readers"} {
			require.NoError(t, k.CreateGroup(t.Context(), userpool.Group{Name: name}))
		}
		f.attributes = map[string][]string{"email": {"ada@example.com"}}
		u := k.federatedUser(t, f)
		f.attributes["groups"] = []string{"a", "r"}
		k.begin(t, "Example")
		store.failAfter(after)
		_, _, _ = k.finish("Example", f.state, browserSecret)
		store.heal()
		f.attributes["groups"] = []string{"r"}
		k.federatedUser(t, f)
		require.Equal(t, []string{"readers"}, groupNames(t, k, u.Sub), "the store failed at call %d", after)
	}
}

func TestFederation_GroupMappingRefused(t *testing.T) {
	for name, p := range map[string]userpool.Provider{
		"attribute without mapping": {GroupAttribute: "roles"},
		"empty value":               {GroupMapping: map[string]string{"": "admins"}},
		"empty group":               {GroupMapping: map[string]string{"a": ""}},
		"group with a space":        {GroupMapping: map[string]string{"a": "the admins"}},
	} {
		config := newKit(t, nil).config
		p.Name, p.IdentityProvider = "Example", &fakeProvider{}
		config.Providers = []userpool.Provider{p}
		_, err := userpool.New(config)
		require.ErrorContains(t, err, "Group", name)
	}
}

// Apple says the name at the first sign-in only; of other providers, what they no longer say is gone, unless it is to be kept.
func TestFederation_KeepAttributes(t *testing.T) {
	for name, test := range map[string]struct {
		provider userpool.Provider
		kept     bool
	}{
		"Apple":    {userpool.Provider{Type: "SignInWithApple"}, true},
		"kept":     {userpool.Provider{KeepAttributes: []string{"name"}}, true},
		"not kept": {userpool.Provider{KeepAttributes: []string{"nickname"}}, false},
	} {
		f := &fakeProvider{subject: "subject-1"}
		test.provider.Name, test.provider.IdentityProvider = "Example", f
		k := newKit(t, func(c *userpool.Config) { c.Providers = []userpool.Provider{test.provider} })
		f.attributes = map[string][]string{"email": {"ada@example.com"}, "name": {"Ada"}}
		require.Equal(t, "Ada", k.federatedUser(t, f).Attributes["name"])
		f.attributes = map[string][]string{"email": {"ada@example.com"}}
		_, there := k.federatedUser(t, f).Attributes["name"]
		require.Equal(t, test.kept, there, name)
	}
}
