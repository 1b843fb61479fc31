package federationtest

import (
	"net/http"
	"net/url"
)

// The endpoints of a Provider, as Hooks.Respond is told them.
const (
	EndpointDiscovery  = "discovery"
	EndpointKeys       = "keys"
	EndpointAuthorize  = "authorize"
	EndpointToken      = "token"
	EndpointUserInfo   = "userinfo"
	EndpointEndSession = "end_session"
)

// Hooks bend a provider's answers. Nil fields leave everything as it is. A hook
// is called by the requests that it is about, concurrently if they are.
type Hooks struct {
	// MutateIDToken changes the claims of an ID token before it is signed.
	MutateIDToken func(claims map[string]any)
	// ReplaceIDToken has the last word: what it returns is the id_token.
	ReplaceIDToken func(compact string) string
	// MutateToken changes the answer of the token endpoint, errors included.
	MutateToken func(response map[string]any)
	// MutateUserInfo changes the answer of the userinfo endpoint.
	MutateUserInfo func(claims map[string]any)
	// MutateDiscovery changes the discovery document.
	MutateDiscovery func(document map[string]any)
	// MutateKeys changes the key set: a map with "keys".
	MutateKeys func(set map[string]any)
	// MutateRedirect changes the parameters that go back to the callback URL,
	// errors included.
	MutateRedirect func(parameters url.Values)
	// Respond sees every request first, with the name of its endpoint. It
	// returns true when it has answered.
	Respond func(endpoint string, w http.ResponseWriter, r *http.Request) bool
}

// SetHooks replaces the hooks. SetHooks(Hooks{}) makes the provider honest.
func (p *Provider) SetHooks(hooks Hooks) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = hooks
}

func (p *Provider) currentHooks() Hooks {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hooks
}
