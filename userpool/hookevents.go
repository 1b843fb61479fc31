package userpool

import "maps"

// Trigger says what made the pool call a hook, with Cognito's names (triggerSource).
type Trigger string

// The triggers. Those of CustomMessage are "CustomMessage_" and the MessageKind; the pool has more kinds of messages than Cognito.
const (
	TriggerSignUp                      Trigger = "PreSignUp_SignUp"
	TriggerSignUpAdmin                 Trigger = "PreSignUp_AdminCreateUser"
	TriggerSignUpExternal              Trigger = "PreSignUp_ExternalProvider"
	TriggerConfirmSignUp               Trigger = "PostConfirmation_ConfirmSignUp"
	TriggerConfirmForgotPassword       Trigger = "PostConfirmation_ConfirmForgotPassword"
	TriggerPreAuthentication           Trigger = "PreAuthentication_Authentication"
	TriggerPostAuthentication          Trigger = "PostAuthentication_Authentication"
	TriggerDefineAuthChallenge         Trigger = "DefineAuthChallenge_Authentication"
	TriggerCreateAuthChallenge         Trigger = "CreateAuthChallenge_Authentication"
	TriggerVerifyAuthChallengeResponse Trigger = "VerifyAuthChallengeResponse_Authentication"
	TriggerTokensHosted                Trigger = "TokenGeneration_HostedAuth"
	TriggerTokensAuthentication        Trigger = "TokenGeneration_Authentication"
	TriggerTokensNewPassword           Trigger = "TokenGeneration_NewPasswordChallenge"
	TriggerTokensDevice                Trigger = "TokenGeneration_AuthenticateDevice"
	TriggerTokensRefresh               Trigger = "TokenGeneration_RefreshTokens"
	TriggerUserMigrationAuthentication Trigger = "UserMigration_Authentication"
	TriggerUserMigrationForgotPassword Trigger = "UserMigration_ForgotPassword"
	TriggerMessageSignUp               Trigger = "CustomMessage_SignUp"
	TriggerMessageAdminCreateUser      Trigger = "CustomMessage_AdminCreateUser"
	TriggerMessageResendCode           Trigger = "CustomMessage_ResendCode"
	TriggerMessageForgotPassword       Trigger = "CustomMessage_ForgotPassword"
	TriggerMessageUpdateUserAttribute  Trigger = "CustomMessage_UpdateUserAttribute"
	TriggerMessageVerifyUserAttribute  Trigger = "CustomMessage_VerifyUserAttribute"
	TriggerMessageAuthentication       Trigger = "CustomMessage_Authentication"
	TriggerInboundFederation           Trigger = "InboundFederation_ExternalProvider"
)

// UserEvent says whom a hook is called for. The maps are copies.
type UserEvent struct {
	Trigger    Trigger
	Sub        string
	Username   string
	Status     UserStatus
	Attributes map[string]string
	// Provider is the name of the identity provider, or empty.
	Provider string
	// ClientID is the app client, or empty at the hosted pages.
	ClientID string
	// UserNotFound is true if there is no such user, or none who can sign in: PreAuthentication and the hooks of CUSTOM_AUTH are called all
	// the same, so that it takes as long. Username is then what was typed, in its canonical form; Sub and Status are empty, and Attributes
	// have at most the address that was typed.
	UserNotFound bool
	// NewDeviceUsed tells PostAuthentication that the pool did not know the device.
	NewDeviceUsed bool
	// ValidationData is that of SignUp, for PreSignUp, and the ClientMetadata of InitiateAuth, for PreAuthentication. ClientMetadata is that
	// of the operation that called the hook, which is never InitiateAuth.
	ValidationData map[string]string
	ClientMetadata map[string]string
}

func userEvent(u User, clientID string) UserEvent {
	return UserEvent{
		Sub: u.Sub, Username: u.Username, Status: u.Status, Attributes: maps.Clone(u.Attributes), Provider: u.provider(), ClientID: clientID,
	}
}

// event is the event of a step of a sign-in.
func (s *signIn) event(trigger Trigger) UserEvent {
	e := userEvent(s.user, s.ClientID)
	e.Trigger, e.ClientMetadata = trigger, maps.Clone(s.metadata)
	if s.user.Sub == "" {
		e.UserNotFound, e.Username, e.Attributes = true, s.Name.Value, map[string]string{}
	}
	return e
}

// PreSignUpEvent says which user is about to be made. Sub and Status are empty, and so is Username, unless people choose names or the user
// comes from another provider.
type PreSignUpEvent struct{ UserEvent }

