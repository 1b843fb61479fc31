package userpool_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// sessionProvider is a fakeProvider that knows sessions. Its messages are the query: subject and sid of a request to sign out.
type sessionProvider struct {
	fakeProvider
	sid       string
	session   []byte
	logoutErr error
	ended     []byte // of the last BeginLogout
	answered  []bool
	hint      string
}

func (s *sessionProvider) FinishSession(r *http.Request, pending []byte) (string, map[string][]string, string, []byte, error) {
	subject, attributes, err := s.Finish(r, pending)
	return subject, attributes, s.sid, s.session, err
}

func (s *sessionProvider) BeginHint(ctx context.Context, callbackURL, state, hint string) (http.Handler, []byte, error) {
	s.hint = hint
	return s.Begin(ctx, callbackURL, state)
}

func (s *sessionProvider) BeginLogout(_ context.Context, session []byte, returnURL, state string) (http.Handler, []byte, error) {
	s.ended, s.state = session, state
	return http.RedirectHandler("https://idp.example/logout?to="+returnURL, http.StatusSeeOther), []byte("request ID"), s.logoutErr
}

func (s *sessionProvider) FinishLogout(_ *http.Request, pending []byte) error {
	s.pending = pending
	return s.finishErr
}

func (s *sessionProvider) ReceiveLogout(r *http.Request) (string, []string, func(bool) http.Handler, error) {
	q := r.URL.Query()
	if q.Get("from") != s.subject {
		return "", nil, nil, errors.New("not of this provider")
	}
	return q.Get("subject"), q["sid"], func(done bool) http.Handler {
		s.answered = append(s.answered, done)
		return http.NotFoundHandler()
	}, nil
}

func withSessions(t testing.TB, store userpool.Store, change func(*userpool.Config)) (*kit, *sessionProvider) {
	t.Helper()
	s := &sessionProvider{sid: "sid-1", session: []byte("id token")}
	s.subject, s.attributes = "subject-1", map[string][]string{"email": {"ada@example.com"}}
	k := newKitOn(t, store, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Corp", IdentityProvider: s, SignOut: true}, {Name: "Other", IdentityProvider: &fakeProvider{subject: "x"}}}
		if change != nil {
			change(c)
		}
	})
	return k, s
}

func (k *kit) signInAt(s *sessionProvider) string {
	k.t.Helper()
	k.begin(k.t, "Corp")
	out, _, err := k.finish("Corp", s.state, browserSecret)
	require.NoError(k.t, err)
	return out.BrowserSession
}

func (k *kit) beginSignOut(session string) (http.Handler, error) {
	return k.BeginFederatedSignOut(context.Background(), userpool.BeginFederatedSignOutInput{
		BrowserSession: session, CallbackURL: func(p string) string { return "https://id.example.com/" + p }, Browser: browserSecret, ReturnTo: "/bye",
	})
}

func (k *kit) finishSignOut(provider, state, browser string) (string, error) {
	r := httptest.NewRequest(http.MethodGet, "https://id.example.com/out", nil)
	return k.FinishFederatedSignOut(context.Background(), r, userpool.FinishFederatedSignOutInput{Provider: provider, State: state, Browser: browser})
}

// A sign-out here goes on to the provider, with what the provider gave for it, and comes back.
func TestFederatedSignOut(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k, s := withSessions(t, store, nil)
		session := k.signInAt(s)
		next, err := k.beginSignOut(session)
		require.NoError(t, err)
		require.NotNil(t, next)
		require.Equal(t, "id token", string(s.ended))
		_, err = k.BrowserSession(t.Context(), session)
		require.ErrorIs(t, err, userpool.NotAuthorized, "it ends here first")

		_, err = k.finishSignOut("Corp", s.state, "the secret of another browser")
		require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
		back, err := k.finishSignOut("Corp", s.state, browserSecret)
		require.ErrorIs(t, err, userpool.InvalidIdentityProvider, "an answer counts once, also a stolen one")
		require.Empty(t, back)

		session = k.signInAt(s)
		_, err = k.beginSignOut(session)
		require.NoError(t, err)
		back, err = k.finishSignOut("", s.state, browserSecret)
		require.NoError(t, err, "the state says which provider it was")
		require.Equal(t, "/bye", back)
		require.Equal(t, "request ID", string(s.pending))
	})
}

