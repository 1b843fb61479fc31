package federationtest

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/stepwell/stepwell/internal/jose"
)

// serveEndSession is RP-Initiated Logout 1.0. The provider keeps no session, as
// it asks at every sign-in, so it only decides where the browser goes: back to
// the client if id_token_hint or client_id says which one that is and the
// address is registered, to a page of its own otherwise.
func (p *Provider) serveEndSession(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if err := r.ParseForm(); err != nil {
		p.refusePage(w, "The request is malformed or too long.")
		return
	}
	values := r.URL.Query()
	if r.Method == http.MethodPost {
		values = r.PostForm
	}
	for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state"} {
		if len(values[name]) > 1 {
			p.refusePage(w, "The request has the parameter "+name+" more than once.")
			return
		}
	}
	clientID := values.Get("client_id")
	if hint := values.Get("id_token_hint"); hint != "" {
		claims, err := jose.Verify(r.Context(), hint, ownKeys{p}, jose.Expected{Issuer: p.issuer, Audience: clientID, Now: p.now()})
		if err != nil {
			p.refusePage(w, "The id_token_hint is not a current ID token of this provider for the application.")
			return
		}
		clientID, _ = claims["aud"].(string)
	}
	target := values.Get("post_logout_redirect_uri")
	if target == "" {
		p.messagePage(w, http.StatusOK, "Signed out", "You are signed out. You can close this page.")
		return
	}
	client := p.client(clientID)
	if client == nil || !slices.Contains(client.PostLogoutRedirectURIs, target) {
		p.refusePage(w, "The address to go to after signing out is not registered for the application (post_logout_redirect_uri).")
		return
	}
	parameters := make(url.Values)
	if state := values.Get("state"); state != "" {
		parameters.Set("state", state)
	}
	w.Header().Set("Location", withQuery(target, parameters))
	w.WriteHeader(http.StatusSeeOther)
}
