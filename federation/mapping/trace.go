package mapping

import "slices"

// Kind says what a rule makes.
type Kind string

// The kinds of rules.
const (
	KindAttribute Kind = "attribute"
	KindGroup     Kind = "group"
	KindRole      Kind = "role"
)

// Outcome says what came of a rule.
type Outcome string

const (
	// Made: the rule made its attribute, or gave its group or role.
	Made Outcome = "made"
	// Defaulted: no rule made the attribute, so this one's default stands.
	Defaulted Outcome = "default"
	// Nothing: the rule had nothing to give.
	Nothing Outcome = "nothing"
	// Skipped: the rule was not needed, or its When is not fulfilled.
	Skipped Outcome = "skipped"
	// Missing: the rule is required, and the attribute did not come about.
	Missing Outcome = "missing"
	// Refused: the rule ended the evaluation with an error.
	Refused Outcome = "refused"
)

// Trace is what one rule saw and did. It holds values that the provider sent:
// show it to nobody who may not see those.
type Trace struct {
	// Rule is the rule's name, Kind what it makes, and To which attribute, group
	// or role.
	Rule string `json:"rule"`
	Kind Kind   `json:"kind"`
	To   string `json:"to"`
	// Looked are the attributes of the provider that the rule asks for, and From
	// those of them that it took.
	Looked []string `json:"looked,omitempty"`
	From   []string `json:"from,omitempty"`
	// Saw are the values that the rule began with, Steps what it did with them,
	// in words, and Got what came of it.
	Saw   []string `json:"saw,omitempty"`
	Steps []string `json:"steps,omitempty"`
	Got   []string `json:"got,omitempty"`
	// Outcome is what came of the rule, and Why the reason in a sentence, where
	// there is something to explain. Why has no values of the provider in it.
	Outcome Outcome `json:"outcome"`
	Why     string  `json:"why,omitempty"`
}

// Explain is Apply, and tells of each rule what it saw and did. The traces are
// in the order of the rules, those for attributes first; after an error, those
// up to the rule that failed. result is what came about until then.
func (m *Mapping) Explain(attributes map[string][]string) (result *Result, traces []Trace, err error) {
	e := &evaluation{m: m, in: attributes, explain: true}
	err = e.run()
	return &e.out, e.traces, err
}

// trace begins the trace of a rule. It is nil if nothing is to be explained;
// its methods do nothing then.
func (e *evaluation) trace(rule string, kind Kind, to string, steps []step) *Trace {
	if !e.explain {
		return nil
	}
	t := Trace{Rule: rule, Kind: kind, To: to}
	for i := range steps {
		t.Steps = append(t.Steps, steps[i].what)
	}
	e.traces = append(e.traces, t)
	return &e.traces[len(e.traces)-1]
}

// traceOf returns the trace of the rule for an attribute at this place.
func (e *evaluation) traceOf(place int) *Trace {
	if !e.explain {
		return nil
	}
	return &e.traces[place]
}

func (t *Trace) end(outcome Outcome, why string) {
	if t != nil {
		t.Outcome, t.Why = outcome, why
	}
}

func (t *Trace) got(outcome Outcome, values []string) {
	if t != nil {
		t.Outcome, t.Got = outcome, slices.Clone(values)
	}
}

func (t *Trace) miss() {
	if t == nil {
		return
	}
	if t.Why != "" {
		t.Why += "; "
	}
	t.Why += "it is required"
	t.Outcome = Missing
}

func (e *evaluation) traceGrant(t *Trace, g *grantRule, names []string) {
	switch {
	case t == nil:
	case len(names) > 0:
		t.got(Made, names)
		t.Why = "a value " + g.condition.what
	case len(t.Saw) == 0:
		t.end(Nothing, "the provider did not send the attribute "+quote(g.condition.attribute))
	default:
		t.end(Nothing, "no value "+g.condition.what)
	}
}
