package message

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

const (
	testCode = "482913"
	testLink = "https://id.example.com/link?token=abc&state=d%20e"
)

func testValues(language string) Values {
	return Values{
		Language: language, Code: testCode, Username: "ada@example.com", Link: testLink, Validity: 10 * time.Minute, Pool: "Example",
		Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600)), Place: "203.0.113.7", Device: "Firefox, Linux", What: SignInBlocked,
		Domain: "example.com",
	}
}

// whats are the things that may have happened, for each kind that says what happened.
var whats = map[string][]string{
	AccountTakeOverNotification: {SignInAllowed, SignInChallenged, SignInBlocked},
	AttributeChanged:            {EmailChanged, PhoneNumberChanged},
	FactorChanged: {
		AuthenticatorAdded, AuthenticatorRemoved, PasskeyAdded, PasskeyRemoved, RecoveryCodesAdded, RecoveryCodesRemoved, RecoveryCodeUsed,
		MFAEnabled, MFADisabled, IdentityLinked, IdentityUnlinked,
	},
}

func builtIn(t *testing.T, kind, language string) Template {
	t.Helper()
	out, ok := BuiltIn(kind, language)
	require.True(t, ok, "%s in %s", kind, language)
	return out
}

// each calls f for every built-in text.
func each(t *testing.T, f func(t *testing.T, kind, language string)) {
	require.Len(t, Kinds(), 14)
	require.Equal(t, []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh-Hans"}, Languages())
	for _, language := range Languages() {
		for _, kind := range Kinds() {
			t.Run(language+" "+kind, func(t *testing.T) { f(t, kind, language) })
		}
	}
}

var leftOpen = regexp.MustCompile(`[{}]|%!|%d`)

func TestTexts(t *testing.T) {
	each(t, func(t *testing.T, kind, language string) {
		template := builtIn(t, kind, language)
		require.NoError(t, Check(kind, template), "built-in texts keep the rules of others")
		v := testValues(language)
		out, err := Render(template, v)
		require.NoError(t, err)
		for _, text := range []string{out.Subject, out.Text, out.HTML, out.SMS} {
			require.NotEmpty(t, strings.TrimSpace(text))
			require.NotRegexp(t, leftOpen, strings.ReplaceAll(text, testLink, ""))
			require.NotContains(t, text, "  ")
		}
		require.NotContains(t, out.Subject+out.Text, "'", "apostrophes are ’ but in an SMS")
		require.NotContains(t, out.Subject, "\n")
		require.NotContains(t, out.Subject, testCode)
		require.Less(t, len(out.Subject), 100)
		require.True(t, strings.HasSuffix(out.Text, "\n") && !strings.HasSuffix(out.Text, "\n\n"))
		require.True(t, strings.HasPrefix(out.Text, "Example\n\n"))
		require.True(t, strings.HasPrefix(out.SMS, "Example"))

		r := rules[kind]
		inText, inSMS := 0, 0
		if r.needed == placeCode {
			inText, inSMS = 1, 1
		}
		if r.has(placeDomain) {
			inSMS = 2
			require.True(t, strings.HasSuffix(out.SMS, "\n\n@example.com #"+testCode), out.SMS)
		}
		require.Equal(t, inText, strings.Count(out.Text, testCode))
		require.Equal(t, inText, strings.Count(out.HTML, testCode))
		require.Equal(t, inSMS, strings.Count(out.SMS, testCode))
		links := 0
		if r.needed == placeLink {
			links = 1
		}
		for _, text := range []string{out.Text, out.SMS} {
			require.Equal(t, links, strings.Count(text, testLink))
			require.Equal(t, links, strings.Count(text, "://"), "no other link")
		}
		if r.needed != "" {
			require.Contains(t, out.Text, localeOf(language).validity(v.Validity))
			require.Contains(t, out.SMS, localeOf(language).validity(v.Validity))
			want := testCode
			if links == 1 {
				want = testLink
			}
			require.Contains(t, out.Text, "\n\n"+want+"\n\n", "in a paragraph of its own")
		}
		require.Equal(t, whats[kind] != nil, strings.Contains(template.Text, placeWhat))
		require.Equal(t, whats[kind] != nil, strings.Contains(template.SMS, placeWhat))
		if r.has(placeTime) {
			for _, want := range []string{"2026-03-04 04:06 UTC", v.Place, v.Device} {
				require.Contains(t, out.Text, want)
				require.Contains(t, out.HTML, want)
			}
		}
		if kind != AdminCreateUser {
			require.NotContains(t, template.Text+template.HTML+template.SMS+template.Subject, placeUsername, "a stranger may choose it")
		}

		v.Domain = ""
		bare, err := Render(template, v)
		require.NoError(t, err)
		require.NotContains(t, bare.SMS, "#")
		require.Equal(t, strings.TrimSpace(bare.SMS), bare.SMS)
		require.Equal(t, min(inSMS, 1), strings.Count(bare.SMS, testCode))
	})
}

// The HTML is whole, stands by itself, has the language of its text, and says the same as the text.
func TestTexts_HTML(t *testing.T) {
	each(t, func(t *testing.T, kind, language string) {
		out, err := Render(builtIn(t, kind, language), testValues(language))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(out.HTML, "<!DOCTYPE html>\n"))
		root, err := html.Parse(strings.NewReader(out.HTML))
		require.NoError(t, err)

		var shown []string
		var links, codes int
		open := map[string]int{}
		for node := range root.Descendants() {
			switch node.Type {
			case html.TextNode:
				parent := node.Parent.Data
				if text := strings.TrimSpace(node.Data); text != "" && parent != "title" {
					shown = append(shown, text)
				}
				if parent == "title" {
					require.Equal(t, out.Subject, node.Data)
				}
				if strings.Contains(node.Data, testCode) {
					require.Equal(t, testCode, node.Data)
					require.Contains(t, attribute(node.Parent, "style"), "font-size:32px")
					codes++
				}
			case html.ElementNode:
				open[node.Data]++
				require.Contains(t, []string{"html", "head", "meta", "title", "body", "div", "p", "br", "a"}, node.Data, "no image, script, table or form")
				for _, a := range node.Attr {
					require.Contains(t, []string{"lang", "dir", "charset", "name", "content", "style", "href"}, a.Key)
					require.NotContains(t, a.Val, "url(")
				}
				switch node.Data {
				case "html":
					require.Equal(t, language, attribute(node, "lang"))
					require.Equal(t, "ltr", attribute(node, "dir"))
				case "a":
					links++
					require.Equal(t, testLink, attribute(node, "href"))
					require.Equal(t, localeOf(language).open, node.FirstChild.Data)
				}
			}
		}
		for _, name := range []string{"html", "head", "title", "body", "div"} {
			require.Equal(t, 1, open[name], name)
		}
		needed := rules[kind].needed
		require.Equal(t, needed == placeCode, codes == 1)
		require.Equal(t, needed == placeLink, links == 1)
		require.NotContains(t, strings.ReplaceAll(out.HTML, "https://id.example.com/", ""), "://", "nothing from elsewhere")

		var said []string
		for line := range strings.Lines(out.Text) {
			if line = strings.TrimSpace(line); line == testLink {
				line = localeOf(language).open
			}
			if line != "" {
				said = append(said, line)
			}
		}
		require.Equal(t, said, shown)
	})
}

