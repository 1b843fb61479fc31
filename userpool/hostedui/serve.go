package hostedui

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
)

// maxBody bounds the body of a form in bytes.
const maxBody = 64 << 10

// route is what a path answers; a nil method is not allowed there.
type route struct {
	get, post func(*exchange) error
	// effect marks a path where a GET does something: a HEAD, which shows nothing, is refused there.
	effect bool
	// foreign marks a path to which another site sends the browser: its query and body are the provider's, and have no token of ours.
	foreign bool
}

func (u *UI) table() map[string]route {
	return map[string]route{
		"":                       {get: u.home},
		"/":                      {get: u.home},
		"/style.css":             {get: u.stylesheet},
		"/login":                 {get: u.showSignIn, post: u.signIn},
		"/signup":                {get: u.showSignUp, post: u.signUp},
		"/confirmUser":           {get: u.showConfirm, post: u.confirm},
		"/forgotPassword":        {get: u.showForgot, post: u.forgot},
		"/confirmForgotPassword": {get: u.showReset, post: u.reset},
		"/account":               {get: u.showAccount},
		"/account/delete":        {get: u.showDelete, post: u.deleteAccount},
		"/signout":               {get: u.showSignOut, post: u.signOut},
		"/continue":              {get: u.showContinue},
		"/challenge":             {get: u.noStep, post: u.takeStep},
		"/organization":          {get: u.showOrganization, post: u.organization},
		samlResponsePath:         u.foreign(u.finishFederated),
		samlLogoutPath:           u.foreign(u.federatedSignOut),
	}
}

// route finds what answers a path below the prefix. The name of a provider is one segment.
func (u *UI) route(p string) (route, string, bool) {
	if r, ok := u.routes[p]; ok {
		return r, "", true
	}
	rest, ok := strings.CutPrefix(p, "/federation/")
	if !ok {
		return route{}, "", false
	}
	provider, page, _ := strings.Cut(rest, "/")
	if provider == "" {
		return route{}, "", false
	}
	switch page {
	case "response":
		return u.foreign(u.finishFederated), provider, true
	case "logout":
		return u.foreign(u.federatedSignOut), provider, true
	case "":
		return route{get: u.beginFederated, effect: true}, provider, !strings.HasSuffix(rest, "/")
	}
	return route{}, "", false
}

// foreign is where providers send the browser to.
func (u *UI) foreign(handle func(*exchange) error) route {
	return route{get: handle, post: handle, effect: true, foreign: true}
}

// exchange is one request with what has been read of it.
type exchange struct {
	ui *UI
	w  http.ResponseWriter
	r  *http.Request
	// rel is the path below the prefix.
	rel string
	// provider is the provider that the path names, or empty.
	provider string
	query    url.Values
	form     url.Values
	// returnTo is the checked address to go to after a sign-in, or empty.
	returnTo string
	// browser is the secret of the browser cookie, or empty.
	browser string
}

// ServeHTTP serves the pages below the path of BaseURL.
func (u *UI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ui: u, w: w, r: r, browser: u.cookies.readSecret(r, u.cookies.browser)}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			x.fail(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	setHeaders(w.Header())
	if err := x.serve(); err != nil {
		x.fail(err)
	}
}

// setHeaders sets what every answer has. A page that is shown says more, see exchange.show.
func setHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

func (x *exchange) serve() error {
	rel, below := strings.CutPrefix(x.r.URL.Path, x.ui.prefix)
	rt, provider, found := x.ui.route(rel)
	if !below || !found {
		return notFound()
	}
	x.rel, x.provider = rel, provider
	handle, err := rt.method(x.w, x.r.Method)
	if err != nil {
		return err
	}
	if rt.foreign {
		x.r.Body = http.MaxBytesReader(x.w, x.r.Body, maxFederationBody)
		return handle(x)
	}
	if err := x.readQuery(); err != nil {
		return err
	}
	if x.r.Method == http.MethodPost {
		if err := x.readForm(); err != nil {
			return err
		}
		if err := x.checkForgery(); err != nil {
			return err
		}
	}
	return handle(x)
}

