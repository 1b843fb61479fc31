package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/oauth"
)

// elsewhere is an identity provider at which nobody arrives.
type elsewhere struct{}

func (elsewhere) Begin(context.Context, string, string) (http.Handler, []byte, error) {
	return nil, nil, errors.New("not in this test")
}

func (elsewhere) Finish(*http.Request, []byte) (string, map[string][]string, error) {
	return "", nil, errors.New("not in this test")
}

// providerLogin is a login that knows the ways to the providers.
type providerLogin struct {
	login
	pool *userpool.Pool
	next http.Handler
}

func (l *providerLogin) ProviderURL(provider, returnTo string) string {
	return "/federation/" + provider + "?return_to=" + url.QueryEscape(returnTo)
}

func (l *providerLogin) SignOutAtProvider(_ http.ResponseWriter, r *http.Request, session, _, _, _ string) (http.Handler, error) {
	return l.next, l.pool.EndBrowserSession(r.Context(), session)
}

func providerEnv(t *testing.T) (*env, *providerLogin) {
	t.Helper()
	e := newEnv(t, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Corp", IdentityProvider: elsewhere{}, Identifiers: []string{"example.com"}}}
	})
	l := &providerLogin{pool: e.pool.Pool}
	var err error
	e.handler, err = oauth.New(oauth.Config{Pool: e.pool.Pool, Login: l, Now: e.clock.Now})
	require.NoError(t, err)
	return e, l
}

// An application leads its users to the provider that it wants, without the sign-in page.
func TestIdentityProvider(t *testing.T) {
	e, _ := providerEnv(t)
	for name, c := range map[string]struct {
		pairs []string
		path  string
	}{
		"by name":           {[]string{"identity_provider", "Corp"}, "/federation/Corp"},
		"by identifier":     {[]string{"idp_identifier", "Example.COM"}, "/federation/Corp"},
		"the pool":          {[]string{"identity_provider", "COGNITO"}, "/login"},
		"none":              {nil, "/login"},
		"with a login hint": {[]string{"identity_provider", "Corp", "login_hint", "ada@example.com", "prompt", "login"}, "/federation/Corp"},
	} {
		t.Run(name, func(t *testing.T) {
			res := e.get(authorizeURL(c.pairs...), "")
			require.Equal(t, http.StatusSeeOther, res.StatusCode)
			to, err := url.Parse(res.Header.Get("Location"))
			require.NoError(t, err)
			require.Equal(t, c.path, to.Path)
			back, err := url.Parse(to.Query().Get("return_to"))
			require.NoError(t, err)
			require.Equal(t, "/oauth2/authorize", back.Path)
			for i := 0; i < len(c.pairs); i += 2 {
				require.Equal(t, c.pairs[i+1], back.Query().Get(c.pairs[i]), "the request comes back as it was")
			}
		})
	}
	for name, pairs := range map[string][]string{
		"unknown": {"identity_provider", "Other"}, "another case": {"identity_provider", "corp"}, "unknown identifier": {"idp_identifier", "Corp"},
		"both": {"identity_provider", "Corp", "idp_identifier", "example.com"},
	} {
		q := e.response(e.get(authorizeURL(pairs...), ""), callback)
		require.Equal(t, "invalid_request", q.Get("error"), name)
	}

	plain := newEnv(t, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Corp", IdentityProvider: elsewhere{}}}
	})
	plain.returnTo(plain.get(authorizeURL("identity_provider", "Corp"), "")) // a Login without the way leads to the sign-in page
}

// Signing out goes through the provider that the person came from, if there is something to do.
func TestO29_LogoutAtProvider(t *testing.T) {
	e, l := providerEnv(t)
	for name, next := range map[string]http.Handler{"nothing to do": nil, "elsewhere": http.RedirectHandler("https://idp.example/logout", http.StatusSeeOther)} {
		l.next = next
		e.signUp(name[:1] + "@example.com")
		session := e.signIn(name[:1] + "@example.com")
		a := e.tokens(session)
		res := e.get(logoutURL("id_token_hint", a.IDToken, "post_logout_redirect_uri", goodbye), session)
		want := goodbye
		if next != nil {
			want = "https://idp.example/logout"
		}
		require.Equal(t, want, res.Header.Get("Location"), name)
		require.Contains(t, res.Header.Get("Set-Cookie"), "Max-Age=0")
		e.signedOut(session)
	}
}

// A provider that the client does not allow is refused, and so is the pool; a session from there is asked to sign in again.
func TestIdentityProvider_OfClient(t *testing.T) {
	allowed := func(names ...string) (*env, string) {
		e := newEnv(t, func(c *userpool.Config) {
			c.Providers = []userpool.Provider{
				{Name: "Corp", IdentityProvider: elsewhere{}, Identifiers: []string{"example.com"}}, {Name: "Other", IdentityProvider: elsewhere{}},
			}
			c.Settings.Clients[0].IdentityProviders = names
		})
		return e, e.ada()
	}
	refused := func(e *env, session string, pairs ...string) {
		t.Helper()
		require.Equal(t, "invalid_request", e.response(e.get(authorizeURL(pairs...), session), callback).Get("error"), pairs)
	}
	e, session := allowed("Other")
	refused(e, "", "identity_provider", "Corp")
	refused(e, "", "idp_identifier", "example.com")
	refused(e, "", "identity_provider", "COGNITO")
	refused(e, session, "identity_provider", "COGNITO")
	e.returnTo(e.get(authorizeURL("identity_provider", "Other"), ""))
	e.returnTo(e.get(authorizeURL(), session)) // signed in at the pool, which will not do
	require.Equal(t, "login_required", e.response(e.get(authorizeURL("prompt", "none"), session), callback).Get("error"))

	e, session = allowed("COGNITO")
	refused(e, "", "identity_provider", "Corp")
	require.NotEmpty(t, e.response(e.get(authorizeURL("identity_provider", "COGNITO"), session), callback).Get("code"))
}
