package azuread

import (
	"fmt"
	"strings"
)

// Subject returns the subject of the account objectID in the tenant tenantID: both
// GUIDs in small letters, with a dot between. It is what Finish returns by either
// protocol, for a program that makes accounts before people sign in.
func Subject(tenantID, objectID string) (string, error) {
	tenant, object := guid(tenantID), guid(objectID)
	if tenant == "" || object == "" {
		return "", fail(InvalidIdentity, "the tenant ID %q or the object ID %q is not a GUID", plain(tenantID), plain(objectID))
	}
	return tenant + "." + object, nil
}

// ParseSubject returns the tenant ID and the object ID that a subject is made of.
func ParseSubject(subject string) (tenantID, objectID string, err error) {
	tenant, object, _ := strings.Cut(subject, ".")
	if guid(tenant) == "" || guid(object) == "" || guid(tenant)+"."+guid(object) != subject {
		return "", "", fail(InvalidIdentity, "%q is not a subject of this package", plain(subject))
	}
	return tenant, object, nil
}

// identity is who signed in: what a person's account is known by.
type identity struct{ tenant, object string }

func (i identity) subject() string { return i.tenant + "." + i.object }

// identityOf reads claims that checkClaims has accepted.
func identityOf(claims map[string]any) identity {
	tenant, _ := claims["tid"].(string)
	object, _ := claims["oid"].(string)
	return identity{tenant: guid(tenant), object: guid(object)}
}

// accessTokenClaims are in access tokens and never in ID tokens. An access token for
// this application may have its client ID as audience.
var accessTokenClaims = []string{"scp", "azpacr", "appidacr", "idtyp"}

// checkClaims judges ID tokens that are genuine otherwise. single is the tenant, or
// common or organizations.
func (p *Provider) checkClaims(authority string) func(claims map[string]any) error {
	version := "2.0"
	if p.config.V1 {
		version = "1.0"
	}
	return func(claims map[string]any) error {
		who := identityOf(claims)
		switch {
		case !p.tenants.allows(who.tenant, guid(authority)):
			return fail(TenantNotAllowed, "the tenant %s is not among those that may sign in", who.tenant)
		case claims["ver"] != version:
			return fail(InvalidIdentity, "the ID token is of version %q, and %q was asked for", plain(fmt.Sprint(claims["ver"])), version)
		case who.object == "":
			return fail(InvalidIdentity, "the ID token has no oid, or one that is not a GUID; it comes with the scope profile")
		}
		for _, name := range accessTokenClaims {
			if _, present := claims[name]; present {
				return fail(InvalidIdentity, "the token has %s: it is an access token, and says nothing about a sign-in", name)
			}
		}
		return nil
	}
}