func attribute(node *html.Node, key string) string {
	for _, a := range node.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// Nobody gets a text in the wrong language: all differ from the English ones, and within a language no two kinds say the same, but those
// that are meant to.
func TestTexts_Distinct(t *testing.T) {
	for _, l := range locales {
		seen := map[string]string{}
		for kind, text := range l.texts {
			for _, s := range append([]string{text.subject, text.sms}, text.paragraphs[0]) {
				require.Empty(t, seen[s], "%s: %s says %q too", l.tag, kind, s)
				if s != placeWhat {
					seen[s] = kind
				}
			}
			if l != &english {
				require.NotEqual(t, english.texts[kind].subject, text.subject)
				require.NotEqual(t, english.texts[kind].sms, text.sms)
				require.Len(t, text.paragraphs, len(english.texts[kind].paragraphs), "%s %s", l.tag, kind)
				for i, paragraph := range english.texts[kind].paragraphs {
					require.Equal(t, places(paragraph), places(text.paragraphs[i]), "%s %s %d", l.tag, kind, i)
				}
				require.Equal(t, places(english.texts[kind].sms), places(text.sms), "%s %s", l.tag, kind)
			}
		}
		require.Len(t, l.what, 16)
		for what, sentence := range l.what {
			require.Empty(t, seen[sentence])
			seen[sentence] = what
			require.NotEmpty(t, english.what[what])
			require.LessOrEqual(t, len([]rune(sentence)), maxValue)
		}
	}
	for _, list := range whats {
		for _, what := range list {
			require.NotEmpty(t, english.what[what])
		}
	}
}

// places counts the places of values in a text.
func places(s string) map[string]int {
	out := map[string]int{}
	for _, place := range allPlaces {
		if n := strings.Count(s, place); n > 0 {
			out[place] = n
		}
	}
	return out
}

const (
	gsmBasic    = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "^{}\\[~]|€"
)

// segments returns how many short messages a text takes (3GPP TS 23.038 and 23.040).
func segments(s string) int {
	units := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			units++
		case strings.ContainsRune(gsmExtended, r):
			units += 2
		default:
			units = len(utf16.Encode([]rune(s)))
			if units <= 70 {
				return 1
			}
			return (units + 66) / 67
		}
	}
	if units <= 160 {
		return 1
	}
	return (units + 152) / 153
}

