package commonpassword

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write table.bin anew from testdata")

// readWords returns the words that the table is made from: those of the lists that NOTICE names, and those written by hand.
func readWords(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("testdata/words.txt.gz")
	require.NoError(t, err)
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	var out []string
	lines := bufio.NewScanner(unpacked)
	for lines.Scan() {
		out = append(out, lines.Text())
	}
	require.NoError(t, lines.Err())
	core, err := os.ReadFile("testdata/core.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(core)) {
		if !strings.HasPrefix(line, "#") {
			out = append(out, strings.Fields(line)...)
		}
	}
	return slices.DeleteFunc(out, func(word string) bool { return !fits(word) })
}

// fits reports whether a word may be in the table. A short number is not: with other digits around it, it would be any number.
func fits(word string) bool {
	n := len(lower(nil, word))
	return minWord <= n && n <= maxWord && (n >= 6 || strings.Trim(word, "0123456789") != "")
}

// build makes the table of those words that are not common anyway: because they are patterns, or because they are a shorter word with
// digits or signs before or after it. A word that is a shorter one with a letter more stays, as it can be disguised itself. It also returns
// how many words are in the table, and how many of them have six characters or more.
func build(list []string) (out table, size, six int) {
	var byLength [maxWord + 1][][]rune
	for _, word := range list {
		text := lower(nil, word)
		byLength[len(text)] = append(byLength[len(text)], text)
	}
	var sums []uint64
	empty := encode(nil)
	for length, group := range byLength {
		shorter := encode(sums)
		for _, text := range group {
			bare := strings.Trim(string(text), "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") == string(text)
			if bare && !empty.common(text) || !bare && !shorter.common(text) {
				sums = append(sums, sum40(text))
			}
		}
		slices.Sort(sums)
		sums = slices.Compact(sums)
		if length < 6 {
			six = -len(sums)
		}
	}
	return encode(sums), len(sums), six + len(sums)
}

// sum40 is the hash of a word as table holds it: 40 bits.
func sum40(text []rune) uint64 {
	var word []byte
	for _, r := range text {
		word = utf8.AppendRune(word, letter(r))
	}
	sum := sha256.Sum256(word)
	return binary.BigEndian.Uint64(sum[:]) >> 24
}

// encode makes a table of hashes, which are in order.
func encode(sums []uint64) table {
	out := make([]byte, indexSize)
	next := 0
	for shelf := range shelves {
		for ; next < len(sums) && sums[next]>>32 == uint64(shelf); next++ {
			out = binary.BigEndian.AppendUint32(out, uint32(sums[next]))
		}
		binary.BigEndian.PutUint16(out[2*shelf:], uint16(next))
	}
	return table(out)
}

// TestTable makes sure that table.bin is what comes of testdata. With -update it is made so.
func TestTable(t *testing.T) {
	built, size, six := build(readWords(t))
	if *update {
		require.NoError(t, os.WriteFile("table.bin", []byte(built), 0o644))
		words = built
	}
	require.True(t, built == words, "table.bin is not what testdata says: run go test -run TestTable -update")
	require.GreaterOrEqual(t, six, 10_000)
	require.LessOrEqual(t, len(words), 150_000)
	require.Less(t, size, 1<<16, "the numbers at the beginning of table have 16 bits")
	t.Logf("%d words, %d of six characters or more, in %d bytes", size, six, len(words))
}

func TestTable_HasAllWords(t *testing.T) {
	list := readWords(t)
	require.Greater(t, len(list), 45_000)
	for _, word := range list {
		require.True(t, Contains(word), word)
		require.True(t, Contains(strings.ToUpper(word)), word)
	}
}

// Every place of a shelf is found, and what is beside it is not.
func TestTable_Shelves(t *testing.T) {
	var all []uint64
	for shelf := range shelves {
		for _, rest := range []uint64{0, 1, 77, 1<<32 - 1}[:shelf%5%4+1] {
			all = append(all, uint64(shelf)<<32|rest)
		}
	}
	made := encode(all[:len(all)-1]) // the last shelf has room
	require.Equal(t, len(all)-1, made.shelfEnd(shelves-1))
	previous := 0
	for i, sum := range all[:len(all)-1] {
		require.Equal(t, uint32(sum), made.entry(i))
		require.GreaterOrEqual(t, made.shelfEnd(int(sum>>32)), previous)
		previous = made.shelfEnd(int(sum >> 32))
	}
	none := encode(nil)
	require.False(t, none.has([]rune("password")))
	one := encode([]uint64{sum40([]rune("password"))})
	require.True(t, one.has([]rune("password")))
	require.True(t, one.has([]rune("drowssap")))
	require.False(t, one.has([]rune("passwore")))
}
