package domain

import (
	"fmt"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// Code says what kind of failure an [Error] is. A Code is itself an error, so
// that errors.Is(err, domain.Taken) asks whether err is of that kind.
type Code string

const (
	// InvalidConfig: the Config given to New cannot work.
	InvalidConfig Code = "InvalidConfig"
	// InvalidDomain: the text is no domain name that somebody can own.
	InvalidDomain Code = "InvalidDomain"
	// NotAllowed: the domain is one under which anybody gets an address: a public
	// suffix such as co.uk, or that of a provider of free mailboxes.
	NotAllowed Code = "NotAllowed"
	// InvalidRequest: an owner or a provider's name is empty or too long.
	InvalidRequest Code = "InvalidRequest"
	// NotProved: the DNS record that proves ownership is not there. What is to be
	// written there is in Error.Challenge.
	NotProved Code = "NotProved"
	// ResolverFailed: the DNS could not be asked. Trying again may help.
	ResolverFailed Code = "ResolverFailed"
	// Taken: the domain is somebody else's.
	Taken Code = "Taken"
	// NotFound: the owner has no such domain.
	NotFound Code = "NotFound"
	// StoreFailed: the Store returned an error, or changed under our hands again
	// and again. Trying again may help.
	StoreFailed Code = "StoreFailed"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error is the error type of this package.
type Error struct {
	// Code is the kind of failure. errors.Is compares with it.
	Code Code
	// Message says what was wrong, and what to do.
	Message string
	// Challenge is what has to be in the DNS, with NotProved.
	Challenge *Challenge

	cause error
}

// Error returns "domain: " and the message.
func (e *Error) Error() string { return "domain: " + e.Message }

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap returns the error of the Store or of the Resolver, where that is why.
func (e *Error) Unwrap() error { return e.cause }

// Temporary reports whether trying again later may help: ResolverFailed and
// StoreFailed.
func (e *Error) Temporary() bool { return e.Code == ResolverFailed || e.Code == StoreFailed }

func fail(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func failCause(code Code, what string, err error) *Error {
	return &Error{Code: code, Message: what + ": " + plain(err.Error()), cause: err}
}

const maxShown = 200

// plain makes text from outside fit for one line.
func plain(text string) string { return plaintext.Line(text, maxShown) }
