package identitypool

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/ascii"
)

// The limits of AWS for session tags.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
	// maxMappedTags bounds the keys and values of the principal tags of an identity together, in bytes.
	maxMappedTags = 460
)

// checkTagKeys refuses keys that a session may not have. They are compared without regard to case, as conditions do.
func checkTagKeys(tags []pair) error {
	if len(tags) > maxTags {
		return fmt.Errorf("there are %d tags; at most %d are allowed", len(tags), maxTags)
	}
	seen := make(map[string]bool, len(tags))
	for _, tag := range tags {
		key := strings.ToLower(tag.key)
		switch {
		case tag.key == "" || utf8.RuneCountInString(tag.key) > maxTagKey || !tagText(tag.key):
			return fmt.Errorf("the tag key %q must be 1 to %d letters, digits, spaces and _.:/=+-@", tag.key, maxTagKey)
		case strings.HasPrefix(key, "aws:"):
			return fmt.Errorf(`the tag key %q begins with "aws:", which is reserved`, tag.key)
		case seen[key]:
			return fmt.Errorf("there are two tag keys %q, which differ in case only", tag.key)
		}
		seen[key] = true
	}
	return nil
}

// checkTags refuses tags that a session may not have.
func checkTags(tags []pair) error {
	for _, tag := range tags {
		if utf8.RuneCountInString(tag.value) > maxTagValue || !tagText(tag.value) {
			return fmt.Errorf("the value of the tag %q must be at most %d letters, digits, spaces and _.:/=+-@", tag.key, maxTagValue)
		}
	}
	return checkTagKeys(tags)
}

// tagText reports whether a key or value has the characters that AWS allows in tags.
func tagText(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r) {
			return false
		}
	}
	return true
}

// sortedPairs returns a map as pairs, ordered by key.
func sortedPairs(in map[string]string) []pair {
	if len(in) == 0 {
		return nil
	}
	out := make([]pair, 0, len(in))
	for _, key := range slices.Sorted(maps.Keys(in)) {
		out = append(out, pair{key, in[key]})
	}
	return out
}

// principalTags returns the tags that a login gives: by the claims that its provider maps, or those that the developer's backend gave.
func (v *verified) principalTags() ([]pair, error) {
	var out []pair
	if v.provider == nil {
		out = sortedPairs(v.developerTags)
	} else {
		for _, mapped := range v.provider.tags {
			if values := claimValues(v.Claims[mapped.value]); len(values) == 1 && values[0] != "" {
				out = append(out, pair{mapped.key, values[0]})
			}
		}
	}
	size := 0
	for _, tag := range out {
		size += len(tag.key) + len(tag.value)
	}
	if size > maxMappedTags {
		return nil, fmt.Errorf("the principal tags have %d bytes; at most %d are allowed", size, maxMappedTags)
	}
	return out, checkTags(out)
}

// findTag returns the tag with the key, without regard to ASCII case, as condition keys are found: by any wider rule a tag could take the
// place of one that conditions then do not find.
func findTag(tags []pair, key string) (string, bool) {
	for _, tag := range tags {
		if ascii.EqualFold(tag.key, key) {
			return tag.value, true
		}
	}
	return "", false
}

// errTransitive is a tag of the caller's session that a new one may not change.
var errTransitive = errors.New("a transitive tag of the calling session cannot be changed")

// inheritTags adds the transitive tags of the calling session to those that were asked for.
func inheritTags(asked []pair, askedTransitive []string, from *session) (tags []pair, transitive []string, err error) {
	tags = slices.Clone(asked)
	for _, key := range askedTransitive {
		if _, ok := findTag(asked, key); !ok {
			return nil, nil, fmt.Errorf("the transitive tag key %q is not among the tags", key)
		}
		if slices.ContainsFunc(transitive, func(other string) bool { return ascii.EqualFold(other, key) }) {
			return nil, nil, fmt.Errorf("the transitive tag key %q is there twice", key)
		}
		transitive = append(transitive, key)
	}
	if from == nil {
		return tags, transitive, nil
	}
	for _, key := range from.transitive {
		value, _ := findTag(from.tags, key)
		if _, ok := findTag(asked, key); ok {
			return nil, nil, errTransitive
		}
		tags = append(tags, pair{key, value})
		transitive = append(transitive, key)
	}
	return tags, transitive, nil
}
