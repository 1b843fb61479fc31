package jose

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	defaultCooldown = 5 * time.Minute
	defaultMaxAge   = time.Hour
	// failurePause is the cool-down while there is no set to answer from, so
	// that a hiccup at the start does not shut everybody out for minutes.
	failurePause = 10 * time.Second
	// maxStale is how long after MaxAge a set is still used when no fetch succeeds.
	maxStale = 24 * time.Hour
)

// RemoteKeysConfig says where a key set is and how often it may be fetched.
type RemoteKeysConfig struct {
	// URL of the JWK set: absolute, https, without user information. Required.
	URL string
	// Client sends the requests; nil means one of its own with the standard
	// library's transport. Its Transport, Timeout and CheckRedirect are used, its
	// cookies are not.
	Client *http.Client
	// Cooldown is the least time from one fetch to the next. Default 5 minutes,
	// or MaxAge where that is shorter; not more than MaxAge.
	Cooldown time.Duration
	// MaxAge is how long a set is used before it is fetched again. Default 1 hour.
	MaxAge time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// InsecureAllowHTTP accepts a URL with the scheme http: whoever is on the way
	// can then sign tokens. For tests on the loopback interface.
	InsecureAllowHTTP bool
}

// RemoteKeys is a KeySource over the JWK set of an issuer. The set is fetched when
// a key is first asked for, when it is older than MaxAge, and when a kid is
// not in it; never more often than once per Cooldown, and by one request for all
// callers that wait. While the cool-down runs, every question is answered at
// once from the last good set, so a stream of tokens with invented key IDs
// neither slows down others nor reaches the issuer. (As long as no set is there
// to answer from, the cool-down is 10 seconds if Cooldown is not shorter.)
//
// A fetch takes at most 5 seconds and 512 KiB. It follows redirects to the same
// host only, at most three, never from https to http. What comes back must
// be status 200, a JSON media type, uncompressed, and a JWK set that holds a usable key;
// otherwise the fetch has failed and the last good set stays in use, up to
// 24 hours after its MaxAge. So a key that the issuer withdraws is refused after
// MaxAge, or a day later if its key set cannot be reached. After that no token is accepted.
//
// Each process keeps its own copy; nothing is shared or stored. It is safe for
// concurrent use. There is nothing to close.
type RemoteKeys struct {
	fetcher  fetcher
	cooldown time.Duration
	maxAge   time.Duration
	now      func() time.Time

	mu      sync.Mutex
	set     *keySet   // the last good one, nil before that
	tried   time.Time // when the last fetch began
	failure error     // why the last fetch failed, or nil
	running *fetch    // the one that callers wait for, or nil
}

// keySet is immutable.
type keySet struct {
	keys    map[string]PublicKey // by ID; "" is not looked up here
	only    *PublicKey           // the key of a set that has just one
	fetched time.Time            // when the fetch began
}

// fetch is one request, shared by all who wait for done.
type fetch struct{ done chan struct{} }

// NewRemoteKeys checks config and returns a key source that has not fetched
// anything yet. It starts no goroutine.
func NewRemoteKeys(config RemoteKeysConfig) (*RemoteKeys, error) {
	fetcher, err := newFetcher(config)
	if err != nil {
		return nil, err
	}
	if config.Cooldown < 0 || config.MaxAge < 0 {
		return nil, refuse(ErrKey, "Cooldown %s and MaxAge %s must not be negative", config.Cooldown, config.MaxAge)
	}
	if config.MaxAge == 0 {
		config.MaxAge = max(defaultMaxAge, config.Cooldown)
	}
	if config.Cooldown == 0 {
		config.Cooldown = min(defaultCooldown, config.MaxAge)
	}
	if config.Cooldown > config.MaxAge {
		return nil, refuse(ErrKey, "Cooldown %s is longer than MaxAge %s", config.Cooldown, config.MaxAge)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &RemoteKeys{fetcher: *fetcher, cooldown: config.Cooldown, maxAge: config.MaxAge, now: config.Now}, nil
}

// Key returns the key with ID kid and its algorithm. kid "" stands for the one
// key of a set that has exactly one usable key. It may wait for a fetch until
// ctx is done; the fetch itself goes on for the others. Errors have the reason
// ErrKey. Where no key set could be had they wrap why (ctx.Err() for one); that
// of a key which is not in the set has nothing in Error.Err.
func (r *RemoteKeys) Key(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
	key, err := r.Find(ctx, kid)
	return string(key.Algorithm), key.Key, err
}

// Find is Key with all that the set says of the key.
func (r *RemoteKeys) Find(ctx context.Context, kid string) (PublicKey, error) {
	r.mu.Lock()
	wait := r.request(kid)
	r.mu.Unlock()
	if wait != nil {
		select {
		case <-wait.done:
		case <-ctx.Done():
			return PublicKey{}, wrap(ErrKey, ctx.Err(), "waiting for the key set of %s", r.fetcher.host)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answer(kid)
}

// request returns the fetch that the answer for kid has to wait for, which it
// starts if one is due; nil means that the answer can be given now.
func (r *RemoteKeys) request(kid string) *fetch {
	now := r.now()
	if r.fresh(now) {
		if _, known := r.set.find(kid); known {
			return nil
		}
	}
	if r.running == nil && r.due(now) {
		r.running = &fetch{done: make(chan struct{})}
		r.tried = now
		go r.run(r.running, now)
	}
	return r.running
}

// fresh reports whether there is a set not older than MaxAge. One from the
// future is there when the clock was set back; its age is unknown.
func (r *RemoteKeys) fresh(now time.Time) bool {
	return r.usable(now) && now.Sub(r.set.fetched) < r.maxAge && now.Sub(r.set.fetched) >= -ClockSkew
}

// usable reports whether there is a set to answer from when no newer can be had.
func (r *RemoteKeys) usable(now time.Time) bool {
	return r.set != nil && now.Sub(r.set.fetched) < r.maxAge+maxStale
}

// due reports whether the cool-down is over.
func (r *RemoteKeys) due(now time.Time) bool {
	pause := r.cooldown
	if !r.usable(now) {
		pause = min(pause, failurePause)
	}
	elapsed := now.Sub(r.tried)
	return r.tried.IsZero() || elapsed < 0 || elapsed >= pause
}

// run fetches for everybody who waits, under none of their contexts.
func (r *RemoteKeys) run(f *fetch, began time.Time) {
	keys, err := r.fetcher.fetch()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.set = newKeySet(keys, began)
	}
	r.failure = err
	r.running = nil
	close(f.done)
}

var errTooOld = errors.New("the last one is too old")

func (r *RemoteKeys) answer(kid string) (PublicKey, error) {
	if !r.usable(r.now()) {
		return PublicKey{}, wrap(ErrKey, cmp.Or(r.failure, errTooOld), "no key set of %s", r.fetcher.host)
	}
	key, known := r.set.find(kid)
	if !known {
		return PublicKey{}, refuse(ErrKey, "key %.64q is not in the key set of %s", kid, r.fetcher.host)
	}
	return key, nil
}

func newKeySet(keys []PublicKey, fetched time.Time) *keySet {
	set := &keySet{keys: make(map[string]PublicKey, len(keys)), fetched: fetched}
	for _, key := range keys {
		set.keys[key.ID] = key
	}
	if len(keys) == 1 {
		set.only = &keys[0]
	}
	return set
}

func (s *keySet) find(kid string) (PublicKey, bool) {
	if kid == "" {
		if s.only == nil {
			return PublicKey{}, false
		}
		return *s.only, true
	}
	key, known := s.keys[kid]
	return key, known
}
