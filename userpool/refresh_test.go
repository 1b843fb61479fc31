package userpool_test

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func decode(t *testing.T, segment string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(segment)
	require.NoError(t, err)
	return b
}

// A refresh token is good for one use. What was copied and used again ends the family, on every process.
func TestO16_Reuse(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		other := k.again(nil)
		k.user("ada@example.com")
		first := k.tokens("ada@example.com")
		second, err := k.refresh(first.RefreshToken)
		require.NoError(t, err)
		require.NotEqual(t, first.RefreshToken, second.RefreshToken)
		third, err := other.refresh(second.RefreshToken)
		require.NoError(t, err)

		k.clock.Advance(10 * time.Second)
		_, err = other.refresh(first.RefreshToken)
		require.ErrorIs(t, err, userpool.RefreshTokenReuse)
		require.Contains(t, k.log.String(), "used again")
		for _, token := range []string{first.RefreshToken, second.RefreshToken, third.RefreshToken} {
			_, err = k.refresh(token)
			require.ErrorIs(t, err, userpool.NotAuthorized)
		}
		_, err = k.VerifyAccessToken(t.Context(), third.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// An answer that was lost can be asked for again for a moment; both answers are good, and the next use of one of them ends the moment.
func TestO16_Grace(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	first := k.tokens("ada@example.com")
	lost, err := k.refresh(first.RefreshToken)
	require.NoError(t, err)
	k.clock.Advance(9 * time.Second)
	got, err := k.refresh(first.RefreshToken)
	require.NoError(t, err)
	require.NotEqual(t, lost.RefreshToken, got.RefreshToken)
	for range 3 {
		_, err = k.refresh(first.RefreshToken)
		require.NoError(t, err)
	}
	next, err := k.refresh(got.RefreshToken)
	require.NoError(t, err)
	_, err = k.refresh(lost.RefreshToken)
	require.NoError(t, err, "a sibling within the moment")
	_, err = k.refresh(first.RefreshToken)
	require.ErrorIs(t, err, userpool.RefreshTokenReuse, "two generations ago")
	_, err = k.refresh(next.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// The grace period does not multiply a token without end.
func TestO16_GraceIsBounded(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	first := k.tokens("ada@example.com")
	worked := 0
	for range 20 {
		if _, err := k.refresh(first.RefreshToken); err == nil {
			worked++
		}
	}
	require.Equal(t, 5, worked)
}

// A clock that is behind the one that rotated the token makes no grace period where there is none, and no long one where there is.
func TestO16_U40_GraceOfOtherClock(t *testing.T) {
	for grace, want := range map[time.Duration]userpool.Code{-1: userpool.RefreshTokenReuse, 0: "", time.Second: userpool.RefreshTokenReuse} {
		k := newKit(t, func(c *userpool.Config) { c.Settings.Clients[0].RetryGracePeriod = grace })
		k.user("ada@example.com")
		first := k.tokens("ada@example.com")
		_, err := k.refresh(first.RefreshToken)
		require.NoError(t, err)
		behind := k.again(func(c *userpool.Config) { c.Now = func() time.Time { return k.clock.Now().Add(-5 * time.Second) } })
		_, err = behind.refresh(first.RefreshToken)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, want, "grace %v", grace)
	}
}

// Without a grace period, one of fifty at once wins, on every store.
func TestO16_Parallel(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) { c.Settings.Clients[0].RetryGracePeriod = -1 })
		k.user("ada@example.com")
		token := k.tokens("ada@example.com").RefreshToken
		require.Equal(t, 1, parallel(50, func(int) error {
			_, err := k.refresh(token)
			return err
		}))
	})
}

func TestO17_OtherClient(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	_, err := k.GetTokensFromRefreshToken(t.Context(), userpool.GetTokensFromRefreshTokenInput{
		RefreshToken: tokens.RefreshToken, ClientID: "backend", ClientSecret: backendSecret,
	})
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.ErrorIs(t, k.RevokeToken(t.Context(), userpool.RevokeTokenInput{
		Token: tokens.RefreshToken, ClientID: "backend", ClientSecret: backendSecret,
	}), userpool.Unauthorized)
	_, err = k.refresh(tokens.RefreshToken)
	require.NoError(t, err, "and neither did harm")
}

