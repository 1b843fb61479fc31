package commonpassword

const (
	// leastLeft is how many choices must be left of a password when the context words are taken out of it. They come for free to whoever
	// attacks just this person, so what is left has to be a password by itself: of eight characters, the least that NIST SP 800-63B-4
	// (3.1.1.2) allows anywhere.
	leastLeft = 8
	// leastWord and leastPart are how long a context word must be, and a part of one that is made of several, to be looked for. Shorter
	// ones stand in other words by chance.
	leastWord = 3
	leastPart = 4
)

// ContainsWord reports whether a password is little more than one or several of the given words: the user name, the local part of the
// e-mail address, names, the name of the service. The words are looked for in all disguises of Contains, whole and, if they are made of
// several ("alice.smith"), in parts. All that is found is taken out of the password; what is left must be worth eight characters, in which
// a sequence, a repetition and a year count as one, and must not be common by itself. So "alice2024!!" is refused to alice, and "alice
// rows a green boat" is not. A password that is a part of a word is refused as well. Words of one or two characters are ignored.
//
// It is safe for concurrent use. Of a password or a word longer than 256 characters the first 256 are looked at.
func ContainsWord(password string, words ...string) bool {
	var buffer, folding, leaving [maxLength]rune
	s := search{text: lower(buffer[:0], password), folded: folding[:0]}
	for i, r := range s.text {
		if !separates(r) {
			s.place[len(s.folded)] = i
			s.folded = append(s.folded, letter(r))
		}
	}
	for _, w := range words {
		if s.lookFor(w) {
			return true
		}
	}
	left := leaving[:0]
	for i, r := range s.text {
		if !s.found[i] {
			left = append(left, r)
		}
	}
	if len(left) == len(s.text) {
		return false
	}
	var m measured
	measure(left, &m)
	return m.total() < leastLeft || commonOrSeparated(left)
}

// search looks for words in a password.
type search struct {
	text   []rune
	folded []rune          // what letter makes of those characters of text that do not separate
	place  [maxLength]int  // where they stand in text
	found  [maxLength]bool // which characters of text belong to a word
}

// lookFor marks where a word and its parts are found. It reports true if, the other way round, the password is found in the word.
func (s *search) lookFor(word string) bool {
	var buffer, folding, typing [maxLength]rune
	lowered, folded := lower(buffer[:0], word), folding[:0]
	typed := typing[:0] // folded as the password is, in which "@" stands for a letter
	part := 0           // where in folded the current part begins
	for _, r := range lowered {
		if !separates(r) {
			typed = append(typed, letter(r))
		}
		if separates(r) || r == '@' {
			s.mark(folded[part:], leastPart)
			part = len(folded)
			continue
		}
		folded = append(folded, letter(r))
	}
	s.mark(folded[part:], leastPart)
	s.mark(folded, leastWord)
	s.mark(typed, leastWord)
	return s.within(folded) || s.within(typed)
}

// within reports whether the password is a part of a word.
func (s *search) within(word []rune) bool {
	for i := range word {
		if len(s.folded) >= leastWord && (matches(word[i:], s.folded) || matchesBackwards(word[i:], s.folded)) {
			return true
		}
	}
	return false
}

// mark marks where a word of least characters or more is found, with all that separates its characters.
func (s *search) mark(word []rune, least int) {
	if len(word) < least {
		return
	}
	for i := 0; i+len(word) <= len(s.folded); i++ {
		if matches(s.folded[i:], word) || matchesBackwards(s.folded[i:], word) {
			for j := s.place[i]; j <= s.place[i+len(word)-1]; j++ {
				s.found[j] = true
			}
		}
	}
}

// matches reports whether text begins with word.
func matches(text, word []rune) bool {
	if len(word) > len(text) {
		return false
	}
	for i, r := range word {
		if text[i] != r {
			return false
		}
	}
	return true
}

// matchesBackwards reports whether text begins with word read backwards.
func matchesBackwards(text, word []rune) bool {
	if len(word) > len(text) {
		return false
	}
	for i, r := range word {
		if text[len(word)-1-i] != r {
			return false
		}
	}
	return true
}
