package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"math"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// Algorithm is a JWS signature algorithm by its registered name (RFC 7518
// section 3.1, RFC 8037 section 3.1). A key has exactly one.
type Algorithm string

// The algorithms that are signed with and accepted.
const (
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256, keys of 2048 to 8192 bits
	RS512 Algorithm = "RS512" // RSASSA-PKCS1-v1_5 with SHA-512, keys as for RS256
	ES256 Algorithm = "ES256" // ECDSA with P-256 and SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

// PS256 is signed with by a [Signer] only; no token that has it is accepted.
const PS256 Algorithm = "PS256" // RSASSA-PSS with SHA-256 and a salt of 32 bytes, keys as for RS256

const (
	minRSABits     = 2048
	maxRSABits     = 8192
	minRSAExponent = 65537
	maxRSAExponent = math.MaxInt32 // crypto/rsa takes no larger one
	maxKeyID       = 256
)

// PublicKey is a key to verify with, as a JWK set holds it. Only NewPublicKey
// and ParseKeySet make one that has been checked.
type PublicKey struct {
	ID        string           // kid; "" when the key set gave none
	Algorithm Algorithm        // the one algorithm that this key is for
	Key       crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	// Issuer is the member "issuer" of the key in its set, or "" when that is not
	// text. It is no registered member: Entra ID names in it whose tokens the key
	// may sign, in the key set that its tenants share. Verify does not look at it.
	Issuer string
}

// NewPublicKey returns key as the one with the given id, to be used with alg
// only. id is printable ASCII of at most 256 bytes, and may be empty. key is an
// *rsa.PublicKey of 2048 to 8192 bits with an odd exponent from 65537 to 2^31-1
// for RS256 or RS512, an *ecdsa.PublicKey on P-256 for ES256, an ed25519.PublicKey for
// EdDSA. Anything else, also a point off the curve or of small order, is refused
// with reason ErrKey.
func NewPublicKey(id string, alg Algorithm, key crypto.PublicKey) (PublicKey, error) {
	if !validKeyID(id) {
		return PublicKey{}, refuse(ErrKey, "key ID %.64q is not printable ASCII of at most %d bytes", id, maxKeyID)
	}
	if err := checkKey(alg, key); err != nil {
		return PublicKey{}, err
	}
	return PublicKey{ID: id, Algorithm: alg, Key: key}, nil
}

func validKeyID(id string) bool { return len(id) <= maxKeyID && isPrintable(id) }

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// checkKey says whether key is one that alg may be verified with. It is asked
// again for every token: a key source is the caller's code.
func checkKey(alg Algorithm, key crypto.PublicKey) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if alg == RS256 || alg == RS512 {
			return checkRSA(key)
		}
	case *ecdsa.PublicKey:
		if alg == ES256 {
			return checkP256(key)
		}
	case ed25519.PublicKey:
		if alg == EdDSA {
			return checkEd25519(key)
		}
	}
	return refuse(ErrKey, "a key of type %T is not one for algorithm %.20q; keys are for RS256, RS512, ES256 or EdDSA", key, string(alg))
}

func checkRSA(key *rsa.PublicKey) error {
	if key == nil || key.N == nil {
		return refuse(ErrKey, "RSA key without a modulus")
	}
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits || key.N.Sign() < 0 || key.N.Bit(0) == 0 {
		return refuse(ErrKey, "RSA modulus of %d bits; it must be odd and have %d to %d", bits, minRSABits, maxRSABits)
	}
	if key.E < minRSAExponent || key.E > maxRSAExponent || key.E&1 == 0 {
		return refuse(ErrKey, "RSA exponent %d; it must be odd and from %d to %d", key.E, minRSAExponent, maxRSAExponent)
	}
	return nil
}

func checkP256(key *ecdsa.PublicKey) error {
	//lint:ignore SA1019 The coordinates are only compared with nil, on which Bytes would panic.
	if key == nil || key.Curve != elliptic.P256() || key.X == nil || key.Y == nil {
		return refuse(ErrKey, "ECDSA key is not on curve P-256, the one of ES256")
	}
	if _, err := key.Bytes(); err != nil { // refuses coordinates out of range and points off the curve
		return wrap(ErrKey, err, "ECDSA key is not a point of P-256")
	}
	return nil
}

// smallOrder holds the y coordinates of the Ed25519 points of order 1, 2, 4 and
// 8, with every encoding that is decoded to them, without the sign bit. Under
// such a key a signature that nobody made verifies.
var smallOrder = [][]byte{
	unhex("0000000000000000000000000000000000000000000000000000000000000000"),
	unhex("0100000000000000000000000000000000000000000000000000000000000000"),
	unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
	unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
	unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	unhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
}

// unhex is for constants of this package, which its tests prove to be sound.
func unhex(s string) []byte {
	b, _ := hex.DecodeString(s)
	return b
}

func checkEd25519(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return refuse(ErrKey, "Ed25519 key of %d bytes instead of %d", len(key), ed25519.PublicKeySize)
	}
	var y [ed25519.PublicKeySize]byte
	copy(y[:], key)
	y[31] &= 0x7f
	for _, weak := range smallOrder {
		if bytes.Equal(y[:], weak) {
			return refuse(ErrKey, "Ed25519 key is a point of small order")
		}
	}
	return nil
}

// thumbprint returns the SHA-256 JWK thumbprint of a public key (RFC 7638) in
// base64url: the key ID of every key that this package makes.
func thumbprint(key crypto.PublicKey) (string, error) {
	k, err := jwk.FromRaw(key)
	if err != nil {
		return "", wrap(ErrKey, err, "no JWK of a %T", key)
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", wrap(ErrKey, err, "no thumbprint of a %T", key)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
