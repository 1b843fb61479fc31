package username_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/stepwell/stepwell/userpool/internal/username"
)

func TestCanonical(t *testing.T) {
	for _, test := range []struct {
		name, folded, preserved string
	}{
		{"bob", "bob", "bob"},
		{"Bob", "bob", "Bob"},
		{"  bob ", "bob", "bob"},
		{"bob.o'neill_2-x", "bob.o'neill_2-x", "bob.o'neill_2-x"},
		{"élan_", "élan_", "élan_"},
		{"2élan", "2élan", "2élan"},
		{"Straße", "straße", "Straße"},
		{"Νίκος", "νίκοσ", "Νίκος"},
		{"Лев", "лев", "Лев"},
		{"Սևակ", "սեւակ", "Սեւակ"},
		{"น้ำ", "น้ํา", "น้ํา"},
		{"জয়", "জয\u09bc", "জয\u09bc"},
		{"שרה2", "שרה2", "שרה2"},
		{"عمر٣", "عمر٣", "عمر٣"},
		{"山田たろうー", "山田たろうー", "山田たろうー"},
		{"ﾀﾛｳ", "タロウ", "タロウ"},
		{"김철수", "김철수", "김철수"},
		{"金철수", "金철수", "金철수"},
		{"王ㄅ", "王ㄅ", "王ㄅ"},
		{"+", "+", "+"},
		{"+x1", "+x1", "+x1"},
		{"l·l", "l·l", "l·l"},
		{"ＢＯＢ", "bob", "BOB"},
		{strings.Repeat("x", 128), strings.Repeat("x", 128), strings.Repeat("x", 128)},
		{strings.Repeat("ᾂ", 128), strings.Repeat("ᾂ", 128), strings.Repeat("ᾂ", 128)},
		{norm.NFD.String(strings.Repeat("ᾂ", 128)), strings.Repeat("ᾂ", 128), strings.Repeat("ᾂ", 128)},
	} {
		got, err := username.Canonical(test.name, false)
		require.NoError(t, err, "%q", test.name)
		require.Equal(t, test.folded, got, "%q", test.name)
		got, err = username.Canonical(test.name, true)
		require.NoError(t, err, "%q", test.name)
		require.Equal(t, test.preserved, got, "%q", test.name)
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for name, want := range map[string]username.Reason{
		"":                                username.Empty,
		"   ":                             username.Empty,
		strings.Repeat("x", 129):          username.TooLong,
		strings.Repeat("x", 1<<20):        username.TooLong,
		strings.Repeat("\xff", 2049):      username.TooLong,
		"bob\xff":                         username.Malformed,
		"bob\xed\xa0\x80":                 username.Malformed, // a surrogate
		"bob smith":                       username.Space,
		"bob\tsmith":                      username.Space,
		"bob\n":                           username.Space,
		"bob\u00a0":                       username.Space,
		"\u3000bob":                       username.Space,
		"bob\u2028":                       username.Space,
		"bob\x00":                         username.Invisible,
		"bob\x7f":                         username.Invisible,
		"bob\u0085":                       username.Space,
		"bob\u200b":                       username.Invisible, // zero-width space
		"\u0643\u200c\u0643":              username.Invisible, // zero-width non-joiner, where the profile allows it
		"\u0915\u094d\u200d\u0937":        username.Invisible, // zero-width joiner, where the profile allows it
		"bo\u00adb":                       username.Invisible, // soft hyphen
		"bob\u2060":                       username.Invisible, // word joiner
		"\ufeffbob":                       username.Invisible, // byte order mark
		"bob\ufe0f":                       username.Invisible, // variation selector
		"bob\u034f":                       username.Invisible, // combining grapheme joiner
		"bob\u115f":                       username.Invisible, // Hangul filler
		"bob\u3164":                       username.Invisible, // Hangul filler
		"bob\u202e":                       username.Invisible, // right-to-left override
		"\u2066bob\u2069":                 username.Invisible, // isolates
		"bob\u200f":                       username.Invisible, // right-to-left mark
		"bob\U000e0041":                   username.Invisible, // tag
		"bob\ue000":                       username.Disallowed,
		"bob\U0010fffd":                   username.Disallowed,
		"bob\ufdd0":                       username.Disallowed, // noncharacter
		"bob\u0378":                       username.Disallowed, // unassigned
		"bob\u2800":                       username.Disallowed, // blank Braille pattern
		"bob\U0001f600":                   username.Disallowed,
		"bob™":                            username.Disallowed,
		"ſam":                             username.Disallowed, // long s
		"ﬁona":                            username.Disallowed, // ligature
		"bob²":                            username.Disallowed,
		"𝐛𝐨𝐛":                             username.Disallowed,
		"ⓑⓞⓑ":                             username.Disallowed,
		"bob‘s":                           username.Disallowed,
		"a·b":                             username.Disallowed, // only between two l
		"bob\u20dd":                       username.Disallowed, // enclosing circle
		"bob\u20d2":                       username.Disallowed, // a mark for symbols
		"bob\U0001d165":                   username.Disallowed, // a musical stem
		"bob@example.com":                 username.LikeEmail,
		"bob＠example.com":                 username.LikeEmail,
		"@bob":                            username.LikeEmail,
		"+12065550100":                    username.LikePhone,
		"+1":                              username.LikePhone,
		"＋１２０６":                           username.LikePhone,
		"+1-206-555-0100":                 username.LikePhone,
		"+1(206)5550100":                  username.LikePhone,
		"+١٢٣":                            username.LikePhone,
		"\u0301bob":                       username.Marks,
		"bo\u0301\u0301b":                 username.Marks,
		"bó\u0301b":                       username.Marks,
		"o\u0316\u0317\u0318\u0319":       "",
		"o\u0316\u0317\u0318\u0319\u031c": username.Marks,
		"𐌰𐌱":                              username.ExcludedScript, // Gothic
		"ⲁⲃ":                              username.ExcludedScript, // Coptic
		"bоb":                             username.MixedScripts,
		"раураl":                          username.MixedScripts,
		"βob":                             username.MixedScripts,
		"bobב":                            username.MixedScripts,
		"ーbob":                            username.MixedScripts,
		"山田taro":                          username.MixedScripts,
		"ㄅあ":                              username.MixedScripts,
		"가あ":                              username.MixedScripts,
		"bob\u0650":                       username.MixedScripts, // an Arabic vowel mark
		"bob٣":                            username.MixedScripts,
		"क1२":                             username.MixedDigits,
		"कＡ":                              username.MixedScripts,
		"عمر٣۳":                           username.Disallowed, // two kinds of Arabic digits (RFC 5892, A.8)
		"عمر٣3":                           username.MixedDigits,
		"1עדה":                            username.Direction,
		"עדה_":                            username.Direction,
	} {
		for _, caseSensitive := range []bool{false, true} {
			_, err := username.Canonical(name, caseSensitive)
			if want == "" {
				require.NoError(t, err, "%q", name)
				continue
			}
			require.ErrorIs(t, err, want, "%q", name)
		}
	}
}

func TestMessages(t *testing.T) {
	for name, want := range map[string]string{
		"":           "Enter a user name.",
		"bоb":        `The user name mixes scripts: "b" (U+0062) is Latin, but "о" (U+043E) is Cyrillic. Use the letters of one script.`,
		"ーbob":       `The user name mixes scripts: "ー" (U+30FC) is for Hiragana, but "b" (U+0062) is Latin. Use the letters of one script.`,
		"bobב":       `The user name mixes scripts: "b" (U+0062) is Latin, but U+05D1 is Hebrew. Use the letters of one script.`,
		"bob\u200b":  `The user name has an invisible character (U+200B). Type it again instead of pasting it.`,
		"ﬁona":       `The user name has the special form "ﬁ" (U+FB01). Write "fi" instead.`,
		"bob™":       `The user name has the special form "™" (U+2122). Write "TM" instead.`,
		"bob€":       `A user name cannot have the character "€" (U+20AC): use letters and digits.`,
		"bob\ue000":  `A user name cannot have the character U+E000: use letters and digits.`,
		"bob smith":  `A user name cannot have spaces or line breaks.`,
		"b@x":        `A user name cannot have an @, so that nobody takes it for an e-mail address.`,
		"𐌰":          `The user name has "𐌰" (U+10330), which is of a script that is not in use today (Gothic).`,
		"\u0301bob":  `The user name begins with a combining mark (U+0301): put a letter before it.`,
		"bob\u20d2x": `A user name cannot have the character U+20D2: use letters and digits.`,
	} {
		_, err := username.Canonical(name, false)
		var e *username.Error
		require.ErrorAs(t, err, &e, "%q", name)
		require.Equal(t, want, e.Message)
		require.Equal(t, "username: "+want, err.Error())
	}
}

// Every character, where it can stand: what is accepted is its own canonical form, has no two spellings, and its skeleton is stable.
func TestEveryCharacter(t *testing.T) {
	accepted, longest := 0, 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r%97 != 0 && unicode.In(r, unicode.Cn, unicode.Co) {
			continue // nearly a million, which are refused for one reason
		}
		one, errOne := username.Canonical(string(r), false)
		if errOne != nil && !notAlone(r) {
			continue
		}
		if unicode.In(r, unicode.Han, unicode.Hangul) && errOne == nil { // so many, without case and without context
			agree(t, string(r), one, false, norm.NFD.String(string(r)))
			accepted++
			continue
		}
		for _, name := range contexts(r) {
			if holds(t, name) {
				accepted++
			}
		}
		if errOne == nil {
			longest = max(longest, len(username.Skeleton(one)))
		}
	}
	require.Greater(t, accepted, 100_000)
	require.LessOrEqual(t, longest*username.MaxLength, 2048, "the bound that Skeleton documents")
}

