package commonpassword

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxLength is how many characters of a password are judged: what the pool allows at most.
const maxLength = 256

// lower appends the characters of s in lower case to out, at most maxLength in all. Compatible forms are one (full-width letters are
// letters), and accents are dropped, as people do who cannot type them.
func lower(out []rune, s string) []rune {
	if isASCII(s) {
		for i := 0; i < len(s) && len(out) < maxLength; i++ {
			c := s[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			out = append(out, rune(c))
		}
		return out
	}
	var parts norm.Iter
	parts.InitString(norm.NFKD, s)
	for !parts.Done() {
		for part := parts.Next(); len(part) > 0; {
			r, size := utf8.DecodeRune(part)
			part = part[size:]
			switch last := len(out) - 1; {
			case r == '\u0306' && last >= 0 && out[last] == 'и':
				out[last] = 'й' // a letter with a key of its own
			case '\u0300' <= r && r <= '\u036f':
			case len(out) == maxLength:
				return out
			default:
				out = append(out, unicode.ToLower(r))
			}
		}
	}
	return out
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// letter maps a digit or sign that is written for a letter ("p@ssw0rd") to that letter. As "1" and "!" stand for i and l alike, l is mapped
// too: what is compared has gone through letter on both sides.
func letter(r rune) rune {
	switch r {
	case '0':
		return 'o'
	case '1', '!', '|', 'l':
		return 'i'
	case '3', '€':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '6', '9':
		return 'g'
	case '7', '+':
		return 't'
	case '8':
		return 'b'
	case '(':
		return 'c'
	}
	return r
}

// squeeze appends the characters of in to out without what separates them ("p-a-s-s-w-o-r-d", "12/31/1999"), and reports whether they
// are separated at all: by one kind of character, as several kinds are more than a disguise.
func squeeze(out, in []rune) ([]rune, bool) {
	separator := rune(-1)
	for _, r := range in {
		switch {
		case !separates(r):
			out = append(out, r)
		case separator < 0:
			separator = r
		case separator != r:
			return out, false
		}
	}
	return out, separator >= 0
}

// separates is true of white space and of punctuation that does not look like a letter.
func separates(r rune) bool {
	return letter(r) == r && (unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r))
}
