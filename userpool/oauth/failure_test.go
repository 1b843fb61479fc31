package oauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/oauth"
)

// brokenStore is a store that fails, panics, or takes a third of a second, when told to.
type brokenStore struct {
	userpool.Store
	fail, panics, slow atomic.Bool
}

func (s *brokenStore) Volatile() bool { return true }

func (s *brokenStore) Session(ctx context.Context, pool, id string) (userpool.Session, error) {
	if s.panics.Load() {
		panic("store: index out of range")
	}
	if s.fail.Load() {
		return userpool.Session{}, errStore
	}
	return s.Store.Session(ctx, pool, id)
}

func (s *brokenStore) TakeTicket(ctx context.Context, pool, kind string, hash []byte) (userpool.Ticket, error) {
	if s.fail.Load() {
		return userpool.Ticket{}, errStore
	}
	if s.slow.Load() {
		select {
		case <-ctx.Done():
			return userpool.Ticket{}, ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
	return s.Store.TakeTicket(ctx, pool, kind, hash)
}

func newBrokenEnv(t *testing.T) (*env, *brokenStore) {
	broken := &brokenStore{}
	return newEnv(t, func(c *userpool.Config) { broken.Store = c.Store; c.Store = broken }), broken
}

func TestNewWantsPoolAndLogin(t *testing.T) {
	e := newEnv(t)
	_, err := oauth.New(oauth.Config{Login: e.login})
	require.ErrorContains(t, err, "Config.Pool is nil")
	_, err = oauth.New(oauth.Config{Pool: e.pool.Pool})
	require.ErrorContains(t, err, "Config.Login is nil")
	_, err = oauth.New(oauth.Config{Pool: e.pool.Pool, Login: e.login})
	require.NoError(t, err)
}

func TestD5_StoreDown(t *testing.T) {
	e, broken := newBrokenEnv(t)
	session := e.ada()
	a := e.tokens(session)
	code := e.code(session)
	broken.fail.Store(true)

	q := e.refused(e.get(authorizeURL(), session), "temporarily_unavailable")
	require.Equal(t, "xyz", q.Get("state"))
	for _, form := range []url.Values{codeForm(code), refreshForm(a.RefreshToken)} {
		b := e.token(form, webAuth)
		require.Equal(t, http.StatusServiceUnavailable, b.Status)
		require.Equal(t, "temporarily_unavailable", b.Error)
		require.NotContains(t, b.ErrorDescription, errStore.Error())
	}
	res := e.userInfo(a.AccessToken)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Empty(t, res.Header.Get("WWW-Authenticate"), "it is not the token's fault")
	res = e.post("/oauth2/revoke", url.Values{"token": {a.RefreshToken}}, webAuth)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)

	require.Contains(t, e.logs.String(), errStore.Error(), "the operator reads why")

	broken.fail.Store(false)
	require.Equal(t, http.StatusOK, e.token(codeForm(code), webAuth).Status)
	require.Equal(t, http.StatusOK, e.token(refreshForm(a.RefreshToken), webAuth).Status)
}

// TestSlowStoreIsNoSlowBody: the time that a form may take to come is not the time that its answer may take.
func TestSlowStoreIsNoSlowBody(t *testing.T) {
	e, broken := newBrokenEnv(t)
	form := codeForm(e.code(e.ada()))
	e.handler.SetBodyTimeout(100 * time.Millisecond)
	srv := httptest.NewServer(e.handler)
	defer srv.Close()
	broken.slow.Store(true)
	form.Set("client_id", "web")
	form.Set("client_secret", webSecret)
	res, err := http.PostForm(srv.URL+"/oauth2/token", form)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestP4_PanicsAreContained(t *testing.T) {
	e, broken := newBrokenEnv(t)
	session := e.ada()
	a := e.tokens(session)
	broken.panics.Store(true)

	page := e.errorPage(e.get(authorizeURL(), session), http.StatusInternalServerError)
	require.NotContains(t, page, "index out of range")
	require.NotContains(t, page, "goroutine")
	b := e.token(refreshForm(a.RefreshToken), webAuth)
	require.Equal(t, http.StatusInternalServerError, b.Status)
	require.Equal(t, "server_error", b.Error)
	require.Contains(t, e.logs.String(), "index out of range")
	require.NotContains(t, e.logs.String(), a.RefreshToken)

	e.login.panics = true
	e.errorPage(e.get("/logout", ""), http.StatusInternalServerError)
}

// halfWriter panics once the answer has begun.
type halfWriter struct{ *httptest.ResponseRecorder }

func (halfWriter) Write([]byte) (int, error) { panic("half way") }

func TestP4_HalfAnAnswerIsAborted(t *testing.T) {
	e := newEnv(t)
	r := httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { e.handler.ServeHTTP(halfWriter{httptest.NewRecorder()}, r) })
}

func TestO37_ErrorsAreEscaped(t *testing.T) {
	e := newEnv(t)
	for _, evil := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'-alert(1)-'`, `</title><svg/onload=alert(1)>`, `{{.}}`, "javascript:alert(1)",
		`&lt;script&gt;`, "\u2028alert(1)", strings.Repeat("<b>", 1000),
	} {
		for _, target := range []string{
			authorizeURL("client_id", evil), authorizeURL("redirect_uri", evil), logoutURL("client_id", evil, "logout_uri", evil), "/nowhere/" + url.PathEscape(evil),
		} {
			res := e.get(target, "")
			require.GreaterOrEqual(t, res.StatusCode, 400)
			require.Empty(t, res.Header.Get("Location"))
			page := strings.Replace(body(t, res), `<a class="button plain" href="/signout?client_id=&amp;logout_uri=&amp;state=">Sign out here</a>`, "", 1)
			for _, tag := range []string{"<script", "<img", "<svg", "<b>", "<a ", "{{"} {
				if tag == "{{" && evil == "{{.}}" {
					continue // as text, it is what was sent
				}
				require.NotContains(t, page, tag, target)
			}
			require.Less(t, len(page), 8000)
			require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
			require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
		}
		a := e.token(codeForm(evil, "grant_type", evil, "client_id", evil))
		require.NotContains(t, a.ErrorDescription, evil)
		form := codeForm(evil)
		a = e.token(form, webAuth)
		require.Equal(t, "invalid_grant", a.Error)
		require.NotContains(t, a.ErrorDescription, evil)
	}
}

// TestO37_StyleMatchesThePolicy keeps the style sheet readable by the browser.
func TestO37_StyleMatchesThePolicy(t *testing.T) {
	e := newEnv(t)
	res := e.get(authorizeURL("client_id", "nobody"), "")
	page := body(t, res)
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, ok := strings.Cut(rest, "</style>")
	require.True(t, ok)
	sum := challengeOf(style) // base64url of SHA-256
	want := strings.NewReplacer("-", "+", "_", "/").Replace(sum) + "="
	require.Contains(t, res.Header.Get("Content-Security-Policy"), "'sha256-"+want+"'")
	require.Contains(t, style, "prefers-color-scheme: dark")
}

func TestO39_NothingIsKept(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	a := e.tokens(session)
	for name, res := range map[string]*http.Response{
		"token":           e.post("/oauth2/token", refreshForm(a.RefreshToken), webAuth),
		"token error":     e.post("/oauth2/token", url.Values{}),
		"userinfo":        e.userInfo(a.AccessToken),
		"userinfo error":  e.userInfo("x"),
		"revoke":          e.post("/oauth2/revoke", url.Values{"token": {"x"}}, webAuth),
		"authorize":       e.get(authorizeURL(), session),
		"authorize error": e.get(authorizeURL("scope", "x"), session),
		"to sign-in":      e.get(authorizeURL(), ""),
		"error page":      e.get(authorizeURL("client_id", "x"), ""),
		"logout":          e.get("/logout", session),
		"not found":       e.get("/nowhere", ""),
	} {
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"), name)
		require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"), name)
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"), name)
	}
}

func TestH9_CORS(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	a := e.tokens(session)
	spa := func() url.Values {
		code := e.code(session, "client_id", "spa", "redirect_uri", "https://spa.example.com/cb")
		return codeForm(code, "client_id", "spa", "redirect_uri", "https://spa.example.com/cb")
	}
	for _, origin := range []string{"https://spa.example.com", "null", "http://evil.example", "https://spa.example.com.evil.example"} {
		from := header("Origin", origin)
		for name, c := range map[string]struct {
			res  *http.Response
			want string
		}{
			"public client":                 {e.post("/oauth2/token", spa(), from), "*"},
			"public client, error":          {e.post("/oauth2/token", codeForm("x", "client_id", "spa"), from), "*"},
			"confidential by Basic":         {e.post("/oauth2/token", codeForm(e.code(session)), webAuth, from), ""},
			"confidential by form":          {e.post("/oauth2/token", codeForm(e.code(session), "client_id", "web", "client_secret", webSecret), from), ""},
			"confidential, wrong":           {e.post("/oauth2/token", codeForm("x"), basic("web", "wrong"), from), ""},
			"confidential, wrong, form":     {e.post("/oauth2/token", codeForm("x", "client_id", "web", "client_secret", "wrong"), from), ""},
			"confidential, wrong by length": {e.post("/oauth2/token", url.Values{"x": {strings.Repeat("x", 70<<10)}}, webAuth, from), ""},
			"revocation, public":            {e.post("/oauth2/revoke", url.Values{"token": {"x"}, "client_id": {"spa"}}, from), "*"},
			"revocation, confidential":      {e.post("/oauth2/revoke", url.Values{"token": {"x"}}, webAuth, from), ""},
			"userinfo":                      {e.post("/oauth2/userInfo", nil, header("Authorization", "Bearer "+a.AccessToken), from), "*"},
			"authorize":                     {e.post("/oauth2/authorize", request(), cookie(session), from), ""},
			"logout":                        {e.post("/logout", url.Values{}, cookie(session), from), ""},
		} {
			require.Equal(t, c.want, c.res.Header.Get("Access-Control-Allow-Origin"), name)
			require.Empty(t, c.res.Header["Access-Control-Allow-Credentials"], name)
		}
	}
	for target, headers := range map[string]string{
		"/oauth2/token": "Content-Type", "/oauth2/revoke": "Content-Type", "/oauth2/userInfo": "Authorization, Content-Type",
		"/.well-known/jwks.json": "*", "/.well-known/openid-configuration": "*",
	} {
		r := httptest.NewRequest(http.MethodOptions, target, nil)
		r.Header.Set("Origin", "https://spa.example.com")
		r.Header.Set("Access-Control-Request-Method", "POST")
		res := e.do(r)
		require.Equal(t, http.StatusNoContent, res.StatusCode)
		require.Equal(t, "*", res.Header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, headers, res.Header.Get("Access-Control-Allow-Headers"), target)
		require.NotEmpty(t, res.Header.Get("Access-Control-Allow-Methods"))
		require.Empty(t, res.Header["Access-Control-Allow-Credentials"])
	}
}

// TestH12_LogsHoldNoSecrets runs flows that succeed and flows that fail, and then looks for what they used.
func TestH12_LogsHoldNoSecrets(t *testing.T) {
	e, broken := newBrokenEnv(t)
	session := e.ada()
	code := e.code(session, "state", "canary-state", "nonce", "canary-nonce")
	a := e.token(codeForm(code), webAuth)
	e.token(codeForm(code), webAuth)
	b := e.tokens(session)
	broken.fail.Store(true)
	e.get(authorizeURL("state", "canary-state"), session)
	e.token(codeForm(code), webAuth)
	e.token(refreshForm(b.RefreshToken), webAuth)
	e.userInfo(b.AccessToken)
	e.get(logoutURL("id_token_hint", b.IDToken, "state", "canary-state"), session)
	broken.fail.Store(false)
	broken.panics.Store(true)
	e.token(refreshForm(b.RefreshToken), webAuth)
	e.get(authorizeURL("state", "canary-state"), session)
	logs := e.logs.String()
	require.NotEmpty(t, logs)
	for _, secret := range []string{session, code, verifier, webSecret, password, "canary-state", "canary-nonce", a.AccessToken, a.IDToken, a.RefreshToken, b.AccessToken, b.RefreshToken} {
		require.NotContains(t, logs, secret)
	}
}

func TestWireErrorsAreJSON(t *testing.T) {
	e := newEnv(t)
	res := e.post("/oauth2/token", url.Values{})
	var members map[string]any
	require.NoError(t, json.NewDecoder(res.Body).Decode(&members))
	require.Equal(t, "invalid_client", members["error"])
	require.Len(t, members, 2)
}
