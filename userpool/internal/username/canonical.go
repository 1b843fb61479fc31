package username

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// MaxLength is the greatest length of a name, in characters (code points) of its canonical form.
const MaxLength = 128

// maxBytes bounds the work on a name before it is measured. No name of MaxLength characters is as long, in whatever form it was typed.
const maxBytes = 16 * MaxLength

// The profiles are those of RFC 8265, 3.3 and 3.4, without the Bidi Rule: that is for names with right-to-left characters only, while
// precis.UsernameCaseMapped applies it to all that are not ASCII, and so refuses "élan_" and "2élan".
var (
	caseMapped    = precis.NewIdentifier(precis.LowerCase(), precis.Norm(norm.NFC))
	casePreserved = precis.NewIdentifier(precis.Norm(norm.NFC))
)

// compatibility replaces the letters that RFC 8265 refuses although living languages need them; see the package comment.
var compatibility = strings.NewReplacer(
	"\u0587", "\u0565\u0582", // ARMENIAN SMALL LIGATURE ECH YIWN
	"\u0e33", "\u0e4d\u0e32", // THAI CHARACTER SARA AM
	"\u0eb3", "\u0ecd\u0eb2", // LAO VOWEL SIGN AM
	"\u0edc", "\u0eab\u0e99", // LAO HO NO
	"\u0edd", "\u0eab\u0ea1", // LAO HO MO
)

// Canonical returns the one form of name that identifies a user, or an *[Error] that says what the name must not have. Spaces around the
// name, which keyboards add, are removed. With caseSensitive, names that differ in case are different; otherwise the canonical form is
// in small letters. It is safe for concurrent use, and its work is bounded for any name.
func Canonical(name string, caseSensitive bool) (string, error) {
	name = strings.Trim(name, " ")
	switch {
	case name == "":
		return "", &Error{Empty, "Enter a user name."}
	case len(name) > maxBytes:
		return "", errTooLong()
	case !utf8.ValidString(name):
		return "", &Error{Malformed, "The user name is not valid text (UTF-8)."}
	}
	name = norm.NFC.String(width.Fold.String(compatibility.Replace(name)))
	if err := checkCharacters(name); err != nil {
		return "", err
	}
	profile := caseMapped
	if caseSensitive {
		profile = casePreserved
	}
	name, err := profile.String(name)
	if err != nil {
		return "", &Error{Disallowed, "The user name has a character at a place where it is not used."}
	}
	if !caseSensitive {
		name = norm.NFC.String(strings.Map(oneSmallLetter, name))
	}
	if utf8.RuneCountInString(name) > MaxLength {
		return "", errTooLong()
	}
	if err := checkName(name); err != nil {
		return "", err
	}
	return name, nil
}

func errTooLong() error {
	return &Error{TooLong, fmt.Sprintf("The user name is too long: at most %d characters are allowed.", MaxLength)}
}

// oneSmallLetter returns the small letter that the capital of r becomes: σ for ς, and the modern letters for the old Cyrillic forms from
// U+1C80 on. The dotless ı stays, as its capital is that of another letter.
func oneSmallLetter(r rune) rune {
	if r == 'ı' || !unicode.Is(unicode.Ll, r) {
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// checkName applies the rules that are about a name as a whole.
func checkName(name string) error {
	if strings.Contains(name, "@") {
		return &Error{LikeEmail, "A user name cannot have an @, so that nobody takes it for an e-mail address."}
	}
	if likePhone(name) {
		return &Error{LikePhone, "A user name cannot be a + with digits, so that nobody takes it for a phone number."}
	}
	if err := checkMarks(name); err != nil {
		return err
	}
	if err := checkScripts(name); err != nil {
		return err
	}
	if err := checkDigits(name); err != nil {
		return err
	}
	if bidirule.DirectionString(name) == bidi.RightToLeft && !bidirule.ValidString(name) {
		return &Error{Direction, "The user name has left-to-right and right-to-left characters in an order that would be shown misleadingly. " +
			"Begin and end it with letters of its script; digits may stand at the end."}
	}
	return nil
}

// likePhone reports whether name is a plus sign and digits, with or without what people write between them.
func likePhone(name string) bool {
	digits, plus := strings.CutPrefix(name, "+")
	other := func(r rune) bool { return !unicode.IsDigit(r) && !strings.ContainsRune("-.()", r) }
	return plus && strings.ContainsFunc(digits, unicode.IsDigit) && !strings.ContainsFunc(digits, other)
}
