package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// The tests of this file are named after the modules of the OpenID conformance suite: those of the plans
// oidcc-basic-certification-test-plan and oidcc-rp-initiated-logout-certification-test-plan that other tests do not cover. All requests
// carry a PKCE challenge, which the basic plan does not send: this provider demands it.

func TestOIDF_Server(t *testing.T) {
	e := newEnv(t)
	a := e.tokens(e.ada())
	require.Equal(t, "Bearer", a.TokenType)
	require.Equal(t, 3600, a.ExpiresIn)
	require.Equal(t, "email openid profile", a.Scope)
	id := claims(t, a.IDToken)
	require.Equal(t, issuer, id["iss"])
	require.Equal(t, "web", id["aud"])
	require.Equal(t, "n-0S6_WzA2Mj", id["nonce"])
	now := float64(e.clock.Now().Unix())
	require.InDelta(t, now, id["iat"], 0)
	require.InDelta(t, now, id["auth_time"], 0)
	require.InDelta(t, now+3600, id["exp"], 0)
}

func TestOIDF_ResponseTypeMissing(t *testing.T) {
	e := newEnv(t)
	e.refused(e.get(authorizeURL("response_type", ""), e.ada()), "invalid_request")
}

// TestOIDF_IDTokenUnsigned also stands for idtoken-signature: the signature is verified by the relying party's tests.
func TestOIDF_IDTokenUnsigned(t *testing.T) {
	e := newEnv(t)
	head, _, _ := strings.Cut(e.tokens(e.ada()).IDToken, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	require.NoError(t, err)
	var header map[string]any
	require.NoError(t, json.Unmarshal(raw, &header))
	require.Equal(t, "ES256", header["alg"])
	require.NotEmpty(t, header["kid"])
}

func TestOIDF_UserInfoGet(t *testing.T) {
	e := newEnv(t)
	a := e.tokens(e.ada())
	var info map[string]any
	require.NoError(t, json.NewDecoder(e.userInfo(a.AccessToken).Body).Decode(&info))
	require.Equal(t, claims(t, a.IDToken)["sub"], info["sub"])
	require.Equal(t, "ada@example.com", info["email"])
}

func TestOIDF_UserInfoPostHeader(t *testing.T) {
	e := newEnv(t)
	a := e.tokens(e.ada())
	res := e.post("/oauth2/userInfo", nil, header("Authorization", "bearer "+a.AccessToken))
	require.Equal(t, http.StatusOK, res.StatusCode)
}

// TestOIDF_UserInfoPostBody: RFC 6750 section 2.2 is optional, and not supported.
func TestOIDF_UserInfoPostBody(t *testing.T) {
	e := newEnv(t)
	a := e.tokens(e.ada())
	res := e.post("/oauth2/userInfo", url.Values{"access_token": {a.AccessToken}})
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	require.Equal(t, `Bearer realm="https://id.example.com"`, res.Header.Get("WWW-Authenticate"))
}

func TestOIDF_EnsureRequestWithoutNonceSucceedsForCodeFlow(t *testing.T) {
	e := newEnv(t)
	require.NotContains(t, claims(t, e.tokens(e.ada(), "nonce", "").IDToken), "nonce")
}

func TestOIDF_Scopes(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for scope, claim := range map[string]string{"profile": "name", "email": "email"} {
		a := e.tokens(session, "scope", "openid "+scope)
		require.Contains(t, claims(t, a.IDToken), claim)
	}
	require.Equal(t, "openid phone", e.tokens(session, "scope", "openid phone").Scope)
	require.Equal(t, "email openid phone profile", e.tokens(session, "scope", "openid profile email phone").Scope)
	// scope-address, scope-all: the scope is not in scopes_supported.
	e.refused(e.get(authorizeURL("scope", "openid address"), session), "invalid_scope")
}

func TestOIDF_IgnoredParameters(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for name, pairs := range map[string][]string{
		"display-page":      {"display", "page"},
		"display-popup":     {"display", "popup"},
		"unknown-parameter": {"extra", "foobar"},
		"login-hint":        {"login_hint", "ada@example.com"},
		"ui-locales":        {"ui_locales", "se de-DE ../../etc"},
		"claims-locales":    {"claims_locales", "se"},
		"acr-values":        {"acr_values", "1 2"},
		"claims-essential":  {"claims", `{"userinfo":{"name":{"essential":true}}}`},
		"resource":          {"resource", "https://api.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEmpty(t, e.code(session, pairs...))
			require.NotEmpty(t, e.response(e.get(e.returnTo(e.get(authorizeURL(pairs...), "")), session), callback).Get("code"))
		})
	}
	// The sign-in page finds the hint where it is to come back to.
	require.Contains(t, e.returnTo(e.get(authorizeURL("login_hint", "a+b@example.com"), "")), "login_hint=a%2Bb%40example.com")
	e.refused(e.get(authorizeURL("login_hint", strings.Repeat("x", 2049)), session), "invalid_request")
}

