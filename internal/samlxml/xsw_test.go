package samlxml

import (
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/require"
)

// attack is a document in which something that is signed was wrapped.
type attack struct {
	name string
	make func(t *testing.T, original *etree.Document) *etree.Document
}

// forged returns a copy of e, an Assertion or a Response, that names somebody
// else, with another ID unless it is empty, and with or without its signature.
func forged(e *etree.Element, id string, signed bool) *etree.Element {
	out := e.Copy()
	for _, name := range out.FindElements(".//NameID") {
		name.SetText(evil)
	}
	if id != "" {
		out.CreateAttr("ID", id)
	}
	// The Assertion within a Response must not have the ID of the original.
	if inner := out.SelectElement("Assertion"); inner != nil {
		inner.CreateAttr("ID", "_evil_inner")
	}
	if !signed {
		out.RemoveChild(signatureIn(out))
	}
	return out
}

// signatureIn returns the signature that is a child of e.
func signatureIn(e *etree.Element) *etree.Element { return e.SelectElement("Signature") }

// unsigned returns a copy of e without its signature.
func unsigned(e *etree.Element) *etree.Element {
	out := e.Copy()
	out.RemoveChild(signatureIn(out))
	return out
}

func rooted(root *etree.Element) *etree.Document {
	doc := etree.NewDocument()
	doc.SetRoot(root)
	return doc
}

// The shapes of Somorovsky et al., "On Breaking SAML" (2012), as the tools
// number them, and more. They are made on a Response (1 and 2) or its Assertion,
// with the ID of the original, or with another.
func attacks(id string) []attack {
	assertion := func(f func(response, original *etree.Element)) func(*testing.T, *etree.Document) *etree.Document {
		return func(_ *testing.T, doc *etree.Document) *etree.Document {
			f(doc.Root(), assertionOf(doc))
			return doc
		}
	}
	object := func(content *etree.Element) *etree.Element {
		out := etree.NewElement("ds:Object")
		out.AddChild(content)
		return out
	}
	return []attack{
		{"XSW1: Response in the signature of a forged Response", func(_ *testing.T, doc *etree.Document) *etree.Document {
			fake := forged(doc.Root(), id, true)
			signatureIn(fake).AddChild(unsigned(doc.Root()))
			return rooted(fake)
		}},
		{"XSW2: Response beside its signature in a forged Response", func(_ *testing.T, doc *etree.Document) *etree.Document {
			fake := forged(doc.Root(), id, true)
			fake.InsertChildAt(signatureIn(fake).Index(), unsigned(doc.Root()))
			return rooted(fake)
		}},
		{"XSW3: forged Assertion before the original", assertion(func(response, original *etree.Element) {
			response.InsertChildAt(original.Index(), forged(original, id, false))
		})},
		{"XSW4: original in a forged Assertion", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, false)
			response.RemoveChild(original)
			fake.AddChild(original)
			response.AddChild(fake)
		})},
		{"XSW5: signature in a forged Assertion, original behind", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			response.InsertChildAt(original.Index(), fake)
			original.RemoveChild(signatureIn(original))
		})},
		{"XSW6: original in the signature of a forged Assertion", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			response.RemoveChild(original)
			signatureIn(fake).AddChild(unsigned(original))
			response.AddChild(fake)
		})},
		{"XSW7: forged Assertion in Extensions", assertion(func(response, original *etree.Element) {
			extensions := etree.NewElement("samlp:Extensions")
			extensions.AddChild(forged(original, id, false))
			response.InsertChildAt(original.Index(), extensions)
		})},
		{"XSW8: original in an Object of the signature of a forged Assertion", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			response.RemoveChild(original)
			signatureIn(fake).AddChild(object(unsigned(original)))
			response.AddChild(fake)
		})},
		{"XSW9: signature in a forged Assertion, original in StatusDetail", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			response.RemoveChild(original)
			detail := response.SelectElement("Status").CreateElement("samlp:StatusDetail")
			detail.AddChild(unsigned(original))
			response.AddChild(fake)
		})},
		{"forged Assertion behind the original", assertion(func(response, original *etree.Element) {
			response.AddChild(forged(original, id, false))
		})},
		{"forged Assertion with a copy of the signature, original whole", assertion(func(response, original *etree.Element) {
			response.InsertChildAt(original.Index(), forged(original, id, true))
		})},
		{"signature moved to the Response", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			signature := signatureIn(fake)
			fake.RemoveChild(signature)
			original.RemoveChild(signatureIn(original))
			response.InsertChildAt(1, signature)
			response.InsertChildAt(2, fake)
		})},
		{"original in the KeyInfo of a forged Assertion", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			response.RemoveChild(original)
			signatureIn(fake).SelectElement("KeyInfo").AddChild(unsigned(original))
			response.AddChild(fake)
		})},
		{"original in the Subject of a forged Assertion", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			response.RemoveChild(original)
			fake.SelectElement("Subject").AddChild(unsigned(original))
			response.AddChild(fake)
		})},
		{"two signatures, the copy first", assertion(func(response, original *etree.Element) {
			fake := forged(original, id, true)
			fake.InsertChildAt(1, signatureIn(original).Copy())
			response.InsertChildAt(original.Index(), fake)
		})},
	}
}

