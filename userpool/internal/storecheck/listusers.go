package storecheck

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/storable"
	"github.com/stepwell/stepwell/userpool"
)

// attributeSub is the attribute of a query that is answered from the users themselves.
const attributeSub = "sub"

const (
	// maxTerm bounds the value of a search term in bytes, as userpool.SearchTerms cuts it.
	maxTerm = 200
	// maxAfter bounds the After of a query in bytes.
	maxAfter = 2000
)

// afterAllTerms and afterAllSubs sort after every text that a value of a search term, or a sub, can be: they are longer, and made of the
// greatest character.
var (
	afterAllTerms = strings.Repeat(string(utf8.MaxRune), maxTerm/4+1)
	afterAllSubs  = strings.Repeat(string(utf8.MaxRune), MaxKey/4+1)
)

// Position is the place of an entry in the order that users are listed in: by Value, then by Sub, byte by byte. Where users are listed by
// sub, Value is empty.
type Position struct{ Value, Sub string }

// Compare returns -1, 0 or 1 as p comes before, at or after q.
func (p Position) Compare(q Position) int {
	return cmp.Or(strings.Compare(p.Value, q.Value), strings.Compare(p.Sub, q.Sub))
}

// Next returns the After of the query whose page begins with this position; see [Users].
func (p Position) Next() string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.Value + "\x00" + p.Sub))
}

// position is the inverse of Next.
func position(after string) (Position, bool) {
	if len(after) > maxAfter {
		return Position{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(after)
	value, sub, ok := strings.Cut(string(text), "\x00")
	return Position{value, sub}, err == nil && ok && storable.Text(value, sub)
}

// UserRange is what a store looks through to answer a userpool.UserQuery: the entries of one attribute from From up to, and without, To.
type UserRange struct {
	// Attribute is that of the search terms to look through; empty means the users themselves, by sub.
	Attribute string
	From, To  Position
	// Contains is what the value (or the sub) must have in it; empty for nothing.
	Contains string
	// Limit is 1 to MaxLimit.
	Limit int
}

// Users checks a query for users and returns what to look through. found is false if there is nothing to be found.
func Users(pool string, q userpool.UserQuery) (r UserRange, found bool, err error) {
	c := &checker{thing: "query for users"}
	c.limit(q.Limit)
	r = UserRange{Attribute: q.Attribute, To: Position{Value: afterAllTerms}, Limit: q.Limit}
	bySub := q.Attribute == "" || q.Attribute == attributeSub
	if bySub {
		r.Attribute, r.To = "", Position{Sub: afterAllSubs}
	}
	if q.Attribute == "" {
		q.Operator, q.Value = userpool.OperatorPrefix, "" // which all have
	}
	place := func(text string) Position {
		if bySub {
			return Position{Sub: text}
		}
		return Position{Value: text}
	}
	switch q.Operator {
	case userpool.OperatorEqual:
		// What comes next after a text is the text with NUL, which nothing has, and then this one.
		r.From, r.To = place(q.Value), place(q.Value+"\x01")
	case userpool.OperatorPrefix:
		r.From = place(q.Value)
		if end, ok := afterPrefix(q.Value); ok {
			r.To = place(end)
		}
	case userpool.OperatorContains:
		r.Contains = q.Value
	default:
		c.refuse("the operator is unknown")
	}
	if q.After != "" {
		from, ok := position(q.After)
		if !ok || bySub && from.Value != "" {
			c.refuse("the place to go on from is not one that a page of this query gave")
		}
		if from.Compare(r.From) > 0 {
			r.From = from
		}
	}
	return r, storable.Text(pool, q.Attribute, q.Value), c.err
}

// afterPrefix returns the first text that comes after all texts with this prefix, or false if there is none.
func afterPrefix(prefix string) (string, bool) {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case last == 0xd7ff:
			return prefix + "\ue000", true // no text has the surrogates between them
		case last < utf8.MaxRune:
			return prefix + string(last+1), true
		}
	}
	return "", false
}

// SearchTerms returns the terms that a store keeps for a user, ordered by attribute, one for each: those of userpool.SearchTerms but for
// what no query asks for or no index can hold.
func SearchTerms(u userpool.User) []userpool.SearchTerm {
	terms := userpool.SearchTerms(u)
	terms = slices.DeleteFunc(terms, func(t userpool.SearchTerm) bool {
		return t.Attribute == "" || t.Attribute == attributeSub || len(t.Attribute) > MaxKey
	})
	// Of an attribute that is named as a property of the user is, the property is what counts: it stands first.
	slices.SortStableFunc(terms, func(a, b userpool.SearchTerm) int { return strings.Compare(a.Attribute, b.Attribute) })
	return slices.CompactFunc(terms, func(a, b userpool.SearchTerm) bool { return a.Attribute == b.Attribute })
}

// SameSearchTerms reports whether two users are surely found by the same terms; it costs less than to make the terms.
func SameSearchTerms(a, b userpool.User) bool {
	return a.Username == b.Username && a.Status == b.Status && a.Enabled == b.Enabled && maps.Equal(a.Attributes, b.Attributes)
}
