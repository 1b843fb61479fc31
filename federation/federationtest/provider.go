package federationtest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

const (
	maxForm      = 64 << 10
	codeLifetime = time.Minute
	// tokenLifetime is that of access tokens and ID tokens.
	tokenLifetime = time.Hour
)

// Provider is an OpenID provider (OpenID Connect Core 1.0, Discovery 1.0,
// RP-Initiated Logout 1.0; RFC 7636, RFC 9207) with the authorization code flow.
// It is an http.Handler for the paths below its issuer's, prefix included.
type Provider struct {
	issuer          string
	base            string // issuer without its trailing slash
	prefix          string // path of base, for links of pages
	algorithm       jose.Algorithm
	claimsInIDToken bool
	now             func() time.Time
	rand            io.Reader
	mux             *http.ServeMux
	users           []User

	mu      sync.Mutex
	hooks   Hooks
	clients map[string]*Client
	keys    keyRing[*jose.PrivateKey]
	codes   map[string]*grant
	access  map[string]*grant
}

// New makes a Provider. It generates a signing key, which for RS256 takes a
// noticeable part of a second.
func New(config Config) (*Provider, error) {
	prefix, err := parseBase("Issuer", config.Issuer)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		issuer:          config.Issuer,
		base:            strings.TrimSuffix(config.Issuer, "/"),
		prefix:          prefix,
		algorithm:       jose.Algorithm(config.Algorithm),
		claimsInIDToken: config.ClaimsInIDToken,
		now:             config.Now,
		rand:            config.Rand,
		hooks:           config.Hooks,
		clients:         make(map[string]*Client),
		codes:           make(map[string]*grant),
		access:          make(map[string]*grant),
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	if p.algorithm == "" {
		p.algorithm = jose.RS256
	}
	if p.users, err = checkUsers(config.Users); err != nil {
		return nil, err
	}
	for _, client := range config.Clients {
		if err := p.AddClient(client); err != nil {
			return nil, err
		}
	}
	if err := p.RotateKey(); err != nil {
		return nil, err
	}
	p.mux = p.routes()
	return p, nil
}

// Issuer returns the issuer identifier.
func (p *Provider) Issuer() string { return p.issuer }

// AddClient makes client known, in place of one with the same ID.
func (p *Provider) AddClient(client Client) error {
	checked, err := checkClient(client)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients[checked.ID] = checked
	return nil
}

func (p *Provider) client(id string) *Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clients[id]
}

func (p *Provider) user(subject string) *User {
	i := slices.IndexFunc(p.users, func(u User) bool { return u.Subject == subject })
	if i < 0 {
		return nil
	}
	return &p.users[i]
}

// routes registers literal paths, so nothing but the documented ones answers.
func (p *Provider) routes() *http.ServeMux {
	respond := func() responder { return p.currentHooks().Respond }
	return newMux(p.prefix, maxForm, respond, []route{
		{"GET", "/.well-known/openid-configuration", EndpointDiscovery, p.serveDiscovery},
		{"GET", "/keys", EndpointKeys, p.serveKeys},
		{"GET POST", "/authorize", EndpointAuthorize, p.serveAuthorize},
		{"POST", "/token", EndpointToken, p.serveToken},
		{"GET POST", "/userinfo", EndpointUserInfo, p.serveUserInfo},
		{"GET POST", "/logout", EndpointEndSession, p.serveEndSession},
		{"GET", "/style.css", "", serveStyleSheet},
	})
}

// ServeHTTP answers requests to the provider's endpoints, and 404 to others.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *Provider) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	document := map[string]any{
		"issuer":                                         p.issuer,
		"authorization_endpoint":                         p.base + "/authorize",
		"token_endpoint":                                 p.base + "/token",
		"userinfo_endpoint":                              p.base + "/userinfo",
		"end_session_endpoint":                           p.base + "/logout",
		"jwks_uri":                                       p.base + "/keys",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query", "form_post"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{string(p.algorithm)},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               []string{"openid", "profile", "email", "phone", "address"},
		"claims_supported":                               p.claimNames(),
		"authorization_response_iss_parameter_supported": true,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"claims_parameter_supported":                     false,
	}
	if mutate := p.currentHooks().MutateDiscovery; mutate != nil {
		mutate(document)
	}
	writeJSON(w, http.StatusOK, document)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	data, err := json.Marshal(value)
	if err != nil { // a hook put something into it that is not JSON
		http.Error(w, "federationtest: the answer cannot be written as JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// noStore keeps codes, tokens and pages with parameters out of caches and of
// the Referer header.
func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
}

func (p *Provider) random() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(p.rand, b[:]); err != nil {
		return "", fmt.Errorf("federationtest: no randomness from Config.Rand: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}
