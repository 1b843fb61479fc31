package userpool

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/stepwell/stepwell/userpool/internal/commonpassword"
)

// PasswordPolicy says which passwords may be set. It is not asked at sign-in. Besides, no password has more than 256 characters, or a
// control character.
type PasswordPolicy struct {
	// MinimumLength counts characters (code points): 6 to 99, and 15 by default, as NIST SP 800-63B-4 asks for where the password is the
	// only factor.
	MinimumLength int
	// RequireUppercase, RequireLowercase, RequireNumbers and RequireSymbols each ask for at least one such character.
	RequireUppercase, RequireLowercase, RequireNumbers, RequireSymbols bool
	// HistorySize is how many passwords, the present one included, may not be set again: 0 (the default) to 24. Each takes as long as a
	// sign-in to compare.
	HistorySize int
	// TemporaryPasswordValidity is how long the temporary password of AdminCreateUser can be used: 7 days by default, 1 hour to 365 days.
	TemporaryPasswordValidity time.Duration
	// AllowCommon accepts passwords that everybody tries first. NIST SP 800-63B-4 and Stepwell advise against it.
	AllowCommon bool
	// RequireBreachCheck refuses new passwords, with ServiceUnavailable, while Config.BreachChecker does not answer. By default they are
	// accepted, and the failure is logged.
	RequireBreachCheck bool
}

// CognitoPasswordPolicy returns the policy that a Cognito user pool has by default: 8 characters, one of each kind. NIST and OWASP advise
// against rules of composition.
func CognitoPasswordPolicy() PasswordPolicy {
	return PasswordPolicy{
		MinimumLength: 8, RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true,
	}
}

// maxPassword is the largest password in characters, as in Cognito. It is checked before any hashing.
const maxPassword = 256

func (p PasswordPolicy) complete() (PasswordPolicy, error) {
	if p.MinimumLength == 0 {
		p.MinimumLength = 15
	}
	if p.MinimumLength < 6 || p.MinimumLength > 99 {
		return p, fmt.Errorf("userpool: PasswordPolicy.MinimumLength is %d; it must be from 6 to 99", p.MinimumLength)
	}
	if p.HistorySize < 0 || p.HistorySize > 24 {
		return p, fmt.Errorf("userpool: PasswordPolicy.HistorySize is %d; it must be from 0 to 24", p.HistorySize)
	}
	var err error
	p.TemporaryPasswordValidity, err = duration("PasswordPolicy.TemporaryPasswordValidity", p.TemporaryPasswordValidity, 7*day, time.Hour, 365*day)
	return p, err
}

// Describe says in one English sentence what the policy asks for, as a hint beside a field.
func (p PasswordPolicy) Describe() string {
	var kinds []string
	for _, k := range []struct {
		want bool
		name string
	}{
		{p.RequireUppercase, "an upper-case letter"}, {p.RequireLowercase, "a lower-case letter"},
		{p.RequireNumbers, "a number"}, {p.RequireSymbols, "a symbol"},
	} {
		if k.want {
			kinds = append(kinds, k.name)
		}
	}
	s := fmt.Sprintf("At least %d characters", p.MinimumLength)
	switch n := len(kinds); n {
	case 0:
		return s + "; several words make a good password."
	case 1:
		return s + ", with " + kinds[0] + "."
	default:
		return s + ", with " + strings.Join(kinds[:n-1], ", ") + " and " + kinds[n-1] + "."
	}
}

// check returns the password as it will be hashed, or why it is refused. Nothing is trimmed or cut; Unicode is brought to one form, so
// that the same keys make the same password on every system (NIST SP 800-63B-4, 3.1.1.2).
func (p PasswordPolicy) check(password string, context ...string) (string, error) {
	normal, err := normalPassword(password)
	if err != nil {
		return "", err
	}
	refuse := func(format string, args ...any) (string, error) {
		return "", failField(InvalidPassword, "password", format, args...)
	}
	if n := utf8.RuneCountInString(normal); n < p.MinimumLength {
		return refuse("The password is too short: it has %d characters, and must have at least %d.", n, p.MinimumLength)
	}
	switch {
	case p.RequireUppercase && !strings.ContainsFunc(normal, unicode.IsUpper):
		return refuse("The password must have an upper-case letter.")
	case p.RequireLowercase && !strings.ContainsFunc(normal, unicode.IsLower):
		return refuse("The password must have a lower-case letter.")
	case p.RequireNumbers && !strings.ContainsFunc(normal, unicode.IsDigit):
		return refuse("The password must have a number.")
	case p.RequireSymbols && !strings.ContainsAny(normal, "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "):
		return refuse("The password must have a symbol.")
	}
	if r, _ := utf8.DecodeRuneInString(normal); strings.Trim(normal, string(r)) == "" {
		return refuse("The password is one character again and again. Choose one that is harder to guess.")
	}
	if p.AllowCommon {
		return normal, nil
	}
	if commonpassword.Contains(normal) {
		return refuse("This password is one of the first that anybody would try. Several unrelated words make a good one.")
	}
	if commonpassword.ContainsWord(normal, context...) {
		return refuse("The password must not be little more than your name or address, or that of this service.")
	}
	return normal, nil
}

// normalPassword refuses what can be no password at all.
func normalPassword(password string) (string, error) {
	switch {
	case password == "":
		return "", failField(InvalidParameter, "password", "Enter a password.")
	case len(password) > 4*maxPassword || utf8.RuneCountInString(password) > maxPassword:
		return "", failField(InvalidParameter, "password", "The password is too long: at most %d characters are allowed.", maxPassword)
	case !utf8.ValidString(password):
		return "", failField(InvalidParameter, "password", "The password is not valid text (UTF-8).")
	case strings.ContainsFunc(password, unicode.IsControl):
		return "", failField(InvalidParameter, "password", "The password has a control character, such as a tab or a line break.")
	}
	return norm.NFC.String(password), nil
}
