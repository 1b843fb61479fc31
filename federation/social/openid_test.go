package social_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/social"
)

func get(query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, callbackURL+query, nil)
}

func TestGoogle(t *testing.T) {
	idp := openID(t, clientSecret, federationtest.Hooks{MutateIDToken: func(c map[string]any) { c["hd"] = "example.com" }})
	p, err := social.Google(social.GoogleConfig{ClientID: clientID, ClientSecret: clientSecret, Options: openIDOptions(idp)})
	require.NoError(t, err)
	subject, attributes, err := signIn(t, p, "alice")
	require.NoError(t, err)
	require.Equal(t, "alice", subject)
	require.Equal(t, []string{"true"}, attributes["email_verified"])
	require.Equal(t, []string{"example.com"}, attributes["hd"])
	location, _ := begin(t, p)
	require.NotContains(t, location, "hd=")
}

func TestGoogleHostedDomains(t *testing.T) {
	var hd any
	idp := openID(t, clientSecret, federationtest.Hooks{MutateIDToken: func(c map[string]any) {
		if hd != nil {
			c["hd"] = hd
		}
	}})
	google := func(domains ...string) *oidc.Provider {
		p, err := social.Google(social.GoogleConfig{
			ClientID: clientID, ClientSecret: clientSecret, HostedDomains: domains, Options: openIDOptions(idp),
		})
		require.NoError(t, err)
		return p
	}
	p := google("example.com")
	location, _ := begin(t, p)
	require.Contains(t, location, "hd=example.com&")
	hd = "example.com"
	_, _, err := signIn(t, p, "alice")
	require.NoError(t, err)
	token, err := idp.IDToken(clientID, "alice")
	require.NoError(t, err)
	_, err = p.VerifyLogin(context.Background(), token)
	require.NoError(t, err)
	for _, other := range []any{nil, "", "Example.com", "evil.example", "sub.example.com", "example.com.evil.example", "\u212Aexample.com", []string{"example.com"}, true} {
		hd = other
		_, _, err = signIn(t, p, "alice")
		refused(t, err, oidc.InvalidToken, "hd")
		token, err = idp.IDToken(clientID, "alice")
		require.NoError(t, err)
		_, err = p.VerifyLogin(context.Background(), token)
		refused(t, err, oidc.InvalidToken, "hd")
	}
	p = google("example.com", "example.org")
	location, _ = begin(t, p)
	require.Contains(t, location, "hd=%2A&")
	hd = "example.org"
	_, _, err = signIn(t, p, "alice")
	require.NoError(t, err)
	for _, bad := range []string{"", "*", "example", "Example.com", "example.com ", "@example.com", ".example.com", "example..com", "müller.example"} {
		_, err := social.Google(social.GoogleConfig{ClientID: clientID, ClientSecret: clientSecret, HostedDomains: []string{bad}})
		require.ErrorIs(t, err, oidc.InvalidConfig, bad)
	}
}

// Microsoft's fake has the issuer of the tenant below the server's own.
func TestMicrosoft(t *testing.T) {
	const consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
	tenant, keyIssuer := consumers, any(nil)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	issuer := server.URL + "/" + consumers + "/v2.0"
	idp, err := federationtest.New(federationtest.Config{
		Issuer: issuer, Algorithm: "ES256", Now: clock, ClaimsInIDToken: true,
		Clients: []federationtest.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{callbackURL}}},
		Hooks: federationtest.Hooks{
			MutateIDToken: func(c map[string]any) { c["tid"], c["ver"] = tenant, "2.0"; delete(c, "email_verified") },
			MutateKeys: func(set map[string]any) {
				if keyIssuer != nil {
					set["keys"].([]any)[0].(map[string]any)["issuer"] = keyIssuer
				}
			},
			Respond: func(at string, w http.ResponseWriter, _ *http.Request) bool {
				require.NotEqual(t, federationtest.EndpointUserInfo, at)
				return false
			},
		},
	})
	require.NoError(t, err)
	mux.Handle("/", idp)
	microsoft := func() *oidc.Provider {
		p, err := social.Microsoft(social.MicrosoftConfig{ClientID: clientID, ClientSecret: clientSecret, Options: social.Options{
			InsecureEndpoints: social.Endpoints{Issuer: issuer}, InsecureAllowHTTP: true, Now: clock,
		}})
		require.NoError(t, err)
		return p
	}
	for _, keyIssuer = range []any{nil, issuer} {
		subject, attributes, err := signIn(t, microsoft(), "alice")
		require.NoError(t, err)
		require.Equal(t, "alice", subject)
		require.Equal(t, []string{"alice@example.com"}, attributes["email"])
		require.NotContains(t, attributes, "email_verified")
	}
	for _, keyIssuer = range []any{"https://login.microsoftonline.com/aaaaaaaa-0000-4000-8000-00000000000a/v2.0"} {
		_, _, err := signIn(t, microsoft(), "alice")
		refused(t, err, oidc.InvalidToken, "key")
	}
	keyIssuer = nil
	for _, tenant = range []string{"aaaaaaaa-0000-4000-8000-00000000000a", "", "consumers"} {
		_, _, err := signIn(t, microsoft(), "alice")
		refused(t, err, oidc.InvalidToken, "")
	}
	p, err := social.Microsoft(social.MicrosoftConfig{ClientID: "x", ClientSecret: "y"})
	require.NoError(t, err)
	require.Equal(t, "https://login.microsoftonline.com/"+consumers+"/v2.0", p.Issuer())
}

