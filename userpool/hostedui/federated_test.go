package hostedui_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// fakeProvider sends the browser to idp.example, and believes what comes back with the code that it expects.
type fakeProvider struct {
	panicNext bool
	begun     int
}

func (f *fakeProvider) Begin(_ context.Context, callbackURL, state string) (http.Handler, []byte, error) {
	f.begun++
	if f.panicNext {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("on purpose") }), nil, nil
	}
	q := url.Values{"redirect_uri": {callbackURL}, "state": {state}}
	return http.RedirectHandler("https://idp.example/authorize?"+q.Encode(), http.StatusFound), []byte("nonce"), nil
}

func (f *fakeProvider) Finish(r *http.Request, pending []byte) (string, map[string][]string, error) {
	if string(pending) != "nonce" || r.FormValue("code") != "good" {
		return "", nil, errors.New("refused")
	}
	return "subject-1", map[string][]string{"email": {"grace@example.com"}, "email_verified": {"true"}, "name": {"Grace Hopper"}}, nil
}

func federatedSite(t *testing.T) (*site, *fakeProvider) {
	f := &fakeProvider{}
	s := newSite(t, func(pc *userpool.Config, _ *hostedui.Config) {
		pc.Providers = []userpool.Provider{{Name: "AzureAD", Label: "Microsoft", IdentityProvider: f}, {Name: "Other", IdentityProvider: &fakeProvider{}}}
	})
	return s, f
}

// begin clicks the button of a provider and returns the callback address with the state.
func (b *browser) begin(returnTo string) *url.URL {
	b.s.t.Helper()
	p := b.get("/auth/login?return_to=" + url.QueryEscape(returnTo))
	var link string
	for _, a := range p.all("a") {
		if text(a) == "Continue with Microsoft" {
			link = attr(a, "href")
		}
	}
	require.NotEmpty(b.s.t, link)
	p = b.get(link)
	require.Equal(b.s.t, http.StatusFound, p.Status)
	require.Empty(b.s.t, p.Header.Get("Content-Security-Policy"), "what follows is the provider's")
	require.Equal(b.s.t, "no-referrer", p.Header.Get("Referrer-Policy"))
	to := mustURL(b.s.t, p.Header.Get("Location"))
	require.Equal(b.s.t, "idp.example", to.Host)
	callback := mustURL(b.s.t, to.Query().Get("redirect_uri"))
	require.Equal(b.s.t, b.s.ui.CallbackURL("AzureAD"), callback.String())
	callback.RawQuery = url.Values{"state": {to.Query().Get("state")}, "code": {"good"}}.Encode()
	return callback
}

func TestFederatedSignIn(t *testing.T) {
	s, _ := federatedSite(t)
	b := s.browser()
	callback := b.begin("/reports?x=1")
	p := b.get(callback.String())
	require.Equal(t, http.StatusSeeOther, p.Status, p.text("main"))
	require.Equal(t, s.origin+"/reports?x=1", p.Header.Get("Location"))
	main := b.get("/auth/account").text("main")
	for _, want := range []string{"Grace Hopper", "grace@example.com", "Signed in with Microsoft"} {
		require.Contains(t, main, want)
	}
	p = b.get(callback.String())
	require.Equal(t, http.StatusUnprocessableEntity, p.Status, "an answer counts once")
	require.Equal(t, http.StatusOK, b.get("/auth/account").Status)
}

