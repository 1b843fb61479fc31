package federationtest

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// Lifetimes of what the directory asserts.
const (
	entraConditions   = 70 * time.Minute
	entraConfirmation = time.Hour
)

// Names of attributes that the directory adds itself.
const (
	claimsIdentity  = "http://schemas.microsoft.com/identity/claims/"
	claimsWS2008    = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
	claimsMicrosoft = "http://schemas.microsoft.com/claims/"
)

// samlMessage is the honest response of a flow. Without who it has no assertion.
func (e *Entra) samlMessage(flow *entraSAMLFlow, who *account, authenticated time.Time) *SAMLResponse {
	now, app := e.now(), flow.app.SAML
	issuer := e.loginURL + "/" // of a response without a tenant
	if flow.at.tenant != nil {
		issuer = e.stsIssuer(flow.at.tenant.ID)
	}
	if who != nil {
		issuer = e.stsIssuer(who.tenant.ID)
	}
	requestID := ""
	if flow.request != nil {
		requestID = flow.request.ID
	}
	message := &SAMLResponse{
		ID: "_" + e.guid(), Issuer: issuer, InResponseTo: requestID, Destination: flow.acs, RelayState: flow.relayState, IssueInstant: now,
		Status: StatusSuccess, Sign: app.Sign, SHA1: app.SHA1, EncryptTo: app.EncryptionCertificate, Encryption: app.Encryption,
	}
	if who == nil {
		return message
	}
	message.AssertionID, message.AssertionIssuer = "_"+e.guid(), issuer
	message.SessionIndex = message.AssertionID
	message.Confirmation, message.Recipient, message.ConfirmationNotOnOrAfter = confirmationBearer, flow.acs, now.Add(entraConfirmation)
	message.NotBefore, message.NotOnOrAfter, message.Audiences = now, now.Add(entraConditions), []string{flow.audience}
	message.AuthnInstant, message.AuthnContext = authenticated, ContextPassword
	if who.user.MFA {
		message.AuthnContext = ContextUnspecified
	}
	message.NameID, message.NameIDFormat = e.entraNameID(flow, who)
	message.Attributes = e.samlAttributes(&flow.app.EntraApp, who)
	return message
}

// entraNameID names who to the application. Where the configured property is
// empty or is not what the format needs, the name is pairwise.
func (e *Entra) entraNameID(flow *entraSAMLFlow, who *account) (value, format string) {
	app := flow.app.SAML
	format = app.NameIDFormat
	if asked := flow.request.nameIDFormat(); asked != "" {
		format = asked
	} else if flow.request != nil && flow.request.NameIDPolicy != nil && flow.request.NameIDPolicy.Format != "" {
		return pairwiseNameID(flow.audience, who), NameIDPersistent // unspecified leaves it to the directory
	}
	value = property(app.NameIDSource, who)
	switch {
	case format == NameIDTransient:
		return "_" + e.guid(), format
	case value == "", format == NameIDEmailAddress && !strings.Contains(value, "@"):
		return pairwiseNameID(flow.audience, who), NameIDPersistent
	}
	return value, format
}

