package hostedui_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

func newPool(t *testing.T, issuer string) *userpool.Pool {
	t.Helper()
	return userpooltest.New(t, func(c *userpool.Config) { c.Issuer, c.InsecureAllowHTTP = issuer, true }).Pool
}

func TestConfig(t *testing.T) {
	pool := newPool(t, "https://id.example.com")
	_, err := hostedui.New(hostedui.Config{})
	require.ErrorContains(t, err, "Config.Pool is nil")
	for _, base := range []string{
		"id.example.com/auth", "/auth", "https:///auth", "https://id.example.com/auth/", "https://id.example.com/", "https://id.example.com//auth",
		"https://id.example.com/a/../auth", "https://id.example.com/./auth", "https://id.example.com/auth?x", "https://id.example.com/auth#x",
		"https://user@id.example.com/auth", "https://ID.example.com/auth", "http://id.example.com/auth", "ftp://id.example.com/auth",
		"https://id.example.com/a%75th", "https://id.example.com/au th", `https://id.example.com\auth`, "javascript:alert(1)",
	} {
		_, err := hostedui.New(hostedui.Config{Pool: pool, BaseURL: base})
		require.ErrorContains(t, err, "hostedui: Config.BaseURL", base)
	}
	for _, after := range []string{"https://evil.example", "//evil.example", "account", "/a/../b"} {
		_, err := hostedui.New(hostedui.Config{Pool: pool, AfterSignIn: after})
		require.ErrorContains(t, err, "Config.AfterSignIn", after)
	}
	for _, title := range []string{strings.Repeat("x", 61), "a\nb"} {
		_, err := hostedui.New(hostedui.Config{Pool: pool, Title: title})
		require.ErrorContains(t, err, "Config.Title")
	}
	for _, base := range []string{
		"https://id.example.com", "https://id.example.com/auth", "https://id.example.com:8443/pool-1/auth", "http://localhost:8080/auth",
		"http://127.0.0.1/auth", "http://[::1]:8080/auth",
	} {
		ui, err := hostedui.New(hostedui.Config{Pool: pool, BaseURL: base})
		require.NoError(t, err, base)
		require.Equal(t, base+"/login", ui.LoginURL(""))
	}
	_, err = hostedui.New(hostedui.Config{Pool: newPool(t, "http://id.internal"), BaseURL: "http://id.internal/auth"})
	require.NoError(t, err, "the pool has allowed http")
}

func TestDefaults(t *testing.T) {
	ui, err := hostedui.New(hostedui.Config{Pool: newPool(t, "https://id.example.com/pool-1")})
	require.NoError(t, err)
	require.Equal(t, "https://id.example.com/pool-1/auth/login", ui.LoginURL(""))
	require.Equal(t, "https://id.example.com/pool-1/auth/federation/AzureAD/response", ui.CallbackURL("AzureAD"))
	w := newRecorder()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/pool-1/auth/login", nil)
	require.NoError(t, err)
	ui.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "id.example.com", "the host is the name")
	w = newRecorder()
	r.URL.Path = "/pool-10/auth/login"
	ui.ServeHTTP(w, r)
	require.Equal(t, http.StatusNotFound, w.Code)
}

// On one machine, for development: Safari keeps no Secure cookie, and no __Host- cookie, from http://localhost.
func TestCookiesOnHTTP(t *testing.T) {
	ui, err := hostedui.New(hostedui.Config{Pool: newPool(t, "http://localhost:8080")})
	require.NoError(t, err)
	w := newRecorder()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/auth/login", nil)
	require.NoError(t, err)
	ui.ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	require.True(t, strings.HasPrefix(cookies[0].Name, "stepwell-browser-"))
	require.False(t, cookies[0].Secure)
	require.True(t, cookies[0].HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
}

// Cookies are shared between the ports of a host, and with __Host- between all paths of an origin.
func TestCookiesOfTwoPoolsDiffer(t *testing.T) {
	names := map[string]bool{}
	for _, issuer := range []string{"https://id.example.com/pool-1", "https://id.example.com/pool-2", "https://id.example.com"} {
		ui, err := hostedui.New(hostedui.Config{Pool: newPool(t, issuer)})
		require.NoError(t, err)
		w := newRecorder()
		ui.ClearSession(w)
		names[w.Result().Cookies()[0].Name] = true
	}
	require.Len(t, names, 3)
}

func TestAuthenticate(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	require.NoError(t, s.pool.CreateGroup(t.Context(), userpool.Group{Name: "staff"}))
	require.NoError(t, s.pool.AdminAddUserToGroup(t.Context(), ada, "staff"))
	b := s.browser()
	r := b.request(http.MethodGet, "/", nil)
	claims, err := s.ui.Authenticate(r)
	require.NoError(t, err)
	require.Nil(t, claims, "nobody is signed in")
	b.signIn(ada)
	r.AddCookie(b.cookie("session"))
	claims, err = s.ui.Authenticate(r)
	require.NoError(t, err)
	require.Equal(t, ada, claims["email"])
	require.Equal(t, true, claims["email_verified"])
	require.Equal(t, []any{"staff"}, claims["cognito:groups"])
	require.Contains(t, b.get("/auth/account").text("main"), "staff")
}

func TestLoginHintAndApplicationName(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	authorize := "/oauth2/authorize?client_id=web&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&login_hint=ada%40example.com"
	p := b.get(s.ui.LoginURL(authorize))
	require.Equal(t, ada, attr(p.byID("username"), "value"))
	require.Contains(t, p.text("main"), "to go on to Web <shop>")
	p = b.get(s.ui.LoginURL(strings.Replace(authorize, "callback", "evil", 1)))
	require.Empty(t, attr(p.byID("username"), "value"), "only a registered address speaks for an application")
	require.NotContains(t, p.text("main"), "Web")
	for _, hint := range []string{"ada%0A%40example.com", strings.Repeat("a", 255)} {
		p = b.get(s.ui.LoginURL(strings.Replace(authorize, "ada%40example.com", hint, 1)))
		require.Empty(t, attr(p.byID("username"), "value"), "a hint that is no address is left out")
	}
}
