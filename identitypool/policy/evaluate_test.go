package policy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const sub = "cognito-identity.amazonaws.com:sub"

// TestA10_ActionsAndResources: the matching rules of the language, one by one.
func TestA10_ActionsAndResources(t *testing.T) {
	for _, c := range []struct {
		action, resource string // of the document
		wantAction       string
		wantResource     string
		allowed          bool
	}{
		{"*", "*", "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"*", "*", "anything", "", true},
		{"s3:GetObject", "*", "s3:getobject", "x", true},
		{"S3:getOBJECT", "*", "s3:GetObject", "x", true},
		{"s3:Get*", "*", "s3:GetObject", "x", true},
		{"s3:Get*", "*", "s3:Get", "x", true},
		{"s3:Get*", "*", "s3:PutObject", "x", false},
		{"s3:?etObject", "*", "s3:GetObject", "x", true},
		{"s3:?GetObject", "*", "s3:GetObject", "x", false},
		{"s3:*", "*", "s3x:GetObject", "x", false},
		{"s3:*", "*", "s3", "x", false},
		{"s3:GetObject", "*", "s3:GetObjectAcl", "x", false},
		{"s3:GetObject", "*", "s3:*", "x", false},
		{"kms:Key", "*", "kms:\u212aey", "x", false},
		{"*", "*", "", "x", false},

		{"s:a", "arn:aws:s3:::b/k", "s:a", "arn:aws:s3:::b/k", true},
		{"s:a", "arn:aws:s3:::b/k", "s:a", "arn:aws:s3:::B/k", false},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b/x/y/z", true},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b/", true},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b", false},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b/x:y", true},
		{"s:a", "arn:aws:s3:::b/?", "s:a", "arn:aws:s3:::b/é", true},
		{"s:a", "arn:aws:s3:::b/?", "s:a", "arn:aws:s3:::b/ab", false},
		{"s:a", "arn:aws:s3:::*/c", "s:a", "arn:aws:s3:::a/b/c", true},
		{"s:a", "arn:aws:s3:::a*b*c", "s:a", "arn:aws:s3:::abc", true},
		{"s:a", "arn:aws:s3:::a*b*c", "s:a", "arn:aws:s3:::acb", false},
		{"s:a", "arn:aws:s3:::ab*ba", "s:a", "arn:aws:s3:::aba", false},
		{"s:a", "arn:aws:s3:::x*?b?*y", "s:a", "arn:aws:s3:::xabcy", true},
		{"s:a", "arn:aws:s3:::x*?b?*y", "s:a", "arn:aws:s3:::xbcy", false},
		{"s:a", "arn:aws:s3:::x", "s:a", "arn:aws:s3:eu-west-1::x", false},
		{"s:a", "arn:aws:s3:*:*:x", "s:a", "arn:aws:s3:eu-west-1:123:x", true},
		{"s:a", "arn:aws:s3:*:x", "s:a", "", false}, // refused: five parts, see below
		{"s:a", "arn:aws:s3:::*", "s:a", "arn:aws:s3:::", true},
		{"s:a", "arn:aws:s3:::*", "s:a", "arn:aws:s3x:::b", false},
		{"s:a", "arn:aws:s3:::*", "s:a", "b/k", false},
		{"s:a", "arn:aws:s3:::*", "s:a", "arn:aws:s3", false},
		{"s:a", "arn:aws:s3:::*", "s:a", "\xff", false},
	} {
		text := doc(fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, c.action, c.resource))
		d, err := Parse([]byte(text))
		if strings.Count(c.resource, ":") == 4 {
			require.ErrorContains(t, err, "six parts")
			continue
		}
		require.NoError(t, err)
		got := Evaluate(Request{Action: c.wantAction, Resource: c.wantResource}, d)
		require.Equal(t, c.allowed, got.Allowed, "%+v", c)
		require.False(t, got.ExplicitDeny)
	}
}