// Whatever fails at the provider, the person is signed out here.
func TestFederatedSignOut_Failures(t *testing.T) {
	k, s := withSessions(t, newKit(t, nil).config.Store, nil)
	s.logoutErr = errors.New("unreachable")
	session := k.signInAt(s)
	next, err := k.beginSignOut(session)
	require.NoError(t, err)
	require.Nil(t, next)
	_, err = k.BrowserSession(t.Context(), session)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	next, err = k.beginSignOut(session)
	require.NoError(t, err, "over already")
	require.Nil(t, next)

	s.logoutErr = nil
	_, err = k.beginSignOut(k.signInAt(s))
	require.NoError(t, err)
	s.finishErr = errors.New("partial logout")
	back, err := k.finishSignOut("Corp", s.state, browserSecret)
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
	require.Equal(t, "/bye", back)
	s.finishErr = nil

	s.session = nil
	next, err = k.beginSignOut(k.signInAt(s))
	require.NoError(t, err)
	require.Nil(t, next, "a session that cannot be ended there")
	s.session = []byte(strings.Repeat("x", 16<<10+1))
	k.begin(t, "Corp")
	_, _, err = k.finish("Corp", s.state, browserSecret)
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider, "more than may be kept")

	s.session = []byte("id token")
	quiet := k.again(func(c *userpool.Config) { c.Providers[0].SignOut = false })
	next, err = quiet.beginSignOut(k.signInAt(s))
	require.NoError(t, err)
	require.Nil(t, next, "Provider.SignOut is not set")
}

// R17: what the provider gave for its session is not to be read in the store.
func TestR17_ProviderSessionIsSealed(t *testing.T) {
	store := newKit(t, nil).config.Store
	k, s := withSessions(t, store, nil)
	session := k.signInAt(s)
	id, _, _ := strings.Cut(session, ".")
	kept, err := store.Session(t.Context(), "default", id)
	require.NoError(t, err)
	require.NotEmpty(t, kept.ProviderSession)
	require.NotContains(t, string(kept.ProviderSession), "id token")
	require.NotContains(t, string(kept.ProviderSession), "sid-1")
}

// The provider signs people out: one session, all of a person, or sessions that it names without saying whose they are.
func TestReceiveFederatedSignOut(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k, s := withSessions(t, store, nil)
		receive := func(provider, query string) error {
			r := httptest.NewRequest(http.MethodGet, "https://id.example.com/out?from=subject-1&"+query, nil)
			answer, err := k.ReceiveFederatedSignOut(t.Context(), r, provider)
			if err == nil {
				require.NotNil(t, answer)
			}
			return err
		}
		lives := func(session string) bool {
			_, err := k.BrowserSession(t.Context(), session)
			return err == nil
		}
		at := func(sid string) string {
			s.sid = sid
			return k.signInAt(s)
		}
		k.user("grace@example.com")
		one, two, native := at("sid-1"), at("sid-2"), k.browser("grace@example.com")

		require.NoError(t, receive("Corp", "subject=subject-1&sid=sid-1&sid=sid-9"))
		require.False(t, lives(one))
		require.True(t, lives(two))
		require.NoError(t, receive("", "subject=somebody-else"), "nobody here: nothing to do")
		require.True(t, lives(two))
		require.NoError(t, receive("", "subject=subject-1"))
		require.False(t, lives(two))

		three, again, four := at("sid-3"), at("sid-3"), at("sid-4")
		require.NoError(t, receive("Corp", "sid=sid-3"))
		require.False(t, lives(three))
		require.False(t, lives(again), "two sessions hang on one of the provider's")
		require.True(t, lives(four))
		require.NoError(t, receive("Corp", "sid=sid-3"), "again")
		require.True(t, lives(native))
		require.NotContains(t, s.answered, false)

		require.ErrorIs(t, receive("Other", "subject=subject-1"), userpool.InvalidIdentityProvider, "knows no sessions")
		require.ErrorIs(t, receive("None", "subject=subject-1"), userpool.InvalidIdentityProvider)
		s.subject = "not asked"
		require.ErrorIs(t, receive("", "subject=subject-1"), userpool.InvalidIdentityProvider)
		require.True(t, lives(four))
	})
}

