package userpool

import (
	"context"
	"errors"
	"slices"
	"time"
)

// AdminSetUserPasswordInput is a password that an administrator sets.
type AdminSetUserPasswordInput struct {
	// Username is what the user signs in with, the sub, or Username.
	Username string
	Password string
	// Permanent makes the user CONFIRMED. Otherwise the password is temporary: the user is in FORCE_CHANGE_PASSWORD, and must change it at
	// the next sign-in, within PasswordPolicy.TemporaryPasswordValidity.
	Permanent bool
}

// AdminSetUserPassword sets the password of a user in any state. All sessions and sign-ins on their way end, and so does a lockout; codes
// that were sent for a sign-up or a new password are void. Nobody is told: pass the password on yourself.
//
// A user who came from another provider has a password here from then on, and is no longer EXTERNAL_PROVIDER. They sign in with it under
// their Username or sub; an address that the other provider vouched for names nobody here.
//
// Errors: UserNotFound; InvalidPassword, InvalidParameter and PasswordHistoryPolicyViolation for a password that the policy refuses.
func (p *Pool) AdminSetUserPassword(ctx context.Context, in AdminSetUserPasswordInput) error {
	u, err := p.resolve(ctx, in.Username)
	if err == nil {
		err = p.adminSetPassword(ctx, u, in)
	}
	p.auditUser(ctx, "AdminSetUserPassword", EventPasswordChange, u.Sub, err)
	return err
}

func (p *Pool) adminSetPassword(ctx context.Context, u User, in AdminSetUserPasswordInput) error {
	fresh := u.Clone()
	fresh.Status = StatusConfirmed // so that a temporary password can be made permanent as it is
	password, err := p.checkNewPassword(ctx, fresh, in.Password)
	if err != nil {
		return err
	}
	if in.Permanent {
		err = p.setPassword(ctx, &fresh, password)
	} else {
		err = p.setTemporaryPassword(ctx, &fresh, password)
	}
	if err != nil {
		return err
	}
	_, err = p.replacePassword(ctx, u.Sub, func(u *User) error {
		u.copyPassword(fresh)
		u.dropCode(purposeConfirm)
		u.Status = fresh.Status
		return nil
	})
	if err != nil {
		return err
	}
	p.endLockout(ctx, u.Sub, UserContextData{})
	return nil
}

// endLockout lets a user in who has a new password, whatever others have tried.
func (p *Pool) endLockout(ctx context.Context, subject string, from UserContextData) {
	p.logFailure(ctx, "a lockout could not be ended", errors.Join(p.forgetLockout(ctx, subject, from), p.forget(ctx, limitCode, subject)))
}

// AdminResetUserPasswordInput names a user who must choose a new password.
type AdminResetUserPasswordInput struct {
	// Username is what the user signs in with, the sub, or Username.
	Username       string
	ClientMetadata map[string]string
}

// adminCodeValidity is as in Cognito: nobody waits for a code that they did not ask for. Five wrong answers end it as they do any other.
const adminCodeValidity = time.Hour

// AdminResetUserPassword makes a user RESET_REQUIRED, ends all sessions, and sends a code for ConfirmForgotPassword to the address that
// ForgotPassword would use; it is valid for an hour, and ForgotPassword sends another. The present password opens nothing any more, and
// cannot be chosen again; other first factors still sign in.
//
// Errors: UserNotFound; NotAuthorized for a user who is disabled, or neither CONFIRMED nor RESET_REQUIRED; InvalidParameter for a user
// without a verified address, and UnsupportedOperation if just administrators set new passwords (Settings.AccountRecovery): both would shut
// the user out, so use AdminSetUserPassword; CodeDeliveryFailure if all was done, but the message was not sent.
func (p *Pool) AdminResetUserPassword(ctx context.Context, in AdminResetUserPasswordInput) error {
	u, err := p.resolve(ctx, in.Username)
	if err == nil {
		err = p.adminResetPassword(ctx, u, in)
	}
	p.auditUser(ctx, "AdminResetUserPassword", EventForgotPassword, u.Sub, err)
	return err
}

func (p *Pool) adminResetPassword(ctx context.Context, u User, in AdminResetUserPasswordInput) error {
	if slices.Contains(p.settings.AccountRecovery, RecoverByAdmin) {
		return fail(UnsupportedOperation, "Just administrators set new passwords here: use AdminSetUserPassword.")
	}
	var code, name, to string
	u, err := p.replacePassword(ctx, u.Sub, func(u *User) error {
		if !u.Enabled || u.Status != StatusConfirmed && u.Status != StatusResetRequired {
			return fail(NotAuthorized, "The password cannot be reset: the user is disabled, or the status is not CONFIRMED.")
		}
		u.Status = StatusResetRequired
		if name, to = p.recoveryAddress(*u); to == "" {
			return fail(InvalidParameter, "The user has no verified address that a code could be sent to: use AdminSetUserPassword.")
		}
		var err error
		code, err = p.newCode(ctx, u, purposePassword, to, adminCodeValidity)
		return err
	})
	if err != nil {
		return err
	}
	return p.send(ctx, outgoing{
		kind: MessageForgotPassword, user: u, attribute: name, to: to, code: code, validity: adminCodeValidity, metadata: in.ClientMetadata,
	})
}
