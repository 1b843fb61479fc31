package userpool

import (
	"context"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

// MFASettings switch a second factor of a user on or off.
type MFASettings struct {
	Enabled bool
	// PreferredMFA asks for this factor, without letting the person choose. At most one factor is preferred.
	PreferredMFA bool
}

// SetUserMFAPreferenceInput says which second factors a user wants to be asked for. What is nil stays as it is.
type SetUserMFAPreferenceInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken              string
	SoftwareTokenMFASettings *MFASettings
	SMSMFASettings           *MFASettings
	EmailMFASettings         *MFASettings
	UserContext              UserContextData
}

// SetUserMFAPreference switches second factors of a user on and off, and says which is preferred. Codes by message need a verified address;
// while they are preferred, this address does not get codes for a new password. A factor that is the only one is preferred always. With
// the last one the recovery codes go. The user gets a message.
//
// Errors: NotAuthorized, InsufficientScope, InvalidParameter; MFAMethodNotFound if the pool does not allow the factor, or the user has no
// verified address for it; SoftwareTokenMFANotFound for a user without an authenticator app; LoginRequired and InsufficientAuthentication as
// for AssociateSoftwareToken; UnsupportedOperation if the pool wants two factors and the user would have no second one.
func (p *Pool) SetUserMFAPreference(ctx context.Context, in SetUserMFAPreferenceInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	wishes := mfaWishes{in.SoftwareTokenMFASettings, in.SMSMFASettings, in.EmailMFASettings}
	if err := wishes.check(); err != nil {
		return err
	}
	changed, u := false, c.user
	_, err = p.changeUser(ctx, u.Sub, func(u *User) error {
		before := u.Clone()
		if err := p.applyWishes(u, wishes, true); err != nil {
			return err
		}
		if changed = !sameFactors(before, *u); !changed {
			return nil
		}
		if err := c.mayChangeFactors(before, p.now()); err != nil {
			return err
		}
		return p.keepsSecondFactor(*u)
	})
	if changed || err != nil {
		p.factorChanged(ctx, factorChange{operation: "SetUserMFAPreference", what: "preference", user: u, clientID: c.client.ID, context: in.UserContext}, err)
	}
	return err
}

// AdminSetUserMFAPreferenceInput is SetUserMFAPreferenceInput for any user; see AdminGetUser for Username.
type AdminSetUserMFAPreferenceInput struct {
	Username                 string
	SoftwareTokenMFASettings *MFASettings
	SMSMFASettings           *MFASettings
	EmailMFASettings         *MFASettings
}

// AdminSetUserMFAPreference is SetUserMFAPreference for any user. Addresses need not be verified, and the last second factor can be switched
// off: where the pool wants two factors, the user sets up another one at the next sign-in. Errors: UserNotFound, InvalidParameter,
// MFAMethodNotFound, SoftwareTokenMFANotFound.
func (p *Pool) AdminSetUserMFAPreference(ctx context.Context, in AdminSetUserMFAPreferenceInput) error {
	u, err := p.resolve(ctx, in.Username)
	if err != nil {
		return err
	}
	wishes := mfaWishes{in.SoftwareTokenMFASettings, in.SMSMFASettings, in.EmailMFASettings}
	if err := wishes.check(); err != nil {
		return err
	}
	changed := false
	_, err = p.changeUser(ctx, u.Sub, func(u *User) error {
		before := u.Clone()
		err := p.applyWishes(u, wishes, false)
		changed = !sameFactors(before, *u)
		return err
	})
	if changed || err != nil {
		p.factorChanged(ctx, factorChange{operation: "AdminSetUserMFAPreference", what: "preference", user: u}, err)
	}
	return err
}

// mfaWishes are the settings of the factors of mfaFactors, in this order.
type mfaWishes [3]*MFASettings

var mfaFactors = [3]ChallengeName{ChallengeSoftwareTokenMFA, ChallengeSMSMFA, ChallengeEmailOTP}

func (w mfaWishes) check() error {
	preferred := 0
	for i, wish := range w {
		switch {
		case wish == nil:
			continue
		case wish.PreferredMFA && !wish.Enabled:
			return fail(InvalidParameter, string(mfaFactors[i])+" cannot be preferred while it is switched off.")
		case wish.PreferredMFA:
			preferred++
		}
	}
	if preferred > 1 {
		return fail(InvalidParameter, "Only one second factor can be preferred.")
	}
	return nil
}

// applyWishes changes a user as settings say that check has accepted.
func (p *Pool) applyWishes(u *User, wishes mfaWishes, byUser bool) error {
	for i, wish := range wishes {
		f := mfaFactors[i]
		switch {
		case wish == nil:
		case !wish.Enabled:
			u.switchOff(f)
		default:
			if err := p.canSwitchOn(*u, f, byUser); err != nil {
				return err
			}
			if !slices.Contains(u.MFA, f) {
				u.MFA = append(u.MFA, f)
			}
			if wish.PreferredMFA {
				u.PreferredMFA = f
			} else if u.PreferredMFA == f {
				u.PreferredMFA = ""
			}
		}
	}
	u.preferOnly()
	return nil
}

