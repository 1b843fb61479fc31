package identitypooltest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/identitypooltest"
	"github.com/stepwell/stepwell/identitypool/memstore"
)

const own = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}}`

// notes is the handler of an application.
func notes(t testing.TB, pool *identitypooltest.Pool, config identitypool.AuthorizerConfig) http.Handler {
	h, err := pool.NewAuthorizer(config).Routes([]identitypool.Route{{
		Pattern: "PUT /notes/{owner}/{note...}", Action: "notes:Write", Resource: "arn:app:notes:::{owner}/{note...}",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, _ := identitypool.FromContext(r.Context())
			body, err := io.ReadAll(r.Body)
			fmt.Fprint(w, caller.ARN, " ", string(body), " ", err)
		}),
	}})
	require.NoError(t, err)
	return h
}

func put(t testing.TB, client *http.Client, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", url, strings.NewReader(body))
	require.NoError(t, err)
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func TestNew_Defaults(t *testing.T) {
	pool := identitypooltest.New(t)
	h := notes(t, pool, identitypool.AuthorizerConfig{})
	ada := pool.User("ada", nil)
	status, text := put(t, ada.Client(h), "https://app.test/notes/anyone/x?y=1", "milk")
	require.Equal(t, 200, status, text)
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/Authenticated/CognitoIdentityCredentials milk <nil>", text)
	status, _ = put(t, pool.Guest().Client(h), "https://app.test/notes/anyone/x", "milk")
	require.Equal(t, 403, status, "guests may do nothing unless the test says what")
	require.Equal(t, ada.IdentityID, pool.User("ada", nil).IdentityID)
	require.NotEqual(t, ada.IdentityID, pool.User("bob", nil).IdentityID)
	require.NotEqual(t, pool.Guest().IdentityID, pool.Guest().IdentityID)
	require.Equal(t, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), pool.Clock.Now())
}

// What the test says is used, and what it leaves empty is filled in.
func TestNew_FillsWhatIsEmpty(t *testing.T) {
	store := memstore.New()
	pool := identitypooltest.New(t, func(c *identitypool.Config) {
		require.Equal(t, identitypooltest.PoolID, c.ID, "a change sees what would be used")
		*c = identitypool.Config{
			ID: "us-east-1:11111111-2222-4333-8444-555555555555", Store: store,
			AuthenticatedRole: identitypool.Role{Name: "Mine", Policies: []string{own}},
		}
	})
	require.Same(t, store, pool.Config().Store)
	h := notes(t, pool, identitypool.AuthorizerConfig{Service: "notes"})
	ada := pool.User("ada", nil)
	ada.Service = "notes"
	status, text := put(t, ada.Client(h), "http://app.test/notes/"+ada.IdentityID+"/a/b", "")
	require.Equal(t, 200, status, text)
	require.Contains(t, text, "/Mine/")
	status, _ = put(t, ada.Client(h), "http://app.test/notes/bob/a/b", "")
	require.Equal(t, 403, status)
	ada.Service = identitypooltest.Service
	status, text = put(t, ada.Client(h), "http://app.test/notes/"+ada.IdentityID+"/a/b", "")
	require.Equal(t, 403, status)
	require.Contains(t, text, "InvalidSignature")

	_, err := pool.GetID(t.Context(), identitypool.GetIDInput{})
	require.ErrorIs(t, err, identitypool.NotAuthorized, "this pool has no guests")
}

func TestClock(t *testing.T) {
	pool := identitypooltest.New(t)
	h := notes(t, pool, identitypool.AuthorizerConfig{})
	ada := pool.User("ada", nil)
	first := ada.Credentials()
	require.Equal(t, first, ada.Credentials())
	r := httptest.NewRequest("PUT", "/notes/x/y", strings.NewReader("milk"))
	ada.Sign(r)
	pool.Clock.Advance(2 * time.Hour)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, 403, w.Code, "the signature is too old")

	old := ada.With(first)
	status, text := put(t, old.Client(h), "https://app.test/notes/x/y", "")
	require.Equal(t, 403, status)
	require.Contains(t, text, "ExpiredToken")
	status, _ = put(t, ada.Client(h), "https://app.test/notes/x/y", "")
	require.Equal(t, 200, status, "the user gets new ones")
	require.NotEqual(t, first.AccessKeyID, ada.Credentials().AccessKeyID)
}

func TestConfig_MakesAnotherProcess(t *testing.T) {
	pool := identitypooltest.New(t)
	other, err := identitypool.New(pool.Config())
	require.NoError(t, err)
	a, err := other.Authorizer(identitypool.AuthorizerConfig{})
	require.NoError(t, err)
	for _, u := range []*identitypooltest.User{pool.User("ada", nil), pool.Guest(), pool.Program(identitypool.User{})} {
		r := httptest.NewRequest("GET", "/", nil)
		u.Sign(r)
		caller, err := a.Caller(r)
		require.NoError(t, err)
		require.Equal(t, u.IdentityID, caller.IdentityID)
	}
	config := pool.Config()
	delete(config.Providers, identitypooltest.ProviderName)
	require.Len(t, pool.Config().Providers, 1, "a copy")
}

func TestProvider(t *testing.T) {
	pool := identitypooltest.New(t)
	getID := func(token string) error {
		_, err := pool.GetID(t.Context(), identitypool.GetIDInput{Logins: map[string]string{identitypooltest.ProviderName: token}})
		return err
	}
	token := pool.Provider.Login("ada", map[string]any{"email": "ada@example.com"})
	claims, err := pool.Provider.VerifyLogin(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, "ada", claims["sub"])
	require.Equal(t, "ada@example.com", claims["email"])
	require.Equal(t, identitypooltest.ClientID, claims["aud"])
	require.NoError(t, getID(token))
	require.ErrorIs(t, getID("forged"), identitypool.NotAuthorized)
	pool.Provider.Fail(identitypool.ExternalService)
	require.ErrorIs(t, getID(token), identitypool.ExternalService)
	pool.Provider.Fail(nil)
	pool.Clock.Advance(identitypooltest.TokenValidity - time.Second)
	require.NoError(t, getID(token))
	pool.Clock.Advance(time.Second)
	require.ErrorIs(t, getID(token), identitypool.NotAuthorized)
	token = pool.Provider.Login("ada", nil)
	pool.Provider.Disable("ada")
	require.ErrorIs(t, getID(token), identitypool.NotAuthorized)
	require.NoError(t, getID(pool.Provider.Login("bob", nil)))
}

// Several providers, with principal tags and role mappings.
func TestNewProvider(t *testing.T) {
	first, second := identitypooltest.NewProvider(), identitypooltest.NewProvider().OnceOnly()
	require.Panics(t, func() { identitypooltest.NewProvider().Login("ada", nil) })
	pool := identitypooltest.New(t, func(c *identitypool.Config) {
		c.Providers = map[string]identitypool.Provider{
			"a.test": {Verifier: first, PrincipalTags: map[string]string{"team": "team"}},
			"b.test": {Verifier: second},
		}
	})
	require.Same(t, first, pool.Provider)
	ada := pool.User("ada", map[string]any{"team": "blue"})
	a := pool.NewAuthorizer(identitypool.AuthorizerConfig{})
	team := func() string {
		r := httptest.NewRequest("GET", "/", nil)
		ada.Sign(r)
		caller, err := a.Caller(r)
		require.NoError(t, err)
		return caller.Tags["team"]
	}
	require.Equal(t, "blue", team())
	ada.Renew(map[string]any{"team": "red"})
	require.Equal(t, "red", team())
	ada.Renew(nil)
	require.Equal(t, "red", team())

	token := second.Login("ada", nil)
	logins := map[string]string{"b.test": token}
	id, err := pool.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(t, err)
	_, err = pool.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	require.NoError(t, err)
	_, err = pool.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.ErrorIs(t, err, identitypool.NotAuthorized, "both calls were made")
}

func TestProgram(t *testing.T) {
	pool := identitypooltest.New(t)
	h := notes(t, pool, identitypool.AuthorizerConfig{})
	backend := pool.Program(identitypool.User{Name: "backend", Policies: []string{identitypooltest.AllowAll}})
	status, text := put(t, backend.Client(h), "https://app.test/notes/x/y", "milk")
	require.Equal(t, 200, status, text)
	require.Contains(t, text, "arn:aws:iam::000000000000:user/backend")
	status, _ = put(t, pool.Program(identitypool.User{}).Client(h), "https://app.test/notes/x/y", "milk")
	require.Equal(t, 403, status)
	backend.Withdraw()
	status, _ = put(t, backend.Client(h), "https://app.test/notes/x/y", "milk")
	require.Equal(t, 403, status)
}

func TestServer(t *testing.T) {
	pool := identitypooltest.New(t)
	server := pool.Server(notes(t, pool, identitypool.AuthorizerConfig{}))
	client := &http.Client{Transport: pool.User("ada", nil).Transport(nil)}
	status, text := put(t, client, server.URL+"/notes/x/y%20z", "milk")
	require.Equal(t, 200, status, text)
	status, _ = put(t, server.Client(), server.URL+"/notes/x/y", "milk")
	require.Equal(t, 403, status, "not signed")
}

// broken is a body that cannot be read.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }
func (broken) Close() error             { return nil }

func TestClient(t *testing.T) {
	pool := identitypooltest.New(t)
	ada := pool.User("ada", nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.Host, " ", r.RequestURI, " ", r.TLS != nil, " ", r.RemoteAddr, " ", r.Header.Get("Authorization") != "")
	})
	mux.Handle("/away", http.RedirectHandler("/echo?b=%2F", http.StatusSeeOther))
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("broken") })
	client := ada.Client(mux)
	answer, err := client.Get("https://app.test/away")
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, "GET app.test /echo?b=%2F true 192.0.2.1:1234 true", string(text))
	_, err = client.Get("https://app.test/abort")
	require.ErrorContains(t, err, "aborted")
	require.PanicsWithValue(t, "broken", func() { _, _ = client.Get("https://app.test/panic") })
	_, err = client.Do(&http.Request{Method: "PUT", URL: answer.Request.URL, Body: broken{}})
	require.ErrorContains(t, err, "broken")
	r := httptest.NewRequest("GET", "https://app.test/echo", nil)
	r.RequestURI = ""
	_, err = client.Do(r)
	require.NoError(t, err)
	require.Empty(t, r.Header.Get("Authorization"), "the request of the test stays as it is")
}

// fakeT is a test that must fail.
type fakeT struct {
	identitypooltest.ExampleT
}

func TestMisuse(t *testing.T) {
	for want, misuse := range map[string]func(t testing.TB){
		"this configuration makes no pool: identitypool: Config.ID": func(t testing.TB) {
			identitypooltest.New(t, func(c *identitypool.Config) { c.ID = "x" })
		},
		"there is no such Authorizer": func(t testing.TB) {
			identitypooltest.New(t).NewAuthorizer(identitypool.AuthorizerConfig{Service: "A B"})
		},
		"Server wants a handler":   func(t testing.TB) { identitypooltest.New(t).Server(nil) },
		"Client wants the handler": func(t testing.TB) { identitypooltest.New(t).Guest().Client(nil) },
		"the guest gets no identity": func(t testing.TB) {
			identitypooltest.New(t, func(c *identitypool.Config) { c.AllowUnauthenticated = false }).Guest()
		},
		"ada gets no identity": func(t testing.TB) {
			pool := identitypooltest.New(t)
			pool.Provider.Fail(errors.New("down"))
			pool.User("ada", nil)
		},
		"ada gets no credentials": func(t testing.TB) {
			pool := identitypooltest.New(t)
			ada := pool.User("ada", nil)
			pool.Provider.Disable("ada")
			ada.Credentials()
		},
		"no provider of the pool is one of NewProvider": func(t testing.TB) {
			identitypooltest.New(t, func(c *identitypool.Config) {
				c.Providers = map[string]identitypool.Provider{"x": {Verifier: identitypool.LoginFunc(identitypooltest.NewProvider().VerifyLogin)}}
			}).User("ada", nil)
		},
		"Config.Now was replaced": func(t testing.TB) {
			identitypooltest.New(t, func(c *identitypool.Config) { c.Now = func() time.Time { return time.Unix(1e9, 0) } }).Clock.Advance(1)
		},
		"Config.Users was replaced": func(t testing.TB) {
			identitypooltest.New(t, func(c *identitypool.Config) { c.Users = noUsers{} }).Program(identitypool.User{})
		},
		"only programs have access keys": func(t testing.TB) { identitypooltest.New(t).Guest().Withdraw() },
		"of a program does not change":   func(t testing.TB) { identitypooltest.New(t).Program(identitypool.User{}).Renew(nil) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				reason := fmt.Sprint(recover())
				require.Contains(t, reason, want)
				require.True(t, strings.HasPrefix(reason, "identitypooltest: "), reason)
			}()
			misuse(fakeT{})
			t.Error("it did not end the test")
		})
	}
}
