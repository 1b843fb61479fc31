package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Rules say what becomes of the attributes that a provider sends. They are
// data: they may stand in a program, or be kept as JSON (see [Parse]) where
// each customer has a provider of their own.
//
// The zero Rules give nothing at all.
type Rules struct {
	// Attributes make attributes of the application, in this order. Several may
	// make the same one: the first that has something to give does.
	Attributes []Attribute `json:"attributes,omitempty"`

	// Grants put people into groups and give them roles.
	Grants []Grant `json:"grants,omitempty"`

	// KeepOthers passes on the attributes that the provider sends and no rule
	// makes, under their own names. Never use it where the name of an attribute
	// means something to the application beyond what it says about the person.
	// By default only what rules make comes out.
	KeepOthers bool `json:"keepOthers,omitempty"`

	// GroupsAttribute and RolesAttribute are the attributes in which [Provider]
	// returns groups and roles; "groups" and "roles" by default. No rule for
	// attributes may make them, and KeepOthers does not pass them on.
	GroupsAttribute string `json:"groupsAttribute,omitempty"`
	RolesAttribute  string `json:"rolesAttribute,omitempty"`
}

// Attribute is a rule that makes one attribute of the application. It takes
// values from exactly one of From, Join and Constant, changes them by Steps, and
// decides by Values what to do with several. A value that is empty is no value,
// before the steps and after them.
type Attribute struct {
	// Name is what the rule is called in errors and explanations: unique among
	// all rules, at most 100 bytes. Empty means its place and To.
	Name string `json:"name,omitempty"`

	// To is the attribute of the application that the rule makes. Required.
	To string `json:"to"`

	// From are attributes of the provider, by their exact names. The values of
	// the first that has any are taken.
	From []string `json:"from,omitempty"`

	// Join are attributes of the provider whose first values are put together to
	// one value, with Separator between them. Those without a value are skipped.
	Join []string `json:"join,omitempty"`

	// Constant is a value that does not come from the provider.
	Constant string `json:"constant,omitempty"`

	// When makes the rule depend on a condition. Nil means always.
	When *Condition `json:"when,omitempty"`

	// Steps change the values, one step after the other. At most 20.
	Steps []Step `json:"steps,omitempty"`

	// Values says what to do with several values. Empty means All.
	Values Values `json:"values,omitempty"`

	// Separator stands between values that are put together, by Join or by the
	// Values Joined. Empty means one space.
	Separator string `json:"separator,omitempty"`

	// Default are the values of To if no rule made it.
	Default []string `json:"default,omitempty"`

	// Required refuses people for whom no rule made To, and who have no Default.
	Required bool `json:"required,omitempty"`
}

// Values says what a rule does with several values.
type Values string

const (
	// All keeps them all, in the provider's order.
	All Values = "all"
	// First keeps the first.
	First Values = "first"
	// One refuses the person if there are several that differ.
	One Values = "one"
	// Joined puts them together to one, with Separator between them.
	Joined Values = "joined"
)

// Step changes values. Exactly one of its fields is set, but for Replace, which
// belongs to Match.
type Step struct {
	// Before keeps what stands before the first occurrence of this text, and
	// After what stands after it. A value without the text stays as it is.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`

	// Match is a regular expression (RE2, as of package regexp) for the whole
	// value: nothing may stand before or after. A value that does not match is
	// dropped. Replace says what becomes of one that does: $1 is what the first
	// parentheses matched, ${name} those with a name, $$ a dollar sign. Empty
	// means $1 if there are parentheses, and otherwise the whole value.
	Match   string `json:"match,omitempty"`
	Replace string `json:"replace,omitempty"`

	// Lower makes letters small, and Trim removes white space at both ends.
	Lower bool `json:"lower,omitempty"`
	Trim  bool `json:"trim,omitempty"`

	// Split makes several values of one that has this text between them.
	Split string `json:"split,omitempty"`

	// Boolean makes "true" of true, yes, on, y, t and 1, and "false" of false,
	// no, off, n, f and 0, small or capital. Any other value is dropped.
	Boolean bool `json:"boolean,omitempty"`

	// Table replaces a value by another. A value that is not in it is dropped.
	Table map[string]string `json:"table,omitempty"`
}

// Condition asks about an attribute of the provider. Exactly one of its tests is
// set. It is fulfilled if one value passes the test, and never without a value.
// Letters must be the same ones, capital or small, unless IgnoreCase is set.
type Condition struct {
	// Attribute is the name of the attribute. Required.
	Attribute string `json:"attribute"`

	// HasValue is fulfilled by any value.
	HasValue bool `json:"hasValue,omitempty"`

	// Equals is fulfilled by each of these values.
	Equals []string `json:"equals,omitempty"`

	// Prefix, Suffix and Contains are fulfilled by a value that begins with,
	// ends in, or has this text.
	Prefix   string `json:"prefix,omitempty"`
	Suffix   string `json:"suffix,omitempty"`
	Contains string `json:"contains,omitempty"`

	// Matches is a regular expression (RE2) for the whole value: "admin" does
	// not match "not-an-admin".
	Matches string `json:"matches,omitempty"`

	// IgnoreCase makes no difference between capital and small letters (simple
	// Unicode case folding, as strings.EqualFold).
	IgnoreCase bool `json:"ignoreCase,omitempty"`
}

// Grant puts people who fulfil a condition into a group, or gives them a role.
type Grant struct {
	// Name is what the rule is called in errors and explanations: unique among
	// all rules, at most 100 bytes. Empty means its place and the group or role.
	Name string `json:"name,omitempty"`

	// Group is the group, or Role the role. Exactly one is set.
	//
	// With {value} in it, each value that passes the test gives a group or role
	// of its own, and stands in that place. Whoever administers the provider then
	// chooses the names: keep them apart from other groups by a prefix, as in
	// "contoso/{value}", or narrow them by the condition. A name that would be
	// longer than 256 bytes, or would have characters that do not print, is left
	// out.
	Group string `json:"group,omitempty"`
	Role  string `json:"role,omitempty"`

	// If is the condition.
	If Condition `json:"if"`

	// Steps change the values of the condition's attribute before they are
	// tested. At most 20.
	Steps []Step `json:"steps,omitempty"`
}

// maxRulesBytes bounds rules that are written as JSON.
const maxRulesBytes = 1 << 20

// Parse reads rules from JSON, of at most 1 MiB, and makes a Mapping of them. A
// member that no rule has is an error: a misspelled condition must not become
// none. It fails with InvalidRules.
func Parse(data []byte) (*Mapping, error) {
	if len(data) > maxRulesBytes {
		return nil, fail(InvalidRules, "", "the rules are longer than %d bytes", maxRulesBytes)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var rules Rules
	if err := decoder.Decode(&rules); err != nil {
		return nil, fail(InvalidRules, "", "the rules are not what they should be in JSON: %s", plain(err.Error()))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fail(InvalidRules, "", "something follows after the rules")
	}
	return New(rules)
}