func TestOIDF_PromptLogin(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	first := claims(t, e.tokens(session).IDToken)
	e.clock.Advance(time.Minute)
	back := e.returnTo(e.get(authorizeURL("prompt", "login"), session))
	code := e.response(e.get(back, e.signInAgain("ada@example.com", session)), callback).Get("code")
	second := claims(t, e.token(codeForm(code), webAuth).IDToken)
	require.Equal(t, first["sub"], second["sub"])
	require.Greater(t, second["auth_time"], first["auth_time"])
}

func TestOIDF_PromptNoneNotLoggedIn(t *testing.T) {
	e := newEnv(t)
	e.refused(e.get(authorizeURL("prompt", "none"), ""), "login_required")
}

func TestOIDF_PromptNoneLoggedIn(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	first := claims(t, e.tokens(session).IDToken)
	e.clock.Advance(time.Minute)
	second := claims(t, e.tokens(session, "prompt", "none").IDToken)
	require.Equal(t, first["sub"], second["sub"])
	require.Equal(t, first["auth_time"], second["auth_time"])
}

func TestOIDF_MaxAge1(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	e.clock.Advance(2 * time.Second)
	back := e.returnTo(e.get(authorizeURL("max_age", "1"), session))
	fresh := e.signInAgain("ada@example.com", session)
	e.clock.Advance(5 * time.Second) // a slow way back is no reason to ask again
	code := e.response(e.get(back, fresh), callback).Get("code")
	id := claims(t, e.token(codeForm(code), webAuth).IDToken)
	require.InDelta(t, float64(e.clock.Now().Unix()-5), id["auth_time"], 0)
}

func TestOIDF_MaxAge10000(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	first := claims(t, e.tokens(session, "max_age", "10000").IDToken)
	e.clock.Advance(time.Minute)
	second := claims(t, e.tokens(session, "max_age", "10000").IDToken)
	require.Equal(t, first["auth_time"], second["auth_time"])
}

func TestOIDF_IDTokenHint(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	hint := e.tokens(session).IDToken
	a := e.tokens(session, "prompt", "none", "id_token_hint", hint)
	require.Equal(t, claims(t, hint)["sub"], claims(t, a.IDToken)["sub"])
}

func TestOIDF_CodeReuse(t *testing.T) {
	e := newEnv(t)
	form := codeForm(e.code(e.ada()))
	require.Equal(t, http.StatusOK, e.token(form, webAuth).Status)
	a := e.token(form, webAuth)
	require.Equal(t, "invalid_grant", a.Error)
	require.Equal(t, http.StatusBadRequest, a.Status)
}

func TestOIDF_CodeReuse30Seconds(t *testing.T) {
	e := newEnv(t)
	form := codeForm(e.code(e.ada()))
	a := e.token(form, webAuth)
	require.Equal(t, http.StatusOK, e.userInfo(a.AccessToken).StatusCode)
	e.clock.Advance(30 * time.Second)
	require.Equal(t, "invalid_grant", e.token(form, webAuth).Error)
	require.Equal(t, http.StatusUnauthorized, e.userInfo(a.AccessToken).StatusCode, "the tokens of the code are revoked")
}

func TestOIDF_EnsureRegisteredRedirectURI(t *testing.T) {
	e := newEnv(t)
	e.errorPage(e.get(authorizeURL("redirect_uri", callback+"/x"), ""), http.StatusBadRequest)
}

func TestOIDF_EnsurePostRequestSucceeds(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	res := e.post("/oauth2/authorize", request())
	target := strings.TrimPrefix(res.Header.Get("Location"), issuer)
	back := e.returnTo(e.get(target, ""))
	require.NotEmpty(t, e.response(e.get(back, session), callback).Get("code"))
}

func TestOIDF_ServerClientSecretPost(t *testing.T) {
	e := newEnv(t)
	a := e.token(codeForm(e.code(e.ada()), "client_id", "web", "client_secret", webSecret))
	require.Equal(t, http.StatusOK, a.Status, a.ErrorDescription)
}

func TestOIDF_RequestURIUnsignedRejectedAsUnsupported(t *testing.T) {
	e := newEnv(t)
	e.refused(e.get(authorizeURL("request_uri", "https://app.example.com/request.jwt"), e.ada()), "request_uri_not_supported")
}

func TestOIDF_UnsignedRequestObjectRejectedAsUnsupported(t *testing.T) {
	e := newEnv(t)
	e.refused(e.get(authorizeURL("request", "eyJhbGciOiJub25lIn0.e30."), e.ada()), "request_not_supported")
}

// TestOIDF_EnsureRequestObjectWithRedirectURI: an address inside of a request object counts for nothing.
func TestOIDF_EnsureRequestObjectWithRedirectURI(t *testing.T) {
	e := newEnv(t)
	object := "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(`{"redirect_uri":"`+callback+`"}`)) + "."
	e.errorPage(e.get(authorizeURL("request", object, "redirect_uri", ""), ""), http.StatusBadRequest)
	e.errorPage(e.get(authorizeURL("request", object, "redirect_uri", "https://evil.example/"), ""), http.StatusBadRequest)
}

