package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

const (
	tenantA   = "aaaaaaaa-0000-4000-8000-00000000000a"
	tenantB   = "bbbbbbbb-0000-4000-8000-00000000000b"
	stranger  = "cccccccc-0000-4000-8000-00000000000c"
	consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// tenants is a provider with one metadata document and one key set for many
// issuers, as Entra ID is at "common".
type tenants struct {
	*party
	base      string
	keyIssuer any // of the key that signs; nil leaves the member out
	claims    func(map[string]any)
	redirect  func(url.Values)
	userInfo  string // a signed answer, or ""
}

// newTenants makes a relying party for tenants A, B and the consumers' one; issuer
// is what follows the provider's base in Config.Issuer.
func newTenants(t *testing.T, issuer string) *tenants {
	f := &tenants{party: &party{t: t, clock: &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}}
	f.idp = federationtest.NewServer(t, federationtest.Config{
		Algorithm: "ES256", Now: f.clock.Now,
		Clients: []federationtest.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{callbackURL}}},
	})
	f.base = f.idp.Issuer()
	f.keyIssuer = f.base + "/{tenantid}/v2.0"
	f.idp.SetHooks(federationtest.Hooks{
		Respond: func(at string, w http.ResponseWriter, r *http.Request) bool {
			if at != federationtest.EndpointUserInfo || f.userInfo == "" {
				return false
			}
			raw(http.StatusOK, "application/jwt", f.userInfo)(w, r)
			return true
		},
		MutateDiscovery: func(d map[string]any) {
			d["issuer"] = f.base + issuer
			delete(d, "authorization_response_iss_parameter_supported")
		},
		MutateKeys: func(set map[string]any) {
			for _, key := range set["keys"].([]any) {
				if f.keyIssuer != nil {
					key.(map[string]any)["issuer"] = f.keyIssuer
				}
			}
		},
		MutateIDToken: func(c map[string]any) {
			f.as(tenantA)(c)
			if f.claims != nil {
				f.claims(c)
			}
		},
		MutateRedirect: func(v url.Values) {
			v.Del("iss")
			if f.redirect != nil {
				f.redirect(v)
			}
		},
	})
	var err error
	f.rp, err = oidc.New(oidc.Config{
		Issuer: f.base + issuer, DiscoveryURL: f.base + "/.well-known/openid-configuration",
		ClientID: clientID, ClientSecret: clientSecret, Now: f.clock.Now, InsecureAllowHTTP: true,
		Tenants: &oidc.TenantRule{Allowed: func(tenant string) bool {
			return tenant == tenantA || tenant == tenantB || tenant == consumers
		}},
	})
	require.NoError(t, err)
	return f
}

// as makes the claims those of a tenant's token.
func (f *tenants) as(tenant string) func(map[string]any) {
	return func(c map[string]any) { c["tid"], c["iss"] = tenant, f.base+"/"+tenant+"/v2.0" }
}

// both signs in and verifies a login token with the same claims; the two must agree.
func (f *tenants) both(claims func(map[string]any)) error {
	f.t.Helper()
	f.claims = claims
	_, attributes, err := f.signIn("alice")
	token, issueErr := f.idp.IDToken(clientID, "alice")
	require.NoError(f.t, issueErr)
	verified, loginErr := f.rp.VerifyLogin(context.Background(), token)
	require.Equal(f.t, err == nil, loginErr == nil, "%v; %v", err, loginErr)
	if err == nil {
		require.Equal(f.t, []string{verified["iss"].(string)}, attributes["iss"])
		require.Equal(f.t, []string{verified["tid"].(string)}, attributes["tid"])
	} else {
		f.refused(loginErr, oidc.InvalidToken, "")
	}
	return err
}

