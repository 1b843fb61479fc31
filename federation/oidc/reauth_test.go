package oidc_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

// signInLater goes all the way, with a pause at the provider's page.
func (p *party) signInLater(hints oidc.Hints, pause time.Duration) error {
	p.t.Helper()
	location, pending := p.beginWith(hints)
	p.clock.Advance(pause)
	_, _, err := p.finish(p.visit(strings.Replace(location, "prompt=none", "prompt=login", 1), "alice"), pending)
	return err
}

func (p *party) beginWith(hints oidc.Hints) (location string, pending []byte) {
	p.t.Helper()
	next, pending, err := p.rp.BeginWith(context.Background(), callbackURL, state, hints)
	require.NoError(p.t, err)
	return locationOf(p.t, next), pending
}

func (p *party) authTime(age time.Duration) federationtest.Hooks {
	return mutate(func(c map[string]any) { c["auth_time"] = p.clock.Now().Add(-age).Unix() })
}

func TestMaxAge(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.MaxAge = 10 * time.Minute })
	location, _ := p.begin(state)
	require.Contains(t, location, "max_age=600&")
	for _, age := range []time.Duration{0, 10 * time.Minute, 10*time.Minute + 30*time.Second, -30 * time.Second} {
		p.idp.SetHooks(p.authTime(age))
		require.NoError(t, p.signInLater(oidc.Hints{}, 0), age)
	}
	for _, age := range []time.Duration{10*time.Minute + 31*time.Second, 24 * time.Hour, -31 * time.Second} {
		p.idp.SetHooks(p.authTime(age))
		p.refused(p.signInLater(oidc.Hints{}, 0), oidc.InvalidToken, "auth_time")
	}
	// It counts from when the sign-in began: who reads the consent page slowly signed in no earlier.
	p.idp.SetHooks(p.authTime(14 * time.Minute))
	require.NoError(t, p.signInLater(oidc.Hints{}, 5*time.Minute))
	for _, value := range []any{nil, "", "1772366400", true, []int{1}} {
		p.refuses(mutate(func(c map[string]any) { c["auth_time"] = value }), oidc.InvalidToken, "auth_time")
	}
	p.refuses(mutate(func(c map[string]any) { delete(c, "auth_time") }), oidc.InvalidToken, "auth_time")

	// A login token, whose sign-in nobody here began, is judged by the time it comes.
	p.idp.SetHooks(p.authTime(11 * time.Minute))
	token, err := p.idp.IDToken(clientID, "alice")
	require.NoError(t, err)
	_, err = p.rp.VerifyLogin(context.Background(), token)
	p.refused(err, oidc.InvalidToken, "auth_time")
}

func TestReauthenticate(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.Prompt = "select_account" })
	location, _ := p.beginWith(oidc.Hints{Reauthenticate: true})
	u, err := url.Parse(location)
	require.NoError(t, err)
	require.Equal(t, []string{"login"}, u.Query()["prompt"])
	require.Equal(t, []string{"0"}, u.Query()["max_age"])
	again := oidc.Hints{Reauthenticate: true}
	p.idp.SetHooks(p.authTime(0))
	require.NoError(t, p.signInLater(again, time.Minute))
	// A session of before will not do, and neither will silence.
	p.idp.SetHooks(p.authTime(2 * time.Minute))
	p.refused(p.signInLater(again, time.Minute), oidc.InvalidToken, "auth_time")
	require.NoError(t, p.signInLater(oidc.Hints{}, time.Minute), "where nobody asked it does")
	p.idp.SetHooks(mutate(func(c map[string]any) { delete(c, "auth_time") }))
	p.refused(p.signInLater(again, time.Minute), oidc.InvalidToken, "auth_time")
	require.NoError(t, p.signInLater(oidc.Hints{}, time.Minute))
}

// A limit for everybody does not stand in for a fresh sign-in.
func TestReauthenticateWithMaxAge(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.MaxAge = time.Hour })
	p.idp.SetHooks(p.authTime(2 * time.Minute))
	require.NoError(t, p.signInLater(oidc.Hints{}, 0))
	p.refused(p.signInLater(oidc.Hints{Reauthenticate: true}, 0), oidc.InvalidToken, "auth_time")
}

