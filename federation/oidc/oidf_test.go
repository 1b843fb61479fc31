package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

// The tests of this file are the modules of the OpenID Foundation's conformance
// plans for relying parties (basic, configuration, and those of the
// comprehensive plan for the code flow), which the name after "Client" names.

func TestOIDF_ClientTest(t *testing.T) {
	p := newParty(t, nil)
	subject, attributes, err := p.signIn("alice")
	require.NoError(t, err)
	require.Equal(t, "alice", subject)
	require.Equal(t, []string{"alice"}, attributes["sub"])
	require.Equal(t, []string{p.idp.Issuer()}, attributes["iss"])
}

func TestOIDF_ClientInvalidIss(t *testing.T) {
	p := newParty(t, nil)
	for _, iss := range []any{"https://evil.example", p.idp.Issuer() + "/", strings.ToUpper(p.idp.Issuer()), "", nil, []string{p.idp.Issuer()}} {
		p.refuses(mutate(func(c map[string]any) { c["iss"] = iss }), oidc.InvalidToken, "iss")
	}
	p.refuses(mutate(func(c map[string]any) { delete(c, "iss") }), oidc.InvalidToken, "iss")
}

func TestOIDF_ClientMissingSub(t *testing.T) {
	newParty(t, nil).refuses(mutate(func(c map[string]any) { delete(c, "sub") }), oidc.InvalidToken, "sub")
}

func TestOIDF_ClientInvalidAud(t *testing.T) {
	p := newParty(t, nil)
	for _, aud := range []any{"other", []string{"other"}, []string{}, "", nil, 7, clientID + " ", "SHOP", map[string]any{clientID: true}} {
		p.refuses(mutate(func(c map[string]any) { c["aud"] = aud }), oidc.InvalidToken, "aud")
	}
	p.refuses(mutate(func(c map[string]any) { delete(c, "aud") }), oidc.InvalidToken, "aud")
}

func TestOIDF_ClientMissingIat(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(mutate(func(c map[string]any) { delete(c, "iat") }), oidc.InvalidToken, "iat")
	p.refuses(mutate(func(c map[string]any) { c["iat"] = "2026" }), oidc.InvalidToken, "iat")
	p.refuses(mutate(func(c map[string]any) { c["iat"] = p.clock.Now().Add(time.Hour).Unix() }), oidc.InvalidToken, "iat")
}

func TestOIDF_ClientMissingExp(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(mutate(func(c map[string]any) { delete(c, "exp") }), oidc.InvalidToken, "exp")
	p.refuses(mutate(func(c map[string]any) { c["exp"] = p.clock.Now().Add(-time.Minute).Unix() }), oidc.InvalidToken, "expired")
}

// withoutKid signs what the provider would sign, with a header that has no kid.
// The header is signed, so it takes a key of the test's own, which the provider
// publishes.
func withoutKid(t *testing.T, key *rsa.PrivateKey) func(string) string {
	return func(compact string) string {
		return edit(t, compact, func(header, _ map[string]any) {
			delete(header, "kid")
			header["alg"] = "RS256"
		}, rs256(t, key))
	}
}

func publish(key *rsa.PrivateKey, kid string) map[string]any {
	jwk := map[string]any{
		"kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
	}
	if kid != "" {
		jwk["kid"] = kid
	}
	return jwk
}

func testKey(t *testing.T) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key
}

func TestOIDF_ClientKidAbsentSingleJWKS(t *testing.T) {
	key := testKey(t)
	for _, kid := range []string{"", "published"} {
		p := newParty(t, nil)
		p.idp.SetHooks(federationtest.Hooks{
			ReplaceIDToken: withoutKid(t, key),
			MutateKeys:     func(set map[string]any) { set["keys"] = []any{publish(key, kid)} },
		})
		subject, _, err := p.signIn("alice")
		require.NoError(t, err)
		require.Equal(t, "alice", subject)
	}
}

