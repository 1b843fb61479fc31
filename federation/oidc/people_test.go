package oidc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

func TestR18_ParallelSignIns(t *testing.T) {
	var users []federationtest.User
	for i := range 20 {
		subject := fmt.Sprintf("user-%d", i)
		users = append(users, federationtest.User{Subject: subject, Claims: map[string]any{"email": subject + "@example.com", "email_verified": true}})
	}
	discoveries, keys := 0, 0
	var mu sync.Mutex
	p := newParty(t, func(idp *federationtest.Config, _ *oidc.Config) {
		idp.Users = users
		idp.Hooks.Respond = func(at string, _ http.ResponseWriter, _ *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			switch at {
			case federationtest.EndpointDiscovery:
				discoveries++
			case federationtest.EndpointKeys:
				keys++
			}
			return false
		}
	})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			want := users[i%len(users)].Subject
			state := fmt.Sprintf("state-of-sign-in-%04d", i)
			next, pending, err := p.rp.Begin(context.Background(), callbackURL, state)
			if err != nil {
				t.Error(err)
				return
			}
			w := httptest.NewRecorder()
			next.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			callback, err := federationtest.SignIn(nil, w.Header().Get("Location"), want)
			if err != nil {
				t.Error(err)
				return
			}
			subject, attributes, err := p.finish(callback, pending)
			if err != nil || subject != want || !slices.Equal(attributes["email"], []string{want + "@example.com"}) {
				t.Errorf("signed in as %q, came back as %q %v: %v", want, subject, attributes, err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, discoveries)
	require.Equal(t, 1, keys)
}

func TestR18_NoCookiesAreKept(t *testing.T) {
	jar := browser(t)
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.HTTPClient = jar })
	p.idp.SetHooks(federationtest.Hooks{Respond: func(at string, w http.ResponseWriter, r *http.Request) bool {
		if at != federationtest.EndpointAuthorize {
			require.Empty(t, r.Cookies(), at)
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "alice"})
		}
		return false
	}})
	for range 2 {
		_, _, err := p.signIn("alice")
		require.NoError(t, err)
	}
	u, err := url.Parse(p.idp.Issuer())
	require.NoError(t, err)
	require.Empty(t, jar.Jar.Cookies(u))
}

func TestR21_Subject(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.SkipUserInfo = true })
	for _, sub := range []any{
		"", " ", "undefined", "Undefined", "null", "NULL", "nil", "<nil>", "None", "NaN", "[object Object]", "false",
		nil, 0, 12345, json.Number("1e21"), true, []string{"alice"}, map[string]any{"id": "alice"},
		"alice\n", " alice", "al\u00efce", "a\x01b", strings.Repeat("x", 256),
	} {
		p.refuses(mutate(func(c map[string]any) { c["sub"] = sub }), oidc.InvalidToken, "sub")
		token, err := p.idp.Sign(map[string]any{
			"iss": p.idp.Issuer(), "aud": clientID, "sub": sub,
			"iat": p.clock.Now().Unix(), "exp": p.clock.Now().Add(time.Hour).Unix(),
		})
		require.NoError(t, err)
		_, err = p.rp.VerifyLogin(context.Background(), token)
		p.refused(err, oidc.InvalidToken, "sub")
	}
	for _, sub := range []string{"0", "1e21", "100000000000000000000001", "00uid_A|b c", strings.Repeat("x", 255)} {
		p.idp.SetHooks(mutate(func(c map[string]any) { c["sub"] = sub }))
		subject, _, err := p.signIn("alice")
		require.NoError(t, err)
		require.Equal(t, sub, subject)
	}
}
