package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The limits of one evaluation. What a provider of this module sends is within
// them: a directory gives at most 11,000 groups.
const (
	// maxAttributes and maxValues bound what comes and what comes of it.
	maxAttributes = 1000
	maxValues     = 20_000
	// maxValue bounds a value that a rule uses or makes, in bytes.
	maxValue = 16 << 10
	// maxBytes bounds all values together, those that come and those that are made.
	maxBytes = 4 << 20
	// maxWork bounds the bytes that are looked at; for a regular expression each
	// counts for the instructions of its program. It is a second or so at worst.
	maxWork = 256 << 20
)

// Result is what came of a provider's attributes.
type Result struct {
	// Attributes are those of the application. Each has at least one value, and
	// none of them is the one for groups or roles.
	Attributes map[string][]string `json:"attributes,omitempty"`
	// Groups and Roles are in the order of the rules, each once.
	Groups []string `json:"groups,omitempty"`
	Roles  []string `json:"roles,omitempty"`
}

// Apply evaluates the rules for the attributes that a provider sent, as
// federation.Provider's Finish returns them. It changes nothing of what it is
// given, and the result shares nothing with it.
//
// It fails with MissingAttribute, and then names all that are missing; with
// SeveralValues; and with TooMuch if there are more than 1000 attributes, 20,000
// values or 4 MiB of them, on either side, a value that a rule uses or makes has
// more than 16 KiB, or the evaluation would take longer than about a second. There is no partial result.
func (m *Mapping) Apply(attributes map[string][]string) (*Result, error) {
	e := &evaluation{m: m, in: attributes}
	if err := e.run(); err != nil {
		return nil, err
	}
	return &e.out, nil
}

// evaluation is one Apply or Explain.
type evaluation struct {
	m    *Mapping
	in   map[string][]string
	out  Result
	work int
	// values and bytes are what has been made so far.
	values, bytes int
	// traces are those of the rules, if they are to be explained.
	explain bool
	traces  []Trace
}

func (e *evaluation) run() error {
	if err := e.checkInput(); err != nil {
		return err
	}
	e.out.Attributes = make(map[string][]string, len(e.m.attributes))
	if e.explain {
		e.traces = make([]Trace, 0, len(e.m.attributes)+len(e.m.grants))
	}
	for i := range e.m.attributes {
		if err := e.attribute(&e.m.attributes[i]); err != nil {
			return err
		}
	}
	if err := e.grant(); err != nil {
		return err
	}
	missing := e.defaults()
	if err := e.others(); err != nil {
		return err
	}
	if len(missing) > 0 {
		return e.missing(missing)
	}
	return nil
}

func (e *evaluation) checkInput() error {
	values, bytes := 0, 0
	for name, v := range e.in {
		values += len(v)
		bytes += len(name)
		for i := range v {
			bytes += len(v[i])
		}
	}
	if len(e.in) > maxAttributes || values > maxValues || bytes > maxBytes {
		return fail(TooMuch, "", "the provider sent %d attributes with %d values of %d bytes; at most %d, %d and %d are taken",
			len(e.in), values, bytes, maxAttributes, maxValues, maxBytes)
	}
	return nil
}

// attribute evaluates one rule that makes an attribute.
func (e *evaluation) attribute(a *attributeRule) error {
	t := e.trace(a.name, KindAttribute, a.To, a.steps)
	if t != nil {
		t.Looked = slices.Concat(a.From, a.Join)
	}
	if e.out.Attributes[a.To] != nil {
		t.end(Skipped, "an earlier rule made it")
		return nil
	}
	if a.when != nil {
		fulfilled, err := e.any(a.name, a.when, e.in[a.when.attribute])
		if err != nil {
			t.end(Refused, err.Error())
			return err
		}
		if !fulfilled {
			t.end(Skipped, "its condition is not fulfilled: the attribute "+quote(a.when.attribute)+" has no value that "+a.when.what)
			return nil
		}
	}
	from, values := e.source(a)
	if t != nil {
		t.From, t.Saw = from, slices.Clone(values)
	}
	made, err := e.steps(a.name, a.steps, values)
	if err != nil {
		t.end(Refused, err.Error())
		return err
	}
	if made, err = a.several(made); err != nil {
		t.end(Refused, err.Error())
		return err
	}
	if len(made) == 0 {
		t.end(Nothing, nothingWhy(len(values)))
		return nil
	}
	if err := e.made(a.name, made); err != nil {
		t.end(Refused, err.Error())
		return err
	}
	e.out.Attributes[a.To] = made
	t.got(Made, made)
	return nil
}

