package hostedui

import (
	"net/http"
	"net/url"
)

// maxState bounds the state that is handed back after a sign-out, in bytes.
const maxState = 4 << 10

// signOutData is what the sign-out page shows and hands to its POST.
type signOutData struct {
	SignedInAs           string
	ClientID, ClientName string
	LogoutURI, State     string
}

// signOutTarget returns the address after sign-out that this request names, if its client has registered exactly this one.
func (x *exchange) signOutTarget() (string, bool) {
	if x.rel != "/signout" && x.rel != "/continue" {
		return "", false
	}
	client, ok := x.ui.pool.Client(x.param("client_id"))
	uri := x.param("logout_uri")
	if !ok || !client.AllowsLogout(uri) || len(x.param("state")) > maxState {
		return "", false
	}
	return uri, true
}

// param reads a parameter of the form, or of the query where there is no form.
func (x *exchange) param(name string) string {
	if x.form != nil {
		return x.form.Get(name)
	}
	return x.query.Get(name)
}

// leave returns the address to go to after sign-out, "" for none. One that is not registered is refused, not left out: whoever made the
// link should learn of it, and nobody be sent there.
func (x *exchange) leave() (string, error) {
	if x.param("logout_uri") == "" {
		return "", nil
	}
	uri, ok := x.signOutTarget()
	if !ok {
		return "", &pageError{
			status: http.StatusBadRequest, heading: "That did not work",
			text: "The application asked to return to an address that is not registered for it. You are not signed out yet; you can sign out here instead.",
			back: "/signout",
		}
	}
	return uri, nil
}

// showSignOut asks first: a GET that signs out could stand in any image tag (OWASP ASVS 10.6.2).
func (u *UI) showSignOut(x *exchange) error {
	uri, err := x.leave()
	if err != nil {
		return err
	}
	session, err := u.session(x.r)
	if err != nil {
		return err
	}
	switch {
	case session == nil && uri == "":
		return x.redirect(u.signedOut("", "", ""))
	case session == nil:
		x.w.Header().Set("Location", withState(uri, x.param("state")))
		x.w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	data := signOutData{SignedInAs: displayName(session)}
	if uri != "" {
		client, _ := u.pool.Client(x.param("client_id"))
		data.ClientID, data.ClientName = client.ID, client.Name
		data.LogoutURI, data.State = uri, x.param("state")
	}
	return x.show(http.StatusOK, "signout", view{Data: data})
}

func (u *UI) signOut(x *exchange) error {
	uri, err := x.leave()
	if err != nil {
		return err
	}
	next := http.Handler(nil)
	if secret := u.BrowserSession(x.r); secret != "" {
		if next, err = u.SignOutAtProvider(x.w, x.r, secret, x.param("client_id"), uri, x.param("state")); err != nil {
			return err
		}
	}
	u.ClearSession(x.w)
	if next != nil {
		return x.leadTo("the sign-out of your provider", next)
	}
	return x.redirect(u.signedOut(x.param("client_id"), uri, x.param("state")))
}

// signedOut is the page of ours where a browser goes after a sign-out: the one that leads on to logoutURI with state, or the sign-in page
// if there is no such address.
func (u *UI) signedOut(clientID, logoutURI, state string) string {
	if logoutURI == "" {
		return u.prefix + "/login?notice=signed-out"
	}
	return u.prefix + "/continue?" + url.Values{"client_id": {clientID}, "logout_uri": {logoutURI}, "state": {state}}.Encode()
}
