package sigv4

import "fmt"

// Code is the class of an [Error]. It is itself an error, so that
// errors.Is(err, sigv4.InvalidSignature) tells the class.
type Code string

// The classes. Where AWS has a name for one, it is that name, without an
// "Exception" at its end.
const (
	// MissingAuthenticationToken: the request has no Authorization header.
	MissingAuthenticationToken Code = "MissingAuthenticationToken"
	// IncompleteSignature: the header, or something that it needs, is
	// malformed, missing, doubled or not signed.
	IncompleteSignature Code = "IncompleteSignature"
	// UnsupportedSignature: the request is well formed, and is signed, or sent,
	// in a way that this package does not support.
	UnsupportedSignature Code = "UnsupportedSignature"
	// RequestTimeTooSkewed: the date is too far from the clock.
	RequestTimeTooSkewed Code = "RequestTimeTooSkewed"
	// ExpiredRequest: the time that a presigned URL states has passed.
	ExpiredRequest Code = "ExpiredRequest"
	// ReplayedRequest: Config.Once has seen the request before.
	ReplayedRequest Code = "ReplayedRequest"
	// InvalidSignature: the scope, the payload hash or the signature is not
	// the right one, or the access key is unknown.
	InvalidSignature Code = "InvalidSignature"
	// RequestEntityTooLarge: the body is longer than Config.MaxBody.
	RequestEntityTooLarge Code = "RequestEntityTooLarge"
	// IncompleteBody: a streamed body is cut short, or is not in the form of
	// its encoding.
	IncompleteBody Code = "IncompleteBody"
	// BadDigest: a checksum in the trailer is not that of the body.
	BadDigest Code = "BadDigest"
	// RequestBodyUnreadable: reading the body failed.
	RequestBodyUnreadable Code = "RequestBodyUnreadable"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error tells why a request was refused. Its text holds nothing secret and may
// be shown to the client.
type Error struct {
	// Code is the class of the error.
	Code Code
	// Message says what was wrong, and often what to do about it.
	Message string

	cause error // not part of the text
}

// Error returns the code and the message.
func (e *Error) Error() string { return "sigv4: " + string(e.Code) + ": " + e.Message }

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap returns what caused e, such as the error of reading the body, or nil.
func (e *Error) Unwrap() error { return e.cause }

func refuse(code Code, format string, arguments ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// show quotes a value of the request for an error, cut to a bearable length.
func show(s string) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
