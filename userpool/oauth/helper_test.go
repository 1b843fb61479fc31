package oauth_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/oauth"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

const (
	issuer   = "https://id.example.com"
	callback = "https://app.example.com/callback"
	goodbye  = "https://app.example.com/goodbye"
	// webSecret needs form-encoding in a Basic header: it has a percent sign, a plus and a colon.
	webSecret = "web-secret:with%20odd+characters"
	password  = userpooltest.Password
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// login is the least that can stand for the hosted pages: a cookie holds the secret of the session.
type login struct {
	panics bool
}

const cookieName = "session"

func (l *login) BrowserSession(r *http.Request) string {
	if l.panics {
		panic("the pages are broken")
	}
	cookies := r.CookiesNamed(cookieName)
	if len(cookies) != 1 {
		return ""
	}
	return cookies[0].Value
}

func (l *login) LoginURL(returnTo string) string {
	return "/login?return_to=" + url.QueryEscape(returnTo)
}

func (l *login) SignOutURL(clientID, logoutURI, state string) string {
	return "/signout?" + url.Values{"client_id": {clientID}, "logout_uri": {logoutURI}, "state": {state}}.Encode()
}

func (l *login) ClearSession(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, MaxAge: -1, Path: "/"})
}

// env is a real pool behind a real handler, with a clock that stands still.
type env struct {
	t       *testing.T
	pool    *userpooltest.Pool
	handler *oauth.Handler
	login   *login
	clock   *userpooltest.Clock
	logs    *bytes.Buffer
	issuer  string
	// secret is that of the authenticator app of Ada, where she has one.
	secret []byte
}

// testClients are the applications of most tests.
func testClients() []userpool.Client {
	return []userpool.Client{
		{ID: "web", Secrets: []string{webSecret}, CallbackURLs: []string{callback, callback + "?tenant=a"}, LogoutURLs: []string{goodbye, goodbye + "?from=id"},
			Scopes: []string{"openid", "email", "profile", "phone"}},
		{ID: "spa", CallbackURLs: []string{"https://spa.example.com/cb", "com.example.app:/done"}, LogoutURLs: []string{"https://spa.example.com/"}},
		{ID: "other", Secrets: []string{"other-secret-other-secret-other"}, CallbackURLs: []string{"https://other.example.com/cb", callback}, LogoutURLs: []string{"https://other.example.com/"}},
		{ID: "api", Secrets: []string{"api-secret-api-secret-api-secret"}, CallbackURLs: []string{"https://api.example.com/cb"}, Scopes: []string{"email", "openid"}},
	}
}

func newEnv(t *testing.T, change ...func(*userpool.Config)) *env {
	t.Helper()
	e := &env{t: t, login: &login{}, logs: &bytes.Buffer{}}
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: e.logs}, nil))
	defaults := func(c *userpool.Config) {
		c.Issuer, c.Logger, c.Settings.Clients = issuer, logger, testClients()
	}
	e.pool = userpooltest.New(t, append([]func(*userpool.Config){defaults}, change...)...)
	e.clock, e.issuer = e.pool.Clock, e.pool.Issuer()
	var err error
	e.handler, err = oauth.New(oauth.Config{Pool: e.pool.Pool, Login: e.login, Logger: logger, Now: e.clock.Now})
	require.NoError(t, err)
	return e
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(b)
}

// signUp makes a confirmed user and returns the sub.
func (e *env) signUp(email string) string {
	e.t.Helper()
	return e.pool.AddUser(email, func(in *userpool.SignUpInput) {
		in.UserAttributes = map[string]string{"name": "Ada Lovelace", "locale": "en-GB"}
	}).Sub
}

// signIn returns the secret of a new browser session.
func (e *env) signIn(email string) string { return e.signInAgain(email, "") }

// signInAgain returns the secret of a browser session that takes the place of the one that the browser had.
func (e *env) signInAgain(email, replaces string) string {
	e.t.Helper()
	out, err := e.pool.InitiateAuth(e.t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: email, Password: password, Result: userpool.ResultBrowserSession, Replaces: replaces,
	})
	require.NoError(e.t, err)
	return out.BrowserSession
}

// changePassword sets a new password by the code that is mailed.
func (e *env) changePassword(email string) {
	e.t.Helper()
	_, err := e.pool.ForgotPassword(e.t.Context(), userpool.ForgotPasswordInput{Username: email})
	require.NoError(e.t, err)
	err = e.pool.ConfirmForgotPassword(e.t.Context(), userpool.ConfirmForgotPasswordInput{
		Username: email, ConfirmationCode: e.pool.Outbox.Code(email), Password: "an entirely different passphrase",
	})
	require.NoError(e.t, err)
}

// ada makes the user that most tests need and returns the secret of her browser session.
func (e *env) ada() string {
	e.t.Helper()
	e.signUp("ada@example.com")
	return e.signIn("ada@example.com")
}

func (e *env) do(r *http.Request) *http.Response {
	e.t.Helper()
	rec := httptest.NewRecorder()
	e.handler.ServeHTTP(rec, r)
	return rec.Result()
}

