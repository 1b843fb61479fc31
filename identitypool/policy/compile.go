package policy

import (
	"fmt"
	"strings"
)

// action is a compiled Action: a pattern over lower-case ASCII.
type action struct {
	all  bool // "*"
	name glob // service:name, lower case
}

// resource is a compiled Resource: "*", or the six parts of an ARN.
type resource struct {
	all   bool
	parts [arnParts - 1]glob // partition, service, region, account; the last only without variables
	last  pattern            // the resource part, when it has variables
}

const arnParts = 6

func compileDocument(version string, statements []Statement) (*Document, error) {
	out := &Document{version: version, statements: make([]statement, len(statements))}
	sids := make(map[string]bool)
	for i, s := range statements {
		place := fmt.Sprintf("Statement[%d]", i)
		if s.Sid != "" && sids[s.Sid] {
			return nil, refuse(place+".Sid", "%s stands in two statements", quote(s.Sid))
		}
		sids[s.Sid] = true
		compiled := statement{Statement: s}
		for j, text := range s.Actions {
			a, problem := compileAction(text)
			if problem != "" {
				return nil, refuse(fmt.Sprintf("%s.Action[%d]", place, j), "%s %s", quote(text), problem)
			}
			compiled.actions = append(compiled.actions, a)
		}
		for j, text := range s.Resources {
			r, problem := compileResource(text, version == version2012)
			if problem != "" {
				return nil, refuse(fmt.Sprintf("%s.Resource[%d]", place, j), "%s %s", quote(text), problem)
			}
			compiled.resources = append(compiled.resources, r)
		}
		out.statements[i] = compiled
	}
	return out, nil
}

// compileAction returns what is wrong with the action, or "".
func compileAction(text string) (action, string) {
	if text == "*" {
		return action{all: true}, ""
	}
	if len(text) > MaxPatternSize {
		return action{}, fmt.Sprintf("has %d bytes; at most %d are allowed", len(text), MaxPatternSize)
	}
	service, name, ok := strings.Cut(text, ":")
	switch {
	case !ok:
		return action{}, `is not an action; write "*" or service:name`
	case service == "" || !only(service, isNameByte):
		return action{}, "has a service that is not letters, digits and hyphens; wildcards are allowed after the colon only"
	case name == "" || !only(name, func(b byte) bool { return isNameByte(b) || b == '*' || b == '?' }):
		return action{}, "has a name that is not letters, digits, hyphens, underscores, dots and wildcards"
	}
	return action{name: compileGlob(wildcards(lowerASCII(text)))}, ""
}

// compileResource returns what is wrong with the resource, or "".
func compileResource(text string, variables bool) (resource, string) {
	if text == "*" {
		return resource{all: true}, ""
	}
	if len(text) > MaxPatternSize {
		return resource{}, fmt.Sprintf("has %d bytes; at most %d are allowed", len(text), MaxPatternSize)
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
	var out resource
	for i, part := range parts[1:5] {
		out.parts[i] = compileGlob(wildcards(part))
	}
	tokens := wildcards(parts[5])
	if variables {
		var problem string
		if tokens, problem = scanVariables(parts[5]); problem != "" {
			return resource{}, problem
		}
	}
	if out.last = newPattern(tokens); !out.last.variable {
		out.parts[4] = compileGlob(tokens)
	}
	return out, ""
}

func isNameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.'
}

func only(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

// lowerASCII lowers A to Z and nothing else: Unicode's rules would make the
// Kelvin sign an action's k.
func lowerASCII(s string) string {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			continue
		}
		b := []byte(s)
		for ; i < len(b); i++ {
			if b[i] >= 'A' && b[i] <= 'Z' {
				b[i] += 'a' - 'A'
			}
		}
		return string(b)
	}
	return s
}
