package userpool

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"maps"
	"regexp"
	"strings"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

// What stands in the text of CustomMessage for what only the pool knows: what it is in templates.
const (
	codeParameter     = "{####}"
	usernameParameter = "{username}"
	linkParameter     = "{link}"
)

// maxCustomMessage bounds what is looked at; message.Override has a bound for each text.
const maxCustomMessage = 128 << 10

// clickHere is Cognito's place of a link, with the words to click on.
var clickHere = regexp.MustCompile(`\{##([^#{}<>"]{1,100})##\}`)

// customText is a message with the text that the hook CustomMessage gave. It reports false where there is none, and where it cannot be
// sent: the hook failed, the text lacks the place of the code or link, or has other braces, or HTML in which a value could be more than text. A
// broken text is logged; it keeps nobody from signing up.
func (p *Pool) customText(ctx context.Context, o outgoing, t message.Template, v message.Values) (message.Rendered, bool) {
	result, err := p.customMessage(ctx, o, v.Language)
	if err == nil && result == (CustomMessageResult{}) {
		return message.Rendered{}, false
	}
	var out message.Rendered
	if err == nil {
		t, err = result.template(o.kind, v.Language, t)
	}
	if err == nil {
		out, err = message.Render(t, v)
	}
	if err != nil {
		p.log.ErrorContext(ctx, "userpool: the text of the hook CustomMessage cannot be sent; the pool's own is sent in its place",
			"pool", p.id, "kind", o.kind, "error", o.withoutSecrets(err))
		return message.Rendered{}, false
	}
	return out, true
}

// customMessage asks the hook for the text of a message in a language. The result is zero without a hook, and not checked; its placeholders
// are still in it.
func (p *Pool) customMessage(ctx context.Context, o outgoing, language string) (CustomMessageResult, error) {
	if p.hooks.CustomMessage == nil {
		return CustomMessageResult{}, nil
	}
	e := CustomMessageEvent{UserEvent: userEvent(o.user, ""), Locale: language}
	e.Trigger, e.ClientMetadata = Trigger("CustomMessage_"+string(o.kind)), maps.Clone(o.metadata)
	if o.code != "" {
		e.CodeParameter = codeParameter
	}
	if o.link != "" {
		e.LinkParameter = linkParameter
	}
	if o.kind == MessageAdminCreateUser {
		e.UsernameParameter = usernameParameter
	}
	return runHook(ctx, p, "CustomMessage", p.hooks.CustomMessage, e)
}

// template puts the texts of the hook into a template, where there are any.
func (r CustomMessageResult) template(kind MessageKind, tag string, t message.Template) (message.Template, error) {
	if n := len(r.EmailSubject) + len(r.EmailMessage) + len(r.SMSMessage); n > maxCustomMessage {
		return message.Template{}, fmt.Errorf("the texts have %d bytes: they may have %d together", n, maxCustomMessage)
	}
	custom := message.Template{
		Subject: r.EmailSubject, SMS: clickHere.ReplaceAllString(r.SMSMessage, "{link}"), Text: clickHere.ReplaceAllString(r.EmailMessage, "{link}"),
	}
	if isHTML(r.EmailMessage) {
		custom.HTML = wholeHTML(clickHere.ReplaceAllString(r.EmailMessage, `<a href="{link}">$1</a>`))
		custom.Text = plainText(clickHere.ReplaceAllString(r.EmailMessage, "$1: {link}"))
	}
	filled, err := message.Override(string(kind), tag, custom)
	if err != nil {
		return message.Template{}, err
	}
	t.Subject, t.SMS = cmp.Or(custom.Subject, t.Subject), cmp.Or(custom.SMS, t.SMS)
	if custom.Text != "" {
		t.Text, t.HTML = filled.Text, filled.HTML
	}
	return t, nil
}

var htmlTag = regexp.MustCompile(`<[/!]?[A-Za-z]`)

func isHTML(s string) bool { return htmlTag.MatchString(s) }

// wholeHTML makes a document of a fragment.
func wholeHTML(s string) string {
	if lower := strings.ToLower(s); strings.Contains(lower, "<html") || strings.Contains(lower, "<body") {
		return s
	}
	return "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title></title>\n</head>\n<body>\n" + s + "\n</body>\n</html>\n"
}

var (
	unseen = regexp.MustCompile(`(?is)<!--.*?-->|<style[^>]*>.*?</style\s*>|<title[^>]*>.*?</title\s*>|<!doctype[^>]*>`)
	anyTag = regexp.MustCompile(`</?([A-Za-z][A-Za-z0-9]*)(?:"[^"]*"|'[^']*'|[^'"<>])*>`)

	// breaks are what stands between the texts before and after a tag; nothing, for a tag that is not here.
	breaks = map[string]string{
		"p": "\n\n", "div": "\n\n", "table": "\n\n", "ul": "\n\n", "ol": "\n\n", "h1": "\n\n", "h2": "\n\n", "h3": "\n\n", "h4": "\n\n", "h5": "\n\n",
		"h6": "\n\n", "blockquote": "\n\n", "section": "\n\n", "pre": "\n\n", "br": "\n", "tr": "\n", "li": "\n", "hr": "\n", "td": " ", "th": " ",
	}
)

// plainText is what HTML says, without its tags. Places of values stay. Of HTML that message.Check refuses it may be anything.
func plainText(s string) string {
	s = strings.Join(strings.Fields(unseen.ReplaceAllString(s, "")), " ")
	s = anyTag.ReplaceAllStringFunc(s, func(tag string) string { return breaks[strings.ToLower(anyTag.FindStringSubmatch(tag)[1])] })
	return tidyLines(html.UnescapeString(s))
}

// tidyLines leaves at most one empty line and one space in a row, and no spaces around a line.
func tidyLines(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" || len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, line)
		}
	}
	return strings.Trim(strings.Join(out, "\n"), "\n") + "\n"
}
