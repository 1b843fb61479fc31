package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"math/big"
)

const (
	keySize          = 16 // of K
	maxBlockSize     = 4096
	maxTimestampSize = 64
)

// Claim is what a client answers to a challenge, as it was received.
type Claim struct {
	Signature   string // PASSWORD_CLAIM_SIGNATURE
	SecretBlock string // PASSWORD_CLAIM_SECRET_BLOCK
	Timestamp   string // TIMESTAMP
}

// Verify reports whether a claim proves that the client knows the password of v. group and user are those that v was made for, and v is
// that of the challenge, read again or not: if the password was changed in between, neither the old nor the new one verifies.
//
// Whether v is real or [Fake], and whether the signature is wrong or is no signature at all, the same exponentiations are done, and the
// signature is compared in constant time. Verify does not judge the time that was signed: see [ParseTimestamp].
func (c Challenge) Verify(v Verifier, group, user string, claim Claim) bool {
	return c.verify(plainMaths, v, group, user, claim)
}

// verify gathers in ok what is wrong, rather than return at once. A challenge or a verifier that is zero or damaged must be refused here:
// with a 0 or 1 for one of its numbers, anybody could compute the secret.
func (c Challenge) verify(m maths, v Verifier, group, user string, claim Claim) bool {
	publicA, okA := element(c.A)
	publicB, okB := element(c.B)
	numberV, okV := element(v.V)
	exponent, ok := new(big.Int).SetBytes(c.Secret), truth(len(c.Secret) == secretSize)
	if ok == 0 || exponent.Cmp(one) <= 0 {
		exponent, ok = k, 0
	}
	u := m.u(publicA, publicB)
	ok &= okA & okB & okV & truth(u.Sign() != 0)

	block, _ := decode(claim.SecretBlock, maxBlockSize) // nil if it is not base64, which equals no secret block
	ok &= truth(len(c.Block) > 0) & subtle.ConstantTimeCompare(block, c.Block)
	signature, _ := decode(claim.Signature, sha256.Size)
	ok &= truth(len(claim.Timestamp) <= maxTimestampSize)

	base := m.exp(numberV, u)
	base.Mod(base.Mul(base, publicA), bigN)
	secret := m.exp(base, exponent)

	// Where B was made of -g^b, the secret of the client is ±secret: the sign depends on its own exponent, which nobody else knows. Both
	// signatures are made in any case, for how long it takes must not tell how B was made.
	message := group + user + string(c.Block) + claim.Timestamp[:min(len(claim.Timestamp), maxTimestampSize)]
	plus, okPlus := sign(u, secret, message)
	minus, okMinus := sign(u, new(big.Int).Sub(bigN, secret), message)
	fits := okPlus&subtle.ConstantTimeCompare(signature, plus) |
		okMinus&subtle.ConstantTimeCompare(signature, minus)&truth(c.Negated)
	return ok&fits == 1
}

// sign returns the signature of message under the key that both sides make of the secret.
func sign(u, secret *big.Int, message string) (signature []byte, ok int) {
	key, err := sessionKey(u, secret)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return mac.Sum(nil), truth(err == nil)
}

// sessionKey returns K.
func sessionKey(u, secret *big.Int) ([]byte, error) {
	return hkdf.Key(sha256.New, pad(secret), pad(u), "Caldera Derived Key", keySize)
}

// truth returns 1 for true.
func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
