package userpooltest

import (
	"bytes"
	"log/slog"
	"slices"
	"testing"

	"github.com/stepwell/stepwell/internal/fakes"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

const (
	// IssuerURL is the issuer of a pool, unless the test gives another.
	IssuerURL = "https://id.test"
	// ClientID is the app client of a pool, unless the test gives others: a public one that may sign in with a password, and by the
	// authorization code flow, with all scopes.
	ClientID = "test-client"
	// CallbackURL and LogoutURL are the addresses of that client.
	CallbackURL = "https://app.test/callback"
	LogoutURL   = "https://app.test/"
	// Password is the password of users made here. It passes every policy that wants at most 40 characters.
	Password = "1 Correct Horse, 2 Batteries, 3 Staples!"
)

// Pool is a [userpool.Pool] with what a test needs around it.
type Pool struct {
	*userpool.Pool
	// Clock is the pool's clock.
	Clock *Clock
	// Outbox has what the pool sent.
	Outbox *Outbox

	t      testing.TB
	config userpool.Config
}

// New returns a pool for this test. Its configuration has an Issuer, a Store in memory, a KeyWrapper, a Sender, which is the Outbox, and is
// the SMSSender too if the settings name phone numbers or codes by SMS, a clock, a Logger that writes to the test's log, an app client, and
// ES256, whose keys are made in no time. Each change may replace any of this, and set the rest; what is empty after all of them is filled
// in again.
//
// A configuration that userpool.New refuses ends the test. An Example gives ExampleT as t.
func New(t testing.TB, change ...func(*userpool.Config)) *Pool {
	t.Helper()
	p := &Pool{t: t, Clock: newClock(t), Outbox: &Outbox{t: t}}
	log := fakes.NewLog(t)
	p.fill(&p.config, log)
	for _, f := range change {
		f(&p.config)
	}
	p.fill(&p.config, log)
	p.allowPasskeys(&p.config)
	var err error
	if p.Pool, err = userpool.New(p.config); err != nil {
		t.Fatalf("userpooltest: this configuration makes no pool: %v", err)
	}
	p.Clock.attach(p.config.Now)
	p.Outbox.wait = p.Pool.Wait
	t.Cleanup(p.Pool.Wait)
	return p
}

// fill sets what is empty.
func (p *Pool) fill(c *userpool.Config, log *fakes.Log) {
	if c.Issuer == "" {
		c.Issuer = IssuerURL
	}
	if c.Store == nil {
		c.Store = memstore.New()
	}
	if c.KeyWrapper == nil {
		// A fixed key, so that a second pool on the same store can read its keys.
		c.KeyWrapper, _ = userpool.NewKeyWrapper(bytes.Repeat([]byte{1}, 32))
	}
	if c.Sender == nil {
		c.Sender = p.Outbox
	}
	if c.SMSSender == nil && sendsSMS(c.Settings) {
		c.SMSSender = p.Outbox
	}
	if c.Now == nil {
		c.Now = p.Clock.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
	if c.Settings.SigningAlgorithm == "" {
		c.Settings.SigningAlgorithm = "ES256"
	}
	if len(c.Settings.Clients) == 0 {
		c.Settings.Clients = []userpool.Client{{
			ID: ClientID, CallbackURLs: []string{CallbackURL}, LogoutURLs: []string{LogoutURL},
			Scopes: []string{
				userpool.ScopeOpenID, userpool.ScopeEmail, userpool.ScopeProfile, userpool.ScopePhone, userpool.ScopeUserAdmin,
			},
			AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth},
		}}
	}
}

// sendsSMS tells whether a pool with these settings must be able to.
func sendsSMS(s userpool.Settings) bool {
	attributes := slices.Concat(s.UsernameAttributes, s.AliasAttributes, s.RequiredAttributes)
	return slices.Contains(attributes, "phone_number") || slices.Contains(s.FirstFactors, userpool.ChallengeSMSOTP) ||
		slices.Contains(s.MFAFactors, userpool.ChallengeSMSMFA)
}

// Config returns what the pool was made of. A second pool that userpool.New makes of it is another process with the same database, and
// has the same clock and outbox; the Outbox waits for the messages of the first one only.
func (p *Pool) Config() userpool.Config {
	c := p.config
	c.Settings.Clients = slices.Clone(c.Settings.Clients)
	c.Providers = slices.Clone(c.Providers)
	return c
}

func (p *Pool) fatalf(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("userpooltest: "+format, args...)
}
