package awsquery

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxViolations = 10  // named in one answer
	maxShown      = 200 // bytes of a value that an answer quotes
)

// decoder fills the input of one operation.
type decoder struct {
	violations []string
}

// decode fills the struct behind into from the form. It returns a *Fault.
func decode(f *form, parameters []parameter, into reflect.Value) error {
	d := &decoder{}
	if err := d.structure(f, parameters, into, ""); err != nil {
		return err
	}
	switch n := len(d.violations); n {
	case 0:
		return nil
	case 1:
		return Faultf(http.StatusBadRequest, "ValidationError", "1 validation error detected: %s", d.violations[0])
	default:
		return Faultf(http.StatusBadRequest, "ValidationError", "%d validation errors detected: %s",
			n, strings.Join(d.violations[:min(n, maxViolations)], "; "))
	}
}

// structure decodes the parameters below f. path is where it is, "" at the top.
func (d *decoder) structure(f *form, parameters []parameter, into reflect.Value, path string) error {
	known := 0
	for i := range parameters {
		p := &parameters[i]
		child := f.children[p.name]
		at := joinPath(path, lowerFirst(p.name))
		if child == nil {
			if p.required {
				d.violate("Value null at '%s' failed to satisfy constraint: Member must not be null", at)
			}
			continue
		}
		known++
		if err := d.parameter(child, p, into.Field(p.field), at); err != nil {
			return err
		}
	}
	if known == len(f.children) {
		return nil
	}
	for name := range f.children {
		if !has(parameters, name) {
			return Faultf(http.StatusBadRequest, "InvalidQueryParameter", "The parameter %s is not one of this action.", joinPath(path, name))
		}
	}
	return nil
}

func has(parameters []parameter, name string) bool {
	for i := range parameters {
		if parameters[i].name == name {
			return true
		}
	}
	return false
}

func (d *decoder) parameter(f *form, p *parameter, into reflect.Value, path string) error {
	if p.kind == listKind {
		return d.list(f, p, into, path)
	}
	if p.kind == structKind {
		if f.given {
			return malformed("The parameter %s is a structure and has no value itself.", path)
		}
		return d.structure(f, p.fields, into, path)
	}
	if len(f.children) > 0 {
		return malformed("The parameter %s is no list and no structure.", path)
	}
	switch p.kind {
	case integerKind:
		d.integer(f.value, p, into, path)
	case booleanKind:
		if f.value != "true" && f.value != "false" {
			d.broken(f.value, p, path, "Member must satisfy enum value set: [true, false]")
			return nil
		}
		into.SetBool(f.value == "true")
	default:
		d.text(f.value, p, path)
		into.SetString(f.value)
	}
	return nil
}

// list decodes Name.member.1, Name.member.2 and so on; "Name=" is an empty list.
func (d *decoder) list(f *form, p *parameter, into reflect.Value, path string) error {
	if f.given && f.value == "" && len(f.children) == 0 {
		return nil
	}
	members := f.children["member"]
	if f.given || members == nil || members.given || len(f.children) != 1 {
		return malformed("The parameter %s is a list: its members are %s.member.1 and so on.", path, path)
	}
	n := len(members.children)
	if p.most > 0 && n > p.most {
		d.violate("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", path, p.most)
		return nil
	}
	into.Set(reflect.MakeSlice(into.Type(), n, n))
	for i := range n {
		number := strconv.Itoa(i + 1)
		member := members.children[number]
		if member == nil {
			return malformed("The members of the list %s are not numbered 1 to %d.", path, n)
		}
		if err := d.parameter(member, p.member, into.Index(i), path+"."+number+".member"); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) text(value string, p *parameter, path string) {
	length := utf8.RuneCountInString(value)
	if length < p.shape.Min {
		d.broken(value, p, path, "Member must have length greater than or equal to "+strconv.Itoa(p.shape.Min))
	}
	if p.shape.Max > 0 && length > p.shape.Max {
		d.broken(value, p, path, "Member must have length less than or equal to "+strconv.Itoa(p.shape.Max))
	}
	if p.pattern != nil && !p.pattern.MatchString(value) {
		d.broken(value, p, path, "Member must satisfy regular expression pattern: "+p.shape.Pattern)
	}
}

func (d *decoder) integer(value string, p *parameter, into reflect.Value, path string) {
	n, err := strconv.Atoi(value)
	switch {
	case err != nil || strconv.Itoa(n) != value:
		d.broken(value, p, path, "Member must be an integer")
	case n < p.shape.Min:
		d.broken(value, p, path, "Member must have value greater than or equal to "+strconv.Itoa(p.shape.Min))
	case p.shape.Max > 0 && n > p.shape.Max:
		d.broken(value, p, path, "Member must have value less than or equal to "+strconv.Itoa(p.shape.Max))
	default:
		into.SetInt(int64(n))
	}
}

// broken notes that a value breaks a constraint.
func (d *decoder) broken(value string, p *parameter, path, constraint string) {
	if p.shape.Sensitive {
		d.violate("Value at '%s' failed to satisfy constraint: %s", path, constraint)
		return
	}
	if len(value) > maxShown {
		value = strings.ToValidUTF8(value[:maxShown], "") + "…"
	}
	d.violate("Value '%s' at '%s' failed to satisfy constraint: %s", value, path, constraint)
}

func (d *decoder) violate(format string, arguments ...any) {
	d.violations = append(d.violations, fmt.Sprintf(format, arguments...))
}

// lowerFirst names a parameter as AWS does in messages.
func lowerFirst(name string) string { return strings.ToLower(name[:1]) + name[1:] }

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
