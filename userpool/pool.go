package userpool

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/keycache"
)

// Config is what the program gives [New].
type Config struct {
	// ID tells the pools in one store apart: 1 to 55 characters of A-Z, a-z, 0-9, "_" and "-". The default is "default". Cognito's SDKs and
	// Amplify want the form "region_id", such as "eu-central-1_AbCdEfGhI": they take what stands before the underscore for the region, and
	// with USER_SRP_AUTH put what stands after it, as the name of the pool, into the proof of the password.
	ID string
	// Issuer is the claim iss of all tokens, and the URL below which the OpenID Connect endpoints are: "https://id.example.com", or with
	// a path such as "https://example.com/pool-1". Required. It has no slash at its end, no query and no fragment. It is https; http is
	// accepted for a loopback host only.
	Issuer string
	// Store keeps everything. Required.
	Store Store
	// KeyWrapper seals the keys of the pool before they are stored. Required, unless the store forgets everything when the program ends,
	// as memstore does; such a store says so by a method Volatile() bool.
	KeyWrapper KeyWrapper
	// Sender delivers codes and notices to people by e-mail. Required, unless Hooks.CustomEmailSender does.
	Sender Sender
	// SMSSender delivers them to phones. Required if the settings send anything there: if people sign up with phone numbers, or get codes
	// by SMS, and Hooks.CustomSMSSender does not deliver them.
	SMSSender Sender
	// WebAuthn verifies passkeys; see package passkey. Required if Settings.FirstFactors has ChallengeWebAuthn.
	WebAuthn WebAuthn
	// BreachChecker tells whether a new password is known from a breach; none by default. See package pwned.
	BreachChecker BreachChecker
	// Locator tells where addresses are, for Settings.Risk; none by default.
	Locator Locator
	// Settings say how the pool behaves; the zero value is a safe pool.
	Settings Settings
	// Hooks are functions of the application that the pool calls; none by default.
	Hooks Hooks
	// Providers are where people can sign in instead; none by default.
	Providers []Provider
	// HomeRealm says which people sign in at which of the Providers, beside Provider.Identifiers; none by default.
	HomeRealm HomeRealm
	// Now is the clock, safe for concurrent use; time.Now by default.
	Now func() time.Time
	// Rand is the source of secrets, safe for concurrent use; crypto/rand.Reader by default.
	Rand io.Reader
	// Logger gets what an operator should know, without secrets; slog.Default() by default.
	Logger *slog.Logger
	// MaxConcurrentHashes bounds how many passwords are hashed at a time, each in 19 MiB: 1 to 1024, GOMAXPROCS by default.
	MaxConcurrentHashes int
	// InsecureAllowHTTP accepts an Issuer with http on any host. Whoever is on the network path then reads passwords and tokens.
	InsecureAllowHTTP bool
}

// Pool is a directory of users who sign in. Make one with [New]. Its methods are safe for concurrent use, and any number of processes may
// each have a Pool on the same database.
type Pool struct {
	id        string
	issuer    string
	store     Store
	wrapper   KeyWrapper
	sender    Sender
	sms       Sender
	webAuthn  WebAuthn
	breach    BreachChecker
	locator   Locator
	settings  Settings
	hooks     Hooks
	providers []Provider
	homeRealm HomeRealm
	now       func() time.Time
	rand      io.Reader
	log       *slog.Logger
	hasher    *hasher
	keys      *keycache.Cache[keyring]
	sending   *onTheWay
	// texts are those of all kinds of messages, and codeDomain is the host that codes by SMS are bound to.
	texts      map[MessageKind]messageTexts
	codeDomain string
	counting   turns
	trail      *auditTrail
}

// String names the pool for a log. Printing it otherwise would show the secrets of its clients.
func (p *Pool) String() string { return "userpool: " + p.id }

// GoString is String, for the verb %#v.
func (p *Pool) GoString() string { return p.String() }

var poolIDPattern = regexp.MustCompile(`^[\w-]{1,55}$`)

// New returns a pool, or an error that says what is wrong with the configuration. It does not use the store yet, and starts no goroutine;
// see [Pool.Run].
func New(config Config) (*Pool, error) {
	if config.ID == "" {
		config.ID = "default"
	}
	if !poolIDPattern.MatchString(config.ID) {
		return nil, fmt.Errorf("userpool: Config.ID %q must be 1 to 55 characters of A-Z, a-z, 0-9, _ and -", config.ID)
	}
	if err := checkIssuer(config.Issuer, config.InsecureAllowHTTP); err != nil {
		return nil, err
	}
	if config.Store == nil {
		return nil, errors.New("userpool: Config.Store is nil: give memstore.New() or a store opened by sqlstore.Open")
	}
	if config.Sender == nil && config.Hooks.CustomEmailSender == nil {
		return nil, errors.New("userpool: Config.Sender is nil: give a Sender that delivers the codes to people")
	}
	settings, err := config.Settings.complete()
	if err != nil {
		return nil, err
	}
	if settings.sendsSMS() && config.SMSSender == nil && config.Hooks.CustomSMSSender == nil {
		return nil, errors.New("userpool: Config.SMSSender is nil, and the settings send codes to phones: give a Sender that delivers text messages")
	}
	if slices.Contains(settings.FirstFactors, ChallengeWebAuthn) && config.WebAuthn == nil {
		return nil, errors.New("userpool: Config.WebAuthn is nil, and Settings.FirstFactors has passkeys: give what passkey.New returns")
	}
	if err := checkProviders(config.Providers, settings); err != nil {
		return nil, err
	}
	if err := checkClientProviders(settings.Clients, config.Providers); err != nil {
		return nil, err
	}
	if err := config.Hooks.check(settings.Clients); err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	settings.Name = cmp.Or(settings.Name, issuerHost(config.Issuer))
	texts, err := settings.messageTexts()
	if err != nil {
		return nil, err
	}
	if config.KeyWrapper == nil {
		if config.KeyWrapper, err = volatileWrapper(config.Store, config.Rand); err != nil {
			return nil, err
		}
	}
	if config.MaxConcurrentHashes == 0 {
		config.MaxConcurrentHashes = runtime.GOMAXPROCS(0)
	}
	if config.MaxConcurrentHashes < 1 || config.MaxConcurrentHashes > 1024 {
		return nil, fmt.Errorf("userpool: Config.MaxConcurrentHashes is %d; it must be from 1 to 1024", config.MaxConcurrentHashes)
	}
	hasher, err := newHasher(config.MaxConcurrentHashes, config.Rand)
	if err != nil {
		return nil, err
	}
	now := config.Now
	config.Providers = slices.Clone(config.Providers)
	for i := range config.Providers {
		config.Providers[i] = config.Providers[i].complete()
	}
	p := &Pool{
		id: config.ID, issuer: config.Issuer, store: config.Store, wrapper: config.KeyWrapper, sender: config.Sender, sms: config.SMSSender, webAuthn: config.WebAuthn,
		breach: config.BreachChecker, locator: config.Locator, trail: newAuditTrail(), settings: settings, hooks: config.Hooks,
		providers: config.Providers, homeRealm: config.HomeRealm, rand: config.Rand, log: config.Logger, hasher: hasher,
		texts: texts, codeDomain: codeDomain(config.Issuer),
		sending: &onTheWay{},
		now:     func() time.Time { return now().UTC().Truncate(time.Microsecond) },
	}
	p.keys = p.newKeyCache()
	return p, nil
}

