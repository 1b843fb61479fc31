package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allocations counts those of one decision.
func allocations(p *Policies, r *Request) float64 {
	return testing.AllocsPerRun(100, func() { p.Evaluate(r) })
}

// TestEvaluateDoesNotAllocate: whatever the language has, with the exceptions
// that the package comment states.
func TestEvaluateDoesNotAllocate(t *testing.T) {
	for _, text := range []string{
		doc(`{"Effect":"Allow","Action":["s:A*","S:*b?"],"Resource":["arn:a:s:*::x","arn:a:s:::${v:w}/*","arn:a:s:::*/${v:w}/?*","arn:a:s:::*${v:w}?y*","arn:a:s:::é?*?x*?yy*"]}`),
		doc(`{"Effect":"Deny","NotAction":"s:x","NotResource":["arn:a:s:::${v:w}","arn:a:s:::${n:n}","arn:a:s:::${n:n, 'd'}"]}`),
	} {
		p := &Policies{Identity: []*Document{mustParse(t, text)}}
		for _, resource := range []string{"arn:a:s:::val/xx/yé", "arn:a:s:e::x", "é" + strings.Repeat("x", 1000), "*", "arn:a:s:::aaaxval/xyyé"} {
			r := &Request{Action: "S:aBc", Resource: resource, Context: context(map[string][]string{"V:W": {"val"}, "k:k": {"x", "y"}})}
			require.Zero(t, allocations(p, r), "%s %s", text, resource)
		}
	}
	for _, operator := range operatorNames {
		value, have := sample(operator)
		if operator == "Null" {
			value = `"false"`
		}
		values := []string{value}
		if strings.HasPrefix(operator, "String") {
			values = append(values, `["${v:w}","x${v:w}y","${n:n, 'd'}"]`)
		}
		if strings.HasPrefix(operator, "Arn") {
			values = append(values, `["arn:*:s3:::${v:w}","${v:w}"]`)
		}
		for _, v := range values {
			for _, prefix := range []string{"", "ForAllValues:", "ForAnyValue:"} {
				if operator == "Null" && prefix != "" {
					continue
				}
				p := &Policies{Identity: []*Document{mustParse(t, withCondition(prefix+operator, "k:k", v))}}
				for _, given := range []string{have, "xvaly", "2001:db8::1", "10.0.0.999", "1e5", "2026-01-31T18:00:00.5+01:00", "é", strings.Repeat("y", 9000)} {
					r := &Request{Action: "s:a", Resource: "x", Context: context(map[string][]string{"v:w": {"val"}, "k:k": {given}})}
					require.Zero(t, allocations(p, r), "%s %s %q", prefix+operator, v, given)
				}
			}
		}
	}
	g := random{
		identity: []string{doc(stmt)}, boundary: []string{doc(stmt)}, session: [][]string{{doc(stmt)}}, control: [][]string{{doc(stmt)}},
		resource: []string{resourcePolicy("Allow", "Principal", `{"AWS":["111122223333","`+roleARN+`"],"Service":"a.b"}`), resourcePolicy("Deny", "NotPrincipal", `"*"`)},
		account:  "444455556666",
	}
	p := g.policies(t)
	r := &Request{Principal: session, Action: "s:a", Resource: "x"}
	require.True(t, p.Evaluate(r).Allowed)
	require.Zero(t, allocations(p, r))
}

// TestContextCostsLittle: a key of one value costs no allocation of its own.
func TestContextCostsLittle(t *testing.T) {
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		c := new(Context)
		for _, key := range []string{"aws:SourceIp", "aws:SecureTransport", "aws:username", "aws:userid", "aws:CurrentTime"} {
			c.Set(key, "x")
		}
		c.Set("aws:username", "y")
	}), 2.0)
}

func TestContext(t *testing.T) {
	var c Context
	_, ok := c.Values("a:b")
	require.False(t, ok)
	given := []string{"1", "2"}
	c.Set("A:b", given...)
	given[0] = "changed"
	values, ok := c.Values("a:B")
	require.True(t, ok)
	require.Equal(t, []string{"1", "2"}, values)
	values[0] = "changed"
	values, _ = c.Values("a:b")
	require.Equal(t, []string{"1", "2"}, values)
	c.Set("a:b", "")
	values, ok = c.Values("a:b")
	require.True(t, ok)
	require.Equal(t, []string{""}, values)
	c.Set("a:c", "3")
	c.Set("A:B")
	_, ok = c.Values("a:b")
	require.False(t, ok)
	values, _ = c.Values("a:c")
	require.Equal(t, []string{"3"}, values)
	// Letters beyond ASCII have one case.
	c.Set("t:\u212a", "kelvin")
	_, ok = c.Values("t:k")
	require.False(t, ok)
	_, ok = (*Context)(nil).Values("a:b")
	require.False(t, ok)
}
