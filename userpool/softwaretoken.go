package userpool

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/userpool/internal/totp"
)

// setUpValidity is how long an authenticator app that was associated waits to be verified.
const setUpValidity = 15 * time.Minute

// AssociateSoftwareTokenInput says who sets up an authenticator app.
type AssociateSoftwareTokenInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session. Session, in its place, is that of
	// the challenge MFA_SETUP.
	AccessToken string
	Session     string
}

// AssociateSoftwareTokenOutput has the secret that the app and the pool share.
type AssociateSoftwareTokenOutput struct {
	// SecretCode is the secret, to be typed into the app: 32 characters of base32 for 160 bits. It cannot be read again.
	SecretCode string
	// URI is the same for a QR code: an otpauth URI of type totp.
	URI string
	// Session is for VerifySoftwareToken, if a Session was given.
	Session string
}

// AssociateSoftwareToken begins to set up an authenticator app (RFC 6238: SHA-1, 6 digits, 30 seconds), which VerifySoftwareToken ends
// within 15 minutes. Until then nothing changes: an app that the user has keeps working.
//
// Errors: NotAuthorized for a token or session that is not valid; InsufficientScope; MFAMethodNotFound if the pool does not allow
// authenticator apps; and, for a user who has a second factor, LoginRequired if the last sign-in is more than 10 minutes ago, and
// InsufficientAuthentication if it did without the app that the user had.
func (p *Pool) AssociateSoftwareToken(ctx context.Context, in AssociateSoftwareTokenInput) (AssociateSoftwareTokenOutput, error) {
	if !p.allowsFactor(ChallengeSoftwareTokenMFA) {
		return AssociateSoftwareTokenOutput{}, mfaMethodNotFound("Authenticator apps cannot be used here.")
	}
	secret, err := totp.NewSecret(p.rand)
	if err != nil {
		return AssociateSoftwareTokenOutput{}, err
	}
	var u User
	var session string
	if in.Session != "" {
		if u, session, err = p.associateBySession(ctx, in.Session, secret); err != nil {
			return AssociateSoftwareTokenOutput{}, err
		}
	} else if u, err = p.associateByToken(ctx, in.AccessToken, secret); err != nil {
		return AssociateSoftwareTokenOutput{}, err
	}
	return AssociateSoftwareTokenOutput{
		SecretCode: totp.Encode(secret), URI: totp.KeyURI(p.serviceName(), u.accountLabel(), secret), Session: session,
	}, nil
}

func (p *Pool) associateByToken(ctx context.Context, accessToken string, secret []byte) (User, error) {
	c, err := p.caller(ctx, accessToken)
	if err != nil {
		return User{}, err
	}
	sealed, err := p.seal(ctx, secret, softwareTokenLabel(c.user.Sub))
	if err != nil {
		return User{}, err
	}
	return p.changeUser(ctx, c.user.Sub, func(u *User) error {
		if err := c.mayChangeFactors(*u, p.now()); err != nil {
			return err
		}
		u.NewSoftwareToken = &SoftwareToken{Secret: sealed, Created: p.now()}
		return nil
	})
}

func (p *Pool) associateBySession(ctx context.Context, session string, secret []byte) (User, string, error) {
	s, err := p.takeSetUp(ctx, session)
	if err != nil {
		return User{}, "", err
	}
	// The secret stays in the sign-in until it is verified: another one of the same user has its own.
	s.MFA.NewSecret = secret
	next, err := p.putSession(ctx, s)
	return s.user, next, err
}

// takeSetUp uses up a session that waits for an authenticator app to be set up.
func (p *Pool) takeSetUp(ctx context.Context, session string) (*signIn, error) {
	s, err := p.takeSession(ctx, session)
	if err != nil {
		return nil, err
	}
	if s.Result == ResultBrowserSession {
		s.client = p.browserClient()
	} else if s.client, _ = p.client(s.ClientID); s.client.ID == "" {
		return nil, invalidSession()
	}
	if err := p.reload(ctx, s); err != nil {
		return nil, err
	}
	offered := slices.Contains(s.Choices, ChallengeSoftwareTokenMFA)
	if s.Challenge != ChallengeMFASetup || s.MFADone || !offered || len(p.switchedOn(s.user)) > 0 {
		return nil, invalidSession()
	}
	return s, nil
}

// VerifySoftwareTokenInput is the first code of a new authenticator app.
type VerifySoftwareTokenInput struct {
	// AccessToken is that of AssociateSoftwareToken, or another of the same user. Session, in its place, is the one that
	// AssociateSoftwareToken returned, or that an Error with EnableSoftwareTokenMFA has.
	AccessToken string
	Session     string
	// UserCode is the code that the app shows.
	UserCode string
	// FriendlyDeviceName is what the user calls the app: at most 100 characters, or empty.
	FriendlyDeviceName string
	UserContext        UserContextData
}