const (
	teamID = "DEF123GHIJ"
	keyID  = "ABC123DEFG"
)

func p8(t *testing.T, key any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// apple is a fake of Apple's: the client secret is a token, there is no userinfo, and
// only client_secret_post.
func apple(t *testing.T, mutate func(claims map[string]any)) (*social.AppleProvider, *federationtest.Provider, *[]string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	secrets := new([]string)
	var idp *federationtest.Provider
	idp = openID(t, "registered", federationtest.Hooks{
		MutateDiscovery: func(d map[string]any) {
			delete(d, "userinfo_endpoint")
			delete(d, "end_session_endpoint")
			delete(d, "authorization_response_iss_parameter_supported")
			d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
			d["scopes_supported"] = []string{"openid", "email", "name"}
		},
		MutateRedirect: func(v url.Values) { v.Del("iss") },
		MutateIDToken: func(c map[string]any) {
			c["email"], c["email_verified"], c["is_private_email"] = "x7@privaterelay.appleid.com", "true", "true"
			c["nonce_supported"] = true
			if mutate != nil {
				mutate(c)
			}
		},
		Respond: func(at string, w http.ResponseWriter, r *http.Request) bool {
			if at != federationtest.EndpointToken {
				return false
			}
			require.NoError(t, r.ParseForm())
			secret := r.PostForm.Get("client_secret")
			*secrets = append(*secrets, secret)
			// Another implementation judges it.
			parsed, err := jwt.Parse(secret, func(token *jwt.Token) (any, error) {
				require.Equal(t, map[string]any{"alg": "ES256", "kid": keyID}, token.Header)
				return &key.PublicKey, nil
			}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(idp.Issuer()), jwt.WithIssuer(teamID), jwt.WithSubject(clientID),
				jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(clock))
			require.NoError(t, err)
			expires, err := parsed.Claims.GetExpirationTime()
			require.NoError(t, err)
			require.Equal(t, now.Add(5*time.Minute), expires.UTC())
			r.PostForm.Set("client_secret", "registered")
			return false
		},
	})
	p, err := social.Apple(social.AppleConfig{
		ClientID: clientID, TeamID: teamID, KeyID: keyID, PrivateKey: p8(t, key), Options: openIDOptions(idp),
	})
	require.NoError(t, err)
	return p, idp, secrets
}

func TestApple(t *testing.T) {
	p, _, secrets := apple(t, nil)
	location, _ := begin(t, p)
	require.Contains(t, location, "scope=openid+name+email&")
	user := `{"name":{"firstName":"Alice","lastName":"Example"},"email":"victim@example.com"}`
	subject, attributes, err := signInByForm(t, p, "alice", url.Values{"user": {user}})
	require.NoError(t, err)
	require.Equal(t, "alice", subject)
	for name, want := range map[string]string{
		"email": "x7@privaterelay.appleid.com", "email_verified": "true", "is_private_email": "true",
		"given_name": "Alice", "family_name": "Example", "name": "Alice Example",
	} {
		require.Equal(t, []string{want}, attributes[name], name)
	}
	_, attributes, err = signInByForm(t, p, "alice", nil)
	require.NoError(t, err)
	require.NotContains(t, attributes, "name", "the second time there is none")
	require.Len(t, *secrets, 2)
	require.NotEqual(t, (*secrets)[0], (*secrets)[1])
	var _ federation.Provider = p
}

func TestR6_AppleEmailVerified(t *testing.T) {
	for _, test := range []struct {
		claim any
		want  string
	}{
		{"true", "true"}, {true, "true"}, {"false", "false"}, {false, "false"}, {"TRUE", "false"}, {"True", "false"}, {" true", "false"},
		{"1", "false"}, {1, "false"}, {nil, "false"}, {[]string{"true"}, "false"}, {"yes", "false"},
	} {
		p, idp, _ := apple(t, func(c map[string]any) { c["email_verified"] = test.claim })
		_, attributes, err := signInByForm(t, p, "alice", nil)
		require.NoError(t, err)
		require.Equal(t, []string{test.want}, attributes["email_verified"], "%v", test.claim)
		token, err := idp.IDToken(clientID, "alice")
		require.NoError(t, err)
		claims, err := p.VerifyLogin(context.Background(), token)
		require.NoError(t, err)
		require.Equal(t, test.want == "true", claims["email_verified"] == true, "%v", test.claim)
		require.Equal(t, true, claims["is_private_email"])
	}
	// Nothing vouches for an address that is not there, or is none.
	for _, email := range []any{nil, "", "a@b@c.example"} {
		p, _, _ := apple(t, func(c map[string]any) { c["email"] = email })
		_, attributes, err := signInByForm(t, p, "alice", url.Values{"user": {`{"email":"victim@example.com"}`}})
		require.NoError(t, err)
		require.NotContains(t, attributes, "email")
		require.NotContains(t, attributes, "email_verified")
	}
}

// The form's parameter user is whatever the browser says.
func TestAppleHostileUser(t *testing.T) {
	p, _, _ := apple(t, nil)
	long := strings.Repeat("x", 101)
	for name, values := range map[string][]string{
		"twice":         {`{"name":{"firstName":"A"}}`, `{"name":{"firstName":"B"}}`},
		"not JSON":      {`name`},
		"array":         {`[]`},
		"null":          {`null`},
		"duplicate":     {`{"name":{"firstName":"A","firstName":"B"}}`},
		"number":        {`{"name":{"firstName":1,"lastName":null}}`},
		"nested":        {`{"name":{"firstName":{"x":"y"}}}`},
		"long":          {`{"name":{"firstName":"` + long + `"}}`},
		"huge":          {`{"name":{"firstName":"A"},"x":"` + strings.Repeat("x", 5000) + `"}`},
		"control":       {`{"name":{"firstName":"A\r\nB"}}`},
		"bidi":          {`{"name":{"firstName":"A\u202eB"}}`},
		"only spaces":   {`{"name":{"firstName":"  "}}`},
		"claims":        {`{"sub":"bob","email":"bob@example.com","email_verified":true,"is_private_email":false}`},
		"name is text":  {`{"name":"Alice"}`},
		"other letters": {`{"Name":{"FirstName":"A"}}`},
	} {
		subject, attributes, err := signInByForm(t, p, "alice", url.Values{"user": values})
		require.NoError(t, err, name)
		require.Equal(t, "alice", subject)
		for _, claim := range []string{"name", "given_name", "family_name"} {
			require.NotContains(t, attributes, claim, name)
		}
		require.Equal(t, []string{"x7@privaterelay.appleid.com"}, attributes["email"])
		require.Equal(t, []string{"true"}, attributes["is_private_email"])
	}
	// A signed name, should Apple ever send one, is not replaced.
	p, _, _ = apple(t, func(c map[string]any) { c["given_name"] = "Alice" })
	_, attributes, err := signInByForm(t, p, "alice", url.Values{"user": {`{"name":{"firstName":"Mallory"}}`}})
	require.NoError(t, err)
	require.Equal(t, []string{"Alice"}, attributes["given_name"])
}

func TestAppleQueryIsRefused(t *testing.T) {
	p, _, _ := apple(t, nil)
	_, pending := begin(t, p)
	_, _, err := p.Finish(get("?code=x&state="+state), pending)
	refused(t, err, oidc.InvalidResponse, "GET")
}

func TestAppleConfig(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	good := social.AppleConfig{ClientID: "com.example.shop", TeamID: teamID, KeyID: keyID, PrivateKey: p8(t, key)}
	p, err := social.Apple(good)
	require.NoError(t, err)
	require.Equal(t, "https://appleid.apple.com", p.Issuer())
	for name, change := range map[string]func(*social.AppleConfig){
		"no client": func(c *social.AppleConfig) { c.ClientID = "" },
		"no team":   func(c *social.AppleConfig) { c.TeamID = "" },
		"team":      func(c *social.AppleConfig) { c.TeamID = "def123ghij" },
		"key ID":    func(c *social.AppleConfig) { c.KeyID = "AuthKey_ABC" },
		"no key":    func(c *social.AppleConfig) { c.PrivateKey = nil },
		"a path":    func(c *social.AppleConfig) { c.PrivateKey = []byte("AuthKey_ABC123DEFG.p8") },
		"damaged": func(c *social.AppleConfig) {
			c.PrivateKey = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("canary")})
		},
		"other PEM": func(c *social.AppleConfig) {
			c.PrivateKey = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})
		},
		"P-384":      func(c *social.AppleConfig) { c.PrivateKey = p8(t, p384) },
		"RSA":        func(c *social.AppleConfig) { c.PrivateKey = p8(t, rsaKey) },
		"two keys":   func(c *social.AppleConfig) { c.PrivateKey = append(p8(t, key), p8(t, key)...) },
		"very long":  func(c *social.AppleConfig) { c.PrivateKey = make([]byte, 1<<20) },
		"http":       func(c *social.AppleConfig) { c.InsecureEndpoints.Issuer = "http://localhost" },
		"own scopes": func(c *social.AppleConfig) { c.Scopes = []string{"a b"} },
	} {
		config := good
		change(&config)
		_, err := social.Apple(config)
		refused(t, err, oidc.InvalidConfig, "")
		require.NotContains(t, err.Error(), "canary", name)
	}
}
