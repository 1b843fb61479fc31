package middleware

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBearerToken(t *testing.T) {
	for _, test := range []struct {
		values []string
		token  string
		code   Code
	}{
		{[]string{"Bearer mF_9.B5f-4.1JqM"}, "mF_9.B5f-4.1JqM", ""}, // the example of RFC 6750 section 2.1
		{[]string{"bearer a"}, "a", ""},
		{[]string{"BEARER a"}, "a", ""},
		{[]string{"Bearer a=="}, "a==", ""},
		{[]string{"Bearer aA0-._~+/"}, "aA0-._~+/", ""},
		{[]string{"Bearer " + strings.Repeat("a", maxToken)}, strings.Repeat("a", maxToken), ""},

		{nil, "", InvalidRequest},
		{[]string{"Bearer a", "Bearer a"}, "", InvalidRequest},
		{[]string{"Bearer a", ""}, "", InvalidRequest},
		{[]string{""}, "", InvalidRequest},
		{[]string{" "}, "", InvalidRequest},
		{[]string{" Bearer a"}, "", InvalidRequest},
		{[]string{"=Bearer a"}, "", InvalidRequest},
		{[]string{"(Bearer) a"}, "", InvalidRequest},
		{[]string{"\x00"}, "", InvalidRequest},
		{[]string{"Ⓑearer a"}, "", InvalidRequest},
		{[]string{"Bearer"}, "", InvalidRequest},
		{[]string{"Bearer "}, "", InvalidRequest},
		{[]string{"Bearer \t "}, "", InvalidRequest},

		{[]string{"Basic YTpi"}, "", UnsupportedScheme},
		{[]string{"Basic"}, "", UnsupportedScheme},
		{[]string{"DPoP a"}, "", UnsupportedScheme},
		{[]string{"AWS4-HMAC-SHA256 Credential=a"}, "", UnsupportedScheme},
		{[]string{"Bearers a"}, "", UnsupportedScheme},
		{[]string{"Beare a"}, "", UnsupportedScheme},
		{[]string{"X-Bearer a"}, "", UnsupportedScheme},
		{[]string{"eyJhbGciOiJub25lIn0.e30."}, "", UnsupportedScheme},

		{[]string{"Bearer  a"}, "", InvalidToken},
		{[]string{"Bearer\ta"}, "", InvalidToken},
		{[]string{"Bearer a "}, "", InvalidToken},
		{[]string{"Bearer a b"}, "", InvalidToken},
		{[]string{"Bearer a\n"}, "", InvalidToken},
		{[]string{"Bearer a,Bearer b"}, "", InvalidToken},
		{[]string{"Bearer =a"}, "", InvalidToken},
		{[]string{"Bearer a=b"}, "", InvalidToken},
		{[]string{"Bearer ="}, "", InvalidToken},
		{[]string{`Bearer "a"`}, "", InvalidToken},
		{[]string{"Bearer ä"}, "", InvalidToken},
		{[]string{"Bearer:a"}, "", InvalidToken},
		{[]string{"Bearer=a"}, "", InvalidToken},
		{[]string{"Bearer a\x00"}, "", InvalidToken},
		{[]string{"Bearer " + strings.Repeat("a", maxToken+1)}, "", InvalidToken},
	} {
		token, code := bearerToken(test.values)
		require.Equal(t, test.code, code, "%.60q", test.values)
		require.Equal(t, test.token, token)
	}
}

// bearerGrammar is credentials of RFC 6750 section 2.1, with one space.
var bearerGrammar = regexp.MustCompile(`\A(?i:bearer) ([A-Za-z0-9\-._~+/]+=*)\z`)

// FuzzBearerToken compares the parser with the grammar.
func FuzzBearerToken(f *testing.F) {
	for _, seed := range []string{
		"", " ", "Bearer", "Bearer ", "Bearer a", "bearer a==", "Bearer  a", "Bearer\ta", "Bearer a b", "Bearer a=b", "Basic YTpi", "=a", "Bearer Bearer a",
		"Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA", "Bearer a\r\nX: y", "bEaReR ~", "Bearer \x00", "Bearer é", "BEARER =", "ſearer a", "Bearer K",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, code := bearerToken([]string{header})
		match := bearerGrammar.FindStringSubmatch(header)
		switch {
		case match != nil && len(match[1]) <= maxToken:
			if code != "" || token != match[1] {
				t.Fatalf("%q is good, and gave %q, %q", header, token, code)
			}
		case token != "" || code != InvalidToken && code != InvalidRequest && code != UnsupportedScheme:
			t.Fatalf("%q is not good, and gave %q, %q", header, token, code)
		}
		if token, code := bearerToken([]string{header, header}); token != "" || code != InvalidRequest {
			t.Fatalf("two of %q gave %q, %q", header, token, code)
		}
	})
}

// FuzzAcceptsHTML: only a header that names text/html accepts it, and none makes the parser panic.
func FuzzAcceptsHTML(f *testing.F) {
	for _, seed := range []string{"", "text/html", "text/html;q=0", "*/*", "text/html;q=1e309", ";;;,,,", "text/html;q=\"1\"", "TEXT/HTML ; Q=0.5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if acceptsHTML([]string{accept}) && !strings.Contains(strings.ToLower(accept), "text/html") {
			t.Fatalf("%q does not name text/html", accept)
		}
	})
}

// Each Code stands in the table, with a text that fits into the quoted strings of RFC 6750 section 3.
func TestEveryCodeHasAnAnswer(t *testing.T) {
	codes := []Code{
		NoCredentials, UnsupportedScheme, InvalidRequest, InvalidToken, InsufficientScope, MissingGroup, CrossOrigin, Unavailable, Internal,
	}
	require.Len(t, refusals, len(codes))
	texts := map[string]bool{}
	for _, code := range codes {
		what, ok := refusals[code]
		require.True(t, ok, code)
		require.Contains(t, []int{400, 401, 403, 500, 503}, what.status)
		require.True(t, quotable(strings.ReplaceAll(what.text, " ", "")), what.text)
		require.Equal(t, "middleware: "+what.text, code.Error())
		texts[code.Error()] = true
	}
	require.Len(t, texts, len(codes))
	require.Equal(t, "middleware: unknown code", Code("else").Error())
}
