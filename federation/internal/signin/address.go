package signin

import (
	"strings"
	"unicode"
)

// maxAddress is the longest address that SMTP carries (RFC 5321 section 4.5.3.1.3).
const maxAddress = 254

// IsOneAddress reports whether s is local@domain with one at-sign, no quoting and no invisible character. Whoever compares the end of an
// address with a domain is deceived by anything else.
func IsOneAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(s) > maxAddress || strings.ContainsAny(local, "\"\\(),:;<>[]") {
		return false
	}
	for _, r := range local {
		if r == unicode.ReplacementChar || unicode.IsSpace(r) || !unicode.IsGraphic(r) {
			return false
		}
	}
	for _, label := range strings.Split(domain, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return true
}
