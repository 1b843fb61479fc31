package azuread

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/stepwell/stepwell/federation/oidc"
)

// Config is an app registration, as its pages in the Entra admin center show it,
// and who may sign in.
type Config struct {
	// Tenant is where people sign in: the "Directory (tenant) ID" of the
	// registration's Overview; a verified domain of it, such as
	// contoso.onmicrosoft.com, which is looked up once when it is first needed;
	// "organizations" for the people of several tenants; "common" for those and for
	// personal Microsoft accounts; or "consumers" for the latter alone. Required.
	Tenant string

	// ClientID is the "Application (client) ID". Required.
	ClientID string

	// One of the following shows who the application is, unless PublicClient is set.
	//
	// ClientSecret is the Value of a client secret, not its Secret ID.
	//
	// Certificate has been uploaded under Certificates & secrets, and Key is its
	// private key, RSA of at least 2048 bits; it may be in a device. The
	// application signs an assertion with it (PS256, x5t#S256) for each sign-in.
	//
	// FederatedCredential returns a token of another issuer that a federated
	// credential of the registration trusts: of a managed identity, a Kubernetes
	// service account or a build service, for the audience
	// api://AzureADTokenExchange. It is asked for each sign-in, concurrently.
	ClientSecret        string
	Certificate         *x509.Certificate
	Key                 crypto.Signer
	FederatedCredential func(ctx context.Context) (token string, err error)

	// PublicClient is for a registration that allows public client flows: there is
	// no credential but PKCE. Programs on a server have a credential.
	PublicClient bool

	// AllowedTenants are the IDs of the tenants whose people may sign in, for Tenant
	// common and organizations. With a domain as Tenant, it pins its ID.
	AllowedTenants []string
	// AllowTenant decides besides AllowedTenants, for a list that changes while the
	// program runs. It is given a GUID in small letters, and is called
	// concurrently.
	AllowTenant func(tenant string) bool
	// AllowAnyTenant lets the people of every organization sign in that there is.
	// Anybody can make one.
	AllowAnyTenant bool
	// AllowPersonalAccounts lets personal Microsoft accounts sign in, which are in
	// the tenant PersonalAccounts. Without it they are refused, whatever the other
	// fields say.
	AllowPersonalAccounts bool

	// Cloud is the cloud that the tenant is in. Empty means Public.
	Cloud Cloud

	// V1 uses the endpoints of version 1.0, whose ID tokens have the issuer
	// https://sts.windows.net/<tenant>/. Subjects and attributes are the same. It
	// is for registrations that something old has bound to version 1.0.
	V1 bool

	// Scopes to ask for. Empty means openid, profile and email; profile is needed,
	// as the object ID comes with it, and is added like openid.
	Scopes []string

	// DomainHint is the domain of the one organization whose people sign in here, so
	// that they are not asked which account is meant.
	DomainHint string

	// Prompt is what the directory shows, as in oidc.Config: select_account lets
	// people choose where they would be signed in at once.
	Prompt string

	// MaxAge is how long ago the person may have signed in at the directory, as in
	// oidc.Config. It needs the optional claim auth_time.
	MaxAge time.Duration

	// UserInfo asks the userinfo endpoint of Graph at each sign-in, which says
	// given_name and family_name without the optional claims of those names.
	UserInfo bool

	// Groups says what to do for people who are in more groups than the token
	// carries.
	Groups Groups

	// HTTPClient reaches the directory and Graph, as in oidc.Config.
	HTTPClient *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Rand is where nonces and PKCE verifiers come from. Nil means
	// crypto/rand.Reader. It must be safe for concurrent use.
	Rand io.Reader

	// InsecureEndpoints replace the parts of Cloud, for tests against a fake
	// directory. Danger: whoever answers there decides who signs in.
	InsecureEndpoints Endpoints
	// InsecureAllowHTTP permits http in InsecureEndpoints and in callback URLs, for
	// machines of developers.
	InsecureAllowHTTP bool
}

