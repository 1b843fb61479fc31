package samlxml

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

// canonicalDocuments are documents whose canonical form is not what they are.
var canonicalDocuments = map[string]string{
	"empty element":           `<a ID="x"/>`,
	"order of attributes":     `<a xmlns:z="urn:a" xmlns:y="urn:b" ID="x" y:b="1" z:c="2" b="3" a="4" z:a="5"/>`,
	"order of declarations":   `<z:a xmlns:z="urn:z" xmlns:y="urn:y" xmlns="urn:d" ID="x" y:a=""><b/></z:a>`,
	"unused declarations":     `<a xmlns:z="urn:z" xmlns="urn:d" ID="x"><b><z:c/></b><z:c/></a>`,
	"used again deeper":       `<p:a xmlns:p="urn:p" ID="x"><b><p:c><d><p:e/></d></p:c></b></p:a>`,
	"default undeclared":      `<a xmlns="urn:d" ID="x"><b xmlns=""><c xmlns="urn:d"/><c/></b></a>`,
	"default undeclared, p":   `<p:a xmlns:p="urn:p" xmlns="urn:d" ID="x"><b xmlns=""><p:c/></b></p:a>`,
	"default never declared":  `<a ID="x" xmlns=""><b xmlns=""/></a>`,
	"default across a prefix": `<a xmlns="urn:d" ID="x"><p:b xmlns:p="urn:p" xmlns=""><c/><d xmlns="urn:d"/></p:b></a>`,
	"default changed":         `<a xmlns="urn:d" ID="x"><b xmlns="urn:e"><c xmlns="urn:d"/></b><c/></a>`,
	"same twice":              `<p:a xmlns:p="urn:p" ID="x"><p:b xmlns:p="urn:p"/></p:a>`,
	"two prefixes of one":     `<p:a xmlns:p="urn:p" xmlns:q="urn:p" ID="x" q:z="1" p:b="2"><q:b/></p:a>`,
	"xml attributes":          `<a ID="x" xml:lang="de" b="1"><b xml:space="preserve">  </b></a>`,
	"text escapes":            `<a ID="x">&lt;&gt;&amp;&quot;&apos;"'&#13;&#x9;&#xA; ]] ></a>`,
	"attribute escapes":       `<a ID="x" b="&lt;&gt;&amp;&quot;&apos;'&#13;&#9;&#10;>" c='"'/>`,
	"attribute white space":   "<a ID=\"x\" b=\"1\t2\n3\r\n4\r5&#13;&#10;\"/>",
	"line ends":               "<a\r\nID=\"x\"\r>1\r\n2\r3\n4\r\r\n</a\r\n>",
	"CDATA":                   "<a ID=\"x\">1<![CDATA[<b>&amp;\r\n]]]]>&gt;<![CDATA[]]>2<![CDATA[3]]></a>",
	"characters beyond ASCII": `<a ID="x" b="ä€𝄞&#x1D11E;">ä€𝄞&#x10FFFF;&#xE000;` + "\u0085\u2028" + `</a>`,
	"declaration":             `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<a ID="x"/>` + "\n",
	"byte order mark":         "\uFEFF<a ID=\"x\"/>",
	"namespace with a query":  `<a xmlns="http://x.example/?a=1;b='2'" ID="x"/>`,
	"white space in tags":     "<a  ID = 'x'\n b\t=\r\n'1'  ><b  /></a >",
	"response":                response(3),
}

// prefixLists are tried on each document.
var prefixLists = []string{"", "p q z", "  z\ty\n#default p  unknown"}

// listsFor are those of prefixLists that can make a difference.
func listsFor(xml string) []string {
	if strings.Contains(xml, "xmlns") {
		return prefixLists
	}
	return prefixLists[:1]
}

func canonicalWith(t testing.TB, e *Element, prefixList string) string {
	t.Helper()
	list, err := exclusive(mustParse(t, `<Transform Algorithm="`+algExclusive+`"><InclusiveNamespaces xmlns="`+algExclusive+`" PrefixList="`+prefixList+`"/></Transform>`))
	require.NoError(t, err)
	out, err := canonicalize(e, nil, list)
	require.NoError(t, err)
	return string(out)
}

