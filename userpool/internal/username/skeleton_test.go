package username_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/username"
)

// The relation of a name to one that somebody has.
const (
	same      = "same"      // one canonical form: the same account
	alike     = "alike"     // another canonical form, but one skeleton: no sign-up
	different = "different" // another account
	refused   = "refused"   // in a pool of any kind
)

// pairs are names that somebody has, and names that others try.
var pairs = []struct{ has, tries, insensitive, sensitive string }{
	// Case
	{"bob", "bob", same, same},
	{"bob", "BOB", same, different},
	{"Bob", "bOB", same, different},
	{"élodie", "ÉLODIE", same, different},
	{"straße", "STRAẞE", same, different},
	{"straße", "strasse", different, different},
	{"straße", "STRASSE", different, different},
	{"νίκος", "ΝΊΚΟΣ", same, different},
	{"νίκος", "νίκοσ", same, different},
	{"иван", "ИВАН", same, different},
	{"ꭰꭱ", "ᎠᎡ", same, different}, // Cherokee, whose capitals came first
	{"სოფო", "ᲡᲝᲤᲝ", same, different},
	{"mike", "MİKE", alike, different}, // Turkish dotted capital I
	{"mike", "mıke", alike, alike},     // Turkish dotless i
	{"jan", "j\u0307an", alike, alike},
	{"mıke", "MIKE", alike, different}, // whose capital is that of i
	{"kelvin", "\u212aELVIN", same, different},
	{"Kelvin", "\u212aelvin", same, same}, // KELVIN SIGN is a K by canonical equivalence
	{"ångström", "\u212bngström", same, different},
	{"sam", "ſam", refused, refused}, // long s
	// Surroundings
	{"bob", " bob", same, same},
	{"bob", "bob ", same, same},
	{"bob", "bob\u00a0", refused, refused},
	{"bob", "bob\t", refused, refused},
	{"bob", "bob\n", refused, refused},
	{"bob", "bob\x00", refused, refused},
	{"bobsmith", "bob smith", refused, refused},
	// Normalization
	{"élodie", "e\u0301lodie", same, same},
	{"việt", "vie\u0323\u0302t", same, same},
	{"việt", "vie\u0302\u0323t", same, same}, // marks in another order
	{"o\u0301\u0307x", "o\u0307\u0301x", alike, alike},
	{"가나", "\u1100\u1161\u1102\u1161", same, same},
	{"জয়", "জয\u09bc", same, same},
	{"น้ำ", "น\u0e49\u0e4d\u0e32", same, same},
	{"น้ำ", "น\u0e4d\u0e49\u0e32", alike, alike},
	{"Սևակ", "Սեւակ", same, same},
	{"bob", "ｂｏｂ", same, same}, // full width
	{"bob", "ＢＯＢ", same, different},
	{"タロウ", "ﾀﾛｳ", same, same}, // half width
	{"fiona", "ﬁona", refused, refused},
	{"bob2", "bob²", refused, refused},
	{"bob", "𝐛𝐨𝐛", refused, refused},
	{"bob", "ⓑⓞⓑ", refused, refused},
	{"bob", "🅱ob", refused, refused},
	// Invisible characters
	{"bob", "bo\u200bb", refused, refused},
	{"bob", "bo\u200db", refused, refused},
	{"bob", "bob\u2060", refused, refused},
	{"bob", "\ufeffbob", refused, refused},
	{"bob", "bo\u00adb", refused, refused},
	{"bob", "bo\u034fb", refused, refused},
	{"bob", "bob\ufe0f", refused, refused},
	{"bob", "bob\u3164", refused, refused},
	{"कष", "क\u200dष", refused, refused},
	// Direction of text
	{"bob", "\u202ebob", refused, refused},
	{"bob", "\u202ebob\u202c", refused, refused},
	{"bob", "bo\u200eb", refused, refused},
	{"bob", "\u2067bob\u2069", refused, refused},
	{"שרה", "שרהbob", refused, refused},
	{"שרה1", "1שרה", refused, refused},
	// Addresses and numbers
	{"bob", "bob@example.com", refused, refused},
	{"bob", "bob@@example.com", refused, refused},
	{"bob", "bob@x@example.com", refused, refused},
	{"bob", "bob＠example.com", refused, refused},
	{"bob", "+12065550100", refused, refused},
	{"bob", "+１２０６", refused, refused},
	{"bücher", "xn--bcher-kva", different, different}, // punycode is for domains: here it is a name like any other
	// ASCII is told apart
	{"bob1", "bobl", different, different},
	{"bob0", "bobo", different, different},
	{"corn", "com", different, different},
	{"bob", "bob.", different, different},
	{"bob_", "bob-", different, different},
	{"bobl", "bob|", alike, alike},
	{"o'neill", "o`neill", alike, alike},
	{"o'neill", "oʼneill", alike, alike},
	// Scripts in a mixture
	{"paypal", "pаypal", refused, refused}, // one Cyrillic а
	{"paypal", "раура1", different, different},
	{"paypal", "ρaypal", refused, refused},
	{"bob3", "bob३", refused, refused},
	{"taro", "tarо", refused, refused},
	{"taro", "ター-taro", refused, refused},
	{"bob", "bob\u0651", refused, refused},
	{"bob", "𐌱ob", refused, refused}, // Gothic
	// Letters alike in one script
	{"alice", "ɑlice", alike, alike},
	{"george", "ɡeorɡe", alike, alike},
	{"ian", "ɩan", alike, alike},
	{"alice", "ᴀʟɪᴄᴇ", alike, alike},
	{"lee", "ǀee", alike, alike},
	{"anna", "аппа", different, different},
	{"petr\u0306", "petr\u030c", alike, alike}, // breve and caron
	{"ştefan", "ștefan", alike, alike},         // cedilla and comma below
	{"jørgen", "jo\u0338rgen", alike, alike},
	{"łukasz", "l\u0337ukasz", alike, alike},
	{"caesar", "cæsar", alike, alike},
	{"путин", "пүтин", alike, alike},
	{"ліна", "лӏна", different, different},
	{"σοφια", "ϲοφια", refused, refused}, // a compatibility form
	{"كريم", "کریم", alike, alike},       // Arabic and Persian letters
	{"علی١", "علی۱", alike, alike},       // their digits
	{"आशा", "अाशा", alike, alike},
	{"แดง", "เเดง", alike, alike},
	{"ロブ", "口ブ", alike, alike},
	{"へ", "ヘ", alike, alike},
	{"တ၀", "တဝ", alike, alike},
	{"עדן", "עדו", different, different},
	{"มด", "มต", different, different},
	// Whole names in another script
	{"paypa", "раура", alike, alike},
	{"apple", "аррӏе", alike, alike},
	{"scope", "ѕсоре", alike, alike},
	{"kot", "кот", alike, alike},
	{"mama", "мама", alike, alike},
	{"BOB", "ВОВ", alike, alike},
	{"IBM", "ІВМ", alike, alike},
	{"bob", "ꓐꓳꓐ", alike, alike},
	{"ovo", "ονο", alike, alike},
	{"oh", "օհ", alike, alike},
	{"gw", "ꮐꮃ", alike, alike},
	{"иван", "ivan", different, different},
}

