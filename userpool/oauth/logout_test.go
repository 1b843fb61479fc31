package oauth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// logoutURL makes a request to sign out; parameters without a value are left out.
func logoutURL(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return "/logout?" + v.Encode()
}

// asked checks that the person is asked, with nothing done yet, and returns what the page is told.
func (e *env) asked(res *http.Response, session string) url.Values {
	e.t.Helper()
	require.Equal(e.t, http.StatusSeeOther, res.StatusCode)
	u, err := url.Parse(res.Header.Get("Location"))
	require.NoError(e.t, err)
	require.Equal(e.t, "/signout", u.Path)
	require.Empty(e.t, res.Header["Set-Cookie"])
	_, err = e.pool.BrowserSession(e.t.Context(), session)
	require.NoError(e.t, err, "the session goes on")
	return u.Query()
}

func (e *env) signedOut(session string) {
	e.t.Helper()
	_, err := e.pool.BrowserSession(e.t.Context(), session)
	require.ErrorIs(e.t, err, userpool.NotAuthorized)
}

func TestO29_LogoutWithHint(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	a := e.tokens(session)
	e.clock.Advance(3 * time.Hour) // an expired hint is a hint
	res := e.get(logoutURL("id_token_hint", a.IDToken, "post_logout_redirect_uri", goodbye, "state", "s&t é"), session)
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, goodbye+"?state=s%26t+%C3%A9", res.Header.Get("Location"))
	require.Contains(t, res.Header.Get("Set-Cookie"), "Max-Age=0")
	e.signedOut(session)
	require.Equal(t, "invalid_grant", e.token(refreshForm(a.RefreshToken), webAuth).Error, "the tokens end with the session")
}

func TestO29_LogoutAsksFirst(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	e.signUp("eve@example.com")
	eve := e.signIn("eve@example.com")
	foreign := e.tokens(eve).IDToken
	own := e.tokens(session).IDToken

	for name, c := range map[string]struct {
		query []string
		want  url.Values
	}{
		"nothing":                     {nil, url.Values{"client_id": {""}, "logout_uri": {""}, "state": {""}}},
		"no hint, no client":          {[]string{"post_logout_redirect_uri", goodbye, "state", "s"}, url.Values{"client_id": {""}, "logout_uri": {""}, "state": {""}}},
		"no client, foreign address":  {[]string{"post_logout_redirect_uri", "https://evil.example/"}, url.Values{"client_id": {""}, "logout_uri": {""}, "state": {""}}},
		"Cognito's parameters":        {[]string{"client_id", "web", "logout_uri", goodbye, "state", "s"}, url.Values{"client_id": {"web"}, "logout_uri": {goodbye}, "state": {"s"}}},
		"client_id instead of a hint": {[]string{"client_id", "web", "post_logout_redirect_uri", goodbye}, url.Values{"client_id": {"web"}, "logout_uri": {goodbye}, "state": {""}}},
		"hint of another user":        {[]string{"id_token_hint", foreign, "post_logout_redirect_uri", goodbye, "state", "s"}, url.Values{"client_id": {"web"}, "logout_uri": {goodbye}, "state": {"s"}}},
		"hint only":                   {[]string{"id_token_hint", own, "state", "s"}, url.Values{"client_id": {"web"}, "logout_uri": {""}, "state": {""}}},
		"client only":                 {[]string{"client_id", "web"}, url.Values{"client_id": {"web"}, "logout_uri": {""}, "state": {""}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, e.asked(e.get(logoutURL(c.query...), session), session))
		})
	}
}

