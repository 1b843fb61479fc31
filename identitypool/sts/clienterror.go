package sts

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Code is the kind of an [Error]: the code that the service answered with, or one of those below. It is itself an error, so that
// errors.Is(err, sts.ExpiredToken) asks for it.
type Code string

// The codes of AWS that a program may act upon. There are more.
const (
	// AccessDenied is a role whose trust policy does not allow it, or that does not exist.
	AccessDenied Code = "AccessDenied"
	// ExpiredToken is a web identity token or assertion that has expired, and ExpiredCredentials are credentials that have.
	ExpiredToken       Code = "ExpiredTokenException"
	ExpiredCredentials Code = "ExpiredToken"
	// InvalidIdentityToken is a token or assertion that the service cannot verify: not from a provider that is registered, for another
	// audience, or signed with a key that the discovery does not have.
	InvalidIdentityToken Code = "InvalidIdentityToken"
	// IDPCommunicationError is a service that could not read the provider's discovery or keys.
	IDPCommunicationError Code = "IDPCommunicationError"
	// IDPRejectedClaim is a token whose claims were refused, or that was revoked.
	IDPRejectedClaim Code = "IDPRejectedClaim"
	// MalformedPolicyDocument and PackedPolicyTooLarge are about the session policy and the tags.
	MalformedPolicyDocument Code = "MalformedPolicyDocument"
	PackedPolicyTooLarge    Code = "PackedPolicyTooLarge"
	// RegionDisabled is a region that the account has not switched on.
	RegionDisabled Code = "RegionDisabledException"
	// ValidationError is a parameter that is not what it must be. The client itself uses it too, before anything is sent.
	ValidationError Code = "ValidationError"
	// Throttling is too many requests, by whatever code AWS says so.
	Throttling Code = "Throttling"
)

// The codes of the client itself.
const (
	// Unavailable is a service that gave no answer, or one that is no answer of STS with a status of 500 and above.
	Unavailable Code = "Unavailable"
	// MalformedAnswer is an answer that is none of STS, such as a redirect or the page of a proxy.
	MalformedAnswer Code = "MalformedAnswer"
)

// Error returns the code, with the name of the package before it.
func (c Code) Error() string { return "sts: " + string(c) }

// Error is what the methods of a [Client] return: each error of theirs is an *Error. It holds no token and no secret.
type Error struct {
	Code Code
	// Message is what the service said, or the client.
	Message string
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// RequestID is by what AWS's support finds the request, or "".
	RequestID string

	cause error
}

// Error returns all there is to say.
func (e *Error) Error() string {
	text := "sts: " + string(e.Code) + ": " + e.Message
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns what caused e, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Temporary reports whether the same call may succeed later: after [Throttling], [IDPCommunicationError], and a failure of the service or
// on the way to it. Wait between tries, longer each time.
func (e *Error) Temporary() bool {
	switch e.Code {
	case Throttling, IDPCommunicationError, Unavailable:
		return true
	}
	return e.Status >= http.StatusInternalServerError
}

// throttled are the codes that the services of AWS use for too many requests.
var throttled = []string{
	"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded",
	"TooManyRequestsException", "BandwidthLimitExceeded", "SlowDown", "PriorRequestNotComplete",
}

const (
	maxRequestID = 64
	maxMessage   = 2000
)

// answeredCode is what a code of AWS looks like.
var answeredCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._:-]{0,63}$`)

// answeredError is the error of an answer with an error in it. secrets are what was sent: no service should say it again.
func answeredError(status int, answer errorXML, secrets []string) *Error {
	code, message := Code(answer.Error.Code), answer.Error.Message
	if slices.Contains(throttled, answer.Error.Code) || status == http.StatusTooManyRequests {
		code = Throttling
	}
	if code == "AccessDeniedException" {
		code = AccessDenied
	}
	for _, secret := range secrets {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "[redacted]")
		}
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return &Error{Code: code, Message: message, Status: status, RequestID: requestID(answer.RequestID)}
}

// unusable is an answer that is none of STS.
func unusable(status int, format string, arguments ...any) *Error {
	e := &Error{Code: MalformedAnswer, Message: fmt.Sprintf(format, arguments...), Status: status}
	switch {
	case status == http.StatusTooManyRequests:
		e.Code = Throttling
	case status >= http.StatusInternalServerError:
		e.Code = Unavailable
	}
	return e
}

// requestID keeps what may be one.
func requestID(text string) string {
	if len(text) > maxRequestID || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return text
}
