package policy

import (
	"strings"
	"unicode/utf8"
)

const (
	// MaxActionSize is the most bytes an action of a request may have.
	MaxActionSize = 256
	// MaxResourceSize is the most bytes a resource of a request may have. AWS
	// has no longer ARNs.
	MaxResourceSize = 2_048
	// MaxVariablesSize is the most bytes that the values of all variables in
	// one resource of a document may have together; they must be valid UTF-8.
	// Where they are not, an Allow does not match, as if a variable had no
	// value, and a Deny that could match denies the request.
	MaxVariablesSize = 512
)

// Request is what a caller wants to do.
type Request struct {
	// Action is service:name, of at most [MaxActionSize] bytes. Wildcards
	// have no meaning in it.
	Action string
	// Resource is the ARN of what is acted on, of at most [MaxResourceSize]
	// bytes of valid UTF-8. A resource that is no ARN of six parts is matched
	// by "*" only.
	Resource string
	// Context holds the condition keys of the request, by their names, such
	// as "cognito-identity.amazonaws.com:sub". Names are compared without
	// regard to case. A key with several values cannot be used as a variable.
	Context map[string][]string
}

// Decision is the outcome of an evaluation. The zero Decision denies.
type Decision struct {
	// Allowed is the answer.
	Allowed bool
	// ExplicitDeny is true when a Deny statement decided.
	ExplicitDeny bool
	// Document and Statement are the indexes, from 0, of the statement that
	// decided, and Sid its identifier. They have a meaning only when Allowed
	// or ExplicitDeny is true. They are for logs, not for the caller: they
	// tell how the policies are built.
	Document, Statement int
	Sid                 string
}

// Evaluate decides one request by all documents that apply to the caller: one
// Deny that matches denies; otherwise one Allow that matches allows; otherwise
// the request is denied. Neither the order of documents nor that of statements
// matters to Allowed and ExplicitDeny.
//
// It fails closed: a nil document, which a program can only have by ignoring an
// error of [Parse], a request that is too long or not valid UTF-8, and a Deny
// with variables beyond [MaxVariablesSize] deny whatever else the documents say.
func Evaluate(request Request, documents ...*Document) Decision {
	q, ok := newQuestion(request)
	if !ok {
		return Decision{}
	}
	for _, d := range documents {
		if d == nil {
			return Decision{}
		}
	}
	var allowed Decision
	doubtful := false
	for i, d := range documents {
		for j := range d.statements {
			s := &d.statements[j]
			if s.Effect == Allow && allowed.Allowed {
				continue
			}
			q.unusable = false
			matched := s.matches(&q)
			decision := Decision{Document: i, Statement: j, Sid: s.Sid}
			switch {
			case matched && s.Effect == Deny:
				decision.ExplicitDeny = true
				return decision
			case matched:
				decision.Allowed = true
				allowed = decision
			case q.unusable && s.Effect == Deny:
				doubtful = true
			}
		}
	}
	if doubtful {
		return Decision{}
	}
	return allowed
}

// question is a request made ready for matching.
type question struct {
	action   string
	resource [arnParts - 1]string // the parts after "arn"
	isARN    bool
	context  map[string][]string
	unusable bool // set by a resource whose variables could not be compared
}

func newQuestion(r Request) (question, bool) {
	if r.Action == "" || len(r.Action) > MaxActionSize || len(r.Resource) > MaxResourceSize ||
		!utf8.ValidString(r.Action) || !utf8.ValidString(r.Resource) {
		return question{}, false
	}
	q := question{action: lowerASCII(r.Action), context: r.Context}
	rest, found := strings.CutPrefix(r.Resource, "arn:")
	for i := 0; found && i < arnParts-2; i++ {
		q.resource[i], rest, found = strings.Cut(rest, ":")
	}
	q.resource[arnParts-2], q.isARN = rest, found
	return q, true
}

func (s *statement) matches(q *question) bool {
	return s.matchesAction(q) && s.matchesResource(q)
}

func (s *statement) matchesAction(q *question) bool {
	for i := range s.actions {
		if a := &s.actions[i]; a.all || a.name.match(q.action) {
			return true
		}
	}
	return false
}

func (s *statement) matchesResource(q *question) bool {
	for i := range s.resources {
		if s.resources[i].match(q) {
			return true
		}
	}
	return false
}

func (r *resource) match(q *question) bool {
	if r.all {
		return true
	}
	if !q.isARN {
		return false
	}
	for i := range arnParts - 2 {
		if !r.parts[i].match(q.resource[i]) {
			return false
		}
	}
	last := r.parts[arnParts-2]
	if r.last.variable {
		tokens, outcome := r.last.resolve(q.context)
		if outcome != resolved {
			q.unusable = q.unusable || outcome == unusable
			return false
		}
		last = compileGlob(tokens)
	}
	return last.match(q.resource[arnParts-2])
}
