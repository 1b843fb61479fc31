package identitypool_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

const (
	userRole  = "arn:aws:iam::000000000000:role/User"
	adminRole = "arn:aws:iam::000000000000:role/staff/Admin"
	otherRole = "arn:aws:iam::000000000000:role/Other"
)

// jsonTokens verifies JSON as a token with these claims.
func jsonTokens(_ context.Context, token string) (map[string]any, error) {
	var claims map[string]any
	d := json.NewDecoder(strings.NewReader(token))
	d.UseNumber()
	return claims, d.Decode(&claims)
}

// mappedPool is a pool whose first provider has the mapping.
func mappedPool(t testing.TB, k *clock, mapping *identitypool.RoleMapping, change ...func(*identitypool.Config)) *identitypool.Pool {
	t.Helper()
	c := config(k)
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(jsonTokens), RoleMapping: mapping}
	c.Roles = []identitypool.Role{{Name: "Admin", Path: "/staff/", Policies: []string{allPolicy}}, {Name: "Other", Policies: []string{allPolicy}}}
	for _, f := range change {
		f(&c)
	}
	return newPool(t, c)
}

// roleOf returns the ARN of the role that the logins give.
func roleOf(t testing.TB, p *identitypool.Pool, k *clock, logins map[string]string, custom string) (string, error) {
	t.Helper()
	c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{
		IdentityID: getID(t, p, logins), Logins: logins, CustomRoleARN: custom,
	})
	if err != nil {
		return "", err
	}
	caller, err := call(t, p, k, c.Credentials)
	require.NoError(t, err)
	return caller.RoleARN, nil
}

// TestA16_TokenMapping: a token gives its preferred role, or one of its roles that is asked for; never one that it does not name.
func TestA16_TokenMapping(t *testing.T) {
	const (
		preferred = `{"sub":"ann","cognito:preferred_role":"` + adminRole + `","cognito:roles":["` + adminRole + `","` + otherRole + `"]}`
		several   = `{"sub":"ann","cognito:roles":["` + adminRole + `","` + otherRole + `"]}`
		none      = `{"sub":"ann"}`
		config    = identitypool.InvalidIdentityPoolConfiguration
		denied    = identitypool.NotAuthorized
	)
	for _, test := range []struct {
		token, custom string
		ambiguous     identitypool.AmbiguousRoleResolution
		role          string
		code          identitypool.Code
	}{
		{preferred, "", identitypool.DenyRole, adminRole, ""},
		{preferred, otherRole, identitypool.DenyRole, otherRole, ""},
		{preferred, adminRole, identitypool.DenyRole, adminRole, ""},
		{preferred, userRole, identitypool.AuthenticatedRole, "", denied},
		{preferred, strings.ToLower(adminRole), identitypool.AuthenticatedRole, "", denied},
		{preferred, "arn:aws:iam::000000000000:role/staff/x/../Admin", identitypool.AuthenticatedRole, "", denied},
		{several, "", identitypool.AuthenticatedRole, userRole, ""},
		{several, "", identitypool.DenyRole, "", denied},
		{several, otherRole, identitypool.DenyRole, otherRole, ""},
		{none, "", identitypool.AuthenticatedRole, userRole, ""},
		{none, "", identitypool.DenyRole, "", denied},
		{none, adminRole, identitypool.AuthenticatedRole, "", denied},
		{none, userRole, identitypool.AuthenticatedRole, "", denied},
		{`{"sub":"ann","cognito:preferred_role":"arn:aws:iam::111111111111:role/staff/Admin"}`, "", identitypool.AuthenticatedRole, "", config},
		{`{"sub":"ann","cognito:preferred_role":"arn:aws:iam::000000000000:role/Admin"}`, "", identitypool.AuthenticatedRole, "", config},
		{`{"sub":"ann","cognito:preferred_role":"Admin"}`, "", identitypool.AuthenticatedRole, "", config},
		{`{"sub":"ann","cognito:preferred_role":["` + adminRole + `","` + otherRole + `"]}`, "", identitypool.DenyRole, "", denied},
		{`{"sub":"ann","cognito:preferred_role":{"x":"` + adminRole + `"}}`, "", identitypool.DenyRole, "", denied},
		{`{"sub":"ann","cognito:preferred_role":"arn:aws:iam::000000000000:role/Guest"}`, "", identitypool.DenyRole, "", config}, // its trust policy refuses
	} {
		k := newClock()
		p := mappedPool(t, k, &identitypool.RoleMapping{Type: identitypool.TokenMapping, Ambiguous: test.ambiguous})
		role, err := roleOf(t, p, k, login(test.token), test.custom)
		if test.code != "" {
			require.ErrorIs(t, err, test.code, "%+v", test)
			continue
		}
		require.NoError(t, err, "%+v", test)
		require.Equal(t, test.role, role, "%+v", test)
	}
}

