package samlxml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // for providers that the caller allows it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
)

// Algorithms by the names that the specifications gave them: XML Signature 1.1
// section 6, RFC 9231 and XML Encryption 1.1 section 5.
const (
	algExclusive  = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algEnveloped  = NSSignature + "enveloped-signature"
	algSHA1       = NSSignature + "sha1"
	algSHA256     = NSEnc + "sha256"
	algRSASHA1    = NSSignature + "rsa-sha1"
	algRSASHA256  = nsMore + "rsa-sha256"
	algECDSASHA1  = nsMore + "ecdsa-sha1"
	algECDSASHA2  = nsMore + "ecdsa-sha256"
	algECDSASHA3  = nsMore + "ecdsa-sha384"
	algECDSASHA5  = nsMore + "ecdsa-sha512"
	nsMore        = "http://www.w3.org/2001/04/xmldsig-more#"
	maxKeys       = 20
	minRSABits    = 2048
	maxRSABits    = 16384
	sha1Advice    = "have the provider use SHA-256, or allow SHA-1 for this provider"
	changedAdvice = "has the provider changed its certificate?"
)

var digestAlgorithms = map[string]crypto.Hash{
	algSHA1:           crypto.SHA1,
	algSHA256:         crypto.SHA256,
	nsMore + "sha384": crypto.SHA384,
	NSEnc + "sha512":  crypto.SHA512,
}

// signatureAlgorithm is what a SignatureMethod or SigAlg stands for.
type signatureAlgorithm struct {
	digest crypto.Hash
	ecdsa  bool
}

var signatureAlgorithms = map[string]signatureAlgorithm{
	algRSASHA1:            {digest: crypto.SHA1},
	algRSASHA256:          {digest: crypto.SHA256},
	nsMore + "rsa-sha384": {digest: crypto.SHA384},
	nsMore + "rsa-sha512": {digest: crypto.SHA512},
	algECDSASHA1:          {digest: crypto.SHA1, ecdsa: true},
	algECDSASHA2:          {digest: crypto.SHA256, ecdsa: true},
	algECDSASHA3:          {digest: crypto.SHA384, ecdsa: true},
	algECDSASHA5:          {digest: crypto.SHA512, ecdsa: true},
}

// digestOf returns the hash of a DigestMethod.
func digestOf(name string, o VerifyOptions) (crypto.Hash, error) {
	digest, ok := digestAlgorithms[name]
	switch {
	case !ok:
		return 0, fail(InvalidSignature, "the digest algorithm %s is not supported", quoted(name))
	case digest == crypto.SHA1 && !o.AllowSHA1:
		return 0, fail(InvalidSignature, "the digest algorithm %s uses SHA-1: %s", quoted(name), sha1Advice)
	}
	return digest, nil
}

// signatureOf returns the algorithm of a SignatureMethod or SigAlg.
func signatureOf(name string, o VerifyOptions) (signatureAlgorithm, error) {
	algorithm, ok := signatureAlgorithms[name]
	switch {
	case !ok:
		return algorithm, fail(InvalidSignature, "the signature algorithm %s is not supported", quoted(name))
	case algorithm.digest == crypto.SHA1 && !o.AllowSHA1:
		return algorithm, fail(InvalidSignature, "the signature algorithm %s uses SHA-1: %s", quoted(name), sha1Advice)
	}
	return algorithm, nil
}

// verify tries all keys on a signature of message.
func (a signatureAlgorithm) verify(keys []crypto.PublicKey, message, value []byte) error {
	if len(keys) == 0 {
		return fail(InvalidKey, "there is no key to verify the signature with")
	}
	if len(keys) > maxKeys {
		return fail(InvalidKey, "there are %d keys to verify the signature with: at most %d are supported", len(keys), maxKeys)
	}
	h := a.digest.New()
	h.Write(message)
	sum := h.Sum(nil)
	usable := 0
	for _, key := range keys {
		switch key := key.(type) {
		case *rsa.PublicKey:
			if a.ecdsa || !strongRSA(key) {
				continue
			}
			usable++
			if rsa.VerifyPKCS1v15(key, a.digest, sum, value) == nil {
				return nil
			}
		case *ecdsa.PublicKey:
			if !a.ecdsa || !knownCurve(key) {
				continue
			}
			usable++
			if r, s, ok := splitECDSA(key, value); ok && ecdsa.Verify(key, sum, r, s) {
				return nil
			}
		}
	}
	if usable == 0 {
		return fail(InvalidSignature, "none of the %d keys is of the kind that the signature algorithm needs: RSA of %d to %d bits, or ECDSA on P-256, P-384 or P-521",
			len(keys), minRSABits, maxRSABits)
	}
	return fail(InvalidSignature, "the signature was made with none of the %d keys: %s", len(keys), changedAdvice)
}

func strongRSA(key *rsa.PublicKey) bool {
	return key != nil && key.N != nil && key.N.BitLen() >= minRSABits && key.N.BitLen() <= maxRSABits
}

func knownCurve(key *ecdsa.PublicKey) bool {
	if key == nil || key.Curve == nil {
		return false
	}
	switch key.Curve.Params().Name {
	case "P-256", "P-384", "P-521":
		return true
	}
	return false
}

// splitECDSA reads the form of XML Signature: r and s, each as long as the
// curve's order (section 6.4.3).
func splitECDSA(key *ecdsa.PublicKey, value []byte) (r, s *big.Int, ok bool) {
	size := (key.Curve.Params().N.BitLen() + 7) / 8
	if len(value) != 2*size {
		return nil, nil, false
	}
	return new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:]), true
}

// algorithmFor returns what a key signs with: SHA-256 with RSA and P-256, and
// the hash that fits a larger curve.
func algorithmFor(key crypto.Signer) (name string, a signatureAlgorithm, err error) {
	if key == nil {
		return "", a, fail(InvalidKey, "there is no key to sign with")
	}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		if strongRSA(public) {
			name = algRSASHA256
		}
	case *ecdsa.PublicKey:
		if knownCurve(public) {
			name = map[string]string{"P-256": algECDSASHA2, "P-384": algECDSASHA3, "P-521": algECDSASHA5}[public.Curve.Params().Name]
		}
	}
	if name == "" {
		return "", a, fail(InvalidKey, "the key to sign with must be RSA of %d to %d bits, or ECDSA on P-256, P-384 or P-521", minRSABits, maxRSABits)
	}
	return name, signatureAlgorithms[name], nil
}

// sign returns the value of a signature in the form of XML Signature.
func (a signatureAlgorithm) sign(key crypto.Signer, message []byte) ([]byte, error) {
	h := a.digest.New()
	h.Write(message)
	value, err := key.Sign(rand.Reader, h.Sum(nil), a.digest)
	if err != nil {
		return nil, fail(InvalidKey, "the key does not sign: %v", err)
	}
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return value, nil
	}
	var both struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(value, &both); err != nil || len(rest) > 0 || both.R.Sign() <= 0 || both.S.Sign() <= 0 {
		return nil, fail(InvalidKey, "the key does not sign in the form that crypto.Signer asks for")
	}
	size := (public.Curve.Params().N.BitLen() + 7) / 8
	if both.R.BitLen() > 8*size || both.S.BitLen() > 8*size {
		return nil, fail(InvalidKey, "the key does not sign in the form that crypto.Signer asks for")
	}
	out := make([]byte, 2*size)
	both.R.FillBytes(out[:size])
	both.S.FillBytes(out[size:])
	return out, nil
}

// fits reports whether a certificate is that of a key.
func fits(cert *x509.Certificate, public crypto.PublicKey) bool {
	comparable, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(public)
}
