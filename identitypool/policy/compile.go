package policy

import (
	"fmt"
	"strings"
)

// compiler judges what the values of a document say and makes them ready.
type compiler struct {
	text      string
	form      form
	variables bool
	place     string // of the statement
}

func (c *compiler) refuse(at int, place, format string, arguments ...any) *ParseError {
	return refuseAt(c.text, at, place, format, arguments...)
}

func (c *compiler) document(w writtenDocument) (*Document, *ParseError) {
	switch v := w.version; {
	case v.kind == 0 || v.text == "":
		return nil, c.refuse(v.at, "Version", "is missing; write %q", version2012)
	case v.text != version2012 && v.text != version2008:
		return nil, c.refuse(v.at, "Version", "%s is not a version of the language; write %q", quote(v.text), version2012)
	case len(w.id.text) > maxIDSize:
		return nil, c.refuse(w.id.at, "Id", "has %d bytes; at most %d are allowed", len(w.id.text), maxIDSize)
	case w.statements == nil:
		return nil, c.refuse(0, "Statement", "is missing")
	}
	c.variables = w.version.text == version2012
	out := &Document{version: w.version.text, id: w.id.text, form: c.form}
	ready := make([]statement, 0, len(w.statements))
	sids := make(map[string]bool)
	for i := range w.statements {
		c.place = "Statement"
		if w.array {
			c.place = fmt.Sprintf("Statement[%d]", i)
		}
		s := &w.statements[i]
		compiled, source, err := c.statement(s)
		if err != nil {
			return nil, err
		}
		if s.sid.text != "" && sids[s.sid.text] {
			return nil, c.refuse(s.sid.at, c.place+".Sid", "%s stands in two statements", quote(s.sid.text))
		}
		sids[s.sid.text] = true
		line, _ := position(c.text, s.at)
		out.places = append(out.places, c.place)
		out.lines = append(out.lines, line)
		out.source = append(out.source, source)
		compiled.index, compiled.sid = i, source.Sid
		ready = append(ready, compiled)
	}
	out.arrange(ready)
	return out, nil
}

// arrange puts the statements that deny first.
func (d *Document) arrange(ready []statement) {
	d.order = make([]int, len(ready))
	d.compiled = make([]statement, 0, len(ready))
	for _, deny := range []bool{true, false} {
		for i := range ready {
			if ready[i].deny == deny {
				d.order[i] = len(d.compiled)
				d.compiled = append(d.compiled, ready[i])
			}
		}
		if deny {
			d.denies = d.compiled
		}
	}
	d.allows = d.compiled[len(d.denies):]
}

func (c *compiler) statement(w *writtenStatement) (out statement, source Statement, err *ParseError) {
	source = Statement{Sid: w.sid.text, Effect: Effect(w.effect.text)}
	switch {
	case w.effect.kind == 0:
		return out, source, c.refuse(w.at, c.place, "has no Effect")
	case source.Effect != Allow && source.Effect != Deny:
		return out, source, c.refuse(w.effect.at, c.place+".Effect", "%s is not an effect; write %q or %q", quote(w.effect.text), Allow, Deny)
	case !c.validSid(w.sid.text):
		return out, source, c.refuse(w.sid.at, c.place+".Sid", "%s is not at most %d letters and digits of ASCII", quote(w.sid.text), maxSidSize)
	}
	out.deny = source.Effect == Deny
	for _, step := range []func(*writtenStatement, *statement, *Statement) *ParseError{c.principal, c.actions, c.resources, c.conditions} {
		if err := step(w, &out, &source); err != nil {
			return out, source, err
		}
	}
	return out, source, nil
}

// validSid reports whether a statement identifier has IAM's alphabet. Services
// allow spaces and punctuation in the policies of their resources.
func (c *compiler) validSid(sid string) bool {
	return len(sid) <= maxSidSize && only(sid, func(b byte) bool {
		return isNameByte(b) && b != '-' && b != '_' && b != '.' || c.form == resourceForm && b >= ' ' && b < 0x7f
	})
}

