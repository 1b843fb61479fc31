package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/stretchr/testify/require"
)

// benched are n statements written three times: in the language, in Go by hand,
// and in Cedar. One in ten denies; of the rest a third is about shared things,
// a third about what is one's own, and a third has a condition. The last
// statement is the one that allows.
type benched struct {
	documents []*Document
	texts     [][]byte
	byHand    func(action, resource, sub string, secure bool) bool
	cedar     *cedar.PolicySet
}

const (
	benchSub    = "eu-west-1:6f3c9a52-1111-4222-8333-444455556666"
	benchAction = "notes:ReadNote"
)

func benchStatements(tb testing.TB, n int) benched {
	var statements []map[string]any
	var policies strings.Builder
	var rules []benchRule
	for i := range n {
		rule := benchRule{action: fmt.Sprintf("notes:%s%d", [...]string{"read", "write", "redo", "list"}[i%4], i), prefix: fmt.Sprintf("arn:app:notes:::shared%d/", i)}
		switch i % 10 {
		case 0:
			rule.deny = true
		case 1, 4, 7:
			rule.own = true
			rule.prefix = "arn:app:notes:::"
		case 2, 5:
			rule.secure = true
		}
		if i == n-1 {
			rule.deny, rule.secure, rule.own = false, true, true
			rule.action, rule.prefix = "notes:read", "arn:app:notes:::"
		}
		rules = append(rules, rule)
		statements = append(statements, benchStatement(&policies, rule.deny, rule.own, rule.secure, rule.action, rule.prefix))
	}
	out := benched{}
	for from := 0; from < n; from += 50 { // more would not fit a document
		text, err := json.Marshal(map[string]any{"Version": version2012, "Statement": statements[from:min(n, from+50)]})
		require.NoError(tb, err)
		out.texts = append(out.texts, text)
		out.documents = append(out.documents, mustParse(tb, string(text)))
	}
	var err error
	out.cedar, err = cedar.NewPolicySetFromBytes("bench.cedar", []byte(policies.String()))
	require.NoError(tb, err)
	switch n {
	case 1:
		out.byHand = oneByHand
	case 10:
		out.byHand = tenByHand
	default:
		out.byHand = func(action, resource, sub string, secure bool) bool {
			return manyByHand(rules, action, resource, sub, secure)
		}
	}
	return out
}

// benchRule is one of the statements, for those who write a hundred by hand.
type benchRule struct {
	deny, own, secure bool
	action, prefix    string
}

// starts is strings.HasPrefix without regard to case.
func starts(action, prefix string) bool {
	return len(action) >= len(prefix) && strings.EqualFold(action[:len(prefix)], prefix)
}

// isOwn reports whether a resource is below what belongs to sub.
func isOwn(resource, sub string) bool {
	rest, ok := strings.CutPrefix(resource, "arn:app:notes:::")
	if ok {
		rest, ok = strings.CutPrefix(rest, sub)
	}
	return ok && strings.HasPrefix(rest, "/")
}

func oneByHand(action, resource, sub string, secure bool) bool {
	return starts(action, "notes:read") && isOwn(resource, sub) && secure
}

func tenByHand(action, resource, sub string, secure bool) bool {
	if starts(action, "notes:read0") && strings.HasPrefix(resource, "arn:app:notes:::shared0/") {
		return false
	}
	return starts(action, "notes:write1") && isOwn(resource, sub) ||
		starts(action, "notes:redo2") && strings.HasPrefix(resource, "arn:app:notes:::shared2/") && secure ||
		starts(action, "notes:list3") && strings.HasPrefix(resource, "arn:app:notes:::shared3/") ||
		starts(action, "notes:read4") && isOwn(resource, sub) ||
		starts(action, "notes:write5") && strings.HasPrefix(resource, "arn:app:notes:::shared5/") && secure ||
		starts(action, "notes:redo6") && strings.HasPrefix(resource, "arn:app:notes:::shared6/") ||
		starts(action, "notes:list7") && isOwn(resource, sub) ||
		starts(action, "notes:read8") && strings.HasPrefix(resource, "arn:app:notes:::shared8/") ||
		starts(action, "notes:read") && isOwn(resource, sub) && secure
}

func manyByHand(rules []benchRule, action, resource, sub string, secure bool) bool {
	allowed := false
	for i := range rules {
		r := &rules[i]
		if !starts(action, r.action) || r.secure && !secure {
			continue
		}
		if r.own && !isOwn(resource, sub) || !r.own && !strings.HasPrefix(resource, r.prefix) {
			continue
		}
		if r.deny {
			return false
		}
		allowed = true
	}
	return allowed
}

// TestBenchmarksAgree: what is compared decides the same.
func TestBenchmarksAgree(t *testing.T) {
	for _, n := range []int{1, 10, 100} {
		set := benchStatements(t, n)
		p := &Policies{Identity: set.documents}
		allowed := 0
		for _, action := range []string{"notes:ReadNote", "notes:READ0", "notes:read4x", "notes:List", "notes:redo2", "notes:write1", "notes:list3"} {
			for _, name := range []string{benchSub + "/x", "other/x", "shared0/x", "shared2/x", "shared3/y", benchSub} {
				for _, secure := range []bool{true, false} {
					resource := "arn:app:notes:::" + name
					c := benchContext()
					c.Set("aws:SecureTransport", fmt.Sprint(secure))
					got := p.Evaluate(&Request{Action: action, Resource: resource, Context: c}).Allowed
					require.Equal(t, set.byHand(action, resource, benchSub, secure), got, "%d %s %s %v", n, action, name, secure)
					if got {
						allowed++
					}
				}
			}
		}
		require.Positive(t, allowed)
	}
}

