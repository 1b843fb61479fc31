package azuread_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

func v1(c *azuread.Config) { c.V1 = true }

func organizations(c *azuread.Config) {
	c.Tenant, c.ClientID, c.AllowedTenants = "organizations", several, []string{contoso, fabrikam}
}

func everybody(c *azuread.Config) {
	c.Tenant, c.ClientID, c.AllowedTenants, c.AllowPersonalAccounts = "common", everyone, []string{contoso}, true
}

func domain(c *azuread.Config) { c.Tenant = "Contoso.example" }

func TestSignIn_SingleTenant(t *testing.T) {
	k := newKit(t)
	attributes := k.good(k.provider(), "alice@contoso.example", contoso, alice)
	for name, values := range map[string][]string{
		"name": {"Alice Adams"}, "preferred_username": {"alice@contoso.example"}, "email": {"alice@contoso.example"}, "email_verified": {"true"},
		"acct": {"0"}, "guest": {"false"}, "roles": {"Admin"}, "groups": groupIDs(2), "ver": {"2.0"}, "iss": {k.Issuer(contoso)},
	} {
		require.Equal(t, values, attributes[name], name)
	}
	require.Len(t, attributes["sub"], 1)
	require.NotContains(t, attributes, azuread.AttributeGroupsMissing)
	for _, absent := range []string{"aud", "nonce", "_claim_names"} {
		require.NotContains(t, attributes, absent)
	}
}

func TestSignIn_Authorities(t *testing.T) {
	k := newKit(t)
	for name, change := range map[string]func(*azuread.Config){
		"GUID":      func(*azuread.Config) {},
		"domain":    domain,
		"pinned":    func(c *azuread.Config) { domain(c); c.AllowedTenants = []string{contoso} },
		"v1":        v1,
		"v1 domain": func(c *azuread.Config) { v1(c); domain(c) },
		"several":   organizations,
		"everybody": everybody,
		"asked": func(c *azuread.Config) {
			organizations(c)
			c.AllowedTenants, c.AllowTenant = nil, func(tenant string) bool { return tenant == contoso }
		},
		"any":        func(c *azuread.Config) { organizations(c); c.AllowedTenants, c.AllowAnyTenant = nil, true },
		"capitals":   func(c *azuread.Config) { c.Tenant = "C0470500-0000-4000-8000-000000000001" },
		"delegated":  func(c *azuread.Config) { c.Groups.Delegated = true },
		"v1 asks":    func(c *azuread.Config) { v1(c); c.Groups.Delegated = true },
		"userinfo":   func(c *azuread.Config) { c.UserInfo = true },
		"few scopes": func(c *azuread.Config) { c.Scopes = []string{"User.Read"} },
	} {
		t.Run(name, func(t *testing.T) {
			k := &kit{Entra: k.Entra, t: t, clock: k.clock}
			attributes := k.good(k.provider(change), "alice@contoso.example", contoso, alice)
			require.Equal(t, []string{"alice@contoso.example"}, attributes["preferred_username"])
			if name == "userinfo" {
				require.Equal(t, []string{"Adams"}, attributes["family_name"])
			}
		})
	}
	require.Equal(t, []string{"pwd", "mfa"}, k.good(k.provider(v1), "alice@contoso.example", contoso, alice)["amr"])
}

func TestSignIn_Guest(t *testing.T) {
	k := newKit(t)
	home := k.good(k.provider(organizations), "carol@fabrikam.example", fabrikam, carol)
	require.Equal(t, []string{"false"}, home["guest"])
	away := k.good(k.provider(), "carol@fabrikam.example", contoso, guest)
	require.Equal(t, []string{"true"}, away["guest"])
	require.Equal(t, []string{"1"}, away["acct"])

	// Without acct, the identity provider tells.
	k = newKit(t, func(c *federationtest.EntraConfig) { c.Apps[0].OptionalClaims = nil })
	require.Equal(t, []string{"true"}, k.good(k.provider(), "carol@fabrikam.example", contoso, guest)["guest"])
	k.SetHooks(federationtest.EntraHooks{MutateIDToken: func(claims map[string]any) { // claims which the directory does not have
		claims["guest"], claims["groups_missing"], claims["email_verified"] = "false", "no", true
		delete(claims, "email")
	}})
	attributes := k.good(k.provider(), "bob@contoso.example", contoso, bob)
	for _, name := range []string{"guest", azuread.AttributeGroupsMissing, "email_verified"} {
		require.NotContains(t, attributes, name)
	}
}

func TestSignIn_PersonalAccounts(t *testing.T) {
	k := newKit(t)
	k.good(k.provider(everybody), "pat@outlook.example", personal, pat)
	k.good(k.provider(func(c *azuread.Config) {
		c.Tenant, c.ClientID, c.AllowPersonalAccounts = "consumers", everyone, true
	}), "pat@outlook.example", personal, pat)

	for _, change := range []func(*azuread.Config){
		func(c *azuread.Config) { everybody(c); c.AllowPersonalAccounts = false },
		func(c *azuread.Config) {
			everybody(c)
			c.AllowPersonalAccounts, c.AllowedTenants, c.AllowAnyTenant = false, nil, true
		},
		func(c *azuread.Config) {
			everybody(c)
			c.AllowPersonalAccounts, c.AllowedTenants = false, []string{personal}
		},
	} {
		_, _, err := k.signIn(k.provider(change), "pat@outlook.example")
		refused(t, err, azuread.SignInFailed, personal)
	}
}

