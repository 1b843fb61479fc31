package username

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// identifier is the IdentifierClass of RFC 8264, 4.2.
var identifier = precis.UsernameCasePreserved.Allowed()

// contextual are the characters that the IdentifierClass allows at some places (RFC 8264, 9.6 and 9.7, and RFC 5892, A), the joiners left
// out: they are invisible. The profile checks the places.
const contextual = "\u00b7\u0375\u05f3\u05f4\u30fb٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"

// notation are marks for symbols and for musical notes, and a spacing tilde: in the IdentifierClass, but in no word of any language.
var notation = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x20d0, Hi: 0x20ff, Stride: 1}, {Lo: 0x2e2f, Hi: 0x2e2f, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x101fd, Hi: 0x101fd, Stride: 1}, {Lo: 0x1cf00, Hi: 0x1cfcf, Stride: 1}, {Lo: 0x1d000, Hi: 0x1d24f, Stride: 1}},
}

// checkCharacters says which character of a name, in NFC, cannot be in any name.
func checkCharacters(name string) error {
	for _, r := range name {
		if err := checkCharacter(r); err != nil {
			return err
		}
	}
	return nil
}

func checkCharacter(r rune) error {
	switch {
	case r > ' ' && r < 0x7f:
		return nil
	case unicode.IsSpace(r) || unicode.Is(unicode.Z, r):
		return &Error{Space, "A user name cannot have spaces or line breaks."}
	case invisible(r):
		return &Error{Invisible, fmt.Sprintf("The user name has an invisible character (%U). Type it again instead of pasting it.", r)}
	case (identifier.Contains(r) || strings.ContainsRune(contextual, r)) && !unicode.Is(notation, r):
		return nil
	}
	if plain := norm.NFKC.String(string(r)); plain != string(r) && !strings.ContainsFunc(plain, notInNames) {
		return &Error{Disallowed, fmt.Sprintf("The user name has the special form %s. Write %q instead.", show(r), plain)}
	}
	return &Error{Disallowed, fmt.Sprintf("A user name cannot have the character %s: use letters and digits.", show(r))}
}

// show returns r as a message names it: by its number, and as itself unless it would disturb the message.
func show(r rune) string {
	if !unicode.IsPrint(r) || unicode.Is(unicode.M, r) || bidirule.DirectionString(string(r)) == bidi.RightToLeft {
		return fmt.Sprintf("%U", r)
	}
	return fmt.Sprintf("\"%c\" (%U)", r, r)
}

func notInNames(r rune) bool { return checkCharacter(r) != nil }

// invisible reports whether r is a control or format character, which includes those that set the direction of text or have no width, or
// one that programs show as nothing (Default_Ignorable_Code_Point).
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// checkMarks refuses what UTS 39, 5.4, calls marks that are hard to see or disturb the line: a mark without a letter, the same mark twice
// in a row, and more than four in a row.
func checkMarks(name string) error {
	var last rune
	run := 0
	for i, r := range norm.NFD.String(name) {
		switch {
		case i == 0 && unicode.Is(unicode.M, r):
			return &Error{Marks, fmt.Sprintf("The user name begins with a combining mark (%U): put a letter before it.", r)}
		case !unicode.Is(unicode.Mn, r):
			run = 0
		case r == last:
			return &Error{Marks, fmt.Sprintf("The user name has the same combining mark (%U) twice in a row.", r)}
		default:
			run++
		}
		if run > 4 {
			return &Error{Marks, "The user name has more than four combining marks on one letter."}
		}
		last = r
	}
	return nil
}

// checkDigits refuses digits of several kinds in one name (UTS 39, 5.3).
func checkDigits(name string) error {
	first := rune(-1)
	for _, r := range name {
		zero := zeroOf(r)
		if first >= 0 && zero >= 0 && zero != first {
			return &Error{MixedDigits, fmt.Sprintf("The user name has digits of several kinds, such as %s. Use one kind.", show(r))}
		}
		if zero >= 0 {
			first = zero
		}
	}
	return nil
}

// zeroOf returns the zero of the decimal digits that r is one of, or -1. Unicode has them in tens, in order.
func zeroOf(r rune) rune {
	for _, digits := range unicode.Nd.R16 {
		if low, high := rune(digits.Lo), rune(digits.Hi); low <= r && r <= high {
			return low + (r-low)/10*10
		}
	}
	for _, digits := range unicode.Nd.R32 {
		if low, high := rune(digits.Lo), rune(digits.Hi); low <= r && r <= high {
			return low + (r-low)/10*10
		}
	}
	return -1
}
