package federationtest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// SAMLConfig says who a SAMLProvider is and whom it knows.
type SAMLConfig struct {
	// BaseURL is where the provider is: an http or https URL without query or
	// fragment, such as http://localhost:8080/saml. Required by NewSAML;
	// NewSAMLServer sets it. The endpoints are below it.
	BaseURL string
	// EntityID is what the provider calls itself. Empty means BaseURL + "/metadata".
	EntityID string
	// ServiceProviders are those it signs people in to. More may be added with
	// AddServiceProvider.
	ServiceProviders []ServiceProvider
	// Users are the people one can sign in as. Empty means alice and bob, with
	// addresses at example.com.
	Users []SAMLUser
	// KeyType is that of the signing keys: "RSA", the default, of 2048 bits, or
	// "ECDSA" on P-256.
	KeyType string
	// WSFederation puts the two RoleDescriptor elements of WS-Federation into
	// the metadata, as Entra ID and AD FS do. A reader must skip them.
	WSFederation bool
	// SignMetadata signs the metadata document.
	SignMetadata bool
	// WantAuthnRequestsSigned says so in the metadata and refuses requests
	// which are not signed.
	WantAuthnRequestsSigned bool
	// Hooks are the first hooks; see SetHooks.
	Hooks SAMLHooks
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Rand is where identifiers come from. Nil means crypto/rand.Reader. It must
	// be safe for concurrent use. Keys and encryption take their randomness from
	// crypto/rand whatever is given.
	Rand io.Reader
}

// SAMLSigned says which part of a response is signed.
type SAMLSigned string

// What is signed. The empty value means SignAssertion.
const (
	SignAssertion SAMLSigned = "assertion" // as Entra ID does by default
	SignResponse  SAMLSigned = "response"  // as Interoperable SAML 2.0 asks for
	SignBoth      SAMLSigned = "both"
	SignNothing   SAMLSigned = "nothing" // which nobody may accept
)

// The content encryption of assertions, by its identifier. The key is always
// transported by RSA-OAEP with MGF1 and SHA-1 (rsa-oaep-mgf1p).
const (
	EncryptAES256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm" // the default
	EncryptAES128GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	EncryptAES256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc" // as Entra ID does; it protects no integrity
	EncryptAES128CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
)

// ServiceProvider is an application that the provider signs people in to.
type ServiceProvider struct {
	// EntityID is what it calls itself: the Issuer of its requests and the
	// Audience of its assertions. Required, unique.
	EntityID string
	// ACSURLs are its assertion consumer services, compared exactly. The first
	// is the default. AssertionConsumerServiceIndex counts them from 0.
	ACSURLs []string
	// SLOURL is where logout messages for it go, by redirect. Empty means that
	// it takes no part in single logout.
	SLOURL string
	// Certificates verify what it signs. When there are any, its logout messages
	// must be signed, and the signature of a request for sign-in must be good if
	// it has one.
	Certificates []*x509.Certificate
	// RequireSignedRequests refuses requests for sign-in without a signature.
	RequireSignedRequests bool
	// Sign says what is signed for it. Empty means SignAssertion.
	Sign SAMLSigned
	// SHA1 signs with RSA-SHA1 and digests with SHA-1.
	SHA1 bool
	// EncryptionCertificate, when it is set, encrypts the assertions. Its key
	// must be RSA.
	EncryptionCertificate *x509.Certificate
	// Encryption is the content encryption, one of the Encrypt constants. Empty
	// means EncryptAES256GCM.
	Encryption string
	// NameIDFormat is that of the names when the request asks for none. Empty
	// means the one of the user.
	NameIDFormat string
	// RelayState goes with sign-ins that start at the provider.
	RelayState string
	// FollowingOrigins are origins, such as http://localhost:3000, to which its
	// ACS redirects in turn; see Client.FollowingOrigins.
	FollowingOrigins []string
}

