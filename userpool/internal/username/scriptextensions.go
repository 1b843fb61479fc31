package username

import "unicode"

// extension says which scripts use the characters from low to high.
type extension struct {
	low, high rune
	scripts   []*unicode.RangeTable
}

// indic are the scripts in which Sanskrit is written with the marks of the Vedas.
var indic = []*unicode.RangeTable{
	unicode.Devanagari, unicode.Bengali, unicode.Gujarati, unicode.Gurmukhi, unicode.Kannada, unicode.Malayalam, unicode.Oriya, unicode.Tamil,
	unicode.Telugu,
}

// extensions are the characters without a script of their own that go only with some scripts, as far as they can be in a name and the
// scripts are alive (the property Script_Extensions of Unicode 15, which package unicode lacks; the
// marks of the Vedas go with all of indic).
var extensions = [...]extension{
	{0x0342, 0x0342, []*unicode.RangeTable{unicode.Greek}},
	{0x0345, 0x0345, []*unicode.RangeTable{unicode.Greek}},
	{0x0363, 0x036f, []*unicode.RangeTable{unicode.Latin}},
	{0x0485, 0x0486, []*unicode.RangeTable{unicode.Cyrillic, unicode.Latin}},
	{0x064b, 0x0655, []*unicode.RangeTable{unicode.Arabic, unicode.Syriac}},
	{0x0670, 0x0670, []*unicode.RangeTable{unicode.Arabic, unicode.Syriac}},
	{0x0951, 0x0952, indic},
	{0x1cd0, 0x1cfa, indic},
	{0x1dc0, 0x1dc1, []*unicode.RangeTable{unicode.Greek}},
	{0x1df8, 0x1df8, []*unicode.RangeTable{unicode.Cyrillic, unicode.Syriac}},
	{0x1dfa, 0x1dfa, []*unicode.RangeTable{unicode.Syriac}},
	{0x3006, 0x3006, []*unicode.RangeTable{unicode.Han}},
	{0x302a, 0x302d, []*unicode.RangeTable{unicode.Bopomofo, unicode.Han}},
	{0x303c, 0x303c, []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}},
	{0x3099, 0x309a, []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}},
	{0x30fb, 0x30fb, []*unicode.RangeTable{unicode.Bopomofo, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Yi}},
	{0x30fc, 0x30fc, []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}},
	{0xa9cf, 0xa9cf, []*unicode.RangeTable{unicode.Javanese}},
	{0x102e0, 0x102e0, []*unicode.RangeTable{unicode.Arabic}},
	{0x1133b, 0x1133b, []*unicode.RangeTable{unicode.Tamil}},
}
