package userfilter

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLength is the greatest length of a filter, in characters (code points).
const MaxLength = 256

// Filter says which users are wanted. The zero Filter is for all of them.
type Filter struct {
	// Attribute is a name that [Searchable] accepts, or empty for all users.
	Attribute string
	// Op says how the attribute is compared with Value.
	Op Op
	// Value is what was between the quotes, unescaped and not yet folded: any text without control characters, or none. That of
	// "cognito:user_status" is in capitals, as the names of statuses are; that of "status" is "Enabled" or "Disabled".
	Value string
}

// Op is a comparison, as it stands in a filter.
type Op string

const (
	// Equal finds values that are the same.
	Equal Op = "="
	// Prefix finds values that begin with the text. Nothing is a prefix of every value.
	Prefix Op = "^="
	// Contains finds values that have the text anywhere. Cognito does not know it.
	Contains Op = "*="
)

// searchable are the attributes that Cognito searches.
var searchable = []string{
	"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username", userStatus, status, "sub",
}

// The attributes that only Equal is for.
const (
	userStatus = "cognito:user_status" // compared without regard to case
	status     = "status"              // "Enabled" or "Disabled", with regard to case
)

// custom is the name of a custom attribute, as the schema of a pool allows it.
var custom = regexp.MustCompile(`^custom:[A-Za-z0-9_-]{1,20}$`)

// Searchable reports whether a filter may have the attribute: those that Cognito searches, and every name that a custom attribute can
// have. Whether the pool has that custom attribute is for the caller to know; one that nobody has finds nobody.
func Searchable(attribute string) bool {
	return slices.Contains(searchable, attribute) || custom.MatchString(attribute)
}

// Parse reads a filter. The error is an *[Error], whose kind is Syntax or UnknownAttribute. Parse takes time in proportion to the length of
// the filter, which it measures first, and is safe for concurrent use.
func Parse(filter string) (Filter, error) {
	if len(filter) > MaxLength*utf8.UTFMax || utf8.RuneCountInString(filter) > MaxLength {
		return Filter{}, &Error{Kind: Syntax, Position: MaxLength + 1, Expected: "the end: a filter has at most 256 characters"}
	}
	p := parser{text: filter}
	for at, r := range filter {
		p.at = at
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(p.rest(), string(utf8.RuneError)):
			return Filter{}, p.expected("text in UTF-8")
		case unicode.IsControl(r):
			return Filter{}, p.expected("no control character, such as a line break")
		}
	}
	p.at = 0
	p.spaces()
	if p.rest() == "" {
		return Filter{}, nil
	}
	return p.filter()
}

// String returns the filter as text that Parse makes the same Filter of, in its shortest form.
func (f Filter) String() string {
	if f.Attribute == "" {
		return ""
	}
	return f.Attribute + string(f.Op) + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.Value) + `"`
}
