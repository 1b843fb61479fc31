package policy

import (
	"strings"
	"unicode/utf8"
)

// glob is a pattern made ready for matching: the pieces between its stars. The
// first piece must start the text, the last must end it, and those between are
// found from left to right, each as early as possible. Nothing is ever tried
// twice, so there is nothing for a wildcard bomb to multiply.
type glob struct {
	pieces []piece // one more than there are stars
}

// piece is a run without stars.
type piece struct {
	text  string // when no character is free
	runes []rune // otherwise, with free for each ?
	masks *masks // of a piece that must be searched for
}

// free stands for ? in a piece. It is no character of valid UTF-8.
const free rune = -1

// masks are the tables of the bit-parallel (shift-and) search for a piece with
// free characters: one bit per character of the piece.
type masks struct {
	base  []uint64          // the free characters
	ascii [128]uint8        // of a character that the piece has: its row
	rows  [][]uint64        // the free characters, and where the character itself stands; row 0 is base
	other map[rune][]uint64 // rows of the characters that are not ASCII
}

// compileGlob takes tokens without variables.
func compileGlob(tokens []token) glob {
	g := glob{}
	var current []token
	for _, t := range tokens {
		if t.kind == star {
			g.pieces = append(g.pieces, newPiece(current))
			current = current[:0]
			continue
		}
		current = append(current, t)
	}
	g.pieces = append(g.pieces, newPiece(current))
	for i := 1; i < len(g.pieces)-1; i++ {
		if p := &g.pieces[i]; p.runes != nil {
			p.masks = newMasks(p.runes)
		}
	}
	return g
}

func newPiece(tokens []token) piece {
	hasFree := false
	for _, t := range tokens {
		hasFree = hasFree || t.kind == anyOne
	}
	if !hasFree {
		switch len(tokens) {
		case 0:
			return piece{}
		case 1:
			return piece{text: tokens[0].text}
		}
		var b strings.Builder
		for _, t := range tokens {
			b.WriteString(t.text)
		}
		return piece{text: b.String()}
	}
	var p piece
	for _, t := range tokens {
		if t.kind == anyOne {
			p.runes = append(p.runes, free)
			continue
		}
		p.runes = append(p.runes, []rune(t.text)...)
	}
	return p
}

// match reports whether the whole text, valid UTF-8, fits.
func (g glob) match(text string) bool {
	if len(g.pieces) == 1 {
		n, ok := g.pieces[0].prefix(text)
		return ok && n == len(text)
	}
	first, last := g.pieces[0], g.pieces[len(g.pieces)-1]
	n, ok := first.prefix(text)
	if !ok {
		return false
	}
	text = text[n:]
	if n, ok = last.suffix(text); !ok {
		return false
	}
	text = text[:len(text)-n]
	for _, p := range g.pieces[1 : len(g.pieces)-1] {
		end := p.find(text)
		if end < 0 {
			return false
		}
		text = text[end:]
	}
	return true
}

// prefix reports whether text starts with the piece, and its length in bytes.
func (p piece) prefix(text string) (int, bool) {
	if p.runes == nil {
		return len(p.text), strings.HasPrefix(text, p.text)
	}
	n := 0
	for _, want := range p.runes {
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 0 || want != free && want != r {
			return 0, false
		}
		n += size
	}
	return n, true
}

// suffix reports whether text ends with the piece, and its length in bytes.
func (p piece) suffix(text string) (int, bool) {
	if p.runes == nil {
		return len(p.text), strings.HasSuffix(text, p.text)
	}
	n := 0
	for i := len(p.runes) - 1; i >= 0; i-- {
		r, size := utf8.DecodeLastRuneInString(text[:len(text)-n])
		if size == 0 || p.runes[i] != free && p.runes[i] != r {
			return 0, false
		}
		n += size
	}
	return n, true
}

// find returns where the earliest occurrence of the piece ends, or -1.
func (p piece) find(text string) int {
	if p.runes == nil {
		i := strings.Index(text, p.text)
		if i < 0 {
			return -1
		}
		return i + len(p.text)
	}
	return p.masks.find(text, len(p.runes))
}

func newMasks(runes []rune) *masks {
	m := &masks{base: make([]uint64, (len(runes)+63)/64), other: make(map[rune][]uint64)}
	for i, r := range runes {
		if r == free {
			m.base[i/64] |= 1 << (i % 64)
		}
	}
	m.rows = append(m.rows, m.base)
	for i, r := range runes {
		if r != free {
			m.own(r)[i/64] |= 1 << (i % 64)
		}
	}
	return m
}

// own returns the row of a character of the piece, made if need be.
func (m *masks) own(r rune) []uint64 {
	if row := m.row(r); &row[0] != &m.base[0] {
		return row
	}
	row := append([]uint64(nil), m.base...)
	if r < int32(len(m.ascii)) {
		m.ascii[r] = uint8(len(m.rows))
		m.rows = append(m.rows, row)
	} else {
		m.other[r] = row
	}
	return row
}

// row returns where a character fits.
func (m *masks) row(r rune) []uint64 {
	if r < int32(len(m.ascii)) {
		return m.rows[m.ascii[r]]
	}
	if row, ok := m.other[r]; ok {
		return row
	}
	return m.base
}

// find runs the search. Bit i of the state says that the characters read last
// fit the first i+1 of the piece, so each character of the text is read once.
func (m *masks) find(text string, length int) int {
	state := make([]uint64, len(m.base))
	word, bit := (length-1)/64, uint64(1)<<((length-1)%64)
	for i, r := range text {
		row := m.row(r)
		carry := uint64(1)
		for w, s := range state {
			state[w] = (s<<1 | carry) & row[w]
			carry = s >> 63
		}
		if state[word]&bit != 0 {
			return i + utf8.RuneLen(r)
		}
	}
	return -1
}