func TestO29_LogoutRefused(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	own := e.tokens(session).IDToken
	parts := strings.Split(own, ".")
	for name, query := range map[string][]string{
		"address not registered":    {"id_token_hint", own, "post_logout_redirect_uri", "https://evil.example/"},
		"address for sign-in":       {"id_token_hint", own, "post_logout_redirect_uri", callback},
		"address of another client": {"id_token_hint", own, "post_logout_redirect_uri", "https://spa.example.com/"},
		"query added":               {"id_token_hint", own, "post_logout_redirect_uri", goodbye + "?x=1"},
		"slash added":               {"client_id", "web", "logout_uri", goodbye + "/"},
		"script":                    {"client_id", "web", "logout_uri", "javascript:alert(1)"},
		"hint of another client":    {"id_token_hint", own, "client_id", "spa", "post_logout_redirect_uri", "https://spa.example.com/"},
		"client_id of another":      {"id_token_hint", own, "client_id", "spa", "post_logout_redirect_uri", goodbye},
		"alg none":                  {"id_token_hint", "eyJhbGciOiJub25lIn0." + parts[1] + ".", "post_logout_redirect_uri", goodbye},
		"signature modified":        {"id_token_hint", parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), "post_logout_redirect_uri", goodbye},
		"access token":              {"id_token_hint", e.tokens(session).AccessToken, "post_logout_redirect_uri", goodbye},
		"junk hint":                 {"id_token_hint", "<script>alert(1)</script>"},
		"long hint":                 {"id_token_hint", strings.Repeat("x", 17<<10)},
		"unknown client":            {"client_id", "<b>nobody", "logout_uri", goodbye},
		"both addresses":            {"client_id", "web", "logout_uri", goodbye, "post_logout_redirect_uri", goodbye},
		"long state":                {"client_id", "web", "logout_uri", goodbye, "state", strings.Repeat("s", 2049)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []string{session, ""} {
				page := e.errorPage(e.get(logoutURL(query...), s), http.StatusBadRequest)
				require.NotContains(t, page, "<script>")
				require.NotContains(t, page, "<b>")
				require.NotContains(t, page, parts[1], "a token is not shown")
				require.Contains(t, page, ">Sign out here</a>", "who wanted to sign out can")
				require.Equal(t, 1, strings.Count(page, "href"))
			}
			_, err := e.pool.BrowserSession(t.Context(), session)
			require.NoError(t, err)
		})
	}
	for _, name := range []string{"client_id", "logout_uri", "state", "id_token_hint"} {
		e.errorPage(e.get("/logout?"+name+"=a&"+name+"=b", session), http.StatusBadRequest)
	}
	e.errorPage(e.get("/logout?state=%zz", session), http.StatusBadRequest)
}

// TestO29_LogoutByImage is what a browser does for an image on a foreign page: it leaves the SameSite=Lax cookie out.
func TestO29_LogoutByImage(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	own := e.tokens(session).IDToken
	for _, query := range [][]string{nil, {"client_id", "web", "logout_uri", goodbye}, {"id_token_hint", own, "post_logout_redirect_uri", goodbye}} {
		res := e.get(logoutURL(query...), "")
		require.Empty(t, res.Header["Set-Cookie"])
		_, err := e.pool.BrowserSession(t.Context(), session)
		require.NoError(t, err)
	}
	// With the cookie, as by a link, the person is asked.
	e.asked(e.get(logoutURL("client_id", "web", "logout_uri", goodbye), session), session)
}

func TestLogoutWithNobodySignedIn(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	own := e.tokens(session).IDToken
	require.NoError(t, e.pool.EndBrowserSession(t.Context(), session))
	for _, s := range []string{"", session, "junk"} {
		res := e.get(logoutURL("id_token_hint", own, "post_logout_redirect_uri", goodbye+"?from=id", "state", "s"), s)
		require.Equal(t, goodbye+"?from=id&state=s", res.Header.Get("Location"))
		res = e.get(logoutURL("client_id", "web", "logout_uri", goodbye), s)
		require.Equal(t, goodbye, res.Header.Get("Location"))
	}
}

func TestLogoutByPost(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	own := e.tokens(session).IDToken
	form := url.Values{"id_token_hint": {own}, "post_logout_redirect_uri": {goodbye}, "state": {"s"}}

	// A cross-site POST comes without the cookie: whoever is signed in is not passed by as signed out.
	q := e.asked(e.post("/logout", form), session)
	require.Equal(t, url.Values{"client_id": {"web"}, "logout_uri": {goodbye}, "state": {"s"}}, q)

	res := e.post("/logout", form, cookie(session))
	require.Equal(t, goodbye+"?state=s", res.Header.Get("Location"))
	e.signedOut(session)
}

func TestLogoutWhenTheStoreIsDown(t *testing.T) {
	broken := &brokenStore{}
	e := newEnv(t, func(c *userpool.Config) { broken.Store = c.Store; c.Store = broken })
	session := e.ada()
	own := e.tokens(session).IDToken
	broken.fail.Store(true)
	page := e.errorPage(e.get(logoutURL("id_token_hint", own, "post_logout_redirect_uri", goodbye), session), http.StatusServiceUnavailable)
	require.Contains(t, page, "You may still be signed in")
	require.Contains(t, page, ">Sign out here</a>")
	require.NotContains(t, page, errStore.Error())
	require.Contains(t, e.logs.String(), errStore.Error())
}

var errStore = errors.New("the disk is on fire")
