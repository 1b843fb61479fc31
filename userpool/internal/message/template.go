package message

import (
	"cmp"
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

// Template is a message before its values are put in.
type Template struct {
	// Subject is the subject of an e-mail: one line of at most 140 characters.
	Subject string
	// Text is the e-mail in plain text, at most 20,000 bytes. Paragraphs have an empty line between them.
	Text string
	// HTML is the same e-mail as a whole HTML document, at most 20,000 bytes.
	HTML string
	// SMS is the text message, at most 480 characters.
	SMS string
}

// BuiltIn returns the Template of a kind in one of Languages, or in that of which language is a variant, such as de-AT. It reports false
// for another kind or language.
func BuiltIn(kind, language string) (Template, bool) {
	l := localeOf(language)
	if l == nil {
		return Template{}, false
	}
	t, ok := l.text(kind)
	if !ok {
		return Template{}, false
	}
	return Template{
		Subject: t.subject,
		Text:    placePool + "\n\n" + strings.Join(t.paragraphs, "\n\n") + "\n",
		HTML:    layout(l.tag, t.subject, l.open, t.paragraphs),
		SMS:     t.sms,
	}, true
}

// Override checks a Template that an application gives for a kind, in a language by its BCP 47 tag, which need not be one of Languages. It
// returns the Template with what is missing filled in:
//
//   - HTML, if there is a Text, is made of the paragraphs of Text in the built-in layout.
//   - Anything else is taken from the BuiltIn Template of the language or, where there is none, from the English one.
//
// Text ends in a line break afterwards. The error says what cannot be used; see Check.
func Override(kind, language string, t Template) (Template, error) {
	tag, err := parseTag(language)
	if err != nil {
		return Template{}, err
	}
	if err := Check(kind, t); err != nil {
		return Template{}, err
	}
	l := localeOf(tag.String())
	open := placeLink
	if l != nil {
		open = l.open
	}
	built, _ := BuiltIn(kind, localeOr(l).tag)
	t.Subject = cmp.Or(t.Subject, built.Subject)
	t.SMS = cmp.Or(t.SMS, built.SMS)
	if t.Text == "" {
		t.Text, t.HTML = built.Text, built.HTML
		return t, nil
	}
	t.Text = strings.TrimRight(strings.ReplaceAll(t.Text, "\r\n", "\n"), "\n") + "\n"
	if t.HTML == "" {
		t.HTML = layout(tag.String(), t.Subject, open, strings.Split(strings.Trim(t.Text, "\n"), "\n\n"))
	}
	return t, nil
}

// parseTag returns a BCP 47 tag in canonical form.
func parseTag(s string) (language.Tag, error) {
	if len(s) > maxTag {
		return language.Und, fmt.Errorf("a language tag of %d bytes is too long; it must be one such as en or zh-Hans", len(s))
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return language.Und, fmt.Errorf("%q is no language tag (BCP 47) such as en or zh-Hans", s)
	}
	return tag, nil
}
