package userpool

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/userpool/internal/phone"
)

// CustomAttribute describes an attribute that OpenID Connect does not have.
type CustomAttribute struct {
	// Name has the form "custom:" and 1 to 20 letters of A-Z and a-z, digits, "_" and "-".
	Name string
	// Type says which values there are; AttributeString by default.
	Type AttributeType
	// Mutable lets the value be changed once it is set. Users cannot change it otherwise, and neither can administrators.
	Mutable bool
	// AdminOnly lets only the Admin operations, imports and hooks set it.
	AdminOnly bool
	// MinLength and MaxLength bound a string in characters; 0 and 2048 by default.
	MinLength, MaxLength int
	// MinValue and MaxValue bound a number; nil means no bound.
	MinValue, MaxValue *int64
}

// AttributeType is the type of an attribute, with Cognito's names. Values are strings in every case.
type AttributeType string

const (
	// AttributeString is any text without control characters.
	AttributeString AttributeType = "String"
	// AttributeNumber is a whole number of at most 64 bits.
	AttributeNumber AttributeType = "Number"
	// AttributeDateTime is a date and time in the form of RFC 3339.
	AttributeDateTime AttributeType = "DateTime"
	// AttributeBoolean is "true" or "false".
	AttributeBoolean AttributeType = "Boolean"
)

// attributeRule is what the pool knows of an attribute.
type attributeRule struct {
	name    string
	kind    AttributeType
	mutable bool
	// byPool is true for what only the pool sets, and byAdmin for what administrators set as well.
	byPool, byAdmin bool
	minLen, maxLen  int
	min, max        *int64
}

var customName = regexp.MustCompile(`^custom:[A-Za-z0-9_-]{1,20}$`)

// standardAttributes are the claims of OpenID Connect Core 5.1 that are strings.
var standardAttributes = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender",
	"birthdate", "zoneinfo", "locale", "address", "email", "phone_number",
}

// attribute returns the rule of an attribute that users of this pool can have.
func (s Settings) attribute(name string) (attributeRule, bool) {
	switch {
	case name == "sub":
		return attributeRule{name: name, kind: AttributeString, byPool: true, maxLen: 2048}, true
	case name == "updated_at":
		return attributeRule{name: name, kind: AttributeNumber, byPool: true, mutable: true, maxLen: 2048}, true
	case name == "email_verified" || name == "phone_number_verified":
		return attributeRule{name: name, kind: AttributeBoolean, byAdmin: true, mutable: true, maxLen: 2048}, true
	case slices.Contains(standardAttributes, name):
		return attributeRule{name: name, kind: AttributeString, mutable: true, maxLen: 2048}, true
	}
	i := slices.IndexFunc(s.CustomAttributes, func(c CustomAttribute) bool { return c.Name == name })
	if i < 0 {
		return attributeRule{}, false
	}
	c := s.CustomAttributes[i]
	return attributeRule{
		name: name, kind: c.Type, mutable: c.Mutable, byAdmin: c.AdminOnly, minLen: c.MinLength, maxLen: c.MaxLength, min: c.MinValue, max: c.MaxValue,
	}, true
}

// completeSchema checks the attributes that the settings name.
func (s Settings) completeSchema() (Settings, error) {
	s.CustomAttributes, s.RequiredAttributes = slices.Clone(s.CustomAttributes), slices.Clone(s.RequiredAttributes)
	if len(s.CustomAttributes) > 50 {
		return s, fmt.Errorf("userpool: Settings.CustomAttributes has %d attributes; there may be 50", len(s.CustomAttributes))
	}
	seen := map[string]bool{}
	for i, c := range s.CustomAttributes {
		if err := c.complete(&s.CustomAttributes[i]); err != nil {
			return s, fmt.Errorf("userpool: custom attribute %q: %w", printable(c.Name), err)
		}
		if seen[c.Name] {
			return s, fmt.Errorf("userpool: two custom attributes have the name %q", c.Name)
		}
		seen[c.Name] = true
	}
	for i, name := range s.RequiredAttributes {
		rule, ok := s.attribute(name)
		if !ok || rule.byPool || rule.byAdmin {
			return s, fmt.Errorf("userpool: Settings.RequiredAttributes has %q, which is no attribute that people can give", printable(name))
		}
		if slices.Contains(s.RequiredAttributes[:i], name) {
			return s, fmt.Errorf("userpool: Settings.RequiredAttributes has %q twice", name)
		}
		if name == "preferred_username" && slices.Contains(s.AliasAttributes, name) {
			return s, errors.New("userpool: preferred_username cannot be required and an alias: it becomes an alias once the user is confirmed")
		}
	}
	return s, nil
}

