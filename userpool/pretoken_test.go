package userpool_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// newTokenKit is a pool with a user, whose hook returns what result points to.
func newTokenKit(t testing.TB, result *userpool.PreTokenGenerationResult) *kit {
	t.Helper()
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PreTokenGeneration = func(context.Context, userpool.PreTokenGenerationEvent) (userpool.PreTokenGenerationResult, error) {
			return *result, nil
		}
	})
	k.user("ada@example.com")
	return k
}

// All values that JSON has arrive as they are, in the token that they are for.
func TestPreTokenGeneration_Values(t *testing.T) {
	type level int
	type name string
	result := &userpool.PreTokenGenerationResult{}
	k := newTokenKit(t, result)
	number := 7
	result.AccessTokenClaims = map[string]any{
		"text": `<"x">`, "bool": true, "null": nil, "int": -3, "uint": uint8(200), "float": 0.5, "float32": float32(0.1), "level": level(2),
		"number": json.Number("12345678901234567890"), "pointer": &number, "list": []any{1, "a", nil, []string{"b"}}, "array": [2]bool{true, false},
		"map": map[name]any{"inner": map[string]int{"n": 1}}, "empty list": []string(nil), "empty map": map[string]string(nil), "dev": "dev",
		"custom:tenant": "t-1", `x":0,"admin`: true,
	}
	result.IDTokenClaims = map[string]any{"email": "alias@example.com", "department": "mathematics"}
	result.IDTokenSuppress, result.AccessTokenSuppress = []string{"email_verified", "department", "dev:custom:x"}, []string{"not there"}
	tokens := k.tokens("ada@example.com")
	access := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)
	for claim, want := range map[string]any{
		"text": `<"x">`, "bool": true, "null": nil, "int": json.Number("-3"), "uint": json.Number("200"), "float": json.Number("0.5"),
		"float32": json.Number("0.1"), "level": json.Number("2"), "number": json.Number("12345678901234567890"), "pointer": json.Number("7"),
		"list": []any{json.Number("1"), "a", nil, []any{"b"}}, "array": []any{true, false},
		"map": map[string]any{"inner": map[string]any{"n": json.Number("1")}}, "empty list": []any{}, "empty map": map[string]any{},
		"custom:tenant": "t-1", `x":0,"admin`: true,
	} {
		require.Contains(t, access, claim)
		require.Equal(t, want, access[claim], claim)
	}
	require.NotContains(t, access, "department")
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	require.Equal(t, "alias@example.com", id["email"])
	require.NotContains(t, id, "email_verified")
	require.NotContains(t, id, "department", "what is added and suppressed is suppressed")
	require.NotContains(t, id, "text")
}

