package message

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// structure returns what a parser of HTML finds in a rendered message, without the text and the links.
func structure(t *testing.T, template Template, v Values) []string {
	t.Helper()
	out, err := Render(template, v)
	require.NoError(t, err)
	var found []string
	for z := html.NewTokenizer(strings.NewReader(out.HTML)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type == html.TextToken {
			continue
		}
		found = append(found, token.Type.String()+token.Data)
		for _, a := range token.Attr {
			if a.Key == "href" && a.Val == v.Link {
				a.Val = "link"
			}
			found = append(found, a.Key+"="+a.Val)
		}
	}
	root, err := html.Parse(strings.NewReader(out.HTML))
	require.NoError(t, err)
	for node := range root.Descendants() {
		if node.Type == html.ElementNode {
			found = append(found, node.Data)
		}
	}
	return found
}

// U34: whatever values are, built-in messages keep their form.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{
		"ada", "{####}", "{{.Code}}", "<script>", "\r\nBcc: eve@example.com", "\u202e", "\xff", "'\"><a href=javascript:alert(1)>", "&#x3c;", "</title>", "…",
		strings.Repeat("x", 300), "\x00", "%s", "-->", "{username",
	} {
		f.Add(seed, "482913", "https://example.com/", uint8(4))
	}
	f.Add("x", `<p>'"&{link}`, "http://x/'&\"", uint8(8))
	f.Fuzz(func(t *testing.T, value, code, link string, choice uint8) {
		kind := Kinds()[int(choice)%len(Kinds())]
		language := Languages()[int(choice)/len(Kinds())%len(Languages())]
		template := builtIn(t, kind, language)
		v := testValues(language)
		v.Username, v.Pool, v.Place, v.Device, v.What, v.Code, v.Link = value, value, value, value, value, code, link
		out, err := Render(template, v)
		if err != nil {
			require.Equal(t, Rendered{}, out)
			return
		}
		for _, text := range []string{out.Subject, out.Text, out.HTML, out.SMS} {
			require.True(t, utf8.ValidString(text))
			require.False(t, strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }))
		}
		require.NotContains(t, out.Subject, "\n")
		require.Equal(t, strings.Count(template.Text, "\n"), strings.Count(out.Text, "\n"))
		require.Equal(t, strings.Count(template.SMS, "\n"), strings.Count(out.SMS, "\n"))
		if rules[kind].needed == placeCode {
			require.Contains(t, out.Text, "\n\n"+code+"\n\n")
			require.Contains(t, out.SMS, code)
		}
		require.Equal(t, structure(t, template, testValues(language)), structure(t, template, v))
	})
}

// U34: what Check lets through is filled in, and keeps its form whatever the values are.
func FuzzCheck(f *testing.F) {
	f.Add("Code for {pool}", "{####}", page, "{####}\n@{domain} #{####}", uint8(11))
	f.Add("", "{link}", `<a href="{link}">x</a>`, "{link}", uint8(10))
	for _, seed := range []string{
		"<!--{####}-->", "<p title='{####}'>{####}", "<style>{####}</style>{####}", "<title>{####}</title>", "<a href='{link}'>{####}", "<b {####}>",
		"<svg><style><p>{####}", "<!-->{####}-->", "</p {####}>", "<p\x0c>{####}", "<table>{####}</table>", "{####}<", "<select><style></select>{####}", "<p/>{####}",
		"<a href=\"{link}\" href='{link}'>{####}", "<a title=' href=\"{link}\"'>{####}", "&{####};", "<pre>\n{####}", "<a b='<'>{####}",
		"<title><style>{####}</title>", "<p a=b/>{####}", "<br>\r\n{####}",
	} {
		f.Add(seed, "{####}", seed, seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, subject, text, page, sms string, choice uint8) {
		kind := Kinds()[int(choice)%len(Kinds())]
		template, err := Override(kind, "sv", Template{Subject: subject, Text: text, HTML: page, SMS: sms})
		if err != nil {
			require.Equal(t, Template{}, template)
			require.Less(t, len(err.Error()), 600)
			return
		}
		plain, hostile := testValues("sv"), testValues("sv")
		hostile.Username = `'"><script>alert(1)</script>`
		hostile.Pool, hostile.Place, hostile.Device, hostile.What = "</style></title>-->", "<!--", "' onclick=x y='", "{####}</p><p>"
		hostile.Code, hostile.Link = `<b>"'&{pool}`, "https://example.com/?'&lt;&quot;"
		out, err := Render(template, hostile)
		require.NoError(t, err)
		require.NotContains(t, out.Subject, "\n")
		for _, text := range []string{out.Subject, out.Text, out.HTML, out.SMS} {
			require.True(t, utf8.ValidString(text))
			if r := rules[kind]; text != out.Subject && r.needed == placeCode {
				require.True(t, strings.Contains(text, hostile.Code) || strings.Contains(text, html.EscapeString(hostile.Code)))
			}
		}
		require.Equal(t, structure(t, template, plain), structure(t, template, hostile))
	})
}
