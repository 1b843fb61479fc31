package outbound

import (
	"net"
	"net/url"
	"strings"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// maxURL is the length in bytes of the longest URL that CheckURL accepts.
const maxURL = 2048

// urlError says what is wrong with a URL, as the end of a sentence.
type urlError string

func (e urlError) Error() string { return string(e) }

// CheckURL accepts the URLs that a peer has for us to dial or to show to browsers: absolute ones of https, or http with allowHTTP, of at
// most 2048 printable ASCII characters, without a user name, a fragment, or characters that two readers could understand differently. The
// error says what is wrong as the end of a sentence that begins with the URL; peer, such as "a provider", is what it calls the one whose
// URL it is. It holds nothing of the URL.
func CheckURL(raw string, allowHTTP bool, peer string) error {
	if raw == "" {
		return urlError("is empty")
	}
	if len(raw) > maxURL || !plaintext.PrintableASCII(raw) || strings.ContainsAny(raw, ` <>"\^{}|`+"`") {
		return urlError("is too long or has characters that no URL has")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return urlError("is not an absolute URL")
	case u.User != nil:
		return urlError("has a user name in it")
	case strings.Contains(raw, "#"):
		return urlError("has a fragment")
	case u.Scheme == "https", u.Scheme == "http" && allowHTTP:
		return nil
	case u.Scheme == "http":
		return urlError("uses http; only https is accepted, unless InsecureAllowHTTP is set for " + peer + " on this machine")
	}
	return urlError("does not use https")
}

// CheckOwnURL is CheckURL for URLs of the application itself, to which peer sends browsers back. It accepts http also on the machine
// itself, where nobody listens in between and where applications are developed.
func CheckOwnURL(raw string, allowHTTP bool, peer string) error {
	u, err := url.Parse(raw)
	if err == nil && u.Scheme == "http" && IsLoopback(u.Hostname()) {
		allowHTTP = true
	}
	return CheckURL(raw, allowHTTP, peer)
}

// IsLoopback reports whether a host of a URL is "localhost", in whatever case, or a loopback address. It does not look the name up: for an
// address that is dialed, see IsPublic.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
