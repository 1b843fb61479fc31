package userpool

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Error is what the operations of a [Pool] return when the caller can do something about it. Its Message is made for the person in front
// of the page: it holds no secret and does not tell whether a user exists. Any other error is a failure of the machinery, such as a
// context that was cancelled, to be logged and not shown. The comment of each operation lists its codes, except for two: any operation
// can return [ServiceUnavailable], and one that changes a user can return [LimitExceeded] while many others change the same user.
//
//	var e *userpool.Error
//	if errors.As(err, &e) { show(e.Field, e.Message) }
//	if errors.Is(err, userpool.NotAuthorized) { ... }
type Error struct {
	// Code tells the kind of error.
	Code Code
	// Message is one or more sentences in English.
	Message string
	// Field names the input that is at fault ("username", "password", "code", the name of an attribute, or of a parameter such as
	// "redirect_uri"), or is empty.
	Field string
	// RetryAfter is how long to wait, with LimitExceeded; otherwise zero.
	RetryAfter time.Duration
	// Session continues what is unfinished: with UserNotConfirmed, pass it to ConfirmSignUp; when an answer to
	// RespondToAuthChallenge or a code for VerifySoftwareToken was wrong, or came too soon, answer again with it. Otherwise empty.
	Session string

	cause error
}

// Code is the kind of an [Error], named after the exceptions of Cognito and the errors of OAuth 2.0. It is itself an error, so that
// errors.Is(err, userpool.NotAuthorized) asks for it. Its name as text, such as "NotAuthorized", is string(code).
type Code string

