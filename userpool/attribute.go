package userpool

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// writable are the standard attributes (OpenID Connect Core 5.1) that a person may set; the others are the pool's to set.
var writable = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender",
	"birthdate", "zoneinfo", "locale",
}

// checkAttributes returns the attributes of a new user, or says which one is wrong.
func checkAttributes(in map[string]string, email string) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value := in[name]
		if name == "email" {
			if canonical, err := canonicalEmail(value); err != nil || canonical != email {
				return nil, failField(InvalidParameter, "email", "The e-mail address is not the one that is signed up with.")
			}
			continue
		}
		if !slices.Contains(writable, name) {
			return nil, failField(InvalidParameter, name, "The attribute %q cannot be set.", printable(name))
		}
		if err := checkAttributeValue(name, value); err != nil {
			return nil, err
		}
		if value != "" {
			out[name] = value
		}
	}
	out["email"] = email
	out["email_verified"] = "false"
	return out, nil
}

func checkAttributeValue(name, value string) error {
	label := strings.ReplaceAll(name, "_", " ")
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return failField(InvalidParameter, name, "The %s has a control character, such as a tab or a line break.", label)
	case utf8.RuneCountInString(value) > 2048:
		return failField(InvalidParameter, name, "The %s is too long: at most 2048 characters are allowed.", label)
	}
	return nil
}

// printable makes a name from outside fit to be shown.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '.'
	}, s)
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "..."
	}
	return s
}
