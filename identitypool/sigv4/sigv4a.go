package sigv4

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxRegions bounds the regions of X-Amz-Region-Set.
const maxRegions = 64

// keyV4A derives the key of SigV4A from a secret access key: a key derivation
// in counter mode (NIST SP 800-108) with HMAC-SHA256, by the testing of random
// candidates (FIPS 186-4, B.4.2).
func keyV4A(secret, keyID string) (*ecdsa.PrivateKey, error) {
	input := append([]byte("AWS4A"), secret...)
	var room macRoom
	for counter := byte(1); counter != 0; counter++ {
		fixed := append([]byte{0, 0, 0, 1}, algorithmV4A...)
		fixed = append(append(fixed, 0), keyID...)
		fixed = append(fixed, counter, 0, 0, 1, 0) // the length of the key in bits, 256
		candidate := room.mac(input, fixed)
		if !belowOrder(&candidate) {
			continue
		}
		increment(&candidate)
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), candidate[:])
	}
	// Each candidate fails once in 2³².
	return nil, refuse(UnsupportedSignature, "no key for %s can be derived from this secret", algorithmV4A)
}

// orderMinusTwo is the order of P-256, less 2.
var orderMinusTwo = [32]byte{
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
}

// belowOrder reports whether candidate is at most the order less 2, in a time
// that does not depend on it.
func belowOrder(candidate *[32]byte) bool {
	borrow := 0
	for i := len(orderMinusTwo) - 1; i >= 0; i-- {
		borrow = (int(orderMinusTwo[i]) - int(candidate[i]) - borrow) >> 8 & 1
	}
	return borrow == 0
}

// increment adds one, in a time that does not depend on what it adds to.
func increment(number *[32]byte) {
	carry := 1
	for i := len(number) - 1; i >= 0; i-- {
		carry += int(number[i])
		number[i] = byte(carry)
		carry >>= 8
	}
}

func verifyV4A(secret, keyID string, text, signature []byte) (bool, error) {
	key, err := keyV4A(secret, keyID)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(text)
	return ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature), nil
}

// signV4A makes a signature without randomness (RFC 6979).
func signV4A(secret, keyID string, text []byte) (string, error) {
	key, err := keyV4A(secret, keyID)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	signature, err := key.Sign(nil, sum[:], crypto.SHA256)
	return hex.EncodeToString(signature), err
}

// inRegionSet reports whether a region is in X-Amz-Region-Set: names separated
// by commas, in which * stands for any characters.
func inRegionSet(set, region string) (bool, error) {
	if set == "" {
		return false, refuse(IncompleteSignature, "the request has no X-Amz-Region-Set, which %s needs", algorithmV4A)
	}
	in := false
	for i, rest, more := 0, set, true; more; i++ {
		var pattern string
		pattern, rest, more = strings.Cut(rest, ",")
		pattern = strings.Trim(pattern, " ")
		if pattern == "" || i == maxRegions || strings.Count(pattern, "*") > 1 {
			return false, refuse(IncompleteSignature, "X-Amz-Region-Set is not 1 to %d regions, each with one * at most", maxRegions)
		}
		before, after, wild := strings.Cut(pattern, "*")
		in = in || pattern == region ||
			wild && len(region) >= len(before)+len(after) && strings.HasPrefix(region, before) && strings.HasSuffix(region, after)
	}
	return in, nil
}
