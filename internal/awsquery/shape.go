package awsquery

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
)

// Shape bounds a parameter. The zero value allows everything.
type Shape struct {
	// Min and Max bound the length of a string in characters, or the value of an integer. A Max of 0 is none.
	Min, Max int
	// Pattern is a regular expression that the whole of a string must match: one of package regexp, and \u0020 for a character by its
	// number. "" allows everything. It is part of error messages.
	Pattern string
	// Sensitive keeps the value out of error messages.
	Sensitive bool
}

// kind is what a parameter is on the wire.
type kind int

const (
	textKind kind = iota
	integerKind
	booleanKind
	structKind
	listKind
)

// parameter is one parameter, compiled from the field of a struct.
type parameter struct {
	name     string
	field    int // its index in the struct
	kind     kind
	required bool
	most     int // of a list; 0 is unbounded
	shape    Shape
	pattern  *regexp.Regexp // nil for none
	fields   []parameter    // of a structure
	member   *parameter     // of a list
}

var unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

// compileStruct reads the tags of a struct.
func compileStruct(t reflect.Type, shapes map[string]Shape) ([]parameter, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("the input %s is not a struct", t)
	}
	var out []parameter
	for i := range t.NumField() {
		field := t.Field(i)
		p, err := compileField(field, shapes)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, field.Name, err)
		}
		p.field = i
		out = append(out, p)
	}
	return out, nil
}

func compileField(field reflect.StructField, shapes map[string]Shape) (p parameter, err error) {
	p.name, p.required = field.Tag.Get("query"), field.Tag.Get("required") == "true"
	if p.name == "" || !field.IsExported() {
		return p, fmt.Errorf("the field is not exported or has no tag query")
	}
	if name := field.Tag.Get("shape"); name != "" {
		shape, ok := shapes[name]
		if !ok {
			return p, fmt.Errorf("there is no shape %q", name)
		}
		p.shape = shape
	}
	if most := field.Tag.Get("most"); most != "" {
		if p.most, err = strconv.Atoi(most); err != nil || p.most < 1 || field.Type.Kind() != reflect.Slice {
			return p, fmt.Errorf("the tag most %q is not for this field", most)
		}
	}
	if p.shape.Pattern != "" {
		pattern := unicodeEscape.ReplaceAllString(p.shape.Pattern, `\x{$1}`)
		if p.pattern, err = regexp.Compile(`^(?:` + pattern + `)$`); err != nil {
			return p, err
		}
	}
	return p, p.compileType(field.Type, shapes)
}

func (p *parameter) compileType(t reflect.Type, shapes map[string]Shape) (err error) {
	switch t.Kind() {
	case reflect.String:
		p.kind = textKind
	case reflect.Int:
		p.kind = integerKind
	case reflect.Bool:
		p.kind = booleanKind
	case reflect.Struct:
		p.kind = structKind
		p.fields, err = compileStruct(t, shapes)
	case reflect.Slice:
		p.kind = listKind
		if kind := t.Elem().Kind(); kind != reflect.String && kind != reflect.Struct {
			return fmt.Errorf("a list of %s is not supported", t.Elem())
		}
		p.member = &parameter{shape: p.shape, pattern: p.pattern}
		err = p.member.compileType(t.Elem(), shapes)
	default:
		return fmt.Errorf("the type %s is not supported", t)
	}
	return err
}