func nothingWhy(saw int) string {
	if saw == 0 {
		return "the provider sent none of the attributes it takes"
	}
	return "nothing was left after its steps"
}

// source returns the values that the rule begins with, which may be the
// provider's own slice, and the attributes they are from.
func (e *evaluation) source(a *attributeRule) (from []string, values []string) {
	switch {
	case a.Constant != "":
		return nil, []string{a.Constant}
	case len(a.Join) > 0:
		var parts []string
		for _, name := range a.Join {
			if i := slices.IndexFunc(e.in[name], notEmpty); i >= 0 {
				parts, from = append(parts, e.in[name][i]), append(from, name)
			}
		}
		if len(parts) == 0 {
			return nil, nil
		}
		return from, []string{strings.Join(parts, a.Separator)}
	}
	for i, name := range a.From {
		if slices.ContainsFunc(e.in[name], notEmpty) {
			return a.From[i : i+1 : i+1], e.in[name]
		}
	}
	return nil, nil
}

func notEmpty(s string) bool { return s != "" }

// steps returns what becomes of values, in a slice of its own without empty ones.
func (e *evaluation) steps(rule string, steps []step, values []string) ([]string, error) {
	if len(values) == 0 {
		return nil, nil
	}
	now := make([]string, 0, len(values))
	for _, v := range values {
		if v != "" {
			now = append(now, v)
		}
	}
	if _, err := checkLengths(rule, now, 0); err != nil {
		return nil, err
	}
	for i := range steps {
		next, total := make([]string, 0, len(now)), 0
		for _, v := range now {
			err := e.spend(rule, v, steps[i].weight)
			if err != nil {
				return nil, err
			}
			before := len(next)
			next = steps[i].apply(next, v)
			if len(next) > maxValues {
				return nil, fail(TooMuch, rule, "a step makes more than %d values", maxValues)
			}
			// At once, not at the end: one value may become a large one.
			if total, err = checkLengths(rule, next[before:], total); err != nil {
				return nil, err
			}
		}
		now = slices.DeleteFunc(next, func(v string) bool { return v == "" })
	}
	return now, nil
}

// checkLengths bounds values one by one, and all of them together with those
// that have total bytes already.
func checkLengths(rule string, values []string, total int) (int, error) {
	for _, v := range values {
		if len(v) > maxValue {
			return total, fail(TooMuch, rule, "a value has %d bytes; at most %d are allowed", len(v), maxValue)
		}
		if total += len(v); total > maxBytes {
			return total, fail(TooMuch, rule, "the values have more than %d bytes together", maxBytes)
		}
	}
	return total, nil
}

// spend counts the work that looking at v is.
func (e *evaluation) spend(rule, v string, weight int) error {
	if e.work += (len(v) + 16) * weight; e.work > maxWork {
		return fail(TooMuch, rule, "evaluating the rules takes too long for what the provider sent")
	}
	return nil
}

// several does what Values says.
func (a *attributeRule) several(values []string) ([]string, error) {
	switch {
	case len(values) < 2:
		return values, nil
	case a.Values == First:
		return values[:1:1], nil
	case a.Values == One:
		for _, v := range values[1:] {
			if v != values[0] {
				return nil, fail(SeveralValues, a.name, "the provider sent several values for %s, and there must be one; have it send one, or change what the rule says about several",
					quote(a.To))
			}
		}
		return values[:1:1], nil
	case a.Values == Joined:
		joined := []string{strings.Join(values, a.Separator)}
		_, err := checkLengths(a.name, joined, 0)
		return joined, err
	}
	return values, nil
}

