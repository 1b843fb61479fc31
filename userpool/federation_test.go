package userpool_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// fakeProvider says of everybody what the test tells it to.
type fakeProvider struct {
	subject    string
	attributes map[string][]string
	beginErr   error
	finishErr  error
	panics     bool
	noHandler  bool
	mu         sync.Mutex
	state      string // of the last Begin
	pending    []byte // of the last Finish
}

func (f *fakeProvider) Begin(_ context.Context, callbackURL, state string) (http.Handler, []byte, error) {
	if f.panics {
		panic("in the provider")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = state
	if f.noHandler {
		return nil, nil, nil
	}
	return http.RedirectHandler("https://idp.example/authorize?redirect_uri="+callbackURL, http.StatusSeeOther), []byte("verifier and nonce"), f.beginErr
}

func (f *fakeProvider) Finish(_ *http.Request, pending []byte) (string, map[string][]string, error) {
	if f.panics {
		panic("in the provider")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = pending
	return f.subject, f.attributes, f.finishErr
}

const browserSecret = "a secret of this browser, 256 bits"

func federated(t testing.TB, change func(*userpool.Config)) (*kit, *fakeProvider) {
	t.Helper()
	f := &fakeProvider{subject: "subject-1", attributes: map[string][]string{
		"email": {"ada@example.com"}, "email_verified": {"true"}, "name": {"Ada"}, "groups": {"admins"}, "sub": {"x"},
	}}
	k := newKit(t, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{
			{Name: "Example", Label: "Example ID", IdentityProvider: f},
			{Name: "Other", IdentityProvider: f},
		}
		if change != nil {
			change(c)
		}
	})
	return k, f
}

func (k *kit) begin(t testing.TB, provider string) http.Handler {
	t.Helper()
	next, err := k.BeginFederatedSignIn(context.Background(), userpool.BeginFederatedSignInInput{
		Provider: provider, CallbackURL: "https://id.example.com/cb", Browser: browserSecret, ReturnTo: "/back",
	})
	require.NoError(t, err)
	return next
}

func (k *kit) finish(provider, state, browser string) (*userpool.AuthOutcome, string, error) {
	r := httptest.NewRequest(http.MethodGet, "https://id.example.com/cb?code=x", nil)
	return k.FinishFederatedSignIn(context.Background(), r, userpool.FinishFederatedSignInInput{Provider: provider, State: state, Browser: browser})
}

func (k *kit) federatedUser(t testing.TB, f *fakeProvider) userpool.User {
	t.Helper()
	k.begin(t, "Example")
	out, _, err := k.finish("Example", f.state, browserSecret)
	require.NoError(t, err)
	s, err := k.BrowserSession(context.Background(), out.BrowserSession)
	require.NoError(t, err)
	require.Equal(t, "Example", s.Provider)
	return s.User
}

func TestFederation(t *testing.T) {
	k, f := federated(t, nil)
	require.Equal(t, []userpool.ProviderInfo{
		{Name: "Example", Label: "Example ID", Type: "OIDC"}, {Name: "Other", Label: "Other", Type: "OIDC"},
	}, k.Providers())
	next := k.begin(t, "Example")
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusSeeOther, w.Code)
	out, returnTo, err := k.finish("Example", f.state, browserSecret)
	require.NoError(t, err)
	require.Equal(t, "/back", returnTo)
	require.Equal(t, "verifier and nonce", string(f.pending))
	s, err := k.BrowserSession(t.Context(), out.BrowserSession)
	require.NoError(t, err)
	require.Equal(t, "Example_subject-1", s.User.Username)
	require.Equal(t, userpool.StatusExternalProvider, s.User.Status)
	require.Equal(t, map[string]string{"email": "ada@example.com", "email_verified": "true", "name": "Ada"}, s.User.Attributes,
		"what is no attribute of the pool is left out")

	tokens := k.redeem(t, "webapp", "", out.BrowserSession, nil)
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	require.Equal(t, "subject-1", id["identities"].([]any)[0].(map[string]any)["userId"])
	require.Equal(t, "Example", id["identities"].([]any)[0].(map[string]any)["providerName"])

	f.attributes = map[string][]string{"email": {"new@example.com"}, "name": {"Ada Lovelace"}}
	again := k.federatedUser(t, f)
	require.Equal(t, s.User.Sub, again.Sub, "the same person")
	require.Equal(t, map[string]string{"email": "new@example.com", "email_verified": "false", "name": "Ada Lovelace"}, again.Attributes)
}