// TestA16_RulesMapping: the first rule that matches decides; each match type as it is described.
func TestA16_RulesMapping(t *testing.T) {
	rule := func(claim string, match identitypool.MatchType, value, role string) identitypool.MappingRule {
		return identitypool.MappingRule{Claim: claim, Match: match, Value: value, Role: role}
	}
	admin := func(match identitypool.MatchType, value string) []identitypool.MappingRule {
		return []identitypool.MappingRule{rule("group", match, value, "Admin")}
	}
	ordered := []identitypool.MappingRule{
		rule("a", identitypool.MatchEquals, "1", "Other"), rule("b", identitypool.MatchEquals, "1", "Admin"), rule("c", identitypool.MatchEquals, "1", "User"),
	}
	for _, test := range []struct {
		name   string
		rules  []identitypool.MappingRule
		claims string
		custom string
		role   string // "" is none
	}{
		{"equals", admin(identitypool.MatchEquals, "admins"), `"group":"admins"`, "", adminRole},
		{"equals other case", admin(identitypool.MatchEquals, "admins"), `"group":"Admins"`, "", ""},
		{"equals part", admin(identitypool.MatchEquals, "admins"), `"group":"admins2"`, "", ""},
		{"equals one of a list", admin(identitypool.MatchEquals, "admins"), `"group":["users","admins"]`, "", adminRole},
		{"equals a number", admin(identitypool.MatchEquals, "12"), `"group":12`, "", adminRole},
		{"equals a boolean", admin(identitypool.MatchEquals, "true"), `"group":true`, "", adminRole},
		{"equals an object", admin(identitypool.MatchEquals, "admins"), `"group":{"admins":"admins"}`, "", ""},
		{"equals an absent claim", admin(identitypool.MatchEquals, "admins"), `"groups":"admins"`, "", ""},
		{"claims are named exactly", admin(identitypool.MatchEquals, "admins"), `"Group":"admins"`, "", ""},
		{"contains", admin(identitypool.MatchContains, "min"), `"group":"admins"`, "", adminRole},
		{"contains not", admin(identitypool.MatchContains, "MIN"), `"group":"admins"`, "", ""},
		{"contains in a list", admin(identitypool.MatchContains, "min"), `"group":["users","admins"]`, "", adminRole},
		{"contains across a list", admin(identitypool.MatchContains, "sad"), `"group":["users","admins"]`, "", ""},
		{"starts with", admin(identitypool.MatchStartsWith, "adm"), `"group":"admins"`, "", adminRole},
		{"starts not with", admin(identitypool.MatchStartsWith, "dm"), `"group":"admins"`, "", ""},
		{"a wildcard is a character", admin(identitypool.MatchStartsWith, "*"), `"group":"admins"`, "", ""},
		{"not equal", admin(identitypool.MatchNotEqual, "guests"), `"group":"admins"`, "", adminRole},
		{"not equal but equal", admin(identitypool.MatchNotEqual, "admins"), `"group":"admins"`, "", ""},
		{"not equal and one of a list is", admin(identitypool.MatchNotEqual, "admins"), `"group":["users","admins"]`, "", ""},
		{"not equal to an absent claim", admin(identitypool.MatchNotEqual, "guests"), `"x":"y"`, "", ""},
		{"not equal to an empty list", admin(identitypool.MatchNotEqual, "guests"), `"group":[]`, "", ""},
		{"not equal to null", admin(identitypool.MatchNotEqual, "guests"), `"group":null`, "", ""},
		{"not equal to an object", admin(identitypool.MatchNotEqual, "guests"), `"group":["users",{"a":1}]`, "", ""},
		{"first of several", ordered, `"a":"1","b":"1","c":"1"`, "", otherRole},
		{"second of several", ordered, `"a":"2","b":"1","c":"1"`, "", adminRole},
		{"custom of another that matches", ordered, `"a":"1","b":"1"`, adminRole, adminRole},
		{"custom of one that does not match", ordered, `"a":"1","b":"2"`, adminRole, ""},
		{"custom of no rule", ordered, `"a":"1","b":"2"`, "arn:aws:iam::000000000000:role/Guest", ""},
		{"custom by name", ordered, `"a":"1","b":"1"`, "Admin", ""},
	} {
		for _, ambiguous := range []identitypool.AmbiguousRoleResolution{identitypool.AuthenticatedRole, identitypool.DenyRole} {
			k := newClock()
			p := mappedPool(t, k, &identitypool.RoleMapping{Type: identitypool.RulesMapping, Ambiguous: ambiguous, Rules: test.rules})
			role, err := roleOf(t, p, k, login(`{"sub":"ann",`+test.claims+`}`), test.custom)
			switch {
			case test.role == "" && (ambiguous == identitypool.DenyRole || test.custom != ""):
				require.ErrorIs(t, err, identitypool.NotAuthorized, test.name)
			case test.role == "":
				require.NoError(t, err, test.name)
				require.Equal(t, userRole, role, test.name)
			default:
				require.NoError(t, err, test.name)
				require.Equal(t, test.role, role, test.name)
			}
		}
	}
}

