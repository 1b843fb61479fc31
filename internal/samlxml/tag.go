package samlxml

import "strings"

// startTag reads a start tag or an empty element. It returns the root if that
// is empty.
func (p *parser) startTag() (*Element, error) {
	if len(p.stack) == maxDepth {
		return nil, fail(TooLarge, "the document is more than %d elements deep", maxDepth)
	}
	if p.elements++; p.elements > p.doc.maxElements {
		return nil, fail(TooLarge, "the document has more than %d elements", p.doc.maxElements)
	}
	p.flushText()
	e := p.newElement()
	e.doc, e.start = p.doc, p.pos
	p.pos++
	var err error
	if e.prefix, e.local, err = p.name(); err != nil {
		return nil, err
	}
	if err := p.attributes(); err != nil {
		return nil, err
	}
	scope := len(p.scope)
	if err := p.resolve(e); err != nil {
		return nil, err
	}
	if err := p.identify(e); err != nil {
		return nil, err
	}
	e.open = p.pos
	if n := len(p.stack); n > 0 {
		e.parent = p.stack[n-1].element
		p.nodes = append(p.nodes, node{element: e})
	}
	p.stack = append(p.stack, frame{element: e, nodes: len(p.nodes), scope: scope})
	if p.s[p.pos] == '/' {
		p.pos += len("/>")
		return p.close(), nil
	}
	p.pos++
	return nil, nil
}

// endTag reads an end tag. It returns the root if that was it.
func (p *parser) endTag() (*Element, error) {
	if len(p.stack) == 0 {
		return nil, p.fail("there is an end tag before the root element")
	}
	p.flushText()
	e := p.stack[len(p.stack)-1].element
	at := p.pos
	p.pos += len("</")
	prefix, local, err := p.name()
	if err != nil {
		return nil, err
	}
	if local != e.local || prefix != e.prefix {
		p.pos = at
		return nil, p.fail("the end tag of %s is where that of %s should be", quoted(local), quoted(e.local))
	}
	p.skipSpace()
	if p.pos == len(p.s) || p.s[p.pos] != '>' {
		return nil, p.fail("the end tag of %s has no end", quoted(local))
	}
	p.pos++
	return p.close(), nil
}

// close ends the innermost open element, and returns it if it is the root.
func (p *parser) close() *Element {
	f := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	f.element.end = p.pos
	f.element.nodes = p.keepNodes(p.nodes[f.nodes:])
	p.nodes = p.nodes[:f.nodes]
	p.scope = p.scope[:f.scope]
	if len(p.stack) > 0 {
		return nil
	}
	return f.element
}

// attributes reads up to the '>' or "/>" of a start tag.
func (p *parser) attributes() error {
	p.attrs, p.decls = p.attrs[:0], p.decls[:0]
	for {
		spaces := p.skipSpace()
		rest := p.s[p.pos:]
		switch {
		case rest == "":
			return p.fail("the document ends within a tag")
		case rest[0] == '>' || strings.HasPrefix(rest, "/>"):
			return nil
		case spaces == 0:
			return p.fail("an attribute must have a space before it")
		}
		if err := p.attribute(); err != nil {
			return err
		}
	}
}

// attribute reads one attribute or namespace declaration.
func (p *parser) attribute() error {
	prefix, local, err := p.name()
	if err != nil {
		return err
	}
	raw, value, err := p.value()
	if err != nil {
		return err
	}
	switch {
	case prefix == "xmlns":
		return p.declare(local, raw)
	case prefix == "" && local == "xmlns":
		return p.declare("", raw)
	}
	for i := range p.attrs {
		if p.attrs[i].local == local && p.attrs[i].prefix == prefix {
			return p.fail("attribute %s is given twice", quoted(local))
		}
	}
	if len(p.attrs) == maxAttributes {
		return fail(TooLarge, "an element has more than %d attributes", maxAttributes)
	}
	p.attrs = append(p.attrs, attr{prefix: prefix, local: local, value: value})
	return nil
}

// value reads the '=' and the quoted value of an attribute, and returns that as
// it is written and as it is meant.
func (p *parser) value() (raw, value string, err error) {
	p.skipSpace()
	if p.pos == len(p.s) || p.s[p.pos] != '=' {
		return "", "", p.fail("an attribute has no value")
	}
	p.pos++
	p.skipSpace()
	if p.pos == len(p.s) || p.s[p.pos] != '"' && p.s[p.pos] != '\'' {
		return "", "", p.fail("the value of an attribute must be quoted")
	}
	quote := p.s[p.pos]
	p.pos++
	length := strings.IndexByte(p.s[p.pos:], quote)
	if length < 0 {
		return "", "", p.fail("the value of an attribute has no end")
	}
	raw = p.s[p.pos : p.pos+length]
	if strings.IndexByte(raw, '<') >= 0 {
		return "", "", p.fail("< is not allowed in the value of an attribute")
	}
	value, ok := unescapeAttribute(raw)
	if !ok {
		return "", "", p.failReference(raw)
	}
	p.pos += length + 1
	return raw, value, nil
}

// skipSpace skips white space, and returns how much.
func (p *parser) skipSpace() int {
	at := p.pos
	for p.pos < len(p.s) && isSpace(p.s[p.pos]) {
		p.pos++
	}
	return p.pos - at
}

// name reads a qualified name of ASCII characters.
func (p *parser) name() (prefix, local string, err error) {
	first, err := p.ncName()
	if err != nil {
		return "", "", err
	}
	if p.pos == len(p.s) || p.s[p.pos] != ':' {
		return "", first, nil
	}
	p.pos++
	local, err = p.ncName()
	return first, local, err
}

// ncName reads a name without a colon.
func (p *parser) ncName() (string, error) {
	at := p.pos
	for p.pos < len(p.s) && nameBytes[p.s[p.pos]] {
		p.pos++
	}
	name := p.s[at:p.pos]
	switch {
	case p.pos < len(p.s) && p.s[p.pos] >= 0x80:
		return "", p.fail("names that are not ASCII are not supported")
	case name == "":
		return "", p.fail("a name is expected")
	case name[0] == '-' || name[0] == '.' || name[0] >= '0' && name[0] <= '9':
		p.pos = at
		return "", p.fail("a name cannot begin with %s", quoted(name[:1]))
	case len(name) > maxName:
		return "", fail(TooLarge, "a name is longer than %d bytes", maxName)
	}
	return name, nil
}

// nameBytes are the ASCII characters of a name.
var nameBytes = func() (set [256]bool) {
	for c := range set {
		b := byte(c)
		set[c] = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-' || b == '.'
	}
	return set
}()

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
