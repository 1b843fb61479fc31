package userpool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"
)

// ChallengeSRPA stands in ChallengeResult.ChallengeName for the beginning of a sign-in with SRP. It is never asked for.
const ChallengeSRPA ChallengeName = "SRP_A"

// amrCustom is a right answer to a custom challenge; RFC 8176 has no name for it.
const amrCustom = "custom"

const (
	// maxRounds is how many challenges one sign-in can have.
	maxRounds = 20
	maxAnswer = 2048
	// maxSRPA is more than the 3072 bits of the group in hexadecimal.
	maxSRPA     = 1024
	maxMetadata = 2048
	// maxParameters bounds what CreateAuthChallenge returns, in bytes.
	maxParameters = 16 << 10
)

// limitCustom bounds how often a sign-in can begin without success: each makes the application send something, perhaps.
var limitCustom = limit{name: "custom-auth", free: 10, first: 30 * time.Second, longest: 15 * time.Minute, idle: 6 * time.Hour}

// customAuth is what CUSTOM_AUTH remembers between its challenges.
type customAuth struct {
	// SRPA is what the client began with, or empty.
	SRPA    string
	Session []ChallengeResult
	// Private and Metadata are of the challenge that is open.
	Private  map[string]string
	Metadata string
	// Done is true once DefineAuthChallenge let the person in.
	Done bool

	public map[string]string
}

// open tells whether the hooks have the next word.
func (c *customAuth) open() bool { return c != nil && !c.Done }

func (c *customAuth) answered(name ChallengeName) bool {
	return slices.ContainsFunc(c.Session, func(r ChallengeResult) bool { return r.ChallengeName == name })
}

// beginCustom is the flow CUSTOM_AUTH.
func (p *Pool) beginCustom(ctx context.Context, s *signIn, in InitiateAuthInput) (*AuthOutcome, error) {
	s.Custom = &customAuth{SRPA: in.SRPA}
	switch {
	case in.SRPA != "" && !s.client.allows(UserSRPAuth):
		return nil, fail(UnauthorizedClient, "The client may not begin with SRP: add USER_SRP_AUTH to its AuthFlows.")
	case len(in.SRPA) > maxSRPA:
		return nil, failField(InvalidParameter, "srpA", "SRP_A is longer than %d characters.", maxSRPA)
	case in.SRPA != "":
		s.Custom.Session = []ChallengeResult{{ChallengeName: ChallengeSRPA, ChallengeResult: true}}
	}
	a, err := p.account(ctx, in.Username)
	if err != nil {
		return nil, err
	}
	s.of(a)
	if err := p.countAttempt(ctx, limitCustom, s.Subject, s.Context); err != nil {
		return nil, err
	}
	if err := p.preAuthentication(ctx, s); err != nil {
		return nil, err
	}
	if !a.found && s.client.RevealUserExistence {
		return nil, userNotFound()
	}
	return p.defineChallenge(ctx, s)
}

// defineChallenge lets the hook say what comes next.
func (p *Pool) defineChallenge(ctx context.Context, s *signIn) (*AuthOutcome, error) {
	const hook = "DefineAuthChallenge"
	next, err := runHook(ctx, p, hook, p.hooks.DefineAuthChallenge, DefineAuthChallengeEvent{
		UserEvent: s.event(TriggerDefineAuthChallenge), Session: slices.Clone(s.Custom.Session),
	})
	switch {
	case err != nil:
		return nil, err
	case next.FailAuthentication:
		return nil, p.notAuthorized()
	case next.IssueTokens && len(s.AMR) == 0:
		return nil, p.hookFailed(ctx, hook, errors.New("it set IssueTokens before any challenge was answered right"))
	case next.IssueTokens:
		s.Custom.Done = true
		if err := p.forget(ctx, limitCustom, s.Subject); err != nil {
			return nil, err
		}
		return p.advance(ctx, s)
	case len(s.Custom.Session) >= maxRounds:
		return nil, p.hookFailed(ctx, hook, fmt.Errorf("it asked for more than %d challenges in one sign-in", maxRounds))
	}
	switch next.ChallengeName {
	case ChallengeCustom:
		return p.createChallenge(ctx, s)
	case ChallengePasswordVerifier:
		if s.Custom.SRPA == "" || s.Custom.answered(ChallengePasswordVerifier) {
			return nil, p.hookFailed(ctx, hook, errors.New("it asked for PASSWORD_VERIFIER, but the sign-in did not begin with SRP_A, or it was asked for before"))
		}
		return p.srpChallenge(ctx, s, s.Custom.SRPA)
	}
	return nil, p.hookFailed(ctx, hook, fmt.Errorf("it asked for the challenge %q, and not for CUSTOM_CHALLENGE or PASSWORD_VERIFIER", printable(string(next.ChallengeName))))
}