func TestFederation_AttributeMapping(t *testing.T) {
	k, f := federated(t, func(c *userpool.Config) {
		c.Providers[0].AttributeMapping = map[string]string{"name": "displayName", "nickname": "missing"}
	})
	f.attributes = map[string][]string{"displayName": {"Ada", "second"}, "email": {"ada@example.com"}}
	require.Equal(t, map[string]string{"name": "Ada"}, k.federatedUser(t, f).Attributes)
	c := k.config
	c.Providers[0].AttributeMapping = map[string]string{"cognito:groups": "groups"}
	_, err := userpool.New(c)
	require.ErrorContains(t, err, "cognito:groups")
}

// Who a person is, is the provider with the subject there, exactly; an e-mail address decides nothing.
func TestR5_R6_R8_Identity(t *testing.T) {
	k, f := federated(t, nil)
	native := k.user("ada@example.com")
	first := k.federatedUser(t, f)
	require.NotEqual(t, native, first.Sub, "a verified address does not join a user of the pool")
	for _, subject := range []string{"Subject-1", "subject-1 ", " subject-1", "subject-1\u200b", "1 subject-1"} {
		f.subject = subject
		require.NotEqual(t, first.Sub, k.federatedUser(t, f).Sub, "%q", subject)
	}
	f.subject = "subject-1"
	k.begin(t, "Other")
	out, _, err := k.finish("Other", f.state, browserSecret)
	require.NoError(t, err)
	s, err := k.BrowserSession(t.Context(), out.BrowserSession)
	require.NoError(t, err)
	require.NotEqual(t, first.Sub, s.User.Sub, "the same subject at another provider")

	u, err := k.AdminGetUser(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, native, u.Sub, "the address still finds the user of the pool")
	_, err = k.signIn("ada@example.com", password)
	require.NoError(t, err)
}

// The names of two providers cannot give two people one user name: A_B with subject x, and A with subject B_x.
func TestR5_ProviderNames(t *testing.T) {
	for second, ok := range map[string]bool{"Other": true, "Example2": true, "Example-2": true, "Example_2": false, "Example_": false, "Example": false} {
		c := newKit(t, nil).config
		c.Providers = []userpool.Provider{{Name: second, IdentityProvider: &fakeProvider{}}, {Name: "Example", IdentityProvider: &fakeProvider{}}}
		_, err := userpool.New(c)
		require.Equal(t, ok, err == nil, "%s: %v", second, err)
	}
}

// Only the exact text true verifies, and only an address that is there.
func TestR6_EmailVerified(t *testing.T) {
	for value, want := range map[string]string{"true": "true", "TRUE": "false", "1": "false", "yes": "false", "": "false", "false": "false"} {
		k, f := federated(t, nil)
		f.attributes = map[string][]string{"email": {"ada@example.com"}, "email_verified": {value}}
		require.Equal(t, want, k.federatedUser(t, f).Attributes["email_verified"], "%q", value)
	}
	k, f := federated(t, nil)
	f.attributes = map[string][]string{"email": {"victim@x@evil.example"}, "email_verified": {"true"}}
	require.Empty(t, k.federatedUser(t, f).Attributes)
}

