package azuread

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/federation/saml"
)

// Names of attributes of the directory.
const (
	claimsXMLSOAP   = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	claimsIdentity  = "http://schemas.microsoft.com/identity/claims/"
	claimsWS2008    = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
	claimsMicrosoft = "http://schemas.microsoft.com/claims/"
	claimsMethod    = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/"

	claimTenantID   = claimsIdentity + "tenantid"
	claimGroupsLink = claimsMicrosoft + "groups.link"
)

// shortNames are what attributes are called as claims of an ID token, by the first
// of their names that is there.
var shortNames = []struct {
	short string
	names []string
}{
	{"name", []string{claimsIdentity + "displayname", claimsWS2008 + "displayname"}},
	{"preferred_username", []string{claimsXMLSOAP + "name", claimsXMLSOAP + "upn"}},
	{"upn", []string{claimsXMLSOAP + "upn"}},
	{"email", []string{claimsXMLSOAP + "emailaddress"}},
	{"given_name", []string{claimsXMLSOAP + "givenname"}},
	{"family_name", []string{claimsXMLSOAP + "surname"}},
	{"groups", []string{claimsWS2008 + "groups"}},
	{"roles", []string{claimsWS2008 + "role"}},
	{"wids", []string{claimsWS2008 + "wids"}},
	{"idp", []string{claimsIdentity + "identityprovider"}},
	{"iss", []string{saml.AttributeIssuer}},
	{"acr", []string{saml.AttributeAuthnContextClassRef}},
}

// ownNames are short names that no attribute of an assertion may have: what they say
// is what this package has found out.
var ownNames = []string{"tid", "oid", "sub", "iss", "idp", "acr", "amr", "email_verified", "guest", AttributeGroupsMissing}

// methods are what the values of authnmethodsreferences are called in amr (RFC 8176).
var methods = map[string]string{
	claimsMicrosoft + "multipleauthn": "mfa",
	claimsMethod + "password":         "pwd",
	claimsMethod + "windows":          "wia",
}

// identityOfAssertion returns who an assertion of a tenant is about.
func identityOfAssertion(tenant, objectID string, attributes map[string][]string) (identity, error) {
	who := identity{tenant: tenant, object: guid(objectID)}
	if who.object == "" {
		return identity{}, fail(InvalidIdentity, "the attribute %s is %q, which is not an object ID", saml.EntraObjectID, plain(objectID))
	}
	for _, named := range attributes[claimTenantID] {
		if guid(named) != tenant {
			return identity{}, fail(InvalidIdentity, "the assertion is of the tenant %s, and its attribute tenantid names %q", tenant, plain(named))
		}
	}
	return who, nil
}

// shortAttributes adds the short names.
func shortAttributes(at Endpoints, who identity, given map[string][]string) map[string][]string {
	attributes := maps.Clone(given)
	for _, name := range ownNames {
		delete(attributes, name)
	}
	for _, s := range shortNames {
		for _, name := range s.names {
			if values := given[name]; len(values) > 0 {
				attributes[s.short] = slices.Clone(values)
				break
			}
		}
	}
	attributes["tid"], attributes["oid"] = []string{who.tenant}, []string{who.object}
	if references := given[claimsMicrosoft+"authnmethodsreferences"]; len(references) > 0 {
		attributes["amr"] = amr(references)
	}
	if email := attributes["email"]; len(email) == 1 && signin.IsOneAddress(email[0]) {
		attributes["email_verified"] = []string{no} // an assertion cannot say that it is
	} else {
		delete(attributes, "email")
	}
	if idp := attributes["idp"]; len(idp) == 1 {
		if guest, known := isGuest(at, "", idp[0], who.tenant); known {
			attributes["guest"] = []string{boolText(guest)}
		}
	}
	return attributes
}

// amr turns references into methods, each once. What is not known stays as it is.
func amr(references []string) []string {
	var out []string
	for _, reference := range references {
		method, ok := methods[strings.TrimSpace(reference)]
		if !ok {
			method = reference
		}
		if !slices.Contains(out, method) {
			out = append(out, method)
		}
	}
	return out
}

// protocolClaims of VerifyLogin are not attributes.
var protocolClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "acr", "amr"}

// loginClaims are the claims that VerifyLogin returns.
func (p *SAMLProvider) loginClaims(ctx context.Context, tenant string, verified map[string]any) (map[string]any, error) {
	given := make(map[string][]string)
	claims := make(map[string]any)
	for name, value := range verified {
		if slices.Contains(protocolClaims, name) {
			claims[name] = value
		} else if values := texts(value); values != nil {
			given[name] = values
		}
	}
	objectID, _ := verified["sub"].(string)
	subject, attributes, err := p.identify(ctx, tenant, objectID, given)
	if err != nil {
		return nil, err
	}
	for name, values := range attributes {
		switch {
		case slices.Contains(protocolClaims, name) && name != "amr":
		case name == "email_verified" || name == "guest":
			claims[name] = values[0] == yes
		case len(values) == 1 && !slices.Contains([]string{"amr", "groups", "roles", "wids"}, name):
			claims[name] = values[0]
		default:
			claims[name] = list(values)
		}
	}
	claims["sub"] = subject
	return claims, nil
}

func texts(claim any) []string {
	switch v := claim.(type) {
	case string:
		return []string{v}
	case []any:
		var values []string
		for _, item := range v {
			if text, ok := item.(string); ok {
				values = append(values, text)
			}
		}
		return values
	}
	return nil
}
