package policy

import (
	"net/netip"
	"strings"

	"github.com/stepwell/stepwell/internal/ascii"
)

// condition is one key under one operator, made ready.
type condition struct {
	operator
	quantifier quantifier
	optional   bool // …IfExists
	key        string
	sum        uint64
	operands   []operand
}

// operand is one value of a condition; which fields matter depends on what the
// operator compares.
type operand struct {
	glob    glob // text, fold, boolean, and an ARN that is one variable
	arn     *arn
	number  number
	moment  moment
	network netip.Prefix
	binary  string // in base64
	absent  bool   // of Null
}

// compileOperand returns what is wrong with a value, or "".
func compileOperand(op operator, text string, variables bool) (operand, string) {
	var out operand
	if len(text) > MaxPatternSize {
		return out, tooLong(text)
	}
	op.syntax.variables = op.syntax.variables && variables
	ok := true
	switch op.compares {
	case compareText, compareFold:
		return out, out.compileText(op, text)
	case compareARN:
		return out, out.compileARN(op, text)
	case compareBool:
		if op.syntax.variables && strings.Contains(text, "${") {
			return out, out.compileText(op, text)
		}
		out.glob = compileGlob([]token{{text: text}})
		_, ok = parseBool(text)
	case compareNull:
		out.absent, ok = parseBool(text)
	case compareNumber:
		out.number, ok = parseNumber(text)
	case compareDate:
		out.moment, ok = parseMoment(text)
	case compareIP:
		out.network, ok = parseNetwork(text)
	case compareBinary:
		out.binary, ok = text, isBase64(text)
	}
	if !ok {
		return out, "is not " + op.compares.wants()
	}
	return out, ""
}

func (c comparison) wants() string {
	switch c {
	case compareNumber:
		return "a number of at most 18 digits"
	case compareDate:
		return "a date such as 2026-01-31T18:00:00Z, or seconds since 1970"
	case compareIP:
		return "an address or a CIDR such as 203.0.113.0/24 or 2001:db8::/32"
	case compareBinary:
		return "base64 with padding"
	case compareARN:
		return "an ARN of six parts, or one variable"
	}
	return `"true" or "false"`
}

func (o *operand) compileText(op operator, text string) string {
	tokens, problem := op.syntax.tokens(text)
	if problem == "" {
		o.glob = compileGlob(tokens)
	}
	return problem
}

// compileARN takes an ARN, or one variable that stands for a whole one.
func (o *operand) compileARN(op operator, text string) string {
	parts := splitARN(text, op.syntax.variables)
	if len(parts) < arnParts || parts[0] != "arn" || parts[5] == "" {
		op.syntax.wildcards = false
		tokens, problem := op.syntax.tokens(text)
		if problem == "" && (len(tokens) != 1 || tokens[0].kind != variable) {
			problem = "is not " + op.compares.wants()
		}
		o.glob = compileGlob(tokens)
		return problem
	}
	compiled, problem := compileARN(parts, op.syntax.variables)
	o.arn = &compiled
	return problem
}

func parseBool(text string) (value, ok bool) {
	switch {
	case ascii.EqualFold(text, "true"):
		return true, true
	case ascii.EqualFold(text, "false"):
		return false, true
	}
	return false, false
}

// holds evaluates the condition: yes, no, or unusable when the request has
// values that the operator cannot compare.
func (c *condition) holds(context *Context) outcome {
	e := context.find(c.sum, c.key)
	if c.compares == compareNull {
		for i := range c.operands {
			if c.operands[i].absent == (e == nil) {
				return yes
			}
		}
		return no
	}
	if e == nil {
		return c.missing()
	}
	count := e.count()
	if e.unusable || c.quantifier == single && count > 1 {
		return unusable
	}
	worst := no
	for i := range count {
		o := c.fits(e.value(i), context)
		switch {
		case o == unusable:
			worst = unusable
		case c.quantifier != someOf && o == no:
			return no
		case c.quantifier == someOf && o == yes:
			return yes
		}
	}
	if c.quantifier == someOf || worst == unusable {
		return worst
	}
	return yes
}

// missing is the outcome for a key that the request does not have.
func (c *condition) missing() outcome {
	if c.optional || c.quantifier == allOf {
		return yes
	}
	return fits(c.negated && c.quantifier == single)
}

// fits compares one value of the request with those of the condition, any of
// which may fit; of a negated operator none may.
func (c *condition) fits(value string, context *Context) outcome {
	var n number
	var m moment
	var address netip.Addr
	ok := true
	switch c.compares {
	case compareNumber:
		n, ok = parseNumber(value)
	case compareDate:
		m, ok = parseMoment(value)
	case compareIP:
		address, ok = parseAddress(value)
	case compareBool:
		_, ok = parseBool(value)
	case compareARN:
		ok = isARN(value)
	case compareBinary:
		ok = isBase64(value)
	}
	if !ok {
		return unusable
	}
	out := no
	for i := range c.operands {
		o := &c.operands[i]
		var fit outcome
		switch c.compares {
		case compareText:
			fit = o.glob.match(value, context)
		case compareFold, compareBool:
			fit = o.glob.equalFold(value, context)
		case compareARN:
			fit = o.matchARN(value, context)
		case compareNumber:
			fit = fits(c.relation.holds(n.compare(o.number)))
		case compareDate:
			fit = fits(c.relation.holds(m.compare(o.moment)))
		case compareIP:
			fit = fits(o.network.Contains(address))
		case compareBinary:
			fit = fits(value == o.binary)
		}
		if fit == yes {
			return fits(!c.negated)
		}
		if fit == unusable {
			out = unusable
		}
	}
	if out == unusable {
		return unusable
	}
	return fits(c.negated)
}

func (o *operand) matchARN(value string, context *Context) outcome {
	if o.arn != nil {
		return o.arn.match(value, context)
	}
	return o.glob.match(value, context)
}
