package saml

import (
	"context"
	"crypto"
	"crypto/x509"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// Binding is how an authentication request travels to the identity provider.
type Binding string

const (
	// Redirect sends the request in the query of a URL. It is the default.
	Redirect Binding = "redirect"
	// POST sends it by a form that the browser posts, for requests that are too
	// long for a URL and for identity providers without a redirect endpoint.
	POST Binding = "post"
)

// ProviderConfig says which identity provider people sign in at. Give its
// metadata, as a document or as a URL; there is nothing else to know about it.
type ProviderConfig struct {
	// Metadata is the identity provider's metadata: an EntityDescriptor, or an
	// EntitiesDescriptor and EntityID. At most 5 MiB.
	Metadata []byte

	// MetadataURL is where the metadata is, instead of Metadata. It is read when
	// it is first needed and from then on once an hour, or as often as its
	// cacheDuration says within 5 minutes and 24 hours; and at once when a
	// signature is by an unknown key. What was last read is used for up to 3 days
	// while it cannot be read, but never beyond its validUntil.
	MetadataURL string

	// EntityID is the identity provider's name. Empty means the one in the
	// metadata, which then must be about a single identity provider. When it is
	// set, metadata that does not have it is refused.
	EntityID string

	// MetadataCertificates are certificates of which one must have signed the
	// metadata. Empty means that a signature on it is not looked at: trust then
	// comes from https, or from whoever gave the file.
	MetadataCertificates []*x509.Certificate

	// Binding is how requests are sent. Empty means Redirect if the identity
	// provider has an endpoint for it, and POST otherwise.
	Binding Binding

	// SignRequests signs the authentication requests to this identity provider.
	// They are signed as well if Config.SignRequests is set or if the metadata
	// has WantAuthnRequestsSigned.
	SignRequests bool

	// Request are the options of authentication requests. See also
	// [Provider.With].
	Request RequestOptions

	// SubjectAttribute is the Name of the attribute whose value is the subject.
	// It must have exactly one value. Empty means that the NameID is the
	// subject. For Entra ID set [EntraObjectID]: its NameID is, by default, a
	// name that can change hands.
	SubjectAttribute string

	// RequireEncryption refuses assertions that are not encrypted.
	RequireEncryption bool

	// AllowIdPInitiated lets FinishUnsolicited accept responses which nobody
	// asked for: people start at the identity provider's portal. With it,
	// somebody can be signed in to another person's account without noticing,
	// by a page that posts a response of that account.
	AllowIdPInitiated bool

	// LogoutIssuers are names, besides the entity ID, that the identity
	// provider writes into its logout messages. Entra ID needs
	// "https://login.microsoftonline.com/<tenant ID>/" here.
	LogoutIssuers []string

	// InsecureAllowSHA1 accepts signatures with RSA-SHA1 and digests with
	// SHA-1, which can be forged with effort.
	InsecureAllowSHA1 bool

	// InsecureAllowCBC accepts assertions encrypted with AES in CBC mode. Who has
	// somebody else's encrypted assertion, and can send us many variants of it,
	// may then find out what it says by how long we take to refuse them. A
	// signature of the response around it does not prevent that, because they
	// leave it out. Entra ID and AD FS encrypt like this, as a rule.
	InsecureAllowCBC bool

	// InsecureAllowUnsignedLogoutResponse accepts answers to our logout requests
	// without a signature. They must still answer a pending logout.
	InsecureAllowUnsignedLogoutResponse bool
}

// EntraObjectID is the attribute in which Entra ID sends the object ID of a
// person: immutable, never reassigned, and the same in all applications of
// the tenant.
const EntraObjectID = "http://schemas.microsoft.com/identity/claims/objectidentifier"

// RequestOptions are what an authentication request asks for. The zero value
// asks for nothing but to sign somebody in, and is what works everywhere.
type RequestOptions struct {
	// ForceAuthn asks that the person proves again who they are, even if they
	// are signed in at the identity provider. Finish refuses a sign-in from
	// before Begin.
	ForceAuthn bool

	// IsPassive asks not to show any page. Finish fails with InteractionRequired
	// if one would be needed.
	IsPassive bool

	// LoginHint is who is expected to sign in, as a rule an email address; at
	// most 320 bytes. It becomes the parameter login_hint of the URL, which
	// Entra ID and Okta know. It is a hint: someone else may sign in.
	LoginHint string

	// AuthnContext is the authentication context class that is required, with
	// exact comparison, such as
	// "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".
	// Finish refuses a sign-in that names another. Entra ID fails with
	// AADSTS75011 where the person signed in by other means.
	AuthnContext string

	// NameIDFormat asks for a format of the NameID, such as
	// "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent". Most identity
	// providers are configured with one and need not be asked.
	NameIDFormat string
}

// Provider is one identity provider, as one service provider sees it. It keeps
// the identity provider's metadata, and nothing about people: all it knows of a
// sign-in is in the pending value. It is safe for concurrent use.
type Provider struct {
	sp       *ServiceProvider
	config   ProviderConfig
	metadata *source
}

var _ federation.Provider = (*Provider)(nil)

const maxLoginHint = 320

// Provider checks config and returns the identity provider. It contacts nobody:
// metadata with a URL is read when it is first needed. Its errors are
// InvalidConfig, and MetadataFailed when Metadata cannot be used.
func (sp *ServiceProvider) Provider(config ProviderConfig) (*Provider, error) {
	config.LogoutIssuers = slices.Clone(config.LogoutIssuers)
	config.MetadataCertificates = slices.Clone(config.MetadataCertificates)
	p := &Provider{sp: sp, config: config}
	if err := p.checkConfig(); err != nil {
		return nil, err
	}
	if err := config.Request.check(); err != nil {
		return nil, err
	}
	if p.config.SignRequests && sp.config.Key == nil {
		return nil, fail(InvalidConfig, "SignRequests is set, but Config has no Key to sign with")
	}
	if p.config.RequireEncryption && len(sp.decrypters) == 0 {
		return nil, fail(InvalidConfig, "RequireEncryption is set, but Config has no Decryption keys")
	}
	var err error
	p.metadata, err = newSource(p)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Provider) checkConfig() error {
	c := &p.config
	switch {
	case len(c.Metadata) == 0 && c.MetadataURL == "":
		return fail(InvalidConfig, "Metadata is missing; give the identity provider's metadata, or its URL as MetadataURL")
	case len(c.Metadata) > 0 && c.MetadataURL != "":
		return fail(InvalidConfig, "there are both Metadata and MetadataURL; give one of them")
	case len(c.EntityID) > maxEntityID:
		return fail(InvalidConfig, "EntityID is longer than %d characters", maxEntityID)
	case c.Binding != "" && c.Binding != Redirect && c.Binding != POST:
		return fail(InvalidConfig, "Binding %q is neither Redirect nor POST", plain(string(c.Binding), maxShown))
	case len(c.SubjectAttribute) > maxAttributeName:
		return fail(InvalidConfig, "SubjectAttribute is longer than %d bytes", maxAttributeName)
	case strings.HasPrefix(c.SubjectAttribute, attributePrefix):
		return fail(InvalidConfig, "SubjectAttribute %q is not an attribute of an assertion", plain(c.SubjectAttribute, maxShown))
	}
	for i, certificate := range c.MetadataCertificates {
		if certificate == nil {
			return fail(InvalidConfig, "MetadataCertificates[%d] is nil", i)
		}
	}
	for _, issuer := range c.LogoutIssuers {
		if issuer == "" || len(issuer) > maxEntityID {
			return fail(InvalidConfig, "LogoutIssuers has %q, which is no entity ID", plain(issuer, maxShown))
		}
	}
	if c.MetadataURL == "" {
		return nil
	}
	if err := checkURL(c.MetadataURL, p.sp.config.InsecureAllowHTTP); err != nil {
		return fail(InvalidConfig, "MetadataURL %q %v", plain(c.MetadataURL, maxShown), err)
	}
	return nil
}

func (o *RequestOptions) check() error {
	switch {
	case o.ForceAuthn && o.IsPassive:
		return fail(InvalidConfig, "ForceAuthn and IsPassive exclude each other: nobody can prove who they are without a page")
	case len(o.LoginHint) > maxLoginHint || plain(o.LoginHint, maxLoginHint) != o.LoginHint:
		return fail(InvalidConfig, "LoginHint must be at most %d printable bytes", maxLoginHint)
	case len(o.AuthnContext) > maxEntityID || !plaintext.PrintableASCII(o.AuthnContext):
		return fail(InvalidConfig, "AuthnContext must be at most %d printable ASCII characters", maxEntityID)
	case len(o.NameIDFormat) > maxEntityID || !plaintext.PrintableASCII(o.NameIDFormat):
		return fail(InvalidConfig, "NameIDFormat must be at most %d printable ASCII characters", maxEntityID)
	}
	return nil
}

// With returns the same identity provider with other options for its requests,
// for one sign-in that knows more than the others: who is expected, or that
// they must prove again who they are. It is cheap; both share their metadata.
// Finish may be called on either.
func (p *Provider) With(options RequestOptions) (*Provider, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	other := *p
	other.config.Request = options
	return &other, nil
}

// EntityID returns the identity provider's name. It reads the metadata if it
// must.
func (p *Provider) EntityID(ctx context.Context) (string, error) {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return "", err
	}
	return m.entityID, nil
}

// ServiceProvider returns the service provider that p belongs to.
func (p *Provider) ServiceProvider() *ServiceProvider { return p.sp }

func publicKeys(certificates []*x509.Certificate) []crypto.PublicKey {
	keys := make([]crypto.PublicKey, len(certificates))
	for i, certificate := range certificates {
		keys[i] = certificate.PublicKey
	}
	return keys
}