// checkIssuer wants one spelling of an issuer only: it is compared byte by byte wherever tokens are verified.
func checkIssuer(issuer string, allowHTTP bool) error {
	u, err := url.Parse(issuer)
	switch {
	case issuer == "":
		return errors.New("userpool: Config.Issuer is empty: give the address that people and applications reach the pool at, such as https://id.example.com")
	case err != nil || u.Host == "" || u.String() != issuer || u.Host != strings.ToLower(u.Host) || strings.ContainsAny(issuer, "?#@ "):
		return fmt.Errorf("userpool: Config.Issuer %q is not a plain URL such as https://id.example.com or https://example.com/pool-1", issuer)
	case strings.HasSuffix(issuer, "/"):
		return fmt.Errorf("userpool: Config.Issuer %q ends in a slash: leave it out", issuer)
	case u.Path != "" && path.Clean(u.Path) != u.Path || strings.Contains(issuer, "%"):
		return fmt.Errorf("userpool: Config.Issuer %q has a path with empty or dot segments, or an escaped character", issuer)
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || isLoopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("userpool: Config.Issuer %q is not https; for a test on a closed network set InsecureAllowHTTP", issuer)
	}
	return fmt.Errorf("userpool: Config.Issuer %q has a scheme other than https", issuer)
}

// volatileWrapper seals under a key that ends with the process, for stores that do too.
func volatileWrapper(store Store, random io.Reader) (KeyWrapper, error) {
	if v, ok := store.(interface{ Volatile() bool }); !ok || !v.Volatile() {
		return nil, errors.New("userpool: Config.KeyWrapper is nil: the store outlives the program, so give NewKeyWrapper a key of 32 random bytes that does too, or use KeyFile")
	}
	key := make([]byte, 32)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return NewKeyWrapper(key)
}

// ID returns the identifier of the pool in its store.
func (p *Pool) ID() string { return p.id }

// Issuer returns the claim iss of the pool's tokens.
func (p *Pool) Issuer() string { return p.issuer }

// Settings returns a copy of the settings with all defaults filled in, and without the clients' secrets; Confidential still tells which
// clients have any.
func (p *Pool) Settings() Settings {
	s := p.settings
	s.Clients = make([]Client, len(p.settings.Clients))
	for i, c := range p.settings.Clients {
		s.Clients[i] = c.public()
	}
	return s
}

// Client returns the client with this ID, without its secrets; Confidential still tells whether it has any. It returns false if there is
// none.
func (p *Pool) Client(id string) (Client, bool) {
	c, ok := p.client(id)
	return c.public(), ok
}

// Wait waits until every message has been handed to the Sender. A program calls it before it ends, once it takes no more requests; a test
// calls it before it looks at its outbox. It returns after a minute at the latest if the Sender honours its context.
func (p *Pool) Wait() { p.sending.Wait() }

// Run does the upkeep until ctx is done, and then returns ctx.Err(): it replaces signing keys when they are old, and deletes what no
// longer matters, when it begins and every 15 minutes. It is enough that one of several processes runs it; more do no harm. A failure is
// logged, and the upkeep tried again the next time.
func (p *Pool) Run(ctx context.Context) error {
	ticker := time.NewTicker(15 * time.Minute)
	defer ticker.Stop()
	for {
		if err := p.upkeep(ctx); err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "userpool: upkeep failed", "pool", p.id, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (p *Pool) upkeep(ctx context.Context) error {
	return errors.Join(p.rotateWhenOld(ctx), p.purge(ctx), p.keepAudit(ctx))
}

func (p *Pool) purge(ctx context.Context) error {
	// Two days keep used tickets recognisable, and counters in force, long beyond their use, and sessions until their last token expired.
	before := p.now().Add(-2 * day)
	const batch = 1000
	for {
		n, err := p.store.Purge(ctx, p.id, before, batch)
		if err != nil {
			return fmt.Errorf("deleting what is over: %w", err)
		}
		if n < batch {
			return nil
		}
	}
}
