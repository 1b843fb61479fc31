package saml

import (
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/samlxml"
)

const (
	nsSchemaInstance = "http://www.w3.org/2001/XMLSchema-instance"

	maxAttributes     = 512
	maxValues         = 4096 // of all attributes together
	maxAttributeName  = 1024
	maxAttributeValue = 16 << 10
)

// attributePrefix begins the names of the attributes that this package adds. No
// attribute of an assertion whose Name begins so is passed on.
const attributePrefix = "saml:"

// The attributes that this package adds to those of the assertion. Each has one
// value, and is there if the assertion has what it is about.
const (
	// AttributeIssuer is the identity provider's entity ID.
	AttributeIssuer = attributePrefix + "Issuer"
	// AttributeNameID is the text of the NameID.
	AttributeNameID = attributePrefix + "NameID"
	// AttributeNameIDFormat is its format; a NameID without one is unspecified.
	AttributeNameIDFormat = attributePrefix + "NameIDFormat"
	// AttributeNameQualifier and AttributeSPNameQualifier are its qualifiers.
	AttributeNameQualifier   = attributePrefix + "NameQualifier"
	AttributeSPNameQualifier = attributePrefix + "SPNameQualifier"
	// AttributeSessionIndex is the identity provider's name for the session.
	AttributeSessionIndex = attributePrefix + "SessionIndex"
	// AttributeAuthnInstant is when the person proved who they are (RFC 3339,
	// UTC).
	AttributeAuthnInstant = attributePrefix + "AuthnInstant"
	// AttributeSessionNotOnOrAfter is when the session here must end (RFC 3339,
	// UTC).
	AttributeSessionNotOnOrAfter = attributePrefix + "SessionNotOnOrAfter"
	// AttributeAuthnContextClassRef says how the person proved who they are.
	AttributeAuthnContextClassRef = attributePrefix + "AuthnContextClassRef"
)

// readAttributes adds what the AttributeStatements of an assertion say. An
// attribute is called by its Name and nothing else: FriendlyName is for people,
// and an identity provider may give the same one to several.
func (s *statement) readAttributes(statements []*samlxml.Element) error {
	s.attributes = make(map[string][]string)
	count, values := 0, 0
	for _, e := range statements {
		for _, attribute := range e.Children() {
			if attribute.Is(samlxml.NSAssertion, "EncryptedAttribute") {
				return fail(InvalidAssertion, "the assertion has an EncryptedAttribute; have the identity provider encrypt the whole assertion instead")
			}
			if !attribute.Is(samlxml.NSAssertion, "Attribute") {
				return unexpected(attribute, "AttributeStatement")
			}
			if count++; count > maxAttributes {
				return fail(InvalidAssertion, "the assertion has more than %d attributes", maxAttributes)
			}
			name, _ := attribute.Attr("Name")
			if name == "" || len(name) > maxAttributeName {
				return fail(InvalidAssertion, "the assertion has an attribute whose Name is empty or longer than %d bytes", maxAttributeName)
			}
			added, err := attributeValues(name, attribute)
			if err != nil {
				return err
			}
			if values += len(added); values > maxValues {
				return fail(InvalidAssertion, "the attributes have more than %d values", maxValues)
			}
			if len(added) > 0 && !strings.HasPrefix(name, attributePrefix) {
				s.attributes[name] = append(s.attributes[name], added...)
			}
		}
	}
	return nil
}

// attributeValues returns the values that are text, as they are. A value that
// is nil, or has elements in it, is left out.
func attributeValues(name string, attribute *samlxml.Element) ([]string, error) {
	var values []string
	for _, e := range attribute.Children() {
		if !e.Is(samlxml.NSAssertion, "AttributeValue") {
			return nil, unexpected(e, "Attribute")
		}
		if text, ok := e.AttrNS(nsSchemaInstance, "nil"); ok {
			if isNil, err := parseBool(text); err != nil || isNil {
				continue
			}
		}
		text, err := e.Text()
		if err != nil {
			continue
		}
		if len(text) > maxAttributeValue {
			return nil, fail(InvalidAssertion, "the attribute %q has a value longer than %d bytes", plain(name, maxShown), maxAttributeValue)
		}
		values = append(values, text)
	}
	return values, nil
}

// addOwn adds the attributes that are about the sign-in.
func (s *statement) addOwn(idp string) {
	set := func(name, value string) {
		if value != "" {
			s.attributes[name] = []string{value}
		}
	}
	set(AttributeIssuer, idp)
	if s.name != nil {
		set(AttributeNameID, s.name.Value)
		set(AttributeNameIDFormat, s.name.format())
		set(AttributeNameQualifier, s.name.NameQualifier)
		set(AttributeSPNameQualifier, s.name.SPNameQualifier)
	}
	set(AttributeSessionIndex, s.sessionIndex)
	set(AttributeAuthnContextClassRef, s.classRef)
	set(AttributeAuthnInstant, instant(s.authnInstant))
	set(AttributeSessionNotOnOrAfter, instant(s.sessionEnd))
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
