package userpool

import (
	"context"
	"maps"
	"slices"
	"time"
)

// MessageAction says what AdminCreateUser sends, with Cognito's names.
type MessageAction string

const (
	// MessageActionSuppress sends nothing.
	MessageActionSuppress MessageAction = "SUPPRESS"
	// MessageActionResend invites a user who is there already once more, with a new temporary password.
	MessageActionResend MessageAction = "RESEND"
)

// AdminCreateUserInput describes a user whom an administrator makes.
type AdminCreateUserInput struct {
	// Username is what the user will sign in with; see Settings.UsernameAttributes.
	Username string
	// UserAttributes are any that administrators may set, also email_verified and phone_number_verified. An address that is the Username
	// need not be given again. Required attributes may be missing: the user gives them together with the new password.
	UserAttributes map[string]string
	// TemporaryPassword must satisfy the policy. If it is empty, one is made up; where people can sign in without a password (if
	// Settings.FirstFactors has one-time codes), the user has none, and is CONFIRMED.
	TemporaryPassword string
	// MessageAction is empty to invite a new user by a message with the temporary password.
	MessageAction MessageAction
	// DesiredDeliveryMediums are how the invitation is sent, to addresses of the user, which need not be verified. By default it goes to the
	// address that the user signs in with, or else to the e-mail address, or else to the phone.
	DesiredDeliveryMediums []DeliveryMedium
	// ForceAliasCreation takes a verified address away from another user whose alias it is, instead of failing with AliasExists.
	ForceAliasCreation bool
	// ValidationData and ClientMetadata are handed to hooks.
	ValidationData map[string]string
	ClientMetadata map[string]string
}

// AdminCreateUser makes a user in the state FORCE_CHANGE_PASSWORD, and invites them by a message whose code is the temporary password. It
// takes the place of a sign-up with the same address that was never confirmed. Exactly one of several calls with the same name succeeds.
//
// With MessageActionResend it gives a user who is in FORCE_CHANGE_PASSWORD a new temporary password, valid from now on, and sends the
// invitation again; of the other fields, TemporaryPassword, DesiredDeliveryMediums and ClientMetadata count. So an invitation that expired
// is no dead end. A user with a verified address does not even need it: ForgotPassword works in this state.
//
// The hook PreSignUp is called for a new user, and may refuse; its result does not count.
//
// Errors: InvalidParameter and InvalidPassword, with Field; UsernameExists; AliasExists if an address that is given as verified is another
// user's alias, or a preferred_username is taken; UserHookFailed; with MessageActionResend UserNotFound, and UnsupportedUserState for a user
// who is in another state or is disabled; CodeDeliveryFailure if all was done, but the message was not sent: the user is returned too.
func (p *Pool) AdminCreateUser(ctx context.Context, in AdminCreateUserInput) (User, error) {
	var u User
	var err error
	switch in.MessageAction {
	case MessageActionResend:
		u, err = p.inviteAgain(ctx, in)
	case "", MessageActionSuppress:
		u, err = p.adminCreate(ctx, in)
	default:
		return User{}, failField(InvalidParameter, "messageAction", "The message action %q is not one of RESEND, SUPPRESS.", printable(string(in.MessageAction)))
	}
	p.audit(ctx, AuditEvent{
		Type: EventUserChange, Operation: "AdminCreateUser", Sub: u.Sub, Details: map[string]string{"action": string(in.MessageAction)},
	}, UserContextData{}, err)
	return u.public(), err
}

func (p *Pool) adminCreate(ctx context.Context, in AdminCreateUserInput) (User, error) {
	u, id, err := p.newAdminUser(in)
	if err != nil {
		return User{}, err
	}
	passwordless := in.TemporaryPassword == "" && p.settings.passwordless()
	var to []string
	switch {
	case in.MessageAction == MessageActionSuppress:
	case !passwordless:
		name, _ := codeAddress(id, u.Attributes)
		if to, err = p.invitationAddresses(u, name, in); err != nil {
			return User{}, err
		}
	case len(in.DesiredDeliveryMediums) > 0:
		return User{}, failField(InvalidParameter, "desiredDeliveryMediums", "There is nothing to send: the user has no temporary password.")
	}
	password := ""
	if !passwordless {
		if password, err = p.wantTemporaryPassword(ctx, in.TemporaryPassword, u); err != nil {
			return User{}, err
		}
	}
	_, err = runHook(ctx, p, "PreSignUp", p.hooks.PreSignUp, PreSignUpEvent{UserEvent{
		Trigger: TriggerSignUpAdmin, Attributes: maps.Clone(u.Attributes),
		ValidationData: maps.Clone(in.ValidationData), ClientMetadata: maps.Clone(in.ClientMetadata),
	}})
	if err != nil {
		return User{}, err
	}
	u.Status = StatusConfirmed
	if password != "" {
		if err := p.setTemporaryPassword(ctx, &u, password); err != nil {
			return User{}, err
		}
	}
	if err := p.storeAdminUser(ctx, u, id, in.ForceAliasCreation); err != nil {
		return User{}, err
	}
	u.Version = 1
	return u, p.invite(ctx, u, to, password, in.ClientMetadata)
}

