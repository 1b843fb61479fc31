package oidc_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

func TestR2_DiscoveryIssuerDiffers(t *testing.T) {
	for name, bend := range map[string]func(issuer string) any{
		"slash":        func(s string) any { return s + "/" },
		"case":         strings2any(strings.ToUpper),
		"https":        func(s string) any { return strings.Replace(s, "http:", "https:", 1) },
		"other tenant": func(s string) any { return s + "/tenant" },
		"space":        func(s string) any { return s + " " },
		"array":        func(s string) any { return []string{s} },
		"null":         func(string) any { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t, nil)
			p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d["issuer"] = bend(p.idp.Issuer()) }})
			_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
			p.refused(err, oidc.DiscoveryFailed, "issuer")
			_, err = p.rp.VerifyLogin(context.Background(), "a.b.c")
			p.refused(err, oidc.DiscoveryFailed, "issuer")
		})
	}
}

func strings2any(f func(string) string) func(string) any {
	return func(s string) any { return f(s) }
}

func TestR2_DiscoveryRedirect(t *testing.T) {
	p := newParty(t, nil)
	followed := false
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer target.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		p.idp.SetHooks(respondAt(federationtest.EndpointDiscovery, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target.URL, status)
		}))
		_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
		p.refused(err, oidc.DiscoveryFailed, "redirect")
	}
	require.False(t, followed)
}

func TestR2_DiscoveryEndpoints(t *testing.T) {
	honest := map[string]any{
		"issuer":                 "https://idp.example",
		"authorization_endpoint": "https://idp.example/authorize",
		"token_endpoint":         "https://idp.example/token",
		"jwks_uri":               "https://idp.example/keys",
		"userinfo_endpoint":      "https://idp.example/userinfo",
	}
	begin := func(document map[string]any) error {
		data, err := json.Marshal(document)
		require.NoError(t, err)
		rp, err := oidc.New(oidc.Config{
			Issuer: "https://idp.example", ClientID: clientID,
			HTTPClient: &http.Client{Transport: answering(raw(http.StatusOK, "application/json", string(data)))},
		})
		require.NoError(t, err)
		_, _, err = rp.Begin(context.Background(), callbackURL, state)
		return err
	}
	require.NoError(t, begin(honest))
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} {
		for _, value := range []any{
			"http://idp.example/x", "http://localhost/x", "//idp.example/x", "/x", "", nil, 7, "javascript:alert(1)",
			"https://user:canary@idp.example/x", "https://idp.example/x#y", "file:///etc/passwd", "https:///x",
			"https://idp.example/\nx", "https://" + strings.Repeat("a", 3000),
		} {
			document := make(map[string]any)
			for key, value := range honest {
				document[key] = value
			}
			document[name] = value
			err := begin(document)
			require.ErrorIs(t, err, oidc.DiscoveryFailed, "%s %v", name, value)
			require.Contains(t, err.Error(), name)
		}
		document := map[string]any{"response_types_supported": []string{"code"}}
		for key, value := range honest {
			document[key] = value
		}
		delete(document, name)
		if name == "userinfo_endpoint" {
			require.NoError(t, begin(document))
		} else {
			require.ErrorIs(t, begin(document), oidc.DiscoveryFailed)
		}
	}
}

type answering http.HandlerFunc

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a(w, r)
	return w.Result(), nil
}

func TestDiscoveryCapabilities(t *testing.T) {
	for name, value := range map[string]any{
		"response_types_supported":                       []string{"id_token"},
		"token_endpoint_auth_methods_supported":          []string{"private_key_jwt"},
		"authorization_response_iss_parameter_supported": "true",
	} {
		p := newParty(t, nil)
		p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d[name] = value }})
		_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
		p.refused(err, oidc.DiscoveryFailed, name)
		p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d[name] = []int{1} }})
		_, _, err = p.rp.Begin(context.Background(), callbackURL, state)
		p.refused(err, oidc.DiscoveryFailed, name)
	}
}

