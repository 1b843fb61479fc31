package commonpassword

const (
	// maxAdded is the largest number of choices that may be added to a common password, before and after it, without making it another.
	maxAdded = 4
	// perChoice is how many characters there are to a choice in what is a mere pattern.
	perChoice = 3
)

// Contains reports whether a password is common: in the list, a pattern, or one of these in a disguise that everybody thinks of. It is
// safe for concurrent use. Of a password longer than 256 characters the first 256 are judged.
func Contains(password string) bool {
	var buffer [maxLength]rune
	return commonOrSeparated(lower(buffer[:0], password))
}

// commonOrSeparated reports whether text is common, as it is or without what separates its characters.
func commonOrSeparated(text []rune) bool {
	if words.common(text) {
		return true
	}
	var buffer [maxLength]rune
	squeezed, separated := squeeze(buffer[:0], text)
	return separated && words.common(squeezed)
}

// common looks for a common core of text: a word of the table or a pattern, to which at most half as many choices were added as it has
// characters, and at most maxAdded.
func (t table) common(text []rune) bool {
	var m measured
	measure(text, &m)
	for i := range text {
		if m.before[i] > maxAdded {
			continue
		}
		for j := len(text); j > i; j-- {
			added, length := int(m.before[i]+m.after[j]), j-i
			if added > min(maxAdded, (length+1)/2) {
				continue
			}
			if m.onBest(i) && m.onBest(j) && (m.total()-added)*perChoice <= length {
				return true
			}
			if minWord <= length && length <= maxWord && t.has(text[i:j]) {
				return true
			}
		}
	}
	return false
}