// VerifySoftwareTokenOutput says how to go on.
type VerifySoftwareTokenOutput struct {
	// Session answers the challenge MFA_SETUP, if a Session was given: RespondToAuthChallenge goes on with the sign-in.
	Session string
}

// VerifySoftwareToken takes the first code, which must be of the app that AssociateSoftwareToken gave the secret to. From then on the app
// is one of the user's second factors, in the place of the one before, and the preferred one if no other is: unlike in Cognito,
// SetUserMFAPreference need not be called. The user gets a message.
//
// Errors: EnableSoftwareTokenMFA for a wrong code, with a Session for another try; SoftwareTokenMFANotFound if nothing was begun within 15
// minutes; InvalidParameter, LimitExceeded, and those of AssociateSoftwareToken.
func (p *Pool) VerifySoftwareToken(ctx context.Context, in VerifySoftwareTokenInput) (VerifySoftwareTokenOutput, error) {
	if !p.allowsFactor(ChallengeSoftwareTokenMFA) {
		return VerifySoftwareTokenOutput{}, mfaMethodNotFound("Authenticator apps cannot be used here.")
	}
	if err := checkDeviceName(in.FriendlyDeviceName); err != nil {
		return VerifySoftwareTokenOutput{}, err
	}
	if in.Session != "" {
		session, err := p.verifyBySession(ctx, in)
		return VerifySoftwareTokenOutput{Session: session}, err
	}
	return VerifySoftwareTokenOutput{}, p.verifyByToken(ctx, in)
}

func (p *Pool) verifyByToken(ctx context.Context, in VerifySoftwareTokenInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	if err := p.countAttempt(ctx, limitCode, c.user.Sub, in.UserContext); err != nil {
		return err
	}
	u, err := p.changeUser(ctx, c.user.Sub, func(u *User) error {
		pending := u.NewSoftwareToken
		if pending == nil || p.now().Sub(pending.Created) > setUpValidity {
			return softwareTokenNotFound()
		}
		// What was begun soon enough after the sign-in may be ended.
		if err := c.mayChangeFactors(*u, pending.Created); err != nil {
			return err
		}
		secret, err := p.unseal(ctx, pending.Secret, softwareTokenLabel(u.Sub))
		if err != nil {
			return err
		}
		return p.takeSoftwareToken(u, secret, pending.Secret, in)
	})
	change := factorChange{
		operation: "VerifySoftwareToken", what: "added " + string(ChallengeSoftwareTokenMFA), user: u, clientID: c.client.ID, context: in.UserContext,
	}
	if err != nil {
		change.user = c.user
	} else {
		p.logFailure(ctx, "a count of wrong codes could not be ended", p.forget(ctx, limitCode, u.Sub))
	}
	p.factorChanged(ctx, change, err)
	return err
}

func (p *Pool) verifyBySession(ctx context.Context, in VerifySoftwareTokenInput) (string, error) {
	s, err := p.takeSetUp(ctx, in.Session)
	if err != nil {
		return "", err
	}
	if len(s.MFA.NewSecret) == 0 {
		return "", p.again(ctx, s, softwareTokenNotFound())
	}
	if in.UserContext != (UserContextData{}) {
		s.Context = in.UserContext
	}
	if err := p.countProof(ctx, s); err != nil {
		return "", p.again(ctx, s, err)
	}
	sealed, err := p.seal(ctx, s.MFA.NewSecret, softwareTokenLabel(s.user.Sub))
	if err != nil {
		return "", err
	}
	err = p.changeSignIn(ctx, s, func(u *User) error {
		if len(p.switchedOn(*u)) > 0 { // another sign-in set one up first
			return invalidSession()
		}
		return p.takeSoftwareToken(u, s.MFA.NewSecret, sealed, in)
	})
	p.factorChanged(ctx, factorChange{
		operation: "VerifySoftwareToken", what: "added " + string(ChallengeSoftwareTokenMFA), user: s.user, clientID: s.ClientID, context: s.Context,
	}, err)
	if codeOf(err) == EnableSoftwareTokenMFA {
		return "", p.again(ctx, s, err)
	}
	if err != nil {
		return "", err
	}
	s.MFA.NewSecret, s.MFADone = nil, true
	s.proved(p.now(), amrOTP, amrMFA)
	return p.putSession(ctx, s)
}

// takeSoftwareToken makes an app the user's if the code is right.
func (p *Pool) takeSoftwareToken(u *User, secret, sealed []byte, in VerifySoftwareTokenInput) error {
	step, ok := totp.Verify(secret, strings.Trim(in.UserCode, " "), p.now(), 0)
	if !ok {
		return failField(EnableSoftwareTokenMFA, "code", "This code does not belong to the new entry in your app. Please type the code that it shows now.")
	}
	u.SoftwareToken = &SoftwareToken{Secret: sealed, Name: in.FriendlyDeviceName, LastStep: step, Created: p.now()}
	u.NewSoftwareToken = nil
	u.switchOn(ChallengeSoftwareTokenMFA)
	return nil
}

