package userpool_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func (k *kit) list(accessToken string) []userpool.SessionInfo {
	k.t.Helper()
	sessions, err := k.ListSessions(context.Background(), userpool.ListSessionsInput{AccessToken: accessToken})
	require.NoError(k.t, err)
	return sessions
}

// A user sees where they are signed in, and ends one sign-in or all but the present one. On each store.
func TestListSessions_Walk(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, nil)
		other := k.again(nil)
		sub := k.user("ada@example.com")
		k.user("eve@example.com")
		start := k.clock.Now().UTC().Truncate(time.Microsecond)
		out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: password,
			UserContext: userpool.UserContextData{IPAddress: netip.MustParseAddr("192.0.2.7"), UserAgent: "Phone\n/1.0"},
		})
		require.NoError(t, err)
		k.clock.Advance(time.Minute)
		browser := k.browser("ada@example.com")
		k.clock.Advance(time.Minute)
		derived := k.redeem(t, "webapp", "", browser, nil)
		k.clock.Advance(time.Minute)
		renewed, err := k.refresh(out.Tokens.RefreshToken)
		require.NoError(t, err)

		sessions := other.list(renewed.AccessToken)
		require.Len(t, sessions, 3)
		fromPhone := sessions[2]
		id := fromPhone.ID
		fromPhone.ID = ""
		require.Equal(t, userpool.SessionInfo{
			Kind: userpool.SessionTokens, ClientID: "webapp", ClientName: "webapp", AMR: []string{"pwd"}, IPAddress: "192.0.2.7", UserAgent: "Phone/1.0",
			AuthTime: start, Created: start, LastUsed: start.Add(3 * time.Minute), Expires: start.Add(30 * 24 * time.Hour), Current: true,
		}, fromPhone)
		require.Equal(t, userpool.SessionBrowser, sessions[1].Kind)
		require.False(t, sessions[1].Current)
		require.Equal(t, userpool.SessionOAuth, sessions[0].Kind)
		require.Equal(t, sessions[1].ID, sessions[0].Parent)
		fromDerived := k.list(derived.AccessToken)
		require.Equal(t, []bool{true, true, false}, []bool{fromDerived[0].Current, fromDerived[1].Current, fromDerived[2].Current})
		byAdmin, err := other.AdminListUserSessions(ctx, "ada@example.com")
		require.NoError(t, err)
		require.Len(t, byAdmin, 3)
		require.False(t, byAdmin[2].Current)

		end := userpool.EndSessionInput{AccessToken: k.tokens("eve@example.com").AccessToken, SessionID: id}
		require.ErrorIs(t, k.EndSession(ctx, end), userpool.ResourceNotFound, "of another user")
		end = userpool.EndSessionInput{AccessToken: renewed.AccessToken, SessionID: sessions[1].ID}
		require.NoError(t, other.EndSession(ctx, end))
		require.ErrorIs(t, k.EndSession(ctx, end), userpool.ResourceNotFound)
		k.dead(derived, browser, "with what was derived from it")
		require.Len(t, k.list(renewed.AccessToken), 1)

		browser = k.browser("ada@example.com")
		inBrowser, err := k.ListSessions(ctx, userpool.ListSessionsInput{AccessToken: browser})
		require.NoError(t, err)
		require.Len(t, inBrowser, 2)
		require.True(t, inBrowser[0].Current)
		require.NoError(t, k.AdminEndUserSession(ctx, sub, id))
		_, err = k.refresh(renewed.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.ErrorIs(t, k.AdminEndUserSession(ctx, sub, "x"), userpool.ResourceNotFound)
		require.ErrorIs(t, k.AdminEndUserSession(ctx, "nobody@example.com", id), userpool.UserNotFound)
		_, err = k.AdminListUserSessions(ctx, "nobody@example.com")
		require.ErrorIs(t, err, userpool.UserNotFound)

		require.NoError(t, k.AdminDisableUser(ctx, sub))
		byAdmin, err = k.AdminListUserSessions(ctx, sub)
		require.NoError(t, err)
		require.Empty(t, byAdmin)
		_, err = k.ListSessions(ctx, userpool.ListSessionsInput{AccessToken: browser})
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// What has expired is not listed, nor what an earlier sign-out ended and nobody deleted.
func TestListSessions_LiveOnly(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, func(c *userpool.Config) { c.Settings.Clients[0].RefreshTokenValidity = time.Hour })
	sub := k.user("ada@example.com")
	k.tokens("ada@example.com")
	k.clock.Advance(time.Hour)
	require.Len(t, k.list(k.tokens("ada@example.com").AccessToken), 1)
	u, err := k.config.Store.User(ctx, "default", sub)
	require.NoError(t, err)
	u.Epoch++
	require.NoError(t, k.config.Store.UpdateUser(ctx, "default", u))
	require.Len(t, k.list(k.tokens("ada@example.com").AccessToken), 1)
}

