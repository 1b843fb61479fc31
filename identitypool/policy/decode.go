package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/ascii"
)

// written is one value as the author wrote it.
type written struct {
	text string
	kind byte // of the lexeme
	at   int
}

// list is one value or an array of them.
type list struct {
	items []written
	array bool
	at    int
}

// place returns the path of an item, given that of the list.
func (l *list) place(i int) string {
	if !l.array {
		return ""
	}
	return fmt.Sprintf("[%d]", i)
}

// writtenStatement is a statement whose structure is right; compile judges what
// its values say, because that depends on the version, which may come last.
type writtenStatement struct {
	at                      int
	sid, effect             written
	principal, notPrincipal *[]writtenPrincipal
	lists                   map[string]*list // Action, NotAction, Resource, NotResource
	conditions              []writtenCondition
}

type writtenPrincipal struct {
	kind   string // "" for the string "*"
	values list
}

type writtenCondition struct {
	operator written
	key      written
	values   list
}

type writtenDocument struct {
	version, id written
	statements  []writtenStatement
	array       bool
}

// decoder walks the structure of a document. path is where it stands.
type decoder struct {
	scanner scanner
	path    []string
	form    form
}

func (d *decoder) refuse(at int, format string, arguments ...any) *ParseError {
	return refuseAt(d.scanner.text, at, strings.Join(d.path, ""), format, arguments...)
}

func (d *decoder) next() (lexeme, *ParseError) {
	l, bad := d.scanner.next()
	if bad != nil {
		return l, d.refuse(bad.at, "%s", bad.problem)
	}
	return l, nil
}

// value is next where a value must come.
func (d *decoder) value() (lexeme, *ParseError) {
	l, err := d.next()
	switch {
	case err != nil:
		return l, err
	case l.kind == 'e':
		return l, d.refuse(l.at, "the JSON text ends too early")
	case strings.IndexByte("}]:,", l.kind) >= 0:
		return l, d.refuse(l.at, "not JSON: %s where a value must stand", quote(l.text))
	}
	return l, nil
}

func kindName(l lexeme) string {
	switch l.kind {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 'n':
		return "null"
	}
	return "a boolean"
}

// members walks an object whose brace was taken. member takes the whole value
// of a key; check judges the key first.
func (d *decoder) members(check func(key written) *ParseError, member func(key written) *ParseError) *ParseError {
	seen := make(map[string]bool)
	for first := true; ; first = false {
		l, err := d.next()
		if err != nil {
			return err
		}
		if l.kind == '}' && first {
			return nil
		}
		if l.kind != '"' {
			return d.unexpected(l, "the name of an element")
		}
		key := written{l.text, l.kind, l.at}
		if err := check(key); err != nil {
			return err
		}
		d.path = append(d.path, d.dot()+key.text)
		if seen[key.text] {
			return d.refuse(key.at, "stands twice")
		}
		seen[key.text] = true
		if l, err = d.next(); err != nil || l.kind != ':' {
			return cmp.Or(err, d.unexpected(l, `":"`))
		}
		if err := member(key); err != nil {
			return err
		}
		d.path = d.path[:len(d.path)-1]
		if l, err = d.next(); err != nil || l.kind != ',' && l.kind != '}' {
			return cmp.Or(err, d.unexpected(l, `"," or "}"`))
		}
		if l.kind == '}' {
			return nil
		}
	}
}

func (d *decoder) dot() string {
	if len(d.path) == 0 {
		return ""
	}
	return "."
}

func (d *decoder) unexpected(l lexeme, wanted string) *ParseError {
	if l.kind == 'e' {
		return d.refuse(l.at, "the JSON text ends too early")
	}
	return d.refuse(l.at, "not JSON: %s where %s must stand", quote(l.text), wanted)
}

// elements walks an array whose bracket was taken; the path names each.
func (d *decoder) elements(at int, element func(l lexeme) *ParseError) *ParseError {
	for i := 0; ; i++ {
		d.path = append(d.path, fmt.Sprintf("[%d]", i))
		l, err := d.next()
		if err != nil {
			return err
		}
		if l.kind == ']' && i == 0 {
			d.path = d.path[:len(d.path)-1]
			return d.refuse(at, "is an empty array; there must be at least one")
		}
		if l.kind == 'e' || strings.IndexByte("}]:,", l.kind) >= 0 {
			return d.unexpected(l, "a value")
		}
		if i == MaxItems {
			return d.refuse(l.at, "is one too many; at most %d are allowed", MaxItems)
		}
		if err := element(l); err != nil {
			return err
		}
		d.path = d.path[:len(d.path)-1]
		if l, err = d.next(); err != nil || l.kind != ',' && l.kind != ']' {
			return cmp.Or(err, d.unexpected(l, `"," or "]"`))
		}
		if l.kind == ']' {
			return nil
		}
	}
}

// known makes a check of keys that must be one of names.
func (d *decoder) known(names ...string) func(written) *ParseError {
	return func(key written) *ParseError {
		if slices.Contains(names, key.text) {
			return nil
		}
		for _, name := range names {
			if strings.EqualFold(key.text, name) {
				return d.refuse(key.at, "unknown element %s; write %s", quote(key.text), name)
			}
		}
		return d.refuse(key.at, "unknown element %s", quote(key.text))
	}
}

