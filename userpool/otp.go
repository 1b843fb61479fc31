package userpool

import (
	"context"
	"errors"
)

// purposeSecondFactor keeps the code of a second factor apart from that of a first one, which anybody can have sent.
const purposeSecondFactor = "second-factor"

func (s *signIn) otpPurpose() string {
	if s.MFA.Asked {
		return purposeSecondFactor
	}
	return purposeSignIn
}

// otpAddress is where the code of this challenge goes: the address that is being set up, or the user's. Empty means nowhere.
func (s *signIn) otpAddress(u User, name ChallengeName) string {
	switch {
	case s.MFA.NewAddress != "":
		return s.MFA.NewAddress
	case !s.MFA.Asked:
		return u.firstFactorAddress(name)
	}
	return u.Attributes[factorAddress(name)]
}

// firstFactorAddress is the address to which a user gets the code or link of a first factor, or "". Before the sign-up is confirmed it is the
// address that was signed up with: any other would give the name to who does not own it. After that, an address that is not verified will
// do only for who has no verified one: a number that was mistyped must not be enough to sign in. Links go to verified addresses alone. Who
// signs in elsewhere gets nothing: the address is what the other provider says.
func (u User) firstFactorAddress(name ChallengeName) string {
	attribute := factorAddress(name)
	own, _ := u.signUpAddress()
	verified := u.Attributes[verifiedAttribute("email")] == "true" || u.Attributes[verifiedAttribute("phone_number")] == "true"
	proved := u.Attributes[verifiedAttribute(attribute)] == "true"
	switch {
	case attribute == "", u.Status == StatusExternalProvider, u.Status == StatusUnconfirmed && own != attribute:
		return ""
	case !proved && (verified || name == ChallengeEmailLink):
		return ""
	}
	return u.Attributes[attribute]
}

// askOTP sends a code for EMAIL_OTP, SMS_OTP or SMS_MFA. As the first factor it goes to nobody if there is no such user or address, and
// nothing tells.
func (p *Pool) askOTP(ctx context.Context, s *signIn, name ChallengeName) (*CodeDeliveryDetails, error) {
	var err error
	if s.MFA.CodeID, err = p.newID(); err != nil {
		return nil, err
	}
	if !s.MFA.Asked {
		if s.user.Sub == "" && s.client.RevealUserExistence {
			return nil, userNotFound()
		}
		if err := p.preAuthentication(ctx, s); err != nil {
			return nil, err
		}
	}
	attribute, to := factorAddress(name), s.otpAddress(s.user, name)
	details, err := p.countFactorMessage(ctx, s, attribute, to)
	if err != nil {
		return nil, err
	}
	if to == "" {
		return details, p.decoyWrite(ctx, s.Subject)
	}
	var code string
	err = p.changeSignIn(ctx, s, func(u *User) error {
		var err error
		if s.otpAddress(*u, name) != to {
			return invalidSession()
		}
		code, err = p.newCode(ctx, u, s.otpPurpose(), to+" "+s.MFA.CodeID, s.client.AuthSessionValidity)
		return err
	})
	if err != nil {
		return nil, err
	}
	o := outgoing{
		kind: MessageAuthentication, user: s.user, attribute: attribute, to: to, code: code, validity: s.client.AuthSessionValidity,
		context: s.Context, metadata: s.metadata,
	}
	if s.MFA.Asked {
		return details, p.send(ctx, o)
	}
	p.sendLater(ctx, o)
	return details, nil
}

// countFactorMessage counts the message of a factor, and says where it goes, or would go. Only who has proved the first factor is told the
// address of the user whatever they typed, and counts, for an address that is being set up, as whoever has messages sent to addresses of
// their own.
func (p *Pool) countFactorMessage(ctx context.Context, s *signIn, attribute, to string) (*CodeDeliveryDetails, error) {
	subject := to
	switch {
	case !s.MFA.Asked:
		subject = s.messageSubject(attribute, to)
	case s.MFA.NewAddress != "":
		if err := p.countAttempt(ctx, limitMessage, s.user.Sub, s.Context); err != nil {
			return nil, err
		}
	}
	if err := p.countAttempt(ctx, limitMessage, subject, s.Context); err != nil {
		return nil, err
	}
	if s.MFA.Asked {
		return delivery(attribute, to), nil
	}
	return p.firstFactorDelivery(ctx, s, attribute, to)
}

// messageSubject is what the messages of a first factor are counted for; see the function of this name. A made-up address has a count of its
// own, as a real one has.
func (s *signIn) messageSubject(attribute, to string) string {
	if to != "" || s.Name.Kind == attribute || s.Name.Kind == identifySub {
		return messageSubject(account{id: s.Name, nobody: s.Subject}, to)
	}
	return attribute + " " + s.Subject
}

// firstFactorDelivery says where the message of a first factor goes, or would go. An address is made up for who has none, and for everybody
// who was named by sub, as one that the pool itself told, perhaps for a name that nobody has, must not tell whether there is a user.
func (p *Pool) firstFactorDelivery(ctx context.Context, s *signIn, attribute, to string) (*CodeDeliveryDetails, error) {
	switch {
	case s.Name.Kind == attribute: // the identifiers that are addresses are named as the attributes
		return delivery(attribute, s.Name.Value), nil
	case to != "" && s.Name.Kind != identifySub:
		return delivery(attribute, to), nil
	case attribute == "phone_number":
		number, err := p.simulatedNumber(ctx, s.Name)
		return delivery(attribute, number), err
	}
	id := s.Name
	if id.Kind == IdentifierPhone {
		id.Kind = "email of " + id.Kind
	}
	d, err := p.simulatedDelivery(ctx, account{id: id})
	return &d, err
}

