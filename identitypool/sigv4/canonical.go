package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is the text that is hashed and signed, by the rules of AWS's
// "Create a signed AWS API request".
func canonicalRequest(method, path, query string, headers headerSet, signed []string, payloadHash string) string {
	var b strings.Builder
	b.Grow(512)
	b.WriteString(method)
	b.WriteByte('\n')
	b.WriteString(encodePath(path))
	b.WriteByte('\n')
	b.WriteString(query)
	b.WriteByte('\n')
	for _, name := range signed {
		b.WriteString(name)
		b.WriteByte(':')
		for i, value := range headers[name] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(collapse(value))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Join(signed, ";"))
	b.WriteByte('\n')
	b.WriteString(payloadHash)
	return b.String()
}

// collapse trims a header value and makes runs of spaces one space.
func collapse(value string) string {
	value = strings.Trim(value, " \t")
	if !strings.Contains(value, "  ") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if value[i] != ' ' || value[i-1] != ' ' {
			b.WriteByte(value[i])
		}
	}
	return b.String()
}

// encodePath percent-encodes the path as it is on the wire, once more: a % that
// is there already becomes %25. That is AWS's rule for every service but S3.
func encodePath(path string) string {
	if path == "" {
		return "/"
	}
	return percentEncode(path, true)
}

const upperHex = "0123456789ABCDEF"

// percentEncode leaves the unreserved characters of RFC 3986, and "/" if told.
func percentEncode(s string, keepSlash bool) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = unreserved(s[i]) || keepSlash && s[i] == '/'
	}
	if clean {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		c := s[i]
		if unreserved(c) || keepSlash && c == '/' {
			b = append(b, c)
			continue
		}
		b = append(b, '%', upperHex[c>>4], upperHex[c&15])
	}
	return string(b)
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}

// canonicalQuery decodes the parameters as net/url does for the handler behind,
// encodes each name and value, and sorts them in their encoded form.
func canonicalQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	type parameter struct{ name, value string }
	var parameters []parameter
	for _, part := range strings.Split(raw, "&") {
		if part == "" {
			continue
		}
		if strings.Contains(part, ";") {
			return "", refuse(UnsupportedSignature, "the query has a raw semicolon; write %%3B")
		}
		name, value, _ := strings.Cut(part, "=")
		decodedName, err1 := url.QueryUnescape(name)
		decodedValue, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return "", refuse(IncompleteSignature, "the query has a parameter that is not percent-encoded correctly")
		}
		if isPresigned(decodedName) {
			return "", refuse(UnsupportedSignature, "a signature in the query (%s) is not supported; sign in the Authorization header", show(decodedName))
		}
		parameters = append(parameters, parameter{percentEncode(decodedName, false), percentEncode(decodedValue, false)})
	}
	slices.SortFunc(parameters, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range parameters {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String(), nil
}

// isPresigned reports whether a query parameter belongs to a signature.
func isPresigned(name string) bool {
	const prefix = "x-amz-"
	if len(name) <= len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return false
	}
	switch strings.ToLower(name[len(prefix):]) {
	case "algorithm", "credential", "date", "expires", "security-token", "signature", "signedheaders", "content-sha256":
		return true
	}
	return false
}

// headerSet has the headers of a request by their names in lower case, host and
// content-length among them.
type headerSet map[string][]string

// collectHeaders refuses a name that stands in two spellings, since the order of
// their values would be anybody's guess.
func collectHeaders(r *http.Request) (headerSet, error) {
	out := make(headerSet, len(r.Header)+2)
	for name, values := range r.Header {
		lower := strings.ToLower(name)
		if _, doubled := out[lower]; doubled {
			return nil, refuse(IncompleteSignature, "the header %s stands in two spellings", show(lower))
		}
		out[lower] = values
	}
	return out, nil
}

// addHost puts the host in its place, and the length if it is known.
func (h headerSet) addHost(host string, length int64) error {
	if len(h["host"]) > 1 || len(h["host"]) == 1 && h["host"][0] != host {
		return refuse(IncompleteSignature, "the request has two Host headers")
	}
	if host == "" {
		return refuse(IncompleteSignature, "the request has no Host")
	}
	h["host"] = []string{host}
	if _, ok := h["content-length"]; !ok && length >= 0 {
		h["content-length"] = []string{strconv.FormatInt(length, 10)}
	}
	return nil
}