const (
	// InvalidParameter is input that no state of the pool would make right.
	InvalidParameter Code = "InvalidParameter"
	// InvalidPassword is a new password that the policy refuses.
	InvalidPassword Code = "InvalidPassword"
	// UserNotFound is a user, named by an administrator, who does not exist.
	UserNotFound Code = "UserNotFound"
	// UserNotConfirmed is a sign-in with the right password before the sign-up was confirmed.
	UserNotConfirmed Code = "UserNotConfirmed"
	// NotAuthorized is a wrong user name or password, or a token or session that is not valid, or no longer.
	NotAuthorized Code = "NotAuthorized"
	// LoginRequired is something that only a person who has just signed in may do: have them sign in again, and repeat it (OpenID Connect
	// Core, 3.1.2.6).
	LoginRequired Code = "LoginRequired"
	// InsufficientAuthentication is something that wants a stronger sign-in than the last one was: have the person sign in again, with
	// InitiateAuthInput.ACR, and repeat it (RFC 9470).
	InsufficientAuthentication Code = "InsufficientAuthentication"
	// CodeMismatch is a one-time code that is wrong, or was used already.
	CodeMismatch Code = "CodeMismatch"
	// ExpiredCode is the right one-time code, but too old, or after too many wrong ones.
	ExpiredCode Code = "ExpiredCode"
	// LimitExceeded is too many attempts; Error.RetryAfter says how long to wait before the next.
	LimitExceeded Code = "LimitExceeded"
	// CodeDeliveryFailure is a message that the Sender could not send. What was done stays done; ask for the code again.
	CodeDeliveryFailure Code = "CodeDeliveryFailure"
	// UserHookFailed is a hook of the application that refused, failed, hung or panicked. Cognito calls it UserLambdaValidation.
	UserHookFailed Code = "UserHookFailed"
	// UsernameExists is a user name that is taken.
	UsernameExists Code = "UsernameExists"
	// AliasExists is an address or name that is verified as another user's.
	AliasExists Code = "AliasExists"
	// PasswordResetRequired is a sign-in of a user who must set a new password first, by ForgotPassword.
	PasswordResetRequired Code = "PasswordResetRequired"
	// PasswordHistoryPolicyViolation is a new password that is the present one, or one of the last.
	PasswordHistoryPolicyViolation Code = "PasswordHistoryPolicyViolation"
	// UnsupportedUserState is something that cannot be done in the user's present state.
	UnsupportedUserState Code = "UnsupportedUserState"
	// UnsupportedOperation is something that is not switched on in the pool's settings, or for the client.
	UnsupportedOperation Code = "UnsupportedOperation"
	// EnableSoftwareTokenMFA is a code of an authenticator app that does not match the secret that is being set up.
	EnableSoftwareTokenMFA Code = "EnableSoftwareTokenMFA"
	// SoftwareTokenMFANotFound is a user who has no authenticator app, or did not begin to set one up.
	SoftwareTokenMFANotFound Code = "SoftwareTokenMFANotFound"
	// MFAMethodNotFound is a second factor that the user does not have, or that the pool does not allow.
	MFAMethodNotFound Code = "MFAMethodNotFound"
	// WebAuthnNotEnabled is a passkey in a pool without Config.WebAuthn, or whose settings do not allow passkeys.
	WebAuthnNotEnabled Code = "WebAuthnNotEnabled"
	// WebAuthnChallengeNotFound is the answer to a registration that nobody began, or that took too long.
	WebAuthnChallengeNotFound Code = "WebAuthnChallengeNotFound"
	// DuplicateUserPool is the ID of a pool that is taken.
	DuplicateUserPool Code = "DuplicateUserPool"
	// DeviceKeyExists is the key of a device that was confirmed before.
	DeviceKeyExists Code = "DeviceKeyExists"
	// PreconditionNotMet is a change of something that somebody else changed in the meantime, or an import job in another state.
	PreconditionNotMet Code = "PreconditionNotMet"
	// GroupExists is a group name that is taken.
	GroupExists Code = "GroupExists"
	// ResourceNotFound is a group, client or provider that is not there.
	ResourceNotFound Code = "ResourceNotFound"
	// InvalidIdentityProvider is a sign-in at another provider that failed or that nobody here began.
	InvalidIdentityProvider Code = "InvalidIdentityProvider"
	// RefreshTokenReuse is a refresh token that was used before: its whole family is now revoked.
	RefreshTokenReuse Code = "RefreshTokenReuse"
	// UnsupportedTokenType is a token given for revocation that is not a refresh token.
	UnsupportedTokenType Code = "UnsupportedTokenType"
	// Unauthorized is a refresh token of another client, given for revocation.
	Unauthorized Code = "Unauthorized"
	// InvalidClient is an unknown client, or a wrong client secret (RFC 6749, 5.2).
	InvalidClient Code = "InvalidClient"
	// InvalidGrant is an authorization code or refresh token that is not valid (RFC 6749, 5.2).
	InvalidGrant Code = "InvalidGrant"
	// InvalidScope is a scope that the client may not ask for (RFC 6749, 5.2).
	InvalidScope Code = "InvalidScope"
	// UnauthorizedClient is a flow, or a way to sign in, that the client may not use (RFC 6749, 5.2).
	UnauthorizedClient Code = "UnauthorizedClient"
	// InsufficientScope is an access token without the scope that the operation needs (RFC 6750, 3.1).
	InsufficientScope Code = "InsufficientScope"
	// ServiceUnavailable is a store or a [KeyWrapper] that does not answer, or more work than the deadline of the context allows. Trying
	// again later is safe.
	ServiceUnavailable Code = "ServiceUnavailable"
)

// Error returns the code, with the name of the package before it; of the empty code, that of a success in an [AuditEvent], it returns "".
func (c Code) Error() string {
	if c == "" {
		return ""
	}
	return "userpool: " + string(c)
}

// Error returns the code with the message and the cause, for a log. Show a person the Message alone.
func (e *Error) Error() string {
	text := "userpool: " + string(e.Code) + ": " + e.Message
	if e.cause != nil {
		text += " (" + e.cause.Error() + ")"
	}
	return text
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Temporary reports whether trying again later may help: whether the code is ServiceUnavailable. Package middleware then answers 503.
func (e *Error) Temporary() bool { return e.Code == ServiceUnavailable }

// Unwrap returns what caused e, or nil.
func (e *Error) Unwrap() error { return e.cause }

func fail(code Code, message string) *Error { return &Error{Code: code, Message: message} }

func failField(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// unavailable wraps a failure of what the pool stands on, so that a person reads something useful and the log has the cause.
func unavailable(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("userpool: %s: %w", doing, err)
	}
	return &Error{
		Code:    ServiceUnavailable,
		Message: "The user directory cannot be reached right now. Please try again in a moment.",
		cause:   fmt.Errorf("%s: %w", doing, err),
	}
}

// codeOf returns the code of an error, empty for nil, and ServiceUnavailable for a failure that has none.
func codeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ServiceUnavailable
}
