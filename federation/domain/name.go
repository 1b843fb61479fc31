package domain

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	// maxDomain leaves room for the label of the challenge in front.
	maxDomain  = 220
	maxAddress = 254
	maxLocal   = 64
)

// Canonical returns the one form of a domain name that this package compares:
// ASCII (IDNA 2008, with the mapping of UTS 46 for lookup), small letters, no
// dot at the end. One dot at the end of what is given is allowed, as in a zone
// file. It fails with InvalidDomain for anything else than the name of a host of
// two labels or more: addresses of the Internet Protocol, spaces, underscores,
// empty labels, wildcards, punycode that does not decode to what it should.
//
// Whether somebody may claim the domain is another question: see
// Directory.Challenge.
func Canonical(name string) (string, error) {
	return canonical(strings.TrimSuffix(name, "."))
}

func canonical(name string) (string, error) {
	bad := func(why string) (string, error) {
		return "", fail(InvalidDomain, "%q %s", plain(name), why)
	}
	switch {
	case name == "":
		return bad("is empty; a domain is such as example.com")
	case len(name) > 4*maxDomain || !utf8.ValidString(name):
		return bad("is too long, or not valid UTF-8")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return bad("has spaces or characters that do not print")
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return bad("is not a domain name (IDNA 2008)")
	}
	ascii = strings.ToLower(ascii)
	if len(ascii) > maxDomain {
		return bad("is longer than 220 characters")
	}
	// What comes out must say the same once more, or two names were one.
	if again, err := idna.Lookup.ToASCII(ascii); err != nil || again != ascii {
		return bad("is not a domain name (IDNA 2008)")
	}
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return bad("has only one label; a domain is such as example.com")
	}
	for _, label := range labels {
		if !isLabel(label) {
			return bad("has a label that is empty, longer than 63 characters, or not of letters, digits and hyphens inside")
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return bad("ends in a label that begins with a digit; an address of the Internet Protocol is no domain")
	}
	return ascii, nil
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// OfEmail returns the canonical domain of an e-mail address. It refuses, with
// InvalidDomain, whatever is not plainly local@domain: no or several at-signs,
// quotes, spaces, comments, brackets, a dot at the end, more than 254 bytes. To
// decide by the end of anything else is to be deceived.
func OfEmail(address string) (string, error) {
	bad := func() (string, error) {
		return "", fail(InvalidDomain, "the text is not an e-mail address such as name@example.com")
	}
	local, name, found := strings.Cut(address, "@")
	if !found || len(address) > maxAddress || !isLocal(local) {
		return bad()
	}
	// A second at-sign, or a dot at the end, belongs to no label.
	out, err := canonical(name)
	if err != nil {
		return bad()
	}
	return out, nil
}

// isLocal reports whether s is a dot-atom (RFC 5322 section 3.2.3, RFC 6531). Dots
// are not looked at: which of them are allowed is up to the mail server.
func isLocal(s string) bool {
	if s == "" || len(s) > maxLocal || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 0x80:
			if !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == utf8.RuneError {
				return false
			}
		case r <= ' ' || r == 0x7f || strings.ContainsRune("\"\\(),:;<>[]@", r):
			return false
		}
	}
	return true
}

//go:embed freemail.txt
var freemailList string

var freemail = readList(freemailList)

func readList(text string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out[line] = true
		}
	}
	return out
}

// claimable returns nil if somebody can be the owner of a canonical domain.
func (d *Directory) claimable(name string) error {
	registrable, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return fail(NotAllowed, "%s is a public suffix, under which anybody gets a domain; give the domain of the organization", name)
	}
	for at := name; ; {
		if freemail[at] || d.shared[at] {
			return fail(NotAllowed, "%s gives addresses to anybody, so no organization is its owner", at)
		}
		if at == registrable {
			return nil
		}
		_, at, _ = strings.Cut(at, ".")
	}
}

// above returns a canonical domain and those above it that somebody can own, the
// longest first. There are at most maxAbove.
func above(name string) []string {
	registrable, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return nil
	}
	out := []string{name}
	for at := name; at != registrable; {
		_, at, _ = strings.Cut(at, ".")
		out = append(out, at)
	}
	if n := len(out); n > maxAbove {
		// The name itself, and the shortest ones.
		out = append(out[:1], out[n-maxAbove+1:]...)
	}
	return out
}

// maxAbove bounds how often the store is asked about one address.
const maxAbove = 8
