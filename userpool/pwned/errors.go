package pwned

import (
	"fmt"
	"time"
)

// Error is a question that was not answered. It says nothing about the password, and holds nothing of it.
//
//	if errors.Is(err, pwned.RateLimited) { ... }
type Error struct {
	// Code tells what went wrong.
	Code Code
	// Status is the HTTP status that the service answered with, or 0 if it did not answer.
	Status int
	// RetryAfter is how long a service that answered 429 or 503 wants to be left alone (RFC 9110, 10.2.3), or 0 if it did not say. It is at
	// most 24 hours.
	RetryAfter time.Duration

	detail string
	cause  error
}

// Code is what went wrong. It is itself an error, so that errors.Is(err, pwned.Unavailable) asks for it.
type Code string

const (
	// Unavailable is a service that could not be reached, did not answer in time, or answered with a status other than 200; or a file that
	// could not be read. Also, a question that was given up by its context.
	Unavailable Code = "Unavailable"
	// RateLimited is a service that answered 429: it was asked too often.
	RateLimited Code = "RateLimited"
	// InvalidResponse is an answer, or a file, that is not what the protocol says.
	InvalidResponse Code = "InvalidResponse"
)

// Error returns the code.
func (c Code) Error() string { return "pwned: " + string(c) }

// Error returns the code and what happened.
func (e *Error) Error() string {
	text := e.Code.Error()
	if e.Status != 0 {
		text += fmt.Sprintf(": the service answered with status %d", e.Status)
	}
	if e.detail != "" {
		text += ": " + e.detail
	}
	if e.cause != nil {
		text += fmt.Sprintf(": %.300s", e.cause.Error()) // a broken answer may be quoted in it
	}
	return text
}

// Is reports whether target is the Code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns the error of the context, the network or the file, or nil.
func (e *Error) Unwrap() error { return e.cause }

func invalid(format string, args ...any) error {
	return &Error{Code: InvalidResponse, detail: fmt.Sprintf(format, args...)}
}

func unavailable(cause error, detail string) error {
	return &Error{Code: Unavailable, detail: detail, cause: cause}
}
