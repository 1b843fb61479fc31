package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/storage"
	zitadel "github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/stepwell/stepwell/federation/oidc"
)

// outsideStorage is the memory of a provider made with zitadel/oidc, which was
// written by others: what both sides of a test of ours have wrong, it has not.
type outsideStorage struct {
	*storage.Storage
	client *outsideClient
	key    *rsa.PublicKey
}

type outsideClient struct {
	*storage.Client
	method zitadel.AuthMethod
}

func (c *outsideClient) AuthMethod() zitadel.AuthMethod   { return c.method }
func (c *outsideClient) PostLogoutRedirectURIs() []string { return []string{returnURL} }
func (c *outsideClient) LoginURL(id string) string        { return "/login?id=" + id }

func (s *outsideStorage) GetClientByClientID(context.Context, string) (op.Client, error) {
	return s.client, nil
}

func (s *outsideStorage) GetKeyByIDAndClientID(context.Context, string, string) (*gojose.JSONWebKey, error) {
	return &gojose.JSONWebKey{KeyID: "key-1", Use: "sig", Key: s.key}, nil
}

// newOutside starts such a provider, whose sign-in page lets one person in at once.
func newOutside(t *testing.T, method zitadel.AuthMethod, key *rsa.PublicKey) (issuer string) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client := storage.WebClient(clientID, clientSecret, callbackURL)
	memory := storage.NewStorageWithClients(storage.NewUserStore(server.URL), map[string]*storage.Client{clientID: client})
	provider, err := op.NewProvider(&op.Config{
		CryptoKey: [32]byte{1}, CryptoKeyId: "k", CodeMethodS256: true, AuthMethodPost: true, AuthMethodPrivateKeyJWT: true,
		DefaultLogoutRedirectURI: "/signed-out",
	}, &outsideStorage{memory, &outsideClient{client, method}, key}, op.StaticIssuer(server.URL),
		op.WithAllowInsecure(), op.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	require.NoError(t, err)
	mux.Handle("/", provider)
	mux.Handle("/login", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("id")
		require.NoError(t, memory.CheckUsernamePassword("test-user@127.0.0.1", "verysecure", id))
		http.Redirect(w, r, op.AuthCallbackURL(provider)(r.Context(), id), http.StatusFound)
	}))
	return server.URL
}

// follow goes where the provider sends the browser, until that is target.
func follow(t *testing.T, location, target string) *url.URL {
	client := browser(t)
	var end *url.URL
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if end = r.URL; r.URL.Scheme == "https" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := client.Get(location)
	require.NoError(t, err)
	resp.Body.Close()
	require.NotNil(t, end)
	require.Equal(t, target, end.Scheme+"://"+end.Host+end.Path, end.String())
	return end
}

func TestOutsideProvider(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for method, change := range map[zitadel.AuthMethod]func(*oidc.Config){
		zitadel.AuthMethodBasic: func(c *oidc.Config) { c.ClientSecret = clientSecret },
		zitadel.AuthMethodNone:  func(*oidc.Config) {},
		zitadel.AuthMethodPrivateKeyJWT: func(c *oidc.Config) {
			c.ClientAssertion, err = oidc.NewClientAssertion(oidc.ClientAssertionConfig{
				ClientID: clientID, Key: key, KeyID: "key-1", Audience: c.Issuer, // it takes its issuer only
			})
			require.NoError(t, err)
		},
	} {
		t.Run(string(method), func(t *testing.T) {
			config := oidc.Config{
				Issuer: newOutside(t, method, &key.PublicKey), ClientID: clientID, InsecureAllowHTTP: true,
				Scopes: []string{"openid", "profile", "email"},
			}
			change(&config)
			rp, err := oidc.New(config)
			require.NoError(t, err)
			next, pending, err := rp.BeginWith(t.Context(), callbackURL, state, oidc.Hints{LoginHint: "test-user", Reauthenticate: true})
			require.NoError(t, err)
			callback := follow(t, locationOf(t, next), callbackURL)
			subject, attributes, _, session, err := rp.FinishSession(httptest.NewRequest(http.MethodGet, callback.String(), nil), pending)
			require.NoError(t, err)
			require.Equal(t, "id1", subject)
			for name, want := range map[string]string{
				"iss": config.Issuer, "email": "test-user@zitadel.ch", "email_verified": "true", "given_name": "Test",
			} {
				require.Equal(t, []string{want}, attributes[name], name)
			}
			// A code is good once, here too.
			_, _, err = rp.Finish(httptest.NewRequest(http.MethodGet, callback.String(), nil), pending)
			require.ErrorIs(t, err, oidc.ExchangeFailed)

			next, pending, err = rp.BeginLogout(t.Context(), session, returnURL, logoutState)
			require.NoError(t, err)
			back := follow(t, locationOf(t, next), returnURL)
			require.NoError(t, rp.FinishLogout(httptest.NewRequest(http.MethodGet, back.String(), nil), pending))
		})
	}
}
