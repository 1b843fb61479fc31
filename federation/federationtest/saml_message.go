package federationtest

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
)

// Status codes of responses (SAML Core section 3.2.2.2).
const (
	StatusSuccess            = "urn:oasis:names:tc:SAML:2.0:status:Success"
	StatusRequester          = "urn:oasis:names:tc:SAML:2.0:status:Requester"
	StatusResponder          = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	StatusAuthnFailed        = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
	StatusInvalidNameID      = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
	StatusNoAuthnContext     = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
	StatusNoPassive          = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
	StatusRequestDenied      = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
	StatusPartialLogout      = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
	StatusRequestUnsupported = "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported"
)

// Authentication contexts that the providers assert.
const (
	ContextPassword          = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
	ContextPasswordTransport = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	ContextUnspecified       = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
)

const confirmationBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// SAMLResponse is what a response is going to say. SAMLHooks.Message and the
// methods that build messages hand out an honest one to be changed. Text that is
// emptied, a time that is made zero and a list that is made nil leave out the
// element or attribute that they are for.
type SAMLResponse struct {
	ID           string // of the Response
	Issuer       string // of the Response
	InResponseTo string // of the Response and of the SubjectConfirmationData; empty when nobody asked
	Destination  string // of the Response: the ACS URL; it is also where the form goes
	RelayState   string // goes beside the response

	Status        string // StatusSuccess, or another one for a response without an assertion
	SubStatus     string // the second-level status code
	StatusMessage string

	AssertionID     string
	AssertionIssuer string
	IssueInstant    time.Time // of Response and Assertion

	NameID          string
	NameIDFormat    string
	NameQualifier   string
	SPNameQualifier string

	Confirmation             string // the method of the SubjectConfirmation
	Recipient                string
	ConfirmationNotOnOrAfter time.Time

	NotBefore    time.Time // of Conditions
	NotOnOrAfter time.Time // of Conditions
	Audiences    []string

	AuthnInstant        time.Time // zero leaves out the AuthnStatement
	SessionIndex        string
	SessionNotOnOrAfter time.Time
	AuthnContext        string

	Attributes []SAMLAttribute

	Sign       SAMLSigned
	SHA1       bool
	EncryptTo  *x509.Certificate // nil leaves the assertion readable
	Encryption string            // one of the Encrypt constants; empty means EncryptAES256GCM
}

// dialect is how a provider writes the same things.
type dialect struct {
	assertionPrefix string // "saml:", or "" for a default namespace
	signaturePrefix string
}

var (
	plainDialect = dialect{"saml:", "ds"}
	entraDialect = dialect{"", ""}
)

// issuer writes an Issuer with its own namespace declaration when declare is set.
func (d dialect) issuer(value string, declare bool) string {
	declaration := ""
	if declare {
		declaration = d.declaration()
	}
	return "<" + d.assertionPrefix + "Issuer" + declaration + ">" + escape(value) + "</" + d.assertionPrefix + "Issuer>"
}

func (d dialect) declaration() string {
	if d.assertionPrefix == "" {
		return ` xmlns="` + nsAssertion + `"`
	}
	return ` xmlns:saml="` + nsAssertion + `"`
}

// escape makes text fit for character data and attribute values.
func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a bytes.Buffer takes everything
	return b.String()
}

// attribute writes one XML attribute, or nothing when value is empty.
func attribute(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + `="` + escape(value) + `"`
}

// instant writes a time as xs:dateTime in UTC, or "" for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// element writes content between tags, or nothing when content is empty.
func element(name, attributes, content string) string {
	if content == "" {
		return ""
	}
	return "<" + name + attributes + ">" + content + "</" + name + ">"
}

// nameIDXML writes the NameID of an assertion or of a logout request.
func (d dialect) nameIDXML(value, format, qualifier, spQualifier string, declare bool) string {
	declaration := ""
	if declare {
		declaration = d.declaration()
	}
	attributes := declaration + attribute("Format", format) + attribute("NameQualifier", qualifier) + attribute("SPNameQualifier", spQualifier)
	return element(d.assertionPrefix+"NameID", attributes, escape(value))
}

// assertionXML is the assertion before it is signed.
func (m *SAMLResponse) assertionXML(d dialect) []byte {
	p := d.assertionPrefix
	data := "<" + p + "SubjectConfirmationData" + attribute("InResponseTo", m.InResponseTo) +
		attribute("NotOnOrAfter", instant(m.ConfirmationNotOnOrAfter)) + attribute("Recipient", m.Recipient) + "/>"
	confirmation := ""
	if m.Confirmation != "" {
		confirmation = element(p+"SubjectConfirmation", attribute("Method", m.Confirmation), data)
	}
	subject := element(p+"Subject", "", d.nameIDXML(m.NameID, m.NameIDFormat, m.NameQualifier, m.SPNameQualifier, false)+confirmation)

	audiences := ""
	for _, audience := range m.Audiences {
		audiences += element(p+"Audience", "", escape(audience))
	}
	conditions := ""
	if !m.NotBefore.IsZero() || !m.NotOnOrAfter.IsZero() || audiences != "" {
		conditions = "<" + p + "Conditions" + attribute("NotBefore", instant(m.NotBefore)) + attribute("NotOnOrAfter", instant(m.NotOnOrAfter)) + ">" +
			element(p+"AudienceRestriction", "", audiences) + "</" + p + "Conditions>"
	}
	statements := d.authnStatement(m) + d.attributeStatement(m.Attributes)
	return []byte("<" + p + "Assertion" + d.declaration() + attribute("ID", m.AssertionID) +
		attribute("IssueInstant", instant(m.IssueInstant)) + ` Version="2.0">` +
		d.issuer(m.AssertionIssuer, false) + subject + conditions + statements + "</" + p + "Assertion>")
}

