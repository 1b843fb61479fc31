package userpool_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func TestProviderForEmail(t *testing.T) {
	var realm string
	var realmErr error
	k := newKit(t, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{
			{Name: "Corp", IdentityProvider: &fakeProvider{}, Identifiers: []string{"Example.com", "the corporation"}},
			{Name: "Uni", IdentityProvider: &fakeProvider{}},
		}
		c.HomeRealm = func(_ context.Context, email string) (string, error) {
			if email != strings.ToLower(email) {
				return "", errors.New("not canonical: " + email)
			}
			return realm, realmErr
		}
	})
	require.True(t, k.HasHomeRealms())
	require.Equal(t, "Corp", k.ProviderByIdentifier("THE CORPORATION"))
	require.Empty(t, k.ProviderByIdentifier(""))
	require.Empty(t, k.ProviderByIdentifier("Corp"), "a name is no identifier")
	// R9: nothing but the domain of one whole address decides.
	for email, want := range map[string]string{
		"ada@example.com": "Corp", " ADA@EXAMPLE.COM ": "Corp", "ada@sub.example.com": "", "ada@example.com.evil.example": "",
		"ada@evil@example.com": "", `"ada"@example.com`: "", "example.com": "", "": "", "@example.com": "", "ada@exаmple.com": "", "ada@example.com.": "",
	} {
		got, err := k.ProviderForEmail(t.Context(), email)
		require.NoError(t, err, email)
		require.Equal(t, want, got, email)
	}
	realm = "Uni"
	got, err := k.ProviderForEmail(t.Context(), "Bob@University.example")
	require.NoError(t, err)
	require.Equal(t, "Uni", got)
	realm = "Nobody"
	_, err = k.ProviderForEmail(t.Context(), "bob@university.example")
	require.ErrorIs(t, err, userpool.ServiceUnavailable)
	realmErr = errors.New("down")
	_, err = k.ProviderForEmail(t.Context(), "bob@university.example")
	require.ErrorIs(t, err, userpool.ServiceUnavailable)
	require.False(t, newKit(t, nil).HasHomeRealms())
}

func TestProviderIdentifiers_Refused(t *testing.T) {
	for name, identifiers := range map[string][2][]string{
		"of two": {{"example.com"}, {"EXAMPLE.com"}}, "twice": {{"a", "A"}, nil}, "empty": {{""}, nil}, "too long": {{strings.Repeat("a", 41)}, nil}, "odd": {{"a/b"}, nil},
	} {
		config := newKit(t, nil).config
		config.Providers = []userpool.Provider{
			{Name: "A", IdentityProvider: &fakeProvider{}, Identifiers: identifiers[0]}, {Name: "B", IdentityProvider: &fakeProvider{}, Identifiers: identifiers[1]},
		}
		_, err := userpool.New(config)
		require.ErrorContains(t, err, "dentifier", name)
	}
}