// newAdminUser makes a user who is not stored yet, without a password.
func (p *Pool) newAdminUser(in AdminCreateUserInput) (User, Identifier, error) {
	s, err := p.newName(in.Username)
	if err != nil {
		return User{}, Identifier{}, err
	}
	if s.attributes, err = p.settings.checkAttributes(in.UserAttributes, writtenByAdmin, nil); err != nil {
		return User{}, Identifier{}, err
	}
	if err := s.ownAddress(); err != nil {
		return User{}, Identifier{}, err
	}
	u, err := p.newUser(s)
	return u, s.id, err
}

// storeAdminUser stores a new user, if nobody has the name or one of the aliases.
func (p *Pool) storeAdminUser(ctx context.Context, u User, id Identifier, force bool) error {
	for range 10 {
		holder, taken, err := p.takeName(ctx, u, id)
		if err != nil || !taken {
			return err
		}
		alias := ""
		for _, name := range addressAttributes {
			address := addressIdentifier(name, u.Attributes[name])
			if address != id && slices.Contains(holder.Identifiers, address) {
				alias = name
			}
		}
		switch {
		case slices.Contains(holder.Identifiers, id):
			return failField(UsernameExists, "username", "A user with this %s exists already.", p.settings.usernameLabel())
		case alias != "" && force && !slices.Contains(p.settings.UsernameAttributes, alias):
			if err := p.releaseAlias(ctx, alias, u.Attributes[alias]); err != nil {
				return err
			}
		case alias != "" || u.Attributes["preferred_username"] != "":
			return aliasExists()
		default:
			return failField(UsernameExists, "username", "This user name looks like one that is taken. Please choose another.")
		}
	}
	return limitExceeded(time.Second)
}

// invitationAddresses returns the names of the address attributes that the invitation goes to; name is the one to choose, or "".
func (p *Pool) invitationAddresses(u User, name string, in AdminCreateUserInput) ([]string, error) {
	if len(in.DesiredDeliveryMediums) == 0 {
		if name == "" && in.TemporaryPassword == "" {
			return nil, failField(InvalidParameter, "email",
				"The user has no address that a temporary password could be sent to: give an address or TemporaryPassword, or suppress the message.")
		}
		if name == "" {
			return nil, nil
		}
		in.DesiredDeliveryMediums = []DeliveryMedium{delivery(name, u.Attributes[name]).DeliveryMedium}
	}
	if err := checkChoice("DesiredDeliveryMediums", in.DesiredDeliveryMediums, MediumEmail, MediumSMS); err != nil {
		return nil, failField(InvalidParameter, "desiredDeliveryMediums", "The message can be sent by EMAIL, by SMS, or by both.")
	}
	var names []string
	for _, medium := range in.DesiredDeliveryMediums {
		name := medium.attribute()
		switch {
		case u.Attributes[name] == "":
			return nil, failField(InvalidParameter, name, "The message cannot be sent by %s: the user has no such address.", medium)
		case !p.hasMedium(name):
			return nil, failField(InvalidParameter, name, "The message cannot be sent by %s: the pool has no sender for it.", medium)
		}
		names = append(names, name)
	}
	return names, nil
}

// invite sends the temporary password. Administrators are not limited: they are trusted not to pester people.
func (p *Pool) invite(ctx context.Context, u User, to []string, password string, metadata map[string]string) error {
	var failures []error
	for _, name := range to {
		failures = append(failures, p.send(ctx, outgoing{
			kind: MessageAdminCreateUser, user: u, attribute: name, to: u.Attributes[name], code: password,
			validity: p.settings.PasswordPolicy.TemporaryPasswordValidity, metadata: metadata,
		}))
	}
	return firstError(failures)
}

// inviteAgain gives a user a new temporary password in the place of the last, and ends what was begun with that one.
func (p *Pool) inviteAgain(ctx context.Context, in AdminCreateUserInput) (User, error) {
	u, err := p.resolve(ctx, in.Username)
	if err != nil {
		return User{}, err
	}
	waiting := func(u User) error {
		if u.Status != StatusForceChangePassword || !u.Enabled {
			return fail(UnsupportedUserState, "The invitation cannot be sent again: the user is disabled, or the status is not FORCE_CHANGE_PASSWORD.")
		}
		return nil
	}
	if err := waiting(u); err != nil {
		return u, err
	}
	name, _ := u.signUpAddress()
	to, err := p.invitationAddresses(u, name, in)
	if err != nil {
		return u, err
	}
	password, err := p.wantTemporaryPassword(ctx, in.TemporaryPassword, u)
	if err != nil {
		return u, err
	}
	fresh := u.Clone()
	if err := p.setTemporaryPassword(ctx, &fresh, password); err != nil {
		return u, err
	}
	changed, err := p.replacePassword(ctx, u.Sub, func(u *User) error {
		u.copyPassword(fresh)
		return waiting(*u)
	})
	if err != nil {
		return u, err
	}
	p.endLockout(ctx, u.Sub, UserContextData{})
	return changed, p.invite(ctx, changed, to, password, in.ClientMetadata)
}