// get sends a GET request; session is the secret of a browser session, or "".
func (e *env) get(target, session string) *http.Response {
	e.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if session != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: session})
	}
	return e.do(r)
}

// post sends a form; the options change the request.
func (e *env) post(target string, form url.Values, options ...func(*http.Request)) *http.Response {
	e.t.Helper()
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range options {
		f(r)
	}
	return e.do(r)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func cookie(session string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: session}) }
}

// basic is client_secret_basic as RFC 6749 section 2.3.1 wants it.
func basic(id, secret string) func(*http.Request) {
	return rawBasic(url.QueryEscape(id) + ":" + url.QueryEscape(secret))
}

func rawBasic(userinfo string) func(*http.Request) {
	return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(userinfo)))
}

var webAuth = basic("web", webSecret)

// request is a sound authorization request of the client web; the pairs replace parameters, and an empty value removes one.
func request(pairs ...string) url.Values {
	v := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {callback}, "scope": {"openid email profile"},
		"state": {"xyz"}, "nonce": {"n-0S6_WzA2Mj"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

func authorizeURL(pairs ...string) string { return "/oauth2/authorize?" + request(pairs...).Encode() }

// response reads the parameters of an authorization response at the callback.
func (e *env) response(res *http.Response, at string) url.Values {
	e.t.Helper()
	require.Equal(e.t, http.StatusSeeOther, res.StatusCode)
	location := res.Header.Get("Location")
	require.True(e.t, strings.HasPrefix(location, at), location)
	u, err := url.Parse(location)
	require.NoError(e.t, err)
	q, err := url.ParseQuery(u.RawQuery)
	require.NoError(e.t, err)
	require.Equal(e.t, []string{e.issuer}, q["iss"], "RFC 9207")
	return q
}

// refused checks that a request comes back to the callback with an error.
func (e *env) refused(res *http.Response, code string) url.Values {
	e.t.Helper()
	q := e.response(res, callback)
	require.Equal(e.t, code, q.Get("error"), q.Get("error_description"))
	require.Empty(e.t, q.Get("code"))
	return q
}

// code sends an authorization request and returns the code of the answer.
func (e *env) code(session string, pairs ...string) string {
	e.t.Helper()
	v := request(pairs...)
	q := e.response(e.get("/oauth2/authorize?"+v.Encode(), session), v.Get("redirect_uri"))
	require.Empty(e.t, q.Get("error"), q.Get("error_description"))
	require.NotEmpty(e.t, q.Get("code"))
	return q.Get("code")
}

// codeForm is what redeems a code of request.
func codeForm(code string, pairs ...string) url.Values {
	v := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

type answer struct {
	Status           int
	AccessToken      string `json:"access_token"`
	IDToken          string `json:"id_token"`
	RefreshToken     string `json:"refresh_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	Scope            string `json:"scope"`
	Error            string `json:"error"`
	ErrorDescription string `json:"error_description"`
}

// token posts to the token endpoint.
func (e *env) token(form url.Values, options ...func(*http.Request)) answer {
	e.t.Helper()
	return e.answer(e.post("/oauth2/token", form, options...))
}

func (e *env) answer(res *http.Response) answer {
	e.t.Helper()
	require.Equal(e.t, "application/json", res.Header.Get("Content-Type"))
	require.Equal(e.t, "no-store", res.Header.Get("Cache-Control"))
	var a answer
	require.NoError(e.t, json.NewDecoder(res.Body).Decode(&a))
	a.Status = res.StatusCode
	return a
}

// tokens runs the whole flow for the client web.
func (e *env) tokens(session string, pairs ...string) answer {
	e.t.Helper()
	a := e.token(codeForm(e.code(session, pairs...)), webAuth)
	require.Equal(e.t, http.StatusOK, a.Status, a.ErrorDescription)
	return a
}

// userInfo asks the UserInfo endpoint with a token.
func (e *env) userInfo(token string) *http.Response {
	e.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/oauth2/userInfo", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return e.do(r)
}

// errorPage checks that a person is shown a page, and is sent nowhere, and returns it.
func (e *env) errorPage(res *http.Response, status int) string {
	e.t.Helper()
	require.Equal(e.t, status, res.StatusCode)
	require.Empty(e.t, res.Header.Get("Location"))
	require.Equal(e.t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	require.Equal(e.t, "no-store", res.Header.Get("Cache-Control"))
	require.Contains(e.t, res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	return body(e.t, res)
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	_, err := b.ReadFrom(res.Body)
	require.NoError(t, err)
	return b.String()
}

// returnTo checks that the browser is sent to the sign-in page, and returns where it comes back to.
func (e *env) returnTo(res *http.Response) string {
	e.t.Helper()
	require.Equal(e.t, http.StatusSeeOther, res.StatusCode)
	u, err := url.Parse(res.Header.Get("Location"))
	require.NoError(e.t, err)
	require.Equal(e.t, "/login", u.Path, u.String())
	target := u.Query().Get("return_to")
	require.True(e.t, strings.HasPrefix(target, "/oauth2/authorize?"), target)
	return target
}

// claims reads a token without verifying it; the tests of the relying party verify.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
