package ascii

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLower(t *testing.T) {
	for text, want := range map[string]string{"": "", "abc": "abc", "aBcZ@[": "abcz@[", "\u212A\u0130ſÄ": "\u212A\u0130ſÄ", "X\xff": "x\xff"} {
		require.Equal(t, want, Lower(text))
	}
	require.Zero(t, testing.AllocsPerRun(10, func() { Lower("aws:sourceip") }))
}

func TestEqualFold(t *testing.T) {
	for _, pair := range [][2]string{{"", ""}, {"Risk", "rISK"}, {"a-Z", "A-z"}, {"ä", "ä"}} {
		require.True(t, EqualFold(pair[0], pair[1]), "%q", pair)
	}
	for _, pair := range [][2]string{{"a", ""}, {"k", "\u212A"}, {"risk", "riſk"}, {"ä", "Ä"}, {"@", "`"}, {"[", "{"}} {
		require.False(t, EqualFold(pair[0], pair[1]), "%q", pair)
	}
}