// simulatedNumber makes up a phone number, always the same one for a name.
func (p *Pool) simulatedNumber(ctx context.Context, id Identifier) (string, error) {
	mac, err := p.mac(ctx, "simulated-number", id.Kind, id.Value)
	if err != nil {
		return "", err
	}
	number := []byte("+1202555")
	for _, b := range mac[:4] {
		number = append(number, '0'+b%10)
	}
	return string(number), nil
}

// answerOTP answers EMAIL_OTP and SMS_OTP as the first factor, and SMS_MFA and EMAIL_OTP as the second.
func (p *Pool) answerOTP(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if !s.MFA.Asked {
		return p.answerFirstOTP(ctx, s, r)
	}
	return p.proveSecondFactor(ctx, s, r.Answer, func(typed string) error {
		code, err := wantCode(typed)
		if err != nil {
			return err
		}
		if !s.user.hasCode(purposeSecondFactor) {
			return codeMismatch()
		}
		return p.useSecondOTP(ctx, s, code)
	}, otpMethod(s.Challenge))
}

func otpMethod(name ChallengeName) string {
	if factorAddress(name) == "phone_number" {
		return amrSMS
	}
	return amrOTP
}

func (p *Pool) answerFirstOTP(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if err := p.countProof(ctx, s); err != nil {
		return nil, p.again(ctx, s, err)
	}
	code, err := wantCode(r.Answer)
	if err != nil {
		return nil, p.again(ctx, s, err)
	}
	attribute, to := factorAddress(s.Challenge), s.otpAddress(s.user, s.Challenge)
	if to == "" || !s.user.hasCode(purposeSignIn) {
		return nil, p.again(ctx, s, p.decoyCode(ctx, s.Subject))
	}
	var confirmed bool
	err = p.useOTP(ctx, s, code, func(u *User) error {
		confirmed = u.Status == StatusUnconfirmed
		if confirmed {
			u.confirmByCode()
		}
		return p.verified(u, attribute)
	})
	if errors.Is(err, CodeMismatch) {
		return nil, p.again(ctx, s, err)
	}
	if err != nil {
		return nil, err
	}
	if confirmed {
		p.confirmed(ctx, s.user)
	}
	p.logFailure(ctx, "a count of messages could not be ended", p.forget(ctx, limitMessage, s.messageSubject(attribute, to)))
	s.MFA.FirstAddress = attribute
	s.proved(p.now(), otpMethod(s.Challenge))
	return p.advance(ctx, s)
}

// confirmByCode confirms a sign-up for who reads what is sent to its address. That is not the same as who chose its password: a stranger may
// have signed up with the address in advance, and wait for its owner to confirm it. The password is dropped; ForgotPassword sets another.
func (u *User) confirmByCode() {
	u.Status = StatusConfirmed
	u.copyPassword(User{})
	u.dropCode(purposeConfirm)
}

// verified notes that an address belongs to the user. The error is AliasExists, once it is written, if another user has it.
func (p *Pool) verified(u *User, attribute string) error {
	u.Attributes[verifiedAttribute(attribute)] = "true"
	var err error
	u.Identifiers, err = p.settings.identifiers(*u)
	return err
}

// useSecondOTP uses the code of a second factor, and sets the factor up if that is what it was sent for.
func (p *Pool) useSecondOTP(ctx context.Context, s *signIn, code string) error {
	attribute, to, name := factorAddress(s.Challenge), s.otpAddress(s.user, s.Challenge), s.Challenge
	setUp := s.MFA.NewAddress != ""
	err := p.useOTP(ctx, s, code, func(u *User) error {
		if setUp {
			if u.Attributes == nil {
				u.Attributes = map[string]string{}
			}
			u.Attributes[attribute] = to
			u.switchOn(name)
		}
		return p.verified(u, attribute)
	})
	if errors.Is(err, AliasExists) && !setUp {
		// It is another's to sign in with, and still an address that this user reads.
		err = p.useOTP(ctx, s, code, func(*User) error { return nil })
	}
	if setUp && !errors.Is(err, CodeMismatch) {
		p.factorChanged(ctx, factorChange{
			operation: "RespondToAuthChallenge", what: "added " + string(name), user: s.user, clientID: s.ClientID, context: s.Context,
		}, err)
	}
	if err != nil {
		return err
	}
	s.MFA.NewAttribute, s.MFA.NewAddress = "", ""
	p.logFailure(ctx, "a count of messages could not be ended", p.forget(ctx, limitMessage, to))
	return nil
}

// useOTP uses the code of a sign-in and, in the same write, lets change do what it allows.
func (p *Pool) useOTP(ctx context.Context, s *signIn, code string, change func(*User) error) error {
	target := func(u User) string {
		to := s.otpAddress(u, s.Challenge)
		if to == "" || !u.Enabled || u.Epoch != s.Epoch {
			return ""
		}
		return to + " " + s.MFA.CodeID
	}
	var done User
	err := p.useCode(ctx, s.user, s.otpPurpose(), code, target, func(u *User) error {
		err := change(u)
		done = u.Clone()
		return err
	})
	if err == nil {
		done.Version++
		s.user = done
	}
	return err
}
