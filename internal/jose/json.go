package jose

import (
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxJSON        = 1 << 20 // bytes of a document
	maxJSONDepth   = 32      // objects and arrays inside one another, the outermost counted
	maxJSONValues  = 10_000  // values in a document, at all depths
	maxJSONMembers = 1_000   // members of one object
	maxJSONNumber  = 100     // characters of a number
)

// DecodeObject reads data as exactly one JSON object (RFC 8259) and returns its
// members: string, bool, nil, json.Number, []any and map[string]any.
//
// It is stricter than encoding/json where parsers are known to disagree with one
// another: a name may occur once in an object, however it is escaped; text is
// UTF-8 without a byte order mark, without halves of surrogate pairs and without
// NUL, escaped or not. The document has at most 1 MiB, 32 levels, 10,000 values
// in all, 1,000 members in an object and 100 characters in a number. What it
// accepts it reads as encoding/json with UseNumber does. Its errors have the
// reason ErrMalformed and tell the offset, never the content.
func DecodeObject(data []byte) (map[string]any, error) {
	if len(data) > maxJSON {
		return nil, refuse(ErrMalformed, "JSON of %d bytes is longer than %d", len(data), maxJSON)
	}
	return decodeObject(string(data))
}

func decodeObject(text string) (map[string]any, error) {
	if !utf8.ValidString(text) {
		return nil, refuse(ErrMalformed, "JSON is not valid UTF-8")
	}
	d := jsonDecoder{text: text}
	d.space()
	if d.peek() != '{' {
		return nil, d.refuse("expected an object")
	}
	object, err := d.object(1)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.at < len(d.text) {
		return nil, d.refuse("something follows the object")
	}
	return object, nil
}

// jsonDecoder walks over text, which is valid UTF-8. Strings without escapes
// are returned as parts of text, without a copy.
type jsonDecoder struct {
	text   string
	at     int
	values int
}

func (d *jsonDecoder) refuse(what string) error {
	return refuse(ErrMalformed, "JSON at offset %d: %s", d.at, what)
}

// peek returns the next byte, or 0 at the end: NUL stands nowhere in valid JSON.
func (d *jsonDecoder) peek() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

func (d *jsonDecoder) space() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// object reads an object whose opening brace is next.
func (d *jsonDecoder) object(depth int) (map[string]any, error) {
	if depth > maxJSONDepth {
		return nil, d.refuse("nested too deeply")
	}
	d.at++
	members := make(map[string]any)
	d.space()
	if d.peek() == '}' {
		d.at++
		return members, nil
	}
	for {
		d.space()
		name, err := d.name()
		if err != nil {
			return nil, err
		}
		if _, twice := members[name]; twice {
			return nil, d.refuse("a name occurs twice in one object")
		}
		if len(members) == maxJSONMembers {
			return nil, d.refuse("too many members in one object")
		}
		value, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		members[name] = value
		end, err := d.next('}')
		if end || err != nil {
			return members, err
		}
	}
}

// name reads a member's name and the colon after it.
func (d *jsonDecoder) name() (string, error) {
	if d.peek() != '"' {
		return "", d.refuse("expected a name")
	}
	name, err := d.string()
	if err != nil {
		return "", err
	}
	d.space()
	if d.peek() != ':' {
		return "", d.refuse("expected a colon")
	}
	d.at++
	return name, nil
}

// next reads what follows an element: a comma (false) or the closing byte (true).
func (d *jsonDecoder) next(closing byte) (end bool, err error) {
	d.space()
	switch d.peek() {
	case ',':
		d.at++
		return false, nil
	case closing:
		d.at++
		return true, nil
	default:
		return false, d.refuse("expected a comma or the end")
	}
}

// array reads an array whose opening bracket is next.
func (d *jsonDecoder) array(depth int) ([]any, error) {
	if depth > maxJSONDepth {
		return nil, d.refuse("nested too deeply")
	}
	d.at++
	elements := []any{}
	d.space()
	if d.peek() == ']' {
		d.at++
		return elements, nil
	}
	for {
		value, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		elements = append(elements, value)
		end, err := d.next(']')
		if end || err != nil {
			return elements, err
		}
	}
}

