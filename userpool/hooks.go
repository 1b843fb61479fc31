package userpool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Hooks are functions of the application that the pool calls at certain steps, named after Cognito's triggers; nil ones are skipped. Each
// has five seconds. A hook that returns an error refuses what is being done, with the code UserHookFailed: the person sees the text of a
// [*Refusal], and nothing of any other error. A hook that panics or does not return in time refuses too, and is logged by name; the pool
// does not wait for it any longer. Hooks must be safe for concurrent use.
type Hooks struct {
	// PreSignUp is called before a user is made: by SignUp, or by a first sign-in at another provider, where its result is ignored.
	PreSignUp func(ctx context.Context, e PreSignUpEvent) (PreSignUpResult, error)
	// PostConfirmation is called once a user is confirmed, or has come from another provider for the first time. The user exists by
	// then: an error is logged and changes nothing. It is not called again if the process ends meanwhile.
	PostConfirmation func(ctx context.Context, e UserEvent) error
	// PreAuthentication is called before a password is looked at, also when there is no such user (Sub is empty then).
	PreAuthentication func(ctx context.Context, e UserEvent) error
	// PostAuthentication is called when a person has signed in, before anything is issued.
	PostAuthentication func(ctx context.Context, e UserEvent) error
	// PreTokenGeneration changes the claims of the tokens that are about to be signed.
	PreTokenGeneration func(ctx context.Context, e PreTokenGenerationEvent) (PreTokenGenerationResult, error)
}

// UserEvent says whom a hook is called for. The map is a copy.
type UserEvent struct {
	Sub        string
	Username   string
	Attributes map[string]string
	// Provider is the name of the identity provider, or empty.
	Provider string
	// ClientID is the app client, or empty at the hosted pages.
	ClientID string
}

// PreSignUpEvent says which user is about to be made. Sub is empty, and Username too, unless the user comes from another provider.
type PreSignUpEvent struct{ UserEvent }

// PreSignUpResult is what PreSignUp decides.
type PreSignUpResult struct {
	// AutoConfirmUser makes the user confirmed, without a code and without a verified e-mail address. Nobody has then proved that the
	// address is theirs, and SignUp shows which addresses are taken.
	AutoConfirmUser bool
	// AutoVerifyEmail, with AutoConfirmUser, takes the e-mail address as verified. Set it only if the application knows that it is.
	AutoVerifyEmail bool
}

// PreTokenGenerationEvent says for whom tokens are about to be signed.
type PreTokenGenerationEvent struct {
	UserEvent
	Groups []string
	Scopes []string
}

// PreTokenGenerationResult changes claims. Those by which the pool recognizes a token cannot be changed: the operation then fails with
// UserHookFailed.
type PreTokenGenerationResult struct {
	// IDTokenClaims and AccessTokenClaims are added, or replace others: strings, booleans, numbers, and slices and maps of them.
	IDTokenClaims     map[string]any
	AccessTokenClaims map[string]any
	// IDTokenSuppress and AccessTokenSuppress name claims that are left out.
	IDTokenSuppress     []string
	AccessTokenSuppress []string
}

// Refusal is an error that a hook returns to say something to the person.
type Refusal struct {
	// Message is shown as it is.
	Message string
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

const hookTime = 5 * time.Second

// runHook calls a hook and contains it.
func runHook[E, R any](ctx context.Context, p *Pool, name string, hook func(context.Context, E) (R, error), event E) (R, error) {
	var zero R
	if hook == nil {
		return zero, nil
	}
	type outcome struct {
		result R
		err    error
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{err: fmt.Errorf("panic: %v", r)}
			}
		}()
		result, err := hook(ctx, event)
		done <- outcome{result, err}
	}()
	var out outcome
	select {
	case out = <-done:
	case <-ctx.Done():
		if errors.Is(caller.Err(), context.Canceled) { // who asked has gone
			return zero, fmt.Errorf("userpool: waiting for the hook %s: %w", name, caller.Err())
		}
		out.err = fmt.Errorf("did not return: %w", ctx.Err())
	}
	if out.err == nil {
		return out.result, nil
	}
	if refusal, ok := errors.AsType[*Refusal](out.err); ok && refusal != nil {
		return zero, fail(UserHookFailed, refusal.Message)
	}
	p.log.ErrorContext(ctx, "userpool: a hook failed", "pool", p.id, "hook", name, "error", out.err)
	return zero, hookFailed(fmt.Errorf("hook %s: %w", name, out.err))
}

func hookFailed(cause error) *Error {
	return &Error{Code: UserHookFailed, Message: "This is not possible right now. Please try again later.", cause: cause}
}

// runUserHook is runHook for the hooks that return just an error.
func (p *Pool) runUserHook(ctx context.Context, name string, hook func(context.Context, UserEvent) error, event UserEvent) error {
	if hook == nil {
		return nil
	}
	_, err := runHook(ctx, p, name, func(ctx context.Context, e UserEvent) (struct{}, error) { return struct{}{}, hook(ctx, e) }, event)
	return err
}

func userEvent(u User, clientID string) UserEvent {
	return UserEvent{Sub: u.Sub, Username: u.Username, Attributes: maps.Clone(u.Attributes), Provider: u.provider(), ClientID: clientID}
}

// fixedClaims cannot be changed by PreTokenGeneration (Cognito's list).
var fixedClaims = []string{
	"acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id", "cognito:groups", "cognito:preferred_role", "cognito:roles",
	"cognito:username", "device_key", "event_id", "exp", "iat", "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "scope",
	"sub", "token_use", "username", "version",
}

// apply changes claims as a hook wants.
func apply(claims map[string]any, add map[string]any, suppress []string) error {
	for _, name := range slices.Concat(slices.Collect(maps.Keys(add)), suppress) {
		if slices.Contains(fixedClaims, name) {
			return hookFailed(fmt.Errorf("hook PreTokenGeneration: the claim %q cannot be changed", name))
		}
	}
	for _, name := range suppress {
		delete(claims, name)
	}
	maps.Copy(claims, add)
	return nil
}
