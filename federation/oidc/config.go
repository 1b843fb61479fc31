package oidc

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation"
)

// Config says which provider to sign in at, and as which client.
type Config struct {
	// Issuer is the provider's issuer identifier: an https URL without query or
	// fragment. Required. The provider's metadata and its ID tokens must name
	// exactly this value, letter for letter, including a trailing slash.
	Issuer string

	// ClientID is what the provider calls this application. Required.
	ClientID string

	// ClientSecret authenticates the client at the token endpoint, by
	// client_secret_basic where the provider allows it and by
	// client_secret_post otherwise. Empty means a public client, which has
	// nothing but PKCE.
	ClientSecret string

	// Scopes to ask for. Empty means openid, profile and email; openid is
	// added when it is missing.
	Scopes []string

	// AuthorizationParameters are added to every authorization request: prompt,
	// login_hint, ui_locales, acr_values, hd and their like. A name that this
	// package sets itself is refused, and so are request, request_uri, claims
	// and max_age, which ask for checks that it does not make.
	//
	// response_mode may be "query", the default, or "form_post". With
	// form_post the browser comes back by a cross-site POST, which carries no
	// SameSite=Lax cookie.
	AuthorizationParameters map[string]string

	// TrustedAudiences are audiences which an ID token may name besides
	// ClientID. Empty means none: a token for us and for anybody else is
	// refused (OpenID Connect Core section 3.1.3.7).
	TrustedAudiences []string

	// SkipUserInfo leaves the userinfo endpoint alone, for providers that put
	// every claim into the ID token. By default it is asked at every sign-in
	// if the provider has one.
	SkipUserInfo bool

	// HTTPClient reaches the provider. Nil means one on http.DefaultTransport.
	// Its Transport is used, to which belong proxies, certificate authorities
	// and any limit on the addresses that may be dialed, and its Timeout if
	// that is shorter than 10 seconds. Its cookie jar is not used and redirects
	// are never followed.
	HTTPClient *http.Client

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	// Rand is where nonces and PKCE verifiers come from. Nil means
	// crypto/rand.Reader. It must be safe for concurrent use.
	Rand io.Reader

	// InsecureAllowHTTP permits http besides https in the issuer, in the
	// endpoints that the provider's metadata names, and in callback URLs. It is
	// for a provider on the developer's own machine: over http, whoever is on
	// the network signs in as anybody. Without it http is refused everywhere,
	// except in callback URLs on a loopback address or localhost.
	InsecureAllowHTTP bool
}

// Provider is a relying party at one OpenID provider. It keeps the provider's
// metadata and keys, and nothing about people: all it knows of a sign-in is in
// the pending value. It is safe for concurrent use.
type Provider struct {
	config     Config
	scopes     []string
	parameters map[string]string
	formPost   bool
	fetch      *fetcher
	discovery  *discovery
	now        func() time.Time
	rand       io.Reader
}

var _ federation.Provider = (*Provider)(nil)

const maxParameter = 2048

// ownParameters are set by Begin, or would change what Finish must check.
var ownParameters = []string{
	"client_id", "redirect_uri", "response_type", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method",
	"request", "request_uri", "claims", "max_age",
}

// New checks config and returns a Provider. It contacts nobody: the provider's
// metadata is read when it is first needed.
func New(config Config) (*Provider, error) {
	if err := checkURL(config.Issuer, config.InsecureAllowHTTP); err != nil {
		return nil, fail(InvalidConfig, "Issuer %q %v", plain(config.Issuer, maxMessage), err)
	}
	if strings.Contains(config.Issuer, "?") {
		return nil, fail(InvalidConfig, "Issuer %q has a query; an issuer identifier has none", plain(config.Issuer, maxMessage))
	}
	if config.ClientID == "" || len(config.ClientID) > maxParameter || !isPrintableASCII(config.ClientID) {
		return nil, fail(InvalidConfig, "ClientID must be 1 to %d printable ASCII characters", maxParameter)
	}
	if len(config.ClientSecret) > maxParameter || !isPrintableASCII(config.ClientSecret) {
		return nil, fail(InvalidConfig, "ClientSecret must be at most %d printable ASCII characters", maxParameter)
	}
	scopes, err := checkScopes(config.Scopes)
	if err != nil {
		return nil, err
	}
	parameters, err := checkParameters(config.AuthorizationParameters)
	if err != nil {
		return nil, err
	}
	config.TrustedAudiences = slices.Clone(config.TrustedAudiences)
	p := &Provider{
		config:     config,
		scopes:     scopes,
		parameters: parameters,
		formPost:   parameters["response_mode"] == "form_post",
		fetch:      newFetcher(config.HTTPClient),
		now:        config.Now,
		rand:       config.Rand,
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	p.discovery = newDiscovery(p)
	return p, nil
}

// Issuer returns the issuer identifier the Provider was made with.
func (p *Provider) Issuer() string { return p.config.Issuer }

func checkScopes(given []string) ([]string, error) {
	if len(given) == 0 {
		return []string{"openid", "profile", "email"}, nil
	}
	scopes := slices.Clone(given)
	for _, scope := range scopes {
		if scope == "" || len(scope) > 256 || !isPrintableASCII(scope) || strings.ContainsAny(scope, ` "\`) {
			return nil, fail(InvalidConfig, "Scopes has %q, which is not one scope (RFC 6749 section 3.3)", plain(scope, maxMessage))
		}
	}
	if !slices.Contains(scopes, "openid") {
		scopes = append([]string{"openid"}, scopes...)
	}
	return scopes, nil
}

func checkParameters(given map[string]string) (map[string]string, error) {
	parameters := make(map[string]string, len(given))
	for name, value := range given {
		if slices.Contains(ownParameters, name) {
			return nil, fail(InvalidConfig, "AuthorizationParameters has %q, which cannot be set there", name)
		}
		if name == "" || len(name)+len(value) > maxParameter || !isPrintableASCII(name) {
			return nil, fail(InvalidConfig, "AuthorizationParameters has an unusable name or value at %q", plain(name, maxMessage))
		}
		if name == "response_mode" && value != "query" && value != "form_post" {
			return nil, fail(InvalidConfig, "response_mode %q is not supported; use query or form_post", plain(value, maxMessage))
		}
		parameters[name] = value
	}
	return parameters, nil
}

// urlError says what is wrong with a URL, as the end of a sentence.
type urlError string

func (e urlError) Error() string { return string(e) }

// checkURL is for URLs of the provider. They are dialed or shown to browsers,
// so nothing but a plain absolute URL will do.
func checkURL(raw string, allowHTTP bool) error {
	if raw == "" {
		return urlError("is empty")
	}
	if len(raw) > maxParameter || !isPrintableASCII(raw) || strings.ContainsAny(raw, ` <>"\^{}|`+"`") {
		return urlError("is too long or has characters that no URL has")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return urlError("is not an absolute URL")
	case u.User != nil:
		return urlError("has a user name in it")
	case strings.Contains(raw, "#"):
		return urlError("has a fragment")
	case u.Scheme == "https", u.Scheme == "http" && allowHTTP:
		return nil
	case u.Scheme == "http":
		return urlError("uses http; only https is accepted, unless InsecureAllowHTTP is set for a provider on this machine")
	}
	return urlError("does not use https")
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
