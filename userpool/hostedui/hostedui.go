package hostedui

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/webui"
	"github.com/stepwell/stepwell/userpool"
)

// Config is what the program gives [New].
type Config struct {
	// Pool is whose people sign in here. Required.
	Pool *userpool.Pool
	// BaseURL is where the pages are: an absolute URL without a slash at its end, whose path is the prefix under which the UI is
	// mounted. The default is pool.Issuer()+"/auth". Every link, redirect and cookie is made from it and never from a header of the
	// request. It should have the origin of the application: a browser returns to paths on this origin only. http is accepted for a
	// loopback host, and where the issuer of the pool is http too.
	BaseURL string
	// AfterSignIn is the path, with or without a query, where a browser goes after a sign-in that began here and not in an
	// application. The default is the account page.
	AfterSignIn string
	// Title is the name of the organisation or application as people know it, at most 60 characters. It stands at the top of each page
	// and in its title. The default is the host of BaseURL.
	Title string
	// ClientAddress returns the address of the person's device, so that attempts are limited for networks too, and users see where they are
	// signed in from. Behind a proxy it is what the proxy adds, and never what anybody can send: an address that is believed from a header
	// of the browser takes the limits away. Where the server is reached directly, it is netip.ParseAddrPort(r.RemoteAddr). The zero Addr
	// means that it is not known. The default says so of every request.
	ClientAddress func(r *http.Request) netip.Addr
	// Rand is the source of secrets, safe for concurrent use; crypto/rand.Reader by default.
	Rand io.Reader
	// Logger gets failures with their references, without secrets; slog.Default() by default.
	Logger *slog.Logger
}

// UI serves the pages. Make one with [New]. It is safe for concurrent use, and any number of processes may each serve the pages of one
// pool: it keeps nothing in memory that a later request needs.
//
// It has the methods that middleware asks of a browser session (Authenticate, LoginURL) and that an authorization endpoint asks
// (BrowserSession, LoginURL, ProviderURL, SignOutURL, ClearSession).
type UI struct {
	pool        *userpool.Pool
	base        string
	origin      string
	prefix      string
	afterSignIn string
	title       string
	cookies     cookies
	pages       *webui.Pages
	routes      map[string]route
	crossOrigin *http.CrossOriginProtection
	address     func(r *http.Request) netip.Addr
	rand        io.Reader
	log         *slog.Logger
}

// New returns the pages of a pool, or an error that says what is wrong with the configuration. It does not use the store, and starts no
// goroutine.
func New(config Config) (*UI, error) {
	if config.Pool == nil {
		return nil, errors.New("hostedui: Config.Pool is nil: give the pool whose people sign in here")
	}
	if config.BaseURL == "" {
		config.BaseURL = config.Pool.Issuer() + "/auth"
	}
	base, err := parseBase(config.BaseURL, config.Pool.Issuer())
	if err != nil {
		return nil, err
	}
	u := &UI{
		pool: config.Pool, base: config.BaseURL, origin: base.Scheme + "://" + base.Host, prefix: base.Path,
		title: strings.TrimSpace(config.Title), cookies: newCookies(config.BaseURL, base.Scheme == "https"),
		crossOrigin: http.NewCrossOriginProtection(), address: config.ClientAddress, rand: config.Rand, log: config.Logger,
	}
	if u.afterSignIn = config.AfterSignIn; u.afterSignIn == "" {
		u.afterSignIn = u.prefix + "/account"
	}
	if _, ok := parseReturnTo(u.afterSignIn); !ok {
		return nil, fmt.Errorf("hostedui: Config.AfterSignIn %q is not a plain path such as /account", config.AfterSignIn)
	}
	if u.title == "" {
		u.title = base.Hostname()
	}
	if len([]rune(u.title)) > 60 || !printable(u.title) {
		return nil, fmt.Errorf("hostedui: Config.Title %q must be at most 60 printable characters", config.Title)
	}
	if u.address == nil {
		u.address = func(*http.Request) netip.Addr { return netip.Addr{} }
	}
	if u.rand == nil {
		u.rand = rand.Reader
	}
	if u.log == nil {
		u.log = slog.Default()
	}
	if err := u.crossOrigin.AddTrustedOrigin(u.origin); err != nil {
		return nil, fmt.Errorf("hostedui: Config.BaseURL %q: %w", config.BaseURL, err)
	}
	if u.pages, err = webui.LoadPages(files, ownStyle, pageNames...); err != nil {
		return nil, fmt.Errorf("hostedui: %w", err)
	}
	u.routes = u.table()
	return u, nil
}

// parseBase wants one plain spelling, because paths are compared and links are made by appending to it.
func parseBase(raw, issuer string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.String() != raw || u.Host != strings.ToLower(u.Host) || strings.ContainsAny(raw, "?#@%\\ "):
		return nil, fmt.Errorf("hostedui: Config.BaseURL %q is not a plain absolute URL such as https://id.example.com/auth", raw)
	case u.Path != "" && path.Clean(u.Path) != u.Path || u.Path == "/":
		return nil, fmt.Errorf("hostedui: Config.BaseURL %q has a slash at its end, or empty or dot segments in its path", raw)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && (outbound.IsLoopback(u.Hostname()) || strings.HasPrefix(issuer, "http://")):
		return u, nil
	}
	return nil, fmt.Errorf("hostedui: Config.BaseURL %q is not https; http is accepted for a loopback host", raw)
}

