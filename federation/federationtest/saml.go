package federationtest

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// flowLifetime is how long a person may look at the page.
	flowLifetime = 15 * time.Minute
	// sessionLifetime is how long a browser stays signed in.
	sessionLifetime = 8 * time.Hour
	// maxMessage bounds what is read of a SAML message.
	maxMessage = 256 << 10
)

// SAMLProvider is a SAML 2.0 identity provider (Web Browser SSO Profile, Single
// Logout Profile). It is an http.Handler for the paths below its base URL,
// prefix included:
//
//	/metadata     its metadata
//	/sso          requests for sign-in, by redirect and by POST
//	/initiate     sign-in that starts here: ?sp=ENTITY-ID, and RelayState if wanted
//	/slo          logout messages, by redirect
//	/logout       logout that starts here
//
// It signs and encrypts with other people's code, goxmldsig and xmlenc, and uses
// nothing of the service provider that it is there to test.
type SAMLProvider struct {
	config SAMLConfig
	base   string // BaseURL without its trailing slash
	prefix string // path of base, for links of pages
	now    func() time.Time
	rand   io.Reader
	mux    *http.ServeMux
	users  []SAMLUser

	mu       sync.Mutex
	hooks    SAMLHooks
	sps      map[string]*ServiceProvider
	keys     keyRing[*signingKey]
	flows    *expiring[*samlFlow]
	sessions *expiring[*samlSession]
	logouts  *expiring[*samlLogout]
}

// NewSAML makes a SAMLProvider. It generates a signing key, which for RSA takes
// a noticeable part of a second.
func NewSAML(config SAMLConfig) (*SAMLProvider, error) {
	prefix, err := parseBase("BaseURL", config.BaseURL)
	if err != nil {
		return nil, err
	}
	p := &SAMLProvider{
		config:   config,
		base:     strings.TrimSuffix(config.BaseURL, "/"),
		prefix:   prefix,
		now:      config.Now,
		rand:     config.Rand,
		hooks:    config.Hooks,
		sps:      make(map[string]*ServiceProvider),
		flows:    newExpiring[*samlFlow](),
		sessions: newExpiring[*samlSession](),
		logouts:  newExpiring[*samlLogout](),
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	if p.config.EntityID == "" {
		p.config.EntityID = p.base + "/metadata"
	}
	if p.users, err = checkSAMLUsers(config.Users); err != nil {
		return nil, err
	}
	for _, sp := range config.ServiceProviders {
		if err := p.AddServiceProvider(sp); err != nil {
			return nil, err
		}
	}
	if err := p.RotateKey(); err != nil {
		return nil, err
	}
	p.mux = p.routes()
	return p, nil
}

// NewSAMLServer starts a SAMLProvider on a loopback port for the length of the
// test. config.BaseURL must be empty: it becomes the server's URL, by http.
func NewSAMLServer(t testing.TB, config SAMLConfig) *SAMLProvider {
	t.Helper()
	if config.BaseURL != "" {
		t.Fatalf("federationtest: NewSAMLServer chooses the base URL itself, was given %q; use NewSAML", config.BaseURL)
	}
	return serve(t, func(url string) (*SAMLProvider, error) {
		config.BaseURL = url
		return NewSAML(config)
	})
}

// EntityID returns what the provider calls itself.
func (p *SAMLProvider) EntityID() string { return p.config.EntityID }

// MetadataURL returns where the metadata is.
func (p *SAMLProvider) MetadataURL() string { return p.base + "/metadata" }

// SSOURL returns where requests for sign-in go.
func (p *SAMLProvider) SSOURL() string { return p.base + "/sso" }

// SLOURL returns where logout messages go.
func (p *SAMLProvider) SLOURL() string { return p.base + "/slo" }

// InitiateURL returns the address that signs people in to a service provider
// which did not ask.
func (p *SAMLProvider) InitiateURL(spEntityID, relayState string) string {
	values := map[string][]string{"sp": {spEntityID}}
	if relayState != "" {
		values["RelayState"] = []string{relayState}
	}
	return withQuery(p.base+"/initiate", values)
}

// LogoutURL returns the address that ends the session of a browser here and at
// all service providers that it was signed in to.
func (p *SAMLProvider) LogoutURL() string { return p.base + "/logout" }

// AddServiceProvider makes sp known, in place of one with the same EntityID.
func (p *SAMLProvider) AddServiceProvider(sp ServiceProvider) error {
	checked, err := checkServiceProvider(sp)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sps[checked.EntityID] = checked
	return nil
}

func (p *SAMLProvider) serviceProvider(entityID string) *ServiceProvider {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sps[entityID]
}

func (p *SAMLProvider) user(name string) *SAMLUser {
	i := slices.IndexFunc(p.users, func(u SAMLUser) bool { return u.Name == name })
	if i < 0 {
		return nil
	}
	return &p.users[i]
}

// RotateKey makes a new key and signs with it from now on. Earlier certificates
// stay in the metadata, up to four of them, until RetireKeys.
func (p *SAMLProvider) RotateKey() error {
	if err := p.AddKey(); err != nil {
		return err
	}
	p.UseNewestKey()
	return nil
}

// AddKey makes a key and puts its certificate into the metadata, without
// signing with it: what a provider does before a rollover.
func (p *SAMLProvider) AddKey() error {
	key, err := newSigningKey(p.config.KeyType, "Test identity provider", p.now())
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys.add(key)
	return nil
}

// UseNewestKey signs with the key that AddKey made last.
func (p *SAMLProvider) UseNewestKey() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys.useNewest()
}