func TestSignIn_TenantNotAllowed(t *testing.T) {
	k := newKit(t)
	_, _, err := k.signIn(k.provider(organizations), "mallory@stranger.example")
	refused(t, err, azuread.TenantNotAllowed, "the tenant "+stranger+" is not among those that may sign in")
	require.ErrorIs(t, err, oidc.InvalidToken)
	require.Contains(t, azuread.Explain(err), "AllowedTenants")
}

func TestSignIn_Hints(t *testing.T) {
	k := newKit(t)
	p := k.provider(func(c *azuread.Config) { c.DomainHint, c.Prompt = "contoso.example", "select_account" })
	query := func(next http.Handler, err error) url.Values {
		require.NoError(t, err)
		u, err := url.Parse(location(t, next))
		require.NoError(t, err)
		return u.Query()
	}
	next, _, err := p.BeginHint(t.Context(), callbackURL, state, "bob@contoso.example")
	sent := query(next, err)
	require.Equal(t, "bob@contoso.example", sent.Get("login_hint"))
	require.Equal(t, "contoso.example", sent.Get("domain_hint"))
	require.Equal(t, "select_account", sent.Get("prompt"))
	require.Equal(t, "openid profile email", sent.Get("scope"))

	next, _, err = p.BeginWith(t.Context(), callbackURL, state, oidc.Hints{DomainHint: "fabrikam.example", Reauthenticate: true})
	sent = query(next, err)
	require.Equal(t, "fabrikam.example", sent.Get("domain_hint"))
	require.Equal(t, "login", sent.Get("prompt"))
	next, _, err = p.BeginHint(t.Context(), callbackURL, state, "bob\n")
	require.Empty(t, query(next, err).Get("login_hint"))
	_, _, err = p.Begin(t.Context(), "http://shop.example/", "short")
	refused(t, err, oidc.InvalidRequest, "state")
}

// Keys change without notice between two sign-ins, and between the halves of one.
func TestSignIn_KeyRollover(t *testing.T) {
	k := newKit(t)
	p := k.provider(organizations)
	k.good(p, "alice@contoso.example", contoso, alice)
	start, pending := k.begin(p)
	require.NoError(t, k.RotateKey())
	k.RetireKeys()
	k.clock.advance(2 * 60e9)
	r, err := k.SignIn(jar(t), start, "alice@contoso.example")
	require.NoError(t, err)
	subject, _, err := p.Finish(r, pending)
	require.NoError(t, err)
	require.Equal(t, contoso+"."+alice, subject)
}

func TestSignIn_Domain(t *testing.T) {
	k := newKit(t)
	var count counting
	p := k.provider(domain, func(c *azuread.Config) { c.HTTPClient = count.client() })
	for range 3 {
		k.good(p, "alice@contoso.example", contoso, alice)
	}
	require.Equal(t, 1, count.count("/contoso.example/v2.0/.well-known/openid-configuration"), "it is looked up once")

	// A domain that is of another tenant than the pinned one.
	_, _, err := k.signIn(k.provider(domain, func(c *azuread.Config) { c.AllowedTenants = []string{fabrikam} }), "alice@contoso.example")
	refused(t, err, azuread.TenantNotAllowed, contoso)

	nowhere := k.provider(func(c *azuread.Config) { c.Tenant, c.HTTPClient = "nowhere.example", count.client() })
	for range 3 {
		_, _, err = nowhere.Begin(t.Context(), callbackURL, state)
		e := refused(t, err, azuread.TenantUnknown, "AADSTS90002")
		require.True(t, e.Temporary())
	}
	require.Equal(t, 1, count.count("/nowhere.example/v2.0/.well-known/openid-configuration"), "failures are kept for a moment")
	k.clock.advance(3e9)
	_, err = nowhere.VerifyLogin(t.Context(), "x")
	refused(t, err, azuread.TenantUnknown, "nowhere.example")
	require.Equal(t, 2, count.count("/nowhere.example/v2.0/.well-known/openid-configuration"))

	for name, issuer := range map[string]string{
		"other": "https://evil.example/" + contoso + "/v2.0", "template": k.URL() + "/{tenantid}/v2.0", "v1": k.IssuerV1(contoso), "nobody": k.URL() + "/00000000-0000-0000-0000-000000000000/v2.0",
	} {
		k.SetHooks(federationtest.EntraHooks{MutateDiscovery: func(_ string, document map[string]any) { document["issuer"] = issuer }})
		_, _, err = k.provider(domain).Begin(t.Context(), callbackURL, state)
		refused(t, err, azuread.TenantUnknown, "which is not that of a tenant")
		_ = name
	}
}

