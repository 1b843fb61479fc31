package federationtest

import (
	"net/http"
	"net/url"
)

// The endpoints of a SAMLProvider, as SAMLHooks.Respond is told them.
const (
	EndpointMetadata = "metadata"
	EndpointSSO      = "sso"
	EndpointInitiate = "initiate"
	EndpointSLO      = "slo"
)

// XMLHook sees an XML document and returns what takes its place.
type XMLHook func(xml []byte) []byte

func (h XMLHook) apply(document []byte) []byte {
	if h == nil {
		return document
	}
	return h(document)
}

// SAMLHooks bend what a SAMLProvider says. Nil fields leave everything as it is.
// A hook is called by the requests that it is about, concurrently if they are.
// The stages of a response are listed in the order in which they happen.
type SAMLHooks struct {
	// Message changes what a response is going to say.
	Message func(message *SAMLResponse)
	// Assertion changes the assertion before it is signed: the signature is good.
	Assertion XMLHook
	// SignedAssertion changes it after that, before it is encrypted.
	SignedAssertion XMLHook
	// Response changes the response, with its assertion, before it is signed.
	Response XMLHook
	// SignedResponse changes it after that: wrap, cut and double to your heart's
	// content.
	SignedResponse XMLHook
	// Base64 has the last word on the value of SAMLResponse.
	Base64 func(encoded string) string
	// Form changes what is posted: SAMLResponse and RelayState.
	Form func(values url.Values)
	// Destination chooses where the form goes. It is given the ACS URL.
	Destination func(acs string) string
	// Logout changes a LogoutRequest or LogoutResponse before it is deflated and
	// the query is signed.
	Logout XMLHook
	// LogoutQuery changes the signed query of a logout message.
	LogoutQuery func(rawQuery string) string
	// Metadata changes the metadata document after it is signed.
	Metadata XMLHook
	// Respond sees every request first, with the name of its endpoint. It
	// returns true when it has answered.
	Respond func(endpoint string, w http.ResponseWriter, r *http.Request) bool
}

// SetHooks replaces the hooks. SetHooks(SAMLHooks{}) makes the provider honest.
func (p *SAMLProvider) SetHooks(hooks SAMLHooks) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = hooks
}

func (p *SAMLProvider) currentHooks() SAMLHooks {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hooks
}