// TestA16_GuestAsksRole: guests have the role of guests and cannot ask for another.
func TestA16_GuestAsksRole(t *testing.T) {
	k := newClock()
	p := mappedPool(t, k, nil)
	role, err := roleOf(t, p, k, nil, "")
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::000000000000:role/Guest", role)
	for _, custom := range []string{userRole, adminRole, "arn:aws:iam::000000000000:role/Guest"} {
		_, err = roleOf(t, p, k, nil, custom)
		require.ErrorIs(t, err, identitypool.InvalidParameter)
	}
	// Nor can users whose provider has no mapping.
	for _, custom := range []string{userRole, adminRole} {
		_, err = roleOf(t, p, k, login(`{"sub":"ann"}`), custom)
		require.ErrorIs(t, err, identitypool.NotAuthorized)
	}
}

// TestA16_SeveralLogins: one login decides, in the order of the names of the providers, and its tags are those of the session: nobody has
// the role of one login with the tags of another.
func TestA16_SeveralLogins(t *testing.T) {
	rules := func(role string, ambiguous identitypool.AmbiguousRoleResolution) *identitypool.RoleMapping {
		return &identitypool.RoleMapping{Type: identitypool.RulesMapping, Ambiguous: ambiguous, Rules: []identitypool.MappingRule{
			{Claim: "in", Match: identitypool.MatchEquals, Value: "yes", Role: role},
		}}
	}
	with := func(mapping *identitypool.RoleMapping) identitypool.Provider {
		return identitypool.Provider{Verifier: identitypool.LoginFunc(jsonTokens), RoleMapping: mapping, PrincipalTags: map[string]string{"from": "tag"}}
	}
	const in, out = `{"sub":"ann","in":"yes","tag":"%"}`, `{"sub":"ann","tag":"%"}`
	for _, test := range []struct {
		name           string
		a, b           *identitypool.RoleMapping
		tokenA, tokenB string
		custom         string
		role, tag      string
	}{
		{"both", rules("Admin", identitypool.DenyRole), rules("Other", identitypool.DenyRole), in, in, "", adminRole, "a"},
		{"first", rules("Admin", identitypool.DenyRole), rules("Other", identitypool.DenyRole), in, out, "", adminRole, "a"},
		{"second", rules("Admin", identitypool.DenyRole), rules("Other", identitypool.DenyRole), out, in, "", otherRole, "b"},
		{"none, one denies", rules("Admin", identitypool.AuthenticatedRole), rules("Other", identitypool.DenyRole), out, out, "", "", ""},
		{"none, none denies", rules("Admin", identitypool.AuthenticatedRole), nil, out, out, "", userRole, "a"},
		{"the second has no mapping", rules("Admin", identitypool.DenyRole), nil, out, in, "", "", ""},
		{"custom of the second", rules("Admin", identitypool.DenyRole), rules("Other", identitypool.DenyRole), in, in, otherRole, otherRole, "b"},
	} {
		k := newClock()
		p := mappedPool(t, k, nil, func(c *identitypool.Config) {
			c.Providers = map[string]identitypool.Provider{"a": with(test.a), "b": with(test.b)}
		})
		logins := map[string]string{"a": strings.Replace(test.tokenA, "%", "a", 1), "b": strings.Replace(test.tokenB, "%", "b", 1)}
		c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{
			IdentityID: getID(t, p, logins), Logins: logins, CustomRoleARN: test.custom,
		})
		if test.role == "" {
			require.ErrorIs(t, err, identitypool.NotAuthorized, test.name)
			continue
		}
		require.NoError(t, err, test.name)
		caller, err := call(t, p, k, c.Credentials)
		require.NoError(t, err)
		require.Equal(t, test.role, caller.RoleARN, test.name)
		require.Equal(t, map[string]string{"from": test.tag}, caller.Tags, test.name)
	}
}

