package signin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedirect(t *testing.T) {
	const to = "https://idp.example/authorize?state=s&scope=openid%20email"
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead} {
		w := httptest.NewRecorder()
		Redirect(to).ServeHTTP(w, httptest.NewRequest(method, "https://app.example/login", strings.NewReader("password=x")))
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Equal(t, http.Header{"Location": {to}, "Cache-Control": {"no-store"}, "Referrer-Policy": {"no-referrer"}}, w.Header())
		require.Empty(t, w.Body.Bytes())
	}
}

// The vector is that of RFC 7636, appendix B.
func TestHash(t *testing.T) {
	require.Equal(t, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Hash("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
	require.Len(t, Hash(""), 43)
}

func TestEqual(t *testing.T) {
	require.True(t, Equal("", ""))
	require.True(t, Equal("abc", "abc"))
	for _, other := range []string{"", "ab", "abd", "ABC", "abcd", "abc\x00"} {
		require.False(t, Equal("abc", other), "%q", other)
	}
}

func TestR9_OneAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"alice@contoso.example": true, "a.b+c@xn--bcher-kva.example": true, "alice@bücher.example": true,
		"": false, "alice": false, "@contoso.example": false, "alice@": false, "victim@contoso.example@evil.example": false, `"a"@contoso.example`: false,
		"alice@contoso..example": false, "alice@-contoso.example": false, "alice@contoso.example\n": false, "al ice@contoso.example": false,
		"al\u200bice@contoso.example": false, "alice@contoso.exa\u200bmple": false, "alice@contoso.example,bob@x.example": false, strings.Repeat("a", 250) + "@b.example": false,
	} {
		require.Equal(t, want, IsOneAddress(address), "%q", address)
	}
}

func FuzzOneAddress(f *testing.F) {
	for _, seed := range []string{"a@x.example", "a@b@c", `"a"@x`, "a@", "ä@ö.example", "a\u200b@x", "a@xn--a.example", "a@[::1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if IsOneAddress(s) {
			require.Equal(t, 1, strings.Count(s, "@"))
			require.False(t, strings.ContainsAny(s, " \t\r\n\"<>,;:\x00"))
		}
	})
}