// RetireKeys leaves the key that signs and no other.
func (p *SAMLProvider) RetireKeys() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys.retire()
}

// Certificate returns the certificate of the key that signs.
func (p *SAMLProvider) Certificate() *x509.Certificate { return p.signingKey().certificate }

func (p *SAMLProvider) signingKey() *signingKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[0]
}

func (p *SAMLProvider) certificates() []*x509.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*x509.Certificate
	for _, key := range p.keys {
		list = append(list, key.certificate)
	}
	return list
}

// Sign returns document with an enveloped signature over its root element, made
// with the current key: after the root's Issuer where it has one. The root must
// have an ID, or the signature is over the whole document (URI ""), which SAML
// forbids. It signs whatever it is given.
func (p *SAMLProvider) Sign(document []byte) ([]byte, error) {
	return signXML(document, p.signingKey(), false, plainDialect.signaturePrefix)
}

// SignSHA1 is Sign with SHA-1.
func (p *SAMLProvider) SignSHA1(document []byte) ([]byte, error) {
	return signXML(document, p.signingKey(), true, plainDialect.signaturePrefix)
}

// SignWith is Sign in another way: with another key or hash, or a SignedInfo of
// one's own.
func (p *SAMLProvider) SignWith(document []byte, o XMLSignature) ([]byte, error) {
	key := p.signingKey()
	if o.Key == nil {
		o.Key = key.signer
	}
	if o.Certificate == nil {
		o.Certificate = key.certificate
	}
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	return signXMLWith(document, o, plainDialect.signaturePrefix)
}

// routes registers literal paths, so nothing but the documented ones answers.
func (p *SAMLProvider) routes() *http.ServeMux {
	respond := func() responder { return p.currentHooks().Respond }
	return newMux(p.prefix, 2*maxMessage, respond, []route{
		{"GET", "/metadata", EndpointMetadata, p.serveMetadata},
		{"GET POST", "/sso", EndpointSSO, p.serveSSO},
		{"GET", "/initiate", EndpointInitiate, p.serveInitiate},
		{"POST", "/sign-in", "", p.serveSignIn},
		{"GET POST", "/slo", EndpointSLO, p.serveSLO},
		{"GET POST", "/logout", "", p.serveLogout},
		{"GET", "/style.css", "", serveStyleSheet},
	})
}

// ServeHTTP answers requests to the provider's endpoints, and 404 to others.
func (p *SAMLProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *SAMLProvider) random() (string, error) {
	return newXMLID(p.rand)
}
