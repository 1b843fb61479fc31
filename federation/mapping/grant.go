package mapping

import (
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// grant evaluates the rules that give groups and roles.
func (e *evaluation) grant() error {
	if len(e.m.grants) == 0 {
		return nil
	}
	found, err := e.find()
	if err != nil {
		return err
	}
	given := map[string]bool{}
	for i := range e.m.grants {
		g := &e.m.grants[i]
		kind, gives, to := KindGroup, g.group, &e.out.Groups
		if g.role != "" {
			kind, gives, to = KindRole, g.role, &e.out.Roles
		}
		t := e.trace(g.name, kind, gives, g.steps)
		if t != nil {
			t.Looked = []string{g.condition.attribute}
			t.Saw = slices.DeleteFunc(slices.Clone(e.in[g.condition.attribute]), func(v string) bool { return v == "" })
			if len(t.Saw) > 0 {
				t.From = t.Looked
			}
		}
		names, err := e.names(g, gives, found[i])
		if err == nil {
			err = e.made(g.name, names)
		}
		if err != nil {
			t.end(Refused, err.Error())
			return err
		}
		for _, name := range names {
			if key := string(kind) + "\x00" + name; !given[key] {
				given[key] = true
				*to = append(*to, name)
			}
		}
		e.traceGrant(t, g, names)
	}
	return nil
}

// names are what the grant gives.
func (e *evaluation) names(g *grantRule, gives string, found bool) ([]string, error) {
	if g.indexed {
		if found {
			return []string{gives}, nil
		}
		return nil, nil
	}
	values := e.in[g.condition.attribute]
	if len(g.steps) > 0 {
		var err error
		if values, err = e.steps(g.name, g.steps, values); err != nil {
			return nil, err
		}
	}
	if !g.each {
		fulfilled, err := e.any(g.name, &g.condition, values)
		if err != nil || !fulfilled {
			return nil, err
		}
		return []string{gives}, nil
	}
	var names []string
	for _, v := range values {
		if v == "" {
			continue
		}
		passes, err := e.test(g.name, &g.condition, v)
		if err != nil {
			return nil, err
		}
		if name := strings.Replace(gives, valueMark, v, 1); passes && len(name) <= maxGranted && plaintext.Printable(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// find looks up the grants that a value equals. Each value is looked at once,
// however many grants there are.
func (e *evaluation) find() ([]bool, error) {
	found := make([]bool, len(e.m.grants))
	for attribute, places := range e.m.lookup {
		for _, v := range e.in[attribute] {
			for _, i := range places[v] {
				found[i] = true
			}
		}
	}
	for attribute, places := range e.m.folded {
		for _, v := range e.in[attribute] {
			if len(v) > maxValue {
				return nil, fail(TooMuch, "", "a value of %s has %d bytes; at most %d are allowed", quote(attribute), len(v), maxValue)
			}
			if err := e.spend("", v, 4); err != nil {
				return nil, err
			}
			for _, i := range places[foldCase(v)] {
				found[i] = true
			}
		}
	}
	return found, nil
}
