package policy

// kindCode is a [Kind] in little space.
type kindCode uint8

const (
	serviceControlKind kindCode = iota
	resourceKind
	identityKind
	boundaryKind
	sessionKind
)

var kinds = [...]Kind{KindServiceControl, KindResource, KindIdentity, KindBoundary, KindSession}

// reasonCode is a [Reason] that one statement or document can give.
type reasonCode uint8

const (
	nothing reasonCode = iota
	badDocument
	matchedDeny
	possibleDeny
	matchedAllow
)

var reasons = [...]Reason{nothing: "", ReasonPolicies, ReasonExplicitDeny, ReasonUndecidable, ReasonAllowed}

// group is a list of documents of one kind that are judged together.
type group struct {
	documents []*Document
	set       int32
	kind      kindCode
}

// groups returns how many there are.
func (p *Policies) groups() int {
	return len(p.ServiceControl) + 2 + len(p.Boundaries) + len(p.Session)
}

// group returns one of them: service control policies come first, then those of
// the resource, the caller, boundaries and session.
func (p *Policies) group(i int) group {
	if i < len(p.ServiceControl) {
		return group{p.ServiceControl[i], int32(i), serviceControlKind}
	}
	switch i -= len(p.ServiceControl); i {
	case 0:
		return group{p.Resource, 0, resourceKind}
	case 1:
		return group{p.Identity, 0, identityKind}
	}
	if i -= 2; i < len(p.Boundaries) {
		return group{p.Boundaries[i : i+1], int32(i), boundaryKind}
	}
	i -= len(p.Boundaries)
	return group{p.Session[i], int32(i), sessionKind}
}

// finding is a statement that decides.
type finding struct {
	statement     *statement
	document, set int32
	kind          kindCode
	reason        reasonCode
}

func (g *group) finding(reason reasonCode, document int, s *statement) finding {
	return finding{s, int32(document), g.set, g.kind, reason}
}

func (f finding) decision() Decision {
	d := Decision{
		Allowed: f.reason == matchedAllow, ExplicitDeny: f.reason == matchedDeny,
		Reason: reasons[f.reason], Kind: kinds[f.kind], Set: int(f.set), Document: int(f.document),
	}
	if f.statement != nil {
		d.Statement, d.Sid = f.statement.index, f.statement.sid
	}
	return d
}

// denies looks for a Deny that matches or may match, and for documents that are
// nil or where they do not belong.
func (g *group) denies(q *question) (out finding) {
	for i, d := range g.documents {
		if d == nil || d.version != "" && (d.form == identityForm) == (g.kind == resourceKind) {
			return g.finding(badDocument, i, nil)
		}
		if out.reason == matchedDeny {
			continue
		}
		for j := range d.denies {
			s := &d.denies[j]
			if !s.sieve.passes(q.sieve) {
				continue
			}
			o, _ := s.matches(q)
			if o == yes {
				out = g.finding(matchedDeny, i, s)
				break
			}
			if o == unusable && out.reason == nothing {
				out = g.finding(possibleDeny, i, s)
			}
		}
	}
	return out
}

// allows returns the Allow that names the caller most closely.
func (g *group) allows(q *question) (out finding, best grade) {
	for i, d := range g.documents {
		for j := range d.allows {
			s := &d.allows[j]
			if !s.sieve.passes(q.sieve) {
				continue
			}
			o, named := s.matches(q)
			if o != yes || named <= best {
				continue
			}
			out, best = g.finding(matchedAllow, i, s), named
			if best == namesCaller {
				return out, best
			}
		}
	}
	return out, best
}

func (g *group) allowed(q *question) bool {
	_, named := g.allows(q)
	return named != notNamed
}
