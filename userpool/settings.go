package userpool

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Settings say how the pool behaves. The zero value is a safe pool in which people sign up with their e-mail address and a password.
type Settings struct {
	// Name is what people call the service, in messages and in authenticator apps: at most 60 characters; the host of the Issuer by
	// default.
	Name string
	// MessageTemplates replace built-in texts of messages, at most one for a kind in a language.
	MessageTemplates []MessageTemplate
	// MessageLanguages are the languages (BCP 47) that messages are written in, such as "en", or "pt-BR"; by default all that have built-in
	// texts or MessageTemplates. A person whose language is none of them is written to in English, or else in the first.
	MessageLanguages []string
	// UsernameAttributes say what people sign up and sign in with: "email" (the default), "phone_number", or both; or "username" alone, if
	// people choose a name.
	UsernameAttributes []string
	// AliasAttributes, in a pool with chosen names, say what people can sign in with besides: "email" and "phone_number", once they are
	// verified, and "preferred_username".
	AliasAttributes []string
	// CaseSensitive tells "Alice" and "alice" apart where names are chosen. It is off by default; turning it on invites confusion.
	CaseSensitive bool
	// CustomAttributes are attributes beside those of OpenID Connect, at most 50.
	CustomAttributes []CustomAttribute
	// RequiredAttributes are standard and custom attributes that everybody who signs up must give.
	RequiredAttributes []string
	// PasswordPolicy says which passwords may be set. The zero value follows NIST SP 800-63B-4: at least 15 characters, no rules of
	// composition, no common passwords. See also CognitoPasswordPolicy.
	PasswordPolicy PasswordPolicy
	// AllowAdminCreateUserOnly refuses to make users, by sign-up or by a first sign-in at another provider: only those whom AdminCreateUser
	// or an import made can sign in, and those who come from a provider with Provider.JustInTime.
	AllowAdminCreateUserOnly bool
	// FirstFactors are what the flow USER_AUTH lets people choose from: ChallengePassword (the default), ChallengeEmailOTP, ChallengeSMSOTP,
	// ChallengeEmailLink and ChallengeWebAuthn.
	FirstFactors []ChallengeName
	// SignInLinkURL is the page of the application that the links of ChallengeEmailLink lead to, with the parameter "token": https, or http on
	// a loopback host. The page answers the challenge with it, and with the session of the challenge, which the link does not have: the
	// application keeps Challenge.Session in the browser that began, for instance in a cookie. Opened in another browser, where there is
	// none, the link signs nobody in.
	SignInLinkURL string
	// MFA says who must prove two factors: MFAOff (the default), MFAOptional or MFARequired. MFAFactors are the second factors that users can
	// have: ChallengeSoftwareTokenMFA (the default), ChallengeSMSMFA and ChallengeEmailOTP.
	MFA        MFAConfiguration
	MFAFactors []ChallengeName
	// FederatedMFA asks those who come from another provider for a second factor as well, as MFA says. By default the provider answers
	// for them, as in Cognito.
	FederatedMFA bool
	// PasskeyUserVerification asks authenticators to verify the person, by a finger, a face or a PIN, always, and refuses those that did
	// not; otherwise they do it if they can. A passkey counts as two factors wherever the authenticator verified the person, and as one
	// where it did not; with PasskeyUserVerification all of them count as two, as MFARequired needs.
	PasskeyUserVerification bool
	// AccountRecovery says where the code of ForgotPassword goes, in this order: RecoverByEmail and RecoverByPhone, to verified addresses
	// only. By default by e-mail, then by phone. RecoverByAdmin, alone, means that only an administrator can set a new password.
	AccountRecovery []RecoveryMechanism
	// Devices say whether the pool tracks the devices that people sign in from; by default it does not.
	Devices DeviceConfiguration
	// Clients are the app clients, which get tokens. A program that only uses the sessions of the hosted pages needs none.
	Clients []Client
	// SigningAlgorithm signs new tokens: "RS256" (the default, which every verifier knows), "ES256" or "EdDSA". After a change, Run
	// replaces the key once it is a day old, or RotateSigningKey does at once.
	SigningAlgorithm string
	// KeyRotation is the age at which Run replaces the signing key: 90 days by default, at least a day.
	KeyRotation time.Duration
	// BrowserSessionValidity is how long a sign-in at the hosted pages lasts: 12 hours by default, 5 minutes to 30 days.
	BrowserSessionValidity time.Duration
	// BrowserSessionIdle ends a session at the hosted pages that was not used for so long: 5 minutes to 30 days; 0 (the default) means never.
	// The end can come a tenth of it, at most 5 minutes, early, as not every use is stored.
	BrowserSessionIdle time.Duration
	// MaxSessions is how many sign-ins of a user last at a time, 1 to 1,000: one more ends the oldest. 0 (the default) means any number. What
	// is derived from a session at the hosted pages counts with it.
	MaxSessions int
	// UpdateBeforeVerification names the addresses, "email" and "phone_number", whose new value takes effect as soon as a user sets it, not
	// verified, as in Cognito by default. Here, by default, the old value stays until the new one is verified: otherwise a slip of the
	// keyboard shuts people out of recovery, and tokens carry addresses that people claim. It cannot name what people sign in with
	// (UsernameAttributes).
	UpdateBeforeVerification []string
	// Risk says what is done about sign-ins that look unusual; by default nothing.
	Risk RiskConfiguration
	// AuditEvents are the kinds of events that the store keeps, in a trail in which each is chained to the one before; all by default. Every
	// event is in the log.
	AuditEvents []EventType
	// AuditRetention is the age at which Run deletes events: 0, the default, keeps them for ever; otherwise at least a day.
	AuditRetention time.Duration
	// MaxSMSPerHour is how many text messages the pool sends at once, and then in an hour: 1,000 by default, 1 to 1,000,000. It bounds what
	// somebody costs who has codes sent to numbers of theirs.
	MaxSMSPerHour int
}

