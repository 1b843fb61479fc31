package oidc

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// Config says which provider to sign in at, and as which client.
type Config struct {
	// Issuer is the provider's issuer identifier: an https URL without query or
	// fragment. Required. The provider's metadata and its ID tokens must name
	// exactly this value, letter for letter, including a trailing slash. With
	// Tenants, and only then, it may have the placeholder {tenantid}.
	Issuer string

	// DiscoveryURL is where the provider's metadata is, when that is not at
	// Issuer with /.well-known/openid-configuration after it. An https URL,
	// which may have a query. The metadata must name Issuer all the same.
	// Danger: whoever answers at this URL decides which keys sign ID tokens.
	DiscoveryURL string

	// Tenants is for a provider whose metadata and keys are those of many
	// issuers, one for each of its customers: Entra ID. Nil means that there is
	// one issuer, which is what the standards know.
	Tenants *TenantRule

	// ClientID is what the provider calls this application. Required.
	ClientID string

	// ClientSecret authenticates the client at the token endpoint, by
	// client_secret_basic where the provider allows it and by
	// client_secret_post otherwise. Without it, ClientSecretFunc and
	// ClientAssertion this is a public client, which has nothing but PKCE.
	ClientSecret string

	// ClientSecretFunc returns the client secret anew for each code that is
	// exchanged, for a secret that expires: Apple's is a token which the client
	// signs. It stands in the place of ClientSecret, and is called concurrently.
	ClientSecretFunc func(ctx context.Context) (secret string, err error)

	// ClientAssertion authenticates the client by private_key_jwt (OpenID Connect
	// Core section 9, RFC 7523), in the place of a secret: it returns a fresh
	// assertion for each code that is exchanged at tokenEndpoint.
	// [NewClientAssertion] makes such a function of a key. A function of the
	// application's own may return a token that somebody else has signed: a
	// federated credential. It is called concurrently.
	ClientAssertion func(ctx context.Context, tokenEndpoint string) (assertion string, err error)

	// Scopes to ask for. Empty means openid, profile and email; openid is
	// added when it is missing.
	Scopes []string

	// Prompt is what the provider shows (OpenID Connect Core section 3.1.2.1): some
	// of login, consent, select_account and create, with spaces, or none. Empty
	// leaves it to the provider. With login, an ID token that has auth_time is
	// refused if the person signed in before they were sent; use MaxAge too, or
	// [Hints.Reauthenticate], where the provider has to prove it. With none, a
	// provider that had to ask something gives the error InteractionRequired.
	Prompt string

	// MaxAge is how long ago, in whole seconds, the person may have signed in at
	// the provider, counted from when the sign-in began (max_age). The ID token
	// must then have auth_time. 0 means no limit.
	MaxAge time.Duration

	// ACRValues are the authentication context classes that will do, the best one
	// first (acr_values). An ID token whose acr is not one of them is refused:
	// the provider is free to ignore what it was asked for. Empty means any.
	ACRValues []string

	// AuthorizationParameters are added to every authorization request:
	// login_hint, ui_locales, hd and their like; also prompt and acr_values, but
	// without the checks of Prompt and ACRValues. A name that this package sets
	// itself is refused, and so are request, request_uri, claims and max_age.
	//
	// response_mode may be "query", the default, or "form_post". With
	// form_post the browser comes back by a cross-site POST, which carries no
	// SameSite=Lax cookie.
	AuthorizationParameters map[string]string

	// TrustedAudiences are audiences which an ID token may name besides
	// ClientID. Empty means none: a token for us and for anybody else is
	// refused (OpenID Connect Core section 3.1.3.7).
	TrustedAudiences []string

	// CheckClaims, when it is not nil, is asked about every ID token that has
	// passed all other checks, at a sign-in and by VerifyLogin; an error refuses
	// it. It can only refuse. The claims are as VerifyLogin returns them, and are
	// not to be changed. The error must not quote what is secret. It is called
	// concurrently.
	CheckClaims func(claims map[string]any) error

	// SkipUserInfo leaves the userinfo endpoint alone, for providers that put
	// every claim into the ID token. By default it is asked at every sign-in
	// if the provider has one.
	SkipUserInfo bool

	// UserInfoInBody sends the access token to the userinfo endpoint in the body of
	// a POST (RFC 6750 section 2.2), for a provider that does not take it in a
	// header, which is the default.
	UserInfoInBody bool

	// Replay remembers which back-channel logout tokens have been used. Nil
	// means that [Provider.ReceiveLogout] refuses them.
	Replay ReplayStore

	// HTTPClient reaches the provider. Nil means one on http.DefaultTransport.
	// Its Transport is used, to which belong proxies, certificate authorities
	// and any limit on the addresses that may be dialed (see [PublicOnly]), and its Timeout if
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

// String names the provider for a log. Printing it otherwise would show its secrets.
func (p *Provider) String() string {
	return "oidc: " + p.config.Issuer + " as client " + p.config.ClientID
}

// GoString is String, for the verb %#v.
func (p *Provider) GoString() string { return p.String() }

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
	if err := config.checkIssuer(); err != nil {
		return nil, err
	}
	if err := config.checkClient(); err != nil {
		return nil, err
	}
	if err := config.checkAuthenticationRules(); err != nil {
		return nil, err
	}
	scopes, err := checkScopes(config.Scopes, true)
	if err != nil {
		return nil, err
	}
	parameters, err := checkParameters(config.AuthorizationParameters)
	if err != nil {
		return nil, err
	}
	return newProvider(config, scopes, parameters), nil
}

