package userpool

import (
	"context"
	"errors"
	"slices"
)

// MFAConfiguration says who must prove two factors, with Cognito's names.
type MFAConfiguration string

const (
	// MFAOff asks nobody for a second factor.
	MFAOff MFAConfiguration = "OFF"
	// MFAOptional asks those who set one up.
	MFAOptional MFAConfiguration = "OPTIONAL"
	// MFARequired asks everybody, and has those who have none set one up at their next sign-in. Cognito calls it ON.
	MFARequired MFAConfiguration = "ON"
)

// mfaSteps is what the steps of the second factor keep in a sign-in.
type mfaSteps struct {
	// Asked is true once nextFactor has asked for something: codes are second factors from then on.
	Asked bool
	// FirstAddress is the attribute whose code was the first factor, or empty: it cannot be the second too.
	FirstAddress string
	// CodeID names the request of a code: the code is worth nothing in any other sign-in (OWASP ASVS 5.0, 6.6.2).
	CodeID string
	// NewAttribute and NewAddress are the address that MFA_SETUP verifies, and NewSecret is the key of the authenticator app.
	NewAttribute string
	NewAddress   string
	NewSecret    []byte
}

// nextFactor decides what a sign-in needs besides what it has proved, or "" if nothing. It is Cognito's decision, with these differences:
//
//   - The code that confirmed a sign-up is no second factor for the first sign-in. It was shown in another session, at any time before, and
//     proves an address that is often the one that passwords are recovered by. Whoever has no factor sets one up right then, so that
//     no token is ever issued for one factor where the pool wants two.
//   - Who switched a factor on and can no longer use it, as the phone number is gone, is refused, and not let in with less or to set up
//     another one: only an administrator can change that.
//   - MFA_SETUP offers a phone number to who has just an e-mail address, and the other way round.
//   - A request for an authentication context class (signIn.ACR) asks for more than the policy: for a second factor where it is optional,
//     and for a passkey. Nobody sets up a factor to fulfil it, which would prove nothing, and no remembered device stands in for it.
//
// A sign-in that looks unusual is asked as well, if Settings.Risk says so, and a remembered device does not do then.
//
// A passkey with which the authenticator verified the person is two factors. Who comes from another provider is asked only where
// Settings.FederatedMFA says so.
func (p *Pool) nextFactor(ctx context.Context, s *signIn) (ChallengeName, error) {
	if s.byPassword() && byKey(s.AMR) && !s.MFADone {
		s.MFADone = true
		s.proved(s.AuthTime, amrMFA)
	}
	reached := acrOf(s.AMR)
	byPolicy := !s.MFADone && !reaches(reached, ACRMultiFactor) && p.settings.MFA != MFAOff &&
		(p.settings.FederatedMFA || !slices.Contains(s.AMR, amrFederated))
	byRisk := s.WantMFA && !s.multiFactor()
	byRequest := !reaches(reached, s.ACR)
	if byRequest {
		return p.requestedFactor(s)
	}
	if !byPolicy && !byRisk {
		return "", nil
	}
	next, err := p.policyFactor(s)
	if next == "" || err != nil {
		return "", err
	}
	if next != ChallengeMFASetup && !byRisk {
		switch instead, err := p.deviceInsteadOfMFA(ctx, s); {
		case err != nil:
			return "", err
		case instead && s.Device != "":
			return "", nil
		case instead:
			return ChallengeDeviceSRPAuth, nil
		}
	}
	s.MFA.Asked = true
	return next, nil
}

// policyFactor is the factor that the pool's policy wants, or "".
func (p *Pool) policyFactor(s *signIn) (ChallengeName, error) {
	if next := p.chooseFactor(s); next != "" {
		return next, nil
	}
	switch {
	case len(p.switchedOn(s.user)) > 0:
		return "", mfaMethodNotFound("Your second factor cannot be used any more. Please ask an administrator.")
	case p.settings.MFA != MFARequired:
		return "", nil
	}
	if s.Choices = p.setUpChoices(s.user); len(s.Choices) > 0 {
		return ChallengeMFASetup, nil
	}
	return "", mfaMethodNotFound("You need a second factor to sign in here, and can have none. Please ask an administrator.")
}

