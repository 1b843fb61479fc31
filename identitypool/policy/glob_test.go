package policy

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// globOf compiles a pattern without variables.
func globOf(pattern string) *glob {
	g := compileGlob(syntax{wildcards: true}.plain(nil, pattern))
	return &g
}

// matchSlowly is the definition of matching, with a table so that no question
// is asked twice.
func matchSlowly(pattern, text []rune) bool {
	known := make(map[[2]int]bool)
	var match func(p, t int) bool
	match = func(p, t int) (out bool) {
		at := [2]int{p, t}
		if known, ok := known[at]; ok {
			return known
		}
		defer func() { known[at] = out }()
		switch {
		case p == len(pattern):
			return t == len(text)
		case pattern[p] == '*':
			return match(p+1, t) || t < len(text) && match(p, t+1)
		case t == len(text):
			return false
		}
		return (pattern[p] == '?' || pattern[p] == text[t]) && match(p+1, t+1)
	}
	return match(0, 0)
}

func TestGlobAgainstDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(alphabet string, most int) string {
		letters := []rune(alphabet)
		out := make([]rune, random.IntN(most))
		for i := range out {
			out[i] = letters[random.IntN(len(letters))]
		}
		return string(out)
	}
	matched := 0
	for range 50_000 {
		pattern, text := text("ab*?é", 9), text("abé", 10)
		want := matchSlowly([]rune(pattern), []rune(text))
		require.Equal(t, want, globOf(pattern).matches(text, nil), "%q %q", pattern, text)
		if want {
			matched++
		}
	}
	require.Greater(t, matched, 1_000)
}

// A piece longer than one machine word is searched for across words.
func TestGlobLongPieces(t *testing.T) {
	for _, n := range []int{62, 63, 64, 65, 127, 128, 129, 200} {
		long := strings.Repeat("ab", n)[:n-1] + "?"
		g := globOf("*" + long + "c*")
		require.True(t, g.matches("abab"+strings.Repeat("ab", n)[:n-1]+"xcde", nil), n)
		require.False(t, g.matches("abab"+strings.Repeat("ab", n)[:n-1]+"xxcde", nil), n)
	}
}