// newProvider builds on what has been checked.
func newProvider(config Config, scopes []string, parameters map[string]string) *Provider {
	config.TrustedAudiences = slices.Clone(config.TrustedAudiences)
	config.ACRValues = slices.Clone(config.ACRValues)
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
	return p
}

// Issuer returns the issuer identifier the Provider was made with, placeholder
// included.
func (p *Provider) Issuer() string { return p.config.Issuer }

func (c *Config) checkIssuer() error {
	issuer := c.Issuer
	if c.Tenants != nil {
		if err := c.Tenants.check(issuer); err != nil {
			return err
		}
		issuer = strings.Replace(issuer, placeholder, "x", 1)
	}
	if err := checkURL(issuer, c.InsecureAllowHTTP); err != nil {
		return fail(InvalidConfig, "Issuer %q %v", plain(c.Issuer, maxMessage), err)
	}
	if strings.Contains(issuer, "?") {
		return fail(InvalidConfig, "Issuer %q has a query; an issuer identifier has none", plain(c.Issuer, maxMessage))
	}
	if strings.Contains(c.Issuer, placeholder) && c.DiscoveryURL == "" {
		return fail(InvalidConfig, "Issuer %q has a placeholder, so DiscoveryURL must say where the metadata is", plain(c.Issuer, maxMessage))
	}
	if c.DiscoveryURL != "" {
		if err := checkURL(c.DiscoveryURL, c.InsecureAllowHTTP); err != nil {
			return fail(InvalidConfig, "DiscoveryURL %q %v", plain(c.DiscoveryURL, maxMessage), err)
		}
	}
	return nil
}

func (c *Config) checkClient() error {
	if c.ClientID == "" || len(c.ClientID) > maxParameter || !plaintext.PrintableASCII(c.ClientID) {
		return fail(InvalidConfig, "ClientID must be 1 to %d printable ASCII characters", maxParameter)
	}
	if len(c.ClientSecret) > maxParameter || !plaintext.PrintableASCII(c.ClientSecret) {
		return fail(InvalidConfig, "ClientSecret must be at most %d printable ASCII characters", maxParameter)
	}
	ways := 0
	for _, given := range []bool{c.ClientSecret != "", c.ClientSecretFunc != nil, c.ClientAssertion != nil} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return fail(InvalidConfig, "ClientSecret, ClientSecretFunc and ClientAssertion exclude one another: a client authenticates in one way")
	}
	return nil
}

// checkScopes adds openid for a sign-in with OpenID Connect.
func checkScopes(given []string, openid bool) ([]string, error) {
	if len(given) == 0 && openid {
		return []string{"openid", "profile", "email"}, nil
	}
	scopes := slices.Clone(given)
	for _, scope := range scopes {
		if scope == "" || len(scope) > 256 || !plaintext.PrintableASCII(scope) || strings.ContainsAny(scope, ` "\`) {
			return nil, fail(InvalidConfig, "Scopes has %q, which is not one scope (RFC 6749 section 3.3)", plain(scope, maxMessage))
		}
	}
	if openid && !slices.Contains(scopes, "openid") {
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
		if name == "" || len(name)+len(value) > maxParameter || !plaintext.PrintableASCII(name) {
			return nil, fail(InvalidConfig, "AuthorizationParameters has an unusable name or value at %q", plain(name, maxMessage))
		}
		if name == "response_mode" && value != "query" && value != "form_post" {
			return nil, fail(InvalidConfig, "response_mode %q is not supported; use query or form_post", plain(value, maxMessage))
		}
		parameters[name] = value
	}
	return parameters, nil
}

// checkURL is for URLs of the provider.
func checkURL(raw string, allowHTTP bool) error {
	return outbound.CheckURL(raw, allowHTTP, "a provider")
}
