package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// signIn is a sign-in on its way. Between two steps it is sealed under the secret of the challenge session; see ticket.
type signIn struct {
	Flow     AuthFlow
	Admin    bool
	Result   AuthResult
	ClientID string
	Replaces string
	// ACR is the least class that the sign-in must reach.
	ACR string
	// Name is what was typed, in its canonical form; Subject is what attempts are counted for.
	Name    Identifier
	Subject string
	// PublicSub is the sub that is shown for the name; see account.public.
	PublicSub string
	// Sub and Epoch are the user's as the sign-in began; Sub is empty if there is no such user, or none who may know it.
	Sub   string
	Epoch int64
	// Challenge is what must be answered now.
	Challenge ChallengeName
	// AMR are the methods that succeeded. The first factor is done if there is any.
	AMR      []string
	AuthTime time.Time
	// DeviceKey is the device that the client says it is, and in the end the one that its tokens name; Device is set once it proved it.
	DeviceKey string
	Device    string
	// Asked is true once the hook PreAuthentication has let this sign-in begin.
	Asked bool
	// PasswordSet is true once NEW_PASSWORD_REQUIRED was answered.
	PasswordSet bool
	// MFADone is true once a second factor, or what stands in for it, succeeded.
	MFADone bool
	// MFA is what the steps of the second factor keep.
	MFA mfaSteps
	// Choices are what the person may choose from, at SELECT_CHALLENGE, SELECT_MFA_TYPE and MFA_SETUP.
	Choices []ChallengeName
	// Provider is the identity provider that the person came from.
	Provider string
	// ProviderSession is what the provider said of its session, or nil.
	ProviderSession *providerSession
	// ValidationData is the ClientMetadata of InitiateAuth, for hooks.
	ValidationData map[string]string
	Context        UserContextData
	// SRP, Custom and WebAuthn are what the challenges of these kinds keep.
	SRP      []byte
	Custom   *customAuth
	WebAuthn []byte
	// Link is the link that answers EMAIL_LINK.
	Link signInLink
	// Validity is how long the challenge waits, if that is longer than usual.
	Validity time.Duration
	// Account is the user who was named, also one who cannot sign in, and Outside is then why, for the audit trail.
	Account string
	Outside string
	// Proofs is how many counted proofs of this sign-in were right.
	Proofs int64
	// Assessed is true once the risk was judged as Risk. WantMFA is true if it asks for a second factor, Blocked if it refused.
	Assessed bool
	Risk     RiskLevel
	WantMFA  bool
	Blocked  bool

	// Of this request: whether a proof was counted and is not judged yet, the wait after it, and whether a challenge is being answered.
	counted   bool
	wait      time.Duration
	answering bool

	client   Client
	user     User
	metadata map[string]string // of this request
}

// Methods of authentication (RFC 8176).
const (
	amrPassword = "pwd"
	amrOTP      = "otp"
	amrSMS      = "sms"
	amrKey      = "hwk"
	// amrSoftwareKey is a key that can leave its device.
	amrSoftwareKey = "swk"
	amrMFA         = "mfa"
	amrUser        = "user"
	// amrDevice is the secret of a remembered device (OpenID Connect EAP ACR Values 1.0).
	amrDevice = "pop"
	// amrFederated is a sign-in at another provider; RFC 8176 has no name for it, and Entra ID calls it so.
	amrFederated = "fed"
)

// proved notes a method that succeeded.
func (s *signIn) proved(now time.Time, methods ...string) {
	for _, m := range methods {
		if !slices.Contains(s.AMR, m) {
			s.AMR = append(s.AMR, m)
		}
	}
	s.AuthTime = now
	if s.counted {
		s.counted = false
		s.Proofs++
	}
}

// of takes the user of an account into the sign-in. A user who cannot sign in now, or only at another provider, stays outside, so that all
// that follows is done as for somebody who is not there.
func (s *signIn) of(a account) {
	s.Name, s.Subject, s.PublicSub, s.Account, s.Outside = a.id, a.subject(), a.public(), a.user.Sub, a.user.outside()
	if a.found && s.Outside == "" {
		s.user = a.user
		s.Sub, s.Epoch = a.user.Sub, a.user.Epoch
	}
}

// outside says why a user cannot sign in here, or is empty. Who signs in elsewhere would stay when the other provider has shut them out.
func (u User) outside() string {
	switch {
	case u.Sub == "":
		return ""
	case !u.Enabled:
		return "disabled user"
	case u.Status == StatusExternalProvider:
		return "user of another provider"
	}
	return ""
}