func (d *decoder) document() (out writtenDocument, err *ParseError) {
	l, err := d.value()
	if err != nil {
		return out, err
	}
	if l.kind != '{' {
		return out, d.refuse(l.at, "must be a JSON object, not %s", kindName(l))
	}
	err = d.members(d.known("Version", "Id", "Statement"), func(key written) (err *ParseError) {
		switch key.text {
		case "Version":
			out.version, err = d.oneString()
		case "Id":
			out.id, err = d.oneString()
		default:
			err = d.statements(&out)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	if l, err = d.next(); err != nil || l.kind != 'e' {
		return out, cmp.Or(err, d.refuse(l.at, "text stands after the document"))
	}
	return out, nil
}

func (d *decoder) oneString() (written, *ParseError) {
	l, err := d.value()
	if err == nil && l.kind != '"' {
		err = d.refuse(l.at, "must be a string, not %s", kindName(l))
	}
	return written{l.text, l.kind, l.at}, err
}

// statements takes one object or an array of objects.
func (d *decoder) statements(out *writtenDocument) *ParseError {
	l, err := d.value()
	if err != nil {
		return err
	}
	one := func(l lexeme) *ParseError {
		if l.kind != '{' {
			return d.refuse(l.at, "must be an object, not %s", kindName(l))
		}
		s, err := d.statement(l.at)
		out.statements = append(out.statements, s)
		return err
	}
	if l.kind != '[' {
		return one(l)
	}
	out.array = true
	return d.elements(l.at, one)
}

func (d *decoder) statement(at int) (writtenStatement, *ParseError) {
	s := writtenStatement{at: at, lists: make(map[string]*list, 2)}
	check := d.known("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
	err := d.members(check, func(key written) (err *ParseError) {
		if problem := d.form.forbids(key.text); problem != "" {
			return d.refuse(key.at, "%s", problem)
		}
		switch key.text {
		case "Sid":
			s.sid, err = d.oneString()
		case "Effect":
			s.effect, err = d.oneString()
		case "Principal":
			s.principal, err = d.principals()
		case "NotPrincipal":
			s.notPrincipal, err = d.principals()
		case "Condition":
			s.conditions, err = d.conditions()
		default:
			var l list
			l, err = d.oneOrMore(false)
			s.lists[key.text] = &l
		}
		return err
	})
	return s, err
}

// oneOrMore takes a string or an array of strings; scalars allows numbers and
// booleans as well.
func (d *decoder) oneOrMore(scalars bool) (out list, err *ParseError) {
	l, err := d.value()
	if err != nil {
		return out, err
	}
	what, orMany := "a string", "a string or an array of strings"
	if scalars {
		what, orMany = "a string, a number or a boolean", "a string, a number, a boolean or an array of them"
	}
	one := func(l lexeme) *ParseError {
		if l.kind != '"' && (!scalars || strings.IndexByte("0tf", l.kind) < 0) {
			return d.refuse(l.at, "must be %s, not %s", what, kindName(l))
		}
		out.items = append(out.items, written{l.text, l.kind, l.at})
		return nil
	}
	out.at = l.at
	if l.kind == '[' {
		out.array = true
		return out, d.elements(l.at, one)
	}
	if l.kind == '{' || l.kind == 'n' {
		return out, d.refuse(l.at, "must be %s, not %s", orMany, kindName(l))
	}
	return out, one(l)
}

// principals takes "*", or an object of kinds of principals.
func (d *decoder) principals() (*[]writtenPrincipal, *ParseError) {
	var out []writtenPrincipal
	l, err := d.value()
	switch {
	case err != nil:
		return nil, err
	case l.kind == '"' && l.text == "*":
		out = append(out, writtenPrincipal{values: list{items: []written{{l.text, l.kind, l.at}}}})
		return &out, nil
	case l.kind == '"':
		return nil, d.refuse(l.at, `%s is not a principal; write "*" or an object such as {"AWS": "…"}`, quote(l.text))
	case l.kind != '{':
		return nil, d.refuse(l.at, `must be "*" or an object, not %s`, kindName(l))
	}
	err = d.members(d.known("AWS", "Federated", "Service", "CanonicalUser"), func(key written) *ParseError {
		values, err := d.oneOrMore(false)
		out = append(out, writtenPrincipal{kind: key.text, values: values})
		return err
	})
	if err == nil && len(out) == 0 {
		err = d.refuse(l.at, "is an empty object; name at least one principal")
	}
	return &out, err
}

// conditions takes an object of operators, each an object of keys.
func (d *decoder) conditions() (out []writtenCondition, err *ParseError) {
	start, err := d.open()
	if err != nil {
		return nil, err
	}
	any := func(written) *ParseError { return nil }
	err = d.members(any, func(operator written) *ParseError {
		at, err := d.open()
		if err != nil {
			return err
		}
		start := len(out)
		err = d.members(any, func(key written) *ParseError {
			for _, c := range out[start:] {
				if ascii.EqualFold(c.key.text, key.text) {
					return d.refuse(key.at, "stands twice: names of keys are compared without regard to case")
				}
			}
			values, err := d.oneOrMore(true)
			out = append(out, writtenCondition{operator: operator, key: key, values: values})
			return err
		})
		if err == nil && len(out) == start {
			err = d.refuse(at, "is an empty object; name at least one key")
		}
		return err
	})
	if err == nil && len(out) == 0 {
		err = d.refuse(start, "is an empty object; leave Condition out where there is none")
	}
	return out, err
}

// open takes a brace and returns where it stands.
func (d *decoder) open() (int, *ParseError) {
	l, err := d.value()
	if err == nil && l.kind != '{' {
		err = d.refuse(l.at, "must be an object, not %s", kindName(l))
	}
	return l.at, err
}
