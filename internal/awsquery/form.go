package awsquery

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	maxParameters = 1000
	maxName       = 256
	maxDepth      = 8
)

// form are the parameters of a request as a tree: "Tags.member.1.Key" is four levels deep.
type form struct {
	value    string
	given    bool // it has a value itself, perhaps an empty one
	children map[string]*form
}

// parseForm reads application/x-www-form-urlencoded text. With presigned, parameters that begin with "X-Amz-" belong to the signature and
// are left out.
func parseForm(encoded string, presigned bool) (*form, error) {
	root := &form{}
	count := 0
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		if count++; count > maxParameters {
			return nil, malformed("The request has more than %d parameters.", maxParameters)
		}
		if strings.Contains(pair, ";") {
			return nil, malformed("The request has a semicolon that is not encoded.")
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || !validName(name) {
			return nil, malformed("The request has a parameter with a malformed name.")
		}
		if presigned && strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil || !validText(value) {
			return nil, malformed("The value of %s is not text in percent-encoded UTF-8.", name)
		}
		if err := root.put(name, value); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// put adds a parameter.
func (f *form) put(name, value string) error {
	depth, at := 0, f
	for part := range strings.SplitSeq(name, ".") {
		if depth++; part == "" || depth > maxDepth {
			return malformed("The parameter name %s is malformed.", name)
		}
		next := at.children[part]
		if next == nil {
			next = &form{}
			if at.children == nil {
				at.children = map[string]*form{}
			}
			at.children[part] = next
		}
		at = next
	}
	if at.given {
		return malformed("The parameter %s is given more than once.", name)
	}
	at.value, at.given = value, true
	return nil
}

// take removes a parameter and returns its value, "" if it is not there.
func (f *form) take(name string) string {
	child := f.children[name]
	if child == nil || len(child.children) > 0 {
		return ""
	}
	delete(f.children, name)
	return child.value
}

// validName admits what names of parameters are made of.
func validName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// validText admits the characters of XML 1.0, section 2.2: what an answer quotes arrives as it was sent.
func validText(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == '\uFFFE' || c == '\uFFFF' {
			return false
		}
	}
	return true
}

// malformed is a request that cannot be read.
func malformed(format string, arguments ...any) *Fault {
	return Faultf(http.StatusBadRequest, "MalformedQueryString", format, arguments...)
}
