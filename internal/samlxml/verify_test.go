package samlxml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

// verifyAssertion is what a service provider does with a Response.
func verifyAssertion(t testing.TB, xml string, keys []crypto.PublicKey, o VerifyOptions) (*Element, error) {
	t.Helper()
	root, err := Parse([]byte(xml), Options{})
	if err != nil {
		return nil, err
	}
	e, err := root.One(NSAssertion, "Assertion")
	if err != nil {
		return nil, err
	}
	return Verify(e, keys, o)
}

// resign lets change alter the SignedInfo of the Assertion's signature, and then
// makes the provider sign that, so that nothing but the form is wrong.
func resign(t testing.TB, change func(signature *etree.Element)) string {
	t.Helper()
	doc := treeOf(t, signedResponse(t, 1, true, false))
	signature := signatureIn(assertionOf(doc))
	change(signature)
	value := signature.SelectElement("SignatureValue")
	parts := mustParse(t, text(t, doc)).All(NSAssertion, "Assertion")[0].All(NSSignature, "Signature")[0].Children()
	info := parts[slices.IndexFunc(parts, func(e *Element) bool { return e.local == "SignedInfo" })]
	made, err := signatureAlgorithms[algRSASHA256].sign(provider().key, info.Canonical())
	require.NoError(t, err)
	value.SetText(base64.StdEncoding.EncodeToString(made))
	return text(t, doc)
}

func TestVerify_Goxmldsig(t *testing.T) {
	for method, weak := range map[string]bool{
		dsig.RSASHA1SignatureMethod: true, dsig.RSASHA256SignatureMethod: false, dsig.RSASHA384SignatureMethod: false, dsig.RSASHA512SignatureMethod: false,
	} {
		doc := treeOf(t, response(3))
		context := signer(t, provider())
		context.Prefix = "" // as Entra ID does
		require.NoError(t, context.SetSignatureMethod(method))
		signElement(t, context, assertionOf(doc))
		_, err := verifyAssertion(t, text(t, doc), provider().public(), VerifyOptions{})
		if weak {
			require.ErrorIs(t, err, InvalidSignature)
			require.ErrorContains(t, err, "SHA-1")
			_, err = verifyAssertion(t, text(t, doc), provider().public(), VerifyOptions{AllowSHA1: true})
		}
		require.NoError(t, err, method)
	}
}

// All that is in a signed element counts: a change of it is found.
func TestVerify_Changed(t *testing.T) {
	signed := signedResponse(t, 2, true, false)
	for from, to := range map[string]string{
		victim:                               evil,
		`Version="2.0"`:                      `Version="2.1"`,
		"value &amp; number 1":               "value &amp; number 2",
		"<Conditions ":                       "<Conditions a='' ",
		"<AudienceRestriction>":              "<AudienceRestriction> ",
		"</Subject>":                         "</Subject><Subject/>",
		`<NameID `:                           `<NameID xmlns="urn:x" `,
		"<AuthnContext>":                     "<AuthnContext><![CDATA[ ]]>",
		`claims/attribute-1"`:                `claims/attribute-1" FriendlyName="role"`,
		"<Issuer>https://idp":                "<Issuer>http://idp",
		"<AttributeValue>":                   "<AttributeValue>&#x200B;",
		`Audience>urn:amazon`:                `Audience>Urn:amazon`,
		"</AttributeStatement>":              "<Advice/></AttributeStatement>",
		"<ds:DigestValue>":                   "<ds:DigestValue>AAAA",
		"<ds:SignatureValue>":                "<ds:SignatureValue>AAAA",
		`#enveloped-signature"`:              `#enveloped-signature" `,
		`<ds:Reference URI="#` + assertionID: `<ds:Reference Id="r" URI="#` + assertionID,
	} {
		changed := strings.Replace(signed, from, to, 1)
		if from == "<Issuer>https://idp" || strings.HasPrefix(from, `Version`) {
			at := strings.Index(signed, "<Assertion")
			changed = signed[:at] + strings.Replace(signed[at:], from, to, 1)
		}
		require.NotEqual(t, signed, changed, from)
		_, err := verifyAssertion(t, changed, provider().public(), VerifyOptions{})
		if from == `#enveloped-signature"` { // white space in a tag is nothing
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, InvalidSignature, from)
	}
	// What is around it does not count.
	_, err := verifyAssertion(t, strings.Replace(signed, "Success", "Nothing", 1), provider().public(), VerifyOptions{})
	require.NoError(t, err)
}

