package message

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxValue = 200
	maxCode  = 256
	maxLink  = 2000
)

// clean makes one line of at most 200 characters of a value: runs of spaces and line breaks become one space, and control and format
// characters are left out, but for the joiners that names in some scripts need.
func clean(s string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s { // invalid bytes become U+FFFD
		switch {
		case unicode.IsSpace(r):
			space = n > 0
			continue
		case unicode.In(r, unicode.Cc, unicode.Cf) && r != '\u200c' && r != '\u200d':
			continue
		}
		if space {
			b.WriteByte(' ')
			n++
		}
		b.WriteRune(r)
		n++
		space = false
		if n > maxValue+1 {
			break
		}
	}
	return cut(b.String(), maxValue)
}

// cut returns at most n characters of a text, the last of which is … if some were left out.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:n-1]), " ") + "…"
}

func isCode(s string) bool {
	return strings.TrimSpace(s) != "" && isOneLine(s) && utf8.RuneCountInString(s) <= maxCode
}

// isOneLine reports whether s is UTF-8 without control characters and line separators.
func isOneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) })
}

// isLink reports whether s is a web address that can stand in a text and, escaped, in an attribute of HTML.
func isLink(s string) bool {
	if s == "" || len(s) > maxLink || strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
	}) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

var domainPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

func isDomain(s string) bool { return len(s) <= 253 && domainPattern.MatchString(s) }
