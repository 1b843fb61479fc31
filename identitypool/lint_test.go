package identitypool_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// found returns the findings about a place, as lines.
func found(config identitypool.Config, place string) string {
	var out strings.Builder
	for _, f := range identitypool.Lint(config) {
		if strings.HasPrefix(f.Place, place) {
			fmt.Fprintln(&out, f)
		}
	}
	return out.String()
}

const (
	lintError   = "error: "
	lintWarning = "warning: "
)

// checkLint expects a finding of the severity, that New refuses errors, and that it logs warnings; severity "" expects none.
func checkLint(t *testing.T, c identitypool.Config, place, severity, text string) {
	t.Helper()
	var logs bytes.Buffer
	c.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	findings := found(c, place)
	p, err := identitypool.New(c)
	switch severity {
	case "":
		require.Empty(t, findings)
		require.NoError(t, err)
		require.Empty(t, logs.String())
	case lintError:
		require.Contains(t, findings, lintError+place)
		require.Contains(t, findings, text)
		require.ErrorContains(t, err, "identitypool: "+place)
		require.ErrorContains(t, err, text)
		require.Nil(t, p)
	case lintWarning:
		require.Contains(t, findings, lintWarning+place)
		require.NotContains(t, findings, lintError)
		require.Contains(t, findings, text)
		require.NoError(t, err)
		require.Contains(t, logs.String(), "level=WARN")
	}
}

