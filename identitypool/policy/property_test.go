package policy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// generator makes random documents from few words, so that they meet often.
type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

// some picks one to three, as one value or as an array.
func (g generator) some(from ...string) any {
	if g.IntN(2) == 0 {
		return g.pick(from...)
	}
	out := make([]string, 1+g.IntN(3))
	for i := range out {
		out[i] = g.pick(from...)
	}
	return out
}

func (g generator) statement(effect string, resource bool) map[string]any {
	s := map[string]any{"Effect": effect}
	element := g.pick("Action", "Action", "Action", "NotAction")
	s[element] = g.some("*", "s:*", "s:A*", "s:?", "S:a", "t:*", "s:A*B", "s:*b")
	element = g.pick("Resource", "Resource", "Resource", "NotResource")
	s[element] = g.some("*", "arn:a:s:::*", "arn:a:s:::x/*", "arn:a:s:::${v:w}/*", "arn:a:s:::?/${n:n}", "arn:a:s:*::x/y", "arn:*:s:::${n:n, 'x'}/?", "arn:a:s:::*${v:w}*y", "arn:a:s:::${v:many}")
	if resource {
		s["Principal"] = map[string]any{"AWS": g.some("*", annARN, sessionARN, roleARN, accountARN, "444455556666")}
	}
	if g.IntN(2) == 0 {
		conditions := map[string]any{}
		for range 1 + g.IntN(2) {
			operator, block := g.condition()
			conditions[operator] = block
		}
		s["Condition"] = conditions
	}
	return s
}

func (g generator) condition() (string, map[string]any) {
	base := operatorNames[g.IntN(len(operatorNames))]
	var value any
	switch {
	case base == "Null":
		return base, map[string]any{g.pick("v:w", "K:K", "n:n"): g.pick("true", "false")}
	case strings.HasPrefix(base, "Numeric"):
		value = g.some("5", "5.0", "-1", "7")
	case strings.HasPrefix(base, "Date"):
		value = g.some("2026-01-31T18:00:00Z", "2026-01-31T19:00:00+01:00", "2025-01-01T00:00:00Z")
	case strings.Contains(base, "Ip"):
		value = g.some("10.0.0.0/8", "10.1.0.0/16", "::/0", "2001:db8::/32")
	case strings.HasPrefix(base, "Arn"):
		value = g.some("arn:a:s:::x/*", "arn:a:s:::${v:w}/y", "arn:a:*:::z", "arn:a:s:::${n:n}")
	case base == "Bool":
		value = g.pick("true", "false")
	case base == "BinaryEquals":
		value = g.some("QQ==", "QUI=")
	default:
		value = g.some("x", "X", "x*", "?", "${v:w}", "${n:n}", "${n:n, 'x'}", "${v:many}", "*")
	}
	operator := g.pick("", "", "ForAllValues:", "ForAnyValue:") + base + g.pick("", "", "IfExists")
	return operator, map[string]any{g.pick("k:k", "K:K", "k:many", "n:n"): value}
}

// documents makes the text of up to n documents.
func (g generator) documents(n int, resource bool, effects ...string) []string {
	var out []string
	for range n {
		var statements []any
		for range 1 + g.IntN(2) {
			statements = append(statements, g.statement(g.pick(effects...), resource))
		}
		text, err := json.Marshal(map[string]any{"Version": g.pick(version2012, version2012, version2008), "Statement": statements})
		if err != nil {
			panic(err)
		}
		out = append(out, string(text))
	}
	return out
}

// random is one case: documents as text, by what they are attached to.
type random struct {
	identity, resource, boundary []string
	session, control             [][]string
	must                         bool
	account                      string
}

func (g generator) random() random {
	effects := []string{"Allow", "Allow", "Allow", "Deny"}
	c := random{identity: g.documents(1+g.IntN(2), false, effects...), must: g.IntN(8) == 0}
	if g.IntN(3) == 0 {
		c.resource = g.documents(1+g.IntN(2), true, effects...)
		c.account = g.pick("", "", accountARN, "444455556666")
	}
	if g.IntN(4) == 0 {
		c.boundary = g.documents(1+g.IntN(2), false, effects...)
	}
	if g.IntN(4) == 0 {
		c.session = [][]string{g.documents(1+g.IntN(2), false, effects...)}
	}
	if g.IntN(8) == 0 {
		c.control = [][]string{g.documents(1, false, effects...), g.documents(2, false, "Allow")}
	}
	return c
}

