package samlxml

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

const authnRequest = `<samlp:AuthnRequest xmlns:samlp="` + NSProtocol + `" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_r" Version="2.0">` +
	`<saml:Issuer xmlns:saml="` + NSAssertion + `">https://sp.example/</saml:Issuer><samlp:NameIDPolicy/></samlp:AuthnRequest>`

func TestSign(t *testing.T) {
	for name, i := range map[string]identity{"RSA": provider(), "P-256": p256(), "P-384": p384(), "P-521": p521()} {
		for _, document := range []string{
			authnRequest, response(2), `<a ID="x"/>`, `<p:a xmlns:p="urn:p" ID = 'x' />`,
			`<a ID="x">` + strings.Repeat("<b/>", 200) + `</a>`, // more elements than one for 32 bytes of it
			"\uFEFF<?xml version='1.0'?>\r\n<a\tID='x'><b c='&#10;'/>&gt;<![CDATA[<]]></a>\n",
		} {
			for _, cert := range []*x509.Certificate{nil, i.cert} {
				signed, err := Sign([]byte(document), i.key, cert)
				require.NoError(t, err, name)
				root := mustParse(t, string(signed))
				verified, err := Verify(root, i.public(), VerifyOptions{})
				require.NoError(t, err)
				require.Equal(t, string(mustParse(t, document).Canonical()), string(verified.Canonical()))
				_, err = Verify(root, attacker().public(), VerifyOptions{})
				require.ErrorIs(t, err, InvalidSignature)
				require.Equal(t, cert != nil, strings.Contains(string(signed), "X509Certificate"))
				// Nothing else was touched.
				rest := regexp.MustCompile(`<ds:Signature .*</ds:Signature>`).ReplaceAllString(string(signed), "")
				if strings.Contains(document, "/>") && !strings.Contains(document, "</") {
					require.Regexp(t, "^<(p:)?a .*></(p:)?a>$", rest)
					continue
				}
				require.Equal(t, document, rest)
			}
		}
	}
	signed, err := Sign([]byte(authnRequest), provider().key, nil)
	require.NoError(t, err)
	require.Contains(t, string(signed), "</saml:Issuer><ds:Signature ")
	signed, err = Sign([]byte(`<EntityDescriptor ID="x"><b/></EntityDescriptor>`), provider().key, nil)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(signed), `<EntityDescriptor ID="x"><ds:Signature `))
}

// odd is a key that does not do what crypto.Signer says.
type odd struct {
	crypto.Signer
	value []byte
	err   error
}

func (o odd) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return o.value, o.err }

func TestSign_Refused(t *testing.T) {
	ec := p256().key
	for name, test := range map[string]struct {
		document string
		key      crypto.Signer
		cert     *x509.Certificate
		code     Code
	}{
		"no key":                    {authnRequest, nil, nil, InvalidKey},
		"short key":                 {authnRequest, weak().key, nil, InvalidKey},
		"certificate of another":    {authnRequest, provider().key, attacker().cert, InvalidKey},
		"certificate without a key": {authnRequest, provider().key, &x509.Certificate{}, InvalidKey},
		"key fails":                 {authnRequest, odd{ec, nil, errors.New("offline")}, nil, InvalidKey},
		"key answers junk":          {authnRequest, odd{ec, []byte("junk"), nil}, nil, InvalidKey},
		"key answers zeros":         {authnRequest, odd{ec, []byte{0x30, 6, 2, 1, 0, 2, 1, 0}, nil}, nil, InvalidKey},
		"key answers negatives":     {authnRequest, odd{ec, []byte{0x30, 6, 2, 1, 0xff, 2, 1, 0xff}, nil}, nil, InvalidKey},
		"key answers too much":      {authnRequest, odd{ec, append([]byte{0x30, 38, 2, 33, 1}, append(make([]byte, 32), 2, 1, 1)...), nil}, nil, InvalidKey},
		"key signs something else":  {authnRequest, odd{provider().key, make([]byte, 256), nil}, nil, InvalidKey},
		"no document":               {"", provider().key, nil, InvalidXML},
		"comment":                   {"<a ID='x'><!-- --></a>", provider().key, nil, InvalidXML},
		"no ID":                     {"<a/>", provider().key, nil, InvalidSignature},
		"empty ID":                  {"<a ID=''/>", provider().key, nil, InvalidSignature},
		"ID that is no fragment":    {"<a ID='&lt;'/>", provider().key, nil, InvalidSignature},
		"prefix in the way":         {"<ds:a ID='x' xmlns:ds='urn:ds'/>", provider().key, nil, InvalidXML},
	} {
		signed, err := Sign([]byte(test.document), test.key, test.cert)
		require.ErrorIs(t, err, test.code, name)
		require.Nil(t, signed, name)
	}
	signed, err := Sign([]byte(authnRequest), provider().key, nil)
	require.NoError(t, err)
	_, err = Sign(signed, provider().key, nil)
	require.ErrorIs(t, err, InvalidSignature)
}

