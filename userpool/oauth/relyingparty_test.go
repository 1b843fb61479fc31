package oauth_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/userpool"
)

// serve puts a pool with an issuer behind a server on the loopback interface.
func serve(t *testing.T, path, algorithm string) (*env, *httptest.Server) {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	e := newEnv(t, func(c *userpool.Config) {
		c.Issuer = srv.URL + path
		c.Settings.SigningAlgorithm = algorithm
	})
	for _, p := range e.handler.Patterns() {
		mux.Handle(p, e.handler)
	}
	return e, srv
}

// browse is a browser that stops where the answer leads away from the server.
func browse(t *testing.T, srv *httptest.Server, session, target string) *url.URL {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	home, err := url.Parse(srv.URL)
	require.NoError(t, err)
	jar.SetCookies(home, []*http.Cookie{{Name: cookieName, Value: session, Path: "/"}})
	client := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host != home.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.Get(target)
	require.NoError(t, err)
	defer res.Body.Close()
	location, err := res.Location()
	require.NoError(t, err)
	return location
}

// TestRelyingParty lets a library of others sign in, for a confidential and a public client and every algorithm.
func TestRelyingParty(t *testing.T) {
	for name, c := range map[string]struct {
		path, algorithm  string
		clientID, secret string
		redirect         string
		style            oauth2.AuthStyle
	}{
		"confidential, Basic":         {"", "RS256", "web", webSecret, callback, oauth2.AuthStyleInHeader},
		"confidential, form":          {"/pool-1", "ES256", "web", webSecret, callback, oauth2.AuthStyleInParams},
		"confidential, auto-detected": {"/a/b", "EdDSA", "web", webSecret, callback, oauth2.AuthStyleAutoDetect},
		"public":                      {"/pool-1", "ES256", "spa", "", "https://spa.example.com/cb", oauth2.AuthStyleInParams},
		"public, auto-detected":       {"", "ES256", "spa", "", "https://spa.example.com/cb", oauth2.AuthStyleAutoDetect},
	} {
		t.Run(name, func(t *testing.T) {
			e, srv := serve(t, c.path, c.algorithm)
			session := e.ada()
			provider, err := oidc.NewProvider(t.Context(), e.issuer)
			require.NoError(t, err)
			endpoint := provider.Endpoint()
			endpoint.AuthStyle = c.style
			app := oauth2.Config{ClientID: c.clientID, ClientSecret: c.secret, Endpoint: endpoint, RedirectURL: c.redirect, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}

			proof := oauth2.GenerateVerifier()
			location := browse(t, srv, session, app.AuthCodeURL("the state", oauth2.S256ChallengeOption(proof), oidc.Nonce("the nonce")))
			require.Equal(t, "the state", location.Query().Get("state"))
			require.Equal(t, e.issuer, location.Query().Get("iss"))
			token, err := app.Exchange(t.Context(), location.Query().Get("code"), oauth2.VerifierOption(proof))
			require.NoError(t, err)
			first := verifyTokens(t, e, provider, c.clientID, token)
			require.Equal(t, "the nonce", first.Nonce)

			token, err = app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
			require.NoError(t, err)
			require.Equal(t, first.Subject, verifyTokens(t, e, provider, c.clientID, token).Subject)
		})
	}
}

// verifyTokens does what an application does with tokens.
func verifyTokens(t *testing.T, e *env, provider *oidc.Provider, clientID string, token *oauth2.Token) *oidc.IDToken {
	t.Helper()
	raw, ok := token.Extra("id_token").(string)
	require.True(t, ok)
	id, err := provider.Verifier(&oidc.Config{ClientID: clientID, Now: e.clock.Now}).Verify(t.Context(), raw)
	require.NoError(t, err)
	require.NoError(t, id.VerifyAccessToken(token.AccessToken))
	_, err = provider.Verifier(&oidc.Config{ClientID: "other", Now: e.clock.Now}).Verify(t.Context(), raw)
	require.Error(t, err)

	info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	require.NoError(t, err)
	require.Equal(t, id.Subject, info.Subject)
	require.Equal(t, "ada@example.com", info.Email)
	require.True(t, info.EmailVerified)
	return id
}

// TestRelyingPartyRejectsAnotherIssuer: the metadata of one pool does not do for another on the same host.
func TestRelyingPartyRejectsAnotherIssuer(t *testing.T) {
	e, srv := serve(t, "/pool-1", "ES256")
	_, err := oidc.NewProvider(t.Context(), srv.URL+"/pool-10")
	require.Error(t, err)
	_, err = oidc.NewProvider(t.Context(), e.issuer+"/")
	require.Error(t, err)
	_, err = oidc.NewProvider(oidc.InsecureIssuerURLContext(context.Background(), e.issuer+"/x"), e.issuer)
	require.NoError(t, err)
}
