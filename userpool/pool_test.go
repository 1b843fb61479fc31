package userpool_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/stepwell/stepwell/internal/pgtest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/sqlstore"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

const (
	issuer   = "https://id.example.com"
	password = "purple otters juggle lanterns"
)

// kit is a pool with a clock, an outbox and a log that a test can look at.
type kit struct {
	*userpool.Pool
	t      testing.TB
	config userpool.Config
	clock  *userpooltest.Clock
	outbox *userpooltest.Outbox
	log    *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// webApp is a public client, backend a confidential one.
var (
	webApp = userpool.Client{
		ID: "webapp", CallbackURLs: []string{"https://app.example.com/callback"}, LogoutURLs: []string{"https://app.example.com/"},
		Scopes:    []string{"openid", "email", "profile", userpool.ScopeUserAdmin},
		AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth},
	}
	backendSecret = "0123456789abcdefghijklmnopqrstuv"
	backend       = userpool.Client{
		ID: "backend", Secrets: []string{backendSecret}, CallbackURLs: []string{"https://backend.example.com/callback"},
		AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth},
	}
)

// newKit makes a pool on a memory store; change may be nil.
func newKit(t testing.TB, change func(*userpool.Config)) *kit {
	t.Helper()
	return newKitOn(t, memstore.New(), change)
}

func newKitOn(t testing.TB, store userpool.Store, change func(*userpool.Config)) *kit {
	t.Helper()
	log := &syncBuffer{}
	pool := userpooltest.New(t, func(c *userpool.Config) {
		c.Issuer, c.Store, c.Logger = issuer, store, slog.New(slog.NewTextHandler(log, nil))
		c.Settings.Clients = []userpool.Client{webApp, backend}
		if change != nil {
			change(c)
		}
	})
	return &kit{Pool: pool.Pool, t: t, config: pool.Config(), clock: pool.Clock, outbox: pool.Outbox, log: log}
}

// again returns a second pool on the same store, as another process has it.
func (k *kit) again(change func(*userpool.Config)) *kit {
	other := *k
	if change != nil {
		change(&other.config)
	}
	var err error
	other.Pool, err = userpool.New(other.config)
	require.NoError(k.t, err)
	return &other
}

// eachStore runs a test on memory, SQLite and PostgreSQL.
func eachStore(t *testing.T, test func(t *testing.T, store userpool.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, memstore.New()) })
	t.Run("SQLite", func(t *testing.T) { test(t, sqliteStore(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		store, err := sqlstore.Open(t.Context(), pgtest.Open(t), sqlstore.PostgreSQL)
		require.NoError(t, err)
		test(t, store)
	})
}

func sqliteStore(t testing.TB) userpool.Store {
	t.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "pool.db")))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite)
	require.NoError(t, err)
	return store
}

// mail returns the newest message, once all of this process are sent.
func (k *kit) mail() userpool.Message {
	k.t.Helper()
	k.Wait()
	return k.outbox.Last()
}

func (k *kit) mails() int {
	k.Wait()
	return len(k.outbox.Messages())
}

// user signs up and confirms a user, and returns the sub.
func (k *kit) user(email string) string {
	k.t.Helper()
	ctx := context.Background()
	out, err := k.SignUp(ctx, userpool.SignUpInput{Username: email, Password: password})
	require.NoError(k.t, err)
	require.NoError(k.t, errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		Username: email, ConfirmationCode: k.mail().Code, Session: out.Session,
	})))
	return out.UserSub
}

func (k *kit) signIn(email, password string) (*userpool.Tokens, error) {
	out, err := k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: email, Password: password,
	})
	if err != nil {
		return nil, err
	}
	return out.Tokens, nil
}

func (k *kit) tokens(email string) *userpool.Tokens {
	k.t.Helper()
	tokens, err := k.signIn(email, password)
	require.NoError(k.t, err)
	return tokens
}

func (k *kit) browser(email string) string {
	k.t.Helper()
	out, err := k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: email, Password: password, Result: userpool.ResultBrowserSession,
	})
	require.NoError(k.t, err)
	return out.BrowserSession
}

