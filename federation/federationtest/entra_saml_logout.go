package federationtest

import (
	"net/http"
)

// entraLogoutMessage takes LogoutRequests and LogoutResponses, which come by
// redirect.
func (e *Entra) entraLogoutMessage(w http.ResponseWriter, r *http.Request, at *authority, message *inbound) {
	if message.parameter == "SAMLResponse" {
		// An application has done what it was told in a frame.
		writePage(w, http.StatusOK, e.prefix, page{Brand: entraBrand, Title: "Signed out", Heading: "Signed out", Message: "The application has signed you out.", framed: true})
		return
	}
	logout, err := parseLogout(message.document, "LogoutRequest")
	if err != nil {
		e.errorPage(w, &EntraError{Code: 75005, Message: "The request is not a valid Saml2 protocol message."})
		return
	}
	if !message.redirect {
		e.errorPage(w, &EntraError{Code: 750054, Message: "A LogoutRequest must come by the SAML Redirect binding."})
		return
	}
	app, refusal := e.samlApp(logout.Issuer, at)
	if refusal != nil {
		e.errorPage(w, refusal)
		return
	}
	if refusal := e.checkSignedRequest(app.SAML, message); refusal != nil {
		e.errorPage(w, refusal)
		return
	}
	session := e.end(w, r) // whoever NameID names
	tenant := at.tenant
	if session != nil {
		tenant = session.who.tenant
	}
	next := ""
	if app.SAML.LogoutURL != "" && tenant != nil {
		next, err = e.samlLogoutURL(app, &SAMLLogout{
			Issuer: e.loginURL + "/" + tenant.ID + "/", InResponseTo: logout.ID, Status: StatusSuccess, RelayState: message.relayState,
		}, nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	e.signedOut(w, e.frontChannel(session, app.ClientID), next)
}

// samlLogoutURL fills in what all logout messages have, and returns the address
// of the redirect.
func (e *Entra) samlLogoutURL(app *entraApp, message *SAMLLogout, change func(*SAMLLogout)) (string, error) {
	message.ID, message.Destination, message.IssueInstant = "_"+e.guid(), app.SAML.LogoutURL, e.now()
	message.SHA1, message.Unsigned = app.SAML.SHA1, app.SAML.UnsignedLogout
	if change != nil {
		change(message)
	}
	return message.url(entraDialect, app.SAML.LogoutURL, e.samlKeys(app)[0], e.currentHooks().SAML)
}

func (e *Entra) samlLogoutRequest(app *entraApp, tenant *entraTenant, visit entraVisit, change func(*SAMLLogout)) (string, error) {
	message := &SAMLLogout{Issuer: e.stsIssuer(tenant.ID), NameID: visit.nameID, NameIDFormat: visit.format}
	if visit.index != "" {
		message.SessionIndexes = []string{visit.index}
	}
	return e.samlLogoutURL(app, message, change)
}

// SAMLLogoutRequest builds the request by which the directory tells an app that a
// user has signed out, and returns the address of the redirect. sessionIndex may
// be empty. Hooks apply.
func (e *Entra) SAMLLogoutRequest(clientID, tenant, name, sessionIndex string, change func(*SAMLLogout)) (string, error) {
	app, message, err := e.honest(clientID, tenant, name, "", nil)
	if err != nil {
		return "", err
	}
	if app.SAML.LogoutURL == "" {
		return "", &EntraError{Code: 75005, Message: "The app " + clientID + " has no LogoutURL."}
	}
	_, who, err := e.find(clientID, tenant, name)
	if err != nil {
		return "", err
	}
	return e.samlLogoutRequest(app, who.tenant, entraVisit{app: app, nameID: message.NameID, format: message.NameIDFormat, index: sessionIndex}, change)
}

// SAMLLogoutResponse builds the answer to an app's LogoutRequest, whose Issuer is
// not that of assertions, and returns the address of the redirect. Hooks apply.
func (e *Entra) SAMLLogoutResponse(clientID, tenantID, requestID, relayState string, change func(*SAMLLogout)) (string, error) {
	app := e.app(clientID)
	if app == nil || app.SAML == nil || app.SAML.LogoutURL == "" {
		return "", &EntraError{Code: 75005, Message: "There is no app " + clientID + ", or it has no LogoutURL for SAML."}
	}
	return e.samlLogoutURL(app, &SAMLLogout{
		Issuer: e.loginURL + "/" + tenantID + "/", InResponseTo: requestID, Status: StatusSuccess, RelayState: relayState,
	}, change)
}
