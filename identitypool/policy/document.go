package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxDocumentSize is the most characters, white space not counted, that a
	// document may have. It is IAM's limit for the inline policies of a role.
	MaxDocumentSize = 10_240
	// MaxResourceDocumentSize is the same for a policy of a resource.
	MaxResourceDocumentSize = 20_480
	// MaxTrustDocumentSize is the same for a trust policy.
	MaxTrustDocumentSize = 4_096
	// MaxPatternSize is the most bytes that one value of a document may have:
	// an action, a resource, a principal, a value of a condition.
	MaxPatternSize = 2_048
	// MaxItems is the most items that an array of a document may have:
	// statements, actions, values of a condition.
	MaxItems = 1_000
	// MaxKeySize is the most bytes that the name of a condition key may have.
	MaxKeySize = 512

	// maxDocumentBytes bounds what is read at all, white space included.
	maxDocumentBytes = 65_536
	maxSidSize       = 128
	maxIDSize        = 512

	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// form says where a document is to be attached, which decides the elements that
// it may have.
type form uint8

const (
	identityForm form = iota
	resourceForm
	trustForm
)

// forbids returns why a form has no such element, or "".
func (f form) forbids(element string) string {
	switch {
	case f == identityForm && (element == "Principal" || element == "NotPrincipal"):
		return "is for policies of resources and trust policies; here the principal is whoever has the policy"
	case f == trustForm && element == "NotPrincipal":
		return "is not allowed in a trust policy; name who is trusted with Principal"
	case f == trustForm && (element == "Resource" || element == "NotResource"):
		return "is not allowed in a trust policy: its resource is the role that has it"
	}
	return ""
}

func (f form) maxSize() int {
	return [...]int{identityForm: MaxDocumentSize, resourceForm: MaxResourceDocumentSize, trustForm: MaxTrustDocumentSize}[f]
}

// Effect is what a statement does with a request that it matches.
type Effect string

// The two effects of the language. They are compared exactly.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is a policy document that [Parse], [ParseResource] or [ParseTrust]
// has accepted. It cannot be changed and may be used by many goroutines. The
// zero Document has no statements: it allows nothing and denies nothing.
type Document struct {
	version, id string
	form        form
	source      []Statement
	places      []string // of the statements, such as "Statement[1]"
	lines       []int
	compiled    []statement // those that deny come first
	denies      []statement // a part of compiled
	allows      []statement // the rest of it
	order       []int       // of the statements of source in compiled
}

// Statement is one statement of a document, in the words of its author. It is
// for tools that show or check documents; changing it does not change the
// document.
type Statement struct {
	Sid           string // "" when there is none
	Effect        Effect
	Principals    []PrincipalName // of a policy of a resource or a trust policy: these or
	NotPrincipals []PrincipalName // all but these
	Actions       []string        // these or
	NotActions    []string        // all but these
	Resources     []string        // these or
	NotResources  []string        // all but these; neither in a trust policy
	Conditions    []Condition     // all must hold
}

// PrincipalName is one principal that a statement names.
type PrincipalName struct {
	Type  string // "AWS", "Federated", "Service" or "CanonicalUser"; "" for the principal "*" alone
	Value string
}

// Condition is one key under one operator of a statement.
type Condition struct {
	Operator string // such as "ForAnyValue:StringLike"
	Key      string
	Values   []string // one of them must fit; of a negated operator none may
}

// ParseError says why a document was refused.
type ParseError struct {
	// Place is where, as a path from the root, such as
	// "Statement[1].Action[0]"; "" is the document as a whole.
	Place string
	// Line and Column are where in the text, from 1; Column counts
	// characters. Both are 0 when the text was not read at all.
	Line, Column int
	// Problem is what was wrong and what to do.
	Problem string
}

// Error returns the place and the problem in one line.
func (e *ParseError) Error() string {
	out := "policy: "
	switch {
	case e.Line == 0:
	case e.Place == "":
		out += fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	default:
		out += fmt.Sprintf("%s (line %d, column %d): ", e.Place, e.Line, e.Column)
	}
	return out + e.Problem
}

// refuseAt makes an error. The path may hold keys of the document, which are as
// long as their author liked.
func refuseAt(text string, at int, place, format string, arguments ...any) *ParseError {
	const most = 200
	place = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, place)
	if len(place) > most {
		place = strings.ToValidUTF8(place[:most], "") + "…"
	}
	line, column := position(text, at)
	return &ParseError{Place: place, Line: line, Column: column, Problem: fmt.Sprintf(format, arguments...)}
}

// Parse reads a policy of an identity: what a user or role may do. Boundaries,
// session policies and service control policies have the same form. The text is
// UTF-8 JSON of at most [MaxDocumentSize] characters, as the package comment
// describes. Every error is a [*ParseError].
func Parse(data []byte) (*Document, error) { return parse(data, identityForm) }

// ParseResource reads a policy of a resource: who may do what with it. Each
// statement has a Principal or NotPrincipal. The text may have
// [MaxResourceDocumentSize] characters. Every error is a [*ParseError].
func ParseResource(data []byte) (*Document, error) { return parse(data, resourceForm) }

// ParseTrust reads a trust policy: who may have a role. Each statement has a
// Principal, and actions of the service sts only; none has a Resource. The text
// may have [MaxTrustDocumentSize] characters. Every error is a [*ParseError].
func ParseTrust(data []byte) (*Document, error) { return parse(data, trustForm) }

func parse(data []byte, f form) (*Document, error) {
	if err := checkText(data, f.maxSize()); err != nil {
		return nil, err
	}
	d := &decoder{scanner: scanner{text: string(data)}, form: f}
	document, err := d.document()
	if err != nil {
		return nil, err
	}
	c := &compiler{text: d.scanner.text, form: f}
	out, err := c.document(document)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// checkText refuses what is too large or not text before any of it is parsed.
func checkText(data []byte, most int) *ParseError {
	if len(data) > maxDocumentBytes {
		return &ParseError{Problem: fmt.Sprintf("the document has %d bytes; at most %d are read", len(data), maxDocumentBytes)}
	}
	if !utf8.Valid(data) {
		return &ParseError{Problem: "the document is not valid UTF-8"}
	}
	count := 0
	for _, b := range data {
		if b > ' ' && b < utf8.RuneSelf {
			count++
		} else if b >= utf8.RuneSelf {
			count = countSlowly(data)
			break
		}
	}
	if count > most {
		return &ParseError{Problem: fmt.Sprintf("the document has %d characters without white space; at most %d are allowed", count, most)}
	}
	return nil
}

func countSlowly(data []byte) int {
	count := 0
	for _, r := range string(data) {
		if !unicode.IsSpace(r) {
			count++
		}
	}
	return count
}

// Version returns the language version, "2012-10-17" or "2008-10-17"; "" for
// the zero Document.
func (d *Document) Version() string { return d.version }

// ID returns the Id of the document; "" when there is none.
func (d *Document) ID() string { return d.id }

// Statements returns a copy of the statements in the order of the document.
func (d *Document) Statements() []Statement {
	out := slices.Clone(d.source)
	for i := range out {
		s := &out[i]
		for _, l := range []*[]string{&s.Actions, &s.NotActions, &s.Resources, &s.NotResources} {
			*l = slices.Clone(*l)
		}
		s.Principals, s.NotPrincipals = slices.Clone(s.Principals), slices.Clone(s.NotPrincipals)
		s.Conditions = slices.Clone(s.Conditions)
		for j := range s.Conditions {
			s.Conditions[j].Values = slices.Clone(s.Conditions[j].Values)
		}
	}
	return out
}
