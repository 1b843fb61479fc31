package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/internal/browsertest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/oauth"
)

// An application elsewhere: its callback is on another origin than the pool's pages, and leads on to a third one. Chromium holds every
// redirect after a form to the page's form-action, so a sign-in or sign-out by a form could end with nothing happening at all.
func TestBrowser_ApplicationElsewhere(t *testing.T) {
	third := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<!doctype html><main>Third origin: %s</main>", r.URL.Path)
	}))
	defer third.Close()
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		http.Redirect(w, r, third.URL+r.URL.Path+"/"+q.Get("state")+fmt.Sprint(len(q.Get("code"))), http.StatusFound)
	}))
	defer application.Close()

	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	mux := http.NewServeMux()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer server.Close()
	a := &app{Handler: mux, mailbox: &mailbox{}}
	a.base = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	a.pool, err = userpool.New(userpool.Config{
		Issuer: a.base, Store: memstore.New(), Sender: a.mailbox,
		Settings: userpool.Settings{Clients: []userpool.Client{{
			ID: "elsewhere", Name: "Application elsewhere",
			CallbackURLs: []string{application.URL + "/callback"}, LogoutURLs: []string{application.URL + "/bye"},
		}}},
	})
	require.NoError(t, err)
	a.ui, err = hostedui.New(hostedui.Config{Pool: a.pool})
	require.NoError(t, err)
	endpoints, err := oauth.New(oauth.Config{Pool: a.pool, Login: a.ui})
	require.NoError(t, err)
	mux.Handle("/auth/", a.ui)
	for _, pattern := range endpoints.Patterns() {
		mux.Handle(pattern, endpoints)
	}
	go server.Serve(listener)
	a.addUser(t, "ada@example.com", password)

	p := newPerson(t, a, 390, false)
	config := oauth2.Config{ClientID: "elsewhere", RedirectURL: application.URL + "/callback", Endpoint: oauth2.Endpoint{AuthURL: a.base + "/oauth2/authorize"}}
	p.Do("asking to sign in", chromedp.Navigate(config.AuthCodeURL("state", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))))
	p.Sees("elsewhere-signin", "to go on to Application elsewhere")
	p.Fill("username", "ada@example.com")
	p.Fill("password", password)
	p.Press("Sign in")
	p.waitFor("Third origin: /callback/state43")

	p.Do("asking to sign out", chromedp.Navigate(a.base+"/logout?"+url.Values{
		"client_id": {"elsewhere"}, "logout_uri": {application.URL + "/bye"}, "state": {"state"},
	}.Encode()))
	p.Sees("elsewhere-signout", "You are signed in as ada@example.com", "you return to Application elsewhere")
	p.Press("Sign out")
	p.waitFor("Third origin: /bye/state0")
	p.Open("/auth/account")
	require.Equal(t, "/auth/login", p.Path(), "signed out")
}

// waitFor waits until the page says text. One page leads to the next by itself, so that the first may still be there, or just going away.
func (p *person) waitFor(text string) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.Tab, browsertest.Patience)
	defer cancel()
	for {
		shown, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("main")))
		if err == nil && strings.TrimSpace(shown) == text {
			return
		}
		if ctx.Err() != nil {
			require.Equal(p.T, text, p.Text())
		}
		time.Sleep(50 * time.Millisecond)
	}
}
