package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestO19_Revocation(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	revoke := func(form url.Values, options ...func(*http.Request)) *http.Response {
		return e.post("/oauth2/revoke", form, options...)
	}
	alive := func(a answer) bool { return e.userInfo(a.AccessToken).StatusCode == http.StatusOK }
	a := e.tokens(session)
	form := url.Values{"token": {a.RefreshToken}}

	t.Run("without client authentication", func(t *testing.T) {
		for _, options := range [][]func(*http.Request){nil, {basic("web", "wrong")}, {basic("nobody", "x")}} {
			res := revoke(form, options...)
			require.Equal(t, "invalid_client", e.answer(res).Error)
			require.Equal(t, http.StatusUnauthorized, res.StatusCode)
			require.NotEmpty(t, res.Header.Get("WWW-Authenticate"))
		}
		res := revoke(url.Values{"token": {a.RefreshToken}, "client_id": {"web"}})
		require.Equal(t, http.StatusUnauthorized, res.StatusCode)
		require.True(t, alive(a))
	})
	t.Run("other client", func(t *testing.T) {
		res := revoke(form, otherAuth)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Empty(t, body(t, res), "as for an unknown token")
		require.Equal(t, http.StatusOK, revoke(url.Values{"token": {a.RefreshToken}, "client_id": {"spa"}}).StatusCode)
		require.True(t, alive(a))
	})
	t.Run("unknown token", func(t *testing.T) {
		for _, token := range []string{"x", strings.Repeat("x", 60<<10), "a.b.c.d", "é"} {
			res := revoke(url.Values{"token": {token}}, webAuth)
			require.Equal(t, http.StatusOK, res.StatusCode)
			require.Empty(t, body(t, res))
		}
	})
	t.Run("1 MB token", func(t *testing.T) {
		require.Equal(t, http.StatusRequestEntityTooLarge, revoke(url.Values{"token": {strings.Repeat("x", 1<<20)}}, webAuth).StatusCode)
	})
	t.Run("no token", func(t *testing.T) {
		require.Equal(t, "invalid_request", e.answer(revoke(url.Values{}, webAuth)).Error)
	})
	t.Run("access and ID token", func(t *testing.T) {
		for _, token := range []string{a.AccessToken, a.IDToken} {
			require.Equal(t, "unsupported_token_type", e.answer(revoke(url.Values{"token": {token}}, webAuth)).Error)
		}
		require.True(t, alive(a))
	})
	t.Run("lying hint", func(t *testing.T) {
		for _, hint := range []string{"access_token", "junk", strings.Repeat("x", 1000)} {
			b := e.tokens(session)
			res := revoke(url.Values{"token": {b.RefreshToken}, "token_type_hint": {hint}}, webAuth)
			require.Equal(t, http.StatusOK, res.StatusCode)
			require.False(t, alive(b))
			require.Equal(t, "invalid_grant", e.token(refreshForm(b.RefreshToken), webAuth).Error)
		}
	})
	t.Run("again", func(t *testing.T) {
		require.True(t, alive(a), "the families are apart")
		for range 2 {
			require.Equal(t, http.StatusOK, revoke(form, webAuth).StatusCode)
		}
		require.False(t, alive(a))
	})
}
