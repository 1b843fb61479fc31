package federationtest

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var guidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// formatGUID writes 16 bytes as a GUID of version 4.
func formatGUID(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// derivedGUID makes a GUID that is always the same for the same parts.
func derivedGUID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return formatGUID(sum[:16])
}

// account is a user in a tenant: a copy, which nobody changes.
type account struct {
	tenant *entraTenant
	user   EntraUser
}

func (a *account) same(b *account) bool {
	return b != nil && a.tenant.ID == b.tenant.ID && a.user.ObjectID == b.user.ObjectID
}

// entraTenant is a tenant whose users can change; Entra.mu guards them.
type entraTenant struct {
	EntraTenant
	users []*EntraUser
}

func (t *entraTenant) personal() bool { return t.ID == MSATenantID }

func newEntraTenant(config EntraTenant) (*entraTenant, error) {
	if !guidForm.MatchString(config.ID) {
		return nil, fmt.Errorf("federationtest: tenant ID %q is not a GUID in lower case", config.ID)
	}
	if len(config.Domains) == 0 {
		if config.ID != MSATenantID {
			return nil, fmt.Errorf("federationtest: tenant %s has no domains", config.ID)
		}
		config.Domains = []string{"live.com", "outlook.com", "hotmail.com"}
	}
	if config.DisplayName == "" {
		config.DisplayName = config.Domains[0]
	}
	t := &entraTenant{EntraTenant: config}
	for _, user := range config.Users {
		if err := t.set(user); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// set adds user, in place of one with the same object ID.
func (t *entraTenant) set(user EntraUser) error {
	if user.UserPrincipalName == "" {
		return errors.New("federationtest: a user has no UserPrincipalName")
	}
	if user.ObjectID == "" {
		user.ObjectID = derivedGUID(t.ID, strings.ToLower(user.UserPrincipalName))
		if t.personal() {
			user.ObjectID = "00000000-0000-0000-" + user.ObjectID[19:]
		}
	}
	if !guidForm.MatchString(user.ObjectID) {
		return fmt.Errorf("federationtest: object ID %q of %s is not a GUID in lower case", user.ObjectID, user.UserPrincipalName)
	}
	user.Groups, user.DirectoryRoles, user.Properties = slices.Clone(user.Groups), slices.Clone(user.DirectoryRoles), maps.Clone(user.Properties)
	for i, old := range t.users {
		if old.ObjectID == user.ObjectID {
			t.users[i] = &user
			return nil
		}
		if strings.EqualFold(old.UserPrincipalName, user.UserPrincipalName) {
			return fmt.Errorf("federationtest: two users of tenant %s are called %s", t.ID, user.UserPrincipalName)
		}
	}
	t.users = append(t.users, &user)
	return nil
}

// SetUser adds a user to a tenant, or changes the one with the same ObjectID (of
// the same UserPrincipalName, where ObjectID is empty).
func (e *Entra) SetUser(tenantID string, user EntraUser) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.tenants[tenantID]
	if t == nil {
		return fmt.Errorf("federationtest: no tenant %q", tenantID)
	}
	return t.set(user)
}

// User returns a user of a tenant, found by object ID, user principal name or
// mail, with its ObjectID.
func (e *Entra) User(tenantID, name string) (user EntraUser, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.tenants[tenantID]; t != nil {
		if found := t.find(name); found != nil {
			return *found, true
		}
	}
	return EntraUser{}, false
}

// find looks a user up, exact names before addresses.
func (t *entraTenant) find(name string) *EntraUser {
	for _, key := range []func(*EntraUser) string{
		func(u *EntraUser) string { return u.ObjectID },
		func(u *EntraUser) string { return u.UserPrincipalName },
		func(u *EntraUser) string { return loginHint(t.ID, u) },
		func(u *EntraUser) string { return u.Mail },
	} {
		for _, user := range t.users {
			if value := key(user); value != "" && strings.EqualFold(value, name) {
				return user
			}
		}
	}
	return nil
}

// loginHint is the opaque value of the login_hint claim.
func loginHint(tenantID string, u *EntraUser) string {
	sum := sha256.Sum256([]byte("login_hint\x00" + tenantID + "\x00" + u.ObjectID))
	return "O." + base64.RawURLEncoding.EncodeToString(sum[:])
}

// groupsOf returns the IDs of the groups that user is in, directly or through
// other groups, sorted.
func (t *entraTenant) groupsOf(user *EntraUser, securityOnly bool) []string {
	described := make(map[string]EntraGroup)
	for _, group := range t.Groups {
		described[group.ID] = group
	}
	found := make(map[string]bool)
	for rest := slices.Clone(user.Groups); len(rest) > 0; {
		id := rest[0]
		rest = rest[1:]
		if !found[id] {
			found[id] = true
			rest = append(rest, described[id].MemberOf...)
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(found)), func(id string) bool { return securityOnly && described[id].Unified })
}

// owns reports whether address is in one of the tenant's verified domains.
func (t *entraTenant) owns(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(t.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// authority is what stands first in a path: a tenant, or a name for several.
type authority struct {
	name   string       // as it was written
	tenant *entraTenant // nil for common and organizations
}

func (a *authority) multiple() bool { return a.tenant == nil }

// readAuthority finds the tenant that a path names by ID or by domain.
func (e *Entra) readAuthority(name string) (*authority, *EntraError) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch lower := strings.ToLower(name); lower {
	case "common", "organizations":
		return &authority{name: lower}, nil
	case "consumers":
		return &authority{name: lower, tenant: e.tenants[MSATenantID]}, nil
	default:
		if t := e.tenants[lower]; t != nil {
			return &authority{name: lower, tenant: t}, nil
		}
		for _, t := range e.tenants {
			if slices.Contains(t.Domains, lower) {
				return &authority{name: lower, tenant: t}, nil
			}
		}
	}
	return nil, &EntraError{Code: 90002, OAuth: "invalid_tenant", Message: "Tenant '" + name + "' not found. Check to make sure you have the correct " +
		"tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active " +
		"subscriptions for the tenant."}
}

// accounts are those that may sign in at an authority, as its page lists them.
func (e *Entra) accounts(at *authority) []*account {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []*account
	for _, id := range e.order {
		t := e.tenants[id]
		if at.tenant != nil && at.tenant != t || at.name == "organizations" && t.personal() {
			continue
		}
		for _, user := range t.users {
			if at.tenant != nil || !user.Guest {
				list = append(list, &account{t, *user})
			}
		}
	}
	return list
}

// resolve finds the account that name means at an authority.
func (e *Entra) resolve(at *authority, name string) (*account, *EntraError) {
	name = strings.TrimSpace(name)
	e.mu.Lock()
	defer e.mu.Unlock()
	var elsewhere *entraTenant
	for _, id := range e.order {
		t := e.tenants[id]
		user := t.find(name)
		switch {
		case user == nil:
		case at.tenant == t, at.tenant == nil && !user.Guest && (at.name != "organizations" || !t.personal()):
			return &account{t, *user}, nil
		case !user.Guest:
			elsewhere = t
		}
	}
	if elsewhere != nil && at.tenant != nil {
		return nil, &EntraError{Code: 50020, OAuth: "interaction_required", Message: "User account '" + name + "' from identity provider '" + e.stsIssuer(elsewhere.ID) +
			"' does not exist in tenant '" + at.tenant.DisplayName + "' and cannot access the application in that tenant. The account needs to be added " +
			"as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account."}
	}
	return nil, &EntraError{Code: 50034, OAuth: "invalid_grant", Message: "The user account " + name + " does not exist in the directory. " +
		"To sign into this application, the account must be added to the directory."}
}

// refresh returns the account as it is now, or nil when it is gone.
func (e *Entra) refresh(a *account) *account {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, user := range a.tenant.users {
		if user.ObjectID == a.user.ObjectID {
			return &account{a.tenant, *user}
		}
	}
	return nil
}

// origins are the origins that a form for the app may lead to.
func (a *EntraApp) origins() []string {
	addresses := slices.Concat(a.RedirectURIs, a.FollowingOrigins)
	if a.SAML != nil {
		addresses = append(addresses, a.SAML.ReplyURLs...)
	}
	return origins(addresses)
}

func (a *EntraApp) personal() bool {
	return a.SignInAudience == AudienceOrgsAndPersonal || a.SignInAudience == AudiencePersonalAccounts
}

// redirects reports whether uri is registered. The port of http://localhost is
// not compared, as in RFC 8252 section 7.3.
func (a *EntraApp) redirects(uri string) bool {
	return slices.ContainsFunc(a.RedirectURIs, func(registered string) bool {
		if registered == uri {
			return true
		}
		left, err1 := url.Parse(registered)
		right, err2 := url.Parse(uri)
		return err1 == nil && err2 == nil && left.Scheme == "http" && right.Scheme == "http" && left.Hostname() == "localhost" &&
			right.Hostname() == "localhost" && left.Path == right.Path && left.RawQuery == right.RawQuery && right.User == nil && right.Fragment == ""
	})
}

// rolesOf returns the app roles of somebody.
func (a *EntraApp) rolesOf(who *account) []string {
	return slices.Concat(a.AppRoles[who.user.ObjectID], a.AppRoles[who.user.UserPrincipalName])
}
