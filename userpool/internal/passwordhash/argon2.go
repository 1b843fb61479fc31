package passwordhash

import (
	"crypto/subtle"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
)

// What New makes: argon2id with the first choice of OWASP's Password Storage Cheat Sheet.
const (
	newMemory = 19 * 1024 // KiB
	newPasses = 2
	newLanes  = 1
	newSalt   = 16 // bytes
	newKey    = 32 // bytes
)

// maxArgon2Work bounds memory times passes, in KiB: about a second.
const maxArgon2Work = 1 << 20

// argon2Hash is argon2id or argon2i of version 1.3 (RFC 9106).
type argon2Hash struct {
	id                bool
	memoryKiB, passes uint32
	lanes             uint8
	salt, key         []byte
}

// New returns the PHC string of a password, with a salt of 16 bytes from random, which the program gives as crypto/rand.Reader. It takes
// 19 MiB of memory for some tens of milliseconds. Errors: the password has more than MaxPassword bytes, random fails.
func New(random io.Reader, password string) (string, error) {
	if len(password) > MaxPassword {
		return "", fmt.Errorf("passwordhash: a password has %d bytes; it must have at most %d", len(password), MaxPassword)
	}
	h, err := blank(random)
	if err != nil {
		return "", err
	}
	h.key = h.derive(password)
	return h.phc(), nil
}

// Decoy returns a Hash that costs what New's do and is of no known password, for it is random itself. Verify a password with it where
// there is no user, so that the answer takes as long as for one. Error: random fails.
func Decoy(random io.Reader) (Hash, error) {
	h, err := blank(random)
	if err != nil {
		return Hash{}, err
	}
	if _, err := io.ReadFull(random, h.key); err != nil {
		return Hash{}, fmt.Errorf("passwordhash: reading random bytes: %w", err)
	}
	return Hash{h}, nil
}

// blank has the cost and a salt, and a key yet to be filled in.
func blank(random io.Reader) (argon2Hash, error) {
	h := argon2Hash{
		id: true, memoryKiB: newMemory, passes: newPasses, lanes: newLanes,
		salt: make([]byte, newSalt), key: make([]byte, newKey),
	}
	if _, err := io.ReadFull(random, h.salt); err != nil {
		return h, fmt.Errorf("passwordhash: reading random bytes: %w", err)
	}
	return h, nil
}

// parseArgon2 reads "v=19$m=19456,t=2,p=1$salt$hash". Version 1.0, which is meant where v is missing, is not in golang.org/x/crypto.
func parseArgon2(kind, rest string) (argon2Hash, error) {
	f, err := fields(kind, rest, "v=19", "parameters", "salt", "hash")
	if err != nil {
		return argon2Hash{}, err
	}
	if _, err := parameters(kind, f[0], bound{"v", argon2.Version, argon2.Version}); err != nil {
		return argon2Hash{}, err
	}
	n, err := parameters(kind, f[1], bound{"m", 8, 256 * 1024}, bound{"t", 1, 64}, bound{"p", 1, 16})
	if err != nil {
		return argon2Hash{}, err
	}
	memory, passes, lanes := n[0], n[1], n[2]
	if memory*passes > maxArgon2Work {
		return argon2Hash{}, fmt.Errorf("passwordhash: the parameters m and t of %s are %d and %d; their product must be at most %d",
			kind, memory, passes, maxArgon2Work)
	}
	if memory < 8*lanes { // RFC 9106, section 3.1
		return argon2Hash{}, fmt.Errorf("passwordhash: the parameter m of %s is %d; it must be at least 8 times p, which is %d",
			kind, memory, lanes)
	}
	salt, key, err := plain.saltAndKey(kind, f[2], f[3], 8)
	if err != nil {
		return argon2Hash{}, err
	}
	return argon2Hash{
		id: kind == "argon2id", memoryKiB: uint32(memory), passes: uint32(passes), lanes: uint8(lanes), salt: salt, key: key,
	}, nil
}

// phc returns the string of a hash that New makes, which is argon2id always.
func (h argon2Hash) phc() string {
	b64 := plain.encoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memoryKiB, h.passes, h.lanes, b64(h.salt), b64(h.key))
}

func (h argon2Hash) derive(password string) []byte {
	if h.id {
		return argon2.IDKey([]byte(password), h.salt, h.passes, h.memoryKiB, h.lanes, uint32(len(h.key)))
	}
	return argon2.Key([]byte(password), h.salt, h.passes, h.memoryKiB, h.lanes, uint32(len(h.key)))
}

func (h argon2Hash) verify(password string) bool {
	return subtle.ConstantTimeCompare(h.derive(password), h.key) == 1
}

func (h argon2Hash) memory() int { return int(h.memoryKiB) << 10 }
