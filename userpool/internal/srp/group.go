package srp

import (
	"crypto/sha256"
	"math/big"
)

// size is the length of N in bytes.
const size = 384

// hexN is the prime of the 3072-bit MODP group (RFC 3526 group 15), which RFC 5054 uses too, but with another generator.
const hexN = "" +
	"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
	"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
	"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F" +
	"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
	"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510" +
	"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7" +
	"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
	"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"

// The group. N is a safe prime, and g generates the half of the numbers below N that are squares: see the doc of the package for what that
// would tell, and how it is avoided. k is SHA256(pad(N) || pad(g)).
var (
	bigN, _  = new(big.Int).SetString(hexN, 16)
	one      = big.NewInt(1)
	minusOne = new(big.Int).Sub(bigN, one)
	g        = big.NewInt(2)
	k        = hashed(bigN, g)
)

// maths are the two operations that tests count or replace.
type maths struct {
	exp func(base, exponent *big.Int) *big.Int // modulo N
	u   func(publicA, publicB *big.Int) *big.Int
}

var plainMaths = maths{
	exp: func(base, exponent *big.Int) *big.Int { return new(big.Int).Exp(base, exponent, bigN) },
	u:   func(publicA, publicB *big.Int) *big.Int { return hashed(publicA, publicB) },
}

// pad returns the two's complement of a number that is not negative, in as few bytes as possible, as Java's BigInteger.toByteArray does:
// a zero byte comes first if the highest bit of the rest is set, and no other leading zeros are there.
func pad(i *big.Int) []byte {
	return i.FillBytes(make([]byte, i.BitLen()/8+1))
}

// hashed returns SHA256(pad(a) || pad(b)) as a number.
func hashed(a, b *big.Int) *big.Int {
	hash := sha256.New()
	hash.Write(pad(a))
	hash.Write(pad(b))
	return new(big.Int).SetBytes(hash.Sum(nil))
}

// usable reports whether a number is between 2 and N-2: 0 would make every secret 0, and 1 and N-1 have powers that anybody can guess.
func usable(i *big.Int) bool {
	return i.Cmp(one) > 0 && i.Cmp(minusOne) < 0
}

// element returns bytes as a number of the group. If they are none, ok is 0 and the number is another one, with which the same work can be
// done as with a right one.
func element(bytes []byte) (i *big.Int, ok int) {
	if len(bytes) <= size+1 {
		if i := new(big.Int).SetBytes(bytes); usable(i) {
			return i, 1
		}
	}
	return new(big.Int).Rsh(bigN, 1), 0
}
