package azuread

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation/saml"
)

// SAMLConfig is an enterprise application with single sign-on by SAML, as its page
// "Single sign-on" in the Entra admin center shows it. Give one of Tenant with AppID,
// MetadataURL, and Metadata.
type SAMLConfig struct {
	// ServiceProvider is this application: its EntityID is the page's Identifier, its
	// ACSURL the Reply URL, and its SLOURL the Logout URL. Required.
	ServiceProvider *saml.ServiceProvider

	// Tenant is the "Directory (tenant) ID", or a verified domain of the tenant,
	// which is looked up once when it is first needed. With Metadata or MetadataURL,
	// it may be given as well, as a GUID: then they must be of this tenant.
	Tenant string

	// AppID is the "Application ID" on the application's page Overview. With Tenant,
	// it leads to the metadata with the application's own signing certificates. It
	// is needed with a credential as well.
	AppID string

	// MetadataURL is the "App Federation Metadata Url".
	MetadataURL string

	// Metadata is what was downloaded as "Federation Metadata XML". A file does not
	// know of the next certificate: MetadataURL does.
	Metadata []byte

	// Cloud is the cloud that the tenant is in. Empty means Public.
	Cloud Cloud

	// ClientSecret, Certificate with Key, or FederatedCredential are as in Config, of
	// the app registration of the same application. They are for asking Graph about
	// people with more than 150 groups, and for nothing else: none is needed where
	// assertions have no groups.
	ClientSecret        string
	Certificate         *x509.Certificate
	Key                 crypto.Signer
	FederatedCredential func(ctx context.Context) (token string, err error)

	// Groups says what to do for people who are in more groups than the assertion
	// carries. Delegated is not possible.
	Groups Groups

	// SignRequests, RequireEncryption, AllowIdPInitiated, InsecureAllowSHA1,
	// InsecureAllowCBC and InsecureAllowUnsignedLogoutResponse are as in
	// saml.ProviderConfig. The directory encrypts with AES-CBC only.
	SignRequests                        bool
	RequireEncryption                   bool
	AllowIdPInitiated                   bool
	InsecureAllowSHA1                   bool
	InsecureAllowCBC                    bool
	InsecureAllowUnsignedLogoutResponse bool

	// HTTPClient reaches the directory and Graph, as in oidc.Config. Metadata is
	// fetched with that of the ServiceProvider.
	HTTPClient *http.Client
	// Now is the clock for access tokens. Nil means time.Now.
	Now func() time.Time
	// Rand is for assertions that Key signs. Nil means crypto/rand.Reader.
	Rand io.Reader

	// InsecureEndpoints replace the parts of Cloud, for tests against a fake
	// directory. Danger: whoever answers there decides who signs in.
	InsecureEndpoints Endpoints
	// InsecureAllowHTTP permits http in InsecureEndpoints. The ServiceProvider has
	// its own.
	InsecureAllowHTTP bool
}

