package message

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

const (
	maxTag    = 35  // bytes of a language tag, by RFC 5646, 4.4.1
	maxWanted = 100 // bytes of a wish that are looked at
)

// Pick returns the language in which to write to somebody: the one of available, BCP 47 tags, that suits the first of wanted that any of
// them suits. Each of wanted is a language tag, such as a user's locale attribute, with hyphens or underscores, or the value of an
// Accept-Language header. At most its first 100 bytes are looked at; one that cannot be read is passed over.
//
// If nothing suits it is English, or the first of available, or "" if there is none.
func Pick(available []string, wanted ...string) string {
	if len(available) == 0 {
		return ""
	}
	var tags []language.Tag
	var names []string
	for _, name := range available {
		if tag, err := parseTag(name); err == nil {
			tags, names = append(tags, tag), append(names, name)
		}
	}
	matcher := language.NewMatcher(tags)
	for _, wish := range wanted {
		desired, _, err := language.ParseAcceptLanguage(bounded(wish))
		if err != nil || len(desired) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(desired...); confidence > language.No {
			return names[i]
		}
	}
	return available[max(0, slices.Index(available, english.tag))]
}

// bounded returns at most 100 bytes of a wish, without what would be half a tag.
func bounded(wish string) string {
	if len(wish) <= maxWanted {
		return wish
	}
	wish = wish[:maxWanted]
	return wish[:max(0, strings.LastIndexByte(wish, ','))]
}
