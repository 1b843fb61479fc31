package oauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/stepwell/stepwell/userpool"
)

// logoutRequest is a sound request to sign out: OpenID Connect RP-Initiated Logout section 2, or Cognito's client_id and logout_uri.
type logoutRequest struct {
	// clientID is "" if neither client_id nor a hint names one.
	clientID string
	// uri is registered by the client for this purpose, or "".
	uri   string
	state string
	// sub is whose ID token the hint is, or "".
	sub string
}

// logout is the end_session_endpoint. Who is signed out without being asked has shown, through the application, a genuine ID token of
// his own; everybody else gets a page with a button, so that a foreign page signs nobody out.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	p, err := h.browserParams(w, r)
	if err != nil {
		h.badForm(w, err)
		return
	}
	req, problem, err := h.parseLogout(r.Context(), p)
	if err != nil {
		h.logoutFailed(w, r, err)
		return
	}
	if problem != nil {
		problem.Title = "You cannot be signed out by this request"
		problem.Code, problem.SignOut = errInvalidRequest, h.login.SignOutURL("", "", "")
		h.errorPage(w, http.StatusBadRequest, *problem)
		return
	}
	secret := h.login.BrowserSession(r)
	session, err := h.session(r.Context(), secret)
	if err != nil {
		h.logoutFailed(w, r, err)
		return
	}
	switch {
	case req.uri != "" && req.sub != "" && session != nil && session.User.Sub == req.sub:
		next, err := h.endSession(w, r, secret, req)
		if err != nil {
			h.logoutFailed(w, r, err)
			return
		}
		h.login.ClearSession(w)
		next.ServeHTTP(w, r)
	case req.uri != "" && session == nil && r.Method == http.MethodGet:
		// Nobody is signed in. After a POST we could not know: it comes without our SameSite=Lax cookie. The cookie is left alone,
		// since an image on a foreign page leads here without it, too.
		redirect(w, req.destination())
	case req.uri != "":
		redirect(w, h.login.SignOutURL(req.clientID, req.uri, req.state))
	default:
		redirect(w, h.login.SignOutURL(req.clientID, "", ""))
	}
}

// endSession signs the person out, and returns what leads on: to the provider that the person came from, or to the application.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request, secret string, req logoutRequest) (http.Handler, error) {
	on := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { redirect(w, req.destination()) })
	login, ok := h.login.(ProviderLogin)
	if !ok {
		return on, h.pool.EndBrowserSession(r.Context(), secret)
	}
	next, err := login.SignOutAtProvider(w, r, secret, req.clientID, req.uri, req.state)
	if next == nil {
		next = on
	}
	return next, err
}

// destination is the registered address with the state of the application.
func (req logoutRequest) destination() string {
	return addQuery(req.uri, [2]string{"state", req.state})
}

// parseLogout checks a request. An error is the pool's; a problem is shown to the person.
func (h *Handler) parseLogout(ctx context.Context, p params) (logoutRequest, *pageError, error) {
	req := logoutRequest{clientID: p.get("client_id"), uri: p.get("post_logout_redirect_uri"), state: p.get("state")}
	problem := func(name, message string) (logoutRequest, *pageError, error) {
		value := p.get(name)
		if name == "id_token_hint" {
			name, value = "", ""
		}
		return logoutRequest{}, &pageError{Message: message, Name: name, Value: value}, nil
	}
	switch {
	case p.anyRepeated():
		return problem("", "A parameter is sent more than once.")
	case len(req.state) > maxValue:
		return problem("", "The parameter state is longer than 2048 bytes.")
	case req.uri != "" && p.get("logout_uri") != "":
		return problem("logout_uri", "The parameters post_logout_redirect_uri and logout_uri mean the same; only one may be sent.")
	case req.uri == "":
		req.uri = p.get("logout_uri")
	}
	if hint := p.get("id_token_hint"); hint != "" {
		sub, clientID, err := h.readHint(ctx, hint)
		if errors.Is(err, errBadHint) {
			return problem("id_token_hint", "The parameter id_token_hint is no ID token that was issued here.")
		}
		if err != nil {
			return logoutRequest{}, nil, err
		}
		if req.clientID != "" && req.clientID != clientID {
			return problem("client_id", "The parameter client_id is not the client that id_token_hint was issued to.")
		}
		req.sub, req.clientID = sub, clientID
	}
	if req.clientID == "" {
		// Without a client no address is registered: the person may sign out, and stays here.
		req.uri = ""
		return req, nil, nil
	}
	client, ok := h.pool.Client(req.clientID)
	if !ok {
		return problem("client_id", "The application is not known here.")
	}
	if req.uri != "" && !client.AllowsLogout(req.uri) {
		return problem(uriName(p), "The address to go to after sign-out is not registered for the application.")
	}
	return req, nil, nil
}

func uriName(p params) string {
	if p.get("logout_uri") != "" {
		return "logout_uri"
	}
	return "post_logout_redirect_uri"
}

// logoutFailed tells that the person may still be signed in.
func (h *Handler) logoutFailed(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, userpool.ServiceUnavailable) {
		status = http.StatusServiceUnavailable
	}
	h.logFailure(r.Context(), "oauth: sign-out failed", err)
	h.errorPage(w, status, pageError{
		Title:   "You may still be signed in",
		Message: "Signing out did not work right now. Please try again in a moment.",
		SignOut: h.login.SignOutURL("", "", ""),
	})
}
