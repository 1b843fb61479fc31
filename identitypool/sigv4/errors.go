package sigv4

import "fmt"

// Code is the class of an [Error]. It is itself an error, so that
// errors.Is(err, sigv4.InvalidSignature) tells the class.
type Code string

// The classes. Their texts are the names that AWS has for them.
const (
	// MissingAuthentication: the request has no Authorization header.
	MissingAuthentication Code = "MissingAuthenticationToken"
	// IncompleteSignature: the header, or something that it needs, is
	// malformed, missing, doubled or not signed.
	IncompleteSignature Code = "IncompleteSignature"
	// Unsupported: well formed, and of a kind that this package refuses.
	Unsupported Code = "UnsupportedSignature"
	// RequestTimeTooSkewed: the date is too far from the clock.
	RequestTimeTooSkewed Code = "RequestTimeTooSkewed"
	// InvalidSignature: the scope, the payload hash or the signature is not
	// the right one, or the access key is unknown.
	InvalidSignature Code = "InvalidSignature"
	// BodyTooLarge: the body is longer than Config.MaxBody.
	BodyTooLarge Code = "RequestEntityTooLarge"
	// BodyUnreadable: reading the body failed.
	BodyUnreadable Code = "RequestBodyUnreadable"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error tells why a request was refused. Its text holds nothing secret and may
// be shown to the client.
type Error struct {
	Code   Code
	Reason string
	Err    error // the cause, when there is one; not part of the text
}

// Error returns the code and the reason.
func (e *Error) Error() string { return "sigv4: " + string(e.Code) + ": " + e.Reason }

// Is reports whether target is the code of the error.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code, format string, arguments ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, arguments...)}
}

// show quotes a value of the request for an error, cut to a bearable length.
func show(s string) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