func TestO17_Revoke(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	tokens, others := k.tokens("ada@example.com"), k.tokens("ada@example.com")
	revoke := func(token string) error {
		return k.RevokeToken(ctx, userpool.RevokeTokenInput{Token: token, ClientID: "webapp"})
	}
	require.ErrorIs(t, revoke(tokens.AccessToken), userpool.UnsupportedTokenType)
	require.ErrorIs(t, revoke(tokens.IDToken), userpool.UnsupportedTokenType)
	for _, unknown := range []string{"", "x", "a.b.c", strings.Repeat("x", 1<<20), tokens.RefreshToken + "x", k.browser("ada@example.com")} {
		require.NoError(t, revoke(unknown))
	}
	k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)
	parts, foreign := strings.Split(tokens.RefreshToken, "."), strings.Split(others.RefreshToken, ".")
	require.NoError(t, revoke(parts[0]+".1."+foreign[2]+"."+foreign[3]))
	k.claimsOf(k.VerifyAccessToken, tokens.AccessToken) // the ID of a session stands in every token, and ends nothing
	require.NoError(t, revoke(tokens.RefreshToken))
	require.NoError(t, revoke(tokens.RefreshToken), "again")
	_, err := k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	for token, verify := range map[string]func(context.Context, string) (map[string]any, error){
		tokens.AccessToken: k.VerifyAccessToken, tokens.IDToken: k.VerifyIDToken,
	} {
		claims, err := verify(ctx, token)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.ErrorContains(t, err, "revoked")
		require.Nil(t, claims, "who forgets to look at the error must not have claims")
	}
	k.claimsOf(k.VerifyAccessToken, others.AccessToken)
	require.ErrorIs(t, k.RevokeToken(ctx, userpool.RevokeTokenInput{Token: others.RefreshToken, ClientID: "nobody"}), userpool.InvalidClient)
}

// What the middleware asks: is the session of these verified claims over?
func TestJ28_Revoked(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	claims := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)
	revoked, err := k.Revoked(ctx, claims)
	require.NoError(t, err)
	require.False(t, revoked)
	for name, bad := range map[string]map[string]any{
		"no origin_jti":      {"sub": claims["sub"]},
		"origin_jti no text": {"sub": claims["sub"], "origin_jti": 1},
		"other sub":          {"sub": "x", "origin_jti": claims["origin_jti"]},
		"unknown":            {"sub": claims["sub"], "origin_jti": "AAAAAAAAAAAAAAAAAAAAAA"},
		"browser session":    {"sub": claims["sub"], "origin_jti": strings.Split(k.browser("ada@example.com"), ".")[0]},
		"nothing":            nil,
	} {
		revoked, err := k.Revoked(ctx, bad)
		require.NoError(t, err)
		require.True(t, revoked, name)
	}
	require.NoError(t, k.AdminUserGlobalSignOut(ctx, "ada@example.com"))
	revoked, err = k.Revoked(ctx, claims)
	require.NoError(t, err)
	require.True(t, revoked)
	store := &failingStore{Store: k.config.Store}
	broken := k.again(func(c *userpool.Config) { c.Store = store })
	store.failAfter(0)
	_, err = broken.Revoked(ctx, claims)
	require.ErrorIs(t, err, userpool.ServiceUnavailable, "not knowing is not: no")
}

// However often it is renewed, a family ends when its first token would have.
func TestO18_AbsoluteLifetime(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.Settings.Clients[0].RefreshTokenValidity = 3 * time.Hour })
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	began := k.clock.Now()
	var err error
	for range 2 {
		k.clock.Advance(time.Hour)
		tokens, err = k.refresh(tokens.RefreshToken)
		require.NoError(t, err)
		id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
		require.Equal(t, seconds(began), id["auth_time"], "a renewal proves nobody's presence")
	}
	k.clock.Advance(time.Hour)
	renewed := tokens.AccessToken
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	k.clock.Advance(30 * time.Second) // the tolerance of clocks
	_, err = k.VerifyAccessToken(t.Context(), renewed)
	require.ErrorIs(t, err, userpool.NotAuthorized, "expired itself")
}

