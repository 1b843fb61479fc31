package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/ascii"
)

// Severity says how bad a finding is.
type Severity string

const (
	// Danger grants, or may grant, far more than its author is likely to mean.
	Danger Severity = "danger"
	// Warning has an effect in some requests that authors often overlook.
	Warning Severity = "warning"
)

// Finding is something that parses and that its author may not mean.
type Finding struct {
	Place    string // such as "Statement[1].Action"
	Line     int    // where the statement begins, from 1
	Severity Severity
	Problem  string // what it does and what to write instead
}

// String shows the finding in one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s (line %d): %s", f.Severity, f.Place, f.Line, f.Problem)
}

// Lint looks for misuse of the language in one document: nothing that it finds
// is an error. It knows the document alone, not who has it, nor which keys
// requests have. A document without findings may still grant too much.
func Lint(d *Document) []Finding {
	if d == nil {
		return nil
	}
	l := linter{document: d}
	for i := range d.source {
		l.index, l.source = i, &d.source[i]
		l.ready = &d.compiled[d.order[i]]
		l.language()
		l.conditions()
		if l.source.Effect == Deny {
			l.deny()
			continue
		}
		l.grants()
		l.principals()
		if d.form == trustForm {
			l.trust()
		}
	}
	return l.findings
}

type linter struct {
	document *Document
	index    int
	source   *Statement
	ready    *statement
	findings []Finding
}

func (l *linter) report(severity Severity, place, format string, arguments ...any) {
	l.findings = append(l.findings, Finding{
		Place: l.document.places[l.index] + place, Line: l.document.lines[l.index],
		Severity: severity, Problem: fmt.Sprintf(format, arguments...),
	})
}

// language is about what the words mean, whatever the effect.
func (l *linter) language() {
	if l.document.version == version2008 {
		all := slices.Concat(l.source.Resources, l.source.NotResources)
		for _, c := range l.source.Conditions {
			all = append(all, c.Values...)
		}
		if slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, "${") }) {
			l.report(Warning, "", `"${" is text in version %s; variables need version %s`, version2008, version2012)
		}
	}
	for i := range l.source.Conditions {
		c, ready := &l.source.Conditions[i], &l.ready.conditions[i]
		exact := ready.compares == compareText && !ready.syntax.wildcards || ready.compares == compareFold
		if exact && slices.ContainsFunc(c.Values, func(v string) bool { return strings.Contains(withoutVariables(v), "*") }) {
			l.report(Warning, conditionPlace(c), "* stands for itself under this operator; StringLike has wildcards")
		}
		if ready.quantifier == single && ready.compares != compareNull && severalValues(c.Key) {
			l.report(Warning, conditionPlace(c), "the key often has several values, which cannot be compared without %s or %s", forAny, forAll)
		}
	}
}

// withoutVariables takes away ${…}, which may be ${*}.
func withoutVariables(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		_, text, _ = strings.Cut(rest, "}")
	}
}

// severalValues reports whether a key is known to have several values.
func severalValues(key string) bool {
	known := []string{
		"aws:CalledVia", "aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList", "aws:ResourceOrgPaths", "aws:TagKeys",
		"dynamodb:Attributes", "dynamodb:LeadingKeys",
	}
	return slices.ContainsFunc(known, func(k string) bool { return ascii.EqualFold(k, key) }) || strings.HasSuffix(ascii.Lower(key), ":amr")
}

func conditionPlace(c *Condition) string { return ".Condition." + c.Operator + "." + c.Key }

// conditions is about keys that a request may not have.
func (l *linter) conditions() {
	for i := range l.source.Conditions {
		c, ready := &l.source.Conditions[i], &l.ready.conditions[i]
		allow := l.source.Effect == Allow
		if allow && ready.negated && ready.missable() {
			l.report(Warning, conditionPlace(c), "a negated operator holds when a variable has no value, and allows then; give it a default")
		}
		if ready.compares == compareNull || l.needs(ready.sum) {
			continue
		}
		switch {
		case allow && ready.quantifier == allOf:
			l.report(Danger, conditionPlace(c), `holds when the request does not have the key; add "Null": {%q: "false"}`, c.Key)
		case allow && ready.optional:
			l.report(Warning, conditionPlace(c), "holds when the request does not have the key, and allows then")
		case allow && ready.negated && ready.quantifier == single:
			l.report(Warning, conditionPlace(c), `a negated operator holds when the request does not have the key; add "Null": {%q: "false"}`, c.Key)
		case !allow && ready.compares == compareBool && !ready.optional && slices.ContainsFunc(c.Values, isFalse):
			l.report(Warning, conditionPlace(c), "does not deny when the request does not have the key; Bool%s does", ifExists)
		}
	}
}

func isFalse(text string) bool { return ascii.EqualFold(text, "false") }

// needs reports whether the statement demands that the request has a key.
func (l *linter) needs(sum uint64) bool {
	return slices.ContainsFunc(l.ready.conditions, func(c condition) bool {
		return c.compares == compareNull && c.sum == sum && !slices.ContainsFunc(c.operands, func(o operand) bool { return o.absent })
	})
}