func TestPromptLogin(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.Prompt = "login consent" })
	location, _ := p.begin(state)
	require.Contains(t, location, "prompt=login+consent&")
	p.idp.SetHooks(p.authTime(0))
	require.NoError(t, p.signInLater(oidc.Hints{}, time.Minute))
	p.idp.SetHooks(p.authTime(2 * time.Minute))
	p.refused(p.signInLater(oidc.Hints{}, time.Minute), oidc.InvalidToken, "auth_time")
	p.idp.SetHooks(mutate(func(c map[string]any) { delete(c, "auth_time") }))
	require.NoError(t, p.signInLater(oidc.Hints{}, time.Minute), "a provider need not say when")
}

func TestPromptNone(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.Prompt = "none" })
	location, _ := p.begin(state)
	require.Contains(t, location, "prompt=none&")
	for _, code := range []string{"login_required", "interaction_required", "consent_required", "account_selection_required"} {
		_, pending := p.begin(state)
		callback, err := url.Parse(callbackURL + "?error=" + code + "&state=" + state + "&iss=" + url.QueryEscape(p.idp.Issuer()))
		require.NoError(t, err)
		_, _, err = p.finish(callback, pending)
		p.refused(err, oidc.InteractionRequired, code)
	}
	_, pending := p.begin(state)
	callback, err := url.Parse(callbackURL + "?error=server_error&state=" + state + "&iss=" + url.QueryEscape(p.idp.Issuer()))
	require.NoError(t, err)
	_, _, err = p.finish(callback, pending)
	p.refused(err, oidc.ProviderError, "server_error")
}

func TestACRValues(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.ACRValues = []string{"phrh", "phr"} })
	location, _ := p.begin(state)
	require.Contains(t, location, "acr_values=phrh+phr&")
	for _, acr := range []string{"phrh", "phr"} {
		p.idp.SetHooks(mutate(func(c map[string]any) { c["acr"] = acr }))
		_, attributes, err := p.signIn("alice")
		require.NoError(t, err)
		require.Equal(t, []string{acr}, attributes["acr"])
	}
	for _, acr := range []any{"0", "", "PHR", "phr ", "phrh phr", nil, 1, []string{"phr"}} {
		p.idp.SetHooks(mutate(func(c map[string]any) { c["acr"] = acr }))
		_, _, err := p.signIn("alice")
		p.refused(err, oidc.InvalidToken, "acr")
		token, err := p.idp.IDToken(clientID, "alice")
		require.NoError(t, err)
		_, err = p.rp.VerifyLogin(context.Background(), token)
		p.refused(err, oidc.InvalidToken, "acr")
	}
}

func TestAuthenticationRulesRefuse(t *testing.T) {
	good := oidc.Config{Issuer: "https://idp.example", ClientID: clientID}
	for name, change := range map[string]func(*oidc.Config){
		"prompt":        func(c *oidc.Config) { c.Prompt = "LOGIN" },
		"none and more": func(c *oidc.Config) { c.Prompt = "none login" },
		"negative":      func(c *oidc.Config) { c.MaxAge = -time.Second },
		"half a second": func(c *oidc.Config) { c.MaxAge = time.Second / 2 },
		"centuries":     func(c *oidc.Config) { c.MaxAge = 1 << 62 },
		"two in one":    func(c *oidc.Config) { c.ACRValues = []string{"a b"} },
		"empty acr":     func(c *oidc.Config) { c.ACRValues = []string{""} },
		"prompt twice": func(c *oidc.Config) {
			c.Prompt, c.AuthorizationParameters = "login", map[string]string{"prompt": "consent"}
		},
		"acr twice": func(c *oidc.Config) {
			c.ACRValues, c.AuthorizationParameters = []string{"a"}, map[string]string{"acr_values": "b"}
		},
	} {
		config := good
		change(&config)
		_, err := oidc.New(config)
		require.ErrorIs(t, err, oidc.InvalidConfig, name)
	}
}

