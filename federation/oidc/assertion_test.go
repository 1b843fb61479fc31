package oidc_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"testing"
	"testing/iotest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

type clientKey struct {
	signer      crypto.Signer
	certificate *x509.Certificate
}

func newClientKey(t testing.TB, signer crypto.Signer) clientKey {
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return clientKey{signer, certificate}
}

func clientKeys(t testing.TB) map[string]clientKey {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return map[string]clientKey{
		"RS256": newClientKey(t, rsaKey), "PS256": newClientKey(t, rsaKey), "ES256": newClientKey(t, ecKey), "EdDSA": newClientKey(t, edKey),
	}
}

// judge verifies an assertion with another implementation and returns its header and claims.
func judge(t testing.TB, assertion, algorithm string, key crypto.PublicKey, audience string, at time.Time) (header map[string]any, claims jwt.MapClaims) {
	t.Helper()
	token, err := jwt.Parse(assertion, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{algorithm}), jwt.WithAudience(audience), jwt.WithIssuer(clientID), jwt.WithSubject(clientID),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(func() time.Time { return at }))
	require.NoError(t, err)
	return token.Header, token.Claims.(jwt.MapClaims)
}

func TestPrivateKeyJWT(t *testing.T) {
	for algorithm, key := range clientKeys(t) {
		t.Run(algorithm, func(t *testing.T) {
			seen := make(map[string]bool)
			p := newParty(t, func(idp *federationtest.Config, rp *oidc.Config) {
				idp.Clients[0].Secret, rp.ClientSecret = "", ""
				var err error
				rp.ClientAssertion, err = oidc.NewClientAssertion(oidc.ClientAssertionConfig{
					ClientID: clientID, Key: key.signer, KeyID: "key-1", Certificate: key.certificate, Algorithm: algorithm, Now: rp.Now,
				})
				require.NoError(t, err)
			})
			p.idp.SetHooks(federationtest.Hooks{
				MutateDiscovery: func(d map[string]any) {
					d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post", "private_key_jwt"}
				},
				Respond: func(at string, w http.ResponseWriter, r *http.Request) bool {
					if at != federationtest.EndpointToken {
						return false
					}
					require.NoError(t, r.ParseForm())
					require.Equal(t, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", r.PostForm.Get("client_assertion_type"))
					require.Equal(t, clientID, r.PostForm.Get("client_id"))
					require.False(t, r.PostForm.Has("client_secret"))
					require.Empty(t, r.Header.Get("Authorization"))
					header, claims := judge(t, r.PostForm.Get("client_assertion"), algorithm, key.signer.Public(), p.idp.Issuer()+"/token", p.clock.Now())
					sum := sha256.Sum256(key.certificate.Raw)
					require.Equal(t, map[string]any{
						"alg": algorithm, "typ": "JWT", "kid": "key-1", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:]),
					}, header)
					id, _ := claims["jti"].(string)
					require.Len(t, id, 22)
					require.False(t, seen[id])
					seen[id] = true
					require.Len(t, claims, 7)
					require.EqualValues(t, p.clock.Now().Add(5*time.Minute).Unix(), claims["exp"])
					return false
				},
			})
			for range 2 {
				subject, _, err := p.signIn("alice")
				require.NoError(t, err)
				require.Equal(t, "alice", subject)
			}
			require.Len(t, seen, 2)
		})
	}
}

func TestClientAssertionAudience(t *testing.T) {
	key := clientKeys(t)["ES256"]
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	sign, err := oidc.NewClientAssertion(oidc.ClientAssertionConfig{
		ClientID: clientID, Key: key.signer, KeyID: "k", Audience: "https://idp.example", Lifetime: time.Minute, Now: func() time.Time { return at },
	})
	require.NoError(t, err)
	assertion, err := sign(context.Background(), "https://idp.example/token")
	require.NoError(t, err)
	header, claims := judge(t, assertion, "ES256", key.signer.Public(), "https://idp.example", at)
	require.NotContains(t, header, "x5t#S256")
	require.EqualValues(t, at.Add(time.Minute).Unix(), claims["exp"])
}

type lockedSigner struct{ crypto.Signer }

func (lockedSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the device is locked")
}

