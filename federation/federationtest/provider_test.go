package federationtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"testing/iotest"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/federation/federationtest"
)

const callback = "https://shop.example/callback?x=1"

func newProvider(t *testing.T, adjust func(*federationtest.Config)) *federationtest.Provider {
	t.Helper()
	config := federationtest.Config{
		Algorithm: "ES256",
		Clients: []federationtest.Client{
			{ID: "shop", Secret: "s:e%cret", RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{"https://shop.example/bye"}},
			{ID: "app", RedirectURIs: []string{"com.example.app:/callback", "http://localhost:9/cb"}},
		},
	}
	if adjust != nil {
		adjust(&config)
	}
	return federationtest.NewServer(t, config)
}

// TestOutside signs in with a relying party that is not ours.

func TestOutside(t *testing.T) {
	for _, algorithm := range []string{"", "RS256", "ES256", "EdDSA"} {
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
			p := newProvider(t, func(c *federationtest.Config) { c.Algorithm = algorithm })
			ctx := context.Background()
			provider, err := gooidc.NewProvider(ctx, p.Issuer())
			require.NoError(t, err)
			client := oauth2.Config{ClientID: "shop", ClientSecret: "s:e%cret", RedirectURL: callback,
				Endpoint: provider.Endpoint(), Scopes: []string{"openid", "profile", "email"}}
			client.Endpoint.AuthStyle = style
			verifier := oauth2.GenerateVerifier()
			to, err := federationtest.SignIn(nil, client.AuthCodeURL("state", gooidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier)), "bob")
			require.NoError(t, err)
			query := to.Query()
			require.Equal(t, "1", query.Get("x"))
			require.Equal(t, "state", query.Get("state"))
			require.Equal(t, p.Issuer(), query.Get("iss"))

			token, err := client.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(verifier))
			require.NoError(t, err)
			compact, ok := token.Extra("id_token").(string)
			require.True(t, ok)
			id, err := provider.Verifier(&gooidc.Config{ClientID: "shop", SupportedSigningAlgs: []string{"RS256", "ES256", "EdDSA"}}).Verify(ctx, compact)
			require.NoError(t, err)
			require.Equal(t, "bob", id.Subject)
			require.Equal(t, "nonce", id.Nonce)
			require.NoError(t, id.VerifyAccessToken(token.AccessToken))

			info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
			require.NoError(t, err)
			require.Equal(t, "bob", info.Subject)
			require.Equal(t, "bob@example.com", info.Email)
			require.True(t, info.EmailVerified)

			_, err = client.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(verifier))
			require.ErrorContains(t, err, "invalid_grant")
			_, err = provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
			require.ErrorContains(t, err, "401", "a code that came twice withdraws the tokens")
		}
	}
}

// authorize returns an honest authorization URL, changed.

func authorize(p *federationtest.Provider, change func(url.Values)) string {
	values := url.Values{"client_id": {"shop"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}}
	if change != nil {
		change(values)
	}
	return p.Issuer() + "/authorize?" + values.Encode()
}

// get does not follow redirects.

func get(t *testing.T, target string) (*http.Response, string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(target)
	require.NoError(t, err)
	return resp, body(t, resp)
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(data)
}

// redeem asks the token endpoint.

func TestEndSession(t *testing.T) {
	p := newProvider(t, nil)
	hint, err := p.IDToken("shop", "alice")
	require.NoError(t, err)
	other := newProvider(t, nil)
	foreign, err := other.IDToken("shop", "alice")
	require.NoError(t, err)
	const bye = "https://shop.example/bye"
	for name, test := range map[string]struct {
		query    url.Values
		location string
		status   int
	}{
		"hint":           {url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}, "state": {"a b"}}, bye + "?state=a+b", 303},
		"client_id":      {url.Values{"client_id": {"shop"}, "post_logout_redirect_uri": {bye}}, bye, 303},
		"nothing":        {nil, "", 200},
		"hint only":      {url.Values{"id_token_hint": {hint}}, "", 200},
		"no client":      {url.Values{"post_logout_redirect_uri": {bye}}, "", 400},
		"unregistered":   {url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "?x"}}, "", 400},
		"foreign hint":   {url.Values{"id_token_hint": {foreign}, "post_logout_redirect_uri": {bye}}, "", 400},
		"other client":   {url.Values{"id_token_hint": {hint}, "client_id": {"app"}, "post_logout_redirect_uri": {bye}}, "", 400},
		"redirect twice": {url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye, bye}}, "", 400},
	} {
		resp, page := get(t, p.Issuer()+"/logout?"+test.query.Encode())
		require.Equal(t, test.status, resp.StatusCode, name)
		require.Equal(t, test.location, resp.Header.Get("Location"), name)
		if test.status != 303 {
			require.Contains(t, page, "<main class=")
		}
	}
}

