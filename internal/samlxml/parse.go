package samlxml

import (
	"strings"
	"unicode/utf8"
)

const (
	// DefaultMaxBytes is how long a message may be if Options does not say:
	// 256 KiB.
	DefaultMaxBytes = 256 << 10
	// MaxMetadataBytes is the value of Options.MaxBytes for metadata: 5 MiB.
	MaxMetadataBytes = 5 << 20

	maxDepth        = 64
	maxAttributes   = 64   // of one element, without namespace declarations
	maxDeclarations = 128  // namespace declarations in scope
	maxName         = 256  // bytes of a prefix and a local name
	maxURI          = 1024 // bytes of a namespace
	bytesPerElement = 32   // one element at most for as many bytes of MaxBytes
)

// Options says what Parse accepts. The zero value is for messages.
type Options struct {
	// MaxBytes is how long the document may be. It is 0 for DefaultMaxBytes.
	// A document has at most one element for 32 bytes of it.
	MaxBytes int
	// AllowComments lets comments pass, which are then as if they had not been
	// there: the text before and behind is one. It is for metadata only.
	AllowComments bool
}

// Parse reads one whole document and returns its root.
//
// It accepts the part of XML 1.0 and of Namespaces in XML that honest SAML
// needs: UTF-8 with or without a byte order mark and XML declaration, one root
// element with nothing but white space around it, the five predefined entities,
// character references, and CDATA sections, which are text as if it had been
// escaped. Line ends and attribute values are normalized as XML 1.0 sections
// 2.11 and 3.3.3 say.
//
// It refuses all else with an error that is InvalidXML or TooLarge: document
// types, processing instructions, comments (but see Options), entities,
// characters that XML does not allow, names that are not ASCII, undeclared
// prefixes, a prefix declared anew for another namespace, namespaces that are
// not absolute URIs of printable ASCII, an attribute given twice by name or by
// namespace, an identifier (ID, Id, id, AssertionID) given twice in the document
// or in a namespace (xml:id), and whatever exceeds the bounds on bytes, depth
// (64), elements, attributes of one element (64), namespace declarations in
// scope (128) and the lengths of names (256) and namespaces (1024).
//
// The tree refers to a copy of data, which the caller may reuse.
func Parse(data []byte, o Options) (*Element, error) {
	limit := o.MaxBytes
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	if len(data) > limit {
		return nil, fail(TooLarge, "the document is longer than %d bytes", limit)
	}
	return parse(string(data), &document{maxBytes: limit, maxElements: limit / bytesPerElement}, o.AllowComments)
}

// parser reads doc.source in one pass, with a stack of its own, so that no
// document can exhaust that of the goroutine.
type parser struct {
	doc      *document
	s        string
	pos      int
	comments bool

	stack    []frame
	scope    []decl // namespace declarations in scope, innermost last
	nodes    []node // children of the open elements, each after its parent's
	attrs    []attr // of the start tag that is read
	decls    []decl // of the start tag that is read
	ids      map[string]struct{}
	elements int

	text    string // text read since the last tag: one piece of the source,
	scratch []byte // or several put together
	slabs
}

// frame is an open element.
type frame struct {
	element *Element
	nodes   int // where its children start in parser.nodes
	scope   int // how long parser.scope was before it
}

func parse(source string, doc *document, comments bool) (*Element, error) {
	doc.source = source
	p := &parser{doc: doc, s: source, comments: comments}
	if err := p.checkCharacters(); err != nil {
		return nil, err
	}
	if err := p.prolog(); err != nil {
		return nil, err
	}
	root, err := p.tree()
	if err != nil {
		return nil, err
	}
	if err := p.misc(); err != nil {
		return nil, err
	}
	if p.pos < len(p.s) {
		return nil, p.fail("there is something behind the root element")
	}
	return root, nil
}

// fail says what is wrong at the current position.
func (p *parser) fail(format string, args ...any) *Error {
	e := fail(InvalidXML, format, args...)
	line := 1 + strings.Count(p.s[:p.pos], "\n")
	column := p.pos - strings.LastIndexByte(p.s[:p.pos], '\n')
	return fail(InvalidXML, "line %d, byte %d: %s", line, column, e.Message)
}

// checkCharacters refuses what is no character of XML 1.0 (section 2.2), once
// for the whole document.
func (p *parser) checkCharacters() error {
	for i := range len(p.s) {
		if c := p.s[i]; c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			p.pos = i
			return p.fail("the control character %#x is not allowed", c)
		}
	}
	if !utf8.ValidString(p.s) {
		return fail(InvalidXML, "the document is not UTF-8")
	}
	if strings.Contains(p.s, "\uFFFE") || strings.Contains(p.s, "\uFFFF") {
		return fail(InvalidXML, "the document has a character (U+FFFE or U+FFFF) that XML does not allow")
	}
	return nil
}

// prolog reads what may stand before the root.
func (p *parser) prolog() error {
	if strings.HasPrefix(p.s, "\uFEFF") {
		p.pos = len("\uFEFF")
	}
	if rest := p.s[p.pos:]; len(rest) > 5 && rest[:5] == "<?xml" && isSpace(rest[5]) {
		if err := p.declaration(); err != nil {
			return err
		}
	}
	return p.misc()
}