// form is one thing wrong with a signature which the provider itself made.
type form struct {
	name, why string
	change    func(signature *etree.Element)
}

func requireForms(t *testing.T, code Code, forms []form) {
	t.Helper()
	for _, f := range forms {
		_, err := verifyAssertion(t, resign(t, f.change), provider().public(), VerifyOptions{})
		require.ErrorIs(t, err, code, f.name)
		require.ErrorContains(t, err, f.why, f.name)
	}
	// So that resign is not what fails.
	_, err := verifyAssertion(t, resign(t, func(*etree.Element) {}), provider().public(), VerifyOptions{})
	require.NoError(t, err)
}

func find(signature *etree.Element, path string) *etree.Element {
	if e := signature.FindElement(path); e != nil {
		return e
	}
	panic(path)
}

func TestS3_DecoysInTheSignature(t *testing.T) {
	again := func(path string) func(*etree.Element) {
		return func(signature *etree.Element) {
			e := find(signature, path)
			e.Parent().InsertChildAt(e.Index(), e.Copy())
		}
	}
	first := func(path, child string) func(*etree.Element) {
		return func(signature *etree.Element) {
			find(signature, path).InsertChildAt(0, etree.NewElement(child))
		}
	}
	requireForms(t, InvalidSignature, []form{
		{"two signatures", "more than one", func(s *etree.Element) { s.Parent().AddChild(s.Copy()) }},
		{"an empty second signature", "more than one", func(s *etree.Element) {
			other := etree.NewElement("Signature")
			other.CreateAttr("xmlns", NSSignature)
			s.Parent().AddChild(other)
		}},
		{"two SignedInfo", "SignedInfo", again("./SignedInfo")},
		{"two References", "Reference", again("./SignedInfo/Reference")},
		{"two SignatureValue", "SignatureValue", again("./SignatureValue")},
		{"two KeyInfo", "KeyInfo", again("./KeyInfo")},
		{"two DigestValue", "DigestValue", again("./SignedInfo/Reference/DigestValue")},
		{"two DigestMethod", "DigestMethod", again("./SignedInfo/Reference/DigestMethod")},
		{"two Transforms", "Transforms", again("./SignedInfo/Reference/Transforms")},
		{"two SignatureMethod", "SignatureMethod", again("./SignedInfo/SignatureMethod")},
		{"two CanonicalizationMethod", "CanonicalizationMethod", again("./SignedInfo/CanonicalizationMethod")},
		{"an Object", "Object", func(s *etree.Element) { s.CreateElement("ds:Object") }},
		{"an Object first", "Object", first(".", "ds:Object")},
		{"an Object in SignedInfo", "Object", first("./SignedInfo", "ds:Object")},
		{"an element in DigestValue", "child elements", first("./SignedInfo/Reference/DigestValue", "ds:DigestValue")},
		{"an element in Reference", "Manifest", first("./SignedInfo/Reference", "ds:Manifest")},
		{"an element in DigestMethod", "child", first("./SignedInfo/Reference/DigestMethod", "ds:Seed")},
		{"no Reference", "no Reference", func(s *etree.Element) { find(s, "./SignedInfo").RemoveChild(find(s, "./SignedInfo/Reference")) }},
		{"no DigestValue", "no DigestValue", func(s *etree.Element) {
			find(s, "./SignedInfo/Reference").RemoveChild(find(s, "./SignedInfo/Reference/DigestValue"))
		}},
		{"empty DigestValue", "not base64", func(s *etree.Element) { find(s, "./SignedInfo/Reference/DigestValue").SetText("") }},
		{"short DigestValue", "changed", func(s *etree.Element) { find(s, "./SignedInfo/Reference/DigestValue").SetText("AAAA") }},
		{"DigestValue with junk", "not base64", func(s *etree.Element) {
			e := find(s, "./SignedInfo/Reference/DigestValue")
			e.SetText(e.Text() + "!")
		}},
		{"text in SignedInfo", "text between", func(s *etree.Element) { find(s, "./SignedInfo").CreateText("x") }},
		{"text in Signature", "text between", func(s *etree.Element) { s.CreateText("x") }},
		{"text in Transforms", "text between", func(s *etree.Element) { find(s, "./SignedInfo/Reference/Transforms").CreateText("x") }},
		{"an attribute of DigestValue", "attribute", func(s *etree.Element) { find(s, "./SignedInfo/Reference/DigestValue").CreateAttr("a", "b") }},
		{"an attribute of SignedInfo", "attribute", func(s *etree.Element) { find(s, "./SignedInfo").CreateAttr("a", "b") }},
		{"an Algorithm in a namespace", "attribute", func(s *etree.Element) {
			find(s, "./SignedInfo/SignatureMethod").CreateAttr("ds:Algorithm", algRSASHA256)
		}},
		{"SignedInfo in another namespace", "SignedInfo", func(s *etree.Element) {
			find(s, "./SignedInfo").CreateAttr("xmlns:e", "urn:e")
			find(s, "./SignedInfo").Space = "e"
		}},
	})

	// A DigestValue elsewhere, as CVE-2024-45409 had it, is not the one.
	doc := treeOf(t, signedResponse(t, 1, true, false))
	value := find(signatureIn(assertionOf(doc)), "./SignedInfo/Reference/DigestValue").Copy()
	value.CreateAttr("xmlns:ds", NSSignature)
	doc.Root().SelectElement("Status").CreateElement("samlp:StatusDetail").AddChild(value)
	assertionOf(doc).FindElement(".//NameID").SetText(evil)
	_, err := verifyAssertion(t, text(t, doc), provider().public(), VerifyOptions{})
	require.ErrorIs(t, err, InvalidSignature)
}