func TestFederatedSignInByPost(t *testing.T) {
	s, _ := federatedSite(t)
	b := s.browser()
	callback := b.begin("")
	body := url.Values{"RelayState": {callback.Query().Get("state")}, "code": {"good"}}
	callback.RawQuery = ""
	r := b.formRequest(callback.String(), body)
	r.Header.Set("Origin", "https://idp.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	// Of our cookies, a browser sends just the one with SameSite=None.
	fed := b.cookie("federation")
	require.NotNil(t, fed)
	b.client.Jar = nil
	r.AddCookie(fed)
	p := b.do(r)
	require.Equal(t, http.StatusSeeOther, p.Status, p.text("main"))
	require.Equal(t, s.base+"/account", p.Header.Get("Location"))
	resp := http.Response{Header: p.Header}
	var session bool
	for _, c := range resp.Cookies() {
		session = session || strings.Contains(c.Name, "-session-") && c.MaxAge > 0
	}
	require.True(t, session)
}

func TestO25_FederatedSignInEndsTheOldSession(t *testing.T) {
	s, _ := federatedSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	old := b.cookie("session").Value
	b.get(b.begin("").String())
	require.NotEqual(t, old, b.cookie("session").Value)
	_, err := s.pool.BrowserSession(t.Context(), old)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

func TestH1_FederationCookie(t *testing.T) {
	s, _ := federatedSite(t)
	b := s.browser()
	p := b.get("/auth/federation/AzureAD")
	resp := http.Response{Header: p.Header}
	require.Len(t, resp.Cookies(), 1)
	c := resp.Cookies()[0]
	require.True(t, strings.HasPrefix(c.Name, "__Host-stepwell-federation-"))
	require.True(t, c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "")
	require.Equal(t, http.SameSiteNoneMode, c.SameSite, "a POST from a provider must bring it")
	require.Equal(t, 3600, c.MaxAge)
	b.get("/auth/federation/Other")
	require.Equal(t, c.Value, b.cookie("federation").Value, "two tabs may be under way")
}

func TestFederatedSignInRefused(t *testing.T) {
	s, f := federatedSite(t)
	for name, change := range map[string]func(b *browser, u *url.URL) *http.Request{
		"another browser": func(b *browser, u *url.URL) *http.Request {
			other := s.browser()
			other.begin("")
			b.client.Jar = other.client.Jar
			return b.request(http.MethodGet, u.String(), nil)
		},
		"no cookie": func(b *browser, u *url.URL) *http.Request {
			b.client.Jar = s.browser().client.Jar
			return b.request(http.MethodGet, u.String(), nil)
		},
		"two cookies": func(b *browser, u *url.URL) *http.Request {
			r := b.request(http.MethodGet, u.String(), nil)
			r.AddCookie(&http.Cookie{Name: b.cookie("federation").Name, Value: strings.Repeat("A", 43)})
			return r
		},
		"another provider": func(b *browser, u *url.URL) *http.Request {
			return b.request(http.MethodGet, strings.Replace(u.String(), "AzureAD", "Other", 1), nil)
		},
		"unknown state": func(b *browser, u *url.URL) *http.Request {
			return b.request(http.MethodGet, s.ui.CallbackURL("AzureAD")+"?code=good&state=x", nil)
		},
		"no state": func(b *browser, u *url.URL) *http.Request {
			return b.request(http.MethodGet, s.ui.CallbackURL("AzureAD")+"?code=good", nil)
		},
		"state twice": func(b *browser, u *url.URL) *http.Request {
			return b.request(http.MethodGet, u.String()+"&state=x", nil)
		},
		"wrong code": func(b *browser, u *url.URL) *http.Request {
			return b.request(http.MethodGet, strings.Replace(u.String(), "good", "<script>bad", 1), nil)
		},
		"damaged query": func(b *browser, u *url.URL) *http.Request {
			return b.request(http.MethodGet, u.String()+"&%zz", nil)
		},
		"huge body": func(b *browser, u *url.URL) *http.Request {
			return b.formRequest(u.String(), url.Values{"SAMLResponse": {strings.Repeat("A", 513<<10)}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			p := b.do(change(b, b.begin("")))
			require.Equal(t, http.StatusUnprocessableEntity, p.Status)
			require.Equal(t, "You are not signed in", p.text("h1"))
			require.Nil(t, b.cookie("session"))
			require.Empty(t, p.all("script"))
		})
	}
	begun := f.begun
	b := s.browser()
	require.Equal(t, http.StatusNotFound, b.get("/auth/federation/unknown").Status)
	require.Equal(t, http.StatusMethodNotAllowed, b.do(b.request(http.MethodHead, "/auth/federation/AzureAD", nil)).Status)
	require.Equal(t, begun, f.begun, "a HEAD begins nothing")
}

func TestH3_FederatedReturnTo(t *testing.T) {
	s, _ := federatedSite(t)
	for _, evil := range []string{"//evil.example", "https://evil.example", `/\evil.example`} {
		b := s.browser()
		p := b.get("/auth/federation/AzureAD?return_to=" + url.QueryEscape(evil))
		state := mustURL(t, p.Header.Get("Location")).Query().Get("state")
		p = b.get(s.ui.CallbackURL("AzureAD") + "?code=good&state=" + state)
		require.Equal(t, s.base+"/account", p.Header.Get("Location"))
	}
}
