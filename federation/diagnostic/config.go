package diagnostic

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/mapping"
	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/webui"
)

// Config says how a Handler works.
type Config struct {
	// BaseURL is where the pages are: an https URL without query, such as
	// https://app.example.com/sign-in-test. The Handler answers its path and those
	// below it. http is allowed on localhost and loopback addresses. Required.
	BaseURL string

	// Key signs links and seals what is kept of a test: at least 32 random bytes,
	// the same in all processes. Another key makes all links invalid. Required.
	Key []byte

	// Provider returns what a link's provider is now. It is called for each
	// request; an error says that there is no such provider any more. Required.
	Provider func(ctx context.Context, name string) (Target, error)

	// Store keeps tests between the two halves of a sign-in. Nil means one in
	// memory, for an application of a single process.
	Store Store

	// Title is the application's name on the pages: "this application" by default.
	Title string

	// Explain turns an error of a provider into what to change, in plain words, or
	// "" if it has nothing to say. It is asked before the provider itself (see
	// Target) and the hints of this package.
	Explain func(err error) string

	// Logger is told what failed here. Nil means nowhere.
	Logger *slog.Logger

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	// Rand is where states come from. Nil means crypto/rand.Reader.
	Rand io.Reader
}

// Target is a provider to be tested.
type Target struct {
	// Provider is what people sign in at. Where it was made by mapping.Provider, its
	// mapping is explained. Where it has a method Explain(err error) string, that is
	// asked about its errors. Required.
	Provider federation.Provider

	// Label is the name of the provider for people; its name by default.
	Label string

	// Mapping is applied to what the provider sends, if Provider does not do it
	// by itself. Nil means that nothing is mapped.
	Mapping *mapping.Mapping

	// CallbackURL is where the provider sends the browser back. Empty means
	// "/callback" below BaseURL. Where a provider knows a single callback URL, as
	// a SAML identity provider mostly does, give that one, and pass its requests
	// through Handler.Callback. It must have the origin of BaseURL: the cookie
	// of the test is this origin's.
	CallbackURL string

	// Settings are shown as what has to be registered with the provider, besides
	// the callback URL: for SAML the entity ID, for instance. At most 20.
	Settings []Setting
}

// Setting is something that the administrator of a provider has to enter there.
type Setting struct {
	// Label is what it is called there, such as "Identifier (Entity ID)".
	Label string
	// Value is what to enter. It is shown to whoever has the link.
	Value string
}

const (
	maxLink     = 7 * 24 * time.Hour
	defaultLink = time.Hour
	// testTime is how long a sign-in may take.
	testTime     = 15 * time.Minute
	maxSettings  = 20
	maxPath      = 200
	minKey       = 32
	labelLinks   = "stepwell federation/diagnostic: links"
	labelStates  = "stepwell federation/diagnostic: states"
	labelPending = "stepwell federation/diagnostic: pending"
)

var basePath = regexp.MustCompile(`^(/[A-Za-z0-9_.~-]+)*$`)

// Handler serves the pages. It is an http.Handler, and safe for concurrent use.
type Handler struct {
	config Config
	base   string // without a slash at the end
	origin string
	prefix string
	secure bool
	cookie string
	// linkKey, stateKey and sealKey are derived from Config.Key, so that nothing
	// made for one purpose serves another.
	linkKey, stateKey, sealKey []byte
	pages                      *webui.Pages
}

// New returns a Handler, or an error that says which part of the Config cannot
// work.
func New(config Config) (*Handler, error) {
	u, err := url.Parse(config.BaseURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(config.BaseURL, "?#"):
		return nil, fmt.Errorf("diagnostic: BaseURL %q is not an absolute URL without query", config.BaseURL)
	case u.Scheme != "https" && (u.Scheme != "http" || !outbound.IsLoopback(u.Hostname())):
		return nil, fmt.Errorf("diagnostic: BaseURL %q must be https; http is for localhost and loopback addresses", config.BaseURL)
	case len(config.Key) < minKey:
		return nil, fmt.Errorf("diagnostic: Key has %d bytes; it has at least %d random ones", len(config.Key), minKey)
	case config.Provider == nil:
		return nil, errors.New("diagnostic: Provider is missing: the links' providers come from there")
	}
	prefix := strings.TrimSuffix(u.EscapedPath(), "/")
	if !basePath.MatchString(prefix) || len(prefix) > maxPath {
		return nil, fmt.Errorf("diagnostic: BaseURL %q has a path with unusual characters", config.BaseURL)
	}
	config.setDefaults()
	h := &Handler{
		config: config, origin: u.Scheme + "://" + u.Host, prefix: prefix, secure: u.Scheme == "https",
	}
	h.base = h.origin + prefix
	h.cookie = cookieName(h.base, h.secure)
	for label, key := range map[string]*[]byte{labelLinks: &h.linkKey, labelStates: &h.stateKey, labelPending: &h.sealKey} {
		if *key, err = hkdf.Key(sha256.New, slices.Clone(config.Key), nil, label, 32); err != nil {
			return nil, fmt.Errorf("diagnostic: deriving a key: %w", err)
		}
	}
	h.config.Key = nil
	if h.pages, err = webui.LoadPages(files, ownStyle, pageNames...); err != nil {
		return nil, fmt.Errorf("diagnostic: %w", err)
	}
	return h, nil
}

func (c *Config) setDefaults() {
	if c.Title == "" {
		c.Title = "this application"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Store == nil {
		c.Store = NewMemoryStore(c.Now)
	}
}

// CallbackURL is the callback URL of targets that have none of their own.
func (h *Handler) CallbackURL() string { return h.base + "/callback" }

// target returns the provider of a link, checked.
func (h *Handler) target(ctx context.Context, name string) (t Target, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("Config.Provider panicked")
		}
	}()
	if t, err = h.config.Provider(ctx, name); err != nil {
		return t, err
	}
	if t.Provider == nil {
		return t, errors.New("Config.Provider returned a Target without a Provider")
	}
	if t.Label == "" {
		t.Label = name
	}
	if t.CallbackURL == "" {
		t.CallbackURL = h.CallbackURL()
	}
	if u, err := url.Parse(t.CallbackURL); err != nil || u.Scheme+"://"+u.Host != h.origin || u.User != nil || u.Fragment != "" {
		return t, fmt.Errorf("the CallbackURL %q does not have the origin of BaseURL, %s, whose cookie the test needs", t.CallbackURL, h.origin)
	}
	t.Settings = t.Settings[:min(maxSettings, len(t.Settings))]
	return t, nil
}

// options are those of Examine for a target.
func (h *Handler) options(name string, t Target) Options {
	return Options{Name: name, Mapping: t.Mapping, Explain: h.config.Explain, Now: h.config.Now}
}

var _ http.Handler = (*Handler)(nil)