// RecoveryMechanism is a way to a new password for who has forgotten the old one, with Cognito's names.
type RecoveryMechanism string

// The mechanisms of Settings.AccountRecovery.
const (
	RecoverByEmail RecoveryMechanism = "verified_email"
	RecoverByPhone RecoveryMechanism = "verified_phone_number"
	RecoverByAdmin RecoveryMechanism = "admin_only"
)

// DeviceConfiguration says how the pool tracks devices. A remembered device stands in for the second factor.
type DeviceConfiguration struct {
	// Track gives each new device a key at sign-in, which the client confirms by ConfirmDevice.
	Track bool
	// ChallengeRequiredOnNewDevice lets a remembered device skip the second factor. Without it, devices are tracked only.
	ChallengeRequiredOnNewDevice bool
	// RememberedOnUserPrompt remembers a device only once the user says so by UpdateDeviceStatus; otherwise ConfirmDevice does.
	RememberedOnUserPrompt bool
	// Validity is how long a device is remembered after its last use: 90 days by default, 1 to 3650 days. Cognito never forgets one.
	Validity time.Duration
}

// complete returns the settings with defaults filled in, or what is wrong with them.
func (s Settings) complete() (Settings, error) {
	if utf8.RuneCountInString(s.Name) > 60 || !utf8.ValidString(s.Name) || strings.ContainsFunc(s.Name, unicode.IsControl) {
		return s, fmt.Errorf("userpool: Settings.Name %q has more than 60 characters, or control characters", printable(s.Name))
	}
	s, err := s.completeDirectory()
	if err != nil {
		return s, err
	}
	if s, err = s.completeFactors(); err != nil {
		return s, err
	}
	if s.PasswordPolicy, err = s.PasswordPolicy.complete(); err != nil {
		return s, err
	}
	switch s.SigningAlgorithm {
	case "":
		s.SigningAlgorithm = "RS256"
	case "RS256", "ES256", "EdDSA":
	default:
		return s, fmt.Errorf("userpool: Settings.SigningAlgorithm %q is not one of RS256, ES256, EdDSA", s.SigningAlgorithm)
	}
	if s.KeyRotation, err = duration("Settings.KeyRotation", s.KeyRotation, 90*day, day, 3650*day); err != nil {
		return s, err
	}
	if s.BrowserSessionValidity, err = duration("Settings.BrowserSessionValidity", s.BrowserSessionValidity, 12*time.Hour, 5*time.Minute, 30*day); err != nil {
		return s, err
	}
	if s, err = s.completeSessions(); err != nil {
		return s, err
	}
	if s, err = s.completeProtection(); err != nil {
		return s, err
	}
	s.Clients = slices.Clone(s.Clients)
	seen := map[string]bool{}
	for i, c := range s.Clients {
		if s.Clients[i], err = c.complete(s); err != nil {
			return s, err
		}
		if seen[c.ID] {
			return s, fmt.Errorf("userpool: two clients have the ID %q", c.ID)
		}
		seen[c.ID] = true
	}
	return s, nil
}