// createChallenge lets the hook make a challenge.
func (p *Pool) createChallenge(ctx context.Context, s *signIn) (*AuthOutcome, error) {
	const hook = "CreateAuthChallenge"
	made, err := runHook(ctx, p, hook, p.hooks.CreateAuthChallenge, CreateAuthChallengeEvent{
		UserEvent: s.event(TriggerCreateAuthChallenge), ChallengeName: ChallengeCustom, Session: slices.Clone(s.Custom.Session),
	})
	if err != nil {
		return nil, err
	}
	if err := made.check(); err != nil {
		return nil, p.hookFailed(ctx, hook, err)
	}
	s.Custom.Private, s.Custom.Metadata = made.PrivateChallengeParameters, made.ChallengeMetadata
	s.Custom.public = maps.Clone(made.PublicChallengeParameters)
	return p.ask(ctx, s, ChallengeCustom)
}

// check tells what is wrong with a challenge.
func (r CreateAuthChallengeResult) check() error {
	size := len(r.ChallengeMetadata)
	if size > maxMetadata || !utf8.ValidString(r.ChallengeMetadata) {
		return fmt.Errorf("ChallengeMetadata is not UTF-8, or longer than %d bytes", maxMetadata)
	}
	for _, parameters := range []map[string]string{r.PublicChallengeParameters, r.PrivateChallengeParameters} {
		for name, value := range parameters {
			if size += len(name) + len(value); size > maxParameters {
				return fmt.Errorf("the challenge has more than %d bytes", maxParameters)
			}
			if !utf8.ValidString(name) || !utf8.ValidString(value) {
				return fmt.Errorf("the parameter %q is not UTF-8", printable(name))
			}
		}
	}
	return nil
}

// answerCustom answers the challenge CUSTOM_CHALLENGE.
func (p *Pool) answerCustom(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if !s.Custom.open() {
		return nil, invalidSession()
	}
	if r.Answer == "" || len(r.Answer) > maxAnswer || !utf8.ValidString(r.Answer) {
		return nil, p.again(ctx, s, failField(InvalidParameter, "answer", "Enter an answer of at most %d characters.", maxAnswer))
	}
	if err := p.countProof(ctx, s); err != nil {
		return nil, err
	}
	judged, err := runHook(ctx, p, "VerifyAuthChallengeResponse", p.hooks.VerifyAuthChallengeResponse, VerifyAuthChallengeResponseEvent{
		UserEvent: s.event(TriggerVerifyAuthChallengeResponse), PrivateChallengeParameters: maps.Clone(s.Custom.Private), ChallengeAnswer: r.Answer,
	})
	if err != nil {
		return nil, err
	}
	s.Custom.Session = append(s.Custom.Session, ChallengeResult{ChallengeCustom, judged.AnswerCorrect, s.Custom.Metadata})
	s.Custom.Private, s.Custom.Metadata = nil, ""
	if judged.AnswerCorrect {
		if err := p.uncountProof(ctx, s); err != nil {
			return nil, err
		}
		s.proved(p.now(), amrCustom)
	}
	return p.defineChallenge(ctx, s)
}

// customAfterSRP goes on once PASSWORD_VERIFIER was answered within CUSTOM_AUTH. After a right password the machine asks for all that it
// asks for after a password, the second factor included, and comes back to the hooks after that; see advance.
func (p *Pool) customAfterSRP(ctx context.Context, s *signIn, right bool) (*AuthOutcome, error) {
	right = right && s.user.Sub != ""
	s.Custom.Session = append(s.Custom.Session, ChallengeResult{ChallengeName: ChallengePasswordVerifier, ChallengeResult: right})
	if !right {
		return p.defineChallenge(ctx, s)
	}
	s.proved(p.now(), amrPassword)
	return p.advance(ctx, s)
}
