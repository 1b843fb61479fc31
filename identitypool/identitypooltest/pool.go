package identitypooltest

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/internal/fakes"
)

const (
	// PoolID is the ID of a pool, unless the test gives another. Its region is eu-west-1.
	PoolID = "eu-west-1:11111111-2222-4333-8444-555555555555"
	// ProviderName is the provider of a pool, unless the test gives others.
	ProviderName = "login.test"
	// Service is the service that requests are signed for, unless the test says another.
	Service = "execute-api"

	// AllowAll is the policy of the AuthenticatedRole, unless the test gives another role.
	AllowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

// Pool is an [identitypool.Pool] with what a test needs around it.
type Pool struct {
	*identitypool.Pool
	// Clock is the pool's clock.
	Clock *Clock
	// Provider is what its users sign in at: that of [ProviderName], or the first by name of those that [NewProvider] made.
	Provider *Provider

	t      testing.TB
	config identitypool.Config
	keys   *accessKeys
	log    *fakes.Log
}

// New returns a pool for this test. Its configuration has an ID, a Store in memory, a SessionKey, a clock, a Logger that writes to the
// test's log, a [Provider] that the test controls, an AuthenticatedRole that may do anything, guests whose UnauthenticatedRole may do
// nothing, and a source of users with access keys. Each change may replace any of this, and set the rest; what is empty after all of them
// is filled in again. A pool without guests is one whose AllowUnauthenticated a change has set to false.
//
// A configuration that identitypool.New refuses ends the test. An Example gives ExampleT as t.
func New(t testing.TB, change ...func(*identitypool.Config)) *Pool {
	t.Helper()
	p := &Pool{t: t, Clock: newClock(t), keys: &accessKeys{users: map[string]identitypool.User{}}, log: fakes.NewLog(t)}
	p.config.AllowUnauthenticated = true
	p.fill(&p.config)
	for _, f := range change {
		f(&p.config)
	}
	p.fill(&p.config)
	var err error
	if p.Pool, err = identitypool.New(p.config); err != nil {
		t.Fatalf("identitypooltest: this configuration makes no pool: %v", err)
	}
	p.Clock.attach(p.config.Now)
	for _, name := range slices.Sorted(maps.Keys(p.config.Providers)) {
		if own, ok := p.config.Providers[name].Verifier.(*Provider); ok {
			own.join(p, name)
			if p.Provider == nil {
				p.Provider = own
			}
		}
	}
	return p
}

// fill sets what is empty.
func (p *Pool) fill(c *identitypool.Config) {
	if c.ID == "" {
		c.ID = PoolID
	}
	if c.Store == nil {
		c.Store = memstore.New()
	}
	if c.SessionKey == nil {
		// A fixed key, so that a second pool on the same store accepts its credentials.
		c.SessionKey = bytes.Repeat([]byte{1}, 32)
	}
	if len(c.Providers) == 0 {
		provider := NewProvider()
		c.Providers = map[string]identitypool.Provider{ProviderName: {Verifier: provider, Revocation: provider}}
	}
	if isZero(c.AuthenticatedRole) {
		c.AuthenticatedRole = identitypool.Role{Name: "Authenticated", Policies: []string{AllowAll}}
	}
	if c.AllowUnauthenticated && isZero(c.UnauthenticatedRole) {
		c.UnauthenticatedRole = identitypool.Role{Name: "Unauthenticated"}
	}
	if c.Users == nil {
		c.Users = p.keys
	}
	if c.Now == nil {
		c.Now = p.Clock.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(p.log, nil))
	}
}

func isZero(r identitypool.Role) bool {
	return r.Name == "" && len(r.Policies) == 0 && r.TrustPolicy == ""
}

// Config returns what the pool was made of. A second pool that identitypool.New makes of it is another process with the same database, and
// has the same clock, providers and access keys.
func (p *Pool) Config() identitypool.Config {
	c := p.config
	c.Providers = maps.Clone(c.Providers)
	c.Roles = slices.Clone(c.Roles)
	return c
}

// NewAuthorizer is Authorizer of the pool. A configuration that it refuses ends the test.
func (p *Pool) NewAuthorizer(config identitypool.AuthorizerConfig) *identitypool.Authorizer {
	p.t.Helper()
	a, err := p.Authorizer(config)
	if err != nil {
		p.fatalf("there is no such Authorizer: %v", err)
	}
	return a
}

// Server serves the handler on a port of this computer until the test ends, for programs that a test starts, such as curl. Clients of Go
// need none: see [User.Client].
func (p *Pool) Server(handler http.Handler) *httptest.Server {
	p.t.Helper()
	if handler == nil {
		p.fatalf("Server wants a handler")
	}
	server := httptest.NewServer(handler)
	p.t.Cleanup(server.Close)
	return server
}

// region is that of the pool.
func (p *Pool) region() string {
	region, _, _ := strings.Cut(p.config.ID, ":")
	return region
}

func (p *Pool) fatalf(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("identitypooltest: "+format, args...)
}

// accessKeys are users with access keys, in memory.
type accessKeys struct {
	mu    sync.Mutex
	users map[string]identitypool.User
}

// UserByAccessKey is that of identitypool.UserSource.
func (k *accessKeys) UserByAccessKey(_ context.Context, accessKeyID string) (identitypool.User, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	user, ok := k.users[accessKeyID]
	return user, ok, nil
}
