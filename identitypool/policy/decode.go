package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// The keys of a document and of a statement, and those that the policy
// language has but this package does not.
var (
	documentKeys       = []string{"Version", "Statement"}
	statementKeys      = []string{"Sid", "Effect", "Action", "Resource"}
	documentUnsupport  = []string{"Id"}
	statementUnsupport = []string{"Condition", "NotAction", "NotResource", "Principal", "NotPrincipal"}
)

// reader hands out JSON tokens. encoding/json alone would take the last of two
// equal keys and match keys without regard to case: a document that two readers
// understand in two ways. So the structure is walked token by token instead.
type reader struct {
	decoder *json.Decoder
}

func newReader(data []byte) *reader {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return &reader{decoder: d}
}

func (r *reader) next(place string) (json.Token, error) {
	token, err := r.decoder.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return token, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, refuse(place, "the JSON text ends too early")
	case errors.As(err, &syntax):
		return nil, refuse(place, "not JSON: %s at byte %d", syntax.Error(), syntax.Offset)
	}
	return nil, refuse(place, "not JSON: %v", err)
}

// str takes a token that must be a string.
func str(place string, token json.Token) (string, error) {
	s, ok := token.(string)
	if !ok {
		return "", refuse(place, "must be a string, not %s", kind(token))
	}
	// Half a surrogate pair would silently have become this character.
	if strings.ContainsRune(s, utf8.RuneError) {
		return "", refuse(place, "holds U+FFFD or half a surrogate pair")
	}
	return s, nil
}

func kind(token json.Token) string {
	switch t := token.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case json.Delim:
		if t == '{' || t == '}' {
			return "an object"
		}
		return "an array"
	}
	return "another value"
}

// object walks the members of an object whose opening brace was taken. Every
// key must be one of known and come once; member must take the whole value.
func (r *reader) object(place string, known, unsupported []string, member func(key, place string) error) error {
	seen := make(map[string]bool, len(known))
	for r.decoder.More() {
		token, err := r.next(place)
		if err != nil {
			return err
		}
		key, err := str(place, token)
		if err != nil {
			return err
		}
		if err := checkKey(place, key, known, unsupported); err != nil {
			return err
		}
		if seen[key] {
			return refuse(join(place, key), "stands twice")
		}
		seen[key] = true
		if err := member(key, join(place, key)); err != nil {
			return err
		}
	}
	_, err := r.next(place)
	return err
}

func checkKey(place, key string, known, unsupported []string) error {
	for _, k := range known {
		if key == k {
			return nil
		}
	}
	for _, k := range unsupported {
		if key == k {
			return refuse(join(place, key), "the element %s is not supported", key)
		}
	}
	for _, k := range append(append([]string(nil), known...), unsupported...) {
		if strings.EqualFold(key, k) {
			return refuse(place, "unknown element %s; write %s", quote(key), k)
		}
	}
	return refuse(place, "unknown element %s", quote(key))
}

func join(place, key string) string {
	if place == "" {
		return key
	}
	return place + "." + key
}

// quote shows a value of the document in an error, cut to a bearable length.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}

// decoder builds a document from tokens. What depends on the version is done
// last, since the version may stand after the statements.
type decoder struct {
	json *reader
}

func (d *decoder) document() (*Document, error) {
	token, err := d.json.next("")
	if err != nil {
		return nil, err
	}
	if token != json.Delim('{') {
		return nil, refuse("", "must be a JSON object, not %s", kind(token))
	}
	var version string
	var statements []Statement
	haveStatement := false
	err = d.json.object("", documentKeys, documentUnsupport, func(key, place string) (err error) {
		if key == "Version" {
			version, err = d.oneString(place)
			return err
		}
		haveStatement = true
		statements, err = d.statements(place)
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := d.json.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse("", "text stands after the document")
	}
	switch {
	case version == "":
		return nil, refuse("Version", "is missing; write %q", version2012)
	case version != version2012 && version != version2008:
		return nil, refuse("Version", "%s is not a version of the language; write %q", quote(version), version2012)
	case !haveStatement:
		return nil, refuse("Statement", "is missing")
	}
	return compileDocument(version, statements)
}

func (d *decoder) oneString(place string) (string, error) {
	token, err := d.json.next(place)
	if err != nil {
		return "", err
	}
	return str(place, token)
}

// statements takes one object or an array of objects.
func (d *decoder) statements(place string) ([]Statement, error) {
	token, err := d.json.next(place)
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		s, err := d.statement(place)
		return []Statement{s}, err
	case json.Delim('['):
	default:
		return nil, refuse(place, "must be an object or an array of objects, not %s", kind(token))
	}
	var out []Statement
	for d.json.decoder.More() {
		place := fmt.Sprintf("%s[%d]", place, len(out))
		token, err := d.json.next(place)
		if err != nil {
			return nil, err
		}
		if token != json.Delim('{') {
			return nil, refuse(place, "must be an object, not %s", kind(token))
		}
		s, err := d.statement(place)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if _, err := d.json.next(place); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, refuse(place, "is an empty array; a document has at least one statement")
	}
	return out, nil
}

// statement takes the members of one statement whose brace was taken.
func (d *decoder) statement(place string) (Statement, error) {
	var s Statement
	err := d.json.object(place, statementKeys, statementUnsupport, func(key, place string) (err error) {
		switch key {
		case "Sid":
			s.Sid, err = d.oneString(place)
		case "Effect":
			var effect string
			effect, err = d.oneString(place)
			s.Effect = Effect(effect)
			if err == nil && s.Effect != Allow && s.Effect != Deny {
				err = refuse(place, "%s is not an effect; write %q or %q", quote(effect), Allow, Deny)
			}
		case "Action":
			s.Actions, err = d.oneOrMore(place)
		case "Resource":
			s.Resources, err = d.oneOrMore(place)
		}
		return err
	})
	switch {
	case err != nil:
		return s, err
	case s.Effect == "":
		return s, refuse(place, "has no Effect")
	case s.Actions == nil:
		return s, refuse(place, "has no Action")
	case s.Resources == nil:
		return s, refuse(place, "has no Resource")
	case !validSid(s.Sid):
		return s, refuse(join(place, "Sid"), "%s is not at most %d letters and digits of ASCII", quote(s.Sid), maxSidSize)
	}
	return s, nil
}

// oneOrMore takes a string or an array of at least one string.
func (d *decoder) oneOrMore(place string) ([]string, error) {
	token, err := d.json.next(place)
	if err != nil {
		return nil, err
	}
	if token != json.Delim('[') {
		if _, ok := token.(string); !ok {
			return nil, refuse(place, "must be a string or an array of strings, not %s", kind(token))
		}
		s, err := str(place, token)
		return []string{s}, err
	}
	var out []string
	for d.json.decoder.More() {
		s, err := d.oneString(fmt.Sprintf("%s[%d]", place, len(out)))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if _, err := d.json.next(place); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, refuse(place, "is an empty array; name at least one")
	}
	return out, nil
}