func TestClientAssertionRefuses(t *testing.T) {
	keys := clientKeys(t)
	good := oidc.ClientAssertionConfig{ClientID: clientID, Key: keys["RS256"].signer, KeyID: "k"}
	_, err := oidc.NewClientAssertion(good)
	require.NoError(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, change := range map[string]func(*oidc.ClientAssertionConfig){
		"no client":         func(c *oidc.ClientAssertionConfig) { c.ClientID = "" },
		"no key":            func(c *oidc.ClientAssertionConfig) { c.Key = nil },
		"no name":           func(c *oidc.ClientAssertionConfig) { c.KeyID = "" },
		"small key":         func(c *oidc.ClientAssertionConfig) { c.Key = small },
		"other certificate": func(c *oidc.ClientAssertionConfig) { c.Certificate = keys["ES256"].certificate },
		"certificate only":  func(c *oidc.ClientAssertionConfig) { c.Key, c.Certificate = nil, keys["RS256"].certificate },
		"HS256":             func(c *oidc.ClientAssertionConfig) { c.Algorithm = "HS256" },
		"ES256":             func(c *oidc.ClientAssertionConfig) { c.Algorithm = "ES256" },
		"none":              func(c *oidc.ClientAssertionConfig) { c.Algorithm = "none" },
		"audience":          func(c *oidc.ClientAssertionConfig) { c.Audience = "a\nb" },
		"long life":         func(c *oidc.ClientAssertionConfig) { c.Lifetime = 6 * time.Minute },
		"no life":           func(c *oidc.ClientAssertionConfig) { c.Lifetime = -1 },
	} {
		config := good
		change(&config)
		_, err := oidc.NewClientAssertion(config)
		require.ErrorIs(t, err, oidc.InvalidConfig, name)
	}
	for _, change := range []func(*oidc.ClientAssertionConfig){
		func(c *oidc.ClientAssertionConfig) { c.Rand = iotest.ErrReader(errors.New("no entropy")) },
		func(c *oidc.ClientAssertionConfig) { c.Key = lockedSigner{c.Key} },
	} {
		config := good
		change(&config)
		sign, err := oidc.NewClientAssertion(config)
		require.NoError(t, err)
		_, err = sign(context.Background(), "https://idp.example/token")
		require.ErrorIs(t, err, oidc.InvalidConfig)
	}
}

// Without private_key_jwt among the methods, an assertion would be ignored, and the client taken for a public one.
func TestPrivateKeyJWTMustBeSupported(t *testing.T) {
	for _, methods := range []any{[]string{"client_secret_basic"}, []string{}, "private_key_jwt"} {
		p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
			rp.ClientSecret = ""
			rp.ClientAssertion = func(context.Context, string) (string, error) { return "canary", nil }
		})
		p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = methods }})
		_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
		p.refused(err, oidc.DiscoveryFailed, "token_endpoint_auth_methods_supported")
	}
}

// credentialsParty has credentials that come from a function.
func credentialsParty(t *testing.T, secret, assertion func() (string, error)) *party {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.ClientSecret = ""
		if secret != nil {
			rp.ClientSecretFunc = func(context.Context) (string, error) { return secret() }
		}
		if assertion != nil {
			rp.ClientAssertion = func(context.Context, string) (string, error) { return assertion() }
		}
	})
	p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { delete(d, "token_endpoint_auth_methods_supported") }})
	return p
}

func TestClientSecretFunc(t *testing.T) {
	called := 0
	p := credentialsParty(t, func() (string, error) { called++; return clientSecret, nil }, nil)
	for range 2 {
		_, _, err := p.signIn("alice")
		require.NoError(t, err)
	}
	require.Equal(t, 2, called)
}

func TestR17_CredentialsFail(t *testing.T) {
	for _, give := range []func() (string, error){
		func() (string, error) { return "canary", errors.New("canary: the vault is closed") },
		func() (string, error) { return "", nil },
		func() (string, error) { return "canary\n", nil },
	} {
		for _, p := range []*party{credentialsParty(t, give, nil), credentialsParty(t, nil, give)} {
			_, _, err := p.signIn("alice")
			p.refused(err, oidc.ExchangeFailed, "the client's credentials")
		}
	}
	// The provider repeats the assertion, once it has been discovered.
	p := credentialsParty(t, nil, func() (string, error) { return "canary-assertion", nil })
	location, pending := p.begin(state)
	callback := p.visit(location, "alice")
	p.idp.SetHooks(respondAt(federationtest.EndpointToken, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		raw(http.StatusBadRequest, "application/json", `{"error":"invalid_client","error_description":"not `+r.PostForm.Get("client_assertion")+`"}`)(w, r)
	}))
	_, _, err := p.finish(callback, pending)
	p.refused(err, oidc.ExchangeFailed, "not [redacted]")
}

// The provider repeats the header that has the secret, which is escaped in it.
func TestR17_ProviderRepeatsTheHeader(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(federationtest.Hooks{
		MutateDiscovery: func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic"} },
		Respond: respondAt(federationtest.EndpointToken, func(w http.ResponseWriter, r *http.Request) {
			raw(http.StatusUnauthorized, "application/json", `{"error":"invalid_client","error_description":"not `+r.Header.Get("Authorization")+`"}`)(w, r)
		}).Respond,
	}, oidc.ExchangeFailed, "not Basic [redacted]")
}

func TestClientAuthenticatesInOneWay(t *testing.T) {
	secret := func(context.Context) (string, error) { return "x", nil }
	assertion := func(context.Context, string) (string, error) { return "x", nil }
	for _, config := range []oidc.Config{
		{ClientSecret: "x", ClientSecretFunc: secret}, {ClientSecret: "x", ClientAssertion: assertion}, {ClientSecretFunc: secret, ClientAssertion: assertion},
	} {
		config.Issuer, config.ClientID = "https://idp.example", clientID
		_, err := oidc.New(config)
		require.ErrorIs(t, err, oidc.InvalidConfig)
	}
}