func (k *kit) refresh(token string) (*userpool.Tokens, error) {
	return k.GetTokensFromRefreshToken(context.Background(), userpool.GetTokensFromRefreshTokenInput{RefreshToken: token, ClientID: webApp.ID})
}

// claimsOf verifies a token and returns its claims as JSON would give them.
func (k *kit) claimsOf(verify func(context.Context, string) (map[string]any, error), token string) map[string]any {
	k.t.Helper()
	claims, err := verify(context.Background(), token)
	require.NoError(k.t, err)
	return claims
}

func seconds(t time.Time) json.Number {
	b, _ := json.Marshal(t.Unix())
	return json.Number(b)
}

// parallel calls f n times at once and returns how often it returned nil.
func parallel(n int, f func(i int) error) int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	won := 0
	for i := range n {
		wg.Go(func() {
			<-start
			if f(i) == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	good := newKit(t, nil).config
	for name, test := range map[string]struct {
		change func(*userpool.Config)
		want   string
	}{
		"no issuer":                {func(c *userpool.Config) { c.Issuer = "" }, "Config.Issuer is empty"},
		"issuer with slash":        {func(c *userpool.Config) { c.Issuer = "https://a.example/" }, "ends in a slash"},
		"issuer with dots":         {func(c *userpool.Config) { c.Issuer = "https://a.example/x/../y" }, "empty or dot segments"},
		"issuer with double slash": {func(c *userpool.Config) { c.Issuer = "https://a.example//x" }, "empty or dot segments"},
		"issuer escaped":           {func(c *userpool.Config) { c.Issuer = "https://a.example/%2e" }, "empty or dot segments"},
		"issuer with query":        {func(c *userpool.Config) { c.Issuer = "https://a.example?x" }, "not a plain URL"},
		"issuer upper case":        {func(c *userpool.Config) { c.Issuer = "https://A.example" }, "not a plain URL"},
		"issuer http":              {func(c *userpool.Config) { c.Issuer = "http://a.example" }, "not https"},
		"issuer ftp":               {func(c *userpool.Config) { c.Issuer = "ftp://a.example" }, "other than https"},
		"no store":                 {func(c *userpool.Config) { c.Store = nil }, "Config.Store is nil"},
		"no sender":                {func(c *userpool.Config) { c.Sender = nil }, "Config.Sender is nil"},
		"bad ID":                   {func(c *userpool.Config) { c.ID = "a b" }, `"a b"`},
		"hashes":                   {func(c *userpool.Config) { c.MaxConcurrentHashes = -1 }, "-1"},
		"algorithm":                {func(c *userpool.Config) { c.Settings.SigningAlgorithm = "HS256" }, `"HS256"`},
		"policy":                   {func(c *userpool.Config) { c.Settings.PasswordPolicy.MinimumLength = 5 }, "is 5"},
		"rotation":                 {func(c *userpool.Config) { c.Settings.KeyRotation = time.Minute }, "KeyRotation is 1m0s"},
		"no client ID":             {func(c *userpool.Config) { c.Settings.Clients = []userpool.Client{{}} }, "the ID must be"},
		"two clients": {func(c *userpool.Config) {
			c.Settings.Clients = []userpool.Client{{ID: "a"}, {ID: "a"}}
		}, "two clients"},
		"short secret": {func(c *userpool.Config) {
			c.Settings.Clients = []userpool.Client{{ID: "a", Secrets: []string{"hush"}}}
		}, "secret 1 must be 24"},
		"scope": {func(c *userpool.Config) {
			c.Settings.Clients = []userpool.Client{{ID: "a", Scopes: []string{"root"}}}
		}, `"root"`},
		"flow": {func(c *userpool.Config) {
			c.Settings.Clients = []userpool.Client{{ID: "a", AuthFlows: []userpool.AuthFlow{"X"}}}
		}, `"X"`},
		"lifetime": {func(c *userpool.Config) {
			c.Settings.Clients = []userpool.Client{{ID: "a", AccessTokenValidity: time.Second}}
		}, "AccessTokenValidity is 1s"},
		"provider": {func(c *userpool.Config) { c.Providers = []userpool.Provider{{Name: "a b"}} }, `"a b"`},
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			test.change(&c)
			_, err := userpool.New(c)
			require.ErrorContains(t, err, test.want)
			if len(c.Settings.Clients) == 1 && len(c.Settings.Clients[0].Secrets) > 0 {
				require.NotContains(t, err.Error(), "hush", "an error must not hold a secret")
			}
		})
	}
}

