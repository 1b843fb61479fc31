package commonpassword

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestU20_Common(t *testing.T) {
	for what, passwords := range map[string][]string{
		"best known": {
			"password", "123456", "123456789", "qwerty", "iloveyou", "letmein", "monkey", "dragon", "football", "admin", "welcome", "trustno1",
			"sunshine", "princess", "master", "shadow", "michael", "jennifer", "superman", "batman", "starwars", "abc123", "1q2w3e4r", "696969",
		},
		"case": {"PASSWORD", "PassWord", "QWERTY", "ILoveYou"},
		"digits and punctuation around": {
			"password1!", "password123", "password!!", "!password!", "1password1", "Summer2024!", "Welcome2025", "letmein1234567", "12345password",
			"password 2024", "Monkey#99", "passwordK7xq", "K7passwordxq", "dragon1999!!", "password31121999", "admin2024!!", "test1234", "jennifer2024!",
		},
		"leet": {"P@ssw0rd", "p4$$w0rd", "P@55w0rd1", "l3tm31n!", "1l0v3y0u", "m0nk3y", "$un$h1n3", "5up3rm4n", "7ru57n01", "(omputer"},
		"separated": {
			"p-a-s-s-w-o-r-d", "p a s s w o r d 1", "let me in please", "1.2.3.4.5.6.7.8", "12/31/1999", "31.12.1999", "i love you", "q_w_e_r_t_y",
		},
		"reversed":         {"drowssap", "drowssap123", "nogard99!", "emocleW1"},
		"doubled":          {"passwordpassword", "qwertyqwerty1", "dragondragondragon", "password1password2", "PasswordPASSWORD!", "passworddrowssap"},
		"keyboard walks":   {"qwertyuiopasdfgh", "1qaz2wsx3edc4rfv", "asdfghjkl;'", "zaq12wsx", "poiuytrewq", "qweasdzxc", "1q2w3e4r5t6y7u8i", "!@#$%^&*()_+"},
		"other keyboards":  {"qwertzuiopasdf", "azertyuiopqsdf", "йцукенгшщзхъ", "ЙЦУКЕН12345", "147258369", "7418529637", "2580258025802580"},
		"sequences":        {"123456789012345", "987654321098765", "abcdefghijklmnop", "zyxwvutsrqponml", "24680246802468", "abcd1234efgh5678", "0123456789abcdef"},
		"repeated":         {"aaaaaaaaaaaaaaa", "abcabcabcabcabc", "aaaaaaaabbbbbbbb", "x7x7x7x7x7x7x7x7", "111222333444555", "k9zk9zk9zk9zk9z", "aabbccddeeffgghh"},
		"interleaved":      {"1a2b3c4d5e6f7g8h", "a1b2c3d4e5f6g7h8", "q1w2e3r4t5y6u7i8", "112233445566778899", "1!2@3#4$5%6^7&"},
		"years and dates":  {"19901990", "31121999", "12311999", "19991231", "20242025!", "1999200020012002"},
		"pattern and more": {"qwertyuiop12!x", "Abcd1234!!", "aaaaaaaaaaaa!9", "1234567890abc!?"},
		"long": {
			"correcthorsebatterystaple", "thisismypassword", "ThisIsMyPassword1!", "maytheforcebewithyou", "youllneverwalkalone", "manchesterunited1",
			"supercalifragilisticexpialidocious", "responsibility1!", "characteristics", "worldofwarcraft", "314159265358979", "4815162342",
		},
		"other languages": {
			"пароль", "Пароль123", "contraseña", "Contraseña1", "contrasena2024", "motdepasse1", "passwort123", "hasło123", "tequieromucho",
			"ichliebedich", "ｐａｓｓｗｏｒｄ", "pässwörd",
		},
	} {
		for _, password := range passwords {
			require.True(t, Contains(password), "%s: %s", what, password)
		}
	}
}

func TestU20_NotCommon(t *testing.T) {
	for _, password := range []string{
		"",
		"seven purple boats sail", "the dog ate my blue bicycle", "password is the wrong word here", "admin of nothing in particular",
		"vK8#qLw2zR5tYx9b", "x7Kp2mQzx7Kp2mQz", "9f86d081884c7d659a2feaa0", "kabc92xq", "grün ist der Baum im Mai", "корабли плывут на север",
		"summer rain on dragon wings", "horse staple correct battery", "passwordK7xqz", "basketballK7xqz", "K7xpasswordqz", "p-a.s_s w:o;r,d", "日本語の長いパスワード", "8351 6702 9948 2076 1",
		"in 1999 alice and bob moved north", "hahaha you will never guess it",
	} {
		require.False(t, Contains(password), password)
	}
}

