package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestA19_Lint: what parses, has AWS's semantics, and is reported.
func TestA19_Lint(t *testing.T) {
	allow := func(rest string) string { return doc(`[{"Effect":"Allow",` + rest + `}]`) }
	deny := func(rest string) string { return doc(`[{"Effect":"Deny",` + rest + `}]`) }
	conditioned := func(condition string) string {
		return `"Action":"s:a","Resource":"arn:a:s:::x","Condition":{` + condition + `}`
	}
	const at = "Statement[0]"
	for _, c := range []struct {
		text string
		want []string // severity, place and a part of the problem
	}{
		{allow(`"Action":"s3:Get*","Resource":"arn:aws:s3:::b/${aws:username}/*"`), nil},
		{allow(`"Action":"s3:*","Resource":"*"`), nil},
		{deny(`"Action":"*","Resource":"*"`), nil},
		{deny(`"NotAction":"iam:*","Resource":"*"`), nil},
		{deny(`"Action":"*","NotResource":"arn:a:s:::x"`), nil},
		{allow(`"Action":"*","Resource":"*"`), []string{"danger||allows everything on everything"}},
		{allow(`"Action":["s:a","*"],"Resource":["arn:a:s:::x","*"]`), []string{"danger||allows everything on everything"}},
		{allow(`"NotAction":"iam:*","Resource":"*"`), []string{"danger|.NotAction|every other action"}},
		{allow(`"Action":"s:a","NotResource":"arn:a:s:::x"`), []string{"danger|.NotResource|every other resource"}},
		{allow(`"Action":"iam:PassRole","Resource":"*"`), []string{"danger|.Resource|iam:PassRole"}},
		{allow(`"Action":"iam:Pass*","Resource":"*"`), []string{"danger|.Resource|iam:PassRole"}},
		{allow(`"Action":["STS:assumerole","iam:*"],"Resource":"*"`), []string{"danger|.Resource|iam:PassRole", "danger|.Resource|sts:AssumeRole"}},
		{allow(`"Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/x"`), nil},

		{allow(conditioned(`"ForAllValues:StringEquals":{"aws:TagKeys":"a"}`)), []string{"danger|.Condition.ForAllValues:StringEquals.aws:TagKeys|Null"}},
		{allow(conditioned(`"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"AWS:tagkeys":"false"}`)), nil},
		{allow(conditioned(`"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:TagKeys":["false","true"]}`)), []string{"danger|.Condition.ForAllValues:StringEquals.aws:TagKeys|Null"}},
		{deny(conditioned(`"ForAllValues:StringEquals":{"aws:TagKeys":"a"}`)), nil},
		{allow(conditioned(`"StringNotEquals":{"a:b":"c"}`)), []string{"warning|.Condition.StringNotEquals.a:b|does not have the key"}},
		{allow(conditioned(`"StringNotEquals":{"a:b":"c"},"Null":{"a:b":false}`)), nil},
		{allow(conditioned(`"ForAnyValue:StringNotEquals":{"a:b":"c"}`)), nil},
		{deny(conditioned(`"StringNotEquals":{"a:b":"c"}`)), nil},
		{allow(conditioned(`"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}`)), []string{"warning|.Condition.BoolIfExists.aws:MultiFactorAuthPresent|does not have the key"}},
		{deny(conditioned(`"Bool":{"aws:MultiFactorAuthPresent":"false"}`)), []string{"warning|.Condition.Bool.aws:MultiFactorAuthPresent|BoolIfExists"}},
		{deny(conditioned(`"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}`)), nil},
		{allow(conditioned(`"StringEquals":{"a:b":"c*"}`)), []string{"warning|.Condition.StringEquals.a:b|StringLike has wildcards"}},
		{allow(conditioned(`"StringEquals":{"a:b":"c${*}"}`)), nil},
		{allow(conditioned(`"StringLike":{"a:b":"c*"}`)), nil},
		{allow(conditioned(`"StringLike":{"cognito-identity.amazonaws.com:amr":"auth*"}`)), []string{"warning|.Condition.StringLike.cognito-identity.amazonaws.com:amr|several values"}},
		{allow(conditioned(`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"auth*"}`)), nil},

		{deny(`"Action":"*","Resource":["*","arn:a:s:::${a:b}"]`), []string{"warning|.Resource|no value"}},
		{deny(`"Action":"*","Resource":"arn:a:s:::${a:b, 'x'}"`), nil},
		{deny(conditioned(`"StringLike":{"a:b":"${c:d}/*"}`)), []string{"warning|.Condition.StringLike.a:b|no value"}},
		{deny(conditioned(`"ArnLike":{"a:b":"arn:a:s:::${c:d}/*"}`)), []string{"warning|.Condition.ArnLike.a:b|no value"}},
		{deny(conditioned(`"ArnLike":{"a:b":"arn:a:s::${c:d}:x"}`)), []string{"warning|.Condition.ArnLike.a:b|no value"}},
		{deny(conditioned(`"ArnLike":{"a:b":"arn:a:s::${c:d, 'e'}:x"}`)), nil},
		{deny(conditioned(`"StringNotLike":{"a:b":"${c:d}/*"}`)), nil},
		{allow(conditioned(`"StringNotEquals":{"a:b":["x","${c:d}"]},"Null":{"a:b":false}`)), []string{"warning|.Condition.StringNotEquals.a:b|a variable has no value"}},
		{allow(conditioned(`"StringNotEquals":{"a:b":"${c:d, 'e'}"},"Null":{"a:b":false}`)), nil},
		{`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s:a","Resource":"arn:a:s:::${a:b}"}]}`, []string{"warning||variables need version"}},
	} {
		checkFindings(t, at, c.text, Lint(mustParse(t, c.text)), c.want)
	}
	require.Empty(t, Lint(nil))
	require.Empty(t, Lint(new(Document)))
}

