package domain_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/domain"
)

var key = bytes.Repeat([]byte{7}, 32)

// world is a directory with a DNS and a clock.
type world struct {
	*domain.Directory
	t       *testing.T
	mu      sync.Mutex
	records map[string][]string
	down    error
	now     time.Time
	asked   []string
	changes []string
	store   domain.Store
}

func (w *world) LookupTXT(_ context.Context, name string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	require.True(w.t, strings.HasSuffix(name, "."), "a whole name, which no search list of the resolver completes: %s", name)
	name = strings.TrimSuffix(name, ".")
	w.asked = append(w.asked, name)
	if w.down != nil {
		return nil, w.down
	}
	if w.records[name] == nil {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return w.records[name], nil
}

func newWorld(t *testing.T, change ...func(*domain.Config)) *world {
	t.Helper()
	w := &world{t: t, records: map[string][]string{}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), store: domain.NewMemoryStore()}
	config := domain.Config{
		Key: key, Store: w.store, Resolver: w, Now: func() time.Time { return w.now },
		OnChange: func(_ context.Context, d domain.Domain, c domain.Change) {
			w.changes = append(w.changes, d.Name+" "+string(c))
		},
	}
	for _, f := range change {
		f(&config)
	}
	w.store = config.Store
	var err error
	w.Directory, err = domain.New(config)
	require.NoError(t, err)
	return w
}

// write puts an owner's challenge into the DNS.
func (w *world) write(owner, name string) domain.Challenge {
	w.t.Helper()
	c, err := w.Challenge(owner, name)
	require.NoError(w.t, err)
	w.records[c.Name] = append(w.records[c.Name], c.Value)
	return c
}

func (w *world) claim(owner, name, provider string, subdomains bool) (domain.Domain, error) {
	return w.Claim(w.t.Context(), domain.Claim{Owner: owner, Domain: name, Provider: provider, Subdomains: subdomains})
}

func (w *world) mustClaim(owner, name, provider string, subdomains bool) domain.Domain {
	w.t.Helper()
	w.write(owner, name)
	d, err := w.claim(owner, name, provider, subdomains)
	require.NoError(w.t, err)
	return d
}

// goes requires where an address goes; "" is nowhere.
func (w *world) goes(email, want string) {
	w.t.Helper()
	name, err := w.ProviderFor(w.t.Context(), email)
	require.NoError(w.t, err)
	require.Equal(w.t, want, name, "%s", email)
}

func (w *world) recheckAfter(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	require.NoError(w.t, w.Recheck(w.t.Context()))
}

const day = 24 * time.Hour

func TestClaim(t *testing.T) {
	w := newWorld(t)
	c, err := w.Challenge("contoso", "Example.COM.")
	require.NoError(t, err)
	require.Equal(t, "_stepwell-challenge.example.com", c.Name)
	require.Regexp(t, `^stepwell-domain-verification=[\w-]{43}$`, c.Value)

	_, err = w.claim("contoso", "example.com", "Contoso", false)
	require.ErrorIs(t, err, domain.NotProved)
	var refused *domain.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, &c, refused.Challenge)
	require.ErrorContains(t, err, c.Name)
	w.goes("ada@example.com", "")

	w.records[c.Name] = []string{"v=spf1 -all", ` "` + c.Value + `" `}
	d, err := w.claim("contoso", "EXAMPLE.com", "Contoso", false)
	require.NoError(t, err)
	require.Equal(t, domain.Domain{
		Name: "example.com", Owner: "contoso", Provider: "Contoso", Since: w.now, Seen: w.now, Checked: w.now, Until: w.now.Add(90 * day), Counts: true,
	}, d)
	w.goes("ada@example.com", "Contoso")
	w.goes("Ada+x@EXAMPLE.com", "Contoso")
	w.goes("ada@mail.example.com", "")
	w.goes("ada@example.org", "")

	w.now = w.now.Add(time.Hour)
	d, err = w.claim("contoso", "example.com", "Other", true)
	require.NoError(t, err)
	require.Equal(t, w.now.Add(-time.Hour), d.Since)
	w.goes("ada@mail.example.com", "Other")
	all, err := w.Domains(t.Context(), "contoso")
	require.NoError(t, err)
	require.Equal(t, []domain.Domain{d}, all)
	all, err = w.Domains(t.Context(), "fabrikam")
	require.NoError(t, err)
	require.Empty(t, all)
}

