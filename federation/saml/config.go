package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// Config says who this service provider is.
type Config struct {
	// PoolID and BaseURL give EntityID, ACSURL and SLOURL the values that an
	// Amazon Cognito user pool has, so that an identity provider which was set
	// up for one needs no change:
	//
	//	EntityID  urn:amazon:cognito:sp:<PoolID>
	//	ACSURL    <BaseURL>/saml2/idpresponse
	//	SLOURL    <BaseURL>/saml2/logout
	//
	// BaseURL is the URL of the pool's pages, such as https://login.example.com.
	// Each of the three may be set to something else instead.
	PoolID, BaseURL string

	// EntityID is the name of this service provider: an absolute URI of at most
	// 1024 characters. Identity providers call it Identifier, Audience or
	// "SP entity ID". Assertions must name exactly this value.
	EntityID string

	// ACSURL is where identity providers post their answers: the assertion
	// consumer service, which they call Reply URL. It uses https, or http on
	// localhost or a loopback address.
	ACSURL string

	// SLOURL is where logout messages arrive, both requests and responses.
	// Empty, with BaseURL empty as well, means that there is no single logout.
	SLOURL string

	// Key signs requests and logout messages: RSA of at least 2048 bits, or
	// ECDSA on P-256, P-384 or P-521. RSA signs with RSA-SHA256, which every
	// identity provider knows. Nil means that requests are not signed and there
	// is no single logout. It must be safe for concurrent use, as the keys of
	// the standard library are.
	Key crypto.Signer

	// Certificate is the certificate of Key, for the metadata. Identity
	// providers take the public key from it and, as a rule, nothing else:
	// self-signed is normal, see [NewCertificate]. Required with Key.
	Certificate *x509.Certificate

	// OtherCertificates are published in the metadata besides Certificate:
	// that of the key which is to follow, some days before it becomes Key.
	OtherCertificates []*x509.Certificate

	// SignRequests signs all authentication requests and says so in the
	// metadata. Without it they are signed for the identity providers whose
	// metadata wants it, and those with ProviderConfig.SignRequests.
	SignRequests bool

	// Decryption are the keys for encrypted assertions, newest first. Empty
	// means that encrypted assertions are refused. A key's certificate, where it
	// has one, is published in the metadata; identity providers that find one
	// there encrypt, as AD FS does.
	Decryption []DecryptionKey

	// Replay remembers which messages have been used. Required: the user pool,
	// or a store of the application's that all its processes share, or
	// [NewMemoryReplayStore] where there is a single process.
	Replay ReplayStore

	// ClockSkew is how far the clocks of an identity provider and of this
	// machine may be apart. Zero means 3 minutes; at most 5 minutes.
	ClockSkew time.Duration

	// MaxAge is how long after it was issued a response is accepted at most,
	// however long it says to be valid. Zero means 1 hour; 1 minute to 24 hours.
	MaxAge time.Duration

	// HTTPClient fetches metadata. Nil means one on http.DefaultTransport. Its
	// Transport is used, to which belong proxies, certificate authorities and
	// any limit on the addresses that may be dialed, and its Timeout if that is
	// shorter than 10 seconds. Its cookie jar is not used and redirects are
	// never followed.
	HTTPClient *http.Client

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	// Rand is where the IDs of messages come from. Nil means
	// crypto/rand.Reader. It must be safe for concurrent use.
	Rand io.Reader

	// InsecureAllowHTTP permits http besides https in ACSURL and SLOURL, in
	// metadata URLs, and in the endpoints that metadata names. It is for
	// machines of developers: over http, whoever is on the network signs in as
	// anybody.
	InsecureAllowHTTP bool
}

// DecryptionKey is a key to which identity providers encrypt assertions.
type DecryptionKey struct {
	// Key decrypts: an RSA private key of at least 2048 bits, or a Decrypter
	// whose public key is one. It must be safe for concurrent use.
	Key crypto.Decrypter
	// Certificate is published in the metadata. Nil means that it is not: an
	// old key, for what was encrypted to it before identity providers have read
	// the new metadata.
	Certificate *x509.Certificate
}

// ServiceProvider is one service provider: an entity ID, its URLs and its
// keys. Identity providers are added with [ServiceProvider.Provider]. It is
// safe for concurrent use.
type ServiceProvider struct {
	config     Config
	decrypters []crypto.Decrypter
	fetch      *fetcher
	metadata   []byte
}

const (
	maxEntityID    = 1024
	defaultSkew    = 3 * time.Minute
	maxSkew        = 5 * time.Minute
	defaultMaxAge  = time.Hour
	minMaxAge      = time.Minute
	maxMaxAge      = 24 * time.Hour
	cognitoPrefix  = "urn:amazon:cognito:sp:"
	cognitoACSPath = "/saml2/idpresponse"
	cognitoSLOPath = "/saml2/logout"
)

// New checks config and returns a ServiceProvider. Its error is InvalidConfig.
func New(config Config) (*ServiceProvider, error) {
	if err := config.setDefaults(); err != nil {
		return nil, err
	}
	if err := config.checkNames(); err != nil {
		return nil, err
	}
	if config.Replay == nil {
		return nil, fail(InvalidConfig, "Replay is missing; give the user pool, or NewMemoryReplayStore() if there is a single process")
	}
	if config.ClockSkew < 0 || config.ClockSkew > maxSkew {
		return nil, fail(InvalidConfig, "ClockSkew is %v; it is at most %v", config.ClockSkew, maxSkew)
	}
	if config.MaxAge < minMaxAge || config.MaxAge > maxMaxAge {
		return nil, fail(InvalidConfig, "MaxAge is %v; it is %v to %v", config.MaxAge, minMaxAge, maxMaxAge)
	}
	if err := config.checkKeys(); err != nil {
		return nil, err
	}
	sp := &ServiceProvider{config: config, fetch: newFetcher(config.HTTPClient)}
	for _, d := range config.Decryption {
		sp.decrypters = append(sp.decrypters, d.Key)
	}
	var err error
	if sp.metadata, err = sp.buildMetadata(); err != nil {
		return nil, err
	}
	return sp, nil
}