// Everywhere but here: also a sign-in that is on its way ends, and a code that was not redeemed.
func TestEndOtherSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		here, there, browser := k.tokens("ada@example.com"), k.tokens("ada@example.com"), k.browser("ada@example.com")
		code, redirect := k.code(t, "webapp", browser, nil)
		require.NoError(t, k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: here.AccessToken}))
		k.dead(there, browser, "elsewhere")
		_, err := k.RedeemAuthorizationCode(ctx, userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, RedirectURI: redirect, CodeVerifier: verifier})
		require.ErrorIs(t, err, userpool.InvalidGrant)
		require.Len(t, k.list(here.AccessToken), 1)
		next, err := k.refresh(here.RefreshToken)
		require.NoError(t, err)
		require.NoError(t, k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: next.AccessToken}))
		require.NoError(t, errOf(k.refresh(next.RefreshToken)))
		k.tokens("ada@example.com")
		require.ErrorIs(t, k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{}), userpool.NotAuthorized)
	})
}

// Of two people who sign each other out at once, exactly one stays.
func TestEndOtherSessions_Parallel(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	for range 20 {
		var tokens [8]*userpool.Tokens
		for i := range tokens {
			tokens[i] = k.tokens("ada@example.com")
		}
		won := parallel(len(tokens), func(i int) error {
			return k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: tokens[i].AccessToken})
		})
		alive := 0
		for i := range tokens {
			if _, err := k.refresh(tokens[i].RefreshToken); err == nil {
				alive++
			}
		}
		require.Equal(t, 1, won)
		require.Equal(t, 1, alive)
	}
}

// The oldest sign-in gives way to the newest, whatever is derived from a browser session.
func TestMaxSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, func(c *userpool.Config) { c.Settings.MaxSessions = 2; c.MaxConcurrentHashes = 8 })
		k.user("ada@example.com")
		k.user("bob@example.com")
		bob := k.tokens("bob@example.com")
		first := k.tokens("ada@example.com")
		k.clock.Advance(time.Second)
		browser := k.browser("ada@example.com")
		for range 3 {
			k.redeem(t, "webapp", "", browser, nil)
		}
		require.NoError(t, errOf(k.GetUser(ctx, first.AccessToken)))
		k.clock.Advance(time.Second)
		last := k.tokens("ada@example.com")
		require.ErrorIs(t, errOf(k.GetUser(ctx, first.AccessToken)), userpool.NotAuthorized)
		require.NoError(t, errOf(k.BrowserSession(ctx, browser)))
		k.clock.Advance(time.Second)
		again := k.browser("ada@example.com")
		require.ErrorIs(t, errOf(k.BrowserSession(ctx, browser)), userpool.NotAuthorized)
		require.NoError(t, errOf(k.GetUser(ctx, last.AccessToken)))
		require.NoError(t, errOf(k.BrowserSession(ctx, again)))
		require.NoError(t, errOf(k.GetUser(ctx, bob.AccessToken)))

		require.Positive(t, parallel(20, func(int) error { return errOf(k.signIn("bob@example.com", password)) }))
		sessions, err := k.AdminListUserSessions(ctx, "bob@example.com")
		require.NoError(t, err)
		require.Len(t, sessions, 2)
	})
	c := newKit(t, nil).config
	c.Settings.MaxSessions = -1
	_, err := userpool.New(c)
	require.ErrorContains(t, err, "MaxSessions is -1")
}

// A session that nobody uses ends; use is stored every few minutes at most.
func TestBrowserSessionIdle(t *testing.T) {
	ctx := t.Context()
	store := &updatesStore{Store: newKit(t, nil).config.Store}
	k := newKitOn(t, store, func(c *userpool.Config) { c.Settings.BrowserSessionIdle = 20 * time.Minute })
	k.user("ada@example.com")
	browser := k.browser("ada@example.com")
	start := k.clock.Now().UTC()
	for range 60 {
		k.clock.Advance(time.Minute)
		require.NoError(t, errOf(k.BrowserSession(ctx, browser)))
		require.NoError(t, errOf(k.BrowserSession(ctx, browser)))
	}
	require.Equal(t, 30, store.updates)
	sessions, err := k.ListSessions(ctx, userpool.ListSessionsInput{AccessToken: browser})
	require.NoError(t, err)
	require.Equal(t, start.Add(time.Hour), sessions[0].LastUsed)
	require.Equal(t, start.Add(80*time.Minute), sessions[0].Expires)
	k.clock.Advance(20*time.Minute - time.Second)
	require.NoError(t, errOf(k.BrowserSession(ctx, browser)))
	tokens := k.redeem(t, "webapp", "", browser, nil)
	k.clock.Advance(20 * time.Minute)
	require.ErrorIs(t, errOf(k.BrowserSession(ctx, browser)), userpool.NotAuthorized)
	list, err := k.AdminListUserSessions(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Len(t, list, 1, "the tokens have a life of their own")
	require.NoError(t, errOf(k.refresh(tokens.RefreshToken)))

	always := newKit(t, nil)
	always.user("ada@example.com")
	browser = always.browser("ada@example.com")
	always.clock.Advance(12*time.Hour - time.Second)
	require.NoError(t, errOf(always.BrowserSession(ctx, browser)))
}

type updatesStore struct {
	userpool.Store
	updates int
}

func (s *updatesStore) UpdateSession(ctx context.Context, pool string, x userpool.Session) error {
	s.updates++
	return s.Store.UpdateSession(ctx, pool, x)
}

// Signing in again gives the cookie a new secret also if the session is noted to be in use at that very moment.
func TestO25_ReplacedWhileInUse(t *testing.T) {
	ctx := t.Context()
	for range 20 {
		k := newKit(t, nil)
		k.user("ada@example.com")
		browser := k.browser("ada@example.com")
		k.clock.Advance(time.Hour)
		var replaced string
		parallel(8, func(i int) error {
			if i > 0 {
				return errOf(k.BrowserSession(ctx, browser))
			}
			out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
				AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: password, Result: userpool.ResultBrowserSession, Replaces: browser,
			})
			if err == nil {
				replaced = out.BrowserSession
			}
			return err
		})
		require.ErrorIs(t, errOf(k.BrowserSession(ctx, browser)), userpool.NotAuthorized)
		require.NoError(t, errOf(k.BrowserSession(ctx, replaced)))
	}
}

