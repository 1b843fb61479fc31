package policy

import (
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/ascii"
)

const (
	// MaxActionSize is the most bytes an action of a request may have.
	MaxActionSize = 256
	// MaxResourceSize is the most bytes a resource of a request may have. AWS
	// has no longer ARNs.
	MaxResourceSize = 2_048
)

// statement is a Statement made ready for matching.
type statement struct {
	sieve        sieve
	deny         bool
	notAction    bool
	notResource  bool
	notPrincipal bool
	actions      []action
	resources    []resource // none in a trust policy
	principals   *principals
	conditions   []condition
	index        int // in the document
	sid          string
}

// question is a request made ready for matching.
type question struct {
	request  *Request
	resource string
	context  *Context
	sieve    sieve
	length   int // of the action
	lower    [MaxActionSize]byte
}

// ask reports whether the request can be judged at all.
func (q *question) ask(r *Request) bool {
	if r == nil || len(r.Resource) > MaxResourceSize || !utf8.ValidString(r.Resource) || !q.setAction(r.Action) {
		return false
	}
	q.request, q.resource, q.context = r, r.Resource, r.Context
	return true
}

// setAction lowers the action, once for all statements.
func (q *question) setAction(action string) bool {
	if action == "" || len(action) > MaxActionSize {
		return false
	}
	for i := range len(action) {
		b := actionBytes[action[i]]
		if b == 0 {
			return false
		}
		q.lower[i] = b
	}
	q.length = len(action)
	q.sieve = sieveOf(action)
	return true
}

// action returns the action in lower case.
func (q *question) action() []byte { return q.lower[:q.length] }

// actionBytes are the bytes that an action may have, in lower case.
var actionBytes = func() (out [256]byte) {
	for b := range byte(0x80) {
		if isNameByte(b) || b == ':' {
			out[b] = ascii.LowerByte(b)
		}
	}
	return out
}()

// matches compares the request with one statement: yes, no, or unusable when it
// depends on a value that cannot be compared. The grade is how the statement
// names the caller.
func (s *statement) matches(q *question) (outcome, grade) {
	if s.matchAction(q) == s.notAction {
		return no, notNamed
	}
	g := s.namesCaller(q)
	if g == notNamed {
		return no, g
	}
	out := s.matchResource(q)
	for i := range s.conditions {
		if out == no {
			return no, g
		}
		if o := s.conditions[i].holds(q.context); o != yes {
			out = o
			if o == unusable {
				return s.stillMay(q, i+1), g
			}
		}
	}
	return out, g
}

// stillMay judges the conditions from i on when the outcome is unusable so far:
// one of them may yet exclude the request.
func (s *statement) stillMay(q *question, i int) outcome {
	for ; i < len(s.conditions); i++ {
		if s.conditions[i].holds(q.context) == no {
			return no
		}
	}
	return unusable
}

func (s *statement) matchAction(q *question) bool {
	text := q.action()
	for i := range s.actions {
		if s.actions[i].match(text) {
			return true
		}
	}
	return false
}

// namesCaller is final for a policy of an identity, which has no principals.
func (s *statement) namesCaller(q *question) grade {
	switch {
	case s.principals == nil:
		return namesCaller
	case !s.notPrincipal:
		return s.principals.names(q)
	case s.deny && !s.principals.lists(q), !s.deny && s.principals.names(q) == notNamed:
		return namesRole
	}
	return notNamed
}

// matchResource is unusable for a NotResource whose variable has no value: what
// it excepts is not known then.
func (s *statement) matchResource(q *question) outcome {
	if s.resources == nil {
		return yes
	}
	out := no
	for i := range s.resources {
		switch o := s.resources[i].match(q); {
		case o == yes:
			return fits(!s.notResource)
		case o == unusable, o == unresolved && s.notResource:
			out = unusable
		}
	}
	if s.notResource && out == no {
		return yes
	}
	return out
}