func TestHooksAndKeys(t *testing.T) {
	p := newProvider(t, func(c *federationtest.Config) {
		c.Hooks.MutateDiscovery = func(d map[string]any) { d["bent"] = true }
	})
	_, text := get(t, p.Issuer()+"/.well-known/openid-configuration")
	require.Contains(t, text, `"bent":true`)
	p.SetHooks(federationtest.Hooks{
		MutateKeys:     func(set map[string]any) { set["bent"] = len(set["keys"].([]any)) },
		ReplaceIDToken: func(string) string { return "bent" },
		Respond: func(endpoint string, w http.ResponseWriter, _ *http.Request) bool {
			if endpoint == federationtest.EndpointUserInfo {
				w.WriteHeader(http.StatusTeapot)
			}
			return endpoint == federationtest.EndpointUserInfo
		},
		MutateToken: func(response map[string]any) { response["bent"] = true },
	})
	token, err := p.IDToken("shop", "alice")
	require.NoError(t, err)
	require.Equal(t, "bent", token)
	resp, _ := get(t, p.Issuer()+"/userinfo")
	require.Equal(t, http.StatusTeapot, resp.StatusCode)
	_, answer := redeem(t, p, "", "", nil)
	require.Equal(t, true, answer["bent"])

	keys := func() string { _, text := get(t, p.Issuer()+"/keys"); return text }
	require.Contains(t, keys(), `"bent":1`)
	for range 9 {
		require.NoError(t, p.RotateKey())
	}
	require.Contains(t, keys(), `"bent":5`)
	p.RetireKeys()
	require.Contains(t, keys(), `"bent":1`)

	p.SetHooks(federationtest.Hooks{MutateToken: func(response map[string]any) { response["bent"] = func() {} }})
	resp, err = http.PostForm(p.Issuer()+"/token", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, resp.StatusCode)
	require.Contains(t, body(t, resp), "cannot be written as JSON")
	_, err = p.IDToken("shop", "nobody")
	require.ErrorContains(t, err, "nobody")
	_, err = p.Sign(nil)
	require.Error(t, err)
}

func TestClaimsInIDToken(t *testing.T) {
	var claims map[string]any
	p := newProvider(t, func(c *federationtest.Config) {
		c.ClaimsInIDToken = true
		c.Users = []federationtest.User{{Subject: "1", Claims: map[string]any{"email": "a@example.com", "phone_number": "+1", "name": "A", "custom": "C", "sub": "no"}}}
		c.Hooks.MutateIDToken = func(c map[string]any) { claims = c }
	})
	for scope, names := range map[string][]string{"openid": {}, "openid phone": {"phone_number"}, "openid profile email": {"name", "custom", "email"}} {
		to, err := federationtest.SignIn(nil, authorize(p, func(v url.Values) { v.Set("scope", scope) }), "1")
		require.NoError(t, err)
		status, _ := redeem(t, p, "shop", "s:e%cret", url.Values{"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {callback}})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "1", claims["sub"])
		for _, name := range []string{"email", "phone_number", "name", "custom"} {
			_, has := claims[name]
			require.Equal(t, slices.Contains(names, name), has, "%s %s", scope, name)
		}
	}
}

func TestMountedBelowAPath(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	p, err := federationtest.New(federationtest.Config{Issuer: server.URL + "/idp", Algorithm: "EdDSA",
		Clients: []federationtest.Client{{ID: "shop", Secret: "x", RedirectURIs: []string{callback}}}})
	require.NoError(t, err)
	mux.Handle("/idp/", p)
	_, err = gooidc.NewProvider(context.Background(), server.URL+"/idp")
	require.NoError(t, err)
	to, err := federationtest.SignIn(nil, authorize(p, nil), "alice")
	require.NoError(t, err)
	require.True(t, to.Query().Has("code"))
	for _, path := range []string{"/idp", "/idp/", "/idp/authorize/", "/idp/other", "/.well-known/openid-configuration"} {
		resp, _ := get(t, server.URL+path)
		require.NotEqual(t, http.StatusOK, resp.StatusCode, path)
	}
}

func TestNewRefuses(t *testing.T) {
	good := federationtest.Config{Issuer: "http://localhost:8080/idp/", Algorithm: "ES256"}
	_, err := federationtest.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*federationtest.Config){
		"no issuer":     func(c *federationtest.Config) { c.Issuer = "" },
		"issuer":        func(c *federationtest.Config) { c.Issuer = "localhost:8080" },
		"issuer query":  func(c *federationtest.Config) { c.Issuer = "http://localhost/?x" },
		"issuer braces": func(c *federationtest.Config) { c.Issuer = "http://localhost/{x}" },
		"algorithm":     func(c *federationtest.Config) { c.Algorithm = "none" },
		"client":        func(c *federationtest.Config) { c.Clients = []federationtest.Client{{}} },
		"redirect": func(c *federationtest.Config) {
			c.Clients = []federationtest.Client{{ID: "a", RedirectURIs: []string{"/x"}}}
		},
		"csp injection": func(c *federationtest.Config) {
			c.Clients = []federationtest.Client{{ID: "a", FollowingOrigins: []string{"https://a.example; script-src *"}}}
		},
		"user":      func(c *federationtest.Config) { c.Users = []federationtest.User{{}} },
		"two users": func(c *federationtest.Config) { c.Users = []federationtest.User{{Subject: "a"}, {Subject: "a"}} },
		"rand": func(c *federationtest.Config) {
			c.Algorithm = "EdDSA"
			c.Rand = iotest.ErrReader(errors.New("no entropy"))
		},
	} {
		config := good
		change(&config)
		_, err := federationtest.New(config)
		require.ErrorContains(t, err, "federationtest: ", name)
	}
}
