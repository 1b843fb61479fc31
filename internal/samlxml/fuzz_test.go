package samlxml

import (
	"crypto/rand"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

// What Parse accepts has a canonical form which Parse accepts, which is its own
// canonical form, and which goxmldsig finds too, where it follows the
// specifications. No element reads differently in it.
func FuzzParse(f *testing.F) {
	for _, document := range canonicalDocuments {
		f.Add(document)
	}
	f.Add(signedResponse(f, 1, true, true))
	f.Add(`<a xmlns:p='u:a' p:b="&#x10FFFF;" c='"'><![CDATA[]]]]>&#13;<p:d xmlns=''/></a>`)
	f.Add("<!-- a --><a>1<!-- -->2</a>")
	f.Fuzz(func(t *testing.T, document string) {
		root, err := Parse([]byte(document), Options{AllowComments: strings.Contains(document, "<!--")})
		if err != nil {
			require.Nil(t, root)
			return
		}
		canonical := root.Canonical()
		again, err := Parse(canonical, Options{MaxBytes: growth * DefaultMaxBytes})
		require.NoError(t, err, "%q", canonical)
		require.Equal(t, string(canonical), string(again.Canonical()))
		requireSame(t, root, again)
		for _, e := range descendants(root) {
			alone, err := Parse(e.Canonical(), Options{MaxBytes: growth * DefaultMaxBytes})
			require.NoError(t, err)
			requireSame(t, e, alone)
			if len(document) > 1<<10 {
				break
			}
		}
		compareCanonical(t, document, root, canonical)
	})
}

// requireSame compares what can be read of two elements.
func requireSame(t *testing.T, a, b *Element) {
	t.Helper()
	require.True(t, b.Is(a.Name()))
	require.Equal(t, a.ID(), b.ID())
	require.Equal(t, len(a.attrs), len(b.attrs))
	for _, x := range a.attrs {
		value, ok := b.AttrNS(x.space, x.local)
		require.True(t, ok)
		require.Equal(t, x.value, value)
	}
	require.Equal(t, len(a.nodes), len(b.nodes))
	for i := range a.nodes {
		require.Equal(t, a.nodes[i].text, b.nodes[i].text)
		require.Equal(t, a.nodes[i].element == nil, b.nodes[i].element == nil)
		if a.nodes[i].element != nil {
			require.Same(t, a, a.nodes[i].element.Parent())
			requireSame(t, a.nodes[i].element, b.nodes[i].element)
		}
	}
}

// theirLimits finds documents of which goxmldsig or its parser make something
// else than xmlsec1 does: see apart.
var theirLimits = regexp.MustCompile(`xmlns\s*=\s*(""|'')|<!--`)

func compareCanonical(t *testing.T, document string, root *Element, canonical []byte) {
	t.Helper()
	if theirLimits.MatchString(document) || strings.ContainsAny(document, "\r") {
		return
	}
	for _, e := range descendants(root) {
		spaces := map[string]bool{}
		for _, a := range e.attrs {
			if a.space != "" {
				spaces[a.prefix] = true
			}
			if strings.ContainsAny(a.value, "\t\r\n ") {
				return
			}
		}
		if len(spaces) > 1 {
			return
		}
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(strings.TrimPrefix(document, "\uFEFF")); err != nil {
		return // it knows less than we do: encoding/xml refuses some of XML
	}
	theirs, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(doc.Root())
	if err != nil {
		return
	}
	require.Equal(t, string(theirs), string(canonical), "%q", document)
}

// A signed document that is changed is refused, or what was signed is what is
// returned.
func FuzzVerify(f *testing.F) {
	original := signedResponse(f, 1, true, false)
	assertion, err := verifyAssertion(f, original, provider().public(), VerifyOptions{})
	if err != nil {
		f.Fatal(err)
	}
	want := string(assertion.Canonical())
	cut := func(from, to string) (uint16, uint16) {
		at := strings.Index(original, from)
		return uint16(at), uint16(at + len(to))
	}
	for from, to := range map[string]string{victim: evil, "<ds:Signature ": "", "Assertion ID": "<!---->", "<ds:DigestValue>": "<!-- -->", "<Subject>": "<![CDATA[", "URI=\"": "#"} {
		start, end := cut(from, from)
		f.Add(start, end, to, uint16(0), uint16(0))
	}
	f.Add(uint16(0), uint16(0), "<!DOCTYPE a>", uint16(0), uint16(0))
	start, end := cut("<Assertion ", original[strings.Index(original, "<Assertion "):strings.Index(original, "</samlp:Response>")])
	f.Add(start, start, "<Extensions>", start, end)
	f.Add(end, end, "", start, end)
	// Bytes from start to end are replaced by text and by the bytes from copyStart
	// to copyEnd: what is changed, and what is wrapped.
	f.Fuzz(func(t *testing.T, start, end uint16, text string, copyStart, copyEnd uint16) {
		at := func(n uint16) int { return min(int(n), len(original)) }
		if at(start) > at(end) || at(copyStart) > at(copyEnd) {
			return
		}
		changed := original[:at(start)] + text + original[at(copyStart):at(copyEnd)] + original[at(end):]
		root, err := Parse([]byte(changed), Options{})
		if err != nil {
			return
		}
		for _, e := range descendants(root) {
			// Whoever has not the provider's key can make nothing that is signed,
			// and nothing signed changes.
			if verified, err := Verify(e, provider().public(), VerifyOptions{AllowSHA1: true}); err == nil {
				require.Equal(t, want, string(verified.Canonical()), changed)
			}
		}
	})
}

func FuzzInflate(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(authnRequest))
	f.Add(Deflate([]byte(authnRequest)))
	f.Add(Deflate(make([]byte, 1<<20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := Inflate(Deflate(data), len(data)+1<<10)
		require.NoError(t, err)
		require.Equal(t, string(data), string(out))
		if out, err := Inflate(data, 1<<12); err == nil {
			require.LessOrEqual(t, len(out), 1<<12)
		} else {
			require.Nil(t, out)
		}
	})
}

// What VerifyQuery returns is what was signed, whatever else is in the query.
func FuzzVerifyQuery(f *testing.F) {
	signed, err := SignQuery("SAMLRequest", []byte(authnRequest), "state", provider().key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed, uint16(0), "")
	f.Add(signed+"&RelayState=x", uint16(0), "")
	f.Add(signed, uint16(10), "SAMLResponse=AAAA&")
	f.Add("SAMLEncoding=urn:x&Relay%53tate=a&"+signed, uint16(3), "%41")
	f.Add("SAMLRequest=AAAA&SigAlg="+url.QueryEscape(algRSASHA256)+"&Signature=AAAA", uint16(1), "&")
	f.Fuzz(func(t *testing.T, query string, at uint16, text string) {
		i := min(int(at), len(query))
		for _, raw := range []string{query[:i] + text + query[i:], signed[:min(i, len(signed))] + text + signed[min(i, len(signed)):]} {
			q, err := VerifyQuery(raw, provider().public(), VerifyOptions{AllowSHA1: true})
			if err != nil {
				require.Nil(t, q)
				continue
			}
			require.Equal(t, authnRequest, string(q.Message))
			require.Equal(t, "state", q.RelayState)
			require.Equal(t, "SAMLRequest", q.Name)
		}
	})
}

// Whatever an encrypted element looks like, Decrypt gives its one error, or
// a document.
func FuzzDecrypt(f *testing.F) {
	encrypted, err := Encrypt([]byte(secret), receiver().cert, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(encrypted), []byte{})
	f.Add(sealed{beside: true, content: NSEnc + "aes128-cbc"}.document(f), []byte{1, 2, 3})
	f.Add(sealed{transport: algOAEP, parameters: `<xenc11:MGF Algorithm="` + NSEnc11 + `mgf1sha1"/>`}.document(f), make([]byte, 64))
	f.Fuzz(func(t *testing.T, document string, value []byte) {
		for _, o := range []DecryptOptions{{}, {AllowCBC: true}} {
			for _, document := range []string{document, sealed{value: append([]byte{}, value...), content: NSEnc + "aes128-cbc"}.document(t), sealed{value: append([]byte{}, value...)}.document(t)} {
				root, err := Parse([]byte(document), Options{})
				if err != nil {
					continue
				}
				EncryptionMethods(root)
				plain, err := Decrypt(root, decrypters(receiver()), o)
				if err != nil {
					require.True(t, err == error(errDecrypt))
					continue
				}
				_, err = Parse(plain, Options{})
				require.NoError(t, err)
			}
		}
	})
}
