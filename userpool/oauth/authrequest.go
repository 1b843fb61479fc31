package oauth

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

// authorizeNames are the parameters of an authorization request that mean something here, in the order in which a request is written
// down again. Any other parameter is ignored, as OpenID Connect Core section 3.1.2.1 wants it: display, ui_locales, claims_locales,
// claims, resource.
var authorizeNames = []string{
	"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
	"response_mode", "prompt", "max_age", "acr_values", "id_token_hint", "login_hint",
	"identity_provider", "idp_identifier", renewalName,
}

// maxReturnTo bounds an authorization request that is written down again to come back to after sign-in, in bytes.
const maxReturnTo = 8 << 10

// authorizeRequest is a sound authorization request.
type authorizeRequest struct {
	params      params
	client      userpool.Client
	redirectURI string
	state       string
	scopes      []string
	nonce       string
	challenge   string
	// silent is prompt=none; renew is prompt=login or prompt=select_account.
	silent, renew bool
	// maxAge is negative if there is no max_age.
	maxAge time.Duration
	hint   string
	// provider is the name of the provider that the application wants its user to sign in at, or empty.
	provider string
	// acr is the least authentication context class that will do, or empty.
	acr string
}

// identify finds out who sent the browser, and where it may be sent back to. Until both are certain nothing is redirected.
func (h *Handler) identify(p params) (userpool.Client, string, *pageError) {
	problem := func(code, name, message string) *pageError {
		return &pageError{
			Title:   "The application sent a request that cannot be answered",
			Message: message + " This is a fault of the application that sent you here; signing in again does not help.",
			Code:    code, Name: name, Value: p.get(name),
		}
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		if p.repeated[name] {
			return userpool.Client{}, "", problem(errInvalidRequest, name, "The parameter "+name+" is sent more than once.")
		}
		if p.get(name) == "" {
			return userpool.Client{}, "", problem(errInvalidRequest, "", "The parameter "+name+" is missing.")
		}
	}
	client, ok := h.pool.Client(p.get("client_id"))
	if !ok {
		return userpool.Client{}, "", problem(errUnauthorizedClient, "client_id", "The application is not known here.")
	}
	uri := p.get("redirect_uri")
	if !client.AllowsCallback(uri) {
		return userpool.Client{}, "", problem("redirect_mismatch", "redirect_uri",
			"The address to return to is not registered for the application.")
	}
	return client, uri, nil
}

