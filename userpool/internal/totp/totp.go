package totp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

const (
	// SecretSize is the size of a secret in bytes: 160 bits, as RFC 4226 recommends (section 4, R6), and as the HMAC is long.
	SecretSize = 20
	// Digits is the length of a code.
	Digits = 6
	// Period is how long a step is.
	Period = 30 * time.Second
)

// window is how many steps before and after the present one are accepted: clocks differ, and people type slowly.
const window = 1

// NewSecret returns SecretSize bytes from random, which the program gives as crypto/rand.Reader. Error: random fails.
func NewSecret(random io.Reader) ([]byte, error) {
	secret := make([]byte, SecretSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("totp: reading random bytes: %w", err)
	}
	return secret, nil
}

// Encode returns the secret as apps take it: base32 in upper case, without padding. A secret of NewSecret has 32 characters.
func Encode(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// Code returns the code that an app shows at a time, or "" for a time before 1970.
func Code(secret []byte, at time.Time) string {
	if at.Unix() < 0 {
		return ""
	}
	return hotp(secret, uint64(at.Unix()/int64(Period/time.Second)), Digits)
}

// Verify tells whether the code is the one of the step of now, of the one before or of the one after, and which step that is: the number
// of periods since 1970. Only steps after last are accepted, where last is the step that Verify returned for this secret before, and 0 if
// there is none. A code has 6 ASCII digits and nothing else; the caller removes no more than the white space around it. A secret of less
// than SecretSize bytes accepts no code, and neither does a clock before 1970. How long it takes says nothing about the codes.
func Verify(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	if len(secret) < SecretSize || len(code) != Digits || now.Unix() < 0 {
		return 0, false
	}
	present := now.Unix() / int64(Period/time.Second)
	right, offset := 0, 0
	for i := -window; i <= window; i++ {
		candidate := max(present+int64(i), 0)
		equal := subtle.ConstantTimeCompare([]byte(hotp(secret, uint64(candidate), Digits)), []byte(code))
		if candidate <= last {
			equal = 0
		}
		// If two steps have the same code, the later one counts, so that it is used up for both.
		offset = subtle.ConstantTimeSelect(equal, i, offset)
		right |= equal
	}
	if right == 0 {
		return 0, false
	}
	return present + int64(offset), true
}

// hotp is the code of a counter (RFC 4226, section 5.3), of at most 10 digits.
func hotp(secret []byte, counter uint64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, counter))
	sum := mac.Sum(nil)
	start := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[start:]) & 0x7fffffff
	code := make([]byte, digits)
	for i := digits - 1; i >= 0; i-- {
		code[i] = byte('0' + n%10)
		n /= 10
	}
	return string(code)
}
