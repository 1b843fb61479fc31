package azuread

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// Code says what failed. A Code is itself an error, so that
// errors.Is(err, azuread.TenantNotAllowed) asks whether err is of that kind.
type Code string

const (
	// InvalidConfig: the configuration cannot work.
	InvalidConfig Code = "InvalidConfig"
	// TenantUnknown: it could not be found out which tenant a domain belongs to.
	TenantUnknown Code = "TenantUnknown"
	// TenantNotAllowed: the person is of an organization that may not sign in.
	TenantNotAllowed Code = "TenantNotAllowed"
	// InvalidIdentity: what the directory signed does not say who the person is, or
	// contradicts itself, or is no ID token.
	InvalidIdentity Code = "InvalidIdentity"
	// GroupsFailed: the person is in too many groups for the token, and Graph did
	// not say which.
	GroupsFailed Code = "GroupsFailed"
	// Unavailable: the directory or Graph could not be asked. Trying again may help.
	Unavailable Code = "Unavailable"
	// SignInFailed: everything that package oidc or saml refuses or the directory
	// answers. errors.Is(err, oidc.AccessDenied) and its like tell what it was.
	SignInFailed Code = "SignInFailed"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error is the error type of this package: every error that is returned is an
// *Error. Its text is for the application's log and for administrators. It never
// contains a client secret, a certificate's key, a code or a token.
type Error struct {
	// Code is the kind of failure. errors.Is compares with it.
	Code Code
	// Message says what was wrong.
	Message string
	// Explanation says what the directory's own error number means and what to do
	// about it. It is zero where the directory gave no number that is known here.
	Explanation Explanation

	cause error
}

// Error returns the message, and what to do where that is known.
func (e *Error) Error() string {
	text := e.Message
	if !strings.HasPrefix(text, "oidc: ") && !strings.HasPrefix(text, "saml: ") {
		text = "azuread: " + text
	}
	if e.Explanation.Code != 0 {
		text += ": " + e.Explanation.String()
	}
	return text
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap returns the *oidc.Error or *saml.Error that e is about, the error of a
// context, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Temporary reports whether trying again later may help, because somebody could not
// be asked.
func (e *Error) Temporary() bool {
	var cause interface{ Temporary() bool }
	return e.Code == Unavailable || e.Code == TenantUnknown || errors.As(e.cause, &cause) && cause.Temporary()
}

func fail(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// failCause is fail with the text of err at its end. err has no secrets in it: it
// is of this package or of an HTTP transport. Only the end of a context is wrapped.
func failCause(code Code, err error, format string, args ...any) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	e := fail(code, "%s: %s", fmt.Sprintf(format, args...), plain(err.Error()))
	e.cause = outbound.ContextError(err)
	return e
}

// wrap makes an error of package oidc or saml, or the one that this package gave
// to it, an *Error.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	var ours *Error
	if errors.As(err, &ours) {
		e := *ours
		if err != error(ours) {
			e.cause = err
		}
		return &e
	}
	e := &Error{Code: SignInFailed, Message: err.Error(), cause: err}
	e.Explanation, _ = ExplanationOf(err)
	return e
}

// wrapConfig is wrap for what package oidc or saml says about a configuration.
func wrapConfig(err error) error {
	return &Error{Code: InvalidConfig, Message: err.Error(), cause: err}
}

// explain adds what the number in a text of the directory means.
func (e *Error) explain(text string) { e.Explanation, _ = find(text) }

const maxShown = 256

// plain makes text from outside fit for one line of a log.
func plain(text string) string { return strings.TrimSpace(plaintext.Line(text, maxShown)) }
