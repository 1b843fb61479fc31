package mapping_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/mapping"
)

func attributes(of map[string][]string) map[string][]string { return of }

func mustNew(t testing.TB, rules mapping.Rules) *mapping.Mapping {
	t.Helper()
	m, err := mapping.New(rules)
	require.NoError(t, err)
	return m
}

func TestAttribute(t *testing.T) {
	in := attributes(map[string][]string{
		"mail": {"Ada@Example.COM"}, "empty": {"", ""}, "first": {"Ada"}, "last": {"", "Lovelace"},
		"dn": {"CN=Admins,OU=Groups,DC=example"}, "list": {"a; b ;c"}, "many": {"x", "y", "x"}, "same": {"x", "x"},
		"yes": {"YES"}, "zero": {"0"}, "maybe": {"maybe"}, "login": {`EXAMPLE\ada`}, "line": {"one\ntwo"}, "code": {"17"},
	})
	for _, test := range []struct {
		name string
		rule mapping.Attribute
		want []string
	}{
		{"another name", mapping.Attribute{From: []string{"mail"}}, []string{"Ada@Example.COM"}},
		{"exact names", mapping.Attribute{From: []string{"Mail", "MAIL"}}, nil},
		{"first of several", mapping.Attribute{From: []string{"none", "empty", "mail", "first"}}, []string{"Ada@Example.COM"}},
		{"constant", mapping.Attribute{Constant: "employee"}, []string{"employee"}},
		{"join", mapping.Attribute{Join: []string{"first", "none", "last"}}, []string{"Ada Lovelace"}},
		{"join with separator", mapping.Attribute{Join: []string{"last", "first"}, Separator: ", "}, []string{"Lovelace, Ada"}},
		{"join of nothing", mapping.Attribute{Join: []string{"none", "empty"}}, nil},
		{"before", mapping.Attribute{From: []string{"mail"}, Steps: []mapping.Step{{Before: "@"}}}, []string{"Ada"}},
		{"before, absent", mapping.Attribute{From: []string{"first"}, Steps: []mapping.Step{{Before: "@"}}}, []string{"Ada"}},
		{"after", mapping.Attribute{From: []string{"login"}, Steps: []mapping.Step{{After: `\`}}}, []string{"ada"}},
		{"after, absent", mapping.Attribute{From: []string{"first"}, Steps: []mapping.Step{{After: `\`}}}, []string{"Ada"}},
		{"lower", mapping.Attribute{From: []string{"mail"}, Steps: []mapping.Step{{Lower: true}}}, []string{"ada@example.com"}},
		{"steps in order", mapping.Attribute{From: []string{"mail"}, Steps: []mapping.Step{{After: "@"}, {Lower: true}, {Before: "."}}}, []string{"example"}},
		{"expression", mapping.Attribute{From: []string{"dn"}, Steps: []mapping.Step{{Match: `CN=([^,]+),.*`}}}, []string{"Admins"}},
		{"expression is for the whole", mapping.Attribute{From: []string{"dn"}, Steps: []mapping.Step{{Match: `CN=([^,]+)`}}}, nil},
		{"expression without parentheses", mapping.Attribute{From: []string{"code"}, Steps: []mapping.Step{{Match: `\d+`}}}, []string{"17"}},
		{"alternatives are for the whole", mapping.Attribute{From: []string{"mail"}, Steps: []mapping.Step{{Match: `Ada|x`}}}, nil},
		{"replace", mapping.Attribute{From: []string{"dn"}, Steps: []mapping.Step{{Match: `CN=(?P<cn>\w+),OU=(\w+),.*`, Replace: "${2}/${cn} $$"}}}, []string{"Groups/Admins $"}},
		{"an expression does not cross lines", mapping.Attribute{From: []string{"line"}, Steps: []mapping.Step{{Match: `one.*`}}}, nil},
		{"split and trim", mapping.Attribute{From: []string{"list"}, Steps: []mapping.Step{{Split: ";"}, {Trim: true}}}, []string{"a", "b", "c"}},
		{"yes", mapping.Attribute{From: []string{"yes"}, Steps: []mapping.Step{{Boolean: true}}}, []string{"true"}},
		{"zero", mapping.Attribute{From: []string{"zero"}, Steps: []mapping.Step{{Boolean: true}}}, []string{"false"}},
		{"maybe", mapping.Attribute{From: []string{"maybe"}, Steps: []mapping.Step{{Boolean: true}}}, nil},
		{"table", mapping.Attribute{From: []string{"code"}, Steps: []mapping.Step{{Table: map[string]string{"17": "Research"}}}}, []string{"Research"}},
		{"not in the table", mapping.Attribute{From: []string{"first"}, Steps: []mapping.Step{{Table: map[string]string{"17": "Research"}}}}, nil},
		{"all", mapping.Attribute{From: []string{"many"}}, []string{"x", "y", "x"}},
		{"first", mapping.Attribute{From: []string{"many"}, Values: mapping.First}, []string{"x"}},
		{"one, twice the same", mapping.Attribute{From: []string{"same"}, Values: mapping.One}, []string{"x"}},
		{"joined", mapping.Attribute{From: []string{"many"}, Values: mapping.Joined, Separator: "+"}, []string{"x+y+x"}},
		{"default", mapping.Attribute{From: []string{"none"}, Default: []string{"a", "b"}}, []string{"a", "b"}},
		{"default not needed", mapping.Attribute{From: []string{"code"}, Default: []string{"a"}}, []string{"17"}},
		{"condition fulfilled", mapping.Attribute{Constant: "x", When: &mapping.Condition{Attribute: "code", Equals: []string{"16", "17"}}}, []string{"x"}},
		{"condition unfulfilled", mapping.Attribute{Constant: "x", When: &mapping.Condition{Attribute: "code", Equals: []string{"1"}}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.rule.To = "out"
			before := fmt.Sprint(in)
			result, err := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{test.rule}}).Apply(in)
			require.NoError(t, err)
			require.Equal(t, test.want, result.Attributes["out"])
			require.LessOrEqual(t, len(result.Attributes), 1)
			require.Equal(t, before, fmt.Sprint(in), "what is given stays as it is")
		})
	}
}

func TestAttribute_EarlierRuleWins(t *testing.T) {
	m := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{
		{To: "name", From: []string{"displayName"}, Default: []string{"Nobody"}},
		{To: "name", Join: []string{"given", "family"}},
	}})
	for _, test := range []struct {
		in   map[string][]string
		want string
	}{
		{map[string][]string{"displayName": {"Countess"}, "given": {"Ada"}}, "Countess"},
		{map[string][]string{"given": {"Ada"}, "family": {"King"}}, "Ada King"},
		{nil, "Nobody"},
	} {
		result, err := m.Apply(test.in)
		require.NoError(t, err)
		require.Equal(t, []string{test.want}, result.Attributes["name"])
	}
}

func TestAttribute_OneOfSeveral(t *testing.T) {
	m := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{{To: "email", From: []string{"mail"}, Values: mapping.One}}})
	_, err := m.Apply(map[string][]string{"mail": {"secret-1@example.com", "secret-2@example.com"}})
	require.ErrorIs(t, err, mapping.SeveralValues)
	require.ErrorContains(t, err, `rule "attribute 1: email"`)
	require.NotContains(t, err.Error(), "secret")
}

func TestRequired(t *testing.T) {
	m := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{
		{To: "email", From: []string{"mail", "email"}, Required: true},
		{To: "number", From: []string{"employeeNumber"}, Required: true},
		{To: "name", From: []string{"cn"}},
	}})
	_, err := m.Apply(map[string][]string{"Mail": {"canary-value"}, "cn": {"canary-value"}, "nothing": {""}})
	var refused *mapping.Error
	require.ErrorAs(t, err, &refused)
	require.ErrorIs(t, err, mapping.MissingAttribute)
	require.NotErrorIs(t, err, mapping.TooMuch)
	require.Equal(t, []string{"email", "number"}, refused.Missing)
	require.Equal(t, []string{"Mail", "cn"}, refused.Present)
	require.Equal(t, `mapping: rule "attribute 1: email": the provider did not send what is required: "email" (from "mail" or "email"), `+
		`"number" (from "employeeNumber"); it sent "Mail", "cn"`, err.Error())
	_, err = m.Apply(nil)
	require.ErrorContains(t, err, "it sent nothing")
	result, err := m.Apply(map[string][]string{"email": {"a@example.com"}, "employeeNumber": {"1"}})
	require.NoError(t, err)
	require.Len(t, result.Attributes, 2)
}

func TestGrant(t *testing.T) {
	in := map[string][]string{
		"groups": {"5F0D", "contoso-dev", "contoso-ops", "not-an-admin", "a\nb", ""},
		"dn":     {"CN=Ops,OU=x", "CN=Dev,OU=x"}, "empty": {""},
	}
	condition := func(c mapping.Condition) mapping.Condition {
		if c.Attribute == "" {
			c.Attribute = "groups"
		}
		return c
	}
	for _, test := range []struct {
		name  string
		grant mapping.Grant
		want  []string
	}{
		{"equals", mapping.Grant{Group: "g", If: mapping.Condition{Equals: []string{"x", "5F0D"}}}, []string{"g"}},
		{"equals exactly", mapping.Grant{Group: "g", If: mapping.Condition{Equals: []string{"5f0d"}}}, nil},
		{"equals without case", mapping.Grant{Group: "g", If: mapping.Condition{Equals: []string{"5f0d"}, IgnoreCase: true}}, []string{"g"}},
		{"has value", mapping.Grant{Group: "g", If: mapping.Condition{HasValue: true}}, []string{"g"}},
		{"has no value", mapping.Grant{Group: "g", If: mapping.Condition{Attribute: "empty", HasValue: true}}, nil},
		{"prefix", mapping.Grant{Group: "g", If: mapping.Condition{Prefix: "contoso-"}}, []string{"g"}},
		{"suffix", mapping.Grant{Group: "g", If: mapping.Condition{Suffix: "-OPS", IgnoreCase: true}}, []string{"g"}},
		{"contains", mapping.Grant{Group: "g", If: mapping.Condition{Contains: "tos"}}, []string{"g"}},
		{"contains not", mapping.Grant{Group: "g", If: mapping.Condition{Contains: "TOS"}}, nil},
		{"matches the whole", mapping.Grant{Group: "g", If: mapping.Condition{Matches: "admin"}}, nil},
		{"matches", mapping.Grant{Group: "g", If: mapping.Condition{Matches: "CONTOSO-(dev|x)", IgnoreCase: true}}, []string{"g"}},
		{"alternatives are for the whole", mapping.Grant{Group: "g", If: mapping.Condition{Matches: "x|admin"}}, nil},
		{"each value", mapping.Grant{Group: "c/{value}!", If: mapping.Condition{Prefix: "contoso-"}}, []string{"c/contoso-dev!", "c/contoso-ops!"}},
		{"each value that fits", mapping.Grant{Group: "{value}", If: mapping.Condition{Contains: "a"}}, []string{"not-an-admin"}},
		{"steps", mapping.Grant{Group: "{value}", If: mapping.Condition{Attribute: "dn", HasValue: true}, Steps: []mapping.Step{{Match: "CN=(.*),OU=x"}, {Lower: true}}}, []string{"ops", "dev"}},
		{"steps before equals", mapping.Grant{Group: "g", If: mapping.Condition{Attribute: "dn", Equals: []string{"ops"}}, Steps: []mapping.Step{{Match: "CN=(.*),OU=x"}, {Lower: true}}}, []string{"g"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.grant.If = condition(test.grant.If)
			result, err := mustNew(t, mapping.Rules{Grants: []mapping.Grant{test.grant}}).Apply(in)
			require.NoError(t, err)
			require.Equal(t, test.want, result.Groups)
			require.Empty(t, result.Roles)
			role := test.grant
			role.Role, role.Group = role.Group, ""
			result, err = mustNew(t, mapping.Rules{Grants: []mapping.Grant{role}}).Apply(in)
			require.NoError(t, err)
			require.Equal(t, test.want, result.Roles)
		})
	}
}

func TestGrant_EachOnceInOrder(t *testing.T) {
	is := func(v string) mapping.Condition { return mapping.Condition{Attribute: "g", Equals: []string{v}} }
	m := mustNew(t, mapping.Rules{Grants: []mapping.Grant{
		{Group: "b", If: is("1")}, {Group: "a", If: is("2")}, {Name: "again", Group: "b", If: is("2")}, {Role: "b", If: is("2")},
	}})
	result, err := m.Apply(map[string][]string{"g": {"2", "1", "2"}})
	require.NoError(t, err)
	require.Equal(t, []string{"b", "a"}, result.Groups)
	require.Equal(t, []string{"b"}, result.Roles)
	require.Equal(t, map[string][]string{"groups": {"b", "a"}, "roles": {"b"}}, m.Flat(result))
}

// What a rule makes cannot come from the provider, whatever the rules give.
func TestKeepOthers_NotWhatRulesMake(t *testing.T) {
	m := mustNew(t, mapping.Rules{
		Attributes: []mapping.Attribute{{To: "tenant", From: []string{"tid"}}}, KeepOthers: true, RolesAttribute: "app_roles",
	})
	result, err := m.Apply(map[string][]string{
		"tenant": {"forged"}, "groups": {"admins"}, "app_roles": {"root"}, "roles": {"passed on"}, "city": {"London", ""}, "none": {""}, "": {"x"},
	})
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"roles": {"passed on"}, "city": {"London"}}, m.Flat(result))
}

func TestBounds(t *testing.T) {
	copies := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{{To: "x", From: []string{"a"}}}})
	many := map[string][]string{}
	for i := range 1001 {
		many[fmt.Sprint(i)] = nil
	}
	kilo := strings.Repeat("x", 1000)
	split := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{{To: "x", From: []string{"a"}, Steps: []mapping.Step{{Split: ","}}}}})
	grow := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{{
		To: "x", From: []string{"a"}, Steps: []mapping.Step{{Match: ".*", Replace: strings.Repeat("$0", 250)}},
	}}})
	slow := mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{{
		To: "x", From: []string{"a"}, Steps: slices.Repeat([]mapping.Step{{Match: "(.*a){0,50}.*"}}, 20),
	}}})
	each := mapping.Rules{}
	for i := range 50 {
		each.Grants = append(each.Grants, mapping.Grant{Group: fmt.Sprintf("%d{value}", i), If: mapping.Condition{Attribute: "a", HasValue: true}})
	}
	fold := mapping.Rules{}
	for i := range 1000 {
		fold.Grants = append(fold.Grants, mapping.Grant{Group: fmt.Sprint(i), If: mapping.Condition{Attribute: "a", Contains: "nothing", IgnoreCase: true}})
	}
	for name, test := range map[string]struct {
		m    *mapping.Mapping
		in   map[string][]string
		want string
	}{
		"attributes":        {copies, many, "1001 attributes"},
		"values":            {copies, map[string][]string{"b": make([]string, 20_001)}, "20001 values"},
		"bytes":             {copies, map[string][]string{"b": {strings.Repeat("x", 5<<20)}}, "bytes"},
		"a long value":      {copies, map[string][]string{"a": {strings.Repeat("x", 17<<10)}}, "16384"},
		"splitting":         {split, map[string][]string{"a": slices.Repeat([]string{strings.Repeat(",x", 8000)}, 4)}, "20000 values"},
		"replacing":         {grow, map[string][]string{"a": slices.Repeat([]string{kilo}, 4000)}, "16384"},
		"expressions":       {slow, map[string][]string{"a": slices.Repeat([]string{strings.Repeat("a", 1000)}, 4000)}, "takes too long"},
		"names from values": {mustNew(t, each), map[string][]string{"a": slices.Repeat([]string{"x"}, 1000)}, "20000 values"},
		"many conditions":   {mustNew(t, fold), map[string][]string{"a": slices.Repeat([]string{kilo}, 4000)}, "takes too long"},
		"when": {mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{{To: "x", Constant: "c", When: &mapping.Condition{Attribute: "a", Prefix: "y"}}}}),
			map[string][]string{"a": {strings.Repeat("x", 17<<10)}}, "16384"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			result, err := test.m.Apply(test.in)
			took := time.Since(start)
			require.ErrorIs(t, err, mapping.TooMuch)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, result)
			require.Less(t, took, 10*time.Second)
			t.Log(took)
		})
	}
	_, err := copies.Apply(map[string][]string{"photo": {strings.Repeat("x", 1<<20)}, "a": {"v"}})
	require.NoError(t, err, "what no rule uses may be long")
}

func TestExplain(t *testing.T) {
	m := mustNew(t, mapping.Rules{
		Attributes: []mapping.Attribute{
			{Name: "mail", To: "email", From: []string{"none", "mail"}, Steps: []mapping.Step{{Lower: true}, {Before: "+"}}},
			{To: "email", From: []string{"upn"}},
			{To: "city", From: []string{"l"}, Default: []string{"London"}},
			{To: "number", From: []string{"employeeNumber"}, Required: true},
			{To: "kind", Constant: "guest", When: &mapping.Condition{Attribute: "type", Equals: []string{"Guest"}}},
			{To: "flag", From: []string{"mail"}, Steps: []mapping.Step{{Boolean: true}}},
		},
		Grants: []mapping.Grant{
			{Group: "admins", If: mapping.Condition{Attribute: "g", Equals: []string{"1"}}},
			{Role: "auditor", If: mapping.Condition{Attribute: "g", Equals: []string{"2"}}},
			{Group: "x", If: mapping.Condition{Attribute: "h", Prefix: "p"}},
		},
	})
	result, traces, err := m.Explain(map[string][]string{"mail": {"Ada+x@example.com"}, "g": {"1", "3"}})
	require.ErrorIs(t, err, mapping.MissingAttribute)
	require.Equal(t, []string{"admins"}, result.Groups)
	outcome := map[string]mapping.Outcome{}
	for _, trace := range traces {
		outcome[trace.Rule] = trace.Outcome
	}
	require.Equal(t, map[string]mapping.Outcome{
		"mail": mapping.Made, "attribute 2: email": mapping.Skipped, "attribute 3: city": mapping.Defaulted, "attribute 4: number": mapping.Missing,
		"attribute 5: kind": mapping.Skipped, "attribute 6: flag": mapping.Nothing,
		"group 1: admins": mapping.Made, "role 2: auditor": mapping.Nothing, "group 3: x": mapping.Nothing,
	}, outcome)
	require.Equal(t, mapping.Trace{
		Rule: "mail", Kind: mapping.KindAttribute, To: "email", Looked: []string{"none", "mail"}, From: []string{"mail"},
		Saw: []string{"Ada+x@example.com"}, Steps: []string{"made letters small", `kept what is before "+"`}, Got: []string{"ada"}, Outcome: mapping.Made,
	}, traces[0])
	require.Equal(t, `its condition is not fulfilled: the attribute "type" has no value that is "Guest"`, traces[4].Why)
	require.Equal(t, `a value is "1"`, traces[6].Why)
	require.Equal(t, `no value is "2"`, traces[7].Why)
	require.Equal(t, `the provider did not send the attribute "h"`, traces[8].Why)

	_, traces, err = mustNew(t, mapping.Rules{Attributes: []mapping.Attribute{
		{To: "a", Constant: "c"}, {To: "b", From: []string{"m"}, Values: mapping.One}, {To: "c", Constant: "c"},
	}}).Explain(map[string][]string{"m": {"1", "2"}})
	require.ErrorIs(t, err, mapping.SeveralValues)
	require.Len(t, traces, 2)
	require.Equal(t, mapping.Refused, traces[1].Outcome)
}

// Explain decides as Apply does.
func TestExplain_SameAsApply(t *testing.T) {
	in := map[string][]string{"mail": {"a@example.com", "b@example.com"}, "urn:oid:2.5.4.42": {"Ada"}, "sn": {"King"}, "g": {"1", "2"}}
	for _, rules := range []mapping.Rules{mapping.LDAP(), mapping.OktaSAML(), mapping.Standard(), {KeepOthers: true}} {
		rules.Grants = []mapping.Grant{{Group: "e-{value}", If: mapping.Condition{Attribute: "g", HasValue: true}}}
		m := mustNew(t, rules)
		applied, err := m.Apply(in)
		require.NoError(t, err)
		explained, traces, err := m.Explain(in)
		require.NoError(t, err)
		require.Equal(t, applied, explained)
		require.Len(t, traces, len(rules.Attributes)+1)
	}
}

func TestPresets(t *testing.T) {
	const claims, microsoft = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/", "http://schemas.microsoft.com/identity/claims/"
	for name, test := range map[string]struct {
		rules mapping.Rules
		in    map[string][]string
		want  map[string][]string
	}{
		"Entra by SAML": {mapping.EntraSAML(), map[string][]string{
			claims + "name": {"ada@contoso.com"}, claims + "emailaddress": {"Ada@contoso.com"}, claims + "givenname": {"Ada"}, claims + "surname": {"King"},
			microsoft + "tenantid": {"t"}, mapping.EntraObjectID: {"o"},
		}, map[string][]string{
			"email": {"Ada@contoso.com"}, "given_name": {"Ada"}, "family_name": {"King"}, "name": {"Ada King"}, "preferred_username": {"ada@contoso.com"},
		}},
		"Entra by OpenID Connect": {mapping.EntraOIDC(), map[string][]string{"upn": {"u"}, "name": {"Ada"}, "oid": {"o"}, "roles": {"Admin"}},
			map[string][]string{"preferred_username": {"u"}, "name": {"Ada"}}},
		"AD FS":  {mapping.ADFS(), map[string][]string{claims + "upn": {"u"}}, map[string][]string{"preferred_username": {"u"}}},
		"Okta":   {mapping.OktaSAML(), map[string][]string{"firstName": {"Ada"}, "lastName": {"King"}}, map[string][]string{"given_name": {"Ada"}, "family_name": {"King"}, "name": {"Ada King"}}},
		"Google": {mapping.GoogleWorkspaceSAML(), map[string][]string{"saml:NameID": {"a@x.org"}, "saml:NameIDFormat": {"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}}, map[string][]string{"email": {"a@x.org"}}},
		"Google without an address": {mapping.GoogleWorkspaceSAML(), map[string][]string{"saml:NameID": {"8d7"}, "saml:NameIDFormat": {"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}},
			map[string][]string{}},
		"directory": {mapping.LDAP(), map[string][]string{"urn:oid:0.9.2342.19200300.100.1.3": {"a@x.org", "b@x.org"}, "uid": {"ada"}}, map[string][]string{"email": {"a@x.org"}, "preferred_username": {"ada"}}},
		"standard":  {mapping.Standard(), map[string][]string{"email": {"a@x.org"}, "email_verified": {"true"}, "groups": {"admins"}}, map[string][]string{"email": {"a@x.org"}, "email_verified": {"true"}}},
	} {
		result, err := mustNew(t, test.rules).Apply(test.in)
		require.NoError(t, err, name)
		require.Equal(t, test.want, result.Attributes, name)
		require.Empty(t, result.Groups)
	}
	a, b := mapping.LDAP(), mapping.LDAP()
	a.Attributes[0].From[0] = "changed"
	require.NotEqual(t, a, b, "each call returns its own")
}

// R4: no preset for SAML says of an address that it is verified.
func TestR4_PresetsDoNotVerify(t *testing.T) {
	for _, rules := range []mapping.Rules{mapping.EntraSAML(), mapping.ADFS(), mapping.OktaSAML(), mapping.GoogleWorkspaceSAML(), mapping.LDAP()} {
		for _, rule := range rules.Attributes {
			require.NotEqual(t, "email_verified", rule.To)
		}
	}
}

// S26: an attribute with several values, and a name that is another's in other letters.
func TestS26_NamesAndValues(t *testing.T) {
	m := mustNew(t, mapping.Rules{Grants: []mapping.Grant{{Role: "admin", If: mapping.Condition{Attribute: "role", Equals: []string{"admin"}}}}})
	for _, test := range []struct {
		in   map[string][]string
		want bool
	}{
		{map[string][]string{"role": {"user", "admin"}}, true},
		{map[string][]string{"Role": {"admin"}}, false},
		{map[string][]string{"role": {"admin "}}, false},
		{map[string][]string{"role": {"admin\x00"}}, false},
		{map[string][]string{"role": {"user,admin"}}, false},
		{map[string][]string{"urn:role": {"admin"}}, false},
	} {
		result, err := m.Apply(test.in)
		require.NoError(t, err)
		require.Equal(t, test.want, slices.Contains(result.Roles, "admin"), "%v", test.in)
	}
}

func TestApply_Parallel(t *testing.T) {
	m := mustNew(t, mapping.LDAP())
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for range 50 {
				result, err := m.Apply(map[string][]string{"mail": {fmt.Sprint(i)}})
				require.NoError(t, err)
				require.Equal(t, []string{fmt.Sprint(i)}, result.Attributes["email"])
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"attributes":[{"to":"x","from":["a"],"steps":[{"match":"(.*)b","replace":"${1}"}]}]}`, "ab")
	f.Add(`{"grants":[{"group":"g-{value}","if":{"attribute":"a","contains":"x","ignoreCase":true},"steps":[{"split":","}]}],"keepOthers":true}`, "x,y")
	f.Add(`{"attributes":[{"to":"x","join":["a","a"],"values":"joined","separator":"$","steps":[{"before":"@"},{"table":{"a":"b"}}]}]}`, "ſK")
	f.Add(`{"grants":[{"role":"r","if":{"attribute":"a","matches":"(?i)x|y"}}]}`, "\xff\x00")
	f.Fuzz(func(t *testing.T, rules, value string) {
		m, err := mapping.Parse([]byte(rules))
		if err != nil {
			require.ErrorIs(t, err, mapping.InvalidRules)
			return
		}
		in := map[string][]string{"a": {value, "b", value}, "c": {value}}
		result, err := m.Apply(in)
		explained, _, explainErr := m.Explain(in)
		require.Equal(t, err == nil, explainErr == nil)
		if err != nil {
			return
		}
		require.Equal(t, result, explained)
		for name, values := range m.Flat(result) {
			require.NotEmpty(t, name)
			require.NotEmpty(t, values)
			require.NotContains(t, values, "")
		}
	})
}

func BenchmarkApply(b *testing.B) {
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	rules := mapping.EntraSAML()
	for i := range 50 {
		rules.Grants = append(rules.Grants, mapping.Grant{Group: fmt.Sprint("g", i), If: mapping.Condition{Attribute: mapping.EntraGroups, Equals: []string{fmt.Sprintf("%08d-0000", i)}}})
	}
	m := mustNew(b, rules)
	for _, groups := range []int{0, 150, 11_000} {
		in := map[string][]string{
			claims + "name": {"ada@contoso.com"}, claims + "emailaddress": {"Ada@contoso.com"}, claims + "givenname": {"Ada"}, claims + "surname": {"King"},
		}
		for i := range groups {
			in[mapping.EntraGroups] = append(in[mapping.EntraGroups], fmt.Sprintf("%08d-0000", i*7))
		}
		b.Run(fmt.Sprint(groups, " groups"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = m.Apply(maps.Clone(in))
			}
		})
	}
}
