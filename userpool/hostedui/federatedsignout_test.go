package hostedui_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
)

// samlProvider is a fakeProvider that is told who is expected, knows sessions, and sends people who began there.
type samlProvider struct {
	fakeProvider
	hint string
	page bool // the way out is a page, not a redirect
	bad  bool // the answer to a sign-out is none
}

func (p *samlProvider) BeginHint(ctx context.Context, callbackURL, state, hint string) (http.Handler, []byte, error) {
	p.hint = hint
	return p.Begin(ctx, callbackURL, state)
}

func (p *samlProvider) FinishSession(r *http.Request, pending []byte) (string, map[string][]string, string, []byte, error) {
	subject, attributes, err := p.Finish(r, pending)
	return subject, attributes, "_index", []byte("NameID"), err
}

func (p *samlProvider) FinishUnsolicited(r *http.Request) (string, map[string][]string, string, error) {
	if r.FormValue("SAMLResponse") != "unasked" {
		return "", nil, "", errors.New("refused")
	}
	return "subject-1", map[string][]string{"email": {"grace@example.com"}}, "", nil
}

func (p *samlProvider) BeginLogout(_ context.Context, session []byte, returnURL, state string) (http.Handler, []byte, error) {
	to := "https://idp.example/logout?" + url.Values{"session": {string(session)}, "to": {returnURL}, "RelayState": {state}}.Encode()
	if p.page {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte("<main>a form of the provider</main>"))
		}), nil, nil
	}
	return http.RedirectHandler(to, http.StatusSeeOther), []byte("id"), nil
}

func (p *samlProvider) FinishLogout(*http.Request, []byte) error {
	if p.bad {
		return errors.New("partial logout")
	}
	return nil
}

func (p *samlProvider) ReceiveLogout(r *http.Request) (string, []string, func(bool) http.Handler, error) {
	if r.FormValue("SAMLRequest") != "out" {
		return "", nil, nil, errors.New("refused")
	}
	return "subject-1", nil, func(bool) http.Handler { return http.RedirectHandler("https://idp.example/done", http.StatusSeeOther) }, nil
}

func samlSite(t *testing.T, options ...option) (*site, *samlProvider) {
	p := &samlProvider{}
	s := newSite(t, append([]option{func(pc *userpool.Config, _ *hostedui.Config) {
		pc.Providers = []userpool.Provider{
			{Name: "AzureAD", Label: "Microsoft", IdentityProvider: p, Type: "SAML", SignOut: true, Identifiers: []string{"corp.example"}},
			{Name: "Other", IdentityProvider: &fakeProvider{}},
		}
	}}, options...)...)
	return s, p
}

func TestSAMLPaths(t *testing.T) {
	s, _ := samlSite(t)
	require.Equal(t, s.base+"/saml2/idpresponse", s.ui.CallbackURL("AzureAD"))
	require.Equal(t, s.base+"/saml2/logout", s.ui.SignOutCallbackURL("AzureAD"))
	require.Equal(t, s.base+"/federation/Other/response", s.ui.CallbackURL("Other"))
	require.Equal(t, s.base+"/federation/Other/logout", s.ui.SignOutCallbackURL("Other"))
	b := s.browser()
	require.Equal(t, http.StatusSeeOther, b.get(b.begin("").String()).Status)
	require.Contains(t, b.get("/auth/account").text("main"), "Grace Hopper")
	for _, path := range []string{"/auth/federation/AzureAD/", "/auth/federation/AzureAD/other"} {
		require.Equal(t, http.StatusNotFound, b.get(path).Status, path)
	}
}

// Who signs out here signs out at the provider, and comes back to where the application wants them.
func TestSignOut_AtProvider(t *testing.T) {
	s, p := samlSite(t)
	b := s.browser()
	out := func() *page {
		require.Equal(t, http.StatusSeeOther, b.get(b.begin("").String()).Status)
		q := url.Values{"client_id": {"web"}, "logout_uri": {"https://app.example/bye"}, "state": {"xyz"}}
		return b.submit(b.get("/auth/signout?"+q.Encode()), nil)
	}
	between := out()
	require.Equal(t, http.StatusOK, between.Status, between.text("main"))
	_, target, _ := strings.Cut(between.Header.Get("Refresh"), "url=")
	to := mustURL(t, target)
	require.Equal(t, "idp.example", to.Host)
	require.Equal(t, "NameID", to.Query().Get("session"))
	require.Equal(t, s.base+"/saml2/logout", to.Query().Get("to"))
	require.Nil(t, b.cookie("session"))
	back := b.follow(b.get(s.base + "/saml2/logout?RelayState=" + to.Query().Get("RelayState")))
	require.Equal(t, "0; url=https://app.example/bye?state=xyz", back.Header.Get("Refresh"))

	p.bad = true
	_, target, _ = strings.Cut(out().Header.Get("Refresh"), "url=")
	failed := b.get(s.base + "/saml2/logout?RelayState=" + mustURL(t, target).Query().Get("RelayState"))
	require.Equal(t, http.StatusBadGateway, failed.Status)
	require.Equal(t, "You are signed out here", failed.text("h1"))

	p.page = true
	shown := out()
	require.Equal(t, http.StatusAccepted, shown.Status)
	require.Equal(t, "a form of the provider", shown.text("main"))
	require.Empty(t, shown.Header.Get("Content-Security-Policy"))
}

