package hostedui

import (
	"net/url"
	"path"
	"strings"
)

// maxReturnTo bounds a return address in bytes. An authorization request with a long state has to fit.
const maxReturnTo = 8 << 10

// parseReturnTo tells whether s may be where a browser goes after a form: an absolute path on this origin, with or without a query.
// It is refused, never repaired, if any reader of URLs (a browser, a proxy, a router) could take it for something else: a scheme, an
// authority, a backslash, two slashes, a dot segment, a character that is not printable ASCII, a separator hidden by percent-encoding,
// or a fragment.
func parseReturnTo(s string) (string, bool) {
	if len(s) == 0 || len(s) > maxReturnTo || s[0] != '/' {
		return "", false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\#\"<>`", c) >= 0 {
			return "", false
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Opaque != "" || u.Host != "" || u.User != nil {
		return "", false
	}
	for i := range len(u.Path) {
		if c := u.Path[i]; c < ' ' || c == 0x7f || c == '\\' {
			return "", false
		}
	}
	escaped, _, _ := strings.Cut(s, "?")
	lower := strings.ToLower(escaped)
	if strings.Contains(lower, "%2f") || strings.Contains(lower, "%25") {
		return "", false
	}
	clean := path.Clean(u.Path)
	if clean != "/" && strings.HasSuffix(u.Path, "/") {
		clean += "/"
	}
	if clean != u.Path {
		return "", false
	}
	return s, true
}
