package oidc

import (
	"errors"
	"fmt"
	"strings"
)

// placeholder stands for the tenant in an issuer, as in the metadata of Entra ID
// for several tenants.
const placeholder = "{tenantid}"

// TenantRule is for a provider whose metadata and keys are shared by many
// issuers, one for each tenant. It takes the place of the check that iss is
// Config.Issuer; all other checks stay as they are. A token is accepted if
//
//   - its claim tid is a GUID in small letters, and Allowed says yes to it;
//   - its iss is Config.Issuer with {tenantid} replaced by tid, exactly;
//   - the key it was signed with has, in the key set, an issuer which is that
//     same iss once {tenantid} is replaced in it. So a key that is one tenant's
//     own signs for that tenant only. A key without issuer is refused where
//     Config.Issuer has the placeholder.
//
// Config.Issuer need not have the placeholder: then it is the one issuer, in which
// tid must occur, and a key that has an issuer must be that issuer's.
//
// Danger: a rule that allows tenants it does not know lets everybody in who can
// open an account at the provider. A tenant's administrator decides what the
// tokens of that tenant say: e-mail addresses, names, user names. The only claims
// which tell people apart are tid together with oid, or sub.
type TenantRule struct {
	// Allowed decides whether people of a tenant may sign in. Required; a rule
	// that allows every tenant is a function that says so. It is called
	// concurrently, with a GUID in small letters.
	Allowed func(tenant string) bool
}

func (t *TenantRule) check(issuer string) error {
	if t.Allowed == nil {
		return fail(InvalidConfig, "Tenants.Allowed is nil; it must say which tenants may sign in")
	}
	if strings.Count(issuer, placeholder) > 1 {
		return fail(InvalidConfig, "Issuer %q has the placeholder %s more than once", plain(issuer, maxMessage), placeholder)
	}
	// After the placeholder nothing but a path may come, and before it a whole
	// host: a tenant is no part of a name.
	before, _, found := strings.Cut(issuer, placeholder)
	if _, path, _ := strings.Cut(before, "://"); found && !strings.Contains(path, "/") {
		return fail(InvalidConfig, "Issuer %q has the placeholder outside of its path", plain(issuer, maxMessage))
	}
	return nil
}

// issuer returns what iss must be in a token with claims, which was signed by a
// key whose own issuer is keyIssuer. template is Config.Issuer.
func (t *TenantRule) issuer(template, keyIssuer string, claims map[string]any) (string, error) {
	tenant, _ := claims["tid"].(string)
	if !isGUID(tenant) {
		return "", errors.New("tid is not a GUID in small letters")
	}
	if !t.Allowed(tenant) {
		return "", fmt.Errorf("the tenant %s is not among those that may sign in", tenant)
	}
	issuer := strings.Replace(template, placeholder, tenant, 1)
	switch {
	case !strings.Contains(issuer, tenant):
		return "", fmt.Errorf("the tenant %s is not that of the issuer", tenant)
	case keyIssuer == "" && issuer != template:
		return "", errors.New("its key has no issuer in the key set, so it may be any tenant's")
	case keyIssuer != "" && strings.Replace(keyIssuer, placeholder, tenant, 1) != issuer:
		return "", fmt.Errorf("its key is for the issuer %q", plain(keyIssuer, maxDescription))
	}
	return issuer, nil
}

// owns reports whether issuer is one that a token could have, by its form and its
// tenant, where there is no token to see: at a front-channel logout.
func (t *TenantRule) owns(template, issuer string) bool {
	before, after, found := strings.Cut(template, placeholder)
	if !found {
		return issuer == template
	}
	rest, ok := strings.CutPrefix(issuer, before)
	tenant, ok2 := strings.CutSuffix(rest, after)
	return ok && ok2 && isGUID(tenant) && t.Allowed(tenant)
}

// isGUID accepts 8-4-4-4-12 hexadecimal digits in small letters.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}
