package samlxml

import (
	"crypto"
	"encoding/base64"
	"strings"
)

// signature is what a ds:Signature says, in the one form that is accepted.
type signature struct {
	signedInfo *Element
	method     signatureAlgorithm
	digest     crypto.Hash
	infoList   []string // PrefixList of the CanonicalizationMethod
	list       []string // PrefixList of the exclusive canonicalization of the element
	sum, value []byte
}

// Signed reports whether e has a ds:Signature among its children. It says
// nothing about whether that is worth something.
func Signed(e *Element) bool { return len(e.All(NSSignature, "Signature")) > 0 }

// sequence returns the child elements of e, which must be of the signature
// namespace, be these in this order, and have nothing but white space between
// them.
func sequence(e *Element, names ...string) ([]*Element, error) {
	children := e.Children()
	for i, child := range children {
		if i == len(names) || !child.Is(NSSignature, names[i]) {
			return nil, fail(InvalidSignature, "element %s of the signature has a child %s where that is not supported", quoted(e.local), quoted(child.local))
		}
	}
	if len(children) < len(names) {
		return nil, fail(InvalidSignature, "element %s of the signature has no %s", quoted(e.local), names[len(children)])
	}
	if !e.blankBetween() {
		return nil, fail(InvalidSignature, "element %s of the signature has text between its children", quoted(e.local))
	}
	return children, nil
}

// attributes refuses attributes of a part of the signature that are not named.
func attributes(e *Element, names ...string) error {
next:
	for i := range e.attrs {
		for _, name := range names {
			if e.attrs[i].space == "" && e.attrs[i].local == name {
				continue next
			}
		}
		return fail(InvalidSignature, "element %s of the signature has an attribute %s, which is not supported", quoted(e.local), quoted(e.attrs[i].local))
	}
	return nil
}

// readSignature reads the signature of e, whose form is that of SAML 2.0 core
// section 5.4 and no other.
func readSignature(e *Element, o VerifyOptions) (at *Element, s *signature, err error) {
	found := e.All(NSSignature, "Signature")
	switch len(found) {
	case 0:
		return nil, nil, fail(Unsigned, "element %s is not signed", quoted(e.local))
	case 1:
	default:
		return nil, nil, fail(InvalidSignature, "element %s has more than one signature", quoted(e.local))
	}
	at, s = found[0], &signature{}
	if err := attributes(at, "Id"); err != nil {
		return nil, nil, err
	}
	names := []string{"SignedInfo", "SignatureValue", "KeyInfo"}
	if len(at.All(NSSignature, "KeyInfo")) == 0 {
		names = names[:2]
	}
	parts, err := sequence(at, names...)
	if err != nil {
		return nil, nil, err
	}
	if err := attributes(parts[1], "Id"); err != nil {
		return nil, nil, err
	}
	if s.value, err = binary(parts[1]); err != nil {
		return nil, nil, err
	}
	s.signedInfo = parts[0]
	return at, s, s.readSignedInfo(e, o)
}

// readSignedInfo reads what the signature was made over.
func (s *signature) readSignedInfo(e *Element, o VerifyOptions) error {
	if err := attributes(s.signedInfo, "Id"); err != nil {
		return err
	}
	parts, err := sequence(s.signedInfo, "CanonicalizationMethod", "SignatureMethod", "Reference")
	if err != nil {
		return err
	}
	if s.infoList, err = exclusive(parts[0]); err != nil {
		return err
	}
	name, err := algorithm(parts[1])
	if err != nil {
		return err
	}
	if s.method, err = signatureOf(name, o); err != nil {
		return err
	}
	return s.readReference(parts[2], e, o)
}

// readReference reads the only reference, which must be to e.
func (s *signature) readReference(reference, e *Element, o VerifyOptions) error {
	if err := attributes(reference, "URI", "Id", "Type"); err != nil {
		return err
	}
	if e.ID() == "" || !plainID(e.ID()) {
		return fail(InvalidSignature, "element %s is signed but has no ID, or one that cannot be referred to", quoted(e.local))
	}
	uri, _ := reference.Attr("URI")
	if id, ok := strings.CutPrefix(uri, "#"); !ok || id != e.ID() {
		return fail(InvalidSignature, "the signature in element %s with ID %s refers to %s", quoted(e.local), quoted(e.ID()), quoted(uri))
	}
	parts, err := sequence(reference, "Transforms", "DigestMethod", "DigestValue")
	if err != nil {
		return err
	}
	if err := attributes(parts[0]); err != nil {
		return err
	}
	transforms, err := sequence(parts[0], "Transform", "Transform")
	if err != nil {
		return err
	}
	if name, err := algorithm(transforms[0]); err != nil || name != algEnveloped {
		return fail(InvalidSignature, "the first transform of the signature must be %s, without parameters", algEnveloped)
	}
	if s.list, err = exclusive(transforms[1]); err != nil {
		return err
	}
	name, err := algorithm(parts[1])
	if err != nil {
		return err
	}
	if s.digest, err = digestOf(name, o); err != nil {
		return err
	}
	if err := attributes(parts[2]); err != nil {
		return err
	}
	s.sum, err = binary(parts[2])
	return err
}

// plainID reports whether an identifier can stand behind a # as it is, and
// means nothing else there.
func plainID(id string) bool {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#%&'()<>", c) >= 0 {
			return false
		}
	}
	return true
}

// algorithm returns the Algorithm of an element that has no children, and so
// no parameters such as HMACOutputLength.
func algorithm(e *Element) (string, error) {
	if err := attributes(e, "Algorithm"); err != nil {
		return "", err
	}
	if _, err := sequence(e); err != nil {
		return "", err
	}
	name, _ := e.Attr("Algorithm")
	return name, nil
}

// exclusive reads an element whose Algorithm must be exclusive canonicalization
// without comments, and returns its PrefixList.
func exclusive(e *Element) ([]string, error) {
	if err := attributes(e, "Algorithm"); err != nil {
		return nil, err
	}
	if name, _ := e.Attr("Algorithm"); name != algExclusive {
		return nil, fail(InvalidSignature, "%s %s is not supported where %s is expected", e.local, quoted(name), algExclusive)
	}
	children := e.Children()
	switch {
	case len(children) == 0 && e.blankBetween():
		return nil, nil
	case len(children) != 1 || !e.blankBetween() || !children[0].Is(algExclusive, "InclusiveNamespaces") || len(children[0].nodes) > 0:
		return nil, fail(InvalidSignature, "element %s of the signature has parameters that are not supported", quoted(e.local))
	}
	if err := attributes(children[0], "PrefixList"); err != nil {
		return nil, err
	}
	value, _ := children[0].Attr("PrefixList")
	list := strings.FieldsFunc(value, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) })
	if len(list) > maxAttributes {
		return nil, fail(TooLarge, "the PrefixList of the signature has more than %d prefixes", maxAttributes)
	}
	for i, prefix := range list {
		if prefix == "#default" {
			list[i] = ""
		}
	}
	return list, nil
}

// binary returns the bytes of an element with base64 text, in which white space
// does not count.
func binary(e *Element) ([]byte, error) {
	text, err := e.Text()
	if err != nil {
		return nil, fail(InvalidSignature, "element %s of the signature has child elements", quoted(e.local))
	}
	out, err := base64.StdEncoding.DecodeString(stripSpace(text))
	if err != nil || len(out) == 0 {
		return nil, fail(InvalidSignature, "element %s of the signature is not base64", quoted(e.local))
	}
	return out, nil
}

// stripSpace takes white space out.
func stripSpace(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r <= ' ' }) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isSpace(byte(r)) {
			return -1
		}
		return r
	}, s)
}
