package azuread_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/saml"
)

// A token whose tenant, issuer and key do not belong together, and one of a tenant that is not on the list.
func TestR3_TenantConfusion(t *testing.T) {
	for name, change := range map[string]func(*azuread.Config){
		"common": everybody, "organizations": organizations, "single": func(c *azuread.Config) { c.ClientID = several },
		"any":    func(c *azuread.Config) { organizations(c); c.AllowedTenants, c.AllowAnyTenant = nil, true },
		"domain": func(c *azuread.Config) { domain(c); c.ClientID = several },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			p := k.provider(change)
			client := several
			if name == "common" {
				client = everyone
			}
			try := func(tenant, user string, mutate func(claims map[string]any), personally bool) error {
				claims := make(map[string]any)
				_, err := k.IDToken(client, tenant, user, func(c map[string]any) {
					mutate(c)
					for key, value := range c {
						claims[key] = value
					}
				})
				require.NoError(t, err)
				sign := k.Sign
				if personally {
					sign = k.SignPersonal
				}
				token, err := sign(claims)
				require.NoError(t, err)
				_, err = p.VerifyLogin(t.Context(), token)
				return err
			}
			asIs := func(map[string]any) {}
			require.NoError(t, try(contoso, "alice@contoso.example", asIs, false))
			for what, mutate := range map[string]func(map[string]any){
				"tid of another":    func(c map[string]any) { c["tid"] = fabrikam },
				"iss of another":    func(c map[string]any) { c["iss"] = k.Issuer(fabrikam) },
				"template":          func(c map[string]any) { c["iss"] = k.Issuer("{tenantid}") },
				"tid is template":   func(c map[string]any) { c["tid"], c["iss"] = "{tenantid}", k.Issuer("{tenantid}") },
				"tid is a path":     func(c map[string]any) { c["tid"], c["iss"] = contoso+"/x", k.Issuer(contoso+"/x") },
				"tid in capitals":   func(c map[string]any) { c["tid"] = strings.ToUpper(contoso) },
				"no tid":            func(c map[string]any) { delete(c, "tid") },
				"tid is a list":     func(c map[string]any) { c["tid"] = []string{contoso} },
				"iss of version 1":  func(c map[string]any) { c["iss"] = k.IssuerV1(contoso) },
				"personal tenant":   func(c map[string]any) { c["tid"], c["iss"] = personal, k.Issuer(personal) },
				"iss without slash": func(c map[string]any) { c["iss"] = strings.TrimSuffix(k.Issuer(contoso), "/v2.0") },
			} {
				if what == "personal tenant" && name == "common" {
					continue // a key for {tenantid} is one for every tenant
				}
				require.Error(t, try(contoso, "alice@contoso.example", mutate, false), what)
			}
			require.Error(t, try(contoso, "alice@contoso.example", asIs, true), "the key of personal accounts signs for them only")
			if name != "any" {
				refused(t, try(stranger, "mallory@stranger.example", asIs, false), oidc.InvalidToken, "")
			}
			if name == "common" {
				require.NoError(t, try(personal, "pat@outlook.example", asIs, true))
			}
		})
	}
}

// Keys of the key set that are for another issuer, or say nothing about it.
func TestR3_KeyIssuers(t *testing.T) {
	for name, issuer := range map[string]any{
		"another tenant": "https://login.example/" + fabrikam + "/v2.0", "none": nil, "empty": "", "personal": "https://login.example/" + personal + "/v2.0",
	} {
		k := newKit(t)
		k.SetHooks(federationtest.EntraHooks{MutateKeys: func(_ string, set map[string]any) {
			for _, key := range set["keys"].([]any) {
				key.(map[string]any)["issuer"] = issuer
				if issuer == nil {
					delete(key.(map[string]any), "issuer")
				}
			}
		}})
		_, _, err := k.signIn(k.provider(organizations), "alice@contoso.example")
		require.Error(t, err, name)
		_, _, err = k.signIn(k.provider(), "alice@contoso.example")
		if issuer == nil || issuer == "" {
			require.NoError(t, err, "the keys of one tenant are its own")
		} else {
			refused(t, err, oidc.InvalidToken, "")
		}
	}
}

