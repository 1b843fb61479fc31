package storecheck

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/storable"
	"github.com/stepwell/stepwell/userpool"
)

// Of an attribute that is named as a property of the user is, the property counts: nobody is found by the name of somebody else that they
// wrote into an attribute, and nobody twice.
func TestSearchTerms(t *testing.T) {
	u := userpool.User{Sub: "1", Username: "Alice", Enabled: true, Attributes: map[string]string{
		"username": "bob", "status": "Disabled", "sub": "2", "": "nameless", strings.Repeat("n", MaxKey+1): "long", "name": "A", "nickname": "",
	}}
	require.Equal(t, []userpool.SearchTerm{
		{Attribute: "cognito:user_status"}, {Attribute: "name", Value: "a"}, {Attribute: "status", Value: "enabled"}, {Attribute: "username", Value: "alice"},
	}, SearchTerms(u))
}

func TestSameSearchTerms(t *testing.T) {
	u := userpool.User{Username: "a", Status: "s", Enabled: true, Attributes: map[string]string{"a": "b", "c": ""}}
	require.True(t, SameSearchTerms(u, u.Clone()))
	for i, change := range []func(u *userpool.User){
		func(u *userpool.User) { u.Username = "b" }, func(u *userpool.User) { u.Status = "t" }, func(u *userpool.User) { u.Enabled = false },
		func(u *userpool.User) { u.Attributes["a"] = "c" }, func(u *userpool.User) { delete(u.Attributes, "c") },
		func(u *userpool.User) { delete(u.Attributes, "c"); u.Attributes["d"] = "" }, func(u *userpool.User) { u.Attributes["d"] = "" },
	} {
		other := u.Clone()
		change(&other)
		require.False(t, SameSearchTerms(u, other), "%d", i)
	}
}

// A range has what it must have, and nothing else, at its very ends.
func TestUsers_Ends(t *testing.T) {
	texts := []string{
		"", "\x01", " ", "a", "a\x01", "ab", "az", "b", "\x7f", "\u0080", "\ud7ff", "\ud7ff\uffff", "\ue000", "\uffff", "\U00010000", "\U0010fffe",
		"\U0010fffe\U0010ffff", "\U0010ffff", "\U0010ffff\x01", strings.Repeat("\U0010ffff", maxTerm/4),
	}
	for _, attribute := range []string{"name", "sub", ""} {
		for _, value := range texts {
			for _, operator := range []userpool.UserOperator{"=", "^=", "*="} {
				r, found, err := Users("pool", userpool.UserQuery{Attribute: attribute, Operator: operator, Value: value, Limit: 1})
				require.NoError(t, err)
				require.True(t, found)
				for _, text := range texts {
					at := Position{Value: text, Sub: "x"}
					if attribute != "name" {
						at = Position{Sub: text}
					}
					want := map[userpool.UserOperator]bool{
						"=": text == value, "^=": strings.HasPrefix(text, value), "*=": strings.Contains(text, value),
					}[operator] || attribute == ""
					in := at.Compare(r.From) >= 0 && at.Compare(r.To) < 0 && strings.Contains(text, r.Contains)
					require.Equal(t, want, in, "%q: is %+q in %s %+q", attribute, text, operator, value)
				}
			}
		}
	}
}

// FuzzUsers: no query makes a panic, or a range that is wider than the query. Every place comes back from the text that is made of it.
func FuzzUsers(f *testing.F) {
	f.Add("name", "^=", "al", "YWxpY2UAMQ", "alice", "1")
	f.Add("sub", "=", "1", "ADE", "", "1")
	f.Add("", "", "", "", "\U0010ffff", "\ud7ff")
	f.Add("name", "*=", "\U0010ffff", strings.Repeat("A", 2001), "a", "\xff")
	f.Add("name", "^=", "\ud7ff", "AA", "a\x00b", "")
	f.Fuzz(func(t *testing.T, attribute, operator, value, after, atValue, atSub string) {
		q := userpool.UserQuery{Attribute: attribute, Operator: userpool.UserOperator(operator), Value: value, Limit: 10}
		whole, found, err := Users("pool", q)
		if err != nil {
			require.ErrorIs(t, err, userpool.ErrInvalid)
			return
		}
		q.After = after
		r, _, err := Users("pool", q)
		if err == nil && found {
			require.GreaterOrEqual(t, r.From.Compare(whole.From), 0)
			require.Equal(t, whole.To, r.To)
			require.True(t, storable.Text(r.From.Value, r.From.Sub, r.To.Value, r.To.Sub, r.Contains))
		}
		at := Position{atValue, atSub}
		back, ok := position(at.Next())
		require.Equal(t, storable.Text(atValue, atSub) && len(at.Next()) <= maxAfter, ok)
		if ok {
			require.Equal(t, at, back)
		}
		if end, ok := afterPrefix(value); ok && utf8.ValidString(value) {
			texts := []string{value, value + "\U0010ffff", value + atValue, end}
			require.True(t, slices.IsSorted([]string{texts[0], texts[1], end}), "%+q", texts)
			require.True(t, utf8.ValidString(atValue) == false || texts[2] < end)
		}
	})
}
