package policy

import "unicode/utf8"

// masks are the tables of the bit-parallel (shift-and) search for a piece with
// free characters: one bit per character of the piece.
type masks struct {
	base  []uint64          // the free characters
	ascii [128]uint8        // of a character that the piece has: its row
	rows  [][]uint64        // the free characters, and where the character itself stands; row 0 is base
	other map[rune][]uint64 // rows of the characters that are not ASCII
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

// maxWords is how many words the state of a search may need: a piece is a part
// of a value, with the values of its variables.
const maxWords = (MaxPatternSize + MaxVariablesSize + 63) / 64

// find runs the search. Bit i of the state says that the characters read last
// fit the first i+1 of the piece, so each character of the text is read once.
func (m *masks) find(text string, length int) int {
	if len(m.base) == 1 {
		return m.findShort(text, length)
	}
	var space [maxWords]uint64
	state := space[:len(m.base)]
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

// findShort is find for a piece that fits one word.
func (m *masks) findShort(text string, length int) int {
	state, bit := uint64(0), uint64(1)<<(length-1)
	for i := 0; i < len(text); {
		size := 1
		if b := text[i]; b < utf8.RuneSelf {
			state = (state<<1 | 1) & m.rows[m.ascii[b]][0]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			state = (state<<1 | 1) & m.row(r)[0]
		}
		i += size
		if state&bit != 0 {
			return i
		}
	}
	return -1
}
