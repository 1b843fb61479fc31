package domain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/domain"
)

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"example.com": "example.com", "EXAMPLE.Com": "example.com", "example.com.": "example.com", "a-b.example.co.uk": "a-b.example.co.uk",
		"münchen.de": "xn--mnchen-3ya.de", "MÜNCHEN.de": "xn--mnchen-3ya.de", "xn--mnchen-3ya.de": "xn--mnchen-3ya.de", "XN--MNCHEN-3YA.DE": "xn--mnchen-3ya.de",
		"mu\u0308nchen.de": "xn--mnchen-3ya.de", "ｅxample.com": "example.com", "example。com": "example.com", "faß.de": "xn--fa-hia.de", "1and1.com": "1and1.com",
	} {
		got, err := domain.Canonical(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{
		"", ".", "com", "localhost", "example..com", ".example.com", "example.com..", "-a.com", "a-.com", "a_b.com", "*.example.com", "a b.com", " example.com", "example.com\n",
		"example.com\x00", "192.168.0.1", "[::1]", "::1", "example.com:443", "https://example.com", "example.com/x", "user@example.com", "xn--.com", "xn--a.com", "xn--\xff.com",
		"xn--80ak6aa92e.xn--", "ex\u200bample.com", "\u202eexample.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 150) + "com", "\xff.com", "0x7f.1", "example.1com",
		"a\u2024b", "%65xample.com", "xn--example-.com",
	} {
		got, err := domain.Canonical(in)
		require.ErrorIs(t, err, domain.InvalidDomain, "%q became %q", in, got)
	}
}

// R9: addresses that look like one of a domain and are none.
func TestR9_Addresses(t *testing.T) {
	w := newWorld(t)
	w.mustClaim("contoso", "example.com", "Contoso", true)
	w.mustClaim("münchen", "münchen.de", "Muenchen", false)
	for _, email := range []string{
		"victim@example.com@evil.org", "victim@evil.org@example.com", "@example.com", "example.com", "", "a@", "@", "a@@example.com", `"a"@example.com`, `"a@b"@example.com`,
		`"victim@example.com"@evil.org`, "a b@example.com", " a@example.com", "a@example.com ", "a@example.com\n", "a@example.com\r\nBcc: x", "a\x00@example.com", "a@example.com\x00",
		"a@example.com.", "a@.example.com", "a@example..com", "a@-example.com", "<a@example.com>", "Ada <a@example.com>", "a@[example.com]", "a@[127.0.0.1]", "a(x)@example.com",
		"a@example.com(x)", "a@(x)example.com", "a,b@example.com", "a;b@example.com", "a:b@example.com", `a\@example.com`, "a@example.com,evil.org", "a@example.com;evil.org",
		"a@example.com:25", "a@example.com/x", "a@example.com#", "a@example.com?x", "a@example.com%00.evil.org", "a@evil.org#@example.com", "a@_dmarc.example.com",
		"a@xn--.example.com", "a@xn--example-.com", "a@exаmple.com" /* a Cyrillic letter */, "a@example.com.evil.org", "a@evilexample.com", "a@example.comm", "a@example.co",
		"a\u200b@example.com\u200b", strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("x.", 130) + "example.com", "a\u2028@example.com", "\xff@example.com",
		"mailto:a@example.com", "a@com", "a@localhost", "a\u00a0@example.com",
	} {
		w.goes(email, "")
	}
	for email, want := range map[string]string{
		"a@example.com": "Contoso", "A@EXAMPLE.COM": "Contoso", "a@Sub.Example.com": "Contoso", "o'brien+x@example.com": "Contoso", "ada.@example.com": "Contoso",
		"ж@example.com": "Contoso", "a@example。com": "Contoso", "a@münchen.de": "Muenchen", "a@MÜNCHEN.DE": "Muenchen", "a@xn--mnchen-3ya.de": "Muenchen", "a@XN--MNCHEN-3ya.de": "Muenchen",
	} {
		w.goes(email, want)
	}
}

func FuzzOfEmail(f *testing.F) {
	for _, seed := range []string{"a@example.com", "a@b@c.com", `"a"@x.org`, "a@münchen.de", "a@XN--MNCHEN-3YA.de", "a@example。com", "a@1.2.3.4", "a@x.com.", "ſ@ſ.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, email string) {
		name, err := domain.OfEmail(email)
		if err != nil {
			require.ErrorIs(t, err, domain.InvalidDomain)
			return
		}
		require.Equal(t, 1, strings.Count(email, "@"))
		require.Regexp(t, `^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$`, name)
		again, err := domain.Canonical(name)
		require.NoError(t, err, "%q", name)
		require.Equal(t, name, again)
		same, err := domain.OfEmail("x@" + name)
		require.NoError(t, err)
		require.Equal(t, name, same)
	})
}

func BenchmarkOfEmail(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = domain.OfEmail("ada@mail.example.com")
	}
}
