package oidc

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// Code says which step of a sign-in failed. A Code is itself an error, so that
// errors.Is(err, oidc.AccessDenied) asks whether err is of that kind.
type Code string

const (
	// InvalidConfig: the Config given to New cannot work, or its Rand fails.
	InvalidConfig Code = "InvalidConfig"
	// InvalidRequest: Begin was given a callback URL or a state it cannot use.
	InvalidRequest Code = "InvalidRequest"
	// DiscoveryFailed: the provider's metadata or keys could not be read, or are
	// not what the specification and this package's limits ask for. Trying again
	// may help.
	DiscoveryFailed Code = "DiscoveryFailed"
	// InvalidPending: Finish was given a pending value which this Provider's
	// Begin did not make.
	InvalidPending Code = "InvalidPending"
	// InvalidResponse: the browser came back with a request that is not the
	// answer to this sign-in.
	InvalidResponse Code = "InvalidResponse"
	// AccessDenied: the provider answered access_denied; as a rule the person
	// pressed Cancel, or may not use this application.
	AccessDenied Code = "AccessDenied"
	// ProviderError: the provider answered with any other error, which is in
	// Error.ProviderCode and Error.ProviderDescription.
	ProviderError Code = "ProviderError"
	// InteractionRequired: with Config.Prompt none, the provider would have had to
	// ask the person something.
	InteractionRequired Code = "InteractionRequired"
	// ExchangeFailed: the token endpoint did not turn the code into tokens.
	ExchangeFailed Code = "ExchangeFailed"
	// InvalidToken: the ID token is not acceptable.
	InvalidToken Code = "InvalidToken"
	// UserInfoFailed: the userinfo endpoint did not answer, or not about the
	// person whom the ID token is about.
	UserInfoFailed Code = "UserInfoFailed"
	// NotSupported: the provider cannot do it, or this Provider's Config does not
	// have what it takes.
	NotSupported Code = "NotSupported"
	// InvalidSession: BeginLogout was given a session which this Provider's
	// FinishSession did not make.
	InvalidSession Code = "InvalidSession"
	// InvalidLogout: a request of the provider to sign somebody out is not
	// acceptable.
	InvalidLogout Code = "InvalidLogout"
	// ReplayStoreFailed: Config.Replay returned an error. Trying again may help.
	ReplayStoreFailed Code = "ReplayStoreFailed"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error is the error type of this package: every error that a Provider returns
// is an *Error. Its text is for the application's log. It never contains a
// client secret, an authorization code, a token or a PKCE verifier, even where
// the provider repeated one of them.
type Error struct {
	// Code is the kind of failure. errors.Is compares with it.
	Code Code
	// Message says what was wrong.
	Message string
	// ProviderCode is the provider's own error code, such as "access_denied"
	// or "invalid_client" (RFC 6749 sections 4.1.2.1 and 5.2). It is empty
	// when the provider sent none, and "unrecognized" when what it sent is no
	// code.
	ProviderCode string
	// ProviderDescription is the provider's text for ProviderCode: at most 256
	// printable characters on one line. It is the provider's, and in a callback
	// anybody's: escape it where it is shown.
	ProviderDescription string

	cause error
}

// Error returns the message, and the provider's code and description quoted.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("oidc: ")
	b.WriteString(e.Message)
	if e.ProviderCode != "" {
		fmt.Fprintf(&b, ": the provider says %q", e.ProviderCode)
		if e.ProviderDescription != "" {
			fmt.Fprintf(&b, ", %q", e.ProviderDescription)
		}
	}
	return b.String()
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Temporary reports whether trying again later may help, because somebody could
// not be asked: DiscoveryFailed and ReplayStoreFailed.
func (e *Error) Temporary() bool { return e.Code == DiscoveryFailed || e.Code == ReplayStoreFailed }

// Unwrap returns context.Canceled or context.DeadlineExceeded when that is why
// the call failed, the error of Config.CheckClaims when that refused the ID
// token, and nil otherwise.
func (e *Error) Unwrap() error { return e.cause }

func fail(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

const (
	maxMessage     = 512
	maxDescription = 256
	maxCode        = 64
)

// failCause is fail with the text of err at its end, stripped of the secrets
// given. The error itself is not wrapped, for its text was not stripped.
func failCause(code Code, what string, err error, secrets ...string) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	// The URL that *url.Error adds is the endpoint's, which what names already.
	text := outbound.WithoutURL(err).Error()
	e := fail(code, "%s: %s", what, plain(text, maxMessage, secrets...))
	e.cause = outbound.ContextError(err)
	return e
}

// withProvider adds the provider's own code and description.
func (e *Error) withProvider(code, description string, secrets ...string) *Error {
	e.ProviderCode = code
	if !isErrorCode(code) {
		e.ProviderCode = "unrecognized"
	}
	e.ProviderDescription = plain(description, maxDescription, secrets...)
	return e
}

// isErrorCode is narrower than RFC 6749, which allows spaces and punctuation
// that no registered code has.
func isErrorCode(s string) bool {
	if s == "" || len(s) > maxCode {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// plain makes text from outside fit for one line of a log: secrets are taken
// out first, so that cutting cannot leave half of one.
func plain(text string, limit int, secrets ...string) string {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			text = strings.ReplaceAll(text, form, "[redacted]")
		}
	}
	return strings.TrimSpace(plaintext.Line(text, limit))
}
