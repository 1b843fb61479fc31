package identitypool

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// Code is the kind of an [Error], named after the exceptions of Cognito and of AWS's request signing. It is itself an error, so that
// errors.Is(err, identitypool.NotAuthorized) asks for it.
type Code string

const (
	// InvalidParameter is input that no state of the pool would make right.
	InvalidParameter Code = "InvalidParameter"
	// NotAuthorized is a login that is not valid or not the identity's, a guest where guests are not allowed, or credentials of a
	// provider or role that the pool no longer has.
	NotAuthorized Code = "NotAuthorized"
	// ResourceNotFound is an identity that is not there.
	ResourceNotFound Code = "ResourceNotFound"
	// ExternalService is a provider that could not be asked. A [LoginVerifier] can return this code to say so.
	ExternalService Code = "ExternalService"
	// InternalError is a failure of the machinery. Its cause, which Error.Unwrap returns, is to be logged and not shown.
	InternalError Code = "InternalError"
	// MissingAuthenticationToken is a request without a signature.
	MissingAuthenticationToken Code = "MissingAuthenticationToken"
	// IncompleteSignature is a signature that is malformed, does not cover what it must, or is of a kind that is not supported.
	IncompleteSignature Code = "IncompleteSignature"
	// InvalidSignature is a wrong signature, an unknown access key or session token, or a request that is too old.
	InvalidSignature Code = "InvalidSignature"
	// ExpiredToken is a right signature with credentials that have expired.
	ExpiredToken Code = "ExpiredToken"
	// AccessDenied is a caller who is known and may not do this.
	AccessDenied Code = "AccessDenied"
	// RequestEntityTooLarge is a body beyond AuthorizerConfig.MaxBody.
	RequestEntityTooLarge Code = "RequestEntityTooLarge"
	// ReplayedRequest is a request that was accepted before, see AuthorizerConfig.PreventReplay.
	ReplayedRequest Code = "ReplayedRequest"
	// ResourceConflict is a login that belongs to another identity, or a second login of a provider that may have one.
	ResourceConflict Code = "ResourceConflict"
	// DeveloperUserAlreadyRegistered is a user of the developer's backend who has another identity.
	DeveloperUserAlreadyRegistered Code = "DeveloperUserAlreadyRegistered"
	// InvalidIdentityPoolConfiguration is a role that is missing, or whose trust policy does not allow what the pool asks.
	InvalidIdentityPoolConfiguration Code = "InvalidIdentityPoolConfiguration"
	// ConcurrentModification is a change that another one overtook again and again. Try again.
	ConcurrentModification Code = "ConcurrentModification"
	// LimitExceeded is more of something than there may be, such as logins of an identity.
	LimitExceeded Code = "LimitExceeded"

	// MalformedPolicyDocument is a session policy that does not parse.
	MalformedPolicyDocument Code = "MalformedPolicyDocument"
	// PackedPolicyTooLarge is a session policy, or tags, of more bytes than a session token may carry.
	PackedPolicyTooLarge Code = "PackedPolicyTooLarge"
	// IDPRejectedClaim is a token or assertion that the provider's verifier refuses, or that says something which is not allowed.
	IDPRejectedClaim Code = "IDPRejectedClaim"
	// InvalidIdentityToken is a token or assertion that is none, or of no provider of the pool.
	InvalidIdentityToken Code = "InvalidIdentityToken"
	// IDPCommunicationError is a provider that could not be asked, when roles are assumed.
	IDPCommunicationError Code = "IDPCommunicationError"
)

// answer is how an error is told to an HTTP client.
type answer struct {
	name   string
	status int
}

