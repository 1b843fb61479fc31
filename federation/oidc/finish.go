package oidc

import (
	"mime"
	"net/http"
	"net/url"
	"slices"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/plaintext"
)

const (
	maxQuery = 16 << 10
	maxForm  = 64 << 10
)

// Finish takes the request with which the browser came back to the callback
// URL, and the pending value that Begin returned for its state. It refuses an
// answer that is not to this sign-in, exchanges the code, verifies the ID
// token, and asks the userinfo endpoint unless SkipUserInfo is set.
//
// subject is the ID token's sub, which identifies the person together with
// [Provider.Issuer]. attributes are the claims; the package documentation says
// how they are written.
//
// The caller has taken pending out of its store, so that it works once, and has
// checked that this browser was given the state. Finish compares the state with
// pending's again, but cannot know the browser.
func (p *Provider) Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error) {
	signIn, err := p.FinishSignIn(r, pending)
	if err != nil {
		return "", nil, err
	}
	return signIn.Subject, signIn.Attributes, nil
}

// SignIn is all that came of a sign-in.
type SignIn struct {
	// Subject and Attributes are what Finish returns.
	Subject    string
	Attributes map[string][]string

	// SessionID is the provider's name for its session (sid), for a logout that
	// the provider begins; empty if the provider said none.
	SessionID string

	// Claims are those of the ID token, as VerifyLogin returns them. It is nil
	// where there is no ID token.
	Claims map[string]any

	// UserInfo are the claims of the userinfo endpoint, or nil if it was not
	// asked. The subject is the same; nothing else of it was signed.
	UserInfo map[string]any

	// AccessToken is good at the provider's interfaces for what the scopes say,
	// for an hour as a rule. IDToken is what Claims are from. Both are secrets.
	AccessToken, IDToken string

	endable bool // whether the provider has an end_session_endpoint
}

// String names the sign-in for a log, without its secrets and the person.
func (s SignIn) String() string { return "oidc: a sign-in" }

// GoString is String, for the verb %#v.
func (s SignIn) GoString() string { return s.String() }

// FinishSignIn is Finish for those who need more of the answer: other claims than
// can be attributes, or the access token.
func (p *Provider) FinishSignIn(r *http.Request, pending []byte) (*SignIn, error) {
	m, s, answer, tokens, err := p.redeem(r, pending)
	if err != nil {
		return nil, err
	}
	claims, err := p.verifySignIn(r.Context(), m, s, answer, tokens)
	if err != nil {
		return nil, err
	}
	out := &SignIn{
		Subject:     claims["sub"].(string), // verifySignIn has seen to it
		SessionID:   sessionIDOf(claims),
		Claims:      claims,
		AccessToken: tokens.access,
		IDToken:     tokens.id,
		endable:     m.endSessionEndpoint != "",
	}
	if m.userInfoEndpoint != "" && !p.config.SkipUserInfo {
		if out.UserInfo, err = p.userInfo(r.Context(), m, tokens.access, claims); err != nil {
			return nil, err
		}
	}
	out.Attributes = attributesOf(claims, out.UserInfo)
	return out, nil
}

// redeem judges the answer that came with r to the sign-in of the pending value,
// and exchanges its code.
func (p *Provider) redeem(r *http.Request, data []byte) (m *metadata, s *pending, answer *callback, t *tokens, err error) {
	if s, err = parsePending(data); err != nil {
		return nil, nil, nil, nil, err
	}
	if s.Issuer != p.config.Issuer || s.ClientID != p.config.ClientID {
		return nil, nil, nil, nil, fail(InvalidPending, "the sign-in was begun at %q as client %q, not at this provider as this client",
			plain(s.Issuer, maxDescription), plain(s.ClientID, maxDescription))
	}
	if answer, err = p.readCallback(r); err != nil {
		return nil, nil, nil, nil, err
	}
	if m, err = p.discovery.get(r.Context()); err != nil {
		return nil, nil, nil, nil, err
	}
	if err = p.judgeCallback(answer, s, m); err != nil {
		return nil, nil, nil, nil, err
	}
	if t, err = p.exchange(r.Context(), m, s, answer.code); err != nil {
		return nil, nil, nil, nil, err
	}
	return m, s, answer, t, nil
}

// callback is the authorization response (RFC 6749 section 4.1.2, RFC 9207).
type callback struct {
	code, state, iss, errorCode, errorDescription string
	hasIss, hasCode, hasError                     bool
}

