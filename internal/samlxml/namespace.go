package samlxml

import "strings"

// declare notes a namespace declaration of the start tag that is read. The URI is
// taken as it is written: parsers do not agree on references in it, and no
// namespace needs them.
func (p *parser) declare(prefix, uri string) error {
	switch {
	case prefix == "xml" || prefix == "xmlns":
		return p.fail("the prefix %s cannot be declared", prefix)
	case uri == NSXML || uri == nsXMLNS:
		return p.fail("no prefix can be declared for %s", uri)
	case uri == "" && prefix != "":
		return p.fail("the prefix %s is declared for no namespace", quoted(prefix))
	case len(uri) > maxURI:
		return fail(TooLarge, "a namespace is longer than %d bytes", maxURI)
	case uri != "" && !absoluteURI(uri):
		return p.fail("the namespace %s is not an absolute URI of printable ASCII characters", quoted(uri))
	case len(p.scope)+len(p.decls) == maxDeclarations:
		return fail(TooLarge, "more than %d namespace declarations are in scope", maxDeclarations)
	}
	for i := range p.decls {
		if p.decls[i].prefix == prefix {
			return p.fail("the namespace of prefix %s is declared twice", quoted(prefix))
		}
	}
	if outer, ok := p.lookup(prefix); ok && prefix != "" && outer != uri {
		return p.fail("the prefix %s is declared anew for another namespace", quoted(prefix))
	}
	p.decls = append(p.decls, decl{prefix, uri})
	return nil
}

// absoluteURI reports whether s begins with a scheme, and has only characters
// that a URI may have.
func absoluteURI(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon <= 0 || colon == len(s)-1 || !asciiLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"&<>\\^`{|}", c) >= 0 {
			return false
		}
		if i < colon && !asciiLetter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func asciiLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// lookup returns the namespace that a prefix stands for where the parser is.
func (p *parser) lookup(prefix string) (uri string, ok bool) {
	for i := len(p.scope) - 1; i >= 0; i-- {
		if p.scope[i].prefix == prefix {
			return p.scope[i].uri, true
		}
	}
	if prefix == "xml" {
		return NSXML, true
	}
	return "", prefix == ""
}

// resolve gives e the namespaces of its name and of its attributes, and keeps
// its attributes and declarations.
func (p *parser) resolve(e *Element) error {
	p.scope = append(p.scope, p.decls...)
	var ok bool
	if e.space, ok = p.lookup(e.prefix); !ok || e.prefix == "xml" {
		return p.fail("the prefix %s of element %s is not declared", quoted(e.prefix), quoted(e.local))
	}
	for i := range p.attrs {
		a := &p.attrs[i]
		if a.prefix == "" {
			continue
		}
		if a.space, ok = p.lookup(a.prefix); !ok {
			return p.fail("the prefix %s of attribute %s is not declared", quoted(a.prefix), quoted(a.local))
		}
		for j := range i {
			if p.attrs[j].local == a.local && p.attrs[j].space == a.space {
				return p.fail("attribute %s of namespace %s is given twice", quoted(a.local), quoted(a.space))
			}
		}
	}
	e.attrs, e.decls = p.keepAttrs(p.attrs), p.keepDecls(p.decls)
	return nil
}

// identify finds the identifier of e and sees to it that no other element has
// the same. Whatever could be taken for an identifier by somebody counts as one.
func (p *parser) identify(e *Element) error {
	found := false
	for i := range e.attrs {
		a := &e.attrs[i]
		if !strings.EqualFold(a.local, "ID") && a.local != "AssertionID" {
			continue
		}
		switch {
		case a.prefix != "":
			return p.fail("the identifier %s is in a namespace", quoted(a.prefix+":"+a.local))
		case found:
			return p.fail("element %s has two identifiers", quoted(e.local))
		}
		if _, twice := p.ids[a.value]; twice {
			return p.fail("the identifier %s is given to two elements", quoted(a.value))
		}
		if p.ids == nil {
			p.ids = map[string]struct{}{}
		}
		p.ids[a.value] = struct{}{}
		e.id, found = a.value, true
	}
	return nil
}
