package middleware

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

// RemoteKeysConfig configures [RemoteKeys].
type RemoteKeysConfig struct {
	// URL is where the issuer publishes its JWK set: jwks_uri in its metadata, usually Issuer + "/.well-known/jwks.json". An
	// absolute https URL without user information. Required.
	URL string
	// HTTPClient sends the requests. Its Transport, Timeout and CheckRedirect count; cookies are not sent. Nil means a client with
	// the transport of the standard library.
	HTTPClient *http.Client
	// Cooldown is the least time from one fetch to the next, however many tokens with unknown keys arrive, so it is also how
	// long tokens of a new key may be refused. At most MaxAge. Zero means 5 minutes, or MaxAge if that is less.
	Cooldown time.Duration
	// MaxAge is how long a set is used before it is fetched again, so it is also how long a withdrawn key is still accepted.
	// Zero means 1 hour, or Cooldown if that is more.
	MaxAge time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// InsecureAllowHTTP accepts a URL with the scheme http. Whoever is on the network path can then replace the keys and
	// sign tokens for anybody. It is for tests on the loopback interface.
	InsecureAllowHTTP bool
}

// RemoteKeys is a [KeySource] that fetches the JWK set of an issuer (RFC 7517 section 5) when a key is first asked for, when the
// set is older than MaxAge, and when a key is not in it, but only once per Cooldown. Callers share one fetch, which takes at most
// 5 seconds and 512 KiB and follows redirects to the same host only. A set may hold 100 keys; those that cannot verify tokens are
// ignored. When a fetch fails, the last good set stays in use until 24 hours after its MaxAge.
//
// It keeps its copy in this process, has nothing to close, and is safe for concurrent use.
type RemoteKeys struct{ keys *jose.RemoteKeys }

// NewRemoteKeys validates the configuration. It fetches nothing and starts no goroutine: the first call of Key fetches.
func NewRemoteKeys(config RemoteKeysConfig) (*RemoteKeys, error) {
	keys, err := jose.NewRemoteKeys(jose.RemoteKeysConfig{
		URL: config.URL, Client: config.HTTPClient, Cooldown: config.Cooldown, MaxAge: config.MaxAge, Now: config.Now,
		InsecureAllowHTTP: config.InsecureAllowHTTP,
	})
	if err != nil {
		return nil, fmt.Errorf("middleware: RemoteKeysConfig: %w", err)
	}
	return &RemoteKeys{keys: keys}, nil
}

// Key implements [KeySource]. A token that names no key is verified with the only key of the set, if there is only one. The error
// wraps [Unavailable] if there is no set to look into.
func (k *RemoteKeys) Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error) {
	alg, key, err = k.keys.Key(ctx, kid)
	// Only where no set could be had does the error have another one beneath.
	var refused *jose.Error
	if errors.As(err, &refused) && refused.Err != nil {
		err = fmt.Errorf("%w: %w", Unavailable, err)
	}
	return alg, key, err
}
