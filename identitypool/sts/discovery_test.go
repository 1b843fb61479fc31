package sts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool/sts"
)

// issuer is a pool without one.
type issuer struct {
	name string
	keys string
	err  error
}

func (i issuer) Issuer() string                         { return i.name }
func (i issuer) KeySet(context.Context) ([]byte, error) { return []byte(i.keys), i.err }

const someKeys = `{"keys":[{"kty":"RSA","kid":"1","alg":"RS512","use":"sig","n":"AQAB","e":"AQAB"},{"kty":"RSA","kid":"2","alg":"RS512"}]}`

func TestDiscovery(t *testing.T) {
	for _, path := range []string{"", "/pool-1", "/a/b"} {
		d, err := sts.NewDiscovery(issuer{name: "https://id.example.com" + path, keys: someKeys}, nil)
		require.NoError(t, err)
		require.Equal(t, path+"/.well-known/", d.Pattern())
		mux := http.NewServeMux()
		mux.Handle(d.Pattern(), d)
		get := func(method, target string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(method, target, nil)
			r.Host = "evil.example.com" // TestO31: what the client says about the host is not believed
			r.Header.Set("X-Forwarded-Host", "evil.example.com")
			mux.ServeHTTP(w, r)
			return w
		}
		w := get(http.MethodGet, path+"/.well-known/openid-configuration")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Equal(t, "public, max-age=3600", w.Header().Get("Cache-Control"))
		require.JSONEq(t, `{
			"issuer": "https://id.example.com`+path+`",
			"jwks_uri": "https://id.example.com`+path+`/.well-known/jwks.json",
			"response_types_supported": ["id_token"],
			"subject_types_supported": ["public"],
			"id_token_signing_alg_values_supported": ["RS512"],
			"claims_supported": ["iss","sub","aud","amr","exp","iat","token_use","https://cognito-identity.amazonaws.com/identity-pool-arn","https://aws.amazon.com/tags"]
		}`, w.Body.String())
		require.NotContains(t, w.Body.String(), "evil")
		head := get(http.MethodHead, path+"/.well-known/openid-configuration")
		require.Equal(t, w.Header(), head.Header())
		require.Empty(t, head.Body.String())

		w = get(http.MethodGet, path+"/.well-known/jwks.json")
		require.Equal(t, "public, max-age=300", w.Header().Get("Cache-Control"))
		require.Equal(t, someKeys, w.Body.String())

		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			w = get(method, path+"/.well-known/jwks.json")
			require.Equal(t, http.StatusMethodNotAllowed, w.Code)
			require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
		}
		for _, other := range []string{"/.well-known/", "/.well-known/jwks.json/", "/.well-known/jwks_uri", "/.well-known/OpenID-Configuration", "/.well-known/x/openid-configuration"} {
			require.Equal(t, http.StatusNotFound, get(http.MethodGet, path+other).Code, other)
		}
	}
}

// TestO32_DiscoveryPaths: a mux, or none, makes no difference.
func TestO32_DiscoveryPaths(t *testing.T) {
	d, err := sts.NewDiscovery(issuer{name: "https://id.example.com/pool-1", keys: someKeys}, nil)
	require.NoError(t, err)
	for _, path := range []string{"/pool-10/.well-known/jwks.json", "//pool-1/.well-known/jwks.json", "/.well-known/jwks.json", "/pool-1/x/../.well-known/jwks.json", "/POOL-1/.well-known/jwks.json"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		d.ServeHTTP(w, r)
		require.Equal(t, http.StatusNotFound, w.Code, path)
	}
}

func TestDiscovery_Failures(t *testing.T) {
	for _, broken := range []issuer{
		{name: "https://id.example.com", err: errors.New("secret-cause")},
		{name: "https://id.example.com", keys: `{"keys":[]}`},
		{name: "https://id.example.com", keys: `secret-cause`},
	} {
		var logs bytes.Buffer
		d, err := sts.NewDiscovery(broken, slog.New(slog.NewTextHandler(&logs, nil)))
		require.NoError(t, err)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil))
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.NotContains(t, w.Body.String(), "secret-cause")
		require.NotEmpty(t, logs.String())
	}
	for _, name := range []string{
		"", "http://id.example.com", "https://", "https://id.example.com/", "https://id.example.com?x", "https://id.example.com?", "https://id.example.com#", "https://u@id.example.com",
		"https://cognito-identity.amazonaws.com", "https://id.example.com/a//b", "https://id.example.com/{a}", "https://ID.example.com", "https://id.example.com/a/../b", "https://id.example.com/.", "https://id.example.com/a%2Fb",
	} {
		_, err := sts.NewDiscovery(issuer{name: name, keys: someKeys}, nil)
		require.Error(t, err, name)
	}
	_, err := sts.NewDiscovery(nil, nil)
	require.Error(t, err)
	require.True(t, json.Valid([]byte(someKeys)))
}
