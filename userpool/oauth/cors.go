package oauth

import (
	"net/http"
	"strings"
)

// corsPolicy says which scripts of other origins may read the answers of an endpoint.
//
// Every origin may, and never with credentials: none of these endpoints looks at a cookie, so that a page gets nothing that its
// author could not get from a computer of his own. An answer to a client that shows a secret is for no browser at all: such requests
// get no header, and a preflight does not allow the Authorization header at the token endpoint.
type corsPolicy struct {
	// headers may be sent, besides those that are always allowed.
	headers string
	// expose may be read by the script, besides those that are always readable.
	expose string
	// publicOnly keeps browsers from the answers to clients that authenticate.
	publicOnly bool
}

var (
	corsPublic   = &corsPolicy{headers: "*"}
	corsToken    = &corsPolicy{headers: "Content-Type", expose: "Retry-After", publicOnly: true}
	corsUserInfo = &corsPolicy{headers: "Authorization, Content-Type", expose: "WWW-Authenticate"}
)

// handle sets the headers and answers an OPTIONS request; it tells whether it did.
func (c *corsPolicy) handle(w http.ResponseWriter, r *http.Request, methods []string) bool {
	header := w.Header()
	if !c.publicOnly || r.Header.Get("Authorization") == "" {
		header.Set("Access-Control-Allow-Origin", "*")
		if c.expose != "" {
			header.Set("Access-Control-Expose-Headers", c.expose)
		}
	}
	if r.Method != http.MethodOptions {
		return false
	}
	header.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	header.Set("Access-Control-Allow-Headers", c.headers)
	header.Set("Access-Control-Max-Age", "3600")
	header.Set("Allow", strings.Join(methods, ", ")+", OPTIONS")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// forbidBrowsers takes the permission back that handle gave, for an answer to a client that showed a secret.
func forbidBrowsers(w http.ResponseWriter) {
	w.Header().Del("Access-Control-Allow-Origin")
	w.Header().Del("Access-Control-Expose-Headers")
}
