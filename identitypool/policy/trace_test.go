package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// explain is the only statement's part in a decision.
func explain(t *testing.T, text string, values map[string][]string) StatementTrace {
	t.Helper()
	p := &Policies{Identity: []*Document{mustParse(t, text)}}
	trace := p.Explain(&Request{Action: "s:a", Resource: "arn:a:s:::x", Context: context(values)})
	require.Len(t, trace.Statements, 1)
	return trace.Statements[0]
}

// TestA10_TraceSaysWhyNot: each element that can keep a statement from matching.
func TestA10_TraceSaysWhyNot(t *testing.T) {
	statement := func(rest string) string { return doc(`{"Sid":"S","Effect":"Allow",` + rest + `}`) }
	for _, c := range []struct {
		text   string
		values map[string][]string
		want   StatementTrace
		line   string
	}{
		{statement(`"Action":"s:a","Resource":"*"`), nil, StatementTrace{Outcome: Matched}, "Allow matches"},
		{statement(`"Action":"s:b","Resource":"*"`), nil, StatementTrace{Outcome: NotMatched, Element: "Action"}, "Allow does not match: Action"},
		{statement(`"NotAction":"s:*","Resource":"*"`), nil, StatementTrace{Outcome: NotMatched, Element: "NotAction"}, "does not match: NotAction"},
		{statement(`"Action":"s:a","Resource":"arn:a:s:::y"`), nil, StatementTrace{Outcome: NotMatched, Element: "Resource"}, "does not match: Resource"},
		{statement(`"Action":"s:a","NotResource":"arn:a:s:::x"`), nil, StatementTrace{Outcome: NotMatched, Element: "NotResource"}, "does not match: NotResource"},
		{statement(`"Action":"s:a","Resource":"arn:a:s:::${v:w}"`), nil,
			StatementTrace{Outcome: NotMatched, Element: "Resource", Variables: []string{"v:w"}}, `no usable value for ["v:w"]`},
		{statement(`"Action":"s:a","NotResource":"arn:a:s:::${v:w}"`), nil,
			StatementTrace{Outcome: Undecidable, Element: "NotResource", Variables: []string{"v:w"}}, "may match"},
		{statement(`"Action":"s:a","Resource":"*","Condition":{"StringEquals":{"k:k":["b","c"]}}`), nil,
			StatementTrace{Outcome: NotMatched, Element: "Condition", Operator: "StringEquals", Key: "k:k", Values: []string{"b", "c"}},
			`Condition StringEquals "k:k" wants ["b" "c"], the request has no such key`},
		{statement(`"Action":"s:a","Resource":"*","Condition":{"Null":{"z:z":"true"},"StringEquals":{"k:k":"b"}}`), map[string][]string{"K:K": {"x"}},
			StatementTrace{Outcome: NotMatched, Element: "Condition", Operator: "StringEquals", Key: "k:k", Values: []string{"b"}, Present: true, Have: []string{"x"}},
			`wants ["b"], the request has ["x"]`},
		{statement(`"Action":"s:a","Resource":"*","Condition":{"StringEquals":{"k:k":"b"}}`), map[string][]string{"k:k": {"x", "y"}},
			StatementTrace{Outcome: Undecidable, Element: "Condition", Operator: "StringEquals", Key: "k:k", Values: []string{"b"}, Present: true, Have: []string{"x", "y"}},
			"cannot be compared"},
		{statement(`"Action":"s:a","Resource":"*","Condition":{"StringLike":{"k:k":"${v:w}/*"}}`), map[string][]string{"k:k": {"x"}},
			StatementTrace{Outcome: NotMatched, Element: "Condition", Operator: "StringLike", Key: "k:k", Values: []string{"${v:w}/*"}, Present: true,
				Have: []string{"x"}, Variables: []string{"v:w"}},
			"no usable value"},
	} {
		got := explain(t, c.text, c.values)
		c.want.Kind, c.want.Line, c.want.Sid, c.want.Effect = KindIdentity, 1, "S", Allow
		require.Equal(t, c.want, got)
		require.Contains(t, got.String(), c.line)
	}
	p := &Policies{Resource: []*Document{mustParseResource(t, resourcePolicy("Allow", "Principal", `{"AWS":"111122223333"}`))}}
	require.Equal(t, "Principal", p.Explain(&Request{Principal: stranger, Action: "s:a"}).Statements[0].Element)
	p = &Policies{Resource: []*Document{mustParseResource(t, resourcePolicy("Allow", "NotPrincipal", `{"AWS":"111122223333"}`))}}
	require.Equal(t, "NotPrincipal", p.Explain(&Request{Principal: ann, Action: "s:a"}).Statements[0].Element)
}

