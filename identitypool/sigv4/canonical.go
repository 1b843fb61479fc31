package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// canonical appends the text that is hashed and signed, by the rules of AWS's
// "Create a signed AWS API request". payload is the hash of the body, or what
// stands for it.
func (c *claim) canonical(b []byte, method string, payload []byte) []byte {
	b = append(append(b, method...), '\n')
	if c.scope.service == serviceS3 {
		b = appendPathS3(b, c.path)
	} else {
		b = appendPath(b, c.path)
	}
	b = c.query.append(append(b, '\n'))
	b = append(b, '\n')
	for i, name := range c.names {
		b = append(append(b, name...), ':')
		for j, value := range c.values[i] {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendCollapsed(b, value)
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(append(b, c.signedList...), '\n')
	return append(b, payload...)
}

// stringToSign appends the text that is signed in the end.
func (c *claim) stringToSign(b []byte, sum [sha256.Size]byte) []byte {
	b = append(append(b, c.algorithm...), '\n')
	b = append(append(b, c.date...), '\n')
	b = append(c.scope.append(b, c.algorithm), '\n')
	return hex.AppendEncode(b, sum[:])
}

// append appends the scope as it is written in a credential. That of SigV4A has
// no region.
func (s scope) append(b []byte, algorithm string) []byte {
	b = append(append(b, s.day...), '/')
	if algorithm == algorithmV4 {
		b = append(append(b, s.region...), '/')
	}
	b = append(append(b, s.service...), '/')
	return append(b, terminator...)
}

// appendCollapsed trims a header value and makes runs of spaces one space.
func appendCollapsed(b []byte, value string) []byte {
	value = strings.Trim(value, " \t")
	if !strings.Contains(value, "  ") {
		return append(b, value...)
	}
	for i := range len(value) {
		if value[i] != ' ' || value[i-1] != ' ' {
			b = append(b, value[i])
		}
	}
	return b
}

// appendPath percent-encodes the path as it is on the wire, once more: a % that
// is there already becomes %25. That is AWS's rule for every service but S3.
func appendPath(b []byte, path string) []byte {
	if path == "" {
		return append(b, '/')
	}
	for i := range len(path) {
		if path[i] == '/' {
			b = append(b, '/')
			continue
		}
		b = appendEncoded(b, path[i])
	}
	return b
}

// appendPathS3 keeps what is percent-encoded on the wire as it is, and encodes
// what should have been. S3 decodes and encodes again instead, so that %2F
// and / have one signature there; here they have two, because a handler may
// tell them apart.
func appendPathS3(b []byte, path string) []byte {
	if path == "" {
		return append(b, '/')
	}
	for i := range len(path) {
		if path[i] == '/' || path[i] == '%' {
			b = append(b, path[i])
			continue
		}
		b = appendEncoded(b, path[i])
	}
	return b
}

const upperHex = "0123456789ABCDEF"

// appendEncoded leaves the unreserved characters of RFC 3986 as they are.
func appendEncoded(b []byte, c byte) []byte {
	if unreserved[c] {
		return append(b, c)
	}
	return append(b, '%', upperHex[c>>4], upperHex[c&15])
}

var unreserved = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
	}
	return table
}()

// wirePath returns the path as the client sent it. A server's request has it in
// RequestURI; the URL must still say the same, or what is verified would not be
// what is routed.
func wirePath(r *http.Request) (string, error) {
	if r.URL == nil || r.URL.Opaque != "" {
		return "", refuse(UnsupportedSignature, "the request target is not a path")
	}
	if r.RequestURI == "" {
		return r.URL.EscapedPath(), nil
	}
	if !strings.HasPrefix(r.RequestURI, "/") {
		return "", refuse(UnsupportedSignature, "the request target is not a path; requests to a proxy are not supported")
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if path == r.URL.Path && r.URL.RawPath == "" && query == r.URL.RawQuery && strings.IndexByte(path, '%') < 0 {
		return path, nil // parsing would say the same
	}
	sent, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return "", refuse(IncompleteSignature, "the request target cannot be parsed")
	}
	if sent.Path != r.URL.Path || sent.RawPath != r.URL.RawPath || sent.RawQuery != r.URL.RawQuery {
		return "", refuse(UnsupportedSignature, "the URL was changed before the signature was verified; verify in front of what changes it")
	}
	return path, nil
}