func TestVerifyLogin(t *testing.T) {
	k := newKit(t)
	p := k.provider(organizations)
	token, err := k.IDToken(several, contoso, "alice@contoso.example", nil)
	require.NoError(t, err)
	claims, err := p.VerifyLogin(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, contoso+"."+alice, claims["sub"])
	require.NotEqual(t, claims["sub"], claims["pairwise_sub"])
	require.Equal(t, true, claims["email_verified"])
	require.Equal(t, false, claims["guest"])
	require.Len(t, claims["groups"], 2)

	token, err = k.IDToken(several, contoso, "crowded@contoso.example", nil)
	require.NoError(t, err)
	claims, err = p.VerifyLogin(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, claims["groups"], 201)
	for _, absent := range []string{"_claim_names", "_claim_sources"} {
		require.NotContains(t, claims, absent)
	}
	token, err = k.IDToken(several, stranger, "mallory@stranger.example", nil)
	require.NoError(t, err)
	_, err = p.VerifyLogin(t.Context(), token)
	refused(t, err, azuread.TenantNotAllowed, stranger)
}

// An access token for the application itself has its client ID as audience, and is signed with the same key.
func TestVerifyLogin_AccessToken(t *testing.T) {
	k := newKit(t)
	base := func() map[string]any {
		now := k.clock.Now().Unix()
		return map[string]any{"iss": k.Issuer(contoso), "aud": single, "tid": contoso, "oid": alice, "sub": "pairwise", "ver": "2.0", "iat": now, "nbf": now, "exp": now + 3600}
	}
	verify := func(claims map[string]any) error {
		token, err := k.Sign(claims)
		require.NoError(t, err)
		_, err = k.provider().VerifyLogin(t.Context(), token)
		return err
	}
	require.NoError(t, verify(base()))
	for name, value := range map[string]any{"scp": "access_as_user", "azpacr": "1", "appidacr": "1", "idtyp": "app"} {
		claims := base()
		claims[name] = value
		refused(t, verify(claims), azuread.InvalidIdentity, "access token")
	}
	for name, bad := range map[string]any{"oid": "not-a-guid", "ver": "1.0"} {
		claims := base()
		claims[name] = bad
		refused(t, verify(claims), azuread.InvalidIdentity, name[:3])
	}
	claims := base()
	delete(claims, "oid")
	refused(t, verify(claims), azuread.InvalidIdentity, "scope profile")
}

func TestLogout(t *testing.T) {
	for name, change := range map[string]func(*azuread.Config){"v2": func(*azuread.Config) {}, "v1": v1, "several": organizations, "domain": domain} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			p := k.provider(change)
			browser := jar(t)
			start, pending := k.begin(p)
			r, err := k.SignIn(browser, start, "alice@contoso.example")
			require.NoError(t, err)
			subject, _, sid, session, err := p.FinishSession(r, pending)
			require.NoError(t, err)
			require.Equal(t, contoso+"."+alice, subject)
			require.NotEmpty(t, sid)

			next, pending, err := p.BeginLogout(t.Context(), session, returnURL, state)
			require.NoError(t, err)
			out, err := k.SignOut(browser, location(t, next))
			require.NoError(t, err)
			require.Len(t, out.Frames, 1)

			_, sids, answer, err := p.ReceiveLogout(httptest.NewRequest(http.MethodGet, out.Frames[0], nil))
			require.NoError(t, err)
			require.Equal(t, []string{sid}, sids)
			w := httptest.NewRecorder()
			answer(true).ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code)
			require.NoError(t, p.FinishLogout(httptest.NewRequest(http.MethodGet, out.Next, nil), pending))
			refused(t, p.FinishLogout(httptest.NewRequest(http.MethodGet, returnURL+"?state=other", nil), pending), oidc.InvalidResponse, "state")
		})
	}
}

func TestLogout_Refused(t *testing.T) {
	k := newKit(t)
	p := k.provider(organizations)
	frame := func(iss, sid string) *http.Request {
		return httptest.NewRequest(http.MethodGet, "/frontchannel?"+url.Values{"iss": {iss}, "sid": {sid}}.Encode(), nil)
	}
	for text, r := range map[string]*http.Request{
		"may sign in": frame(k.Issuer(stranger), "1"), "is not that of": frame("https://evil.example/"+contoso+"/v2.0", "1"),
		"sid is not": frame(k.Issuer(contoso), ""), "one iss": httptest.NewRequest(http.MethodGet, "/frontchannel", nil),
		"Replay": httptest.NewRequest(http.MethodPost, "/frontchannel", nil),
	} {
		_, sids, answer, err := p.ReceiveLogout(r)
		require.ErrorContains(t, err, text)
		require.Empty(t, sids)
		w := httptest.NewRecorder()
		answer(true).ServeHTTP(w, r)
		require.Equal(t, http.StatusBadRequest, w.Code)
	}
	_, _, err := p.BeginLogout(t.Context(), []byte("{}"), returnURL, state)
	refused(t, err, oidc.InvalidSession, "session")
	_, sids, _, err := p.ReceiveLogout(frame(k.IssuerV1(contoso), "1"))
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, sids)
}
