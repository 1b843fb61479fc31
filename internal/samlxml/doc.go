// Package samlxml is the gate through which every SAML message and all SAML
// metadata pass: it reads XML strictly, verifies and makes XML signatures, and
// opens and makes encrypted assertions. It knows XML, XML Signature, XML
// Encryption and the redirect binding, and of SAML only what those need; what a
// message means is judged by its callers. It imports nothing of this module and
// no other XML library.
//
// A service provider that receives a response goes this way:
//
//	data, err := samlxml.DecodeBase64(r.PostFormValue("SAMLResponse"), 0)
//	response, err := samlxml.Parse(data, samlxml.Options{})
//	assertion, err := response.One(samlxml.NSAssertion, "Assertion")
//	assertion, err = samlxml.Verify(assertion, keys, samlxml.VerifyOptions{})
//	subject, err := assertion.One(samlxml.NSAssertion, "Subject")
//
// and from then on looks at nothing but what Verify returned: a tree of its own,
// read from the bytes whose digest was verified. That is what makes signature
// wrapping pointless: it does not matter what else the document holds, where, and
// how often. Where the Response is signed, Verify is given that, and the
// Assertion is taken from what it returns, signed itself or not; if its own
// signature is to be verified too, that is done in the tree that was received,
// for a namespace that only values use is not in the other.
//
// An encrypted assertion goes through Decrypt, then Parse, then Verify, or is
// taken from a Response that was verified. A message of the redirect binding goes
// through VerifyQuery and then Parse.
//
// # One parser
//
// Whatever is believed was read by Parse, which accepts less than XML: there is
// nothing in a document that two parsers could read differently, as far as that is
// known. What is signed is the canonical form of its tree, made here and compared
// in tests with that of xmlsec1 and of goxmldsig. Parse is no slower than one pass
// of encoding/xml, which would accept all that Parse refuses and would have to be
// checked around.
//
// # Promises
//
// No input makes a function of this package panic, and none costs more than its
// bounds: 256 KiB and 8192 elements for a message if the caller says nothing, four
// times as much for a canonical form, 20 keys, 16 uses of a private key. Nothing is
// fetched, whatever a message refers to. Nothing is kept between calls, and all
// functions and methods may be called by several goroutines at once.
//
// Randomness comes from crypto/rand, and for Encrypt from the caller. Nothing here
// depends on the time.
package samlxml
