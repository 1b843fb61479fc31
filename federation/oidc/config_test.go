package oidc_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

func TestNewRefuses(t *testing.T) {
	good := oidc.Config{Issuer: "https://idp.example/tenant", ClientID: "shop"}
	_, err := oidc.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*oidc.Config){
		"no issuer":         func(c *oidc.Config) { c.Issuer = "" },
		"http issuer":       func(c *oidc.Config) { c.Issuer = "http://idp.example" },
		"http on localhost": func(c *oidc.Config) { c.Issuer = "http://localhost:8080" },
		"issuer query":      func(c *oidc.Config) { c.Issuer = "https://idp.example/?a" },
		"issuer fragment":   func(c *oidc.Config) { c.Issuer = "https://idp.example/#a" },
		"issuer user":       func(c *oidc.Config) { c.Issuer = "https://me:canary@idp.example" },
		"issuer relative":   func(c *oidc.Config) { c.Issuer = "idp.example" },
		"issuer scheme":     func(c *oidc.Config) { c.Issuer = "ftp://idp.example"; c.InsecureAllowHTTP = true },
		"no client":         func(c *oidc.Config) { c.ClientID = "" },
		"client control":    func(c *oidc.Config) { c.ClientID = "a\nb" },
		"secret control":    func(c *oidc.Config) { c.ClientSecret = "canary\n" },
		"two scopes in one": func(c *oidc.Config) { c.Scopes = []string{"openid email"} },
		"empty scope":       func(c *oidc.Config) { c.Scopes = []string{""} },
		"own parameter":     func(c *oidc.Config) { c.AuthorizationParameters = map[string]string{"redirect_uri": "x"} },
		"max_age":           func(c *oidc.Config) { c.AuthorizationParameters = map[string]string{"max_age": "1"} },
		"response_mode":     func(c *oidc.Config) { c.AuthorizationParameters = map[string]string{"response_mode": "fragment"} },
		"empty parameter":   func(c *oidc.Config) { c.AuthorizationParameters = map[string]string{"": "x"} },
	} {
		config := good
		change(&config)
		_, err := oidc.New(config)
		require.ErrorIs(t, err, oidc.InvalidConfig, name)
		if strings.HasPrefix(name, "secret") {
			require.NotContains(t, err.Error(), "canary", name)
		}
	}
}

func TestInsecureAllowHTTPIsNeeded(t *testing.T) {
	idp := federationtest.NewServer(t, federationtest.Config{Algorithm: "ES256"})
	_, err := oidc.New(oidc.Config{Issuer: idp.Issuer(), ClientID: clientID})
	require.ErrorIs(t, err, oidc.InvalidConfig)
	require.ErrorContains(t, err, "InsecureAllowHTTP")
}

func TestBeginCallbackURL(t *testing.T) {
	document := `{"issuer":"https://idp.example","authorization_endpoint":"https://idp.example/a?p=x","token_endpoint":"https://idp.example/t","jwks_uri":"https://idp.example/k"}`
	rp, err := oidc.New(oidc.Config{
		Issuer: "https://idp.example", ClientID: clientID,
		HTTPClient: &http.Client{Transport: answering(raw(http.StatusOK, "application/json; charset=utf-8", document))},
	})
	require.NoError(t, err)
	for _, good := range []string{"https://shop.example/cb?x=1", "http://localhost:8080/cb", "http://127.0.0.1/cb", "http://[::1]:1/cb"} {
		_, _, err := rp.Begin(context.Background(), good, state)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "/cb", "http://shop.example/cb", "http://localhost.evil.example/cb", "https://shop.example/cb#x", "javascript:alert(1)"} {
		_, _, err := rp.Begin(context.Background(), bad, state)
		require.ErrorIs(t, err, oidc.InvalidRequest, bad)
	}
}

func TestBeginRequest(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.AuthorizationParameters = map[string]string{"prompt": "select_account", "login_hint": "bob"}
	})
	location, pending := p.begin(state)
	u, err := url.Parse(location)
	require.NoError(t, err)
	sent := u.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": clientID, "redirect_uri": callbackURL, "state": state,
		"code_challenge_method": "S256", "prompt": "select_account", "login_hint": "bob",
	} {
		require.Equal(t, []string{want}, sent[name])
	}
	require.Len(t, sent.Get("nonce"), 43)
	require.Len(t, sent.Get("code_challenge"), 43)
	require.NotContains(t, string(pending), state)
	require.NotContains(t, string(pending), sent.Get("code_challenge"))
	again, _ := p.begin(state)
	v, err := url.Parse(again)
	require.NoError(t, err)
	require.NotEqual(t, sent.Get("nonce"), v.Query().Get("nonce"))
	require.NotEqual(t, sent.Get("code_challenge"), v.Query().Get("code_challenge"))
}

func TestPublicClient(t *testing.T) {
	public := func(idp *federationtest.Config, rp *oidc.Config) { idp.Clients[0].Secret, rp.ClientSecret = "", "" }
	p := newParty(t, public)
	_, _, err := p.signIn("alice")
	require.NoError(t, err)

	p = newParty(t, public)
	p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} }})
	_, _, err = p.rp.Begin(context.Background(), callbackURL, state)
	p.refused(err, oidc.DiscoveryFailed, "S256")
}

