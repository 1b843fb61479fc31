package samlxml

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"strings"
)

// Sign returns the document with an enveloped signature of its root, which must
// have an ID: RSA-SHA256, or ECDSA with the hash that fits the curve, exclusive
// canonicalization, and cert in the ds:KeyInfo if it is not nil. Apart from the
// signature the document stays as it is, byte by byte. The signature stands
// where the SAML schemas have it: behind the root's Issuer, or first if there is
// none.
//
// The document must be one that Parse accepts, of at most 5 MiB, and its root
// not signed yet. What Sign returns has been verified with the key's public
// half. The key is asked with crypto/rand as its source of randomness.
//
// The error is InvalidKey if the key is of another kind, does not sign or is not
// that of cert, InvalidXML or TooLarge if the document cannot be read, and
// InvalidSignature if its root has no ID or is signed.
func Sign(document []byte, key crypto.Signer, cert *x509.Certificate) ([]byte, error) {
	name, method, err := algorithmFor(key)
	if err != nil {
		return nil, err
	}
	if cert != nil && !fits(cert, key.Public()) {
		return nil, fail(InvalidKey, "the certificate is not that of the key to sign with")
	}
	root, err := Parse(document, Options{MaxBytes: MaxMetadataBytes})
	if err != nil {
		return nil, err
	}
	if Signed(root) || root.ID() == "" || !plainID(root.ID()) {
		return nil, fail(InvalidSignature, "element %s cannot be signed: it is signed already, or has no ID that can be referred to", quoted(root.local))
	}
	signed, err := canonicalize(root, nil, nil)
	if err != nil {
		return nil, err
	}
	h := method.digest.New()
	h.Write(signed)
	// This is canonical already. In the document it needs no declaration of
	// its own, for the signature around it has it.
	const open, declared = "<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="` + NSSignature + `">`
	info := `<ds:CanonicalizationMethod Algorithm="` + algExclusive + `"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="` + name + `"></ds:SignatureMethod><ds:Reference URI="#` + root.ID() + `"><ds:Transforms>` +
		`<ds:Transform Algorithm="` + algEnveloped + `"></ds:Transform><ds:Transform Algorithm="` + algExclusive + `"></ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + digestName(method.digest) + `"></ds:DigestMethod>` +
		`<ds:DigestValue>` + base64.StdEncoding.EncodeToString(h.Sum(nil)) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	value, err := method.sign(key, []byte(declared+info))
	if err != nil {
		return nil, err
	}
	out := root.insert(`<ds:Signature xmlns:ds="` + NSSignature + `">` + open + info +
		`<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue>` + keyInfo(cert) + `</ds:Signature>`)
	if err := checkSigned(out, key.Public()); err != nil {
		return nil, err
	}
	return out, nil
}

func keyInfo(cert *x509.Certificate) string {
	if cert == nil {
		return ""
	}
	return `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(cert.Raw) +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
}

func digestName(wanted crypto.Hash) string {
	for name, digest := range digestAlgorithms {
		if digest == wanted {
			return name
		}
	}
	return ""
}

// insert returns the document with markup behind the Issuer of its root, or
// else as the root's first child.
func (e *Element) insert(markup string) []byte {
	source := e.doc.source
	at := e.open + len(">")
	if children := e.Children(); len(children) > 0 && children[0].Is(NSAssertion, "Issuer") {
		at = children[0].end
	}
	var b strings.Builder
	b.Grow(len(source) + len(markup) + len(e.local) + len(e.prefix) + len("></:>"))
	if source[e.open] != '/' {
		b.WriteString(source[:at] + markup + source[at:])
		return []byte(b.String())
	}
	name := e.local
	if e.prefix != "" {
		name = e.prefix + ":" + e.local
	}
	b.WriteString(source[:e.open] + ">" + markup + "</" + name + ">" + source[e.end:])
	return []byte(b.String())
}

// checkSigned verifies what Sign made: a key that signs wrongly, and a prefix
// of the document that is in the way, are noticed here and not by the receiver.
func checkSigned(document []byte, public crypto.PublicKey) error {
	root, err := Parse(document, Options{MaxBytes: max(len(document), MaxMetadataBytes)})
	if err != nil {
		return err
	}
	if _, err = Verify(root, []crypto.PublicKey{public}, VerifyOptions{}); err != nil {
		return fail(InvalidKey, "the key signs otherwise than its public half verifies")
	}
	return nil
}