func relation(t *testing.T, has, tries string, caseSensitive bool) string {
	t.Helper()
	a, err := username.Canonical(has, caseSensitive)
	require.NoError(t, err, "%q", has)
	b, err := username.Canonical(tries, caseSensitive)
	switch {
	case err != nil:
		return refused
	case a == b:
		require.Equal(t, username.Skeleton(a), username.Skeleton(b))
		return same
	case username.Skeleton(a) == username.Skeleton(b):
		return alike
	}
	return different
}

// Each pair of names is one account, two, or a name that is refused, as it is labelled.
func TestU21_Names(t *testing.T) {
	require.GreaterOrEqual(t, len(pairs), 52)
	for _, pair := range pairs {
		require.Equal(t, pair.insensitive, relation(t, pair.has, pair.tries, false), "%q, %q (%+q)", pair.has, pair.tries, pair.tries)
		require.Equal(t, pair.sensitive, relation(t, pair.has, pair.tries, true), "%q, %q (%+q), with case", pair.has, pair.tries, pair.tries)
	}
}

// All spellings of a name that reach an account have one canonical form, by which its wrong passwords are counted; the others reach none.
func TestU6_OneFormForEachAccount(t *testing.T) {
	for _, spelling := range []string{"istanbul", "ISTANBUL", "Istanbul", " istanbul", "istanbul ", "ｉｓｔａｎｂｕｌ"} {
		got, err := username.Canonical(spelling, false)
		require.NoError(t, err)
		require.Equal(t, "istanbul", got, "%q", spelling)
	}
	for _, other := range []string{"İstanbul", "ıstanbul", "i\u0307stanbul"} {
		got, err := username.Canonical(other, false)
		require.NoError(t, err)
		require.NotEqual(t, "istanbul", got, "%q", other)
		require.Equal(t, "istanbul", username.Skeleton(got), "nobody can sign up as %q", other)
	}
}

// One column, computed here, decides: none of the foldings of a database is needed to compare names.
func TestD10_FoldedHere(t *testing.T) {
	for _, pair := range [][2]string{{"É", "é"}, {"Ж", "ж"}, {"Σ", "ς"}, {"Ǆ", ""}, {"Ა", "ა"}, {"ẞ", "ß"}} {
		got, err := username.Canonical(pair[0], false)
		if pair[1] == "" {
			require.ErrorIs(t, err, username.Disallowed)
			continue
		}
		require.NoError(t, err)
		want, err := username.Canonical(pair[1], false)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestSkeletonOfASCII(t *testing.T) {
	seen := map[string]rune{}
	for r := '!'; r <= '~'; r++ {
		skeleton := username.Skeleton(string(r))
		if strings.ContainsRune("\"`|", r) {
			require.NotEqual(t, string(r), skeleton)
			continue
		}
		require.Equal(t, string(r), skeleton)
		require.NotContains(t, seen, skeleton)
		seen[skeleton] = r
	}
}

// Skeleton takes anything.
func FuzzSkeleton(f *testing.F) {
	for _, seed := range []string{"", "bob", "раура", "i\u0307\u0323\u0307", "\xff\xfe", "ӏ\u0307", "ø\u0301", "\u0307i", "𡿨", "က\u103e", "ї\u0307", "a\u302e\u0345"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		skeleton := username.Skeleton(s)
		if again := username.Skeleton(skeleton); again != skeleton {
			t.Fatalf("%+q has %+q, which has %+q", s, skeleton, again)
		}
	})
}
