package oidc

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/stepwell/stepwell/internal/jose"
)

const (
	// metadataFresh is how long metadata is used without asking again.
	metadataFresh = time.Hour
	// metadataStale is how long it is used when asking again fails.
	metadataStale = 24 * time.Hour
	// keysCooldown is the pause between readings of the key set. It is short,
	// because a provider that signs with a key it has just made is not to lock
	// everybody out for long.
	keysCooldown = time.Minute
	// metadataRetry is the pause after a failure while there is something to use.
	metadataRetry = time.Minute
	// metadataPause is the pause after a failure while there is nothing: anybody
	// can begin a sign-in, and is not to make requests to the provider with it.
	metadataPause = 2 * time.Second
)

// metadata is what this package uses of a discovery document (OpenID Connect
// Discovery 1.0 section 3).
type metadata struct {
	authorizationEndpoint string
	tokenEndpoint         string
	userInfoEndpoint      string
	endSessionEndpoint    string // "" when there is none that can be used
	jwksURI               string
	authStyle             oauth2.AuthStyle
	issInResponse         bool
	oauthOnly             bool // no OpenID provider: there is no ID token
	keys                  *keySource
}

// keySource tells a key set that cannot be had from a token that is not
// genuine: nothing is known about the token then.
type keySource struct{ remote *jose.RemoteKeys }

func (k *keySource) Key(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
	key, err := k.find(ctx, kid)
	return string(key.Algorithm), key.Key, err
}

func (k *keySource) find(ctx context.Context, kid string) (jose.PublicKey, error) {
	key, err := k.remote.Find(ctx, kid)
	// Only where no set could be had does the error have another one beneath.
	var refused *jose.Error
	if errors.As(err, &refused) && refused.Err != nil {
		return jose.PublicKey{}, failCause(DiscoveryFailed, "reading the provider's keys", err)
	}
	return key, err
}

// usedKey is the keySource of one token, and remembers which issuer its key is for.
type usedKey struct {
	source *keySource
	issuer string
}

func (u *usedKey) Key(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
	key, err := u.source.find(ctx, kid)
	u.issuer = key.Issuer
	return string(key.Algorithm), key.Key, err
}

// parseMetadata judges a discovery document for config's issuer and client.
func parseMetadata(data []byte, config *Config) (*metadata, error) {
	doc, err := jose.DecodeObject(data)
	if err != nil {
		return nil, err
	}
	if issuer, _ := doc["issuer"].(string); issuer != config.Issuer {
		return nil, fmt.Errorf("it names the issuer %q, which is not exactly the configured one", plain(issuer, maxDescription))
	}
	m := new(metadata)
	for _, endpoint := range []struct {
		name     string
		to       *string
		optional bool
	}{
		{"authorization_endpoint", &m.authorizationEndpoint, false},
		{"token_endpoint", &m.tokenEndpoint, false},
		{"jwks_uri", &m.jwksURI, false},
		{"userinfo_endpoint", &m.userInfoEndpoint, true},
	} {
		value, present := doc[endpoint.name]
		if !present && endpoint.optional {
			continue
		}
		text, _ := value.(string)
		if err := checkURL(text, config.InsecureAllowHTTP); err != nil {
			return nil, fmt.Errorf("its %s %q %w", endpoint.name, plain(text, maxDescription), err)
		}
		*endpoint.to = text
	}
	if types, ok, err := stringList(doc, "response_types_supported"); err != nil || ok && !slices.Contains(types, "code") {
		return nil, fmt.Errorf("its response_types_supported does not have code")
	}
	// A bad end_session_endpoint is none: it takes signing out away, and is no
	// reason to let nobody in.
	if text, _ := doc["end_session_endpoint"].(string); checkURL(text, config.InsecureAllowHTTP) == nil {
		m.endSessionEndpoint = text
	}
	if m.issInResponse, err = optionalBool(doc, "authorization_response_iss_parameter_supported"); err != nil {
		return nil, err
	}
	return m, m.chooseClientAuthentication(doc, config)
}

// chooseClientAuthentication decides how the client will show who it is. With
// nothing said, client_secret_basic is what a provider must support.
func (m *metadata) chooseClientAuthentication(doc map[string]any, config *Config) error {
	methods, ok, err := stringList(doc, "token_endpoint_auth_methods_supported")
	if err != nil {
		return err
	}
	if config.ClientAssertion != nil {
		m.authStyle = oauth2.AuthStyleInParams
		if ok && !slices.Contains(methods, "private_key_jwt") {
			return fmt.Errorf("its token_endpoint_auth_methods_supported does not have private_key_jwt, which ClientAssertion is for")
		}
		return nil
	}
	if config.ClientSecret == "" && config.ClientSecretFunc == nil {
		m.authStyle = oauth2.AuthStyleInParams
		challenges, ok, err := stringList(doc, "code_challenge_methods_supported")
		if err != nil || ok && !slices.Contains(challenges, "S256") {
			return fmt.Errorf("its code_challenge_methods_supported does not have S256, which a client without secret depends on")
		}
		return nil
	}
	switch {
	case !ok || slices.Contains(methods, "client_secret_basic"):
		m.authStyle = oauth2.AuthStyleInHeader
	case slices.Contains(methods, "client_secret_post"):
		m.authStyle = oauth2.AuthStyleInParams
	default:
		return fmt.Errorf("its token_endpoint_auth_methods_supported has neither client_secret_basic nor client_secret_post")
	}
	return nil
}

