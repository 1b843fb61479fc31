package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sub = "cognito-identity.amazonaws.com:sub"

// TestA10_ActionsAndResources: the matching rules of the language, one by one.
func TestA10_ActionsAndResources(t *testing.T) {
	for _, c := range []struct {
		action, resource string // of the document
		wantAction       string
		wantResource     string
		allowed          bool
	}{
		{"*", "*", "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"*", "*", "anything", "", true},
		{"s3:GetObject", "*", "s3:getobject", "x", true},
		{"S3:getOBJECT", "*", "s3:GetObject", "x", true},
		{"s3:Get*", "*", "s3:GetObject", "x", true},
		{"s3:Get*", "*", "s3:Get", "x", true},
		{"s3:Get*", "*", "s3:PutObject", "x", false},
		{"s3:?etObject", "*", "s3:GetObject", "x", true},
		{"s3:?GetObject", "*", "s3:GetObject", "x", false},
		{"s3:*", "*", "s3x:GetObject", "x", false},
		{"s3:*", "*", "s3", "x", false},
		{"s3:GetObject", "*", "s3:GetObjectAcl", "x", false},
		{"s3:GetObject", "*", "s3:*", "x", false},
		{"kms:Key", "*", "kms:\u212aey", "x", false},
		{"*", "*", "", "x", false},

		{"s:a", "arn:aws:s3:::b/k", "s:a", "arn:aws:s3:::b/k", true},
		{"s:a", "arn:aws:s3:::b/k", "s:a", "arn:aws:s3:::B/k", false},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b/x/y/z", true},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b/", true},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b", false},
		{"s:a", "arn:aws:s3:::b/*", "s:a", "arn:aws:s3:::b/x:y", true},
		{"s:a", "arn:aws:s3:::b/?", "s:a", "arn:aws:s3:::b/é", true},
		{"s:a", "arn:aws:s3:::b/?", "s:a", "arn:aws:s3:::b/ab", false},
		{"s:a", "arn:aws:s3:::*/c", "s:a", "arn:aws:s3:::a/b/c", true},
		{"s:a", "arn:aws:s3:::a*b*c", "s:a", "arn:aws:s3:::abc", true},
		{"s:a", "arn:aws:s3:::a*b*c", "s:a", "arn:aws:s3:::acb", false},
		{"s:a", "arn:aws:s3:::ab*ba", "s:a", "arn:aws:s3:::aba", false},
		{"s:a", "arn:aws:s3:::x*?b?*y", "s:a", "arn:aws:s3:::xabcy", true},
		{"s:a", "arn:aws:s3:::x*?b?*y", "s:a", "arn:aws:s3:::xbcy", false},
		{"s:a", "arn:aws:s3:::x", "s:a", "arn:aws:s3:eu-west-1::x", false},
		{"s:a", "arn:aws:s3:*:*:x", "s:a", "arn:aws:s3:eu-west-1:123:x", true},
		{"s:a", "arn:aws:s3:*:x", "s:a", "", false}, // refused: five parts, see below
		{"s:a", "arn:aws:s3:::*", "s:a", "arn:aws:s3:::", true},
		{"s:a", "arn:aws:s3:::*", "s:a", "arn:aws:s3x:::b", false},
		{"s:a", "arn:aws:s3:::*", "s:a", "b/k", false},
		{"s:a", "arn:aws:s3:::*", "s:a", "arn:aws:s3", false},
		{"s:a", "arn:aws:s3:::*", "s:a", "\xff", false},
	} {
		text := doc(fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, c.action, c.resource))
		d, err := Parse([]byte(text))
		if strings.Count(c.resource, ":") == 4 {
			require.ErrorContains(t, err, "six parts")
			continue
		}
		require.NoError(t, err)
		got := decide(asked{Action: c.wantAction, Resource: c.wantResource}, d)
		require.Equal(t, c.allowed, got.Allowed, "%+v", c)
		require.False(t, got.ExplicitDeny)
	}
}

