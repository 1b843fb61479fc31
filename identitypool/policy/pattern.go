package policy

import (
	"strings"
	"unicode/utf8"
)

// tokenKind says what one token of a pattern stands for.
type tokenKind uint8

const (
	literal  tokenKind = iota // text, which means itself
	star                      // *, any text
	anyOne                    // ?, any one character
	variable                  // ${key} or ${key, 'default'}
)

// token is one part of a pattern.
type token struct {
	kind       tokenKind
	text       string // of a literal; of a variable the key, lower case
	fallback   string // of a variable, when hasDefault
	hasDefault bool
}

// pattern is a sequence of tokens that may hold variables.
type pattern struct {
	tokens   []token
	variable bool // one of the tokens is a variable
}

func newPattern(tokens []token) pattern {
	p := pattern{tokens: tokens}
	for _, t := range tokens {
		p.variable = p.variable || t.kind == variable
	}
	return p
}

// resolution says what became of the variables of a pattern.
type resolution uint8

const (
	resolved   resolution = iota
	unresolved            // a variable has no value, or several, and no default
	unusable              // values are longer than MaxVariablesSize together, or not UTF-8
)

// resolve replaces variables by what the context holds, as literals: a wildcard
// or a variable inside a value has no meaning.
func (p pattern) resolve(context map[string][]string) ([]token, resolution) {
	out := make([]token, len(p.tokens))
	size := 0
	for i, t := range p.tokens {
		if t.kind == variable {
			value, ok := lookup(context, t.text)
			if size += len(value); size > MaxVariablesSize || !utf8.ValidString(value) {
				return nil, unusable
			}
			switch {
			case ok:
				t = token{kind: literal, text: value}
			case t.hasDefault:
				t = token{kind: literal, text: t.fallback}
			default:
				return nil, unresolved
			}
		}
		out[i] = t
	}
	return out, resolved
}

// lookup finds the one value of a key, whose name is compared without regard to
// case. Two spellings of one key in the context give no value.
func lookup(context map[string][]string, key string) (string, bool) {
	var found []string
	count := 0
	for name, values := range context {
		if len(name) == len(key) && lowerASCII(name) == key {
			found, count = values, count+1
		}
	}
	if count != 1 || len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// wildcards splits text at * and ?, without variables.
func wildcards(text string) []token {
	var out []token
	for text != "" {
		i := strings.IndexAny(text, "*?")
		if i < 0 {
			return append(out, token{text: text})
		}
		if i > 0 {
			out = append(out, token{text: text[:i]})
		}
		out = append(out, wildcard(text[i]))
		text = text[i+1:]
	}
	return out
}

func wildcard(b byte) token {
	if b == '*' {
		return token{kind: star}
	}
	return token{kind: anyOne}
}

// scanVariables splits text at wildcards and at ${…}. It returns what is wrong
// with a variable, or "".
func scanVariables(text string) ([]token, string) {
	var out []token
	for {
		before, rest, found := strings.Cut(text, "${")
		out = append(out, wildcards(before)...)
		if !found {
			return out, ""
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, `has a "${" without "}"; write ${$}{ for the two characters themselves`
		}
		t, problem := parseVariable(inside)
		if problem != "" {
			return nil, problem
		}
		out = append(out, t)
		text = after
	}
}

// parseVariable reads what stands between "${" and "}".
func parseVariable(inside string) (token, string) {
	switch inside {
	case "*", "?", "$":
		return token{text: inside}, ""
	}
	key, rest, hasDefault := strings.Cut(inside, ",")
	if key == "" || !only(key, func(b byte) bool { return isNameByte(b) || b == ':' || b == '/' || b == '+' || b == '=' || b == '@' }) {
		return token{}, "has a variable " + quote(inside) + " that is not a key such as cognito-identity.amazonaws.com:sub"
	}
	t := token{kind: variable, text: lowerASCII(key), hasDefault: hasDefault}
	if !hasDefault {
		return t, ""
	}
	value := strings.TrimLeft(rest, " ")
	if len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' || strings.ContainsAny(value[1:len(value)-1], "'*?$") {
		return token{}, "has a variable " + quote(inside) + " whose default is not text in single quotes, without wildcards"
	}
	t.fallback = value[1 : len(value)-1]
	return t, ""
}
