package username

import (
	"fmt"
	"unicode"
)

// script is a script that a name can be in.
type script struct {
	name  string
	table *unicode.RangeTable
}

// scripts are those that living languages are written in: the recommended ones and those of limited use (UAX 31, tables 5 and 7). The
// position of a script is its bit in a scriptSet.
var scripts = [...]script{
	{"Latin", unicode.Latin}, {"Greek", unicode.Greek}, {"Cyrillic", unicode.Cyrillic}, {"Armenian", unicode.Armenian},
	{"Hebrew", unicode.Hebrew}, {"Arabic", unicode.Arabic}, {"Han", unicode.Han}, {"Hiragana", unicode.Hiragana},
	{"Katakana", unicode.Katakana}, {"Bopomofo", unicode.Bopomofo}, {"Hangul", unicode.Hangul}, {"Devanagari", unicode.Devanagari},
	{"Bengali", unicode.Bengali}, {"Gurmukhi", unicode.Gurmukhi}, {"Gujarati", unicode.Gujarati}, {"Oriya", unicode.Oriya},
	{"Tamil", unicode.Tamil}, {"Telugu", unicode.Telugu}, {"Kannada", unicode.Kannada}, {"Malayalam", unicode.Malayalam},
	{"Sinhala", unicode.Sinhala}, {"Thai", unicode.Thai}, {"Lao", unicode.Lao}, {"Tibetan", unicode.Tibetan},
	{"Myanmar", unicode.Myanmar}, {"Georgian", unicode.Georgian}, {"Ethiopic", unicode.Ethiopic}, {"Khmer", unicode.Khmer},
	{"Thaana", unicode.Thaana},

	{"Adlam", unicode.Adlam}, {"Balinese", unicode.Balinese}, {"Bamum", unicode.Bamum}, {"Batak", unicode.Batak},
	{"Canadian Aboriginal", unicode.Canadian_Aboriginal}, {"Chakma", unicode.Chakma}, {"Cham", unicode.Cham},
	{"Cherokee", unicode.Cherokee}, {"Hanifi Rohingya", unicode.Hanifi_Rohingya}, {"Javanese", unicode.Javanese},
	{"Kayah Li", unicode.Kayah_Li}, {"Lepcha", unicode.Lepcha}, {"Limbu", unicode.Limbu}, {"Lisu", unicode.Lisu},
	{"Mandaic", unicode.Mandaic}, {"Meetei Mayek", unicode.Meetei_Mayek}, {"Miao", unicode.Miao}, {"New Tai Lue", unicode.New_Tai_Lue},
	{"Newa", unicode.Newa}, {"N’Ko", unicode.Nko}, {"Nyiakeng Puachue Hmong", unicode.Nyiakeng_Puachue_Hmong},
	{"Ol Chiki", unicode.Ol_Chiki}, {"Osage", unicode.Osage}, {"Saurashtra", unicode.Saurashtra}, {"Sundanese", unicode.Sundanese},
	{"Syloti Nagri", unicode.Syloti_Nagri}, {"Syriac", unicode.Syriac}, {"Tai Le", unicode.Tai_Le}, {"Tai Tham", unicode.Tai_Tham},
	{"Tai Viet", unicode.Tai_Viet}, {"Tifinagh", unicode.Tifinagh}, {"Vai", unicode.Vai}, {"Wancho", unicode.Wancho}, {"Yi", unicode.Yi},
}

// scriptSet is a set of scripts and of writing systems made of several.
type scriptSet [2]uint64

func (s scriptSet) with(bit int) scriptSet {
	s[bit/64] |= 1 << (bit % 64)
	return s
}

func (s scriptSet) and(t scriptSet) scriptSet { return scriptSet{s[0] & t[0], s[1] & t[1]} }

// The writing systems that are made of several scripts, as bits after those of the scripts (UTS 39, 5.1).
const (
	japanese = len(scripts) + iota
	korean
	hanWithBopomofo
)

// anyScript is the set of a character that goes with every script: punctuation, ASCII digits, and most marks.
var anyScript = scriptSet{^uint64(0), ^uint64(0)}

// scriptsOf returns the scripts and writing systems that r belongs to: none if its script is excluded.
func scriptsOf(r rune) scriptSet {
	for _, e := range extensions {
		if e.low <= r && r <= e.high {
			var set scriptSet
			for _, table := range e.scripts {
				set = addScript(set, table)
			}
			return set
		}
	}
	if unicode.In(r, unicode.Common, unicode.Inherited) {
		return anyScript
	}
	for _, s := range scripts {
		if unicode.Is(s.table, r) {
			return addScript(scriptSet{}, s.table)
		}
	}
	return scriptSet{}
}

// addScript returns set with a script and the writing systems that it is part of.
func addScript(set scriptSet, table *unicode.RangeTable) scriptSet {
	for bit, s := range scripts {
		if s.table == table {
			set = set.with(bit)
		}
	}
	switch table {
	case unicode.Han:
		return set.with(japanese).with(korean).with(hanWithBopomofo)
	case unicode.Hiragana, unicode.Katakana:
		return set.with(japanese)
	case unicode.Hangul:
		return set.with(korean)
	case unicode.Bopomofo:
		return set.with(hanWithBopomofo)
	}
	return set
}

// checkScripts refuses names of several scripts that are not of one writing system (UTS 39, 5.1: the resolved script set is empty), so
// that no letter passes for one of another script.
func checkScripts(name string) error {
	set := anyScript
	var before rune
	for _, r := range name {
		own := scriptsOf(r)
		if own == anyScript {
			continue
		}
		if own == (scriptSet{}) {
			return &Error{ExcludedScript, fmt.Sprintf("The user name has %s, which is of a script that is not in use today (%s).", show(r), scriptName(r))}
		}
		if set = set.and(own); set == (scriptSet{}) {
			return &Error{MixedScripts, fmt.Sprintf("The user name mixes scripts: %s is %s, but %s is %s. Use the letters of one script.",
				show(before), scriptName(before), show(r), scriptName(r))}
		}
		before = r
	}
	return nil
}

// scriptName returns the name of the script of r, for a message.
func scriptName(r rune) string {
	for _, s := range scripts {
		if unicode.Is(s.table, r) {
			return s.name
		}
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) && name != "Common" && name != "Inherited" {
			return name
		}
	}
	for _, e := range extensions {
		if e.low <= r && r <= e.high {
			for _, s := range scripts {
				if s.table == e.scripts[0] {
					return "for " + s.name
				}
			}
		}
	}
	return "unknown"
}
