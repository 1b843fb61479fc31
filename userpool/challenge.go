package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// ChallengeName is a step of a sign-in, with Cognito's names.
type ChallengeName string

// The challenges that a sign-in can ask for.
const (
	// ChallengeSelectChallenge lets the person choose the first factor from Challenge.Choices: the answer is ChallengeResponse.Answer, with
	// what the choice takes (Password, SRPA) if it is there already.
	ChallengeSelectChallenge ChallengeName = "SELECT_CHALLENGE"
	// ChallengePassword is answered by Password, and ChallengePasswordSRP by SRPA.
	ChallengePassword    ChallengeName = "PASSWORD"
	ChallengePasswordSRP ChallengeName = "PASSWORD_SRP"
	// ChallengePasswordVerifier gives Challenge.SRP and is answered by Signature, SecretBlock and Timestamp.
	ChallengePasswordVerifier ChallengeName = "PASSWORD_VERIFIER"
	// ChallengeEmailOTP and ChallengeSMSOTP are answered by the code that was sent, in Answer. EMAIL_OTP is a first and a second factor.
	ChallengeEmailOTP ChallengeName = "EMAIL_OTP"
	ChallengeSMSOTP   ChallengeName = "SMS_OTP"
	// ChallengeEmailLink is a link that was sent by e-mail, which Cognito does not have; the answer is the parameter "token" of the link, in
	// Answer. It is answered in the browser that began, which has the session: see Settings.SignInLinkURL.
	ChallengeEmailLink ChallengeName = "EMAIL_LINK"
	// ChallengeWebAuthn gives Challenge.CredentialRequestOptions and is answered by Credential.
	ChallengeWebAuthn ChallengeName = "WEB_AUTHN"
	// ChallengeCustom gives Challenge.Parameters, as the hook CreateAuthChallenge made them, and is answered by Answer.
	ChallengeCustom ChallengeName = "CUSTOM_CHALLENGE"
	// ChallengeNewPasswordRequired gives RequiredAttributes and UserAttributes, and is answered by NewPassword and UserAttributes.
	ChallengeNewPasswordRequired ChallengeName = "NEW_PASSWORD_REQUIRED"
	// ChallengeMFASetup wants a second factor from Challenge.Choices to be set up: an authenticator app by AssociateSoftwareToken and
	// VerifySoftwareToken with the session, whose new session is then the answer; or an address that gets codes, in UserAttributes.
	ChallengeMFASetup ChallengeName = "MFA_SETUP"
	// ChallengeSelectMFAType lets the person choose the second factor from Challenge.Choices; the answer is Answer.
	ChallengeSelectMFAType ChallengeName = "SELECT_MFA_TYPE"
	// ChallengeSoftwareTokenMFA is answered by the code of the authenticator app, and ChallengeSMSMFA by the one that was sent, in Answer.
	// A recovery code in its place answers either, and EMAIL_OTP as a second factor.
	ChallengeSoftwareTokenMFA ChallengeName = "SOFTWARE_TOKEN_MFA"
	ChallengeSMSMFA           ChallengeName = "SMS_MFA"
	// ChallengeDeviceSRPAuth is answered by DeviceKey and SRPA, and ChallengeDevicePassword, which gives Challenge.SRP, by DeviceKey,
	// Signature, SecretBlock and Timestamp. Both stand in the place of the second factor; a client that cannot answer them begins the sign-in
	// again without DeviceKey.
	ChallengeDeviceSRPAuth  ChallengeName = "DEVICE_SRP_AUTH"
	ChallengeDevicePassword ChallengeName = "DEVICE_PASSWORD_VERIFIER"
)

// Challenge is a step that the person, or the client for them, must take.
type Challenge struct {
	Name ChallengeName
	// Session is opaque, a secret, and answers this challenge once, within the client's AuthSessionValidity.
	Session string
	// Username is what the client puts into SECRET_HASH from here on: the user's sub.
	Username string
	// Choices are set as the comment of the challenge's name says, and so are the fields below.
	Choices []ChallengeName
	// Delivery says where a code was sent.
	Delivery *CodeDeliveryDetails
	// CredentialRequestOptions is the PublicKeyCredentialRequestOptionsJSON for navigator.credentials.get.
	CredentialRequestOptions string
	// SRP is the server's half of Secure Remote Password.
	SRP *SRPParameters
	// RequiredAttributes must be given with the new password; UserAttributes are those that the user has.
	RequiredAttributes []string
	UserAttributes     map[string]string
	// FriendlyDeviceName is what the user calls the authenticator app.
	FriendlyDeviceName string
	// Parameters are public parameters of a custom challenge.
	Parameters map[string]string
}

