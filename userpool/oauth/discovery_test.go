package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func inPool1(c *userpool.Config) { c.Issuer = "https://id.example.com/pool-1" }

// TestOIDF_DiscoveryEndpointVerification is the module of the config plan.
func TestOIDF_DiscoveryEndpointVerification(t *testing.T) {
	e := newEnv(t, inPool1)
	var documents []string
	for _, path := range []string{"/pool-1/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/pool-1"} {
		res := e.get(path, "")
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.Equal(t, "public, max-age=3600", res.Header.Get("Cache-Control"))
		documents = append(documents, body(t, res))
	}
	require.Equal(t, documents[0], documents[1])
	require.JSONEq(t, `{
		"issuer": "https://id.example.com/pool-1",
		"authorization_endpoint": "https://id.example.com/pool-1/oauth2/authorize",
		"token_endpoint": "https://id.example.com/pool-1/oauth2/token",
		"userinfo_endpoint": "https://id.example.com/pool-1/oauth2/userInfo",
		"revocation_endpoint": "https://id.example.com/pool-1/oauth2/revoke",
		"end_session_endpoint": "https://id.example.com/pool-1/logout",
		"jwks_uri": "https://id.example.com/pool-1/.well-known/jwks.json",
		"scopes_supported": ["openid", "email", "phone", "profile"],
		"claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "jti", "origin_jti", "event_id", "token_use",
			"email", "email_verified", "phone_number", "phone_number_verified",
			"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender",
			"birthdate", "zoneinfo", "locale",
			"cognito:username", "cognito:groups", "cognito:roles", "cognito:preferred_role", "identities"],
		"claim_types_supported": ["normal"],
		"response_types_supported": ["code"],
		"response_modes_supported": ["query"],
		"grant_types_supported": ["authorization_code", "refresh_token"],
		"subject_types_supported": ["public"],
		"id_token_signing_alg_values_supported": ["ES256"],
		"token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
		"revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
		"code_challenge_methods_supported": ["S256"],
		"prompt_values_supported": ["none", "login", "select_account"],
		"acr_values_supported": ["https://refeds.org/profile/sfa"],
		"authorization_response_iss_parameter_supported": true,
		"claims_parameter_supported": false,
		"request_parameter_supported": false,
		"request_uri_parameter_supported": false
	}`, documents[0])
}

// TestDiscoveryIsTrue finds a handler behind every address in the document.
func TestDiscoveryIsTrue(t *testing.T) {
	for _, change := range []func(*userpool.Config){func(*userpool.Config) {}, inPool1} {
		e := newEnv(t, change)
		base := strings.TrimPrefix(e.issuer, issuer)
		var document map[string]any
		require.NoError(t, json.NewDecoder(e.get(base+"/.well-known/openid-configuration", "").Body).Decode(&document))
		patterns := e.handler.Patterns()
		require.Len(t, patterns, 8)
		mux := http.NewServeMux()
		for _, p := range patterns {
			mux.Handle(p, e.handler)
		}
		for name, value := range document {
			address, ok := value.(string)
			if !ok || name == "issuer" {
				continue
			}
			require.True(t, strings.HasPrefix(address, e.issuer+"/"), address)
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, address, nil))
			require.NotEqual(t, http.StatusNotFound, rec.Code, name)
		}
		// The claims of real tokens are among those that are told.
		session := e.ada()
		a := codeForm(e.response(e.get(base+authorizeURL(), session), callback).Get("code"))
		tokens := e.answer(e.post(base+"/oauth2/token", a, webAuth))
		for name := range claims(t, tokens.IDToken) {
			require.Contains(t, document["claims_supported"], name)
		}
	}
}

func TestKeysArePublic(t *testing.T) {
	e := newEnv(t)
	res := e.get("/.well-known/jwks.json", "")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "public, max-age=300", res.Header.Get("Cache-Control"))
	var set struct{ Keys []map[string]any }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&set))
	require.NotEmpty(t, set.Keys)
	for _, key := range set.Keys {
		require.Equal(t, "sig", key["use"])
		require.Equal(t, "ES256", key["alg"])
		require.NotContains(t, key, "d")
	}
	head := e.do(httptest.NewRequest(http.MethodHead, "/.well-known/jwks.json", nil))
	require.Equal(t, http.StatusOK, head.StatusCode)
	post := e.do(httptest.NewRequest(http.MethodPost, "/.well-known/jwks.json", nil))
	require.Equal(t, http.StatusMethodNotAllowed, post.StatusCode)
}

func TestO31_HostHeaders(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, target := range []string{
		"/.well-known/openid-configuration", authorizeURL(), authorizeURL("client_id", "nobody"), authorizeURL("scope", "junk"), "/logout",
		logoutURL("client_id", "web", "logout_uri", goodbye),
	} {
		for _, s := range []string{"", session} {
			r := httptest.NewRequest(http.MethodGet, "https://evil.example"+target, nil)
			r.Host = "evil.example"
			for _, name := range []string{"X-Forwarded-Host", "X-Original-Host", "X-Host"} {
				r.Header.Set(name, "evil.example")
			}
			r.Header.Set("X-Forwarded-Proto", "http")
			r.Header.Set("X-Forwarded-Prefix", "/evil.example")
			r.Header.Set("Forwarded", "host=evil.example;proto=http")
			if s != "" {
				r.AddCookie(&http.Cookie{Name: cookieName, Value: s})
			}
			res := e.do(r)
			for name, values := range res.Header {
				require.NotContains(t, strings.Join(values, " "), "evil.example", name)
			}
			require.NotContains(t, body(t, res), "evil.example", target)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "https://evil.example/oauth2/authorize", strings.NewReader(request().Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.True(t, strings.HasPrefix(e.do(r).Header.Get("Location"), issuer+"/oauth2/authorize?"))
}

func TestO32_PathTricks(t *testing.T) {
	e := newEnv(t, inPool1)
	for _, path := range []string{
		"/.well-known/openid-configuration", "/pool-1//.well-known/openid-configuration", "//pool-1/.well-known/openid-configuration",
		"/pool-1/.well-known/openid-configuration/", "/pool-1/./.well-known/openid-configuration", "/pool-1/x/../.well-known/openid-configuration",
		"/pool-1/%2ewell-known/openid-configuration", "/pool-1%2f.well-known/openid-configuration", "/POOL-1/.well-known/openid-configuration",
		"/pool-1/.Well-Known/openid-configuration", "/pool-10/.well-known/openid-configuration", "/pool-1/.well-known/openid-configuration;x",
		"/pool-1/.well-known/openid-configuration%00", "/pool-1/.well-known/openid-configuration/..%2f", "/pool-1", "/pool-1/", "/", "/pool-1/oauth2/userinfo",
		"/pool-1/oauth2", "/pool-1/oauth2/token/", "/pool-1/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server",
		"/.well-known/oauth-authorization-server/", "/.well-known/oauth-authorization-server/pool-10", "/pool%2d1/.well-known/openid-configuration",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		u, err := url.Parse("https://id.example.com" + path)
		require.NoError(t, err)
		r.URL = u
		e.errorPage(e.do(r), http.StatusNotFound)
	}
}
