package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestO20_UserInfoRefuses(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	a := e.tokens(session)
	narrow := e.token(codeForm(e.code(session, "client_id", "api", "redirect_uri", "https://api.example.com/cb", "scope", "email"),
		"redirect_uri", "https://api.example.com/cb"), apiAuth)
	require.Equal(t, http.StatusOK, narrow.Status)
	require.Empty(t, narrow.IDToken, "without openid there is no ID token")

	bearer := func(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }
	inQuery := func(r *http.Request) { r.URL.RawQuery = "access_token=" + a.AccessToken }
	parts := strings.Split(a.AccessToken, ".")
	for name, c := range map[string]struct {
		options []func(*http.Request)
		status  int
		want    string
	}{
		"nothing":        {nil, 401, `Bearer realm="https://id.example.com"`},
		"Basic":          {[]func(*http.Request){webAuth}, 401, `Bearer realm="https://id.example.com"`},
		"ID token":       {[]func(*http.Request){bearer(a.IDToken)}, 401, `error="invalid_token"`},
		"refresh token":  {[]func(*http.Request){bearer(a.RefreshToken)}, 401, `error="invalid_token"`},
		"empty":          {[]func(*http.Request){bearer("")}, 401, `error="invalid_token"`},
		"twice Bearer":   {[]func(*http.Request){bearer("Bearer " + a.AccessToken)}, 401, `error="invalid_token"`},
		"two spaces":     {[]func(*http.Request){bearer(" " + a.AccessToken)}, 401, `error="invalid_token"`},
		"quotes":         {[]func(*http.Request){bearer(`"` + a.AccessToken + `"`)}, 401, `error="invalid_token"`},
		"alg none":       {[]func(*http.Request){bearer("eyJhbGciOiJub25lIn0." + parts[1] + ".")}, 401, `error="invalid_token"`},
		"1 MB":           {[]func(*http.Request){bearer(strings.Repeat("x", 1<<20))}, 401, `error="invalid_token"`},
		"without openid": {[]func(*http.Request){bearer(narrow.AccessToken)}, 403, `error="insufficient_scope"`},
		"in the query":   {[]func(*http.Request){inQuery}, 400, `error="invalid_request"`},
		"in both":        {[]func(*http.Request){inQuery, bearer(a.AccessToken)}, 400, `error="invalid_request"`},
		"two headers":    {[]func(*http.Request){bearer(a.AccessToken), bearer(a.AccessToken)}, 400, `error="invalid_request"`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				r := httptest.NewRequest(method, "/oauth2/userInfo", nil)
				for _, f := range c.options {
					f(r)
				}
				res := e.do(r)
				require.Equal(t, c.status, res.StatusCode)
				require.Contains(t, res.Header.Get("WWW-Authenticate"), c.want)
				require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
				require.NotContains(t, body(t, res), "ada@example.com")
			}
		})
	}
	t.Run("expired", func(t *testing.T) {
		e.clock.Advance(time.Hour + time.Minute)
		res := e.userInfo(a.AccessToken)
		require.Equal(t, http.StatusUnauthorized, res.StatusCode)
		require.Contains(t, res.Header.Get("WWW-Authenticate"), `error="invalid_token"`)
	})
}

func TestUserInfoClaimsByScope(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for scope, want := range map[string][]string{
		"openid":               {"sub", "username"},
		"openid email":         {"sub", "username", "email", "email_verified"},
		"openid profile":       {"sub", "username", "name", "locale"},
		"openid email profile": {"sub", "username", "email", "email_verified", "name", "locale"},
	} {
		a := e.tokens(session, "scope", scope)
		res := e.userInfo(a.AccessToken)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		var info map[string]any
		require.NoError(t, json.NewDecoder(res.Body).Decode(&info))
		var names []string
		for name := range info {
			names = append(names, name)
		}
		require.ElementsMatch(t, want, names, scope)
		require.Equal(t, claims(t, a.IDToken)["sub"], info["sub"])
		if verified, ok := info["email_verified"]; ok {
			require.Equal(t, true, verified, "a JSON boolean")
		}
	}
}
