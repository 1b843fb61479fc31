package phone_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/phone"
)

// All spellings of a number are one alias; what could be another number is none.
func TestU21_CanonicalPhone(t *testing.T) {
	for in, want := range map[string]string{
		"+12065550100":              "+12065550100",
		" +12065550100 ":            "+12065550100",
		"+1 206 555 0100":           "+12065550100",
		"+1-206-555-0100":           "+12065550100",
		"+1.206.555.0100":           "+12065550100",
		"+1 (206) 555-0100":         "+12065550100",
		"+1(206)5550100":            "+12065550100",
		"+1 206 - 555 - 0100":       "+12065550100",
		"+44 20 7946 0000":          "+442079460000",
		"+39 06 698":                "",
		"+39 06 6982":               "+39066982",
		"+12345678":                 "+12345678",
		"+123456789012345":          "+123456789012345",
		"+1234567":                  "",
		"+1234567890123456":         "",
		"":                          "",
		"   ":                       "",
		"+":                         "",
		"++12065550100":             "",
		"+1+2065550100":             "",
		"12065550100":               "",
		"2065550100":                "",
		"0012065550100":             "",
		"00 1 206 555 0100":         "",
		"01112065550100":            "",
		"+012065550100":             "",
		"+0":                        "",
		"+44 (0)20 7946 0000":       "",
		"+44(0)2079460000":          "",
		"+ 12065550100":             "",
		"+(1)2065550100":            "",
		"+-12065550100":             "",
		"+12065550100-":             "",
		"+12065550100.":             "",
		"+1(206)":                   "",
		"+1206555(0100)":            "",
		"+1(2065550100":             "",
		"+1)2065550100":             "",
		"+1)206(5550100":            "",
		"+1((206))5550100":          "",
		"+1()2065550100":            "",
		"+1(206)(555)0100":          "",
		"+1 206 555 0100 ext 5":     "",
		"+12065550100x5":            "",
		"+12065550100;ext=5":        "",
		"+12065550100,5":            "",
		"tel:+12065550100":          "",
		"+1 206 555 CALL":           "",
		"+１２０６５５５０１００":              "", // full width
		"＋12065550100":              "",
		"+١٢٠٦٥٥٥٠١٠٠":              "", // Arabic digits
		"+1²065550100":              "",
		"+1\u00a02065550100":        "", // no-break space
		"+1\u20112065550100":        "", // no-break hyphen
		"+1\u200b2065550100":        "",
		"\u202a+12065550100\u202c":  "", // as copied from an address book
		"+1\t2065550100":            "",
		"+12065550100\n":            "",
		"+12065550100\r\nBcc: +449": "",
		"+12065550100\x00":          "",
		"+1206555\xff0100":          "",
		"bob":                       "",
		"bob@example.com":           "",
		"+1" + strings.Repeat(" ", 60) + "2065550100":           "",
		"+1" + strings.Repeat("-2", 1<<16):                      "",
		"+" + strings.Repeat("1", 15) + strings.Repeat(" ", 70): "+111111111111111",
	} {
		got, err := phone.Canonical(in)
		require.Equal(t, want, got, "%q", in)
		require.Equal(t, want == "", err != nil, "%q", in)
	}
}

func TestMessages(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "Enter a phone number.",
		"0012065550100":       "Begin the phone number with + instead of 00, such as +12065550100.",
		"2065550100":          "Begin the phone number with + and the country code, such as +12065550100.",
		"+44 (0)20 7946 0000": "Leave out the (0): it is not dialed after a country code.",
		"+012065550100":       "After the + comes the country code, which never begins with 0.",
		"+1206":               "The phone number is too short: it has at least 8 digits, with the country code.",
		"+1234567890123456":   "The phone number is too long: it has at most 15 digits, with the country code.",
		"+１２０６５５５０１００":        `A phone number cannot have "１" (U+FF11): use the digits 0 to 9.`,
		"+1\u200b206":         "A phone number cannot have U+200B: use the digits 0 to 9.",
		"+1(206":              "The phone number has other characters than digits at a place where they do not belong. Write it as +12065550100.",
	} {
		_, err := phone.Canonical(in)
		var e *phone.Error
		require.ErrorAs(t, err, &e, "%q", in)
		require.Equal(t, want, e.Message, "%q", in)
		require.Equal(t, "phone: "+want, err.Error())
	}
}

func TestMask(t *testing.T) {
	require.Equal(t, "+*******9934", phone.Mask("+12065559934"))
	require.Equal(t, "+*******5678", phone.Mask("+12345678"))
	require.Equal(t, "+*******2345", phone.Mask("+123456789012345"))
	for _, other := range []string{"", "+1", "+1206", "9934", "bob@example.com", "+1 206 555 9934"} {
		require.Equal(t, "***", phone.Mask(other), "%q", other)
	}
}

// A canonical number is its own canonical form, and has just the digits that were typed.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"+12065550100", " +1 (206) 555-0100 ", "+44 (0)20", "0049", "+1\u00a02", "+１２", "+1)2(3", "\xff", "+1" + strings.Repeat("-2", 30)} {
		f.Add(seed)
	}
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)
	f.Fuzz(func(t *testing.T, in string) {
		got, err := phone.Canonical(in)
		if mask := phone.Mask(in); mask != "***" && (mask != "+*******"+in[len(in)-4:] || got != in) {
			t.Fatalf("%q is shown as %q", in, mask)
		}
		if err != nil {
			return
		}
		again, err := phone.Canonical(got)
		if err != nil || again != got || !e164.MatchString(got) {
			t.Fatalf("%q becomes %q, which becomes %q, %v", in, got, again, err)
		}
		digits := strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, in)
		if "+"+digits != got {
			t.Fatalf("%q becomes %q", in, got)
		}
	})
}