// parseAuthorizeRequest checks all that can be checked without knowing who is signed in. client and redirectURI are those that
// identify found.
func parseAuthorizeRequest(p params, client userpool.Client, redirectURI string) (*authorizeRequest, *wireError) {
	req := &authorizeRequest{params: p, client: client, redirectURI: redirectURI, maxAge: -1}
	for _, check := range []func() *wireError{req.parseShape, req.parsePKCE, req.parseScope, req.parsePrompt, req.parseMaxAge} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// parseShape checks what kind of request it is, and the size of its parts.
func (req *authorizeRequest) parseShape() *wireError {
	p := req.params
	switch {
	case p.anyRepeated():
		return invalidRequest("a parameter is sent more than once")
	case len(p.get("state")) > maxValue:
		return invalidRequest("state is longer than 2048 bytes")
	case p.get("request") != "":
		return &wireError{Code: errRequestNotSupported, Description: "request objects are not supported; send the parameters one by one"}
	case p.get("request_uri") != "":
		return &wireError{Code: errRequestURINotSupported, Description: "request_uri is not supported; send the parameters one by one"}
	case p.get("response_type") == "":
		return invalidRequest("response_type is missing; it must be code")
	case p.get("response_type") != "code":
		return &wireError{Code: errUnsupportedResponseType, Description: "response_type must be code"}
	case p.get("response_mode") != "" && p.get("response_mode") != "query":
		return invalidRequest("response_mode must be query")
	case len(p.get("nonce")) > maxValue:
		return invalidRequest("nonce is longer than 2048 bytes")
	case len(p.get("login_hint")) > maxValue:
		return invalidRequest("login_hint is longer than 2048 bytes")
	case len(p.get("acr_values")) > maxValue:
		return invalidRequest("acr_values is longer than 2048 bytes")
	case len(req.query("")) > maxReturnTo-len(pathAuthorize)-512:
		return invalidRequest("the request is too long; make state, nonce or id_token_hint shorter")
	}
	req.state, req.nonce, req.hint = p.get("state"), p.get("nonce"), p.get("id_token_hint")
	// Classes that nobody here knows ask for nothing: acr_values is a voluntary claim (OpenID Connect Core section 5.5.1.1).
	req.acr = userpool.LeastACR(strings.Fields(p.get("acr_values"))...)
	return nil
}

// parsePKCE demands a challenge of RFC 7636 by S256, from every client (RFC 9700 section 2.1.1).
func (req *authorizeRequest) parsePKCE() *wireError {
	req.challenge = req.params.get("code_challenge")
	switch {
	case req.challenge == "":
		return invalidRequest("code_challenge is missing; every client must use PKCE with S256")
	case req.params.get("code_challenge_method") != "S256":
		return invalidRequest("code_challenge_method must be S256")
	case len(req.challenge) != 43 || strings.ContainsFunc(req.challenge, notBase64URL):
		return invalidRequest("code_challenge is not the base64url of a SHA-256 hash: 43 characters")
	}
	return nil
}

func notBase64URL(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// parseScope takes what is asked for, or all that the client may have if nothing is.
func (req *authorizeRequest) parseScope() *wireError {
	scopes, ok := splitScope(req.params.get("scope"))
	switch {
	case !ok || !req.client.AllowsScopes(scopes):
		return &wireError{
			Code:        errInvalidScope,
			Description: "scope asks for what the client may not have; it may have: " + strings.Join(req.client.Scopes, " "),
		}
	case len(scopes) == 0:
		scopes = slices.Clone(req.client.Scopes)
	}
	req.scopes = scopes
	return nil
}

// splitScope reads a list of scopes (RFC 6749 section 3.3), each once. It refuses lists that break the grammar or exceed 2 KiB.
func splitScope(s string) ([]string, bool) {
	if s == "" {
		return nil, true
	}
	if len(s) > maxValue {
		return nil, false
	}
	var out []string
	for scope := range strings.SplitSeq(s, " ") {
		bad := func(r rune) bool { return r < '!' || r > '~' || r == '"' || r == '\\' }
		if scope == "" || strings.ContainsFunc(scope, bad) {
			return nil, false
		}
		if !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out, true
}

// parsePrompt reads the list of OpenID Connect Core section 3.1.2.1. A browser session is of one person, so that to select an account
// is to sign in anew. Nobody is asked for consent: the clients of a pool are applications of its owner.
func (req *authorizeRequest) parsePrompt() *wireError {
	prompt := req.params.get("prompt")
	if prompt == "" {
		return nil
	}
	values := strings.Split(prompt, " ")
	for _, value := range values {
		switch value {
		case "none":
			if len(values) > 1 {
				return invalidRequest("prompt=none does not go with another value")
			}
			req.silent = true
		case "login", "select_account":
			req.renew = true
		case "consent":
			return &wireError{Code: errConsentRequired, Description: "there is no page that asks for consent; leave prompt=consent out"}
		default:
			return invalidRequest("prompt must be none, login or select_account")
		}
	}
	return nil
}

// parseMaxAge reads the seconds of max_age; zero asks for a new sign-in.
func (req *authorizeRequest) parseMaxAge() *wireError {
	s := req.params.get("max_age")
	if s == "" {
		return nil
	}
	const century = 100 * 365 * 24 * 60 * 60
	seconds, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return invalidRequest("max_age must be a number of seconds, 0 or more")
	}
	req.maxAge = time.Duration(min(seconds, century)) * time.Second
	return nil
}

// parseProvider finds the provider that the application wants its user to sign in at: by identity_provider, with Cognito's name COGNITO
// for the pool itself, or by idp_identifier. One that the pool does not have, or the client does not allow, is refused: the application
// means something else than it gets.
func (h *Handler) parseProvider(req *authorizeRequest) *wireError {
	name, identifier := req.params.get("identity_provider"), req.params.get("idp_identifier")
	switch {
	case name != "" && identifier != "":
		return invalidRequest("identity_provider and idp_identifier mean the same; only one may be sent")
	case identifier != "":
		if req.provider = h.pool.ProviderByIdentifier(identifier); req.provider == "" {
			return invalidRequest("idp_identifier is no identifier of a provider of this pool")
		}
	case name != "" && name != userpool.CognitoProvider:
		named := func(p userpool.ProviderInfo) bool { return p.Name == name }
		if !slices.ContainsFunc(h.pool.Providers(), named) {
			return invalidRequest("identity_provider is no provider of this pool")
		}
		req.provider = name
	}
	if (name != "" || identifier != "") && !req.client.AllowsProvider(req.provider) {
		return invalidRequest("the client does not allow this provider")
	}
	return nil
}

// query writes the request down again, with what it is to remember of a renewal ("" for nothing).
func (req *authorizeRequest) query(renewal string) string {
	var b strings.Builder
	for _, name := range authorizeNames {
		value := req.params.get(name)
		if name == renewalName {
			value = renewal
		}
		if value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + url.QueryEscape(value))
	}
	return b.String()
}
