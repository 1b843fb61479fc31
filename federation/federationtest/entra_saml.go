package federationtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// serveEntraSAML takes AuthnRequests by redirect and POST, and logout messages by
// redirect.
func (e *Entra) serveEntraSAML(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	at, refusal := e.readAuthority(r.PathValue("tenant"))
	if refusal != nil {
		e.errorPage(w, refusal)
		return
	}
	message, err := readInbound(r)
	if err != nil {
		e.errorPage(w, &EntraError{Code: 750054, Message: "SAMLRequest or SAMLResponse must be present as query string parameters in HTTP request " +
			"for SAML Redirect binding: " + err.Error() + "."})
		return
	}
	request, err := parseAuthnRequest(message.document)
	if err != nil || message.parameter == "SAMLResponse" {
		e.entraLogoutMessage(w, r, at, message)
		return
	}
	flow, refusal := e.samlFlow(at, message, request, r)
	if refusal != nil {
		e.errorPage(w, refusal)
		return
	}
	session := e.session(r)
	usable := e.usable(&flow.entraFlow, session)
	switch {
	case flow.refusal != nil:
		e.postRefusal(w, flow, flow.refusal, flow.refusalStatus)
	case request.IsPassive && !usable:
		e.postRefusal(w, flow, &EntraError{Code: 50058, Message: "A silent sign-in request was sent but no user is signed in."}, StatusNoPassive)
	case usable && !request.ForceAuthn:
		e.conclude(w, r, &flow.entraFlow, session)
	default:
		e.pick(w, &flow.entraFlow, nil)
	}
}

// entraSAMLFlow is a sign-in by SAML.
type entraSAMLFlow struct {
	entraFlow
	request       *authnRequest // nil when it started at the portal
	audience      string
	acs           string
	relayState    string
	refusal       *EntraError // what must be answered to the application
	refusalStatus string
}

// newSAMLFlow is a flow that posts a response in the end.
func (e *Entra) newSAMLFlow(at *authority, app *entraApp, request *authnRequest) *entraSAMLFlow {
	flow := &entraSAMLFlow{
		entraFlow: entraFlow{at: at, app: app, endpoint: EndpointSAML, targets: app.origins()},
		request:   request, audience: app.SAML.Identifiers[0], acs: app.SAML.ReplyURLs[0],
	}
	flow.finish = func(w http.ResponseWriter, _ *http.Request, session *entraSession) { e.postSAML(w, flow, session) }
	flow.entraFlow.refuse = func(w http.ResponseWriter, err *EntraError) { e.postRefusal(w, flow, err, StatusAuthnFailed) }
	return flow
}

// samlApp finds the application by the Issuer of a message.
func (e *Entra) samlApp(identifier string, at *authority) (*entraApp, *EntraError) {
	e.mu.Lock()
	var found *entraApp
	for _, app := range e.apps {
		if app.SAML != nil && slices.Contains(app.SAML.Identifiers, identifier) && e.available(&app.EntraApp, at) {
			found = app
		}
	}
	e.mu.Unlock()
	if found == nil {
		return nil, e.unknownApp(identifier, at)
	}
	return found, nil
}

// samlFlow judges a request. Its errors are for the person at the browser;
// flow.refusal is for the application.
func (e *Entra) samlFlow(at *authority, message *inbound, request *authnRequest, r *http.Request) (*entraSAMLFlow, *EntraError) {
	if request.ID[0] >= '0' && request.ID[0] <= '9' {
		return nil, &EntraError{Code: 7500529, Message: "The value '" + request.ID + "' is not a valid SAML ID. The ID must not begin with a number."}
	}
	app, refusal := e.samlApp(request.Issuer, at)
	if refusal != nil {
		return nil, refusal
	}
	flow := e.newSAMLFlow(at, app, request)
	flow.audience, flow.relayState = request.Issuer, message.relayState
	flow.loginHint, flow.domainHint = r.FormValue("login_hint"), r.FormValue("domain_hint")
	if flow.domainHint == "" {
		flow.domainHint = r.FormValue("whr")
	}
	if request.ACSURL != "" {
		if !slices.Contains(app.SAML.ReplyURLs, request.ACSURL) {
			return nil, &EntraError{Code: 50011, Message: "The reply URL '" + request.ACSURL + "' specified in the request does not match the reply URLs configured for the " +
				"application '" + request.Issuer + "'. Make sure the reply URL sent in the request matches one added to your application in the Azure portal. " +
				"Navigate to https://aka.ms/urlMismatchError to learn more about how to troubleshoot this error."}
		}
		flow.acs = request.ACSURL
	}
	if refusal := e.checkSignedRequest(app.SAML, message); refusal != nil {
		return nil, refusal
	}
	if refusal := unsupported(request); refusal != nil {
		return nil, refusal
	}
	if format := request.nameIDFormat(); !slices.Contains([]string{"", NameIDPersistent, NameIDEmailAddress, NameIDTransient}, format) {
		flow.refusal = &EntraError{Code: 75006, Message: "An error occurred while processing a SAML2 Authentication request. " +
			"AADSTS90011: The SAML authentication request property 'NameIdentifierPolicy/Format' is not supported."}
		flow.refusalStatus = StatusRequestUnsupported
	}
	return flow, nil
}

