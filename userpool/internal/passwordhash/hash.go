package passwordhash

import (
	"errors"
	"fmt"
	"strings"
)

// MaxPassword is the size of the largest password in bytes. New refuses a larger one, and no hash verifies it.
const MaxPassword = 1024

// maxEncoded is the size of the largest string that Parse looks into, in bytes.
const maxEncoded = 1024

// Hash is a password hash that Parse has found bearable. The zero Hash verifies no password. It may be used by several goroutines at once.
type Hash struct {
	scheme scheme
}

// scheme is a hash of one format.
type scheme interface {
	// verify compares in constant time. The password has at most MaxPassword bytes.
	verify(password string) bool
	// memory is what verify allocates, in bytes.
	memory() int
}

// Parse reads a hash in one of the forms that the package documentation lists. The error names the parameter that is malformed or too
// large, and its bounds; it may be shown to whoever imports users. Parsing costs next to nothing, whatever the string says.
func Parse(encoded string) (Hash, error) {
	if len(encoded) > maxEncoded {
		return Hash{}, fmt.Errorf("passwordhash: a password hash has %d bytes; it must have at most %d", len(encoded), maxEncoded)
	}
	if rest, django := strings.CutPrefix(encoded, "pbkdf2_sha256$"); django {
		return parsed(parseDjango(rest))
	}
	start, rest, _ := strings.Cut(encoded, "$")
	kind, rest, _ := strings.Cut(rest, "$")
	if start != "" {
		return Hash{}, errUnknown
	}
	switch kind {
	case "argon2id", "argon2i":
		return parsed(parseArgon2(kind, rest))
	case "2a", "2b", "2y":
		return parsed(parseBcrypt(encoded, rest))
	case "scrypt":
		return parsed(parseScrypt(rest))
	case "pbkdf2-sha256", "pbkdf2-sha512":
		return parsed(parsePBKDF2(kind, rest))
	case firebaseKind:
		return parsed(parseFirebase(rest))
	}
	if why, known := unsupported[kind]; known {
		return Hash{}, fmt.Errorf("passwordhash: %s is not supported: %s", kind, why)
	}
	return Hash{}, errUnknown
}

func parsed[S scheme](s S, err error) (Hash, error) {
	if err != nil {
		return Hash{}, err
	}
	return Hash{s}, nil
}

var errUnknown = errors.New("passwordhash: this is no password hash of a supported format, which are argon2id, argon2i, " +
	"bcrypt ($2a$, $2b$, $2y$), scrypt, pbkdf2-sha256, pbkdf2-sha512, Django's pbkdf2_sha256 and firebase-scrypt")

// unsupported are the formats that somebody may bring and that are refused on purpose.
var unsupported = map[string]string{
	"argon2d": "golang.org/x/crypto/argon2 has no argon2d, which RFC 9106 does not advise for passwords: its memory accesses depend on them",
	"2":       "this first version of bcrypt cannot tell a password from its repetition",
	"2x":      "it marks bcrypt hashes of a faulty implementation, which mixes up passwords with characters beyond ASCII",
	"pbkdf2":  "it is PBKDF2 with SHA-1; only SHA-256 and SHA-512 are supported",
	"1":       "MD5 is too fast for passwords",
	"5":       "sha256crypt has no implementation here",
	"6":       "sha512crypt has no implementation here",
	"y":       "yescrypt has no implementation here",
}

// Verify tells whether the password is the one that was hashed. It takes as long for a wrong password as for the right one. A password of
// more than MaxPassword bytes is never right, and is refused at once.
func (h Hash) Verify(password string) bool {
	return h.scheme != nil && len(password) <= MaxPassword && h.scheme.verify(password)
}

// Current tells whether the hash is argon2id and costs an attacker at least what New's do: in memory, passes, salt and length, each. When
// it says no, hash the password anew as soon as Verify has said yes.
func (h Hash) Current() bool {
	a, ok := h.scheme.(argon2Hash)
	return ok && a.id && a.memoryKiB >= newMemory && a.passes >= newPasses && len(a.salt) >= newSalt && len(a.key) >= newKey
}

// Memory is what one Verify allocates, in bytes, to within a few KiB: from 4 KiB to 256 MiB, and 19 MiB for a hash that New made. A
// semaphore can be weighed with it.
func (h Hash) Memory() int {
	if h.scheme == nil {
		return 0
	}
	return h.scheme.memory()
}