func TestNew_WantsKeyWrapperForStoreThatLasts(t *testing.T) {
	c := newKit(t, nil).config
	c.KeyWrapper = nil
	_, err := userpool.New(c)
	require.NoError(t, err, "a memory store forgets with the program")
	c.Store = sqliteStore(t)
	_, err = userpool.New(c)
	require.ErrorContains(t, err, "KeyWrapper is nil")
}

// Registered redirect addresses: what could be bent is refused when the pool is made.
func TestO2_RedirectAddresses(t *testing.T) {
	good := newKit(t, nil).config
	for uri, ok := range map[string]bool{
		"https://app.example/cb":           true,
		"https://app.example/cb?x=1":       true,
		"http://localhost:8080/cb":         true,
		"http://127.0.0.1:5555/":           true,
		"http://[::1]:5555/":               true,
		"com.example.app:/cb":              true,
		"https://app.example/cb#":          false,
		"https://app.example/cb#frag":      false,
		"https://*.example/cb":             false,
		"https://app.example/*":            false,
		"http://app.example/cb":            false,
		"http://localhost.evil.example/cb": false,
		"https://user@app.example/cb":      false,
		"https://u:p@app.example/cb":       false,
		"javascript:alert(1)":              false,
		"data:text/html,x":                 false,
		"myapp:/cb":                        false,
		"//app.example/cb":                 false,
		"/cb":                              false,
		"":                                 false,
		"https://":                         false,
		"https:///cb":                      false,
		"https://app.example/c b":          false,
		"https://app.example\\@evil/":      false,
		"https://app.example/\n":           false,
		"https://äpp.example/":             false,
	} {
		c := good
		c.Settings.Clients = []userpool.Client{{ID: "a", CallbackURLs: []string{uri}}}
		_, err := userpool.New(c)
		require.Equal(t, ok, err == nil, "%q: %v", uri, err)
	}
}

func TestSettings_HideSecrets(t *testing.T) {
	k := newKit(t, nil)
	client, ok := k.Client("backend")
	require.True(t, ok)
	require.True(t, client.Confidential())
	require.NotContains(t, client.Secrets, backendSecret)
	for _, c := range k.Settings().Clients {
		require.NotContains(t, c.Secrets, backendSecret)
	}
	_, ok = k.Client("nobody")
	require.False(t, ok)
}

// A client proves itself by one of its secrets; everything else is one and the same refusal.
func TestO14_ClientSecrets(t *testing.T) {
	second := "another-secret-of-the-same-client"
	k := newKit(t, func(c *userpool.Config) { c.Settings.Clients[1].Secrets = []string{backendSecret, second} })
	for _, secret := range []string{backendSecret, second} {
		_, err := k.AuthenticateClient("backend", secret)
		require.NoError(t, err)
	}
	_, err := k.AuthenticateClient("webapp", "")
	require.NoError(t, err)
	var texts []string
	for _, pair := range [][2]string{
		{"backend", ""}, {"backend", "wrong-wrong-wrong-wrong-wrong"}, {"backend", backendSecret + "x"}, {"backend", backendSecret[:31]},
		{"webapp", backendSecret}, {"nobody", ""}, {"nobody", backendSecret}, {"", ""},
	} {
		_, err := k.AuthenticateClient(pair[0], pair[1])
		require.ErrorIs(t, err, userpool.InvalidClient, "%q", pair)
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		require.Equal(t, texts[0], text)
	}
}