// notAlone reports whether r may be refused alone, and yet be allowed beside other characters.
func notAlone(r rune) bool {
	return unicode.In(r, unicode.M, unicode.Nd, unicode.Cf) || strings.ContainsRune("·͵׳״・", r)
}

// contexts returns names with r in them. A letter stands beside letters of scripts that it could be written with.
func contexts(r rune) []string {
	names := []string{string(r)}
	for letter, scripts := range map[rune][]*unicode.RangeTable{
		'a': nil, 'i': {unicode.Latin}, '\u03b1': {unicode.Greek}, '\u0456': {unicode.Cyrillic}, '\u05d0': {unicode.Hebrew}, '\u0627': {unicode.Arabic},
		'\u0915': {unicode.Devanagari}, '\u0e01': {unicode.Thai}, '\u0f40': {unicode.Tibetan}, '\u3042': {unicode.Hiragana, unicode.Katakana},
	} {
		if letter == 'a' || !unicode.IsLetter(r) || unicode.In(r, append(scripts, unicode.Common, unicode.Inherited)...) {
			names = append(names, string(letter)+string(r), string(r)+string(letter))
		}
	}
	return names
}

// holds checks what is true of every name that is accepted, and reports whether this one is, in a pool that ignores case. What such a
// pool accepts and another does not, or the other way round, is the Catalan l·l in capitals, and names that are longer in small letters.
func holds(t *testing.T, name string) bool {
	t.Helper()
	folded, err := username.Canonical(name, false)
	preserved, errPreserved := username.Canonical(name, true)
	if (err == nil) != (errPreserved == nil) && !strings.Contains(folded, "l·l") && !strings.Contains(preserved, "İ") {
		t.Fatalf("%+q: %v, but %v", name, err, errPreserved)
	}
	if errPreserved == nil {
		agree(t, name, preserved, true, norm.NFC.String(name), norm.NFD.String(name))
	}
	if err != nil {
		return false
	}
	agree(t, name, folded, false, norm.NFC.String(name), norm.NFD.String(name), " "+name+" ", preserved)
	variants := caseVariants(name)
	for i, variant := range variants {
		if variant == name || slices.Contains(variants[:i], variant) {
			continue
		}
		if got, err := username.Canonical(variant, false); err == nil && got != folded {
			t.Fatalf("%+q becomes %+q, but its variant %+q becomes %+q", name, folded, variant, got)
		}
	}
	return true
}

