package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// serve runs the program's parts on a free port of localhost.
func serve(t *testing.T) *app {
	t.Helper()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "quickstart.db")))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	a, err := newApp(t.Context(), "http://localhost:"+port, db, filepath.Join(dir, "pool.key"))
	require.NoError(t, err)
	server := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return a
}

// addUser makes a confirmed user.
func (a *app) addUser(t *testing.T, email, password string) {
	t.Helper()
	out, err := a.pool.SignUp(t.Context(), userpool.SignUpInput{Username: email, Password: password})
	require.NoError(t, err)
	require.NoError(t, errOf(a.pool.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{
		Username: email, ConfirmationCode: a.mailbox.newest()[0].Code, Session: out.Session,
	})))
}

const password = "purple otters juggle lanterns"

// signInByForm signs in at the hosted page in a browser of a sort.
func signInByForm(t *testing.T, client *http.Client, loginURL string) *http.Response {
	t.Helper()
	response, err := client.Get(loginURL)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	response.Body.Close()
	form := url.Values{"username": {"ada@example.com"}, "password": {password}}
	for _, name := range []string{"csrf", "return_to"} {
		if _, rest, found := strings.Cut(string(body), `name="`+name+`" value="`); found {
			value, _, _ := strings.Cut(rest, `"`)
			form.Set(name, strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`).Replace(value))
		}
	}
	response, err = client.PostForm(loginURL, form)
	require.NoError(t, err)
	next, leadsOn := strings.CutPrefix(response.Header.Get("Refresh"), "0; url=")
	if !leadsOn {
		return response
	}
	response.Body.Close()
	target, err := response.Request.URL.Parse(next)
	require.NoError(t, err)
	response, err = client.Get(target.String())
	require.NoError(t, err)
	return response
}

// read returns the text of an answer.
func read(t *testing.T, response *http.Response, err error) string {
	t.Helper()
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

// An outside relying party, go-oidc with x/oauth2, signs in through the pool, its hosted pages and its endpoints.
func TestOutsideRelyingParty(t *testing.T) {
	a := serve(t)
	a.addUser(t, "ada@example.com", password)
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, a.base)
	require.NoError(t, err)
	config := oauth2.Config{ClientID: clientID, Endpoint: provider.Endpoint(), RedirectURL: a.base + "/me/callback", Scopes: []string{"openid", "email"}}

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/me/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	pkce := oauth2.GenerateVerifier()
	response, err := browser.Get(config.AuthCodeURL("the-state", oidc.Nonce("the-nonce"), oauth2.S256ChallengeOption(pkce)))
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, "/auth/login", response.Request.URL.Path)
	response = signInByForm(t, browser, response.Request.URL.String())
	response.Body.Close()
	callback, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, "the-state", callback.Query().Get("state"))
	require.Equal(t, a.base, callback.Query().Get("iss"))

	tokens, err := config.Exchange(ctx, callback.Query().Get("code"), oauth2.VerifierOption(pkce))
	require.NoError(t, err)
	id, err := provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(ctx, tokens.Extra("id_token").(string))
	require.NoError(t, err)
	require.Equal(t, "the-nonce", id.Nonce)
	require.NoError(t, id.VerifyAccessToken(tokens.AccessToken))
	var claims struct {
		Email         string
		EmailVerified bool `json:"email_verified"`
	}
	require.NoError(t, id.Claims(&claims))
	require.Equal(t, "ada@example.com", claims.Email)
	require.True(t, claims.EmailVerified)
	info, err := provider.UserInfo(ctx, config.TokenSource(ctx, tokens))
	require.NoError(t, err)
	require.Equal(t, id.Subject, info.Subject)
	tokens.Expiry = time.Now().Add(-time.Hour)
	renewed, err := config.TokenSource(ctx, tokens).Token()
	require.NoError(t, err)
	require.NotEqual(t, tokens.RefreshToken, renewed.RefreshToken)

	require.Equal(t, http.StatusOK, bearer(t, a, renewed.AccessToken))
	require.Equal(t, http.StatusUnauthorized, bearer(t, a, tokens.Extra("id_token").(string)), "an ID token is no access token")
	require.Equal(t, http.StatusUnauthorized, bearer(t, a, renewed.AccessToken[:len(renewed.AccessToken)-4]+"AAAA"))
	require.NoError(t, a.pool.AdminUserGlobalSignOut(ctx, "ada@example.com"))
	require.Equal(t, http.StatusUnauthorized, bearer(t, a, renewed.AccessToken), "signed out")
}

func bearer(t *testing.T, a *app, token string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, a.base+"/api/me", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	return response.StatusCode
}

// A redirect address that differs by a slash, in front of all the real parts: an error page, and no redirect.
func TestO1_RedirectBySlash(t *testing.T) {
	a := serve(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	config := a.oauth()
	config.RedirectURL += "/"
	response, err := client.Get(config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	require.Empty(t, response.Header.Get("Location"))
	require.Contains(t, string(body), "redirect_uri")
}

// The way to the page with the tokens: what comes back must be the answer to what was asked, from whom it was asked, once.
func TestR10_ComingBackWithTokens(t *testing.T) {
	a := serve(t)
	a.addUser(t, "ada@example.com", password)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	signInByForm(t, client, a.base+"/auth/login").Body.Close()
	still := *client
	still.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/me/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	back := func() *url.URL { // with an answer that is good
		t.Helper()
		response, err := still.Get(a.base + "/me")
		read(t, response, err)
		callback, err := response.Location()
		require.NoError(t, err)
		return callback
	}
	good := back()
	response, err := client.Get(good.String())
	require.Contains(t, read(t, response, err), "Claims of the ID token")
	require.Equal(t, http.StatusOK, response.StatusCode)

	for name, c := range map[string]struct {
		change func(q url.Values)
		want   string
	}{
		"reloaded":         {nil, "has been shown already"},
		"other state":      {func(q url.Values) { q.Set("state", "other") }, "in another tab"},
		"no state":         {func(q url.Values) { q.Del("state") }, "in another tab"},
		"other issuer":     {func(q url.Values) { q.Set("iss", a.base+"/idp") }, "does not come from"},
		"no issuer":        {func(q url.Values) { q.Del("iss") }, "does not come from"},
		"an error":         {func(q url.Values) { q.Set("error", "access_denied"); q.Set("error_description", "<b>No.") }, "refused: &lt;b&gt;No. (access_denied)"},
		"another code":     {func(q url.Values) { q.Set("code", strings.Repeat("A", 43)) }, "The code is not valid"},
		"the code of good": {func(q url.Values) { q.Set("code", good.Query().Get("code")) }, "The code is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			target := good
			if c.change != nil {
				target = back()
				q := target.Query()
				c.change(q)
				target.RawQuery = q.Encode()
			}
			response, err := client.Get(target.String())
			body := read(t, response, err)
			require.Equal(t, http.StatusBadRequest, response.StatusCode)
			require.Contains(t, body, c.want)
			require.Contains(t, body, `href="/me">Try again`)
		})
	}
}

// What goes wrong inside is logged and not shown.
func TestFailureIsNotShown(t *testing.T) {
	w := httptest.NewRecorder()
	page(func(*http.Request) (view, error) { return view{}, errors.New("the disk <is> on fire") }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "fire")
	require.Contains(t, w.Body.String(), "Something went wrong")
}

// By another name than its own, the program shows nothing: not to who typed 127.0.0.1, and not to a page elsewhere that rebinds its name.
func TestO31_OtherNames(t *testing.T) {
	a := serve(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, host := range []string{"127.0.0.1:8080", "evil.example", "localhost", "LOCALHOST.evil.example"} {
		for method, want := range map[string]int{http.MethodGet: http.StatusFound, http.MethodPost: http.StatusMisdirectedRequest} {
			r, err := http.NewRequest(method, a.base+"/mailbox?x=1", nil)
			require.NoError(t, err)
			r.Host = host
			response, err := client.Do(r)
			body := read(t, response, err)
			require.Equal(t, want, response.StatusCode, host)
			require.NotContains(t, body, "<h1>")
			require.NotContains(t, response.Header.Get("Location"), "evil")
			if method == http.MethodGet {
				require.Equal(t, a.base+"/mailbox?x=1", response.Header.Get("Location"))
			}
		}
	}
}

// Protected pages send a stranger to sign in; the API for signed requests and the one for tokens refuse him.
func TestStranger(t *testing.T) {
	a := serve(t)
	for path, want := range map[string]int{
		"/private": http.StatusSeeOther, "/me": http.StatusSeeOther, "/me/callback": http.StatusSeeOther, "/auth/account": http.StatusSeeOther,
		"/api/notes/public/welcome": http.StatusForbidden, "/api/me": http.StatusSeeOther, "/": http.StatusOK, "/mailbox": http.StatusOK,
		"/nothing": http.StatusNotFound,
	} {
		r, err := http.NewRequest(http.MethodGet, a.base+path, nil)
		require.NoError(t, err)
		r.Header.Set("Accept", "text/html")
		response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, want, response.StatusCode, path)
	}
}

// The mailbox is for one machine: the program refuses to serve it to a network.
func TestLoopbackOnly(t *testing.T) {
	for address, ok := range map[string]bool{"127.0.0.1": true, "::1": true, "0.0.0.0": false, "192.0.2.1": false, "::": false} {
		err := mustBeLoopback(&net.TCPAddr{IP: net.ParseIP(address), Port: 8080})
		require.Equal(t, ok, err == nil, address)
	}
	require.ErrorContains(t, run(t.Context(), "0.0.0.0:0", t.TempDir()), "not a loopback address")
	require.ErrorContains(t, run(t.Context(), "localhost:99999", t.TempDir()), "-addr")
}

// The program starts, serves, and ends cleanly when it is told to; what it made is there at the next start.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := listener.Addr().String()
		listener.Close()
		go func() { done <- run(ctx, address, dir) }()
		require.Eventually(t, func() bool {
			response, err := http.Get("http://" + address + "/")
			if err != nil {
				return false
			}
			response.Body.Close()
			return response.StatusCode == http.StatusOK
		}, 20*time.Second, 20*time.Millisecond)
		cancel()
		require.NoError(t, <-done)
	}
	_, err := os.Stat(filepath.Join(dir, "pool.key"))
	require.NoError(t, err)
}
