package federationtest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

const (
	// maxGroupsJWT and maxGroupsSAML are how many groups a token carries; with
	// more it says where to ask instead.
	maxGroupsJWT  = 200
	maxGroupsSAML = 150
	// maxGroupsImplicit is the limit of tokens that travel in an address.
	maxGroupsImplicit = 5
	// idTokenLifetime counts from iat, which is five minutes in the past.
	idTokenLifetime = 65 * time.Minute
	issuedBefore    = 5 * time.Minute
)

// issuance is what a token is made for.
type issuance struct {
	app      *EntraApp
	who      *account
	scope    string
	nonce    string
	v1       bool
	implicit bool // the token travels in an address
	session  *entraSession
	code     string // for c_hash
}

// pairwise is sub: another one for each application.
func pairwise(clientID string, who *account) string {
	sum := sha256.Sum256([]byte("sub\x00" + clientID + "\x00" + who.tenant.ID + "\x00" + who.user.ObjectID))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// idTokenClaims are the claims of an ID token of either version.
func (e *Entra) idTokenClaims(i issuance) map[string]any {
	now, who := e.now(), i.who
	claims := map[string]any{
		"aud": i.app.ClientID, "iss": e.Issuer(who.tenant.ID), "ver": "2.0", "tid": who.tenant.ID, "sub": pairwise(i.app.ClientID, who),
		"iat": now.Add(-issuedBefore).Unix(), "nbf": now.Add(-issuedBefore).Unix(), "exp": now.Add(idTokenLifetime - issuedBefore).Unix(),
		"rh": "0." + base64.RawURLEncoding.EncodeToString(e.bytes(24)) + ".", "uti": base64.RawURLEncoding.EncodeToString(e.bytes(16)),
		"aio": base64.StdEncoding.EncodeToString(e.bytes(48)),
	}
	scopes := strings.Fields(i.scope)
	if i.v1 {
		e.addV1(claims, i)
	} else if slices.Contains(scopes, "profile") {
		claims["oid"], claims["preferred_username"] = who.user.ObjectID, username(who)
		put(claims, "name", who.user.DisplayName)
	}
	if i.nonce != "" {
		claims["nonce"] = i.nonce
	}
	if i.code != "" {
		sum := sha256.Sum256([]byte(i.code))
		claims["c_hash"] = base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	if who.user.Guest {
		claims["idp"] = e.identityProvider(who)
	}
	if slices.Contains(scopes, "email") || slices.Contains(i.app.OptionalClaims, "email") || who.user.Guest && i.v1 {
		e.addEmail(claims, i.app, who)
	}
	e.addOptional(claims, i)
	e.addMemberships(claims, i)
	return claims
}

// addV1 turns claims into those of version 1.0, which asks no scope.
func (e *Entra) addV1(claims map[string]any, i issuance) {
	user := &i.who.user
	claims["iss"], claims["ver"] = e.stsIssuer(i.who.tenant.ID), "1.0"
	claims["oid"], claims["amr"], claims["ipaddr"] = user.ObjectID, []string{"pwd"}, "127.0.0.1"
	if user.MFA {
		claims["amr"] = []string{"pwd", "mfa"}
	}
	put(claims, "name", user.DisplayName)
	put(claims, "given_name", user.GivenName)
	put(claims, "family_name", user.Surname)
	claims["unique_name"] = username(i.who)
	if !user.Guest {
		claims["upn"] = user.UserPrincipalName
	}
}

func put(claims map[string]any, name, value string) {
	if value != "" {
		claims[name] = value
	}
}

// username is what people call the account: a name that changes and is reused.
func username(who *account) string {
	if who.user.Guest && who.user.Mail != "" {
		return who.user.Mail
	}
	return who.user.UserPrincipalName
}

// identityProvider is where the account was signed in.
func (e *Entra) identityProvider(who *account) string {
	switch {
	case !who.user.Guest:
		return e.stsIssuer(who.tenant.ID)
	case who.user.HomeTenant == MSATenantID:
		return "live.com"
	case who.user.HomeTenant == "":
		return "mail"
	}
	return e.stsIssuer(who.user.HomeTenant)
}

// emailVerified reports whether the owner of the domain of the account's address
// has been verified: the address is in a verified domain of the organization
// that the person comes from, or in the care of Microsoft itself.
func (e *Entra) emailVerified(who *account) bool {
	home := who.tenant
	if who.user.Guest {
		if who.user.HomeTenant == "" {
			return true // a code was sent there
		}
		home = e.tenants[who.user.HomeTenant] // the map is never changed
	}
	return home != nil && (home.personal() || home.owns(who.user.Mail))
}

// addEmail adds the address, and xms_edov where it was asked for. Apps for
// several organizations get no unverified address unless they insist.
func (e *Entra) addEmail(claims map[string]any, app *EntraApp, who *account) {
	verified := e.emailVerified(who)
	if who.user.Mail == "" || !verified && app.SignInAudience != AudienceMyOrg && !app.KeepUnverifiedEmail {
		return
	}
	claims["email"] = who.user.Mail
	switch {
	case !slices.Contains(app.OptionalClaims, "xms_edov"):
	case !app.EDOVAsText:
		claims["xms_edov"] = verified
	case verified:
		claims["xms_edov"] = "1"
	default:
		claims["xms_edov"] = "0"
	}
}

// addOptional adds the optional claims of the app's token configuration.
func (e *Entra) addOptional(claims map[string]any, i issuance) {
	user := &i.who.user
	for _, name := range i.app.OptionalClaims {
		switch name {
		case "acct":
			claims[name] = 0
			if user.Guest {
				claims[name] = 1
			}
		case "auth_time":
			if i.session != nil {
				claims[name] = i.session.since().Unix()
			}
		case "family_name":
			put(claims, name, user.Surname)
		case "given_name":
			put(claims, name, user.GivenName)
		case "login_hint":
			claims[name] = loginHint(i.who.tenant.ID, user)
		case "sid":
			if i.session != nil {
				claims[name] = i.session.id
			}
		case "upn":
			claims[name] = user.UserPrincipalName
		case "verified_primary_email":
			if e.emailVerified(i.who) && user.Mail != "" {
				claims[name] = []string{user.Mail}
			}
		case "ctry", "tenant_ctry":
			claims[name] = "CH"
		}
	}
}

// memberships returns the groups for tokens of app, and the directory roles.
func (e *Entra) memberships(app *EntraApp, who *account) (groups, wids []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch app.GroupMembershipClaims {
	case GroupsSecurity:
		groups = who.tenant.groupsOf(&who.user, true)
	case GroupsAll:
		groups, wids = who.tenant.groupsOf(&who.user, false), who.user.DirectoryRoles
	case GroupsDirectoryRoles:
		wids = who.user.DirectoryRoles
	case GroupsOfApplication:
		groups = slices.DeleteFunc(slices.Clone(who.user.Groups), func(id string) bool { return !slices.Contains(app.AssignedGroups, id) })
	}
	return groups, wids
}

// staleGraph is where a token says that groups are to be asked for. It is the
// address of a service that is no more: only the fact that it is there counts.
func staleGraph(who *account) string {
	return "https://graph.windows.net/" + who.tenant.ID + "/users/" + who.user.ObjectID + "/getMemberObjects"
}

// addMemberships adds roles, wids, and groups or the word that there are more
// than fit.
func (e *Entra) addMemberships(claims map[string]any, i issuance) {
	if roles := i.app.rolesOf(i.who); len(roles) > 0 {
		claims["roles"] = roles
	}
	groups, wids := e.memberships(i.app, i.who)
	if len(wids) > 0 {
		claims["wids"] = wids
	}
	switch {
	case len(groups) == 0:
	case i.implicit && len(groups) > maxGroupsImplicit:
		claims["hasgroups"] = true
	case len(groups) > maxGroupsJWT:
		claims["_claim_names"] = map[string]any{"groups": "src1"}
		claims["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": staleGraph(i.who)}}
	default:
		claims["groups"] = groups
	}
}

// issueIDToken signs an ID token, with hooks.
func (e *Entra) issueIDToken(i issuance) (string, error) {
	return e.finishIDToken(e.idTokenClaims(i), i)
}

func (e *Entra) finishIDToken(claims map[string]any, i issuance) (string, error) {
	hooks := e.currentHooks()
	if hooks.MutateIDToken != nil {
		hooks.MutateIDToken(claims)
	}
	key := e.signingKeyOf(i.who.tenant.ID)
	header := jwtHeader(key, i.v1)
	if hooks.MutateHeader != nil {
		hooks.MutateHeader(header)
	}
	compact, err := signJWT(key, header, claims)
	if err == nil && hooks.ReplaceIDToken != nil {
		compact = hooks.ReplaceIDToken(compact)
	}
	return compact, err
}

// IDToken issues an ID token of version 2.0 without a sign-in, with the claims
// of openid, profile and email and no nonce. name finds the user as the sign-in
// page of the tenant does. change, unless it is nil, changes the claims. Hooks
// apply.
func (e *Entra) IDToken(clientID, tenant, name string, change func(claims map[string]any)) (string, error) {
	app, who, err := e.find(clientID, tenant, name)
	if err != nil {
		return "", err
	}
	i := issuance{app: &app.EntraApp, who: who, scope: "openid profile email", session: &entraSession{id: e.guid(), started: e.now()}}
	claims := e.idTokenClaims(i)
	if change != nil {
		change(claims)
	}
	return e.finishIDToken(claims, i)
}

// find returns the app and the account of something that is made without a browser.
func (e *Entra) find(clientID, tenant, name string) (*entraApp, *account, error) {
	app := e.app(clientID)
	if app == nil {
		return nil, nil, fmt.Errorf("federationtest: no app %q", clientID)
	}
	at, refusal := e.readAuthority(tenant)
	if refusal != nil {
		return nil, nil, refusal
	}
	who, refusal := e.resolve(at, name)
	if refusal != nil {
		return nil, nil, refusal
	}
	return app, who, nil
}

// randomLifetime is 60 to 90 minutes, as that of access tokens is.
func (e *Entra) randomLifetime() time.Duration {
	n := new(big.Int).SetBytes(e.bytes(8))
	return time.Hour + time.Duration(n.Mod(n, big.NewInt(int64(30*time.Minute))).Int64()).Truncate(time.Second)
}
