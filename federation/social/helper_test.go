package social_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/social"
)

const (
	callbackURL  = "https://shop.example/callback"
	clientID     = "shop"
	clientSecret = "canary-client-secret"
	state        = "canary-state-0123456789"
	canaryToken  = "canary-access-token"
	canaryCode   = "canary-code"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// fake is a provider that speaks OAuth 2.0 as the documents of Facebook, Amazon and
// GitHub show it: a code, an access token, and interfaces at their own paths.
type fake struct {
	t       *testing.T
	server  *httptest.Server
	mu      sync.Mutex
	answers map[string]http.HandlerFunc // by path
	sent    url.Values                  // the authorization request
	asked   map[string]int
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, answers: make(map[string]http.HandlerFunc), asked: make(map[string]int)}
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	f.answers["/token"] = f.token
	return f
}

func (f *fake) options() social.Options {
	return social.Options{
		InsecureEndpoints: social.Endpoints{Authorization: f.server.URL + "/authorize", Token: f.server.URL + "/token", API: f.server.URL},
		InsecureAllowHTTP: true, Now: clock,
	}
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	answer := f.answers[r.URL.Path]
	f.asked[r.URL.Path]++
	f.mu.Unlock()
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, r)
}

func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// token redeems the one code, with PKCE and the secret in the body.
func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || r.PostForm.Get("code") != canaryCode || r.PostForm.Get("client_secret") != clientSecret ||
		r.PostForm.Get("client_id") != clientID || r.PostForm.Get("redirect_uri") != callbackURL || len(r.PostForm.Get("code_verifier")) != 43 {
		answerJSON(http.StatusBadRequest, `{"error":"invalid_grant","error_description":"no"}`)(w, r)
		return
	}
	answerJSON(http.StatusOK, `{"access_token":"`+canaryToken+`","token_type":"bearer","expires_in":3600,"scope":"x"}`)(w, r)
}

func answerJSON(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// api answers at path to requests that have the access token in a header.
func (f *fake) api(path, body string) {
	f.answer(path, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+canaryToken || r.URL.Query().Has("access_token") {
			answerJSON(http.StatusUnauthorized, `{"message":"Bad credentials"}`)(w, r)
			return
		}
		answerJSON(http.StatusOK, body)(w, r)
	})
}

func (f *fake) answer(path string, handler http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = handler
}

// signIn goes all the way; extra is added to the callback's query.
func (f *fake) signIn(p federation.Provider, extra string) (string, map[string][]string, error) {
	f.t.Helper()
	next, pending, err := p.Begin(context.Background(), callbackURL, state)
	require.NoError(f.t, err)
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	u, err := url.Parse(w.Header().Get("Location"))
	require.NoError(f.t, err)
	f.sent = u.Query()
	return p.Finish(httptest.NewRequest(http.MethodGet, callbackURL+"?code="+canaryCode+"&state="+state+extra, nil), pending)
}

// refused requires an *oidc.Error of code which says text and no secret.
func refused(t *testing.T, err error, code oidc.Code, text string) {
	t.Helper()
	require.ErrorIs(t, err, code)
	require.Contains(t, err.Error(), text)
	for _, secret := range []string{"canary", "eyJ"} {
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secret)
	}
}

// openID is a fake OpenID provider.
func openID(t *testing.T, secret string, hooks federationtest.Hooks) *federationtest.Provider {
	return federationtest.NewServer(t, federationtest.Config{
		Algorithm: "ES256", Now: clock, Hooks: hooks,
		Clients: []federationtest.Client{{ID: clientID, Secret: secret, RedirectURIs: []string{callbackURL}}},
	})
}

func openIDOptions(idp *federationtest.Provider) social.Options {
	return social.Options{InsecureEndpoints: social.Endpoints{Issuer: idp.Issuer()}, InsecureAllowHTTP: true, Now: clock}
}

// begin returns where the browser is sent.
func begin(t *testing.T, p federation.Provider) (location string, pending []byte) {
	next, pending, err := p.Begin(context.Background(), callbackURL, state)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Header().Get("Location"), pending
}

// signIn goes all the way at a fake OpenID provider.
func signIn(t *testing.T, p federation.Provider, subject string) (string, map[string][]string, error) {
	location, pending := begin(t, p)
	callback, err := federationtest.SignIn(nil, location, subject)
	require.NoError(t, err)
	return p.Finish(httptest.NewRequest(http.MethodGet, callback.String(), nil), pending)
}

// signInByForm is signIn for response_mode=form_post, with more in the form.
func signInByForm(t *testing.T, p federation.Provider, subject string, more url.Values) (string, map[string][]string, error) {
	location, pending := begin(t, p)
	require.Contains(t, location, "response_mode=form_post")
	callback, err := federationtest.SignIn(nil, strings.Replace(location, "form_post", "query", 1), subject)
	require.NoError(t, err)
	form := callback.Query()
	for name, values := range more {
		form[name] = values
	}
	r := httptest.NewRequest(http.MethodPost, callbackURL, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.Finish(r, pending)
}

func toJSON(t *testing.T, value any) string {
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return string(data)
}