// SRPParameters are the server's half of Secure Remote Password: Salt and B in hexadecimal, SecretBlock in base64, and the user ID that goes
// into the proof, which for a device is its key.
type SRPParameters struct {
	Salt         string
	B            string
	SecretBlock  string
	UserIDForSRP string
}

// RespondToAuthChallengeInput is the answer to a challenge.
type RespondToAuthChallengeInput struct {
	// ChallengeName and Session are those of the Challenge.
	ChallengeName ChallengeName
	Session       string
	// ClientID, and ClientSecret or SecretHash, are those that InitiateAuth had; SecretHash is made of Username.
	ClientID     string
	ClientSecret string
	SecretHash   string
	// Username is Challenge.Username, and is needed for SecretHash only.
	Username string
	// Response answers the challenge.
	Response ChallengeResponse
	// ClientMetadata is handed to the hooks that this step calls.
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// ChallengeResponse is what answers a challenge; the comments of the challenges' names, from [ChallengeSelectChallenge] on, say which
// fields.
type ChallengeResponse struct {
	// Answer is a code, a choice, or the answer to a custom challenge.
	Answer string
	// Password and NewPassword are as they were typed.
	Password    string
	NewPassword string
	// UserAttributes are attributes that are set together with the new password, or an address that is to get codes.
	UserAttributes map[string]string
	// SRPA is in hexadecimal, Signature and SecretBlock in base64, Timestamp such as "Tue Sep 5 07:30:00 UTC 2023".
	SRPA        string
	Signature   string
	SecretBlock string
	Timestamp   string
	// DeviceKey names the device, as InitiateAuthInput.DeviceKey does, with any response.
	DeviceKey string
	// Credential is the AuthenticationResponseJSON of the browser.
	Credential string
}

// RespondToAuthChallenge answers a challenge of a sign-in, and returns the next one, or what the sign-in ends in. A session answers once: of
// several calls at once, one is looked at. Which fields of [ChallengeResponse] count, the comments of the challenges' names say: see
// [ChallengeSelectChallenge] and those after it. After a wrong code the error is CodeMismatch and its Session takes another try. A new
// UserContext replaces that of InitiateAuth.
//
// Errors: those of InitiateAuth; NotAuthorized also for a session that is not valid, too old, or was answered already; CodeMismatch and
// ExpiredCode for codes; InvalidPassword and PasswordHistoryPolicyViolation for a new password.
func (p *Pool) RespondToAuthChallenge(ctx context.Context, in RespondToAuthChallengeInput) (*AuthOutcome, error) {
	return p.respond(ctx, in, false)
}

// AdminRespondToAuthChallenge is RespondToAuthChallenge for a sign-in that AdminInitiateAuth began.
func (p *Pool) AdminRespondToAuthChallenge(ctx context.Context, in RespondToAuthChallengeInput) (*AuthOutcome, error) {
	return p.respond(ctx, in, true)
}

func (p *Pool) respond(ctx context.Context, in RespondToAuthChallengeInput, admin bool) (*AuthOutcome, error) {
	var client Client
	if in.ClientID != "" || in.ClientSecret != "" || in.SecretHash != "" {
		var err error
		if client, err = p.proveClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username); err != nil {
			return nil, err
		}
	}
	s, err := p.takeSession(ctx, in.Session)
	if err != nil {
		return nil, err
	}
	if s.ClientID != client.ID || s.Challenge != in.ChallengeName || s.Admin && !admin {
		return nil, invalidSession()
	}
	s.client, s.metadata = client, maps.Clone(in.ClientMetadata)
	if s.Result == ResultBrowserSession {
		s.client = p.browserClient()
	}
	if in.UserContext != (UserContextData{}) {
		s.Context = in.UserContext
	}
	s.answering = true
	if err := p.reload(ctx, s); err != nil {
		return nil, err
	}
	if key := namedDevice(in.Response.DeviceKey); key != "" && !s.asksDevice() {
		s.DeviceKey = key
	}
	out, err := p.answer(ctx, s, in.Response)
	p.auditFailedSignIn(ctx, s, err)
	return out, err
}

