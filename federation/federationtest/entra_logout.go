package federationtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// serveEntraLogout ends the browser's session (OpenID Connect RP-Initiated Logout
// 1.0), tells the applications it was used for in hidden frames (Front-Channel
// Logout 1.0), and sends the browser on to a registered address.
func (e *Entra) serveEntraLogout(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if err := r.ParseForm(); err != nil {
		e.errorPage(w, &EntraError{Code: 9002313, Message: "Invalid request. Request is malformed or invalid."})
		return
	}
	if _, refusal := e.readAuthority(r.PathValue("tenant")); refusal != nil {
		e.errorPage(w, refusal)
		return
	}
	session := e.session(r)
	if hint := r.Form.Get("logout_hint"); hint != "" && session != nil && !session.who.answersTo(hint) {
		writePage(w, http.StatusOK, e.prefix, page{Brand: entraBrand, Title: "Sign out", Heading: "Pick an account",
			Message: "The account that the application wants to sign out is not the one that is signed in here, which is " + username(session.who) + "."})
		return
	}
	session = e.end(w, r)
	clientID := r.Form.Get("client_id")
	if hint := r.Form.Get("id_token_hint"); hint != "" {
		clientID = e.hintedClient(hint)
	}
	next := e.afterLogout(clientID, r.Form)
	e.signedOut(w, e.frontChannel(session, ""), next)
}

// hintedClient returns the audience of an ID token that the directory signed, or
// "". The token may have expired.
func (e *Entra) hintedClient(token string) string {
	a, ok := parseAssertion(token)
	if !ok {
		return ""
	}
	e.mu.Lock()
	keys := append(slices.Clone(e.keys), e.msaKey)
	e.mu.Unlock()
	if !slices.ContainsFunc(keys, func(key *signingKey) bool { return a.verifies(key.signer.Public()) }) {
		return ""
	}
	return strings.Join(a.audiences(), "")
}

// afterLogout returns where the application wants the browser to go, if that is
// registered: for the app that the request names, or for any.
func (e *Entra) afterLogout(clientID string, form url.Values) string {
	target := form.Get("post_logout_redirect_uri")
	if target == "" {
		return ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, app := range e.apps {
		if (clientID == "" || clientID == app.ClientID) && app.redirects(target) {
			if state := form.Get("state"); state != "" {
				return withQuery(target, url.Values{"state": {state}})
			}
			return target
		}
	}
	return ""
}

// frontChannel lists the addresses by which the applications of a session learn
// that it has ended, but for the one that asked for it.
func (e *Entra) frontChannel(session *entraSession, asked string) []string {
	if session == nil {
		return nil
	}
	session.mu.Lock()
	visits := slices.SortedFunc(maps.Values(session.visits), func(a, b entraVisit) int { return strings.Compare(a.app.ClientID, b.app.ClientID) })
	session.mu.Unlock()
	var list []string
	for _, visit := range visits {
		if visit.oauth && visit.app.LogoutURL != "" {
			list = append(list, withQuery(visit.app.LogoutURL, url.Values{"iss": {e.Issuer(session.who.tenant.ID)}, "sid": {session.id}}))
		}
		if visit.saml && visit.app.SAML != nil && visit.app.SAML.LogoutURL != "" && visit.app.ClientID != asked {
			if target, err := e.samlLogoutRequest(visit.app, session.who.tenant, visit, nil); err == nil {
				list = append(list, target)
			}
		}
	}
	return list
}

// signedOut redirects to next at once where no application has to be told, and
// shows a page with frames otherwise.
func (e *Entra) signedOut(w http.ResponseWriter, frames []string, next string) {
	if len(frames) == 0 && next != "" {
		w.Header().Set("Location", next)
		w.WriteHeader(http.StatusFound)
		return
	}
	writePage(w, http.StatusOK, e.prefix, page{
		Brand: entraBrand, Title: "Sign out", Heading: "You signed out of your account", Message: "It’s a good idea to close all browser windows.",
		Frames: frames, Next: next,
	})
}

// FrontChannelLogout returns the address that the directory opens in a frame to
// tell an app that the session sid of a tenant has ended.
func (e *Entra) FrontChannelLogout(clientID, tenantID, sid string) (string, error) {
	app := e.app(clientID)
	if app == nil || app.LogoutURL == "" {
		return "", &EntraError{Code: 700016, Message: "There is no app " + clientID + ", or it has no LogoutURL."}
	}
	return withQuery(app.LogoutURL, url.Values{"iss": {e.Issuer(tenantID)}, "sid": {sid}}), nil
}
