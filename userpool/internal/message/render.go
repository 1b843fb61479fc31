package message

import (
	"errors"
	"fmt"
	"html"
	"strings"
	"time"
	"unicode"
)

const (
	maxRendered = 64 << 10 // bytes of a text, as mail senders take
	maxLine     = 120      // characters of a subject with its values
)

// Values are put into a Template. Of those that it has no place for, none is needed.
type Values struct {
	// Language is that of the Template, as a BCP 47 tag: validity and What are written in it. Where it is none of Languages, nor a variant
	// of one, validity is written as "10 min", and What in English.
	Language string
	// Code is the code or the temporary password: 1 to 256 characters on one line. A secret.
	Code string
	// Username is the user's name.
	Username string
	// Link is an http or https address of at most 2,000 bytes of ASCII. A secret, if it signs in.
	Link string
	// Validity is how long Code or Link is valid, at least a second. It is shown in whole minutes, hours or days, rounded down, but not to 0.
	Validity time.Duration
	// Pool is the name of the service.
	Pool string
	// Time is when it happened; the zero value is shown as not known.
	Time time.Time
	// Place and Device say where and with what, in the words of the program: not what a browser says of itself, which is free to say
	// anything. Empty ones are shown as not known.
	Place  string
	Device string
	// What happened: one of the constants above, or any other sentence, which is shown as it is.
	What string
	// Domain is the host name of the page on which Code is to be typed, such as "id.example.com". Without it, an SMS has no line
	// "@id.example.com #123456" (origin-bound one-time codes, of the WICG).
	Domain string
}

// Rendered is a message that is ready to be sent. Its texts hold the code: they are secrets.
type Rendered struct {
	// Subject is one line of at most 120 characters.
	Subject string
	// Text and HTML are two forms of the same e-mail. They have at most 64 KiB each.
	Text string
	HTML string
	// SMS is the text message.
	SMS string
}

// Render puts values into a Template that BuiltIn or Override returned, once. The error says which value is missing or unfit; it holds
// none of them.
func Render(t Template, v Values) (Rendered, error) {
	if err := v.check(t.Subject + t.Text + t.HTML + t.SMS); err != nil {
		return Rendered{}, err
	}
	if v.Domain == "" {
		t.SMS, _ = strings.CutSuffix(t.SMS, domainLine)
		t.SMS = strings.TrimRight(t.SMS, "\n")
	}
	asItIs := func(s string) string { return s }
	plain := v.replacer(asItIs)
	sms := v
	sms.What = strings.ReplaceAll(v.sentence(), "’", "'") // which the alphabet of an SMS has
	out := Rendered{
		Subject: cut(plain.Replace(t.Subject), maxLine),
		Text:    plain.Replace(t.Text),
		HTML:    v.replacer(html.EscapeString).Replace(t.HTML),
		SMS:     sms.replacer(asItIs).Replace(t.SMS),
	}
	switch {
	case !isOneLine(out.Subject):
		return Rendered{}, errors.New("the subject has a control character, such as a line break, or is not UTF-8")
	case len(out.Text) > maxRendered || len(out.HTML) > maxRendered || len(out.SMS) > maxRendered:
		return Rendered{}, fmt.Errorf("the message has more than %d bytes with its values", maxRendered)
	}
	return out, nil
}

// check looks at the values for which a text has places.
func (v Values) check(text string) error {
	wants := func(place string) bool { return strings.Contains(text, place) }
	switch {
	case wants(placeCode) && !isCode(v.Code):
		return errors.New("Values.Code is missing, has more than 256 characters, or has a control character")
	case wants(placeLink) && !isLink(v.Link):
		return errors.New("Values.Link is missing, or is not an absolute http or https address of at most 2,000 bytes, all of ASCII")
	case wants(placeUsername) && clean(v.Username) == "":
		return errors.New("Values.Username is missing")
	case wants(placePool) && clean(v.Pool) == "":
		return errors.New("Values.Pool is missing")
	case wants(placeWhat) && clean(v.What) == "":
		return errors.New("Values.What is missing")
	case wants(placeValidity) && v.Validity < time.Second:
		return fmt.Errorf("Values.Validity is %s: it must be at least a second", v.Validity)
	case v.Domain != "" && !isDomain(v.Domain):
		return errors.New("Values.Domain is not a host name such as id.example.com, in lower case and ASCII")
	case wants(placeDomain) && v.Domain != "" && strings.ContainsFunc(v.Code, unicode.IsSpace):
		return errors.New("Values.Code has a space in it, and so cannot stand in the line of a domain")
	}
	return nil
}

// sentence returns what happened in words.
func (v Values) sentence() string {
	if sentence, ok := localeOr(localeOf(v.Language)).what[v.What]; ok {
		return sentence
	}
	return v.What
}

// replacer puts each value, escaped, into its place. What it has put in it does not look at again.
func (v Values) replacer(escape func(string) string) *strings.Replacer {
	l := localeOf(v.Language)
	at := ""
	if !v.Time.IsZero() {
		at = v.Time.UTC().Format("2006-01-02 15:04 UTC")
	}
	known := func(s string) string {
		if s = clean(s); s == "" {
			return escape(l.notKnown())
		}
		return escape(s)
	}
	return strings.NewReplacer(
		placeCode, escape(v.Code),
		placeUsername, escape(clean(v.Username)),
		placeLink, escape(v.Link),
		placeValidity, escape(l.validity(v.Validity)),
		placePool, escape(clean(v.Pool)),
		placeTime, known(at),
		placePlace, known(v.Place),
		placeDevice, known(v.Device),
		placeWhat, escape(clean(v.sentence())),
		placeDomain, escape(v.Domain),
	)
}