func (c *compiler) principal(w *writtenStatement, out *statement, source *Statement) *ParseError {
	names, element := w.principal, "Principal"
	if w.notPrincipal != nil {
		names, element = w.notPrincipal, "NotPrincipal"
		out.notPrincipal = true
	}
	switch {
	case w.principal != nil && w.notPrincipal != nil:
		return c.refuse(w.at, c.place, "has both Principal and NotPrincipal")
	case names == nil && c.form != identityForm:
		return c.refuse(w.at, c.place, "has no Principal")
	case names == nil:
		return nil
	}
	out.principals = new(principals)
	var list []PrincipalName
	for _, p := range *names {
		for i, value := range p.values.items {
			place := c.place + "." + element
			if p.kind != "" {
				place += "." + p.kind + p.values.place(i)
			}
			if problem := out.principals.add(p.kind, value.text); problem != "" {
				return c.refuse(value.at, place, "%s %s", quote(value.text), problem)
			}
			list = append(list, PrincipalName{Type: p.kind, Value: value.text})
		}
	}
	if out.notPrincipal {
		source.NotPrincipals = list
	} else {
		source.Principals = list
	}
	return nil
}

// either returns which of an element and its opposite a statement has.
func (c *compiler) either(w *writtenStatement, element string) (*list, string, *ParseError) {
	l, opposite := w.lists[element], w.lists["Not"+element]
	switch {
	case l != nil && opposite != nil:
		return nil, "", c.refuse(w.at, c.place, "has both %s and Not%s", element, element)
	case opposite != nil:
		return opposite, "Not" + element, nil
	case l == nil:
		return nil, "", c.refuse(w.at, c.place, "has no %s", element)
	}
	return l, element, nil
}

func (l *list) texts() []string {
	out := make([]string, len(l.items))
	for i := range l.items {
		out[i] = l.items[i].text
	}
	return out
}

func (c *compiler) actions(w *writtenStatement, out *statement, source *Statement) *ParseError {
	l, element, err := c.either(w, "Action")
	if err != nil {
		return err
	}
	out.actions = make([]action, len(l.items))
	for i, item := range l.items {
		a, problem := compileAction(item.text)
		if problem == "" && c.form == trustForm && !strings.HasPrefix(a.head, "sts:") {
			problem = "is not an action of sts, such as sts:AssumeRoleWithWebIdentity; a trust policy has no others"
		}
		if problem != "" {
			return c.refuse(item.at, c.place+"."+element+l.place(i), "%s %s", quote(item.text), problem)
		}
		out.actions[i] = a
		out.sieve.add(&a)
	}
	if element == "Action" {
		source.Actions = l.texts()
		return nil
	}
	source.NotActions, out.notAction, out.sieve = l.texts(), true, everything
	return nil
}

func (c *compiler) resources(w *writtenStatement, out *statement, source *Statement) *ParseError {
	if c.form == trustForm {
		return nil
	}
	l, element, err := c.either(w, "Resource")
	if err != nil {
		return err
	}
	out.resources = make([]resource, len(l.items))
	for i, item := range l.items {
		r, problem := compileResource(item.text, c.variables)
		if problem != "" {
			return c.refuse(item.at, c.place+"."+element+l.place(i), "%s %s", quote(item.text), problem)
		}
		out.resources[i] = r
	}
	if out.notResource = element == "NotResource"; out.notResource {
		source.NotResources = l.texts()
	} else {
		source.Resources = l.texts()
	}
	return nil
}

func (c *compiler) conditions(w *writtenStatement, out *statement, source *Statement) *ParseError {
	for _, written := range w.conditions {
		op, quantifier, optional, problem := parseOperator(written.operator.text)
		place := c.place + ".Condition"
		if problem != "" {
			return c.refuse(written.operator.at, place, "%s", problem)
		}
		place += "." + written.operator.text
		key := written.key.text
		if !validKey(key) {
			return c.refuse(written.key.at, place, "%s is not a key such as aws:SourceIp", quote(key))
		}
		place += "." + key
		ready := condition{operator: op, quantifier: quantifier, optional: optional, key: key, sum: keySum(key)}
		for i, item := range written.values.items {
			o, problem := compileOperand(op, item.text, c.variables)
			if problem != "" {
				return c.refuse(item.at, place+written.values.place(i), "%s %s", quote(item.text), problem)
			}
			ready.operands = append(ready.operands, o)
		}
		out.conditions = append(out.conditions, ready)
		source.Conditions = append(source.Conditions, Condition{Operator: written.operator.text, Key: key, Values: written.values.texts()})
	}
	return nil
}