// declaration reads the XML declaration.
func (p *parser) declaration() error {
	end := strings.Index(p.s[p.pos:], "?>")
	if end < 0 {
		return p.fail("the XML declaration has no end")
	}
	rest := p.s[p.pos+len("<?xml") : p.pos+end]
	for i, name := range []string{"version", "encoding", "standalone"} {
		after, ok := strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n"), name)
		if !ok {
			if i == 0 {
				return p.fail("the XML declaration has no version")
			}
			continue
		}
		after, ok = strings.CutPrefix(strings.TrimLeft(after, " \t\r\n"), "=")
		after = strings.TrimLeft(after, " \t\r\n")
		if !ok || len(rest) == 0 || !isSpace(rest[0]) || len(after) < 2 || after[0] != '"' && after[0] != '\'' {
			return p.fail("the XML declaration cannot be read")
		}
		value, behind, ok := strings.Cut(after[1:], after[:1])
		if !ok || !declarable(name, value) {
			return p.fail("the XML declaration has %s=%s: only version 1.0 and encoding UTF-8 are supported", name, quoted(value))
		}
		rest = behind
	}
	if strings.Trim(rest, " \t\r\n") != "" {
		return p.fail("the XML declaration cannot be read")
	}
	p.pos += end + len("?>")
	return nil
}

func declarable(name, value string) bool {
	switch name {
	case "version":
		return value == "1.0"
	case "encoding":
		return strings.EqualFold(value, "UTF-8")
	}
	return value == "yes" || value == "no"
}

// misc skips white space, and comments where they are allowed.
func (p *parser) misc() error {
	for {
		for p.pos < len(p.s) && isSpace(p.s[p.pos]) {
			p.pos++
		}
		if !strings.HasPrefix(p.s[p.pos:], "<!--") {
			return nil
		}
		if err := p.comment(); err != nil {
			return err
		}
	}
}

// tree reads the root element with all that is in it.
func (p *parser) tree() (*Element, error) {
	if p.pos == len(p.s) {
		return nil, p.fail("there is no element")
	}
	if p.s[p.pos] != '<' {
		return nil, p.fail("there is text before the root element")
	}
	for {
		root, err := p.markup()
		if err != nil || root != nil {
			return root, err
		}
		if err := p.characters(); err != nil {
			return nil, err
		}
	}
}

// markup reads what begins with '<' at the current position. It returns the
// root when that has ended.
func (p *parser) markup() (*Element, error) {
	rest := p.s[p.pos:]
	if len(rest) < 2 {
		return nil, p.fail("the document ends within a tag")
	}
	switch rest[1] {
	case '/':
		return p.endTag()
	case '?':
		return nil, p.fail("processing instructions are not supported")
	case '!':
		switch {
		case strings.HasPrefix(rest, "<!--"):
			return nil, p.comment()
		case strings.HasPrefix(rest, "<![CDATA[") && len(p.stack) > 0:
			return nil, p.cdata()
		}
		return nil, p.fail("document types and other declarations are not supported")
	}
	return p.startTag()
}

// comment skips a comment.
func (p *parser) comment() error {
	if !p.comments {
		return p.fail("comments are not supported in messages")
	}
	body := p.s[p.pos+len("<!--"):]
	end := strings.Index(body, "--")
	if end < 0 || !strings.HasPrefix(body[end:], "-->") {
		return p.fail("a comment has no end, or contains --")
	}
	p.pos += len("<!--") + end + len("-->")
	return nil
}

// cdata reads a CDATA section, which is text.
func (p *parser) cdata() error {
	body := p.s[p.pos+len("<![CDATA["):]
	end := strings.Index(body, "]]>")
	if end < 0 {
		return p.fail("a CDATA section has no end")
	}
	p.addText(normalizeLines(body[:end]))
	p.pos += len("<![CDATA[") + end + len("]]>")
	return nil
}

// characters reads text up to the next '<'.
func (p *parser) characters() error {
	length := strings.IndexByte(p.s[p.pos:], '<')
	if length < 0 {
		return p.fail("the document ends within element %s", quoted(p.stack[len(p.stack)-1].element.local))
	}
	raw := p.s[p.pos : p.pos+length]
	if at := strings.Index(raw, "]]>"); at >= 0 {
		p.pos += at
		return p.fail("]]> is not allowed in text")
	}
	text, ok := unescape(raw)
	if !ok {
		return p.failReference(raw)
	}
	p.addText(text)
	p.pos += length
	return nil
}

// failReference says which reference in raw, at the current position, is bad.
func (p *parser) failReference(raw string) error {
	for i := range len(raw) {
		if raw[i] != '&' {
			continue
		}
		if _, n := reference(raw[i:]); n == 0 {
			p.pos += i
			name, _, ended := strings.Cut(raw[i+1:], ";")
			// Without an end it is no name, but text with a bare &.
			if !ended || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || r != '#' && !nameBytes[r] }) {
				return p.fail("an & must begin an entity or character reference, or be written as &amp;")
			}
			return p.fail("%s is no entity or character reference that is supported", quoted("&"+name))
		}
	}
	return p.fail("a reference cannot be read")
}

// addText adds to the text of the element that is open. Pieces are put together
// in a buffer, so that many small ones cost no more than one large.
func (p *parser) addText(s string) {
	switch {
	case s == "":
	case p.text == "" && len(p.scratch) == 0:
		p.text = s
	default:
		p.scratch = append(p.scratch, p.text...)
		p.scratch = append(p.scratch, s...)
		p.text = ""
	}
}

// flushText makes the text so far a child of the element that is open.
func (p *parser) flushText() {
	if len(p.scratch) > 0 {
		p.text = string(p.scratch)
		p.scratch = p.scratch[:0]
	}
	if p.text != "" {
		p.nodes = append(p.nodes, node{text: p.text})
		p.text = ""
	}
}
