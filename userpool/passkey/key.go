package passkey

import (
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// The COSE parameters of the keys that are accepted (RFC 9053, 7.1 and 7.2; Level 3, 5.8.5).
const (
	curveP256    = 1
	curveEd25519 = 6

	minRSABits = 2048
	maxRSABits = 4096 // a signature is verified in less than a millisecond
)

// checkKey reads a COSE_Key of one of the algorithms, refuses one that is weak or broken, and returns it in the canonical form of CTAP2,
// with the parameters that it must have and no others.
//
// The library looks at the key of a registration without attestation as little as at its algorithm, so that all is checked here.
func checkKey(cose []byte) ([]byte, error) {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return nil, refuse(ErrUnsupported, "the public key: %s", clean(err.Error()))
	}
	canonical := map[int]any{}
	switch k := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		if k.Algorithm != algES256 || k.Curve != curveP256 {
			return nil, refuse(ErrUnsupported, "an elliptic curve key for the algorithm %d on the curve %d: it must be ES256 on P-256", k.Algorithm, k.Curve)
		}
		canonical[1], canonical[3], canonical[-1], canonical[-2], canonical[-3] = k.KeyType, k.Algorithm, k.Curve, k.XCoord, k.YCoord
	case webauthncose.OKPPublicKeyData:
		if k.Algorithm != algEdDSA || k.Curve != curveEd25519 {
			return nil, refuse(ErrUnsupported, "an octet key pair for the algorithm %d on the curve %d: it must be EdDSA on Ed25519", k.Algorithm, k.Curve)
		}
		if err := checkEd25519(k.XCoord); err != nil {
			return nil, err
		}
		canonical[1], canonical[3], canonical[-1], canonical[-2] = k.KeyType, k.Algorithm, k.Curve, k.XCoord
	case webauthncose.RSAPublicKeyData:
		if k.Algorithm != algRS256 {
			return nil, refuse(ErrUnsupported, "an RSA key for the algorithm %d: it must be RS256", k.Algorithm)
		}
		if err := checkRSA(k); err != nil {
			return nil, err
		}
		canonical[1], canonical[3], canonical[-1], canonical[-2] = k.KeyType, k.Algorithm, k.Modulus, k.Exponent
	default:
		return nil, refuse(ErrUnsupported, "a public key of a type that was not asked for")
	}
	out, err := webauthncbor.Marshal(canonical)
	if err != nil {
		return nil, refuse(ErrUnsupported, "the public key: %s", clean(err.Error()))
	}
	return out, nil
}

func checkRSA(k webauthncose.RSAPublicKeyData) error {
	if len(k.Modulus) > 2*maxRSABits/8 {
		return refuse(ErrUnsupported, "an RSA key of more than %d bits", maxRSABits)
	}
	n, e := new(big.Int).SetBytes(k.Modulus), new(big.Int).SetBytes(k.Exponent)
	switch bits := n.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		return refuse(ErrUnsupported, "an RSA key of %d bits: it must have %d to %d", bits, minRSABits, maxRSABits)
	case n.Bit(0) == 0:
		return refuse(ErrUnsupported, "an RSA key with an even modulus")
	case e.Bit(0) == 0 || e.BitLen() < 2 || e.BitLen() > 31:
		return refuse(ErrUnsupported, "an RSA key whose exponent is not odd, or not from 3 to 2^31")
	}
	return nil
}

// The curve of Ed25519 (RFC 8032, 5.1): -x² + y² = 1 + d x² y² modulo p.
var (
	edP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	edD = new(big.Int).Mod(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), edP)), edP)
)

// checkEd25519 refuses what is not a point of the curve in its one encoding, and the points of small order, under which one signature
// fits many messages. crypto/ed25519 verifies with any of them.
func checkEd25519(encoded []byte) error {
	little := slices.Clone(encoded)
	slices.Reverse(little)
	little[0] &= 0x7f // without the sign of x, which decides nothing here
	y := new(big.Int).SetBytes(little)
	if y.Cmp(edP) >= 0 {
		return refuse(ErrUnsupported, "an Ed25519 key that is not encoded as it must be")
	}
	one, y2 := big.NewInt(1), new(big.Int).Mul(y, y)
	denominator := new(big.Int).Mul(edD, y2)
	denominator.Mod(denominator.Add(denominator, one), edP) // never 0: -1/d is not a square
	x2 := new(big.Int).Sub(y2, one)
	x2.Mod(x2.Mul(x2, new(big.Int).ModInverse(denominator, edP)), edP)
	x := new(big.Int).ModSqrt(x2, edP)
	if x == nil {
		return refuse(ErrUnsupported, "an Ed25519 key that is not a point of the curve")
	}
	for range 3 {
		x, y = edDouble(x, y)
	}
	if x.Sign() == 0 && y.Cmp(one) == 0 {
		return refuse(ErrUnsupported, "an Ed25519 key of small order")
	}
	return nil
}

// edDouble adds a point to itself: x' = 2xy/(1+dx²y²), y' = (y²+x²)/(1-dx²y²).
func edDouble(x, y *big.Int) (*big.Int, *big.Int) {
	one := big.NewInt(1)
	xy := new(big.Int).Mul(x, y)
	t := new(big.Int).Mul(xy, xy)
	t.Mod(t.Mul(t, edD), edP)
	x2, y2 := new(big.Int).Mul(x, x), new(big.Int).Mul(y, y)
	outX := new(big.Int).Mul(xy.Lsh(xy, 1), new(big.Int).ModInverse(new(big.Int).Add(one, t), edP))
	outY := new(big.Int).Mul(y2.Add(y2, x2), new(big.Int).ModInverse(new(big.Int).Mod(new(big.Int).Sub(one, t), edP), edP))
	return outX.Mod(outX, edP), outY.Mod(outY, edP)
}
