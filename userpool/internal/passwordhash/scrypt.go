package passwordhash

import (
	"crypto/subtle"
	"fmt"

	"golang.org/x/crypto/scrypt"
)

// The bounds of scrypt in bytes: of its memory, and of its memory times p, which is about two seconds.
const (
	maxScryptMemory = 256 << 20
	maxScryptWork   = 512 << 20
)

// scryptCost is the cost of scrypt (RFC 7914): N is 1<<ln.
type scryptCost struct {
	ln, r, p int
}

func (c scryptCost) check(kind string) error {
	switch {
	case c.bytes() > maxScryptMemory:
		return fmt.Errorf("passwordhash: the parameters ln and r of %s are %d and %d, which take %d bytes of memory; at most %d are allowed",
			kind, c.ln, c.r, c.bytes(), maxScryptMemory)
	case c.bytes()*int64(c.p) > maxScryptWork:
		return fmt.Errorf("passwordhash: the parameters ln, r and p of %s are %d, %d and %d, so that 128*N*r*p is %d; it must be at most %d",
			kind, c.ln, c.r, c.p, c.bytes()*int64(c.p), maxScryptWork)
	}
	return nil
}

// bytes is the memory of scrypt. It does not overflow, as ln is at most 21 and r at most 64.
func (c scryptCost) bytes() int64 { return 128 << c.ln * int64(c.r) }

// derive returns nil, which is the right key of no hash, if scrypt refuses the parameters; check has let through none that it does.
func (c scryptCost) derive(password string, salt []byte, size int) []byte {
	key, err := scrypt.Key([]byte(password), salt, 1<<c.ln, c.r, c.p, size)
	if err != nil {
		return nil
	}
	return key
}

func (c scryptCost) memory() int { return int(c.bytes()) + 128*c.r*c.p + 4<<10 }

var boundLn, boundR = bound{"ln", 1, 21}, bound{"r", 1, 64}

// scryptHash is scrypt as RFC 7914 has it.
type scryptHash struct {
	scryptCost
	salt, key []byte
}

// parseScrypt reads "ln=17,r=8,p=1$salt$hash".
func parseScrypt(rest string) (scryptHash, error) {
	const kind = "scrypt"
	f, err := fields(kind, rest, "parameters", "salt", "hash")
	if err != nil {
		return scryptHash{}, err
	}
	n, err := parameters(kind, f[0], boundLn, boundR, bound{"p", 1, 16})
	if err != nil {
		return scryptHash{}, err
	}
	cost := scryptCost{n[0], n[1], n[2]}
	if err := cost.check(kind); err != nil {
		return scryptHash{}, err
	}
	salt, key, err := plain.saltAndKey(kind, f[1], f[2], minSalt)
	if err != nil {
		return scryptHash{}, err
	}
	return scryptHash{cost, salt, key}, nil
}

func (h scryptHash) verify(password string) bool {
	return subtle.ConstantTimeCompare(h.derive(password, h.salt, len(h.key)), h.key) == 1
}
