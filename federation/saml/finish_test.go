package saml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/internal/samlxml"
)

func TestFinish(t *testing.T) {
	p := newParty(t, nil)
	for name, a := range map[string]answer{
		"assertion signed":             {},
		"response signed":              {noAssertionSignature: true, responseSignature: true},
		"both signed":                  {responseSignature: true},
		"encrypted, assertion signed":  {encrypt: gcm},
		"encrypted, response signed":   {encrypt: gcm, noAssertionSignature: true, responseSignature: true},
		"encrypted, both signed":       {encrypt: gcm, responseSignature: true},
		"no Destination, not signed":   {response: cut(t, ` Destination="[^"]*"`)},
		"no Issuer on the response":    {response: cut(t, `<saml:Issuer xmlns[^>]*>[^<]*</saml:Issuer>`)},
		"OneTimeUse, ProxyRestriction": {assertion: swap(t, "</saml:Conditions>", `<saml:OneTimeUse/><saml:ProxyRestriction Count="0"/></saml:Conditions>`)},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			r := p.accepts(a)
			require.Equal(t, "alice-1", r.subject)
			require.Equal(t, map[string][]string{
				"email": {"alice@example.com"},
				"http://schemas.microsoft.com/identity/claims/objectidentifier": {"00000000-0000-0000-0000-00000000a11c"},
				"role":                             {"admin", "auditor"},
				saml.AttributeIssuer:               {idpID},
				saml.AttributeNameID:               {"alice-1"},
				saml.AttributeNameIDFormat:         {persistent},
				saml.AttributeSessionIndex:         {"session-1"},
				saml.AttributeAuthnInstant:         r.attributes[saml.AttributeAuthnInstant],
				saml.AttributeAuthnContextClassRef: {"urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
			}, r.attributes)
			require.Len(t, r.attributes[saml.AttributeAuthnInstant], 1)
		})
	}
}

const schemaPrefix = ` xmlns:xs="http://www.w3.org/2001/XMLSchema"`

// signPrefixed signs an assertion as OpenSAML does, for which the prefix xs, which
// stands in values of xsi:type alone, is in the PrefixList.
func signPrefixed(t testing.TB, assertion string, by *pair) string {
	t.Helper()
	const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	doc := etree.NewDocument()
	require.NoError(t, doc.ReadFromString(assertion))
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("xs").Canonicalize(doc.Root())
	require.NoError(t, err)
	require.Contains(t, string(canonical), schemaPrefix)
	digest := sha256.Sum256(canonical)
	info := `<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` +
		`<ds:CanonicalizationMethod Algorithm="` + exclusive + `"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>` +
		`<ds:Reference URI="#_assertion"><ds:Transforms>` +
		`<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>` +
		`<ds:Transform Algorithm="` + exclusive + `"><ec:InclusiveNamespaces xmlns:ec="` + exclusive + `" PrefixList="xs"></ec:InclusiveNamespaces></ds:Transform>` +
		`</ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>` +
		`<ds:DigestValue>` + base64.StdEncoding.EncodeToString(digest[:]) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	sum := sha256.Sum256([]byte(info))
	value, err := rsa.SignPKCS1v15(rand.Reader, by.key, crypto.SHA256, sum[:])
	require.NoError(t, err)
	return strings.Replace(assertion, "</saml:Issuer>", `</saml:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">`+info+
		`<ds:SignatureValue>`+base64.StdEncoding.EncodeToString(value)+`</ds:SignatureValue></ds:Signature>`, 1)
}

// The canonical form of a response does not have the prefixes that stand in values
// alone; the signature of an assertion in it may cover them all the same.
func TestFinish_PrefixList(t *testing.T) {
	p := newParty(t, nil)
	seal := func(by *pair) func(string) string {
		return func(assertion string) string { return signPrefixed(t, assertion, by) }
	}
	// samlxml.Sign leaves the document as it is, where goxmldsig takes out what its canonical form has not.
	whole := func(response string) string {
		signed, err := samlxml.Sign([]byte(response), idpPair().key, idpPair().certificate)
		require.NoError(t, err)
		return string(signed)
	}
	// Where the declaration stands makes no difference to the assertion's canonical form.
	outside := func(response string) string {
		moved := strings.Replace(strings.Replace(response, schemaPrefix, "", 1), "<samlp:Response", "<samlp:Response"+schemaPrefix, 1)
		require.NotEqual(t, response, moved)
		return moved
	}
	for name, a := range map[string]answer{
		"declared in the assertion":                      {},
		"declared in the assertion, response signed":     {after: whole},
		"declared around the assertion":                  {response: outside},
		"declared around the assertion, response signed": {response: outside, after: whole},
		"encrypted, response signed":                     {encrypt: gcm, after: whole},
	} {
		a.noAssertionSignature, a.sealed = true, seal(idpPair())
		t.Log(name)
		r := p.accepts(a)
		require.Equal(t, "alice-1", r.subject)
		require.Equal(t, []string{"alice@example.com"}, r.attributes["email"])
	}

	// The signature of the response is good each time, and does not stand in for that of the assertion.
	other := swap(t, schemaPrefix, ` xmlns:xs="urn:other"`)
	for name, a := range map[string]answer{
		"by another key":                    {sealed: seal(otherPair()), after: whole},
		"changed before the response":       {response: swap(t, "alice-1", "mallory"), after: whole},
		"declared anew before the response": {response: other, after: whole},
		"declared anew after the response":  {after: func(m string) string { return other(whole(m)) }},
		"not declared after the response":   {after: func(m string) string { return strings.Replace(whole(m), schemaPrefix, "", 1) }},
	} {
		a.noAssertionSignature = true
		if a.sealed == nil {
			a.sealed = seal(idpPair())
		}
		r := p.signIn(a)
		require.Empty(t, r.subject, name)
		require.Equal(t, "Signature", refused(t, r.err, saml.InvalidSignature, "the assertion").Check, name)
	}
	// Changed after both, it is the response's that does not fit.
	r := p.signIn(answer{noAssertionSignature: true, sealed: seal(idpPair()), after: func(m string) string {
		return strings.Replace(whole(m), "alice-1", "mallory", 1)
	}})
	refused(t, r.err, saml.InvalidSignature, "the response")
}