func benchStatement(policies *strings.Builder, deny, own, secure bool, action, prefix string) map[string]any {
	s := map[string]any{"Effect": "Allow", "Action": action + "*", "Resource": prefix + "*"}
	effect, like, when := "permit", prefix+"*", ""
	if deny {
		s["Effect"], effect = "Deny", "forbid"
	}
	if own {
		s["Resource"] = prefix + "${" + sub + "}/*"
	}
	if secure {
		s["Condition"] = map[string]any{"Bool": map[string]any{"aws:SecureTransport": "true"}}
		when = " && context.secure"
	}
	// Cedar has no variables in patterns: what is one's own is an attribute.
	condition := fmt.Sprintf("resource.name like %q", like)
	if own {
		condition = fmt.Sprintf("resource.name like %q && resource.owner == principal.sub", like)
	}
	fmt.Fprintf(policies, "%s(principal, action, resource) when { context.action like %q && %s%s };\n", effect, action+"*", condition, when)
	return s
}

func benchContext() *Context {
	c := new(Context)
	for key, value := range map[string]string{
		sub: benchSub, "cognito-identity.amazonaws.com:aud": "eu-west-1:pool", "aws:SecureTransport": "true", "aws:SourceIp": "203.0.113.7",
		"aws:UserAgent": "curl/8", "aws:PrincipalArn": "arn:aws:iam::111122223333:role/user", "aws:PrincipalAccount": "111122223333",
		"aws:userid": "AROAEXAMPLE:ann", "aws:CurrentTime": "2026-01-31T18:00:00Z", "aws:EpochTime": "1769882400",
	} {
		c.Set(key, value)
	}
	return c
}

// perCall measures f by itself, for a ratio within one run.
func perCall(f func()) float64 {
	best := time.Duration(1 << 62)
	const calls = 2_000
	for range 25 {
		start := time.Now()
		for range calls {
			f()
		}
		best = min(best, time.Since(start))
	}
	return float64(best) / calls
}

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		set := benchStatements(b, n)
		p := &Policies{Identity: set.documents}
		resource := "arn:app:notes:::" + benchSub + "/shopping"
		r := &Request{Action: benchAction, Resource: resource, Context: benchContext()}
		byHand := func() {
			if !set.byHand(benchAction, resource, benchSub, true) {
				b.Fatal("denied by hand")
			}
		}
		entities, ask := benchCedar(resource)
		byCedar := func() {
			if ok, _ := cedar.Authorize(set.cedar, entities, ask); ok != cedar.Allow {
				b.Fatal("denied by Cedar")
			}
		}
		b.Run(fmt.Sprintf("%d/stepwell", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !p.Evaluate(r).Allowed {
					b.Fatal("denied")
				}
			}
			own := perCall(func() { p.Evaluate(r) })
			b.ReportMetric(own/perCall(byHand), "x-handwritten")
			b.ReportMetric(own/perCall(byCedar), "x-cedar")
		})
		b.Run(fmt.Sprintf("%d/handwritten", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				byHand()
			}
		})
		b.Run(fmt.Sprintf("%d/cedar", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				byCedar()
			}
		})
	}
}

func benchCedar(resource string) (types.EntityMap, cedar.Request) {
	user, thing := types.NewEntityUID("User", "ann"), types.NewEntityUID("Note", types.String(resource))
	entities := types.EntityMap{
		user: types.Entity{UID: user, Attributes: types.NewRecord(types.RecordMap{"sub": types.String(benchSub)})},
		thing: types.Entity{UID: thing, Attributes: types.NewRecord(types.RecordMap{
			"name": types.String(resource), "owner": types.String(benchSub),
		})},
	}
	return entities, cedar.Request{
		Principal: user, Action: types.NewEntityUID("Action", "x"), Resource: thing,
		Context: types.NewRecord(types.RecordMap{"action": types.String(strings.ToLower(benchAction)), "secure": types.Boolean(true)}),
	}
}

// BenchmarkParse tells what parsing costs in decisions of what was parsed.
func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		set := benchStatements(b, n)
		p := &Policies{Identity: set.documents}
		r := &Request{Action: benchAction, Resource: "arn:app:notes:::" + benchSub + "/shopping", Context: benchContext()}
		parse := func() {
			for _, text := range set.texts {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			start, rounds := time.Now(), 0
			for b.Loop() {
				parse()
				rounds++
			}
			once := float64(time.Since(start)) / float64(rounds)
			b.ReportMetric(once/perCall(func() { p.Evaluate(r) }), "decisions")
		})
	}
}

// BenchmarkExplain is a decision with its trace.
func BenchmarkExplain(b *testing.B) {
	set := benchStatements(b, 10)
	p := &Policies{Identity: set.documents}
	r := &Request{Action: benchAction, Resource: "arn:app:notes:::" + benchSub + "/shopping", Context: benchContext()}
	b.ReportAllocs()
	for b.Loop() {
		if p.Explain(r).String() == "" {
			b.Fatal("nothing to say")
		}
	}
}