// S4: the values in a signature are its whole text.
func TestS4_DigestValue(t *testing.T) {
	signed := signedResponse(t, 1, true, false)
	value := regexp.MustCompile(`<ds:DigestValue>([^<]*)<`).FindStringSubmatch(signed)[1]
	for _, replaced := range []string{"<!-- " + value + " -->AAAA", "AAAA<!-- -->" + value, value + "<!-- -->"} {
		_, err := verifyAssertion(t, strings.Replace(signed, value, replaced, 1), provider().public(), VerifyOptions{})
		require.ErrorIs(t, err, InvalidXML)
		// Even where comments are allowed.
		root, err := Parse([]byte(strings.Replace(signed, value, replaced, 1)), Options{AllowComments: true})
		require.NoError(t, err)
		_, err = Verify(root.All(NSAssertion, "Assertion")[0], provider().public(), VerifyOptions{})
		require.Equal(t, replaced == value+"<!-- -->", err == nil)
	}
	for _, replaced := range []string{"<![CDATA[" + value + "]]>", value[:9] + "<![CDATA[" + value[9:] + "]]>", "&#" + "x" + "41" + ";" + value[1:]} {
		if strings.HasPrefix(replaced, "&") && value[0] != 'A' {
			replaced = strings.Replace(value, "=", "&#61;", 1)
		}
		_, err := verifyAssertion(t, strings.Replace(signed, value, replaced, 1), provider().public(), VerifyOptions{})
		require.NoError(t, err, replaced)
	}
	name := ">" + victim + "<"
	for _, replaced := range []string{"><![CDATA[" + victim + "]]><", ">&#118;ictim@example.com<"} {
		verified, err := verifyAssertion(t, strings.Replace(signed, name, replaced, 1), provider().public(), VerifyOptions{})
		require.NoError(t, err)
		text, err := verified.All(NSAssertion, "Subject")[0].All(NSAssertion, "NameID")[0].Text()
		require.NoError(t, err)
		require.Equal(t, victim, text)
	}
	for _, replaced := range []string{">" + victim + "<![CDATA[.evil.test]]><", ">" + victim + "<!-- -->.evil.test<"} {
		_, err := verifyAssertion(t, strings.Replace(signed, name, replaced, 1), provider().public(), VerifyOptions{})
		require.Error(t, err)
	}
}

