package userpool

import (
	"context"
	"maps"
	"slices"
	"time"
)

// AuthFlow is a way to sign in, with Cognito's names.
type AuthFlow string

const (
	// UserPasswordAuth sends the user name and the password.
	UserPasswordAuth AuthFlow = "USER_PASSWORD_AUTH"
	// UserSRPAuth proves the password by Secure Remote Password, without sending it. What Cognito's SDKs call the name of the pool is the part of
	// Config.ID after its underscore. The pool keeps passwords in Unicode's form NFC (RFC 8265, 4.1), and cannot see what a client computes
	// with: one that lets people type other forms normalizes them.
	UserSRPAuth AuthFlow = "USER_SRP_AUTH"
	// CustomAuth asks what the hooks DefineAuthChallenge, CreateAuthChallenge and VerifyAuthChallengeResponse want.
	CustomAuth AuthFlow = "CUSTOM_AUTH"
	// UserAuth lets the person choose among Settings.FirstFactors.
	UserAuth AuthFlow = "USER_AUTH"
	// RefreshTokenAuth renews tokens; see GetTokensFromRefreshToken, which does the same. Clients with rotation can use it too, unlike in
	// Cognito, as the outcome has the new refresh token.
	RefreshTokenAuth AuthFlow = "REFRESH_TOKEN_AUTH"
	// AdminUserPasswordAuth is UserPasswordAuth from the server of an application; only AdminInitiateAuth takes it.
	AdminUserPasswordAuth AuthFlow = "ADMIN_USER_PASSWORD_AUTH"
)

var authFlows = []AuthFlow{UserPasswordAuth, UserSRPAuth, CustomAuth, UserAuth, RefreshTokenAuth, AdminUserPasswordAuth}

// AuthResult says what a sign-in ends in. The zero value is ResultTokens.
type AuthResult int

const (
	// ResultTokens is access, ID and refresh token for an app client.
	ResultTokens AuthResult = iota
	// ResultBrowserSession is a session for a cookie of the hosted pages.
	ResultBrowserSession
)

