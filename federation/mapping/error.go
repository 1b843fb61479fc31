package mapping

import (
	"fmt"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// Code says what kind of failure an [Error] is. A Code is itself an error, so
// that errors.Is(err, mapping.MissingAttribute) asks whether err is of that
// kind.
type Code string

const (
	// InvalidRules: the rules given to New or Parse cannot work.
	InvalidRules Code = "InvalidRules"
	// MissingAttribute: a rule that is Required had nothing to give.
	MissingAttribute Code = "MissingAttribute"
	// SeveralValues: a rule with the Values One had more than one.
	SeveralValues Code = "SeveralValues"
	// TooMuch: what the provider sent, or what came of it, is beyond the limits
	// of this package.
	TooMuch Code = "TooMuch"
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error is the error type of this package. Its text names rules and
// attributes. It never contains a value that a provider sent.
type Error struct {
	// Code is the kind of failure. errors.Is compares with it.
	Code Code
	// Rule is the name of the rule that failed; empty if it is not about one.
	Rule string
	// Message says what was wrong, and what to do.
	Message string
	// Missing are the attributes of the application that are required and did
	// not come about, and Present the names of those that the provider sent, at
	// most 50, sorted. They belong to MissingAttribute. The names in Present are
	// the provider's: escape them where they are shown.
	Missing, Present []string
}

// Error returns "mapping: ", the rule and the message.
func (e *Error) Error() string {
	if e.Rule == "" {
		return "mapping: " + e.Message
	}
	return "mapping: rule " + quote(e.Rule) + ": " + e.Message
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

func fail(code Code, rule, format string, args ...any) *Error {
	return &Error{Code: code, Rule: rule, Message: fmt.Sprintf(format, args...)}
}

// maxShown is how many characters of a name are shown.
const maxShown = 120

func quote(s string) string { return fmt.Sprintf("%q", plain(s)) }

// plain makes a name fit for one line.
func plain(s string) string { return plaintext.Line(s, maxShown) }
