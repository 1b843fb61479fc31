package message

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// tagPattern is one start or end tag, more strictly than HTML has it: quotes around what is not a plain word, and no "<" inside.
var tagPattern = regexp.MustCompile(`^<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:\s+[A-Za-z_][A-Za-z0-9_.:-]*(?:\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'=<>` + "`" + `{}]+))?)*)\s*/?>`)

var (
	attributeName = regexp.MustCompile(`\s([A-Za-z_][A-Za-z0-9_.:-]*)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?`)
	hrefLink      = regexp.MustCompile(`(?i)\shref\s*=\s*(?:"\{link\}"|'\{link\}')`)
	doctype       = regexp.MustCompile(`(?i)^<!doctype html>`)
	endOfStyle    = regexp.MustCompile(`(?i)</style\s*>`)
)

// refusedElements do nothing in a mail, or have rules of their own for what stands in them.
var refusedElements = []string{
	"applet", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "math", "noembed", "noframes", "noscript", "object",
	"plaintext", "script", "select", "svg", "template", "textarea", "xmp",
}

// checkHTML refuses HTML in which a value could become more than text. It does not judge what the application itself writes there, but
// for what is sure to be a mistake in a mail, such as a script.
//
// Values have their places in text, not in tags, comments or style elements. The one exception is href="{link}". A "<" that begins no
// tag must be written as &lt;.
func checkHTML(r rule, s string) error {
	places := 0
	for s != "" {
		text := s
		if i := strings.IndexByte(s, '<'); i >= 0 {
			text = s[:i]
		}
		if err := checkPlaces(r, text); err != nil {
			return err
		}
		places += strings.Count(text, "{")
		if s = s[len(text):]; s == "" {
			break
		}
		n, err := markup(r, s)
		if err != nil {
			return err
		}
		places += len(hrefLink.FindAllString(s[:n], -1))
		s = s[n:]
	}
	if places > maxPlaces {
		return errPlaces
	}
	return nil
}

// markup returns the length of the tag, comment, document type or style element that s begins with.
func markup(r rule, s string) (int, error) {
	if strings.HasPrefix(s, "<!--") {
		return comment(s)
	}
	if found := doctype.FindString(s); found != "" {
		return len(found), nil
	}
	found := tagPattern.FindStringSubmatch(s)
	if found == nil {
		return 0, fmt.Errorf(`has %q, which is no tag: write < as &lt;, and the values of attributes in quotes`, begin(s))
	}
	tag, closing, name := found[0], found[1] != "", strings.ToLower(found[2])
	if slices.Contains(refusedElements, name) {
		return 0, fmt.Errorf("has a %s element, which mail programs do not show", name)
	}
	for _, attribute := range attributeName.FindAllStringSubmatch(found[3], -1) {
		if strings.HasPrefix(strings.ToLower(attribute[1]), "on") {
			return 0, fmt.Errorf("has an attribute %.40q, which mail programs do not obey", attribute[1])
		}
	}
	rest := tag
	if name == "a" && r.has(placeLink) {
		rest = hrefLink.ReplaceAllString(tag, "")
	}
	if strings.ContainsAny(rest, openers) {
		return 0, fmt.Errorf(`has a brace in the tag %q: values are for text; only a link may be in a tag, as <a href="%s">, where there is one`,
			begin(tag), placeLink)
	}
	if name == "style" && !closing {
		return style(s, len(tag))
	}
	return len(tag), nil
}

// style returns the length of a style element, whose start tag has n bytes. Braces in it are those of CSS.
func style(s string, n int) (int, error) {
	end := endOfStyle.FindStringIndex(s[n:])
	if end == nil || strings.Contains(s[n:n+end[0]], "<") {
		return 0, errors.New(`has a style element without an end, or with a "<" in it`)
	}
	for _, place := range allPlaces {
		if strings.Contains(s[n:n+end[0]], place) {
			return 0, fmt.Errorf("has %s in a style element: values are for text", place)
		}
	}
	return n + end[1], nil
}

// comment returns the length of a comment.
func comment(s string) (int, error) {
	inside, _, found := strings.Cut(s[len("<!--"):], "-->")
	switch {
	case !found || strings.HasPrefix(inside, ">") || strings.HasPrefix(inside, "->") || strings.Contains(inside, "--!>"):
		return 0, errors.New("has a comment that is not closed by -->, or is closed twice")
	case strings.ContainsAny(inside, openers):
		return 0, errors.New("has a brace in a comment: values are for text")
	}
	return len("<!--") + len(inside) + len("-->"), nil
}
