package samlxml

import (
	"strings"
	"unicode/utf8"
)

// normalizeLines makes every line end a line feed (XML 1.0 section 2.11).
func normalizeLines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// unescape returns raw text as it is meant. It is false if a reference is bad.
func unescape(raw string) (string, bool) {
	raw = normalizeLines(raw)
	if strings.IndexByte(raw, '&') < 0 {
		return raw, true
	}
	return expand(raw)
}

// unescapeAttribute does the same for the value of an attribute, in which white
// space that is not written as a reference becomes a space (XML 1.0 section
// 3.3.3).
func unescapeAttribute(raw string) (string, bool) {
	if strings.ContainsAny(raw, "\t\r\n") {
		raw = strings.Map(func(r rune) rune {
			if r == '\t' || r == '\n' {
				return ' '
			}
			return r
		}, normalizeLines(raw))
	}
	if strings.IndexByte(raw, '&') < 0 {
		return raw, true
	}
	return expand(raw)
}

// expand replaces the references.
func expand(s string) (string, bool) {
	var b strings.Builder
	b.Grow(len(s))
	for {
		at := strings.IndexByte(s, '&')
		if at < 0 {
			b.WriteString(s)
			return b.String(), true
		}
		b.WriteString(s[:at])
		r, length := reference(s[at:])
		if length == 0 {
			return "", false
		}
		b.WriteRune(r)
		s = s[at+length:]
	}
}

// reference reads the reference at the beginning of s, and returns its
// character and its length, which is 0 if it is none that is supported.
func reference(s string) (rune, int) {
	const longest = len("&#1114111;") + 8 // leading zeros are allowed, a few
	end := strings.IndexByte(s[:min(len(s), longest)], ';')
	if end < 0 {
		return 0, 0
	}
	name := s[1:end]
	switch name {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, 0
	}
	r, ok := number(digits)
	if !ok || !isCharacter(r) {
		return 0, 0
	}
	return r, end + 1
}

// number reads the digits of a character reference.
func number(digits string) (rune, bool) {
	base := rune(10)
	if rest, ok := strings.CutPrefix(digits, "x"); ok {
		base, digits = 16, rest
	}
	n := rune(0)
	for i := range len(digits) {
		c := rune(digits[i])
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case base == 16 && c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		if n = n*base + c; n > utf8.MaxRune {
			return 0, false
		}
	}
	return n, digits != ""
}

// isCharacter reports whether XML 1.0 allows the character (section 2.2).
func isCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}
