package commonpassword

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestU20_OwnNameAndPool(t *testing.T) {
	for _, test := range []struct {
		password string
		words    []string
	}{
		{"alice", []string{"alice"}},
		{"Alice2024!!", []string{"alice"}},
		{"alice2024!!", []string{"ALICE"}},
		{"@l1c3-1234567890", []string{"alice"}},
		{"ecila ecila ecila", []string{"alice"}},
		{"alicealicealice", []string{"alice"}},
		{"alice1alice2alice3", []string{"alice"}},
		{"a-l-i-c-e-1-2-3-4-5", []string{"alice"}},
		{"alice.smith!1", []string{"alice.smith"}},
		{"alice smith 1990", []string{"alice.smith"}},
		{"SmithAlice99", []string{"alice.smith"}},
		{"smith31121999", []string{"alice.smith"}},
		{"AliceSmith@Stepwell", []string{"alice.smith@example.com", "Stepwell"}},
		{"alice@example.com", []string{"alice@example.com"}},
		{"ada@example.com", []string{"ada@example.com"}},
		{"my-long-name@example.com", []string{"my-long-name@example.com"}},
		{"stepwell-alice-1", []string{"alice", "stepwell"}},
		{"Stepwell2026!", []string{"alice", "Stepwell"}},
		{"StepwellPassword1", []string{"alice", "Stepwell"}}, // what is left is common
		{"tom1234567890", []string{"tom"}},
		{"zoe2024!zoe", []string{"Zoë"}},
		{"Müller1990", []string{"muller"}},
		{"алексей2024", []string{"Алексей"}},
		{"Alice2024!!", []string{"alice@example.com"}},
		{"alexander", []string{"alexandersmith"}}, // a part of a word
		{"rednaxela", []string{"alexandersmith"}},
		{"5551234567", []string{"+1 555 123 4567"}},
	} {
		require.True(t, ContainsWord(test.password, test.words...), "%s: %v", test.password, test.words)
	}
}

func TestU20_MoreThanAWord(t *testing.T) {
	for _, test := range []struct {
		password string
		words    []string
	}{
		{"alice rows a green boat", []string{"alice"}},
		{"aliceinthegreenboat", []string{"alice"}},
		{"aliceK8#qLw2z", []string{"alice"}}, // eight are left
		{"bobsled in the morning", []string{"bob"}},
		{"seven purple boats", []string{"alice", "stepwell"}},
		{"password", []string{"alice"}},         // common, but not hers
		{"al1234567", []string{"al"}},           // too short to be looked for
		{"bandits88!", []string{"Tom and Ann"}}, // so is a part of three characters
		{"we climbed the great wall", []string{"The Great Company"}},
		{"alice", nil},
		{"alice", []string{"", "..", "@"}},
		{"", []string{"alice"}},
	} {
		require.False(t, ContainsWord(test.password, test.words...), "%s: %v", test.password, test.words)
	}
	require.True(t, ContainsWord("aliceK8#qLw2", "alice"), "seven are left")
}

func TestContainsWord_Long(t *testing.T) {
	require.True(t, ContainsWord(strings.Repeat("alice", 1000), "alice"))
	require.False(t, ContainsWord(longest, strings.Repeat("я", 1_000_000)))
	require.False(t, ContainsWord("seven purple boats", strings.Repeat("x", 1_000_000)))
}

func FuzzContainsWord(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"alice2024!!", "alice"}, {"a-l-i-c-e", "alice.smith@example.com"}, {"zoe", "Zoë"}, {"\xff", "\xff"}, {"и\u0306", "й"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, password, word string) {
		ContainsWord(password, word)
		if n := len(lower(nil, word)); n < leastWord {
			require.False(t, ContainsWord(password, word), "a word of %d", n)
		}
	})
}
