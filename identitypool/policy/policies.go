package policy

// Request is what a caller wants to do.
type Request struct {
	// Principal is who asks. Only policies of resources and trust policies
	// look at it.
	Principal Principal
	// Action is service:name, of at most [MaxActionSize] letters, digits,
	// hyphens, underscores, dots and colons of ASCII.
	Action string
	// Resource is the ARN of what is acted on, of at most [MaxResourceSize]
	// bytes of valid UTF-8. A resource that is no ARN of six parts is matched
	// by "*" only.
	Resource string
	// Context holds the condition keys of the request; nil is empty.
	Context *Context
}

// Policies are all documents that have a say in a request. The zero Policies
// allow nothing. They may be used by many goroutines while none changes them.
type Policies struct {
	// Identity are the policies of the caller, from [Parse]. One of them must
	// allow, unless a policy of the resource did so finally.
	Identity []*Document
	// Resource are the policies of the resource, from [ParseResource], or the
	// trust policy of the role that is asked for, from [ParseTrust].
	Resource []*Document
	// ResourceMustAllow says that without an Allow of Resource there is none,
	// whatever the caller's policies say: trust policies, keys.
	ResourceMustAllow bool
	// ResourceAccount is the account of the resource; "" is the caller's. When
	// it is another than the caller's, both sides must allow.
	ResourceAccount string
	// Boundaries are permissions boundaries, from [Parse]: each must allow.
	Boundaries []*Document
	// Session are session policies, from [Parse], in sets: one document of
	// each set must allow. The policies that a caller passed when they assumed
	// a role are one set; a ceiling for all guests is another. An empty set
	// allows nothing.
	Session [][]*Document
	// ServiceControl are service control policies, from [Parse], by level of
	// the organization: one document of each level must allow. None at all is
	// no limit: leave it out for a management account.
	ServiceControl [][]*Document
}

// Kind is a kind of policy.
type Kind string

// The kinds of policies, by what they are attached to.
const (
	KindIdentity       Kind = "identity"
	KindResource       Kind = "resource"
	KindBoundary       Kind = "boundary"
	KindSession        Kind = "session"
	KindServiceControl Kind = "service control"
)

// Reason says why a decision came out as it did.
type Reason string

// Reasons, in the order in which they are looked for.
const (
	// ReasonRequest: the request is empty, too long or no text.
	ReasonRequest Reason = "the request is malformed"
	// ReasonPolicies: a document is nil or of the wrong form for its place.
	ReasonPolicies Reason = "a document is missing or in the wrong place"
	// ReasonExplicitDeny: a Deny statement matches.
	ReasonExplicitDeny Reason = "a statement denies"
	// ReasonUndecidable: a Deny statement may match; it depends on a value of
	// the request that cannot be compared.
	ReasonUndecidable Reason = "a statement may deny, and a value that it needs cannot be compared"
	// ReasonServiceControl: a level of service control policies has no Allow.
	ReasonServiceControl Reason = "no service control policy of a level allows"
	// ReasonResource: the policies of the resource have no Allow and must.
	ReasonResource Reason = "no policy of the resource allows"
	// ReasonIdentity: the policies of the caller have no Allow.
	ReasonIdentity Reason = "no policy of the caller allows"
	// ReasonBoundary: a boundary has no Allow.
	ReasonBoundary Reason = "a boundary does not allow"
	// ReasonSession: a set of session policies has no Allow.
	ReasonSession Reason = "no session policy of a set allows"
	// ReasonAllowed: nothing denies, and all that must allow do.
	ReasonAllowed Reason = "allowed"
)

