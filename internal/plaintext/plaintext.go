// Package plaintext makes text from elsewhere fit to stand in an error, a log or a page: on one line, of characters that print, and no longer
// than somebody reads. What it returns is still anybody's text: quote it, and escape it where it is shown.
package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns text with a space in the place of everything that does not print, and "..." in the place of what is beyond limit characters.
func Line(text string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n == limit {
			b.WriteString("...")
			break
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// Name returns a name with a dot in the place of each character that does not print, and "..." in the place of what is beyond limit
// characters.
func Name(name string, limit int) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '.'
	}, name)
	if runes := []rune(name); len(runes) > limit {
		return string(runes[:limit]) + "..."
	}
	return name
}

// Words returns the words of a text with one space between them: what prints, without line breaks and the like.
func Words(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
}

// Printable tells whether s is valid UTF-8 of characters that print.
func Printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// PrintableASCII tells whether s has none but the characters from the space to the tilde.
func PrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
