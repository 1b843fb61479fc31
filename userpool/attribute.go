package userpool

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// writer is who sets attributes.
type writer int

const (
	writtenByUser writer = iota
	writtenByAdmin
)

// checkAttributes returns attributes in their canonical form, or says which one is wrong. A value that is empty stays: it deletes the
// attribute. may, if not nil, tells which ones the client may write.
func (s Settings) checkAttributes(in map[string]string, by writer, may func(name string) bool) (map[string]string, error) {
	out := make(map[string]string, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		rule, ok := s.attribute(name)
		switch {
		case !ok && (strings.HasPrefix(name, "cognito:") || strings.HasPrefix(name, "dev:")): // the pool's own, in Cognito's tokens
			return nil, failField(NotAuthorized, name, "The attribute %q cannot be set here.", printable(name))
		case !ok:
			return nil, failField(InvalidParameter, name, "There is no attribute %q.", printable(name))
		case rule.byPool, rule.byAdmin && by == writtenByUser, may != nil && !may(name):
			return nil, failField(NotAuthorized, name, "The attribute %q cannot be set here.", printable(name))
		}
		value, err := rule.check(in[name])
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

// checkRequired wants all that everybody must have.
func (s Settings) checkRequired(attributes map[string]string) error {
	for _, name := range s.RequiredAttributes {
		if attributes[name] == "" {
			return failField(InvalidParameter, name, "Please give your %s.", attributeLabel(name))
		}
	}
	return nil
}

// attributeLabel is what messages to people call an attribute that the pool has: "custom:cost_centre" is the cost centre.
func attributeLabel(name string) string {
	return strings.ReplaceAll(strings.TrimPrefix(name, "custom:"), "_", " ")
}

// inField names the input that is at fault in another way.
func inField(err error, field string) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Field != field {
		c := *e
		c.Field = field
		return &c
	}
	return err
}

// verifiedAttribute is the name of the attribute that tells whether an address is verified.
func verifiedAttribute(address string) string { return address + "_verified" }

// printable makes a name from outside fit to be shown.
func printable(s string) string { return plaintext.Name(s, 40) }