// checkSignedRequest verifies the signature of a request where the application
// is configured to.
func (e *Entra) checkSignedRequest(app *EntraSAML, message *inbound) *EntraError {
	if !app.RequireSignedRequests {
		return nil // a signature is not looked at
	}
	if !message.signed {
		return &EntraError{Code: 76021, Message: "The request sent by client is not signed while the application requires signed requests."}
	}
	if err := message.verify(app.RequestCertificates, e.now()); err != nil {
		return &EntraError{Code: 76022, Message: "The request sent by client has a signature that cannot be verified with the certificates of the application: " + err.Error() + "."}
	}
	return nil
}

// unsupported names what the directory refuses in a request.
func unsupported(request *authnRequest) *EntraError {
	switch {
	case request.Subject != nil:
		return &EntraError{Code: 900236, Message: "The SAML authentication request property 'Subject' is not supported and must not be set."}
	case request.Scoping != nil && (request.Scoping.ProxyCount != "" || strings.Contains(request.Scoping.Content, "<")):
		return &EntraError{Code: 900236, Message: "The SAML authentication request property 'Scoping/ProxyCount, IDPList, RequesterID' is not supported and must not be set."}
	case request.ProtocolBinding != "" && request.ProtocolBinding != bindingPOST:
		return &EntraError{Code: 75003, Message: "The app returned an error related to unsupported binding (SAML protocol response can't be sent via bindings other than HTTP POST)."}
	case request.Context != nil && request.Context.Comparison != "" && request.Context.Comparison != "exact":
		return &EntraError{Code: 900235, Message: "SAML authentication request's RequestedAuthenticationContext Comparison value must be 'exact'. Received value: '" +
			request.Context.Comparison + "'."}
	}
	return nil
}

// mismatch compares the way in which who signs in with the one that was asked for.
func mismatch(request *authnRequest, app *EntraApp, who *account) *EntraError {
	if request == nil || request.Context == nil || len(request.Context.Classes) == 0 || slices.Contains(request.Context.Classes, ContextUnspecified) {
		return nil
	}
	used, fits := "Password", slices.Contains(request.Context.Classes, ContextPassword) || slices.Contains(request.Context.Classes, ContextPasswordTransport)
	if who.user.MFA {
		used, fits = "Password, MultiFactor", false
	}
	if fits {
		return nil
	}
	var asked []string
	for _, class := range request.Context.Classes {
		asked = append(asked, class[strings.LastIndexByte(class, ':')+1:])
	}
	return &EntraError{Code: 75011, Message: "Authentication method '" + used + "' by which the user authenticated with the service doesn't match requested " +
		"authentication method '" + strings.Join(asked, ", ") + "'. Contact the " + app.DisplayName + " application owner."}
}

// serveLaunch starts a sign-in at the portal.
func (e *Entra) serveLaunch(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	at, refusal := e.readAuthority(r.PathValue("tenant"))
	if refusal != nil {
		e.errorPage(w, refusal)
		return
	}
	app := e.app(r.PathValue("client"))
	if app == nil || app.SAML == nil || !e.available(&app.EntraApp, at) {
		e.errorPage(w, e.unknownApp(r.PathValue("client"), at))
		return
	}
	flow := e.newSAMLFlow(at, app, nil)
	flow.relayState = app.SAML.RelayState
	if session := e.session(r); e.usable(&flow.entraFlow, session) {
		e.conclude(w, r, &flow.entraFlow, session)
		return
	}
	e.pick(w, &flow.entraFlow, nil)
}

// postSAML answers with an assertion about the person of the session.
func (e *Entra) postSAML(w http.ResponseWriter, flow *entraSAMLFlow, session *entraSession) {
	who := e.refresh(session.who)
	if who == nil {
		e.errorPage(w, &EntraError{Code: 50034, Message: "The user account does not exist in the directory."})
		return
	}
	if refusal := mismatch(flow.request, &flow.app.EntraApp, who); refusal != nil {
		e.errorPage(w, refusal)
		return
	}
	message := e.samlMessage(flow, who, session.since())
	session.visit(entraVisit{app: flow.app, saml: true, nameID: message.NameID, format: message.NameIDFormat, index: message.SessionIndex})
	e.postMessage(w, flow, message)
}

// postRefusal answers with a status and the error's number.
func (e *Entra) postRefusal(w http.ResponseWriter, flow *entraSAMLFlow, err *EntraError, second string) {
	status := StatusResponder
	if second == StatusRequestUnsupported {
		status = StatusRequester
	}
	message := e.samlMessage(flow, nil, time.Time{})
	message.Status, message.SubStatus, message.StatusMessage = status, second, e.incident(err).description()
	e.postMessage(w, flow, message)
}

func (e *Entra) postMessage(w http.ResponseWriter, flow *entraSAMLFlow, message *SAMLResponse) {
	hooks := e.currentHooks().SAML
	if hooks.Message != nil {
		hooks.Message(message)
	}
	encoded, err := message.write(entraDialect, e.samlKeys(flow.app)[0], hooks)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	postPage(w, e.prefix, entraBrand, flow.app.DisplayName, message, encoded, hooks, flow.targets)
}
