package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

// Claims are what is known about the caller: the claims of the verified access token, or those that the [Authenticator] gave.
// Names are compared exactly: "Sub" is not "sub". Numbers of a token are of type [json.Number].
//
// The map belongs to its request: no other request sees it.
type Claims map[string]any

// String returns the claim if it is a string, and "" if it is missing or anything else.
func (c Claims) String(name string) string {
	s, _ := c[name].(string)
	return s
}

// Subject returns the claim sub: what identifies the caller at this issuer, and never changes. For a machine (the client
// credentials grant) it is the client ID.
func (c Claims) Subject() string { return c.String("sub") }

// Username returns the claim username (access tokens), or else cognito:username (ID tokens), or "", as for a machine.
func (c Claims) Username() string {
	if name := c.String("username"); name != "" {
		return name
	}
	return c.String("cognito:username")
}

// ClientID returns the claim client_id: the app client that the token was issued to.
func (c Claims) ClientID() string { return c.String("client_id") }

// Scopes returns the scopes: the claim scope, a string, split at spaces (RFC 6749 section 3.3), and none if it is not a string.
// The slice is a copy.
func (c Claims) Scopes() []string {
	return slices.DeleteFunc(strings.Split(c.String("scope"), " "), func(s string) bool { return s == "" })
}

// HasScope reports whether the scope is among Scopes.
func (c Claims) HasScope(scope string) bool {
	if scope == "" {
		return false
	}
	for s := range strings.SplitSeq(c.String("scope"), " ") {
		if s == scope {
			return true
		}
	}
	return false
}

// Groups returns the groups of the user: the claim cognito:groups if it is an array of strings only, and none otherwise: the
// string "admins" is not a group. The slice is a copy.
func (c Claims) Groups() []string {
	switch groups := c["cognito:groups"].(type) {
	case []string:
		return slices.Clone(groups)
	case []any:
		names := make([]string, 0, len(groups))
		for _, g := range groups {
			name, ok := g.(string)
			if !ok {
				return nil
			}
			names = append(names, name)
		}
		return names
	}
	return nil
}

// HasGroup reports whether the group is among Groups.
func (c Claims) HasGroup(group string) bool {
	return group != "" && slices.Contains(c.Groups(), group)
}

// Time returns the claim, such as exp, iat or auth_time, in UTC, if it is a NumericDate (RFC 7519 section 2: seconds since
// 1970) or a [time.Time]; otherwise it returns false. A fraction of a second in a NumericDate is cut off.
func (c Claims) Time(name string) (time.Time, bool) {
	switch v := c[name].(type) {
	case time.Time:
		return v.UTC(), true
	case int, int64, float64: // an Authenticator may give these; a token has json.Number
		return jose.Numeric(map[string]any{name: json.Number(fmt.Sprint(v))}, name)
	}
	return jose.Numeric(c, name)
}

// claimsKey is the key of Claims in a context.
type claimsKey struct{}

// FromContext returns the claims of the caller inside a handler that [Guard.Handler] protects. Elsewhere it returns false.
func FromContext(ctx context.Context) (Claims, bool) {
	claims, ok := ctx.Value(claimsKey{}).(Claims)
	return claims, ok
}

// maxClaimsDepth bounds nested claims, since a map that contains itself would exhaust the stack.
const maxClaimsDepth = 32

// cloneClaims copies claims with everything in them, so that nobody else can change what a request was told.
func cloneClaims(claims map[string]any) (Claims, error) {
	out := maps.Clone(claims)
	for name, value := range out {
		v, err := cloneValue(value, maxClaimsDepth)
		if err != nil {
			return nil, fmt.Errorf("claim %q: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

// cloneValue copies a value of the types that claims have, and refuses others: a pointer cannot be copied without knowing it.
func cloneValue(value any, depth int) (any, error) {
	if depth == 0 {
		return nil, errors.New("nested too deep")
	}
	switch v := value.(type) {
	case nil, string, bool, json.Number, float64, int, int64, time.Time:
		return v, nil
	case []string:
		return slices.Clone(v), nil
	case []any:
		out := slices.Clone(v)
		for i := range out {
			item, err := cloneValue(out[i], depth-1)
			if err != nil {
				return nil, err
			}
			out[i] = item
		}
		return out, nil
	case map[string]any:
		out := maps.Clone(v)
		for name := range out {
			item, err := cloneValue(out[name], depth-1)
			if err != nil {
				return nil, err
			}
			out[name] = item
		}
		return out, nil
	}
	return nil, fmt.Errorf("a value of type %T is not supported", value)
}
