package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/jose"
)

const logoutVersion = "logout-1"

// pendingLogout is one logout between BeginLogout and FinishLogout.
type pendingLogout struct {
	Version  string `json:"v"`
	Issuer   string `json:"iss"`
	ClientID string `json:"client_id"`
	State    string `json:"state"` // hashed
}

// BeginLogout signs the person of a session out at the provider (OpenID Connect
// RP-Initiated Logout 1.0). session is what FinishSession returned. The provider
// sends the browser back to returnURL, which is registered with it
// (post_logout_redirect_uri) and has the form of a callback URL, with state, which
// is made as for Begin. The application ends its own session before it lets next
// answer: the browser may not come back.
//
// next answers with 303 See Other. The request has the ID token as a hint where
// the session holds it, the client ID, and, where the ID token had the claim
// login_hint, that as logout_hint.
//
// It fails with NotSupported where the provider's metadata has no
// end_session_endpoint that can be used.
func (p *Provider) BeginLogout(ctx context.Context, session []byte, returnURL, state string) (next http.Handler, pending []byte, err error) {
	if err := checkCallback(returnURL, p.config.InsecureAllowHTTP); err != nil {
		return nil, nil, fail(InvalidRequest, "the return URL %q %v", plain(returnURL, maxDescription), err)
	}
	if err := checkState(state); err != nil {
		return nil, nil, err
	}
	s, err := p.parseSession(session)
	if err != nil {
		return nil, nil, err
	}
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	if m.endSessionEndpoint == "" {
		return nil, nil, fail(NotSupported, "the provider's metadata has no end_session_endpoint, or one that is no https URL: nobody can be signed out there")
	}
	data, err := json.Marshal(pendingLogout{
		Version: logoutVersion, Issuer: p.config.Issuer, ClientID: p.config.ClientID, State: signin.Hash(state),
	})
	if err != nil {
		return nil, nil, fail(InvalidRequest, "the pending logout cannot be written")
	}
	parameters := url.Values{"client_id": {p.config.ClientID}, "post_logout_redirect_uri": {returnURL}, "state": {state}}
	for name, value := range map[string]string{"id_token_hint": s.IDToken, "logout_hint": s.LoginHint} {
		if value != absent {
			parameters.Set(name, value)
		}
	}
	separator := "?"
	if strings.Contains(m.endSessionEndpoint, "?") {
		separator = "&"
	}
	return signin.Redirect(m.endSessionEndpoint + separator + parameters.Encode()), data, nil
}

// FinishLogout takes the request with which the browser came back to the return
// URL, and the pending value of BeginLogout. It fails with InvalidResponse if the
// request's state is not that of pending. A provider says nothing about how the
// logout went: the person may have declined it.
func (p *Provider) FinishLogout(r *http.Request, pending []byte) error {
	if len(pending) == 0 || len(pending) > maxPending {
		return fail(InvalidPending, "the pending value is empty or too long; pass what BeginLogout returned")
	}
	object, err := jose.DecodeObject(pending)
	if err != nil {
		return fail(InvalidPending, "the pending value is not one that BeginLogout returned")
	}
	s := new(pendingLogout)
	if err := readFields(object, map[string]*string{
		"v": &s.Version, "iss": &s.Issuer, "client_id": &s.ClientID, "state": &s.State,
	}); err != nil {
		return fail(InvalidPending, "the pending value %v; pass what BeginLogout returned", err)
	}
	if s.Version != logoutVersion || s.Issuer != p.config.Issuer || s.ClientID != p.config.ClientID {
		return fail(InvalidPending, "the logout was begun at %q as client %q, not at this provider as this client",
			plain(s.Issuer, maxDescription), plain(s.ClientID, maxDescription))
	}
	if r == nil || r.URL == nil || r.Method != http.MethodGet || len(r.URL.RawQuery) > maxQuery {
		return fail(InvalidResponse, "the return is no GET request, or its query is longer than %d bytes", maxQuery)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(values["state"]) != 1 || !signin.Equal(signin.Hash(values.Get("state")), s.State) {
		return fail(InvalidResponse, "the state of the return is not the one of this logout")
	}
	return nil
}