// TestDeveloperRoleMapping: the rules are about the tags that the backend gives.
func TestDeveloperRoleMapping(t *testing.T) {
	k := newClock()
	p := mappedPool(t, k, nil, func(c *identitypool.Config) {
		c.DeveloperProvider = "backend"
		c.DeveloperRoleMapping = &identitypool.RoleMapping{Type: identitypool.RulesMapping, Ambiguous: identitypool.DenyRole, Rules: []identitypool.MappingRule{
			{Claim: "plan", Match: identitypool.MatchEquals, Value: "gold", Role: "Admin"},
		}}
	})
	for tag, role := range map[string]string{"gold": adminRole, "lead": ""} {
		token, err := p.GetOpenIDTokenForDeveloperIdentity(t.Context(), identitypool.GetOpenIDTokenForDeveloperIdentityInput{
			Logins: map[string]string{"backend": "ann"}, PrincipalTags: map[string]string{"plan": tag},
		})
		require.NoError(t, err)
		c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{
			IdentityID: token.IdentityID, Logins: map[string]string{"cognito-identity.amazonaws.com": token.Token},
		})
		if role == "" {
			require.ErrorIs(t, err, identitypool.NotAuthorized)
			continue
		}
		require.NoError(t, err)
		caller, err := call(t, p, k, c.Credentials)
		require.NoError(t, err)
		require.Equal(t, role, caller.RoleARN)
		require.Equal(t, map[string]string{"plan": "gold"}, caller.Tags)
	}
}

// TestA16_OrderOfLogins: the developer's backend stands in the order by its name, not by the key under which its token is sent.
func TestA16_OrderOfLogins(t *testing.T) {
	for name, want := range map[string]map[string]string{"backend": {"from": "backend"}, "x-backend": {"from": "provider"}} {
		k := newClock()
		p := mappedPool(t, k, nil, func(c *identitypool.Config) {
			c.DeveloperProvider = name
			c.Providers = map[string]identitypool.Provider{"d.example.com": {Verifier: identitypool.LoginFunc(jsonTokens), PrincipalTags: map[string]string{"from": "tag"}}}
		})
		token, err := p.GetOpenIDTokenForDeveloperIdentity(t.Context(), identitypool.GetOpenIDTokenForDeveloperIdentityInput{
			Logins: map[string]string{name: "ann"}, PrincipalTags: map[string]string{"from": "backend"},
		})
		require.NoError(t, err)
		c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{
			IdentityID: token.IdentityID,
			Logins:     map[string]string{"cognito-identity.amazonaws.com": token.Token, "d.example.com": `{"sub":"ann","tag":"provider"}`},
		})
		require.NoError(t, err)
		caller, err := call(t, p, k, c.Credentials)
		require.NoError(t, err)
		require.Equal(t, want, caller.Tags)
	}
}
