package hostedui_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
)

// providersSite has two providers, and an application that allows some of them.
func providersSite(t *testing.T, allowed ...string) (s *site, fromApp string) {
	t.Helper()
	s = newSite(t, func(pc *userpool.Config, _ *hostedui.Config) {
		pc.Providers = []userpool.Provider{
			{Name: "AzureAD", Label: "Microsoft", IdentityProvider: &fakeProvider{}, Identifiers: []string{"corp.example"}},
			{Name: "Other", IdentityProvider: &fakeProvider{}, Identifiers: []string{"other.example"}},
		}
		pc.Settings.Clients[0].IdentityProviders = allowed
	})
	return s, "?return_to=" + url.QueryEscape(authorize("web", "https://app.example/callback"))
}

// providers are those that a page offers.
func (p *page) providers() (out []string) {
	for _, a := range p.all("a") {
		if attr(a, "class") == "button plain" {
			out = append(out, text(a))
		}
	}
	return out
}

// The sign-in page offers what the application allows, and all where no application is involved.
func TestClientProviders_SignInPage(t *testing.T) {
	const microsoft, other = "Continue with Microsoft", "Continue with Other"
	for name, test := range map[string]struct {
		allowed  []string
		buttons  []string
		password bool
	}{
		"all":                 {nil, []string{microsoft, other}, true},
		"the pool":            {[]string{"COGNITO"}, nil, true},
		"pool and a provider": {[]string{"Other", "COGNITO"}, []string{other}, true},
		"a provider":          {[]string{"AzureAD"}, []string{microsoft}, false},
		"two providers":       {[]string{"AzureAD", "Other"}, []string{microsoft, other}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, fromApp := providersSite(t, test.allowed...)
			b := s.browser()
			p := b.get("/auth/login" + fromApp)
			require.Equal(t, http.StatusOK, p.Status)
			require.Equal(t, test.buttons, p.providers())
			require.Equal(t, test.password, p.byID("password") != nil)
			main := p.text("main")
			for _, words := range []string{"Forgotten password?", "Create an account"} {
				if test.password {
					require.Contains(t, main, words)
				} else {
					require.NotContains(t, main, words)
				}
			}
			if test.buttons == nil {
				require.NotContains(t, main, "organization")
			}
			if !test.password {
				require.Empty(t, p.all("form"))
				require.NotContains(t, p.Body, `class="or"`)
			}
			p = b.get("/auth/login")
			require.Len(t, p.providers(), 2, "no application, no limit")
			require.NotNil(t, p.byID("password"))
		})
	}
}

// The pages of what the application does not allow lead to the buttons.
func TestClientProviders_OtherPages(t *testing.T) {
	s, fromApp := providersSite(t, "AzureAD")
	s.register(ada)
	b := s.browser()
	back := s.base + "/login" + fromApp
	for _, path := range []string{"/auth/signup", "/auth/forgotPassword", "/auth/federation/Other"} {
		p := b.get(path + fromApp)
		require.Equal(t, http.StatusSeeOther, p.Status, path)
		require.Equal(t, back, p.Header.Get("Location"), path)
	}
	before := len(s.sent())
	returnTo, _ := url.ParseQuery(fromApp[1:])
	for path, fields := range map[string]map[string]string{
		"/auth/login":          {"username": ada, "password": password},
		"/auth/forgotPassword": {"username": ada},
		"/auth/signup":         {"username": "eve@example.com", "password": password, "repeat": password},
	} {
		page := b.get(path)
		_, form := page.form()
		form.Set("return_to", returnTo.Get("return_to"))
		for name, value := range fields {
			form.Set(name, value)
		}
		p := b.post(path, form)
		require.Equal(t, http.StatusSeeOther, p.Status, path)
		require.Equal(t, back, p.Header.Get("Location"), path)
	}
	require.Nil(t, b.cookie("session"))
	require.Len(t, s.sent(), before)

	p := b.get("/auth/federation/AzureAD" + fromApp)
	require.Equal(t, "idp.example", mustURL(t, p.Header.Get("Location")).Host)
	p = b.submit(b.get("/auth/organization"+fromApp), map[string]string{"username": "ada@other.example"})
	require.Contains(t, p.text("main"), "No organization is known for this address")
	p = b.submit(b.get("/auth/organization"+fromApp), map[string]string{"username": "ada@corp.example"})
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.Header.Get("Refresh"), "/auth/federation/AzureAD")
}

// Who is signed in where the application does not allow is not led on in a circle.
func TestClientProviders_SignedInElsewhere(t *testing.T) {
	s, fromApp := providersSite(t, "AzureAD")
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	main := b.get("/auth/login" + fromApp).text("main")
	require.Contains(t, main, "You are signed in as "+ada)
	require.Contains(t, main, "Sign in again to go on to")
	require.NotContains(t, main, "Continue to")
	require.Contains(t, b.get("/auth/login").text("main"), "Continue")
}