// made counts what has been made.
func (e *evaluation) made(rule string, values []string) error {
	e.values += len(values)
	for _, v := range values {
		e.bytes += len(v)
	}
	if e.values > maxValues || e.bytes > maxBytes || len(e.out.Attributes) > maxAttributes {
		return fail(TooMuch, rule, "the rules make more than %d attributes, %d values or %d bytes", maxAttributes, maxValues, maxBytes)
	}
	return nil
}

// any reports whether one of values passes the test.
func (e *evaluation) any(rule string, c *condition, values []string) (bool, error) {
	for _, v := range values {
		if v == "" {
			continue
		}
		passes, err := e.test(rule, c, v)
		if err != nil || passes {
			return passes, err
		}
	}
	return false, nil
}

// test tries one value. One that is too long for a rule to use ends the
// evaluation, for nobody knows what it would have passed.
func (e *evaluation) test(rule string, c *condition, v string) (bool, error) {
	if len(v) > maxValue {
		return false, fail(TooMuch, rule, "a value of %s has %d bytes; at most %d are allowed", quote(c.attribute), len(v), maxValue)
	}
	if err := e.spend(rule, v, c.weight); err != nil {
		return false, err
	}
	return c.test(v), nil
}

// defaults fills in what no rule made, and returns the rules whose attribute is
// missing.
func (e *evaluation) defaults() []*attributeRule {
	var missing []*attributeRule
	for i := range e.m.attributes {
		a := &e.m.attributes[i]
		if len(a.Default) > 0 && e.out.Attributes[a.To] == nil {
			e.out.Attributes[a.To] = slices.Clone(a.Default)
			e.traceOf(i).got(Defaulted, a.Default)
		}
	}
	for i := range e.m.attributes {
		a := &e.m.attributes[i]
		if a.Required && e.out.Attributes[a.To] == nil {
			missing = append(missing, a)
			e.traceOf(i).miss()
		}
	}
	return missing
}

// others passes on what no rule makes.
func (e *evaluation) others() error {
	if !e.m.keepOthers {
		return nil
	}
	for name, values := range e.in {
		if e.m.own[name] || name == "" {
			continue
		}
		kept := make([]string, 0, len(values))
		for _, v := range values {
			if v != "" {
				kept = append(kept, v)
			}
		}
		if len(kept) == 0 {
			continue
		}
		if err := e.made("", kept); err != nil {
			return err
		}
		e.out.Attributes[name] = kept
	}
	return nil
}

// missing is the error of required attributes that did not come about.
func (e *evaluation) missing(rules []*attributeRule) error {
	out := fail(MissingAttribute, rules[0].name, "%s", "")
	var wanted []string
	for _, a := range rules {
		if slices.Contains(out.Missing, a.To) {
			continue
		}
		out.Missing = append(out.Missing, a.To)
		var names []string
		for _, name := range slices.Concat(a.From, a.Join) {
			if names = append(names, quote(name)); len(names) == 4 {
				break
			}
		}
		wanted = append(wanted, quote(a.To)+" (from "+strings.Join(names, " or ")+")")
	}
	present := e.present()
	out.Present = present[:min(maxPresent, len(present))]
	for i := range out.Present {
		out.Present[i] = plain(out.Present[i])
	}
	const shown = 20
	sent := "nothing"
	if len(out.Present) > 0 {
		quoted := make([]string, 0, shown)
		for _, name := range out.Present[:min(shown, len(out.Present))] {
			quoted = append(quoted, quote(name))
		}
		sent = strings.Join(quoted, ", ")
		if n := len(present) - len(quoted); n > 0 {
			sent += fmt.Sprintf(", and %d others", n)
		}
	}
	out.Message = "the provider did not send what is required: " + strings.Join(wanted[:min(shown, len(wanted))], ", ") + "; it sent " + sent
	return out
}

const maxPresent = 50

// present are the names of the attributes that have a value, sorted.
func (e *evaluation) present() []string {
	names := slices.Sorted(maps.Keys(e.in))
	return slices.DeleteFunc(names, func(name string) bool { return !slices.ContainsFunc(e.in[name], notEmpty) })
}
