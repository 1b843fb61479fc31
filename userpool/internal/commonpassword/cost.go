package commonpassword

// A password is measured in choices: how many things somebody had to think of to make it. A character is a choice. So is, whatever its
// length, a sequence ("123456", "aaaa", "qwerty", "lkjhgf"), a year, and the repetition of what stood before, forwards or backwards; a
// date is two. In "1q2w3e4r" two sequences are interleaved: that, too, is two choices, and up to maxStride may be.
const (
	leastSequence = 3 // characters; two say nothing
	leastCopy     = 3
	maxStride     = 4
)

// measured are the costs, in choices, of the parts of a text of n characters.
type measured struct {
	before [maxLength + 1]uint16 // before[i] is the cost of the first i characters
	after  [maxLength + 1]uint16 // after[i] is the cost of what follows them, in which they may be repeated
}

// total is the cost of the whole text.
func (m *measured) total() int { return int(m.after[0]) }

// onBest reports whether a cheapest way to make the whole text has a cut before character i.
func (m *measured) onBest(i int) bool { return int(m.before[i])+int(m.after[i]) == m.total() }

// kinds are the pieces that a text can be made of besides single characters: what each costs, and how short it may be.
var kinds = [...]struct {
	cost  uint16
	least int
}{
	{1, leastSequence}, {2, 2 * leastSequence}, {3, 3 * leastSequence}, {4, 4 * leastSequence}, // as many sequences, interleaved
	{1, leastCopy},
	{1, yearDigits},
	{2, dateDigits},
}

const (
	copied = maxStride + iota
	year
	date
)

// pieces are, for each kind, the length of the longest piece that begins at a character; 0 where there is none.
type pieces [maxLength][len(kinds)]uint16

// measure works out the costs of text, which has at most maxLength characters. Its time grows with the square of that.
func measure(text []rune, m *measured) {
	var found pieces
	findSequences(text, &found)
	findCopies(text, &found)
	findDates(text, &found)
	n := len(text)
	for i := range n + 1 {
		m.before[i], m.after[i] = uint16(i), uint16(n-i)
	}
	for i := range n {
		m.before[i+1] = min(m.before[i+1], m.before[i]+1)
		for k, longest := range found[i] {
			for length := kinds[k].least; length <= int(longest); length++ {
				m.before[i+length] = min(m.before[i+length], m.before[i]+kinds[k].cost)
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		m.after[i] = min(m.after[i], m.after[i+1]+1)
		for k, longest := range found[i] {
			for length := kinds[k].least; length <= int(longest); length++ {
				m.after[i] = min(m.after[i], m.after[i+length]+kinds[k].cost)
			}
		}
	}
}

// findSequences finds where each character follows the one that stands stride before it as that one followed another.
func findSequences(text []rune, found *pieces) {
	for stride := 1; stride <= maxStride; stride++ {
		var related [maxLength]relations
		for i := stride; i < len(text); i++ {
			related[i] = relate(text[i-stride], text[i])
		}
		for i := range text {
			still := [maxStride]relations{everyRelation, everyRelation, everyRelation, everyRelation}
			end := i + stride
			for ; end < len(text); end++ {
				still[(end-i)%stride] &= related[end]
				if still[(end-i)%stride] == 0 {
					break
				}
			}
			if end-i >= stride*leastSequence && end <= len(text) {
				found[i][stride-1] = uint16(end - i)
			}
		}
	}
}

// findCopies finds what stood before already, forwards or backwards. A copy may begin before the original ends.
func findCopies(text []rune, found *pieces) {
	// In step i, forwards[j] is how many characters from i on are those from j on, and backwards[j], those from j back.
	var forwards, backwards [maxLength + 1]uint16
	for i := len(text) - 1; i >= 0; i-- {
		longest := uint16(0)
		for j := range i {
			if text[j] == text[i] {
				forwards[j] = forwards[j+1] + 1
			} else {
				forwards[j] = 0
			}
			longest = max(longest, forwards[j])
		}
		for j := i - 1; j >= 0; j-- {
			switch {
			case text[j] != text[i]:
				backwards[j] = 0
			case j == 0:
				backwards[j] = 1
			default:
				backwards[j] = backwards[j-1] + 1
			}
			longest = max(longest, backwards[j])
		}
		if longest >= leastCopy {
			found[i][copied] = longest
		}
	}
}

const (
	yearDigits = 4
	dateDigits = 8
)

// findDates finds years from 1900 to 2099, and dates in them written as 31121999, 12311999 or 19991231.
func findDates(text []rune, found *pieces) {
	for i := range text {
		if isYear(text, i) {
			found[i][year] = yearDigits
		}
		if isYear(text, i) && isDay(text, i+6, i+4) || isYear(text, i+4) && (isDay(text, i, i+2) || isDay(text, i+2, i)) {
			found[i][date] = dateDigits
		}
	}
}

func isYear(text []rune, i int) bool {
	century := number(text, i)
	return (century == 19 || century == 20) && number(text, i+2) >= 0
}

func isDay(text []rune, day, month int) bool {
	d, m := number(text, day), number(text, month)
	return 1 <= d && d <= 31 && 1 <= m && m <= 12
}

// number returns the number that two digits at i make, or -1.
func number(text []rune, i int) int {
	if i+1 >= len(text) || !isDigit(text[i]) || !isDigit(text[i+1]) {
		return -1
	}
	return int(text[i]-'0')*10 + int(text[i+1]-'0')
}
