package userfilter

import "fmt"

// Kind is the kind of an [Error]. It is itself an error, so that errors.Is(err, userfilter.UnknownAttribute) asks for it.
type Kind string

const (
	// Syntax is a filter that is not of the form attribute, operator, value. Cognito says "Error while parsing filter." of it.
	Syntax Kind = "Syntax"
	// UnknownAttribute is a filter with an attribute that users cannot be searched by. Cognito says "Invalid search attribute: " and the
	// name, which is [Error.Attribute].
	UnknownAttribute Kind = "UnknownAttribute"
)

// Error returns the kind, with the name of the package before it.
func (k Kind) Error() string { return "userfilter: " + string(k) }

// Error is a filter that [Parse] refuses.
type Error struct {
	Kind Kind
	// Attribute is the name in the filter, with UnknownAttribute: 1 to [MaxLength] characters of A-Z, a-z, 0-9, "_", "-", "." and ":".
	// Otherwise empty.
	Attribute string
	// Position is where the filter goes wrong: the number of a character (code point), counted from 1. It is one more than the filter has
	// characters if it ends too early.
	Position int
	// Expected is what should be there, in English.
	Expected string
}

// Error says what was expected where. It has nothing of the value.
func (e *Error) Error() string {
	if e.Kind == UnknownAttribute {
		return fmt.Sprintf("userfilter: unknown attribute %q at character %d: expected %s", e.Attribute, e.Position, e.Expected)
	}
	return fmt.Sprintf("userfilter: at character %d: expected %s", e.Position, e.Expected)
}

// Is reports whether target is the kind of e.
func (e *Error) Is(target error) bool { return target == e.Kind }
