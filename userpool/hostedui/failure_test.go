package hostedui_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
)

func TestStoreFailureIsLoggedWithAReference(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	s.store.down.Store(true)
	p := b.get("/auth/account")
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	reference := p.text("code")
	require.Regexp(t, `^[A-Z2-7]{4}-[A-Z2-7]{4}$`, reference)
	require.Contains(t, s.logs.String(), reference)
	require.Contains(t, s.logs.String(), io.ErrUnexpectedEOF.Error())
	require.NotContains(t, p.Body, io.ErrUnexpectedEOF.Error())
	require.NotNil(t, b.cookie("session"), "a failure signs nobody out")

	r := b.request(http.MethodGet, "/", nil)
	r.AddCookie(b.cookie("session"))
	_, err := s.ui.Authenticate(r)
	require.ErrorIs(t, err, userpool.ServiceUnavailable)

	// An old session that cannot be ended is no reason to sign in without ending it.
	s.store.down.Store(false)
	login := b.get("/auth/login")
	s.store.down.Store(true)
	old := b.cookie("session").Value
	p = b.submit(login, map[string]string{"username": ada, "password": password})
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Equal(t, old, b.cookie("session").Value)
}

func TestPanicIsContained(t *testing.T) {
	s := newSite(t, func(pc *userpool.Config, hc *hostedui.Config) {
		pc.Providers = []userpool.Provider{{Name: "bad", IdentityProvider: &fakeProvider{panicNext: true}}}
	})
	b := s.browser()
	p := b.get("/auth/federation/bad")
	require.Equal(t, http.StatusInternalServerError, p.Status)
	require.Contains(t, s.logs.String(), p.text("code"))
	require.Contains(t, s.logs.String(), "panic: on purpose")
	require.Contains(t, s.logs.String(), "federated_test.go", "with where it happened")
	require.NotContains(t, p.Body, "on purpose")
	require.Equal(t, http.StatusOK, b.get("/auth/login").Status)
}

func TestRandomnessThatFails(t *testing.T) {
	pool := newSite(t).pool.Pool
	ui, err := hostedui.New(hostedui.Config{Pool: pool, Rand: failingReader{}})
	require.NoError(t, err)
	w := newRecorder()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/auth/login", nil)
	require.NoError(t, err)
	ui.ServeHTTP(w, r)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Empty(t, w.Header().Values("Set-Cookie"))
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

func TestH12_LogsHoldNoSecrets(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.submit(b.get("/auth/login"), map[string]string{"username": ada, "password": "canary wrong password"})
	b.signIn(ada)
	session := b.cookie("session").Value
	s.store.down.Store(true)
	b.get("/auth/account")
	for _, secret := range []string{password, "canary", session, s.sent()[0].Code} {
		require.NotContains(t, s.logs.String(), secret)
	}
}