func TestR3_TenantConfusion(t *testing.T) {
	f := newTenants(t, "/{tenantid}/v2.0")
	for _, tenant := range []string{tenantA, tenantB, consumers} {
		require.NoError(t, f.both(f.as(tenant)))
	}
	for name, claims := range map[string]func(map[string]any){
		"tid of A, iss of B":  func(c map[string]any) { f.as(tenantB)(c); c["tid"] = tenantA },
		"tid of B, iss of A":  func(c map[string]any) { c["tid"] = tenantB },
		"unlisted tenant":     f.as(stranger),
		"unlisted, iss of A":  func(c map[string]any) { c["tid"] = stranger },
		"listed, iss of it":   func(c map[string]any) { f.as(stranger)(c); c["tid"] = tenantA },
		"no tid":              func(c map[string]any) { delete(c, "tid") },
		"tid null":            func(c map[string]any) { c["tid"] = nil },
		"tid array":           func(c map[string]any) { c["tid"] = []string{tenantA} },
		"tid empty":           func(c map[string]any) { c["tid"], c["iss"] = "", f.base+"//v2.0" },
		"tid large":           f.as(strings.ToUpper(tenantA)),
		"tid with space":      f.as(tenantA + " "),
		"tid a domain":        f.as("contoso.onmicrosoft.com"),
		"tid a path":          f.as("../" + tenantA),
		"tid the placeholder": f.as("{tenantid}"),
		"tid common":          f.as("common"),
		"iss the template":    func(c map[string]any) { c["iss"] = f.base + "/{tenantid}/v2.0" },
		"iss with slash":      func(c map[string]any) { c["iss"] = f.base + "/" + tenantA + "/v2.0/" },
		"iss of v1":           func(c map[string]any) { c["iss"] = f.base + "/" + tenantA + "/" },
		"iss of elsewhere":    func(c map[string]any) { c["iss"] = "https://evil.example/" + tenantA + "/v2.0" },
		"iss missing":         func(c map[string]any) { delete(c, "iss") },
		"iss array":           func(c map[string]any) { c["iss"] = []string{f.base + "/" + tenantA + "/v2.0"} },
	} {
		t.Run(name, func(t *testing.T) {
			f.refused(f.both(claims), oidc.InvalidToken, "iss")
		})
	}
}

// A key that is one tenant's own signs for that tenant and for no other.
func TestR3_KeyIssuer(t *testing.T) {
	for name, test := range map[string]struct {
		issuer  func(base string) any
		allowed []string
	}{
		"template":       {func(base string) any { return base + "/{tenantid}/v2.0" }, []string{tenantA, tenantB, consumers}},
		"consumers":      {func(base string) any { return base + "/" + consumers + "/v2.0" }, []string{consumers}},
		"tenant B":       {func(base string) any { return base + "/" + tenantB + "/v2.0" }, []string{tenantB}},
		"unlisted":       {func(base string) any { return base + "/" + stranger + "/v2.0" }, nil},
		"v1":             {func(string) any { return "https://sts.windows.net/{tenantid}/" }, nil},
		"slash":          {func(base string) any { return base + "/{tenantid}/v2.0/" }, nil},
		"placeholder":    {func(base string) any { return "{tenantid}" }, nil},
		"missing":        {func(string) any { return nil }, nil},
		"empty":          {func(string) any { return "" }, nil},
		"number":         {func(string) any { return 7 }, nil},
		"array":          {func(base string) any { return []string{base + "/{tenantid}/v2.0"} }, nil},
		"two templates":  {func(base string) any { return base + "/{tenantid}/{tenantid}/v2.0" }, nil},
		"other template": {func(base string) any { return base + "/{tenant}/v2.0" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTenants(t, "/{tenantid}/v2.0")
			f.keyIssuer = test.issuer(f.base)
			var allowed []string
			for _, tenant := range []string{tenantA, tenantB, consumers} {
				err := f.both(f.as(tenant))
				if err == nil {
					allowed = append(allowed, tenant)
					continue
				}
				f.refused(err, oidc.InvalidToken, "key")
			}
			require.Equal(t, test.allowed, allowed)
		})
	}
}

// With one tenant the issuer is a plain one, and the rule narrows it further.
func TestR3_SingleTenant(t *testing.T) {
	for _, own := range []bool{true, false} {
		f := newTenants(t, "/"+tenantA+"/v2.0")
		if f.keyIssuer = nil; own {
			f.keyIssuer = f.base + "/" + tenantA + "/v2.0"
		}
		require.NoError(t, f.both(nil))
		require.Error(t, f.both(f.as(tenantB)))
		require.Error(t, f.both(func(c map[string]any) { c["tid"] = tenantB }))
		require.Error(t, f.both(func(c map[string]any) { delete(c, "tid") }))
		require.Error(t, f.both(func(c map[string]any) { c["iss"] = f.base + "/{tenantid}/v2.0" }))
	}
	f := newTenants(t, "/"+tenantA+"/v2.0")
	f.keyIssuer = f.base + "/" + consumers + "/v2.0"
	f.refused(f.both(nil), oidc.InvalidToken, "key")
}

func TestR3_MetadataNamesTheTemplate(t *testing.T) {
	f := newTenants(t, "/{tenantid}/v2.0")
	for _, issuer := range []string{f.base + "/" + tenantA + "/v2.0", f.base + "/common/v2.0", f.base + "/{tenantid}/v2.0/", "https://evil.example/{tenantid}/v2.0"} {
		rp, err := oidc.New(oidc.Config{
			Issuer: f.base + "/{tenantid}/v2.0", DiscoveryURL: f.base + "/.well-known/openid-configuration",
			ClientID: clientID, InsecureAllowHTTP: true, Tenants: &oidc.TenantRule{Allowed: func(string) bool { return true }},
		})
		require.NoError(t, err)
		f.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d["issuer"] = issuer }})
		_, _, err = rp.Begin(context.Background(), callbackURL, state)
		f.refused(err, oidc.DiscoveryFailed, "issuer")
	}
}

