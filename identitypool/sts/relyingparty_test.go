package sts_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sts"
)

// TestRelyingParty: who verifies OpenID tokens for a living verifies those of the pool, by nothing but its discovery. AWS does the same.
func TestRelyingParty(t *testing.T) {
	for _, path := range []string{"", "/pools/one"} {
		mux := http.NewServeMux()
		server := httptest.NewTLSServer(mux)
		defer server.Close()
		w := newWorld(t, func(c *identitypool.Config, _ *sts.Config) {
			c.Issuer, c.DeveloperProvider = server.URL+path, "backend"
			c.Providers[provider] = identitypool.Provider{Verifier: c.Providers[provider].Verifier, DefaultPrincipalTags: true}
		})
		discovery, err := sts.NewDiscovery(w.pool, nil)
		require.NoError(t, err)
		mux.Handle(discovery.Pattern(), discovery)

		ctx := oidc.ClientContext(t.Context(), server.Client())
		party, err := oidc.NewProvider(ctx, server.URL+path)
		require.NoError(t, err)
		text := w.poolToken(t, map[string]string{provider: idToken(t, "ann")})
		verifier := party.Verifier(&oidc.Config{ClientID: poolID, Now: w.now})
		verified, err := verifier.Verify(ctx, text)
		require.NoError(t, err)
		var claims struct {
			AMR []string `json:"amr"`
		}
		require.NoError(t, verified.Claims(&claims))
		require.Equal(t, "authenticated", claims.AMR[0])
		require.Equal(t, "RS512", headerOf(t, text)["alg"])
		guest, err := verifier.Verify(ctx, w.poolToken(t, nil))
		require.NoError(t, err)
		require.NoError(t, guest.Claims(&claims))
		require.Equal(t, []string{"unauthenticated"}, claims.AMR)

		// What the discovery announces holds of a token, claim by claim.
		var announced struct {
			Claims []string `json:"claims_supported"`
		}
		require.NoError(t, party.Claims(&announced))
		developer, err := w.pool.GetOpenIDTokenForDeveloperIdentity(t.Context(), identitypool.GetOpenIDTokenForDeveloperIdentityInput{Logins: map[string]string{"backend": "ann"}})
		require.NoError(t, err)
		vouched, err := verifier.Verify(ctx, developer.Token)
		require.NoError(t, err)
		all := map[string]any{}
		require.NoError(t, verified.Claims(&all))
		require.NoError(t, vouched.Claims(&all))
		for claim := range all {
			require.Contains(t, announced.Claims, claim)
		}
		for _, claim := range announced.Claims {
			require.Contains(t, all, claim)
		}

		// A key that is rotated away is still published, and the new one is found.
		require.NoError(t, w.pool.RotateSigningKey(t.Context()))
		_, err = verifier.Verify(ctx, text)
		require.NoError(t, err)
		_, err = verifier.Verify(ctx, w.poolToken(t, nil))
		require.NoError(t, err)

		_, err = verifier.Verify(ctx, text[:len(text)-8]+"AAAAAAAA")
		require.Error(t, err)
		_, err = party.Verifier(&oidc.Config{ClientID: "eu-west-1:other", Now: w.now}).Verify(ctx, text)
		require.Error(t, err)
	}
}

func headerOf(t *testing.T, text string) map[string]any {
	t.Helper()
	first, _, _ := strings.Cut(text, ".")
	plain, err := base64.RawURLEncoding.DecodeString(first)
	require.NoError(t, err)
	var header map[string]any
	require.NoError(t, json.Unmarshal(plain, &header))
	return header
}

// The issuer of Amazon is the default of a pool, and nobody else's to serve.
func TestDiscovery_DefaultIssuer(t *testing.T) {
	_, err := sts.NewDiscovery(newWorld(t).pool, nil)
	require.ErrorContains(t, err, "identitypool.Config.Issuer")
}
