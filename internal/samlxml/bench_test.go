package samlxml

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/xml"
	"io"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

// benchmarked is a Response of about 6.6 kB, signed as Entra ID does.
func benchmarked(b *testing.B) []byte {
	message := []byte(signedResponse(b, 20, true, false))
	require.InDelta(b, 6600, len(message), 400)
	return message
}

func BenchmarkParse(b *testing.B) {
	message := benchmarked(b)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(message, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodingXML is one pass of encoding/xml: the floor for a parser that
// is built on it.
func BenchmarkEncodingXML(b *testing.B) {
	message := benchmarked(b)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		encodingXML(b, message)
	}
}

func encodingXML(b *testing.B, message []byte) {
	decoder := xml.NewDecoder(bytes.NewReader(message))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseEtree is what goxmldsig's users parse with.
func BenchmarkParseEtree(b *testing.B) {
	message := benchmarked(b)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if err := etree.NewDocument().ReadFromBytes(message); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	root := mustParse(b, string(benchmarked(b)))
	b.ReportAllocs()
	for b.Loop() {
		root.Canonical()
	}
}

// BenchmarkVerify parses and verifies, as a service provider does.
func BenchmarkVerify(b *testing.B) {
	message, keys := benchmarked(b), provider().public()
	b.ReportAllocs()
	for b.Loop() {
		root, err := Parse(message, Options{})
		if err != nil {
			b.Fatal(err)
		}
		assertion, err := root.One(NSAssertion, "Assertion")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Verify(assertion, keys, VerifyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyGoxmldsig does the same with etree and goxmldsig's Validate.
func BenchmarkVerifyGoxmldsig(b *testing.B) {
	message := benchmarked(b)
	store := &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{provider().cert}}
	context := dsig.NewDefaultValidationContext(store)
	b.ReportAllocs()
	for b.Loop() {
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(message); err != nil {
			b.Fatal(err)
		}
		// Validate wants the namespaces of the Assertion on itself, as they are.
		if _, err := context.Validate(doc.Root().SelectElement("Assertion")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyFloor is what cannot be avoided: SHA-256 over the message, one
// RSA verification, and, for who parses with it, one pass of encoding/xml.
func BenchmarkVerifyFloor(b *testing.B) {
	message := benchmarked(b)
	sum := sha256.Sum256(message)
	signature, err := provider().key.Sign(nil, sum[:], crypto.SHA256)
	require.NoError(b, err)
	key := provider().key.Public().(*rsa.PublicKey)
	b.Run("crypto", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sum := sha256.Sum256(message)
			if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crypto+encoding-xml", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sum := sha256.Sum256(message)
			if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature); err != nil {
				b.Fatal(err)
			}
			encodingXML(b, message)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	message := []byte(authnRequest)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Sign(message, provider().key, provider().cert); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrypt(b *testing.B) {
	root := mustParse(b, sealed{plain: response(4)}.document(b))
	keys := decrypters(receiver())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decrypt(root, keys, DecryptOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyQuery(b *testing.B) {
	raw, err := SignQuery("SAMLRequest", []byte(authnRequest), "state", provider().key)
	require.NoError(b, err)
	keys := provider().public()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := VerifyQuery(raw, keys, VerifyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