// The property that every shape is measured with: whatever element is asked
// for, Verify gives back nothing or exactly what was signed, and what a service
// provider would ask for (the Response, or an Assertion in it) gives nothing that
// is forged.
func TestS1_XSW(t *testing.T) {
	genuine := map[string]bool{}
	for _, mode := range []struct{ assertion, whole bool }{{true, false}, {false, true}, {true, true}} {
		original := signedResponse(t, 2, mode.assertion, mode.whole)
		root := mustParse(t, original)
		accepted := 0
		for _, e := range descendants(root) {
			if verified, err := Verify(e, provider().public(), VerifyOptions{}); err == nil {
				genuine[string(verified.Canonical())] = true
				accepted++
			}
		}
		want := 1
		if mode.assertion && mode.whole {
			want = 2
		}
		require.Equal(t, want, accepted)
		for _, id := range []string{"_evil", "", " " + assertionID, "#" + assertionID} {
			for _, attack := range attacks(id) {
				onResponse := strings.Contains(attack.name, "Response in") || strings.Contains(attack.name, "Response beside")
				if onResponse && !mode.whole || !onResponse && !mode.assertion {
					continue
				}
				wrapped := text(t, attack.make(t, treeOf(t, original)))
				require.Contains(t, wrapped, evil)
				checkWrapped(t, attack.name+" "+id, wrapped, genuine)
			}
		}
	}
}

func checkWrapped(t *testing.T, name, wrapped string, genuine map[string]bool) {
	t.Helper()
	root, err := Parse([]byte(wrapped), Options{})
	if err != nil {
		require.ErrorIs(t, err, InvalidXML)
		return
	}
	_, err = Verify(root, provider().public(), VerifyOptions{})
	require.Error(t, err, name)
	for _, e := range descendants(root) {
		verified, err := Verify(e, provider().public(), VerifyOptions{})
		if err != nil {
			require.Nil(t, verified)
			continue
		}
		require.True(t, genuine[string(verified.Canonical())], name)
		require.NotContains(t, string(verified.Canonical()), evil, name)
	}
	for _, e := range root.All(NSAssertion, "Assertion") {
		if strings.Contains(string(e.Canonical()), evil) {
			_, err := Verify(e, provider().public(), VerifyOptions{})
			require.Error(t, err, name)
		}
	}
}

// What is verified is what is returned: nothing that stands around it or in the
// signature can be reached from it.
func TestVerify_ReturnsOnlyWhatWasSigned(t *testing.T) {
	doc := treeOf(t, signedResponse(t, 2, true, false))
	signatureIn(assertionOf(doc)).SelectElement("KeyInfo").CreateElement("saml:NameID").CreateAttr("xmlns:saml", NSAssertion)
	root := mustParse(t, text(t, doc))
	assertion, err := root.One(NSAssertion, "Assertion")
	require.NoError(t, err)
	verified, err := Verify(assertion, provider().public(), VerifyOptions{})
	require.NoError(t, err)
	require.Nil(t, verified.Parent())
	require.False(t, Signed(verified))
	require.True(t, Signed(assertion))
	require.Equal(t, assertionID, verified.ID())
	require.NotSame(t, assertion, verified)
	for _, e := range descendants(verified) {
		require.Same(t, verified.doc, e.doc)
		require.False(t, e.space == NSSignature)
	}
	require.Equal(t, string(mustParse(t, response(2)).All(NSAssertion, "Assertion")[0].Canonical()), string(verified.Canonical()))
}
