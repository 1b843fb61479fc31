package userfilter_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/userfilter"
)

// Values that a search does not tell apart have one folded form, computed here for all stores.
func TestD10_Fold(t *testing.T) {
	for value, want := range map[string]string{
		"":                              "",
		"Ada":                           "ada",
		"ADA@Example.COM":               "ada@example.com",
		" a  b ":                        " a  b ",
		"ÉLODIE":                        "élodie",
		"e\u0301lodie":                  "élodie",
		"STRASSE":                       "strasse",
		"Straße":                        "strasse",
		"STRAẞE":                        "strasse",
		"ΝΙΚΟΣ":                         "νικοσ",
		"νικος":                         "νικοσ",
		"\u212aelvin":                   "kelvin",
		"ſam":                           "sam",
		"ﬁona":                          "fiona",
		"ＡＤＡ":                           "ada",
		"ﾀﾞﾛｳ":                          "ダロウ",
		"İstanbul":                      "i\u0307stanbul",
		"ıstanbul":                      "ıstanbul",
		"Ꭰꭰ":                            "ᎠᎠ",
		"ᏸ":                             "Ᏸ",
		"Ა":                             "ა",
		"\u03b1\u0345\u0301":            "άι",
		"\u1fb4":                        "άι",
		"a\xffb":                        "a\ufffdb",
		"\u00a0":                        " ",
		strings.Repeat("A", 201):        strings.Repeat("a", 200),
		strings.Repeat("É", 101):        strings.Repeat("é", 100),
		"x" + strings.Repeat("É", 101):  "x" + strings.Repeat("é", 99),
		"xx" + strings.Repeat("山", 100): "xx" + strings.Repeat("山", 66),
		strings.Repeat("\x80", 1<<16):   "\ufffd",
		strings.Repeat("\ufdfa", 1<<16): userfilter.Fold(strings.Repeat("\ufdfa", 7)), // one of them is 33 bytes
	} {
		require.Equal(t, want, userfilter.Fold(value), "%.40q", value)
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cn, unicode.Co, unicode.Han, unicode.Hangul) {
			continue
		}
		for _, value := range []string{string(r), "a" + string(r), string(r) + "\u0345\u0301"} {
			folded := userfilter.Fold(value)
			if again := userfilter.Fold(folded); again != folded {
				t.Fatalf("%+q is %+q is %+q", value, folded, again)
			}
		}
		// The full conversions agree with the simple ones, but for the two letters that Turkish tells from i and I.
		if upper := unicode.ToUpper(r); r != 'ı' && userfilter.Fold(string(upper)) != userfilter.Fold(string(r)) {
			t.Fatalf("%c and %c", r, upper)
		}
		if lower := unicode.ToLower(r); r != 'İ' && userfilter.Fold(string(lower)) != userfilter.Fold(string(r)) {
			t.Fatalf("%c and %c", r, lower)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, seed := range []string{"", "Ada", "Straße", "\u0345\u0301\u03b1", "Ꭰꭰ", "\xff\xfe", strings.Repeat("é", 150), "\u1d2c\u0301", "ﷺ", "\u0f73\u0f71"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		folded := userfilter.Fold(value)
		bad := len(folded) > userfilter.MaxFolded || !utf8.ValidString(folded) || (folded == "") != (value == "")
		if again := userfilter.Fold(folded); again != folded || bad {
			t.Fatalf("%+q is %+q is %+q", value, folded, again)
		}
	})
}
