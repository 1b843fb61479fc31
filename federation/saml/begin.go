package saml

import (
	"context"
	"net/http"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// Begin prepares a sign-in. callbackURL is [ServiceProvider.ACSURL], or empty,
// which means the same: identity providers answer to no other. state is 16 to 80
// printable ASCII characters without spaces, unguessable and fresh for each
// sign-in; it travels as RelayState.
//
// next answers any request with 303 See Other to the identity provider, or with
// a page whose form posts itself there. The authentication request names us,
// the ACS URL, and what ProviderConfig.Request asks for. pending belongs to this
// one sign-in; it has at most 16 KiB.
//
// The identity provider's answer is a cross-site POST to the ACS URL. It carries
// no SameSite=Lax cookie: bind the state to the browser with a cookie that is
// SameSite=None and Secure, or redirect to a page of your own first.
//
// Begin reads the identity provider's metadata if it has none that is fresh,
// and fails with MetadataFailed when it cannot.
func (p *Provider) Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error) {
	if callbackURL != "" && callbackURL != p.sp.config.ACSURL {
		return nil, nil, differs(InvalidRequest, "ACSURL", "the callback URL", p.sp.config.ACSURL, callbackURL,
			"the identity provider answers only to Config.ACSURL")
	}
	if err := checkState(state); err != nil {
		return nil, nil, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	sign := p.config.SignRequests || p.sp.config.SignRequests || m.wantSigned
	if sign && p.sp.config.Key == nil {
		return nil, nil, fail(InvalidConfig, "the identity provider wants signed requests (WantAuthnRequestsSigned); give Config a Key and its Certificate")
	}
	binding, location, err := p.chooseSSO(m)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.newPending(kindSignIn, m.entityID, state)
	if err != nil {
		return nil, nil, err
	}
	s.ForceAuthn, s.AuthnContext = p.config.Request.ForceAuthn, p.config.Request.AuthnContext
	request, err := p.authnRequest(s.RequestID, location)
	if err != nil {
		return nil, nil, err
	}
	next, err = p.send(&message{
		name: paramRequest, xml: request, relayState: state, sign: sign, hint: p.config.Request.LoginHint,
	}, binding, location)
	if err != nil {
		return nil, nil, err
	}
	data, err := s.marshal()
	if err != nil {
		return nil, nil, err
	}
	return next, data, nil
}

func (p *Provider) chooseSSO(m *idpMetadata) (binding, location string, err error) {
	wanted := p.config.Binding
	switch {
	case wanted != POST && m.sso.redirect.location != "":
		return bindingRedirect, m.sso.redirect.location, nil
	case wanted != Redirect && m.sso.post.location != "":
		return bindingPOST, m.sso.post.location, nil
	}
	return "", "", fail(InvalidConfig, "the identity provider has no SingleSignOnService for the binding %q; leave Binding empty", wanted)
}

// authnRequest builds the request (SAML core section 3.4.1). It has no Subject,
// which Entra ID refuses, and no NameIDPolicy and RequestedAuthnContext unless
// asked for, which fail wherever the identity provider was set up otherwise.
func (p *Provider) authnRequest(id, destination string) ([]byte, error) {
	o := &p.config.Request
	request := &saml.AuthnRequest{
		ID:                          id,
		Version:                     "2.0",
		IssueInstant:                p.issueInstant(),
		Destination:                 destination,
		Issuer:                      &saml.Issuer{Value: p.sp.config.EntityID},
		AssertionConsumerServiceURL: p.sp.config.ACSURL,
		ProtocolBinding:             bindingPOST,
	}
	yes := true
	if o.ForceAuthn {
		request.ForceAuthn = &yes
	}
	if o.IsPassive {
		request.IsPassive = &yes
	}
	if o.NameIDFormat != "" {
		request.NameIDPolicy = &saml.NameIDPolicy{Format: &o.NameIDFormat}
		if o.NameIDFormat == formatPersistent {
			request.NameIDPolicy.AllowCreate = &yes
		}
	}
	if o.AuthnContext != "" {
		request.RequestedAuthnContext = &saml.RequestedAuthnContext{Comparison: "exact", AuthnContextClassRef: o.AuthnContext}
	}
	return write(request)
}

// issueInstant has no fraction of a second, which some identity providers
// cannot read.
func (p *Provider) issueInstant() time.Time { return p.sp.config.Now().UTC().Truncate(time.Second) }

// write returns the XML of a message that crewjam's types describe.
func write(m interface{ Element() *etree.Element }) (out []byte, err error) {
	err = guard("building a message", func() error {
		document := etree.NewDocument()
		document.SetRoot(m.Element())
		out, err = document.WriteToBytes()
		return err
	})
	if err != nil {
		return nil, failCause(InternalError, "building a message", err)
	}
	return out, nil
}