// Of the sessions that hang on one of the provider's, the first is over before the others.
func TestReceiveFederatedSignOut_FirstExpired(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k, s := withSessions(t, store, nil)
		k.signInAt(s)
		k.clock.Advance(k.Settings().BrowserSessionValidity - time.Minute)
		later := k.signInAt(s)
		k.clock.Advance(2 * time.Minute)
		_, err := k.BrowserSession(t.Context(), later)
		require.NoError(t, err)
		r := httptest.NewRequest(http.MethodGet, "https://id.example.com/out?from=subject-1&sid=sid-1", nil)
		_, err = k.ReceiveFederatedSignOut(t.Context(), r, "Corp")
		require.NoError(t, err)
		_, err = k.BrowserSession(t.Context(), later)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// The provider is told who is expected, if that is an address and not a novel.
func TestFederation_LoginHint(t *testing.T) {
	k, s := withSessions(t, newKit(t, nil).config.Store, nil)
	for hint, told := range map[string]string{"ada@example.com": "ada@example.com", "": "", strings.Repeat("a", 321): ""} {
		s.hint = ""
		_, err := k.BeginFederatedSignIn(t.Context(), userpool.BeginFederatedSignInInput{
			Provider: "Corp", CallbackURL: "https://id.example.com/cb", Browser: browserSecret, LoginHint: hint,
		})
		require.NoError(t, err)
		require.Equal(t, told, s.hint)
	}
	_, err := k.BeginFederatedSignIn(t.Context(), userpool.BeginFederatedSignInInput{
		Provider: "Other", CallbackURL: "https://id.example.com/cb", Browser: browserSecret, LoginHint: "ada@example.com",
	})
	require.NoError(t, err, "a provider that takes no hint")
}

// unsolicitedProvider lets in who comes with the right answer and no request.
type unsolicitedProvider struct {
	fakeProvider
	asked int
}

func (u *unsolicitedProvider) FinishUnsolicited(r *http.Request) (string, map[string][]string, string, error) {
	u.asked++
	if r.FormValue("answer") != u.subject {
		return "", nil, "", errors.New("not of this provider")
	}
	return u.subject, map[string][]string{"email": {u.subject + "@example.com"}}, "/somewhere", nil
}

// S16: an answer that nobody asked for signs in only at a provider that sends such, and never in the place of one that was asked for.
func TestS16_UnsolicitedSignIn(t *testing.T) {
	asked, open := &fakeProvider{subject: "a"}, &unsolicitedProvider{fakeProvider: fakeProvider{subject: "open"}}
	k := newKit(t, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Asked", IdentityProvider: asked}, {Name: "Open", IdentityProvider: open, Type: "SAML"}}
	})
	finish := func(provider, state, browser, answer string) (*userpool.AuthOutcome, string, error) {
		r := httptest.NewRequest(http.MethodGet, "https://id.example.com/cb?answer="+answer, nil)
		return k.FinishFederatedSignIn(t.Context(), r, userpool.FinishFederatedSignInInput{Provider: provider, State: state, Browser: browser})
	}
	for _, provider := range []string{"", "Open"} {
		out, back, err := finish(provider, "/relay", "", "open")
		require.NoError(t, err)
		require.Empty(t, back, "what anybody can send is no ReturnTo")
		s, err := k.BrowserSession(t.Context(), out.BrowserSession)
		require.NoError(t, err)
		require.Equal(t, "Open", s.Provider)
	}
	_, _, err := finish("Asked", "", browserSecret, "open")
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
	_, _, err = finish("", "", browserSecret, "another's")
	require.ErrorIs(t, err, userpool.InvalidIdentityProvider)

	// What was begun is finished by the browser that began it, or not at all.
	for _, browser := range []string{"", "the secret of another browser"} {
		k.begin(t, "Open")
		open.asked = 0
		_, _, err = finish("Open", open.state, browser, "open")
		require.ErrorIs(t, err, userpool.InvalidIdentityProvider)
		require.Zero(t, open.asked)
	}
}

// Exactly one of many uses is the first, on every store, until the time is over.
func TestS11_UseOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		until := k.clock.Now().Add(time.Hour)
		require.Equal(t, 1, parallel(50, func(int) error {
			first, err := k.UseOnce(t.Context(), "saml|https://idp.example|_id", until)
			if err == nil && !first {
				err = errors.New("used before")
			}
			return err
		}))
		first, err := k.again(nil).UseOnce(t.Context(), "another", until)
		require.NoError(t, err)
		require.True(t, first)
		for _, key := range []string{"", strings.Repeat("x", 1001)} {
			_, err := k.UseOnce(t.Context(), key, until)
			require.ErrorIs(t, err, userpool.InvalidParameter)
		}
		for _, left := range []time.Duration{0, -time.Second, 32 * 24 * time.Hour} {
			_, err := k.UseOnce(t.Context(), "key", k.clock.Now().Add(left))
			require.ErrorIs(t, err, userpool.InvalidParameter)
		}
	})
}