// The iss parameter of RFC 9207 is judged by its form first and then by the token.
func TestR3_IssInResponse(t *testing.T) {
	f := newTenants(t, "/{tenantid}/v2.0")
	set := func(iss string) { f.redirect = func(v url.Values) { v.Set("iss", iss) } }
	set(f.base + "/" + tenantA + "/v2.0")
	_, _, err := f.signIn("alice")
	require.NoError(t, err)
	for _, iss := range []string{"", f.base, f.base + "/{tenantid}/v2.0", f.base + "/" + stranger + "/v2.0", f.base + "/common/v2.0", "https://evil.example/" + tenantA + "/v2.0"} {
		set(iss)
		_, _, err = f.signIn("alice")
		f.refused(err, oidc.InvalidResponse, "iss")
	}
	set(f.base + "/" + tenantB + "/v2.0")
	_, _, err = f.signIn("alice")
	f.refused(err, oidc.InvalidToken, "iss")
}

func TestTenantConfig(t *testing.T) {
	all := &oidc.TenantRule{Allowed: func(string) bool { return true }}
	const discovery = "https://login.example/common/.well-known/openid-configuration?appid=1"
	good := oidc.Config{Issuer: "https://login.example/{tenantid}/v2.0", DiscoveryURL: discovery, Tenants: all, ClientID: clientID}
	_, err := oidc.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*oidc.Config){
		"no rule":        func(c *oidc.Config) { c.Tenants = nil },
		"no function":    func(c *oidc.Config) { c.Tenants = &oidc.TenantRule{} },
		"no discovery":   func(c *oidc.Config) { c.DiscoveryURL = "" },
		"http discovery": func(c *oidc.Config) { c.DiscoveryURL = "http://login.example/" },
		"no URL":         func(c *oidc.Config) { c.DiscoveryURL = "common" },
		"twice":          func(c *oidc.Config) { c.Issuer = "https://login.example/{tenantid}/{tenantid}" },
		"in the host":    func(c *oidc.Config) { c.Issuer = "https://{tenantid}.login.example/" },
		"as the host":    func(c *oidc.Config) { c.Issuer = "https://{tenantid}" },
		"as the scheme":  func(c *oidc.Config) { c.Issuer = "{tenantid}://login.example/" },
		"in the query":   func(c *oidc.Config) { c.Issuer = "https://login.example/?{tenantid}" },
		"other braces":   func(c *oidc.Config) { c.Issuer = "https://login.example/{tenant}/v2.0" },
	} {
		config := good
		change(&config)
		_, err := oidc.New(config)
		require.ErrorIs(t, err, oidc.InvalidConfig, name)
	}
}

func TestDiscoveryURL(t *testing.T) {
	p := newParty(t, func(idp *federationtest.Config, rp *oidc.Config) {})
	asked := ""
	rp, err := oidc.New(oidc.Config{
		Issuer: "https://sts.example/1/", DiscoveryURL: p.idp.Issuer() + "/.well-known/openid-configuration?appid=7",
		ClientID: clientID, ClientSecret: clientSecret, Now: p.clock.Now, InsecureAllowHTTP: true,
	})
	require.NoError(t, err)
	p.rp = rp
	p.idp.SetHooks(federationtest.Hooks{
		MutateDiscovery: func(d map[string]any) { d["issuer"] = "https://sts.example/1/" },
		MutateIDToken:   func(c map[string]any) { c["iss"] = "https://sts.example/1/" },
		MutateRedirect:  func(v url.Values) { asked = v.Get("iss"); v.Set("iss", "https://sts.example/1/") },
	})
	_, attributes, err := p.signIn("alice")
	require.NoError(t, err)
	require.Equal(t, p.idp.Issuer(), asked)
	require.Equal(t, []string{"https://sts.example/1/"}, attributes["iss"])
}

// A key of the shared set may be any tenant's, and signed userinfo need not name one.
func TestR3_SignedUserInfo(t *testing.T) {
	f := newTenants(t, "/{tenantid}/v2.0")
	token, err := f.idp.Sign(map[string]any{"iss": f.base + "/" + tenantA + "/v2.0", "aud": clientID, "sub": "alice"})
	require.NoError(t, err)
	_, _, err = f.signIn("alice")
	require.NoError(t, err)
	f.userInfo = token
	_, _, err = f.signIn("alice")
	f.refused(err, oidc.UserInfoFailed, "Tenants")
}