func stringList(doc map[string]any, name string) (values []string, present bool, err error) {
	value, present := doc[name]
	if !present {
		return nil, false, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, true, fmt.Errorf("its %s is not an array", name)
	}
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			return nil, true, fmt.Errorf("its %s is not an array of strings", name)
		}
		values = append(values, text)
	}
	return values, true, nil
}

func optionalBool(doc map[string]any, name string) (bool, error) {
	value, present := doc[name]
	b, ok := value.(bool)
	if present && !ok {
		return false, fmt.Errorf("its %s is not a boolean", name)
	}
	return b, nil
}

// discovery keeps the provider's metadata. It is read when first asked for and
// once an hour after that, by one request however many sign-ins wait for it.
// While the provider cannot be read, what it last said is used for a day.
// Failures are kept for a moment.
type discovery struct {
	provider *Provider
	url      string
	fixed    *metadata // known without reading, or nil
	flight   singleflight.Group

	mu      sync.Mutex
	last    *metadata
	readAt  time.Time     // when last was read
	triedAt time.Time     // when reading was last tried
	pause   time.Duration // from triedAt until reading is tried again
	failure error         // why there is no metadata to use, or nil
}

func newDiscovery(p *Provider) *discovery {
	url := p.config.DiscoveryURL
	if url == "" {
		url = strings.TrimSuffix(p.config.Issuer, "/") + "/.well-known/openid-configuration"
	}
	return &discovery{provider: p, url: url}
}

// get returns the metadata, or an *Error.
func (d *discovery) get(ctx context.Context) (*metadata, error) {
	if d.fixed != nil {
		return d.fixed, nil
	}
	if m, err, known := d.cached(); known {
		return m, err
	}
	// The request is everybody's who waits for it, so it does not end when the
	// first of them goes away. The fetcher's timeout ends it.
	shared := context.WithoutCancel(ctx)
	done := d.flight.DoChan("", func() (m any, err error) {
		// singleflight ends the process on a panic, which a transport given by
		// the application could raise.
		defer func() {
			if r := recover(); r != nil {
				err = fail(DiscoveryFailed, "reading %s: the HTTP transport panicked", d.url)
			}
		}()
		return d.refresh(shared)
	})
	select {
	case <-ctx.Done():
		return nil, failCause(DiscoveryFailed, "reading "+d.url, ctx.Err())
	case result := <-done:
		if result.Err != nil {
			return nil, failCause(DiscoveryFailed, "reading "+d.url, result.Err)
		}
		return result.Val.(*metadata), nil
	}
}

// cached returns what is known without reading: metadata, or why there is none.
func (d *discovery) cached() (m *metadata, failure error, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	elapsed := d.provider.now().Sub(d.triedAt)
	if elapsed < 0 || elapsed >= d.pause {
		return nil, nil, false
	}
	if d.failure != nil {
		return nil, d.failure, true
	}
	return d.last, nil, true
}

// refresh reads the metadata, and falls back on what it last was.
func (d *discovery) refresh(ctx context.Context) (*metadata, error) {
	if m, err, known := d.cached(); known {
		return m, err
	}
	m, err := d.read(ctx)
	now := d.provider.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		m.keys, err = d.keysOf(m)
	}
	d.triedAt, d.failure = now, nil
	switch {
	case err == nil:
		d.last, d.readAt, d.pause = m, now, metadataFresh
	case d.last != nil && now.Sub(d.readAt) <= metadataStale:
		d.pause = metadataRetry
	default:
		d.pause, d.failure = metadataPause, failCause(DiscoveryFailed, "reading "+d.url, err)
		return nil, d.failure
	}
	return d.last, nil
}

func (d *discovery) read(ctx context.Context) (*metadata, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return nil, err
	}
	body, err := d.provider.fetch.object(ctx, req)
	if err != nil {
		return nil, err
	}
	return parseMetadata(body, &d.provider.config)
}

// keysOf returns where the keys of m are. The same key set keeps its keys, and
// its pause between requests.
func (d *discovery) keysOf(m *metadata) (*keySource, error) {
	if d.last != nil && d.last.jwksURI == m.jwksURI {
		return d.last.keys, nil
	}
	p := d.provider
	remote, err := jose.NewRemoteKeys(jose.RemoteKeysConfig{
		URL:               m.jwksURI,
		Client:            p.fetch.client,
		Cooldown:          keysCooldown,
		Now:               p.now,
		InsecureAllowHTTP: p.config.InsecureAllowHTTP,
	})
	return &keySource{remote}, err
}