const day = 24 * time.Hour

func duration(name string, d, standard, least, most time.Duration) (time.Duration, error) {
	if d == 0 {
		return standard, nil
	}
	if d < least || d > most {
		return 0, fmt.Errorf("userpool: %s is %v; it must be from %v to %v", name, d, least, most)
	}
	return d, nil
}

// completeDirectory fills in what says who can be in the pool, and by which names.
func (s Settings) completeDirectory() (Settings, error) {
	s.UsernameAttributes, s.AliasAttributes = slices.Clone(s.UsernameAttributes), slices.Clone(s.AliasAttributes)
	if len(s.UsernameAttributes) == 0 {
		s.UsernameAttributes = []string{"email"}
	}
	if err := checkChoice("Settings.UsernameAttributes", s.UsernameAttributes, "email", "phone_number", "username"); err != nil {
		return s, err
	}
	if err := checkChoice("Settings.AliasAttributes", s.AliasAttributes, "email", "phone_number", "preferred_username"); err != nil {
		return s, err
	}
	switch {
	case s.choosesNames() && len(s.UsernameAttributes) > 1:
		return s, errors.New("userpool: Settings.UsernameAttributes has \"username\" beside others: make those AliasAttributes")
	case !s.choosesNames() && len(s.AliasAttributes) > 0:
		return s, errors.New("userpool: Settings.AliasAttributes are for pools in which people choose names: set UsernameAttributes to \"username\"")
	case !s.choosesNames() && s.CaseSensitive:
		return s, errors.New("userpool: Settings.CaseSensitive is for pools in which people choose names: addresses have no case")
	}
	return s.completeSchema()
}