// TestA23_ExactARNs: a wildcard does not leave its part of the ARN, and paths
// are text.
func TestA23_ExactARNs(t *testing.T) {
	for _, c := range []struct {
		pattern, resource string
		allowed           bool
	}{
		{"arn:aws:iam::1*:role/a", "arn:aws:iam::1:user/x:role/a", false},
		{"arn:aws:s3:*:111111111111:b", "arn:aws:s3:eu:222222222222:111111111111:b", false},
		{"arn:aws:iam::111111111111:role/*", "arn:aws:iam::222222222222:role/a", false},
		{"arn:aws:iam::111111111111:role/*", "arn:aws:iam::1111111111110:role/a", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role/a/../b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role//b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:Role/b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role/b ", false},
		{"arn:aws:iam::111111111111:role/b", "arn:AWS:iam::111111111111:role/b", false},
		{"arn:aws:iam::111111111111:role/b", "arn:aws:iam::111111111111:role/b", true},
	} {
		d := mustParse(t, withResource(c.pattern))
		require.Equal(t, c.allowed, decide(asked{Action: "s:a", Resource: c.resource}, d).Allowed, "%+v", c)
	}
}

// TestA10_ExplicitDenyWins: in whatever document and order.
func TestA10_ExplicitDenyWins(t *testing.T) {
	allow := mustParse(t, doc(`{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}`))
	deny := mustParse(t, doc(`[{"Effect":"Allow","Action":"s:x","Resource":"*"},{"Sid":"NoDelete","Effect":"Deny","Action":"s:Delete*","Resource":"arn:a:s:::keep/*"}]`))
	request := asked{Action: "s:DeleteNote", Resource: "arn:a:s:::keep/1"}
	denied := Decision{ExplicitDeny: true, Reason: ReasonExplicitDeny, Kind: KindIdentity, Document: 1, Statement: 1, Sid: "NoDelete"}
	require.Equal(t, denied, decide(request, allow, deny))
	denied.Document = 0
	require.Equal(t, denied, decide(request, deny, allow))
	nothing := Decision{Reason: ReasonIdentity, Kind: KindIdentity}
	require.Equal(t, nothing, decide(asked{Action: "s:Read", Resource: "arn:a:s:::keep/1"}, deny))
	allowed := Decision{Allowed: true, Reason: ReasonAllowed, Kind: KindIdentity, Document: 1, Sid: "All"}
	require.Equal(t, allowed, decide(asked{Action: "s:Read", Resource: "arn:a:s:::keep/1"}, deny, allow))
	require.Equal(t, nothing, decide(request))
}

// TestA11_EvaluationFailsClosed: what cannot be judged is denied.
func TestA11_EvaluationFailsClosed(t *testing.T) {
	all := mustParse(t, doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`))
	fine := asked{Action: "s:a", Resource: "x"}
	require.True(t, decide(fine, all).Allowed)
	require.False(t, decide(fine, all, nil).Allowed)
	require.False(t, decide(fine, new(Document)).Allowed)
	require.False(t, decide(asked{Resource: "x"}, all).Allowed)
	require.False(t, decide(asked{Action: strings.Repeat("a", MaxActionSize+1)}, all).Allowed)
	require.False(t, decide(asked{Action: "s:a", Resource: strings.Repeat("a", MaxResourceSize+1)}, all).Allowed)
	require.False(t, decide(asked{Action: "s:a", Resource: "\xff"}, all).Allowed)
	require.False(t, decide(asked{Action: "s:\xff", Resource: "x"}, all).Allowed)
}

// TestA10_Variables: what they stand for, and what has none.
func TestA10_Variables(t *testing.T) {
	one := map[string][]string{sub: {"eu-west-1:u1"}, "aws:PrincipalTag/team": {"blue"}}
	for _, c := range []struct {
		pattern, resource string
		context           map[string][]string
		allowed           bool
	}{
		{"home/${" + sub + "}/*", "home/eu-west-1:u1/n", one, true},
		{"home/${" + sub + "}/*", "home/eu-west-1:u2/n", one, false},
		{"home/${" + sub + "}", "home/eu-west-1:u1", one, true},
		{"${" + strings.ToUpper(sub) + "}", "eu-west-1:u1", one, true},
		{"${" + sub + "}", "eu-west-1:u1", map[string][]string{strings.ToUpper(sub): {"eu-west-1:u1"}}, true},
		{"home/${" + sub + "}/*", "home//n", nil, false},
		{"home/${" + sub + "}/*", "home/${" + sub + "}/n", nil, false},
		{"home/${" + sub + "}/*", "home//n", map[string][]string{sub: {}}, false},
		{"home/${" + sub + "}/*", "home/a/n", map[string][]string{sub: {"a", "b"}}, false},
		{"${" + sub + ", 'x'}/*", "x/n", map[string][]string{sub: {"a", "b"}}, false},
		{"${aws:PrincipalTag/team, 'company-wide'}/*", "blue/x", one, true},
		{"${aws:PrincipalTag/team, 'company-wide'}/*", "company-wide/x", one, false},
		{"${aws:PrincipalTag/team, 'company-wide'}/*", "company-wide/x", nil, true},
		{"${aws:PrincipalTag/team,''}/*", "/x", nil, true},
		{"a${*}b", "a*b", nil, true},
		{"a${*}b", "axb", nil, false},
		{"a${?}b", "a?b", nil, true},
		{"a${?}b", "axb", nil, false},
		{"a${$}{b}", "a${b}", nil, true},
		{"*${" + sub + "}?*", "x/eu-west-1:u1/n", one, true},
		{"*${" + sub + "}?*", "x/eu-west-1:u1", one, false},
		{"$a$", "$a$", nil, true},
	} {
		d := mustParse(t, withResource("arn:a:s:::"+c.pattern))
		got := decide(asked{Action: "s:a", Resource: "arn:a:s:::" + c.resource, Context: c.context}, d)
		require.Equal(t, c.allowed, got.Allowed, "%+v", c)
	}
}

// TestA10_OldVersion: ${…} is text there.
func TestA10_OldVersion(t *testing.T) {
	d := mustParse(t, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s:a","Resource":"arn:a:s:::home/${`+sub+`}/*"}}`)
	context := map[string][]string{sub: {"u1"}}
	require.False(t, decide(asked{Action: "s:a", Resource: "arn:a:s:::home/u1/n", Context: context}, d).Allowed)
	require.True(t, decide(asked{Action: "s:a", Resource: "arn:a:s:::home/${" + sub + "}/n", Context: context}, d).Allowed)
}

// TestA10_DenyWithUnresolvedVariable: AWS's rule, and the reason for the advice
// in the package comment.
func TestA10_DenyWithUnresolvedVariable(t *testing.T) {
	d := mustParse(t, doc(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"arn:a:s:::${a:b}"}]`))
	require.True(t, decide(asked{Action: "s:a", Resource: "arn:a:s:::x"}, d).Allowed)
	require.True(t, decide(asked{Action: "s:a", Resource: "arn:a:s:::x", Context: map[string][]string{"a:b": {"x"}}}, d).ExplicitDeny)
}

// TestA11_UnusableVariable: a value that cannot be compared must not lift a Deny, which a user who chooses the value could otherwise do.
func TestA11_UnusableVariable(t *testing.T) {
	const allow = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	const deny = `{"Effect":"Deny","Action":"s:a","Resource":["arn:a:s:::${a:b}/*","arn:a:s:::other"]}`
	for _, value := range []string{strings.Repeat("x", MaxVariablesSize+1), "x\xff"} {
		context := map[string][]string{"a:b": {value}}
		for _, text := range []string{doc(`[` + allow + `,` + deny + `]`), doc(`[` + deny + `,` + allow + `]`)} {
			d := mustParse(t, text)
			require.Equal(t, ReasonUndecidable, decide(asked{Action: "s:a", Resource: "arn:a:s:::x", Context: context}, d).Reason)
			require.True(t, decide(asked{Action: "s:a", Resource: "arn:a:s:::other", Context: context}, d).ExplicitDeny)
			require.True(t, decide(asked{Action: "s:b", Resource: "arn:a:s:::x", Context: context}, d).Allowed)
			require.True(t, decide(asked{Action: "s:a", Resource: "arn:a:t:::x", Context: context}, d).Allowed, "the service is another")
		}
		// In an Allow it is a variable without a value, whatever the order.
		own := `{"Effect":"Allow","Action":"*","Resource":"arn:a:s:::${a:b}"}`
		require.False(t, decide(asked{Action: "s:a", Resource: "arn:a:s:::x", Context: context}, mustParse(t, doc(own))).Allowed)
		for _, text := range []string{doc(`[` + allow + `,` + own + `]`), doc(`[` + own + `,` + allow + `]`)} {
			require.True(t, decide(asked{Action: "s:a", Resource: "arn:a:s:::x", Context: context}, mustParse(t, text)).Allowed)
		}
	}
}

// TestA14_VariableValuesAreLiteral: a user who chooses a value gains nothing.
func TestA14_VariableValuesAreLiteral(t *testing.T) {
	for _, pattern := range []string{"home/${a:b}/*", "*/${a:b}/*", "home/${a:b}/?*", "*?/${a:b}/?*"} {
		d := mustParse(t, withResource("arn:a:s:::"+pattern))
		for _, value := range []string{"*", "?", "??????", "${c:d}", "${*}", "**", "victim*", "\xff", strings.Repeat("*", 10_000)} {
			context := map[string][]string{"a:b": {value}, "c:d": {"victim"}}
			request := asked{Action: "s:a", Resource: "arn:a:s:::home/victim/n", Context: context}
			require.False(t, decide(request, d).Allowed, "%s %q", pattern, value)
			request.Resource = "arn:a:s:::home/" + value + "/n"
			if len(value) < 100 && value != "\xff" {
				require.True(t, decide(request, d).Allowed, "%s %q", pattern, value)
			}
		}
	}
}