// answerSoftwareToken answers the challenge SOFTWARE_TOKEN_MFA.
func (p *Pool) answerSoftwareToken(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	return p.proveSecondFactor(ctx, s, r.Answer, func(typed string) error { return p.useSoftwareToken(ctx, s, typed) }, amrOTP)
}

// useSoftwareToken takes a code of the app. The step that it belongs to is stored on the condition that nobody else has stored one: of
// several callers at once, on any number of processes, one succeeds.
func (p *Pool) useSoftwareToken(ctx context.Context, s *signIn, typed string) error {
	return p.changeSignIn(ctx, s, func(u *User) error {
		if u.SoftwareToken == nil {
			return invalidSession()
		}
		secret, err := p.unseal(ctx, u.SoftwareToken.Secret, softwareTokenLabel(u.Sub))
		if err != nil {
			return err
		}
		step, ok := totp.Verify(secret, strings.Trim(typed, " "), p.now(), u.SoftwareToken.LastStep)
		if !ok {
			return failField(CodeMismatch, "code", "This code is not right, or was used already. Please type the next one that your app shows.")
		}
		u.SoftwareToken.LastStep = step
		return nil
	})
}

// DeleteSoftwareToken takes away the authenticator app of the user of an access token. With the last second factor the recovery codes go
// too. The user gets a message.
//
// Errors: NotAuthorized, InsufficientScope, SoftwareTokenMFANotFound if the user has none, LoginRequired and InsufficientAuthentication as
// for AssociateSoftwareToken; UnsupportedOperation if the pool wants two factors and the user would have no second one.
func (p *Pool) DeleteSoftwareToken(ctx context.Context, accessToken string) error {
	c, err := p.caller(ctx, accessToken)
	if err != nil {
		return err
	}
	_, err = p.changeUser(ctx, c.user.Sub, func(u *User) error {
		if err := c.mayChangeFactors(*u, p.now()); err != nil {
			return err
		}
		if err := u.deleteSoftwareToken(); err != nil {
			return err
		}
		return p.keepsSecondFactor(*u)
	})
	p.factorChanged(ctx, factorChange{
		operation: "DeleteSoftwareToken", what: "removed " + string(ChallengeSoftwareTokenMFA), user: c.user, clientID: c.client.ID,
	}, err)
	return err
}

// AdminDeleteSoftwareToken takes away the authenticator app of a user, for instance of one who has lost it; see AdminGetUser for username.
// Where the pool wants two factors, the user sets up another one at the next sign-in. The user gets a message. Errors: UserNotFound,
// SoftwareTokenMFANotFound.
func (p *Pool) AdminDeleteSoftwareToken(ctx context.Context, username string) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	_, err = p.changeUser(ctx, u.Sub, (*User).deleteSoftwareToken)
	p.factorChanged(ctx, factorChange{operation: "AdminDeleteSoftwareToken", what: "removed " + string(ChallengeSoftwareTokenMFA), user: u}, err)
	return err
}

func (u *User) deleteSoftwareToken() error {
	if u.SoftwareToken == nil {
		return softwareTokenNotFound()
	}
	u.SoftwareToken, u.NewSoftwareToken = nil, nil
	u.switchOff(ChallengeSoftwareTokenMFA)
	u.preferOnly()
	return nil
}

func softwareTokenNotFound() error {
	return fail(SoftwareTokenMFANotFound, "There is no authenticator app, or setting it up took too long. Please begin again.")
}

func softwareTokenLabel(sub string) string { return "software-token/" + sub }

// allowsFactor tells whether users of the pool can have a second factor.
func (p *Pool) allowsFactor(f ChallengeName) bool {
	return p.settings.MFA != MFAOff && slices.Contains(p.settings.MFAFactors, f)
}

// serviceName is what authenticator apps show.
func (p *Pool) serviceName() string {
	if p.settings.Name != "" {
		return p.settings.Name
	}
	u, err := url.Parse(p.issuer)
	if err != nil {
		return p.issuer
	}
	return u.Hostname()
}

// accountLabel is what a user recognises the account by.
func (u User) accountLabel() string {
	for _, label := range []string{u.Attributes["email"], u.Attributes["phone_number"]} {
		if label != "" && u.Username == u.Sub {
			return label
		}
	}
	return u.Username
}

func checkDeviceName(name string) error {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > 100 || strings.ContainsFunc(name, unicode.IsControl) {
		return failField(InvalidParameter, "deviceName", "The name has more than 100 characters, or control characters.")
	}
	return nil
}
