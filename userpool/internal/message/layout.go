package message

import (
	"html"
	"strings"

	"golang.org/x/text/language"
)

// The styles name no colours but one that can be seen on black and on white: a mail program shows the message in those of the person.
const (
	bodyStyle = "margin:0;padding:24px 16px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;" +
		"font-size:16px;line-height:1.5"
	frameStyle = "max-width:32em;margin:0 auto"
	poolStyle  = "margin:0 0 24px;padding:0 0 12px;border-bottom:1px solid #8a91a0;font-weight:600;word-break:break-word"
	textStyle  = "margin:0 0 16px;word-break:break-word"
	codeStyle  = "margin:0 0 16px;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:32px;line-height:1.3;font-weight:700;" +
		"letter-spacing:2px;white-space:pre-wrap;word-break:break-all"
	linkStyle = "display:inline-block;padding:12px 24px;border:2px solid #8a91a0;border-radius:8px;color:inherit;font-weight:600;" +
		"text-decoration:none;word-break:break-word"
)

// layout makes the HTML of a message of its plain text. tag is a valid BCP 47 tag. A paragraph that is only a code is shown in large
// letters, and one that is only a link as a button with the words open.
func layout(tag, subject, open string, paragraphs []string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"" + tag + "\" dir=\"" + direction(tag) + "\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
		"<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"supported-color-schemes\" content=\"light dark\">\n" +
		"<title>" + html.EscapeString(subject) + "</title>\n</head>\n<body style=\"" + bodyStyle + "\">\n<div style=\"" + frameStyle + "\">\n" +
		"<p style=\"" + poolStyle + "\">" + placePool + "</p>\n")
	for _, paragraph := range paragraphs {
		switch strings.TrimSpace(paragraph) {
		case "":
			continue
		case placeCode:
			b.WriteString("<p style=\"" + codeStyle + "\">" + placeCode + "</p>\n")
		case placeLink:
			b.WriteString("<p style=\"" + textStyle + "\"><a href=\"" + placeLink + "\" style=\"" + linkStyle + "\">" + html.EscapeString(open) + "</a></p>\n")
		default:
			escaped := html.EscapeString(strings.TrimSpace(paragraph))
			b.WriteString("<p style=\"" + textStyle + "\">" + strings.ReplaceAll(escaped, "\n", "<br>\n") + "</p>\n")
		}
	}
	b.WriteString("</div>\n</body>\n</html>\n")
	return b.String()
}

// direction is the value of HTML's dir attribute for a language.
func direction(tag string) string {
	script, _ := language.Make(tag).Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}