func (g generator) request() refRequest {
	r := refRequest{
		action:   g.pick("s:A", "s:B", "s:AxB", "t:A", "S:aB"),
		resource: g.pick("arn:a:s:::x/y", "arn:a:s:::z/y", "arn:a:s:::z", "note", "arn:a:s:e::x/y"),
		context:  map[string][]string{},
		who:      []Principal{ann, session, stranger, anonymous}[g.IntN(4)],
	}
	set := func(key string, values ...string) {
		if g.IntN(5) > 0 {
			r.context[key] = values
		}
	}
	set("v:w", g.pick("x", "z", "*", "${v:w}"))
	set("v:many", "x", "y")
	set("k:k", g.pick("x", "X", "5", "7.5", "-1.0", "2026-01-31T18:00:00Z", "10.1.2.3", "2001:db8::1", "arn:a:s:::x/y", "true", "FALSE", "QQ==", "", "xy"))
	set("k:many", g.pick("x", "5", "true", "arn:a:s:::z"), g.pick("X", "7", "QQ==", "10.0.0.1"))
	return r
}

func (r refRequest) request() *Request {
	c := new(Context)
	for key, values := range r.context {
		c.Set(key, values...)
	}
	return &Request{Principal: r.who, Action: r.action, Resource: r.resource, Context: c}
}

func parseAll(t testing.TB, texts []string, resource bool) (out []*Document) {
	for _, text := range texts {
		if resource {
			out = append(out, mustParseResource(t, text))
		} else {
			out = append(out, mustParse(t, text))
		}
	}
	return out
}

func (c random) policies(t testing.TB) *Policies {
	p := &Policies{
		Identity: parseAll(t, c.identity, false), Resource: parseAll(t, c.resource, true), Boundaries: parseAll(t, c.boundary, false),
		ResourceMustAllow: c.must, ResourceAccount: c.account,
	}
	for _, set := range c.session {
		p.Session = append(p.Session, parseAll(t, set, false))
	}
	for _, level := range c.control {
		p.ServiceControl = append(p.ServiceControl, parseAll(t, level, false))
	}
	return p
}

func (c random) reference() refPolicies {
	all := func(texts []string) (out []refDocument) {
		for _, text := range texts {
			out = append(out, refParse(text))
		}
		return out
	}
	p := refPolicies{identity: all(c.identity), resource: all(c.resource), boundary: all(c.boundary), must: c.must, account: c.account}
	for _, set := range c.session {
		p.session = append(p.session, all(set))
	}
	for _, level := range c.control {
		p.control = append(p.control, all(level))
	}
	return p
}

// TestA22_Properties: on random policies of all kinds, the decision is that of
// the slow reference; a Deny more never allows more, an Allow more never
// denies; a boundary or session policy more never allows more; order does not
// matter; Explain agrees with Evaluate.
func TestA22_Properties(t *testing.T) {
	rounds := 100_000 / slowdown
	if testing.Short() {
		rounds = 5_000
	}
	g := generator{rand.New(rand.NewPCG(22, 22))}
	reasons := map[Reason]int{}
	for range rounds {
		c, asked := g.random(), g.request()
		p, r := c.policies(t), asked.request()
		base := p.Evaluate(r)
		reasons[base.Reason]++
		allowed, explicit := c.reference().decide(asked)
		if base.Allowed != allowed || base.ExplicitDeny != explicit {
			t.Fatalf("%+v\n%+v\n%+v\nreference: %v %v\n%s", c, asked, base, allowed, explicit, p.Explain(r))
		}
		g.checkMore(t, c, p, r, base)
		g.checkOrder(t, p, r, base)
		checkTrace(t, p, r, base)
	}
	for _, reason := range []Reason{
		ReasonAllowed, ReasonExplicitDeny, ReasonUndecidable, ReasonIdentity, ReasonBoundary, ReasonSession, ReasonResource, ReasonServiceControl,
	} {
		require.Greater(t, reasons[reason], rounds/2000, "%s hardly ever happens: %v", reason, reasons)
	}
}

