package message

import (
	"fmt"
	"time"

	"golang.org/x/text/language"
)

// locale is one language with all that is written in it.
type locale struct {
	tag string
	// open is what the button says that opens a sign-in link.
	open string
	// unknown stands for a time, place or device that is not known.
	unknown string
	// minutes, hours and days have the forms of a number with its unit, in the case in which validity stands in texts. plural says
	// which form a number takes; without it 1 takes the first and others the last.
	minutes, hours, days []string
	plural               func(n int64) int
	// what has a sentence for each thing that happened.
	what map[string]string
	// texts are for each kind, but for those that are sameText as another.
	texts map[string]text
}

// text is one kind of message. The name of the pool is put before its paragraphs.
type text struct {
	subject    string
	paragraphs []string
	sms        string
}

// domainLine is the end of an SMS with a code: an origin-bound one-time code.
const domainLine = "\n@" + placeDomain + " #" + placeCode

// sameText maps kinds to others that say the same.
var sameText = map[string]string{ResendCode: SignUp, UpdateUserAttribute: VerifyUserAttribute}

var locales = []*locale{&english, &german, &french, &spanish, &italian, &portuguese, &dutch, &polish, &japanese, &chinese}

// Languages returns the BCP 47 tags of the languages that have built-in texts, English first.
func Languages() []string {
	out := make([]string, len(locales))
	for i, l := range locales {
		out[i] = l.tag
	}
	return out
}

// localeOf returns the locale of a language or of a variant of it, such as de-AT: one with the same script. It is nil without one.
func localeOf(tag string) *locale {
	wanted, err := parseTag(tag)
	if err != nil {
		return nil
	}
	base, _, _ := wanted.Raw()
	script, _ := wanted.Script()
	for _, l := range locales {
		own := language.Make(l.tag)
		ownBase, _, _ := own.Raw()
		if ownScript, _ := own.Script(); base == ownBase && script == ownScript {
			return l
		}
	}
	return nil
}

// localeOr returns l, or English for nil.
func localeOr(l *locale) *locale {
	if l == nil {
		return &english
	}
	return l
}

func (l *locale) text(kind string) (text, bool) {
	if same, ok := sameText[kind]; ok {
		kind = same
	}
	t, ok := l.texts[kind]
	return t, ok
}

func (l *locale) notKnown() string {
	if l == nil {
		return "–"
	}
	return l.unknown
}

// validity writes a duration in whole days, hours or minutes: never more than it is, but for less than a minute. l may be nil.
func (l *locale) validity(d time.Duration) string {
	const day = 24 * time.Hour
	minutes, hours, days := []string{"%d min"}, []string{"%d h"}, []string{"%d d"}
	var plural func(int64) int
	if l != nil {
		minutes, hours, days, plural = l.minutes, l.hours, l.days, l.plural
	}
	forms, n := minutes, max(1, int64(d/time.Minute))
	switch {
	case d >= 3*day || d >= day && d%day == 0:
		forms, n = days, int64(d/day)
	case d >= 3*time.Hour || d >= time.Hour && d%time.Hour == 0:
		forms, n = hours, int64(d/time.Hour)
	}
	form := len(forms) - 1
	switch {
	case plural != nil:
		form = plural(n)
	case n == 1:
		form = 0
	}
	return fmt.Sprintf(forms[form], n)
}
