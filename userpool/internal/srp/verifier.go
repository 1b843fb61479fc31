package srp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
)

// Bounds of the salt of a verifier that comes from outside, in bytes without leading zeros and in all.
const (
	saltSize    = 16
	minSaltSize = 8
	maxSaltSize = 64
)

// Verifier is what a server keeps of a password. Whoever has it can try passwords against it as fast as they can raise numbers to powers,
// and can pretend to the user to be the server: it is to be sealed where it is stored. The zero Verifier verifies nothing.
type Verifier struct {
	Salt []byte // as it was made or received: leading zeros belong to it
	V    []byte // g^x mod N, big-endian in 384 bytes
}

// NewVerifier makes the verifier of a password, with a fresh salt from random. group is the part of the pool ID after the underscore, or
// the key of a device group; user is the USER_ID_FOR_SRP or the key of a device. Nothing is trimmed or normalized. The only error is that
// of random.
func NewVerifier(random io.Reader, group, user, password string) (Verifier, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return Verifier{}, fmt.Errorf("srp: drawing a salt: %w", err)
	}
	shapeSalt(salt)
	return Verifier{Salt: salt, V: verifier(salt, group, user, password)}, nil
}

// shapeSalt sets the two highest bits of a salt to 01. Such a salt has the same bytes for clients that read it as a number, those that
// keep its text, and those that forget about the sign.
func shapeSalt(salt []byte) { salt[0] = salt[0]&0x3f | 0x40 }

// verifier returns g^x for a password.
func verifier(salt []byte, group, user, password string) []byte {
	return plainMaths.exp(g, privateKey(salt, group, user, password)).FillBytes(make([]byte, size))
}

// privateKey returns x = SHA256(pad(salt) || SHA256(group || user || ":" || password)).
func privateKey(salt []byte, group, user, password string) *big.Int {
	inner := sha256.Sum256([]byte(group + user + ":" + password))
	x := sha256.Sum256(append(pad(new(big.Int).SetBytes(salt)), inner[:]...))
	return new(big.Int).SetBytes(x[:])
}

// ParseVerifier reads the verifier that a client has made for a device: the Salt and PasswordVerifier of ConfirmDevice, which are base64
// of pad(salt) and pad(v). A salt has 8 to 64 bytes, where leading zeros do not count towards the 8; a verifier is more than 1 and less
// than N-1. Bytes without the leading zero of pad are taken too, as unsigned numbers. All errors are faults of the client.
func ParseVerifier(salt, passwordVerifier string) (Verifier, error) {
	saltBytes, ok := decode(salt, maxSaltSize)
	if !ok {
		return Verifier{}, fmt.Errorf("srp: Salt is not base64 of at most %d bytes", maxSaltSize)
	}
	if (new(big.Int).SetBytes(saltBytes).BitLen()+7)/8 < minSaltSize {
		return Verifier{}, fmt.Errorf("srp: Salt has less than %d bytes: use %d random ones", minSaltSize, saltSize)
	}
	raw, ok := decode(passwordVerifier, size+1)
	if !ok {
		return Verifier{}, fmt.Errorf("srp: PasswordVerifier is not base64 of at most %d bytes", size+1)
	}
	v, valid := element(raw)
	if valid == 0 {
		return Verifier{}, errors.New("srp: PasswordVerifier is not between 2 and N-2: it must be g^x mod N, of the 3072-bit group and g = 2")
	}
	return Verifier{Salt: saltBytes, V: v.FillBytes(make([]byte, size))}, nil
}

// decode reads padded base64 in its only spelling, of at most limit bytes.
func decode(text string, limit int) ([]byte, bool) {
	if len(text) > base64.StdEncoding.EncodedLen(limit) || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	out, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(out) > limit {
		return nil, false
	}
	return out, true
}

// Fake returns the verifier of a user who has none, or does not exist (RFC 5054 section 2.5.1.3). Nobody knows a password that fits it.
// mac is HMAC-SHA256, under a key that only the server has, of the pool and the user name: it decides salt and verifier, so that the same
// name has the same salt each time, as that of a real user would be. Name the user by what stays the same when a real one is addressed in
// another way, such as in other letter case. What comes of a mac must never change from release to release, or else the salts of users who
// do not exist would change, and only those.
//
// Making it takes some hashes and no exponentiation, about as long as it takes to read and decode a real one. The caller still has to
// refuse a user who does not exist, whatever Verify says.
func Fake(mac [sha256.Size]byte) Verifier {
	const extra = 16 // bytes beyond N, that no value be more likely than another
	stream := make([]byte, 0, saltSize+size+extra+sha256.Size)
	block := hmac.New(sha256.New, mac[:])
	for counter := byte(0); len(stream) < saltSize+size+extra; counter++ {
		block.Reset()
		block.Write([]byte("stepwell srp fake verifier"))
		block.Write([]byte{counter})
		stream = block.Sum(stream)
	}
	salt := stream[:saltSize:saltSize]
	shapeSalt(salt)
	v := new(big.Int).SetBytes(stream[saltSize : saltSize+size+extra])
	return Verifier{Salt: salt, V: v.Mod(v, bigN).FillBytes(make([]byte, size))}
}

// SaltHex returns the SALT parameter of the challenge: the salt in lower-case hexadecimal.
func (v Verifier) SaltHex() string { return hex.EncodeToString(v.Salt) }

// String keeps the verifier out of messages.
func (v Verifier) String() string { return "an SRP verifier" }

// GoString keeps the verifier out of messages.
func (v Verifier) GoString() string { return "srp.Verifier{…}" }

// LogValue keeps the verifier out of logs.
func (v Verifier) LogValue() slog.Value { return slog.StringValue(v.String()) }