func (c CustomAttribute) complete(out *CustomAttribute) error {
	if !customName.MatchString(c.Name) {
		return errors.New(`the name must be "custom:" and 1 to 20 characters of A-Z, a-z, 0-9, _ and -`)
	}
	if c.Type == "" {
		out.Type = AttributeString
	}
	if c.MaxLength == 0 {
		out.MaxLength = 2048
	}
	switch out.Type {
	case AttributeString:
		if c.MinValue != nil || c.MaxValue != nil {
			return errors.New("MinValue and MaxValue are for numbers")
		}
		if c.MinLength < 0 || out.MaxLength > 2048 || c.MinLength > out.MaxLength {
			return fmt.Errorf("the length from %d to %d is not within 0 to 2048", c.MinLength, out.MaxLength)
		}
	case AttributeNumber:
		if c.MinValue != nil && c.MaxValue != nil && *c.MinValue > *c.MaxValue {
			return fmt.Errorf("MinValue %d is greater than MaxValue %d", *c.MinValue, *c.MaxValue)
		}
		fallthrough
	case AttributeDateTime, AttributeBoolean:
		if c.MinLength != 0 || c.MaxLength != 0 {
			return errors.New("MinLength and MaxLength are for strings")
		}
		if out.Type != AttributeNumber && (c.MinValue != nil || c.MaxValue != nil) {
			return errors.New("MinValue and MaxValue are for numbers")
		}
	default:
		return fmt.Errorf("the type %q is not one of String, Number, DateTime, Boolean", printable(string(c.Type)))
	}
	return nil
}

// check returns a value in its canonical form, or what is wrong with it. The empty value, which means that there is none, is always right.
func (r attributeRule) check(value string) (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", failField(InvalidParameter, r.name, "The %s "+format, append([]any{attributeLabel(r.name)}, args...)...)
	}
	switch n := utf8.RuneCountInString(value); {
	case value == "":
		return "", nil
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return bad("has a control character, such as a tab or a line break.")
	case n > r.maxLen:
		return bad("is too long: at most %d characters are allowed.", r.maxLen)
	case n < r.minLen:
		return bad("is too short: at least %d characters are needed.", r.minLen)
	}
	switch r.kind {
	case AttributeNumber:
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
			return bad("is not a whole number.")
		case r.min != nil && n < *r.min, r.max != nil && n > *r.max:
			return bad("is out of range.")
		}
		return strconv.FormatInt(n, 10), nil
	case AttributeBoolean:
		if value != "true" && value != "false" {
			return bad(`must be "true" or "false".`)
		}
	case AttributeDateTime:
		t, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return bad("is not a date and time such as 2006-01-02T15:04:05Z.")
		}
		return t.Format(time.RFC3339Nano), nil
	}
	return r.checkStandard(value, bad)
}

// checkStandard knows the forms of some claims of OpenID Connect.
func (r attributeRule) checkStandard(value string, bad func(string, ...any) (string, error)) (string, error) {
	switch r.name {
	case "email":
		canonical, err := canonicalEmail(value)
		if err != nil {
			return "", inField(err, "email")
		}
		return canonical, nil
	case "phone_number":
		canonical, err := phone.Canonical(value)
		if err != nil {
			return "", failField(InvalidParameter, "phone_number", "%s", sentence(err))
		}
		return canonical, nil
	case "birthdate":
		if _, err := time.Parse("2006-01-02", strings.Replace(value, "0000-", "2004-", 1)); err != nil {
			if _, err := time.Parse("2006", value); err != nil {
				return bad("is not a date such as 1990-12-31.")
			}
		}
	}
	return value, nil
}

// checkText refuses text that no attribute could be.
func checkText(field, value string) error {
	_, err := attributeRule{name: field, kind: AttributeString, maxLen: 2048}.check(value)
	return err
}