// A family of refresh tokens that nobody uses ends, well before its last day.
func TestRefreshTokenIdle(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.Settings.Clients[0].RefreshTokenIdle = time.Hour })
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	var err error
	for range 5 {
		k.clock.Advance(time.Hour - time.Second)
		tokens, err = k.refresh(tokens.RefreshToken)
		require.NoError(t, err)
	}
	k.clock.Advance(time.Hour)
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	sessions, err := k.AdminListUserSessions(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.Empty(t, sessions)
}

// Without rotation a refresh token is used again and again, until it expires, is revoked, or its session ends.
func TestDisableRefreshTokenRotation(t *testing.T) {
	ctx := t.Context()
	store := &updatesStore{Store: newKit(t, nil).config.Store}
	steady := func(c *userpool.Config) {
		c.Settings.Clients[0].DisableRefreshTokenRotation = true
		c.Settings.Clients[0].RefreshTokenValidity = 24 * time.Hour
		c.Settings.Clients[0].AuthFlows = append(c.Settings.Clients[0].AuthFlows, userpool.RefreshTokenAuth)
	}
	k := newKitOn(t, store, steady)
	k.user("ada@example.com")
	first := k.tokens("ada@example.com")
	require.Equal(t, 50, parallel(50, func(int) error {
		next, err := k.refresh(first.RefreshToken)
		if err == nil {
			require.Empty(t, next.RefreshToken)
		}
		return err
	}))
	require.Zero(t, store.updates)
	for range 20 {
		k.clock.Advance(time.Hour)
		require.NoError(t, errOf(k.refresh(first.RefreshToken)))
	}
	require.Equal(t, 20, store.updates)
	busy := newKit(t, steady)
	busy.user("ada@example.com")
	tokens := busy.tokens("ada@example.com")
	busy.clock.Advance(time.Hour)
	require.Equal(t, 50, parallel(50, func(int) error { return errOf(busy.refresh(tokens.RefreshToken)) }))
	sessions, err := k.AdminListUserSessions(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, k.clock.Now().UTC(), sessions[0].LastUsed)
	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.RefreshTokenAuth, ClientID: "webapp", RefreshToken: first.RefreshToken})
	require.NoError(t, err)
	require.Empty(t, out.Tokens.RefreshToken)

	rotating := k.again(func(c *userpool.Config) {
		c.Settings.Clients = append([]userpool.Client{}, c.Settings.Clients...)
		c.Settings.Clients[0].DisableRefreshTokenRotation = false
	})
	next, err := rotating.refresh(first.RefreshToken)
	require.NoError(t, err, "rotation was switched on")
	out, err = rotating.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.RefreshTokenAuth, ClientID: "webapp", RefreshToken: next.RefreshToken})
	require.NoError(t, err)
	require.NotEmpty(t, out.Tokens.RefreshToken, "REFRESH_TOKEN_AUTH rotates too")
	_, err = k.refresh(out.Tokens.RefreshToken)
	require.NoError(t, err, "and off again")
	k.clock.Advance(time.Minute)
	_, err = k.refresh(first.RefreshToken)
	require.ErrorIs(t, err, userpool.RefreshTokenReuse)
	_, err = k.refresh(out.Tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)

	for name, end := range map[string]func(*userpool.Tokens) error{
		"expiry": func(*userpool.Tokens) error { k.clock.Advance(24 * time.Hour); return nil },
		"revocation": func(tokens *userpool.Tokens) error {
			return k.RevokeToken(ctx, userpool.RevokeTokenInput{Token: tokens.RefreshToken, ClientID: "webapp"})
		},
		"sign-out": func(tokens *userpool.Tokens) error { return k.GlobalSignOut(ctx, tokens.AccessToken) },
	} {
		tokens := k.tokens("ada@example.com")
		require.NoError(t, errOf(k.refresh(tokens.RefreshToken)))
		require.NoError(t, end(tokens))
		require.ErrorIs(t, errOf(k.refresh(tokens.RefreshToken)), userpool.NotAuthorized, name)
	}
}
