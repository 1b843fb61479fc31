package hostedui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// goesOnTo checks the page between a form and an application, and returns where it leads, by itself and by its link.
func (b *browser) goesOnTo(p *page, name string) string {
	b.s.t.Helper()
	require.Equal(b.s.t, http.StatusOK, p.Status)
	require.Contains(b.s.t, p.text("main"), name)
	require.Empty(b.s.t, p.all("form"))
	target, ok := strings.CutPrefix(p.Header.Get("Refresh"), "0; url=")
	require.True(b.s.t, ok, p.Header.Get("Refresh"))
	require.Len(b.s.t, p.all("a"), 1)
	require.Equal(b.s.t, target, attr(p.all("a")[0], "href"))
	return target
}

func authorize(client, uri string) string {
	return "/oauth2/authorize?client_id=" + url.QueryEscape(client) + "&redirect_uri=" + url.QueryEscape(uri) + "&response_type=code"
}

// No redirect leads from a form to another origin, and so no page allows one.
func TestH4_FormActionIsThisOriginAlone(t *testing.T) {
	s := newSite(t, settings(func(set *userpool.Settings) {
		set.Clients = append(set.Clients, userpool.Client{ID: "native", CallbackURLs: []string{"com.example.app:/done", "http://[::1]:8123/cb"}})
	}))
	s.register(ada)
	for client, uri := range map[string]string{"web": "https://app.example/callback", "native": "com.example.app:/done"} {
		b := s.browser()
		returnTo := authorize(client, uri)
		login := b.get("/auth/login?return_to=" + url.QueryEscape(returnTo))
		require.Contains(t, login.Header.Get("Content-Security-Policy"), "form-action 'self';")
		p := b.submit(login, map[string]string{"username": ada, "password": password})
		require.Equal(t, s.base+"/continue?return_to="+url.QueryEscape(returnTo), p.Header.Get("Location"))
		require.Equal(t, returnTo, b.goesOnTo(b.follow(p), map[string]string{"web": "Web <shop>", "native": "native"}[client]))
	}
	b := s.browser()
	b.signIn(ada)
	p := b.get(s.ui.SignOutURL("web", "https://app.example/bye", "x"))
	require.Contains(t, p.Header.Get("Content-Security-Policy"), "form-action 'self';")
}

// The page leads on to applications of the pool and nowhere else.
func TestH3_ContinueOnlyToApplications(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, returnTo := range []string{
		"/x", authorize("web", "https://evil.example/"), authorize("web", "https://app.example/callback/"), authorize("nobody", "https://app.example/callback"),
		authorize("web", ""), authorize("", "https://app.example/callback"), authorize("web", "https://app.example/bye"),
		"//evil.example/" + authorize("web", "https://app.example/callback"), "https://evil.example" + authorize("web", "https://app.example/callback"),
	} {
		p := b.get("/auth/continue?return_to=" + url.QueryEscape(returnTo))
		require.Equal(t, http.StatusSeeOther, p.Status, returnTo)
		require.True(t, strings.HasPrefix(p.Header.Get("Location"), s.origin+"/"), returnTo)
		require.Empty(t, p.Header.Get("Refresh"), returnTo)
	}
}

// Who has to open a page again after an error still gets to where he was going.
func TestErrorPagesKeepWhereThePersonWasGoing(t *testing.T) {
	s, _ := federatedSite(t)
	s.register(ada)
	returnTo := authorize("web", "https://app.example/callback")
	want := "/auth/login?return_to=" + url.QueryEscape(returnTo)
	back := func(p *page) string {
		t.Helper()
		require.GreaterOrEqual(t, p.Status, 400)
		require.Len(t, p.all("a"), 1)
		return attr(p.all("a")[0], "href")
	}

	tab := s.browser()
	login := tab.get(want)
	tab.signIn(ada) // in another tab
	p := tab.submit(login, map[string]string{"username": ada, "password": password})
	require.Equal(t, "This form has gone stale", p.text("h1"))
	require.Equal(t, want, back(p))

	_, fields := login.form()
	r := tab.formRequest("/auth/login", fields)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	require.Equal(t, want, back(tab.do(r)))

	require.Equal(t, want, back(tab.get("/auth/federation/unknown?return_to="+url.QueryEscape(returnTo))))
	require.Equal(t, "/auth/login", back(tab.get("/auth/federation/unknown?return_to="+url.QueryEscape("//evil.example"))))
}

// Two versions of the program may run beside each other: a browser keeps a stylesheet only under its own address.
func TestStylesheetIsKeptOnlyUnderItsOwnAddress(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	address := attr(b.get("/auth/login").all("link")[0], "href")
	require.Equal(t, "public, max-age=31536000, immutable", b.get(address).Header.Get("Cache-Control"))
	for _, other := range []string{"/auth/style.css", "/auth/style.css?v=0123456789ab", address + "0"} {
		p := b.get(other)
		require.Equal(t, http.StatusOK, p.Status)
		require.Equal(t, "no-store", p.Header.Get("Cache-Control"), other)
	}
}