func TestOIDF_ClientKidAbsentMultipleJWKS(t *testing.T) {
	key, p := testKey(t), newParty(t, nil)
	p.idp.SetHooks(federationtest.Hooks{
		ReplaceIDToken: withoutKid(t, key),
		MutateKeys: func(set map[string]any) {
			set["keys"] = append(set["keys"].([]any), publish(key, "published"))
		},
	})
	_, _, err := p.signIn("alice")
	p.refused(err, oidc.InvalidToken, "key")
}

func TestOIDF_ClientIDTokenSigRS256(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		p := newParty(t, func(idp *federationtest.Config, _ *oidc.Config) { idp.Algorithm = algorithm })
		subject, _, err := p.signIn("bob")
		require.NoError(t, err, algorithm)
		require.Equal(t, "bob", subject)
	}
}

func TestOIDF_ClientIDTokenSigNone(t *testing.T) {
	p := newParty(t, nil)
	for _, alg := range []any{"none", "None", "NONE", "", nil} {
		p.refuses(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
			return edit(t, compact, func(header, _ map[string]any) { header["alg"] = alg }, func([]byte) []byte { return nil })
		}}, oidc.InvalidToken, "the ID token")
		p.refuses(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
			return edit(t, compact, func(header, _ map[string]any) { header["alg"] = alg }, nil)
		}}, oidc.InvalidToken, "the ID token")
	}
}

func TestOIDF_ClientInvalidSigRS256(t *testing.T) {
	other := testKey(t)
	p := newParty(t, func(idp *federationtest.Config, _ *oidc.Config) { idp.Algorithm = "RS256" })
	p.refuses(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
		return edit(t, compact, func(_, _ map[string]any) {}, rs256(t, other))
	}}, oidc.InvalidToken, "signature")
	p.refuses(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
		return edit(t, compact, func(_, claims map[string]any) { claims["sub"] = "bob" }, nil)
	}}, oidc.InvalidToken, "signature")
}

func TestOIDF_ClientInvalidSigHS256(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
		return edit(t, compact, func(header, _ map[string]any) { header["alg"] = "HS256" }, hs256)
	}}, oidc.InvalidToken, "HS256")
}

func TestOIDF_ClientInvalidSigES256(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
		return edit(t, compact, func(_, _ map[string]any) {}, func([]byte) []byte { return make([]byte, 64) })
	}}, oidc.InvalidToken, "signature")
}

func TestOIDF_ClientUserInfoBearerHeader(t *testing.T) {
	p := newParty(t, nil)
	asked := 0
	p.idp.SetHooks(federationtest.Hooks{Respond: func(at string, _ http.ResponseWriter, r *http.Request) bool {
		if at == federationtest.EndpointUserInfo {
			asked++
			require.Equal(t, http.MethodGet, r.Method)
			require.True(t, strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "))
			require.Empty(t, r.URL.RawQuery)
			require.Empty(t, r.Header.Get("Cookie"))
		}
		return false
	}})
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	require.Equal(t, 1, asked)
}

func TestOIDF_ClientUserInfoInvalidSub(t *testing.T) {
	p := newParty(t, nil)
	for _, sub := range []any{"bob", "ALICE", "", nil, 1, []string{"alice"}} {
		p.refuses(federationtest.Hooks{MutateUserInfo: func(c map[string]any) { c["sub"] = sub }}, oidc.UserInfoFailed, "sub")
	}
	p.refuses(federationtest.Hooks{MutateUserInfo: func(c map[string]any) { delete(c, "sub") }}, oidc.UserInfoFailed, "sub")
}

func TestOIDF_ClientNonceInvalid(t *testing.T) {
	p := newParty(t, nil)
	for _, nonce := range []any{"other", "", nil, 1, []string{}} {
		p.refuses(mutate(func(c map[string]any) { c["nonce"] = nonce }), oidc.InvalidToken, "nonce")
	}
	p.refuses(mutate(func(c map[string]any) { delete(c, "nonce") }), oidc.InvalidToken, "nonce")
}

func TestOIDF_ClientScopeUserInfoClaims(t *testing.T) {
	p := newParty(t, nil)
	location, pending := p.begin(state)
	sent, err := url.Parse(location)
	require.NoError(t, err)
	require.Equal(t, "openid profile email", sent.Query().Get("scope"))
	_, attributes, err := p.finish(p.visit(location, "alice"), pending)
	require.NoError(t, err)
	require.Equal(t, []string{"Alice Example"}, attributes["name"])
	require.Equal(t, []string{"alice@example.com"}, attributes["email"])
	require.Equal(t, []string{"true"}, attributes["email_verified"])

	p = newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.Scopes = []string{"email"} })
	location, pending = p.begin(state)
	require.Contains(t, location, "scope=openid+email&")
	_, attributes, err = p.finish(p.visit(location, "alice"), pending)
	require.NoError(t, err)
	require.NotContains(t, attributes, "name")
	require.Equal(t, []string{"alice@example.com"}, attributes["email"])
}

