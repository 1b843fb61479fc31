package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/userpool"
)

// authorize is the authorization endpoint: RFC 6749 section 3.1, OpenID Connect Core section 3.1.2.
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) {
	p, err := h.browserParams(w, r)
	if err != nil {
		h.badForm(w, err)
		return
	}
	client, redirectURI, problem := h.identify(p)
	if problem != nil {
		h.errorPage(w, http.StatusBadRequest, *problem)
		return
	}
	req, failure := parseAuthorizeRequest(p, client, redirectURI)
	if failure == nil {
		failure = h.parseProvider(req)
	}
	if failure != nil {
		h.redirectError(w, redirectURI, echoState(p), failure)
		return
	}
	secret := h.login.BrowserSession(r)
	if secret == "" && r.Method == http.MethodPost {
		// A POST from the application's site comes without our SameSite=Lax cookie, a GET comes with it.
		redirect(w, h.issuer+pathAuthorize+"?"+req.query(p.get(renewalName)))
		return
	}
	h.decide(w, r, req, secret)
}

// badForm shows what was wrong with the parameters as a whole.
func (h *Handler) badForm(w http.ResponseWriter, err error) {
	status, message := http.StatusBadRequest, "the request could not be read"
	var e *formError
	if errors.As(err, &e) {
		status, message = e.status, e.message
	}
	h.errorPage(w, status, pageError{
		Title:   "The request cannot be read",
		Message: "The application that sent you here made a mistake: " + message + ".",
		Code:    errInvalidRequest,
	})
}

// decide sends the browser to sign-in, or back to the application with a code or an error.
func (h *Handler) decide(w http.ResponseWriter, r *http.Request, req *authorizeRequest, secret string) {
	session, err := h.session(r.Context(), secret)
	if err != nil {
		h.redirectError(w, req.redirectURI, req.state, h.translateRedirect(r.Context(), err))
		return
	}
	expected, failure := h.expectedUser(r.Context(), req)
	if failure != nil {
		h.redirectError(w, req.redirectURI, req.state, failure)
		return
	}
	switch h.judge(req, session, expected) {
	case verdictOther:
		h.redirectError(w, req.redirectURI, req.state, loginRequired("another user is signed in than the one of id_token_hint"))
	case verdictSignIn:
		h.signIn(w, req, session)
	case verdictWeak:
		h.redirectError(w, req.redirectURI, req.state, unmet())
	default:
		h.issue(w, r, req, session, secret)
	}
}

func loginRequired(description string) *wireError {
	return &wireError{Code: errLoginRequired, Description: description}
}

// unmet says that signing in again will not reach what acr_values asks for.
func unmet() *wireError {
	return &wireError{Code: errUnmetRequirements, Description: "the user cannot sign in as strongly as acr_values asks for"}
}

// session returns the browser session with this secret, nil if there is none or it is over.
func (h *Handler) session(ctx context.Context, secret string) (*userpool.BrowserSession, error) {
	if secret == "" {
		return nil, nil
	}
	session, err := h.pool.BrowserSession(ctx, secret)
	if errors.Is(err, userpool.NotAuthorized) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return session, nil
}

// expectedUser returns the sub that an id_token_hint names, "" without one. The hint may be expired, but must be ours and this client's.
func (h *Handler) expectedUser(ctx context.Context, req *authorizeRequest) (string, *wireError) {
	if req.hint == "" {
		return "", nil
	}
	sub, clientID, err := h.readHint(ctx, req.hint)
	switch {
	case errors.Is(err, errBadHint) || (err == nil && clientID != req.client.ID):
		return "", invalidRequest("id_token_hint is no ID token of this client")
	case err != nil:
		return "", h.translateRedirect(ctx, err)
	}
	return sub, nil
}

var errBadHint = errors.New("oauth: id_token_hint is no ID token of this pool")

// readHint verifies an id_token_hint, expired or not, and returns whose it is and which client got it. An error is errBadHint, or one
// of the pool that is not the token's fault.
func (h *Handler) readHint(ctx context.Context, hint string) (sub, clientID string, err error) {
	if len(hint) > maxHint {
		return "", "", errBadHint
	}
	claims, err := h.pool.VerifyIDTokenHint(ctx, hint)
	if errors.Is(err, userpool.ServiceUnavailable) || ctx.Err() != nil {
		return "", "", err
	}
	if err != nil {
		return "", "", errBadHint
	}
	sub, _ = claims["sub"].(string)
	clientID, _ = claims["aud"].(string)
	if sub == "" || clientID == "" {
		return "", "", errBadHint
	}
	return sub, clientID, nil
}

// verdict is what the session of the browser is worth for a request.
type verdict int

const (
	verdictGo verdict = iota
	verdictSignIn
	// verdictOther means that the person signed in anew, and is still not the one whom the application asked for.
	verdictOther
	// verdictWeak means that a new sign-in did not reach the class of acr_values, or that none can.
	verdictWeak
)

