package azuread

import (
	"context"
	"slices"
	"strings"
)

// Overage says what happens to a person who is in more groups than a token or
// assertion carries: 200 in a token, 150 in an assertion.
type Overage string

const (
	// OverageFail asks Microsoft Graph for the groups, and fails the sign-in with
	// GroupsFailed if it does not say them. It is the default: who decides by groups
	// is not to decide without them.
	OverageFail Overage = ""
	// OverageWithout asks Graph, and signs the person in without groups if it does
	// not say them; AttributeGroupsMissing then says why.
	OverageWithout Overage = "without"
	// OverageIgnore does not ask Graph, and signs the person in without groups and
	// with AttributeGroupsMissing. It is for an application that does not use them.
	OverageIgnore Overage = "ignore"
)

// Groups is about people who are in more groups than a token or assertion carries.
// The others' groups are as the app registration says (Token configuration >
// Groups claim).
//
// Graph is asked what the person is a member of, directly or through other groups.
// It gives object IDs, whatever form of names the app registration has chosen, and
// all groups even where the app registration limits them to those assigned to the
// application. The permissions are granted under API permissions, with admin
// consent.
type Groups struct {
	// Overage says what happens. Empty means OverageFail.
	Overage Overage

	// Delegated asks with the access token of the sign-in, for which the scopes
	// User.Read and GroupMember.Read.All of Graph are added to Scopes; both are
	// delegated permissions. Otherwise the application asks in its own name, for
	// which it has the application permissions User.ReadBasic.All and
	// GroupMember.Read.All, or Directory.Read.All. For SAML there is only the
	// latter.
	Delegated bool

	// All asks for groups of all kinds, as "All groups" in the app registration
	// does, and for directory roles and administrative units, whose object IDs
	// then are among the groups. By default there are security groups only.
	All bool
}

func (g *Groups) check() error {
	if !slices.Contains([]Overage{OverageFail, OverageWithout, OverageIgnore}, g.Overage) {
		return fail(InvalidConfig, "Groups.Overage is %q; use OverageFail, OverageWithout or OverageIgnore", plain(string(g.Overage)))
	}
	return nil
}

// overage reports whether a token says that it does not carry the groups.
func overage(claims map[string]any) bool {
	names, _ := claims["_claim_names"].(map[string]any)
	_, elsewhere := names["groups"]
	has := claims["hasgroups"]
	return elsewhere || has == true || has == yes
}

// delegated reports whether the access token of a sign-in can ask for groups.
func (p *Provider) delegated() bool {
	return p.config.Groups.Delegated || slices.ContainsFunc(p.config.Scopes, func(scope string) bool {
		permission := strings.TrimPrefix(scope, p.at.GraphURL+"/")
		return slices.Contains([]string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}, permission)
	})
}

// complete puts the groups of who into attributes, or says why not. With a token it
// asks on the person's behalf.
func (g *graph) complete(ctx context.Context, who identity, token string, attributes map[string][]string) error {
	delete(attributes, "groups")
	if g.groups.Overage == OverageIgnore {
		attributes[AttributeGroupsMissing] = []string{"more groups than fit; Graph is not asked"}
		return nil
	}
	found, err := g.memberOf(ctx, who, token)
	switch {
	case err == nil && len(found) > 0:
		attributes["groups"] = found
	case err == nil:
	case ctx.Err() != nil || g.groups.Overage == OverageFail:
		return err
	default:
		attributes[AttributeGroupsMissing] = []string{err.Error()}
	}
	return nil
}
