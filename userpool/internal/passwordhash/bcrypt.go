package passwordhash

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptPassword is how much of a password bcrypt reads, in bytes.
const maxBcryptPassword = 72

// The cost of a bcrypt hash is the binary logarithm of its rounds; 14 is about a second.
const minBcryptCost, maxBcryptCost = 4, 14

// bcryptHash is a well-formed bcrypt string. The versions 2a, 2b and 2y say which faults an implementation had that were put right
// since; they mean the same here. A $2a$ hash that crypt_blowfish made of certain sequences of bytes that are no UTF-8 is not verified.
type bcryptHash string

var bcryptAlphabet = alphabet{
	base64.NewEncoding("./" + letters).WithPadding(base64.NoPadding), `base64 as bcrypt writes it, which begins with "./"`,
}

// parseBcrypt reads "12$" and 22 characters of salt and 31 of hash, all of which encoded holds with the version before them.
func parseBcrypt(encoded, rest string) (bcryptHash, error) {
	f, err := fields("bcrypt", rest, "cost", "salt and hash")
	if err != nil {
		return "", err
	}
	if len(f[0]) != 2 {
		return "", errors.New("passwordhash: the cost of bcrypt must have two digits")
	}
	if _, err := number("bcrypt", strings.TrimPrefix(f[0], "0"), bound{"cost", minBcryptCost, maxBcryptCost}); err != nil {
		return "", err
	}
	if len(f[1]) != 22+31 {
		return "", fmt.Errorf("passwordhash: the salt and hash of bcrypt have %d characters together; they must have 53", len(f[1]))
	}
	if _, err := bcryptAlphabet.decode("bcrypt", "salt", f[1][:22], 16, 16); err != nil {
		return "", err
	}
	if _, err := bcryptAlphabet.decode("bcrypt", "hash", f[1][22:], 23, 23); err != nil {
		return "", err
	}
	return bcryptHash(encoded), nil
}

// verify does the work for a password that bcrypt cannot tell from others, too: how long the answer takes must not tell what kind of hash
// a user has.
func (h bcryptHash) verify(password string) bool {
	whole := len(password) <= maxBcryptPassword && !strings.Contains(password, "\x00")
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte(password[:min(len(password), maxBcryptPassword)]))
	return whole && err == nil
}

func (bcryptHash) memory() int { return 8 << 10 }
