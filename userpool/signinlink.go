package userpool

import (
	"context"
	"crypto/subtle"
	"net/url"
	"time"
)

// signInLinkValidity is how long a link may be followed, and how long the challenge that it answers waits.
const signInLinkValidity = 15 * time.Minute

// askSignInLink sends a link. Its token answers this challenge only, so that a link which somebody else asked for, or which was read on its
// way, signs nobody in; and to open it, as scanners of mail do, uses nothing up. A name that nobody has gets no message, and waits as long.
func (p *Pool) askSignInLink(ctx context.Context, s *signIn) (*CodeDeliveryDetails, error) {
	a := account{id: s.Name, user: s.user, found: s.user.Sub != ""}
	address := s.user.Attributes["email"]
	verified := address != "" && s.user.Attributes["email_verified"] == "true"
	a.nobody = s.Subject
	if !verified {
		address = ""
	}
	if err := p.countAttempt(ctx, limitMessage, messageSubject(a, address), s.Context); err != nil {
		return nil, err
	}
	token, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	s.Link = hashSecret(token)
	s.Validity = signInLinkValidity
	if !verified {
		details, err := p.simulatedDelivery(ctx, a)
		return &details, err
	}
	p.sendLater(ctx, outgoing{
		kind: MessageSignInLink, user: s.user, attribute: "email", to: address, link: p.signInLink(token), validity: signInLinkValidity,
		context: s.Context, metadata: s.metadata,
	})
	details, err := p.simulatedDelivery(ctx, a)
	if a.id.Kind != IdentifierEmail && a.id.Kind != identifySub {
		details = *delivery("email", address)
	}
	return &details, err
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
		return nil, err
	}
	right := subtle.ConstantTimeCompare(s.Link, hashSecret(r.Answer)) == 1
	if !right || s.user.Sub == "" || s.user.Attributes["email_verified"] != "true" {
		return nil, p.again(ctx, s, failField(CodeMismatch, "code", "This link is not of this sign-in, or was used already. Please ask for a new one."))
	}
	s.proved(p.now(), amrOTP)
	return p.advance(ctx, s)
}
