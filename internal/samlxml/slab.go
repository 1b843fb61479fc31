package samlxml

// slabs hand out small pieces of larger allocations. What is handed out is
// never grown in place: its capacity is its length.
type slabs struct {
	elementSlab []Element
	nodeSlab    []node
	attrSlab    []attr
	declSlab    []decl
}

const slab = 32

func (s *slabs) newElement() *Element {
	if len(s.elementSlab) == 0 {
		s.elementSlab = make([]Element, slab)
	}
	e := &s.elementSlab[0]
	s.elementSlab = s.elementSlab[1:]
	return e
}

func (s *slabs) keepNodes(nodes []node) []node { return keep(&s.nodeSlab, nodes) }
func (s *slabs) keepAttrs(attrs []attr) []attr { return keep(&s.attrSlab, attrs) }
func (s *slabs) keepDecls(decls []decl) []decl { return keep(&s.declSlab, decls) }

func keep[T any](from *[]T, values []T) []T {
	n := len(values)
	if n == 0 {
		return nil
	}
	if len(*from) < n {
		*from = make([]T, max(slab, n))
	}
	out := (*from)[:n:n]
	*from = (*from)[n:]
	copy(out, values)
	return out
}
