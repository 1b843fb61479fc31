package saml

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/crewjam/saml"

	"github.com/stepwell/stepwell/internal/samlxml"
)

const (
	sessionVersion = 1
	// logoutValid is how long a logout request of ours may travel.
	logoutValid = 5 * time.Minute
)

// session is what ends a session at the identity provider: the name it gave
// the person, exactly as it was, and its name for the session.
type session struct {
	Version          int     `json:"v"`
	IdentityProvider string  `json:"idp"`
	ServiceProvider  string  `json:"sp"`
	Name             *nameID `json:"name,omitempty"`
	SessionIndex     string  `json:"index,omitempty"`
}

func (p *Provider) newSession(r *result) ([]byte, error) {
	data, err := json.Marshal(&session{
		Version: sessionVersion, IdentityProvider: r.metadata.entityID, ServiceProvider: p.sp.config.EntityID,
		Name: r.name, SessionIndex: r.sessionIndex,
	})
	if err != nil || len(data) > maxPending {
		return nil, fail(InvalidAssertion, "the session cannot be written")
	}
	return data, nil
}

// sessionID is what ReceiveLogout will call this session. A logout request
// without SessionIndex names the person by NameID; where that is not the
// subject, it takes the place of the session.
func (p *Provider) sessionID(r *result) string {
	if r.sessionIndex == "" && p.config.SubjectAttribute != "" && r.name != nil {
		return r.name.subject(r.metadata.entityID, p.sp.config.EntityID)
	}
	return r.sessionIndex
}

// canLogOut reports whether this service provider has what single logout takes.
func (p *Provider) canLogOut() error {
	switch {
	case p.sp.config.SLOURL == "":
		return fail(NotSupported, "Config has no SLOURL, so there is no single logout")
	case p.sp.config.Key == nil:
		return fail(NotSupported, "Config has no Key, and logout messages must be signed")
	}
	return nil
}

