package oidc

import (
	"context"
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
)

// metadata is what this package uses of a discovery document (OpenID Connect
// Discovery 1.0 section 3).
type metadata struct {
	authorizationEndpoint string
	tokenEndpoint         string
	userInfoEndpoint      string
	jwksURI               string
	authStyle             oauth2.AuthStyle
	issInResponse         bool
	keys                  *jose.RemoteKeys
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
	if m.issInResponse, err = optionalBool(doc, "authorization_response_iss_parameter_supported"); err != nil {
		return nil, err
	}
	return m, m.chooseClientAuthentication(doc, config)
}

// chooseClientAuthentication decides how the client will show who it is. With
// nothing said, client_secret_basic is what a provider must support.
func (m *metadata) chooseClientAuthentication(doc map[string]any, config *Config) error {
	if config.ClientSecret == "" {
		m.authStyle = oauth2.AuthStyleInParams
		challenges, ok, err := stringList(doc, "code_challenge_methods_supported")
		if err != nil || ok && !slices.Contains(challenges, "S256") {
			return fmt.Errorf("its code_challenge_methods_supported does not have S256, which a client without secret depends on")
		}
		return nil
	}
	methods, ok, err := stringList(doc, "token_endpoint_auth_methods_supported")
	switch {
	case err != nil:
		return err
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
type discovery struct {
	provider *Provider
	url      string
	flight   singleflight.Group

	mu     sync.Mutex
	last   *metadata
	readAt time.Time
	nextAt time.Time
}

func newDiscovery(p *Provider) *discovery {
	return &discovery{
		provider: p,
		url:      strings.TrimSuffix(p.config.Issuer, "/") + "/.well-known/openid-configuration",
	}
}

// get returns the metadata, or an *Error.
func (d *discovery) get(ctx context.Context) (*metadata, error) {
	if m, fresh := d.cached(); fresh {
		return m, nil
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

func (d *discovery) cached() (m *metadata, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last, d.last != nil && d.provider.now().Before(d.nextAt)
}

// refresh reads the metadata, and falls back on what it last was.
func (d *discovery) refresh(ctx context.Context) (*metadata, error) {
	if m, fresh := d.cached(); fresh {
		return m, nil
	}
	m, err := d.read(ctx)
	now := d.provider.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		if d.last == nil || now.Sub(d.readAt) > metadataStale {
			return nil, err
		}
		d.nextAt = now.Add(metadataRetry)
		return d.last, nil
	}
	// The same key set keeps its keys, and its pause between requests.
	if d.last != nil && d.last.jwksURI == m.jwksURI {
		m.keys = d.last.keys
	} else if m.keys, err = d.remoteKeys(m.jwksURI); err != nil {
		return nil, err
	}
	d.last, d.readAt, d.nextAt = m, now, now.Add(metadataFresh)
	return m, nil
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

func (d *discovery) remoteKeys(url string) (*jose.RemoteKeys, error) {
	p := d.provider
	return jose.NewRemoteKeys(jose.RemoteKeysConfig{
		URL:               url,
		Client:            p.fetch.client(p.fetch.transport),
		Cooldown:          keysCooldown,
		Now:               p.now,
		InsecureAllowHTTP: p.config.InsecureAllowHTTP,
	})
}
