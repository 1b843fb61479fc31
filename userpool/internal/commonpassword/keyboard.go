package commonpassword

// keyboards are the keys as they lie, each row from its left edge; a blank is no key. Rows are not staggered, so that "1qaz" goes straight
// down, and "zse4" diagonally up.
var keyboards = [...][4]string{
	{"`1234567890-=", " qwertyuiop[]\\", " asdfghjkl;'", " zxcvbnm,./"},
	{" 1234567890", " qwertzuiop", " asdfghjkl", " yxcvbnm"},
	{" 1234567890", " azertyuiop", " qsdfghjklm", " wxcvbn"},
	{" 1234567890", " йцукенгшщзхъ", " фывапролджэ", " ячсмитьбю"},
	{"789", "456", "123", " 0"}, // the keypad of a keyboard
	{"123", "456", "789", " 0"}, // and that of a telephone
}

// shifted are the signs that share a key with a digit or sign, in pairs: the sign, and what the key gives without Shift.
const shifted = "~`!1@2#3$4%5^6&7*8(9)0_-+={[}]|\\:;\"'<,>.?/"

// key is where a character lies on each keyboard: 16 times its row, plus its column, plus 1; or 0.
type key [len(keyboards)]uint8

// keys has the ASCII characters, and after them the Russian letters from а to я.
var keys = layOut()

const (
	firstRussian, lastRussian = 'а', 'я'
	allKeys                   = 128 + lastRussian - firstRussian + 1
)

func layOut() (out [allKeys]key) {
	for k, rows := range keyboards {
		for row, characters := range rows {
			column := 0
			for _, r := range characters {
				if r != ' ' {
					out[keyIndex(r)][k] = uint8(row*16 + column + 1)
				}
				column++
			}
		}
	}
	for i := 0; i < len(shifted); i += 2 {
		out[shifted[i]] = out[shifted[i+1]]
	}
	return out
}

// keyIndex is the place of r in keys, or -1.
func keyIndex(r rune) int {
	switch {
	case 0 <= r && r < 128:
		return int(r)
	case firstRussian <= r && r <= lastRussian:
		return int(r-firstRussian) + 128
	}
	return -1
}

// relations is a set of ways in which one character can follow another. Characters that follow one another in the same way are a
// sequence.
type relations uint64

const (
	same relations = 1 << iota
	nextCode
	previousCode
	secondNextDigit
	secondPreviousDigit
	firstOfKeyboard // nine for each keyboard: the direction in which the finger goes, or the same key
)

const everyRelation = ^relations(0)

// relate returns how b follows a.
func relate(a, b rune) relations {
	var out relations
	if a == b {
		out |= same
	}
	switch {
	case isDigit(a) && isDigit(b):
		switch (b - a + 10) % 10 {
		case 1:
			out |= nextCode
		case 9:
			out |= previousCode
		case 2:
			out |= secondNextDigit
		case 8:
			out |= secondPreviousDigit
		}
	case !isWord(a) || !isWord(b):
	case b == a+1:
		out |= nextCode
	case b == a-1:
		out |= previousCode
	}
	i, j := keyIndex(a), keyIndex(b)
	if i < 0 || j < 0 {
		return out
	}
	for k := range keyboards {
		from, to := keys[i][k], keys[j][k]
		if from == 0 || to == 0 {
			continue
		}
		down, right := int((to-1)/16)-int((from-1)/16), int((to-1)%16)-int((from-1)%16)
		if -1 <= down && down <= 1 && -1 <= right && right <= 1 {
			out |= firstOfKeyboard << (9*k + 3*(down+1) + right + 1)
		}
	}
	return out
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// isWord is true of what has an order that people know: letters and digits.
func isWord(r rune) bool { return isDigit(r) || 'a' <= r && r <= 'z' || r > 127 }