// Nobody's challenge is another's, whatever the names.
func TestChallenge_Distinct(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t, func(c *domain.Config) { c.Key = bytes.Repeat([]byte{8}, 32) })
	seen := map[string]bool{}
	for _, pair := range [][2]string{{"a", "example.com"}, {"b", "example.com"}, {"a", "example.org"}, {"ae", "xample.com"}, {"aexample.com", "example.com"}, {"a", "www.example.com"}} {
		for _, d := range []*world{w, other} {
			c, err := d.Challenge(pair[0], pair[1])
			require.NoError(t, err)
			require.False(t, seen[c.Value], "%v", pair)
			seen[c.Value] = true
		}
	}
	again, err := newWorld(t).Challenge("a", "EXAMPLE.com")
	require.NoError(t, err)
	require.True(t, seen[again.Value], "it is the same in all processes")
}

func TestClaim_AnothersProof(t *testing.T) {
	w := newWorld(t)
	w.write("contoso", "example.com")
	_, err := w.claim("fabrikam", "example.com", "Fabrikam", false)
	require.ErrorIs(t, err, domain.NotProved)
	// A proof for one domain is none for another, nor for one above or below.
	c := w.write("fabrikam", "fabrikam.com")
	for _, name := range []string{"example.com", "www.fabrikam.com"} {
		w.records["_stepwell-challenge."+name] = []string{c.Value}
		_, err := w.claim("fabrikam", name, "Fabrikam", false)
		require.ErrorIs(t, err, domain.NotProved, name)
	}
}

func TestClaim_NearlyTheValue(t *testing.T) {
	w := newWorld(t)
	c, err := w.Challenge("contoso", "example.com")
	require.NoError(t, err)
	for _, text := range []string{
		c.Value[:len(c.Value)-1], c.Value + "x", strings.ToUpper(c.Value), strings.ToLower(c.Value), strings.TrimPrefix(c.Value, "stepwell-domain-verification="),
		"x" + c.Value, "", c.Value + strings.Repeat(" ", 2000),
	} {
		w.records[c.Name] = []string{text}
		_, err := w.claim("contoso", "example.com", "Contoso", false)
		require.ErrorIs(t, err, domain.NotProved, "%q", text)
	}
	w.records[c.Name] = append(slices.Repeat([]string{"x"}, 100), c.Value)
	_, err = w.claim("contoso", "example.com", "Contoso", false)
	require.ErrorIs(t, err, domain.NotProved, "the number of records is bounded")
}

func TestClaim_OldKey(t *testing.T) {
	store := domain.NewMemoryStore()
	before := newWorld(t, func(c *domain.Config) { c.Store = store })
	before.mustClaim("contoso", "example.com", "Contoso", false)
	change := func(old ...[]byte) *world {
		w := newWorld(t, func(c *domain.Config) { c.Key, c.OldKeys, c.Store = bytes.Repeat([]byte{9}, 32), old, store })
		w.records = before.records
		return w
	}
	_, err := change().claim("contoso", "example.com", "Contoso", false)
	require.ErrorIs(t, err, domain.NotProved)
	_, err = change(key).claim("contoso", "example.com", "Contoso", false)
	require.NoError(t, err)
}

func TestClaim_OneOwner(t *testing.T) {
	w := newWorld(t)
	w.mustClaim("contoso", "example.com", "Contoso", false)
	w.write("fabrikam", "example.com")
	_, err := w.claim("fabrikam", "example.com", "Fabrikam", false)
	require.ErrorIs(t, err, domain.Taken)
	require.NotContains(t, err.Error(), "contoso", "who it is stays untold")
	w.goes("ada@example.com", "Contoso")

	require.ErrorIs(t, w.Release(t.Context(), "fabrikam", "example.com"), domain.NotFound)
	require.ErrorIs(t, w.Release(t.Context(), "contoso", "example.org"), domain.NotFound)
	require.ErrorIs(t, w.Release(t.Context(), "contoso", "x@y"), domain.InvalidDomain)
	require.NoError(t, w.Release(t.Context(), "contoso", "Example.com"))
	w.goes("ada@example.com", "")
	d, err := w.claim("fabrikam", "example.com", "Fabrikam", false)
	require.NoError(t, err)
	require.Equal(t, "fabrikam", d.Owner)
}

// A domain that was sold goes to the new owner when the former one's proof has been gone long enough.
func TestClaim_SoldDomain(t *testing.T) {
	w := newWorld(t)
	c := w.mustClaim("contoso", "example.com", "Contoso", false)
	delete(w.records, "_stepwell-challenge.example.com")
	w.write("fabrikam", "example.com")
	w.recheckAfter(2 * day)
	_, err := w.claim("fabrikam", "example.com", "Fabrikam", false)
	require.ErrorIs(t, err, domain.Taken, "not at once")
	w.recheckAfter(14 * day)
	d, err := w.claim("fabrikam", "example.com", "Fabrikam", false)
	require.NoError(t, err)
	require.True(t, d.Since.After(c.Since))
	w.goes("ada@example.com", "Fabrikam")
	w.recheckAfter(2 * day)
	w.goes("ada@example.com", "Fabrikam")
}