// nOAuth: somebody has typed the victim's address into an account of their own organization.
func TestR4_NOAuth(t *testing.T) {
	k := newKit(t, func(c *federationtest.EntraConfig) { c.Apps[1].KeepUnverifiedEmail = true })
	p := k.provider(organizations, func(c *azuread.Config) { c.AllowedTenants = []string{contoso, stranger} })
	victim := k.good(p, "alice@contoso.example", contoso, alice)
	attacker := k.good(p, "mallory@stranger.example", stranger, mallory)
	require.Equal(t, victim["email"], attacker["email"])
	require.Equal(t, []string{"true"}, victim["email_verified"])
	require.Equal(t, []string{"false"}, attacker["email_verified"])

	for name, c := range map[string]struct {
		edov any
		want string
	}{
		"absent": {nil, "false"}, "false": {false, "false"}, "text false": {"false", "false"}, "0": {0, "false"}, "text 0": {"0", "false"},
		"2": {2, "false"}, "yes": {"yes", "false"}, "TRUE": {"TRUE", "false"}, "list": {[]any{true}, "false"}, "empty": {"", "false"},
		"true": {true, "true"}, "text true": {"true", "true"}, "1": {1, "true"}, "text 1": {"1", "true"},
	} {
		k.SetHooks(federationtest.EntraHooks{MutateIDToken: func(claims map[string]any) {
			claims["xms_edov"] = c.edov
			if c.edov == nil {
				delete(claims, "xms_edov")
			}
			claims["email_verified"], claims["verified_email"] = true, true // which the directory never says
		}})
		attributes := k.good(p, "mallory@stranger.example", stranger, mallory)
		require.Equal(t, []string{c.want}, attributes["email_verified"], name)

		token, err := k.IDToken(several, stranger, "mallory@stranger.example", nil)
		require.NoError(t, err)
		claims, err := p.VerifyLogin(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, c.want == "true", claims["email_verified"], name)
	}
}

// What only userinfo says is not verified, even where the token vouches for another address.
func TestR4_AddressOfUserInfo(t *testing.T) {
	k := newKit(t)
	k.SetHooks(federationtest.EntraHooks{
		MutateIDToken:  func(claims map[string]any) { delete(claims, "email"); claims["xms_edov"] = true },
		MutateUserInfo: func(claims map[string]any) { claims["email"], claims["email_verified"] = "ceo@contoso.example", true },
	})
	attributes := k.good(k.provider(func(c *azuread.Config) { c.UserInfo = true }), "alice@contoso.example", contoso, alice)
	require.Equal(t, []string{"ceo@contoso.example"}, attributes["email"])
	require.Equal(t, []string{"false"}, attributes["email_verified"])
}

// By SAML no address is verified, and the identity is not the address or the NameID.
func TestR4_NOAuthSAML(t *testing.T) {
	k := newKit(t)
	require.NoError(t, k.SetUser(contoso, federationtest.EntraUser{ObjectID: bob, UserPrincipalName: "bob@contoso.example", Mail: "alice@contoso.example"}))
	k.SetHooks(federationtest.EntraHooks{SAML: federationtest.SAMLHooks{Message: func(m *federationtest.SAMLResponse) {
		m.NameID = "alice@contoso.example"
		for _, name := range []string{"email_verified", "xms_edov", "oid", "tid", "sub", "guest", "groups_missing"} {
			m.Attributes = append(m.Attributes, federationtest.SAMLAttribute{Name: name, Values: []string{"true"}})
		}
	}}})
	attributes := k.good(k.samlProvider(), "bob@contoso.example", contoso, bob)
	require.Equal(t, []string{"alice@contoso.example"}, attributes["email"])
	require.Equal(t, []string{"false"}, attributes["email_verified"])
	for _, name := range []string{"sub", "groups_missing"} {
		require.NotContains(t, attributes, name)
	}
}

// The same names and the same sub at two tenants, and the same object ID, are different people.
func TestR5_Identity(t *testing.T) {
	k := newKit(t)
	require.NoError(t, k.SetUser(fabrikam, federationtest.EntraUser{ObjectID: alice, UserPrincipalName: "twin@fabrikam.example", Mail: "alice@contoso.example", DisplayName: "Alice Adams"}))
	k.SetHooks(federationtest.EntraHooks{MutateIDToken: func(claims map[string]any) { claims["sub"] = "the-same-sub" }})
	p := k.provider(organizations)
	k.good(p, "alice@contoso.example", contoso, alice)
	k.good(p, "twin@fabrikam.example", fabrikam, alice)

	a, err := azuread.Subject(strings.ToUpper(contoso), alice)
	require.NoError(t, err)
	require.Equal(t, contoso+"."+alice, a)
	tenant, object, err := azuread.ParseSubject(a)
	require.NoError(t, err)
	require.Equal(t, []string{contoso, alice}, []string{tenant, object})
	for _, bad := range []string{"", a + ".", "." + a, strings.ToUpper(a), contoso, contoso + "." + alice[1:], contoso + "." + alice + "\n"} {
		_, _, err := azuread.ParseSubject(bad)
		refused(t, err, azuread.InvalidIdentity, "subject")
	}
	for _, bad := range []string{"", "00000000-0000-0000-0000-000000000000", "alice", alice + "0", "g" + alice[1:], strings.ReplaceAll(alice, "-", "0")} {
		_, err := azuread.Subject(contoso, bad)
		refused(t, err, azuread.InvalidIdentity, "GUID")
	}
}

