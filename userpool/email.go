package userpool

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// localPart is the dot-atom of RFC 5322, 3.2.3, in ASCII.
var localPart = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// domainName is a name of at least two labels, the last of which is no number (RFC 1123, 2.1).
var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// canonicalEmail returns the one form of an e-mail address that identifies a user: lower case, with the domain in its ASCII form (IDNA
// 2008), so that no two spellings are two users or two lockouts. Surrounding spaces, which keyboards add, are removed. Quoted and
// non-ASCII local parts are refused: they look like others and few systems can send mail to them.
func canonicalEmail(address string) (string, error) {
	bad := func(message string) (string, error) {
		return "", failField(InvalidParameter, "username", "%s", message)
	}
	address = strings.Trim(address, " ")
	switch {
	case address == "":
		return bad("Enter your e-mail address.")
	case len(address) > 254:
		return bad("The e-mail address is too long: at most 254 characters are allowed.")
	case !utf8.ValidString(address) || strings.ContainsFunc(address, unicode.IsControl):
		return bad("The e-mail address has a control character, such as a tab or a line break.")
	}
	local, domain, found := strings.Cut(address, "@")
	if !found || len(local) > 64 || !localPart.MatchString(local) {
		return bad("Enter an e-mail address such as name@example.com.")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	ascii = strings.ToLower(ascii)
	if err != nil || len(ascii) > 253 || !domainName.MatchString(ascii) {
		return bad("The part of the e-mail address after the @ is not a domain such as example.com.")
	}
	canonical := strings.ToLower(local) + "@" + ascii
	if len(canonical) > 254 {
		return bad("The e-mail address is too long: at most 254 characters are allowed.")
	}
	return canonical, nil
}

// maskEmail shows just enough of an address for its owner to recognise it, as Cognito does: "f***@e***".
func maskEmail(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	if local == "" || domain == "" {
		return "***"
	}
	return local[:1] + "***@" + domain[:1] + "***"
}
