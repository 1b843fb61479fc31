package userpool

import (
	"context"
	"slices"
	"time"
)

// beginChoice is the flow USER_AUTH.
func (p *Pool) beginChoice(ctx context.Context, s *signIn, in InitiateAuthInput) (*AuthOutcome, error) {
	switch {
	case in.Session != "":
		return p.beginConfirmed(ctx, s, in.Session)
	case in.Username == "" && in.PreferredChallenge == ChallengeWebAuthn:
		if !slices.Contains(p.settings.FirstFactors, ChallengeWebAuthn) {
			return nil, webAuthnNotEnabled()
		}
		return p.ask(ctx, s, ChallengeWebAuthn)
	}
	a, err := p.account(ctx, in.Username)
	if err != nil {
		return nil, err
	}
	s.of(a)
	if !a.found && s.client.RevealUserExistence {
		return nil, userNotFound()
	}
	if err := p.preAuthentication(ctx, s); err != nil {
		return nil, err
	}
	s.Choices = p.firstFactors(s)
	switch {
	case slices.Contains(s.Choices, in.PreferredChallenge):
		return p.choose(ctx, s, in.PreferredChallenge, ChallengeResponse{Password: in.Password, SRPA: in.SRPA})
	case len(s.Choices) == 1:
		return p.choose(ctx, s, s.Choices[0], ChallengeResponse{Password: in.Password, SRPA: in.SRPA})
	}
	return p.ask(ctx, s, ChallengeSelectChallenge)
}

// firstFactors are what a person may choose from: all that the settings allow, for everybody, because a list of what a user has would tell
// that there is such a user. A client that reveals that gets the list of what the user has, and, as in Cognito, nothing but passwords for
// who has a second factor.
func (p *Pool) firstFactors(s *signIn) []ChallengeName {
	var out []ChallengeName
	for _, factor := range p.settings.FirstFactors {
		if s.client.RevealUserExistence && !p.offers(s.user, factor) {
			continue
		}
		out = append(out, factor)
		if factor == ChallengePassword && s.client.allows(UserSRPAuth) {
			out = append(out, ChallengePasswordSRP)
		}
	}
	if len(out) == 0 {
		out = []ChallengeName{ChallengePassword} // which cannot be right
	}
	return out
}

// offers tells whether a first factor is shown to a user. Who has a second factor, and a password before it, is not shown what is sent, and of
// passkeys only those that are two factors by themselves.
func (p *Pool) offers(u User, factor ChallengeName) bool {
	second, _ := p.secondFactors(u)
	weak := factor != ChallengePassword && (factor != ChallengeWebAuthn || !p.settings.PasskeyUserVerification)
	return u.has(factor) && !(weak && len(second) > 0 && u.has(ChallengePassword))
}

// has tells whether a user can prove a first factor.
func (u User) has(factor ChallengeName) bool {
	switch factor {
	case ChallengePassword:
		return u.PasswordHash != ""
	case ChallengeWebAuthn:
		return len(u.Passkeys) > 0
	}
	return u.firstFactorAddress(factor) != ""
}

// answerChoice answers the challenge SELECT_CHALLENGE.
func (p *Pool) answerChoice(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	choice := ChallengeName(r.Answer)
	if !slices.Contains(s.Choices, choice) {
		return nil, p.again(ctx, s, failField(InvalidParameter, "answer", "%q is not one of the choices %q.", printable(r.Answer), s.Choices))
	}
	return p.choose(ctx, s, choice, r)
}

// choose goes on with a first factor, as far as what is there allows.
func (p *Pool) choose(ctx context.Context, s *signIn, factor ChallengeName, r ChallengeResponse) (*AuthOutcome, error) {
	switch {
	case factor == ChallengePassword && r.Password != "":
		return p.answerPassword(ctx, s, r)
	case factor == ChallengePasswordSRP && r.SRPA != "":
		return p.answerSRPA(ctx, s, r)
	}
	return p.ask(ctx, s, factor)
}

// confirmedSignUp is what the session of ConfirmSignUpOutput stands for.
type confirmedSignUp struct {
	Sub   string
	Epoch int64
	// Address is the attribute that was confirmed.
	Address string
}

const confirmedValidity = 3 * time.Minute

// confirmedSession returns a session that stands for the code which was just proved, where such a code is enough to sign in, or "". The
// sign-up stands confirmed without it.
func (p *Pool) confirmedSession(ctx context.Context, u User, address string) string {
	factor := map[string]ChallengeName{"email": ChallengeEmailOTP, "phone_number": ChallengeSMSOTP}[address]
	if !slices.Contains(p.settings.FirstFactors, factor) {
		return ""
	}
	session, err := p.newSecret()
	if err == nil {
		err = p.putTicket(ctx, ticketConfirmed, session, confirmedSignUp{Sub: u.Sub, Epoch: u.Epoch, Address: address}, confirmedValidity)
	}
	if err != nil {
		p.logFailure(ctx, "a session after a confirmation could not be kept", err)
		return ""
	}
	return session
}

// beginConfirmed signs in who has just confirmed a sign-up.
func (p *Pool) beginConfirmed(ctx context.Context, s *signIn, session string) (*AuthOutcome, error) {
	var c confirmedSignUp
	found, used, err := p.takeTicket(ctx, ticketConfirmed, session, &c)
	if err != nil {
		return nil, err
	}
	if !found || used {
		return nil, invalidSession()
	}
	s.Name, s.Subject = Identifier{identifySub, c.Sub}, c.Sub
	s.Sub, s.Epoch = c.Sub, c.Epoch
	if err := p.reload(ctx, s); err != nil {
		return nil, err
	}
	if err := p.preAuthentication(ctx, s); err != nil {
		return nil, err
	}
	s.MFA.FirstAddress = c.Address
	s.proved(p.now(), amrOTP)
	return p.advance(ctx, s)
}
