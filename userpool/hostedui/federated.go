package hostedui

import (
	"errors"
	"net/http"

	"github.com/stepwell/stepwell/userpool"
)

// maxFederationBody bounds what a provider posts: a SAML response is larger than a form of ours.
const maxFederationBody = 512 << 10

// beginFederated sends the browser to a provider. What comes back is bound to this browser by a cookie of its own.
func (u *UI) beginFederated(x *exchange) error {
	if !x.allows(x.provider) {
		return x.elsewhere()
	}
	secret, err := u.federationSecret(x.r)
	if err != nil {
		return err
	}
	next, err := u.pool.BeginFederatedSignIn(x.r.Context(), userpool.BeginFederatedSignInInput{
		Provider: x.provider, CallbackURL: u.CallbackURL(x.provider), Browser: secret, ReturnTo: x.destination(), LoginHint: x.loginHint(),
	})
	if err != nil {
		return x.federationFailed(err)
	}
	u.cookies.write(x.w, u.cookies.federation, secret, federationCookieAge)
	// What follows is the provider's: a redirect, or a page with a form to another site, which our policy would stop.
	x.w.Header().Del("Content-Security-Policy")
	next.ServeHTTP(x.w, x.r)
	return nil
}

// federationSecret returns the secret to which sign-ins and sign-outs at providers are bound: that of the browser's cookie, or a new one. The
// caller writes the cookie once one of them is under way.
func (u *UI) federationSecret(r *http.Request) (string, error) {
	if secret := u.cookies.readSecret(r, u.cookies.federation); secret != "" {
		return secret, nil
	}
	return newSecret(u.rand)
}

// loginHint is who the application expects, or who the person said they are on the page before.
func (x *exchange) loginHint() string {
	if app := x.application(); app != nil && app.LoginHint != "" {
		return app.LoginHint
	}
	return x.step().Username
}

// finishFederated takes what the provider sent the browser back with.
func (u *UI) finishFederated(x *exchange) error {
	x.r.Body = http.MaxBytesReader(x.w, x.r.Body, maxFederationBody)
	if err := x.r.ParseForm(); err != nil {
		return x.federationFailed(&userpool.Error{
			Code: userpool.InvalidIdentityProvider, Message: "The answer of the other service could not be read. Please sign in again.",
		})
	}
	browser := u.cookies.readSecret(x.r, u.cookies.federation)
	if browser == "" && x.r.Method == http.MethodPost && !u.cookies.secure && x.r.PostForm.Get(repostedField) == "" {
		return x.repost()
	}
	out, returnTo, err := u.pool.FinishFederatedSignIn(x.r.Context(), x.r, userpool.FinishFederatedSignInInput{
		Provider: x.provider, State: federationState(x.r), Browser: browser, Replaces: u.BrowserSession(x.r), UserContext: x.context(),
	})
	if returnTo == "" && err == nil { // a sign-in that began at the provider: what it wants to go on to is as good as a link
		returnTo = x.r.PostForm.Get("RelayState")
	}
	x.returnTo, _ = parseReturnTo(returnTo)
	if err != nil {
		return x.federationFailed(err)
	}
	return x.finish(out)
}

// repostedField marks a form that came here the second time.
const repostedField = "reposted"

// repost has the browser send a form again, from a page of ours. On http no cookie can have SameSite=None, so that none comes with a form of
// a provider: for programs that are tried out on one machine.
func (x *exchange) repost() error {
	fields := []hidden{{repostedField, "1"}}
	for _, name := range []string{"SAMLResponse", "RelayState", "state", "code", "iss", "id_token", "session_state", "error", "error_description", "user"} {
		if x.r.PostForm.Has(name) {
			fields = append(fields, hidden{name, x.r.PostForm.Get(name)})
		}
	}
	return x.show(http.StatusOK, "repost", view{Data: struct {
		Provider, Action string
		Fields           []hidden
	}{x.providerLabel(x.provider), x.ui.prefix + x.rel, fields}})
}

// federationState is the state of OAuth 2.0, or the RelayState of SAML. One that is given twice is none.
func federationState(r *http.Request) string {
	values := r.Form["state"]
	if len(values) == 0 {
		values = r.Form["RelayState"]
	}
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// federationFailed says that the sign-in elsewhere did not work, and leads back to the sign-in page.
func (x *exchange) federationFailed(err error) error {
	e, ok := errors.AsType[*userpool.Error](err)
	if !ok || status(e) >= http.StatusInternalServerError {
		return err
	}
	x.retryAfter(e)
	heading := "You are not signed in"
	if e.Code == userpool.ResourceNotFound {
		heading = "Page not found"
	}
	x.ui.log.InfoContext(x.r.Context(), "hostedui: a sign-in at another provider failed", "provider", x.provider, "error", err)
	return &pageError{status: status(e), heading: heading, text: e.Message, back: "/login"}
}