// requestedFactor is the factor by which a sign-in reaches the class that was asked for.
func (p *Pool) requestedFactor(s *signIn) (ChallengeName, error) {
	if s.ACR != ACRPhishingResistant && !s.MFADone {
		next := p.chooseFactor(s)
		if next == "" && p.settings.MFA == MFARequired {
			var err error
			if next, err = p.policyFactor(s); err != nil {
				return "", err
			}
		}
		if next != "" {
			s.MFA.Asked = true
			return next, nil
		}
	}
	passkey := p.webAuthn != nil && slices.Contains(p.settings.FirstFactors, ChallengeWebAuthn)
	if passkey && len(s.user.Passkeys) > 0 && !byKey(s.AMR) {
		s.MFA.Asked = true
		return ChallengeWebAuthn, nil
	}
	return "", mfaMethodNotFound("This needs a stronger sign-in than you have set up here.")
}

// chooseFactor is the second factor to ask for, SELECT_MFA_TYPE if there are several, or "" if there is none.
func (p *Pool) chooseFactor(s *signIn) ChallengeName {
	factors, preferred := p.usableFactors(s)
	switch {
	case preferred != "":
		return preferred
	case len(factors) == 1:
		return factors[0]
	case len(factors) > 1:
		s.Choices = factors
		return ChallengeSelectMFAType
	}
	return ""
}

// usableFactors returns the second factors that a sign-in can be asked for, and the preferred one or "": those of the user, but for the code to
// the address that was the first factor.
func (p *Pool) usableFactors(s *signIn) (factors []ChallengeName, preferred ChallengeName) {
	factors, preferred = p.secondFactors(s.user)
	factors = slices.DeleteFunc(factors, func(f ChallengeName) bool {
		return s.MFA.FirstAddress != "" && factorAddress(f) == s.MFA.FirstAddress
	})
	if !slices.Contains(factors, preferred) {
		preferred = ""
	}
	return factors, preferred
}

// secondFactors returns the second factors that a user can be asked for, in the order of the settings, and the one that the user prefers,
// or "". Where everybody must have one, an address that the user has will do; otherwise the user must have switched it on. The address
// that passwords are recovered by will not do, unless the user prefers it: then it does not recover any more.
func (p *Pool) secondFactors(u User) (factors []ChallengeName, preferred ChallengeName) {
	if p.settings.MFA == MFAOff {
		return nil, ""
	}
	recovery := p.recoveryMedium(u)
	for _, f := range p.settings.MFAFactors {
		on := slices.Contains(u.MFA, f)
		address := factorAddress(f)
		has := f == ChallengeSoftwareTokenMFA && u.SoftwareToken != nil || address != "" && u.Attributes[address] != ""
		switch {
		case has && on && u.PreferredMFA == f:
			preferred = f
			factors = append(factors, f)
		case has && address == "" && on, has && address != "" && address != recovery && (on || p.settings.MFA == MFARequired):
			factors = append(factors, f)
		}
	}
	return factors, preferred
}

// switchedOn are the second factors that the user switched on and the pool allows, whether or not they can be used.
func (p *Pool) switchedOn(u User) []ChallengeName {
	return slices.DeleteFunc(slices.Clone(u.MFA), func(f ChallengeName) bool {
		return p.settings.MFA == MFAOff || !slices.Contains(p.settings.MFAFactors, f)
	})
}

// setUpChoices are the second factors that a user who has none can set up at sign-in. The address that passwords are, or would be, recovered
// by is none of them.
func (p *Pool) setUpChoices(u User) []ChallengeName {
	recovery := p.recoveryMedium(u)
	if recovery == "" {
		recovery = recoveryAttribute(p.settings.AccountRecovery[0])
	}
	return slices.DeleteFunc(slices.Clone(p.settings.MFAFactors), func(f ChallengeName) bool {
		address := factorAddress(f)
		return address != "" && (address == recovery || u.Attributes[address] != "")
	})
}

// recoveryMedium is the attribute that the code for a new password goes to once it is verified, or "".
func (p *Pool) recoveryMedium(u User) string {
	for _, verified := range []bool{true, false} {
		for _, mechanism := range p.settings.AccountRecovery {
			name := recoveryAttribute(mechanism)
			if name != "" && u.Attributes[name] != "" && !u.secondFactorAt(name) && (!verified || u.Attributes[verifiedAttribute(name)] == "true") {
				return name
			}
		}
	}
	return ""
}

