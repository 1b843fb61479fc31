package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// Hash returns the SHA-256 of s in base64url without padding, 43 characters. It is also the S256 transformation of a PKCE verifier (RFC
// 7636 section 4.2). It is good for what nobody can guess, such as a state; a password is none of that.
func Hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Equal reports whether a and b are the same, in a time that does not tell where they differ. Their lengths are no secret.
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