// InitiateAuthInput begins a sign-in.
type InitiateAuthInput struct {
	AuthFlow AuthFlow
	// ClientID names the app client, which must have the flow among its AuthFlows. A confidential client proves itself by ClientSecret, or by
	// SecretHash, which is the base64 of HMAC-SHA256(secret, Username + ClientID). All are empty with ResultBrowserSession.
	ClientID     string
	ClientSecret string
	SecretHash   string
	// Username is what the person typed: an e-mail address, a phone number or a name, as Settings.UsernameAttributes and AliasAttributes
	// allow, or the user's sub. UserAuth takes none if Session is given, or if PreferredChallenge is ChallengeWebAuthn: then the
	// authenticator says who it is.
	Username string
	// Password is for UserPasswordAuth and AdminUserPasswordAuth, and for UserAuth with the PreferredChallenge ChallengePassword.
	Password string
	// SRPA is the client's public value in hexadecimal, for UserSRPAuth, for UserAuth with the PreferredChallenge ChallengePasswordSRP, and for
	// CustomAuth that begins with SRP.
	SRPA string
	// PreferredChallenge is what UserAuth should ask for. If the user does not have it, the person chooses.
	PreferredChallenge ChallengeName
	// RefreshToken is for RefreshTokenAuth.
	RefreshToken string
	// DeviceKey is the key of a device that the pool remembers, or empty. A key that the pool does not know is passed over.
	DeviceKey string
	// Session is the one of ConfirmSignUpOutput, for UserAuth.
	Session string
	// Result is what the sign-in ends in.
	Result AuthResult
	// Replaces is the secret of the session that the browser has, or empty. With ResultBrowserSession the new session takes its place,
	// and the old secret is void. If the old session was another user's, it ends, with the tokens that were issued through it; if it was
	// the same user's, those tokens stay valid.
	Replaces string
	// ACR is the least authentication context class that the sign-in must reach, or empty; see ACRMultiFactor.
	ACR string
	// ClientMetadata is handed to the hooks PreAuthentication (as ValidationData), UserMigration and CustomMessage.
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// AuthOutcome is what a sign-in led to: a challenge to answer, or what InitiateAuthInput.Result asked for.
type AuthOutcome struct {
	// Challenge is the next step, to be answered by RespondToAuthChallenge; nil when the sign-in is done.
	Challenge *Challenge
	// Tokens are set for ResultTokens.
	Tokens *Tokens
	// NewDevice is set beside Tokens if the pool tracks devices and does not know this one; see ConfirmDevice.
	NewDevice *NewDeviceMetadata
	// BrowserSession is the value of the cookie, a secret, for ResultBrowserSession; it is valid until BrowserSessionExpires.
	BrowserSession        string
	BrowserSessionExpires time.Time
}

// NewDeviceMetadata names a device that the pool does not know yet.
type NewDeviceMetadata struct {
	DeviceKey      string
	DeviceGroupKey string
}

// InitiateAuth begins to sign a person in. Unknown users, wrong passwords, disabled users and users without a password all get
// NotAuthorized, after the same work; failures are counted for each account, by whatever name, and for each name without one.
//
// Errors: NotAuthorized; UserNotConfirmed, with a Session for ConfirmSignUp, if the proof is right and the sign-up was not confirmed;
// PasswordResetRequired, if the password is right; LimitExceeded; InvalidParameter; InvalidClient; UnauthorizedClient if the client may not
// use the flow, or has no CognitoProvider among its IdentityProviders; UserHookFailed; UserNotFound where the client reveals it;
// MFAMethodNotFound if a second factor is wanted and the user can have none; CodeDeliveryFailure if the code of a challenge could not be
// sent.
func (p *Pool) InitiateAuth(ctx context.Context, in InitiateAuthInput) (*AuthOutcome, error) {
	if in.AuthFlow == AdminUserPasswordAuth {
		return nil, failField(InvalidParameter, "authFlow", "The flow %s is for AdminInitiateAuth.", AdminUserPasswordAuth)
	}
	return p.initiateAuth(ctx, in, false)
}

// AdminInitiateAuth is InitiateAuth for the server of an application, which vouches for the request: it takes the flow
// AdminUserPasswordAuth besides. AdminRespondToAuthChallenge goes on. Devices are not tracked.
func (p *Pool) AdminInitiateAuth(ctx context.Context, in InitiateAuthInput) (*AuthOutcome, error) {
	return p.initiateAuth(ctx, in, true)
}

func (p *Pool) initiateAuth(ctx context.Context, in InitiateAuthInput, admin bool) (*AuthOutcome, error) {
	s := &signIn{
		Flow: in.AuthFlow, Admin: admin, Result: in.Result, Replaces: in.Replaces, ACR: in.ACR, DeviceKey: namedDevice(in.DeviceKey), Context: in.UserContext,
		ValidationData: maps.Clone(in.ClientMetadata),
	}
	if !slices.Contains(authFlows, in.AuthFlow) {
		return nil, failField(InvalidParameter, "authFlow", "The flow %q is not supported.", printable(string(in.AuthFlow)))
	}
	if err := checkACR(in.ACR); err != nil {
		return nil, err
	}
	if in.Result == ResultBrowserSession {
		if in.ClientID != "" || in.ClientSecret != "" || in.SecretHash != "" {
			return nil, failField(InvalidParameter, "clientId", "A sign-in of a browser is not for one client: leave the client out.")
		}
		if s.client = p.browserClient(); !s.client.allows(in.AuthFlow) {
			return nil, fail(UnauthorizedClient, "The flow "+string(in.AuthFlow)+" is not for the hosted pages.")
		}
	} else {
		var err error
		if s.client, err = p.proveClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username); err != nil {
			return nil, err
		}
		s.ClientID = s.client.ID
		if !s.client.allows(in.AuthFlow) {
			return nil, fail(UnauthorizedClient, "The client may not use the flow "+string(in.AuthFlow)+": add it to its AuthFlows.")
		}
		if in.AuthFlow != RefreshTokenAuth {
			if err := s.client.mayUsePool(); err != nil {
				return nil, err
			}
		}
	}
	out, err := p.begin(ctx, s, in)
	p.auditFailedSignIn(ctx, s, err)
	return out, err
}

// browserClient stands for the hosted pages: they are no client, and may do what the settings allow.
func (p *Pool) browserClient() Client {
	return Client{AuthFlows: []AuthFlow{UserPasswordAuth, UserAuth}, AuthSessionValidity: 10 * time.Minute}
}

// begin takes the first step of a flow.
func (p *Pool) begin(ctx context.Context, s *signIn, in InitiateAuthInput) (*AuthOutcome, error) {
	switch in.AuthFlow {
	case UserPasswordAuth, AdminUserPasswordAuth:
		return p.beginPassword(ctx, s, in)
	case UserSRPAuth:
		return p.beginSRP(ctx, s, in)
	case CustomAuth:
		return p.beginCustom(ctx, s, in)
	case UserAuth:
		return p.beginChoice(ctx, s, in)
	}
	tokens, err := p.GetTokensFromRefreshToken(ctx, GetTokensFromRefreshTokenInput{
		RefreshToken: in.RefreshToken, ClientID: in.ClientID, ClientSecret: in.ClientSecret, SecretHash: in.SecretHash,
		Username: in.Username, DeviceKey: in.DeviceKey,
	})
	if err != nil {
		return nil, err
	}
	return &AuthOutcome{Tokens: tokens}, nil
}