// What a generator makes is not refused. The numbers come from a fixed seed.
func TestU20_RandomIsNotCommon(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	list := slices.DeleteFunc(readWords(t), func(word string) bool { return strings.ContainsAny(word, "0123456789") })
	for range 1000 {
		phrase := make([]string, 4)
		for i := range phrase {
			phrase[i] = list[random.IntN(len(list))]
		}
		for _, separator := range []string{"", " ", "-"} {
			password := strings.Join(phrase, separator)
			require.False(t, Contains(password), password)
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyz"
	for _, alphabet := range []string{letters, letters + "0123456789", letters + strings.ToUpper(letters) + "0123456789!#$%&*+-./:;<=>?@^_~"} {
		for i := range 1000 {
			password := make([]byte, 12+i%13)
			for j := range password {
				password[j] = alphabet[random.IntN(len(alphabet))]
			}
			require.False(t, Contains(string(password)), "%s", password)
		}
	}
}

// A password of any length is judged in bounded time, by its first 256 characters.
func TestContains_Long(t *testing.T) {
	require.Len(t, longest, maxLength)
	require.False(t, Contains(longest))
	require.True(t, Contains(strings.Repeat("a", 256)))
	require.True(t, Contains(strings.Repeat("a", 256)+"vK8#qLw2zR5tYx9b"))
	require.True(t, Contains(strings.Repeat("я", 1_000_000)))
	require.True(t, Contains(strings.Repeat("\ufdfa", 100)+longest), "one character that stands for eighteen")
	require.True(t, Contains("password\xff\xfe"), "not UTF-8")
}

func TestContains_Allocates(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(10, func() {
		Contains("seven purple boats sail")
		ContainsWord("seven purple boats sail", "alice.smith@example.com", "Stepwell")
	}))
}

func TestMeasure(t *testing.T) {
	for text, want := range map[string]int{
		"":                 0,
		"a":                1,
		"ab":               2,
		"abc":              1,
		"aaaaaaa":          1,
		"kite":             4,
		"890123":           1,
		"321098":           1,
		"zse4":             1,
		"13579":            1,
		"1q2w3e":           2,
		"1q2w3":            5,
		"111222333":        3,
		"x7kx7k":           4,
		"x7kx7":            5,
		"x7qpgpq7x":        6,
		"1984":             1,
		"2099":             1,
		"2184":             4,
		"31121999":         2,
		"12311999":         2,
		"19991231":         2,
		"31131999":         5,
		"password1999":     9,
		"passwordpassword": 9,
		"日本語":              3,
	} {
		var m measured
		measure([]rune(text), &m)
		require.Equal(t, want, m.total(), text)
		require.Equal(t, want, int(m.before[len([]rune(text))]), text)
	}
}

func TestRelate(t *testing.T) {
	for _, test := range []struct {
		pair string
		want relations
	}{
		{"ac", 0}, {"a-", 0}, {"/0", 0}, {"9:", 0}, {"z{", 0}, {"日本", 0},
		{"ab", nextCode}, {"ba", previousCode}, {"90", nextCode}, {"09", previousCode}, {"13", secondNextDigit}, {"91", secondNextDigit},
		{"aa", same}, {"аб", nextCode},
	} {
		pair := []rune(test.pair)
		require.Equal(t, test.want, relate(pair[0], pair[1])&(firstOfKeyboard-1), test.pair)
	}
	// Keys in a row make one direction, on the keyboard that they are on.
	for _, walk := range []string{"qwerty", "poiuytrewq", "1qaz", "xsw2", "nhy6", "!@#$", "1@3$", "qwertz", "yxcvb", "azert", "wxcvbn", "йцук", "ячсм", "147", "369", "8520", "0852"} {
		text := []rune(walk)
		shared := everyRelation
		for i := 1; i < len(text); i++ {
			shared &= relate(text[i-1], text[i])
		}
		require.NotZero(t, shared, walk)
	}
	require.NotPanics(t, func() { relate(-1, 0x10ffff) })
}

func FuzzContains(f *testing.F) {
	for _, seed := range []string{"", "password1!", "P@ssw0rd", "1q2w3e4r", "корабли", "x7Kp2mQz", "12/31/1999", "\xff\u0306", "и\u0306цукен", "\ufdfa"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		text := lower(nil, password)
		require.LessOrEqual(t, len(text), maxLength)
		var m measured
		measure(text, &m)
		for i := range len(text) + 1 {
			require.GreaterOrEqual(t, int(m.before[i])+int(m.after[i]), m.total(), "cut before %d", i)
			require.LessOrEqual(t, int(m.before[i]), i)
			require.LessOrEqual(t, int(m.after[i]), len(text)-i)
		}
		require.True(t, m.onBest(0) && m.onBest(len(text)))
		if isASCII(password) {
			require.Equal(t, Contains(password), Contains(strings.ToUpper(password)))
		}
	})
}