// Both protocols name the same person the same, so an application can change from one to the other.
func TestR5_SameSubjectByBothProtocols(t *testing.T) {
	k := newKit(t)
	byOIDC := k.good(k.provider(func(c *azuread.Config) { c.UserInfo = true }), "alice@contoso.example", contoso, alice)
	bySAML := k.good(k.samlProvider(), "alice@contoso.example", contoso, alice)
	for _, name := range []string{"tid", "oid", "name", "given_name", "family_name", "email", "preferred_username", "groups", "roles", "guest"} {
		require.NotEmpty(t, byOIDC[name], name)
		require.Equal(t, byOIDC[name], bySAML[name], name)
	}
}

// The address and the name change at the directory: the account stays, and nothing of another one is taken over.
func TestR8_ChangeOfAddress(t *testing.T) {
	k := newKit(t)
	for _, p := range []federation.Provider{k.provider(), k.samlProvider()} {
		require.NoError(t, k.SetUser(contoso, federationtest.EntraUser{ObjectID: bob, UserPrincipalName: "bob@contoso.example", Mail: "bob@contoso.example"}))
		k.good(p, "bob@contoso.example", contoso, bob)
		require.NoError(t, k.SetUser(contoso, federationtest.EntraUser{ObjectID: bob, UserPrincipalName: "robert@contoso.example", Mail: "alice@contoso.example"}))
		attributes := k.good(p, "robert@contoso.example", contoso, bob)
		require.Equal(t, []string{"robert@contoso.example"}, attributes["preferred_username"])
		require.Equal(t, []string{"alice@contoso.example"}, attributes["email"])
	}
}

// Assertions that say another tenant than the one that signs, or name the person badly.
func TestR3_AssertionOfAnotherTenant(t *testing.T) {
	k := newKit(t)
	p := k.samlProvider(func(c *azuread.SAMLConfig) { c.AllowIdPInitiated = true })
	set := func(name, value string) func(*federationtest.SAMLResponse) {
		return func(m *federationtest.SAMLResponse) {
			for i := range m.Attributes {
				if m.Attributes[i].Name == name {
					m.Attributes[i].Values = []string{value}
				}
			}
		}
	}
	try := func(change func(*federationtest.SAMLResponse)) error {
		response, err := k.SAMLResponse(samlApp, contoso, "alice@contoso.example", "", change)
		require.NoError(t, err)
		_, err = p.VerifyLogin(t.Context(), response)
		return err
	}
	require.NoError(t, try(nil))
	const ids = "http://schemas.microsoft.com/identity/claims/"
	refused(t, try(set(ids+"tenantid", fabrikam)), azuread.InvalidIdentity, fabrikam)
	refused(t, try(set(saml.EntraObjectID, "alice@contoso.example")), azuread.InvalidIdentity, "not an object ID")
	refused(t, try(set(saml.EntraObjectID, "")), saml.InvalidAssertion, "SubjectAttribute")
	refused(t, try(func(m *federationtest.SAMLResponse) {
		m.Issuer, m.AssertionIssuer = k.IssuerV1(fabrikam), k.IssuerV1(fabrikam)
	}), saml.InvalidResponse, "")
}

// R17: what goes wrong with a credential says nothing of it.
func TestR17_Secrets(t *testing.T) {
	k := newKit(t)
	for _, change := range map[string]func(*azuread.Config){
		"wrong":   func(c *azuread.Config) { c.ClientSecret = "canary-wrong" },
		"expired": func(c *azuread.Config) { c.ClientSecret = "old~secret" },
	} {
		_, _, err := k.signIn(k.provider(change), "alice@contoso.example")
		refused(t, err, oidc.ExchangeFailed, "AADSTS70002")
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", k.provider(), k.provider(), k.provider(), k.provider()), "canary")
}
