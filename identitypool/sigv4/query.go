package sigv4

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// maxParameters bounds the parameters of a query, as they are sorted before
// anything is proved.
const maxParameters = 1000

// The parameters of a query that belong to a signature.
const (
	paramAlgorithm = iota
	paramCredential
	paramDate
	paramExpires
	paramSignedHeaders
	paramSignatureHex
	paramToken
	paramHash
	paramRegionSet
	params
)

var paramNames = [params]string{
	"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
	"X-Amz-Security-Token", "X-Amz-Content-Sha256", "X-Amz-Region-Set",
}

// query is a query, read.
type query struct {
	text       []byte // encoded parameters, one after the other
	parameters []parameter
	found      [params]string // values of the signature's own parameters
	has        uint16         // which of them are there
	first      int            // the first of them
}

// parameter says where one stands in query.text: its name up to equals, where
// the "=" is, and its value behind it.
type parameter struct{ start, equals, end int }

func (q *query) presigned() bool { return q.has != 0 }

func (q *query) there(param int) bool { return q.has&(1<<param) != 0 }

// read decodes the parameters as net/url does for the handler behind, and
// encodes them again. It may be called once.
func (q *query) read(raw string) error {
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		if strings.IndexByte(part, ';') >= 0 {
			return refuse(UnsupportedSignature, "the query has a raw semicolon; write %%3B")
		}
		if len(q.parameters) == maxParameters {
			return refuse(UnsupportedSignature, "the query has more than %d parameters", maxParameters)
		}
		name, value, _ := strings.Cut(part, "=")
		if err := q.add(name, value); err != nil {
			return err
		}
	}
	if len(q.parameters) > 1 {
		q.sort()
	}
	return nil
}

func (q *query) add(name, value string) error {
	var ok1, ok2 bool
	p := parameter{start: len(q.text)}
	q.text, ok1 = appendNormal(q.text, name)
	p.equals = len(q.text)
	q.text, ok2 = appendNormal(append(q.text, '='), value)
	p.end = len(q.text)
	if !ok1 || !ok2 {
		return refuse(IncompleteSignature, "the query has a parameter that is not percent-encoded correctly")
	}
	// The names of a signature have only characters that are never encoded.
	param, exact := signatureParam(q.text[p.start:p.equals])
	if param < 0 {
		q.parameters = append(q.parameters, p)
		return nil
	}
	switch {
	case !exact:
		return refuse(IncompleteSignature, "the query has %s in another spelling", paramNames[param])
	case q.there(param):
		return refuse(IncompleteSignature, "the query has %s twice", paramNames[param])
	}
	if q.has == 0 {
		q.first = param
	}
	q.has |= 1 << param
	q.found[param], _ = url.QueryUnescape(value) // was found well formed above
	if param != paramSignatureHex {
		q.parameters = append(q.parameters, p)
	}
	return nil
}

// sort orders the parameters by name, then by value, both as they are encoded.
func (q *query) sort() {
	text := q.text
	slices.SortFunc(q.parameters, func(a, b parameter) int {
		if c := bytes.Compare(text[a.start:a.equals], text[b.start:b.equals]); c != 0 {
			return c
		}
		return bytes.Compare(text[a.equals:a.end], text[b.equals:b.end])
	})
}

// append appends the canonical query: without the signature itself.
func (q *query) append(b []byte) []byte {
	for i, p := range q.parameters {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, q.text[p.start:p.end]...)
	}
	return b
}

// appendNormal decodes s as a name or value of a query, where "+" is a space,
// and percent-encodes it. It tells whether s was well formed.
func appendNormal(b []byte, s string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b = append(b, "%20"...)
		case '%':
			if i+2 >= len(s) {
				return b, false
			}
			high, ok1 := hexDigit(s[i+1])
			low, ok2 := hexDigit(s[i+2])
			if !ok1 || !ok2 {
				return b, false
			}
			b = appendEncoded(b, high<<4|low)
			i += 2
		default:
			b = appendEncoded(b, c)
		}
	}
	return b, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// signatureParam returns which of a signature's parameters has this name, or
// -1, and whether it is spelled as it must be.
func signatureParam(name []byte) (param int, exact bool) {
	if len(name) < len("X-Amz-Date") || name[1] != '-' || name[0]|0x20 != 'x' {
		return -1, false
	}
	for i, known := range paramNames {
		if len(known) == len(name) && strings.EqualFold(known, string(name)) {
			return i, known == string(name)
		}
	}
	return -1, false
}
