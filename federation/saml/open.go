package saml

import (
	"context"
	"errors"
	"strings"

	"github.com/stepwell/stepwell/internal/samlxml"
)

// opened is a response whose signatures have been verified. assertion is from
// bytes that the identity provider signed; response is so as well if signed is
// set, and otherwise is what anybody may have written.
type opened struct {
	response  *samlxml.Element
	signed    bool
	encrypted bool
	assertion *samlxml.Element // nil if the response is an error
}

// open reads a response and verifies its signatures: each that is there must
// verify, and at least one must be there.
func (p *Provider) open(ctx context.Context, m *idpMetadata, data []byte) (*opened, error) {
	root, err := parse(data, InvalidResponse)
	if err != nil {
		return nil, err
	}
	if !root.Is(samlxml.NSProtocol, "Response") {
		_, local := root.Name()
		return nil, fail(InvalidResponse, "the message is a %q, expected a SAML 2.0 Response", plain(local, maxShown))
	}
	if err := checkShape(root); err != nil {
		return nil, err
	}
	o := &opened{response: root, signed: samlxml.Signed(root)}
	if o.signed {
		if o.response, err = p.verify(ctx, m, root, "the response"); err != nil {
			return nil, err
		}
	}
	assertion, err := one(o.response, samlxml.NSAssertion, "Assertion")
	if err != nil {
		return nil, err
	}
	if assertion != nil {
		o.assertion = assertion
		// A signature of its own is verified where it was received: the canonical
		// form of the response has lost the declarations of prefixes that stand in
		// values alone, on which that signature may count (its PrefixList). What is
		// believed is again what was signed, and the response says that both are one.
		if samlxml.Signed(assertion) {
			if o.assertion, err = one(root, samlxml.NSAssertion, "Assertion"); err != nil {
				return nil, err
			}
		}
		return o, p.verifyAssertion(ctx, m, o)
	}
	encrypted, err := one(o.response, samlxml.NSAssertion, "EncryptedAssertion")
	if err != nil || encrypted == nil {
		return o, err
	}
	if err := p.checkStatus(o.response); err != nil {
		return nil, err
	}
	return o, p.decrypt(ctx, m, o, encrypted)
}

// verifyAssertion verifies the assertion's own signature. It may have none if
// it is inside a response which is signed.
func (p *Provider) verifyAssertion(ctx context.Context, m *idpMetadata, o *opened) error {
	if !samlxml.Signed(o.assertion) {
		if o.signed {
			return nil
		}
		return fail(InvalidSignature, "neither the response nor the assertion is signed; have the identity provider sign one of them").at("Signature")
	}
	verified, err := p.verify(ctx, m, o.assertion, "the assertion")
	if err != nil {
		return err
	}
	o.assertion = verified
	return nil
}

// errDecryption is all that anybody learns of a decryption that failed.
func errDecryption() error {
	return fail(DecryptionFailed, "the assertion could not be decrypted; the identity provider must encrypt it to a certificate of our metadata, "+
		"with AES in GCM mode and RSA-OAEP").at("Decryption")
}

// decrypt replaces the encrypted assertion. Where CBC is allowed and the
// response is not signed, anybody can make ciphertexts of somebody's assertion
// and watch how we fail; so then all failures until something is verified are
// the same.
func (p *Provider) decrypt(ctx context.Context, m *idpMetadata, o *opened, encrypted *samlxml.Element) error {
	if len(p.sp.decrypters) == 0 {
		return fail(DecryptionFailed, "the assertion is encrypted, but Config has no Decryption keys").at("Decryption")
	}
	text, err := samlxml.Decrypt(encrypted, p.sp.decrypters, samlxml.DecryptOptions{AllowCBC: p.config.InsecureAllowCBC})
	if err != nil {
		return errDecryption()
	}
	assertion, err := parse(text, DecryptionFailed)
	if err != nil || !assertion.Is(samlxml.NSAssertion, "Assertion") || checkShape(assertion) != nil {
		return errDecryption()
	}
	o.assertion, o.encrypted = assertion, true
	if err := p.verifyAssertion(ctx, m, o); err != nil {
		if p.config.InsecureAllowCBC && !o.signed {
			return errDecryption()
		}
		return err
	}
	return nil
}

// verify returns what the identity provider signed of e. If the metadata has a
// URL and no key of it made the signature, the metadata is read again.
func (p *Provider) verify(ctx context.Context, m *idpMetadata, e *samlxml.Element, what string) (*samlxml.Element, error) {
	options := samlxml.VerifyOptions{AllowSHA1: p.config.InsecureAllowSHA1}
	verified, err := samlxml.Verify(e, m.keys, options)
	if errors.Is(err, samlxml.InvalidSignature) {
		if newer, ok := p.metadata.renew(ctx, m); ok {
			verified, err = samlxml.Verify(e, newer.keys, options)
		}
	}
	if err != nil {
		return nil, signatureError(what, m, err)
	}
	return verified, nil
}

// signatureError tells an administrator where to look.
func signatureError(what string, m *idpMetadata, err error) error {
	e := failCause(InvalidSignature, "the signature of "+what+" was refused", err)
	switch {
	case !errors.Is(err, samlxml.InvalidSignature):
	case strings.Contains(err.Error(), "SHA-1"):
		e.Message += " (InsecureAllowSHA1)"
	default:
		e.Message += "; if the identity provider changed its certificate, give its present metadata (" + plain(m.entityID, maxShown) + ")"
	}
	return e.at("Signature")
}

// checkShape refuses a document with assertions, responses or signatures
// anywhere but where they belong. Our readers look nowhere else; it is for the
// next reader, and because nobody honest sends such a thing.
func checkShape(root *samlxml.Element) error {
	assertions := 0
	var walk func(e *samlxml.Element) error
	walk = func(e *samlxml.Element) error {
		space, local := e.Name()
		parent := e.Parent()
		switch {
		case space == samlxml.NSAssertion && (local == "Assertion" || local == "EncryptedAssertion"):
			if assertions++; parent != nil && parent != root || parent != nil && !root.Is(samlxml.NSProtocol, "Response") {
				return fail(InvalidResponse, "there is an assertion where none belongs")
			}
		case space == samlxml.NSProtocol && local == "Response" && parent != nil:
			return fail(InvalidResponse, "there is a response within the message")
		case e.Is(samlxml.NSSignature, "Signature"):
			if parent == nil || parent != root && !parent.Is(samlxml.NSAssertion, "Assertion") {
				return fail(InvalidResponse, "there is a signature where none belongs")
			}
		}
		for _, child := range e.Children() {
			if err := walk(child); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root); err != nil {
		return err
	}
	if assertions > 1 {
		return fail(InvalidResponse, "the response has %d assertions, expected one", assertions)
	}
	return nil
}

// one is Element.One with an error of ours.
func one(e *samlxml.Element, space, local string) (*samlxml.Element, error) {
	child, err := e.One(space, local)
	if err != nil {
		return nil, failCause(InvalidResponse, "the message cannot be read", err)
	}
	return child, nil
}
