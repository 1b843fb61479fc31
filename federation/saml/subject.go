package saml

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/samlxml"
)

// The formats of a NameID (SAML core section 8.3).
const (
	formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	formatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	formatEntity      = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)

// shortFormats are what the formats are called in a subject.
var shortFormats = map[string]string{
	formatUnspecified: "unspecified",
	formatEmail:       "emailAddress",
	formatPersistent:  "persistent",
	"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName":            "X509SubjectName",
	"urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName": "WindowsDomainQualifiedName",
	"urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos":                   "kerberos",
	"urn:oasis:names:tc:SAML:2.0:nameid-format:transient":                  "transient",
	"urn:oasis:names:tc:SAML:2.0:nameid-format:entity":                     "entity",
}

const (
	subjectPrefix = "nameid:"
	maxSubject    = 255
	maxNameID     = 1024
)

// nameID is a NameID with all that makes it one (SAML core section 2.2.3). A
// logout request repeats it as it is.
type nameID struct {
	Value           string `json:"value"`
	Format          string `json:"format,omitempty"`
	NameQualifier   string `json:"nq,omitempty"`
	SPNameQualifier string `json:"spnq,omitempty"`
	SPProvidedID    string `json:"spid,omitempty"`
}

func readNameID(e *samlxml.Element) (*nameID, error) {
	n := new(nameID)
	var err error
	if n.Value, err = e.Text(); err != nil {
		return nil, phrase("has child elements")
	}
	n.Format, _ = e.Attr("Format")
	n.NameQualifier, _ = e.Attr("NameQualifier")
	n.SPNameQualifier, _ = e.Attr("SPNameQualifier")
	n.SPProvidedID, _ = e.Attr("SPProvidedID")
	for _, part := range []string{n.Value, n.Format, n.NameQualifier, n.SPNameQualifier, n.SPProvidedID} {
		if len(part) > maxNameID {
			return nil, phrase("is longer than 1024 bytes")
		}
	}
	if err := checkIdentifier(n.Value); err != nil {
		return nil, err
	}
	return n, nil
}

// format is Format, or what it means to leave it out.
func (n *nameID) format() string {
	if n.Format == "" {
		return formatUnspecified
	}
	return n.Format
}

// subject writes the NameID as one string, so that two which differ in anything
// are two strings. The qualifiers of a NameID default to the names of the two
// parties (SAML core section 8.3.7), so it is the same with them and without.
//
// A persistent NameID stands for itself. Any other is
//
//	nameid:FORMAT:NAMEQUALIFIER:SPNAMEQUALIFIER:VALUE
//
// with the format's last word, or "=" and the whole of it, escaped, if it is
// none of the standard ones; and with the qualifiers escaped. Both are without
// colons, so the parts can be told apart whatever the value is. A persistent
// NameID is written so, too, if it has other qualifiers or starts like this.
func (n *nameID) subject(idp, sp string) string {
	nq, spnq := n.NameQualifier, n.SPNameQualifier
	if nq == idp {
		nq = ""
	}
	if spnq == sp {
		spnq = ""
	}
	text := n.Value
	if n.format() != formatPersistent || nq != "" || spnq != "" || strings.HasPrefix(text, subjectPrefix) {
		short, ok := shortFormats[n.format()]
		if !ok {
			short = "=" + url.QueryEscape(n.Format)
		}
		text = subjectPrefix + short + ":" + url.QueryEscape(nq) + ":" + url.QueryEscape(spnq) + ":" + n.Value
	}
	if len(text) > maxSubject {
		sum := sha256.Sum256([]byte(text))
		return subjectPrefix + "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return text
}

// standIns are what programs write where they have no value. An identity
// provider that sends one would send it for everybody: all of them one account.
var standIns = []string{
	"undefined", "null", "nil", "<nil>", "none", "nan", "(null)", "[object object]", "false", "true",
}

// checkIdentifier accepts what can name a person exactly. What is invisible is
// refused: it is lost when somebody copies the name or a program trims it, and
// then it is another person's. The error is the end of a sentence.
func checkIdentifier(value string) error {
	switch {
	case value == "":
		return phrase("is empty")
	case !utf8.ValidString(value) || strings.TrimSpace(value) != value ||
		strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		return phrase("has white space around it, or characters that do not print")
	case slices.Contains(standIns, strings.ToLower(value)):
		return phrase("is a word for nothing, which identifies nobody")
	}
	return nil
}

// subjectOf decides who signed in.
func (p *Provider) subjectOf(m *idpMetadata, s *statement) (string, error) {
	name := p.config.SubjectAttribute
	if name == "" {
		switch {
		case s.name == nil:
			return "", fail(InvalidAssertion, "the assertion has no NameID; have the identity provider send one, or set SubjectAttribute").at("NameID")
		case s.name.format() == formatTransient:
			return "", fail(InvalidAssertion, "the NameID is transient: it is another one at every sign-in and names nobody; "+
				"have the identity provider send a persistent one, or set SubjectAttribute").at("NameID")
		}
		return s.name.subject(m.entityID, p.sp.config.EntityID), nil
	}
	values := s.attributes[name]
	if len(values) != 1 {
		return "", fail(InvalidAssertion, "the attribute %q, which is SubjectAttribute, has %d values, expected one; have the identity provider send it",
			plain(name, maxShown), len(values)).at("SubjectAttribute")
	}
	if err := checkIdentifier(values[0]); err != nil {
		return "", fail(InvalidAssertion, "the attribute %q, which is SubjectAttribute, %v", plain(name, maxShown), err).at("SubjectAttribute")
	}
	if len(values[0]) > maxSubject || strings.HasPrefix(values[0], subjectPrefix) {
		return "", fail(InvalidAssertion, "the attribute %q, which is SubjectAttribute, is longer than %d bytes or starts with %q",
			plain(name, maxShown), maxSubject, subjectPrefix).at("SubjectAttribute")
	}
	return values[0], nil
}
