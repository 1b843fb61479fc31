package main

import (
	"net/http"

	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
)

const (
	fakeClientID  = "6f1d2a30-0000-4000-8000-0000000000a1"
	fakeSAMLAppID = "6f1d2a30-0000-4000-8000-0000000000a2"
	// fakeSecret is what this program and the tenant that it plays share.
	fakeSecret = "a secret for an example on this machine"
	fakeAdmins = "6f1d2a30-0000-4000-8000-00000000ad31"
	fakeDomain = "contoso.example"
)

// newFakeTenant returns a directory that speaks as login.microsoftonline.com and graph.microsoft.com do, with two people, and fills in t as
// an administrator would who has registered this program there.
func newFakeTenant(url, base string, t *tenant) (http.Handler, error) {
	*t = tenant{
		id: federationtest.ContosoTenantID, clientID: fakeClientID, clientSecret: fakeSecret, samlAppID: fakeSAMLAppID,
		admins: fakeAdmins, domain: fakeDomain, endpoints: azuread.Endpoints{LoginURL: url, GraphURL: url},
	}
	return federationtest.NewEntra(federationtest.EntraConfig{
		LoginURL: url,
		Tenants: []federationtest.EntraTenant{{
			ID: t.id, DisplayName: "Contoso", Domains: []string{fakeDomain},
			Users: []federationtest.EntraUser{
				{
					UserPrincipalName: "alice@" + fakeDomain, Mail: "alice@" + fakeDomain, DisplayName: "Alice Example", GivenName: "Alice", Surname: "Example",
					Groups: []string{fakeAdmins},
				},
				{UserPrincipalName: "bob@" + fakeDomain, Mail: "bob@" + fakeDomain, DisplayName: "Bob Example", GivenName: "Bob", Surname: "Example"},
			},
		}},
		Apps: []federationtest.EntraApp{
			{
				ClientID: fakeClientID, DisplayName: "Stepwell by OpenID Connect", Secrets: []string{fakeSecret},
				RedirectURIs:          []string{base + oidcCallback, base + oidcSignedOut, base + testCallback},
				LogoutURL:             base + oidcSignedOut,
				OptionalClaims:        []string{"email", "xms_edov", "given_name", "family_name", "sid", "login_hint"},
				GroupMembershipClaims: federationtest.GroupsSecurity,
			},
			{
				ClientID: fakeSAMLAppID, DisplayName: "Stepwell by SAML", GroupMembershipClaims: federationtest.GroupsSecurity,
				SAML: &federationtest.EntraSAML{
					Identifiers: []string{samlEntityID}, ReplyURLs: []string{base + samlCallback}, LogoutURL: base + samlSignedOut,
				},
			},
		},
	})
}
