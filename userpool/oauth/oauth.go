package oauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

// Paths of the endpoints below the path of the issuer.
const (
	pathAuthorize = "/oauth2/authorize"
	pathToken     = "/oauth2/token"
	pathUserInfo  = "/oauth2/userInfo"
	pathRevoke    = "/oauth2/revoke"
	pathLogout    = "/logout"
	pathKeys      = "/.well-known/jwks.json"
	pathOpenID    = "/.well-known/openid-configuration"
	// pathMetadata stands before the path of the issuer, not behind it: RFC 8414 section 3.1.
	pathMetadata = "/.well-known/oauth-authorization-server"
)

// Login is what the authorization and logout endpoints need of the pages where a person signs in. All methods must be safe for
// concurrent use. *hostedui.UI has these methods.
type Login interface {
	// BrowserSession returns the secret of the browser session that the request carries, or "" if it carries none or more than one.
	// It need not be valid: the pool is asked.
	BrowserSession(r *http.Request) string

	// LoginURL returns the address of the page where a person signs in and is then sent back to returnTo, a path with a query on
	// the issuer's own origin. The page must ask for a sign-in also when somebody is signed in already: an application that wants
	// its user to sign in anew sends the browser there. A login_hint that the application gave stands in the query of returnTo.
	LoginURL(returnTo string) string

	// SignOutURL returns the address of a page that asks the person whether to sign out. After that it may send the browser to
	// logoutURI, with state added if that is not empty, but only if the client clientID has registered this very URI. Any of the
	// three may be empty.
	SignOutURL(clientID, logoutURI, state string) string

	// ClearSession makes the browser forget its session. It writes headers only.
	ClearSession(w http.ResponseWriter)
}

// ProviderLogin is what a [Login] may have besides: ways to the providers where people sign in instead. Where a Login lacks them, the
// parameters identity_provider and idp_identifier lead to the sign-in page, and nobody is signed out at a provider. *hostedui.UI has them.
type ProviderLogin interface {
	// ProviderURL returns the address where a sign-in at the provider with this name begins. After it the person is sent to returnTo, as
	// LoginURL says, whose login_hint the provider may be told.
	ProviderURL(provider, returnTo string) string

	// SignOutAtProvider ends the browser session with this secret and returns the handler that sends the browser to the provider that the
	// person came from, to be signed out there as well, or nil if there is nothing to do there. After that the browser goes to logoutURI,
	// with state, as SignOutURL says.
	SignOutAtProvider(w http.ResponseWriter, r *http.Request, session, clientID, logoutURI, state string) (http.Handler, error)
}

// Config is what [New] needs.
type Config struct {
	// Pool is the user pool whose endpoints these are. Required.
	Pool *userpool.Pool
	// Login leads to the sign-in pages. Required.
	Login Login
	// Logger gets what went wrong inside, and never a secret, a token or a parameter of a request; slog.Default() by default.
	Logger *slog.Logger
	// Now is the clock for max_age and prompt=login, which must be the pool's; time.Now by default.
	Now func() time.Time
}

// Handler serves the endpoints. Make one with [New]. It is safe for concurrent use, and any number of processes can serve the same pool.
type Handler struct {
	pool   *userpool.Pool
	login  Login
	logger *slog.Logger
	now    func() time.Time
	// issuer is the issuer identifier, exactly as tokens carry it; base is its path, "" for none.
	issuer    string
	base      string
	endpoints map[string]endpoint
	// bodyTimeout is the constant of this name, but for a test that cannot wait.
	bodyTimeout time.Duration
}

// endpoint is what is served at one path.
type endpoint struct {
	methods []string
	cors    *corsPolicy
	// api says that errors are JSON for a program; otherwise they are pages for a person.
	api   bool
	serve http.HandlerFunc
}