// New checks config and returns a Provider. It contacts nobody: what it needs to
// know of the directory is read when it is first needed.
func New(config Config) (*Provider, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	config.AllowedTenants, config.Scopes = slices.Clone(config.AllowedTenants), slices.Clone(config.Scopes)
	tenants, err := config.tenants()
	if err != nil {
		return nil, err
	}
	at, err := endpoints(config.Cloud, config.InsecureEndpoints, config.InsecureAllowHTTP)
	if err != nil {
		return nil, err
	}
	shown, err := newCredential(credentialConfig{
		config.ClientID, config.ClientSecret, config.Certificate, config.Key, config.FederatedCredential, config.Now, config.Rand,
	})
	if err != nil {
		return nil, err
	}
	switch {
	case !shown.usable() && !config.PublicClient:
		return nil, fail(InvalidConfig, "there is no ClientSecret, Certificate with Key, or FederatedCredential; is the environment variable set that it comes from?")
	case shown.usable() && config.PublicClient:
		return nil, fail(InvalidConfig, "PublicClient means that there is no credential, but one is set")
	}
	if err := config.Groups.check(); err != nil {
		return nil, err
	}
	p := &Provider{config: config, tenants: tenants, at: at, credential: shown}
	fetch := newFetcher(config.HTTPClient)
	p.graph = newGraph(fetch, at, shown, config.Groups, config.Now)
	p.scopes()
	if tenants.many || guid(tenants.authority) != "" {
		p.relying, err = p.relyingParty(tenants.authority)
	} else {
		p.resolver = &resolver{fetch: fetch, at: at, domain: tenants.authority, now: config.Now}
		_, err = p.relyingParty(anyTenant)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// anyTenant is for finding out whether a configuration is good where the tenant is
// not known yet.
const anyTenant = "00000000-0000-0000-0000-000000000001"

// scopes completes Config.Scopes.
func (p *Provider) scopes() {
	c := &p.config
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "profile", "email"}
	}
	for _, needed := range []string{"profile", "openid"} {
		if !slices.Contains(c.Scopes, needed) {
			c.Scopes = append([]string{needed}, c.Scopes...)
		}
	}
	if c.Groups.Delegated {
		for _, permission := range []string{"User.Read", "GroupMember.Read.All"} {
			if scope := p.at.GraphURL + "/" + permission; !slices.Contains(c.Scopes, scope) {
				c.Scopes = append(c.Scopes, scope)
			}
		}
	}
}

// relyingParty makes the relying party at a tenant, or at common or organizations.
func (p *Provider) relyingParty(authority string) (*oidc.Provider, error) {
	c, issuerTenant, version := &p.config, authority, "/v2.0"
	if p.tenants.many {
		issuerTenant = placeholder
	}
	parameters := make(map[string]string)
	if c.DomainHint != "" {
		parameters["domain_hint"] = c.DomainHint
	}
	if c.V1 {
		version = ""
		parameters["resource"] = p.at.GraphURL // what the access token is for
	}
	relying, err := oidc.New(oidc.Config{
		Issuer:       p.at.issuer(issuerTenant, c.V1),
		DiscoveryURL: p.at.LoginURL + "/" + authority + version + "/.well-known/openid-configuration",
		// The issuer and the key must be those of the tenant that the token is of.
		// Whether that one may sign in is decided by checkClaims.
		Tenants:                 &oidc.TenantRule{Allowed: func(tenant string) bool { return tenant != PersonalAccounts || c.AllowPersonalAccounts }},
		ClientID:                c.ClientID,
		ClientSecret:            p.credential.secret,
		ClientAssertion:         p.credential.assertion,
		Scopes:                  c.Scopes,
		Prompt:                  c.Prompt,
		MaxAge:                  c.MaxAge,
		AuthorizationParameters: maps.Clone(parameters),
		CheckClaims:             p.checkClaims(authority),
		SkipUserInfo:            !c.UserInfo,
		HTTPClient:              c.HTTPClient,
		Now:                     c.Now,
		Rand:                    c.Rand,
		InsecureAllowHTTP:       c.InsecureAllowHTTP,
	})
	if err != nil {
		return nil, wrapConfig(err)
	}
	return relying, nil
}
