package middleware

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Authenticator finds out who is signed in with a browser, by a session cookie as a rule. It may also be a [LoginPage].
type Authenticator interface {
	// Authenticate returns the claims of the person whose session the request carries. Nobody is signed in when claims are
	// empty and the error is nil. An error means that this could not be found out: the request is refused with 503.
	//
	// Claims are made of the types that encoding/json decodes to, and of json.Number, int, int64, []string and time.Time;
	// others are refused with 500. They are copied. Authenticate must not read the body, and must be safe for concurrent use.
	// It is not called for a request with an Authorization header.
	Authenticate(r *http.Request) (claims map[string]any, err error)
}

// LoginPage is the optional interface of an [Authenticator] that knows where people sign in.
type LoginPage interface {
	// LoginURL returns the URL of the page where the person signs in: an absolute path or an absolute URL, in ASCII. Afterwards
	// the browser is to be sent back to returnTo: a path on this origin, with its query, that begins with exactly one slash. An
	// empty result means that there is no such page now, and the answer is 401. If the result is not a URL, the answer is 500.
	LoginURL(returnTo string) string
}

// authenticateSession asks Config.Session who is signed in.
func (g *Guard) authenticateSession(r *http.Request) (Claims, *Error) {
	if g.session == nil {
		return nil, g.fail(NoCredentials, nil)
	}
	given, err := g.session.Authenticate(r)
	if err != nil {
		return nil, g.fail(Unavailable, err)
	}
	if len(given) == 0 {
		return nil, g.fail(NoCredentials, nil)
	}
	claims, err := cloneClaims(given)
	if err != nil {
		return nil, g.fail(Internal, err)
	}
	if err := g.checkOrigin(r); err != nil {
		return nil, g.fail(CrossOrigin, err)
	}
	return claims, nil
}

// checkOrigin refuses a request that another site caused, since a browser sends its cookies with such a request too.
func (g *Guard) checkOrigin(r *http.Request) error {
	if r.Header.Get("Upgrade") != "" {
		// A GET that opens a WebSocket is not safe: what follows carries commands, and no other check of its origin.
		r = r.WithContext(r.Context())
		r.Method = http.MethodPost
	}
	return g.crossOrigin.Check(r)
}

// loginRedirect returns where to send the browser so that a person can sign in, or "" if this is no request that a person waits
// for, or there is no page to sign in.
func (g *Guard) loginRedirect(r *http.Request) (string, error) {
	page, ok := g.session.(LoginPage)
	if !ok || !isNavigation(r) {
		return "", nil
	}
	target, err := url.Parse(page.LoginURL(returnTo(r)))
	if err != nil || !quotable(target.String()) {
		return "", errors.New("LoginURL returned what is not a URL in ASCII")
	}
	return target.String(), nil
}

// maxReturnTo bounds the path and query that a login page is asked to return to, since they go into a header.
const maxReturnTo = 4 << 10

// returnTo returns path and query of the page that the browser asked for (as it asked, where http.StripPrefix has changed r.URL).
// What could lead to another origin, such as //host/path, becomes "/".
func returnTo(r *http.Request) string {
	u := r.URL
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil {
		u = asked
	}
	path := u.RequestURI()
	if len(path) > maxReturnTo || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.HasPrefix(path, `/\`) {
		return "/"
	}
	return path
}

// isNavigation reports whether a person waits for a page: GET or HEAD, HTML accepted by name, and not called by a script.
func isNavigation(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	return acceptsHTML(r.Header.Values("Accept"))
}

// acceptsHTML reports whether the Accept headers name text/html (RFC 9110 section 12.5.1). The wildcard */* that every HTTP client
// sends does not count.
func acceptsHTML(accept []string) bool {
	for _, value := range accept {
		for item := range strings.SplitSeq(value, ",") {
			media, params, _ := strings.Cut(item, ";")
			if strings.EqualFold(strings.Trim(media, " \t"), "text/html") {
				return quality(params) > 0
			}
		}
	}
	return false
}

// quality returns the weight among the parameters of a media range: 1 if there is none, 0 if it is no number.
func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.Trim(param, " \t"), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0
		}
		return q
	}
	return 1
}