// SAMLUser is somebody to sign in as.
type SAMLUser struct {
	// Name is what the person types or picks at the page. Required, unique.
	Name string
	// NameID names the person to service providers. Empty means the value of
	// Name. For the formats persistent and transient it is not used: the
	// provider makes a name for each service provider, or for each sign-in.
	NameID string
	// NameIDFormat is the format of NameID. Empty means
	// "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified".
	NameIDFormat string
	// Attributes are what the assertion says about the person, in this order.
	Attributes []SAMLAttribute
}

// SAMLAttribute is an attribute of an assertion: one AttributeValue for each value.
type SAMLAttribute struct {
	Name         string
	NameFormat   string // left out when empty
	FriendlyName string // left out when empty
	Values       []string
}

// The name identifier formats that the provider knows (SAML Core section 8.3).
const (
	NameIDUnspecified  = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	NameIDEmailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NameIDPersistent   = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameIDTransient    = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// attributeNameURI is the format of attribute names that are URIs.
const attributeNameURI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"

func defaultSAMLUsers() []SAMLUser {
	person := func(name, given string) SAMLUser {
		const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
		email := name + "@example.com"
		return SAMLUser{Name: name, NameID: email, NameIDFormat: NameIDEmailAddress, Attributes: []SAMLAttribute{
			{Name: claims + "emailaddress", NameFormat: attributeNameURI, Values: []string{email}},
			{Name: claims + "givenname", NameFormat: attributeNameURI, Values: []string{given}},
			{Name: claims + "surname", NameFormat: attributeNameURI, Values: []string{"Example"}},
			{Name: claims + "name", NameFormat: attributeNameURI, Values: []string{given + " Example"}},
		}}
	}
	return []SAMLUser{person("alice", "Alice"), person("bob", "Bob")}
}

func checkSAMLUsers(users []SAMLUser) ([]SAMLUser, error) {
	if len(users) == 0 {
		users = defaultSAMLUsers()
	}
	seen := make(map[string]bool)
	checked := make([]SAMLUser, 0, len(users))
	for _, user := range users {
		if user.Name == "" || seen[user.Name] {
			return nil, fmt.Errorf("federationtest: two users have the name %q, or one has none", user.Name)
		}
		seen[user.Name] = true
		if user.NameID == "" {
			user.NameID = user.Name
		}
		if user.NameIDFormat == "" {
			user.NameIDFormat = NameIDUnspecified
		}
		user.Attributes = slices.Clone(user.Attributes)
		checked = append(checked, user)
	}
	return checked, nil
}

func checkServiceProvider(sp ServiceProvider) (*ServiceProvider, error) {
	if sp.EntityID == "" || len(sp.ACSURLs) == 0 {
		return nil, errors.New("federationtest: a service provider has no EntityID or no ACSURLs")
	}
	for _, address := range slices.Concat(sp.ACSURLs, sp.FollowingOrigins, []string{sp.SLOURL}) {
		u, err := url.Parse(address)
		if err == nil && address == "" {
			continue
		}
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsAny(address, "#;, ") {
			return nil, fmt.Errorf("federationtest: service provider %q: %q is not an absolute http or https URL", sp.EntityID, address)
		}
	}
	switch sp.Sign {
	case "":
		sp.Sign = SignAssertion
	case SignAssertion, SignResponse, SignBoth, SignNothing:
	default:
		return nil, fmt.Errorf("federationtest: service provider %q: Sign is %q; use one of the Sign constants", sp.EntityID, sp.Sign)
	}
	if sp.Encryption == "" {
		sp.Encryption = EncryptAES256GCM
	}
	if blockCipher(sp.Encryption) == nil {
		return nil, fmt.Errorf("federationtest: service provider %q: Encryption is %q; use one of the Encrypt constants", sp.EntityID, sp.Encryption)
	}
	sp.ACSURLs = slices.Clone(sp.ACSURLs)
	sp.Certificates = slices.Clone(sp.Certificates)
	sp.FollowingOrigins = slices.Clone(sp.FollowingOrigins)
	return &sp, nil
}
