package federationtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// certificateLifetime is that of Entra ID's certificates.
const certificateLifetime = 3 * 365 * 24 * time.Hour

// signingKey is a key with its self-signed certificate.
type signingKey struct {
	signer      crypto.Signer
	certificate *x509.Certificate
}

// newSigningKey makes a key of the type "RSA" or "ECDSA", and its certificate.
func newSigningKey(keyType, commonName string, now time.Time) (*signingKey, error) {
	var signer crypto.Signer
	var err error
	switch keyType {
	case "", "RSA":
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ECDSA":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, fmt.Errorf("federationtest: KeyType is %q; use RSA or ECDSA", keyType)
	}
	if err != nil {
		return nil, fmt.Errorf("federationtest: making a signing key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("federationtest: making a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("federationtest: making a certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("federationtest: making a certificate: %w", err)
	}
	return &signingKey{signer, certificate}, nil
}

// xmlSigner gives ECDSA signatures the form that XML Signature section 6.4.3
// asks for, r and s of equal length, where crypto.Signer makes ASN.1.
type xmlSigner struct{ crypto.Signer }

func (s xmlSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := s.Signer.Sign(random, digest, opts)
	key, ok := s.Public().(*ecdsa.PublicKey)
	if err != nil || !ok {
		return signature, err
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &parts); err != nil {
		return nil, err
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	return append(parts.R.FillBytes(make([]byte, size)), parts.S.FillBytes(make([]byte, size))...), nil
}

// XMLSignature says how SignWith signs. Its zero value is what Sign does.
type XMLSignature struct {
	// Key signs: RSA or ECDSA. Nil means the provider's current key.
	Key crypto.Signer
	// Certificate goes into KeyInfo. Nil means the provider's current one.
	Certificate *x509.Certificate
	// Hash is that of digest and signature: crypto.SHA256, the default, SHA1,
	// SHA384 or SHA512.
	Hash crypto.Hash
	// SignedInfo changes the SignedInfo element, which it is given in canonical
	// form, before the signature over it is made: other transforms, references
	// and algorithms than anybody should believe, under a signature that is good.
	SignedInfo XMLHook
}

// signXML returns document with an enveloped signature over its root: after the
// root's Issuer where it has one, as SAML wants it, and before anything else
// otherwise. The other bytes stay as they are. prefix is that of the signature's
// elements, which may be empty.
func signXML(document []byte, key *signingKey, sha1 bool, prefix string) ([]byte, error) {
	hash := crypto.SHA256
	if sha1 {
		hash = crypto.SHA1
	}
	return signXMLWith(document, XMLSignature{Key: key.signer, Certificate: key.certificate, Hash: hash}, prefix)
}

func signXMLWith(document []byte, o XMLSignature, prefix string) ([]byte, error) {
	offset, err := signaturePlace(document)
	if err != nil {
		return nil, err
	}
	parsed := etree.NewDocument()
	if err := parsed.ReadFromBytes(document); err != nil || parsed.Root() == nil {
		return nil, fmt.Errorf("federationtest: what is to be signed is not XML: %w", err)
	}
	ctx, err := dsig.NewSigningContext(xmlSigner{o.Key}, [][]byte{o.Certificate.Raw})
	if err != nil {
		return nil, fmt.Errorf("federationtest: signing: %w", err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	ctx.Prefix, ctx.Hash = prefix, o.Hash
	signature, err := ctx.ConstructSignature(parsed.Root(), true)
	if err != nil {
		return nil, fmt.Errorf("federationtest: signing: %w", err)
	}
	if o.SignedInfo != nil {
		if err := resign(ctx, signature, o); err != nil {
			return nil, err
		}
	}
	holder := etree.NewDocument()
	holder.SetRoot(signature)
	text, err := holder.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("federationtest: signing: %w", err)
	}
	return bytes.Join([][]byte{document[:offset], text, document[offset:]}, nil), nil
}

// resign lets the hook at the SignedInfo of a signature, and makes SignatureValue
// again.
func resign(ctx *dsig.SigningContext, signature *etree.Element, o XMLSignature) error {
	alone := etree.NewDocument()
	alone.SetRoot(signature.SelectElement("SignedInfo").Copy())
	declaration := "xmlns"
	if ctx.Prefix != "" {
		declaration += ":" + ctx.Prefix
	}
	alone.Root().CreateAttr(declaration, dsig.Namespace)
	canonical, err := ctx.Canonicalizer.Canonicalize(alone.Root())
	if err != nil {
		return fmt.Errorf("federationtest: signing: %w", err)
	}
	changed := etree.NewDocument()
	if err := changed.ReadFromBytes(o.SignedInfo(canonical)); err != nil || changed.Root() == nil {
		return fmt.Errorf("federationtest: what the hook made of SignedInfo is not XML: %w", err)
	}
	if canonical, err = ctx.Canonicalizer.Canonicalize(changed.Root()); err != nil {
		return fmt.Errorf("federationtest: signing: %w", err)
	}
	value, err := ctx.SignString(string(canonical))
	if err != nil {
		return fmt.Errorf("federationtest: signing: %w", err)
	}
	old := signature.SelectElement("SignedInfo")
	signature.InsertChildAt(old.Index(), changed.Root().Copy())
	signature.RemoveChild(old)
	signature.SelectElement("SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
	return nil
}

// signaturePlace returns where in document the signature of its root goes.
func signaturePlace(document []byte) (int64, error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	depth := 0
	inside := int64(0) // where the content of the root begins
	for {
		token, err := decoder.Token()
		if err != nil {
			return 0, fmt.Errorf("federationtest: what is to be signed is not an XML document with a root that has content: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			if depth == 1 {
				inside = decoder.InputOffset()
			} else if token.Name.Local != "Issuer" {
				return inside, nil
			}
		case xml.EndElement:
			depth--
			if depth == 0 {
				if bytes.HasSuffix(document[:inside], []byte("/>")) {
					return 0, errors.New("federationtest: the root is an empty-element tag, which has no room for a signature")
				}
				return inside, nil
			}
			return decoder.InputOffset(), nil
		}
	}
}

const (
	sigRSASHA1     = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	sigRSASHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	sigECDSASHA1   = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
	sigECDSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
)

// signQuery appends SigAlg and Signature to a query of the redirect binding
// (SAML Bindings section 3.4.4.1).
func signQuery(query string, key *signingKey, sha1 bool) (string, error) {
	hash, algorithm := crypto.SHA256, sigRSASHA256
	_, isECDSA := key.signer.Public().(*ecdsa.PublicKey)
	switch {
	case sha1 && isECDSA:
		hash, algorithm = crypto.SHA1, sigECDSASHA1
	case sha1:
		hash, algorithm = crypto.SHA1, sigRSASHA1
	case isECDSA:
		algorithm = sigECDSASHA256
	}
	query += "&SigAlg=" + url.QueryEscape(algorithm)
	digest := hash.New()
	digest.Write([]byte(query))
	signature, err := xmlSigner{key.signer}.Sign(rand.Reader, digest.Sum(nil), hash)
	if err != nil {
		return "", fmt.Errorf("federationtest: signing: %w", err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}
