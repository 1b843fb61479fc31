package userpooltest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

func read(t *testing.T, answer *http.Response, err error) string {
	t.Helper()
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(body)
}

// The handler sees what it would see behind a server, and the test what a client of one would.
func TestNewBrowser(t *testing.T) {
	pool := userpooltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		http.SetCookie(w, &http.Cookie{Name: "__Host-id", Value: "1", Path: "/", Secure: true, HttpOnly: true})
		fmt.Fprint(w, r.Method, " ", r.Host, " ", r.RequestURI, " ", r.URL, " ", r.TLS != nil, " ", r.Header.Get("Cookie"), " ", string(body))
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/echo?b=%2F", http.StatusSeeOther) })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("broken") })
	browser := pool.NewBrowser(mux)

	answer, err := browser.Get("https://id.test/away")
	require.Equal(t, "GET id.test /echo?b=%2F /echo?b=%2F true  ", read(t, answer, err))
	require.Equal(t, "https://id.test/echo?b=%2F", answer.Request.URL.String())
	answer, err = browser.PostForm("https://id.test/echo", url.Values{"c": {"d"}})
	require.Equal(t, "POST id.test /echo /echo true __Host-id=1 c=d", read(t, answer, err))
	answer, err = browser.Get("http://other.test/echo")
	require.Equal(t, "GET other.test /echo /echo false  ", read(t, answer, err), "cookies are those of one host")
	answer, err = pool.NewBrowser(mux).Get("https://id.test/echo")
	require.Equal(t, "GET id.test /echo /echo true  ", read(t, answer, err), "each browser has its own cookies")

	_, err = browser.Get("https://id.test/abort")
	require.ErrorContains(t, err, "aborted")
	require.PanicsWithValue(t, "broken", func() { browser.Get("https://id.test/panic") })
}

func newPages(t *testing.T, pool *userpooltest.Pool) *hostedui.UI {
	t.Helper()
	ui, err := hostedui.New(hostedui.Config{Pool: pool.Pool})
	require.NoError(t, err)
	return ui
}

func TestSignInBrowser(t *testing.T) {
	pool := userpooltest.New(t)
	ui := newPages(t, pool)
	user := pool.AddUser(ada)
	browser := pool.NewBrowser(ui)
	next := user.SignInBrowser(browser, ui.LoginURL("/reports?year=2026"))
	require.Equal(t, "https://id.test/reports?year=2026", next.String())
	answer, err := browser.Get("https://id.test/auth/account")
	require.Contains(t, read(t, answer, err), ada)

	next = pool.AddUser("bob@example.com").SignInBrowser(pool.NewBrowser(ui), "/auth/login")
	require.Equal(t, "https://id.test/auth/account", next.String(), "a path is one on the issuer")
}

// A server on loopback, for tests of what is below the handler, is signed in at in the same way.
func TestSignInBrowser_AtServer(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	pool := userpooltest.New(t, func(c *userpool.Config) { c.Issuer = "http://" + server.Listener.Addr().String() })
	server.Config.Handler = newPages(t, pool)
	server.Start()
	t.Cleanup(server.Close)
	browser := server.Client()
	browser.Jar = pool.NewBrowser(http.NotFoundHandler()).Jar
	pool.AddUser(ada).SignInBrowser(browser, "/auth/login")
	answer, err := browser.Get(server.URL + "/auth/account")
	require.Contains(t, read(t, answer, err), ada)
}

func TestSignInBrowser_Misuse(t *testing.T) {
	page := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	const fields = `<input name=username><input type=password name=password>`
	for name, test := range map[string]struct {
		handler func(*userpooltest.Pool) http.Handler
		want    string
	}{
		"not found": {
			handler: func(*userpooltest.Pool) http.Handler { return http.NotFoundHandler() },
			want:    "https://id.test/auth/login answered with status 404 and no form to sign in with: 404 page not found",
		},
		"another form": {
			handler: func(*userpooltest.Pool) http.Handler {
				return page(`<style>x</style><form><input name=q></form>` + strings.Repeat("word ", 1000))
			},
			want: "no form to sign in with: word",
		},
		"form to sign up": {
			handler: func(*userpooltest.Pool) http.Handler {
				return page(`<form>` + fields + `<input type=password name=repeat></form>`)
			},
			want: "no form to sign in with",
		},
		"not let in": {
			handler: func(*userpooltest.Pool) http.Handler { return page(`<form>` + fields + `</form>Try again`) },
			want:    "ada@example.com was not let in: https://id.test/auth/login answered with status 200: Try again",
		},
		"a link and no redirect": {
			handler: func(*userpooltest.Pool) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", "/elsewhere")
					fmt.Fprint(w, `<form>`+fields+`</form>`)
				})
			},
			want: "ada@example.com was not let in",
		},
		"wrong password": {
			handler: func(p *userpooltest.Pool) http.Handler { return newPages(t, p) },
			want:    "ada@example.com was not let in",
		},
		"aborted": {
			handler: func(*userpooltest.Pool) http.Handler {
				return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
			},
			want: "https://id.test/auth/login cannot be opened",
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &fakeT{}
			defer fake.end()
			pool := userpooltest.New(fake)
			user := pool.AddUser(ada)
			user.Password = "another password altogether"
			require.PanicsWithValue(t, fake, func() { user.SignInBrowser(pool.NewBrowser(test.handler(pool)), "/auth/login") })
			require.Contains(t, fake.text, test.want)
			require.NotContains(t, fake.text, user.Password)
			require.Less(t, len(fake.text), 600)
		})
	}
}
