package policy

import (
	"strings"

	"github.com/stepwell/stepwell/internal/ascii"
)

// action is a compiled Action. Actions are ASCII and compared without regard to
// case.
type action struct {
	all  bool   // "*"
	head string // up to the first wildcard, in lower case
	rest string // from there, in lower case
}

// compileAction returns what is wrong with the action, or "".
func compileAction(text string) (action, string) {
	if text == "*" {
		return action{all: true}, ""
	}
	if len(text) > MaxPatternSize {
		return action{}, tooLong(text)
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
	text = ascii.Lower(text)
	i := strings.IndexAny(text, "*?")
	if i < 0 {
		i = len(text)
	}
	return action{head: text[:i], rest: text[i:]}, ""
}

// match compares an action in lower case.
func (a *action) match(text []byte) bool {
	n := len(a.head)
	if len(text) < n || string(text[:n]) != a.head {
		return a.all
	}
	switch a.rest {
	case "":
		return len(text) == n || a.all
	case "*":
		return true
	}
	return matchWildcards(a.rest, text[n:])
}

// matchWildcards matches a pattern, all of it ASCII. After a mismatch only the
// last star is tried again, so the time is at most the product of the lengths;
// an action is short.
func matchWildcards(pattern string, text []byte) bool {
	p, t, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// sieve lets a statement be passed over at the price of two instructions: bits
// that stand for the services, and for the first two letters of the names, of
// the actions that a statement may match.
type sieve struct {
	services, initials uint64
}

// everything is the sieve of a statement that any action may match.
var everything = sieve{^uint64(0), ^uint64(0)}

// sieveOf returns the bits of one action, in any case.
func sieveOf(text string) sieve {
	colon := strings.IndexByte(text, ':')
	if colon <= 0 || colon+2 >= len(text) {
		return everything
	}
	service := ascii.LowerByte(text[0])*31 + ascii.LowerByte(text[colon-1])*7 + byte(colon)
	initials := ascii.LowerByte(text[colon+1])*5 + ascii.LowerByte(text[colon+2])
	return sieve{1 << (service & 63), 1 << (initials & 63)}
}

// add makes the statement match what a does as well.
func (s *sieve) add(a *action) {
	one := sieveOf(a.head + a.rest)
	if len(a.head) < strings.IndexByte(a.head, ':')+3 { // a wildcard is one of the two letters
		one.initials = everything.initials
	}
	s.services |= one.services
	s.initials |= one.initials
}

func (s *sieve) passes(one sieve) bool {
	return s.services&one.services != 0 && s.initials&one.initials != 0
}
