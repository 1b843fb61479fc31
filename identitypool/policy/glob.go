package policy

import (
	"strings"
	"unicode/utf8"
)

// outcome is what became of a comparison.
type outcome uint8

const (
	no         outcome = iota
	yes                // it fits
	unresolved         // a variable has no value and no default
	unusable           // a value is there but cannot be compared
)

func fits(ok bool) outcome {
	if ok {
		return yes
	}
	return no
}

// glob is a pattern made ready for matching: the pieces between its stars. The
// first piece must start the text, the last must end it, and those between are
// found from left to right, each as early as possible. Nothing is ever tried
// twice, so there is nothing for a wildcard bomb to multiply.
type glob struct {
	first, last piece // the same when there are no stars
	middle      []piece
	stars       bool
	variables   []reference
}

// reference is a variable of a glob.
type reference struct {
	key        string
	sum        uint64
	fallback   string
	hasDefault bool
}

// bindings are the values of the variables of a glob, for one match.
type bindings [MaxVariables]string

// piece is a run without stars. It has one of three forms: text alone; text
// and free characters; both and variables.
type piece struct {
	text  string
	runes []rune // with free for each ?
	masks *masks // of runes that must be searched for
	atoms []atom
}

// atom is a part of a piece with variables.
type atom struct {
	kind  tokenKind
	text  string
	index int // of a variable, in the bindings
}

// free stands for ? in a piece. It is no character of valid UTF-8.
const free rune = -1

// compileGlob makes a pattern ready.
func compileGlob(tokens []token) glob {
	var g glob
	var current []token
	var pieces []piece
	for _, t := range tokens {
		if t.kind == star {
			pieces = append(pieces, g.newPiece(current))
			current = current[:0]
			continue
		}
		current = append(current, t)
	}
	g.last = g.newPiece(current)
	if g.stars = len(pieces) > 0; !g.stars {
		g.first = g.last
		return g
	}
	g.first, g.middle = pieces[0], pieces[1:]
	for i := range g.middle {
		if p := &g.middle[i]; p.runes != nil {
			p.masks = newMasks(p.runes)
		}
	}
	return g
}

func (g *glob) newPiece(tokens []token) piece {
	var p piece
	kinds := [4]bool{}
	for _, t := range tokens {
		kinds[t.kind] = true
	}
	switch {
	case kinds[variable]:
		for _, t := range tokens {
			a := atom{kind: t.kind, text: t.text, index: len(g.variables)}
			if t.kind == variable {
				g.variables = append(g.variables, reference{t.text, keySum(t.text), t.fallback, t.hasDefault})
			}
			p.atoms = append(p.atoms, a)
		}
	case kinds[anyOne]:
		for _, t := range tokens {
			if t.kind == anyOne {
				p.runes = append(p.runes, free)
				continue
			}
			p.runes = append(p.runes, []rune(t.text)...)
		}
	case len(tokens) == 1:
		p.text = tokens[0].text
	default:
		var b strings.Builder
		for _, t := range tokens {
			b.WriteString(t.text)
		}
		p.text = b.String()
	}
	return p
}

// match compares the whole text, valid UTF-8. Without a variable the outcome is
// yes or no.
func (g *glob) match(text string, c *Context) outcome {
	if g.variables == nil {
		return fits(g.matches(text, nil))
	}
	var b bindings
	if o := g.bind(c, &b); o != yes {
		return o
	}
	return fits(g.matches(text, &b))
}

// bind looks up the variables: a wildcard or a variable inside a value has no
// meaning of its own.
func (g *glob) bind(c *Context, b *bindings) outcome {
	out, size := yes, 0
	for i := range g.variables {
		v := &g.variables[i]
		e := c.find(v.sum, v.key)
		switch {
		case e == nil && v.hasDefault:
			b[i] = v.fallback
		case e == nil:
			out = unresolved
		case e.unusable || e.count() != 1:
			return unusable
		default:
			b[i] = e.one
		}
		if size += len(b[i]); size > MaxVariablesSize {
			return unusable
		}
	}
	return out
}

func (g *glob) matches(text string, b *bindings) bool {
	n, ok := g.first.prefix(text, b)
	if !ok {
		return false
	}
	if !g.stars {
		return n == len(text)
	}
	text = text[n:]
	if n, ok = g.last.suffix(text, b); !ok {
		return false
	}
	text = text[:len(text)-n]
	for i := range g.middle {
		end := g.middle[i].find(text, b)
		if end < 0 {
			return false
		}
		text = text[end:]
	}
	return true
}