func TestClaim_Parallel(t *testing.T) {
	w := newWorld(t)
	const n = 50
	for i := range n {
		w.write(fmt.Sprint(i), "example.com")
	}
	var wg sync.WaitGroup
	won := make([]bool, n)
	for i := range n {
		wg.Go(func() {
			_, err := w.claim(fmt.Sprint(i), "example.com", "P", false)
			won[i] = err == nil
			if err != nil && !errors.Is(err, domain.Taken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	count := 0
	for _, yes := range won {
		if yes {
			count++
		}
	}
	require.Equal(t, 1, count, "one domain has one owner")
}

func TestSubdomains(t *testing.T) {
	w := newWorld(t)
	w.mustClaim("contoso", "example.co.uk", "Contoso", true)
	w.mustClaim("physics", "physics.example.co.uk", "Physics", false)
	w.mustClaim("art", "art.example.co.uk", "Art", true)
	w.goes("a@example.co.uk", "Contoso")
	w.goes("a@mail.example.co.uk", "Contoso")
	w.goes("a@x.y.mail.example.co.uk", "Contoso")
	w.goes("a@physics.example.co.uk", "Physics")
	w.goes("a@lab.physics.example.co.uk", "Contoso")
	w.goes("a@studio.art.example.co.uk", "Art")
	w.goes("a@other.co.uk", "")
	w.goes("a@evilexample.co.uk", "")
	w.goes("a@"+strings.Repeat("x.", 90)+"example.co.uk", "Contoso")
}

func TestRecheck(t *testing.T) {
	w := newWorld(t)
	w.mustClaim("contoso", "example.com", "Contoso", false)
	kept := w.records["_stepwell-challenge.example.com"]
	w.asked = nil
	w.recheckAfter(23 * time.Hour)
	require.Empty(t, w.asked, "not due")
	w.recheckAfter(time.Hour)
	require.Equal(t, []string{"_stepwell-challenge.example.com"}, w.asked)
	require.Empty(t, w.changes)

	delete(w.records, "_stepwell-challenge.example.com")
	w.recheckAfter(day)
	require.Equal(t, []string{"example.com gone"}, w.changes)
	for range 13 {
		w.recheckAfter(day)
		w.goes("a@example.com", "Contoso")
	}
	w.records["_stepwell-challenge.example.com"] = kept
	w.recheckAfter(day - time.Minute)
	w.goes("a@example.com", "Contoso")
	require.Len(t, w.changes, 1, "it was not due a minute before")
	w.recheckAfter(time.Minute)
	require.Equal(t, []string{"example.com gone", "example.com back"}, w.changes)

	w.records["_stepwell-challenge.example.com"] = []string{"another"}
	w.recheckAfter(day)
	w.now = w.now.Add(14*day - time.Second)
	w.goes("a@example.com", "Contoso")
	w.now = w.now.Add(time.Second)
	w.goes("a@example.com", "")
	w.recheckAfter(0)
	w.recheckAfter(day)
	require.Equal(t, []string{"example.com gone", "example.com lapsed"}, w.changes[2:])
	w.records["_stepwell-challenge.example.com"] = kept
	w.recheckAfter(day)
	w.goes("a@example.com", "Contoso")
	require.Equal(t, "example.com back", w.changes[4])
	require.Len(t, w.changes, 5)
}

// A DNS that fails changes nothing, however it fails; only after MaxAge does a domain that nobody could look at stop counting.
func TestRecheck_ResolverFails(t *testing.T) {
	for name, down := range map[string]error{
		"an error": errors.New("no route"), "timeout": &net.DNSError{Err: "timeout", IsTimeout: true, IsTemporary: true},
		"server failure":         &net.DNSError{Err: "server misbehaving", IsTemporary: true},
		"not found, temporarily": &net.DNSError{Err: "odd", IsTemporary: true, IsNotFound: true}, "deadline": context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustClaim("contoso", "example.com", "Contoso", false)
			w.down = down
			for range 89 {
				w.recheckAfter(day)
				w.goes("a@example.com", "Contoso")
			}
			require.Empty(t, w.changes)
			_, err := w.claim("contoso", "example.com", "Contoso", false)
			require.ErrorIs(t, err, domain.ResolverFailed)
			require.True(t, err.(*domain.Error).Temporary())
			w.recheckAfter(day)
			w.goes("a@example.com", "")
			require.Equal(t, []string{"example.com lapsed"}, w.changes)
			w.down = nil
			w.recheckAfter(day)
			w.goes("a@example.com", "Contoso")
			require.Equal(t, []string{"example.com lapsed", "example.com back"}, w.changes)
		})
	}
}

// An outage in between does not start the time of grace again, nor end it.
func TestRecheck_GoneThenDown(t *testing.T) {
	w := newWorld(t)
	w.mustClaim("contoso", "example.com", "Contoso", false)
	kept := w.records
	w.records = map[string][]string{}
	w.recheckAfter(day)
	w.down = errors.New("down")
	w.recheckAfter(13 * day)
	w.goes("a@example.com", "Contoso")
	w.down = nil
	w.recheckAfter(day)
	w.goes("a@example.com", "")
	w.records = kept
	w.recheckAfter(day)
	w.goes("a@example.com", "Contoso")
}

func TestRun(t *testing.T) {
	w := newWorld(t)
	w.mustClaim("contoso", "example.com", "Contoso", false)
	w.asked = nil
	w.now = w.now.Add(2 * day)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.asked) == 1
	}, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestNew_Refuses(t *testing.T) {
	for want, change := range map[string]func(*domain.Config){
		"a key has 31 bytes":                  func(c *domain.Config) { c.Key = c.Key[:31] },
		"a key has 0 bytes":                   func(c *domain.Config) { c.OldKeys = [][]byte{{}} },
		"Store is missing":                    func(c *domain.Config) { c.Store = nil },
		`Label "challenge"`:                   func(c *domain.Config) { c.Label = "challenge" },
		`Label "_a.b"`:                        func(c *domain.Config) { c.Label = "_a.b" },
		"Grace is 1m0s":                       func(c *domain.Config) { c.Grace = time.Minute },
		"MaxAge is 1h0m0s, less than Grace":   func(c *domain.Config) { c.MaxAge = time.Hour },
		"RecheckEvery is 1s":                  func(c *domain.Config) { c.RecheckEvery = time.Second },
		"RecheckEvery is 360h0m0s":            func(c *domain.Config) { c.RecheckEvery = 15 * day },
		`SharedDomains: domain: "a_b" is not`: func(c *domain.Config) { c.SharedDomains = []string{"a_b"} },
	} {
		config := domain.Config{Key: key, Store: domain.NewMemoryStore()}
		change(&config)
		_, err := domain.New(config)
		require.ErrorIs(t, err, domain.InvalidConfig, want)
		require.ErrorContains(t, err, want)
	}
	_, err := domain.New(domain.Config{Key: key, Store: domain.NewMemoryStore()})
	require.NoError(t, err)
}

func TestClaim_Refuses(t *testing.T) {
	w := newWorld(t, func(c *domain.Config) { c.SharedDomains = []string{"Partner.example"} })
	for _, name := range []string{
		"com", "co.uk", "github.io", "gmail.com", "GMAIL.COM", "x.gmail.com", "googlemail.com.", "yahoo.co.jp", "contoso.onmicrosoft.com", "partner.example", "x.partner.example",
		"s3.amazonaws.com", "xn--p1ai.",
	} {
		_, err := w.claim("contoso", name, "P", false)
		require.Error(t, err, name)
		require.True(t, errors.Is(err, domain.NotAllowed) || errors.Is(err, domain.InvalidDomain), "%s: %v", name, err)
	}
	for _, c := range []domain.Claim{
		{Owner: "", Domain: "example.com", Provider: "P"}, {Owner: "o\x00", Domain: "example.com", Provider: "P"}, {Owner: "o", Domain: "example.com"},
		{Owner: "o", Domain: "example.com", Provider: "a\nb"}, {Owner: strings.Repeat("o", 201), Domain: "example.com", Provider: "P"},
	} {
		_, err := w.Claim(t.Context(), c)
		require.ErrorIs(t, err, domain.InvalidRequest, "%v", c)
	}
	require.Empty(t, w.asked, "nobody is asked about what cannot be")
}

func TestResolverPanics(t *testing.T) {
	w := newWorld(t, func(c *domain.Config) { c.Resolver = panics{} })
	_, err := w.claim("contoso", "example.com", "Contoso", false)
	require.ErrorIs(t, err, domain.ResolverFailed)
}

type panics struct{}

func (panics) LookupTXT(context.Context, string) ([]string, error) { panic("secret") }
