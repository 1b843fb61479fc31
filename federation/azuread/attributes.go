package azuread

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/federation/oidc"
)

// AttributeGroupsMissing is there where the person is in groups that are not among
// the attributes, and says why: see [Groups].
const AttributeGroupsMissing = "groups_missing"

const (
	yes = "true"
	no  = "false"
)

// overageClaims say where groups are to be had, by an address which is never asked.
var overageClaims = []string{"_claim_names", "_claim_sources", "hasgroups"}

// attributes are those of the relying party, with what this package knows better.
func (p *Provider) attributes(signIn *oidc.SignIn, who identity) map[string][]string {
	attributes, claims := signIn.Attributes, signIn.Claims
	for _, name := range append([]string{"email_verified", "guest", AttributeGroupsMissing}, overageClaims...) {
		delete(attributes, name)
	}
	attributes["tid"], attributes["oid"] = []string{who.tenant}, []string{who.object}
	if len(attributes["preferred_username"]) == 0 { // version 1.0
		for _, name := range []string{"upn", "unique_name"} {
			if value := attributes[name]; len(value) == 1 {
				attributes["preferred_username"] = value
				break
			}
		}
	}
	if email := attributes["email"]; len(email) == 1 {
		// userinfo has no xms_edov: an address that only it has is not verified.
		attributes["email_verified"] = []string{boolText(claims["email"] == email[0] && verifiedDomain(claims))}
	}
	if guest, known := p.guest(text(claims["acct"]), text(claims["idp"]), who.tenant); known {
		attributes["guest"] = []string{boolText(guest)}
	}
	return attributes
}

func boolText(b bool) string {
	if b {
		return yes
	}
	return no
}

// text is a claim as attributes have it.
func text(claim any) string {
	switch v := claim.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// verifiedDomain reports whether the directory says, by xms_edov, that the owner of
// the address's domain has been verified. The claim is written in several ways.
func verifiedDomain(claims map[string]any) bool {
	switch v := claims["xms_edov"].(type) {
	case bool:
		return v
	case string:
		return v == "1" || v == "true"
	case json.Number:
		return v == "1"
	}
	return false
}

// otherProviders are identity providers of guests, besides other tenants.
var otherProviders = []string{"live.com", "mail", "google.com", "facebook.com", "apple.com"}

// guest reports whether the account is that of a guest: as acct says, and otherwise
// as it follows from the identity provider that knows the person.
func (p *Provider) guest(acct, idp, tenant string) (guest, known bool) {
	return isGuest(p.at, acct, idp, tenant)
}

func isGuest(at Endpoints, acct, idp, tenant string) (guest, known bool) {
	home, isTenant := at.tenantOf(idp)
	switch {
	case acct == "1" || acct == "0":
		return acct == "1", true
	case tenant == PersonalAccounts:
		return false, false
	case isTenant:
		return home != tenant, true
	}
	return true, slices.Contains(otherProviders, idp)
}

// loginClaims are the claims that VerifyLogin returns.
func (p *Provider) loginClaims(ctx context.Context, verified map[string]any) (map[string]any, error) {
	claims, who := maps.Clone(verified), identityOf(verified)
	for _, name := range append([]string{"email_verified", "guest", "pairwise_sub", AttributeGroupsMissing}, overageClaims...) {
		delete(claims, name)
	}
	claims["pairwise_sub"], claims["sub"] = verified["sub"], who.subject()
	claims["tid"], claims["oid"] = who.tenant, who.object
	if email, ok := claims["email"].(string); ok && signin.IsOneAddress(email) {
		claims["email_verified"] = verifiedDomain(verified)
	} else {
		delete(claims, "email")
	}
	if guest, known := p.guest(text(verified["acct"]), text(verified["idp"]), who.tenant); known {
		claims["guest"] = guest
	}
	if overage(verified) {
		found := make(map[string][]string)
		if err := p.graph.complete(ctx, who, "", found); err != nil {
			return nil, err
		}
		setClaims(claims, found)
	}
	return claims, nil
}

// setClaims writes the groups that complete found as claims.
func setClaims(claims map[string]any, found map[string][]string) {
	delete(claims, "groups")
	if groups := found["groups"]; len(groups) > 0 {
		claims["groups"] = list(groups)
	}
	if missing := found[AttributeGroupsMissing]; len(missing) == 1 {
		claims[AttributeGroupsMissing] = missing[0]
	}
}

func list(values []string) []any {
	out := make([]any, len(values))
	for i, value := range values {
		out[i] = value
	}
	return out
}
