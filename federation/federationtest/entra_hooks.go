package federationtest

import (
	"net/http"
	"net/url"
)

// The endpoints of an Entra, as EntraHooks are told them, besides
// EndpointDiscovery, EndpointKeys, EndpointAuthorize, EndpointToken,
// EndpointUserInfo, EndpointEndSession and EndpointMetadata.
const (
	EndpointSAML  = "saml2"
	EndpointGraph = "graph"
)

// EntraHooks bend what an Entra says. Nil fields leave everything as it is. A
// hook is called by the requests that it is about, concurrently if they are.
type EntraHooks struct {
	// MutateIDToken changes the claims of an ID token before it is signed.
	MutateIDToken func(claims map[string]any)
	// MutateHeader changes the header of an ID token before it is signed.
	MutateHeader func(header map[string]any)
	// ReplaceIDToken has the last word: what it returns is the id_token.
	ReplaceIDToken func(compact string) string
	// MutateAccessToken changes the claims of an access token for an app. Those
	// for Graph are nobody's business.
	MutateAccessToken func(claims map[string]any)
	// MutateToken changes the answer of the token endpoint, errors included.
	MutateToken func(response map[string]any)
	// MutateUserInfo changes the answer of the userinfo endpoint.
	MutateUserInfo func(claims map[string]any)
	// MutateGraph changes the answer of other endpoints of Graph.
	MutateGraph func(response map[string]any)
	// MutateDiscovery changes the discovery document of an authority: the ID of
	// a tenant, common, organizations or consumers.
	MutateDiscovery func(authority string, document map[string]any)
	// MutateKeys changes the key set of an authority: a map with "keys".
	MutateKeys func(authority string, set map[string]any)
	// MutateRedirect changes the parameters that go back to the redirect URI,
	// errors included.
	MutateRedirect func(parameters url.Values)
	// Refuse makes an endpoint answer with an error: EndpointAuthorize and
	// EndpointSAML after the person was chosen, EndpointToken at once. Nil lets
	// the request pass.
	Refuse func(endpoint string, r *http.Request) *EntraError
	// SAML bends SAML messages and the federation metadata. SAML.Respond is not
	// called.
	SAML SAMLHooks
	// Respond sees every request first, with the name of its endpoint. It
	// returns true when it has answered.
	Respond func(endpoint string, w http.ResponseWriter, r *http.Request) bool
}

// SetHooks replaces the hooks. SetHooks(EntraHooks{}) makes the directory honest.
func (e *Entra) SetHooks(hooks EntraHooks) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hooks = hooks
}

func (e *Entra) currentHooks() EntraHooks {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.hooks
}
