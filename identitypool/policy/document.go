package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxDocumentSize is the most characters, white space not counted, that a
	// document may have. It is IAM's limit for the inline policies of a role.
	MaxDocumentSize = 10_240
	// MaxPatternSize is the most bytes that one action or resource of a
	// document may have.
	MaxPatternSize = 2_048

	// maxDocumentBytes bounds what is read at all, white space included.
	maxDocumentBytes = 65_536
	maxSidSize       = 128
)

// Effect is what a statement does with a request that it matches.
type Effect string

// The two effects of the language. They are compared exactly.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is a policy document that [Parse] has accepted. It cannot be
// changed and may be used by many goroutines. The zero Document has no
// statements: it allows nothing and denies nothing.
type Document struct {
	version    string
	statements []statement
}

// Statement is one statement of a document, in the words of its author. It is
// for tools that show or check documents; changing it does not change the
// document.
type Statement struct {
	Sid       string // "" when there is none
	Effect    Effect
	Actions   []string // at least one
	Resources []string // at least one
}

// statement is a Statement made ready for matching.
type statement struct {
	Statement
	actions   []action
	resources []resource
}

// ParseError says why [Parse] refused a document.
type ParseError struct {
	// Place is where, as a path from the root, such as
	// "Statement[1].Action[0]"; "" is the document as a whole.
	Place string
	// Problem is what was wrong and what to do.
	Problem string
}

// Error returns the place and the problem.
func (e *ParseError) Error() string {
	if e.Place == "" {
		return "policy: " + e.Problem
	}
	return "policy: " + e.Place + ": " + e.Problem
}

func refuse(place, format string, arguments ...any) *ParseError {
	return &ParseError{Place: place, Problem: fmt.Sprintf(format, arguments...)}
}

// Parse reads one policy document: UTF-8 JSON of at most [MaxDocumentSize]
// characters, as the package comment describes. Every error is a [*ParseError].
func Parse(data []byte) (*Document, error) {
	if problem := checkText(data); problem != nil {
		return nil, problem
	}
	d := &decoder{json: newReader(data)}
	document, err := d.document()
	if err != nil {
		return nil, err
	}
	return document, nil
}

// checkText refuses what is too large or not text before any of it is parsed.
func checkText(data []byte) *ParseError {
	if len(data) > maxDocumentBytes {
		return refuse("", "the document has %d bytes; at most %d are read", len(data), maxDocumentBytes)
	}
	if !utf8.Valid(data) {
		return refuse("", "the document is not valid UTF-8")
	}
	count := 0
	for _, r := range string(data) {
		if !unicode.IsSpace(r) {
			count++
		}
	}
	if count > MaxDocumentSize {
		return refuse("", "the document has %d characters without white space; at most %d are allowed", count, MaxDocumentSize)
	}
	return nil
}

// Version returns the language version, "2012-10-17" or "2008-10-17"; "" for
// the zero Document.
func (d *Document) Version() string { return d.version }

// Statements returns a copy of the statements in the order of the document.
func (d *Document) Statements() []Statement {
	out := make([]Statement, len(d.statements))
	for i, s := range d.statements {
		out[i] = s.Statement
		out[i].Actions = append([]string(nil), s.Actions...)
		out[i].Resources = append([]string(nil), s.Resources...)
	}
	return out
}

// validSid reports whether a statement identifier has IAM's alphabet.
func validSid(sid string) bool {
	return len(sid) <= maxSidSize && strings.Trim(sid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