func (p *Pool) canSwitchOn(u User, f ChallengeName, byUser bool) error {
	address := factorAddress(f)
	switch {
	case !p.allowsFactor(f):
		return mfaMethodNotFound("The second factor " + string(f) + " cannot be used here.")
	case address == "" && u.SoftwareToken == nil:
		return softwareTokenNotFound()
	case address != "" && (u.Attributes[address] == "" || byUser && u.Attributes[verifiedAttribute(address)] != "true"):
		return &Error{Code: MFAMethodNotFound, Field: address, Message: "Codes can be sent to a verified " + strings.ReplaceAll(address, "_", " ") + " only."}
	}
	return nil
}

// switchOn makes a factor one of the user's, and the preferred one if no other is.
func (u *User) switchOn(f ChallengeName) {
	if !slices.Contains(u.MFA, f) {
		u.MFA = append(u.MFA, f)
	}
	if u.PreferredMFA == "" {
		u.PreferredMFA = f
	}
}

// switchOff takes a factor from the user's. preferOnly follows.
func (u *User) switchOff(f ChallengeName) {
	u.MFA = slices.DeleteFunc(u.MFA, func(have ChallengeName) bool { return have == f })
	if u.PreferredMFA == f {
		u.PreferredMFA = ""
	}
}

// preferOnly prefers a factor that is the only one, so that its address does not recover passwords. Recovery codes stand in for a factor, and
// go with the last one.
func (u *User) preferOnly() {
	switch len(u.MFA) {
	case 0:
		u.PreferredMFA, u.RecoveryCodes = "", nil
	case 1:
		u.PreferredMFA = u.MFA[0]
	}
}

func sameFactors(a, b User) bool {
	return slices.Equal(a.MFA, b.MFA) && a.PreferredMFA == b.PreferredMFA
}

// keepsSecondFactor refuses to leave a user without a second factor where the pool wants one.
func (p *Pool) keepsSecondFactor(u User) error {
	factors, _ := p.secondFactors(u)
	if p.settings.MFA == MFARequired && len(factors) == 0 {
		return fail(UnsupportedOperation, "A second factor is needed here. Set up another one before you remove the last.")
	}
	return nil
}

// UserAuthFactors are the factors of a user.
type UserAuthFactors struct {
	Username string
	// ConfiguredUserAuthFactors are the first factors that the flow USER_AUTH can offer the user.
	ConfiguredUserAuthFactors []ChallengeName
	// UserMFASettingList are the second factors that are switched on, and PreferredMFASetting is the preferred one, or empty.
	UserMFASettingList  []ChallengeName
	PreferredMFASetting ChallengeName
	// FriendlyDeviceName is what the user calls the authenticator app.
	FriendlyDeviceName string
	// RecoveryCodesLeft is how many recovery codes have not been used.
	RecoveryCodesLeft int
}

// GetUserAuthFactors returns the factors of the user of an access token with the scope aws.cognito.signin.user.admin, or of a browser
// session. Errors: NotAuthorized, InsufficientScope.
func (p *Pool) GetUserAuthFactors(ctx context.Context, accessToken string) (UserAuthFactors, error) {
	c, err := p.caller(ctx, accessToken)
	if err != nil {
		return UserAuthFactors{}, err
	}
	return p.authFactors(c.user), nil
}

// AdminGetUserAuthFactors is GetUserAuthFactors for any user; see AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminGetUserAuthFactors(ctx context.Context, username string) (UserAuthFactors, error) {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return UserAuthFactors{}, err
	}
	return p.authFactors(u), nil
}

func (p *Pool) authFactors(u User) UserAuthFactors {
	f := UserAuthFactors{
		Username: u.Username, UserMFASettingList: slices.Clone(u.MFA), PreferredMFASetting: u.PreferredMFA, RecoveryCodesLeft: len(u.RecoveryCodes),
	}
	if u.SoftwareToken != nil {
		f.FriendlyDeviceName = u.SoftwareToken.Name
	}
	for _, first := range p.settings.FirstFactors {
		if u.has(first) {
			f.ConfiguredUserAuthFactors = append(f.ConfiguredUserAuthFactors, first)
		}
	}
	return f
}

// factorChange is what happened to the factors of a user.
type factorChange struct {
	operation, what string
	user            User
	clientID        string
	context         UserContextData
}

// told is what a message says of the change: nothing in particular for a preference.
func (c factorChange) told() string {
	return map[string]string{
		"added " + string(ChallengeSoftwareTokenMFA): message.AuthenticatorAdded, "removed " + string(ChallengeSoftwareTokenMFA): message.AuthenticatorRemoved,
		"added " + string(ChallengeSMSMFA): message.MFAEnabled, "added " + string(ChallengeEmailOTP): message.MFAEnabled,
		"new recovery codes": message.RecoveryCodesAdded, "used a recovery code": message.RecoveryCodeUsed,
	}[c.what]
}

// factorChanged audits a change, and tells the user of one that was done.
func (p *Pool) factorChanged(ctx context.Context, c factorChange, err error) {
	p.audit(ctx, AuditEvent{
		Type: EventFactorChange, Operation: c.operation, Sub: c.user.Sub, ClientID: c.clientID, Details: map[string]string{"change": c.what},
	}, c.context, err)
	if err != nil {
		return
	}
	p.notify(ctx, outgoing{kind: MessageFactorChanged, what: c.told(), user: c.user, context: c.context})
}
