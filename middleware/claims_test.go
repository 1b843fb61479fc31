package middleware_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
)

func TestClaimsAccessors(t *testing.T) {
	claims := middleware.Claims{
		"sub": "s", "cognito:username": "id-name", "client_id": "c", "number": json.Number("7"), "flag": true,
		"auth_time": json.Number("1893553445"), "late": json.Number("1e300"), "text": "1893553445",
	}
	require.Equal(t, "s", claims.Subject())
	require.Equal(t, "id-name", claims.Username())
	require.Equal(t, "c", claims.ClientID())
	require.Equal(t, "s", claims.String("sub"))
	for _, name := range []string{"Sub", "number", "flag", "missing"} {
		require.Empty(t, claims.String(name), name)
	}
	at, ok := claims.Time("auth_time")
	require.True(t, ok)
	require.Equal(t, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), at)
	for _, name := range []string{"late", "text", "flag", "missing"} {
		_, ok := claims.Time(name)
		require.False(t, ok, name)
	}

	for _, given := range []any{1893553445, int64(1893553445), 1893553445.75, time.Date(2030, 1, 2, 4, 4, 5, 0, time.FixedZone("", 3600))} {
		got, ok := middleware.Claims{"exp": given}.Time("exp")
		require.True(t, ok, "%T", given)
		require.Equal(t, at, got)
	}
	for _, given := range []any{-1, int64(1 << 40), math.NaN(), math.Inf(1), "1893553445", true, nil} {
		_, ok := middleware.Claims{"exp": given}.Time("exp")
		require.False(t, ok, "%v", given)
	}

	claims["username"] = "name"
	require.Equal(t, "name", claims.Username(), "the claim of access tokens comes first")

	var none middleware.Claims
	require.Empty(t, none.Subject())
	require.Empty(t, none.Scopes())
	require.Empty(t, none.Groups())
	require.False(t, none.HasScope(""))
	require.False(t, none.HasGroup(""))
}

func TestScopes(t *testing.T) {
	for _, test := range []struct {
		claim any
		want  []string
	}{
		{"a", []string{"a"}},
		{"a b/c d", []string{"a", "b/c", "d"}},
		{" a  b ", []string{"a", "b"}},
		{"a\tb", []string{"a\tb"}},
		{"a\u00a0b", []string{"a\u00a0b"}},
		{"", []string{}},
		{" ", []string{}},
		{[]string{"a"}, []string{}},
		{[]any{"a"}, []string{}},
		{nil, []string{}},
		{7, []string{}},
	} {
		claims := middleware.Claims{"scope": test.claim}
		require.Equal(t, test.want, claims.Scopes(), "%v", test.claim)
		for _, scope := range test.want {
			require.True(t, claims.HasScope(scope))
		}
		for _, scope := range []string{"", " ", "A", "a b", "ab", "missing"} {
			require.False(t, claims.HasScope(scope), "%v %q", test.claim, scope)
		}
	}
}

func TestGroups(t *testing.T) {
	list := []any{"a", "b c"}
	texts := []string{"a", "b c"}
	for _, claim := range []any{list, texts} {
		claims := middleware.Claims{"cognito:groups": claim}
		groups := claims.Groups()
		require.Equal(t, []string{"a", "b c"}, groups)
		groups[0] = "changed"
		require.True(t, claims.HasGroup("a"), "the slice is the caller's")
		for _, group := range []string{"", "A", "b", "c", "a,b c", "changed"} {
			require.False(t, claims.HasGroup(group), group)
		}
	}
	for _, claim := range []any{"a", []any{"a", 1}, []any{[]any{"a"}}, map[string]any{"a": true}, json.Number("1"), nil} {
		require.Empty(t, middleware.Claims{"cognito:groups": claim}.Groups())
		require.False(t, middleware.Claims{"cognito:groups": claim}.HasGroup("a"))
	}
}
