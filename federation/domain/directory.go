package domain

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// Config says how a Directory works.
type Config struct {
	// Key is what challenges are made from: at least 32 random bytes, the same in
	// all processes, kept for as long as domains are to stay proved. Required.
	Key []byte

	// OldKeys are keys of earlier challenges, which are still good in the DNS.
	OldKeys [][]byte

	// Store keeps the domains. Required; see [NewMemoryStore].
	Store Store

	// Resolver asks the DNS. Nil means net.DefaultResolver.
	Resolver Resolver

	// Label is the label in front of the domain under which the challenge is
	// looked for: "_stepwell-challenge" by default. It begins with an underscore,
	// so that it is no host's.
	Label string

	// Grace is how long a domain counts after its proof has gone from the DNS: 14
	// days by default, at least an hour.
	Grace time.Duration

	// MaxAge is how long a domain counts after its proof was last seen, whatever
	// became of it: because the DNS could not be asked, or because nobody ran
	// Recheck. 90 days by default, at least Grace.
	MaxAge time.Duration

	// RecheckEvery is how often a proof is looked for again: once a day by
	// default, at least every minute.
	RecheckEvery time.Duration

	// SharedDomains are domains that nobody may claim, besides the well-known ones
	// where anybody gets a mailbox; nor may their subdomains be claimed.
	SharedDomains []string

	// OnChange is told when the proof of a domain is gone or is there again, and
	// when the domain stops counting, so that the application may write to its
	// owner. Nil means nobody is told.
	OnChange func(ctx context.Context, d Domain, change Change)

	// Logger is told when the store or the DNS fails. Nil means nowhere.
	Logger *slog.Logger

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Resolver asks the DNS for TXT records. *net.Resolver is one. An error that is a
// *net.DNSError with IsNotFound says that there is none, and so does an empty
// answer without an error; any other error says that nothing is known. name ends
// with a dot: it is the whole name.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Directory knows which provider the people of a domain sign in at. Its methods
// are safe for concurrent use, in any number of processes with the same Store.
type Directory struct {
	config Config
	shared map[string]bool
}

// New returns a Directory. It fails with InvalidConfig. It starts nothing: see
// Run.
func New(config Config) (*Directory, error) {
	for _, key := range append([][]byte{config.Key}, config.OldKeys...) {
		if len(key) < 32 {
			return nil, fail(InvalidConfig, "a key has %d bytes; Key and OldKeys have at least 32 random ones", len(key))
		}
	}
	if config.Store == nil {
		return nil, fail(InvalidConfig, "Store is missing; NewMemoryStore makes one for a single process")
	}
	config.Key, config.OldKeys = slices.Clone(config.Key), slices.Clone(config.OldKeys)
	for i := range config.OldKeys {
		config.OldKeys[i] = slices.Clone(config.OldKeys[i])
	}
	config.setDefaults()
	switch {
	case len(config.Label) > 30 || !strings.HasPrefix(config.Label, "_") || !isLabel(config.Label[1:]):
		return nil, fail(InvalidConfig, "Label %q is not an underscore and at most 29 small letters, digits and hyphens", plain(config.Label))
	case config.Grace < time.Hour:
		return nil, fail(InvalidConfig, "Grace is %s; it is at least an hour", config.Grace)
	case config.MaxAge < config.Grace:
		return nil, fail(InvalidConfig, "MaxAge is %s, less than Grace, %s", config.MaxAge, config.Grace)
	case config.RecheckEvery < time.Minute || config.RecheckEvery > config.Grace:
		return nil, fail(InvalidConfig, "RecheckEvery is %s; it is a minute to Grace, %s", config.RecheckEvery, config.Grace)
	}
	d := &Directory{config: config, shared: map[string]bool{}}
	for _, name := range config.SharedDomains {
		canonical, err := Canonical(name)
		if err != nil {
			return nil, fail(InvalidConfig, "SharedDomains: %v", err)
		}
		d.shared[canonical] = true
	}
	return d, nil
}

const day = 24 * time.Hour

func (c *Config) setDefaults() {
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Label == "" {
		c.Label = "_stepwell-challenge"
	}
	if c.Grace == 0 {
		c.Grace = 14 * day
	}
	if c.MaxAge == 0 {
		c.MaxAge = max(90*day, c.Grace)
	}
	if c.RecheckEvery == 0 {
		c.RecheckEvery = min(day, c.Grace)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// Domain is a domain of a Directory.
type Domain struct {
	// Name is the canonical name, and Owner whose it is.
	Name, Owner string
	// Provider is where its people sign in.
	Provider string
	// Subdomains is set if the domains below it are included, but for those that
	// are in the directory themselves.
	Subdomains bool
	// Since is when its ownership was first proved, Seen when the proof was last
	// seen, and Checked when it was last looked for with an answer.
	Since, Seen, Checked time.Time
	// Missing is when the proof was first found to be gone; zero while it is
	// there.
	Missing time.Time
	// Until is when the domain stops counting if the proof is not seen again.
	Until time.Time
	// Counts tells whether people are sent to Provider now.
	Counts bool
}

// domain returns what a record says now.
func (d *Directory) domain(r *record) Domain {
	until := r.Seen.Add(d.config.MaxAge)
	if !r.Missing.IsZero() {
		if gone := r.Missing.Add(d.config.Grace); gone.Before(until) {
			until = gone
		}
	}
	return Domain{
		Name: r.Domain, Owner: r.Owner, Provider: r.Provider, Subdomains: r.Subdomains,
		Since: r.Since, Seen: r.Seen, Checked: r.Checked, Missing: r.Missing,
		Until: until, Counts: d.config.Now().Before(until),
	}
}

func (d *Directory) read(ctx context.Context, name string) (data []byte, r *record, err error) {
	if data, err = d.config.Store.Domain(ctx, name); err != nil {
		return nil, nil, failCause(StoreFailed, "reading "+name, err)
	}
	if data == nil {
		return nil, nil, nil
	}
	r, err = decode(data, name)
	return data, r, err
}

const (
	maxOwner    = 200
	maxProvider = 200
)

func checkOwner(owner string) error {
	if owner == "" || len(owner) > maxOwner || !plaintext.Printable(owner) {
		return fail(InvalidRequest, "the owner must be 1 to %d bytes of text that prints", maxOwner)
	}
	return nil
}

// Lookup returns the domain that decides where the person with an e-mail address
// signs in. ok is false if there is none, or none that counts, or if the text is
// no address; the last is no error, for it is what people type. It is the
// address's own domain, or the nearest above it that includes its subdomains.
//
// It fails with StoreFailed.
func (d *Directory) Lookup(ctx context.Context, email string) (found Domain, ok bool, err error) {
	name, err := OfEmail(email)
	if err != nil {
		return Domain{}, false, nil
	}
	for i, at := range above(name) {
		_, r, err := d.read(ctx, at)
		if err != nil {
			return Domain{}, false, err
		}
		if r == nil || i > 0 && !r.Subdomains {
			continue
		}
		if found := d.domain(r); found.Counts {
			return found, true, nil
		}
	}
	return Domain{}, false, nil
}

// lookupTime is how long ProviderFor may take.
const lookupTime = 3 * time.Second

// ProviderFor is Lookup for a sign-in page that has asked for an address: it
// returns the name of the provider to go to, or "" if there is none. It can be
// the HomeRealm of a user pool. It fails with StoreFailed if the store does, or
// takes more than 3 seconds.
func (d *Directory) ProviderFor(ctx context.Context, email string) (provider string, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	found, _, err := d.Lookup(ctx, email)
	return found.Provider, err
}
