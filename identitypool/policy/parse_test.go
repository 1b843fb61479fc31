package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// doc wraps statements into a document of the newer version.
func doc(statements string) string {
	return `{"Version":"2012-10-17","Statement":` + statements + `}`
}

// resources wraps one resource, written as it stands between JSON quotes.
func withResource(resource string) string {
	return doc(`{"Effect":"Allow","Action":"s:a","Resource":"` + resource + `"}`)
}

func mustParse(t testing.TB, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	require.NoError(t, err, text)
	return d
}

func TestParseAccepts(t *testing.T) {
	for _, text := range []string{
		doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`),
		doc(`[{"Effect":"Allow","Action":["s3:Get*","s3:Put?bject"],"Resource":["arn:aws:s3:::b/*","*"]}]`),
		doc(`[{"Sid":"Read1","Effect":"Deny","Action":"S3:*","Resource":"arn:*:s3:*:1234*:x"},{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"}]`),
		`{"Statement":{"Resource":"*","Action":"*","Effect":"Allow"},"Version":"2008-10-17"}`,
		" \n\t" + withResource(`arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/${*}${?}${$}`) + "\r\n ",
		withResource(`arn:aws:s3:::${aws:PrincipalTag/team, 'company-wide'}/*`),
		withResource(`arn:aws:s3:::\u00e9\ud83d\ude00`),
		doc(`{"Effect":"Allow","\u0041ction":"*","Resource":"*"}`),
	} {
		_, err := Parse([]byte(text))
		require.NoError(t, err, text)
	}
}

// TestA11_MalformedPolicies: refused when written, with the place named.
func TestA11_MalformedPolicies(t *testing.T) {
	const stmt = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for _, c := range []struct{ name, text, place, problem string }{
		{"empty", ``, "", "ends too early"},
		{"not JSON", `policy`, "", "not JSON"},
		{"null", `null`, "", "must be a JSON object, not null"},
		{"array", `[]`, "", "must be a JSON object, not an array"},
		{"string", `"x"`, "", "not a string"},
		{"truncated", doc(stmt)[:40], "Statement", "ends too early"},
		{"two documents", doc(stmt) + doc(stmt), "", "after the document"},
		{"trailing text", doc(stmt) + "x", "", "after the document"},
		{"BOM", "\ufeff" + doc(stmt), "", "not JSON"},
		{"invalid UTF-8", withResource("arn:aws:s3:::\xff"), "", "UTF-8"},
		{"half a surrogate pair", withResource(`arn:aws:s3:::\ud800`), "Statement.Resource", "surrogate"},
		{"NUL in text", withResource("arn:aws:s3:::\x00"), "Statement.Resource", "not JSON"},
		{"comment", `{/**/"Version":"2012-10-17"}`, "", "not JSON"},
		{"trailing comma", `{"Version":"2012-10-17",}`, "", "not JSON"},
		{"no version", `{"Statement":` + stmt + `}`, "Version", "missing"},
		{"empty version", `{"Version":"","Statement":` + stmt + `}`, "Version", "missing"},
		{"unknown version", `{"Version":"2012-10-18","Statement":` + stmt + `}`, "Version", "not a version"},
		{"version a number", `{"Version":2012,"Statement":` + stmt + `}`, "Version", "not a number"},
		{"no statement", `{"Version":"2012-10-17"}`, "Statement", "missing"},
		{"statement null", doc(`null`), "Statement", "not null"},
		{"statement string", doc(`"*"`), "Statement", "not a string"},
		{"no statements", doc(`[]`), "Statement", "empty array"},
		{"statement in array null", doc(`[` + stmt + `,null]`), "Statement[1]", "not null"},
		{"nested array", doc(`[[` + stmt + `]]`), "Statement[0]", "not an array"},
		{"unknown element", `{"Version":"2012-10-17","Statement":` + stmt + `,"Comment":"x"}`, "", "unknown element \"Comment\""},
		{"unknown in statement", doc(`{"Effect":"Allow","Action":"*","Resource":"*","Actions":"*"}`), "Statement", "unknown element"},
		{"no effect", doc(`{"Action":"*","Resource":"*"}`), "Statement", "has no Effect"},
		{"no action", doc(`{"Effect":"Allow","Resource":"*"}`), "Statement", "has no Action"},
		{"no resource", doc(`[{"Effect":"Allow","Action":"*"}]`), "Statement[0]", "has no Resource"},
		{"effect boolean", doc(`{"Effect":true,"Action":"*","Resource":"*"}`), "Statement.Effect", "not a boolean"},
		{"effect with space", doc(`{"Effect":"Allow ","Action":"*","Resource":"*"}`), "Statement.Effect", "not an effect"},
		{"action null", doc(`{"Effect":"Allow","Action":null,"Resource":"*"}`), "Statement.Action", "not null"},
		{"action object", doc(`{"Effect":"Allow","Action":{},"Resource":"*"}`), "Statement.Action", "not an object"},
		{"actions empty", doc(`{"Effect":"Allow","Action":[],"Resource":"*"}`), "Statement.Action", "empty array"},
		{"action in array a number", doc(`{"Effect":"Allow","Action":["*",1],"Resource":"*"}`), "Statement.Action[1]", "not a number"},
		{"action empty", doc(`[{"Effect":"Allow","Action":"","Resource":"*"}]`), "Statement[0].Action[0]", "not an action"},
		{"action without service", doc(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":["Get*"],"Resource":"*"}]`), "Statement[1].Action[0]", "not an action"},
		{"action two stars", doc(`{"Effect":"Allow","Action":"**","Resource":"*"}`), "Statement[0].Action[0]", "not an action"},
		{"action wildcard service", doc(`{"Effect":"Allow","Action":"*:*","Resource":"*"}`), "Statement[0].Action[0]", "service"},
		{"action no name", doc(`{"Effect":"Allow","Action":"s3:","Resource":"*"}`), "Statement[0].Action[0]", "name"},
		{"action two colons", doc(`{"Effect":"Allow","Action":"s3:a:b","Resource":"*"}`), "Statement[0].Action[0]", "name"},
		{"action with space", doc(`{"Effect":"Allow","Action":" s3:Get","Resource":"*"}`), "Statement[0].Action[0]", "service"},
		{"action not ASCII", doc(`{"Effect":"Allow","Action":"s3:\u212aey","Resource":"*"}`), "Statement[0].Action[0]", "name"},
		{"action with variable", doc(`{"Effect":"Allow","Action":"s3:${a:b}","Resource":"*"}`), "Statement[0].Action[0]", "name"},
		{"action too long", doc(`{"Effect":"Allow","Action":"s3:` + strings.Repeat("a", MaxPatternSize) + `","Resource":"*"}`), "Statement[0].Action[0]", "at most 2048"},
		{"resource empty", withResource(``), "Statement[0].Resource[0]", "not a resource"},
		{"resource no ARN", withResource(`bucket/*`), "Statement[0].Resource[0]", "not a resource"},
		{"resource two stars", withResource(`**`), "Statement[0].Resource[0]", "not a resource"},
		{"resource short ARN", withResource(`arn:aws:s3`), "Statement[0].Resource[0]", "six parts"},
		{"resource upper ARN", withResource(`ARN:aws:s3:::x`), "Statement[0].Resource[0]", "not a resource"},
		{"resource wildcard service", withResource(`arn:aws:*:::x`), "Statement[0].Resource[0]", "service"},
		{"resource empty service", withResource(`arn:aws::::x`), "Statement[0].Resource[0]", "service"},
		{"resource empty last", withResource(`arn:aws:s3:::`), "Statement[0].Resource[0]", "resource part"},
		{"resource too long", withResource(`arn:aws:s3:::` + strings.Repeat("a", MaxPatternSize)), "Statement[0].Resource[0]", "at most 2048"},
		{"variable open", withResource(`arn:aws:s3:::${a:b`), "Statement[0].Resource[0]", "without"},
		{"variable empty", withResource(`arn:aws:s3:::${}`), "Statement[0].Resource[0]", "not a key"},
		{"variable nested", withResource(`arn:aws:s3:::${a${b}}`), "Statement[0].Resource[0]", "not a key"},
		{"variable spaces", withResource(`arn:aws:s3:::${ a:b }`), "Statement[0].Resource[0]", "not a key"},
		{"variable in account", withResource(`arn:aws:s3::${aws}:x`), "Statement[0].Resource[0]", "fifth colon"},
		{"variable bad default", withResource(`arn:aws:s3:::${a:b, x}`), "Statement[0].Resource[0]", "default"},
		{"variable wildcard default", withResource(`arn:aws:s3:::${a:b, '*'}`), "Statement[0].Resource[0]", "default"},
		{"sid alphabet", doc(`{"Sid":"a b","Effect":"Allow","Action":"*","Resource":"*"}`), "Statement.Sid", "letters and digits"},
		{"sid long", doc(`{"Sid":"` + strings.Repeat("a", 129) + `","Effect":"Allow","Action":"*","Resource":"*"}`), "Statement.Sid", "128"},
		{"sid twice", doc(`[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]`), "Statement[1].Sid", "two statements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.text))
			require.Nil(t, d)
			var refused *ParseError
			require.True(t, errors.As(err, &refused), "%v", err)
			require.Equal(t, c.place, refused.Place, err)
			require.Contains(t, refused.Problem, c.problem)
		})
	}
}

// TestA10_UnsupportedElements: said to be unsupported, never passed over.
func TestA10_UnsupportedElements(t *testing.T) {
	for _, key := range []string{"Condition", "NotAction", "NotResource", "Principal", "NotPrincipal"} {
		text := doc(`[{"Effect":"Allow","Action":"*","Resource":"*","` + key + `":{}}]`)
		_, err := Parse([]byte(text))
		require.EqualError(t, err, "policy: Statement[0]."+key+": the element "+key+" is not supported")
	}
	_, err := Parse([]byte(`{"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	require.EqualError(t, err, "policy: Id: the element Id is not supported")
}

// TestA12_CaseVariantAndDuplicateKeys: a document means one thing to every
// reader, or nothing.
func TestA12_CaseVariantAndDuplicateKeys(t *testing.T) {
	for _, c := range []struct{ text, problem string }{
		{doc(`{"Effect":"allow","Action":"*","Resource":"*"}`), `"allow" is not an effect`},
		{doc(`{"Effect":"DENY","Action":"*","Resource":"*"}`), `"DENY" is not an effect`},
		{doc(`{"effect":"Allow","Action":"*","Resource":"*"}`), `write Effect`},
		{doc(`{"Effect":"Allow","ACTION":"*","Resource":"*"}`), `write Action`},
		{doc(`{"Effect":"Allow","Action":"*","Re\u017fource":"*"}`), `write Resource`},
		{doc(`{"Effect":"Allow","Action":"*","Resource":"*","condition":{}}`), `write Condition`},
		{`{"version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, `write Version`},
		{doc(`{"Effect":"Deny","Action":"*","Resource":"*","Effect":"Allow"}`), `Statement.Effect: stands twice`},
		{doc(`{"Effect":"Deny","\u0045ffect":"Allow","Action":"*","Resource":"*"}`), `Statement.Effect: stands twice`},
		{`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"},"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, `Statement: stands twice`},
		{`{"Version":"2012-10-17","Version":"2008-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`, `Version: stands twice`},
	} {
		_, err := Parse([]byte(c.text))
		require.ErrorContains(t, err, c.problem, c.text)
	}
}

// TestA13_LargeDocuments: refused at once by their size, not by the time they
// take.
func TestA13_LargeDocuments(t *testing.T) {
	one := `{"Effect":"Deny","Action":"s:a","Resource":"*"}`
	for name, text := range map[string]string{
		"20k statements": doc(`[` + strings.Repeat(one+",", 20_000) + one + `]`),
		"depth 20k":      strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000),
		"deep statement": doc(strings.Repeat(`[`, 5_000) + strings.Repeat(`]`, 5_000)),
		"1 MB of spaces": doc(one) + strings.Repeat(" ", 1<<20),
		"just too large": doc(`[` + strings.Repeat(one+",", MaxDocumentSize/len(one)) + one + `]`),
	} {
		best := time.Hour
		for range 3 {
			start := time.Now()
			_, err := Parse([]byte(text))
			require.Error(t, err, name)
			best = min(best, time.Since(start))
		}
		require.Less(t, best, slowdown*50*time.Millisecond, name)
	}
	spacious := strings.Repeat(" ", 50_000) + doc(one)
	mustParse(t, spacious) // white space does not count
}

func TestStatementsAreCopies(t *testing.T) {
	d := mustParse(t, doc(`[{"Sid":"a","Effect":"Allow","Action":["s:A"],"Resource":["*"]}]`))
	require.Equal(t, "2012-10-17", d.Version())
	d.Statements()[0].Actions[0] = "*"
	require.Equal(t, []Statement{{Sid: "a", Effect: Allow, Actions: []string{"s:A"}, Resources: []string{"*"}}}, d.Statements())
	require.Empty(t, new(Document).Statements())
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`),
		doc(`[{"Sid":"x","Effect":"Deny","Action":["s3:Get*","a:?"],"Resource":["arn:aws:s3:::b/${a:b, 'c'}/*"]}]`),
		`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s:a","Resource":"arn:a:b:c:d:${"}]}`,
		doc(`{"Effect":"allow","Effect":"Deny"}`), `[[[[`, `{"Version":null}`, "\xff", `{"a":"\ud800"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			var refused *ParseError
			if !errors.As(err, &refused) || d != nil {
				t.Fatalf("err %v, document %v", err, d)
			}
			return
		}
		// What is accepted is whole: each statement can be written again and
		// means the same.
		for i, s := range d.Statements() {
			if (s.Effect != Allow && s.Effect != Deny) || len(s.Actions) == 0 || len(s.Resources) == 0 {
				t.Fatalf("statement %d is not whole: %+v", i, s)
			}
		}
		Evaluate(Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/c/d", Context: map[string][]string{"a:b": {"c"}}}, d)
	})
}

func TestErrorsAreShort(t *testing.T) {
	_, err := Parse([]byte(withResource(strings.Repeat("é", 2000))))
	require.Less(t, len(fmt.Sprint(err)), 400)
}
