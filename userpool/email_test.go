package userpool

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two spellings of one address are one account; what looks like another's address is none.
func TestU21_CanonicalEmail(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.com":                        "ada@example.com",
		"ADA@Example.COM":                        "ada@example.com",
		" ada@example.com ":                      "ada@example.com",
		"ada+tag@example.com":                    "ada+tag@example.com",
		"o'brien@example.com":                    "o'brien@example.com",
		"a.b.c@example.co.uk":                    "a.b.c@example.co.uk",
		"ada@bücher.example":                     "ada@xn--bcher-kva.example",
		"ada@BÜCHER.example":                     "ada@xn--bcher-kva.example",
		"ada@bu\u0308cher.example":               "ada@xn--bcher-kva.example",
		"ada@xn--bcher-kva.example":              "ada@xn--bcher-kva.example",
		"ada@ｅｘａｍｐｌｅ.com":                        "ada@example.com",
		"ada@example。com":                        "ada@example.com",
		"\u212Aelvin@example.com":                "", // KELVIN SIGN
		"İada@example.com":                       "", // dotted capital I
		"adaı@example.com":                       "", // dotless i
		"аda@example.com":                        "", // Cyrillic a
		"ada\u200b@example.com":                  "", // zero-width space
		"ada@exam\u200bple.com":                  "ada@example.com",
		"\u202eada@example.com":                  "", // right-to-left override
		"ａda@example.com":                        "", // full width
		"ada@example.com\u00a0":                  "", // no-break space
		"ada@@example.com":                       "",
		"victim@x@evil.example":                  "",
		`"a"@example.com`:                        "",
		"ada":                                    "",
		"@example.com":                           "",
		"ada@":                                   "",
		"ada@.example.com":                       "",
		"ada@example..com":                       "",
		"ada@example.com.":                       "",
		"ada@-example.com":                       "",
		"ada@[127.0.0.1]":                        "",
		"ada@localhost":                          "",
		".ada@example.com":                       "",
		"ada.@example.com":                       "",
		"a..b@example.com":                       "",
		"a b@example.com":                        "",
		"ada@exa mple.com":                       "",
		"ada@example.com\r\nBcc: x@example.com":  "",
		"<ada@example.com>":                      "",
		"Ada <ada@example.com>":                  "",
		"ada@example.com,bob@example.com":        "",
		strings.Repeat("a", 65) + "@example.com": "",
		strings.Repeat("a", 64) + "@example.com": strings.Repeat("a", 64) + "@example.com",
		"a@" + strings.Repeat("a", 64) + ".com":  "",
	} {
		got, err := canonicalEmail(in)
		require.Equal(t, want, got, "%q", in)
		require.Equal(t, want == "", err != nil, "%q", in)
	}
}

// A canonical address is its own canonical form, is plain ASCII, and has one at sign.
func FuzzCanonicalEmail(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "ADA@bücher.example", "a@b@c.d", "\u212A@example.com", "a@exam\u200bple.com", " x@y.z ", "a@xn--a.b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := canonicalEmail(in)
		if err != nil {
			return
		}
		again, err := canonicalEmail(got)
		if err != nil || again != got {
			t.Fatalf("%q becomes %q, which becomes %q, %v", in, got, again, err)
		}
		if strings.Count(got, "@") != 1 || strings.ToLower(got) != got || strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Fatalf("%q becomes %q", in, got)
		}
	})
}

func FuzzParseRefreshToken(f *testing.F) {
	f.Add(strings.Repeat("a", 22) + ".1." + strings.Repeat("b", 43) + "." + strings.Repeat("c", 43))
	f.Add("...")
	f.Add(strings.Repeat("a", 22) + ".-1." + strings.Repeat("b", 43) + "." + strings.Repeat("c", 43))
	f.Fuzz(func(t *testing.T, in string) {
		token, ok := parseRefreshToken(in)
		if ok && formatRefreshToken(Session{ID: token.session, Generation: token.generation}, token.family, token.secret) != in {
			t.Fatalf("%q has another spelling", in)
		}
	})
}

func TestMaskEmail(t *testing.T) {
	require.Equal(t, "f***@e***", maskEmail("foo@example.com"))
	require.Equal(t, "***", maskEmail("nonsense"))
}
