package userpool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/srp"
)

// claimSkew is how far the time in a claim may be off. What keeps a claim from being used again is that its session is used once; the time
// only ties it to about now.
const claimSkew = 10 * time.Minute

// srpGroup is the name of the pool in the computations of SRP: what follows the region in a Cognito pool's ID.
func (p *Pool) srpGroup() string {
	if _, name, found := strings.Cut(p.id, "_"); found {
		return name
	}
	return p.id
}

// beginSRP is the flow USER_SRP_AUTH.
func (p *Pool) beginSRP(ctx context.Context, s *signIn, in InitiateAuthInput) (*AuthOutcome, error) {
	a, err := p.account(ctx, in.Username)
	if err != nil {
		return nil, err
	}
	s.of(a)
	if !a.found && s.client.RevealUserExistence {
		return nil, userNotFound()
	}
	return p.srpChallenge(ctx, s, in.SRPA)
}

// answerSRPA answers the challenge PASSWORD_SRP, which only wants the client's half.
func (p *Pool) answerSRPA(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	return p.srpChallenge(ctx, s, r.SRPA)
}

// srpChallenge makes the server's half of SRP. A name that nobody has gets one as well: the same each time, as a user's salt is, and of the
// same cost (RFC 5054, 2.5.1.3).
func (p *Pool) srpChallenge(ctx context.Context, s *signIn, srpA string) (*AuthOutcome, error) {
	if err := p.preAuthentication(ctx, s); err != nil {
		return nil, err
	}
	v, userID, err := p.srpVerifier(ctx, s)
	if err != nil {
		return nil, err
	}
	parameters, err := p.serverHalf(s, v, userID, srpA)
	if err != nil {
		return nil, err
	}
	return p.challenge(ctx, s, &Challenge{Name: ChallengePasswordVerifier, Username: userID, SRP: parameters})
}

// serverHalf answers the client's half for a verifier, and keeps what it takes to judge the claim in the sign-in.
func (p *Pool) serverHalf(s *signIn, v srp.Verifier, userID, srpA string) (*SRPParameters, error) {
	c, err := v.Challenge(p.rand, srpA)
	if errors.Is(err, srp.ErrInvalidA) {
		return nil, failField(InvalidParameter, "srpA", "%s", sentence(err))
	}
	if err != nil {
		return nil, fmt.Errorf("userpool: %w", err)
	}
	if s.SRP, err = json.Marshal(c); err != nil {
		return nil, fmt.Errorf("userpool: keeping an SRP challenge: %w", err)
	}
	return &SRPParameters{Salt: v.SaltHex(), B: c.SRPB(), SecretBlock: c.SecretBlock(), UserIDForSRP: userID}, nil
}

// srpVerifier returns the verifier of the user, or a fake one that nobody can satisfy for who has none, and how the user is named in the
// computations.
func (p *Pool) srpVerifier(ctx context.Context, s *signIn) (v srp.Verifier, userID string, err error) {
	if userID, err = p.publicSub(ctx, s); err != nil {
		return v, "", err
	}
	if v, err = p.fakeVerifier(ctx, userID); err == nil && len(s.user.SRPVerifier) > 0 {
		v, err = p.openVerifier(ctx, s.user.SRPVerifier, "srp/"+s.user.Sub)
	}
	return v, userID, err
}

// fakeVerifier is the verifier of who has none. Its salt is that of the real one too: a salt that changed, with the first password that is
// kept for SRP, with a new password, or as a user is disabled, would tell whoever asks now and then that there is a user.
func (p *Pool) fakeVerifier(ctx context.Context, sub string) (srp.Verifier, error) {
	mac, err := p.mac(ctx, "srp", sub)
	if err != nil {
		return srp.Verifier{}, err
	}
	return srp.Fake([32]byte(mac)), nil
}

// openVerifier returns a verifier that sealVerifier sealed.
func (p *Pool) openVerifier(ctx context.Context, sealed []byte, label string) (v srp.Verifier, err error) {
	raw, err := p.unseal(ctx, sealed, label)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	return v, err
}

func (p *Pool) sealVerifier(ctx context.Context, v srp.Verifier, label string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("userpool: encoding a verifier: %w", err)
	}
	return p.seal(ctx, raw, label)
}

// newSRPVerifier returns the sealed verifier of a password, or nil in a pool that keeps none.
func (p *Pool) newSRPVerifier(ctx context.Context, u User, password string) ([]byte, error) {
	if !p.settings.srp() {
		return nil, nil
	}
	fake, err := p.fakeVerifier(ctx, u.Sub)
	if err != nil {
		return nil, err
	}
	v, err := srp.NewVerifier(bytes.NewReader(fake.Salt), p.srpGroup(), u.Sub, password)
	if err != nil {
		return nil, fmt.Errorf("userpool: %w", err)
	}
	return p.sealVerifier(ctx, v, "srp/"+u.Sub)
}

// answerSRP answers the challenge PASSWORD_VERIFIER. The same exponentiations are done for everybody, and the claim of a name that nobody
// has is never right.
func (p *Pool) answerSRP(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if err := p.countProof(ctx, s); err != nil {
		return nil, err
	}
	v, userID, err := p.srpVerifier(ctx, s)
	if err != nil {
		return nil, err
	}
	right, err := p.claimed(s, v, p.srpGroup(), userID, r)
	if err != nil {
		return nil, err
	}
	right = right && s.user.Sub != "" && len(s.user.SRPVerifier) != 0
	s.SRP = nil
	if right {
		s.proved(p.now(), amrPassword)
	}
	switch {
	case s.Custom != nil:
		return p.customAfterSRP(ctx, s, right)
	case !right:
		return nil, p.notAuthorized()
	}
	return p.advance(ctx, s)
}

// claimed tells whether a response proves what the verifier was made of, for the challenge that the sign-in keeps. A right proof at a wrong
// time is NotAuthorized, with a message that names the reason: whoever made it has the password.
func (p *Pool) claimed(s *signIn, v srp.Verifier, group, user string, r ChallengeResponse) (bool, error) {
	var c srp.Challenge
	if err := json.Unmarshal(s.SRP, &c); err != nil {
		return false, fmt.Errorf("userpool: a kept SRP challenge is damaged: %w", err)
	}
	at, err := srp.ParseTimestamp(r.Timestamp)
	timely := err == nil && p.now().Sub(at).Abs() <= claimSkew
	switch right := c.Verify(v, group, user, srp.Claim{Signature: r.Signature, SecretBlock: r.SecretBlock, Timestamp: r.Timestamp}); {
	case right && err == nil && !timely:
		return false, fail(NotAuthorized, "The clock of your device is wrong by more than 10 minutes. Please set it, and try again.")
	default:
		return right && timely, nil
	}
}

// publicSub is how a challenge names the user: by sub, or, for a name that nobody has, by something that looks like one and is always the
// same.
func (p *Pool) publicSub(ctx context.Context, s *signIn) (string, error) {
	switch {
	case s.user.Sub != "":
		return s.user.Sub, nil
	case s.PublicSub != "":
		return s.PublicSub, nil
	}
	return p.nobody(ctx, s.Name)
}
