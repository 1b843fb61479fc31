package userpool

import (
	"maps"
	"slices"
	"time"
)

// UserStatus is the state of a user, with Cognito's names. This is what operations make of it. The letters are the first ones of
// UNCONFIRMED, CONFIRMED, FORCE_CHANGE_PASSWORD, RESET_REQUIRED and EXTERNAL_PROVIDER; "-" stands for what is refused, or, where a refusal would
// tell who has an account, done for nobody.
//
//	                                   U   C   F   R   E
//	ConfirmSignUp                      C   -   -   -   -
//	ResendConfirmationCode             U   -   -   -   -
//	AdminConfirmSignUp                 C   -   -   -   -
//	sign-in with a password            -   C   C   -   -
//	sign-in at another provider                        E
//	ForgotPassword                     -   C   F   R   -
//	ConfirmForgotPassword              -   C   C   C   -
//	ChangePassword                     -   C   C   C   -
//	AdminResetUserPassword             -   R   -   R   -
//	AdminSetUserPassword, permanent    C   C   C   C   C
//	AdminSetUserPassword, temporary    F   F   F   F   F
//	AdminCreateUser, RESEND            -   -   F   -   -
//	AdminCreateUser, same name         F   -   -   -   -
//	SignUp, same name                  U   -   -   -   -
//
// UNCONFIRMED comes from SignUp; a new sign-up, or AdminCreateUser, with the same address makes another user in its place. FORCE_CHANGE_PASSWORD
// comes from AdminCreateUser and is left by a sign-in with the temporary password, which asks for a new one; once that password has
// expired, by ForgotPassword, if the address is verified, or by AdminCreateUser with RESEND. RESET_REQUIRED is left by ForgotPassword. First
// factors other than the password sign in from every state but UNCONFIRMED, and change none; the code of one confirms a sign-up.
//
// Enabled is apart from all that: AdminDisableUser and AdminEnableUser, and changes of attributes, leave the status as it is. What a disabled
// user tries fails as for somebody who is not there.
type UserStatus string

const (
	// StatusUnconfirmed is a user who signed up and has not yet shown the code that was sent.
	StatusUnconfirmed UserStatus = "UNCONFIRMED"
	// StatusConfirmed is a user who can sign in with a password.
	StatusConfirmed UserStatus = "CONFIRMED"
	// StatusForceChangePassword is a user whom an administrator gave a temporary password, which must be changed at the next sign-in.
	StatusForceChangePassword UserStatus = "FORCE_CHANGE_PASSWORD"
	// StatusResetRequired is a user who must set a new password by ForgotPassword before the next sign-in with a password: an
	// administrator wants it, or the user was imported without one.
	StatusResetRequired UserStatus = "RESET_REQUIRED"
	// StatusExternalProvider is a user who signs in at another provider and has no password here.
	StatusExternalProvider UserStatus = "EXTERNAL_PROVIDER"
)

// User is what the pool knows of a user, and what the store keeps.
type User struct {
	// Sub identifies the user for ever: a random UUID (RFC 9562, version 4), never given to another user.
	Sub string
	// Username is Sub where people sign in with an e-mail address or a phone number (see Settings.UsernameAttributes), the name that was
	// chosen where they choose one, and "<provider>_<subject>" for a user who came from another provider. It never changes.
	Username string
	Status   UserStatus
	// Enabled is false for a user whom an administrator has shut out.
	Enabled bool
	// Attributes are the standard claims of OpenID Connect Core 5.1 and the custom attributes ("custom:name") that the user has, by name;
	// booleans are "true" and "false".
	Attributes map[string]string
	// Pending are new values of attributes, by name, that take the place of the present ones when they are verified.
	Pending map[string]string
	// PasswordHash is a PHC string, or empty.
	PasswordHash string
	// PasswordHistory are the hashes of the passwords before, the newest first, as many as PasswordPolicy.HistorySize asks for.
	PasswordHistory []string
	// PasswordChanged is when the password was set, or zero. PasswordExpires is when a temporary password ends; zero for one that does not.
	PasswordChanged time.Time
	PasswordExpires time.Time
	// SRPVerifier is the sealed verifier of the password for USER_SRP_AUTH, in pools that have it; otherwise empty.
	SRPVerifier []byte
	// Identifiers are what the user is found by; each is unique in the pool.
	Identifiers []Identifier
	// Codes are the outstanding one-time codes, at most one for each purpose.
	Codes []OneTimeCode
	// SoftwareToken is the authenticator app that makes one-time passwords (RFC 6238), or nil. NewSoftwareToken is one that was associated
	// and not verified yet, or nil.
	SoftwareToken    *SoftwareToken
	NewSoftwareToken *SoftwareToken
	// MFA are the second factors that are switched on for the user, with Cognito's names; PreferredMFA is the one that is asked for, or
	// empty.
	MFA          []ChallengeName
	PreferredMFA ChallengeName
	// RecoveryCodes are MACs of the codes that stand in for a lost second factor, each for one use.
	RecoveryCodes [][]byte
	// Passkeys are the user's WebAuthn credentials, at most 20.
	Passkeys []Passkey
	// Identities are the accounts at other providers that the user signs in with, at most five: the one that the user was made of first. The
	// store may have none for a user of an earlier release, who has just the identifier.
	Identities []FederatedIdentity
	// Epoch is counted up to end all sessions: a session that began in an earlier epoch is over.
	Epoch    int64
	Created  time.Time
	Modified time.Time
	// Version is counted up by the store with every update.
	Version int64
}

