package userpool

import (
	"context"
	"errors"
	"strconv"

	"github.com/stepwell/stepwell/userpool/internal/userfilter"
)

// UserQuery asks a store for users.
type UserQuery struct {
	// Attribute is one of the names that SearchTerms gives, or empty for all users.
	Attribute string
	// Operator says how Value is compared, byte by byte, with the value of the user's search term.
	Operator UserOperator
	// Value is folded, as the values of search terms are.
	Value string
	// After is the Next of the page before, or empty.
	After string
	// Limit is the most users that are wanted: 1 to 1,000.
	Limit int
}

// UserOperator is a comparison in a [UserQuery], as it stands in the filter of ListUsers.
type UserOperator string

// The comparisons. Contains looks at every value of the attribute in the pool; the others find theirs in an index.
const (
	OperatorEqual    UserOperator = "="
	OperatorPrefix   UserOperator = "^="
	OperatorContains UserOperator = "*="
)

// UserPage is a part of the answer to a [UserQuery].
type UserPage struct {
	Users []User
	// Next is the After of the next page, at most 2,000 bytes, opaque to the pool; empty if this is the last. A page may have fewer users
	// than were wanted, or none, and a Next all the same.
	Next string
}

// SearchTerm is a value that a user is found by in a [UserQuery].
type SearchTerm struct{ Attribute, Value string }

// SearchTerms returns what a user is found by in a [UserQuery]: every attribute that is not empty, "username", "cognito:user_status", and
// "status", which is "Enabled" or "Disabled". Values are folded to a form in which letters of both cases are alike, and cut to at most
// 200 bytes; an attribute is there once. Every store makes its index of these.
func SearchTerms(u User) []SearchTerm {
	status := "Enabled"
	if !u.Enabled {
		status = "Disabled"
	}
	terms := []SearchTerm{
		{"username", userfilter.Fold(u.Username)}, {"cognito:user_status", userfilter.Fold(string(u.Status))}, {"status", userfilter.Fold(status)},
	}
	for name, value := range u.Attributes {
		if value != "" {
			terms = append(terms, SearchTerm{name, userfilter.Fold(value)})
		}
	}
	return terms
}

// ListUsersInput asks for users.
type ListUsersInput struct {
	// Filter is one comparison, such as `email = "ada@example.com"`, or empty for all users: the name of an attribute, an operator, and a value
	// in double quotes, in which `"` and `\` are written `\"` and `\\`. The operators are = and ^= (begins with), as in Cognito, and *= (has
	// anywhere in it), which looks at all values of the attribute. The attributes are username, email, phone_number, name, given_name,
	// family_name, preferred_username, sub, cognito:user_status, status ("Enabled" or "Disabled"), and the custom ones. Letters of both
	// cases are alike, and values are compared by their first 200 bytes.
	Filter string
	// Limit is the most users that are wanted: 1 to 60, and 60 by default. A page may have fewer and not be the last.
	Limit int
	// PaginationToken is that of the page before, or empty. It continues the same Filter only.
	PaginationToken string
}

// ListUsersOutput is a page of users, without what proves who they are.
type ListUsersOutput struct {
	Users []User
	// PaginationToken gets the next page; empty on the last.
	PaginationToken string
}

// ListUsers returns the users that a filter finds, page by page, in no particular order. A user who is there all the time is found once. The
// last page takes as long as the first. The error is InvalidParameter, with the Field "filter", "limit" or "paginationToken".
func (p *Pool) ListUsers(ctx context.Context, in ListUsersInput) (ListUsersOutput, error) {
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return ListUsersOutput{}, err
	}
	q, list, err := p.settings.userQuery(in.Filter)
	if err != nil {
		return ListUsersOutput{}, err
	}
	if q.After, err = p.pageAfter(ctx, in.PaginationToken, list...); err != nil {
		return ListUsersOutput{}, err
	}
	q.Limit = limit
	found, err := p.store.ListUsers(ctx, p.id, q)
	if err != nil {
		return ListUsersOutput{}, unavailable("listing users", err)
	}
	out := ListUsersOutput{Users: make([]User, len(found.Users))}
	for i, u := range found.Users {
		out.Users[i] = u.public()
	}
	out.PaginationToken, err = p.pageToken(ctx, found.Next, list...)
	return out, err
}

// userQuery makes a query of a filter, and what its pages are recognized by.
func (s Settings) userQuery(filter string) (q UserQuery, list []string, err error) {
	f, err := userfilter.Parse(filter)
	if e, ok := errors.AsType[*userfilter.Error](err); ok {
		if e.Kind == userfilter.UnknownAttribute {
			return q, nil, failField(InvalidParameter, "filter", "Invalid search attribute: %s.", printable(e.Attribute))
		}
		return q, nil, failField(InvalidParameter, "filter", "Error while parsing filter, at character %s: expected %s.", strconv.Itoa(e.Position), e.Expected)
	}
	if err != nil {
		return q, nil, err
	}
	if _, ok := s.attribute(f.Attribute); !ok && customName.MatchString(f.Attribute) {
		return q, nil, failField(InvalidParameter, "filter", "Invalid search attribute: %s.", f.Attribute)
	}
	q = UserQuery{Attribute: f.Attribute, Operator: UserOperator(f.Op), Value: userfilter.Fold(f.Value)}
	if f.Attribute == "sub" {
		q.Value = f.Value
	}
	return q, []string{"ListUsers", f.String()}, nil
}
