package pwned

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

const (
	// digestDigits is the length of a SHA-1 in hexadecimal, and prefixDigits, how much of it is sent.
	digestDigits = 40
	prefixDigits = 5
	suffixDigits = digestDigits - prefixDigits
)

// digest returns the SHA-1 of a password in upper-case hexadecimal. SHA-1 is but the name of the password in a public list, which is why
// FIPS mode may allow it.
func digest(password string) string {
	var sum [sha1.Size]byte
	fips140.WithoutEnforcement(func() { sum = sha1.Sum([]byte(password)) })
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