func pairwiseNameID(audience string, who *account) string {
	sum := sha256.Sum256([]byte("nameid\x00" + audience + "\x00" + who.tenant.ID + "\x00" + who.user.ObjectID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// property is the value of a source in a claim rule, "" when there is none.
func property(source string, who *account) string {
	u := &who.user
	if strings.HasPrefix(source, `"`) {
		return strings.Trim(source, `"`)
	}
	switch source {
	case "user.userprincipalname":
		return u.UserPrincipalName
	case "user.localuserprincipalname":
		return u.UserPrincipalName
	case "user.mail":
		return u.Mail
	case "user.objectid":
		return u.ObjectID
	case "user.displayname":
		return u.DisplayName
	case "user.givenname":
		return u.GivenName
	case "user.surname":
		return u.Surname
	case "user.mailprefix":
		prefix, _, _ := strings.Cut(u.Mail, "@")
		return prefix
	}
	return u.Properties[source]
}

// samlAttributes are those that the directory adds itself, those that are
// configured, and the groups or the word that there are more than fit.
func (e *Entra) samlAttributes(app *EntraApp, who *account) []SAMLAttribute {
	var list []SAMLAttribute
	add := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			list = append(list, SAMLAttribute{Name: name, Values: values})
		}
	}
	add(claimsIdentity+"tenantid", who.tenant.ID)
	add(claimsIdentity+"objectidentifier", who.user.ObjectID)
	add(claimsIdentity+"displayname", who.user.DisplayName)
	groups, wids := e.memberships(app, who)
	switch {
	case len(groups) > maxGroupsSAML:
		add(claimsMicrosoft+"groups.link", staleGraph(who))
	default:
		add(claimsWS2008+"groups", groups...)
	}
	add(claimsWS2008+"wids", wids...)
	add(claimsIdentity+"identityprovider", e.identityProvider(who))
	methods := []string{"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"}
	if who.user.MFA {
		methods = append(methods, claimsMicrosoft+"multipleauthn")
	}
	add(claimsMicrosoft+"authnmethodsreferences", methods...)
	add(claimsWS2008+"role", app.rolesOf(who)...)
	claims := app.SAML.Claims
	if claims == nil {
		claims = []EntraClaim{
			{claimGivenName, "user.givenname"}, {claimSurname, "user.surname"}, {claimEmail, "user.mail"}, {claimName, "user.userprincipalname"},
		}
	}
	for _, claim := range claims {
		add(claim.Name, property(claim.Source, who))
	}
	return list
}

// honest returns the flow and the message for one that is built without a browser.
func (e *Entra) honest(clientID, tenant, name, requestID string, change func(*SAMLResponse)) (*entraApp, *SAMLResponse, error) {
	app, who, err := e.find(clientID, tenant, name)
	if err != nil {
		return nil, nil, err
	}
	if app.SAML == nil {
		return nil, nil, e.unknownApp(clientID, &authority{name: tenant})
	}
	flow := e.newSAMLFlow(&authority{name: who.tenant.ID, tenant: who.tenant}, app, nil)
	message := e.samlMessage(flow, who, e.now())
	message.InResponseTo = requestID
	if requestID == "" {
		message.RelayState = app.SAML.RelayState
	}
	if hook := e.currentHooks().SAML.Message; hook != nil {
		hook(message)
	}
	if change != nil {
		change(message)
	}
	return app, message, nil
}

// SAMLResponse builds a response about a user for an app without a browser, and
// returns it in base64, as the value of SAMLResponse. requestID is the ID of the
// request that it answers, empty for none. change, unless it is nil, changes what
// it says. Hooks apply.
func (e *Entra) SAMLResponse(clientID, tenant, name, requestID string, change func(*SAMLResponse)) (string, error) {
	app, message, err := e.honest(clientID, tenant, name, requestID, change)
	if err != nil {
		return "", err
	}
	return message.write(entraDialect, e.samlKeys(app)[0], e.currentHooks().SAML)
}

// SAMLAssertion builds the assertion that SAMLResponse would have, signed unless
// Sign is SignResponse or SignNothing, and encrypted if the app wants it so.
func (e *Entra) SAMLAssertion(clientID, tenant, name, requestID string, change func(*SAMLResponse)) ([]byte, error) {
	app, message, err := e.honest(clientID, tenant, name, requestID, change)
	if err != nil {
		return nil, err
	}
	return message.writeAssertion(entraDialect, e.samlKeys(app)[0], e.currentHooks().SAML)
}

// SAMLSign returns document with an enveloped signature over its root element,
// made with the key for an app. It signs whatever it is given.
func (e *Entra) SAMLSign(clientID string, document []byte) ([]byte, error) {
	app := e.app(clientID)
	if app == nil || app.SAML == nil {
		return nil, e.unknownApp(clientID, &authority{name: "common"})
	}
	return signXML(document, e.samlKeys(app)[0], false, entraDialect.signaturePrefix)
}