// What was issued just before the end of a family is good until it expires, unless the session is ended.
func TestO18_LastTokensOutliveTheFamily(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.Settings.Clients[0].RefreshTokenValidity = time.Hour })
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	k.clock.Advance(59 * time.Minute)
	tokens, err := k.refresh(tokens.RefreshToken)
	require.NoError(t, err)
	k.clock.Advance(30 * time.Minute)
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.GetUser(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	require.NoError(t, k.RevokeToken(t.Context(), userpool.RevokeTokenInput{Token: tokens.RefreshToken, ClientID: "webapp"}))
	_, err = k.GetUser(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// An opaque token with anything cut off, added or changed is a forgery: refused, without harm to the family.
func TestJ31_ForgedRefreshToken(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").RefreshToken
	other := strings.Split(k.tokens("ada@example.com").RefreshToken, ".")
	parts := strings.Split(token, ".")
	bad := []string{
		token + "x", token + "=", " " + token, token + "\n", strings.ToLower(token), strings.ToUpper(token),
		parts[0] + ".01." + parts[2] + "." + parts[3], parts[0] + ".+1." + parts[2] + "." + parts[3], parts[0] + ".-1." + parts[2] + "." + parts[3],
		parts[0] + "." + strconv.Itoa(1<<62) + "." + parts[2] + "." + parts[3], parts[0] + ".2." + parts[2] + "." + parts[3],
		parts[0] + ".0." + parts[2] + "." + parts[3],
		other[0] + ".1." + parts[2] + "." + parts[3], parts[0] + ".1." + other[2] + "." + other[3],
		strings.Repeat(".", 1000), strings.Repeat("x", 1<<20),
	}
	for i := 1; i <= 8; i++ {
		bad = append(bad, token[:len(token)-i])
	}
	for _, b := range bad {
		_, err := k.refresh(b)
		require.ErrorIs(t, err, userpool.NotAuthorized, "%.100q", b)
	}
	_, err := k.refresh(token)
	require.NoError(t, err)
}

// Who has copied an old token knows what all of its family share, and cannot make the newest of it, nor another of the last moment; he is
// found out.
func TestO16_TokenMadeOfAnOldOne(t *testing.T) {
	for name, forge := range map[string]func(first, second []string) []string{
		"the next":           func(first, _ []string) []string { return []string{first[0], "2", first[2], first[3]} },
		"one of this moment": func(first, second []string) []string { return []string{first[0], "1", first[2], second[3]} },
	} {
		k := newKit(t, nil)
		k.user("ada@example.com")
		first := k.tokens("ada@example.com")
		second, err := k.refresh(first.RefreshToken)
		require.NoError(t, err)
		forged := forge(strings.Split(first.RefreshToken, "."), strings.Split(second.RefreshToken, "."))
		_, err = k.refresh(strings.Join(forged, "."))
		require.ErrorIs(t, err, userpool.RefreshTokenReuse, name)
		_, err = k.refresh(second.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized, name)
	}
}

func TestRefresh_NarrowerScope(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	tokens := k.redeem(t, webApp.ID, "", k.browser("ada@example.com"), []string{"openid", "email"})
	renew := func(scopes ...string) (*userpool.Tokens, error) {
		out, err := k.GetTokensFromRefreshToken(t.Context(), userpool.GetTokensFromRefreshTokenInput{
			RefreshToken: tokens.RefreshToken, ClientID: "webapp", Scopes: scopes,
		})
		if err == nil {
			tokens = out
		}
		return out, err
	}
	_, err := renew("openid", "profile")
	require.ErrorIs(t, err, userpool.InvalidScope)
	got, err := renew("openid")
	require.NoError(t, err)
	require.NotContains(t, k.claimsOf(k.VerifyIDToken, got.IDToken), "email")
	got, err = renew()
	require.NoError(t, err)
	require.Contains(t, k.claimsOf(k.VerifyIDToken, got.IDToken), "email", "the grant itself is not narrowed")
}
