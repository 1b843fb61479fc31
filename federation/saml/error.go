package saml

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// Code says which step failed. A Code is itself an error, so that
// errors.Is(err, saml.AccessDenied) asks whether err is of that kind.
type Code string

const (
	// InvalidConfig: a Config, ProviderConfig or RequestOptions cannot work, or
	// asks for something that the identity provider's metadata does not offer.
	InvalidConfig Code = "InvalidConfig"
	// InvalidRequest: Begin or BeginLogout was given a URL or a state that it
	// cannot use.
	InvalidRequest Code = "InvalidRequest"
	// MetadataFailed: the identity provider's metadata could not be read, has
	// expired, or is not what the specification and this package's limits ask
	// for. Where it has a URL, trying again may help.
	MetadataFailed Code = "MetadataFailed"
	// InvalidPending: Finish or FinishLogout was given a pending value that
	// this Provider's Begin or BeginLogout did not make.
	InvalidPending Code = "InvalidPending"
	// InvalidResponse: what came is not a SAML response, or not the answer to
	// this sign-in.
	InvalidResponse Code = "InvalidResponse"
	// InvalidSignature: a signature is missing, or is not by a key in the
	// identity provider's metadata, or is of a kind that is not accepted.
	InvalidSignature Code = "InvalidSignature"
	// DecryptionFailed: an encrypted assertion could not be used. Why is not
	// told to anybody: the answer would help to decrypt it.
	DecryptionFailed Code = "DecryptionFailed"
	// InvalidAssertion: the assertion is signed by the identity provider, but
	// is not for us, not for now, or says too little.
	InvalidAssertion Code = "InvalidAssertion"
	// Replayed: this response, or another one to the same request, has been
	// used already.
	Replayed Code = "Replayed"
	// ReplayStoreFailed: the ReplayStore returned an error. Trying to sign in
	// again may help.
	ReplayStoreFailed Code = "ReplayStoreFailed"
	// AccessDenied: the identity provider did not let the person in (status
	// AuthnFailed or RequestDenied).
	AccessDenied Code = "AccessDenied"
	// ProviderError: the identity provider answered with any other error, which
	// is in Error.ProviderCode and Error.ProviderDescription.
	ProviderError Code = "ProviderError"
	// InteractionRequired: the identity provider would have to show a page, which
	// RequestOptions.IsPassive forbids (status NoPassive).
	InteractionRequired Code = "InteractionRequired"
	// NotSupported: the identity provider's metadata has no place to send a
	// logout message to, it sent no NameID with the session, or this service
	// provider has no key or no SLOURL.
	NotSupported Code = "NotSupported"
	// InvalidSession: BeginLogout was given a session that this Provider's
	// FinishSession did not make.
	InvalidSession Code = "InvalidSession"
	// InvalidLogout: a logout message is not acceptable.
	InvalidLogout Code = "InvalidLogout"
	// PartialLogout: the person is signed out here and at the identity
	// provider, but not everywhere (status PartialLogout).
	PartialLogout Code = "PartialLogout"
	// InternalError: a library or Config's Key or Rand failed, or panicked.
	InternalError Code = "InternalError"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error is the error type of this package: every error that a ServiceProvider
// or Provider returns is an *Error. Its text is for the application's log and
// for administrators: it says what was expected, what came, and what to
// change. It never contains the message that was judged, a key, or a state.
type Error struct {
	// Code is the kind of failure. errors.Is compares with it.
	Code Code
	// Message says what was wrong, in one sentence or two.
	Message string
	// Check names the check that failed, where there is one: "Audience",
	// "Recipient", "Destination", "Issuer", "InResponseTo", "NotBefore",
	// "NotOnOrAfter", "IssueInstant", "AuthnInstant", "SessionNotOnOrAfter",
	// "AuthnContext", "Subject" and so on. Expected and Got belong to it.
	Check string
	// Expected and Got are what the check compared, where both can be written.
	// Got is text of the message: at most 256 printable characters on one line.
	// Escape it where it is shown.
	Expected, Got string
	// ProviderCode is the status that the identity provider gave: the short
	// names of its status codes joined by a slash, such as
	// "Responder/AuthnFailed". It is "unrecognized" when what came is no status.
	ProviderCode string
	// ProviderDescription is the identity provider's StatusMessage, such as
	// "AADSTS50105: ...": at most 512 printable characters on one line. It may
	// be anybody's, for errors need not be signed: escape it where it is shown.
	ProviderDescription string

	cause error
}

// Error returns the message, and the identity provider's code and description
// quoted.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("saml: ")
	b.WriteString(e.Message)
	if e.ProviderCode != "" {
		fmt.Fprintf(&b, ": the identity provider says %q", e.ProviderCode)
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

// Temporary reports whether trying again later may help, because somebody
// could not be asked: MetadataFailed and ReplayStoreFailed.
func (e *Error) Temporary() bool { return e.Code == MetadataFailed || e.Code == ReplayStoreFailed }

// Unwrap returns context.Canceled or context.DeadlineExceeded when that is why
// the call failed, and nil otherwise.
func (e *Error) Unwrap() error { return e.cause }

const (
	maxMessage     = 512
	maxDescription = 512
	maxShown       = 256
)

func fail(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// at names the check that failed.
func (e *Error) at(check string) *Error {
	e.Check = check
	return e
}

// differs is the error of a comparison. what is the thing compared, advice what
// to change.
func differs(code Code, check, what, expected, got, advice string) *Error {
	got = plain(got, maxShown)
	shown := fmt.Sprintf("is %q", got)
	if got == "" {
		shown = "is missing or empty"
	}
	return &Error{
		Code: code, Check: check, Expected: expected, Got: got,
		Message: fmt.Sprintf("%s %s, expected %q; %s", what, shown, expected, advice),
	}
}

// failCause is fail with the text of err at its end. The error itself is not
// wrapped, for its text may hold anything.
func failCause(code Code, what string, err error) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	// The URL that *url.Error adds is the one that what names already.
	text := outbound.WithoutURL(err).Error()
	e := fail(code, "%s: %s", what, plain(text, maxMessage))
	e.cause = outbound.ContextError(err)
	return e
}

// plain makes text from outside fit for one line of a log.
func plain(text string, limit int) string { return strings.TrimSpace(plaintext.Line(text, limit)) }

// guard runs code that is not ours, or that depends on some that is not, and
// makes an error of its panic. The value of a panic may hold anything; of it
// only the type is told, or the text if it is the runtime's.
func guard(doing string, code func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			what := fmt.Sprintf("%T", v)
			if e, ok := v.(runtime.Error); ok {
				what = plain(e.Error(), maxShown)
			}
			err = fail(InternalError, "%s panicked (%s); please report it with the version of this module", doing, what)
		}
	}()
	return code()
}