func TestDiscoveryIsCachedAndRefreshed(t *testing.T) {
	p := newParty(t, nil)
	asked, broken := 0, false
	p.idp.SetHooks(federationtest.Hooks{Respond: func(at string, w http.ResponseWriter, _ *http.Request) bool {
		if at != federationtest.EndpointDiscovery {
			return false
		}
		asked++
		if broken {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return broken
	}})
	begin := func() error {
		_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
		return err
	}
	broken = true
	for range 100 {
		require.ErrorIs(t, begin(), oidc.DiscoveryFailed)
	}
	require.Equal(t, 1, asked, "whoever begins sign-ins does not make requests to the provider with them")
	broken = false
	p.clock.Advance(2 * time.Second)
	require.NoError(t, begin(), "a failure is kept for a moment only")
	require.NoError(t, begin())
	require.Equal(t, 2, asked)
	p.clock.Advance(-30 * time.Minute)
	require.NoError(t, begin())
	require.Equal(t, 3, asked, "after the clock was set back, nobody knows how old the metadata is")
	p.clock.Advance(time.Hour)
	require.NoError(t, begin())
	require.Equal(t, 4, asked)

	broken = true
	p.clock.Advance(23 * time.Hour)
	require.NoError(t, begin(), "old metadata serves while there is no new")
	require.NoError(t, begin())
	require.Equal(t, 5, asked, "and the provider is left alone for a minute")
	p.clock.Advance(time.Hour + time.Second)
	require.ErrorIs(t, begin(), oidc.DiscoveryFailed, "but not for more than a day")
	broken = false
	p.clock.Advance(2 * time.Second)
	require.NoError(t, begin())
}

func TestDiscoveryFollowsJWKSURI(t *testing.T) {
	p := newParty(t, nil)
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d["jwks_uri"] = p.idp.Issuer() + "/gone" }})
	p.clock.Advance(time.Hour)
	_, _, err = p.signIn("alice")
	p.refused(err, oidc.DiscoveryFailed, "reading the provider's keys")
}

// A token that nobody could look at is not a token that was refused.
func TestKeysCannotBeHad(t *testing.T) {
	p := newParty(t, nil)
	token, err := p.idp.IDToken(clientID, "alice")
	require.NoError(t, err)
	p.idp.SetHooks(respondAt(federationtest.EndpointKeys, raw(http.StatusServiceUnavailable, "text/plain", "")))
	_, err = p.rp.VerifyLogin(context.Background(), token)
	p.refused(err, oidc.DiscoveryFailed, "reading the provider's keys")
	var temporary interface{ Temporary() bool }
	require.ErrorAs(t, err, &temporary)
	require.True(t, temporary.Temporary())

	p.idp.SetHooks(federationtest.Hooks{})
	p.clock.Advance(10 * time.Second)
	_, err = p.rp.VerifyLogin(context.Background(), token)
	require.NoError(t, err)
	require.NoError(t, p.idp.RotateKey())
	foreign, err := p.idp.IDToken(clientID, "alice")
	require.NoError(t, err)
	_, err = p.rp.VerifyLogin(context.Background(), foreign)
	p.refused(err, oidc.InvalidToken, "is not in the key set")
	require.ErrorAs(t, err, &temporary)
	require.False(t, temporary.Temporary(), "within the pause an unknown key is a token refused")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p.clock.Advance(2 * time.Hour)
	_, err = p.rp.VerifyLogin(ctx, token)
	require.ErrorIs(t, err, context.Canceled)
}

func TestKeysOutliveTheMetadata(t *testing.T) {
	p := newParty(t, nil)
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	p.idp.SetHooks(respondAt(federationtest.EndpointKeys, raw(http.StatusServiceUnavailable, "text/plain", "")))
	p.clock.Advance(2 * time.Hour)
	_, _, err = p.signIn("alice")
	require.NoError(t, err, "the last good keys are used while there are no newer ones")
}

func TestContextEndsTheWait(t *testing.T) {
	release := make(chan struct{})
	p := newParty(t, nil)
	p.idp.SetHooks(respondAt(federationtest.EndpointDiscovery, func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, _, err := p.rp.Begin(ctx, callbackURL, state)
	p.refused(err, oidc.DiscoveryFailed, "deadline")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestContextOfOneIsNotEverybodys(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	p := newParty(t, nil)
	p.idp.SetHooks(federationtest.Hooks{Respond: func(at string, _ http.ResponseWriter, _ *http.Request) bool {
		if at == federationtest.EndpointDiscovery {
			close(asked) // panics, should there be a second request
			<-release
		}
		return false
	}})
	ctx, cancel := context.WithCancel(context.Background())
	first, second := make(chan error), make(chan error)
	go func() {
		_, _, err := p.rp.Begin(ctx, callbackURL, state)
		first <- err
	}()
	<-asked
	go func() {
		_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
		second <- err
	}()
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
	close(release)
	require.NoError(t, <-second)
}
