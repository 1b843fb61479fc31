package samlxml

import "fmt"

// Code says what kind of thing was wrong. A Code is itself an error, so that
// errors.Is(err, samlxml.InvalidSignature) asks whether err is of that kind.
type Code string

const (
	// InvalidXML: the document is not well formed, or uses a part of XML that
	// this package refuses.
	InvalidXML Code = "InvalidXML"
	// TooLarge: a bound on size, depth or number was exceeded.
	TooLarge Code = "TooLarge"
	// Unsigned: there is no signature where one is needed.
	Unsigned Code = "Unsigned"
	// InvalidSignature: a signature has another form than this package
	// accepts, or none of the keys made it, or what it covers was changed.
	InvalidSignature Code = "InvalidSignature"
	// DecryptionFailed: all that Decrypt ever says.
	DecryptionFailed Code = "DecryptionFailed"
	// InvalidQuery: the query of a redirect binding cannot be read.
	InvalidQuery Code = "InvalidQuery"
	// InvalidKey: a key or certificate which the caller gave cannot be used.
	InvalidKey Code = "InvalidKey"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error is the error type of this package. Its text is for a log: it quotes
// names, algorithms and positions of the document, each cut to 64 bytes, but
// never text, keys or signatures.
type Error struct {
	// Code is the kind of failure. errors.Is compares with it.
	Code Code
	// Message says what was wrong.
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return "samlxml: " + e.Message }

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

func fail(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// quoted cuts what comes from outside, and quotes it for one line of a log.
func quoted(s string) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
