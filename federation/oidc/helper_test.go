package oidc_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

const (
	callbackURL  = "https://shop.example/callback"
	clientID     = "shop"
	clientSecret = "canary-client-secret%+:/"
	state        = "canary-state-0123456789"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// party is a fake provider and a relying party at it.
type party struct {
	t     testing.TB
	idp   *federationtest.Provider
	rp    *oidc.Provider
	clock *clock
}

// newParty changes the default configurations by adjust, which may be nil.
func newParty(t testing.TB, adjust func(idp *federationtest.Config, rp *oidc.Config)) *party {
	t.Helper()
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	idp := federationtest.Config{
		Algorithm: "ES256", // RSA keys take long to make
		Now:       c.Now,
		Clients:   []federationtest.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{callbackURL}}},
	}
	rp := oidc.Config{ClientID: clientID, ClientSecret: clientSecret, Now: c.Now, InsecureAllowHTTP: true}
	if adjust != nil {
		adjust(&idp, &rp)
	}
	p := &party{t: t, clock: c}
	p.idp = federationtest.NewServer(t, idp)
	rp.Issuer = p.idp.Issuer()
	var err error
	p.rp, err = oidc.New(rp)
	require.NoError(t, err)
	return p
}

// begin starts a sign-in and returns where the browser is sent.
func (p *party) begin(state string) (location string, pending []byte) {
	p.t.Helper()
	next, pending, err := p.rp.Begin(context.Background(), callbackURL, state)
	require.NoError(p.t, err)
	return locationOf(p.t, next), pending
}

// locationOf returns where a handler sends the browser.
func locationOf(t testing.TB, next http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/login", nil))
	require.Equal(t, http.StatusSeeOther, w.Code)
	return w.Header().Get("Location")
}

// visit signs subject in at the provider's page and returns the callback URL.
func (p *party) visit(location, subject string) *url.URL {
	p.t.Helper()
	callback, err := federationtest.SignIn(browser(p.t), location, subject)
	require.NoError(p.t, err)
	return callback
}

func (p *party) finish(callback *url.URL, pending []byte) (string, map[string][]string, error) {
	return p.rp.Finish(httptest.NewRequest(http.MethodGet, callback.String(), nil), pending)
}

// signIn goes all the way.
func (p *party) signIn(subject string) (string, map[string][]string, error) {
	p.t.Helper()
	location, pending := p.begin(state)
	return p.finish(p.visit(location, subject), pending)
}

// refuses requires that a sign-in at the bent provider fails with code, and
// that the same sign-in works when the provider is honest again.
func (p *party) refuses(hooks federationtest.Hooks, code oidc.Code, text string) {
	p.t.Helper()
	p.idp.SetHooks(hooks)
	subject, attributes, err := p.signIn("alice")
	p.refused(err, code, text)
	require.Empty(p.t, subject)
	require.Nil(p.t, attributes)
	p.idp.SetHooks(federationtest.Hooks{})
	subject, _, err = p.signIn("alice")
	require.NoError(p.t, err)
	require.Equal(p.t, "alice", subject)
}

// refused requires an *oidc.Error of code which says text and no secret.
func (p *party) refused(err error, code oidc.Code, text string) {
	p.t.Helper()
	require.ErrorIs(p.t, err, code)
	var typed *oidc.Error
	require.ErrorAs(p.t, err, &typed)
	require.Contains(p.t, err.Error(), text)
	require.True(p.t, strings.HasPrefix(err.Error(), "oidc: "), err.Error())
	require.NotContains(p.t, err.Error(), "canary")
	require.NotContains(p.t, err.Error(), "eyJ", "a token in an error")
}

// browser is a client with a cookie jar, as a person's is.
func browser(t testing.TB) *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, Timeout: 10 * time.Second}
}

// edit returns a compact token with its header and claims changed, signed by
// sign; a nil sign leaves the signature as it was.
func edit(t testing.TB, compact string, change func(header, claims map[string]any), sign func(input []byte) []byte) string {
	t.Helper()
	parts := strings.Split(compact, ".")
	require.Len(t, parts, 3)
	var objects [2]map[string]any
	for i := range objects {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &objects[i]))
	}
	change(objects[0], objects[1])
	for i := range objects {
		data, err := json.Marshal(objects[i])
		require.NoError(t, err)
		parts[i] = base64.RawURLEncoding.EncodeToString(data)
	}
	if sign != nil {
		parts[2] = base64.RawURLEncoding.EncodeToString(sign([]byte(parts[0] + "." + parts[1])))
	}
	return strings.Join(parts, ".")
}

// hs256 signs with a secret both sides know.
func hs256(input []byte) []byte {
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write(input)
	return mac.Sum(nil)
}

// rs256 signs with key.
func rs256(t testing.TB, key *rsa.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		require.NoError(t, err)
		return signature
	}
}

// respondAt answers one endpoint of the provider.
func respondAt(endpoint string, answer http.HandlerFunc) federationtest.Hooks {
	return federationtest.Hooks{Respond: func(at string, w http.ResponseWriter, r *http.Request) bool {
		if at != endpoint {
			return false
		}
		answer(w, r)
		return true
	}}
}

// raw answers with a body as it is.
func raw(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// mutate is a hook that changes the claims of ID tokens.
func mutate(change func(claims map[string]any)) federationtest.Hooks {
	return federationtest.Hooks{MutateIDToken: change}
}
