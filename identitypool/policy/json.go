package policy

import (
	"strings"
	"unicode/utf8"
)

// scanner splits JSON text (RFC 8259) into lexemes and knows where each
// stands. encoding/json takes the last of two equal keys, matches keys without
// regard to case and replaces half a surrogate pair: a document that two
// readers understand in two ways. This one refuses.
type scanner struct {
	text string
	at   int
}

// lexeme is one piece of JSON text.
type lexeme struct {
	kind byte   // one of { } [ ] : , or " string, 0 number, t true, f false, n null, e end
	text string // of a string without quotes and escapes, else as written
	at   int    // where it begins, in bytes
}

// fault is what is wrong, and where.
type fault struct {
	at      int
	problem string
}

func (s *scanner) next() (lexeme, *fault) {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
	if s.at == len(s.text) {
		return lexeme{kind: 'e', at: s.at}, nil
	}
	start := s.at
	switch b := s.text[start]; b {
	case '{', '}', '[', ']', ':', ',':
		s.at++
		return lexeme{kind: b, text: s.text[start:s.at], at: start}, nil
	case '"':
		return s.str()
	case 't', 'f', 'n':
		word := map[byte]string{'t': "true", 'f': "false", 'n': "null"}[b]
		if !strings.HasPrefix(s.text[start:], word) {
			return lexeme{}, &fault{start, "not JSON: a word that is none of true, false and null"}
		}
		s.at += len(word)
		return lexeme{kind: b, text: word, at: start}, nil
	}
	return s.number()
}

func (s *scanner) number() (lexeme, *fault) {
	start := s.at
	s.skip("-")
	switch {
	case s.skip("0"):
	case s.digits() == 0:
		r, _ := utf8.DecodeRuneInString(s.text[s.at:])
		return lexeme{}, &fault{s.at, "not JSON: " + quote(string(r)) + " begins no value"}
	}
	if s.skip(".") && s.digits() == 0 {
		return lexeme{}, &fault{s.at, "not JSON: a number without digits after its point"}
	}
	if s.skip("e") || s.skip("E") {
		_ = s.skip("+") || s.skip("-")
		if s.digits() == 0 {
			return lexeme{}, &fault{s.at, "not JSON: a number without digits in its exponent"}
		}
	}
	return lexeme{kind: '0', text: s.text[start:s.at], at: start}, nil
}

func (s *scanner) skip(prefix string) bool {
	if strings.HasPrefix(s.text[s.at:], prefix) {
		s.at += len(prefix)
		return true
	}
	return false
}

func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// str takes a string whose opening quote comes next.
func (s *scanner) str() (lexeme, *fault) {
	start := s.at
	s.at++
	from := s.at // of what was not copied to out
	var out strings.Builder
	for s.at < len(s.text) {
		switch b := s.text[s.at]; {
		case b == '"':
			text := s.text[from:s.at]
			if out.Len() > 0 {
				out.WriteString(text)
				text = out.String()
			}
			s.at++
			return lexeme{kind: '"', text: text, at: start}, nil
		case b < 0x20:
			return lexeme{}, &fault{s.at, "not JSON: a control character in a string"}
		case b != '\\':
			s.at++
		default:
			out.WriteString(s.text[from:s.at])
			r, bad := s.escape()
			if bad != nil {
				return lexeme{}, bad
			}
			out.WriteRune(r)
			from = s.at
		}
	}
	return lexeme{}, &fault{s.at, "the JSON text ends too early, inside a string"}
}

// escape takes one escape sequence, or two that are a surrogate pair.
func (s *scanner) escape() (rune, *fault) {
	start := s.at
	s.at++
	if s.at == len(s.text) {
		return 0, &fault{s.at, "the JSON text ends too early, inside a string"}
	}
	b := s.text[s.at]
	s.at++
	if i := strings.IndexByte(`"\/bfnrt`, b); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if b != 'u' {
		return 0, &fault{start, "not JSON: an unknown escape in a string"}
	}
	r, ok := s.hex()
	if ok && r >= 0xd800 && r < 0xdc00 && s.skip(`\u`) {
		low, isHex := s.hex()
		if isHex && low >= 0xdc00 && low < 0xe000 {
			return 0x10000 + (r-0xd800)<<10 + (low - 0xdc00), nil
		}
		ok = false
	}
	if !ok || r >= 0xd800 && r < 0xe000 {
		return 0, &fault{start, `not text: \u without four hexadecimal digits, or half a surrogate pair`}
	}
	return r, nil
}

func (s *scanner) hex() (rune, bool) {
	if len(s.text)-s.at < 4 {
		return 0, false
	}
	var r rune
	for range 4 {
		i := strings.IndexByte("0123456789abcdef", s.text[s.at]|0x20)
		if i < 0 || s.text[s.at] < '0' {
			return 0, false
		}
		r = r<<4 | rune(i)
		s.at++
	}
	return r, true
}

// position returns the line and column of a byte, both from 1; the column
// counts characters.
func position(text string, at int) (line, column int) {
	before := text[:min(at, len(text))]
	start := strings.LastIndexByte(before, '\n') + 1
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[start:])
}