// What was begun in one browser, for one provider, is finished there, once, within ten minutes.
func TestR10_State(t *testing.T) {
	k, f := federated(t, nil)
	for name, finish := range map[string]func(state string) error{
		"no state":         func(string) error { _, _, err := k.finish("Example", "", browserSecret); return err },
		"another state":    func(s string) error { _, _, err := k.finish("Example", s+"x", browserSecret); return err },
		"another browser":  func(s string) error { _, _, err := k.finish("Example", s, "another browser's secret"); return err },
		"no browser":       func(s string) error { _, _, err := k.finish("Example", s, ""); return err },
		"another provider": func(s string) error { _, _, err := k.finish("Other", s, browserSecret); return err },
		"unknown provider": func(s string) error { _, _, err := k.finish("Nobody", s, browserSecret); return err },
		"twice": func(s string) error {
			_, _, err := k.finish("Example", s, browserSecret)
			require.NoError(t, err)
			_, _, err = k.finish("Example", s, browserSecret)
			return err
		},
		"late": func(s string) error {
			k.clock.Advance(10 * time.Minute)
			_, _, err := k.finish("Example", s, browserSecret)
			return err
		},
	} {
		k.begin(t, "Example")
		require.ErrorIs(t, finish(f.state), userpool.InvalidIdentityProvider, name)
	}
}

func TestR10_ParallelFinish(t *testing.T) {
	k, f := federated(t, nil)
	k.begin(t, "Example")
	state := f.state
	require.Equal(t, 1, parallel(50, func(int) error {
		_, _, err := k.finish("Example", state, browserSecret)
		return err
	}))
}

// Fifty first sign-ins of one person at once make one user.
func TestFederation_ParallelFirstSignIn(t *testing.T) {
	k, f := federated(t, nil)
	var states []string
	for range 50 {
		k.begin(t, "Example")
		states = append(states, f.state)
	}
	subs := make([]string, len(states))
	require.Equal(t, len(states), parallel(len(states), func(i int) error {
		out, _, err := k.finish("Example", states[i], browserSecret)
		if err != nil {
			return err
		}
		s, err := k.BrowserSession(context.Background(), out.BrowserSession)
		if err == nil {
			subs[i] = s.User.Sub
		}
		return err
	}))
	for _, sub := range subs {
		require.Equal(t, subs[0], sub)
	}
}

// A subject that is none makes no user.
func TestR21_Subject(t *testing.T) {
	k, f := federated(t, nil)
	for _, subject := range []string{"", "a\x00b", "a\nb", "\xff", strings.Repeat("x", 513)} {
		f.subject = subject
		k.begin(t, "Example")
		_, _, err := k.finish("Example", f.state, browserSecret)
		require.ErrorIs(t, err, userpool.InvalidIdentityProvider, "%.20q", subject)
	}
}

func TestFederation_Failures(t *testing.T) {
	k, f := federated(t, nil)
	_, err := k.BeginFederatedSignIn(t.Context(), userpool.BeginFederatedSignInInput{Provider: "Nobody", Browser: browserSecret})
	require.ErrorIs(t, err, userpool.ResourceNotFound)
	_, err = k.BeginFederatedSignIn(t.Context(), userpool.BeginFederatedSignInInput{Provider: "Example"})
	require.ErrorIs(t, err, userpool.InvalidParameter)
	f.beginErr = errors.New("discovery failed")
	_, err = k.BeginFederatedSignIn(t.Context(), userpool.BeginFederatedSignInInput{Provider: "Example", Browser: browserSecret})
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
	require.NotContains(t, err.(*userpool.Error).Message, "discovery")
	require.Contains(t, k.log.String(), "discovery failed")
	f.beginErr, f.noHandler = nil, true
	_, err = k.BeginFederatedSignIn(t.Context(), userpool.BeginFederatedSignInInput{Provider: "Example", Browser: browserSecret})
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
	f.noHandler, f.finishErr = false, errors.New("nonce differs")
	k.begin(t, "Example")
	_, _, err = k.finish("Example", f.state, browserSecret)
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
	f.finishErr = nil
	k.begin(t, "Example")
	f.panics = true
	_, _, err = k.finish("Example", f.state, browserSecret)
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
	_, err = k.BeginFederatedSignIn(t.Context(), userpool.BeginFederatedSignInInput{Provider: "Example", Browser: browserSecret})
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
}

