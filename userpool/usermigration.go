package userpool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// migration is a wish to sign in, or for a new password, of somebody who is not here.
type migration struct {
	id                   Identifier
	trigger              Trigger
	password             string
	clientID             string
	validation, metadata map[string]string
	context              UserContextData
}

// migrateUser asks the application for a user who is not here yet, and whose password was just typed. The User has proved this password.
// Without one, the User is zero.
func (p *Pool) migrateUser(ctx context.Context, s *signIn, password string) (User, error) {
	return p.migrate(ctx, "InitiateAuth", migration{
		id: s.Name, trigger: TriggerUserMigrationAuthentication, password: password, clientID: s.ClientID, validation: s.ValidationData,
		metadata: s.metadata, context: s.Context,
	})
}

// migrateForgotten asks for a user who is not here, and has forgotten the password. It returns the account as it is then.
func (p *Pool) migrateForgotten(ctx context.Context, a account, r codeRequest) (account, error) {
	if p.hooks.UserMigration == nil {
		return a, nil
	}
	switch r.kind {
	case MessageForgotPassword:
		if a.found && a.user.Status != StatusUnconfirmed {
			return a, nil
		}
		u, err := p.migrate(ctx, "ForgotPassword", migration{
			id: a.id, trigger: TriggerUserMigrationForgotPassword, clientID: r.clientID, metadata: r.metadata, context: r.context,
		})
		if err != nil && !errors.Is(err, AliasExists) { // which is logged: whoever asks has proved nothing, and must not learn it
			return a, err
		}
		if u.Sub != "" {
			return account{id: a.id, user: u, found: true}, nil
		}
	}
	if client, _ := p.client(r.clientID); !a.found && client.RevealUserExistence {
		return a, userNotFound()
	}
	return a, nil
}

// migrate asks the hook and makes the user whom it returns. Of several calls at once for one name, one makes the user.
func (p *Pool) migrate(ctx context.Context, operation string, m migration) (User, error) {
	const hook = "UserMigration"
	if p.hooks.UserMigration == nil || m.id.Kind == identifySub {
		return User{}, nil
	}
	result, err := runHook(ctx, p, hook, p.hooks.UserMigration, UserMigrationEvent{
		Trigger: m.trigger, UserName: m.id.Value, Password: m.password, ClientID: m.clientID,
		ValidationData: maps.Clone(m.validation), ClientMetadata: maps.Clone(m.metadata),
	})
	if err != nil || result.UserAttributes == nil {
		return User{}, err
	}
	u, err := p.migratedUser(m, result)
	if err != nil {
		return User{}, p.hookFailed(ctx, hook, errors.New(err.Error())) // flat: its code is not that of the answer
	}
	if m.password != "" {
		if err := p.setPassword(ctx, &u, m.password); err != nil {
			return User{}, err
		}
	}
	return p.storeMigrated(ctx, operation, m, result, u)
}

func (p *Pool) storeMigrated(ctx context.Context, operation string, m migration, result UserMigrationResult, u User) (User, error) {
	audit := func(err error) {
		p.audit(ctx, AuditEvent{Type: EventImport, Operation: operation, Sub: u.Sub, ClientID: m.clientID}, m.context, err)
	}
	for released := false; ; released = true {
		holder, taken, err := p.takeName(ctx, u, m.id)
		switch {
		case err != nil:
			return User{}, err
		case !taken:
			u.Version = 1
			audit(nil)
			p.welcome(ctx, m, result, u)
			return u, nil
		case slices.Contains(holder.Identifiers, m.id):
			return p.migratedMeanwhile(ctx, m, holder)
		case released || !result.ForceAliasCreation:
			p.log.WarnContext(ctx, "userpool: a user cannot be migrated: another has the address or name", "pool", p.id, "holder", holder.Sub)
			audit(aliasExists())
			return User{}, aliasExists()
		}
		for _, name := range addressAttributes {
			if u.Attributes[verifiedAttribute(name)] != "true" {
				continue
			}
			if err := p.releaseAlias(ctx, name, u.Attributes[name]); err != nil {
				return User{}, err
			}
		}
	}
}

