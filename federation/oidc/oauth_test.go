package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/oidc"
)

// Package social tests what comes over the network; this is about the seam.
func TestOAuthProfile(t *testing.T) {
	answer := raw(http.StatusOK, "application/json", `{"access_token":"canary-token","token_type":"bearer"}`)
	sentBasic := false
	transport := answering(func(w http.ResponseWriter, r *http.Request) {
		_, _, sentBasic = r.BasicAuth()
		answer(w, r)
	})
	config := oidc.OAuthConfig{
		Issuer: "https://forum.example", AuthorizationURL: "https://forum.example/a", TokenURL: "https://forum.example/t",
		ClientID: clientID, ClientSecret: clientSecret, HTTPClient: &http.Client{Transport: transport},
	}
	finish := func(profile func(context.Context, *oidc.API) (map[string]any, error)) (string, map[string][]string, error) {
		c := config
		c.Profile = profile
		p, err := oidc.NewOAuth(c)
		require.NoError(t, err)
		next, pending, err := p.BeginHint(t.Context(), callbackURL, state, "bob")
		require.NoError(t, err)
		require.Contains(t, locationOf(t, next), "login_hint=bob")
		return p.Finish(httptest.NewRequest(http.MethodGet, callbackURL+"?code=c&state="+state, nil), pending)
	}
	subject, attributes, err := finish(func(_ context.Context, api *oidc.API) (map[string]any, error) {
		require.Equal(t, "canary-token", api.AccessToken())
		require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", api, api, api, api), "canary")
		return map[string]any{"sub": "7", "email": "a@b.example", "email_verified": "true", "iss": "https://evil.example"}, nil
	})
	require.NoError(t, err)
	require.True(t, sentBasic)
	require.Equal(t, "7", subject)
	require.Equal(t, []string{"https://forum.example"}, attributes["iss"])
	require.Equal(t, []string{"false"}, attributes["email_verified"], "as everywhere, the text is no proof")
	for name, profile := range map[string]func(context.Context, *oidc.API) (map[string]any, error){
		"error":  func(context.Context, *oidc.API) (map[string]any, error) { return nil, errors.New("canary-token: no") },
		"nil":    func(context.Context, *oidc.API) (map[string]any, error) { return nil, nil },
		"number": func(context.Context, *oidc.API) (map[string]any, error) { return map[string]any{"sub": 7}, nil },
		"http": func(ctx context.Context, api *oidc.API) (map[string]any, error) {
			return api.Get(ctx, "http://forum.example/me")
		},
		"no URL": func(ctx context.Context, api *oidc.API) (map[string]any, error) { return api.Get(ctx, "me") },
		"no list": func(ctx context.Context, api *oidc.API) (map[string]any, error) {
			_, err := api.GetList(ctx, "https://forum.example/me")
			return nil, err
		},
	} {
		_, _, err := finish(profile)
		require.ErrorIs(t, err, oidc.UserInfoFailed, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
	config.Profile = func(context.Context, *oidc.API) (map[string]any, error) { return nil, nil }
	for name, change := range map[string]func(*oidc.OAuthConfig){
		"no issuer":     func(c *oidc.OAuthConfig) { c.Issuer = "" },
		"no client":     func(c *oidc.OAuthConfig) { c.ClientID = "" },
		"no secret":     func(c *oidc.OAuthConfig) { c.ClientSecret = "" },
		"no profile":    func(c *oidc.OAuthConfig) { c.Profile = nil },
		"http token":    func(c *oidc.OAuthConfig) { c.TokenURL = "http://forum.example/t" },
		"no place":      func(c *oidc.OAuthConfig) { c.AuthorizationURL = "" },
		"scope":         func(c *oidc.OAuthConfig) { c.Scopes = []string{"a b"} },
		"own parameter": func(c *oidc.OAuthConfig) { c.AuthorizationParameters = map[string]string{"state": "x"} },
	} {
		c := config
		change(&c)
		_, err := oidc.NewOAuth(c)
		require.ErrorIs(t, err, oidc.InvalidConfig, name)
	}
}
