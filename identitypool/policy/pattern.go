package policy

import (
	"fmt"
	"strings"
	"unicode"
)

const (
	// MaxVariables is the most variables that one value of a document may have,
	// or one part of a value of an Arn operator.
	MaxVariables = 8
	// MaxVariablesSize is the most bytes that the values of these variables may
	// have together. Where they have more, an
	// Allow does not match, as if a variable had no value, and a Deny that
	// could match denies the request.
	MaxVariablesSize = 512
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
	text       string // of a literal; of a variable the key
	fallback   string // of a variable, when hasDefault
	hasDefault bool
}

// syntax says which characters of a value have a meaning of their own.
type syntax struct {
	wildcards bool // * and ?
	variables bool // ${…}
}

// tokens splits text. It returns what is wrong with a variable, or "".
func (s syntax) tokens(text string) ([]token, string) {
	if !s.variables {
		return s.plain(nil, text), ""
	}
	var out []token
	count := 0
	for {
		before, rest, found := strings.Cut(text, "${")
		out = s.plain(out, before)
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
		if t.kind == variable {
			if count++; count > MaxVariables {
				return nil, fmt.Sprintf("has more than %d variables", MaxVariables)
			}
		}
		out = append(out, t)
		text = after
	}
}

// plain appends text without variables.
func (s syntax) plain(out []token, text string) []token {
	for s.wildcards && text != "" {
		i := strings.IndexAny(text, "*?")
		if i < 0 {
			break
		}
		if i > 0 {
			out = append(out, token{text: text[:i]})
		}
		kind := anyOne
		if text[i] == '*' {
			kind = star
		}
		out = append(out, token{kind: kind})
		text = text[i+1:]
	}
	if text == "" {
		return out
	}
	return append(out, token{text: text})
}

// parseVariable reads what stands between "${" and "}".
func parseVariable(inside string) (token, string) {
	switch inside {
	case "*", "?", "$":
		return token{text: inside}, ""
	}
	key, rest, hasDefault := strings.Cut(inside, ",")
	if !validKey(key) {
		return token{}, "has a variable " + quote(inside) + " that is not a key such as cognito-identity.amazonaws.com:sub"
	}
	t := token{kind: variable, text: key, hasDefault: hasDefault}
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

// validKey reports whether text can be the name of a condition key: a prefix,
// a colon and a name. Keys of tags end with what the tag is called, which may
// hold spaces and letters of any language.
func validKey(key string) bool {
	prefix, name, ok := strings.Cut(key, ":")
	if !ok || prefix == "" || name == "" || len(key) > MaxKeySize || strings.TrimSpace(key) != key {
		return false
	}
	for _, r := range key {
		if !unicode.IsPrint(r) || strings.ContainsRune(`{}$*?,'"\`, r) {
			return false
		}
	}
	return true
}
