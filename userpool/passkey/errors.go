package passkey

import (
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// Error is a ceremony that was refused. It is for the log: it tells what was wrong with the answer, and holds no challenge.
//
//	if errors.Is(err, passkey.ErrCloned) { ... }
type Error struct {
	// Code tells the kind.
	Code Code

	detail string
}

// Code is the kind of an Error. It is itself an error, so that errors.Is(err, passkey.ErrCloned) asks for it.
type Code string

const (
	// ErrMalformed is an answer that no browser gives: not one JSON object, a member missing or given twice, base64url with padding, more
	// than 64 KiB.
	ErrMalformed Code = "Malformed"
	// ErrPending is a pending that does not belong to what is finished: another kind of ceremony, another RP ID, another user.
	ErrPending Code = "Pending"
	// ErrExpired is an answer that came five minutes after the options or later.
	ErrExpired Code = "Expired"
	// ErrOrigin is an answer from a page of another origin, or in a frame of a site that is not among Config.TopOrigins.
	ErrOrigin Code = "Origin"
	// ErrUnsupported is a public key of an algorithm that was not asked for, or one that is weak or broken.
	ErrUnsupported Code = "Unsupported"
	// ErrUnknownCredential is an answer by a credential that the user does not have, or that was not among those allowed.
	ErrUnknownCredential Code = "UnknownCredential"
	// ErrUserVerification is an authenticator that did not verify the person where that was required.
	ErrUserVerification Code = "UserVerification"
	// ErrRefused is an answer that is wrong in another way: challenge, signature, flags, user handle, RP ID.
	ErrRefused Code = "Refused"
	// ErrCloned is a right signature with a signature counter that did not grow: two authenticators may hold the same key. Tell the user,
	// and ask them to remove this passkey.
	ErrCloned Code = "Cloned"
)

// Error returns the code.
func (c Code) Error() string { return "passkey: " + string(c) }

// Error returns the code and what was wrong.
func (e *Error) Error() string { return e.Code.Error() + ": " + e.detail }

// Is reports whether target is the Code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Cloned reports whether the code is ErrCloned, for those who do not import this package: the pool asks for an interface{ Cloned() bool }.
func (e *Error) Cloned() bool { return e.Code == ErrCloned }

func refuse(code Code, format string, args ...any) error {
	return &Error{Code: code, detail: fmt.Sprintf(format, args...)}
}

// library makes an Error of one of the WebAuthn library. The challenge, which its texts may hold, was compared before.
func library(what string, err error) error {
	text := err.Error()
	if known, ok := errors.AsType[*protocol.Error](err); ok && known.DevInfo != "" {
		text += ": " + known.DevInfo
	}
	return refuse(ErrRefused, "%s: %s", what, clean(text))
}

// clean makes one line of at most 200 characters of a text that may quote what came from outside.
func clean(text string) string {
	return fmt.Sprintf("%.200s", plaintext.Words(text[:min(len(text), 2000)]))
}

// contained calls the library. A panic in it becomes an error.
func contained[T any](call func() (T, error)) (out T, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = refuse(ErrRefused, "the WebAuthn library gave up: %s", clean(fmt.Sprint(reason)))
		}
	}()
	return call()
}
