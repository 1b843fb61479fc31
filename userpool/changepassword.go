package userpool

import (
	"context"
	"crypto/hmac"
)

// ChangePasswordInput is a new password of a user who is signed in.
type ChangePasswordInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
	// PreviousPassword is the present password; empty for a user who has none.
	PreviousPassword string
	ProposedPassword string
	UserContext      UserContextData
}

// ChangePassword sets a new password. The session of the proof stays, as in EndOtherSessions; all other sessions of the user end, and so do
// sign-ins that are on their way. The user gets a message that the password was changed. A temporary password, or one that an administrator
// had reset, is then changed as well: the user is CONFIRMED.
//
// A wrong present password counts like one at sign-in, together with those: a stolen token is no way to guess without a limit. A user who
// has no password sets the first one within 10 minutes of a sign-in.
//
// Errors: NotAuthorized for a proof that is not valid, a wrong present password (Field "previousPassword"), a temporary one that has
// expired, and a user who signs in at another provider; UserNotConfirmed; InsufficientScope; InvalidParameter, InvalidPassword and
// PasswordHistoryPolicyViolation for a new password that the policy refuses; LoginRequired; LimitExceeded.
func (p *Pool) ChangePassword(ctx context.Context, in ChangePasswordInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	u, err := p.changePassword(ctx, c, in)
	p.audit(ctx, c.event(EventPasswordChange, "ChangePassword"), in.UserContext, err)
	if err != nil {
		return err
	}
	p.notify(ctx, outgoing{kind: MessagePasswordChanged, user: u, context: in.UserContext})
	return nil
}

func (p *Pool) changePassword(ctx context.Context, c caller, in ChangePasswordInput) (User, error) {
	switch c.user.Status {
	case StatusExternalProvider:
		return User{}, fail(NotAuthorized, "You sign in at another provider: change your password there.")
	case StatusUnconfirmed:
		return User{}, fail(UserNotConfirmed, "Your account is not confirmed yet.")
	}
	// The policy is asked first: what it refuses is no guess.
	password, err := p.settings.PasswordPolicy.check(in.ProposedPassword, p.passwordContext(c.user.Username, c.user.Attributes)...)
	if err != nil {
		return User{}, err
	}
	if err := p.provePrevious(ctx, c, in); err != nil {
		return User{}, err
	}
	if err := p.checkHistory(ctx, c.user, password); err != nil {
		return User{}, err
	}
	if err := p.checkBreach(ctx, password); err != nil {
		return User{}, err
	}
	fresh := c.user.Clone()
	if err := p.setPassword(ctx, &fresh, password); err != nil {
		return User{}, err
	}
	return p.endOtherSessions(ctx, c, func(u *User) error {
		if !hmac.Equal([]byte(u.PasswordHash), []byte(c.user.PasswordHash)) {
			return wrongPrevious() // another one was set at this very moment: what was proved is the one before
		}
		u.copyPassword(fresh)
		u.Status = StatusConfirmed
		return nil
	})
}

// provePrevious wants the present password, or, of a user who has none, a recent sign-in.
func (p *Pool) provePrevious(ctx context.Context, c caller, in ChangePasswordInput) error {
	if c.user.PasswordHash == "" && in.PreviousPassword == "" {
		return c.signedInSince(p.now())
	}
	if in.PreviousPassword == "" {
		return failField(InvalidParameter, "previousPassword", "Enter your present password.")
	}
	previous, err := normalPassword(in.PreviousPassword)
	if err != nil {
		return inField(err, "previousPassword")
	}
	if err := p.countAttempt(ctx, limitSignIn, c.user.Sub, in.UserContext); err != nil {
		return err
	}
	right, _, err := p.hasher.verify(ctx, c.user.PasswordHash, previous)
	switch {
	case err != nil:
		return err
	case !right:
		return wrongPrevious()
	case !c.user.PasswordExpires.IsZero() && !p.now().Before(c.user.PasswordExpires):
		return fail(NotAuthorized, "The temporary password has expired. Choose \"Forgotten password\", or ask an administrator for a new one.")
	}
	p.giveBack(ctx, networkGuesses, in.UserContext, 1)
	return nil
}

func wrongPrevious() error {
	return failField(NotAuthorized, "previousPassword", "The present password is not right.")
}
