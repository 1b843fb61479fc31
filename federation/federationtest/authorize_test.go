package federationtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
)

func TestAuthorizeErrorsStayHere(t *testing.T) {
	p := newProvider(t, nil)
	for name, change := range map[string]func(url.Values){
		"no client":        func(v url.Values) { v.Del("client_id") },
		"unknown client":   func(v url.Values) { v.Set("client_id", "<script>") },
		"no redirect_uri":  func(v url.Values) { v.Del("redirect_uri") },
		"other":            func(v url.Values) { v.Set("redirect_uri", "https://evil.example/") },
		"longer":           func(v url.Values) { v.Set("redirect_uri", callback+"&y=2") },
		"other client's":   func(v url.Values) { v.Set("redirect_uri", "http://localhost:9/cb") },
		"client_id twice":  func(v url.Values) { v.Add("client_id", "shop") },
		"redirect_uri too": func(v url.Values) { v.Add("redirect_uri", callback) },
		"state twice":      func(v url.Values) { v.Add("state", "t") },
	} {
		resp, page := get(t, authorize(p, change))
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, name)
		require.Empty(t, resp.Header.Get("Location"))
		require.Contains(t, page, `role="alert"`)
		require.NotContains(t, page, "<script>")
	}
}

func TestAuthorizeErrorsGoBack(t *testing.T) {
	p := newProvider(t, nil)
	for want, change := range map[string]func(url.Values){
		"unsupported_response_type": func(v url.Values) { v.Set("response_type", "token") },
		"invalid_scope":             func(v url.Values) { v.Set("scope", "email") },
		"login_required":            func(v url.Values) { v.Set("prompt", "none") },
		"request_not_supported":     func(v url.Values) { v.Set("request", "x") },
		"request_uri_not_supported": func(v url.Values) { v.Set("request_uri", "http://127.0.0.1/") },
		"invalid_request":           func(v url.Values) { v.Set("code_challenge", strings.Repeat("a", 43)) }, // plain
	} {
		resp, _ := get(t, authorize(p, change))
		require.Equal(t, http.StatusSeeOther, resp.StatusCode, want)
		to, err := resp.Location()
		require.NoError(t, err)
		require.Equal(t, "shop.example", to.Host)
		require.Equal(t, want, to.Query().Get("error"))
		require.Equal(t, "s", to.Query().Get("state"))
		require.Equal(t, p.Issuer(), to.Query().Get("iss"))
		require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	}
	// A public client needs PKCE.
	resp, _ := get(t, authorize(p, func(v url.Values) { v.Set("client_id", "app"); v.Set("redirect_uri", "http://localhost:9/cb") }))
	require.Contains(t, resp.Header.Get("Location"), "invalid_request")
	resp, _ = get(t, authorize(p, func(v url.Values) { v.Set("response_mode", "fragment") }))
	require.Contains(t, resp.Header.Get("Location"), "invalid_request")
}

func TestPage(t *testing.T) {
	p := newProvider(t, func(c *federationtest.Config) {
		c.Users = []federationtest.User{
			{Subject: "1", Claims: map[string]any{"name": "<b>Ann</b>", "email": "ann@example.com"}},
			{Subject: "2", Claims: map[string]any{"name": "Ben"}}, {Subject: "3"},
		}
		c.Clients[0].FollowingOrigins = []string{"http://localhost:3000/"}
	})
	resp, page := get(t, authorize(p, func(v url.Values) { v.Set("state", `"><script>`); v.Set("login_hint", "2") }))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://shop.example http://localhost:3000",
		resp.Header.Get("Content-Security-Policy"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))
	for _, want := range []string{`<html lang="en">`, `<title>`, `<main class=`, `<h1>`, `name="viewport"`, `<legend>`, `&lt;b&gt;Ann&lt;/b&gt; <span class="detail">ann@example.com</span>`,
		`value="2" checked`, `<link rel="stylesheet" href="/style.css">`} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "style=")
	resp, css := get(t, p.Issuer()+"/style.css")
	require.Equal(t, "text/css; charset=utf-8", resp.Header.Get("Content-Type"))
	require.Contains(t, css, "prefers-color-scheme: dark")

	resp, page = get(t, authorize(p, func(v url.Values) {
		v.Set("client_id", "app")
		v.Set("redirect_uri", "com.example.app:/callback")
		v.Set("code_challenge", strings.Repeat("a", 43))
		v.Set("code_challenge_method", "S256")
	}))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "form-action 'self' com.example.app: http://localhost:9")
	require.Contains(t, page, "<form")
}

func TestSignInAndCancel(t *testing.T) {
	p := newProvider(t, nil)
	to, err := federationtest.SignIn(nil, authorize(p, nil), "alice")
	require.NoError(t, err)
	require.Len(t, to.Query().Get("code"), 43)
	to, err = federationtest.SignIn(nil, authorize(p, nil), federationtest.Cancel)
	require.NoError(t, err)
	require.Equal(t, "access_denied", to.Query().Get("error"))
	require.False(t, to.Query().Has("code"))
	_, err = federationtest.SignIn(nil, authorize(p, nil), "nobody")
	require.ErrorContains(t, err, "400")
	_, err = federationtest.SignIn(nil, p.Issuer()+"/keys", "alice")
	require.ErrorContains(t, err, "no sign-in page")
	_, err = federationtest.SignIn(nil, authorize(p, func(v url.Values) { v.Set("client_id", "x") }), "alice")
	require.ErrorContains(t, err, "400")
	// An authorization request may come by POST, and then shows the page too.
	resp, err := http.PostForm(p.Issuer()+"/authorize", url.Values{"client_id": {"shop"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}})
	require.NoError(t, err)
	require.Contains(t, body(t, resp), "<legend>")
}

func TestFormPostMode(t *testing.T) {
	p := newProvider(t, nil)
	resp, err := http.PostForm(p.Issuer()+"/authorize", url.Values{"client_id": {"shop"}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid"}, "response_mode": {"form_post"}, "action": {"sign-in"}, "user": {"bob"}, "state": {`"><script>`}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "https://shop.example")
	page := body(t, resp)
	require.Contains(t, page, `action="https://shop.example/callback?x=1"`)
	require.Contains(t, page, `name="code"`)
	require.Contains(t, page, `value="&#34;&gt;&lt;script&gt;"`)
	require.NotContains(t, page, "<script>")
}