// Authenticate returns the claims of the person who is signed in with this browser, see [userpool.BrowserSession.Claims], or nil and no
// error if nobody is. An error means that this could not be found out.
func (u *UI) Authenticate(r *http.Request) (map[string]any, error) {
	session, err := u.session(r)
	if err != nil || session == nil {
		return nil, err
	}
	return session.Claims(), nil
}

// session returns the browser session of the request, or nil if there is none.
func (u *UI) session(r *http.Request) (*userpool.BrowserSession, error) {
	secret := u.BrowserSession(r)
	if secret == "" {
		return nil, nil
	}
	session, err := u.pool.BrowserSession(r.Context(), secret)
	if errors.Is(err, userpool.NotAuthorized) {
		return nil, nil
	}
	return session, err
}

// BrowserSession returns the secret of the browser session that is in the cookie of the request, or "" if there is no such cookie, or if
// there are several, of which one must have been planted. Whether the session is valid is for [userpool.Pool.BrowserSession] to say.
func (u *UI) BrowserSession(r *http.Request) string { return u.cookies.read(r, u.cookies.session) }

// LoginURL returns the absolute URL of the sign-in page. After the sign-in the browser goes to returnTo: a path on the origin of
// BaseURL, with or without a query, or a URL on that origin, of at most 8 KiB. Anything else is left out, and the browser goes to
// Config.AfterSignIn.
func (u *UI) LoginURL(returnTo string) string { return u.pageURL("/login", returnTo) }

// ProviderURL returns the absolute URL where a sign-in at a provider begins, without the sign-in page. returnTo is as in LoginURL.
func (u *UI) ProviderURL(provider, returnTo string) string {
	return u.pageURL(providerPath(provider), returnTo)
}

func (u *UI) pageURL(page, returnTo string) string {
	if local, ok := strings.CutPrefix(returnTo, u.origin); ok {
		returnTo = local
	}
	return u.origin + u.link(page, returnTo)
}

// SignOutURL returns the absolute URL of the page that asks a person whether to sign out. After that the browser goes to logoutURI, with
// state if it is not empty, provided that the client has registered exactly this address; the page looks for itself. With an empty
// clientID or logoutURI it stays here.
func (u *UI) SignOutURL(clientID, logoutURI, state string) string {
	if clientID == "" || logoutURI == "" {
		return u.base + "/signout"
	}
	q := url.Values{"client_id": {clientID}, "logout_uri": {logoutURI}}
	if state != "" {
		q.Set("state", state)
	}
	return u.base + "/signout?" + q.Encode()
}

// ClearSession tells the browser to forget the session. It does not end it: [userpool.Pool.EndBrowserSession] does.
func (u *UI) ClearSession(w http.ResponseWriter) {
	u.cookies.clear(w, u.cookies.session)
	u.cookies.clear(w, u.cookies.browser)
	u.cookies.clear(w, u.cookies.step)
}

// CallbackURL returns the address that has to be registered at a provider: where it sends the browser back to. As in Cognito, all SAML
// providers (Provider.Type "SAML") share one, BaseURL+"/saml2/idpresponse", so that all can know the pool as one service provider.
func (u *UI) CallbackURL(provider string) string {
	if u.isSAML(provider) {
		return u.base + samlResponsePath
	}
	return u.base + providerPath(provider) + "/response"
}

// SignOutCallbackURL returns the address where a provider sends the browser back after a sign-out, and where it asks for one: its
// post-logout redirect URI, front-channel and back-channel logout URI, or single logout service. SAML providers share one,
// BaseURL+"/saml2/logout".
func (u *UI) SignOutCallbackURL(provider string) string {
	if u.isSAML(provider) {
		return u.base + samlLogoutPath
	}
	return u.base + providerPath(provider) + "/logout"
}

// The paths of a service provider that Cognito has.
const (
	samlResponsePath = "/saml2/idpresponse"
	samlLogoutPath   = "/saml2/logout"
)

func (u *UI) isSAML(provider string) bool {
	return slices.ContainsFunc(u.pool.Providers(), func(p userpool.ProviderInfo) bool { return p.Name == provider && p.Type == "SAML" })
}

// providerPath is where a sign-in at a provider begins, below the prefix.
func providerPath(name string) string { return "/federation/" + url.PathEscape(name) }

// link returns the path of a page of ours that goes on to returnTo.
func (u *UI) link(page, returnTo string) string {
	if returnTo, ok := parseReturnTo(returnTo); ok && returnTo != u.afterSignIn {
		return u.prefix + page + "?return_to=" + url.QueryEscape(returnTo)
	}
	return u.prefix + page
}
