package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// maxPrivateKey bounds a private JWK: one of 8192 bits has about 7 KiB.
const maxPrivateKey = 64 << 10

// PrivateKey is a key to sign with. It is immutable and safe for concurrent use.
// Only GenerateKey and ParsePrivateKey make one that works.
type PrivateKey struct {
	signer crypto.Signer
	public PublicKey
}

// GenerateKey makes a key for alg: RSA of 2048 bits for RS256 and RS512, P-256 for ES256,
// Ed25519 for EdDSA. Its ID is its RFC 7638 thumbprint with SHA-256. random is
// handed to the key generation of the standard library; nil means
// crypto/rand.Reader. That library draws RSA and ECDSA keys from the system's
// source whatever it is given, so only an Ed25519 key can be made predictable.
func GenerateKey(alg Algorithm, random io.Reader) (*PrivateKey, error) {
	if random == nil {
		random = rand.Reader
	}
	var signer crypto.Signer
	var err error
	switch alg {
	case RS256, RS512:
		signer, err = rsa.GenerateKey(random, minRSABits)
	case ES256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), random)
	case EdDSA:
		_, signer, err = ed25519.GenerateKey(random)
	default:
		return nil, refuse(ErrKey, "algorithm %.20q is not supported; use RS256, RS512, ES256 or EdDSA", string(alg))
	}
	if err != nil {
		return nil, wrap(ErrKey, err, "generating a key for %s", alg)
	}
	id, err := thumbprint(signer.Public())
	if err != nil {
		return nil, err
	}
	return newPrivateKey(id, alg, signer)
}

func newPrivateKey(id string, alg Algorithm, signer crypto.Signer) (*PrivateKey, error) {
	public, err := NewPublicKey(id, alg, signer.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{signer: signer, public: public}, nil
}

// ParsePrivateKey reads what Marshal wrote: one private JWK with the members
// alg and kid. Its parts must belong together; a damaged key is refused with
// reason ErrKey or ErrMalformed. Errors hold nothing of the key.
func ParsePrivateKey(data []byte) (*PrivateKey, error) {
	if len(data) > maxPrivateKey {
		return nil, refuse(ErrMalformed, "private key of %d bytes is longer than %d", len(data), maxPrivateKey)
	}
	members, err := DecodeObject(data)
	if err != nil {
		return nil, err
	}
	id, _ := members["kid"].(string)
	alg, _ := members["alg"].(string)
	if id == "" || alg == "" {
		return nil, refuse(ErrMalformed, "private key without kid or alg")
	}
	// The library's own errors are left out: they may quote what they read.
	parsed, err := jwk.ParseKey(data)
	if err != nil {
		return nil, refuse(ErrMalformed, "private key %.64q is not a JWK", id)
	}
	var raw any
	if err := parsed.Raw(&raw); err != nil {
		return nil, refuse(ErrMalformed, "private key %.64q is incomplete", id)
	}
	signer, ok := rebuild(raw)
	if !ok {
		return nil, refuse(ErrKey, "private key %.64q is damaged, or not for RS256, RS512, ES256 or EdDSA", id)
	}
	return newPrivateKey(id, Algorithm(alg), signer)
}

// rebuild makes the key anew from its independent parts and reports whether
// the rest of raw agrees with them.
func rebuild(raw any) (crypto.Signer, bool) {
	switch raw := raw.(type) {
	case *rsa.PrivateKey:
		key := &rsa.PrivateKey{PublicKey: raw.PublicKey, D: raw.D, Primes: raw.Primes}
		if checkRSA(&key.PublicKey) != nil || key.Validate() != nil {
			return nil, false
		}
		key.Precompute()
		return key, true
	case *ecdsa.PrivateKey:
		if checkP256(&raw.PublicKey) != nil {
			return nil, false
		}
		scalar, err := raw.Bytes()
		if err != nil {
			return nil, false
		}
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
		if err != nil || !key.PublicKey.Equal(&raw.PublicKey) {
			return nil, false
		}
		return key, true
	case ed25519.PrivateKey:
		if len(raw) != ed25519.PrivateKeySize {
			return nil, false
		}
		key := ed25519.NewKeyFromSeed(raw.Seed())
		return key, bytes.Equal(key, raw)
	default:
		return nil, false
	}
}

// Marshal returns the key as a private JWK (RFC 7517) in JSON. Whoever reads it
// can sign: seal it before it is stored.
func (k *PrivateKey) Marshal() ([]byte, error) {
	parsed, err := jwkOf(k.signer, k.public)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(parsed)
	if err != nil {
		return nil, refuse(ErrKey, "private key %q cannot be written", k.public.ID)
	}
	return data, nil
}

// Public returns the key that verifies what this one signs.
func (k *PrivateKey) Public() PublicKey { return k.public }

// jwkOf returns raw, a private or public key, as a JWK with the attributes of public.
func jwkOf(raw any, public PublicKey) (jwk.Key, error) {
	key, err := jwk.FromRaw(raw)
	if err != nil {
		return nil, refuse(ErrKey, "no JWK of a %T", raw)
	}
	for name, value := range map[string]any{
		jwk.KeyIDKey:     public.ID,
		jwk.AlgorithmKey: jwa.SignatureAlgorithm(public.Algorithm),
		jwk.KeyUsageKey:  jwk.ForSignature,
	} {
		if err := key.Set(name, value); err != nil {
			return nil, wrap(ErrKey, err, "key %q", public.ID)
		}
	}
	return key, nil
}
