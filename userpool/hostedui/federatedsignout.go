package hostedui

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/stepwell/stepwell/userpool"
)

// SignOutAtProvider ends a browser session and returns the handler that sends the browser to the provider that the person came from, to be
// signed out there as well, or nil if there is nothing to do there; see [userpool.Pool.BeginFederatedSignOut]. After that the browser goes to
// logoutURI, with state if it is not empty, if the client has registered this very address, or else to the sign-in page. It writes the
// cookie that the way back needs. The errors are those of the pool.
func (u *UI) SignOutAtProvider(w http.ResponseWriter, r *http.Request, session, clientID, logoutURI, state string) (http.Handler, error) {
	browser, err := u.federationSecret(r)
	if err != nil {
		return nil, err
	}
	next, err := u.pool.BeginFederatedSignOut(r.Context(), userpool.BeginFederatedSignOutInput{
		BrowserSession: session, CallbackURL: u.SignOutCallbackURL, Browser: browser,
		ReturnTo: u.signedOut(clientID, logoutURI, state),
	})
	if next != nil && err == nil {
		u.cookies.write(w, u.cookies.federation, browser, federationCookieAge)
	}
	return next, err
}

// federatedSignOut is where providers send the browser back after a sign-out that began here, and where they ask for one that began
// elsewhere.
func (u *UI) federatedSignOut(x *exchange) error {
	if err := x.r.ParseForm(); err != nil {
		return malformed("The request of the other service could not be read.")
	}
	state := federationState(x.r)
	if x.r.Form.Has("SAMLRequest") || x.r.Form.Has("logout_token") || state == "" {
		answer, err := u.pool.ReceiveFederatedSignOut(x.r.Context(), x.r, x.provider)
		if err != nil {
			return x.signOutRefused(err)
		}
		// The answer is the provider's, and may stand in a frame of it: OpenID Connect Front-Channel Logout.
		x.w.Header().Del("Content-Security-Policy")
		x.w.Header().Del("X-Frame-Options")
		answer.ServeHTTP(x.w, x.r)
		return nil
	}
	returnTo, err := u.pool.FinishFederatedSignOut(x.r.Context(), x.r, userpool.FinishFederatedSignOutInput{
		Provider: x.provider, State: state, Browser: u.cookies.readSecret(x.r, u.cookies.federation),
	})
	if e, ok := errors.AsType[*userpool.Error](err); ok && e.Code == userpool.InvalidIdentityProvider && returnTo != "" {
		u.log.InfoContext(x.r.Context(), "hostedui: a sign-out at another provider failed", "provider", x.provider, "error", err)
		return &pageError{status: http.StatusBadGateway, heading: "You are signed out here", text: e.Message, back: "/login"}
	}
	if err != nil {
		return x.federationFailed(err)
	}
	return x.redirect(returnTo)
}

// signOutRefused is federationFailed with the status that a server is told whose logout token is refused (OpenID Connect Back-Channel Logout
// section 2.8).
func (x *exchange) signOutRefused(err error) error {
	err = x.federationFailed(err)
	if page, ok := errors.AsType[*pageError](err); ok && x.r.PostForm.Has("logout_token") {
		page.status = http.StatusBadRequest
	}
	return err
}

// leadTo serves what leads to a provider, after a form of ours: a redirect would be held to the form-action of its page, so the page in
// between leads on.
func (x *exchange) leadTo(label string, next http.Handler) error {
	answer := &answerBuffer{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(answer, x.r)
	if to := answer.header.Get("Location"); to != "" && answer.status >= 300 && answer.status < 400 {
		return x.goOnTo(label, to)
	}
	h := x.w.Header()
	h.Del("Content-Security-Policy")
	for name, values := range answer.header {
		h[name] = values
	}
	x.w.WriteHeader(answer.status)
	_, _ = x.w.Write(answer.body.Bytes())
	return nil
}

// answerBuffer keeps an answer, to look at it before it is sent.
type answerBuffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answerBuffer) Header() http.Header         { return a.header }
func (a *answerBuffer) WriteHeader(status int)      { a.status = status }
func (a *answerBuffer) Write(b []byte) (int, error) { return a.body.Write(b) }
