package userpool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Hooks are functions of the application that the pool calls at certain steps, named after Cognito's triggers; nil ones are skipped. Each
// has five seconds. A hook that returns an error refuses what is being done, with the code UserHookFailed: the person sees the text of a
// [*Refusal], and nothing of any other error. A hook that panics, does not return in time, or returns what cannot be used, refuses too, and
// is logged by name; the pool does not wait for it any longer. Hooks must be safe for concurrent use, and leave alone what they returned.
//
// What a hook is told about a user is a copy. What it returns is trusted as an administrator is: the pool checks its form and its size, not
// whether it is true.
type Hooks struct {
	// PreSignUp is called before a user is made: by SignUp, by AdminCreateUser, or by a first sign-in at another provider. It may refuse.
	// Only for SignUp does its result count: it can confirm the user at once.
	PreSignUp func(ctx context.Context, e PreSignUpEvent) (PreSignUpResult, error)
	// PostConfirmation is called once a user is confirmed, or has come from another provider for the first time, and after a new password
	// was set by ConfirmForgotPassword. What it follows is done by then: an error is logged and changes nothing. It is not called again if
	// the process ends meanwhile.
	PostConfirmation func(ctx context.Context, e UserEvent) error
	// PreAuthentication is called when a sign-in begins, before a proof is looked at, also when there is no such user (UserNotFound is true
	// then). It may refuse.
	PreAuthentication func(ctx context.Context, e UserEvent) error
	// PostAuthentication is called when a person has signed in, before anything is issued. It may refuse: then nothing is issued.
	PostAuthentication func(ctx context.Context, e UserEvent) error
	// PreTokenGeneration changes the claims, scopes and groups of the tokens that are about to be signed, at every sign-in and every
	// refresh. What it returns is for these tokens only: a refresh begins anew with what was granted. An error issues nothing; a refresh token
	// stays good.
	PreTokenGeneration func(ctx context.Context, e PreTokenGenerationEvent) (PreTokenGenerationResult, error)

	// DefineAuthChallenge, CreateAuthChallenge and VerifyAuthChallengeResponse are the flow CUSTOM_AUTH. A client that has it among its
	// AuthFlows needs all three. DefineAuthChallenge is called first, and after each answer, with the answers so far: it asks for a challenge,
	// lets the person in, or ends the sign-in. CreateAuthChallenge makes the challenge, and VerifyAuthChallengeResponse judges the answer. An
	// error of any of them ends the sign-in.
	//
	// They are called for a name that nobody has as well, with UserNotFound and without Attributes, so that nobody learns who has an
	// account: they should then do the same, but send nothing. Such a sign-in never succeeds, whatever they return. CreateAuthChallenge is
	// called for whoever begins a sign-in: ten times in a row for one account, and then less and less often, until one succeeds.
	//
	// A custom challenge is a first factor. Whom DefineAuthChallenge lets in is asked for the second factor as after a password, and the
	// claim amr has "custom", for which RFC 8176 has no name. How many wrong answers end a sign-in is for DefineAuthChallenge to say; the
	// pool counts them for the account, as it does wrong passwords, and ends a sign-in after 20 challenges.
	DefineAuthChallenge         func(ctx context.Context, e DefineAuthChallengeEvent) (DefineAuthChallengeResult, error)
	CreateAuthChallenge         func(ctx context.Context, e CreateAuthChallengeEvent) (CreateAuthChallengeResult, error)
	VerifyAuthChallengeResponse func(ctx context.Context, e VerifyAuthChallengeResponseEvent) (VerifyAuthChallengeResponseResult, error)

	// UserMigration is asked for a user whom the pool does not know, or knows only by a sign-up that was never confirmed: at a sign-in that
	// sends the password, and by ForgotPassword. It returns the attributes of the user, once it has compared the password where there is
	// one, or the zero result if there is no such user or the password is wrong; the answer is then the one for an unknown user.
	// Settings.AllowAdminCreateUserOnly does not keep these users out: the hook is the administrator.
	//
	// As it is called for unknown users only, the time it takes tells who is not here, and so does an error that it returns. In a pool with
	// this hook nobody's account is secret to who measures; remove it when everybody has moved.
	UserMigration func(ctx context.Context, e UserMigrationEvent) (UserMigrationResult, error)

	// CustomMessage changes the text of a message before it is sent. It must not tell whether the person has an account: it is called for
	// the message that says so as well. A text that cannot be sent, as the place of the code or link is missing, it has other braces, or
	// HTML with scripts, is logged, and so is an error; the pool's own text is sent in its place. Escape what comes from people.
	CustomMessage func(ctx context.Context, e CustomMessageEvent) (CustomMessageResult, error)
	// CustomEmailSender and CustomSMSSender deliver messages in the place of Config.Sender and Config.SMSSender. An error is a failed
	// delivery.
	CustomEmailSender func(ctx context.Context, m Message) error
	CustomSMSSender   func(ctx context.Context, m Message) error

	// InboundFederation changes what another provider says about a person, before it is mapped to attributes of the pool, at every sign-in
	// there. An error refuses the sign-in.
	InboundFederation func(ctx context.Context, e InboundFederationEvent) (InboundFederationResult, error)
}