func TestTexts_SMSLength(t *testing.T) {
	require.Equal(t, []int{1, 2, 1, 2}, []int{
		segments(strings.Repeat("a", 160)), segments(strings.Repeat("a", 161)), segments(strings.Repeat("ę", 70)), segments(strings.Repeat("ę", 71)),
	})
	each(t, func(t *testing.T, kind, language string) {
		v := testValues(language)
		v.Link = "https://id.example.com/l/0123456789abcdef"
		most := 2
		switch {
		case language == "en":
			most = 1
		case rules[kind].has(placeTime): // rare, and not what strangers can cause
			most = 3
		}
		list := whats[kind]
		if list == nil {
			list = []string{SignInBlocked}
		}
		for _, v.What = range list {
			out, err := Render(builtIn(t, kind, language), v)
			require.NoError(t, err)
			require.LessOrEqual(t, segments(out.SMS), most, "%d characters: %s", len([]rune(out.SMS)), out.SMS)
		}
	})
}

func TestValidity(t *testing.T) {
	for _, test := range []struct {
		d    time.Duration
		want [6]string // en, de, fr, pl, ja, none
	}{
		{time.Second, [6]string{"1 minute", "1 Minute", "1 minute", "1 minutę", "1分間", "1 min"}},
		{time.Minute, [6]string{"1 minute", "1 Minute", "1 minute", "1 minutę", "1分間", "1 min"}},
		{2*time.Minute - 1, [6]string{"1 minute", "1 Minute", "1 minute", "1 minutę", "1分間", "1 min"}},
		{3 * time.Minute, [6]string{"3 minutes", "3 Minuten", "3 minutes", "3 minuty", "3分間", "3 min"}},
		{10 * time.Minute, [6]string{"10 minutes", "10 Minuten", "10 minutes", "10 minut", "10分間", "10 min"}},
		{12 * time.Minute, [6]string{"12 minutes", "12 Minuten", "12 minutes", "12 minut", "12分間", "12 min"}},
		{22 * time.Minute, [6]string{"22 minutes", "22 Minuten", "22 minutes", "22 minuty", "22分間", "22 min"}},
		{time.Hour, [6]string{"1 hour", "1 Stunde", "1 heure", "1 godzinę", "1時間", "1 h"}},
		{90 * time.Minute, [6]string{"90 minutes", "90 Minuten", "90 minutes", "90 minut", "90分間", "90 min"}},
		{3*time.Hour + time.Minute, [6]string{"3 hours", "3 Stunden", "3 heures", "3 godziny", "3時間", "3 h"}},
		{24 * time.Hour, [6]string{"1 day", "1 Tag", "1 jour", "1 dzień", "1日間", "1 d"}},
		{36 * time.Hour, [6]string{"36 hours", "36 Stunden", "36 heures", "36 godzin", "36時間", "36 h"}},
		{7 * 24 * time.Hour, [6]string{"7 days", "7 Tage", "7 jours", "7 dni", "7日間", "7 d"}},
		{365 * 24 * time.Hour, [6]string{"365 days", "365 Tage", "365 jours", "365 dni", "365日間", "365 d"}},
	} {
		for i, language := range []string{"en", "de", "fr", "pl", "ja", "sv"} {
			require.Equal(t, test.want[i], localeOf(language).validity(test.d), "%s in %s", test.d, language)
		}
	}
	for _, l := range locales {
		for n := range int64(200) {
			form := 0
			if l.plural != nil {
				form = l.plural(n)
			}
			require.Less(t, form, len(l.minutes))
			require.Less(t, form, len(l.hours))
			require.Less(t, form, len(l.days))
		}
	}
}
