package userfilter

import (
	"strings"
	"unicode/utf8"
)

// parser reads a filter from left to right.
type parser struct {
	text string
	at   int // in bytes
}

func (p *parser) rest() string { return p.text[p.at:] }

func (p *parser) spaces() { p.at = len(p.text) - len(strings.TrimLeft(p.rest(), " ")) }

// expected returns the error of a filter that has something else here.
func (p *parser) expected(what string) error {
	return &Error{Kind: Syntax, Position: utf8.RuneCountInString(p.text[:p.at]) + 1, Expected: what}
}

// filter reads all that is there.
func (p *parser) filter() (Filter, error) {
	attribute, err := p.attribute()
	if err != nil {
		return Filter{}, err
	}
	p.spaces()
	op, err := p.op(attribute)
	if err != nil {
		return Filter{}, err
	}
	p.spaces()
	start := p.at
	value, err := p.value()
	if err != nil {
		return Filter{}, err
	}
	p.spaces()
	if p.rest() != "" {
		return Filter{}, p.expected("the end: a filter has one attribute and one value")
	}
	switch attribute {
	case userStatus:
		value = capitals(value)
	case status:
		if value != "Enabled" && value != "Disabled" {
			p.at = start
			return Filter{}, p.expected(`"Enabled" or "Disabled"`)
		}
	}
	return Filter{Attribute: attribute, Op: op, Value: value}, nil
}

func (p *parser) attribute() (string, error) {
	end := strings.IndexFunc(p.rest(), func(r rune) bool { return !inAttribute(r) })
	if end < 0 {
		end = len(p.rest())
	}
	if end == 0 {
		return "", p.expected("the name of an attribute")
	}
	name := p.rest()[:end]
	if !Searchable(name) {
		return "", &Error{
			Kind: UnknownAttribute, Attribute: name, Position: utf8.RuneCountInString(p.text[:p.at]) + 1,
			Expected: "one of " + strings.Join(searchable, ", ") + " or custom:NAME",
		}
	}
	p.at += end
	return name, nil
}

// inAttribute reports whether r can be in what is read as the name of an attribute, right or wrong.
func inAttribute(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.:", r)
}

func (p *parser) op(attribute string) (Op, error) {
	ops, names := []Op{Equal, Prefix, Contains}, "=, ^= or *="
	if attribute == userStatus || attribute == status {
		ops, names = ops[:1], "=, the only operator for "+attribute
	}
	for _, op := range ops {
		if strings.HasPrefix(p.rest(), string(op)) {
			p.at += len(op)
			return op, nil
		}
	}
	return "", p.expected(names)
}

func (p *parser) value() (string, error) {
	if !strings.HasPrefix(p.rest(), `"`) {
		return "", p.expected("a value in double quotes")
	}
	p.at++
	var value strings.Builder
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '"':
			p.at++
			return value.String(), nil
		case '\\':
			p.at++
			if next := p.rest(); next == "" || next[0] != '"' && next[0] != '\\' {
				return "", p.expected(`" or \ after a backslash`)
			}
		}
		value.WriteByte(p.text[p.at])
		p.at++
	}
	return "", p.expected("a double quote that ends the value")
}

// capitals returns value with the small letters of ASCII in capitals: statuses have no others.
func capitals(value string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, value)
}
