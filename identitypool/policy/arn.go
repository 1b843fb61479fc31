package policy

import (
	"fmt"
	"strings"
)

const arnParts = 6

// arn is a compiled pattern of an ARN. Its parts are compared apart from each
// other, so that a wildcard does not leave its own.
type arn struct {
	head  string   // "arn:…:" up to the fifth colon, when that is text alone
	parts *[4]glob // otherwise: partition, service, region, account
	last  glob     // the resource
}

// splitARN splits text at the first five colons that do not stand in a
// variable.
func splitARN(text string, variables bool) []string {
	out := make([]string, 0, arnParts)
	start := 0
	for i := 0; i < len(text) && len(out) < arnParts-1; i++ {
		if variables && strings.HasPrefix(text[i:], "${") {
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				break
			}
			i += end
			continue
		}
		if text[i] == ':' {
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	return append(out, text[start:])
}

// compileARN returns what is wrong with the parts of an ARN, or "".
func compileARN(parts []string, variables bool) (arn, string) {
	var out arn
	var before [4]glob
	exact := true
	for i, part := range parts[1:] {
		tokens, problem := syntax{wildcards: true, variables: variables}.tokens(part)
		if problem != "" {
			return out, problem
		}
		g := compileGlob(tokens)
		if i == len(before) {
			out.last = g
			break
		}
		before[i] = g
		exact = exact && !g.stars && g.first.runes == nil && g.variables == nil
	}
	if !exact {
		parts := before
		out.parts = &parts
		return out, ""
	}
	out.head = "arn:"
	for i := range before {
		out.head += before[i].first.text + ":"
	}
	return out, ""
}

// match compares an ARN of a request.
func (a *arn) match(text string, c *Context) outcome {
	if a.head != "" {
		if !strings.HasPrefix(text, a.head) {
			return no
		}
		return a.last.match(text[len(a.head):], c)
	}
	rest, found := strings.CutPrefix(text, "arn:")
	worst := yes
	for i := 0; found && i < len(a.parts); i++ {
		var part string
		if part, rest, found = strings.Cut(rest, ":"); !found {
			break
		}
		switch o := a.parts[i].match(part, c); o {
		case no:
			return no
		case unresolved, unusable:
			worst = max(worst, o)
		}
	}
	if !found {
		return no
	}
	if o := a.last.match(rest, c); o != yes {
		return combine(o, worst)
	}
	return worst
}

// combine joins what two parts came to, neither of which is both yes.
func combine(a, b outcome) outcome {
	if a == no || b == no {
		return no
	}
	return max(a, b)
}

// isARN reports whether text has the six parts of an ARN.
func isARN(text string) bool {
	return strings.HasPrefix(text, "arn:") && strings.Count(text, ":") >= arnParts-1
}

// resource is a compiled Resource: "*", or an ARN.
type resource struct {
	all bool
	arn arn
}

// compileResource returns what is wrong with the resource, or "".
func compileResource(text string, variables bool) (resource, string) {
	if text == "*" {
		return resource{all: true}, ""
	}
	if len(text) > MaxPatternSize {
		return resource{}, tooLong(text)
	}
	parts := strings.SplitN(text, ":", arnParts)
	switch {
	case parts[0] != "arn" || len(parts) < arnParts:
		return resource{}, `is not a resource; write "*" or an ARN of six parts, arn:partition:service:region:account:resource`
	case parts[2] == "" || !only(parts[2], isNameByte):
		return resource{}, "has a service that is not letters, digits and hyphens; the service takes no wildcards"
	case parts[5] == "":
		return resource{}, "has an empty resource part; end it with * for every resource"
	}
	for _, part := range parts[1:5] {
		if variables && strings.Contains(part, "${") {
			return resource{}, "has a variable before the fifth colon, where there may be none"
		}
	}
	compiled, problem := compileARN(parts, variables)
	return resource{arn: compiled}, problem
}

func (r *resource) match(q *question) outcome {
	if r.all {
		return yes
	}
	return r.arn.match(q.resource, q.context)
}

func tooLong(text string) string {
	return fmt.Sprintf("has %d bytes; at most %d are allowed", len(text), MaxPatternSize)
}
