package middlewaretest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
	"github.com/stepwell/stepwell/middleware/middlewaretest"
)

func check(guard *middleware.Guard, token string) (middleware.Claims, error) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return guard.Check(r)
}

func TestAccessToken(t *testing.T) {
	issuer := middlewaretest.NewIssuer(t)
	guard := issuer.Guard()
	claims, err := check(guard, issuer.AccessToken(nil))
	require.NoError(t, err)
	require.Equal(t, middlewaretest.Subject, claims.Subject())
	require.Equal(t, middlewaretest.Username, claims.Username())
	require.Equal(t, middlewaretest.ClientID, claims.ClientID())
	expires, ok := claims.Time("exp")
	require.True(t, ok)
	require.Equal(t, issuer.Now().Add(middlewaretest.Lifetime), expires)

	claims, err = check(guard, issuer.AccessToken(map[string]any{"sub": "s", "scope": nil, "cognito:groups": []string{"g"}}))
	require.NoError(t, err)
	require.Equal(t, "s", claims.Subject())
	require.NotContains(t, claims, "scope")
	require.True(t, claims.HasGroup("g"))

	_, err = check(guard, issuer.AccessToken(map[string]any{"token_use": nil}))
	require.ErrorIs(t, err, middleware.InvalidToken)
}

func TestIDTokenIsRefused(t *testing.T) {
	issuer := middlewaretest.NewIssuer(t)
	token := issuer.IDToken(map[string]any{"email": "alice@example.com"})
	_, err := check(issuer.Guard(), token)
	require.ErrorIs(t, err, middleware.InvalidToken)

	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(payload, &claims))
	require.Equal(t, "id", claims["token_use"])
	require.Equal(t, "alice@example.com", claims["email"])
	require.Equal(t, middlewaretest.ClientID, claims["aud"])
}

func TestTokensEnd(t *testing.T) {
	issuer := middlewaretest.NewIssuer(t)
	guard := issuer.Guard()
	first, second := issuer.AccessToken(nil), issuer.AccessToken(nil)
	issuer.Revoke(first)
	_, err := check(guard, first)
	require.ErrorIs(t, err, middleware.InvalidToken)
	_, err = check(guard, second)
	require.NoError(t, err)

	issuer.Advance(middlewaretest.Lifetime + time.Minute)
	_, err = check(guard, second)
	require.ErrorIs(t, err, middleware.InvalidToken)

	third := issuer.AccessToken(nil)
	_, err = check(guard, third)
	require.NoError(t, err)
	issuer.RotateKey()
	_, err = check(guard, third)
	require.ErrorIs(t, err, middleware.InvalidToken)
	_, err = check(guard, issuer.AccessToken(nil))
	require.NoError(t, err)

	_, err = check(guard, middlewaretest.NewIssuer(t).AccessToken(nil))
	require.ErrorIs(t, err, middleware.InvalidToken, "another issuer has another key")
}

// fatalT records that a helper gave up.
type fatalT struct {
	testing.TB
	text string
}

func (t *fatalT) Helper() {}
func (t *fatalT) Fatalf(format string, args ...any) {
	t.text = fmt.Sprintf(format, args...)
	panic(t)
}

func TestMisuseFailsTheTest(t *testing.T) {
	for name, use := range map[string]func(*middlewaretest.Issuer){
		"claims that are no JSON":   func(i *middlewaretest.Issuer) { i.AccessToken(map[string]any{"x": func() {}}) },
		"revoking nothing":          func(i *middlewaretest.Issuer) { i.Revoke("") },
		"revoking without a jti":    func(i *middlewaretest.Issuer) { i.Revoke(i.AccessToken(map[string]any{"jti": nil})) },
		"revoking another issuer's": func(i *middlewaretest.Issuer) { i.Revoke(middlewaretest.NewIssuer(t).AccessToken(nil)) },
	} {
		fake := &fatalT{TB: t}
		issuer := middlewaretest.NewIssuer(fake)
		require.PanicsWithValue(t, fake, func() { use(issuer) }, name)
		require.Contains(t, fake.text, "middlewaretest: ")
		issuer.Now() // no lock was left behind
	}
}

func TestKeySetIsServed(t *testing.T) {
	issuer := middlewaretest.NewIssuer(t)
	w := httptest.NewRecorder()
	issuer.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	require.Equal(t, http.StatusOK, w.Code)
	keys, err := middleware.StaticKeys(w.Body.Bytes())
	require.NoError(t, err)
	cfg := issuer.Config()
	cfg.Keys = keys
	guard, err := middleware.New(cfg)
	require.NoError(t, err)
	_, err = check(guard, issuer.AccessToken(nil))
	require.NoError(t, err)
	require.NotContains(t, w.Body.String(), `"d"`, "the private key stays here")
}

func TestSession(t *testing.T) {
	session := middlewaretest.NewSession(t)
	guard, err := middleware.New(middleware.Config{Session: session})
	require.NoError(t, err)
	r := httptest.NewRequest("GET", "/", nil)
	_, err = guard.Check(r)
	require.ErrorIs(t, err, middleware.NoCredentials)

	session.SignIn(r, map[string]any{"cognito:groups": []string{"g"}})
	claims, err := guard.Check(r)
	require.NoError(t, err)
	require.Equal(t, middlewaretest.Username, claims.Username())
	require.True(t, claims.HasGroup("g"))

	other := httptest.NewRequest("GET", "/", nil)
	session.SignIn(other, map[string]any{"sub": "bob-sub", "username": "bob"})
	claims, err = guard.Check(other)
	require.NoError(t, err)
	require.Equal(t, "bob", claims.Username())

	// H1: two cookies of the name are no session.
	session.SignIn(r, nil)
	_, err = guard.Check(r)
	require.ErrorIs(t, err, middleware.NoCredentials)

	session.SignOut()
	_, err = guard.Check(other)
	require.ErrorIs(t, err, middleware.NoCredentials)

	require.Equal(t, "/test-login?return_to=%2Fa%3Fb", session.LoginURL("/a?b"))
}

func TestConcurrentUse(t *testing.T) {
	issuer, session := middlewaretest.NewIssuer(t), middlewaretest.NewSession(t)
	cfg := issuer.Config()
	cfg.Session = session
	guard, err := middleware.New(cfg)
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 10 {
				r := httptest.NewRequest("GET", "/", nil)
				session.SignIn(r, nil)
				if _, err := guard.Check(r); err != nil {
					t.Error(err)
				}
				token := issuer.AccessToken(nil)
				issuer.Advance(time.Second)
				if _, err := check(guard, token); err != nil {
					t.Error(err)
				}
				issuer.Revoke(token)
			}
		})
	}
	group.Wait()
}
