package phone

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/unicode/bidi"
)

const (
	// MinDigits is the least number of digits after the plus sign. E.164 states none; no country has shorter numbers that receive messages.
	MinDigits = 8
	// MaxDigits is the greatest number of digits after the plus sign (E.164, 6.1).
	MaxDigits = 15

	// maxBytes is the greatest length of what is typed: 15 digits, with generous spacing.
	maxBytes = 64
)

// Error is a number that [Canonical] refuses.
type Error struct {
	// Message is one or more sentences in English for the person who typed the number.
	Message string
}

// Error returns the message with the name of the package before it, for a log.
func (e *Error) Error() string { return "phone: " + e.Message }

// typed is a number as people type it. What is not a digit stands between digits, and parentheses stand around some.
var typed = regexp.MustCompile(`^\+[0-9]+([ .-]*[0-9]|[ .-]*\([0-9]+\)[ .-]*[0-9])*$`)

// separators are what people type between digits.
const separators = " .-()"

// Canonical returns the one form of number that identifies it: "+" and [MinDigits] to [MaxDigits] digits, the first of which is not 0.
// Spaces around the number, and spaces, hyphens, dots and pairs of parentheses between its digits, which people type, are removed.
// Anything else is an *[Error] that says what to type instead; nothing is guessed, as a wrong guess is somebody else's number.
func Canonical(number string) (string, error) {
	number = strings.Trim(number, " ")
	other := func(r rune) bool { return !strings.ContainsRune("+0123456789"+separators, r) }
	switch at := strings.IndexFunc(number, other); {
	case number == "":
		return refuse("Enter a phone number.")
	case len(number) > maxBytes:
		return refuse("The phone number is too long: at most %d digits are allowed.", MaxDigits)
	case !utf8.ValidString(number):
		return refuse("The phone number is not valid text (UTF-8).")
	case at >= 0:
		r, _ := utf8.DecodeRuneInString(number[at:])
		return refuse("A phone number cannot have %s: use the digits 0 to 9.", show(r))
	case strings.HasPrefix(number, "00"):
		return refuse("Begin the phone number with + instead of 00, such as +12065550100.")
	case number[0] != '+':
		return refuse("Begin the phone number with + and the country code, such as +12065550100.")
	case strings.Contains(number, "(0)"):
		return refuse("Leave out the (0): it is not dialed after a country code.")
	case !typed.MatchString(number):
		return refuse("The phone number has other characters than digits at a place where they do not belong. Write it as +12065550100.")
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(separators, r) {
			return -1
		}
		return r
	}, number[1:])
	switch {
	case digits[0] == '0':
		return refuse("After the + comes the country code, which never begins with 0.")
	case len(digits) < MinDigits:
		return refuse("The phone number is too short: it has at least %d digits, with the country code.", MinDigits)
	case len(digits) > MaxDigits:
		return refuse("The phone number is too long: it has at most %d digits, with the country code.", MaxDigits)
	}
	return "+" + digits, nil
}

func refuse(format string, args ...any) (string, error) {
	return "", &Error{Message: fmt.Sprintf(format, args...)}
}

// show returns r as a message names it: by its number, and as itself unless it would disturb the message.
func show(r rune) string {
	if !unicode.IsPrint(r) || unicode.Is(unicode.M, r) || bidirule.DirectionString(string(r)) == bidi.RightToLeft {
		return fmt.Sprintf("%U", r)
	}
	return fmt.Sprintf("\"%c\" (%U)", r, r)
}

// Mask returns what may be shown of a canonical number, as Cognito does: its last four digits after seven stars, "+*******9934", however
// long it is. Of what is no canonical number, Mask shows nothing: "***".
func Mask(number string) string {
	if canonical, err := Canonical(number); err != nil || canonical != number {
		return "***"
	}
	return "+*******" + number[len(number)-4:]
}