func recoveryAttribute(mechanism RecoveryMechanism) string {
	switch mechanism {
	case RecoverByEmail:
		return "email"
	case RecoverByPhone:
		return "phone_number"
	}
	return ""
}

// factorAddress is the attribute that the codes or links of a factor go to, or "" for one with which nothing is sent.
func factorAddress(f ChallengeName) string {
	switch f {
	case ChallengeEmailOTP, ChallengeEmailLink:
		return "email"
	case ChallengeSMSMFA, ChallengeSMSOTP:
		return "phone_number"
	}
	return ""
}

// mayAnswer tells whether the second factor that a sign-in was asked for is still one of the user's.
func (p *Pool) mayAnswer(s *signIn) bool {
	if s.MFA.NewAddress != "" {
		return slices.Contains(p.setUpChoices(s.user), s.Challenge)
	}
	factors, _ := p.usableFactors(s)
	return slices.Contains(factors, s.Challenge)
}

// proveSecondFactor looks at the answer to a second factor: at a recovery code, or at what verify takes.
func (p *Pool) proveSecondFactor(ctx context.Context, s *signIn, typed string, verify func(code string) error, methods ...string) (*AuthOutcome, error) {
	if !s.MFA.Asked || !p.mayAnswer(s) {
		return nil, invalidSession()
	}
	if err := p.countProof(ctx, s); err != nil {
		return nil, p.again(ctx, s, err)
	}
	var err error
	if code, ok := recoveryCode(typed); ok && s.MFA.NewAddress == "" {
		err = p.useRecoveryCode(ctx, s, code)
		methods = []string{amrOTP}
	} else {
		err = verify(typed)
	}
	if errors.Is(err, CodeMismatch) || errors.Is(err, InvalidParameter) {
		return nil, p.again(ctx, s, err)
	}
	if err != nil {
		return nil, err
	}
	s.MFADone = true
	s.proved(p.now(), append(methods, amrMFA)...)
	return p.advance(ctx, s)
}

// answerMFAChoice answers the challenge SELECT_MFA_TYPE.
func (p *Pool) answerMFAChoice(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	choice := ChallengeName(r.Answer)
	factors, _ := p.usableFactors(s)
	if !slices.Contains(s.Choices, choice) || !slices.Contains(factors, choice) {
		return nil, p.again(ctx, s, failField(InvalidParameter, "answer", "Choose one of the ways that are offered."))
	}
	return p.ask(ctx, s, choice)
}

// answerMFASetup answers the challenge MFA_SETUP: with the session of VerifySoftwareToken, or with an address that is to get codes.
func (p *Pool) answerMFASetup(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if s.MFADone {
		return p.advance(ctx, s)
	}
	given, err := p.givenAttributes(s, r)
	if err != nil {
		return nil, p.again(ctx, s, err)
	}
	for _, f := range p.setUpChoices(s.user) {
		address := factorAddress(f)
		if address == "" || given[address] == "" || !slices.Contains(s.Choices, f) {
			continue
		}
		if len(given) > 1 {
			return nil, p.again(ctx, s, failField(InvalidParameter, address, "Give one address that is to get the codes, and nothing else."))
		}
		s.MFA.NewAttribute, s.MFA.NewAddress = address, given[address]
		return p.ask(ctx, s, f)
	}
	return nil, p.again(ctx, s, fail(InvalidParameter, "Set up one of the second factors that are offered first."))
}

// changeSignIn changes the user of a sign-in, unless the user was disabled, deleted or signed out everywhere since it began.
func (p *Pool) changeSignIn(ctx context.Context, s *signIn, change func(*User) error) error {
	u, err := p.changeUser(ctx, s.user.Sub, func(u *User) error {
		if !u.Enabled || u.Epoch != s.Epoch {
			return invalidSession()
		}
		return change(u)
	})
	if errors.Is(err, UserNotFound) {
		return invalidSession()
	}
	if err == nil {
		s.user = u
	}
	return err
}

func mfaMethodNotFound(message string) error { return fail(MFAMethodNotFound, message) }