func TestOIDF_ClientSecretBasic(t *testing.T) {
	for name, test := range map[string]struct {
		methods any
		basic   bool
	}{
		"nothing said": {nil, true},
		"both":         {[]string{"client_secret_post", "client_secret_basic"}, true},
		"post only":    {[]string{"client_secret_post"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t, nil)
			p.idp.SetHooks(federationtest.Hooks{
				MutateDiscovery: func(d map[string]any) {
					d["token_endpoint_auth_methods_supported"] = test.methods
					if test.methods == nil {
						delete(d, "token_endpoint_auth_methods_supported")
					}
				},
				Respond: func(at string, _ http.ResponseWriter, r *http.Request) bool {
					if at == federationtest.EndpointToken {
						_, _, basic := r.BasicAuth()
						require.Equal(t, test.basic, basic)
						require.NoError(t, r.ParseForm())
						require.Equal(t, !test.basic, r.PostForm.Has("client_secret"))
					}
					return false
				},
			})
			_, _, err := p.signIn("alice")
			require.NoError(t, err)
		})
	}
}

func TestOIDF_ClientDiscoveryOpenIDConfig(t *testing.T) {
	p := newParty(t, nil)
	location, _ := p.begin(state)
	require.True(t, strings.HasPrefix(location, p.idp.Issuer()+"/authorize?"))
}

func TestOIDF_ClientDiscoveryJWKSURIKeys(t *testing.T) {
	p := newParty(t, nil)
	fetched := 0
	p.idp.SetHooks(federationtest.Hooks{Respond: func(at string, _ http.ResponseWriter, _ *http.Request) bool {
		if at == federationtest.EndpointKeys {
			fetched++
		}
		return false
	}})
	for range 3 {
		_, _, err := p.signIn("alice")
		require.NoError(t, err)
	}
	require.Equal(t, 1, fetched)
}

func TestOIDF_ClientDiscoveryIssuerMismatch(t *testing.T) {
	p := newParty(t, nil)
	p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d["issuer"] = p.idp.Issuer() + "/other" }})
	_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
	p.refused(err, oidc.DiscoveryFailed, "issuer")
}

func TestOIDF_ClientSigningKeyRotation(t *testing.T) {
	p := newParty(t, nil)
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	require.NoError(t, p.idp.RotateKey())
	p.idp.RetireKeys()
	p.clock.Advance(time.Minute)
	_, _, err = p.signIn("alice")
	require.NoError(t, err)
}

func TestOIDF_ClientSigningKeyRotationJustBeforeSigning(t *testing.T) {
	p := newParty(t, nil)
	location, pending := p.begin(state)
	callback := p.visit(location, "alice")
	require.NoError(t, p.idp.RotateKey())
	p.idp.RetireKeys()
	_, _, err := p.finish(callback, pending)
	require.NoError(t, err)
}

func TestOIDF_ClientMissingAthash(t *testing.T) {
	p := newParty(t, nil)
	p.idp.SetHooks(mutate(func(c map[string]any) { delete(c, "at_hash") }))
	_, _, err := p.signIn("alice")
	require.NoError(t, err, "at_hash is optional in the code flow")
}

