package identitypool_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// identityTrust is a trust policy for identities of a pool.
func identityTrust(action, pool, amr string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":%s,
		"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":%q},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":%q}}}}`, action, pool, amr)
}

const (
	actionWeb    = `"sts:AssumeRoleWithWebIdentity"`
	actionWebTag = `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`
)

func roleNamed(name string, policies ...string) identitypool.Role {
	return identitypool.Role{Name: name, Policies: policies}
}

// TestA7_SetRoles: the next request is judged by the new roles, whatever the credentials were issued for.
func TestA7_SetRoles(t *testing.T) {
	k := newClock()
	c := config(k)
	p := newPool(t, c)
	id, user := credentialsOf(t, p, login("ann"))
	_, guest := credentialsOf(t, p, nil)
	own := "arn:app:notes:::" + id + "/x"
	require.NoError(t, may(t, p, k, user, "notes:Read", own))
	require.NoError(t, may(t, p, k, guest, "notes:Read", "arn:app:notes:::public/x"))

	require.NoError(t, p.SetRoles(roleNamed("User", guestPolicy), c.UnauthenticatedRole, nil))
	require.ErrorIs(t, may(t, p, k, user, "notes:Read", own), identitypool.AccessDenied)
	require.NoError(t, p.SetRoles(c.AuthenticatedRole, c.UnauthenticatedRole, nil))
	require.NoError(t, may(t, p, k, user, "notes:Read", own))

	require.ErrorContains(t, p.SetRoles(identitypool.Role{}, c.UnauthenticatedRole, nil), "Config.AuthenticatedRole.Name")
	require.ErrorContains(t, p.SetRoles(roleNamed("User", "x"), c.UnauthenticatedRole, nil), "Config.AuthenticatedRole.Policies[0]")
	require.ErrorContains(t, p.SetRoles(c.AuthenticatedRole, roleNamed("Guest", allPolicy), nil), "allows guests every action")
	require.NoError(t, may(t, p, k, user, "notes:Read", own), "an error changes nothing")

	require.NoError(t, p.SetRoles(roleNamed("Other", allPolicy), c.UnauthenticatedRole, nil))
	require.ErrorIs(t, may(t, p, k, user, "notes:Read", own), identitypool.NotAuthorized)
	require.NoError(t, may(t, p, k, guest, "notes:Read", "arn:app:notes:::public/x"))
	// The role is still there under another use.
	require.NoError(t, p.SetRoles(roleNamed("Other", allPolicy), c.UnauthenticatedRole, []identitypool.Role{roleNamed("User", allPolicy)}))
	require.NoError(t, may(t, p, k, user, "notes:Read", own))
	// The same name in another path is another role.
	other := identitypool.Role{Name: "User", Path: "/admin/", Policies: []string{allPolicy}}
	require.NoError(t, p.SetRoles(other, c.UnauthenticatedRole, nil))
	require.ErrorIs(t, may(t, p, k, user, "notes:Read", own), identitypool.NotAuthorized)
}

// TestA7_TrustPolicyChanged: credentials that the new trust policy would not give end at once; those that it would give go on.
func TestA7_TrustPolicyChanged(t *testing.T) {
	k := newClock()
	c := config(k)
	p := newPool(t, c)
	_, user := credentialsOf(t, p, login("ann"))
	set := func(trust string) {
		role := c.AuthenticatedRole
		role.TrustPolicy = trust
		require.NoError(t, p.SetRoles(role, c.UnauthenticatedRole, nil))
	}
	set(identityTrust(actionWeb, poolID, "authenticated"))
	_, err := call(t, p, k, user)
	require.NoError(t, err)
	set(identityTrust(actionWeb, poolID, provider))
	_, err = call(t, p, k, user)
	require.NoError(t, err)
	set(identityTrust(actionWeb, poolID, "other.example.com"))
	_, err = call(t, p, k, user)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	set("")
	_, err = call(t, p, k, user)
	require.NoError(t, err)
}

// TestA16_DefaultTrust: the default trust policies let users have roles of users, guests that of guests, and nobody any other.
func TestA16_DefaultTrust(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	for name, amr := range map[string]string{"User": `"authenticated"`, "Guest": `"unauthenticated"`} {
		document, ok := p.TrustPolicy(name)
		require.True(t, ok)
		require.Contains(t, document, poolID)
		require.Contains(t, document, `:amr": `+amr)
	}
	_, ok := p.TrustPolicy("user")
	require.False(t, ok)
	arn, ok := p.RoleARN("User")
	require.True(t, ok)
	require.Equal(t, "arn:aws:iam::000000000000:role/User", arn)
	_, ok = p.RoleARN("nobody")
	require.False(t, ok)
}