// What is no JSON, or too much of it, fails the operation and nothing else: no panic, no token, no endless loop.
func TestJ26_U32_ClaimValues(t *testing.T) {
	result := &userpool.PreTokenGenerationResult{}
	k := newTokenKit(t, result)
	cycle := map[string]any{}
	cycle["again"] = cycle
	var list []any
	list = append(list, nil)
	list[0] = list
	bomb := any("x")
	for range 40 {
		bomb = []any{bomb, bomb}
	}
	deep := any("x")
	for range 11 {
		deep = map[string]any{"a": deep}
	}
	var pointer *any
	self := any(&pointer)
	pointer = &self
	for name, value := range map[string]any{
		"NaN": math.NaN(), "infinity": math.Inf(-1), "channel": make(chan int), "function": func() {}, "complex": 1i, "struct": struct{ A int }{1},
		"time": time.Unix(0, 0), "bytes": []byte("x"), "raw": json.RawMessage(`{"a":1}`), "keys that are numbers": map[int]string{1: "a"},
		"keys of any kind": map[any]any{"a": 1}, "cyclic map": cycle, "cyclic list": list, "cyclic pointer": pointer, "bomb": bomb, "deep": deep,
		"no UTF-8": "\xff", "no UTF-8 inside": []any{map[string]any{"a": "\xff"}}, "no UTF-8 in a name": map[string]any{"\xff": 1}, "NUL": "a\x00b",
		"NUL in a name": map[string]any{"a\x00": 1}, "empty name": map[string]any{"": 1}, "a name for prototypes": map[string]any{"__proto__": 1},
		"huge": strings.Repeat("x", 16<<10), "huge list": make([]any, 1<<20), "huge name": map[string]any{strings.Repeat("x", 257): 1},
		"no number": json.Number("1e"), "a word for a number": json.Number("true"), "two numbers": json.Number("1,2"), "no number at all": json.Number(""),
		"a number too long": json.Number(strings.Repeat("1", 101)),
	} {
		for _, *result = range []userpool.PreTokenGenerationResult{
			{AccessTokenClaims: map[string]any{"x": value}}, {IDTokenClaims: map[string]any{"x": value}},
		} {
			_, err := k.signIn("ada@example.com", password)
			require.ErrorIs(t, err, userpool.UserHookFailed, name)
		}
	}
	for _, claim := range []string{"", "\xff", "a\x00", "a\nb", "__proto__", strings.Repeat("x", 257)} {
		*result = userpool.PreTokenGenerationResult{IDTokenClaims: map[string]any{claim: "x"}}
		_, err := k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.UserHookFailed, "%q", claim)
	}
	half := strings.Repeat("x", 9<<10)
	*result = userpool.PreTokenGenerationResult{AccessTokenClaims: map[string]any{"x": half}, IDTokenClaims: map[string]any{"x": half}}
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.UserHookFailed, "the bound is for both")
	*result = userpool.PreTokenGenerationResult{AccessTokenClaims: map[string]any{"x": strings.Repeat("x", 15<<10)}}
	_, err = k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.UserHookFailed, "and a token that nobody would read is none")
	*result = userpool.PreTokenGenerationResult{AccessTokenClaims: map[string]any{"x": strings.Repeat("x", 7<<10)}}
	k.tokens("ada@example.com")
}

// Each name is once in what is signed, whatever replaces what.
func TestJ26_OneMemberPerName(t *testing.T) {
	result := &userpool.PreTokenGenerationResult{IDTokenClaims: map[string]any{
		"email": "alias@example.com", "Email": "x", "\u0065mail2": "y", "name": map[string]any{"sub": "not the sub", "iss": 1},
	}}
	k := newTokenKit(t, result)
	payload := string(decode(t, strings.Split(k.tokens("ada@example.com").IDToken, ".")[1]))
	for _, member := range []string{`"email":`, `"Email":`, `"email2":`, `"aud":`} {
		require.Equal(t, 1, strings.Count(payload, member), member)
	}
	require.Equal(t, 2, strings.Count(payload, `"sub":`), "the other is inside a claim")
}

// The claims by which a token is known are the pool's. Those for developers can be left out, and not put in.
func TestPreTokenGeneration_FixedClaims(t *testing.T) {
	result := &userpool.PreTokenGenerationResult{}
	k := newTokenKit(t, result)
	fixed := strings.Fields(`acr amr at_hash aud auth_time azp client_id device_key event_id exp iat identities iss jti nbf nonce origin_jti scope
		sub token_use username version cognito:groups cognito:roles cognito:preferred_role cognito:username cognito:anything`)
	for _, name := range fixed {
		for _, *result = range []userpool.PreTokenGenerationResult{
			{AccessTokenClaims: map[string]any{name: nil}}, {IDTokenClaims: map[string]any{name: "x"}},
			{AccessTokenSuppress: []string{name}}, {IDTokenSuppress: []string{name}},
		} {
			_, err := k.signIn("ada@example.com", password)
			require.ErrorIs(t, err, userpool.UserHookFailed, name)
		}
	}
	*result = userpool.PreTokenGenerationResult{IDTokenClaims: map[string]any{"dev:custom:x": "x"}}
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.UserHookFailed)
}