func TestOIDF_RefreshToken(t *testing.T) {
	e := newEnv(t)
	first := e.tokens(e.ada())
	e.clock.Advance(time.Minute)
	second := e.token(refreshForm(first.RefreshToken), webAuth)
	require.Equal(t, http.StatusOK, second.Status)
	require.NotEqual(t, first.AccessToken, second.AccessToken)
	a, b := claims(t, first.IDToken), claims(t, second.IDToken)
	for _, name := range []string{"iss", "sub", "aud", "auth_time"} { // Core 12.2
		require.Equal(t, a[name], b[name], name)
	}
	require.Equal(t, http.StatusOK, e.userInfo(second.AccessToken).StatusCode)

	form := refreshForm(second.RefreshToken)
	form.Set("scope", "openid openid")
	third := e.token(form, webAuth)
	require.Equal(t, "openid", third.Scope)
	require.NotContains(t, claims(t, third.IDToken), "email")
	require.Equal(t, "invalid_grant", e.token(refreshForm(third.RefreshToken), otherAuth).Error)
}

func TestOIDF_EnsureRequestWithValidPKCESucceeds(t *testing.T) {
	e := newEnv(t)
	long := strings.Repeat("v", 128)
	a := e.token(codeForm(e.code(e.ada(), "code_challenge", challengeOf(long)), "code_verifier", long), webAuth)
	require.Equal(t, http.StatusOK, a.Status)
}

func TestOIDF_RPInitiatedLogout(t *testing.T) {
	const registered = goodbye
	ask, refuse := "ask", "refuse"
	for name, c := range map[string]struct {
		query func(hint string) []string
		want  string
	}{
		"happy": {func(h string) []string {
			return []string{"id_token_hint", h, "post_logout_redirect_uri", registered, "state", "s"}
		}, registered + "?state=s"},
		"no-state": {func(h string) []string { return []string{"id_token_hint", h, "post_logout_redirect_uri", registered} }, registered},
		"bad-post-logout-redirect-uri": {func(h string) []string {
			return []string{"id_token_hint", h, "post_logout_redirect_uri", "https://app.example.com/other"}
		}, refuse},
		"query-added-to-post-logout-redirect-uri": {func(h string) []string {
			return []string{"id_token_hint", h, "post_logout_redirect_uri", registered + "?foo=bar"}
		}, refuse},
		"modified-id-token-hint": {func(h string) []string {
			return []string{"id_token_hint", "eyJhbGciOiJub25lIn0." + strings.Split(h, ".")[1] + ".", "post_logout_redirect_uri", registered}
		}, refuse},
		"bad-id-token-hint": {func(h string) []string {
			p := strings.Split(h, ".")
			return []string{"id_token_hint", p[0] + "." + p[1] + "." + strings.Repeat("A", 86), "post_logout_redirect_uri", registered}
		}, refuse},
		"no-id-token-hint":            {func(string) []string { return []string{"post_logout_redirect_uri", registered, "state", "s"} }, ask},
		"no-params":                   {func(string) []string { return nil }, ask},
		"no-post-logout-redirect-uri": {func(h string) []string { return []string{"id_token_hint", h, "state", "s"} }, ask},
		"only-state":                  {func(string) []string { return []string{"state", "s"} }, ask},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			session := e.ada()
			res := e.get(logoutURL(c.query(e.tokens(session).IDToken)...), session)
			switch c.want {
			case ask:
				require.Empty(t, e.asked(res, session).Get("logout_uri"))
			case refuse:
				e.errorPage(res, http.StatusBadRequest)
			default:
				require.Equal(t, c.want, res.Header.Get("Location"))
				e.signedOut(session)
				e.refused(e.get(authorizeURL("prompt", "none"), session), "login_required")
			}
		})
	}
	t.Run("discovery", func(t *testing.T) {
		e := newEnv(t)
		require.Contains(t, body(t, e.get("/.well-known/openid-configuration", "")), `"end_session_endpoint":"https://id.example.com/logout"`)
	})
}

func TestRotatedKeyIsPublishedBeforeItSigns(t *testing.T) {
	e := newEnv(t, func(c *userpool.Config) { c.Settings.SigningAlgorithm = "EdDSA" })
	session := e.ada()
	old := e.tokens(session)
	require.NoError(t, e.pool.RotateSigningKey(t.Context()))
	var set struct{ Keys []map[string]any }
	rec := httptest.NewRecorder()
	e.handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil))
	require.NoError(t, json.NewDecoder(rec.Body).Decode(&set))
	require.Len(t, set.Keys, 2)
	require.Equal(t, http.StatusOK, e.userInfo(old.AccessToken).StatusCode)
}
