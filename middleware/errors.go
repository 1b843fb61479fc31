package middleware

import (
	"net/http"
	"strings"
)

// Code says why a request was not let through. It is itself an error, so that errors.Is(err, middleware.NoCredentials) asks for
// it.
type Code string

// The reasons. Each has one HTTP status, and one short text that is safe to show to anybody.
const (
	// NoCredentials (401): there is neither an Authorization header nor a browser session.
	NoCredentials Code = "no_credentials"
	// UnsupportedScheme (401): the Authorization header is of another scheme than Bearer, or this guard accepts no bearer tokens.
	UnsupportedScheme Code = "unsupported_scheme"
	// InvalidRequest (400): there are several Authorization headers, or one without a scheme or without a token.
	InvalidRequest Code = "invalid_request"
	// InvalidToken (401): the bearer token is malformed, forged, expired, revoked, from another issuer or for another client, or
	// no access token at all.
	InvalidToken Code = "invalid_token"
	// InsufficientScope (403): a scope that RequireScope named is missing.
	InsufficientScope Code = "insufficient_scope"
	// MissingGroup (403): the caller is in none of the groups that RequireGroup named.
	MissingGroup Code = "missing_group"
	// CrossOrigin (403): another site caused this request in the browser of someone who is signed in.
	CrossOrigin Code = "cross_origin"
	// Unavailable (503): keys, revocations or sessions could not be looked up, so that nothing is known about the caller.
	Unavailable Code = "unavailable"
	// Internal (500): a KeySource, Revocation or Authenticator panicked or broke its contract.
	Internal Code = "internal_error"
)

// refusal is what the one table says about a Code.
type refusal struct {
	status int
	// oauth is the error code of RFC 6750 section 3.1, or empty: none is sent.
	oauth string
	// challenge tells whether WWW-Authenticate belongs to the answer.
	challenge bool
	text      string
}

var refusals = map[Code]refusal{
	NoCredentials:     {http.StatusUnauthorized, "", true, "sign in, or send an access token"},
	UnsupportedScheme: {http.StatusUnauthorized, "", true, "this kind of authorization is not accepted here"},
	InvalidRequest:    {http.StatusBadRequest, "invalid_request", true, "send one Authorization header with one access token"},
	InvalidToken:      {http.StatusUnauthorized, "invalid_token", true, "the access token is not valid"},
	InsufficientScope: {http.StatusForbidden, "insufficient_scope", true, "a required scope is missing"},
	MissingGroup:      {http.StatusForbidden, "insufficient_scope", true, "membership of a required group is missing"},
	CrossOrigin:       {http.StatusForbidden, "", false, "the request came from another site"},
	Unavailable:       {http.StatusServiceUnavailable, "", false, "authorization cannot be checked now"},
	Internal:          {http.StatusInternalServerError, "", false, "authorization could not be checked"},
}

// Error returns a short text that is safe to show to anybody.
func (c Code) Error() string {
	if what, ok := refusals[c]; ok {
		return "middleware: " + what.text
	}
	return "middleware: unknown code"
}

// Error is the error of [Guard.Check]: why a request is not let through, and how to answer it.
type Error struct {
	// Code is the reason. errors.Is compares it.
	Code Code
	// Status is the HTTP status of the answer: 400, 401, 403, 500 or 503.
	Status int
	// WWWAuthenticate is the value of the header of that name (RFC 6750 section 3). It is empty when the answer carries none.
	WWWAuthenticate string

	cause error
}

// Error returns a short text that is safe to show to anybody: it quotes nothing of the request, and not the cause.
func (e *Error) Error() string { return e.Code.Error() }

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns the cause, or nil: what a KeySource, Revocation or Authenticator returned, or what is wrong with the token. It
// is meant for logs, not for answers.
func (e *Error) Unwrap() error { return e.cause }

// fail makes the Error of a Code.
func (g *Guard) fail(code Code, cause error) *Error {
	what := refusals[code]
	e := &Error{Code: code, Status: what.status, cause: cause}
	if what.challenge {
		e.WWWAuthenticate = g.challenge(code, what)
	}
	return e
}

// challenge writes the WWW-Authenticate header of RFC 6750 section 3. A guard that accepts no bearer tokens sends none, since no
// authentication scheme is registered for session cookies.
func (g *Guard) challenge(code Code, what refusal) string {
	if g.keys == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(`Bearer realm="` + g.issuer + `"`)
	if what.oauth != "" {
		b.WriteString(`, error="` + what.oauth + `", error_description="` + what.text + `"`)
	}
	if code == InsufficientScope && g.scopeList != "" {
		b.WriteString(`, scope="` + g.scopeList + `"`)
	}
	return b.String()
}
