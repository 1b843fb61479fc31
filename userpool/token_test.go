package userpool_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func group(name, role string, precedence int32) userpool.Group {
	return userpool.Group{Name: name, RoleARN: role, Precedence: &precedence}
}

// The claims are those of a Cognito user pool, by name and type.
func TestTokens_Claims(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	sub := k.user("ada@example.com")
	require.NoError(t, k.CreateGroup(ctx, group("admins", "arn:aws:iam::000000000000:role/admin", 1)))
	require.NoError(t, k.CreateGroup(ctx, group("staff", "arn:aws:iam::000000000000:role/staff", 2)))
	for _, g := range []string{"staff", "admins"} {
		require.NoError(t, k.AdminAddUserToGroup(ctx, "ada@example.com", g))
	}
	now := k.clock.Now()
	tokens := k.tokens("ada@example.com")
	require.Equal(t, "Bearer", tokens.TokenType)
	require.Equal(t, time.Hour, tokens.ExpiresIn)

	access := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	for _, name := range []string{"jti", "origin_jti", "event_id"} {
		require.NotEmpty(t, access[name], name)
	}
	require.Equal(t, access["origin_jti"], id["origin_jti"])
	require.Equal(t, access["event_id"], id["event_id"])
	require.NotEqual(t, access["jti"], id["jti"])
	require.Equal(t, map[string]any{
		"iss": issuer, "sub": sub, "username": sub, "client_id": "webapp", "token_use": "access", "scope": userpool.ScopeUserAdmin,
		"cognito:groups": []any{"admins", "staff"}, "auth_time": seconds(now), "iat": seconds(now), "exp": seconds(now.Add(time.Hour)),
		"jti": access["jti"], "origin_jti": access["origin_jti"], "event_id": access["event_id"],
		"acr": userpool.ACRSingleFactor, "amr": []any{"pwd"},
	}, access)
	require.Equal(t, map[string]any{
		"iss": issuer, "sub": sub, "cognito:username": sub, "aud": "webapp", "token_use": "id", "email": "ada@example.com", "email_verified": true,
		"cognito:groups": []any{"admins", "staff"}, "cognito:preferred_role": "arn:aws:iam::000000000000:role/admin",
		"cognito:roles": []any{"arn:aws:iam::000000000000:role/admin", "arn:aws:iam::000000000000:role/staff"},
		"auth_time":     seconds(now), "iat": seconds(now), "exp": seconds(now.Add(time.Hour)),
		"jti": id["jti"], "origin_jti": id["origin_jti"], "event_id": id["event_id"],
		"acr": userpool.ACRSingleFactor, "amr": []any{"pwd"},
	}, id)
}

// Of two groups with equal precedence and different roles, none is preferred.
func TestTokens_PreferredRoleTie(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	for name, g := range map[string]userpool.Group{"a": group("a", "role/a", 1), "b": group("b", "role/b", 1), "c": {Name: "c"}} {
		require.NoError(t, k.CreateGroup(ctx, g))
		require.NoError(t, k.AdminAddUserToGroup(ctx, "ada@example.com", name))
	}
	id := k.claimsOf(k.VerifyIDToken, k.tokens("ada@example.com").IDToken)
	require.NotContains(t, id, "cognito:preferred_role")
	require.Len(t, id["cognito:roles"], 2)
	require.NoError(t, k.AdminRemoveUserFromGroup(ctx, "ada@example.com", "b"))
	id = k.claimsOf(k.VerifyIDToken, k.tokens("ada@example.com").IDToken)
	require.Equal(t, "role/a", id["cognito:preferred_role"])
}

