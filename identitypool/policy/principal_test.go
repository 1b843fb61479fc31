package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The callers of these tests.
var (
	ann     = Principal{ARN: "arn:aws:iam::111122223333:user/ann", Account: "111122223333", UniqueID: "AIDAANNANNANNANNANN0"}
	session = Principal{
		ARN: "arn:aws:sts::111122223333:assumed-role/reader/ann", RoleARN: "arn:aws:iam::111122223333:role/path/reader",
		Account: "111122223333", UniqueID: "AROAREADERREADERREA0",
	}
	root      = Principal{ARN: "arn:aws:iam::111122223333:root", Account: "111122223333"}
	stranger  = Principal{ARN: "arn:aws:iam::444455556666:user/sue", Account: "444455556666"}
	anonymous = Principal{}
	lambda    = Principal{Service: "lambda.amazonaws.com"}
	canonical = Principal{CanonicalUser: "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}
	pool      = Principal{Federated: "cognito-identity.amazonaws.com"}
	saml      = Principal{Federated: "arn:aws:iam::111122223333:saml-provider/corp"}
)

var callers = map[string]Principal{
	"ann": ann, "session": session, "root": root, "stranger": stranger, "anonymous": anonymous,
	"lambda": lambda, "canonical": canonical, "pool": pool, "saml": saml,
}

// resourcePolicy is a policy of a resource with one statement for everything.
func resourcePolicy(effect, element, value string) string {
	return doc(`{"Effect":"` + effect + `","` + element + `":` + value + `,"Action":"*","Resource":"*"}`)
}

// ask lets a caller do s:a on a resource.
func ask(p *Policies, who Principal) Decision {
	return p.Evaluate(&Request{Principal: who, Action: "s:a", Resource: "arn:aws:s:::x"})
}

// TestA10_Principals: who is meant by each kind of principal. A Deny tells it
// without delegation in the way.
func TestA10_Principals(t *testing.T) {
	everyone := "anonymous ann canonical lambda pool root saml session stranger"
	for _, c := range []struct{ principal, denied string }{
		{`"*"`, everyone},
		{`{"AWS":"*"}`, everyone},
		{`{"AWS":"111122223333"}`, "ann root session"},
		{`{"AWS":"arn:aws:iam::111122223333:root"}`, "ann root session"},
		{`{"AWS":["444455556666","arn:aws:iam::111122223333:user/ann"]}`, "ann stranger"},
		{`{"AWS":"arn:aws:iam::111122223333:user/ann"}`, "ann"},
		{`{"AWS":"arn:aws:iam::111122223333:user/Ann"}`, ""},
		{`{"AWS":"arn:aws:sts::111122223333:assumed-role/reader/ann"}`, "session"},
		{`{"AWS":"arn:aws:iam::111122223333:role/path/reader"}`, "session"},
		{`{"AWS":"arn:aws:iam::111122223333:role/reader"}`, ""},
		{`{"AWS":"arn:aws:iam::111122223333:role/path/../reader"}`, ""},
		{`{"AWS":"AROAREADERREADERREA0"}`, "session"},
		{`{"AWS":"AIDAANNANNANNANNANN0"}`, "ann"},
		{`{"Service":"lambda.amazonaws.com"}`, "lambda"},
		{`{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}`, "lambda"},
		{`{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, "canonical"},
		{`{"Federated":"cognito-identity.amazonaws.com"}`, "pool"},
		{`{"Federated":"arn:aws:iam::111122223333:saml-provider/corp"}`, "saml"},
		{`{"Federated":"accounts.google.com","Service":"lambda.amazonaws.com","AWS":"444455556666"}`, "lambda stranger"},
	} {
		p := &Policies{Resource: []*Document{mustParseResource(t, resourcePolicy("Deny", "Principal", c.principal))}}
		for name, who := range callers {
			require.Equal(t, contains(strings.Fields(c.denied), name), ask(p, who).ExplicitDeny, "%s %s", c.principal, name)
		}
	}
}

// TestA10_NotPrincipal: a Deny excepts only callers all of whose names are
// listed; an Allow is for those none of whose names is.
func TestA10_NotPrincipal(t *testing.T) {
	for _, c := range []struct{ principals, excepted, allowed string }{
		{`"*"`, "anonymous ann canonical lambda pool root saml session stranger", ""},
		{`{"AWS":"arn:aws:iam::111122223333:user/ann"}`, "", "anonymous canonical lambda pool root saml session stranger"},
		{`{"AWS":["arn:aws:iam::111122223333:user/ann","111122223333"]}`, "ann root", "anonymous canonical lambda pool saml stranger"},
		{`{"AWS":"111122223333"}`, "root", "anonymous canonical lambda pool saml stranger"},
		{`{"AWS":["111122223333","arn:aws:iam::111122223333:role/path/reader"]}`, "root", "anonymous canonical lambda pool saml stranger"},
		{`{"AWS":["111122223333","arn:aws:iam::111122223333:role/path/reader","arn:aws:sts::111122223333:assumed-role/reader/ann"]}`,
			"root session", "anonymous canonical lambda pool saml stranger"},
		{`{"Service":"lambda.amazonaws.com"}`, "lambda", "anonymous ann canonical pool root saml session stranger"},
		{`{"Federated":"cognito-identity.amazonaws.com"}`, "pool", "anonymous ann canonical lambda root saml session stranger"},
		{`{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, "canonical",
			"anonymous ann lambda pool root saml session stranger"},
	} {
		deny := &Policies{Resource: []*Document{mustParseResource(t, resourcePolicy("Deny", "NotPrincipal", c.principals))}}
		allow := &Policies{Resource: []*Document{mustParseResource(t, resourcePolicy("Allow", "NotPrincipal", c.principals))}, ResourceMustAllow: true}
		for name, who := range callers {
			require.Equal(t, !contains(strings.Fields(c.excepted), name), ask(deny, who).ExplicitDeny, "Deny %s %s", c.principals, name)
			got := ask(allow, who)
			require.Equal(t, contains(strings.Fields(c.allowed), name), got.Allowed, "Allow %s %s", c.principals, name)
		}
	}
	// Even to those whom it means, such an Allow is limited like one to a role.
	p := &Policies{
		Resource:   []*Document{mustParseResource(t, resourcePolicy("Allow", "NotPrincipal", `{"AWS":"444455556666"}`))},
		Boundaries: []*Document{new(Document)},
	}
	require.Equal(t, ReasonBoundary, ask(p, ann).Reason)
}

// TestA23_PrincipalsAreExact: paths, case, accounts and kinds.
func TestA23_PrincipalsAreExact(t *testing.T) {
	trust := &Policies{ResourceMustAllow: true, Resource: []*Document{mustParseTrust(t, doc(`{"Effect":"Allow","Principal":{"AWS":
		"arn:aws:iam::111122223333:role/a/reader"},"Action":"sts:AssumeRole"}`))}}
	for role, want := range map[string]bool{
		"arn:aws:iam::111122223333:role/a/reader":         true,
		"arn:aws:iam::111122223333:role/a/../a/reader":    false,
		"arn:aws:iam::111122223333:role/a//reader":        false,
		"arn:aws:iam::111122223333:role/A/reader":         false,
		"arn:aws:iam::111122223333:role/reader":           false,
		"arn:aws:iam::444455556666:role/a/reader":         false,
		"arn:aws:iam::111122223333:user/a/reader":         false,
		"arn:aws:iam::111122223333:role/a/reader ":        false,
		"arn:aws-cn:iam::111122223333:role/a/reader":      false,
		"arn:aws:iam::111122223333:role/a/reader/x":       false,
		"arn:aws:iam::111122223333:role/a/reader\u200b":   false,
		"arn:aws:iam::111122223333:role%2Fa%2Freader":     false,
		"arn:aws:sts::111122223333:assumed-role/a/reader": false,
	} {
		who := Principal{ARN: "arn:aws:sts::111122223333:assumed-role/x/y", RoleARN: role, Account: "111122223333"}
		got := trust.Evaluate(&Request{Principal: who, Action: "sts:AssumeRole"})
		require.Equal(t, want, got.Allowed, role)
	}
	// A name of one kind is none of another.
	for _, who := range []Principal{{Federated: "lambda.amazonaws.com"}, {ARN: "lambda.amazonaws.com"}, {CanonicalUser: "lambda.amazonaws.com"}} {
		p := &Policies{ResourceMustAllow: true, Resource: []*Document{mustParseResource(t, resourcePolicy("Allow", "Principal", `{"Service":"lambda.amazonaws.com"}`))}}
		require.False(t, ask(p, who).Allowed)
	}
	// The account is that of the ARN when it is not said, and only there.
	p := &Policies{Resource: []*Document{mustParseResource(t, resourcePolicy("Deny", "Principal", `{"AWS":"111122223333"}`))}}
	require.True(t, ask(p, Principal{ARN: ann.ARN}).ExplicitDeny)
	require.False(t, ask(p, Principal{ARN: "arn:aws:s3:::x:111122223333:user/ann"}).ExplicitDeny)
	require.False(t, ask(p, Principal{ARN: "111122223333"}).ExplicitDeny)
	// The root user is not any resource called root.
	require.False(t, (&Principal{ARN: "arn:aws:iam::111122223333:user/x:root"}).root())
	require.False(t, (&Principal{ARN: "arn:aws:s3:::root"}).root())
	require.True(t, root.root())
}