// deny is about a Deny that does not when a value is missing.
func (l *linter) deny() {
	for i := range l.ready.resources {
		if !l.ready.notResource && missable(&l.ready.resources[i].arn.last) {
			l.report(Warning, ".Resource", "does not deny when a variable has no value; give it a default or deny without variables")
			break
		}
	}
	for i := range l.ready.conditions {
		if c := &l.ready.conditions[i]; !c.negated && c.missable() {
			l.report(Warning, conditionPlace(&l.source.Conditions[i]), "does not deny when a variable has no value; give it a default")
		}
	}
}

// missable reports whether a variable of one of the values may have no value.
func (c *condition) missable() bool {
	for i := range c.operands {
		o := &c.operands[i]
		if o.arn == nil && missable(&o.glob) || o.arn != nil && o.arn.missable() {
			return true
		}
	}
	return false
}

func (a *arn) missable() bool {
	for i := range 4 {
		if a.parts != nil && missable(&a.parts[i]) {
			return true
		}
	}
	return missable(&a.last)
}

// missable reports whether a variable may have no value.
func missable(g *glob) bool {
	return slices.ContainsFunc(g.variables, func(v reference) bool { return !v.hasDefault })
}

// grants is about an Allow that is wider than it looks.
func (l *linter) grants() {
	if l.source.NotActions != nil {
		l.report(Danger, ".NotAction", "an Allow with NotAction allows every other action of every service, also of those to come; name what is allowed")
	}
	if l.source.NotResources != nil {
		l.report(Danger, ".NotResource", "an Allow with NotResource allows every other resource; name what is allowed")
	}
	everywhere := slices.Contains(l.source.Resources, "*") && len(l.source.Conditions) == 0
	switch {
	case !everywhere:
	case slices.Contains(l.source.Actions, "*"):
		l.report(Danger, "", "allows everything on everything")
	default:
		for _, name := range []string{"iam:PassRole", "sts:AssumeRole"} {
			if slices.ContainsFunc(l.source.Actions, func(a string) bool { return l.actionMatches(a, name) }) {
				l.report(Danger, ".Resource", "allows %s on every role: whoever has it may become any of them; name the roles", name)
			}
		}
	}
}

func (l *linter) actionMatches(pattern, name string) bool {
	a, problem := compileAction(pattern)
	return problem == "" && a.match([]byte(ascii.Lower(name)))
}

// principals is about an Allow for more callers than it looks.
func (l *linter) principals() {
	if l.source.NotPrincipals != nil {
		l.report(Danger, ".NotPrincipal", "an Allow with NotPrincipal allows everyone else, also callers who are not known; name who is allowed")
	}
	if p := l.ready.principals; p != nil && !l.ready.notPrincipal && p.everyone && len(l.source.Conditions) == 0 {
		l.report(Danger, ".Principal", "allows everyone, also callers who are not known; name who is allowed or add a Condition")
	}
}

// trust is about a role that a provider's tokens open, whoever they were made
// for.
func (l *linter) trust() {
	web, saml := l.covers("sts:AssumeRoleWithWebIdentity"), l.covers("sts:AssumeRoleWithSAML")
	for _, provider := range l.ready.principals.federated {
		_, issuer, isOIDC := strings.Cut(provider, ":oidc-provider/")
		switch {
		case strings.Contains(provider, ":saml-provider/"):
			if saml && !l.demands("saml:aud") {
				l.report(Warning, ".Condition", "does not demand saml:aud: an assertion made for another service provider opens the role")
			}
			continue
		case !isOIDC:
			issuer = provider
		}
		if !web {
			continue
		}
		key := issuer + ":aud"
		if !l.demands(key) && !l.demands(issuer+":app_id") {
			l.report(Danger, ".Condition", "does not demand %s: a token that the provider made for any other application opens the role", key)
		}
		if issuer == "cognito-identity.amazonaws.com" && !l.demands(issuer+":amr") {
			l.report(Warning, ".Condition", "does not demand %s:amr: guests of the pool may have the role", issuer)
		}
	}
}

// covers reports whether the statement is about an action.
func (l *linter) covers(action string) bool {
	var q question
	return q.setAction(action) && l.ready.matchAction(&q) != l.ready.notAction
}

// demands reports whether the statement compares a key so that a request
// without it, or with any other value, does not match.
func (l *linter) demands(key string) bool {
	for i := range l.ready.conditions {
		c := &l.ready.conditions[i]
		text := c.compares == compareText || c.compares == compareFold
		if !text || c.negated || c.optional || c.quantifier == allOf && !l.needs(c.sum) || !ascii.EqualFold(c.key, key) {
			continue
		}
		if !slices.ContainsFunc(l.source.Conditions[i].Values, func(v string) bool { return c.syntax.wildcards && strings.Trim(v, "*?") == "" }) {
			return true
		}
	}
	return false
}
