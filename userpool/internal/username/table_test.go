package username

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// The tables are sound: a character has one skeleton, which has no more to be replaced, and stands in the tables only if a name can have it.
func TestTables(t *testing.T) {
	seen := map[rune]bool{}
	for _, rows := range [][]lookAlike{latinLookAlikes, commonLookAlikes, otherLookAlikes} {
		for _, row := range rows {
			require.NotEmpty(t, row.characters)
			require.True(t, norm.NFD.IsNormalString(row.skeleton), "%+q", row.skeleton)
			for _, r := range row.skeleton {
				require.NotContains(t, skeletons(), r, "%+q", row.skeleton)
			}
			for _, r := range row.characters {
				require.False(t, seen[r], "%U twice", r)
				seen[r] = true
				require.NoError(t, checkCharacter(r), "%U", r)
				require.NotEqual(t, scriptSet{}, scriptsOf(r), "%U", r)
				require.True(t, norm.NFD.IsNormalString(string(r)), "%U is decomposed before it is looked up", r)
				require.False(t, r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)), "%U", r)
			}
		}
	}
	require.Len(t, skeletons(), len(seen))
}

func TestScripts(t *testing.T) {
	require.LessOrEqual(t, hanWithBopomofo, 127, "a scriptSet has 128 bits")
	names := map[string]bool{}
	for _, s := range scripts {
		require.False(t, names[s.name], s.name)
		names[s.name] = true
	}
	last := rune(-1)
	for _, e := range extensions {
		require.Greater(t, e.low, last)
		require.GreaterOrEqual(t, e.high, e.low)
		require.NotEmpty(t, e.scripts)
		last = e.high
	}
}