func (h *Handler) judge(req *authorizeRequest, session *userpool.BrowserSession, expected string) verdict {
	weak := session == nil || !session.Reaches(req.acr)
	if weak && req.acr != "" && !slices.Contains(h.pool.ACRValues(), req.acr) {
		return verdictWeak
	}
	if session == nil {
		return verdictSignIn
	}
	now := h.now()
	other := expected != "" && expected != session.User.Sub
	if renewed(req.params.get(renewalName), session, now) {
		switch {
		case other:
			return verdictOther
		case weak:
			return verdictWeak
		}
		return verdictGo
	}
	old := req.maxAge == 0 || (req.maxAge > 0 && now.Sub(session.AuthTime) > req.maxAge)
	if req.renew || old || other || weak {
		return verdictSignIn
	}
	return verdictGo
}

// signIn sends the browser to the sign-in page, from where it comes back with the same request.
func (h *Handler) signIn(w http.ResponseWriter, req *authorizeRequest, session *userpool.BrowserSession) {
	if req.silent {
		h.redirectError(w, req.redirectURI, req.state, loginRequired("the user has to sign in, and prompt=none forbids to ask"))
		return
	}
	renewal := ""
	if req.renew || req.maxAge >= 0 || req.hint != "" || req.acr != "" {
		renewal = newRenewal(session, h.now())
	}
	returnTo := h.base + pathAuthorize + "?" + req.query(renewal)
	if login, ok := h.login.(ProviderLogin); ok && req.provider != "" {
		redirect(w, login.ProviderURL(req.provider, returnTo))
		return
	}
	redirect(w, h.login.LoginURL(returnTo))
}

// issue sends the browser back to the application with a code.
func (h *Handler) issue(w http.ResponseWriter, r *http.Request, req *authorizeRequest, session *userpool.BrowserSession, secret string) {
	in := userpool.IssueAuthorizationCodeInput{
		BrowserSession:      secret,
		ClientID:            req.client.ID,
		RedirectURI:         req.redirectURI,
		Scopes:              req.scopes,
		Nonce:               req.nonce,
		CodeChallenge:       req.challenge,
		CodeChallengeMethod: "S256",
	}
	if req.acr != "" {
		in.ACRValues = []string{req.acr}
	}
	if req.maxAge >= 0 {
		// judge was exact; the pool holds the sign-in that it let through as new to what renewed can be made to believe.
		age := max(req.maxAge, renewalAge+jose.ClockSkew)
		in.MaxAge = &age
	}
	code, err := h.pool.IssueAuthorizationCode(r.Context(), in)
	switch {
	case errors.Is(err, userpool.NotAuthorized), errors.Is(err, userpool.LoginRequired):
		// The session ended, or another took its place, since it was looked at.
		h.signIn(w, req, session)
	case errors.Is(err, userpool.InsufficientAuthentication):
		h.redirectError(w, req.redirectURI, req.state, unmet())
	case err != nil:
		h.redirectError(w, req.redirectURI, req.state, h.translateRedirect(r.Context(), err))
	default:
		h.respond(w, req.redirectURI, req.state, [2]string{"code", code})
	}
}

// echoState returns the state of a request that is refused, unless it is itself at fault.
func echoState(p params) string {
	if p.repeated["state"] || len(p.get("state")) > maxValue {
		return ""
	}
	return p.get("state")
}

func (h *Handler) redirectError(w http.ResponseWriter, redirectURI, state string, e *wireError) {
	pairs := [][2]string{{"error", e.Code}}
	if e.Description != "" {
		pairs = append(pairs, [2]string{"error_description", plainText(e.Description)})
	}
	h.respond(w, redirectURI, state, pairs...)
}

// respond sends an authorization response: RFC 6749 section 4.1.2, with iss of RFC 9207. redirectURI is one that the client registered.
func (h *Handler) respond(w http.ResponseWriter, redirectURI, state string, pairs ...[2]string) {
	pairs = append(pairs, [2]string{"state", state}, [2]string{"iss", h.issuer})
	redirect(w, addQuery(redirectURI, pairs...))
}

// addQuery adds parameters to a URL without a fragment, leaving out those without a value. The query that is there stays as it is.
func addQuery(uri string, pairs ...[2]string) string {
	var b strings.Builder
	b.WriteString(uri)
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
		if strings.HasSuffix(uri, "?") || strings.HasSuffix(uri, "&") {
			separator = ""
		}
	}
	for _, pair := range pairs {
		if pair[1] == "" {
			continue
		}
		b.WriteString(separator + pair[0] + "=" + url.QueryEscape(pair[1]))
		separator = "&"
	}
	return b.String()
}

// redirect sends the browser on with status 303, after which it does not repeat what it posted (RFC 9700 section 4.12).
func redirect(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