// Decision is the outcome of an evaluation. The zero Decision denies. All but
// Allowed is for logs, not for the caller: it tells how the policies are built.
type Decision struct {
	// Allowed is the answer.
	Allowed bool
	// ExplicitDeny is true when a Deny statement matched.
	ExplicitDeny bool
	// Reason is why.
	Reason Reason
	// Kind is the kind of policy that decided or failed to allow; "" when the
	// reason has none.
	Kind Kind
	// Set is the index, from 0, of the set of Session, the level of
	// ServiceControl or the boundary of Boundaries that decided.
	Set int
	// Document and Statement are the indexes, from 0, of the statement that
	// decided, and Sid its identifier. Document counts within the set. They
	// have a meaning only for ReasonAllowed, ReasonExplicitDeny and
	// ReasonUndecidable.
	Document, Statement int
	Sid                 string
}

// Evaluate decides a request:
//
//  1. A Deny that matches, in whatever document, denies.
//  2. Each level of service control policies must allow.
//  3. Policies of the resource: an Allow that names the caller, their session,
//     their identity provider or everyone is final within one account. One
//     that names the role of a session is limited by boundaries and session
//     policies. One that names the account leaves the decision to the
//     caller's policies. Across accounts, and with ResourceMustAllow, an Allow
//     is needed; across accounts it is never final for a caller who is known.
//  4. One policy of the caller must allow, but for the root user of an account.
//  5. Each boundary must allow.
//  6. Each set of session policies must allow.
//
// It fails closed: what cannot be judged is denied, as [ReasonRequest],
// [ReasonPolicies] and [ReasonUndecidable] say. Neither the order of documents
// nor that of statements matters to Allowed and ExplicitDeny.
func (p *Policies) Evaluate(r *Request) Decision {
	var q question
	if !q.ask(r) {
		return Decision{Reason: ReasonRequest}
	}
	if p == nil {
		return Decision{Reason: ReasonIdentity, Kind: KindIdentity}
	}
	if found := p.denied(&q); found.reason != nothing {
		return found.decision()
	}
	for i := range p.ServiceControl {
		g := group{documents: p.ServiceControl[i]}
		if !g.allowed(&q) {
			return Decision{Reason: ReasonServiceControl, Kind: KindServiceControl, Set: i}
		}
	}
	return p.grant(&q)
}

// denied returns the Deny that matches, or else one that may match.
func (p *Policies) denied(q *question) (doubt finding) {
	for i := range p.groups() {
		g := p.group(i)
		if len(g.documents) == 0 {
			continue
		}
		found := g.denies(q)
		if found.reason == matchedDeny || found.reason == badDocument {
			return found
		}
		if doubt.reason == nothing {
			doubt = found
		}
	}
	return doubt
}

// grant is what remains once nothing denies: steps 3 to 6.
func (p *Policies) grant(q *question) Decision {
	var named grade
	var found finding
	if len(p.Resource) > 0 {
		resource := group{kind: resourceKind, documents: p.Resource}
		found, named = resource.allows(q)
	}
	who := &q.request.Principal
	cross := p.ResourceAccount != "" && (who.known() || len(p.Identity) > 0) && p.ResourceAccount != who.account()
	switch {
	case named == notNamed && (cross || p.ResourceMustAllow):
		return Decision{Reason: ReasonResource, Kind: KindResource}
	case named == namesCaller && !cross:
		return found.decision()
	}
	if cross || named < namesRole {
		identity := group{kind: identityKind, documents: p.Identity}
		own, allowed := identity.allows(q)
		switch {
		case allowed != notNamed:
			found = own
		case !who.root():
			return Decision{Reason: ReasonIdentity, Kind: KindIdentity}
		}
	}
	for i := range p.Boundaries {
		g := group{documents: p.Boundaries[i : i+1]}
		if !g.allowed(q) {
			return Decision{Reason: ReasonBoundary, Kind: KindBoundary, Set: i}
		}
	}
	for i := range p.Session {
		g := group{documents: p.Session[i]}
		if !g.allowed(q) {
			return Decision{Reason: ReasonSession, Kind: KindSession, Set: i}
		}
	}
	if found.statement == nil { // the root user needs none
		return Decision{Allowed: true, Reason: ReasonAllowed}
	}
	return found.decision()
}
