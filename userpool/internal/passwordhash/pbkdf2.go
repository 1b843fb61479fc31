package passwordhash

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"fmt"
	"hash"
	"strings"
)

// maxPBKDF2Work bounds the iterations of all blocks of a hash: about two seconds with SHA-512, less with SHA-256.
const maxPBKDF2Work = 4_000_000

var boundIterations = bound{"i", 1, maxPBKDF2Work}

// pbkdf2Hash is PBKDF2 (RFC 8018, section 5.2) with HMAC-SHA-256 or HMAC-SHA-512.
type pbkdf2Hash struct {
	sha512     bool
	iterations int
	salt, key  []byte
}

// parsePBKDF2 reads the PHC form "i=600000$salt$hash" or "i=600000,l=32$salt$hash", and passlib's "29000$salt$hash".
func parsePBKDF2(kind, rest string) (pbkdf2Hash, error) {
	f, err := fields(kind, rest, "iterations", "salt", "hash")
	if err != nil {
		return pbkdf2Hash{}, err
	}
	h := pbkdf2Hash{sha512: kind == "pbkdf2-sha512"}
	form, length := plain, 0
	switch {
	case !strings.Contains(f[0], "="):
		form = passlib
		h.iterations, err = number(kind, f[0], boundIterations)
	case strings.Contains(f[0], ","):
		var n []int
		if n, err = parameters(kind, f[0], boundIterations, bound{"l", minKey, maxKey}); err == nil {
			h.iterations, length = n[0], n[1]
		}
	default:
		var n []int
		if n, err = parameters(kind, f[0], boundIterations); err == nil {
			h.iterations = n[0]
		}
	}
	if err != nil {
		return pbkdf2Hash{}, err
	}
	if h.salt, h.key, err = form.saltAndKey(kind, f[1], f[2], minSalt); err != nil {
		return pbkdf2Hash{}, err
	}
	if length != 0 && length != len(h.key) {
		return pbkdf2Hash{}, fmt.Errorf("passwordhash: the parameter l of %s is %d, but the hash has %d bytes", kind, length, len(h.key))
	}
	return h, h.check(kind)
}

// parseDjango reads "1000000$salt$hash", where the salt is not encoded at all.
func parseDjango(rest string) (pbkdf2Hash, error) {
	const kind = "pbkdf2_sha256"
	f, err := fields(kind, rest, "iterations", "salt", "hash")
	if err != nil {
		return pbkdf2Hash{}, err
	}
	iterations, err := number(kind, f[0], boundIterations)
	if err != nil {
		return pbkdf2Hash{}, err
	}
	if err := (bound{"salt (in bytes)", minSalt, maxSalt}).check(kind, uint64(len(f[1]))); err != nil {
		return pbkdf2Hash{}, err
	}
	key, err := padded.decode(kind, "hash", f[2], sha256.Size, sha256.Size)
	if err != nil {
		return pbkdf2Hash{}, err
	}
	return pbkdf2Hash{iterations: iterations, salt: []byte(f[1]), key: key}, nil
}

func (h pbkdf2Hash) check(kind string) error {
	size := sha256.Size
	if h.sha512 {
		size = sha512.Size
	}
	if blocks := (len(h.key) + size - 1) / size; h.iterations*blocks > maxPBKDF2Work {
		return fmt.Errorf("passwordhash: the parameter i of %s is %d, for each of %d blocks; it must be at most %d for all together",
			kind, h.iterations, blocks, maxPBKDF2Work)
	}
	return nil
}

func (h pbkdf2Hash) verify(password string) bool {
	var function func() hash.Hash = sha256.New
	if h.sha512 {
		function = sha512.New
	}
	key, err := pbkdf2.Key(function, password, h.salt, h.iterations, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

func (pbkdf2Hash) memory() int { return 4 << 10 }