func TestS8_TransformsAndReferences(t *testing.T) {
	const transforms, reference = "./SignedInfo/Reference/Transforms", "./SignedInfo/Reference"
	algorithm := func(path, name string) func(*etree.Element) {
		return func(s *etree.Element) { find(s, path).CreateAttr("Algorithm", name) }
	}
	uri := func(value string) func(*etree.Element) {
		return func(s *etree.Element) { find(s, reference).CreateAttr("URI", value) }
	}
	forms := []form{
		{"no URI", "refers to", func(s *etree.Element) { find(s, reference).RemoveAttr("URI") }},
		{"no transforms", "DigestMethod", func(s *etree.Element) { find(s, reference).RemoveChild(find(s, transforms)) }},
		{"empty transforms", "no Transform", func(s *etree.Element) { find(s, transforms).Child = nil }},
		{"one transform", "no Transform", func(s *etree.Element) { find(s, transforms).RemoveChildAt(1) }},
		{"a third transform", "Transform", func(s *etree.Element) { find(s, transforms).AddChild(find(s, transforms+"/Transform[2]").Copy()) }},
		{"a hundred transforms", "Transform", func(s *etree.Element) {
			for range 98 {
				find(s, transforms).AddChild(find(s, transforms+"/Transform[2]").Copy())
			}
		}},
		{"transforms in the other order", "first transform", func(s *etree.Element) {
			find(s, transforms).AddChild(find(s, transforms+"/Transform[1]"))
		}},
		{"parameters of enveloped-signature", "first transform", func(s *etree.Element) { find(s, transforms+"/Transform[1]").CreateElement("ds:XPath") }},
		{"text in enveloped-signature", "first transform", func(s *etree.Element) { find(s, transforms+"/Transform[1]").CreateText("x") }},
		{"XPath in canonicalization", "parameters", func(s *etree.Element) { find(s, transforms+"/Transform[2]").CreateElement("ds:XPath") }},
		{"text in InclusiveNamespaces", "parameters", func(s *etree.Element) {
			e := find(s, transforms+"/Transform[2]").CreateElement("InclusiveNamespaces")
			e.CreateAttr("xmlns", algExclusive)
			e.SetText("x")
		}},
		{"two InclusiveNamespaces", "parameters", func(s *etree.Element) {
			for range 2 {
				e := find(s, transforms+"/Transform[2]").CreateElement("InclusiveNamespaces")
				e.CreateAttr("xmlns", algExclusive)
				e.CreateAttr("PrefixList", "a")
			}
		}},
		{"an attribute of InclusiveNamespaces", "attribute", func(s *etree.Element) {
			e := find(s, transforms+"/Transform[2]").CreateElement("InclusiveNamespaces")
			e.CreateAttr("xmlns", algExclusive)
			e.CreateAttr("Prefixes", "a")
		}},
		{"parameters of the method", "child", func(s *etree.Element) {
			find(s, "./SignedInfo/SignatureMethod").CreateElement("ds:HMACOutputLength").SetText("0")
		}},
	}
	for _, value := range []string{
		"", "#", assertionID, "##" + assertionID, "#" + responseID, "#other", "# " + assertionID, "#" + assertionID + " ", "#%5Fa75adf55",
		"#xpointer(/)", "#xpointer(id('" + assertionID + "'))", "http://127.0.0.1:1/#" + assertionID, "file:///etc/passwd", "cid:" + assertionID, "?#" + assertionID,
	} {
		forms = append(forms, form{"URI " + value, "refers to", uri(value)})
	}
	for _, name := range []string{
		"", "http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/2002/06/xmldsig-filter2",
		NSSignature + "base64", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11", algExclusive + "WithComments",
		"http://www.w3.org/2001/10/xml-exc-c14n", strings.ToUpper(algExclusive), algEnveloped,
	} {
		forms = append(forms,
			form{"transform " + name, "not supported", algorithm(transforms+"/Transform[2]", name)},
			form{"canonicalization " + name, "not supported", algorithm("./SignedInfo/CanonicalizationMethod", name)})
		if name != algEnveloped {
			forms = append(forms, form{"first transform " + name, "first transform", algorithm(transforms+"/Transform[1]", name)})
		}
	}
	requireForms(t, InvalidSignature, forms)
	requireForms(t, TooLarge, []form{{"a long PrefixList", "PrefixList", func(s *etree.Element) {
		e := find(s, transforms+"/Transform[2]").CreateElement("InclusiveNamespaces")
		e.CreateAttr("xmlns", algExclusive)
		e.CreateAttr("PrefixList", strings.Repeat("a ", maxAttributes+1))
	}}})
}

