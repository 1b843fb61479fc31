package samlxml

import (
	"crypto"
	"crypto/subtle"
)

// VerifyOptions says what Verify and VerifyQuery accept beyond what is safe.
type VerifyOptions struct {
	// AllowSHA1 accepts signatures and digests with SHA-1, for a provider that
	// can do nothing else.
	AllowSHA1 bool
}

// Verify checks the enveloped signature of e, and returns what was signed: a
// tree of its own, read from the very bytes whose digest was verified, without
// the signature and with nothing around it. Only what is in that tree may be
// believed; e itself, and whatever else is in its document, stays as unverified
// as it was.
//
// The signature must be the only ds:Signature among the children of e and have
// the form of SAML 2.0 core section 5.4: one reference, to the ID of e; the
// transforms enveloped-signature and exclusive canonicalization, in that order;
// exclusive canonicalization of SignedInfo; SHA-256, SHA-384 or SHA-512; RSA of
// at least 2048 bits with PKCS #1 v1.5, or ECDSA on P-256, P-384 or P-521; no
// ds:Object. Its ds:KeyInfo is not looked at: keys are the keys of whoever must
// have signed, at most 20, and every one is tried. A key that is not of such a
// kind is passed over.
//
// The error is Unsigned if there is no signature, InvalidKey if there are no
// keys or too many, else InvalidSignature, InvalidXML or TooLarge.
func Verify(e *Element, keys []crypto.PublicKey, o VerifyOptions) (*Element, error) {
	if e == nil {
		return nil, fail(Unsigned, "there is no element whose signature could be verified")
	}
	at, s, err := readSignature(e, o)
	if err != nil {
		return nil, err
	}
	// The signature first: whoever cannot make one gets no work done on the
	// rest, whose canonical form can be longer than the message.
	info, err := canonicalize(s.signedInfo, nil, s.infoList)
	if err != nil {
		return nil, err
	}
	if err := s.method.verify(keys, info, s.value); err != nil {
		return nil, err
	}
	signed, err := canonicalize(e, at, s.list)
	if err != nil {
		return nil, err
	}
	h := s.digest.New()
	h.Write(signed)
	if subtle.ConstantTimeCompare(h.Sum(nil), s.sum) != 1 {
		return nil, fail(InvalidSignature, "element %s was changed after it was signed", quoted(e.local))
	}
	return parse(string(signed), &document{maxBytes: e.doc.maxBytes, maxElements: e.doc.maxElements}, false)
}