// PreSignUpResult is what PreSignUp decides.
type PreSignUpResult struct {
	// AutoConfirmUser makes the user confirmed, without a code and without a verified address. Nobody has then proved that the address is
	// theirs, and SignUp shows which addresses are taken.
	AutoConfirmUser bool
	// AutoVerifyEmail and AutoVerifyPhone, with AutoConfirmUser, take the address as verified. Set them only if the application knows that
	// it is: never because the person who signs up says so.
	AutoVerifyEmail bool
	AutoVerifyPhone bool
}

// ChallengeResult is a challenge of CUSTOM_AUTH that was answered.
type ChallengeResult struct {
	// ChallengeName is ChallengeCustom, ChallengePasswordVerifier, or ChallengeSRPA for a sign-in that began with SRP.
	ChallengeName ChallengeName
	// ChallengeResult tells whether the answer was right. That of ChallengeSRPA is always true, and proves nothing.
	ChallengeResult bool
	// ChallengeMetadata is what CreateAuthChallenge said about the challenge.
	ChallengeMetadata string
}

// DefineAuthChallengeEvent says what was answered so far. UserNotFound is true if there is no such user.
type DefineAuthChallengeEvent struct {
	UserEvent
	// Session are the answers, the oldest first; none at the beginning, or ChallengeSRPA if the client gave InitiateAuthInput.SRPA.
	Session []ChallengeResult
}

// DefineAuthChallengeResult is what comes next: FailAuthentication counts before IssueTokens, and that before ChallengeName. One of them
// must be set.
type DefineAuthChallengeResult struct {
	// ChallengeName is ChallengeCustom, or ChallengePasswordVerifier, once, in a sign-in that began with SRP: then the password is proved,
	// and the second factor after it, before DefineAuthChallenge is called again.
	ChallengeName ChallengeName
	// IssueTokens lets the person in. At least one answer must have been right, that of ChallengeSRPA aside.
	IssueTokens bool
	// FailAuthentication ends the sign-in with NotAuthorized.
	FailAuthentication bool
}

// CreateAuthChallengeEvent asks for a challenge.
type CreateAuthChallengeEvent struct {
	UserEvent
	// ChallengeName is ChallengeCustom.
	ChallengeName ChallengeName
	Session       []ChallengeResult
}

// CreateAuthChallengeResult is a challenge: at most 16 KiB in all.
type CreateAuthChallengeResult struct {
	// PublicChallengeParameters are for the client: Challenge.Parameters.
	PublicChallengeParameters map[string]string
	// PrivateChallengeParameters are for VerifyAuthChallengeResponse, such as the right answer. They are kept sealed until then.
	PrivateChallengeParameters map[string]string
	// ChallengeMetadata comes back in Session, at most 2,048 bytes: a name for the challenge.
	ChallengeMetadata string
}

// VerifyAuthChallengeResponseEvent is an answer to a challenge.
type VerifyAuthChallengeResponseEvent struct {
	UserEvent
	PrivateChallengeParameters map[string]string
	// ChallengeAnswer is what the person said: 1 to 2,048 bytes of UTF-8. Compare secrets with crypto/subtle.
	ChallengeAnswer string
}

// VerifyAuthChallengeResponseResult judges an answer.
type VerifyAuthChallengeResponseResult struct{ AnswerCorrect bool }

// GroupConfiguration is what tokens say about groups.
type GroupConfiguration struct {
	// GroupsToOverride are the names of the groups: the claim cognito:groups of both tokens.
	GroupsToOverride []string
	// IAMRolesToOverride and PreferredRole are the roles of the groups: cognito:roles and cognito:preferred_role of the ID token.
	// PreferredRole is one of them, or empty.
	IAMRolesToOverride []string
	PreferredRole      string
}

// PreTokenGenerationEvent says for whom tokens are about to be signed.
type PreTokenGenerationEvent struct {
	UserEvent
	GroupConfiguration GroupConfiguration
	// Scopes are those of the access token that were granted.
	Scopes []string
}

