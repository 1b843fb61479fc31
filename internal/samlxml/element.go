package samlxml

import "strings"

// Namespaces that this package and its callers meet.
const (
	NSAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	NSProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	NSMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	NSSignature = "http://www.w3.org/2000/09/xmldsig#"
	NSEnc       = "http://www.w3.org/2001/04/xmlenc#"
	NSEnc11     = "http://www.w3.org/2009/xmlenc11#"
	NSXML       = "http://www.w3.org/XML/1998/namespace"

	nsXMLNS = "http://www.w3.org/2000/xmlns/"
)

// Element is one element of a document that Parse accepted. It is never
// changed, so that several goroutines may read it at once. All methods that
// read may be called on a nil *Element, which has no name, no attributes, no
// children and no text: what an absent optional element has.
type Element struct {
	prefix, local, space string
	id                   string
	attrs                []attr
	decls                []decl
	nodes                []node
	parent               *Element
	doc                  *document

	// Where it stands in the document: its first byte, the byte after the
	// name and attributes of its start tag, and the byte after its end.
	start, open, end int
}

// attr is an attribute that is no namespace declaration.
type attr struct{ prefix, local, space, value string }

// decl is a namespace declaration; its prefix is empty for the default one.
type decl struct{ prefix, uri string }

// node is a child: an element, or else a piece of text. No two pieces of text
// are neighbours.
type node struct {
	element *Element
	text    string
}

// document is what all elements of one tree share.
type document struct {
	source      string
	maxElements int
	maxBytes    int
}

// Name returns the namespace URI ("" for none) and the local name.
func (e *Element) Name() (space, local string) {
	if e == nil {
		return "", ""
	}
	return e.space, e.local
}

// Is reports whether e has this namespace URI and local name.
func (e *Element) Is(space, local string) bool {
	return e != nil && e.local == local && e.space == space
}

// Attr returns the value of an attribute that is in no namespace, as all of
// SAML's own are, and whether it is there.
func (e *Element) Attr(local string) (value string, ok bool) { return e.AttrNS("", local) }

// AttrNS returns the value of an attribute by namespace URI and local name, and
// whether it is there. Namespace declarations are no attributes.
func (e *Element) AttrNS(space, local string) (value string, ok bool) {
	if e == nil {
		return "", false
	}
	for i := range e.attrs {
		if a := &e.attrs[i]; a.local == local && a.space == space {
			return a.value, true
		}
	}
	return "", false
}

// ID returns the element's identifier: the value of its attribute ID, Id, id or
// AssertionID, of which an element has at most one and whose value no other
// element of the document has. It is "" if there is none.
func (e *Element) ID() string {
	if e == nil {
		return ""
	}
	return e.id
}

// Parent returns the element that e is a child of, and nil for the root.
func (e *Element) Parent() *Element {
	if e == nil {
		return nil
	}
	return e.parent
}

// Children returns the child elements in the order of the document.
func (e *Element) Children() []*Element {
	if e == nil {
		return nil
	}
	var out []*Element
	for i := range e.nodes {
		if child := e.nodes[i].element; child != nil {
			out = append(out, child)
		}
	}
	return out
}

// All returns the child elements of that name in the order of the document. It
// does not look at their children.
func (e *Element) All(space, local string) []*Element {
	if e == nil {
		return nil
	}
	var out []*Element
	for i := range e.nodes {
		if child := e.nodes[i].element; child.Is(space, local) {
			out = append(out, child)
		}
	}
	return out
}

// One returns the only child element of that name, and nil if there is none.
// It is an error (InvalidXML) if there are several, for then two readers could
// pick different ones.
func (e *Element) One(space, local string) (*Element, error) {
	if e == nil {
		return nil, nil
	}
	var found *Element
	for i := range e.nodes {
		if child := e.nodes[i].element; child.Is(space, local) {
			if found != nil {
				return nil, fail(InvalidXML, "element %s has more than one child %s", quoted(e.local), quoted(local))
			}
			found = child
		}
	}
	return found, nil
}

// Text returns the whole text of an element that has only text, white space
// included, and "" if it is empty. It is an error (InvalidXML) if the element
// has child elements.
func (e *Element) Text() (string, error) {
	if e == nil || len(e.nodes) == 0 {
		return "", nil
	}
	if len(e.nodes) == 1 && e.nodes[0].element == nil {
		return e.nodes[0].text, nil
	}
	return "", fail(InvalidXML, "element %s has child elements where only text is expected", quoted(e.local))
}

// blankBetween reports whether e has no text but white space between its
// children.
func (e *Element) blankBetween() bool {
	for i := range e.nodes {
		if n := &e.nodes[i]; n.element == nil && strings.Trim(n.text, " \t\r\n") != "" {
			return false
		}
	}
	return true
}