func (d dialect) authnStatement(m *SAMLResponse) string {
	if m.AuthnInstant.IsZero() {
		return ""
	}
	p := d.assertionPrefix
	return "<" + p + "AuthnStatement" + attribute("AuthnInstant", instant(m.AuthnInstant)) + attribute("SessionIndex", m.SessionIndex) +
		attribute("SessionNotOnOrAfter", instant(m.SessionNotOnOrAfter)) + "><" + p + "AuthnContext>" +
		element(p+"AuthnContextClassRef", "", escape(m.AuthnContext)) + "</" + p + "AuthnContext></" + p + "AuthnStatement>"
}

func (d dialect) attributeStatement(attributes []SAMLAttribute) string {
	p := d.assertionPrefix
	list := ""
	for _, a := range attributes {
		values := ""
		for _, value := range a.Values {
			values += "<" + p + "AttributeValue>" + escape(value) + "</" + p + "AttributeValue>"
		}
		list += "<" + p + "Attribute" + attribute("Name", a.Name) + attribute("NameFormat", a.NameFormat) +
			attribute("FriendlyName", a.FriendlyName) + ">" + values + "</" + p + "Attribute>"
	}
	return element(p+"AttributeStatement", "", list)
}

// responseXML is the response around what is in it, before it is signed.
func (m *SAMLResponse) responseXML(d dialect, content []byte) []byte {
	return []byte(`<samlp:Response xmlns:samlp="` + nsProtocol + `"` + attribute("ID", m.ID) + ` Version="2.0"` +
		attribute("IssueInstant", instant(m.IssueInstant)) + attribute("Destination", m.Destination) + attribute("InResponseTo", m.InResponseTo) + ">" +
		d.issuer(m.Issuer, true) + statusXML(m.Status, m.SubStatus, m.StatusMessage) + string(content) + "</samlp:Response>")
}

func statusXML(code, second, message string) string {
	inner := ""
	if second != "" {
		inner = "<samlp:StatusCode" + attribute("Value", second) + "/>"
	}
	return "<samlp:Status><samlp:StatusCode" + attribute("Value", code) + ">" + inner + "</samlp:StatusCode>" +
		element("samlp:StatusMessage", "", escape(message)) + "</samlp:Status>"
}

// write makes the whole response with the hooks that see its stages, and returns
// it in base64. The assertion is nil when the status is not StatusSuccess.
func (m *SAMLResponse) write(d dialect, key *signingKey, hooks SAMLHooks) (encoded string, err error) {
	var content []byte
	if m.Status == StatusSuccess {
		if content, err = m.writeAssertion(d, key, hooks); err != nil {
			return "", err
		}
	}
	response := hooks.Response.apply(m.responseXML(d, content))
	if m.Sign == SignResponse || m.Sign == SignBoth {
		if response, err = signXML(response, key, m.SHA1, d.signaturePrefix); err != nil {
			return "", err
		}
	}
	response = hooks.SignedResponse.apply(response)
	encoded = base64.StdEncoding.EncodeToString(response)
	if hooks.Base64 != nil {
		encoded = hooks.Base64(encoded)
	}
	return encoded, nil
}

// writeAssertion makes the Assertion, or the EncryptedAssertion.
func (m *SAMLResponse) writeAssertion(d dialect, key *signingKey, hooks SAMLHooks) ([]byte, error) {
	assertion := hooks.Assertion.apply(m.assertionXML(d))
	var err error
	if m.Sign == "" || m.Sign == SignAssertion || m.Sign == SignBoth {
		if assertion, err = signXML(assertion, key, m.SHA1, d.signaturePrefix); err != nil {
			return nil, err
		}
	}
	assertion = hooks.SignedAssertion.apply(assertion)
	if m.EncryptTo == nil {
		return assertion, nil
	}
	algorithm := m.Encryption
	if algorithm == "" {
		algorithm = EncryptAES256GCM
	}
	return encryptAssertion(assertion, m.EncryptTo, algorithm)
}

// newXMLID makes an identifier that is an xs:ID.
func newXMLID(random io.Reader) (string, error) {
	var b [20]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("federationtest: no randomness from Config.Rand: %w", err)
	}
	return "_" + hex.EncodeToString(b[:]), nil
}
