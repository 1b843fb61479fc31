package samlxml

import (
	"cmp"
	"strings"
)

// growth is how much longer than a document may be the canonical form of an
// element of it may be, which declares each namespace again where it is used.
const growth = 4

// Canonical returns the element in the form of Exclusive XML Canonicalization
// 1.0 without comments: alone, with those namespaces declared that are used by
// names in it. Prefixes that occur only in values, such as that of xsi:type,
// are not declared.
func (e *Element) Canonical() []byte {
	if e == nil {
		return nil
	}
	c := canonicalizer{limit: -1, out: make([]byte, 0, e.end-e.start+256)}
	c.element(e)
	return c.out
}

// canonicalize is Canonical without one child, omit, which may be nil, and with
// a PrefixList: "" in it is the default namespace. It stops at a length for
// which an honest document gives no reason.
func canonicalize(e, omit *Element, inclusive []string) ([]byte, error) {
	limit := growth * max(e.doc.maxBytes, DefaultMaxBytes)
	c := canonicalizer{limit: limit, out: make([]byte, 0, e.end-e.start+256), omit: omit, inclusive: inclusive}
	c.element(e)
	if len(c.out) > limit {
		return nil, fail(TooLarge, "the canonical form of element %s is longer than %d bytes", quoted(e.local), limit)
	}
	return c.out, nil
}

type canonicalizer struct {
	out       []byte
	limit     int // -1 for none
	omit      *Element
	inclusive []string
	rendered  []decl // by the ancestors that were written, innermost last
}

// element writes e. Its depth is bounded by that of the document.
func (c *canonicalizer) element(e *Element) {
	if c.limit >= 0 && len(c.out) > c.limit {
		return
	}
	outer := len(c.rendered)
	c.out = append(c.out, '<')
	c.name(e.prefix, e.local)
	c.namespaces(e)
	c.attributes(e)
	c.out = append(c.out, '>')
	for i := range e.nodes {
		switch n := &e.nodes[i]; {
		case n.element == nil:
			c.escape(n.text, &textEscapes)
		case n.element != c.omit:
			c.element(n.element)
		}
	}
	c.out = append(c.out, '<', '/')
	c.name(e.prefix, e.local)
	c.out = append(c.out, '>')
	c.rendered = c.rendered[:outer]
}

func (c *canonicalizer) name(prefix, local string) {
	if prefix != "" {
		c.out = append(c.out, prefix...)
		c.out = append(c.out, ':')
	}
	c.out = append(c.out, local...)
}

// namespaces writes the declarations that e needs and no ancestor has written
// (Exclusive XML Canonicalization 1.0, section 3).
func (c *canonicalizer) namespaces(e *Element) {
	first := len(c.rendered)
	c.render(e.prefix, e.space)
	for i := range e.attrs {
		if a := &e.attrs[i]; a.prefix != "" {
			c.render(a.prefix, a.space)
		}
	}
	for _, prefix := range c.inclusive {
		if uri, ok := e.binding(prefix); ok {
			c.render(prefix, uri)
		}
	}
	added := c.rendered[first:]
	for i := 1; i < len(added); i++ {
		for j := i; j > 0 && added[j].prefix < added[j-1].prefix; j-- {
			added[j], added[j-1] = added[j-1], added[j]
		}
	}
	for _, d := range added {
		c.out = append(c.out, " xmlns"...)
		if d.prefix != "" {
			c.out = append(c.out, ':')
			c.out = append(c.out, d.prefix...)
		}
		c.out = append(c.out, '=', '"')
		c.escape(d.uri, &attributeEscapes)
		c.out = append(c.out, '"')
	}
}

// render notes a declaration, unless the same is in force in what was written.
func (c *canonicalizer) render(prefix, uri string) {
	if prefix == "xml" {
		return
	}
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if c.rendered[i].prefix == prefix {
			if c.rendered[i].uri != uri {
				c.rendered = append(c.rendered, decl{prefix, uri})
			}
			return
		}
	}
	if prefix != "" || uri != "" {
		c.rendered = append(c.rendered, decl{prefix, uri})
	}
}

// binding returns the namespace that a prefix stands for at e, and whether it
// is declared: the default namespace always is, as none at least.
func (e *Element) binding(prefix string) (uri string, ok bool) {
	for at := e; at != nil; at = at.parent {
		for i := range at.decls {
			if at.decls[i].prefix == prefix {
				return at.decls[i].uri, true
			}
		}
	}
	return "", prefix == ""
}

// attributes writes the attributes, ordered by namespace and local name.
func (c *canonicalizer) attributes(e *Element) {
	var order [maxAttributes]uint8
	for i := range e.attrs {
		j := i
		for ; j > 0 && e.attrs[i].less(&e.attrs[order[j-1]]); j-- {
			order[j] = order[j-1]
		}
		order[j] = uint8(i)
	}
	for i := range e.attrs {
		a := &e.attrs[order[i]]
		c.out = append(c.out, ' ')
		c.name(a.prefix, a.local)
		c.out = append(c.out, '=', '"')
		c.escape(a.value, &attributeEscapes)
		c.out = append(c.out, '"')
	}
}

func (a *attr) less(b *attr) bool {
	return cmp.Or(strings.Compare(a.space, b.space), strings.Compare(a.local, b.local)) < 0
}

// The characters that are written as references (Canonical XML 1.0, section
// 2.3).
var (
	textEscapes      = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	attributeEscapes = [256]string{'&': "&amp;", '<': "&lt;", '"': "&quot;", '\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;"}
)

func (c *canonicalizer) escape(s string, escapes *[256]string) {
	from := 0
	for i := range len(s) {
		if escape := escapes[s[i]]; escape != "" {
			c.out = append(c.out, s[from:i]...)
			c.out = append(c.out, escape...)
			from = i + 1
		}
	}
	c.out = append(c.out, s[from:]...)
}
