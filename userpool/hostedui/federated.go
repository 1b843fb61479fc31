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
	secret := u.cookies.readSecret(x.r, u.cookies.federation)
	if secret == "" {
		var err error
		if secret, err = newSecret(u.rand); err != nil {
			return err
		}
	}
	next, err := u.pool.BeginFederatedSignIn(x.r.Context(), userpool.BeginFederatedSignInInput{
		Provider: x.provider, CallbackURL: u.CallbackURL(x.provider), Browser: secret, ReturnTo: x.destination(),
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

// finishFederated takes what the provider sent the browser back with.
func (u *UI) finishFederated(x *exchange) error {
	x.r.Body = http.MaxBytesReader(x.w, x.r.Body, maxFederationBody)
	if err := x.r.ParseForm(); err != nil {
		return x.federationFailed(&userpool.Error{
			Code: userpool.InvalidIdentityProvider, Message: "The answer of the other service could not be read. Please sign in again.",
		})
	}
	out, returnTo, err := u.pool.FinishFederatedSignIn(x.r.Context(), x.r, userpool.FinishFederatedSignInInput{
		Provider: x.provider, State: federationState(x.r), Browser: u.cookies.readSecret(x.r, u.cookies.federation),
		Replaces: u.BrowserSession(x.r),
	})
	x.returnTo, _ = parseReturnTo(returnTo)
	if err != nil {
		return x.federationFailed(err)
	}
	return x.finish(out)
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
