package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// doc wraps statements into a document of the newer version.
func doc(statements string) string {
	return `{"Version":"2012-10-17","Statement":` + statements + `}`
}

// withResource wraps one resource, written as it stands between JSON quotes.
func withResource(resource string) string {
	return doc(`{"Effect":"Allow","Action":"s:a","Resource":"` + resource + `"}`)
}

// withCondition wraps one operator, key and value, which is JSON.
func withCondition(operator, key, value string) string {
	return doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"` + operator + `":{"` + key + `":` + value + `}}}`)
}

func mustParse(t testing.TB, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	require.NoError(t, err)
	return d
}

func mustParseResource(t testing.TB, text string) *Document {
	t.Helper()
	d, err := ParseResource([]byte(text))
	require.NoError(t, err)
	return d
}

func mustParseTrust(t testing.TB, text string) *Document {
	t.Helper()
	d, err := ParseTrust([]byte(text))
	require.NoError(t, err)
	return d
}

// asked is a request whose context is a literal.
type asked struct {
	Action, Resource string
	Context          map[string][]string
}

func context(values map[string][]string) *Context {
	c := new(Context)
	for key, v := range values {
		c.Set(key, v...)
	}
	return c
}

// decide asks documents of the caller.
func decide(r asked, documents ...*Document) Decision {
	p := Policies{Identity: documents}
	return p.Evaluate(&Request{Action: r.Action, Resource: r.Resource, Context: context(r.Context)})
}

// words cuts a line of a table at its bars.
func words(line string) []string {
	out := strings.Split(line, "|")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}
