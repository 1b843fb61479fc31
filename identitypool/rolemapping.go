package identitypool

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The claims of a user pool's ID token that a [TokenMapping] takes.
const (
	claimPreferredRole = "cognito:preferred_role"
	claimRoles         = "cognito:roles"
)

// choice is what a login gives.
type choice struct {
	role *role
	by   *verified // whose principal tags the session gets
}

// errDenied is a role mapping that gives no role.
var errDenied = errors.New("the role mapping gives no role")

// chooseRole returns the role for identities with these logins, which are ordered by provider.
//
// One login decides, and gives the principal tags as well, so that a role of one login is never had with the tags of another: the first
// whose role mapping chooses a role. If none does, the answer is NotAuthorized if one of the mappings says so, and else the
// AuthenticatedRole with the tags of the first login. With custom, the login decides whose mapping allows that role.
func (p *Pool) chooseRole(set *roleSet, logins []verified, custom string) (choice, error) {
	logins = slices.Clone(logins)
	slices.SortFunc(logins, func(a, b verified) int {
		return strings.Compare(a.Provider+"\x00"+a.Subject, b.Provider+"\x00"+b.Subject)
	})
	denies := false
	for i := range logins {
		login := &logins[i]
		mapping := p.developerMapping
		if login.provider != nil {
			mapping = login.provider.mapping
		}
		if mapping == nil {
			continue
		}
		role, err := mapping.choose(set, login.mappingClaims(), custom)
		switch {
		case err != nil:
			return choice{}, err
		case role != nil:
			return choice{role, login}, nil
		}
		denies = denies || mapping.Ambiguous == DenyRole
	}
	switch {
	case custom != "":
		return choice{}, fail(NotAuthorized, "The login does not allow the requested role.")
	case denies:
		return choice{}, &Error{Code: NotAuthorized, Message: "The login is not mapped to a role of this identity pool.", cause: errDenied}
	case set.authenticated == nil:
		return choice{}, noRole()
	}
	return choice{set.authenticated, &logins[0]}, nil
}

func noRole() *Error {
	return fail(InvalidIdentityPoolConfiguration, "Invalid identity pool configuration. Check assigned IAM roles for this pool.")
}

// mappingClaims are what the rules are about: the claims of a token, or the principal tags that the developer's backend gave.
func (v *verified) mappingClaims() map[string]any {
	if v.provider != nil {
		return v.Claims
	}
	out := make(map[string]any, len(v.developerTags))
	for key, value := range v.developerTags {
		out[key] = value
	}
	return out
}

// choose returns the role that the mapping gives for the claims, or nil. An error is a role that the pool does not have.
func (m *RoleMapping) choose(set *roleSet, claims map[string]any, custom string) (*role, error) {
	if m.Type == TokenMapping {
		return chooseByToken(set, claims, custom)
	}
	for _, rule := range m.Rules {
		if !rule.matches(claims) {
			continue
		}
		role := set.byName[rule.Role]
		switch {
		case role == nil:
			return nil, noRole()
		case custom == "" || custom == role.arn:
			return role, nil
		}
	}
	return nil, nil
}

func chooseByToken(set *roleSet, claims map[string]any, custom string) (*role, error) {
	arn := custom
	if custom == "" {
		preferred := claimValues(claims[claimPreferredRole])
		if len(preferred) != 1 || preferred[0] == "" {
			return nil, nil
		}
		arn = preferred[0]
	} else if !slices.Contains(claimValues(claims[claimRoles]), custom) {
		return nil, nil
	}
	if role := set.byARN[arn]; role != nil {
		return role, nil
	}
	return nil, noRole()
}

// matches compares. A claim with several values matches if one of them does; for MatchNotEqual, if none is the value.
func (r MappingRule) matches(claims map[string]any) bool {
	values := claimValues(claims[r.Claim])
	if len(values) == 0 {
		return false
	}
	switch r.Match {
	case MatchEquals:
		return slices.Contains(values, r.Value)
	case MatchNotEqual:
		return !slices.Contains(values, r.Value)
	case MatchContains:
		return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, r.Value) })
	case MatchStartsWith:
		return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, r.Value) })
	}
	return false
}

// claimValues returns a claim as text: a string, number or boolean, or each of a list of them. Anything else in it makes it nil, as if the
// claim were not there.
func claimValues(claim any) []string {
	if text, ok := claimText(claim); ok {
		return []string{text}
	}
	var out []string
	switch list := claim.(type) {
	case []string:
		return list
	case []any:
		for _, member := range list {
			text, ok := claimText(member)
			if !ok {
				return nil
			}
			out = append(out, text)
		}
	}
	return out
}

func claimText(claim any) (string, bool) {
	switch v := claim.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}