// New returns the handler for a pool. It fails if the configuration lacks the pool or the login pages.
func New(config Config) (*Handler, error) {
	if config.Pool == nil {
		return nil, errors.New("oauth: Config.Pool is nil: give the user pool whose endpoints are to be served")
	}
	if config.Login == nil {
		return nil, errors.New("oauth: Config.Login is nil: give the pages where people sign in, such as a *hostedui.UI")
	}
	issuer, err := url.Parse(config.Pool.Issuer())
	if err != nil {
		return nil, fmt.Errorf("oauth: the issuer of the pool is no URL: %w", err)
	}
	h := &Handler{
		pool:   config.Pool,
		login:  config.Login,
		logger: config.Logger,
		now:    config.Now,
		issuer: config.Pool.Issuer(),
		base:   strings.TrimSuffix(issuer.EscapedPath(), "/"),

		bodyTimeout: bodyTimeout,
	}
	if h.logger == nil {
		h.logger = slog.Default()
	}
	if h.now == nil {
		h.now = time.Now
	}
	h.route()
	return h, nil
}

func (h *Handler) route() {
	get := []string{http.MethodGet, http.MethodHead}
	post := []string{http.MethodPost}
	both := []string{http.MethodGet, http.MethodPost}
	h.endpoints = map[string]endpoint{
		h.base + pathOpenID:    {methods: get, api: true, cors: corsPublic, serve: h.discovery},
		pathMetadata + h.base:  {methods: get, api: true, cors: corsPublic, serve: h.discovery},
		h.base + pathKeys:      {methods: get, api: true, cors: corsPublic, serve: h.keys},
		h.base + pathAuthorize: {methods: both, serve: h.authorize},
		h.base + pathToken:     {methods: post, api: true, cors: corsToken, serve: h.token},
		h.base + pathUserInfo:  {methods: both, api: true, cors: corsUserInfo, serve: h.userInfo},
		h.base + pathRevoke:    {methods: post, api: true, cors: corsToken, serve: h.revoke},
		h.base + pathLogout:    {methods: both, serve: h.logout},
	}
}

// Patterns returns the paths that the handler serves, sorted, each a pattern for http.ServeMux:
//
//	for _, p := range h.Patterns() {
//		mux.Handle(p, h)
//	}
//
// The paths begin with the path of the issuer, except that of the RFC 8414 metadata, which ends with it.
func (h *Handler) Patterns() []string {
	var paths []string
	for path := range h.endpoints {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// ServeHTTP answers a request. The path, as it was sent, must be one that [Handler.Patterns] returns, byte by byte; every other is not
// found. So mount the handler without http.StripPrefix. The Host header is never looked at.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tw := &trackingWriter{ResponseWriter: w}
	defer h.contain(tw, r)

	header := tw.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")

	e, ok := h.endpoints[r.URL.EscapedPath()]
	if !ok {
		h.errorPage(tw, http.StatusNotFound, pageError{Title: "Not found", Message: "There is nothing at this address."})
		return
	}
	if e.cors != nil && e.cors.handle(tw, r, e.methods) {
		return
	}
	if !slices.Contains(e.methods, r.Method) {
		header.Set("Allow", strings.Join(e.methods, ", "))
		h.fail(tw, e, http.StatusMethodNotAllowed, "This address is for requests with "+strings.Join(e.methods, " or ")+".")
		return
	}
	e.serve(tw, r)
}

// contain keeps a panic of a request from the rest of the program.
func (h *Handler) contain(w *trackingWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares in the same way.
		panic(v)
	}
	h.logger.ErrorContext(r.Context(), "oauth: panic", "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
	if w.wrote {
		// Half an answer must not look like a whole one.
		panic(http.ErrAbortHandler)
	}
	h.fail(w, h.endpoints[r.URL.EscapedPath()], http.StatusInternalServerError, "Something went wrong. Please try again later.")
}

// fail answers a request that reached no endpoint, or that an endpoint could not finish.
func (h *Handler) fail(w http.ResponseWriter, e endpoint, status int, message string) {
	if !e.api {
		h.errorPage(w, status, pageError{Title: http.StatusText(status), Message: message})
		return
	}
	code := errInvalidRequest
	if status >= http.StatusInternalServerError {
		code = errServerError
	}
	writeError(w, &wireError{Status: status, Code: code, Description: message})
}

// trackingWriter remembers whether an answer has begun.
type trackingWriter struct {
	http.ResponseWriter
	wrote bool
}

func (w *trackingWriter) WriteHeader(status int) {
	w.wrote = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *trackingWriter) Write(b []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *trackingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