// value reads any value inside a container of the given depth.
func (d *jsonDecoder) value(depth int) (any, error) {
	if d.values++; d.values > maxJSONValues {
		return nil, d.refuse("too many values")
	}
	d.space()
	switch c := d.peek(); {
	case c == '"':
		return d.string()
	case c == '{':
		return d.object(depth + 1)
	case c == '[':
		return d.array(depth + 1)
	case c == '-' || isDigit(c):
		return d.number()
	case c == 't':
		return true, d.literal("true")
	case c == 'f':
		return false, d.literal("false")
	case c == 'n':
		return nil, d.literal("null")
	default:
		return nil, d.refuse("expected a value")
	}
}

func (d *jsonDecoder) literal(word string) error {
	if end := d.at + len(word); end > len(d.text) || d.text[d.at:end] != word {
		return d.refuse("expected a value")
	}
	d.at += len(word)
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number reads what the grammar of RFC 8259 section 6 allows and no more.
func (d *jsonDecoder) number() (json.Number, error) {
	start := d.at
	if d.peek() == '-' {
		d.at++
	}
	if d.peek() == '0' {
		d.at++
	} else if !d.digits() {
		return "", d.refuse("expected a digit")
	}
	if d.peek() == '.' {
		d.at++
		if !d.digits() {
			return "", d.refuse("expected a digit")
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.at++
		if c := d.peek(); c == '+' || c == '-' {
			d.at++
		}
		if !d.digits() {
			return "", d.refuse("expected a digit")
		}
	}
	if d.at-start > maxJSONNumber {
		return "", d.refuse("number too long")
	}
	return json.Number(d.text[start:d.at]), nil
}

func (d *jsonDecoder) digits() bool {
	start := d.at
	for isDigit(d.peek()) {
		d.at++
	}
	return d.at > start
}

// string reads a string whose opening quote is next.
func (d *jsonDecoder) string() (string, error) {
	start := d.at + 1
	for i := start; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '"':
			d.at = i + 1
			return d.text[start:i], nil
		case c == '\\':
			d.at = i
			return d.escaped(append(make([]byte, 0, 64), d.text[start:i]...))
		case c < ' ':
			d.at = i
			return "", d.refuse("control character in a string")
		}
	}
	d.at = len(d.text)
	return "", d.refuse("string without an end")
}

// escaped reads the rest of a string from its first escape on.
func (d *jsonDecoder) escaped(text []byte) (string, error) {
	for d.at < len(d.text) {
		c := d.text[d.at]
		switch {
		case c == '"':
			d.at++
			return string(text), nil
		case c < ' ':
			return "", d.refuse("control character in a string")
		case c != '\\':
			text = append(text, c)
			d.at++
			continue
		}
		r, err := d.escape()
		if err != nil {
			return "", err
		}
		text = utf8.AppendRune(text, r)
	}
	return "", d.refuse("string without an end")
}

// escape reads one escape, or two that form a surrogate pair.
func (d *jsonDecoder) escape() (rune, error) {
	d.at++
	c := d.peek()
	d.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return d.codePoint()
	default:
		return 0, d.refuse("unknown escape in a string")
	}
}

func (d *jsonDecoder) codePoint() (rune, error) {
	r, ok := d.hex4()
	if !ok || r == 0 {
		return 0, d.refuse("escape of NUL, or without four hexadecimal digits")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if d.at+2 > len(d.text) || d.text[d.at:d.at+2] != `\u` {
		return 0, d.refuse("half of a surrogate pair")
	}
	d.at += 2
	low, ok := d.hex4()
	if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
		return pair, nil
	}
	return 0, d.refuse("half of a surrogate pair")
}

func (d *jsonDecoder) hex4() (rune, bool) {
	if d.at+4 > len(d.text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(d.text[d.at : d.at+4]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	d.at += 4
	return r, true
}