// PreTokenGenerationResult changes tokens. The zero value changes nothing. What is not allowed fails the operation with UserHookFailed.
//
// These claims cannot be changed, in neither token: acr, amr, at_hash, aud, auth_time, azp, client_id, device_key, event_id, exp, iat,
// identities, iss, jti, nbf, nonce, origin_jti, scope, sub, token_use, username, version, and all that begin with "cognito:". Those that
// begin with "dev:" can be suppressed only.
type PreTokenGenerationResult struct {
	// IDTokenClaims and AccessTokenClaims are added, or replace others: nil, strings, booleans, numbers, and slices and maps of them, whose
	// keys are strings, at most ten deep and 16 KiB in all. Structs are refused, and methods such as MarshalJSON are not called. A nil slice
	// or map is an empty one.
	IDTokenClaims     map[string]any
	AccessTokenClaims map[string]any
	// IDTokenSuppress and AccessTokenSuppress name claims that are left out. One that is added as well is left out.
	IDTokenSuppress     []string
	AccessTokenSuppress []string
	// ScopesToAdd and ScopesToSuppress change the scopes of the access token, at most 100. The scopes of the pool itself (openid, email,
	// profile, phone, and those that begin with "aws.cognito.") cannot be added: they open what the person did not grant to the client.
	ScopesToAdd      []string
	ScopesToSuppress []string
	// GroupOverrideDetails replaces the groups and roles of the event, in both tokens; nil leaves them. An empty one leaves no groups.
	GroupOverrideDetails *GroupConfiguration
}

// UserMigrationEvent is somebody whom the pool does not know.
type UserMigrationEvent struct {
	Trigger Trigger
	// UserName is what was typed, in its canonical form.
	UserName string
	// Password is what was typed, in Unicode's normal form NFC; empty for ForgotPassword.
	Password string
	ClientID string
	// ValidationData is the ClientMetadata of InitiateAuth, and ClientMetadata that of RespondToAuthChallenge or ForgotPassword.
	ValidationData map[string]string
	ClientMetadata map[string]string
}

// UserMigrationResult is a user for the pool, or, if UserAttributes is nil, none.
type UserMigrationResult struct {
	// UserAttributes are as for an administrator: AdminOnly ones, and email_verified and phone_number_verified, can be set too. An address
	// that is the UserName need not be given again. Where people choose names, "username" is the name, needed if an address was typed.
	UserAttributes map[string]string
	// FinalUserStatus is StatusConfirmed, and the password that was typed is then the user's; or StatusResetRequired, which is the default:
	// the user must set a new one by ForgotPassword, for which an address must be verified.
	FinalUserStatus UserStatus
	// MessageAction is MessageActionSuppress to send no welcome, or empty.
	MessageAction MessageAction
	// DesiredDeliveryMediums are how the welcome is sent, to the addresses that are verified: by default by e-mail, or else by SMS.
	DesiredDeliveryMediums []DeliveryMedium
	// ForceAliasCreation takes a verified address away from another user who has it; otherwise the user cannot move, with AliasExists.
	ForceAliasCreation bool
	// EnableSMSMFA makes codes to the phone number, which must be verified, the second factor. Settings.MFAFactors must have SMS_MFA.
	EnableSMSMFA bool
}

// CustomMessageEvent is a message that is about to be written.
type CustomMessageEvent struct {
	UserEvent
	// CodeParameter stands for the code or temporary password in the text, UsernameParameter for the name of the user, and LinkParameter
	// for the link. Each is empty if the message has none.
	CodeParameter     string
	UsernameParameter string
	LinkParameter     string
	// Locale is the language (BCP 47) that the pool's own text is in: it becomes Message.Locale, whatever the hook returns.
	Locale string
}

// CustomMessageResult is the text of a message; what is empty stays as it is. EmailMessage and SMSMessage must have the CodeParameter and the
// LinkParameter of the event, where it has them; "{##Click here##}", Cognito's form of a link with the words to click on, is a LinkParameter
// too. See MessageTemplate for the other places that each kind of message has.
type CustomMessageResult struct {
	// SMSMessage is for phones: at most 480 characters.
	SMSMessage string
	// EmailMessage is for e-mail: text, or HTML, which is made a whole document if it is not one, of at most 20,000 bytes. EmailSubject has at
	// most 140 characters.
	EmailMessage string
	EmailSubject string
}

// InboundFederationEvent is what another provider says about a person.
type InboundFederationEvent struct {
	Trigger      Trigger
	ProviderName string
	// Attributes have the provider's names.
	Attributes map[string][]string
}

// InboundFederationResult is what the pool is to believe.
type InboundFederationResult struct {
	// UserAttributesToMap take the place of the event's Attributes: what is not in it is dropped. Empty keeps all. At most 64 KiB.
	UserAttributesToMap map[string][]string
}
