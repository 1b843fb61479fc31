package jose

import (
	"fmt"
	"strings"
)

// Reason says why something was refused. It is itself an error, so that
// errors.Is(err, jose.ErrExpired) asks for the reason of any error of this
// package.
type Reason string

// The reasons.
const (
	// ErrMalformed: the input is not what it claims to be. It broke the gate of
	// tokens, of JSON or of key sets, or names an algorithm that is not supported.
	ErrMalformed Reason = "malformed"
	// ErrKey: there is no key to verify with: the kid is unknown, the key set
	// could not be had, or the key is weak or is for another algorithm. When the
	// key source failed, its error is wrapped too.
	ErrKey Reason = "no usable key"
	// ErrSignature: the signature is not one that the key made over the token.
	ErrSignature Reason = "invalid signature"
	// ErrExpired: the token was good until exp, and exp has passed.
	ErrExpired Reason = "expired"
	// ErrClaims: the type of the token is not an expected one; or it is genuine,
	// but its issuer, audience or times are not; or claims cannot be signed.
	ErrClaims Reason = "claims not accepted"
)

// Error returns the reason in words.
func (r Reason) Error() string { return string(r) }

// Error is the type of every error of this package.
type Error struct {
	Reason  Reason // what kind of refusal
	Message string // what was wrong, with which value; holds no secret
	Err     error  // what lay beneath, or nil
}

// Error returns "jose: " and what was wrong.
func (e *Error) Error() string {
	if e.Err == nil {
		return "jose: " + e.Message
	}
	return "jose: " + e.Message + ": " + strings.TrimPrefix(e.Err.Error(), "jose: ")
}

// Unwrap returns the reason and the error beneath. Where that is an *Error too,
// its own reason is passed over: a key set that is malformed is a reason to have
// no key, not a malformed token.
func (e *Error) Unwrap() []error {
	chain := []error{e.Reason}
	for beneath := e.Err; beneath != nil; {
		inner, ok := beneath.(*Error)
		if !ok {
			return append(chain, beneath)
		}
		beneath = inner.Err
	}
	return chain
}

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func wrap(reason Reason, err error, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...), Err: err}
}
