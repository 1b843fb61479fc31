package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
)

// SignerConfig is a key that was made elsewhere, and how others find it.
type SignerConfig struct {
	// Key signs: RSA of 2048 to 8192 bits, ECDSA on P-256 or Ed25519. It may be
	// one whose private half is in a device or a service. Required.
	Key crypto.Signer
	// Algorithm is RS256, PS256, ES256 or EdDSA, and has to suit the key. ""
	// means RS256, ES256 or EdDSA by the type of the key.
	Algorithm Algorithm
	// KeyID is kid, and CertificateSHA256 the SHA-256 hash of the DER of a
	// certificate, for x5t#S256 (RFC 7515 section 4.1.8). One of them is required.
	KeyID             string
	CertificateSHA256 []byte
	// Rand is what Key.Sign is given. Nil means crypto/rand.Reader. It must be
	// safe for concurrent use.
	Rand io.Reader
}

// Signer signs tokens with a key that was made elsewhere: client assertions (RFC
// 7523) with the key that a provider knows the client by. It is safe for
// concurrent use if its key is.
type Signer struct {
	key    crypto.Signer
	alg    Algorithm
	header map[string]string
	rand   io.Reader
}

// NewSigner checks config, whose key must be one that SignerConfig describes; if
// not, the error has the reason ErrKey.
func NewSigner(config SignerConfig) (*Signer, error) {
	if config.Key == nil {
		return nil, refuse(ErrKey, "there is no key to sign with")
	}
	alg, err := algorithmFor(config.Key.Public(), config.Algorithm)
	if err != nil {
		return nil, err
	}
	s := &Signer{key: config.Key, alg: alg, header: map[string]string{"alg": string(alg)}, rand: config.Rand}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if !validKeyID(config.KeyID) {
		return nil, refuse(ErrKey, "key ID %.64q is not printable ASCII of at most %d bytes", config.KeyID, maxKeyID)
	}
	if config.KeyID != "" {
		s.header["kid"] = config.KeyID
	}
	switch len(config.CertificateSHA256) {
	case sha256.Size:
		s.header["x5t#S256"] = base64.RawURLEncoding.EncodeToString(config.CertificateSHA256)
	case 0:
		if config.KeyID == "" {
			return nil, refuse(ErrKey, "neither a key ID nor a certificate says which key it is")
		}
	default:
		return nil, refuse(ErrKey, "the certificate's SHA-256 hash has %d bytes", len(config.CertificateSHA256))
	}
	return s, nil
}

// algorithmFor returns the algorithm to sign with, which is asked for or, if that is "",
// goes without saying for the type of key.
func algorithmFor(key crypto.PublicKey, asked Algorithm) (Algorithm, error) {
	var alg Algorithm
	switch key.(type) {
	case *rsa.PublicKey:
		alg = RS256
	case *ecdsa.PublicKey:
		alg = ES256
	case ed25519.PublicKey:
		alg = EdDSA
	}
	if err := checkKey(alg, key); err != nil {
		return "", err
	}
	if asked == "" || asked == alg {
		return alg, nil
	}
	if asked == PS256 && alg == RS256 {
		return PS256, nil
	}
	return "", refuse(ErrKey, "algorithm %.20q is not one for a key of type %T", string(asked), key)
}

// Sign returns claims as a JWS in compact serialization with a header of alg,
// kid or x5t#S256 or both, and typ unless that is "". What it refuses is what
// [PrivateKey.Sign] refuses.
func (s *Signer) Sign(typ string, claims map[string]any) (string, error) {
	if len(typ) > maxType || !isPrintable(typ) {
		return "", refuse(ErrClaims, "typ %.64q is not printable ASCII of at most %d bytes", typ, maxType)
	}
	header := make(map[string]string, len(s.header)+1)
	for name, value := range s.header {
		header[name] = value
	}
	if typ != "" {
		header["typ"] = typ
	}
	head, err := json.Marshal(header)
	if err != nil {
		return "", wrap(ErrClaims, err, "header cannot be written")
	}
	payload, err := encodeClaims(claims)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	input := append(b64.AppendEncode(nil, head), '.')
	input = b64.AppendEncode(input, payload)
	signature, err := s.sign(input)
	if err != nil {
		return "", err
	}
	token := b64.AppendEncode(append(input, '.'), signature)
	if len(token) > maxToken {
		return "", refuse(ErrClaims, "token of %d bytes is longer than %d: sign fewer or shorter claims", len(token), maxToken)
	}
	return string(token), nil
}

// sign signs as RFC 7518 sections 3.3 to 3.5 and RFC 8037 section 3.1 say.
func (s *Signer) sign(input []byte) ([]byte, error) {
	sum := sha256.Sum256(input)
	digest, options := sum[:], crypto.SignerOpts(crypto.SHA256)
	switch s.alg {
	case PS256:
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	case EdDSA:
		digest, options = input, crypto.Hash(0)
	}
	signature, err := s.key.Sign(s.rand, digest, options)
	if err != nil {
		return nil, wrap(ErrKey, err, "signing with %s", s.alg)
	}
	if s.alg != ES256 {
		return signature, nil
	}
	var der struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &der); err != nil || len(rest) > 0 ||
		der.R.Sign() <= 0 || der.S.Sign() <= 0 || der.R.BitLen() > 256 || der.S.BitLen() > 256 {
		return nil, refuse(ErrKey, "the key's ES256 signature is not an ASN.1 pair of r and s")
	}
	raw := make([]byte, 64)
	der.R.FillBytes(raw[:32])
	der.S.FillBytes(raw[32:])
	return raw, nil
}