// digester is a document with the template of a signature over its root, which
// makes xmlsec1 tell what it digests.
func digester(document, prefixList string) string {
	parameter := ""
	if prefixList != "" {
		parameter = `<ec:InclusiveNamespaces xmlns:ec="` + algExclusive + `" PrefixList="` + prefixList + `"/>`
	}
	e, err := Parse([]byte(document), Options{})
	if err != nil {
		panic(err)
	}
	return string(e.insert(`<ds:Signature xmlns:ds="` + NSSignature + `"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + algExclusive + `"/>` +
		`<ds:SignatureMethod Algorithm="` + algRSASHA256 + `"/><ds:Reference URI="#` + e.ID() + `"><ds:Transforms><ds:Transform Algorithm="` + algEnveloped + `"/>` +
		`<ds:Transform Algorithm="` + algExclusive + `">` + parameter + `</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="` + algSHA256 + `"/>` +
		`<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>`))
}

// xmlsecSigned has xmlsec1 sign a template made by digester.
func xmlsecSigned(t testing.TB, template, root string) string {
	t.Helper()
	key := file(t, "key.pem", provider().keyPEM(t))
	out, err := xmlsec(t, "--sign", "--privkey-pem", key, "--id-attr:ID", root, file(t, "in.xml", template))
	require.NoError(t, err)
	return out
}

// What we digest is what xmlsec1 digests, for each document and list.
func TestCanonical_Xmlsec(t *testing.T) {
	for name, xml := range canonicalDocuments {
		for _, list := range listsFor(xml) {
			root := mustParse(t, xml)
			rootName := root.local
			if root.space != "" {
				rootName = root.space + ":" + root.local
			}
			signed := xmlsecSigned(t, digester(xml, list), rootName)
			_, sum, ok := strings.Cut(signed, "<ds:DigestValue>")
			require.True(t, ok, name)
			sum, _, _ = strings.Cut(sum, "</ds:DigestValue>")
			want, err := base64.StdEncoding.DecodeString(sum)
			require.NoError(t, err)
			ours := canonicalWith(t, root, list)
			got := sha256.Sum256([]byte(ours))
			require.Equal(t, want, got[:], "%s, list %q: ours is %q", name, list, ours)

			verified, err := Verify(mustParse(t, signed), provider().public(), VerifyOptions{})
			require.NoError(t, err, "%s, list %q", name, list)
			require.Equal(t, string(root.Canonical()), string(verified.Canonical()), name)
		}
	}
}

// apart are documents that goxmldsig or its parser treat otherwise than the
// specifications and xmlsec1: it sorts attributes of different namespaces by local
// name, writes xmlns="" where nothing is undeclared, and does not normalize white
// space in attributes.
var apart = []string{"order of attributes", "default never declared", "default undeclared, p", "attribute white space"}

func TestCanonical_Goxmldsig(t *testing.T) {
	for name, xml := range canonicalDocuments {
		for _, list := range listsFor(xml) {
			if strings.Contains(list, "#default") {
				continue // it does not know that
			}
			theirs, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(list).Canonicalize(treeOf(t, xml).Root())
			require.NoError(t, err)
			ours := canonicalWith(t, mustParse(t, xml), list)
			require.Equal(t, slices.Contains(apart, name), ours != string(theirs), "%s, list %q:\nours   %q\ntheirs %q", name, list, ours, theirs)
		}
	}
}

// The canonical form is that of an element wherever it stands: an Assertion is
// the same within its Response and alone.
func TestCanonical_Part(t *testing.T) {
	root := mustParse(t, `<p:a xmlns:p="urn:p" xmlns="urn:d" xmlns:u="urn:u"><b xml:lang="de"><p:c q:d="1" xmlns:q="urn:q"/>t</b></p:a>`)
	const want = `<b xmlns="urn:d" xml:lang="de"><p:c xmlns:p="urn:p" xmlns:q="urn:q" q:d="1"></p:c>t</b>`
	b := root.Children()[0]
	require.Equal(t, want, string(b.Canonical()))
	require.Equal(t, want, string(mustParse(t, want).Canonical()))
	require.Equal(t, `<b xmlns="urn:d" xmlns:u="urn:u" xml:lang="de"><p:c xmlns:p="urn:p" xmlns:q="urn:q" q:d="1"></p:c>t</b>`, canonicalWith(t, b, "u"))
	require.Nil(t, (*Element)(nil).Canonical())
}

// S21: namespaces that the canonical form repeats must not make it large.
func TestS21_CanonicalGrowth(t *testing.T) {
	uri := "urn:" + strings.Repeat("x", 1000)
	root := mustParse(t, `<a`+bomb(8, ` xmlns:p%d="`+uri+`%[1]d"`)+`>`+strings.Repeat("<b"+bomb(8, " p%d:c=''")+"/>", 2500)+`</a>`)
	require.Greater(t, len(root.Canonical()), 16<<20)
	requireCheap(t, "canonical form", func() {
		_, err := canonicalize(root, nil, nil)
		require.ErrorIs(t, err, TooLarge)
	})
}
