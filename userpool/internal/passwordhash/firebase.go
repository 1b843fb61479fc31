package passwordhash

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
)

const firebaseKind = "firebase-scrypt"

// FirebaseConfig is what the Firebase console shows as the password hash parameters of a project, decoded from base64.
type FirebaseConfig struct {
	// SignerKey is base64_signer_key: 16 to 128 bytes, and 64 in practice. It is secret.
	SignerKey []byte
	// SaltSeparator is base64_salt_separator: up to 128 bytes.
	SaltSeparator []byte
	// Rounds is rounds: scrypt's r, 8 in practice.
	Rounds int
	// MemoryCost is mem_cost: the binary logarithm of scrypt's N, 14 in practice.
	MemoryCost int
}

// Encode returns the string for Parse and for the store of a user whom Firebase exported: salt and hash are the fields salt and
// passwordHash of the export, decoded from base64. The string verifies on its own, with no FirebaseConfig.
//
// Firebase's hash is its signer key, encrypted with AES-256 in counter mode under a key that scrypt makes of the password. Encrypting
// so is adding a key stream, bit by bit, so that the key stream can be had by adding the signer key to the hash again. The string holds
// this key stream in place of the hash. Who knows it can test a password with it, as with any hash; but the signer key of the whole
// project, which opens the hashes of all its users, is not in the store.
//
// Errors: a parameter is outside the bounds of Parse, or the hash and the signer key differ in length, as they do when one of them is
// not what it should be.
func (c FirebaseConfig) Encode(salt, hash []byte) (string, error) {
	if len(hash) != len(c.SignerKey) {
		return "", fmt.Errorf("passwordhash: a hash of Firebase has %d bytes and the signer key %d; they must have the same length",
			len(hash), len(c.SignerKey))
	}
	stream := make([]byte, len(hash))
	subtle.XORBytes(stream, hash, c.SignerKey)
	b64 := plain.encoding.EncodeToString
	encoded := fmt.Sprintf("$%s$ln=%d,r=%d$%s$%s$%s", firebaseKind, c.MemoryCost, c.Rounds, b64(salt), b64(c.SaltSeparator), b64(stream))
	if _, err := Parse(encoded); err != nil {
		return "", err
	}
	return encoded, nil
}

// firebaseHash is the variant of scrypt that Firebase Authentication uses (github.com/firebase/scrypt).
type firebaseHash struct {
	scryptCost
	salt   []byte // the salt of the user, then the salt separator
	stream []byte // the AES-CTR key stream under the key that scrypt makes of the password
}

// parseFirebase reads "ln=14,r=8$salt$salt separator$key stream".
func parseFirebase(rest string) (firebaseHash, error) {
	f, err := fields(firebaseKind, rest, "parameters", "salt", "salt separator", "key stream")
	if err != nil {
		return firebaseHash{}, err
	}
	n, err := parameters(firebaseKind, f[0], boundLn, boundR)
	if err != nil {
		return firebaseHash{}, err
	}
	cost := scryptCost{n[0], n[1], 1}
	if err := cost.check(firebaseKind); err != nil {
		return firebaseHash{}, err
	}
	salt, stream, err := plain.saltAndKey(firebaseKind, f[1], f[3], minSalt)
	if err != nil {
		return firebaseHash{}, err
	}
	separator, err := plain.decode(firebaseKind, "salt separator", f[2], 0, maxSalt)
	if err != nil {
		return firebaseHash{}, err
	}
	return firebaseHash{cost, append(salt, separator...), stream}, nil
}

func (h firebaseHash) verify(password string) bool {
	stream, err := firebaseStream(h.derive(password, h.salt, 64), len(h.stream))
	return err == nil && subtle.ConstantTimeCompare(stream, h.stream) == 1
}

// firebaseStream returns the start of the AES-256-CTR key stream under the first 32 of the 64 bytes that scrypt derived.
func firebaseStream(derived []byte, size int) ([]byte, error) {
	if len(derived) != 64 {
		return nil, errors.New("passwordhash: scrypt has derived no key")
	}
	block, err := aes.NewCipher(derived[:32])
	if err != nil {
		return nil, err
	}
	stream := make([]byte, size)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(stream, stream)
	return stream, nil
}