func TestHints(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.AuthorizationParameters = map[string]string{"login_hint": "everybody", "ui_locales": "fr"}
	})
	query := func(location string) url.Values {
		u, err := url.Parse(location)
		require.NoError(t, err)
		return u.Query()
	}
	location, _ := p.beginWith(oidc.Hints{LoginHint: "jürgen&x=y@müller.example", DomainHint: "müller.example"[len("müller."):], UILocales: []string{"de-AT", "en"}})
	sent := query(location)
	require.Equal(t, []string{"jürgen&x=y@müller.example"}, sent["login_hint"])
	require.Equal(t, []string{"example"}, sent["domain_hint"])
	require.Equal(t, []string{"de-AT en"}, sent["ui_locales"])
	require.NotContains(t, sent, "x")

	next, pending, err := p.rp.BeginHint(context.Background(), callbackURL, state, "bob@example.com")
	require.NoError(t, err)
	sent = query(locationOf(t, next))
	require.Equal(t, []string{"bob@example.com"}, sent["login_hint"])
	require.Equal(t, []string{"fr"}, sent["ui_locales"])
	require.NotContains(t, string(pending), "bob", "a hint is no part of what is judged")
	location, _ = p.begin(state)
	require.Equal(t, []string{"everybody"}, query(location)["login_hint"], "one sign-in's hint does not stay")

	for _, unusable := range []string{strings.Repeat("x", 321), "a\r\nb", "\xff"} {
		next, _, err = p.rp.BeginHint(context.Background(), callbackURL, state, unusable)
		require.NoError(t, err, "what somebody typed does not keep them from signing in")
		require.Equal(t, []string{"everybody"}, query(locationOf(t, next))["login_hint"])
	}

	for name, hints := range map[string]oidc.Hints{
		"long":         {LoginHint: strings.Repeat("x", 321)},
		"control":      {LoginHint: "a\r\nb"},
		"not UTF-8":    {LoginHint: "\xff"},
		"domain":       {DomainHint: "a b"},
		"long domain":  {DomainHint: strings.Repeat("x", 256)},
		"locale":       {UILocales: []string{"de AT"}},
		"empty locale": {UILocales: []string{""}},
		"many locales": {UILocales: make([]string, 11)},
	} {
		_, _, err := p.rp.BeginWith(context.Background(), callbackURL, state, hints)
		require.ErrorIs(t, err, oidc.InvalidRequest, name)
	}
}

func TestCheckClaims(t *testing.T) {
	tooYoung := errors.New("canary is too young")
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.CheckClaims = func(claims map[string]any) error {
			if claims["ver"] != "2.0" {
				return errors.New("ver is not 2.0")
			}
			return nil
		}
	})
	p.idp.SetHooks(mutate(func(c map[string]any) { c["ver"] = "2.0" }))
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	p.idp.SetHooks(federationtest.Hooks{})
	_, _, err = p.signIn("alice")
	p.refused(err, oidc.InvalidToken, "ver is not 2.0")
	token, err := p.idp.IDToken(clientID, "alice")
	require.NoError(t, err)
	_, err = p.rp.VerifyLogin(context.Background(), token)
	p.refused(err, oidc.InvalidToken, "ver is not 2.0")

	p = newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.CheckClaims = func(map[string]any) error { return tooYoung }
	})
	_, _, err = p.signIn("alice")
	require.ErrorIs(t, err, tooYoung, "the application finds its own error again")
	require.ErrorIs(t, err, oidc.InvalidToken)

	// It is asked about tokens that pass everything else, and cannot make up for what is wrong.
	p = newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.CheckClaims = func(map[string]any) error { t.Error("asked"); return nil }
	})
	p.idp.SetHooks(mutate(func(c map[string]any) { c["azp"] = "other" }))
	_, _, err = p.signIn("alice")
	p.refused(err, oidc.InvalidToken, "azp")
}