// answers has every Code.
var answers = map[Code]answer{
	InvalidParameter:                 {"InvalidParameterException", http.StatusBadRequest},
	NotAuthorized:                    {"NotAuthorizedException", http.StatusForbidden},
	ResourceNotFound:                 {"ResourceNotFoundException", http.StatusBadRequest},
	ExternalService:                  {"ExternalServiceException", http.StatusBadRequest},
	InternalError:                    {"InternalErrorException", http.StatusInternalServerError},
	MissingAuthenticationToken:       {"MissingAuthenticationTokenException", http.StatusForbidden},
	IncompleteSignature:              {"IncompleteSignatureException", http.StatusBadRequest},
	InvalidSignature:                 {"InvalidSignatureException", http.StatusForbidden},
	ExpiredToken:                     {"ExpiredTokenException", http.StatusForbidden},
	AccessDenied:                     {"AccessDeniedException", http.StatusForbidden},
	RequestEntityTooLarge:            {"RequestEntityTooLargeException", http.StatusRequestEntityTooLarge},
	ReplayedRequest:                  {"ReplayedRequestException", http.StatusForbidden},
	ResourceConflict:                 {"ResourceConflictException", http.StatusBadRequest},
	DeveloperUserAlreadyRegistered:   {"DeveloperUserAlreadyRegisteredException", http.StatusBadRequest},
	InvalidIdentityPoolConfiguration: {"InvalidIdentityPoolConfigurationException", http.StatusBadRequest},
	ConcurrentModification:           {"ConcurrentModificationException", http.StatusBadRequest},
	LimitExceeded:                    {"LimitExceededException", http.StatusBadRequest},
	MalformedPolicyDocument:          {"MalformedPolicyDocumentException", http.StatusBadRequest},
	PackedPolicyTooLarge:             {"PackedPolicyTooLargeException", http.StatusBadRequest},
	IDPRejectedClaim:                 {"IDPRejectedClaimException", http.StatusForbidden},
	InvalidIdentityToken:             {"InvalidIdentityTokenException", http.StatusBadRequest},
	IDPCommunicationError:            {"IDPCommunicationErrorException", http.StatusBadRequest},
}

// answerOf returns the answer of a code, or that of InternalError for one that the package does not have.
func answerOf(c Code) answer {
	if a, ok := answers[c]; ok {
		return a
	}
	return answers[InternalError]
}

// Status returns the status of HTTP that a request is refused with, such as 403.
func (c Code) Status() int { return answerOf(c).status }

// Error returns the code, with the name of the package before it.
func (c Code) Error() string { return "identitypool: " + string(c) }

// Error is what the methods of a [Pool] return: each error of theirs is an *Error. Its Message may be shown to the client: it holds no
// secret, no cause and nothing of the policies.
type Error struct {
	// Code tells the kind of error.
	Code Code
	// Message is one or more sentences in English.
	Message string

	cause error
}

// Error returns the code with the message.
func (e *Error) Error() string { return "identitypool: " + string(e.Code) + ": " + e.Message }

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns what caused e, or nil. It is for logs.
func (e *Error) Unwrap() error { return e.cause }

func fail(code Code, format string, arguments ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// internal wraps a failure of the machinery.
func internal(doing string, cause error) *Error {
	return &Error{Code: InternalError, Message: "The request could not be processed. Please try again.", cause: fmt.Errorf("identitypool: %s: %w", doing, cause)}
}

// signatureCodes translates the errors of package sigv4.
var signatureCodes = map[sigv4.Code]Code{
	sigv4.MissingAuthenticationToken: MissingAuthenticationToken,
	sigv4.IncompleteSignature:        IncompleteSignature,
	sigv4.UnsupportedSignature:       IncompleteSignature,
	sigv4.RequestTimeTooSkewed:       InvalidSignature,
	sigv4.InvalidSignature:           InvalidSignature,
	sigv4.RequestEntityTooLarge:      RequestEntityTooLarge,
	sigv4.RequestBodyUnreadable:      InvalidParameter,
	sigv4.ExpiredRequest:             InvalidSignature,
	sigv4.ReplayedRequest:            ReplayedRequest,
	sigv4.IncompleteBody:             InvalidParameter,
	sigv4.BadDigest:                  InvalidParameter,
}

func signatureError(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	refused, ok := errors.AsType[*sigv4.Error](err)
	if !ok {
		return internal("verify a signature", err)
	}
	return &Error{Code: signatureCodes[refused.Code], Message: sentence(refused.Message), cause: err}
}

// sentence makes one of the reason of another package.
func sentence(reason string) string {
	if reason == "" {
		return ""
	}
	first := reason[0]
	if first >= 'a' && first <= 'z' {
		first -= 'a' - 'A'
	}
	return string(first) + reason[1:] + "."
}
