package username

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// lookAlike lists characters that look like the same skeleton. The tables are derived from the data of UTS 39, Unicode Security
// Mechanisms, for Unicode 15.0.0 (confusables.txt, Copyright © 1991-2022 Unicode, Inc., under https://www.unicode.org/license.txt), for
// what a canonical name can have, with these differences:
//
//   - ASCII letters and digits are their own skeletons, where UTS 39 gives one to 1, I and l, one to 0 and O, and one to m and rn;
//     what looks like I, l or m there has the one of the three that it is nearest to here, and what looks like O has O or o;
//   - small capitals are their letters, and so are the Cyrillic, Greek and Cherokee letters that look like them: the names that
//     people know each other by ignore case;
//   - letters without case that look like a capital have the skeleton of the small letter, for the same reason;
//   - U+04CF, a small palochka, is an l, and the dotless ȷ is a j;
//   - letters that readers of Hebrew, Arabic, Telugu, Tamil, Malayalam and Thai tell apart are left out, as are most sequences of
//     Canadian Aboriginal syllabics, and what is alike between two scripts that are both little used.
type lookAlike struct{ skeleton, characters string }

// skeletons maps each character that looks like something else to its skeleton, which has no such characters.
var skeletons = sync.OnceValue(func() map[rune]string {
	table := map[rune]string{}
	for _, rows := range [][]lookAlike{latinLookAlikes, commonLookAlikes, otherLookAlikes} {
		for _, row := range rows {
			for _, r := range row.characters {
				table[r] = row.skeleton
			}
		}
	}
	return table
})

// Skeleton returns the key that two different canonical names share when a person could not tell them apart (UTS 39, 4): "раура" in
// Cyrillic letters has that of "paypa", and "mıke" that of "mike". It is made to be compared, not to be shown. A name that [Canonical]
// has returned needs at most 2 KiB. Skeleton takes any other string too, is idempotent, and is safe for concurrent use.
//
// ASCII letters and digits are all different, so that "bob1" and "bobl", or "corn" and "com", are two names: in most typefaces a person
// can tell them apart, and names that differ so are too many to refuse. Skeleton knows only characters that look alike by themselves: it
// does not see that "vv" looks like "w", and it is no judge of "microsoft-support". What a typeface of poor quality makes alike, and
// scripts that the table leaves out, it does not know either.
func Skeleton(canonical string) string {
	table := skeletons()
	var b strings.Builder
	for _, r := range norm.NFD.String(canonical) {
		if skeleton, found := table[r]; found {
			b.WriteString(skeleton)
		} else {
			b.WriteRune(r)
		}
	}
	return sortMarks(norm.NFD.String(b.String()))
}

// sortMarks puts the nonspacing marks after each letter into one order, since people do not see in which order they were typed, and drops
// dots above i and j, which show none beside their own.
func sortMarks(s string) string {
	runes := []rune(s)
	out := runes[:0]
	for len(runes) > 0 {
		letter := runes[0]
		end := 1
		for end < len(runes) && unicode.Is(unicode.Mn, runes[end]) {
			end++
		}
		marks := runes[1:end]
		runes = runes[end:]
		if letter == 'i' || letter == 'j' {
			marks = slices.DeleteFunc(marks, func(r rune) bool { return r == '\u0307' })
		}
		slices.Sort(marks)
		out = append(append(out, letter), marks...)
	}
	return string(out)
}