func TestS9_Algorithms(t *testing.T) {
	algorithm := func(path, name string) func(*etree.Element) {
		return func(s *etree.Element) { find(s, path).CreateAttr("Algorithm", name) }
	}
	var forms []form
	for name, why := range map[string]string{
		algRSASHA1: "SHA-1", algECDSASHA1: "SHA-1", "": "not supported", nsMore + "rsa-md5": "not supported", nsMore + "hmac-sha256": "not supported",
		NSSignature + "hmac-sha1": "not supported", NSSignature + "dsa-sha1": "not supported", nsMore + "rsa-ripemd160": "not supported",
		strings.ToUpper(algRSASHA256): "not supported", " " + algRSASHA256: "not supported", algECDSASHA2: "of the kind", nsMore + "rsa-sha512": "none of",
	} {
		forms = append(forms, form{"method " + name, why, algorithm("./SignedInfo/SignatureMethod", name)})
	}
	for name, why := range map[string]string{
		algSHA1: "SHA-1", nsMore + "md5": "not supported", "": "not supported", NSEnc + "ripemd160": "not supported", NSEnc + "sha512": "changed",
	} {
		forms = append(forms, form{"digest " + name, why, algorithm("./SignedInfo/Reference/DigestMethod", name)})
	}
	forms[0].why = strings.Replace(forms[0].why, "none of", "none of", 1)
	requireForms(t, InvalidSignature, forms)

	// A key that is too short is passed over, though it made the signature.
	doc := treeOf(t, response(1))
	signElement(t, signer(t, weak()), assertionOf(doc))
	_, err := verifyAssertion(t, text(t, doc), weak().public(), VerifyOptions{})
	require.ErrorIs(t, err, InvalidSignature)
	require.ErrorContains(t, err, "2048")
	// So is what is no key, and what is one of another kind.
	signed := signedResponse(t, 1, true, false)
	odd := []crypto.PublicKey{nil, "key", []byte("secret"), (*rsa.PublicKey)(nil), (*ecdsa.PublicKey)(nil), &rsa.PublicKey{}, &ecdsa.PublicKey{}, p256().key.Public()}
	_, err = verifyAssertion(t, signed, odd, VerifyOptions{})
	require.ErrorIs(t, err, InvalidSignature)
	_, err = verifyAssertion(t, signed, append(odd, provider().key.Public()), VerifyOptions{})
	require.NoError(t, err)
}

