package hostedui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func TestSignOutToAnApplication(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	for uri, want := range map[string]string{
		"https://app.example/bye":     "https://app.example/bye?state=a%26b%3Dc+%22",
		"https://app.example/bye?x=1": "https://app.example/bye?x=1&state=a%26b%3Dc+%22",
	} {
		b := s.browser()
		b.signIn(ada)
		session := b.cookie("session").Value
		p := b.get(s.ui.SignOutURL("web", uri, `a&b=c "`))
		require.Equal(t, http.StatusOK, p.Status)
		require.Contains(t, p.text("main"), "Web <shop>")
		_, err := s.pool.BrowserSession(t.Context(), session)
		require.NoError(t, err, "a GET signs nobody out")

		p = b.submit(p, nil)
		for _, kind := range []string{"session", "browser", "step"} {
			require.Nil(t, b.cookie(kind), kind)
		}
		require.Equal(t, want, b.goesOnTo(b.follow(p), "Web <shop>"))
		_, err = s.pool.BrowserSession(t.Context(), session)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
}

func TestSignOutAddressMustBeRegistered(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	for _, c := range []struct{ client, uri, state string }{
		{"web", "https://evil.example/", ""}, {"web", "https://app.example/bye/", ""}, {"web", "https://app.example/callback", ""},
		{"web", "https://app.example/bye#x", ""}, {"web", "HTTPS://app.example/bye", ""}, {"nobody", "https://app.example/bye", ""},
		{"", "https://app.example/bye", ""}, {"web", "//app.example/bye", ""}, {"web", "https://app.example/bye", strings.Repeat("s", 4097)},
	} {
		q := url.Values{"client_id": {c.client}, "logout_uri": {c.uri}, "state": {c.state}}
		p := b.get("/auth/signout?" + q.Encode())
		require.Equal(t, http.StatusBadRequest, p.Status, c)
		require.Empty(t, p.Header.Get("Location"))

		// The POST looks for itself.
		_, fields := b.get("/auth/signout").form()
		for k, v := range q {
			fields[k] = v
		}
		p = b.post("/auth/signout", fields)
		require.Equal(t, http.StatusBadRequest, p.Status, c)
		p = b.get("/auth/continue?" + q.Encode())
		require.Equal(t, s.base+"/account", p.Header.Get("Location"), c)
		require.Empty(t, p.Header.Get("Refresh"))
		require.Equal(t, http.StatusOK, b.get("/auth/account").Status, "still signed in")
	}
	require.Equal(t, http.StatusBadRequest, b.get("/auth/signout?logout_uri=a&logout_uri=b").Status)
}

func TestSignOutWithoutSession(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	p := b.get("/auth/signout")
	require.Equal(t, s.base+"/login?notice=signed-out", p.Header.Get("Location"))
	p = b.get(s.ui.SignOutURL("web", "https://app.example/bye", ""))
	require.Equal(t, "https://app.example/bye", p.Header.Get("Location"))
	require.Equal(t, s.base+"/signout", s.ui.SignOutURL("", "https://app.example/bye", "x"))
	require.Equal(t, s.base+"/signout", s.ui.SignOutURL("web", "", "x"))
}

// Two clicks on the button send the form twice; the second is no failure.
func TestSignOutTwice(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	p := b.get("/auth/account")
	action, fields := p.form()
	first, second := b.formRequest(action, fields), b.formRequest(action, fields)
	for _, c := range b.client.Jar.Cookies(mustURL(t, s.origin)) {
		second.AddCookie(c)
	}
	require.Equal(t, http.StatusSeeOther, b.do(first).Status)
	b.client.Jar = nil
	require.Equal(t, http.StatusSeeOther, b.do(second).Status)
}

func TestClearSession(t *testing.T) {
	s := newSite(t)
	w := newRecorder()
	s.ui.ClearSession(w)
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 3)
	for _, c := range cookies {
		require.Negative(t, c.MaxAge)
		require.Empty(t, c.Value)
		require.True(t, c.Secure && c.HttpOnly && c.Path == "/")
	}
}