// completeFactors fills in what says how people prove who they are.
func (s Settings) completeFactors() (Settings, error) {
	s.FirstFactors, s.MFAFactors, s.AccountRecovery = slices.Clone(s.FirstFactors), slices.Clone(s.MFAFactors), slices.Clone(s.AccountRecovery)
	if len(s.FirstFactors) == 0 {
		s.FirstFactors = []ChallengeName{ChallengePassword}
	}
	if s.MFA == "" {
		s.MFA = MFAOff
	}
	if len(s.MFAFactors) == 0 {
		s.MFAFactors = []ChallengeName{ChallengeSoftwareTokenMFA}
	}
	if len(s.AccountRecovery) == 0 {
		s.AccountRecovery = []RecoveryMechanism{RecoverByEmail, RecoverByPhone}
	}
	link := slices.Contains(s.FirstFactors, ChallengeEmailLink)
	otp := link || slices.Contains(s.FirstFactors, ChallengeEmailOTP) || slices.Contains(s.FirstFactors, ChallengeSMSOTP)
	err := errors.Join(
		checkChoice("Settings.FirstFactors", s.FirstFactors, ChallengePassword, ChallengeEmailOTP, ChallengeSMSOTP, ChallengeEmailLink, ChallengeWebAuthn),
		checkChoice("Settings.MFAFactors", s.MFAFactors, ChallengeSoftwareTokenMFA, ChallengeSMSMFA, ChallengeEmailOTP),
		checkChoice("Settings.AccountRecovery", s.AccountRecovery, RecoverByEmail, RecoverByPhone, RecoverByAdmin),
		checkChoice("Settings.MFA", []MFAConfiguration{s.MFA}, MFAOff, MFAOptional, MFARequired),
	)
	switch {
	case err != nil:
		return s, err
	case slices.Equal(s.FirstFactors, []ChallengeName{ChallengeWebAuthn}):
		return s, errors.New("userpool: Settings.FirstFactors has passkeys alone: nobody could sign in to add the first one; allow another factor beside it")
	case s.MFA == MFARequired && otp:
		return s, errors.New("userpool: Settings.FirstFactors has one-time codes, which are one factor, while Settings.MFA asks everybody for two: leave them out")
	case s.MFA == MFARequired && slices.Contains(s.FirstFactors, ChallengeWebAuthn) && !s.PasskeyUserVerification:
		return s, errors.New("userpool: Settings.MFA asks everybody for two factors, and passkeys are two only with Settings.PasskeyUserVerification")
	case link != (s.SignInLinkURL != ""):
		return s, errors.New("userpool: Settings.SignInLinkURL and the first factor EMAIL_LINK belong together: set both or none")
	case link && checkRedirect(s.SignInLinkURL) != nil:
		return s, fmt.Errorf("userpool: Settings.SignInLinkURL: %w", checkRedirect(s.SignInLinkURL))
	case s.FederatedMFA && s.MFA == MFAOff:
		return s, errors.New("userpool: Settings.FederatedMFA asks for a second factor, while Settings.MFA asks nobody: set MFA, or leave it out")
	case slices.Contains(s.AccountRecovery, RecoverByAdmin) && len(s.AccountRecovery) > 1:
		return s, errors.New("userpool: Settings.AccountRecovery has admin_only beside others: it stands alone")
	case !s.Devices.Track && s.Devices != DeviceConfiguration{Validity: s.Devices.Validity}:
		return s, errors.New("userpool: Settings.Devices says how to remember devices, but not to track them: set Track")
	}
	s.Devices.Validity, err = duration("Settings.Devices.Validity", s.Devices.Validity, 90*day, day, 3650*day)
	return s, err
}

// completeProtection fills in what protects accounts, and what keeps account of it.
func (s Settings) completeProtection() (Settings, error) {
	var err error
	if s.Risk, err = s.Risk.complete(s.MFA); err != nil {
		return s, err
	}
	s.AuditEvents = slices.Clone(s.AuditEvents)
	if len(s.AuditEvents) == 0 {
		s.AuditEvents = slices.Clone(eventTypes)
	}
	if err := checkChoice("Settings.AuditEvents", s.AuditEvents, eventTypes...); err != nil {
		return s, err
	}
	if s.AuditRetention, err = duration("Settings.AuditRetention", s.AuditRetention, 0, day, 36500*day); err != nil {
		return s, err
	}
	if s.MaxSMSPerHour == 0 {
		s.MaxSMSPerHour = 1000
	}
	if s.MaxSMSPerHour < 1 || s.MaxSMSPerHour > 1_000_000 {
		return s, fmt.Errorf("userpool: Settings.MaxSMSPerHour is %d; it must be from 1 to 1,000,000", s.MaxSMSPerHour)
	}
	return s, nil
}

// checkChoice wants each value once, and only those that there are.
func checkChoice[T ~string](name string, values []T, known ...T) error {
	for i, v := range values {
		if !slices.Contains(known, v) {
			return fmt.Errorf("userpool: %s has %q, which is not one of %q", name, printable(string(v)), known)
		}
		if slices.Contains(values[:i], v) {
			return fmt.Errorf("userpool: %s has %q twice", name, v)
		}
	}
	return nil
}

// choosesNames tells whether users have names that they chose.
func (s Settings) choosesNames() bool { return slices.Contains(s.UsernameAttributes, "username") }

// srp tells whether the pool keeps SRP verifiers: only where a client uses them.
func (s Settings) srp() bool {
	return slices.ContainsFunc(s.Clients, func(c Client) bool { return c.allows(UserSRPAuth) })
}

// sendsSMS tells whether the settings send anything to phones.
func (s Settings) sendsSMS() bool {
	return slices.Contains(s.UsernameAttributes, "phone_number") || slices.Contains(s.FirstFactors, ChallengeSMSOTP) ||
		s.MFA != MFAOff && slices.Contains(s.MFAFactors, ChallengeSMSMFA)
}