func TestOIDF_ClientInvalidAthash(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		p := newParty(t, func(idp *federationtest.Config, _ *oidc.Config) { idp.Algorithm = algorithm })
		for _, hash := range []any{"AAAAAAAAAAAAAAAAAAAAAA", "", nil, 1} {
			p.refuses(mutate(func(c map[string]any) { c["at_hash"] = hash }), oidc.InvalidToken, "at_hash")
		}
	}
}

// signedUserInfo answers at userinfo with a token that sign makes of the claims.
func signedUserInfo(p *party, claims map[string]any, sign func(map[string]any) string) federationtest.Hooks {
	all := map[string]any{"iss": p.idp.Issuer(), "aud": clientID, "sub": "alice", "name": "Signed Alice"}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == "absent" })
	return respondAt(federationtest.EndpointUserInfo, raw(http.StatusOK, "application/jwt", sign(all)))
}

func TestOIDF_ClientUserInfoSigned(t *testing.T) {
	p := newParty(t, nil)
	sign := func(claims map[string]any) string {
		token, err := p.idp.Sign(claims)
		require.NoError(t, err)
		return token
	}
	for _, good := range []map[string]any{{}, {"exp": p.clock.Now().Add(time.Hour).Unix()}, {"aud": []string{clientID}}} {
		p.idp.SetHooks(signedUserInfo(p, good, sign))
		_, attributes, err := p.signIn("alice")
		require.NoError(t, err)
		require.Equal(t, []string{"Signed Alice"}, attributes["name"])
	}
	for _, bad := range []map[string]any{
		{"iss": "https://evil.example"}, {"iss": "absent"}, {"aud": "other"}, {"aud": "absent"}, {"aud": []string{clientID, "other"}, "azp": clientID},
		{"sub": "bob"}, {"sub": "absent"}, {"exp": p.clock.Now().Add(-time.Hour).Unix()}, {"iat": p.clock.Now().Add(time.Hour).Unix()},
	} {
		p.refuses(signedUserInfo(p, bad, sign), oidc.UserInfoFailed, "userinfo")
	}
}

func TestR15_UserInfoSignedByAnotherKey(t *testing.T) {
	p, evil, key := newParty(t, nil), newParty(t, nil), testKey(t)
	for name, sign := range map[string]func(map[string]any) string{
		"another provider": func(claims map[string]any) string {
			token, err := evil.idp.Sign(claims)
			require.NoError(t, err)
			return token
		},
		"another key, same kid": func(claims map[string]any) string {
			token, err := p.idp.Sign(claims)
			require.NoError(t, err)
			return edit(t, token, func(header, _ map[string]any) { header["alg"] = "RS256" }, rs256(t, key))
		},
		"the client's secret": func(claims map[string]any) string {
			token, err := p.idp.Sign(claims)
			require.NoError(t, err)
			return edit(t, token, func(header, _ map[string]any) { header["alg"] = "HS256" }, hs256)
		},
		"nobody": func(claims map[string]any) string {
			token, err := p.idp.Sign(claims)
			require.NoError(t, err)
			return edit(t, token, func(header, _ map[string]any) { header["alg"] = "none" }, func([]byte) []byte { return nil })
		},
		"changed": func(claims map[string]any) string {
			token, err := p.idp.Sign(claims)
			require.NoError(t, err)
			return edit(t, token, func(_, claims map[string]any) { claims["email_verified"] = true }, nil)
		},
		"JSON after all": func(claims map[string]any) string { return `{"sub":"alice"}` },
		"encrypted":      func(map[string]any) string { return "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			p.refuses(signedUserInfo(p, nil, sign), oidc.UserInfoFailed, "userinfo")
		})
	}
}