// TestA23_ExactARNs: a wildcard does not leave its part of the ARN, and paths
// are text.
func TestA23_ExactARNs(t *testing.T) {
	for _, c := range []struct {
		pattern, resource string
		allowed           bool
	}{
		{"arn:aws:iam::1*:role/a", "arn:aws:iam::1:user/x:role/a", false},
		{"arn:aws:s3:*:111111111111:b", "arn:aws:s3:eu:222222222222:111111111111:b", false},
		{"arn:aws:iam::111111111111:role/*", "arn:aws:iam::222222222222:role/a", false},
		{"arn:aws:iam::111111111111:role/*", "arn:aws:iam::1111111111110:role/a", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role/a/../b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role//b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:Role/b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role/b ", false},
		{"arn:aws:iam::111111111111:role/b", "arn:AWS:iam::111111111111:role/b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role/b", true},
	} {
		d := mustParse(t, withResource(c.pattern))
		require.Equal(t, c.allowed, Evaluate(Request{Action: "s:a", Resource: c.resource}, d).Allowed, "%+v", c)
	}
}

// TestA10_ExplicitDenyWins: in whatever document and order.
func TestA10_ExplicitDenyWins(t *testing.T) {
	allow := mustParse(t, doc(`{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}`))
	deny := mustParse(t, doc(`[{"Effect":"Allow","Action":"s:x","Resource":"*"},{"Sid":"NoDelete","Effect":"Deny","Action":"s:Delete*","Resource":"arn:a:s:::keep/*"}]`))
	request := Request{Action: "s:DeleteNote", Resource: "arn:a:s:::keep/1"}
	require.Equal(t, Decision{ExplicitDeny: true, Document: 1, Statement: 1, Sid: "NoDelete"}, Evaluate(request, allow, deny))
	require.Equal(t, Decision{ExplicitDeny: true, Document: 0, Statement: 1, Sid: "NoDelete"}, Evaluate(request, deny, allow))
	require.Equal(t, Decision{}, Evaluate(Request{Action: "s:Read", Resource: "arn:a:s:::keep/1"}, deny))
	require.Equal(t, Decision{Allowed: true, Document: 1, Sid: "All"}, Evaluate(Request{Action: "s:Read", Resource: "arn:a:s:::keep/1"}, deny, allow))
	require.Equal(t, Decision{}, Evaluate(request))
}

// TestA11_EvaluationFailsClosed: what cannot be judged is denied.
func TestA11_EvaluationFailsClosed(t *testing.T) {
	all := mustParse(t, doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`))
	fine := Request{Action: "s:a", Resource: "x"}
	require.True(t, Evaluate(fine, all).Allowed)
	require.False(t, Evaluate(fine, all, nil).Allowed)
	require.False(t, Evaluate(fine, new(Document)).Allowed)
	require.False(t, Evaluate(Request{Resource: "x"}, all).Allowed)
	require.False(t, Evaluate(Request{Action: strings.Repeat("a", MaxActionSize+1)}, all).Allowed)
	require.False(t, Evaluate(Request{Action: "s:a", Resource: strings.Repeat("a", MaxResourceSize+1)}, all).Allowed)
	require.False(t, Evaluate(Request{Action: "s:a", Resource: "\xff"}, all).Allowed)
	require.False(t, Evaluate(Request{Action: "s:\xff", Resource: "x"}, all).Allowed)
}

// TestA10_Variables: what they stand for, and what has none.
func TestA10_Variables(t *testing.T) {
	one := map[string][]string{sub: {"eu-west-1:u1"}, "aws:PrincipalTag/team": {"blue"}}
	for _, c := range []struct {
		pattern, resource string
		context           map[string][]string
		allowed           bool
	}{
		{"home/${" + sub + "}/*", "home/eu-west-1:u1/n", one, true},
		{"home/${" + sub + "}/*", "home/eu-west-1:u2/n", one, false},
		{"home/${" + sub + "}", "home/eu-west-1:u1", one, true},
		{"${" + strings.ToUpper(sub) + "}", "eu-west-1:u1", one, true},
		{"${" + sub + "}", "eu-west-1:u1", map[string][]string{strings.ToUpper(sub): {"eu-west-1:u1"}}, true},
		{"home/${" + sub + "}/*", "home//n", nil, false},
		{"home/${" + sub + "}/*", "home/${" + sub + "}/n", nil, false},
		{"home/${" + sub + "}/*", "home//n", map[string][]string{sub: {}}, false},
		{"home/${" + sub + "}/*", "home/a/n", map[string][]string{sub: {"a", "b"}}, false},
		{"home/${" + sub + "}/*", "home/a/n", map[string][]string{sub: {"a"}, strings.ToUpper(sub): {"a"}}, false},
		{"${aws:PrincipalTag/team, 'company-wide'}/*", "blue/x", one, true},
		{"${aws:PrincipalTag/team, 'company-wide'}/*", "company-wide/x", one, false},
		{"${aws:PrincipalTag/team, 'company-wide'}/*", "company-wide/x", nil, true},
		{"${aws:PrincipalTag/team,''}/*", "/x", nil, true},
		{"a${*}b", "a*b", nil, true},
		{"a${*}b", "axb", nil, false},
		{"a${?}b", "a?b", nil, true},
		{"a${?}b", "axb", nil, false},
		{"a${$}{b}", "a${b}", nil, true},
		{"*${" + sub + "}?*", "x/eu-west-1:u1/n", one, true},
		{"*${" + sub + "}?*", "x/eu-west-1:u1", one, false},
		{"$a$", "$a$", nil, true},
	} {
		d := mustParse(t, withResource("arn:a:s:::"+c.pattern))
		got := Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::" + c.resource, Context: c.context}, d)
		require.Equal(t, c.allowed, got.Allowed, "%+v", c)
	}
}

// TestA10_OldVersion: ${…} is text there.
func TestA10_OldVersion(t *testing.T) {
	d := mustParse(t, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s:a","Resource":"arn:a:s:::home/${`+sub+`}/*"}}`)
	context := map[string][]string{sub: {"u1"}}
	require.False(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::home/u1/n", Context: context}, d).Allowed)
	require.True(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::home/${" + sub + "}/n", Context: context}, d).Allowed)
}

// TestA10_DenyWithUnresolvedVariable: AWS's rule, and the reason for the advice
// in the package comment.
func TestA10_DenyWithUnresolvedVariable(t *testing.T) {
	d := mustParse(t, doc(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"arn:a:s:::${a:b}"}]`))
	require.True(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::x"}, d).Allowed)
	require.True(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::x", Context: map[string][]string{"a:b": {"x"}}}, d).ExplicitDeny)
}

// TestA11_UnusableVariable: a value that cannot be compared must not lift a Deny, which a user who chooses the value could otherwise do.
func TestA11_UnusableVariable(t *testing.T) {
	const allow = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	const deny = `{"Effect":"Deny","Action":"s:a","Resource":["arn:a:s:::${a:b}/*","arn:a:s:::other"]}`
	for _, value := range []string{strings.Repeat("x", MaxVariablesSize+1), "x\xff"} {
		context := map[string][]string{"a:b": {value}}
		for _, text := range []string{doc(`[` + allow + `,` + deny + `]`), doc(`[` + deny + `,` + allow + `]`)} {
			d := mustParse(t, text)
			require.Equal(t, Decision{}, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::x", Context: context}, d))
			require.True(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::other", Context: context}, d).ExplicitDeny)
			require.True(t, Evaluate(Request{Action: "s:b", Resource: "arn:a:s:::x", Context: context}, d).Allowed)
			require.True(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:t:::x", Context: context}, d).Allowed, "the service is another")
		}
		// In an Allow it is a variable without a value, whatever the order.
		own := `{"Effect":"Allow","Action":"*","Resource":"arn:a:s:::${a:b}"}`
		require.False(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::x", Context: context}, mustParse(t, doc(own))).Allowed)
		for _, text := range []string{doc(`[` + allow + `,` + own + `]`), doc(`[` + own + `,` + allow + `]`)} {
			require.True(t, Evaluate(Request{Action: "s:a", Resource: "arn:a:s:::x", Context: context}, mustParse(t, text)).Allowed)
		}
	}
}

// TestA14_VariableValuesAreLiteral: a user who chooses a value gains nothing.
func TestA14_VariableValuesAreLiteral(t *testing.T) {
	for _, pattern := range []string{"home/${a:b}/*", "*/${a:b}/*", "home/${a:b}/?*", "*?/${a:b}/?*"} {
		d := mustParse(t, withResource("arn:a:s:::"+pattern))
		for _, value := range []string{"*", "?", "??????", "${c:d}", "${*}", "**", "victim*", "\xff", strings.Repeat("*", 10_000)} {
			context := map[string][]string{"a:b": {value}, "c:d": {"victim"}}
			request := Request{Action: "s:a", Resource: "arn:a:s:::home/victim/n", Context: context}
			require.False(t, Evaluate(request, d).Allowed, "%s %q", pattern, value)
			request.Resource = "arn:a:s:::home/" + value + "/n"
			if len(value) < 100 && value != "\xff" {
				require.True(t, Evaluate(request, d).Allowed, "%s %q", pattern, value)
			}
		}
	}
}

// TestA13_WildcardBomb: the largest documents against the longest resources.
func TestA13_WildcardBomb(t *testing.T) {
	long := "arn:a:s:::" + strings.Repeat("a", MaxResourceSize-10)
	fill := func(resource string) string { // as many as a document may have
		n := (MaxDocumentSize - 100) / (len(resource) + 3)
		return doc(`{"Effect":"Allow","Action":"*","Resource":["` + strings.Repeat(resource+`","`, n-1) + resource + `"]}`)
	}
	for name, text := range map[string]string{
		"*a*a":      fill("arn:a:s:::" + strings.Repeat("*a", 1000) + "*b*"),
		"*?a*?a":    fill("arn:a:s:::" + strings.Repeat("*?a", 670) + "*b*"),
		"*aaab":     fill("arn:a:s:::" + strings.Repeat("*aaaaaaaab", 200) + "*"),
		"*aaa?aaab": fill("arn:a:s:::*" + strings.Repeat("a", 1000) + "?" + strings.Repeat("a", 1000) + "b*"),
		"many ?":    fill("arn:a:s:::*" + strings.Repeat("?", 2000) + "b*"),
		"many":      fill("arn:a:s:::*?b*"),
		"many text": fill("arn:a:s:::*ab*"),
		"variable":  fill("arn:a:s:::*${v:w}?*?b*"),
		"variables": fill("arn:a:s:::*${v:x}${v:x}${v:x}${v:x}?*?b*"),
	} {
		d := mustParse(t, text)
		// The best of three: the machine may be busy with other tests.
		best := time.Hour
		for range 3 {
			start := time.Now()
			require.False(t, Evaluate(Request{Action: "s:a", Resource: long, Context: map[string][]string{
				"v:w": {strings.Repeat("a", MaxVariablesSize)}, "v:x": {strings.Repeat("a", MaxVariablesSize/4)},
			}}, d).Allowed)
			best = min(best, time.Since(start))
		}
		require.Less(t, best, slowdown*50*time.Millisecond, name)
		require.False(t, Evaluate(Request{Action: "s:a", Resource: strings.Repeat("a", 20_000)}, d).Allowed)
	}
}

// TestA22_Properties: on random documents, a Deny more never allows more, an
// Allow more never denies, and order does not matter.
func TestA22_Properties(t *testing.T) {
	rounds := 100_000
	if testing.Short() {
		rounds = 5_000
	}
	random := rand.New(rand.NewPCG(22, 22))
	for range rounds {
		statements := randomStatements(random)
		request := randomRequest(random)
		base := Evaluate(request, compiled(t, statements))

		deny := append(randomStatements(random), statements...)
		for i := range len(deny) - len(statements) {
			deny[i].Effect = Deny
		}
		require.False(t, !base.Allowed && Evaluate(request, compiled(t, deny)).Allowed, "%+v %+v", deny, request)

		allow := append(randomStatements(random), statements...)
		for i := range len(allow) - len(statements) {
			allow[i].Effect = Allow
		}
		require.False(t, base.Allowed && !Evaluate(request, compiled(t, allow)).Allowed, "%+v %+v", allow, request)

		random.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
		cut := random.IntN(len(statements) + 1)
		split := Evaluate(request, compiled(t, statements[cut:]), compiled(t, statements[:cut]))
		require.Equal(t, base.Allowed, split.Allowed, "%+v %+v", statements, request)
		require.Equal(t, base.ExplicitDeny, split.ExplicitDeny, "%+v %+v", statements, request)
	}
}

func compiled(t *testing.T, statements []Statement) *Document {
	d, err := compileDocument(version2012, statements)
	require.NoError(t, err)
	return d
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func randomStatements(r *rand.Rand) []Statement {
	out := make([]Statement, 1+r.IntN(3))
	for i := range out {
		out[i] = Statement{
			Effect:    Effect(pick(r, string(Allow), string(Allow), string(Deny))),
			Actions:   []string{pick(r, "*", "s:*", "s:A", "s:?", "t:*", "s:A*B")},
			Resources: []string{pick(r, "*", "arn:a:s:::*", "arn:a:s:::x/*", "arn:a:s:::${v:w}/*", "arn:a:s:::?/${n:n}", "arn:a:s:*::x/y")},
		}
	}
	return out
}

func randomRequest(r *rand.Rand) Request {
	return Request{
		Action:   pick(r, "s:A", "s:B", "s:AxB", "t:A"),
		Resource: pick(r, "arn:a:s:::x/y", "arn:a:s:::z/y", "arn:a:s:::z", "note"),
		Context:  map[string][]string{"v:w": {pick(r, "x", "z", "*")}},
	}
}

// matchSlowly is the definition of matching, which takes exponential time.
func matchSlowly(pattern, text []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(text) == 0
	case pattern[0] == '*':
		return matchSlowly(pattern[1:], text) || len(text) > 0 && matchSlowly(pattern, text[1:])
	case len(text) == 0:
		return false
	}
	return (pattern[0] == '?' || pattern[0] == text[0]) && matchSlowly(pattern[1:], text[1:])
}

func TestGlobAgainstDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(alphabet string, most int) string {
		letters := []rune(alphabet)
		out := make([]rune, random.IntN(most))
		for i := range out {
			out[i] = letters[random.IntN(len(letters))]
		}
		return string(out)
	}
	matched := 0
	for range 50_000 {
		pattern, text := text("ab*?é", 9), text("abé", 10)
		want := matchSlowly([]rune(pattern), []rune(text))
		require.Equal(t, want, compileGlob(wildcards(pattern)).match(text), "%q %q", pattern, text)
		if want {
			matched++
		}
	}
	require.Greater(t, matched, 1_000)
}

// A piece longer than one machine word is searched for across words.
func TestGlobLongPieces(t *testing.T) {
	for _, n := range []int{62, 63, 64, 65, 127, 128, 129, 200} {
		long := strings.Repeat("ab", n)[:n-1] + "?"
		g := compileGlob(wildcards("*" + long + "c*"))
		require.True(t, g.match("abab"+strings.Repeat("ab", n)[:n-1]+"xcde"), n)
		require.False(t, g.match("abab"+strings.Repeat("ab", n)[:n-1]+"xxcde"), n)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*a*a*a*b", "aaaaaaaa")
	f.Add("*?é?*", "aéb")
	f.Add("", "")
	f.Add("**??**", "ab")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		pattern, text = strings.ToValidUTF8(pattern, ""), strings.ToValidUTF8(text, "")
		if strings.Count(pattern, "*") > 4 || len(pattern) > 40 || len(text) > 40 {
			return
		}
		want := matchSlowly([]rune(pattern), []rune(text))
		if got := compileGlob(wildcards(pattern)).match(text); got != want {
			t.Fatalf("match(%q, %q) = %v", pattern, text, got)
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	var statements []map[string]any
	for i := range 20 {
		statements = append(statements, map[string]any{
			"Effect": "Allow", "Action": []string{fmt.Sprintf("notes%d:Read*", i), "notes:List"},
			"Resource": []string{"arn:app:notes:::shared/*", "arn:app:notes:::${" + sub + "}/*"},
		})
	}
	text, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	d := mustParse(b, string(text))
	context := map[string][]string{sub: {"eu-west-1:6f3c9a52-1111-4222-8333-444455556666"}, "cognito-identity.amazonaws.com:aud": {"p"}}
	for name, r := range map[string]Request{
		"Text":     {Action: "notes19:ReadNote", Resource: "arn:app:notes:::shared/shopping", Context: context},
		"Variable": {Action: "notes19:ReadNote", Resource: "arn:app:notes:::eu-west-1:6f3c9a52-1111-4222-8333-444455556666/shopping", Context: context},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !Evaluate(r, d).Allowed {
					b.Fatal("denied")
				}
			}
		})
	}
	b.Run("Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Parse(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