// Identifier is something that finds one user of a pool. Values are canonical; the store compares them byte by byte.
type Identifier struct {
	// Kind is one of the constants below.
	Kind  string
	Value string
}

// Kinds of [Identifier].
const (
	// IdentifierEmail is a canonical e-mail address; see the package documentation.
	IdentifierEmail = "email"
	// IdentifierPhone is a phone number in the form of E.164, "+" and digits.
	IdentifierPhone = "phone_number"
	// IdentifierUsername is the canonical form of a user name that was chosen, or of the attribute preferred_username, where it is an alias.
	IdentifierUsername = "username"
	// IdentifierSkeleton is what user names that a person cannot tell apart have in common: it is kept so that no two users have such
	// names, and nobody is found by it.
	IdentifierSkeleton = "skeleton"
	// IdentifierPasskey is the SHA-256 of the ID of a WebAuthn credential, in hexadecimal.
	IdentifierPasskey = "passkey"
	// IdentifierFederated is the name of a provider, a space, and the subject there, exactly as the provider says it.
	IdentifierFederated = "federated"
)

// OneTimeCode is a code that was sent to a user.
type OneTimeCode struct {
	// Purpose is what the code proves; a code for one purpose is worth nothing for another.
	Purpose string
	// Hash is a MAC of the code under a key of the pool, never the code.
	Hash []byte
	// Tries counts the wrong answers.
	Tries   int
	Expires time.Time
}

// SoftwareToken is the secret that a user shares with an authenticator app.
type SoftwareToken struct {
	// Secret is sealed under a key of the pool.
	Secret []byte
	// Name is what the user calls the app or device.
	Name string
	// LastStep is the newest time step (RFC 6238, 4.2) of which a code was accepted: no code of it, or of one before, is accepted again.
	LastStep int64
	Created  time.Time
}

// FederatedIdentity is an account at another provider. The identifier of kind IdentifierFederated finds its user.
type FederatedIdentity struct {
	// Provider is the name of the provider, Subject the subject there.
	Provider string
	Subject  string
	// Linked is when the user first signed in with it, or was linked to it.
	Linked time.Time
}

// Clone returns a deep copy.
func (u User) Clone() User {
	u.Attributes = maps.Clone(u.Attributes)
	u.Pending = maps.Clone(u.Pending)
	u.PasswordHistory = slices.Clone(u.PasswordHistory)
	u.SRPVerifier = slices.Clone(u.SRPVerifier)
	u.Identifiers = slices.Clone(u.Identifiers)
	u.Codes = slices.Clone(u.Codes)
	for i := range u.Codes {
		u.Codes[i].Hash = slices.Clone(u.Codes[i].Hash)
	}
	u.SoftwareToken = u.SoftwareToken.clone()
	u.NewSoftwareToken = u.NewSoftwareToken.clone()
	u.MFA = slices.Clone(u.MFA)
	u.RecoveryCodes = cloneHashes(u.RecoveryCodes)
	u.Passkeys = slices.Clone(u.Passkeys)
	for i, k := range u.Passkeys {
		u.Passkeys[i] = k.Clone()
	}
	u.Identities = slices.Clone(u.Identities)
	return u
}

func (t *SoftwareToken) clone() *SoftwareToken {
	if t == nil {
		return nil
	}
	c := *t
	c.Secret = slices.Clone(t.Secret)
	return &c
}