// method returns the handler of a method. HEAD is answered like GET, but not where a GET does something.
func (rt route) method(w http.ResponseWriter, method string) (func(*exchange) error, error) {
	var allowed []string
	if rt.get != nil {
		allowed = append(allowed, http.MethodGet)
		if !rt.effect {
			allowed = append(allowed, http.MethodHead)
		}
	}
	if rt.post != nil {
		allowed = append(allowed, http.MethodPost)
	}
	if !slices.Contains(allowed, method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return nil, &pageError{
			status: http.StatusMethodNotAllowed, heading: "That does not work here",
			text: "This page cannot be asked in this way.", back: "/login",
		}
	}
	if method == http.MethodPost {
		return rt.post, nil
	}
	return rt.get, nil
}

// readQuery reads the query strictly: one that two readers could understand differently is refused.
func (x *exchange) readQuery() error {
	q, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return malformed("The address of this page is damaged. Please start again.")
	}
	for _, name := range []string{"return_to", "notice", "client_id", "logout_uri", "state"} {
		if len(q[name]) > 1 {
			return malformed("The address of this page says something twice. Please start again.")
		}
	}
	x.query = q
	x.returnTo, _ = parseReturnTo(q.Get("return_to"))
	return nil
}

// readForm reads a form of ours.
func (x *exchange) readForm() error {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return &pageError{
			status: http.StatusUnsupportedMediaType, heading: "That does not work here",
			text: "This page takes forms only (application/x-www-form-urlencoded).", back: x.rel,
		}
	}
	x.r.Body = http.MaxBytesReader(x.w, x.r.Body, maxBody)
	if err := x.r.ParseForm(); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return &pageError{
				status: http.StatusRequestEntityTooLarge, heading: "That was too much",
				text: "The form holds more than this page accepts. Nothing was done.", back: x.rel,
			}
		}
		return malformed("The form could not be read. Please open the page again.")
	}
	for _, values := range x.r.PostForm {
		if len(values) > 1 {
			return malformed("The form says something twice. Nothing was done. Please open the page again.")
		}
	}
	x.form = x.r.PostForm
	x.returnTo, _ = parseReturnTo(x.form.Get("return_to"))
	return nil
}

// context is where the request came from.
func (x *exchange) context() userpool.UserContextData {
	return userpool.UserContextData{IPAddress: x.ui.address(x.r), UserAgent: x.r.UserAgent(), Locale: x.r.Header.Get("Accept-Language")}
}

// redirect sends the browser to a path on our own origin. It is 303 always: a 307 would hand the password on (RFC 9700, 4.12).
func (x *exchange) redirect(local string) error {
	x.w.Header().Set("Location", x.ui.origin+local)
	x.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// destination is where the browser goes once the person is signed in.
func (x *exchange) destination() string {
	if x.returnTo != "" {
		return x.returnTo
	}
	return x.ui.afterSignIn
}

// home leads to the account, and from there to the sign-in.
func (u *UI) home(x *exchange) error { return x.redirect(u.prefix + "/account") }

// signedIn gives the browser its new session, which the pool put in the place of the one that it had, and sends it on.
func (x *exchange) signedIn(out *userpool.AuthOutcome) error {
	browser, err := newSecret(x.ui.rand)
	if err != nil {
		return err
	}
	c := x.ui.cookies
	c.write(x.w, c.session, out.BrowserSession, x.ui.pool.Settings().BrowserSessionValidity)
	c.write(x.w, c.browser, browser, 0)
	c.clear(x.w, c.step)
	if x.application() != nil {
		return x.redirect(x.ui.prefix + "/continue?return_to=" + url.QueryEscape(x.returnTo))
	}
	return x.redirect(x.destination())
}
