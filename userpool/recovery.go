package userpool

import (
	"context"
	"slices"
)

// ForgotPasswordInput says who has forgotten a password.
type ForgotPasswordInput struct {
	// ClientID, ClientSecret and SecretHash are as in SignUpInput.
	ClientID     string
	ClientSecret string
	SecretHash   string
	// Username is what the person signs in with.
	Username       string
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// ForgotPassword sends a code to the stored, verified address of a user, as Settings.AccountRecovery says; earlier codes are void. It works
// for users who are CONFIRMED or RESET_REQUIRED, and, unlike in Cognito, FORCE_CHANGE_PASSWORD: who reads the messages of an address that the
// administrator gave as verified needs no invitation that is still valid. The answer is the same for any other name, which gets nothing. The
// message is on its way when this returns: a failure to send it is logged. Errors: InvalidParameter, InvalidClient, LimitExceeded after
// several messages to one address; UnauthorizedClient if the client has no CognitoProvider among its IdentityProviders; UserNotFound where
// the client reveals it; UnsupportedOperation if just administrators set new passwords.
func (p *Pool) ForgotPassword(ctx context.Context, in ForgotPasswordInput) (CodeDeliveryDetails, error) {
	if err := p.proveOptionalClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username); err != nil {
		return CodeDeliveryDetails{}, err
	}
	client, _ := p.client(in.ClientID) // the zero one, at the hosted pages, allows it
	if err := client.mayUsePool(); err != nil {
		return CodeDeliveryDetails{}, err
	}
	if slices.Contains(p.settings.AccountRecovery, RecoverByAdmin) {
		return CodeDeliveryDetails{}, fail(UnsupportedOperation, "Please ask an administrator for a new password.")
	}
	return p.sendCode(ctx, codeRequest{
		username: in.Username, clientID: in.ClientID, kind: MessageForgotPassword, purpose: purposePassword, address: p.recoveryAddress,
		event: EventForgotPassword, operation: "ForgotPassword", context: in.UserContext, metadata: in.ClientMetadata,
	})
}

// recoveryAddress returns where the code for a new password goes, or "" for a user who cannot have one. The address that gets the codes of
// the second factor does not get this one too, or there would be one factor only.
func (p *Pool) recoveryAddress(u User) (name, value string) {
	if !u.Enabled || u.Status == StatusUnconfirmed || u.Status == StatusExternalProvider {
		return "", ""
	}
	for _, mechanism := range p.settings.AccountRecovery {
		name := map[RecoveryMechanism]string{RecoverByEmail: "email", RecoverByPhone: "phone_number"}[mechanism]
		if name != "" && u.Attributes[name] != "" && u.Attributes[verifiedAttribute(name)] == "true" && !u.secondFactorAt(name) {
			return name, u.Attributes[name]
		}
	}
	return "", ""
}

// secondFactorAt tells whether the user's second factor is, or can be chosen to be, a code to this address: if it is preferred, or if none
// is.
func (u User) secondFactorAt(name string) bool {
	factor := factorOf(name)
	return u.PreferredMFA == factor || u.PreferredMFA == "" && slices.Contains(u.MFA, factor)
}

// factorOf is the second factor that sends codes to an address.
func factorOf(name string) ChallengeName {
	if name == "phone_number" {
		return ChallengeSMSMFA
	}
	return ChallengeEmailOTP
}

// ConfirmForgotPasswordInput is the proof that a person reads what is sent to the address, with the new password.
type ConfirmForgotPasswordInput struct {
	// ClientID, ClientSecret and SecretHash are as in SignUpInput.
	ClientID     string
	ClientSecret string
	SecretHash   string
	// Username is what the person signs in with.
	Username         string
	ConfirmationCode string
	Password         string
	ClientMetadata   map[string]string
	UserContext      UserContextData
}

// ConfirmForgotPassword takes the code and sets a new password; the user is CONFIRMED. All sessions and sign-ins on their way end, and so does
// a lockout. The user gets a message that the password was changed, and the hook PostConfirmation is called. Who had to set a new password,
// or had a temporary one, cannot keep it. Exactly one of several calls with the right code succeeds. Errors: InvalidParameter; InvalidPassword,
// before the code is looked at, or after it for a password that is made of what the pool knows of the user; CodeMismatch, also for an unknown
// name, and for a code that was used; ExpiredCode, PasswordHistoryPolicyViolation, LimitExceeded, InvalidClient. A refused password leaves the
// code as it is.
func (p *Pool) ConfirmForgotPassword(ctx context.Context, in ConfirmForgotPasswordInput) error {
	if err := p.proveOptionalClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username); err != nil {
		return err
	}
	code, err := wantCode(in.ConfirmationCode)
	if err != nil {
		return err
	}
	a, err := p.account(ctx, in.Username)
	if err != nil {
		return err
	}
	u, err := p.confirmForgotPassword(ctx, a, code, in)
	p.audit(ctx, AuditEvent{
		Type: EventPasswordChange, Operation: "ConfirmForgotPassword", Sub: a.user.Sub, ClientID: in.ClientID,
	}, in.UserContext, err)
	if err != nil {
		return err
	}
	p.logFailure(ctx, "sessions that are over could not be deleted", p.store.DeleteSessionsOf(ctx, p.id, u.Sub))
	p.giveBack(ctx, networkGuesses, in.UserContext, 1)
	p.endLockout(ctx, a.subject(), in.UserContext)
	p.notify(ctx, outgoing{kind: MessagePasswordChanged, user: u, context: in.UserContext, metadata: in.ClientMetadata})
	p.postConfirmation(ctx, TriggerConfirmForgotPassword, u, in.ClientID, in.ClientMetadata)
	return nil
}

// confirmForgotPassword returns the user with the new password.
func (p *Pool) confirmForgotPassword(ctx context.Context, a account, code string, in ConfirmForgotPasswordInput) (User, error) {
	password, err := p.settings.PasswordPolicy.check(in.Password, p.passwordContext(in.Username, nil)...)
	if err == nil {
		err = p.checkBreach(ctx, password)
	}
	if err != nil {
		return User{}, err
	}
	if err := p.countAttempt(ctx, limitCode, a.subject(), in.UserContext); err != nil {
		return User{}, err
	}
	fresh := a.user.Clone()
	if err := p.setPassword(ctx, &fresh, password); err != nil {
		return User{}, err
	}
	if _, to := p.recoveryAddress(a.user); !a.found || to == "" || !a.user.hasCode(purposePassword) {
		return User{}, p.decoyCode(ctx, a.subject())
	}
	var changed User
	target := func(u User) string { _, to := p.recoveryAddress(u); return to }
	err = p.useCode(ctx, a.user, purposePassword, code, target, func(u *User) error {
		// What tells of the user is looked at once the code is right: otherwise it would tell passwords, and names, to whoever asks.
		if _, err := p.settings.PasswordPolicy.check(password, p.passwordContext(u.Username, u.Attributes)...); err != nil {
			return err
		}
		if err := p.checkHistory(ctx, *u, password); err != nil {
			return err
		}
		u.copyPassword(fresh)
		u.Status = StatusConfirmed
		u.Epoch++ // which ends the sessions; what follows tidies up
		changed = u.Clone()
		return nil
	})
	return changed, err
}

// logFailure logs what went wrong after the operation was done: an error would have the person do it again, with a code that was used.
func (p *Pool) logFailure(ctx context.Context, what string, err error) {
	if err != nil {
		p.log.WarnContext(ctx, "userpool: "+what, "pool", p.id, "error", err)
	}
}
