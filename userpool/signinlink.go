package userpool

import (
	"context"
	"crypto/subtle"
	"net/url"
	"time"
)

// signInLinkValidity is how long a link may be followed, and how long the challenge that it answers waits.
const signInLinkValidity = 15 * time.Minute

// signInLink is a link that was sent, or was not, as nobody could get it.
type signInLink struct {
	// Hash is that of the token.
	Hash []byte
	// To is the address that it went to, or empty.
	To      string
	Expires time.Time
}

// askSignInLink sends a link. Its token answers this challenge only, so that a link which somebody else asked for, or which was read on its
// way, signs nobody in; and to open it, as scanners of mail do, uses nothing up. A name that nobody has gets no message, and waits as long.
func (p *Pool) askSignInLink(ctx context.Context, s *signIn) (*CodeDeliveryDetails, error) {
	const attribute = "email"
	to := s.user.firstFactorAddress(ChallengeEmailLink)
	details, err := p.countFactorMessage(ctx, s, attribute, to)
	if err != nil {
		return nil, err
	}
	token, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	s.Link = signInLink{Hash: hashSecret(token), To: to, Expires: p.now().Add(signInLinkValidity)}
	s.Validity = signInLinkValidity
	if to != "" {
		p.sendLater(ctx, outgoing{
			kind: MessageSignInLink, user: s.user, attribute: attribute, to: to, link: p.signInLink(token), validity: signInLinkValidity,
			context: s.Context, metadata: s.metadata,
		})
	}
	return details, nil
}

func (p *Pool) signInLink(token string) string {
	u, err := url.Parse(p.settings.SignInLinkURL)
	if err != nil { // checked by New
		return ""
	}
	q := u.Query()
	q.Set("token", token)
	u.RawQuery = q.Encode()
	return u.String()
}

// answerSignInLink answers the challenge EMAIL_LINK with the token of the link.
func (p *Pool) answerSignInLink(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if err := p.countProof(ctx, s); err != nil {
		return nil, p.again(ctx, s, err)
	}
	right := subtle.ConstantTimeCompare(s.Link.Hash, hashSecret(r.Answer)) == 1
	switch to := s.user.firstFactorAddress(ChallengeEmailLink); {
	case !right || to == "" || to != s.Link.To:
		return nil, p.again(ctx, s, failField(CodeMismatch, "code", "This link is not of this sign-in, or was used already. Please ask for a new one."))
	case !p.now().Before(s.Link.Expires):
		return nil, failField(ExpiredCode, "code", "This link is no longer valid. Please ask for a new one.")
	}
	s.Link, s.Validity, s.MFA.FirstAddress = signInLink{}, 0, "email"
	s.proved(p.now(), amrOTP)
	return p.advance(ctx, s)
}
