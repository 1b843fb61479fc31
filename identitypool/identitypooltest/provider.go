package identitypooltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// Provider is a provider that the test controls: what signs users in, verifies their tokens, and says whether they were revoked. It is the
// Verifier and the Revocation of an identitypool.Provider. It is safe for concurrent use.
type Provider struct {
	mu       sync.Mutex
	pool     *Pool
	name     string
	logins   map[string]map[string]any // tokens with their claims
	disabled map[string]bool           // subjects
	failure  error
	once     bool
}

// NewProvider returns a provider to put into Config.Providers, for a test that wants several, or one with role mappings and principal
// tags. It begins to work when New returns.
func NewProvider() *Provider {
	return &Provider{logins: map[string]map[string]any{}, disabled: map[string]bool{}}
}

// TokenValidity is how long a token of Login is good.
const TokenValidity = time.Hour

// ClientID is the claim aud of tokens, unless the claims say another.
const ClientID = "test-client"

func (p *Provider) join(pool *Pool, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool == nil {
		p.pool, p.name = pool, name
	}
}

// Login signs a user in and returns the token. The claims sub, aud, iat and exp are filled in where claims, which may be nil, does not
// have them; iss is the name of the provider.
func (p *Provider) Login(subject string, claims map[string]any) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool == nil {
		panic("identitypooltest: the provider is in no pool: put it into Config.Providers, as Verifier")
	}
	now := p.pool.config.Now()
	all := map[string]any{
		"sub": subject, "aud": ClientID, "iss": "https://" + p.name, "iat": number(now), "exp": number(now.Add(TokenValidity)),
	}
	maps.Copy(all, claims)
	token := fmt.Sprintf("token-%d-of-%s", len(p.logins)+1, subject)
	p.logins[token] = all
	return token
}

func number(t time.Time) json.Number { return json.Number(fmt.Sprint(t.Unix())) }

// VerifyLogin is that of identitypool.LoginVerifier. It refuses tokens that Login did not return, and those whose exp, in seconds, has
// passed.
func (p *Provider) VerifyLogin(_ context.Context, token string) (map[string]any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	claims, ok := p.logins[token]
	switch {
	case p.failure != nil:
		return nil, p.failure
	case !ok:
		return nil, errors.New("this is no token of the provider, or one that was used")
	}
	if expires, err := json.Number(fmt.Sprint(claims["exp"])).Float64(); err == nil && float64(p.pool.config.Now().Unix()) >= expires {
		return nil, errors.New("the token has expired")
	}
	if p.once {
		delete(p.logins, token)
	}
	return maps.Clone(claims), nil
}

// Revoked is that of identitypool.Revoked: true for users whom Disable named.
func (p *Provider) Revoked(_ context.Context, claims map[string]any) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	subject, _ := claims["sub"].(string)
	return p.disabled[subject], p.failure
}

// SingleUse is that of identitypool.SingleUseVerifier.
func (p *Provider) SingleUse() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.once
}

// OnceOnly makes each token good for a single verification, as SAML assertions are, and returns the provider. Call it before New.
func (p *Provider) OnceOnly() *Provider {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.once = true
	return p
}

// Disable ends the tokens of a user, for a pool that has the provider as Revocation too, as the one has that New fills in.
func (p *Provider) Disable(subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.disabled[subject] = true
}

// Fail makes the provider answer with this error, such as identitypool.ExternalService for one that cannot be reached; nil mends it.
func (p *Provider) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = err
}