// equalFold compares the whole text without regard to case, by Unicode's simple
// folding. The glob has no wildcards.
func (g *glob) equalFold(text string, c *Context) outcome {
	if g.variables == nil {
		return fits(strings.EqualFold(g.first.text, text))
	}
	var b bindings
	if o := g.bind(c, &b); o != yes {
		return o
	}
	for _, a := range g.first.atoms {
		want := a.value(&b)
		for len(want) > 0 {
			_, n := utf8.DecodeRuneInString(want)
			_, m := utf8.DecodeRuneInString(text)
			if m == 0 || !strings.EqualFold(want[:n], text[:m]) {
				return no
			}
			want, text = want[n:], text[m:]
		}
	}
	return fits(text == "")
}

func (a *atom) value(b *bindings) string {
	if a.kind == variable {
		return b[a.index]
	}
	return a.text
}

// prefix reports whether text starts with the piece, and its length in bytes.
func (p *piece) prefix(text string, b *bindings) (int, bool) {
	switch {
	case p.atoms != nil:
		return p.atomsPrefix(text, b)
	case p.runes == nil:
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

func (p *piece) atomsPrefix(text string, b *bindings) (int, bool) {
	n := 0
	for i := range p.atoms {
		a := &p.atoms[i]
		if a.kind == anyOne {
			_, size := utf8.DecodeRuneInString(text[n:])
			if n += size; size == 0 {
				return 0, false
			}
			continue
		}
		want := a.value(b)
		if !strings.HasPrefix(text[n:], want) {
			return 0, false
		}
		n += len(want)
	}
	return n, true
}

// suffix reports whether text ends with the piece, and its length in bytes.
func (p *piece) suffix(text string, b *bindings) (int, bool) {
	switch {
	case p.atoms != nil:
		return p.atomsSuffix(text, b)
	case p.runes == nil:
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

func (p *piece) atomsSuffix(text string, b *bindings) (int, bool) {
	rest := text
	for i := len(p.atoms) - 1; i >= 0; i-- {
		a := &p.atoms[i]
		if a.kind == anyOne {
			_, size := utf8.DecodeLastRuneInString(rest)
			if size == 0 {
				return 0, false
			}
			rest = rest[:len(rest)-size]
			continue
		}
		var ok bool
		if rest, ok = strings.CutSuffix(rest, a.value(b)); !ok {
			return 0, false
		}
	}
	return len(text) - len(rest), true
}

// find returns where the earliest occurrence of the piece ends, or -1.
func (p *piece) find(text string, b *bindings) int {
	switch {
	case p.atoms != nil:
		return p.findAtoms(text, b)
	case p.runes != nil:
		return p.masks.find(text, len(p.runes))
	}
	return findText(text, p.text)
}

func findText(text, wanted string) int {
	i := strings.Index(text, wanted)
	if i < 0 {
		return -1
	}
	return i + len(wanted)
}

// findAtoms tries every place while that is cheap. Otherwise it puts the values
// in and searches as for a pattern without variables, which reads the text once
// but allocates.
func (p *piece) findAtoms(text string, b *bindings) int {
	const cheap = 1 << 14 // bytes compared
	if len(p.atoms) == 1 {
		return findText(text, p.atoms[0].value(b))
	}
	size := 0
	for i := range p.atoms {
		size += 1 + len(p.atoms[i].value(b))
	}
	if len(text)*size > cheap {
		return p.findFilled(text, b)
	}
	for i := range text {
		if n, ok := p.atomsPrefix(text[i:], b); ok {
			return i + n
		}
	}
	if n, ok := p.atomsPrefix("", b); ok {
		return len(text) + n
	}
	return -1
}

func (p *piece) findFilled(text string, b *bindings) int {
	tokens := make([]token, len(p.atoms))
	for i := range p.atoms {
		tokens[i] = token{kind: p.atoms[i].kind, text: p.atoms[i].value(b)}
		if tokens[i].kind == variable {
			tokens[i].kind = literal
		}
	}
	filled := new(glob).newPiece(tokens)
	if filled.runes != nil {
		filled.masks = newMasks(filled.runes)
	}
	return filled.find(text, nil)
}
