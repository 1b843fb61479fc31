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
	if x.rel != "/signout" {
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

// leave decides where the browser goes after sign-out. An address that is not registered is refused, not left out: whoever made the link
// should learn of it, and nobody be sent there.
func (x *exchange) leave() (func() error, error) {
	if x.param("logout_uri") == "" {
		return func() error { return x.redirect(x.ui.prefix + "/login?notice=signed-out") }, nil
	}
	uri, ok := x.signOutTarget()
	if !ok {
		return nil, &pageError{
			status: http.StatusBadRequest, heading: "That did not work",
			text: "The application asked to return to an address that is not registered for it. You are not signed out yet; you can sign out here instead.",
			back: "/signout",
		}
	}
	target, err := url.Parse(uri)
	if err != nil {
		return nil, err
	}
	if state := x.param("state"); state != "" {
		if target.RawQuery != "" {
			target.RawQuery += "&"
		}
		target.RawQuery += "state=" + url.QueryEscape(state)
	}
	return func() error {
		x.w.Header().Set("Location", target.String())
		x.w.WriteHeader(http.StatusSeeOther)
		return nil
	}, nil
}

// showSignOut asks first: a GET that signs out could stand in any image tag (OWASP ASVS 10.6.2).
func (u *UI) showSignOut(x *exchange) error {
	leave, err := x.leave()
	if err != nil {
		return err
	}
	session, err := u.session(x.r)
	if err != nil {
		return err
	}
	if session == nil {
		return leave()
	}
	data := signOutData{SignedInAs: displayName(session)}
	if _, ok := x.signOutTarget(); ok {
		client, _ := u.pool.Client(x.param("client_id"))
		data.ClientID, data.ClientName = client.ID, client.Name
		data.LogoutURI, data.State = x.param("logout_uri"), x.param("state")
	}
	return x.show(http.StatusOK, "signout", view{Data: data})
}

func (u *UI) signOut(x *exchange) error {
	leave, err := x.leave()
	if err != nil {
		return err
	}
	if secret := u.BrowserSession(x.r); secret != "" {
		if err := u.pool.EndBrowserSession(x.r.Context(), secret); err != nil {
			return err
		}
	}
	u.ClearSession(x.w)
	return leave()
}
