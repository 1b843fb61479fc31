package policy

import (
	"fmt"
	"strings"
)

// Outcome is what became of one statement.
type Outcome string

// Outcomes of a statement.
const (
	Matched     Outcome = "matches"
	NotMatched  Outcome = "does not match"
	Undecidable Outcome = "may match: a value cannot be compared"
)

// Trace is a decision with what each statement contributed to it. It is for
// logs and tools, never for the caller.
type Trace struct {
	Decision Decision
	// Action, Resource and Principal are those of the request.
	Action, Resource string
	Principal        Principal
	// Statements are all statements of all documents, service control policies
	// first, then those of the resource, the caller, boundaries and session.
	// It is empty for [ReasonRequest] and [ReasonPolicies].
	Statements []StatementTrace
}

// StatementTrace is what one statement did with the request.
type StatementTrace struct {
	Kind                     Kind
	Set, Document, Statement int // indexes, as in [Decision]
	Line                     int // where the statement begins in its document
	Sid                      string
	Effect                   Effect
	Outcome                  Outcome
	// Element is the first element that did not match, or that could not be
	// compared: "Action", "NotAction", "Principal", "NotPrincipal",
	// "Resource", "NotResource" or "Condition"; "" when the statement matches.
	Element string
	// Operator, Key and Values are those of the condition, for "Condition".
	Operator, Key string
	Values        []string
	// Present tells whether the request has the key, and Have its values.
	Present bool
	Have    []string
	// Variables are variables of Resource or of the condition that had no
	// usable value.
	Variables []string
}

// Explain decides as [Policies.Evaluate] does, and tells what each statement did
// with the request and why not. It takes longer and allocates: use it where a
// decision is looked into, not for each request.
func (p *Policies) Explain(r *Request) Trace {
	t := Trace{Decision: p.Evaluate(r)}
	var q question
	if r != nil {
		t.Action, t.Resource, t.Principal = r.Action, r.Resource, r.Principal
	}
	if p == nil || t.Decision.Reason == ReasonRequest || t.Decision.Reason == ReasonPolicies || !q.ask(r) {
		return t
	}
	for i := range p.groups() {
		g := p.group(i)
		for document, d := range g.documents {
			if d == nil { // behind a document that denies
				continue
			}
			for statement := range d.source {
				s := d.explain(statement, &q)
				s.Kind, s.Set, s.Document = kinds[g.kind], int(g.set), document
				t.Statements = append(t.Statements, s)
			}
		}
	}
	return t
}

// explain repeats what matches does, one element after the other.
func (d *Document) explain(i int, q *question) StatementTrace {
	source, s := &d.source[i], &d.compiled[d.order[i]]
	out := StatementTrace{Statement: i, Line: d.lines[i], Sid: source.Sid, Effect: source.Effect, Outcome: NotMatched}
	o, _ := s.matches(q)
	switch {
	case o == yes:
		out.Outcome = Matched
		return out
	case s.matchAction(q) == s.notAction:
		out.Element = opposite(s.notAction, "Action")
		return out
	case s.namesCaller(q) == notNamed:
		out.Element = opposite(s.notPrincipal, "Principal")
		return out
	case o == unusable:
		out.Outcome = Undecidable
	}
	for j := range s.conditions {
		if c := &s.conditions[j]; c.holds(q.context) == o {
			if s.matchResource(q) == no {
				break
			}
			out.condition(&source.Conditions[j], c, q.context)
			return out
		}
	}
	out.Element = opposite(s.notResource, "Resource")
	for j := range s.resources {
		out.Variables = s.resources[j].arn.unbound(out.Variables, q.context)
	}
	return out
}

func opposite(is bool, element string) string {
	if is {
		return "Not" + element
	}
	return element
}

func (t *StatementTrace) condition(source *Condition, c *condition, context *Context) {
	t.Element, t.Operator, t.Key, t.Values = "Condition", source.Operator, source.Key, append([]string(nil), source.Values...)
	t.Have, t.Present = context.Values(source.Key)
	for i := range c.operands {
		o := &c.operands[i]
		t.Variables = o.glob.unbound(t.Variables, context)
		if o.arn != nil {
			t.Variables = o.arn.unbound(t.Variables, context)
		}
	}
}

