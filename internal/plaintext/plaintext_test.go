package plaintext

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlaintext(t *testing.T) {
	for _, test := range []struct {
		text, line, name, words string
		printable               bool
	}{
		{"", "", "", "", true},
		{" two  words ", " two ...", " two ...", "two words", true},
		{"a\nb\x00", "a b ", "a.b.", "a b", false},
		{"\xffa", " a", "\uFFFDa", "?a", false},
		{"a\u202eb", "a b", "a.b", "a b", false},
		{"Zoë→", "Zoë→", "Zoë→", "Zoë→", true},
		{"12345", "12345", "12345", "12345", true},
		{"123456", "12345...", "12345...", "123456", true},
		{"1234\n6", "1234 ...", "1234....", "1234 6", false},
	} {
		require.Equal(t, test.line, Line(test.text, 5), "%q", test.text)
		require.Equal(t, test.name, Name(test.text, 5), "%q", test.text)
		require.Equal(t, test.words, Words(test.text), "%q", test.text)
		require.Equal(t, test.printable, Printable(test.text), "%q", test.text)
	}
	require.Equal(t, strings.Repeat("a", 3)+"...", Line(strings.Repeat("a", 1<<20), 3))
	require.Equal(t, "...", Line("x", 0))
}

func TestPrintableASCII(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, " ": true, "~": true, "a b": true, "\x1f": false, "\x7f": false, "a\nb": false, "a\tb": false, "é": false, "\xff": false, "\x80": false,
	} {
		require.Equal(t, want, PrintableASCII(text), "%q", text)
	}
}