// agree checks a canonical form, and that the other forms of the name have the same.
func agree(t *testing.T, name, canonical string, caseSensitive bool, forms ...string) {
	t.Helper()
	forms = append(forms, canonical, norm.NFD.String(canonical))
	for i, form := range forms {
		// The empty one is a name with capitals that is refused only where they count; most others are the name itself, or one another.
		if form == "" || form == name || slices.Contains(forms[:i], form) {
			continue
		}
		if got, err := username.Canonical(form, caseSensitive); err != nil || got != canonical {
			t.Fatalf("%+q becomes %+q, but its form %+q becomes %+q, %v", name, canonical, form, got, err)
		}
	}
	if length := utf8.RuneCountInString(canonical); length < 1 || length > username.MaxLength || !norm.NFC.IsNormalString(canonical) {
		t.Fatalf("%+q becomes %+q", name, canonical)
	}
	skeleton := username.Skeleton(canonical)
	if again := username.Skeleton(skeleton); again != skeleton || skeleton == "" {
		t.Fatalf("the skeleton of %+q is %+q, whose own is %+q", canonical, skeleton, again)
	}
}

// caseVariants returns name with other cases, as long as each character still stands for the same letters: ß and ᾳ do not, as their
// capitals are two letters, nor does the dotless ı, whose capital is that of i.
func caseVariants(name string) []string {
	var variants []string
	for i, r := range name {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			if !unicode.Is(unicode.M, other) && !unicode.Is(unicode.M, r) { // U+0345, the iota subscript, has the capital of a letter
				variants = append(variants, name[:i]+string(other)+name[i+utf8.RuneLen(r):])
			}
		}
	}
	if strings.ContainsAny(name, "ı\u0345") {
		return variants
	}
	if full := cases.Upper(language.Und).String(name); utf8.RuneCountInString(full) == utf8.RuneCountInString(name) {
		variants = append(variants, full)
	}
	return append(variants, strings.ToUpper(name), strings.ToTitle(name))
}

// Whatever is typed, nothing panics, and what is accepted keeps every promise.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"bob", " Bob ", "İstanbul", "\u212aelvin", "ΝΊΚΟΣ", "σς", "straße", "Սևակ", "น้ำ", "раура", "ﾀﾞﾛｳ", "김\u1100\u1161", "عمر٣", "שרה", "l·l",
		"+1-206", "b@x", "a\u0301\u0323", "i\u0307\u0323", "\u1e9b\u0323", "\u0f73", "\u0958", "bob\u200b", "\xff", "l·L", "o\u0316\u0317\u0318\u0319", "ᲀ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		_ = username.Skeleton(name)
		holds(t, name)
	})
}

func BenchmarkCanonical(b *testing.B) {
	for b.Loop() {
		if _, err := username.Canonical("bob.smith-2026", false); err != nil {
			b.Fatal(err)
		}
	}
}