// check wants the hooks that the clients cannot do without.
func (h Hooks) check(clients []Client) error {
	var missing []string
	for name, there := range map[string]bool{
		"DefineAuthChallenge": h.DefineAuthChallenge != nil, "CreateAuthChallenge": h.CreateAuthChallenge != nil,
		"VerifyAuthChallengeResponse": h.VerifyAuthChallengeResponse != nil,
	} {
		if !there {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	for _, c := range clients {
		if c.allows(CustomAuth) && missing != nil {
			return fmt.Errorf("userpool: client %q has the flow %s, which needs the hooks that Config.Hooks lacks: %s", c.ID, CustomAuth, strings.Join(missing, ", "))
		}
	}
	return nil
}

// Refusal is an error that a hook returns to say something to the person.
type Refusal struct {
	// Message is shown as it is. Of one that is longer than 1,000 characters, the beginning is shown.
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
		result  R
		refusal *Error
		err     error
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{err: &hookError{text: shorten(fmt.Sprintf("panic: %v", r))}}
			}
		}()
		result, err := hook(ctx, event)
		refusal, err := judge(err)
		done <- outcome{result, refusal, err}
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
	switch {
	case out.refusal != nil:
		return zero, out.refusal
	case out.err != nil:
		return zero, p.hookFailed(ctx, name, out.err)
	}
	return out.result, nil
}

// judge makes of the error of a hook what the pool returns, or what it logs. It runs where a panic of the error's own methods is contained.
func judge(err error) (refusal *Error, failure error) {
	if err == nil {
		return nil, nil
	}
	if r, ok := errors.AsType[*Refusal](err); ok && r != nil && r.Message != "" {
		return fail(UserHookFailed, shorten(r.Message)), nil
	}
	return nil, &hookError{text: shorten(fmt.Sprint(err)), cause: err}
}

// hookError is the error of a hook, with as much of its text as a log should hold.
type hookError struct {
	text  string
	cause error
}

func (e *hookError) Error() string { return e.text }
func (e *hookError) Unwrap() error { return e.cause }

// shorten returns the first 1,000 characters of a text.
func shorten(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*1000)], "")
	if utf8.RuneCountInString(s) > 1000 {
		s = string([]rune(s)[:1000])
	}
	return s
}

// hookFailed logs that a hook failed, or returned what cannot be used, and is the answer to the person.
func (p *Pool) hookFailed(ctx context.Context, name string, cause error) *Error {
	p.log.ErrorContext(ctx, "userpool: a hook failed", "pool", p.id, "hook", name, "error", cause)
	return &Error{
		Code: UserHookFailed, Message: "This is not possible right now. Please try again later.",
		cause: fmt.Errorf("hook %s: %w", name, cause),
	}
}

// runUserHook is runHook for the hooks that return just an error.
func (p *Pool) runUserHook(ctx context.Context, name string, hook func(context.Context, UserEvent) error, event UserEvent) error {
	return runErrorHook(ctx, p, name, hook, event)
}

func runErrorHook[E any](ctx context.Context, p *Pool, name string, hook func(context.Context, E) error, event E) error {
	if hook == nil {
		return nil
	}
	_, err := runHook(ctx, p, name, func(ctx context.Context, e E) (struct{}, error) { return struct{}{}, hook(ctx, e) }, event)
	return err
}
