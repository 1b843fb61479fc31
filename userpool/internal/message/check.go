package message

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxSubject = 140      // characters, as in Cognito
	maxText    = 20_000   // bytes; Cognito has as many characters
	maxSMS     = 480      // characters
	maxPlaces  = 20       // places of values in a text
	openers    = "{}"     // what begins or ends a place
	lineBreaks = "\n\r\t" // control characters that a text may have
)

var errPlaces = fmt.Errorf("has more than %d places of values", maxPlaces)

// Check refuses a Template that an application gives for a kind, and that could not be sent, or would not do what the kind is for. Empty
// fields are what BuiltIn gives in their place, but not all of them may be empty, and there is no HTML without a Text beside it.
//
// Subject, Text, HTML and SMS must keep within the bounds of Template, be valid UTF-8 and have no control characters but, in the last
// three, tabs and line breaks. They have only the places of values that the kind has, and Text, HTML and SMS each have the one that the
// kind cannot do without: {####} or {link}. All other braces are refused, as a slip of the pen would else reach people. See checkHTML for
// what HTML may be.
//
// The error names the field, and is for the person who wrote it.
func Check(kind string, t Template) error {
	r, err := ruleOf(kind)
	if err != nil {
		return err
	}
	switch {
	case t == Template{}:
		return fmt.Errorf("the template of %s is empty: give a Subject, a Text or an SMS, or leave the template out", kind)
	case t.HTML != "" && t.Text == "":
		return fmt.Errorf("HTML of %s has no Text beside it, which people see whose mail program shows no HTML: give both", kind)
	}
	for _, field := range []struct {
		name, text string
		check      func(rule, string) error
	}{{"Subject", t.Subject, checkSubject}, {"Text", t.Text, checkText}, {"HTML", t.HTML, checkHTMLText}, {"SMS", t.SMS, checkSMS}} {
		if field.text == "" {
			continue
		}
		if err := field.check(r, field.text); err != nil {
			return fmt.Errorf("%s of %s %w", field.name, kind, err)
		}
	}
	return nil
}

func checkSubject(r rule, s string) error {
	switch {
	case !isOneLine(s):
		return errors.New("has a line break or another control character, or is not UTF-8")
	case utf8.RuneCountInString(s) > maxSubject || strings.TrimSpace(s) == "":
		return fmt.Errorf("has %d characters: it must have 1 to %d", utf8.RuneCountInString(s), maxSubject)
	}
	return checkPlaces(r, s)
}

func checkText(r rule, s string) error {
	if err := checkCharacters(s); err != nil {
		return err
	}
	if err := checkPlaces(r, s); err != nil {
		return err
	}
	return checkNeeded(r, s)
}

func checkHTMLText(r rule, s string) error {
	if err := checkCharacters(s); err != nil {
		return err
	}
	if err := checkHTML(r, s); err != nil {
		return err
	}
	return checkNeeded(r, s)
}

func checkSMS(r rule, s string) error {
	if err := checkCharacters(s); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(s); n > maxSMS {
		return fmt.Errorf("has %d characters: it must have at most %d", n, maxSMS)
	}
	if r.has(placeDomain) {
		s, _ = strings.CutSuffix(s, domainLine) // which is left out where there is no domain
	}
	if err := checkPlaces(r, s); err != nil {
		return err
	}
	return checkNeeded(r, s)
}

func checkCharacters(s string) error {
	switch {
	case len(s) > maxText:
		return fmt.Errorf("has %d bytes: it must have at most %d", len(s), maxText)
	case strings.TrimSpace(s) == "":
		return errors.New("has only spaces")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(lineBreaks, r) }):
		return errors.New("has a control character other than tabs and line breaks, or is not UTF-8")
	}
	return nil
}

func checkNeeded(r rule, s string) error {
	switch {
	case strings.Contains(s, r.needed):
		return nil
	case r.needed == placeLink:
		return fmt.Errorf("lacks %s, the place of the link", placeLink)
	}
	return fmt.Errorf("lacks %s, the place of the code", r.needed)
}

// checkPlaces refuses braces that are not those of a place which the kind has.
func checkPlaces(r rule, s string) error {
	places := 0
	for i := strings.IndexAny(s, openers); i >= 0; i = strings.IndexAny(s, openers) {
		s = s[i:]
		place := placeAt(s)
		switch places++; {
		case place == placeDomain:
			return fmt.Errorf("has %s where it cannot be: it is for codes only, in the last line of an SMS, which is %q", placeDomain, domainLine[1:])
		case place == "" || !r.has(place):
			return fmt.Errorf("has %q, which is no place of a value there: there are %s, and no other braces", begin(s), r.places())
		case places > maxPlaces:
			return errPlaces
		}
		s = s[len(place):]
	}
	return nil
}

// placeAt returns the place with which a text begins, or "".
func placeAt(s string) string {
	for _, place := range allPlaces {
		if strings.HasPrefix(s, place) {
			return place
		}
	}
	return ""
}

// begin returns the beginning of a text, to be quoted: up to a closing brace, if that is near.
func begin(s string) string {
	const most = 24
	runes := []rune(s[:min(len(s), 4*most)])
	runes = runes[:min(len(runes), most)]
	if i := strings.IndexByte(string(runes), '}'); i > 0 {
		return string(runes)[:i+1]
	}
	return string(runes)
}