// NewSAML checks config and returns a SAMLProvider. It contacts nobody: metadata with
// a URL is read when it is first needed.
func NewSAML(config SAMLConfig) (*SAMLProvider, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.ServiceProvider == nil {
		return nil, fail(InvalidConfig, "ServiceProvider is nil; make one with saml.New")
	}
	at, err := endpoints(config.Cloud, config.InsecureEndpoints, config.InsecureAllowHTTP)
	if err != nil {
		return nil, err
	}
	if err := config.Groups.check(); err != nil {
		return nil, err
	}
	if config.Groups.Delegated {
		return nil, fail(InvalidConfig, "Groups.Delegated is for OpenID Connect: a sign-in by SAML has no access token")
	}
	shown, err := config.credential()
	if err != nil {
		return nil, err
	}
	p := &SAMLProvider{config: config, at: at}
	fetch := newFetcher(config.HTTPClient)
	p.graph = newGraph(fetch, at, shown, config.Groups, config.Now)
	authority, err := p.source()
	if err != nil {
		return nil, err
	}
	if p.tenant = guid(authority); p.tenant != "" {
		p.inner, err = p.provider(p.tenant)
	} else {
		p.resolver = &resolver{fetch: fetch, at: at, domain: authority, now: config.Now}
		_, err = p.provider(anyTenant)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// credential returns what the application can ask Graph with, or nil.
func (c *SAMLConfig) credential() (*credential, error) {
	if c.ClientSecret == "" && c.Certificate == nil && c.Key == nil && c.FederatedCredential == nil {
		if c.AppID != "" && guid(c.AppID) == "" {
			return nil, fail(InvalidConfig, "AppID %q is not a GUID; give the Application ID that the enterprise application's Overview shows", plain(c.AppID))
		}
		return nil, nil
	}
	return newCredential(credentialConfig{c.AppID, c.ClientSecret, c.Certificate, c.Key, c.FederatedCredential, c.Now, c.Rand})
}

// source judges where the metadata comes from, completes MetadataURL, and returns
// the tenant: a GUID, or a domain in small letters.
func (p *SAMLProvider) source() (authority string, err error) {
	c := &p.config
	switch {
	case len(c.Metadata) > 0 && c.MetadataURL != "":
		return "", fail(InvalidConfig, "Metadata and MetadataURL exclude one another: the URL is the better one")
	case len(c.Metadata) > 0:
		authority, err = p.tenantOfMetadata()
	case c.MetadataURL != "":
		authority, err = p.tenantOfURL()
		if err == nil && guid(authority) == "" && guid(c.Tenant) != "" {
			authority = guid(c.Tenant) // the entity ID in the metadata will tell whether the domain is of this tenant
		}
	case c.Tenant == "" || c.AppID == "":
		return "", fail(InvalidConfig, "give MetadataURL, which the page Single sign-on calls App Federation Metadata Url; or Tenant and AppID; or Metadata")
	default:
		if authority, err = tenantName(c.Tenant); err == nil {
			c.MetadataURL = p.at.LoginURL + "/" + authority + "/FederationMetadata/2007-06/FederationMetadata.xml?appid=" + guid(c.AppID)
		}
		return authority, err
	}
	if err == nil && c.Tenant != "" && guid(c.Tenant) != authority {
		return "", fail(InvalidConfig, "the metadata is of the tenant %s, and Tenant is %q", authority, plain(c.Tenant))
	}
	return authority, err
}

// tenantName accepts one tenant: a GUID or a domain.
func tenantName(name string) (string, error) {
	lower := strings.ToLower(name)
	switch {
	case lower == common || lower == organizations || lower == consumers:
		return "", fail(InvalidConfig, "Tenant is %q; by SAML people sign in at one tenant: make a SAMLProvider for each", lower)
	case guid(name) == "" && !isDomain(name):
		return "", fail(InvalidConfig, "Tenant %q is neither a GUID nor a domain such as contoso.onmicrosoft.com", plain(name))
	}
	return lower, nil
}

// tenantOfURL reads the tenant out of a metadata URL, which begins as those of the
// cloud do.
func (p *SAMLProvider) tenantOfURL() (string, error) {
	rest, ok := strings.CutPrefix(p.config.MetadataURL, p.at.LoginURL+"/")
	if !ok {
		return "", fail(InvalidConfig, "MetadataURL %q does not begin with %s/; is Cloud right?", plain(p.config.MetadataURL), p.at.LoginURL)
	}
	name, _, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(name)
	if err != nil {
		return "", fail(InvalidConfig, "MetadataURL %q is not a URL", plain(p.config.MetadataURL))
	}
	return tenantName(name)
}

// tenantOfMetadata reads the tenant out of the entity ID in Metadata.
func (p *SAMLProvider) tenantOfMetadata() (string, error) {
	probe, err := p.config.ServiceProvider.Provider(saml.ProviderConfig{Metadata: p.config.Metadata})
	if err != nil {
		return "", wrapConfig(err)
	}
	entityID, err := probe.EntityID(context.Background())
	if err != nil {
		return "", wrapConfig(err)
	}
	tenant, ok := p.at.tenantOf(entityID)
	if !ok || entityID != p.at.entityID(tenant) {
		return "", fail(InvalidConfig, "the metadata is of %q, which is not a tenant of this cloud: those are called %s<tenant ID>/", plain(entityID), p.at.STSURL+"/")
	}
	return tenant, nil
}

// provider makes the identity provider that a tenant is.
func (p *SAMLProvider) provider(tenant string) (*saml.Provider, error) {
	c := &p.config
	inner, err := c.ServiceProvider.Provider(saml.ProviderConfig{
		Metadata:         c.Metadata,
		MetadataURL:      c.MetadataURL,
		EntityID:         p.at.entityID(tenant),
		SubjectAttribute: saml.EntraObjectID,
		// It signs people in under one name, and out under the other.
		LogoutIssuers:                       []string{p.at.LoginURL + "/" + tenant + "/"},
		SignRequests:                        c.SignRequests,
		RequireEncryption:                   c.RequireEncryption,
		AllowIdPInitiated:                   c.AllowIdPInitiated,
		InsecureAllowSHA1:                   c.InsecureAllowSHA1,
		InsecureAllowCBC:                    c.InsecureAllowCBC,
		InsecureAllowUnsignedLogoutResponse: c.InsecureAllowUnsignedLogoutResponse,
	})
	if err != nil {
		return nil, wrapConfig(err)
	}
	return inner, nil
}