// The provider signs somebody out, who is told nothing but what the provider answers.
func TestSignOut_ByProvider(t *testing.T) {
	s, _ := samlSite(t)
	b := s.browser()
	b.get(b.begin("").String())
	require.Equal(t, http.StatusOK, b.get("/auth/account").Status)
	require.Equal(t, http.StatusUnprocessableEntity, s.browser().get("/auth/saml2/logout?SAMLRequest=forged").Status)
	require.Equal(t, http.StatusUnprocessableEntity, s.browser().get("/auth/saml2/logout").Status)
	require.Equal(t, http.StatusUnprocessableEntity, s.browser().get("/auth/federation/Other/logout?SAMLRequest=out").Status)
	require.Equal(t, http.StatusOK, b.get("/auth/account").Status)
	refused := s.browser().do(s.browser().formRequest("/auth/federation/AzureAD/logout", url.Values{"logout_token": {"forged"}}))
	require.Equal(t, http.StatusBadRequest, refused.Status, "what a server is told that sends a logout token")
	require.Equal(t, "DENY", refused.Header.Get("X-Frame-Options"))
	p := s.browser().get("/auth/saml2/logout?SAMLRequest=out")
	require.Empty(t, p.Header.Get("X-Frame-Options"), "a provider shows the answer in a frame of its own page")
	require.Empty(t, p.Header.Get("Content-Security-Policy"))
	require.Equal(t, "https://idp.example/done", p.Header.Get("Location"))
	require.Equal(t, http.StatusSeeOther, b.get("/auth/account").Status, "signed out")
}

// S22: where a sign-in that began at the provider goes on to is a path of ours, or nowhere.
func TestS22_RelayState(t *testing.T) {
	s, _ := samlSite(t)
	for relay, want := range map[string]string{
		"/reports?x=1": s.origin + "/reports?x=1", "": s.base + "/account", "//evil.example": s.base + "/account", "javascript:alert(1)": s.base + "/account",
		"https://evil.example/": s.base + "/account", strings.Repeat("a", 100_000): s.base + "/account",
	} {
		b := s.browser()
		r := b.formRequest("/auth/saml2/idpresponse", url.Values{"SAMLResponse": {"unasked"}, "RelayState": {relay}})
		r.Header.Set("Origin", "https://idp.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		p := b.do(r)
		require.Equal(t, http.StatusSeeOther, p.Status, p.text("main"))
		require.Equal(t, want, p.Header.Get("Location"))
	}
}

// Whose organization signs in elsewhere is led there, by a page of its own or the sign-in page, and typed the address once.
func TestHomeRealm(t *testing.T) {
	s, p := samlSite(t)
	b := s.browser()
	first := b.get("/auth/login?return_to=%2Freports")
	require.Contains(t, first.text("main"), "Sign in with your organization")
	page := b.get("/auth/organization?return_to=%2Freports")
	wrong := b.submit(page, map[string]string{"username": "ada@example.com"})
	require.Contains(t, wrong.text("main"), "No organization is known for this address")
	for _, from := range []*struct {
		page   string
		fields map[string]string
	}{
		{"/auth/organization?return_to=%2Freports", map[string]string{"username": "Ada@Corp.example"}},
		{"/auth/login?return_to=%2Freports", map[string]string{"username": "Ada@Corp.example"}},
		{"/auth/login?return_to=%2Freports", map[string]string{"username": "Ada@Corp.example", "password": password}},
	} {
		p.hint = ""
		led := b.submit(b.get(from.page), from.fields)
		require.Equal(t, http.StatusOK, led.Status, led.text("main"))
		require.Contains(t, led.text("main"), "on your way to Microsoft")
		_, target, _ := strings.Cut(led.Header.Get("Refresh"), "url=")
		require.Equal(t, "/auth/federation/AzureAD?return_to=%2Freports", target)
		require.Equal(t, http.StatusFound, b.get(target).Status)
		require.Equal(t, "Ada@Corp.example", p.hint)
	}
	plain := newSite(t)
	require.Equal(t, http.StatusNotFound, plain.browser().get("/auth/organization").Status)
	require.NotContains(t, plain.browser().get("/auth/login").text("main"), "organization")
}

// On http no cookie comes with a form of another site: the browser sends the form again, from here.
func TestRepost(t *testing.T) {
	s, _ := samlSite(t, func(pc *userpool.Config, hc *hostedui.Config) {
		pc.Issuer, hc.BaseURL = strings.Replace(pc.Issuer, "https", "http", 1), strings.Replace(pc.Issuer, "https", "http", 1)+"/auth"
	})
	b := s.browser()
	p := b.get("/auth/federation/AzureAD?return_to=%2Freports")
	state := mustURL(t, p.Header.Get("Location")).Query().Get("state")
	jar := b.client.Jar
	b.client.Jar = nil
	p = b.post("/auth/saml2/idpresponse", url.Values{"code": {"good"}, "RelayState": {state}, "csrf": {"not ours"}})
	require.Equal(t, http.StatusOK, p.Status)
	action, fields := p.form()
	require.Equal(t, "/auth/saml2/idpresponse", mustURL(t, action).Path)
	require.Equal(t, url.Values{"code": {"good"}, "RelayState": {state}, "reposted": {"1"}}, fields)
	b.client.Jar = jar
	p = b.post(action, fields)
	require.Equal(t, http.StatusSeeOther, p.Status, p.text("main"))
	require.True(t, strings.HasSuffix(p.Header.Get("Location"), "/reports"))
	require.Equal(t, http.StatusUnprocessableEntity, s.browser().post(action, fields).Status, "once, and not without the cookie")
}