func TestSign_Goxmldsig(t *testing.T) {
	signed, err := Sign([]byte(response(3)), provider().key, provider().cert)
	require.NoError(t, err)
	store := &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{provider().cert}}
	_, err = dsig.NewDefaultValidationContext(store).Validate(treeOf(t, string(signed)).Root())
	require.NoError(t, err)
	_, err = dsig.NewDefaultValidationContext(store).Validate(treeOf(t, strings.Replace(string(signed), victim, evil, 1)).Root())
	require.Error(t, err)
}

// xmlsec1 accepts what Sign made, and not when it was changed.
func TestSign_Xmlsec(t *testing.T) {
	for name, i := range map[string]identity{"RSA": provider(), "P-256": p256(), "P-384": p384(), "P-521": p521()} {
		signed, err := Sign([]byte(response(3)), i.key, i.cert)
		require.NoError(t, err)
		verify := func(xml string) error {
			_, err := xmlsec(t, "--verify", "--pubkey-cert-pem", file(t, "cert.pem", i.certPEM()), "--enabled-key-data", "raw-x509-cert,rsa,ecdsa",
				"--id-attr:ID", NSProtocol+":Response", file(t, "signed.xml", xml))
			return err
		}
		require.NoError(t, verify(string(signed)), name)
		require.Error(t, verify(strings.Replace(string(signed), victim, evil, 1)), name)
	}
}

// Verify accepts what xmlsec1 signed, with each algorithm.
func TestVerify_Xmlsec(t *testing.T) {
	for _, test := range []struct {
		method, digest string
		by             identity
		sha1           bool
	}{
		{algRSASHA1, algSHA1, provider(), true},
		{algRSASHA256, algSHA256, provider(), false},
		{nsMore + "rsa-sha384", nsMore + "sha384", provider(), false},
		{nsMore + "rsa-sha512", NSEnc + "sha512", provider(), false},
		{algRSASHA256, algSHA1, provider(), true},
		{algECDSASHA1, algSHA1, p256(), true},
		{algECDSASHA2, algSHA256, p256(), false},
		{algECDSASHA3, nsMore + "sha384", p384(), false},
		{algECDSASHA5, NSEnc + "sha512", p521(), false},
		{algECDSASHA2, algSHA256, p521(), false},
		{algECDSASHA5, algSHA256, p256(), false},
	} {
		template := strings.Replace(digester(response(2), "xs samlp"), algRSASHA256, test.method, 1)
		template = strings.Replace(template, algSHA256, test.digest, 1)
		signed, err := xmlsec(t, "--sign", "--privkey-pem", file(t, "key.pem", test.by.keyPEM(t)), "--id-attr:ID", NSProtocol+":Response", file(t, "in.xml", template))
		require.NoError(t, err, test.method)
		_, err = Verify(mustParse(t, signed), test.by.public(), VerifyOptions{})
		if test.sha1 {
			require.ErrorIs(t, err, InvalidSignature)
			require.ErrorContains(t, err, "SHA-1")
			_, err = Verify(mustParse(t, signed), test.by.public(), VerifyOptions{AllowSHA1: true})
		}
		require.NoError(t, err, test.method)
		_, err = Verify(mustParse(t, strings.Replace(signed, victim, evil, 1)), test.by.public(), VerifyOptions{AllowSHA1: true})
		require.ErrorIs(t, err, InvalidSignature)
	}
}

// A PrefixList can stand at the canonicalization of SignedInfo too.
func TestVerify_XmlsecPrefixList(t *testing.T) {
	method := `<ds:CanonicalizationMethod Algorithm="` + algExclusive + `"`
	template := strings.Replace(digester(response(2), "samlp"), method+"/>",
		method+`><ec:InclusiveNamespaces xmlns:ec="`+algExclusive+`" PrefixList="samlp"/></ds:CanonicalizationMethod>`, 1)
	signed := xmlsecSigned(t, template, NSProtocol+":Response")
	require.Equal(t, 2, strings.Count(signed, "PrefixList"))
	_, err := Verify(mustParse(t, signed), provider().public(), VerifyOptions{})
	require.NoError(t, err)
}
