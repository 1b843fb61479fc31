package federationtest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// samlFlow is a sign-in that waits for a person at the page.
type samlFlow struct {
	sp         *ServiceProvider
	request    *authnRequest // nil when the sign-in started here
	acs        string
	relayState string
	refusal    *samlRefusal // what must be answered instead
}

func (f *samlFlow) requestID() string {
	if f.request == nil {
		return ""
	}
	return f.request.ID
}

// samlRefusal is an error that goes back to the service provider.
type samlRefusal struct{ status, second, message string }

// serveSSO takes requests for sign-in.
func (p *SAMLProvider) serveSSO(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	message, err := readInbound(r)
	if err != nil {
		refusePage(w, p.prefix, "The request for sign-in cannot be read: "+err.Error()+".")
		return
	}
	flow, err := p.readRequest(message)
	if err != nil {
		refusePage(w, p.prefix, "The request for sign-in is refused: "+err.Error()+".")
		return
	}
	if flow.refusal != nil {
		p.answerRefusal(w, flow, flow.refusal)
		return
	}
	if flow.request.IsPassive {
		session := p.session(r)
		if session == nil {
			p.answerRefusal(w, flow, &samlRefusal{StatusResponder, StatusNoPassive, "nobody is signed in, and the request is passive"})
			return
		}
		p.answer(w, r, flow, session.user, session.started)
		return
	}
	p.signInPage(w, flow, "", http.StatusOK)
}

// readRequest finds out where the answer may go and what it may be. Until the
// former is certain, nothing is posted anywhere: err is for the person at the
// browser.
func (p *SAMLProvider) readRequest(message *inbound) (*samlFlow, error) {
	request, err := parseAuthnRequest(message.document)
	if err != nil {
		return nil, err
	}
	sp := p.serviceProvider(request.Issuer)
	if sp == nil {
		return nil, fmt.Errorf("the service provider %q is not known", request.Issuer)
	}
	if request.Destination != "" && request.Destination != p.SSOURL() {
		return nil, fmt.Errorf("its Destination is %q, and this is %q", request.Destination, p.SSOURL())
	}
	if message.signed && len(sp.Certificates) > 0 {
		if err := message.verify(sp.Certificates, p.now()); err != nil {
			return nil, err
		}
	}
	if !message.signed && (sp.RequireSignedRequests || p.config.WantAuthnRequestsSigned) {
		return nil, fmt.Errorf("the requests of %q must be signed", request.Issuer)
	}
	flow := &samlFlow{sp: sp, request: request, relayState: message.relayState, acs: sp.ACSURLs[0]}
	switch {
	case request.ACSURL != "" && !slices.Contains(sp.ACSURLs, request.ACSURL):
		return nil, fmt.Errorf("the address for the answer, %q, is not registered for the service provider", request.ACSURL)
	case request.ACSURL != "":
		flow.acs = request.ACSURL
	case request.ACSIndex != nil && (*request.ACSIndex < 0 || *request.ACSIndex >= len(sp.ACSURLs)):
		return nil, fmt.Errorf("AssertionConsumerServiceIndex %d is not registered for the service provider", *request.ACSIndex)
	case request.ACSIndex != nil:
		flow.acs = sp.ACSURLs[*request.ACSIndex]
	}
	flow.refusal = request.refusal()
	return flow, nil
}

// refusal says what the request asks for that cannot be had.
func (r *authnRequest) refusal() *samlRefusal {
	known := []string{"", NameIDEmailAddress, NameIDPersistent, NameIDTransient}
	switch {
	case r.ProtocolBinding != "" && r.ProtocolBinding != bindingPOST:
		return &samlRefusal{StatusRequester, "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding", "the answer can only go by POST"}
	case !slices.Contains(known, r.nameIDFormat()):
		return &samlRefusal{StatusRequester, StatusInvalidNameID, "the format of NameIDPolicy is not supported"}
	case r.Context != nil && len(r.Context.Classes) > 0 && !slices.Contains(r.Context.Classes, ContextPasswordTransport):
		return &samlRefusal{StatusResponder, StatusNoAuthnContext, "people sign in here with " + ContextPasswordTransport}
	}
	return nil
}

// serveInitiate starts a sign-in that nobody asked for.
func (p *SAMLProvider) serveInitiate(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	query := r.URL.Query()
	sp := p.serviceProvider(query.Get("sp"))
	if sp == nil {
		refusePage(w, p.prefix, "There is no service provider "+query.Get("sp")+".")
		return
	}
	flow := &samlFlow{sp: sp, acs: sp.ACSURLs[0], relayState: sp.RelayState}
	if query.Has("RelayState") {
		flow.relayState = query.Get("RelayState")
	}
	p.signInPage(w, flow, "", http.StatusOK)
}

// serveSignIn takes the page's own form.
func (p *SAMLProvider) serveSignIn(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if err := r.ParseForm(); err != nil {
		refusePage(w, p.prefix, "The form cannot be read or is too long.")
		return
	}
	flow := p.flows.get(r.PostForm.Get("flow"), p.now())
	if flow == nil {
		refusePage(w, p.prefix, "This sign-in has expired. Go back to the application and start again.")
		return
	}
	if r.PostForm.Get("action") == "cancel" {
		p.answerRefusal(w, flow, &samlRefusal{StatusResponder, StatusAuthnFailed, "the sign-in was cancelled"})
		return
	}
	user := p.user(r.PostForm.Get("user"))
	if user == nil {
		p.signInPage(w, flow, "Choose who to sign in as.", http.StatusBadRequest)
		return
	}
	p.answer(w, r, flow, user, p.now())
}