// advance decides, after each step that succeeded, what comes next: the one place that does. Whoever is here has proved the first factor.
func (p *Pool) advance(ctx context.Context, s *signIn) (*AuthOutcome, error) {
	u := s.user
	if u.Sub == "" || !u.Enabled {
		return nil, p.notAuthorized()
	}
	if err := p.assessRisk(ctx, s); err != nil {
		return nil, err
	}
	switch {
	case u.Status == StatusUnconfirmed:
		if err := p.forgetFailures(ctx, s); err != nil {
			return nil, err
		}
		return nil, &Error{
			Code: UserNotConfirmed, Session: u.Sub,
			Message: "Your account is not confirmed yet. Enter the code that was sent to you, or ask for a new one.",
		}
	case u.Status == StatusResetRequired && s.byPassword():
		return nil, fail(PasswordResetRequired, "You must set a new password. Choose \"Forgotten password\" to get a code.")
	case u.Status == StatusForceChangePassword && s.byPassword():
		if !u.PasswordExpires.IsZero() && !p.now().Before(u.PasswordExpires) {
			return nil, fail(NotAuthorized, "The temporary password has expired. Choose \"Forgotten password\", or ask an administrator for a new one.")
		}
		return p.ask(ctx, s, ChallengeNewPasswordRequired)
	}
	next, err := p.nextFactor(ctx, s)
	if err != nil {
		return nil, err
	}
	if next != "" {
		return p.ask(ctx, s, next)
	}
	if s.Custom.open() {
		return p.defineChallenge(ctx, s)
	}
	return p.finishSignIn(ctx, s)
}

func (s *signIn) byPassword() bool { return slices.Contains(s.AMR, amrPassword) }

// finishSignIn is the one way out of every sign-in.
func (p *Pool) finishSignIn(ctx context.Context, s *signIn) (*AuthOutcome, error) {
	out, err := p.completeSignIn(ctx, s)
	if err == nil {
		p.learn(ctx, s)
		p.auditSignIn(ctx, s)
	}
	return out, err
}

func (p *Pool) completeSignIn(ctx context.Context, s *signIn) (*AuthOutcome, error) {
	if err := p.forgetFailures(ctx, s); err != nil {
		return nil, err
	}
	device, err := p.signInDevice(ctx, s)
	if err != nil {
		return nil, err
	}
	event := userEvent(s.user, s.ClientID)
	event.ClientMetadata = maps.Clone(s.metadata)
	event.Trigger = TriggerPostAuthentication
	event.NewDeviceUsed = device != nil
	if err := p.runUserHook(ctx, "PostAuthentication", p.hooks.PostAuthentication, event); err != nil {
		return nil, err
	}
	if s.Result == ResultBrowserSession {
		return p.newBrowserSession(ctx, s)
	}
	id, err := p.newID()
	if err != nil {
		return nil, err
	}
	tokens, err := p.newTokens(ctx, tokenGrant{
		user: s.user, client: s.client, scopes: []string{ScopeUserAdmin}, sessionID: id, authTime: s.AuthTime, provider: s.Provider,
		amr: s.AMR, deviceKey: s.DeviceKey, context: s.Context, trigger: s.tokenTrigger(), metadata: s.metadata,
	})
	if err == nil && device == nil {
		err = p.endIfForgotten(ctx, s, id)
	}
	if err != nil {
		return nil, err
	}
	return &AuthOutcome{Tokens: tokens, NewDevice: device}, nil
}

// tokenTrigger says to the hook PreTokenGeneration why tokens are made.
func (s *signIn) tokenTrigger() Trigger {
	switch {
	case s.PasswordSet:
		return TriggerTokensNewPassword
	case s.Device != "":
		return TriggerTokensDevice
	}
	return TriggerTokensAuthentication
}

// notAuthorized is the answer to whoever did not prove who they are, whatever the reason.
func (p *Pool) notAuthorized() error {
	return fail(NotAuthorized, "Incorrect "+p.settings.usernameLabel()+" or password.")
}

// preAuthentication runs the hook that may refuse before anything is looked at, once in a sign-in.
func (p *Pool) preAuthentication(ctx context.Context, s *signIn) error {
	if s.Asked {
		return nil
	}
	s.Asked = true
	event := userEvent(s.user, s.ClientID)
	event.UserNotFound = s.user.Sub == ""
	event.ValidationData = maps.Clone(s.ValidationData)
	event.Trigger = TriggerPreAuthentication
	if event.UserNotFound {
		event.Username = s.Name.Value
	}
	if event.Attributes == nil {
		event.Attributes = map[string]string{}
		if s.Name.Kind == IdentifierEmail || s.Name.Kind == IdentifierPhone {
			event.Attributes[s.Name.Kind] = s.Name.Value
		}
	}
	return p.runUserHook(ctx, "PreAuthentication", p.hooks.PreAuthentication, event)
}

// reload reads the user of a sign-in again. Nobody goes on who was disabled, deleted or signed out everywhere since it began.
func (p *Pool) reload(ctx context.Context, s *signIn) error {
	if s.Sub == "" {
		return nil
	}
	u, err := p.store.User(ctx, p.id, s.Sub)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return unavailable("reading a user", err)
	}
	if err != nil || !u.Enabled || u.Epoch != s.Epoch || s.Provider != "" && !u.signsInAt(s.Provider) {
		return invalidSession()
	}
	s.user = u
	return nil
}

func invalidSession() error {
	return fail(NotAuthorized, "The sign-in took too long, or this step was answered already. Please begin again.")
}