// checkMore adds documents.
func (g generator) checkMore(t *testing.T, c random, p *Policies, r *Request, base Decision) {
	fail := func(what string, q Policies) {
		t.Fatalf("%s: %+v\n%s\n%s", what, c, p.Explain(r), q.Explain(r))
	}
	deny, allow := parseAll(t, g.documents(1, false, "Deny"), false), parseAll(t, g.documents(1, false, "Allow"), false)
	denyResource := parseAll(t, g.documents(1, true, "Deny"), true)
	q := *p
	switch g.IntN(4) {
	case 0:
		q.Identity = append(deny, p.Identity...)
	case 1:
		q.Resource = append(denyResource, p.Resource...)
	case 2:
		q.Boundaries = append(allow, p.Boundaries...)
	case 3:
		q.Session = append([][]*Document{append(allow, deny...)}, p.Session...)
	}
	if !base.Allowed && q.Evaluate(r).Allowed {
		fail("a limit more allowed more", q)
	}
	q = *p
	switch {
	case g.IntN(2) == 0:
		q.Identity = append(allow, p.Identity...)
	case len(p.Session) > 0:
		q.Session = [][]*Document{append(allow, p.Session[0]...)}
	default:
		q.Resource = append(parseAll(t, g.documents(1, true, "Allow"), true), p.Resource...)
	}
	if base.Allowed && !q.Evaluate(r).Allowed {
		fail("an Allow more denied", q)
	}
}

// checkOrder shuffles documents and statements.
func (g generator) checkOrder(t *testing.T, p *Policies, r *Request, base Decision) {
	shuffle := func(in []*Document) []*Document {
		out := make([]*Document, len(in))
		for i, d := range in {
			copied := *d
			copied.compiled = append([]statement(nil), d.compiled...)
			denies := len(d.denies)
			for _, part := range [][]statement{copied.compiled[:denies], copied.compiled[denies:]} {
				g.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
			}
			copied.denies, copied.allows = copied.compiled[:denies], copied.compiled[denies:]
			out[i] = &copied
		}
		g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}
	q := *p
	q.Identity, q.Resource, q.Boundaries = shuffle(p.Identity), shuffle(p.Resource), shuffle(p.Boundaries)
	q.Session = nil
	for _, set := range p.Session {
		q.Session = append(q.Session, shuffle(set))
	}
	got := q.Evaluate(r)
	if got.Allowed != base.Allowed || got.ExplicitDeny != base.ExplicitDeny {
		t.Fatalf("order matters: %+v %+v", base, got)
	}
}

// checkTrace: the trace has the decision, the deciding statement did what the
// decision says, and the outcomes of all statements lead to it.
func checkTrace(t *testing.T, p *Policies, r *Request, base Decision) {
	trace := p.Explain(r)
	if trace.Decision != base {
		t.Fatalf("Explain says %+v, Evaluate %+v", trace.Decision, base)
	}
	denied, doubtful, allowed := false, false, false
	for _, s := range trace.Statements {
		decides := s.Kind == base.Kind && s.Set == base.Set && s.Document == base.Document && s.Statement == base.Statement
		switch {
		case s.Outcome == Matched && s.Effect == Deny:
			denied = true
		case s.Outcome == Undecidable && s.Effect == Deny:
			doubtful = true
		case s.Outcome == Matched:
			allowed = allowed || decides && base.Allowed
		}
		if (s.Outcome == Matched) != (s.Element == "") || (s.Element == "Condition") != (s.Operator != "") {
			t.Fatalf("%+v", s)
		}
	}
	if denied != base.ExplicitDeny || base.Reason == ReasonUndecidable && !doubtful || base.Allowed && !allowed {
		t.Fatalf("the trace does not lead to %+v: %s", base, trace)
	}
	if text := trace.String(); len(text) > 20_000 || !strings.Contains(text, string(base.Reason)) {
		t.Fatal(text)
	}
}

// TestA22_Deterministic: one case twice, from text.
func TestA22_Deterministic(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 1))}
	c, asked := g.random(), g.request()
	require.Equal(t, fmt.Sprint(c.policies(t).Explain(asked.request())), fmt.Sprint(c.policies(t).Explain(asked.request())))
}