func checkFindings(t *testing.T, at, text string, got []Finding, want []string) {
	t.Helper()
	require.Len(t, got, len(want), "%s: %v", text, got)
	for i, w := range want {
		parts := words(w)
		require.Equal(t, Severity(parts[0]), got[i].Severity, text)
		require.Equal(t, at+parts[1], got[i].Place, text)
		require.Contains(t, got[i].Problem, parts[2], text)
		require.Equal(t, 1, got[i].Line)
		require.Contains(t, got[i].String(), got[i].Problem)
	}
}

// TestA19_LintPrincipals: policies of resources.
func TestA19_LintPrincipals(t *testing.T) {
	for text, want := range map[string][]string{
		resourcePolicy("Allow", "Principal", `"*"`):                                                                                    {"danger|.Principal|everyone", "danger||everything"},
		resourcePolicy("Allow", "Principal", `{"AWS":["111122223333","*"]}`):                                                           {"danger|.Principal|everyone", "danger||everything"},
		resourcePolicy("Deny", "Principal", `"*"`):                                                                                     nil,
		resourcePolicy("Deny", "NotPrincipal", `{"AWS":"111122223333"}`):                                                               nil,
		resourcePolicy("Allow", "NotPrincipal", `{"AWS":"111122223333"}`):                                                              {"danger||everything", "danger|.NotPrincipal|everyone else"},
		resourcePolicy("Allow", "Principal", `{"Service":"lambda.amazonaws.com"}`):                                                     {"danger||everything"},
		doc(`{"Effect":"Allow","Principal":"*","Action":"s:a","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"1"}}}`): nil,
	} {
		got := Lint(mustParseResource(t, text))
		if len(want) == 2 && strings.Contains(want[0], ".Principal") {
			want[0], want[1] = want[1], want[0]
		}
		checkFindings(t, "Statement", text, got, want)
	}
}

// TestA16_LintTrust: a trust policy must say whose tokens it means.
func TestA16_LintTrust(t *testing.T) {
	web := func(provider, condition string) string {
		return doc(`[{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity"` + condition + `}]`)
	}
	const cognito, aud, amr = "cognito-identity.amazonaws.com", `"cognito-identity.amazonaws.com:aud":"p"`,
		`,"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}`
	noAud, noAmr := "danger|.Condition|any other application", "warning|.Condition|guests"
	for text, want := range map[string][]string{
		web(cognito, ""): {noAud, noAmr},
		web(cognito, `,"Condition":{"StringEquals":{`+aud+`}`+amr+`}`):                                                                nil,
		web(cognito, `,"Condition":{"StringEquals":{`+aud+`}}`):                                                                       {noAmr},
		web(cognito, `,"Condition":{"StringLike":{"cognito-identity.amazonaws.com:aud":["p","*"]}`+amr+`}`):                           {noAud},
		web(cognito, `,"Condition":{"StringEqualsIfExists":{`+aud+`}`+amr+`}`):                                                        {"warning|.Condition.StringEqualsIfExists.cognito-identity.amazonaws.com:aud|does not have", noAud},
		web(cognito, `,"Condition":{"StringNotEquals":{`+aud+`}`+amr+`}`):                                                             {"warning|.Condition.StringNotEquals.cognito-identity.amazonaws.com:aud|does not have", noAud},
		web("accounts.google.com", ``):                                                                                                {noAud},
		web("accounts.google.com", `,"Condition":{"StringEquals":{"accounts.google.com:aud":"x"}}`):                                   nil,
		web("accounts.google.com", `,"Condition":{"StringEquals":{"other.example.com:aud":"x"}}`):                                     {noAud},
		web("graph.facebook.com", `,"Condition":{"StringEquals":{"graph.facebook.com:app_id":"x"}}`):                                  nil,
		web("arn:aws:iam::111122223333:oidc-provider/id.example.com/a", ``):                                                           {noAud},
		web("arn:aws:iam::111122223333:oidc-provider/id.example.com/a", `,"Condition":{"StringEquals":{"id.example.com/a:aud":"x"}}`): nil,
		doc(`[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/c"},"Action":"sts:AssumeRoleWithSAML"}]`): {
			"warning|.Condition|saml:aud",
		},
		doc(`[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/c"},"Action":"sts:TagSession"}]`): nil,
		doc(`[{"Effect":"Deny","Principal":{"Federated":"accounts.google.com"},"Action":"sts:*"}]`):                                 nil,
		doc(`[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]`):                                                       {"danger|.Principal|everyone"},
		doc(`[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"NotAction":"sts:AssumeRole"}]`):                                 {"danger|.NotAction|every other"},
	} {
		checkFindings(t, "Statement[0]", text, Lint(mustParseTrust(t, text)), want)
	}
}
