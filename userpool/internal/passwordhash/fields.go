package passwordhash

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// The bounds of what all formats hold, in bytes.
const (
	minSalt, maxSalt = 1, 128
	minKey, maxKey   = 16, 128
)

// fields splits what follows the name of a format into the fields with these names.
func fields(kind, rest string, names ...string) ([]string, error) {
	if n := strings.Count(rest, "$") + 1; n != len(names) {
		return nil, fmt.Errorf("passwordhash: %s has %d fields after its name; it must have %d: %s",
			kind, n, len(names), strings.Join(names, ", "))
	}
	return strings.Split(rest, "$"), nil
}

// bound is a number in a hash: how it is called and from what to what it goes.
type bound struct {
	name        string
	least, most uint64
}

// parameters reads "a=1,b=2": each of these numbers once, in this order, and nothing else.
func parameters(kind, field string, bounds ...bound) ([]int, error) {
	parts := strings.Split(field, ",")
	out := make([]int, 0, len(bounds))
	for i, b := range bounds {
		digits, found := "", false
		if len(parts) == len(bounds) {
			digits, found = strings.CutPrefix(parts[i], b.name+"=")
		}
		if !found {
			form := make([]string, 0, len(bounds))
			for _, b := range bounds {
				form = append(form, b.name+"=")
			}
			return nil, fmt.Errorf("passwordhash: the parameters of %s must be %s, once each, in this order, and no others",
				kind, strings.Join(form, ","))
		}
		n, err := number(kind, digits, b)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// number reads a decimal number as its format writes it, in one way only.
func number(kind, digits string, b bound) (int, error) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' && digits != "0" {
		return 0, fmt.Errorf("passwordhash: the parameter %s of %s must be a number without sign and leading zeros", b.name, kind)
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil { // out of range, for it has digits only
		return 0, fmt.Errorf("passwordhash: the parameter %s of %s has %d digits; it must be from %d to %d",
			b.name, kind, len(digits), b.least, b.most)
	}
	return int(min(n, b.most)), b.check(kind, n)
}

func (b bound) check(kind string, n uint64) error {
	if n < b.least || n > b.most {
		return fmt.Errorf("passwordhash: the parameter %s of %s is %d; it must be from %d to %d", b.name, kind, n, b.least, b.most)
	}
	return nil
}

// alphabet is a base64 encoding with words for it.
type alphabet struct {
	encoding *base64.Encoding
	words    string
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var (
	plain   = alphabet{base64.RawStdEncoding, "standard base64 without padding"}
	padded  = alphabet{base64.StdEncoding, "standard base64 with padding"}
	passlib = alphabet{base64.NewEncoding(letters + "./").WithPadding(base64.NoPadding), `base64 without padding, and with "." for "+"`}
)

// decode refuses all but the one encoding of some bytes. (The decoder of encoding/base64 would skip line breaks even when strict.)
func (a alphabet) decode(kind, what, s string, least, most int) ([]byte, error) {
	raw, err := a.encoding.DecodeString(s)
	if err != nil || a.encoding.EncodeToString(raw) != s {
		return nil, fmt.Errorf("passwordhash: the %s of %s must be %s, with no stray bits at its end", what, kind, a.words)
	}
	if len(raw) < least || len(raw) > most {
		return nil, fmt.Errorf("passwordhash: the %s of %s has %d bytes; it must have from %d to %d", what, kind, len(raw), least, most)
	}
	return raw, nil
}

// saltAndKey decodes the last two fields of most formats.
func (a alphabet) saltAndKey(kind, encodedSalt, encodedKey string, leastSalt int) (salt, key []byte, err error) {
	if salt, err = a.decode(kind, "salt", encodedSalt, leastSalt, maxSalt); err != nil {
		return nil, nil, err
	}
	if key, err = a.decode(kind, "hash", encodedKey, minKey, maxKey); err != nil {
		return nil, nil, err
	}
	return salt, key, nil
}