// TestA16_GuestLinter: what is too much for anybody who asks.
func TestA16_GuestLinter(t *testing.T) {
	statement := func(elements string) string { return `{"Version":"2012-10-17","Statement":{` + elements + `}}` }
	for text, want := range map[string][2]string{
		guestPolicy: {"", ""},
		statement(`"Effect":"Deny","Action":"*","Resource":"*"`):           {"", ""},
		statement(`"Effect":"Allow","Action":"notes:Read","Resource":"*"`): {"", ""},
		allPolicy: {lintError, "every action on every resource"},
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"},{"Effect":"Allow","Action":["a:b","*"],"Resource":["arn:a:b:::c","*"]}]}`: {lintError, "every action on every resource"},
		statement(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"x"}}`):                                                       {lintError, "every action on every resource"},
		statement(`"Effect":"Allow","Action":"*","NotResource":"arn:app:notes:::secret"`):                                                                                 {lintError, "every"},
		statement(`"Effect":"Allow","NotAction":"notes:Write","Resource":"arn:app:notes:::public/*"`):                                                                     {lintError, "every action but some"},
		statement(`"Effect":"Allow","Action":["notes:Read","STS:AssumeRole"],"Resource":"arn:aws:iam::000000000000:role/x"`):                                              {lintError, "allows guests STS:AssumeRole"},
		statement(`"Effect":"Allow","Action":"iam:Get*","Resource":"*"`):                                                                                                  {lintError, "allows guests iam:Get*"},
		statement(`"Effect":"Allow","Action":"cognito-identity:GetId","Resource":"*"`):                                                                                    {lintError, "allows guests cognito-identity:GetId"},
		statement(`"Effect":"Allow","Action":"notes:*","Resource":"*"`):                                                                                                   {lintWarning, "notes:* on every resource"},
		statement(`"Effect":"Allow","Action":"*","Resource":"arn:app:notes:::*"`):                                                                                         {lintWarning, "every action on a resource"},
	} {
		c := config(newClock())
		c.UnauthenticatedRole.Policies = []string{guestPolicy, text}
		checkLint(t, c, "Config.UnauthenticatedRole.Policies[1]", want[0], want[1])
	}
	// The same for users is their author's choice, and worth a word at most.
	c := config(newClock())
	c.AuthenticatedRole.Policies = []string{allPolicy}
	checkLint(t, c, "Config.AuthenticatedRole.Policies[0]", lintWarning, "allows everything on everything")
	c.AuthenticatedRole = identitypool.Role{Name: "User", Policies: []string{userPolicy}, Boundary: allPolicy}
	checkLint(t, c, "Config.AuthenticatedRole", "", "")
}

// TestA16_TrustLinter: a trust policy says which pool it trusts, and keeps guests out of the role of users.
func TestA16_TrustLinter(t *testing.T) {
	good := identityTrust(actionWeb, poolID, "authenticated")
	const amr = `,"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}`
	federated := func(conditions string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"` + conditions + `}}`
	}
	aud := func(operator, value string) string {
		return federated(fmt.Sprintf(`,"Condition":{%q:{"cognito-identity.amazonaws.com:aud":%s}%s}`, operator, value, amr))
	}
	own := fmt.Sprintf("%q", poolID)
	for _, test := range []struct {
		name, trust, severity, text string
	}{
		{"default", "", "", ""},
		{"good", good, "", ""},
		{"key in other case", strings.Replace(good, ":aud", ":AUD", 1), "", ""},
		{"several pools", aud("StringEquals", `["eu-west-1:11111111-0b6f-4f0e-9a43-2f1d4c0e8a11",`+own+`]`), "", ""},
		{"like without wildcard", aud("StringLike", own), "", ""},
		{"no condition", federated(""), lintError, ":aud"},
		{"amr alone", federated(`,"Condition":{` + amr[1:] + `}`), lintError, ":aud"},
		{"another pool", aud("StringEquals", `"eu-west-1:11111111-0b6f-4f0e-9a43-2f1d4c0e8a11"`), lintError, ":aud"},
		{"wildcard", aud("StringLike", `"eu-west-1:*"`), lintError, ":aud"},
		{"wildcard beside", aud("StringLike", `["*",`+own+`]`), lintError, ":aud"},
		{"if exists", aud("StringEqualsIfExists", own), lintError, ":aud"},
		{"all values", aud("ForAllValues:StringEquals", own), lintError, ":aud"},
		{"not equals", aud("StringNotEquals", own), lintError, ":aud"},
		{"everybody", strings.Replace(good, `{"Federated":"cognito-identity.amazonaws.com"}`, `"*"`, 1), "", ""},
		{"everybody without condition", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}`, lintError, "trusts everybody"},
		{"every principal of AWS", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`, lintError, "trusts everybody"},
		{"no amr", federated(`,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":` + own + `}}`), lintError, "lets guests have the role"},
		{"variable beside", aud("StringEquals", `["${cognito-identity.amazonaws.com:aud}",`+own+`]`), lintError, ":aud"},
		{"no amr, but an address", federated(`,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":` + own + `},"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`), lintError, "lets guests have the role"},
		{"no amr, but a name", federated(`,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":` + own + `,"STS:RoleSessionName":"x"}}`), lintError, "lets guests have the role"},
		{"denied to guests of some addresses", `{"Version":"2012-10-17","Statement":[` + statementOf(t, federated(`,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":`+own+`}}`)) + `,` +
			strings.Replace(statementOf(t, federated(`,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`)), "Allow", "Deny", 1) + `]}`, lintError, "lets guests have the role"},
		{"an address and amr", federated(`,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":` + own + `},"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}` + amr + `}`), "", ""},
		{"amr of guests", identityTrust(actionWeb, poolID, "unauthenticated"), lintError, "lets guests have the role"},
		{"amr of all", identityTrust(actionWeb, poolID, "*authenticated"), lintError, "lets guests have the role"},
		{"another statement", `{"Version":"2012-10-17","Statement":[` + statementOf(t, good) + `,` + statementOf(t, federated("")) + `]}`, lintError, "Statement[1]: trusts identities without"},
		{"a statement that denies", `{"Version":"2012-10-17","Statement":[` + statementOf(t, good) + `,` + strings.Replace(statementOf(t, federated("")), "Allow", "Deny", 1) + `]}`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(newClock())
			c.AuthenticatedRole.TrustPolicy = test.trust
			checkLint(t, c, "Config.AuthenticatedRole.TrustPolicy", test.severity, test.text)
		})
	}
	// Other roles may be meant for guests of the classic flow.
	c := config(newClock())
	c.Roles = []identitypool.Role{{Name: "Other", TrustPolicy: identityTrust(actionWeb, poolID, "*")}}
	checkLint(t, c, "Config.Roles[0].TrustPolicy", lintWarning, "lets guests have the role")
	c.Roles = nil
	c.UnauthenticatedRole.TrustPolicy = identityTrust(actionWeb, poolID, "unauthenticated")
	checkLint(t, c, "Config.UnauthenticatedRole.TrustPolicy", "", "")
}