// A hook adds the application's scopes, and takes any; it does not give what the person did not grant.
func TestPreTokenGeneration_Scopes(t *testing.T) {
	result := &userpool.PreTokenGenerationResult{ScopesToAdd: []string{"https://api.example/read", "files/write", "files/write"}}
	k := newTokenKit(t, result)
	tokens := k.tokens("ada@example.com")
	require.Equal(t, []string{userpool.ScopeUserAdmin, "https://api.example/read", "files/write"}, tokens.Scopes)
	require.Equal(t, "aws.cognito.signin.user.admin https://api.example/read files/write", k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["scope"])
	_, err := k.GetUser(t.Context(), tokens.AccessToken)
	require.NoError(t, err)

	result.ScopesToSuppress = []string{userpool.ScopeUserAdmin, "files/write", "not there"}
	tokens, err = k.refresh(tokens.RefreshToken)
	require.NoError(t, err)
	require.Equal(t, []string{"https://api.example/read"}, tokens.Scopes)
	_, err = k.GetUser(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, userpool.InsufficientScope)
	*result = userpool.PreTokenGenerationResult{ScopesToAdd: []string{userpool.ScopeUserAdmin}}
	tokens, err = k.refresh(tokens.RefreshToken)
	require.NoError(t, err, "a refresh begins anew with what was granted: adding that is nothing")
	require.Equal(t, []string{userpool.ScopeUserAdmin}, tokens.Scopes)
	*result = userpool.PreTokenGenerationResult{ScopesToSuppress: []string{userpool.ScopeUserAdmin}}
	tokens, err = k.refresh(tokens.RefreshToken)
	require.NoError(t, err)
	require.Empty(t, k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["scope"])

	*result = userpool.PreTokenGenerationResult{}
	browser := k.browser("ada@example.com")
	for _, scope := range []string{"", " ", "a b", `a"b`, `a\b`, "ä", "a\x00", strings.Repeat("x", 257), userpool.ScopeUserAdmin, "AWS.cognito.x", "phone"} {
		*result = userpool.PreTokenGenerationResult{ScopesToAdd: []string{scope}}
		code, _ := k.code(t, backend.ID, browser, nil)
		_, err := k.RedeemAuthorizationCode(t.Context(), userpool.RedeemAuthorizationCodeInput{
			ClientID: backend.ID, ClientSecret: backendSecret, Code: code, RedirectURI: backend.CallbackURLs[0], CodeVerifier: verifier,
		})
		require.ErrorIs(t, err, userpool.UserHookFailed, scope)
	}
	*result = userpool.PreTokenGenerationResult{ScopesToAdd: make([]string, 101)}
	_, err = k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.UserHookFailed)

	*result = userpool.PreTokenGenerationResult{ScopesToSuppress: []string{userpool.ScopeOpenID}}
	tokens = k.redeem(t, backend.ID, backendSecret, browser, nil)
	require.NotEmpty(t, tokens.IDToken, "who was granted openid gets the ID token, and no more than that")
	_, err = k.UserInfo(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, userpool.InsufficientScope)
}

