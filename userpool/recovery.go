package userpool

import (
	"context"
	"errors"
)

// ForgotPasswordInput says who has forgotten a password.
type ForgotPasswordInput struct {
	// Username is the e-mail address.
	Username string
}

// ForgotPassword sends a code to the stored, verified e-mail address of a user with a password; earlier codes are void. The answer is the
// same for any other address, which gets nothing. The message is on its way when this returns: a failure to send it is logged. Errors:
// InvalidParameter, LimitExceeded after several messages to one address.
func (p *Pool) ForgotPassword(ctx context.Context, in ForgotPasswordInput) (CodeDeliveryDetails, error) {
	return p.sendCode(ctx, in.Username, MessageForgotPassword, purposePassword, mayRecover)
}

func mayRecover(u User) bool {
	return u.Enabled && u.Status == StatusConfirmed && u.Attributes["email_verified"] == "true"
}

// ConfirmForgotPasswordInput is the proof that a person reads the mail of the address, with the new password.
type ConfirmForgotPasswordInput struct {
	// Username is the e-mail address.
	Username         string
	ConfirmationCode string
	Password         string
}

// ConfirmForgotPassword takes the code and sets a new password. All sessions of the user end, and so does a lockout. Exactly one of
// several calls with the right code succeeds. Errors: InvalidParameter, InvalidPassword (before the code is looked at), CodeMismatch
// (also for an unknown address, and for a code that was used), ExpiredCode, LimitExceeded.
func (p *Pool) ConfirmForgotPassword(ctx context.Context, in ConfirmForgotPasswordInput) error {
	email, err := canonicalEmail(in.Username)
	if err != nil {
		return err
	}
	code, err := wantCode(in.ConfirmationCode)
	if err != nil {
		return err
	}
	password, err := p.settings.PasswordPolicy.check(in.Password, email, in.Username)
	if err != nil {
		return err
	}
	if err := p.count(ctx, limitCode, email); err != nil {
		return err
	}
	hash, err := p.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	u, err := p.store.UserByIdentifier(ctx, p.id, Identifier{IdentifierEmail, email})
	if errors.Is(err, ErrNotFound) || err == nil && !(mayRecover(u) && u.hasCode(purposePassword)) {
		return p.decoyCode(ctx, email)
	}
	if err != nil {
		return unavailable("reading a user", err)
	}
	err = p.useCode(ctx, u, purposePassword, code, mayRecover, func(u *User) {
		u.PasswordHash = hash
		u.Epoch++ // which ends the sessions; what follows tidies up
	})
	if err != nil {
		return err
	}
	p.logFailure(ctx, "sessions that are over could not be deleted", p.store.DeleteSessionsOf(ctx, p.id, u.Sub))
	p.logFailure(ctx, "a lockout could not be ended", errors.Join(p.forget(ctx, limitSignIn, email), p.forget(ctx, limitCode, email)))
	return nil
}

// logFailure logs what went wrong after the operation was done: an error would have the person do it again, with a code that was used.
func (p *Pool) logFailure(ctx context.Context, what string, err error) {
	if err != nil {
		p.log.WarnContext(ctx, "userpool: "+what, "pool", p.id, "error", err)
	}
}
