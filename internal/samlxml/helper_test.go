package samlxml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

// identity is a key with its certificate.
type identity struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func (i identity) public() []crypto.PublicKey { return []crypto.PublicKey{i.key.Public()} }

func certify(key crypto.Signer, err error) identity {
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "idp.example"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return identity{key, cert}
}

func rsaIdentity(bits int) func() identity {
	return sync.OnceValue(func() identity {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		return certify(key, err)
	})
}

func ecIdentity(curve elliptic.Curve) func() identity {
	return sync.OnceValue(func() identity {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		return certify(key, err)
	})
}

// The provider, somebody else with a key, and the kinds of keys there are.
var (
	provider = rsaIdentity(2048)
	attacker = rsaIdentity(2048)
	weak     = rsaIdentity(1024)
	p256     = ecIdentity(elliptic.P256())
	p384     = ecIdentity(elliptic.P384())
	p521     = ecIdentity(elliptic.P521())
)

const (
	assertionID = "_a75adf55-01d7-40cc-929f-dbd8372ebdfc"
	responseID  = "_8e8dc5f69a98cc4c1ff3427e5ce34606fd672f91e6"
	victim      = "victim@example.com"
	evil        = "admin@example.com"
)

// response is an unsigned Response in the manner of Entra ID.
func response(attributes int) string {
	var b strings.Builder
	b.WriteString(`<samlp:Response ID="` + responseID + `" Version="2.0" IssueInstant="2026-11-23T12:00:00.000Z" Destination="https://sp.example/saml2/idpresponse" ` +
		`InResponseTo="_4fee3b046395c4e751011e97f8900b5273d56685" xmlns:samlp="` + NSProtocol + `"><Issuer xmlns="` + NSAssertion + `">https://idp.example/</Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<Assertion ID="` + assertionID + `" IssueInstant="2026-11-23T12:00:00.000Z" Version="2.0" xmlns="` + NSAssertion + `"><Issuer>https://idp.example/</Issuer>` +
		`<Subject><NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">` + victim + `</NameID>` +
		`<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData InResponseTo="_4fee3b046395c4e751011e97f8900b5273d56685" ` +
		`NotOnOrAfter="2026-11-23T12:05:00.000Z" Recipient="https://sp.example/saml2/idpresponse"/></SubjectConfirmation></Subject>` +
		`<Conditions NotBefore="2026-11-23T11:55:00.000Z" NotOnOrAfter="2026-11-23T13:05:00.000Z"><AudienceRestriction>` +
		`<Audience>urn:amazon:cognito:sp:eu-west-1_example</Audience></AudienceRestriction></Conditions><AttributeStatement>`)
	for i := range attributes {
		fmt.Fprintf(&b, `<Attribute Name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/attribute-%d"><AttributeValue>value &amp; number %d</AttributeValue></Attribute>`, i, i)
	}
	b.WriteString(`</AttributeStatement><AuthnStatement AuthnInstant="2026-11-23T11:59:00.000Z" SessionIndex="` + assertionID + `"><AuthnContext>` +
		`<AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion></samlp:Response>`)
	return b.String()
}

func treeOf(t testing.TB, xml string) *etree.Document {
	t.Helper()
	doc := etree.NewDocument()
	require.NoError(t, doc.ReadFromString(xml))
	return doc
}

func text(t testing.TB, doc *etree.Document) string {
	t.Helper()
	out, err := doc.WriteToString()
	require.NoError(t, err)
	return out
}

// signer is goxmldsig's, for exclusive canonicalization.
func signer(t testing.TB, i identity) *dsig.SigningContext {
	t.Helper()
	context, err := dsig.NewSigningContext(i.key, [][]byte{i.cert.Raw})
	require.NoError(t, err)
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	return context
}

// signElement puts goxmldsig's signature behind the Issuer of e.
func signElement(t testing.TB, context *dsig.SigningContext, e *etree.Element) {
	t.Helper()
	made, err := context.ConstructSignature(e, true)
	require.NoError(t, err)
	e.InsertChildAt(1, made)
}

func assertionOf(doc *etree.Document) *etree.Element { return doc.Root().SelectElement("Assertion") }

// signedResponse is response with its Assertion or itself signed, or both.
func signedResponse(t testing.TB, attributes int, assertion, whole bool) string {
	t.Helper()
	doc := treeOf(t, response(attributes))
	if assertion {
		signElement(t, signer(t, provider()), assertionOf(doc))
	}
	if whole {
		signElement(t, signer(t, provider()), doc.Root())
	}
	return text(t, doc)
}

func mustParse(t testing.TB, xml string) *Element {
	t.Helper()
	e, err := Parse([]byte(xml), Options{})
	require.NoError(t, err)
	return e
}

// descendants are e and all elements below it.
func descendants(e *Element) []*Element {
	out := []*Element{e}
	for _, child := range e.Children() {
		out = append(out, descendants(child)...)
	}
	return out
}

var errNotInstalled = errors.New("xmlsec1 is not installed; try: apt-get install xmlsec1")

const noSkip = "STEPWELL_TEST_NOSKIP"

// xmlsec runs the outside tool, and skips the test where it is missing unless
// skipping is forbidden.
func xmlsec(t testing.TB, arguments ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("xmlsec1")
	if err != nil {
		if os.Getenv(noSkip) != "1" {
			t.Skip("samlxml: " + errNotInstalled.Error())
		}
		t.Fatalf("samlxml: %v", errNotInstalled)
	}
	var out, errors bytes.Buffer
	command := exec.CommandContext(t.Context(), path, arguments...)
	command.Stdout, command.Stderr = &out, &errors
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, errors.String())
	}
	return out.String() + errors.String(), nil
}

// file writes a temporary file, and returns its path.
func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func (i identity) keyPEM(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func (i identity) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
}