func TestOIDF_ClientUserInfoBearerBody(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.UserInfoInBody = true })
	asked := 0
	p.idp.SetHooks(federationtest.Hooks{Respond: func(at string, _ http.ResponseWriter, r *http.Request) bool {
		if at == federationtest.EndpointUserInfo {
			asked++
			require.Equal(t, http.MethodPost, r.Method)
			require.Empty(t, r.Header.Get("Authorization"))
			require.Empty(t, r.URL.RawQuery)
		}
		return false
	}})
	_, attributes, err := p.signIn("alice")
	require.NoError(t, err)
	require.Equal(t, 1, asked)
	require.Equal(t, []string{"Alice Example"}, attributes["name"])
}

// The plan of FAPI 2.0 for relying parties names these as well.

func TestOIDF_ClientInvalidSecondaryAud(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(mutate(func(c map[string]any) { c["aud"] = []string{clientID, "secondary"} }), oidc.InvalidToken, "aud")
}

func TestOIDF_ClientMissingAud(t *testing.T) {
	newParty(t, nil).refuses(mutate(func(c map[string]any) { delete(c, "aud") }), oidc.InvalidToken, "aud")
}

func TestOIDF_ClientMissingIss(t *testing.T) {
	newParty(t, nil).refuses(mutate(func(c map[string]any) { delete(c, "iss") }), oidc.InvalidToken, "iss")
}

func TestOIDF_ClientMissingNonce(t *testing.T) {
	newParty(t, nil).refuses(mutate(func(c map[string]any) { delete(c, "nonce") }), oidc.InvalidToken, "nonce")
}

func TestOIDF_ClientExpiredExp(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(mutate(func(c map[string]any) { c["exp"] = p.clock.Now().Add(-31 * time.Second).Unix() }), oidc.InvalidToken, "expired")
}

func TestOIDF_ClientInvalidAlternateAlg(t *testing.T) {
	p := newParty(t, nil)
	for _, alg := range []string{"RS256", "PS256", "ES384", "EdDSA"} { // of an ES256 key
		p.refuses(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
			return edit(t, compact, func(header, _ map[string]any) { header["alg"] = alg }, nil)
		}}, oidc.InvalidToken, "the ID token")
	}
}

func TestOIDF_ClientInvalidState(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(federationtest.Hooks{MutateRedirect: func(v url.Values) { v.Set("state", "another-state-01234") }}, oidc.InvalidResponse, "state")
}

func TestOIDF_ClientMissingState(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(federationtest.Hooks{MutateRedirect: func(v url.Values) { v.Del("state") }}, oidc.InvalidResponse, "state")
}

// What is only offered to clients that register themselves or sign their requests
// is not there: a program that has no use for it says so by its constructor.
func TestOIDF_ClientRequestURIUnsupported(t *testing.T) {
	for _, name := range []string{"request", "request_uri"} {
		_, err := oidc.New(oidc.Config{Issuer: "https://idp.example", ClientID: clientID, AuthorizationParameters: map[string]string{name: "x"}})
		require.ErrorIs(t, err, oidc.InvalidConfig)
	}
}

func TestOIDF_ClientAggregatedAndDistributedClaims(t *testing.T) {
	p := newParty(t, nil)
	p.idp.SetHooks(federationtest.Hooks{MutateUserInfo: func(c map[string]any) {
		c["_claim_names"] = map[string]any{"credit": "src1"}
		c["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "http://127.0.0.1:1/", "access_token": "x"}}
	}})
	_, attributes, err := p.signIn("alice")
	require.NoError(t, err)
	require.NotContains(t, attributes, "credit")
	require.NotContains(t, attributes, "_claim_sources")
}

func TestOIDF_ClientInvalidAuthorizationResponseIss(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(federationtest.Hooks{MutateRedirect: func(v url.Values) { v.Set("iss", "https://evil.example") }}, oidc.InvalidResponse, "iss")
}

func TestOIDF_ClientRemoveAuthorizationResponseIss(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(federationtest.Hooks{MutateRedirect: func(v url.Values) { v.Del("iss") }}, oidc.InvalidResponse, "iss")
}
