package commonpassword

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"sort"
	"unicode/utf8"
)

// A word of the list, as letter leaves it, is from minWord to maxWord characters long.
const (
	minWord = 4
	maxWord = 36
)

// table holds words as the first five bytes of their SHA-256, and no word itself. Words whose hash begins with the same
// byte are on one shelf: table begins with 256 numbers (16 bits, big endian) that tell how many words are on the shelves up to and with
// each, and then has the next four bytes of each hash, in order.
type table string

// words is the list.
//
//go:embed table.bin
var words table

const (
	shelves   = 256
	indexSize = 2 * shelves
	entrySize = 4
)

// has reports whether text, or text read backwards, is in the table. It has from minWord to maxWord characters.
func (t table) has(text []rune) bool {
	var word, drow [maxWord * utf8.UTFMax]byte
	w, d := word[:0], drow[:0]
	for i := range text {
		w = utf8.AppendRune(w, letter(text[i]))
		d = utf8.AppendRune(d, letter(text[len(text)-1-i]))
	}
	return t.hasWord(w) || t.hasWord(d)
}

func (t table) hasWord(word []byte) bool {
	sum := sha256.Sum256(word)
	first, last := 0, t.shelfEnd(int(sum[0]))
	if sum[0] > 0 {
		first = t.shelfEnd(int(sum[0]) - 1)
	}
	wanted := binary.BigEndian.Uint32(sum[1:])
	i := first + sort.Search(last-first, func(i int) bool { return t.entry(first+i) >= wanted })
	return i < last && t.entry(i) == wanted
}

// shelfEnd is how many words are on the shelves up to and with s.
func (t table) shelfEnd(s int) int { return int(t[2*s])<<8 | int(t[2*s+1]) }

func (t table) entry(i int) uint32 {
	e := t[indexSize+entrySize*i:][:entrySize]
	return uint32(e[0])<<24 | uint32(e[1])<<16 | uint32(e[2])<<8 | uint32(e[3])
}