// answer hands a response to the step that asked for it. Steps never call each other: each ends in advance, in ask, or in an error.
func (p *Pool) answer(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if p.switchedOff(s) {
		return nil, invalidSession()
	}
	switch s.Challenge {
	case ChallengeSelectChallenge:
		return p.answerChoice(ctx, s, r)
	case ChallengePassword:
		return p.answerPassword(ctx, s, r)
	case ChallengePasswordSRP:
		return p.answerSRPA(ctx, s, r)
	case ChallengePasswordVerifier:
		return p.answerSRP(ctx, s, r)
	case ChallengeEmailLink:
		return p.answerSignInLink(ctx, s, r)
	case ChallengeWebAuthn:
		return p.answerWebAuthn(ctx, s, r)
	case ChallengeCustom:
		return p.answerCustom(ctx, s, r)
	case ChallengeNewPasswordRequired:
		return p.answerNewPassword(ctx, s, r)
	case ChallengeMFASetup:
		return p.answerMFASetup(ctx, s, r)
	case ChallengeSelectMFAType:
		return p.answerMFAChoice(ctx, s, r)
	case ChallengeSoftwareTokenMFA:
		return p.answerSoftwareToken(ctx, s, r)
	case ChallengeEmailOTP, ChallengeSMSOTP, ChallengeSMSMFA:
		return p.answerOTP(ctx, s, r)
	case ChallengeDeviceSRPAuth:
		return p.answerDeviceSRPA(ctx, s, r)
	case ChallengeDevicePassword:
		return p.answerDeviceSRP(ctx, s, r)
	}
	return nil, invalidSession()
}

// switchedOff tells whether the challenge is for a first factor that the settings do not have any more.
func (p *Pool) switchedOff(s *signIn) bool {
	switch s.Challenge {
	case ChallengeEmailLink, ChallengeWebAuthn:
	case ChallengeEmailOTP, ChallengeSMSOTP:
		if s.MFA.Asked {
			return false
		}
	default:
		return false
	}
	return !slices.Contains(p.settings.FirstFactors, s.Challenge)
}

// ask prepares a challenge and keeps the sign-in until it is answered.
func (p *Pool) ask(ctx context.Context, s *signIn, name ChallengeName) (*AuthOutcome, error) {
	sub, err := p.publicSub(ctx, s)
	if err != nil {
		return nil, err
	}
	c := &Challenge{Name: name, Username: sub}
	switch name {
	case ChallengeSelectChallenge, ChallengeMFASetup, ChallengeSelectMFAType:
		c.Choices = s.Choices
	case ChallengeNewPasswordRequired:
		p.askNewPassword(s, c)
	case ChallengeCustom:
		c.Parameters = s.Custom.public
	case ChallengeSoftwareTokenMFA:
		c.FriendlyDeviceName = s.user.SoftwareToken.Name
	case ChallengeEmailOTP, ChallengeSMSOTP, ChallengeSMSMFA:
		c.Delivery, err = p.askOTP(ctx, s, name)
	case ChallengeEmailLink:
		c.Delivery, err = p.askSignInLink(ctx, s)
	case ChallengeWebAuthn:
		c.CredentialRequestOptions, err = p.askWebAuthn(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	return p.challenge(ctx, s, c)
}

// challenge keeps a sign-in until this challenge is answered.
func (p *Pool) challenge(ctx context.Context, s *signIn, c *Challenge) (*AuthOutcome, error) {
	s.Challenge = c.Name
	var err error
	if c.Session, err = p.putSession(ctx, s); err != nil {
		return nil, err
	}
	return &AuthOutcome{Challenge: c}, nil
}

// putSession seals a sign-in into a new session.
func (p *Pool) putSession(ctx context.Context, s *signIn) (string, error) {
	session, err := p.newSecret()
	if err != nil {
		return "", err
	}
	return session, p.putTicket(ctx, ticketChallenge, session, s, max(s.Validity, s.client.AuthSessionValidity))
}

// takeSession uses a session up.
func (p *Pool) takeSession(ctx context.Context, session string) (*signIn, error) {
	if len(session) != 43 {
		return nil, invalidSession()
	}
	var s signIn
	found, used, err := p.takeTicket(ctx, ticketChallenge, session, &s)
	if err != nil {
		return nil, err
	}
	if !found || used {
		return nil, invalidSession()
	}
	return &s, nil
}

// again gives a wrong answer another try: the error carries a new session for the same challenge.
func (p *Pool) again(ctx context.Context, s *signIn, wrong error) error {
	e, ok := errors.AsType[*Error](wrong)
	if !ok {
		return wrong
	}
	session, err := p.putSession(ctx, s)
	if err != nil {
		return err
	}
	c := *e
	c.Session = session
	return &c
}