// TestA16_ClaimLinter: roles and tags must not depend on what users write themselves, or on matches that are easy to outwit.
func TestA16_ClaimLinter(t *testing.T) {
	rule := func(claim string, match identitypool.MatchType, role string) *identitypool.RoleMapping {
		return &identitypool.RoleMapping{Type: identitypool.RulesMapping, Ambiguous: identitypool.DenyRole, Rules: []identitypool.MappingRule{
			{Claim: "iss", Match: identitypool.MatchEquals, Value: "x", Role: "User"}, {Claim: claim, Match: match, Value: "x", Role: role},
		}}
	}
	const place = `Config.Providers["id.example.com"]`
	for _, test := range []struct {
		name           string
		mapping        *identitypool.RoleMapping
		tags           map[string]string
		severity, text string
	}{
		{"good rule", rule("groups", identitypool.MatchEquals, "User"), nil, "", ""},
		{"token", &identitypool.RoleMapping{Type: identitypool.TokenMapping, Ambiguous: identitypool.DenyRole}, nil, "", ""},
		{"good tag", nil, map[string]string{"x": "sub"}, "", ""},
		{"rule on a writable claim", rule("department", identitypool.MatchEquals, "User"), nil, lintError, `.RoleMapping.Rules[1]: depends on the claim "department"`},
		{"tag on a writable claim", nil, map[string]string{"x": "department"}, lintError, `.PrincipalTags["x"]: depends on the claim "department"`},
		{"rule on a nickname", rule("nickname", identitypool.MatchEquals, "User"), nil, lintWarning, "nickname"},
		{"rule on an address", rule("email", identitypool.MatchEquals, "User"), nil, lintWarning, "email"},
		{"rule on a custom attribute", rule("custom:tier", identitypool.MatchEquals, "User"), nil, lintWarning, "custom:tier"},
		{"tag on a name", nil, map[string]string{"x": "preferred_username"}, lintWarning, "preferred_username"},
		{"contains", rule("groups", identitypool.MatchContains, "User"), nil, lintWarning, "anywhere in groups"},
		{"starts with", rule("groups", identitypool.MatchStartsWith, "User"), nil, lintWarning, "begins with"},
		{"address starts with", rule("work_email", identitypool.MatchStartsWith, "User"), nil, lintWarning, "by its beginning"},
		{"not equal", rule("groups", identitypool.MatchNotEqual, "User"), nil, lintWarning, "everybody with any other value"},
		{"role of guests", rule("groups", identitypool.MatchEquals, "Guest"), nil, lintWarning, "gives the role of guests"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(newClock())
			c.Providers[provider] = identitypool.Provider{
				Verifier: identitypool.LoginFunc(tokens), RoleMapping: test.mapping, PrincipalTags: test.tags, UserWritable: []string{"department", "title"},
			}
			checkLint(t, c, place, test.severity, test.text)
		})
	}
	// What the token itself says of roles must not be the user's to write either.
	for _, claim := range []string{"cognito:roles", "cognito:preferred_role"} {
		c := config(newClock())
		c.Providers[provider] = identitypool.Provider{
			Verifier: identitypool.LoginFunc(tokens), UserWritable: []string{claim},
			RoleMapping: &identitypool.RoleMapping{Type: identitypool.TokenMapping, Ambiguous: identitypool.DenyRole},
		}
		checkLint(t, c, place+".RoleMapping", lintError, claim)
	}
	c := config(newClock())
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(tokens), UserWritable: []string{"sub"}, DefaultPrincipalTags: true}
	checkLint(t, c, place+".DefaultPrincipalTags", lintError, `"sub"`)
	c = config(newClock())
	c.DeveloperProvider, c.DeveloperRoleMapping = "backend", rule("plan", identitypool.MatchNotEqual, "User")
	checkLint(t, c, "Config.DeveloperRoleMapping.Rules[1]", lintWarning, "everybody with any other value")
}

// What is not valid is New's to refuse, with the field; Lint says nothing of it.
func TestLintOfWhatIsNotValid(t *testing.T) {
	require.Empty(t, identitypool.Lint(identitypool.Config{
		AuthenticatedRole: identitypool.Role{Policies: []string{"x"}, TrustPolicy: "x", Boundary: "x"},
		Providers:         map[string]identitypool.Provider{"x": {RoleMapping: &identitypool.RoleMapping{}}},
	}))
}