// S9: a signature of ECDSA is r and s, each as long as the order of the curve.
func TestS9_ECDSA(t *testing.T) {
	message := []byte("message")
	a := signatureAlgorithms[algECDSASHA2]
	value, err := a.sign(p256().key, message)
	require.NoError(t, err)
	require.Len(t, value, 64)
	require.NoError(t, a.verify(p256().public(), message, value))
	der, err := p256().key.Sign(nil, make([]byte, 32), crypto.SHA256)
	require.NoError(t, err)
	order := p256().key.Public().(*ecdsa.PublicKey).Params().N.Bytes()
	for _, other := range [][]byte{
		nil, make([]byte, 64), slices.Concat(order, order), value[:63], append(slices.Clone(value), 0), slices.Insert(slices.Clone(value), 32, 0),
		slices.Insert(slices.Clone(value), 0, 0), der,
	} {
		require.ErrorIs(t, a.verify(p256().public(), message, other), InvalidSignature)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	err = a.verify([]crypto.PublicKey{&p224.PublicKey, (*ecdsa.PublicKey)(nil), &ecdsa.PublicKey{}, provider().key.Public()}, message, value)
	require.ErrorContains(t, err, "of the kind")
}

func TestS10_KeyInfoIsNotTrusted(t *testing.T) {
	// Signed by somebody else, whose certificate is in it, with the name of the
	// provider's.
	doc := treeOf(t, response(1))
	signElement(t, signer(t, attacker()), assertionOf(doc))
	signed := text(t, doc)
	require.Equal(t, provider().cert.Subject.String(), attacker().cert.Subject.String())
	_, err := verifyAssertion(t, signed, attacker().public(), VerifyOptions{})
	require.NoError(t, err)
	for _, replaced := range []string{
		"$0",
		"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" + base64.StdEncoding.EncodeToString(provider().cert.Raw) + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
		"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQ==</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>",
		"<ds:KeyInfo><ds:RetrievalMethod URI='http://127.0.0.1:1/'/></ds:KeyInfo>", "<ds:KeyInfo/>", "",
	} {
		changed := regexp.MustCompile(`<ds:KeyInfo>.*</ds:KeyInfo>`).ReplaceAllString(signed, replaced)
		_, err := verifyAssertion(t, changed, provider().public(), VerifyOptions{})
		require.ErrorIs(t, err, InvalidSignature)
		require.ErrorContains(t, err, "none of the 1 keys")
		// And is not needed.
		_, err = verifyAssertion(t, changed, attacker().public(), VerifyOptions{})
		require.NoError(t, err)
	}
}

func TestVerify_Keys(t *testing.T) {
	signed := signedResponse(t, 1, true, false)
	for _, none := range [][]crypto.PublicKey{nil, {}} {
		_, err := verifyAssertion(t, signed, none, VerifyOptions{})
		require.ErrorIs(t, err, InvalidKey)
	}
	keys := make([]crypto.PublicKey, maxKeys-1, maxKeys+1)
	for i := range keys {
		keys[i] = attacker().key.Public()
	}
	keys = append(keys, provider().key.Public())
	_, err := verifyAssertion(t, signed, keys, VerifyOptions{})
	require.NoError(t, err)
	_, err = verifyAssertion(t, signed, append(keys, keys[0]), VerifyOptions{})
	require.ErrorIs(t, err, InvalidKey)
}

func TestVerify_Unsigned(t *testing.T) {
	_, err := verifyAssertion(t, response(1), provider().public(), VerifyOptions{})
	require.ErrorIs(t, err, Unsigned)
	_, err = Verify(nil, provider().public(), VerifyOptions{})
	require.ErrorIs(t, err, Unsigned)
	// The signature of the Assertion is not that of the Response.
	_, err = Verify(mustParse(t, signedResponse(t, 1, true, false)), provider().public(), VerifyOptions{})
	require.ErrorIs(t, err, Unsigned)
}

// S3, S8: an element without an ID cannot be what is referred to.
func TestS8_NoID(t *testing.T) {
	for _, id := range []string{"", "a b", "x'y", "a%20b", "ä", "a#b", "xpointer(/)"} {
		doc := treeOf(t, response(1))
		assertionOf(doc).CreateAttr("ID", id)
		context := signer(t, provider())
		signElement(t, context, assertionOf(doc))
		_, err := verifyAssertion(t, text(t, doc), provider().public(), VerifyOptions{})
		require.ErrorIs(t, err, InvalidSignature, id)
	}
}