// Where users may not make themselves, another provider does not make them either; and a disabled user stays out.
func TestU26_U30_Federation(t *testing.T) {
	k, f := federated(t, nil)
	u := k.federatedUser(t, f)
	require.NoError(t, k.AdminDisableUser(t.Context(), u.Sub))
	k.begin(t, "Example")
	_, _, err := k.finish("Example", f.state, browserSecret)
	require.ErrorIs(t, err, userpool.NotAuthorized)

	closed := k.again(func(c *userpool.Config) { c.Settings.AllowAdminCreateUserOnly = true })
	f.subject = "subject-2"
	closed.begin(t, "Example")
	_, _, err = closed.finish("Example", f.state, browserSecret)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = closed.SignUp(t.Context(), signUp("a@example.com"))
	require.ErrorIs(t, err, userpool.NotAuthorized)

	directory := closed.again(func(c *userpool.Config) { c.Providers[0].JustInTime = true })
	directory.begin(t, "Other")
	_, _, err = directory.finish("Other", f.state, browserSecret)
	require.ErrorIs(t, err, userpool.NotAuthorized, "not every provider")
	directory.begin(t, "Example")
	_, _, err = directory.finish("Example", f.state, browserSecret)
	require.NoError(t, err)
	_, err = directory.SignUp(t.Context(), signUp("a@example.com"))
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// A user from elsewhere has no password here, and cannot be given one by recovery.
func TestU1_FederatedOnly(t *testing.T) {
	k, f := federated(t, nil)
	k.federatedUser(t, f)
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.Zero(t, k.mails())
}

func TestProvider_Refused(t *testing.T) {
	good := newLinkKit(t, nil, nil).config
	for want, change := range map[string]func(*userpool.Config){
		"stands for the pool itself": func(c *userpool.Config) { c.Providers[0].Name = "COGNITO" },
		`the Type "Facebok"`:         func(c *userpool.Config) { c.Providers[0].Type = "Facebok" },
		`LinkBy is "email"`:          func(c *userpool.Config) { c.Providers[0].LinkBy = "email" },
		"needs AuthoritativeDomains": func(c *userpool.Config) { c.Providers[0].LinkBy = userpool.LinkVerifiedEmail },
		`has "*.example.com"`:        func(c *userpool.Config) { c.Providers[0].AuthoritativeDomains = []string{"*.example.com"} },
		`has "a@example.com"`:        func(c *userpool.Config) { c.Providers[0].AuthoritativeDomains = []string{"a@example.com"} },
		"with which nobody can sign in": func(c *userpool.Config) {
			c.Settings.UsernameAttributes = []string{"username"}
			c.Providers[0].LinkBy, c.Providers[0].AuthoritativeDomains = userpool.LinkVerifiedEmail, []string{"example.com"}
		},
		"AttributeMapping to email and": func(c *userpool.Config) {
			c.Providers[0].AttributeMapping = map[string]string{"email": "mail"}
			c.Providers[0].LinkBy, c.Providers[0].AuthoritativeDomains = userpool.LinkVerifiedEmail, []string{"example.com"}
		},
		`does not map to "phone_number"`: func(c *userpool.Config) {
			c.Settings.RequiredAttributes = []string{"phone_number"}
			c.Providers[0].AttributeMapping = map[string]string{"email": "mail"}
		},
	} {
		c := good
		c.Providers = append([]userpool.Provider(nil), good.Providers...)
		change(&c)
		_, err := userpool.New(c)
		require.ErrorContains(t, err, want)
	}
}
