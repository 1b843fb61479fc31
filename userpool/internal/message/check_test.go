package message

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

const page = `<!doctype html><html lang="en"><head><meta charset=utf-8><meta http-equiv="Content-Type" content='text/html'>
<style media="screen">p { color: red } @media print { p { color: black } }</style><title>{pool}</title></head>
<body style="margin: 0"><!-- a note > --><!--[if mso]><table><tr><td><![endif]--><p class=big>{####}</p><br/><hr /><o:p>&nbsp;</o:p>
<img src="https://example.com/logo.png" alt=""> 3 > 2 &lt; 4</body></html>`

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		kind string
		t    Template
		want string // "" if it is right
	}{
		{SignUp, Template{Subject: "Welcome to {pool}, {username}: {####}"}, ""},
		{SignUp, Template{Text: "{####} {####} {validity} {pool}\r\n\tbye\n"}, ""},
		{SignUp, Template{Text: "{####}", HTML: page}, ""},
		{SignUp, Template{SMS: "{####}\n\n@{domain} #{####}"}, ""},
		{AdminCreateUser, Template{SMS: "{username} {####}"}, ""},
		{SignInLink, Template{Text: "{link}", HTML: `<a class="x" HREF = '{link}' title=x>{link}</a>`}, ""},
		{FactorChanged, Template{Text: "{what} {time} {place} {device} {username} {pool}"}, ""},
		{AccountExists, Template{SMS: "Hello"}, ""},

		{"Signup", Template{Subject: "x"}, `"Signup" is no kind of message; there are AccountExists, `},
		{"", Template{Subject: "x"}, `"" is no kind of message`},
		{SignUp, Template{}, "the template of SignUp is empty"},
		{SignUp, Template{HTML: "<p>{####}</p>"}, "HTML of SignUp has no Text beside it"},

		{SignUp, Template{Subject: "a\r\nBcc: eve@example.com"}, "Subject of SignUp has a line break"},
		{SignUp, Template{Subject: "a\n"}, "Subject of SignUp has a line break"},
		{SignUp, Template{Subject: "a\x00"}, "Subject of SignUp has a line break"},
		{SignUp, Template{Subject: "a\u2028b"}, "Subject of SignUp has a line break"},
		{SignUp, Template{Subject: "a\xff"}, "or is not UTF-8"},
		{SignUp, Template{Subject: "  "}, "Subject of SignUp has 2 characters"},
		{SignUp, Template{Subject: strings.Repeat("é", 141)}, "has 141 characters: it must have 1 to 140"},
		{SignUp, Template{Subject: "{link}"}, `has "{link}", which is no place of a value there: there are {####}, {username}, {validity}, {pool}, and`},
		{AccountExists, Template{Subject: "{####}"}, `Subject of AccountExists has "{####}"`},
		{PasswordChanged, Template{Subject: "{what}"}, `"{what}"`},

		{SignUp, Template{Text: "hello"}, "Text of SignUp lacks {####}, the place of the code"},
		{SignInLink, Template{Text: "hello"}, "Text of SignInLink lacks {link}, the place of the link"},
		{SignUp, Template{Text: "{####}", HTML: "<p>hello</p>"}, "HTML of SignUp lacks {####}"},
		{SignUp, Template{SMS: "hello"}, "SMS of SignUp lacks {####}"},
		{SignUp, Template{SMS: "hello\n@{domain} #{####}"}, "SMS of SignUp lacks {####}"},
		{SignUp, Template{Text: "{####} {code}"}, `has "{code}", which is no place`},
		{SignUp, Template{Text: "{####} {{.Code}}"}, `has "{{.Code}"`},
		{SignUp, Template{Text: "{####} {##Click here##}"}, `has "{##Click here##}"`},
		{SignUp, Template{Text: "{####} {Username}"}, `has "{Username}"`},
		{SignUp, Template{Text: "{####} }"}, `has "}"`},
		{SignUp, Template{Text: "{####} {" + strings.Repeat("界", 1000)}, `has "{` + strings.Repeat("界", 23) + `"`},
		{SignUp, Template{Text: "{####} \x1b[31m"}, "Text of SignUp has a control character"},
		{SignUp, Template{Text: "{####} \xff"}, "or is not UTF-8"},
		{SignUp, Template{Text: " \n"}, "has only spaces"},
		{SignUp, Template{Text: "{####}" + strings.Repeat("x", 20_000)}, "has 20006 bytes: it must have at most 20000"},
		{SignUp, Template{Text: strings.Repeat("{####}", 21)}, "has more than 20 places of values"},
		{SignUp, Template{SMS: "{####}" + strings.Repeat("é", 475)}, "SMS of SignUp has 481 characters: it must have at most 480"},
		{SignUp, Template{SMS: "{####} @{domain} #{####}"}, `it is for codes only, in the last line of an SMS, which is "@{domain} #{####}"`},
		{SignUp, Template{SMS: "{####}\n@{domain} #{####}\nbye"}, "has {domain} where it cannot be"},
		{SignUp, Template{Text: "{####}\n@{domain} #{####}"}, "has {domain} where it cannot be"},
		{AdminCreateUser, Template{SMS: "{username} {####}\n@{domain} #{####}"}, "has {domain} where it cannot be"},
	} {
		err := Check(test.kind, test.t)
		if test.want == "" {
			require.NoError(t, err, "%+v", test.t)
			continue
		}
		require.ErrorContains(t, err, test.want)
		require.Less(t, len(err.Error()), 500)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestCheck_HTML(t *testing.T) {
	for bad, want := range map[string]string{
		`<script>{####}</script>`:          "has a script element",
		`<SCRIPT src=x></SCRIPT>`:          "has a script element",
		`</script>`:                        "has a script element",
		`<svg><style>{pool}</style></svg>`: "has a svg element",
		`<iframe src=x>`:                   "has a iframe element",
		`<textarea>`:                       "has a textarea element",
		`<p onclick="x()">`:                `has an attribute "onclick"`,
		`<p title="x" ONLOAD=x>`:           `has an attribute "ONLOAD"`,
		`<p title="{username}">`:           "has a brace in the tag",
		`<p {username}>`:                   "which is no tag",
		`<{username}>`:                     "which is no tag",
		`<p title={username}>`:             "which is no tag",
		`<a href="https://example.com/?u={username}">x</a>`: "has a brace in the tag",
		`<a href="{link}">x</a>`:                            "has a brace in the tag", // SignUp has no link
		`<style>p { content: "{username}" }</style>`:        "has {username} in a style element",
		`<style>p { content: "</p>" }</style>`:              `or with a "<" in it`,
		`<style>p {}`:                                       "has a style element without an end",
		`<style/>{username}`:                                "has a style element without an end",
		`<!-- {####} -->`:                                   "has a brace in a comment",
		`<!-- x`:                                            "has a comment that is not closed",
		`<!--> {####} -->`:                                  "or is closed twice",
		`<!---> {####} -->`:                                 "or is closed twice",
		`<!-- x --!> <p title="-->`:                         "or is closed twice",
		`<![CDATA[ x ]]>`:                                   "which is no tag",
		`<?php x ?>`:                                        "which is no tag",
		`a < b`:                                             "which is no tag",
		`<p title="a>b`:                                     "which is no tag",
		`<p title="a"class="b">`:                            "which is no tag",
		`<p title="<b>">`:                                   "which is no tag",
		`<p title=a"b>`:                                     "which is no tag",
		`<p`:                                                "which is no tag",
		`<>`:                                                "which is no tag",
		`</>`:                                               "which is no tag",
		`<p>{code}</p>`:                                     `has "{code}"`,
		`<p>{link}</p>`:                                     `has "{link}"`,
		`<p>` + strings.Repeat("{pool}<b>", 20):             "more than 20 places",
		`<!doctype html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//">`: "which is no tag",
	} {
		err := Check(SignUp, Template{Text: "{####}", HTML: "<p>{####}</p>" + bad})
		require.ErrorContains(t, err, want, bad)
		require.ErrorContains(t, err, "HTML of SignUp ", bad)
	}
	for _, bad := range []string{
		`<p title="{link}">`, `<link href="{link}">`, `<base href="{link}">`, `<area href="{link}">`, `<a href="{link}{link}">`, `<a href="{link}&x">`,
		`<a href={link}>`, `<a data-href="{link}">`, `<!-- href="{link}" -->`, strings.Repeat(`<a href="{link}">`, 21),
	} {
		require.Error(t, Check(SignInLink, Template{Text: "{link}", HTML: `<a href="{link}">x</a>` + bad}), bad)
	}
}

func TestOverride(t *testing.T) {
	built := builtIn(t, SignUp, "de")
	out, err := Override(SignUp, "de-AT", Template{Subject: "Servus"})
	require.NoError(t, err)
	require.Equal(t, Template{Subject: "Servus", Text: built.Text, HTML: built.HTML, SMS: built.SMS}, out)

	out, err = Override(SignUp, "de", Template{SMS: "{####}"})
	require.NoError(t, err)
	require.Equal(t, Template{Subject: built.Subject, Text: built.Text, HTML: built.HTML, SMS: "{####}"}, out)

	out, err = Override(SignUp, "sv", Template{Subject: "Din kod & mer", Text: "Hej <du>!\r\nDin kod:\r\n\r\n{####}\r\n\r\n\r\nBara {validity}.\r\n\r\n"})
	require.NoError(t, err)
	require.Equal(t, builtIn(t, SignUp, "en").SMS, out.SMS)
	require.Equal(t, "Hej <du>!\nDin kod:\n\n{####}\n\n\nBara {validity}.\n", out.Text)
	require.NoError(t, Check(SignUp, out))
	for _, want := range []string{
		`<html lang="sv" dir="ltr">`, "<title>Din kod &amp; mer</title>", ">Hej &lt;du&gt;!<br>\nDin kod:</p>", "font-size:32px", ">Bara {validity}.</p>",
	} {
		require.Contains(t, out.HTML, want)
	}
	require.Equal(t, 4, strings.Count(out.HTML, "<p "))
	rendered, err := Render(out, testValues("sv"))
	require.NoError(t, err)
	require.Contains(t, rendered.Text, "Bara 10 min.")

	out, err = Override(SignInLink, "ar", Template{Text: "{link}", SMS: "x {link}"})
	require.NoError(t, err)
	require.Contains(t, out.HTML, `<html lang="ar" dir="rtl">`)
	require.Contains(t, out.HTML, `>{link}</a>`, "no words for the button are known")
	out, err = Override(SignInLink, "fr-CA", Template{Text: "{link}"})
	require.NoError(t, err)
	require.Contains(t, out.HTML, `>Se connecter</a>`)
	require.Contains(t, out.HTML, `lang="fr-CA"`)

	own := Template{Subject: "s", Text: "{####}\n", HTML: "<p>{####}", SMS: "{####}"}
	out, err = Override(SignUp, "en", own)
	require.NoError(t, err)
	require.Equal(t, own, out)

	for _, language := range []string{"", "und", "x y", "\"><script>", "../../etc", strings.Repeat("a-", 50)} {
		_, err = Override(SignUp, language, own)
		require.ErrorContains(t, err, "language tag", language)
	}
	_, err = Override(SignUp, "en", Template{})
	require.ErrorContains(t, err, "is empty")
	_, err = Override("x", "en", own)
	require.ErrorContains(t, err, "no kind")
}

func TestBuiltIn(t *testing.T) {
	_, ok := BuiltIn("x", "en")
	require.False(t, ok)
	for _, language := range []string{"", "sv", "zh-TW", "zh-Hant", "und", "x", "../de", strings.Repeat("de-", 1000)} {
		_, ok = BuiltIn(SignUp, language)
		require.False(t, ok, language)
	}
	for variant, language := range map[string]string{"de-CH": "de", "zh-CN": "zh-Hans", "zh": "zh-Hans", "pt-PT": "pt", "EN": "en", "nl_BE": "nl"} {
		require.Equal(t, builtIn(t, SignUp, language), builtIn(t, SignUp, variant))
	}
}

// The rule about braces in HTML is one about what a parser makes of it: values are always text, or the whole of an href.
func TestU34_Places(t *testing.T) {
	require.NoError(t, Check(SignUp, Template{Text: "{####}", HTML: page}))
	v := testValues("en")
	v.Code, v.Pool = `"'><script>&{pool}`, "</title><script>x</script>"
	out, err := Render(Template{HTML: page}, v)
	require.NoError(t, err)
	require.Equal(t, structure(t, Template{HTML: page}, testValues("en")), structure(t, Template{HTML: page}, v))
	root, err := html.Parse(strings.NewReader(out.HTML))
	require.NoError(t, err)
	var texts []string
	for node := range root.Descendants() {
		if node.Type == html.TextNode {
			texts = append(texts, node.Data)
		}
	}
	require.Contains(t, texts, v.Code)
	require.Contains(t, texts, v.Pool)
}