// BeginLogout prepares the end of a session at the identity provider, and at all
// other applications that it signed the person in to. End the session here
// first: then the person is signed out whatever happens there.
//
// session is what FinishSession returned. returnURL is [ServiceProvider.SLOURL],
// or empty, which means the same. state is as for Begin. next answers any
// request by taking the browser to the identity provider with a signed logout
// request; the answer arrives at the SLO URL with state as its RelayState, and
// goes with pending to FinishLogout.
//
// The error is NotSupported if there is no such thing at this identity
// provider; the sign-out is then complete without it.
func (p *Provider) BeginLogout(ctx context.Context, session []byte, returnURL, state string) (next http.Handler, pending []byte, err error) {
	if err := p.canLogOut(); err != nil {
		return nil, nil, err
	}
	if returnURL != "" && returnURL != p.sp.config.SLOURL {
		return nil, nil, differs(InvalidRequest, "SLOURL", "the return URL", p.sp.config.SLOURL, returnURL,
			"the identity provider answers only to Config.SLOURL")
	}
	if err := checkState(state); err != nil {
		return nil, nil, err
	}
	s, err := p.readSession(session)
	if err != nil {
		return nil, nil, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	if s.IdentityProvider != m.entityID {
		return nil, nil, fail(InvalidSession, "the session is of the identity provider %q, not of this one", plain(s.IdentityProvider, maxShown))
	}
	binding, to, err := m.chooseSLO()
	if err != nil {
		return nil, nil, err
	}
	logout, err := p.newPending(kindLogout, m.entityID, state)
	if err != nil {
		return nil, nil, err
	}
	request, err := p.logoutRequest(s, logout.RequestID, to.location)
	if err != nil {
		return nil, nil, err
	}
	next, err = p.send(&message{name: paramRequest, xml: request, relayState: state, sign: true}, binding, to.location)
	if err != nil {
		return nil, nil, err
	}
	data, err := logout.marshal()
	if err != nil {
		return nil, nil, err
	}
	return next, data, nil
}

func (p *Provider) readSession(data []byte) (*session, error) {
	s := new(session)
	switch {
	case !decodeStrictly(data, s) || s.Version != sessionVersion || s.ServiceProvider != p.sp.config.EntityID:
		return nil, fail(InvalidSession, "the session is not one that FinishSession of this service provider returned")
	case s.Name == nil || s.Name.Value == "":
		return nil, fail(NotSupported, "the identity provider sent no NameID with this session, and a logout request must have one")
	}
	return s, nil
}

func (m *idpMetadata) chooseSLO() (binding string, to endpoint, err error) {
	switch {
	case m.slo.redirect.location != "":
		return bindingRedirect, m.slo.redirect, nil
	case m.slo.post.location != "":
		return bindingPOST, m.slo.post, nil
	}
	return "", endpoint{}, fail(NotSupported, "the identity provider's metadata has no SingleLogoutService with the redirect or POST binding")
}

func (p *Provider) logoutRequest(s *session, id, destination string) ([]byte, error) {
	until := p.issueInstant().Add(logoutValid)
	request := &saml.LogoutRequest{
		ID:           id,
		Version:      "2.0",
		IssueInstant: p.issueInstant(),
		NotOnOrAfter: &until,
		Destination:  destination,
		Issuer:       &saml.Issuer{Value: p.sp.config.EntityID},
		NameID: &saml.NameID{
			Value: s.Name.Value, Format: s.Name.Format, NameQualifier: s.Name.NameQualifier,
			SPNameQualifier: s.Name.SPNameQualifier, SPProvidedID: s.Name.SPProvidedID,
		},
	}
	if s.SessionIndex != "" {
		request.SessionIndex = &saml.SessionIndex{Value: s.SessionIndex}
	}
	return write(request)
}

// FinishLogout takes the request with which the browser came back to the SLO
// URL, a GET or a POST, and the pending value that BeginLogout returned for its
// RelayState. It needs no session.
//
// It returns nil if the identity provider says that the person is signed out
// everywhere, PartialLogout if somewhere they may not be, and ProviderError if
// they may be signed in at the identity provider still.
func (p *Provider) FinishLogout(r *http.Request, pending []byte) error {
	return aboutLogout(guard("judging a logout response", func() error {
		if r == nil || r.URL == nil {
			return fail(InvalidLogout, "there is no request")
		}
		s, err := p.resume(pending, kindLogout)
		if err != nil {
			return err
		}
		m, err := p.metadata.get(r.Context())
		if err != nil {
			return err
		}
		in, err := p.readLogout(r, m, paramResponse, p.config.InsecureAllowUnsignedLogoutResponse)
		if err != nil {
			return err
		}
		if err := s.answeredBy(m, in.relayState); err != nil {
			return err
		}
		j := &judgment{p: p, m: m, now: p.sp.config.Now(), requestID: s.RequestID}
		if err := j.logoutMessage(in.root, "LogoutResponse", false); err != nil {
			return err
		}
		if err := j.inResponseTo(in.root, "the LogoutResponse", InvalidLogout); err != nil {
			return err
		}
		top, second, text, err := readStatus(in.root)
		switch {
		case err != nil:
			return err
		case second == statusPartialLogout || top == statusPartialLogout:
			return fail(PartialLogout, "the person may still be signed in at another application").withStatus(top, second, text)
		case top != statusSuccess:
			return fail(ProviderError, "the identity provider did not sign the person out").withStatus(top, second, text)
		}
		return nil
	}))
}

// logoutMessage checks what logout requests and responses have in common.
func (j *judgment) logoutMessage(e *samlxml.Element, name string, mustHaveDestination bool) error {
	what := "the " + name
	if !e.Is(samlxml.NSProtocol, name) {
		_, local := e.Name()
		return fail(InvalidLogout, "the message is a %q, expected a SAML 2.0 %s", plain(local, maxShown), name)
	}
	if err := j.header(e, InvalidLogout, what); err != nil {
		return err
	}
	issuer, err := one(e, samlxml.NSAssertion, "Issuer")
	if err != nil {
		return err
	}
	if issuer == nil {
		return fail(InvalidLogout, "%s has no Issuer", what).at("Issuer")
	}
	if err := j.issuer(issuer, InvalidLogout, what+"'s Issuer", j.p.config.LogoutIssuers...); err != nil {
		return err
	}
	// Entra ID sends its responses without Destination; InResponseTo ties those.
	if destination, ok := e.Attr("Destination"); (ok || mustHaveDestination) && destination != j.p.sp.config.SLOURL {
		return differs(InvalidLogout, "Destination", what+"'s Destination", j.p.sp.config.SLOURL, destination,
			"set the Logout URL at the identity provider, or Config.SLOURL")
	}
	return nil
}
