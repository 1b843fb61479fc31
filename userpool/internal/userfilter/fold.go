package userfilter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	// MaxFolded is the greatest length of what [Fold] returns, in bytes. An index entry of a database stays well below its limit with it.
	MaxFolded = 200

	// maxValue bounds the work on one value, in bytes. It is the length of the longest value that an attribute can have: 2,048
	// characters.
	maxValue = 2048 * utf8.UTFMax
)

// Fold returns the form in which values are compared and indexed: that of a compatibility caseless match (Unicode, 3.13, D146), in which
// "ﬁ" is "fi" and "ß" is "ss", cut to at most MaxFolded bytes at the end of a character. It is the same in every process and for every
// store, takes any string, returns valid UTF-8, and is idempotent.
//
// As it cuts, two values of which only the ends differ, beyond MaxFolded bytes, are equal in a search. Whoever must tell them apart
// compares the values themselves with what is found. And as it ignores case, whoever wants to tell capitals of a user name from small
// letters, as Cognito does, compares user names with what is found, too.
//
// The tables are those that golang.org/x/text has for the Go release. A release with a newer Unicode folds letters that were not assigned
// before, and nothing else.
func Fold(value string) string {
	value = norm.NFD.String(cut(strings.ToValidUTF8(value, "\ufffd"), maxValue))
	for range 2 { // as D146 has it: normalizing can undo some of the folding
		value = norm.NFKC.String(strings.Map(foldCherokee, cases.Fold().String(value)))
	}
	return cut(value, MaxFolded)
}

// foldCherokee returns the capital of a Cherokee letter, which is what it folds to (CaseFolding.txt). Package cases makes capitals of the
// small letters, but small letters of the capitals, too.
func foldCherokee(r rune) rune {
	if unicode.Is(unicode.Cherokee, r) {
		return unicode.ToUpper(r)
	}
	return r
}

// cut returns as many whole characters of s as fit into limit bytes.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
