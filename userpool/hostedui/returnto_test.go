package hostedui

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// evilReturnTo are values that some reader of URLs takes to another origin, or to a script.
var evilReturnTo = []string{
	"//evil.example", "///evil.example", "////evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`,
	"https://evil.example", "http://evil.example", "HTTPS://evil.example", "https:evil.example", "https:/evil.example",
	"https:///evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
	"mailto:a@evil.example", "evil.example", "account", "?next=//evil.example", "#fragment", "/account#//evil.example", "",
	"%2f%2fevil.example", "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5Cevil.example", "/%252fevil.example", "/a%2fb", "/a%2Fb",
	"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "/%09/evil.example",
	"/%0d%0aLocation:%20//evil.example", "/%00", "/a\x00b", "/a\x7fb", "/\u2028evil", "/é", "/.//evil.example", "/..//evil.example",
	"/a/../..//evil.example", "/./evil", "/a/../b", "/a//evil.example", "/%2e%2e//evil.example", "/%2e/evil", "@evil.example", "/%zz",
	"/\"><script>alert(1)</script>", "/" + strings.Repeat("a", maxReturnTo),
}

func TestH3_ReturnToStaysOnTheOrigin(t *testing.T) {
	for _, s := range evilReturnTo {
		_, ok := parseReturnTo(s)
		require.False(t, ok, "%q", s)
	}
	for _, s := range []string{
		"/", "/account", "/reports/2026", "/reports/", "/a-b_c~d.e", "/search?q=a+b&r=%2F%2Fx", "/s?q=https://example.com//x",
		"/oauth2/authorize?client_id=web&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=%0d%0a%25&scope=openid+email",
		"/caf%C3%A9", "/a@b", "/a:b", "/a;b", "/..hidden", "/@evil.example", "/" + strings.Repeat("a", maxReturnTo-1),
	} {
		got, ok := parseReturnTo(s)
		require.True(t, ok, "%q", s)
		require.Equal(t, s, got)
	}
}

func FuzzParseReturnTo(f *testing.F) {
	for _, s := range evilReturnTo {
		f.Add(s)
	}
	f.Add("/account?x=1")
	origin, err := url.Parse("https://id.example.com/auth/login")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseReturnTo(s)
		if !ok {
			require.Empty(t, got)
			return
		}
		require.Equal(t, s, got, "an address is never repaired")
		require.LessOrEqual(t, len(s), maxReturnTo)
		// As a browser resolves it, as a relative reference, and as we send it, behind the origin.
		ref, err := url.Parse(s)
		require.NoError(t, err)
		for _, u := range []*url.URL{origin.ResolveReference(ref), mustParse(t, "https://id.example.com"+s)} {
			require.Equal(t, "https", u.Scheme)
			require.Equal(t, "id.example.com", u.Host)
			require.Nil(t, u.User)
			require.Empty(t, u.Fragment)
		}
		// As a browser reads it that takes "\" for "/", removes tabs and line breaks, and decodes once too often.
		decoded, err := url.PathUnescape(strings.SplitN(s, "?", 2)[0])
		require.NoError(t, err)
		decoded = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(decoded)
		require.False(t, strings.HasPrefix(decoded, "//"))
		require.True(t, strings.HasPrefix(decoded, "/"))
		for i := range len(s) {
			require.True(t, s[i] > ' ' && s[i] < 0x7f)
		}
	})
}

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}