// TestTraceString: bounded, quoted, and about the action that was asked.
func TestTraceString(t *testing.T) {
	var all []*Document
	long := strings.Repeat("x", 2000)
	for range 100 {
		all = append(all, mustParse(t, doc(`[{"Effect":"Allow","Action":"s:a","Resource":"*","Condition":{"StringLike":{"k:k":["`+long+`","`+long+`",1,2,3,4,5,6]}}},
			{"Effect":"Allow","Action":"s:other","Resource":"*"}]`)))
	}
	p := &Policies{Identity: all}
	r := &Request{Principal: ann, Action: "s:a", Resource: "arn:a:s:::" + "a\nb\x1b[31m", Context: context(map[string][]string{"k:k": {strings.Repeat("\x00", 5000)}})}
	text := p.Explain(r).String()
	require.Less(t, len(text), 100_000)
	require.Equal(t, 4+maxTraceStatements, len(strings.Split(text, "\n")))
	require.NotContains(t, text, "\x1b")
	require.NotContains(t, text, "\x00")
	require.Contains(t, text, "and 50 more\n  and 100 about other actions")
	require.NotContains(t, text, "s:other")
	for _, trace := range []Trace{
		{}, new(Policies).Explain(nil), (*Policies)(nil).Explain(r), p.Explain(&Request{}), (&Policies{Identity: []*Document{nil}}).Explain(r),
		{Statements: make([]StatementTrace, 3)},
	} {
		require.Contains(t, trace.String(), "denied")
	}
	require.Equal(t, "allowed (the root user)", ask(new(Policies), root).String())
	require.Equal(t, "denied: a boundary does not allow (boundary 1)", Decision{Reason: ReasonBoundary, Kind: KindBoundary, Set: 1}.String())
	require.Equal(t, "denied", Decision{}.String())
}

// TestExplainWithoutDocument: a document that is missing behind one that denies.
func TestExplainWithoutDocument(t *testing.T) {
	all, _, deny := parts(t)
	p := &Policies{ServiceControl: [][]*Document{{deny}}, Identity: []*Document{nil, all}, Session: [][]*Document{{nil}}}
	trace := p.Explain(&Request{Principal: ann, Action: "s:a", Resource: "*"})
	require.Equal(t, ReasonExplicitDeny, trace.Decision.Reason)
	require.Len(t, trace.Statements, 2)
	require.Equal(t, 1, trace.Statements[1].Document)
}

// TestSimulate: who can do this, and what can this one do.
func TestSimulate(t *testing.T) {
	reader := &Policies{Identity: []*Document{mustParse(t, doc(`{"Effect":"Allow","Action":"s:Get","Resource":"arn:a:s:::${a:sub}/*"}`))}}
	writer := &Policies{Identity: []*Document{mustParse(t, doc(`{"Effect":"Allow","Action":"s:*","Resource":"arn:a:s:::ann/*"}`))}}
	subjects := []Subject{
		{Name: "ann", Context: context(map[string][]string{"a:sub": {"ann"}}), Policies: reader},
		{Name: "bob", Context: context(map[string][]string{"a:sub": {"bob"}}), Policies: reader},
		{Name: "clerk", Policies: writer},
		{Name: "nobody"},
	}
	names := func(results []Result) (out []string) {
		for _, r := range results {
			require.True(t, r.Decision.Allowed)
			out = append(out, r.Subject+" "+r.Action+" "+r.Resource)
		}
		return out
	}
	require.Equal(t, []string{"ann s:Get arn:a:s:::ann/1", "clerk s:Get arn:a:s:::ann/1"}, names(WhoCan(subjects, "s:Get", "arn:a:s:::ann/1")))
	require.Equal(t, []string{"clerk s:Put arn:a:s:::ann/1"}, names(WhoCan(subjects, "s:Put", "arn:a:s:::ann/1")))
	require.Equal(t, []string{"bob s:Get arn:a:s:::bob/1"}, names(WhatCan(subjects[1], []string{"s:Get", "s:Put"}, []string{"arn:a:s:::ann/1", "arn:a:s:::bob/1"})))
	require.Empty(t, WhatCan(subjects[3], []string{"s:Get"}, []string{"*"}))
	require.Len(t, Simulate(subjects, []string{"s:Get", "s:Put"}, []string{"a", "b", "c"}), 24)
}
