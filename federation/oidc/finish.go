package oidc

import (
	"mime"
	"net/http"
	"net/url"
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
	s, err := parsePending(pending)
	if err != nil {
		return "", nil, err
	}
	if s.Issuer != p.config.Issuer || s.ClientID != p.config.ClientID {
		return "", nil, fail(InvalidPending, "the sign-in was begun at %q as client %q, not at this provider as this client",
			plain(s.Issuer, maxDescription), plain(s.ClientID, maxDescription))
	}
	answer, err := p.readCallback(r)
	if err != nil {
		return "", nil, err
	}
	m, err := p.discovery.get(r.Context())
	if err != nil {
		return "", nil, err
	}
	code, err := p.judgeCallback(answer, s, m)
	if err != nil {
		return "", nil, err
	}
	tokens, err := p.exchange(r.Context(), m, s, code)
	if err != nil {
		return "", nil, err
	}
	claims, err := p.verifySignIn(r.Context(), m, s, code, tokens)
	if err != nil {
		return "", nil, err
	}
	subject = claims["sub"].(string) // verifySignIn has seen to it
	var info map[string]any
	if m.userInfoEndpoint != "" && !p.config.SkipUserInfo {
		if info, err = p.userInfo(r.Context(), m, tokens.access, subject); err != nil {
			return "", nil, err
		}
	}
	return subject, attributesOf(claims, info), nil
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

// judgeCallback decides whether c answers the sign-in s, and returns its code.
// State and issuer come first: an error, too, must be this provider's answer.
func (p *Provider) judgeCallback(c *callback, s *pending, m *metadata) (code string, err error) {
	if !equal(hashed(c.state), s.State) {
		return "", fail(InvalidResponse, "the callback's state is not the one of this sign-in")
	}
	if c.hasIss && c.iss != p.config.Issuer {
		return "", fail(InvalidResponse, "the callback's iss is %q, not the provider's (RFC 9207)", plain(c.iss, maxDescription, c.code))
	}
	if !c.hasIss && m.issInResponse {
		return "", fail(InvalidResponse, "the callback has no iss, which the provider announces to send (RFC 9207)")
	}
	switch {
	case c.hasCode && c.hasError:
		return "", fail(InvalidResponse, "the callback has both a code and an error")
	case c.hasError:
		kind, text := ProviderError, "the provider did not sign the person in"
		if c.errorCode == "access_denied" {
			kind, text = AccessDenied, "the sign-in was cancelled or denied at the provider"
		}
		return "", fail(kind, "%s", text).withProvider(c.errorCode, c.errorDescription, p.config.ClientSecret, s.Verifier)
	case c.code == "" || !isPrintableASCII(c.code):
		return "", fail(InvalidResponse, "the callback has neither a code nor an error")
	}
	return c.code, nil
}
