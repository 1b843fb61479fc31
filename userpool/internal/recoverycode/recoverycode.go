package recoverycode

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

const (
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	symbols  = 16 // of 5 bits
	group    = 4  // symbols between hyphens
	maxCodes = 100
	maxTyped = 128 // bytes
)

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// New returns n codes, 1 to 100, each of 80 bits from random, which the program gives as crypto/rand.Reader; 10 is what people know from
// elsewhere. They are in the form that Normalize returns. Errors: n is out of range; random fails or repeats itself.
func New(random io.Reader, n int) ([]string, error) {
	if n < 1 || n > maxCodes {
		return nil, fmt.Errorf("recoverycode: the number of codes is %d; it must be from 1 to %d", n, maxCodes)
	}
	codes := make([]string, 0, n)
	raw := make([]byte, symbols*5/8)
	for range n {
		if _, err := io.ReadFull(random, raw); err != nil {
			return nil, fmt.Errorf("recoverycode: reading random bytes: %w", err)
		}
		code := grouped(encoding.EncodeToString(raw))
		if slices.Contains(codes, code) {
			return nil, errors.New("recoverycode: the random source repeats itself")
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// Normalize returns the code that a person has typed in the form of New: capital letters, in groups of four with hyphens between. Lower
// case is accepted; white space, and hyphens and dashes of all kinds, may be anywhere or missing; O is read as 0, and I and L as 1. It
// returns false if what is left is not 16 symbols. It has not looked whether there is such a code.
func Normalize(typed string) (string, bool) {
	if len(typed) > maxTyped {
		return "", false
	}
	code := make([]byte, 0, symbols)
	for _, r := range typed {
		if unicode.IsSpace(r) || unicode.Is(unicode.Dash, r) {
			continue
		}
		symbol, ok := symbolOf(r)
		if !ok || len(code) == symbols {
			return "", false
		}
		code = append(code, symbol)
	}
	if len(code) != symbols {
		return "", false
	}
	return grouped(string(code)), true
}

// symbolOf knows ASCII only: there are letters elsewhere whose capitals are in the alphabet, and which nobody has read off a code.
func symbolOf(r rune) (byte, bool) {
	if 'a' <= r && r <= 'z' {
		r += 'A' - 'a'
	}
	switch r {
	case 'O':
		r = '0'
	case 'I', 'L':
		r = '1'
	}
	if r > unicode.MaxASCII || strings.IndexByte(alphabet, byte(r)) < 0 {
		return 0, false
	}
	return byte(r), true
}

func grouped(code string) string {
	var b strings.Builder
	for i := 0; i < len(code); i += group {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(code[i : i+group])
	}
	return b.String()
}