func (a *arn) unbound(out []string, context *Context) []string {
	if a.parts != nil {
		for i := range a.parts {
			out = a.parts[i].unbound(out, context)
		}
	}
	return a.last.unbound(out, context)
}

// unbound appends the variables that have no usable value.
func (g *glob) unbound(out []string, context *Context) []string {
	for _, v := range g.variables {
		e := context.find(v.sum, v.key)
		if e == nil && !v.hasDefault || e != nil && (e.unusable || e.count() != 1 || len(e.one) > MaxVariablesSize) {
			out = append(out, v.key)
		}
	}
	return out
}

const (
	maxTraceStatements = 50
	maxTraceValues     = 5
)

// String shows the trace for a log: the decision, and a line for each statement
// that concerns the action, of bounded number and length. Values of the request
// are quoted.
func (t Trace) String() string {
	var b strings.Builder
	b.WriteString(t.Decision.String())
	fmt.Fprintf(&b, "\n  asked: %s on %s", quote(t.Action), quote(t.Resource))
	if who := t.Principal.ARN; who != "" {
		fmt.Fprintf(&b, " by %s", quote(who))
	}
	shown, other := 0, 0
	for i := range t.Statements {
		s := &t.Statements[i]
		if strings.HasSuffix(s.Element, "Action") {
			other++
			continue
		}
		if shown++; shown <= maxTraceStatements {
			b.WriteString("\n  " + s.String())
		}
	}
	if shown > maxTraceStatements {
		fmt.Fprintf(&b, "\n  and %d more", shown-maxTraceStatements)
	}
	if other > 0 {
		fmt.Fprintf(&b, "\n  and %d about other actions", other)
	}
	return b.String()
}

// String shows the decision in one line.
func (d Decision) String() string {
	out := "denied: "
	if d.Allowed {
		out = ""
	}
	out += string(d.Reason)
	switch d.Reason {
	case "":
		return "denied"
	case ReasonAllowed, ReasonExplicitDeny, ReasonUndecidable:
		if d.Kind == "" {
			return out + " (the root user)"
		}
		out += fmt.Sprintf(" (%s)", place(d.Kind, d.Set, d.Document, d.Statement, d.Sid))
	case ReasonBoundary, ReasonSession, ReasonServiceControl:
		out += fmt.Sprintf(" (%s %d)", d.Kind, d.Set)
	}
	return out
}

func place(kind Kind, set, document, statement int, sid string) string {
	out := string(kind)
	if kind != KindIdentity && kind != KindResource {
		out += fmt.Sprintf(" %d", set)
	}
	out += fmt.Sprintf(" document %d statement %d", document, statement)
	if sid != "" {
		out += " " + quote(sid)
	}
	return out
}

// String shows in one line what the statement did.
func (s StatementTrace) String() string {
	out := fmt.Sprintf("%s (line %d): %s %s", place(s.Kind, s.Set, s.Document, s.Statement, s.Sid), s.Line, s.Effect, s.Outcome)
	if s.Element == "" {
		return out
	}
	out += ": " + s.Element
	if s.Element == "Condition" {
		have := "the request has no such key"
		if s.Present {
			have = "the request has " + quoteList(s.Have)
		}
		out += fmt.Sprintf(" %s %s wants %s, %s", s.Operator, quote(s.Key), quoteList(s.Values), have)
	}
	if len(s.Variables) > 0 {
		out += ", no usable value for " + quoteList(s.Variables)
	}
	return out
}

func quoteList(values []string) string {
	quoted := make([]string, 0, min(len(values), maxTraceValues)+1)
	for i, v := range values {
		if i == maxTraceValues {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(values)-i))
			break
		}
		quoted = append(quoted, quote(v))
	}
	return "[" + strings.Join(quoted, " ") + "]"
}