func TestGroups(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	require.ErrorIs(t, k.CreateGroup(ctx, userpool.Group{Name: ""}), userpool.InvalidParameter)
	require.ErrorIs(t, k.CreateGroup(ctx, userpool.Group{Name: "two words"}), userpool.InvalidParameter)
	require.ErrorIs(t, k.CreateGroup(ctx, group("a", "", -1)), userpool.InvalidParameter)
	require.NoError(t, k.CreateGroup(ctx, group("a", "", 1)))
	require.ErrorIs(t, k.CreateGroup(ctx, group("a", "", 1)), userpool.GroupExists)
	require.ErrorIs(t, k.AdminAddUserToGroup(ctx, "nobody@example.com", "a"), userpool.UserNotFound)
	require.ErrorIs(t, k.AdminAddUserToGroup(ctx, "ada@example.com", "b"), userpool.ResourceNotFound)
	require.ErrorIs(t, k.AdminRemoveUserFromGroup(ctx, "ada@example.com", "a"), userpool.ResourceNotFound)
	require.NoError(t, k.AdminAddUserToGroup(ctx, "ada@example.com", "a"))
	groups, err := k.AdminListGroupsForUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, k.clock.Now(), groups[0].Created)
	s, err := k.BrowserSession(ctx, k.browser("ada@example.com"))
	require.NoError(t, err)
	require.Equal(t, []any{"a"}, s.Claims()["cognito:groups"])
	require.NoError(t, k.DeleteGroup(ctx, "a"))
	require.ErrorIs(t, k.DeleteGroup(ctx, "a"), userpool.ResourceNotFound)
	groups, err = k.AdminListGroupsForUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Empty(t, groups)
}

