package federationtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"time"
)

// Lifetimes of what an honest provider says.
const (
	confirmationLifetime = 5 * time.Minute
	conditionsLifetime   = time.Hour
)

// message is the honest response about user to sp.
func (p *SAMLProvider) message(sp *ServiceProvider, user *SAMLUser, requestID string) (*SAMLResponse, error) {
	var ids [3]string
	for i := range ids {
		id, err := p.random()
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	now := p.now()
	message := &SAMLResponse{
		ID: ids[0], AssertionID: ids[1], SessionIndex: ids[2],
		Issuer: p.EntityID(), AssertionIssuer: p.EntityID(),
		InResponseTo: requestID, Destination: sp.ACSURLs[0], Recipient: sp.ACSURLs[0],
		Status: StatusSuccess, IssueInstant: now,
		Confirmation: confirmationBearer, ConfirmationNotOnOrAfter: now.Add(confirmationLifetime),
		NotBefore: now, NotOnOrAfter: now.Add(conditionsLifetime), Audiences: []string{sp.EntityID},
		AuthnInstant: now, SessionNotOnOrAfter: now.Add(sessionLifetime), AuthnContext: ContextPasswordTransport,
		Attributes: user.Attributes,
		Sign:       sp.Sign, SHA1: sp.SHA1, EncryptTo: sp.EncryptionCertificate, Encryption: sp.Encryption,
	}
	if requestID == "" {
		message.RelayState = sp.RelayState
	}
	return message, p.nameFor(message, sp, user, sp.NameIDFormat)
}

// find returns the service provider and the user of a message to be built.
func (p *SAMLProvider) find(spEntityID, userName string) (*ServiceProvider, *SAMLUser, error) {
	sp, user := p.serviceProvider(spEntityID), p.user(userName)
	if sp == nil || user == nil {
		return nil, nil, fmt.Errorf("federationtest: no service provider %q or no user %q", spEntityID, userName)
	}
	return sp, user, nil
}

// Response builds a response about user for a service provider without a
// browser, and returns it in base64, as the value of SAMLResponse. requestID is
// the ID of the request that it answers, empty for none. change, unless it is
// nil, changes what it says. Hooks apply.
func (p *SAMLProvider) Response(spEntityID, user, requestID string, change func(*SAMLResponse)) (string, error) {
	sp, person, err := p.find(spEntityID, user)
	if err != nil {
		return "", err
	}
	message, err := p.message(sp, person, requestID)
	if err != nil {
		return "", err
	}
	hooks := p.currentHooks()
	if hooks.Message != nil {
		hooks.Message(message)
	}
	if change != nil {
		change(message)
	}
	return message.write(plainDialect, p.signingKey(), hooks)
}

// ResponseXML is Response without the base64.
func (p *SAMLProvider) ResponseXML(spEntityID, user, requestID string, change func(*SAMLResponse)) ([]byte, error) {
	encoded, err := p.Response(spEntityID, user, requestID, change)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// Assertion builds the assertion that Response would have, signed unless Sign is
// SignResponse or SignNothing, and encrypted if the service provider wants it so.
// It is an element that declares its own namespaces, to be put anywhere.
func (p *SAMLProvider) Assertion(spEntityID, user, requestID string, change func(*SAMLResponse)) ([]byte, error) {
	sp, person, err := p.find(spEntityID, user)
	if err != nil {
		return nil, err
	}
	message, err := p.message(sp, person, requestID)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(message)
	}
	return message.writeAssertion(plainDialect, p.signingKey(), p.currentHooks())
}

// Encrypt returns an EncryptedAssertion of whatever it is given, for a service
// provider that has an EncryptionCertificate. algorithm is one of the Encrypt
// constants; empty means that of the service provider.
func (p *SAMLProvider) Encrypt(spEntityID string, assertion []byte, algorithm string) ([]byte, error) {
	sp := p.serviceProvider(spEntityID)
	if sp == nil || sp.EncryptionCertificate == nil {
		return nil, fmt.Errorf("federationtest: no service provider %q, or it has no EncryptionCertificate", spEntityID)
	}
	if algorithm == "" {
		algorithm = sp.Encryption
	}
	return encryptAssertion(assertion, sp.EncryptionCertificate, algorithm)
}

// SAMLLogout is what a logout message is going to say. As in SAMLResponse, what
// is emptied is left out.
type SAMLLogout struct {
	ID              string
	Issuer          string
	Destination     string
	IssueInstant    time.Time
	NotOnOrAfter    time.Time // of a request
	NameID          string    // of a request
	NameIDFormat    string
	NameQualifier   string
	SPNameQualifier string
	SessionIndexes  []string // of a request
	InResponseTo    string   // of a response
	Status          string   // of a response; a message with one is a LogoutResponse
	SubStatus       string
	RelayState      string
	Unsigned        bool
	SHA1            bool
}

// xml writes the message.
func (m *SAMLLogout) xml(d dialect) []byte {
	kind, content := "LogoutRequest", d.issuer(m.Issuer, true)
	if m.Status != "" {
		kind = "LogoutResponse"
		content += statusXML(m.Status, m.SubStatus, "")
	} else {
		content += d.nameIDXML(m.NameID, m.NameIDFormat, m.NameQualifier, m.SPNameQualifier, true)
		for _, index := range m.SessionIndexes {
			content += element("samlp:SessionIndex", "", escape(index))
		}
	}
	return []byte("<samlp:" + kind + ` xmlns:samlp="` + nsProtocol + `"` + attribute("ID", m.ID) + ` Version="2.0"` +
		attribute("IssueInstant", instant(m.IssueInstant)) + attribute("Destination", m.Destination) +
		attribute("NotOnOrAfter", instant(m.NotOnOrAfter)) + attribute("InResponseTo", m.InResponseTo) + ">" + content + "</samlp:" + kind + ">")
}

// url returns the address of a redirect that carries the message.
func (m *SAMLLogout) url(d dialect, target string, key *signingKey, hooks SAMLHooks) (string, error) {
	parameter := "SAMLRequest"
	if m.Status != "" {
		parameter = "SAMLResponse"
	}
	document := hooks.Logout.apply(m.xml(d))
	query := parameter + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflate(document)))
	if m.RelayState != "" {
		query += "&RelayState=" + url.QueryEscape(m.RelayState)
	}
	if !m.Unsigned {
		signed, err := signQuery(query, key, m.SHA1)
		if err != nil {
			return "", err
		}
		query = signed
	}
	if hooks.LogoutQuery != nil {
		query = hooks.LogoutQuery(query)
	}
	return appendQuery(target, query), nil
}