func TestFormPost(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.AuthorizationParameters = map[string]string{"response_mode": "form_post"}
	})
	location, pending := p.begin(state)
	require.Contains(t, location, "response_mode=form_post")
	u, err := url.Parse(location)
	require.NoError(t, err)
	// The page's form gives the answer as another form; the query form of it is
	// what a mixed-up client would get.
	u.RawQuery = strings.Replace(u.RawQuery, "form_post", "query", 1)
	answer := p.visit(u.String(), "alice").RawQuery
	form := func(target, body, contentType string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	const urlencoded = "application/x-www-form-urlencoded"
	for name, request := range map[string]*http.Request{
		"get":            httptest.NewRequest(http.MethodGet, callbackURL+"?"+answer, nil),
		"in both":        form(callbackURL+"?"+answer, answer, urlencoded),
		"state in query": form(callbackURL+"?state="+state, answer, urlencoded),
		"multipart":      form(callbackURL, answer, "multipart/form-data; boundary=x"),
		"json":           form(callbackURL, `{}`, "application/json"),
		"too long":       form(callbackURL, answer+"&x="+strings.Repeat("x", 70_000), urlencoded),
		"duplicate":      form(callbackURL, answer+"&code=x", urlencoded),
	} {
		_, _, err := p.rp.Finish(request, pending)
		require.ErrorIs(t, err, oidc.InvalidResponse, name)
	}
	subject, _, err := p.rp.Finish(form(callbackURL+"?tenant=1", answer, urlencoded), pending)
	require.NoError(t, err)
	require.Equal(t, "alice", subject)

	// An application may have parsed the form to find the state.
	location, pending = p.begin(state)
	answer = p.visit(strings.Replace(location, "form_post", "query", 1), "alice").RawQuery
	parsed := form(callbackURL, answer, urlencoded)
	require.Equal(t, state, parsed.FormValue("state"))
	_, _, err = p.rp.Finish(parsed, pending)
	require.NoError(t, err)
}

func TestAccessDenied(t *testing.T) {
	p := newParty(t, nil)
	location, pending := p.begin(state)
	_, _, err := p.finish(p.visit(location, federationtest.Cancel), pending)
	p.refused(err, oidc.AccessDenied, "cancelled")
	var typed *oidc.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, "access_denied", typed.ProviderCode)
	require.NotErrorIs(t, err, oidc.ProviderError)
}

func TestVerifyLogin(t *testing.T) {
	p := newParty(t, nil)
	ctx := context.Background()
	token, err := p.idp.IDToken(clientID, "alice")
	require.NoError(t, err)
	claims, err := p.rp.VerifyLogin(ctx, token)
	require.NoError(t, err)
	require.Equal(t, "alice", claims["sub"])
	require.Equal(t, "alice@example.com", claims["email"])

	require.NoError(t, p.idp.AddClient(federationtest.Client{ID: "other"}))
	foreign, err := p.idp.IDToken("other", "alice")
	require.NoError(t, err)
	for _, bad := range []string{"", "a.b.c", token + "x", token[:len(token)-4], foreign} {
		_, err = p.rp.VerifyLogin(ctx, bad)
		p.refused(err, oidc.InvalidToken, "the ID token")
	}
	p.clock.Advance(2 * time.Hour)
	_, err = p.rp.VerifyLogin(ctx, token)
	p.refused(err, oidc.InvalidToken, "expired")
}

// A token that comes without a sign-in is judged as one that comes with it.
func TestR20_VerifyLoginChecksEverything(t *testing.T) {
	p := newParty(t, nil)
	verify := func(change func(claims map[string]any)) error {
		p.idp.SetHooks(mutate(change))
		token, err := p.idp.IDToken(clientID, "alice")
		require.NoError(t, err)
		_, err = p.rp.VerifyLogin(context.Background(), token)
		return err
	}
	require.NoError(t, verify(func(map[string]any) {}))
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat"} {
		err := verify(func(claims map[string]any) { delete(claims, name) })
		p.refused(err, oidc.InvalidToken, name)
		err = verify(func(claims map[string]any) { claims[name] = true })
		p.refused(err, oidc.InvalidToken, name)
	}
	future := p.clock.Now().Add(time.Hour).Unix()
	p.refused(verify(func(claims map[string]any) { claims["iat"] = future }), oidc.InvalidToken, "iat")
	p.refused(verify(func(claims map[string]any) { claims["nbf"] = future }), oidc.InvalidToken, "nbf")
	p.refused(verify(func(claims map[string]any) { claims["azp"] = "other" }), oidc.InvalidToken, "azp")
	p.refused(verify(func(claims map[string]any) { claims["aud"] = []string{clientID, "other"} }), oidc.InvalidToken, "aud")
}

func TestRandFails(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.Rand = iotest.ErrReader(errors.New("no entropy")) })
	_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
	p.refused(err, oidc.InvalidConfig, "no entropy")
}