// One kind of token is never another.
func TestJ18_TokenUse(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	for _, token := range []string{tokens.IDToken, tokens.RefreshToken, ""} {
		_, err := k.VerifyAccessToken(ctx, token)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	for _, token := range []string{tokens.AccessToken, tokens.RefreshToken, ""} {
		_, err := k.VerifyIDToken(ctx, token)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	for _, token := range []string{tokens.AccessToken, tokens.IDToken, k.browser("ada@example.com")} {
		_, err := k.refresh(token)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
}

// What the pool has signed is still neither kind of token without the right token_use, and a client of the pool that it was issued to.
func TestJ18_GenuineSignature(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	access, id := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken), k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	signed := func(claims map[string]any, name string, value any) string {
		changed := maps.Clone(claims)
		changed["exp"], changed["iat"], changed["auth_time"] = k.clock.Now().Add(time.Hour).Unix(), k.clock.Now().Unix(), k.clock.Now().Unix()
		changed[name] = value
		token, err := k.SignForTest(ctx, changed)
		require.NoError(t, err)
		return token
	}
	_, err := k.VerifyAccessToken(ctx, signed(access, "extra", "x"))
	require.NoError(t, err)
	_, err = k.VerifyIDToken(ctx, signed(id, "extra", "x"))
	require.NoError(t, err)
	for name, values := range map[string][]any{
		"token_use": {"id", "refresh", "Access", "", 1, nil}, "client_id": {"webapp2", "", []string{"webapp"}, nil},
		"sub": {"x", "", nil}, "origin_jti": {"x", "", nil}, "iss": {issuer + "/", issuer + "-10", nil},
	} {
		for _, value := range values {
			_, err := k.VerifyAccessToken(ctx, signed(access, name, value))
			require.ErrorIs(t, err, userpool.NotAuthorized, "%s %v", name, value)
		}
	}
	for name, values := range map[string][]any{
		"token_use": {"access", "ID", "", nil}, "aud": {"webapp2", "", []string{"webapp", "webapp2"}, nil}, "sub": {"x"}, "origin_jti": {"x"},
	} {
		for _, value := range values {
			_, err := k.VerifyIDToken(ctx, signed(id, name, value))
			require.ErrorIs(t, err, userpool.NotAuthorized, "%s %v", name, value)
		}
	}
}

// A token with any byte changed is refused, and says nothing of why.
func TestJ_TamperedToken(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	for i := range token {
		for _, c := range []byte{'A', 'B', '.', 0} {
			if token[i] == c {
				continue
			}
			bad := token[:i] + string(c) + token[i+1:]
			_, err := k.VerifyAccessToken(t.Context(), bad)
			require.ErrorIs(t, err, userpool.NotAuthorized, "byte %d", i)
			require.Equal(t, "The token is not valid, or no longer. Please sign in again.", err.(*userpool.Error).Message)
		}
	}
}

// Expiry, to the second, with the one tolerance for clocks.
func TestJ17_Expiry(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	k.clock.Advance(time.Hour + 29*time.Second)
	_, err := k.VerifyAccessToken(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	k.clock.Advance(time.Second)
	_, err = k.VerifyAccessToken(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	hint, err := k.VerifyIDTokenHint(t.Context(), tokens.IDToken)
	require.NoError(t, err, "as a hint, an ID token may have expired")
	require.Equal(t, "webapp", hint["aud"])
	_, err = k.VerifyIDTokenHint(t.Context(), tokens.IDToken+"x")
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// Tokens of another pool on the same host, even with a name that is longer by a digit, are strangers.
func TestJ29_OtherPool(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.ID, c.Issuer = "pool-1", issuer+"/pool-1" })
	other := k.again(func(c *userpool.Config) { c.ID, c.Issuer = "pool-10", issuer+"/pool-10" })
	k.user("ada@example.com")
	other.user("ada@example.com")
	_, err := other.VerifyAccessToken(t.Context(), k.tokens("ada@example.com").AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.VerifyAccessToken(t.Context(), other.tokens("ada@example.com").AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = other.refresh(k.tokens("ada@example.com").RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = other.BrowserSession(t.Context(), k.browser("ada@example.com"))
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// A new key is published before it signs; the old one verifies until its last token has expired, and then no more.
func TestJ27_Rotation(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Settings.Clients[0].AccessTokenValidity = 24 * time.Hour
			c.Settings.Clients[0].RefreshTokenValidity = 300 * 24 * time.Hour
		})
		other := k.again(nil) // another process
		ctx := t.Context()
		k.user("ada@example.com")
		first := k.tokens("ada@example.com")
		require.Equal(t, []string{kidOf(t, first.AccessToken)}, kids(t, k))

		require.Len(t, kids(t, other), 1)
		require.Equal(t, 10, parallel(10, func(i int) error {
			if i%2 == 0 {
				return other.RotateSigningKey(ctx)
			}
			return k.RotateSigningKey(ctx)
		}))
		published := len(kids(t, k))
		require.GreaterOrEqual(t, published, 2, "the new key is published at once")
		require.Equal(t, kidOf(t, first.AccessToken), kidOf(t, k.tokens("ada@example.com").AccessToken), "and does not sign yet")

		k.clock.Advance(15 * time.Minute)
		second := k.tokens("ada@example.com")
		require.NotEqual(t, kidOf(t, first.AccessToken), kidOf(t, second.AccessToken))
		for _, token := range []string{first.AccessToken, second.AccessToken} {
			_, err := other.VerifyAccessToken(ctx, token)
			require.NoError(t, err)
		}
		k.clock.Advance(24*time.Hour - 15*time.Minute)
		last, err := k.refresh(first.RefreshToken)
		require.NoError(t, err)
		require.Equal(t, kidOf(t, second.AccessToken), kidOf(t, last.AccessToken))
		k.clock.Advance(16 * time.Minute)
		require.NotContains(t, kids(t, k), kidOf(t, first.AccessToken))
		_, _, err = k.Key(ctx, kidOf(t, first.AccessToken))
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	var header struct{ Kid string }
	require.NoError(t, json.Unmarshal(decode(t, strings.Split(token, ".")[0]), &header))
	return header.Kid
}

func kids(t testing.TB, k *kit) []string {
	t.Helper()
	set, err := k.KeySet(t.Context())
	require.NoError(t, err)
	var keys struct{ Keys []map[string]any }
	require.NoError(t, json.Unmarshal(set, &keys))
	var out []string
	for _, key := range keys.Keys {
		require.NotContains(t, key, "d", "a private key was published")
		out = append(out, key["kid"].(string))
	}
	return out
}

// Every algorithm signs tokens that verify.
func TestSigningAlgorithms(t *testing.T) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		k := newKit(t, func(c *userpool.Config) { c.Settings.SigningAlgorithm = alg })
		k.user("ada@example.com")
		tokens := k.tokens("ada@example.com")
		k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)
		got, _, err := k.Key(t.Context(), kidOf(t, tokens.IDToken))
		require.NoError(t, err)
		require.Equal(t, alg, got)
	}
}

// With the access token of a client that has no such scope, a person's own operations are refused.
func TestInsufficientScope(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	tokens := k.redeem(t, backend.ID, backendSecret, k.browser("ada@example.com"), nil)
	_, err := k.GetUser(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, userpool.InsufficientScope)
	require.ErrorIs(t, k.DeleteUser(t.Context(), tokens.AccessToken), userpool.InsufficientScope)
	require.ErrorIs(t, k.GlobalSignOut(t.Context(), tokens.AccessToken), userpool.InsufficientScope)
	_, err = k.UserInfo(t.Context(), k.tokens("ada@example.com").AccessToken)
	require.ErrorIs(t, err, userpool.InsufficientScope)
}