// migratedMeanwhile is the user whom another call made, if the password is theirs.
func (p *Pool) migratedMeanwhile(ctx context.Context, m migration, u User) (User, error) {
	if m.password == "" { // just the wish for a new one
		return u, nil
	}
	right, _, err := p.hasher.verify(ctx, u.PasswordHash, m.password)
	if err != nil || !right {
		return User{}, err
	}
	return u, nil
}

// migratedUser makes a user, who is not stored yet, of what the hook returned.
func (p *Pool) migratedUser(m migration, r UserMigrationResult) (User, error) {
	given := maps.Clone(r.UserAttributes)
	s := signUp{id: m.id}
	if p.settings.choosesNames() {
		var err error
		if s, err = p.migratedName(m, given["username"]); err != nil {
			return User{}, err
		}
		delete(given, "username")
	}
	typed := signUp{id: m.id}
	var err error
	if typed.attributes, err = p.settings.checkAttributes(given, writtenByAdmin, nil); err != nil {
		return User{}, err
	}
	for _, name := range addressAttributes { // an old table may have the flag without the address
		if m.id.Kind != name && typed.attributes[name] == "" {
			delete(typed.attributes, verifiedAttribute(name))
		}
	}
	if err := typed.ownAddress(); err != nil {
		return User{}, err
	}
	s.attributes = typed.attributes
	u, err := p.newUser(s)
	if err != nil {
		return User{}, err
	}
	switch u.Status = cmp.Or(r.FinalUserStatus, StatusResetRequired); u.Status {
	case StatusConfirmed, StatusResetRequired:
	default:
		return User{}, fmt.Errorf("FinalUserStatus is %q, and not CONFIRMED or RESET_REQUIRED", printable(string(r.FinalUserStatus)))
	}
	if r.EnableSMSMFA {
		if u.Attributes["phone_number_verified"] != "true" || p.settings.MFA == MFAOff || !slices.Contains(p.settings.MFAFactors, ChallengeSMSMFA) {
			return User{}, errors.New("EnableSMSMFA needs a verified phone number, Settings.MFA, and SMS_MFA in Settings.MFAFactors")
		}
		u.MFA, u.PreferredMFA = []ChallengeName{ChallengeSMSMFA}, ChallengeSMSMFA
	}
	if !slices.Contains(u.Identifiers, m.id) {
		return User{}, errors.New("the user whom it returned does not have the name that was typed: an address must be verified to be one")
	}
	return u, r.checkWelcome()
}

// migratedName is the name of a user in a pool where people choose names.
func (p *Pool) migratedName(m migration, given string) (signUp, error) {
	if given == "" && m.id.Kind != IdentifierUsername {
		return signUp{}, errors.New(`UserAttributes lacks "username": an address was typed, and people choose names`)
	}
	if given == "" {
		given = m.id.Value
	}
	s, err := p.newName(given)
	if err != nil {
		return signUp{}, fmt.Errorf("UserAttributes has a bad username: %w", err)
	}
	return s, nil
}

func (r UserMigrationResult) checkWelcome() error {
	if r.MessageAction != "" && r.MessageAction != MessageActionSuppress {
		return fmt.Errorf("MessageAction is %q, and not SUPPRESS or empty", printable(string(r.MessageAction)))
	}
	return checkChoice("DesiredDeliveryMediums", r.DesiredDeliveryMediums, MediumEmail, MediumSMS)
}

// welcome tells a user who was migrated.
func (p *Pool) welcome(ctx context.Context, m migration, r UserMigrationResult, u User) {
	if r.MessageAction != "" {
		return
	}
	verified := func(name string) bool { return u.Attributes[verifiedAttribute(name)] == "true" }
	mediums := r.DesiredDeliveryMediums
	switch {
	case len(mediums) > 0:
	case verified("email"):
		mediums = []DeliveryMedium{MediumEmail}
	default:
		mediums = []DeliveryMedium{MediumSMS}
	}
	for _, medium := range mediums {
		if name := medium.attribute(); verified(name) && p.hasMedium(name) {
			p.sendLater(ctx, outgoing{kind: MessageWelcome, user: u, attribute: name, to: u.Attributes[name], context: m.context, metadata: m.metadata})
		}
	}
}