// TestA16_TrustIsAsked: at each issue, with the identity, how it was authenticated, and its tags.
func TestA16_TrustIsAsked(t *testing.T) {
	sub := func(id string) string {
		return strings.Replace(identityTrust(actionWeb, poolID, "authenticated"), `"StringEquals":{`, `"StringEquals":{"cognito-identity.amazonaws.com:sub":"`+id+`",`, 1)
	}
	k := newClock()
	c := config(k)
	p := newPool(t, c)
	ann := getID(t, p, login("ann"))
	for _, test := range []struct {
		name    string
		trust   string
		logins  map[string]string
		allowed bool
	}{
		{"provider", identityTrust(actionWeb, poolID, provider), login("ann"), true},
		{"other provider", identityTrust(actionWeb, poolID, "other.example.com"), login("ann"), false},
		{"account", identityTrust(actionWeb, poolID, "id.example.com*:ann"), login("ann"), true},
		{"other account", identityTrust(actionWeb, poolID, "id.example.com*:bob"), login("ann"), false},
		{"pattern", identityTrust(actionWeb, poolID, "auth*"), login("ann"), true},
		{"sub", sub(ann), login("ann"), true},
		{"other sub", sub(poolID), login("ann"), false},
		{"other action", identityTrust(`"sts:AssumeRoleWithSAML"`, poolID, "authenticated"), login("ann"), false},
		{"deny", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:*"},` +
			statementOf(t, identityTrust(actionWeb, poolID, "authenticated")) + `]}`, login("ann"), false},
	} {
		role := c.AuthenticatedRole
		role.TrustPolicy = test.trust
		require.NoError(t, p.SetRoles(role, c.UnauthenticatedRole, nil), test.name)
		_, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: ann, Logins: test.logins})
		if test.allowed {
			require.NoError(t, err, test.name)
			continue
		}
		require.ErrorIs(t, err, identitypool.InvalidIdentityPoolConfiguration, test.name)
		require.ErrorContains(t, err, "Invalid identity pool configuration. Check assigned IAM roles for this pool.")
	}
}

// TestA15_Boundary: a role does no more than its boundary allows, and what the organization allows.
func TestA15_Boundary(t *testing.T) {
	k := newClock()
	c := config(k)
	c.AuthenticatedRole = identitypool.Role{Name: "User", Policies: []string{allow("notes:Read", "*"), allow("notes:Write", "*"), allow("notes:List", "*")}}
	c.AuthenticatedRole.Boundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["notes:Read","notes:Write","notes:Grow"],"Resource":"*"},
		{"Effect":"Deny","Action":"notes:*","Resource":"arn:app:notes:::locked"}]}`
	c.ServiceControlPolicies = [][]string{{allPolicy}, {allow("notes:Read", "*"), allow("notes:List", "*")}}
	p := newPool(t, c)
	_, user := credentialsOf(t, p, login("ann"))
	for action, allowed := range map[string]bool{"notes:Read": true, "notes:Write": false, "notes:List": false, "notes:Grow": false} {
		require.Equal(t, allowed, may(t, p, k, user, action, "arn:app:notes:::x") == nil, action)
	}
	require.ErrorIs(t, may(t, p, k, user, "notes:Read", "arn:app:notes:::locked"), identitypool.AccessDenied)
}

// TestRoleTags: principal tags of a role are those of its sessions, unless the session has its own.
func TestRoleTags(t *testing.T) {
	k := newClock()
	c := config(k)
	c.AuthenticatedRole.Policies = []string{allow("notes:Read", "arn:app:notes:::${aws:PrincipalTag/team}/${aws:PrincipalTag/username}")}
	c.AuthenticatedRole.Tags = map[string]string{"Team": "all", "UserName": "nobody"}
	p := newPool(t, c)
	_, user := credentialsOf(t, p, login("ann"))
	require.NoError(t, may(t, p, k, user, "notes:Read", "arn:app:notes:::all/nobody"))
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(tokens), DefaultPrincipalTags: true}
	p = newPool(t, c)
	_, user = credentialsOf(t, p, login("ann"))
	require.NoError(t, may(t, p, k, user, "notes:Read", "arn:app:notes:::all/ann"))
	caller, err := call(t, p, k, user)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Team": "all", "client": "client", "username": "ann"}, caller.Tags)
}

// A role whose duration was shortened, or that needs more time than is left, changes nothing for credentials that were issued.
func TestMaxDurationIsForIssue(t *testing.T) {
	k := newClock()
	c := config(k)
	p := newPool(t, c)
	_, user := credentialsOf(t, p, login("ann"))
	c.AuthenticatedRole.MaxDuration = 15 * time.Minute
	require.NoError(t, p.SetRoles(c.AuthenticatedRole, c.UnauthenticatedRole, nil))
	k.in(30 * time.Minute)
	_, err := call(t, p, k, user)
	require.NoError(t, err)
}
