package message

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// wide is a Template with a place for every value, in every text.
var wide = Template{
	Subject: "{pool} {username}",
	Text:    "{####}|{username}|{link}|{validity}|{pool}|{time}|{place}|{device}|{what}",
	HTML:    `<p>{####}|{username}|<a href="{link}" title="x">{link}</a>|{validity}|{pool}|{time}|{place}|{device}|{what}</p>`,
	SMS:     "{####} {pool} {username}\n\n@{domain} #{####}",
}

// U34: a value that looks like something else stays text.
func TestU34_Values(t *testing.T) {
	long := strings.Repeat("x", 199) + "…"
	for _, test := range []struct{ value, plain, escaped string }{
		{"{####}", "{####}", "{####}"},
		{"{username}{link}{domain}", "{username}{link}{domain}", "{username}{link}{domain}"},
		{"{{.Code}}", "{{.Code}}", "{{.Code}}"},
		{"{#{####}###}", "{#{####}###}", "{#{####}###}"},
		{"%s%d%!", "%s%d%!", "%s%d%!"},
		{"$1 ${code} \\1", "$1 ${code} \\1", "$1 ${code} \\1"},
		{"<script>alert(1)</script>", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
		{`"><img src=x onerror='a'>`, `"><img src=x onerror='a'>`, "&#34;&gt;&lt;img src=x onerror=&#39;a&#39;&gt;"},
		{"Tom & &amp; Jerry", "Tom & &amp; Jerry", "Tom &amp; &amp;amp; Jerry"},
		{"--><!--", "--><!--", "--&gt;&lt;!--"},
		{"a\r\nBcc: eve@example.com", "a Bcc: eve@example.com", "a Bcc: eve@example.com"},
		{"a\nb\rc\td\u0085e\u2028f\u2029g\u00a0h", "a b c d e f g h", "a b c d e f g h"},
		{" \n a  b \x00\n ", "a b", "a b"},
		{"a\x00b\x1b[31mc\x7f\u009f", "ab[31mc", "ab[31mc"},
		{"\u202eevil\u202c\u2066x\u2069\u200b\ufeff", "evilx", "evilx"},
		{"नमस्\u200dते نمی\u200cخواهم", "नमस्\u200dते نمی\u200cخواهم", "नमस्\u200dते نمی\u200cخواهم"},
		{"Ådá 張三 🎉", "Ådá 張三 🎉", "Ådá 張三 🎉"},
		{"a\xffb\xc3", "a\ufffdb\ufffd", "a\ufffdb\ufffd"},
		{strings.Repeat("x", 200), strings.Repeat("x", 200), strings.Repeat("x", 200)},
		{strings.Repeat("x", 201), long, long},
		{strings.Repeat("x", 10<<10), long, long},
		{strings.Repeat("\x00", 10<<10) + "x", "x", "x"},
		{strings.Repeat("界", 10<<10), strings.Repeat("界", 199) + "…", strings.Repeat("界", 199) + "…"},
		{strings.Repeat("x ", 200), strings.Repeat("x ", 99) + "x…", strings.Repeat("x ", 99) + "x…"},
		{strings.Repeat("<", 10<<10), strings.Repeat("<", 199) + "…", strings.Repeat("&lt;", 199) + "…"},
	} {
		v := testValues("en")
		v.Username, v.Pool, v.Place, v.Device, v.What = test.value, test.value, test.value, test.value, test.value
		out, err := Render(wide, v)
		require.NoError(t, err, "%q", test.value)
		p, e := test.plain, test.escaped
		require.Equal(t, strings.Join([]string{testCode, p, testLink, "10 minutes", p, "2026-03-04 04:06 UTC", p, p, p}, "|"), out.Text)
		link := strings.ReplaceAll(testLink, "&", "&amp;")
		link = `<a href="` + link + `" title="x">` + link + `</a>`
		require.Equal(t, "<p>"+strings.Join([]string{testCode, e, link, "10 minutes", e, "2026-03-04 04:06 UTC", e, e, e}, "|")+"</p>", out.HTML)
		require.Equal(t, testCode+" "+p+" "+p+"\n\n@example.com #"+testCode, out.SMS)
		require.NotContains(t, out.Subject, "\n")
		require.LessOrEqual(t, len([]rune(out.Subject)), 120)
		require.LessOrEqual(t, len(out.Subject), 500, "as senders take it")
		if len(p) < 50 {
			require.Equal(t, p+" "+p, out.Subject)
		}
	}
}

// A password is put in as it is, whatever is in it.
func TestU34_Password(t *testing.T) {
	for _, password := range []string{`<b>&"'{####}{username}`, "two  spaces", "Pä55wörd 👩\u200d💻", strings.Repeat("a", 256)} {
		v := testValues("en")
		v.Code = password
		out, err := Render(builtIn(t, AdminCreateUser, "en"), v)
		require.NoError(t, err)
		require.Contains(t, out.Text, "\n\n"+password+"\n\n")
		require.Contains(t, out.SMS, ": "+password+"\n")
		root, err := html.Parse(strings.NewReader(out.HTML))
		require.NoError(t, err)
		found := 0
		for node := range root.Descendants() {
			if node.Type == html.TextNode && node.Data == password {
				require.Contains(t, attribute(node.Parent, "style"), "white-space:pre-wrap")
				found++
			}
		}
		require.Equal(t, 1, found)
	}
}

func TestRender_Refuses(t *testing.T) {
	const secret = "s3cr3t-canary"
	for want, list := range map[string][]func(*Values){
		"Code is missing": {
			func(v *Values) { v.Code = "" }, func(v *Values) { v.Code = " " }, func(v *Values) { v.Code = secret + "\n" },
			func(v *Values) { v.Code = secret + "\x00" }, func(v *Values) { v.Code = secret + "\xff" },
			func(v *Values) { v.Code = secret + strings.Repeat("x", 256) }, func(v *Values) { v.Code = secret + "\u2028" },
		},
		"Code has a space": {func(v *Values) { v.Code = secret + " x" }},
		"Link is missing": {
			func(v *Values) { v.Link = "" }, func(v *Values) { v.Link = "javascript:alert('" + secret + "')" },
			func(v *Values) { v.Link = "data:text/html," + secret }, func(v *Values) { v.Link = "//example.com/" + secret },
			func(v *Values) { v.Link = "https:///" + secret }, func(v *Values) { v.Link = "https://:80/" + secret },
			func(v *Values) { v.Link = "https://eve@example.com/" + secret }, func(v *Values) { v.Link = "https:example.com/" + secret },
			func(v *Values) { v.Link = "https://example.com/\"" + secret }, func(v *Values) { v.Link = "https://example.com/ " + secret },
			func(v *Values) { v.Link = "https://example.com/\n" + secret }, func(v *Values) { v.Link = "https://example.com/<" + secret },
			func(v *Values) { v.Link = "https://example.com/{####}" + secret }, func(v *Values) { v.Link = "https://example.com\\@evil/" + secret },
			func(v *Values) { v.Link = "https://exämple.com/" + secret }, func(v *Values) { v.Link = "https://example.com/%zz" + secret },
			func(v *Values) { v.Link = "https://example.com/" + strings.Repeat("x", 2000) + secret }, func(v *Values) { v.Link = "ftp://example.com/" + secret },
		},
		"Username is missing": {func(v *Values) { v.Username = "" }, func(v *Values) { v.Username = "\n\x00" }},
		"Pool is missing":     {func(v *Values) { v.Pool = "" }, func(v *Values) { v.Pool = "\u202e " }},
		"What is missing":     {func(v *Values) { v.What = "" }},
		"Validity is 0s":      {func(v *Values) { v.Validity = 0 }},
		"Validity is -1s":     {func(v *Values) { v.Validity = -time.Second }},
		"Domain is not": {
			func(v *Values) { v.Domain = secret + " #1" }, func(v *Values) { v.Domain = secret + "\n@evil" }, func(v *Values) { v.Domain = "https://" + secret },
			func(v *Values) { v.Domain = "exämple.com" + secret }, func(v *Values) { v.Domain = strings.Repeat("a.", 200) + secret },
			func(v *Values) { v.Domain = secret + ":80" }, func(v *Values) { v.Domain = "Example.com" + secret },
		},
	} {
		for _, change := range list {
			v := testValues("en")
			change(&v)
			out, err := Render(wide, v)
			require.ErrorContains(t, err, want)
			require.Equal(t, Rendered{}, out)
			require.NotContains(t, err.Error(), secret, "H12")
		}
	}
	for _, good := range []string{"http://localhost:8080/x", "https://[::1]/x?y#z", "HTTPS://EXAMPLE.com"} {
		require.True(t, isLink(good), good)
	}
	_, err := Render(Template{Subject: "a\nb"}, Values{})
	require.ErrorContains(t, err, "the subject has a control character")
	_, err = Render(Template{Text: strings.Repeat("x", 64<<10+1)}, Values{})
	require.ErrorContains(t, err, "more than 65536 bytes")
}

func TestRender_NotKnown(t *testing.T) {
	for language, want := range map[string]string{"en": "Place: not known\nDevice: not known", "de": "Ort: nicht bekannt\nGerät: nicht bekannt", "ja": "場所：不明\n端末：不明"} {
		v := testValues(language)
		v.Time, v.Place, v.Device, v.Code, v.Link, v.Username = time.Time{}, "", "\n", "", "", ""
		out, err := Render(builtIn(t, PasswordChanged, language), v)
		require.NoError(t, err, "only what has a place is wanted")
		require.Contains(t, out.Text, want)
		require.Contains(t, out.HTML, localeOf(language).unknown)
	}
	out, err := Render(Template{Text: "{time} {validity} {what} {pool}"}, Values{Language: "sv", Validity: time.Hour, What: PasskeyAdded, Pool: "x"})
	require.NoError(t, err)
	require.Equal(t, "– 1 h A passkey was added to your account. x", out.Text)
}

func TestRender_What(t *testing.T) {
	for _, language := range Languages() {
		v := testValues(language)
		v.What = PasskeyAdded
		out, err := Render(builtIn(t, FactorChanged, language), v)
		require.NoError(t, err)
		require.Contains(t, out.Text, localeOf(language).what[PasskeyAdded])
		require.Contains(t, out.SMS, strings.ReplaceAll(localeOf(language).what[PasskeyAdded], "’", "'"))
		require.NotContains(t, out.SMS, "’")
		require.NotContains(t, out.Text+out.HTML+out.SMS, PasskeyAdded)
		v.What = "Something <else>."
		out, err = Render(builtIn(t, FactorChanged, language), v)
		require.NoError(t, err)
		require.Contains(t, out.HTML, "Something &lt;else&gt;.")
	}
}

func BenchmarkRender(b *testing.B) {
	for b.Loop() {
		t, _ := BuiltIn(SignUp, Pick(Languages(), "de-CH", "fr"))
		if _, err := Render(t, testValues("de")); err != nil {
			b.Fatal(err)
		}
	}
}
