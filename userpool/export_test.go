package userpool

import (
	"context"

	"github.com/stepwell/stepwell/userpool/internal/message"
	"github.com/stepwell/stepwell/userpool/internal/passwordhash"
)

// CheapDecoyForTest has names that nobody has hash next to nothing: what they must never do, and what makes many of them quick.
func (p *Pool) CheapDecoyForTest() {
	cheap, err := passwordhash.Parse("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	if err != nil {
		panic(err)
	}
	p.hasher.decoy = cheap
}

// SignForTest signs any claims with the key of the pool that signs now.
func (p *Pool) SignForTest(ctx context.Context, claims map[string]any) (string, error) {
	r, err := p.ring(ctx)
	if err != nil {
		return "", err
	}
	return r.current(p.now()).private.Sign("JWT", claims)
}

// AfterSRPForTest answers PASSWORD_VERIFIER within CUSTOM_AUTH, as if the proof was right or wrong.
func (p *Pool) AfterSRPForTest(ctx context.Context, session string, right bool) (*AuthOutcome, error) {
	s, err := p.takeSession(ctx, session)
	if err != nil {
		return nil, err
	}
	s.client, _ = p.client(s.ClientID)
	if err := p.reload(ctx, s); err != nil {
		return nil, err
	}
	return p.customAfterSRP(ctx, s, right)
}

// CustomMessageForTest asks the hook CustomMessage for the text of a message, and tells whether it can be sent.
func (p *Pool) CustomMessageForTest(ctx context.Context, m Message, u User, metadata map[string]string) error {
	result, err := p.customMessage(ctx, outgoing{kind: m.Kind, user: u, to: m.To, code: m.Code, link: m.Link, metadata: metadata}, "en")
	if err != nil || result == (CustomMessageResult{}) {
		return err
	}
	_, err = result.template(m.Kind, "en", message.Template{})
	return err
}

// InboundFederationForTest asks the hook InboundFederation.
func (p *Pool) InboundFederationForTest(ctx context.Context, provider string, attributes map[string][]string) (map[string][]string, error) {
	return p.inboundFederation(ctx, provider, attributes)
}

// NextFactorForTest tells what a user who has proved some methods is asked for, and what the choices are.
func (p *Pool) NextFactorForTest(ctx context.Context, u User, amr []string, acr string) (ChallengeName, []ChallengeName, error) {
	s := &signIn{user: u, Sub: u.Sub, AMR: amr, ACR: acr}
	if len(amr) == 1 && amr[0] == amrOTP {
		s.MFA.FirstAddress = "email"
	}
	next, err := p.nextFactor(ctx, s)
	return next, s.Choices, err
}

// UseSoftwareTokenForTest and UseRecoveryCodeForTest use a code without a sign-in, and so without the limits.
func (p *Pool) UseSoftwareTokenForTest(ctx context.Context, sub, code string) error {
	u, err := p.store.User(ctx, p.id, sub)
	if err != nil {
		return err
	}
	return p.useSoftwareToken(ctx, &signIn{user: u, Sub: sub, Epoch: u.Epoch}, code)
}

func (p *Pool) UseRecoveryCodeForTest(ctx context.Context, sub, code string) error {
	u, err := p.store.User(ctx, p.id, sub)
	if err != nil {
		return err
	}
	return p.useRecoveryCode(ctx, &signIn{user: u, Sub: sub, Epoch: u.Epoch}, code)
}

// Upkeep is one round of Run.
func (p *Pool) Upkeep(ctx context.Context) error { return p.upkeep(ctx) }

// AuditForTest notes an event.
func (p *Pool) AuditForTest(ctx context.Context, e AuditEvent) {
	p.audit(ctx, e, UserContextData{}, nil)
}

// Turns is how many counters somebody uses now.
func (p *Pool) Turns() int {
	p.counting.mu.Lock()
	defer p.counting.mu.Unlock()
	return len(p.counting.keys)
}

// UpkeepForTest does what Run does every 15 minutes.
func (d *Directory) UpkeepForTest(ctx context.Context) { d.upkeep(ctx) }