// LogoutRequest builds a request by which the provider tells a service provider
// that user has signed out, and returns the address of the redirect. It names no
// session, which means all of the user's: change adds SessionIndexes. Hooks apply.
func (p *SAMLProvider) LogoutRequest(spEntityID, user string, change func(*SAMLLogout)) (string, error) {
	sp, person, err := p.find(spEntityID, user)
	if err != nil {
		return "", err
	}
	message, err := p.message(sp, person, "")
	if err != nil {
		return "", err
	}
	return p.logoutURL(sp, &SAMLLogout{
		NameID: message.NameID, NameIDFormat: message.NameIDFormat, NameQualifier: message.NameQualifier, SPNameQualifier: message.SPNameQualifier,
		NotOnOrAfter: p.now().Add(confirmationLifetime), SHA1: sp.SHA1,
	}, change)
}

// LogoutResponse builds the answer to a service provider's LogoutRequest, with
// StatusSuccess, and returns the address of the redirect. Hooks apply.
func (p *SAMLProvider) LogoutResponse(spEntityID, requestID, relayState string, change func(*SAMLLogout)) (string, error) {
	sp := p.serviceProvider(spEntityID)
	if sp == nil {
		return "", fmt.Errorf("federationtest: no service provider %q", spEntityID)
	}
	return p.logoutURL(sp, &SAMLLogout{InResponseTo: requestID, Status: StatusSuccess, RelayState: relayState, SHA1: sp.SHA1}, change)
}

// logoutURL fills in what all logout messages have, and returns the address of
// the redirect.
func (p *SAMLProvider) logoutURL(sp *ServiceProvider, message *SAMLLogout, change func(*SAMLLogout)) (string, error) {
	id, err := p.random()
	if err != nil {
		return "", err
	}
	message.ID, message.Issuer, message.Destination, message.IssueInstant = id, p.EntityID(), sp.SLOURL, p.now()
	if change != nil {
		change(message)
	}
	if sp.SLOURL == "" {
		return "", fmt.Errorf("federationtest: service provider %q has no SLOURL", sp.EntityID)
	}
	return message.url(plainDialect, sp.SLOURL, p.signingKey(), p.currentHooks())
}