// readCallback reads the response from where the response mode puts it, and
// from nowhere else.
func (p *Provider) readCallback(r *http.Request) (*callback, error) {
	if r == nil || r.URL == nil {
		return nil, fail(InvalidResponse, "there is no request")
	}
	if len(r.URL.RawQuery) > maxQuery {
		return nil, fail(InvalidResponse, "the callback's query is longer than %d bytes", maxQuery)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fail(InvalidResponse, "the callback's query is malformed")
	}
	switch {
	case !p.formPost && r.Method == http.MethodGet:
	case p.formPost && r.Method == http.MethodPost:
		inQuery, err := newCallback(values)
		if err != nil || inQuery.hasCode || inQuery.hasError || inQuery.hasIss || inQuery.state != "" {
			return nil, fail(InvalidResponse, "the callback has parameters in its query; with response_mode form_post they are in its body")
		}
		if values, err = postForm(r); err != nil {
			return nil, err
		}
	default:
		return nil, fail(InvalidResponse, "the callback came with method %q; GET is the one, or POST with response_mode form_post", plain(r.Method, maxCode))
	}
	return newCallback(values)
}

// postForm returns the form in r's body, which the application may have parsed
// already.
func postForm(r *http.Request) (url.Values, error) {
	if r.PostForm != nil {
		return r.PostForm, nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" || r.Body == nil {
		return nil, fail(InvalidResponse, "the callback's body is not a form")
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, fail(InvalidResponse, "the callback's form is malformed or longer than %d bytes", maxForm)
	}
	return r.PostForm, nil
}

// newCallback refuses parameters that come twice (RFC 6749 section 3.1): which
// of the two was meant is for an attacker to know.
func newCallback(values url.Values) (*callback, error) {
	c := new(callback)
	for name, to := range map[string]*string{
		"code": &c.code, "state": &c.state, "iss": &c.iss,
		"error": &c.errorCode, "error_description": &c.errorDescription, "error_uri": new(string),
	} {
		if len(values[name]) > 1 {
			return nil, fail(InvalidResponse, "the callback has the parameter %s %d times", name, len(values[name]))
		}
		*to = values.Get(name)
	}
	c.hasCode, c.hasIss, c.hasError = values.Has("code"), values.Has("iss"), values.Has("error")
	return c, nil
}

// judgeCallback decides whether c answers the sign-in s with a code. State and
// issuer come first: an error, too, must be this provider's answer.
func (p *Provider) judgeCallback(c *callback, s *pending, m *metadata) error {
	if !signin.Equal(signin.Hash(c.state), s.State) {
		return fail(InvalidResponse, "the callback's state is not the one of this sign-in")
	}
	if c.hasIss && !p.isOwnIssuer(c.iss) {
		return fail(InvalidResponse, "the callback's iss is %q, not the provider's (RFC 9207)", plain(c.iss, maxDescription, c.code))
	}
	if !c.hasIss && m.issInResponse {
		return fail(InvalidResponse, "the callback has no iss, which the provider announces to send (RFC 9207)")
	}
	switch {
	case c.hasCode && c.hasError:
		return fail(InvalidResponse, "the callback has both a code and an error")
	case c.hasError:
		return p.providerError(c, s)
	case c.code == "" || !plaintext.PrintableASCII(c.code):
		return fail(InvalidResponse, "the callback has neither a code nor an error")
	}
	return nil
}

// isOwnIssuer judges an issuer that stands in a request, where no token proves it.
func (p *Provider) isOwnIssuer(issuer string) bool {
	if p.config.Tenants != nil {
		return p.config.Tenants.owns(p.config.Issuer, issuer)
	}
	return issuer == p.config.Issuer
}

// providerError is what the provider answered in the place of a code.
func (p *Provider) providerError(c *callback, s *pending) error {
	kind, text := ProviderError, "the provider did not sign the person in"
	switch {
	case c.errorCode == "access_denied":
		kind, text = AccessDenied, "the sign-in was cancelled or denied at the provider"
	case p.config.Prompt == "none" && slices.Contains(promptNone, c.errorCode):
		kind, text = InteractionRequired, "the provider would have had to ask the person something, which prompt none forbids"
	}
	return fail(kind, "%s", text).withProvider(c.errorCode, c.errorDescription, p.config.ClientSecret, s.Verifier)
}