func (p *SAMLProvider) signInPage(w http.ResponseWriter, flow *samlFlow, problem string, status int) {
	id, err := p.random()
	if err == nil {
		err = p.flows.put(id, flow, p.now(), p.now().Add(flowLifetime))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	people := make([]person, len(p.users))
	for i, user := range p.users {
		people[i] = person{Subject: user.Name, Name: user.Name, Chosen: i == 0}
		if user.NameID != user.Name {
			people[i].Detail = user.NameID
		}
	}
	writePage(w, status, p.prefix, page{
		Brand:   "Test identity provider",
		Title:   "Sign in",
		Heading: "Sign in",
		Message: "To continue to " + flow.sp.EntityID + ". This is an identity provider for tests: choose who you want to be; there is no password.",
		Problem: problem,
		Form:    &form{Action: p.prefix + "/sign-in", Hidden: []field{{"flow", id}}, People: people},
		targets: flow.sp.origins(),
	})
}

// origins are the origins a form for sp may lead to.
func (sp *ServiceProvider) origins() []string {
	return origins(slices.Concat(sp.ACSURLs, sp.FollowingOrigins))
}

// answer signs user in and posts the response.
func (p *SAMLProvider) answer(w http.ResponseWriter, r *http.Request, flow *samlFlow, user *SAMLUser, authenticated time.Time) {
	message, err := p.message(flow.sp, user, flow.requestID())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	message.Destination, message.Recipient, message.RelayState = flow.acs, flow.acs, flow.relayState
	message.AuthnInstant = authenticated
	if format := flow.request.nameIDFormat(); format != "" {
		if err := p.nameFor(message, flow.sp, user, format); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	if err := p.join(w, r, user, authenticated, participant{flow.sp, message.NameID, message.NameIDFormat, message.NameQualifier, message.SPNameQualifier, message.SessionIndex}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.post(w, flow, message)
}

// answerRefusal posts a response without an assertion.
func (p *SAMLProvider) answerRefusal(w http.ResponseWriter, flow *samlFlow, refusal *samlRefusal) {
	id, err := p.random()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.post(w, flow, &SAMLResponse{
		ID: id, Issuer: p.EntityID(), InResponseTo: flow.requestID(), Destination: flow.acs, RelayState: flow.relayState, IssueInstant: p.now(),
		Status: refusal.status, SubStatus: refusal.second, StatusMessage: refusal.message, Sign: flow.sp.Sign, SHA1: flow.sp.SHA1,
	})
}

// post lets the hooks at message and writes the page that carries it.
func (p *SAMLProvider) post(w http.ResponseWriter, flow *samlFlow, message *SAMLResponse) {
	hooks := p.currentHooks()
	if hooks.Message != nil {
		hooks.Message(message)
	}
	encoded, err := message.write(plainDialect, p.signingKey(), hooks)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	postPage(w, p.prefix, "Test identity provider", flow.sp.EntityID, message, encoded, hooks, flow.sp.origins())
}

// postPage carries a response to the service provider by the browser (SAML
// Bindings section 3.5).
func postPage(w http.ResponseWriter, prefix, brand, to string, message *SAMLResponse, encoded string, hooks SAMLHooks, targets []string) {
	destination := message.Destination
	if hooks.Destination != nil {
		destination = hooks.Destination(destination)
	}
	values := url.Values{"SAMLResponse": {encoded}}
	if message.RelayState != "" {
		values.Set("RelayState", message.RelayState)
	}
	if hooks.Form != nil {
		hooks.Form(values)
	}
	writePage(w, http.StatusOK, prefix, page{
		Brand:   brand,
		Title:   "Continue",
		Heading: "Continue",
		Message: "Your answer is being sent to " + to + ".",
		Form:    &form{Action: destination, Hidden: fields(values), Auto: true},
		targets: origins(append([]string{destination}, targets...)),
	})
}

// nameFor names user to sp in a format that the request or the service provider
// wants.
func (p *SAMLProvider) nameFor(message *SAMLResponse, sp *ServiceProvider, user *SAMLUser, format string) error {
	message.NameID, message.NameIDFormat = user.NameID, user.NameIDFormat
	switch {
	case format == "" || format == user.NameIDFormat:
	case format == NameIDPersistent:
		sum := sha256.Sum256([]byte(p.EntityID() + "\x00" + sp.EntityID + "\x00" + user.Name))
		message.NameID, message.NameIDFormat = base64.RawURLEncoding.EncodeToString(sum[:]), format
		message.NameQualifier, message.SPNameQualifier = p.EntityID(), sp.EntityID
	case format == NameIDTransient:
		id, err := p.random()
		if err != nil {
			return err
		}
		message.NameID, message.NameIDFormat = id, format
	default:
		message.NameIDFormat = format
	}
	return nil
}