// EntityID returns the name of this service provider.
func (sp *ServiceProvider) EntityID() string { return sp.config.EntityID }

// ACSURL returns where identity providers post their answers: the callback URL
// to give to Begin.
func (sp *ServiceProvider) ACSURL() string { return sp.config.ACSURL }

// SLOURL returns where logout messages arrive: the return URL to give to
// BeginLogout. It is empty when there is no single logout.
func (sp *ServiceProvider) SLOURL() string { return sp.config.SLOURL }

func (c *Config) setDefaults() error {
	if c.BaseURL != "" {
		if err := checkOwnURL(c.BaseURL, c.InsecureAllowHTTP); err != nil {
			return fail(InvalidConfig, "BaseURL %q %v", plain(c.BaseURL, maxShown), err)
		}
		if strings.Contains(c.BaseURL, "?") {
			return fail(InvalidConfig, "BaseURL %q has a query", plain(c.BaseURL, maxShown))
		}
	}
	base := strings.TrimSuffix(c.BaseURL, "/")
	if c.EntityID == "" && c.PoolID != "" {
		c.EntityID = cognitoPrefix + c.PoolID
	}
	if c.ACSURL == "" && base != "" {
		c.ACSURL = base + cognitoACSPath
	}
	if c.SLOURL == "" && base != "" {
		c.SLOURL = base + cognitoSLOPath
	}
	if c.ClockSkew == 0 {
		c.ClockSkew = defaultSkew
	}
	if c.MaxAge == 0 {
		c.MaxAge = defaultMaxAge
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	c.OtherCertificates = slices.Clone(c.OtherCertificates)
	c.Decryption = slices.Clone(c.Decryption)
	return nil
}

func (c *Config) checkNames() error {
	if c.EntityID == "" {
		return fail(InvalidConfig, "EntityID is missing; set it, or PoolID")
	}
	if u, err := url.Parse(c.EntityID); err != nil || u.Scheme == "" || len(c.EntityID) > maxEntityID ||
		!plaintext.PrintableASCII(c.EntityID) || strings.Contains(c.EntityID, " ") {
		return fail(InvalidConfig, "EntityID %q is not an absolute URI of at most %d characters", plain(c.EntityID, maxShown), maxEntityID)
	}
	if c.ACSURL == "" {
		return fail(InvalidConfig, "ACSURL is missing; set it, or BaseURL")
	}
	if err := checkOwnURL(c.ACSURL, c.InsecureAllowHTTP); err != nil {
		return fail(InvalidConfig, "ACSURL %q %v", plain(c.ACSURL, maxShown), err)
	}
	if c.SLOURL == "" {
		return nil
	}
	if err := checkOwnURL(c.SLOURL, c.InsecureAllowHTTP); err != nil {
		return fail(InvalidConfig, "SLOURL %q %v", plain(c.SLOURL, maxShown), err)
	}
	return nil
}

func (c *Config) checkKeys() error {
	switch {
	case c.Key == nil && c.SignRequests:
		return fail(InvalidConfig, "SignRequests is set, but there is no Key to sign with")
	case c.Key == nil && (c.Certificate != nil || len(c.OtherCertificates) > 0):
		return fail(InvalidConfig, "there are certificates for signing, but no Key")
	case c.Key != nil && c.Certificate == nil:
		return fail(InvalidConfig, "Certificate is missing: identity providers need one for Key; NewCertificate makes one")
	}
	if c.Key != nil {
		if err := checkKey(c.Key.Public(), c.Certificate); err != nil {
			return fail(InvalidConfig, "Key %v", err)
		}
	}
	for i, certificate := range c.OtherCertificates {
		if certificate == nil {
			return fail(InvalidConfig, "OtherCertificates[%d] is nil", i)
		}
	}
	for i, d := range c.Decryption {
		if d.Key == nil {
			return fail(InvalidConfig, "Decryption[%d].Key is nil", i)
		}
		if _, ok := d.Key.Public().(*rsa.PublicKey); !ok {
			return fail(InvalidConfig, "Decryption[%d].Key is not an RSA key", i)
		}
		if err := checkKey(d.Key.Public(), d.Certificate); err != nil {
			return fail(InvalidConfig, "Decryption[%d].Key %v", i, err)
		}
	}
	return nil
}

// checkKey says what is wrong with a key or its certificate, which may be nil,
// as the end of a sentence.
func checkKey(public crypto.PublicKey, certificate *x509.Certificate) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < 2048 {
			return phrase("is too short for RSA: at least 2048 bits are needed")
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return phrase("is on a curve that is too small: P-256, P-384 or P-521 is needed")
		}
	default:
		return phrase("is neither RSA nor ECDSA; SAML knows no other")
	}
	if certificate == nil {
		return nil
	}
	if key, ok := certificate.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !key.Equal(public) {
		return phrase("does not belong to its certificate")
	}
	return nil
}

// phrase says what is wrong with something, as the end of a sentence.
type phrase string

func (e phrase) Error() string { return string(e) }

// checkURL is for URLs of identity providers.
func checkURL(raw string, allowHTTP bool) error {
	return outbound.CheckURL(raw, allowHTTP, "an identity provider")
}

func checkOwnURL(raw string, allowHTTP bool) error {
	return outbound.CheckOwnURL(raw, allowHTTP, "an identity provider")
}
