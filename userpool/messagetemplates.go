package userpool

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"

	"golang.org/x/text/language"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

// MessageTemplate is the text of an application for one kind of message in one language. Values are put into these places:
//
//	{####}      the code, or the temporary password
//	{username}  what the user signs in with
//	{link}      the link of MessageSignInLink
//	{validity}  how long the code or link is valid, such as "10 minutes"
//	{pool}      Settings.Name
//	{time}      when it happened, in UTC
//	{place}     the network address that it came from
//	{device}    the browser and system that it came from, such as "Firefox, Windows"
//	{what}      what happened, a sentence
//
// MessageSignInLink needs {link}, the other kinds that carry a code need {####}, and both may have {username}, {validity} and {pool}. The
// notices MessagePasswordChanged, MessageAttributeChanged, MessageFactorChanged and MessageAccountTakeOverNotification may have {username},
// {pool}, {time}, {place} and {device}, and all but the first {what}. MessageAccountExists and MessageWelcome may have {username} and
// {pool}. There are no other braces.
//
// Values come from anybody, and are put in once, escaped, on one line. A stranger can have a message sent to somebody else by signing up
// with their address: do not show what the stranger chose, such as {username} where people choose names, in a text that a sign-up sends.
type MessageTemplate struct {
	Kind MessageKind
	// Language is a BCP 47 tag such as "de" or "pt-BR". It need not be one of those that have built-in texts: English, German, French,
	// Spanish, Italian, Portuguese, Dutch, Polish, Japanese, and Chinese in simplified characters.
	Language string
	// Subject is at most 140 characters, by default the built-in one.
	Subject string
	// Text is the plain text of the e-mail, at most 20,000 bytes, with an empty line between paragraphs; by default the built-in one.
	Text string
	// HTML is the same e-mail as a whole HTML document, at most 20,000 bytes, without scripts; by default Text in the built-in layout. It has
	// a Text beside it.
	HTML string
	// SMS is at most 480 characters, by default the built-in one. That of a code may end in the lines "" and "@{domain} #{####}", by which a
	// phone types the code on the pages of the Issuer's host only (origin-bound one-time codes). Leave them out if people type codes on
	// pages of another host.
	SMS string
}

// messageTexts are the texts of one kind of message: those of the application, by language, and the languages to choose from.
type messageTexts struct {
	own       map[string]message.Template
	languages []string
}

// messageTexts checks the templates, and prepares them for sending.
func (s Settings) messageTexts() (map[MessageKind]messageTexts, error) {
	own := map[MessageKind]map[string]message.Template{}
	for i, t := range s.MessageTemplates {
		filled, err := message.Override(string(t.Kind), t.Language, message.Template{Subject: t.Subject, Text: t.Text, HTML: t.HTML, SMS: t.SMS})
		if err != nil {
			return nil, fmt.Errorf("userpool: Settings.MessageTemplates[%d]: %w", i, err)
		}
		tag := language.Make(t.Language).String()
		if _, taken := own[t.Kind][tag]; taken {
			return nil, fmt.Errorf("userpool: Settings.MessageTemplates has two templates of %s in the language %q", t.Kind, tag)
		}
		if own[t.Kind] == nil {
			own[t.Kind] = map[string]message.Template{}
		}
		own[t.Kind][tag] = filled
	}
	wanted, err := s.messageLanguages(own)
	if err != nil {
		return nil, err
	}
	out := map[MessageKind]messageTexts{}
	for _, name := range message.Kinds() {
		kind := MessageKind(name)
		texts := messageTexts{own: own[kind]}
		for _, tag := range wanted {
			_, builtIn := message.BuiltIn(name, tag)
			if _, ok := texts.own[tag]; ok || builtIn {
				texts.languages = append(texts.languages, tag)
			}
		}
		if texts.languages == nil {
			texts.languages = []string{"en"}
		}
		out[kind] = texts
	}
	return out, s.checkMessageValues()
}

// messageLanguages are the canonical tags of the languages in which there are texts.
func (s Settings) messageLanguages(own map[MessageKind]map[string]message.Template) ([]string, error) {
	var out []string
	for _, l := range s.MessageLanguages {
		tag, err := language.Parse(l)
		if err != nil || tag == language.Und || len(l) > 35 {
			return nil, fmt.Errorf("userpool: Settings.MessageLanguages has %q, which is no language tag (BCP 47) such as en or pt-BR", printable(l))
		}
		has := slices.ContainsFunc(s.MessageTemplates, func(t MessageTemplate) bool { return own[t.Kind][tag.String()] != (message.Template{}) })
		if _, builtIn := message.BuiltIn(message.SignUp, tag.String()); !has && !builtIn {
			return nil, fmt.Errorf("userpool: Settings.MessageLanguages has %q, in which there are no texts: give MessageTemplates", l)
		}
		if slices.Contains(out, tag.String()) {
			return nil, fmt.Errorf("userpool: Settings.MessageLanguages has %q twice", l)
		}
		out = append(out, tag.String())
	}
	if out != nil {
		return out, nil
	}
	out = message.Languages()
	for _, t := range s.MessageTemplates {
		if tag := language.Make(t.Language).String(); !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out, nil
}

// checkMessageValues refuses settings with which no message could be written.
func (s Settings) checkMessageValues() error {
	_, err := message.Render(message.Template{Text: "{pool}"}, message.Values{Pool: s.Name})
	if err != nil {
		return fmt.Errorf("userpool: Settings.Name %q has nothing in it that can be read", printable(s.Name))
	}
	if s.SignInLinkURL == "" {
		return nil
	}
	if _, err := message.Render(message.Template{Text: "{link}"}, message.Values{Link: s.SignInLinkURL}); err != nil {
		return errors.New("userpool: Settings.SignInLinkURL cannot stand in a message: it must be http or https, without any of \" < > \\ ^ ` { | }")
	}
	return nil
}

// text returns the template for a kind in the language that suits the first of wanted, and the tag of that language.
func (p *Pool) text(kind MessageKind, wanted ...string) (tag string, t message.Template) {
	texts := p.texts[kind]
	tag = message.Pick(texts.languages, wanted...)
	t, ok := texts.own[tag]
	if !ok {
		t, _ = message.BuiltIn(string(kind), tag)
	}
	return tag, t
}

// issuerHost is the host of an issuer that was checked.
func issuerHost(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// codeDomain is the host that codes by SMS are bound to, or "" if it has no name that could be.
func codeDomain(issuer string) string {
	host := issuerHost(issuer)
	if net.ParseIP(host) != nil {
		return ""
	}
	if _, err := message.Render(message.Template{}, message.Values{Domain: host}); err != nil {
		return ""
	}
	return host
}