// Groups and roles of a hook are in both tokens, and in those of a refresh only if the hook says so again.
func TestPreTokenGeneration_Groups(t *testing.T) {
	ctx := t.Context()
	result := &userpool.PreTokenGenerationResult{}
	k := newTokenKit(t, result)
	require.NoError(t, k.CreateGroup(ctx, group("staff", "role/staff", 1)))
	require.NoError(t, k.AdminAddUserToGroup(ctx, "ada@example.com", "staff"))
	tokens := k.tokens("ada@example.com")
	expect := func(groups, roles, preferred any) {
		t.Helper()
		access, id := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken), k.claimsOf(k.VerifyIDToken, tokens.IDToken)
		for claim, want := range map[string]any{"cognito:groups": groups, "cognito:roles": roles, "cognito:preferred_role": preferred} {
			require.Equal(t, want, id[claim], claim)
			if want == nil {
				require.NotContains(t, id, claim)
				require.NotContains(t, access, claim)
			}
		}
		require.Equal(t, groups, access["cognito:groups"])
	}
	expect([]any{"staff"}, []any{"role/staff"}, "role/staff")
	override := &userpool.GroupConfiguration{GroupsToOverride: []string{"night", "admins"}, IAMRolesToOverride: []string{"role/a", "role/b"}, PreferredRole: "role/b"}
	var err error
	for _, step := range []struct {
		override                 *userpool.GroupConfiguration
		groups, roles, preferred any
	}{
		{override, []any{"night", "admins"}, []any{"role/a", "role/b"}, "role/b"},
		{&userpool.GroupConfiguration{GroupsToOverride: []string{"night"}}, []any{"night"}, nil, nil},
		{&userpool.GroupConfiguration{}, nil, nil, nil},
		{nil, []any{"staff"}, []any{"role/staff"}, "role/staff"},
	} {
		result.GroupOverrideDetails = step.override
		tokens, err = k.refresh(tokens.RefreshToken)
		require.NoError(t, err)
		expect(step.groups, step.roles, step.preferred)
	}
	for name, bad := range map[string]userpool.GroupConfiguration{
		"a name with a space": {GroupsToOverride: []string{"a b"}}, "no name": {GroupsToOverride: []string{""}},
		"a role that is no text": {IAMRolesToOverride: []string{"\xff"}}, "no role": {IAMRolesToOverride: []string{""}},
		"another preferred role": {IAMRolesToOverride: []string{"role/a"}, PreferredRole: "role/b"},
		"many groups":            {GroupsToOverride: make([]string, 101)}, "many roles": {IAMRolesToOverride: make([]string, 101)},
	} {
		result.GroupOverrideDetails = &bad
		_, err := k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.UserHookFailed, name)
	}
}

// A hook that fails issues nothing, and a refresh token is as good as before.
func TestJ32_TokenHookFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Pointer[func()]
		k := newKit(t, func(c *userpool.Config) {
			c.Hooks.PreTokenGeneration = func(context.Context, userpool.PreTokenGenerationEvent) (userpool.PreTokenGenerationResult, error) {
				if f := broken.Load(); f != nil {
					(*f)()
				}
				return userpool.PreTokenGenerationResult{}, nil
			}
		})
		k.user("ada@example.com")
		tokens := k.tokens("ada@example.com")
		var nobody map[string]any
		for want, f := range map[string]func(){
			"panic: oops": func() { panic("oops") }, "nil map": func() { nobody["a"] = 1 }, "did not return": func() { time.Sleep(10 * time.Second) },
		} {
			broken.Store(&f)
			_, err := k.signIn("ada@example.com", password)
			require.ErrorIs(t, err, userpool.UserHookFailed)
			refreshed, err := k.refresh(tokens.RefreshToken)
			require.ErrorIs(t, err, userpool.UserHookFailed)
			require.Nil(t, refreshed)
			require.Contains(t, k.log.String(), want)
			require.Contains(t, k.log.String(), "hook=PreTokenGeneration")
		}
		broken.Store(nil)
		_, err := k.refresh(tokens.RefreshToken)
		require.NoError(t, err)
		time.Sleep(time.Minute)
	})
}

// What the hook does with the event changes no token.
func TestPreTokenGeneration_EventIsCopy(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PreTokenGeneration = func(_ context.Context, e userpool.PreTokenGenerationEvent) (userpool.PreTokenGenerationResult, error) {
			e.Attributes["email"], e.Scopes[0], e.GroupConfiguration.GroupsToOverride[0] = "other@example.com", "root", "admins"
			return userpool.PreTokenGenerationResult{}, nil
		}
	})
	k.user("ada@example.com")
	require.NoError(t, k.CreateGroup(t.Context(), group("staff", "", 1)))
	require.NoError(t, k.AdminAddUserToGroup(t.Context(), "ada@example.com", "staff"))
	tokens := k.tokens("ada@example.com")
	require.Equal(t, []string{userpool.ScopeUserAdmin}, tokens.Scopes)
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	require.Equal(t, "ada@example.com", id["email"])
	require.Equal(t, []any{"staff"}, id["cognito:groups"])
}
