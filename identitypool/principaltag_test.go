package identitypool_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// tagPool is a pool whose first provider has these tags.
func tagPool(t testing.TB, k *clock, tags map[string]string, trust string) *identitypool.Pool {
	t.Helper()
	c := config(k)
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(jsonTokens), PrincipalTags: tags, DefaultPrincipalTags: tags == nil}
	c.AuthenticatedRole.TrustPolicy = trust
	c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"*",
		"Condition":{"StringEquals":{"aws:PrincipalTag/department":"sales"}}}}`}
	return newPool(t, c)
}

func TestPrincipalTags(t *testing.T) {
	mapped := map[string]string{"department": "dept", "level": "level", "all": "groups"}
	for _, test := range []struct {
		claims string
		tags   map[string]string // of the provider; nil is the default
		want   map[string]string // nil is refused
	}{
		{`"dept":"sales","level":3`, mapped, map[string]string{"department": "sales", "level": "3"}},
		{`"dept":"sales","groups":["one"]`, mapped, map[string]string{"department": "sales", "all": "one"}},
		{`"dept":"sales","groups":["one","two"]`, mapped, map[string]string{"department": "sales"}},
		{`"dept":"","level":true`, mapped, map[string]string{"level": "true"}},
		{`"dept":{"x":1},"Level":1`, mapped, map[string]string{}},
		{`"dept":"a*"`, mapped, nil},
		{`"dept":"${aws:username}"`, mapped, nil},
		{`"dept":"a\u0000b"`, mapped, nil},
		{`"dept":"` + strings.Repeat("x", 256) + `"`, mapped, map[string]string{"department": strings.Repeat("x", 256)}},
		{`"dept":"` + strings.Repeat("x", 257) + `"`, mapped, nil},
		{`"dept":"` + strings.Repeat("x", 256) + `","level":"` + strings.Repeat("x", 189) + `"`, mapped,
			map[string]string{"department": strings.Repeat("x", 256), "level": strings.Repeat("x", 189)}}, // 10+256+5+189
		{`"dept":"` + strings.Repeat("x", 256) + `","level":"` + strings.Repeat("x", 190) + `"`, mapped, nil},
		{`"aud":"client"`, nil, map[string]string{"client": "client", "username": "ann"}},
		{`"aud":["client","other"]`, nil, map[string]string{"username": "ann"}},
	} {
		k := newClock()
		p := tagPool(t, k, test.tags, "")
		token := login(`{"sub":"ann",` + test.claims + `}`)
		c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: getID(t, p, token), Logins: token})
		if test.want == nil {
			require.ErrorIs(t, err, identitypool.NotAuthorized, test.claims)
			continue
		}
		require.NoError(t, err, test.claims)
		caller, err := call(t, p, k, c.Credentials)
		require.NoError(t, err)
		if len(test.want) == 0 {
			test.want = nil
		}
		require.Equal(t, test.want, caller.Tags, test.claims)
		require.Equal(t, test.want["department"] == "sales", may(t, p, k, c.Credentials, "notes:Read", "arn:app:notes:::x") == nil, test.claims)
	}
}

// TestA16_TagSession: tags need sts:TagSession in the trust policy, which can say which ones.
func TestA16_TagSession(t *testing.T) {
	only := func(condition string) string {
		return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s,{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:TagSession",
			"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":%q},%s}}]}`, statementOf(t, identityTrust(actionWeb, poolID, "authenticated")), poolID, condition)
	}
	for _, test := range []struct {
		name, trust, claims string
		allowed             bool
	}{
		{"default", "", `"dept":"sales"`, true},
		{"no TagSession", identityTrust(actionWeb, poolID, "authenticated"), `"dept":"sales"`, false},
		{"no TagSession and no tags", identityTrust(actionWeb, poolID, "authenticated"), `"x":"sales"`, true},
		{"TagSession", identityTrust(actionWebTag, poolID, "authenticated"), `"dept":"sales"`, true},
		{"request tag", only(`"StringLike":{"aws:RequestTag/department":"sa*"}`), `"dept":"sales"`, true},
		{"other request tag", only(`"StringLike":{"aws:RequestTag/department":"sa*"}`), `"dept":"admin"`, false},
		{"tag keys", only(`"ForAllValues:StringEquals":{"aws:TagKeys":["department"]}`), `"dept":"sales"`, true},
		{"other tag keys", only(`"ForAllValues:StringEquals":{"aws:TagKeys":["department"]}`), `"dept":"sales","level":1`, false},
	} {
		k := newClock()
		p := tagPool(t, k, map[string]string{"department": "dept", "level": "level"}, test.trust)
		token := login(`{"sub":"ann",` + test.claims + `}`)
		_, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: getID(t, p, token), Logins: token})
		if test.allowed {
			require.NoError(t, err, test.name)
		} else {
			require.ErrorIs(t, err, identitypool.InvalidIdentityPoolConfiguration, test.name)
		}
	}
}

// statementOf takes the one statement out of a document.
func statementOf(t testing.TB, document string) string {
	t.Helper()
	var parts struct{ Statement json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(document), &parts))
	return string(parts.Statement)
}

// TestA18_TagsOfOtherLetters: a tag of the session does not take the place of a tag of the role whose key conditions tell apart from its
// own: they know the case of ASCII letters alone.
func TestA18_TagsOfOtherLetters(t *testing.T) {
	k := newClock()
	p := newPool(t, assuming(k, func(c *identitypool.Config) {
		c.Roles[0].Tags = map[string]string{"risk": "high", "level": "1", "\u00e4": "role"}
	}))
	out := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{
		RoleARN: auditorARN, RoleSessionName: "ada", Tags: map[string]string{"ri\u017f\u212a": "none", "LEVEL": "2", "\u00c4": "session"},
	})
	require.Equal(t, map[string]string{
		"risk": "high", "ri\u017f\u212a": "none", "LEVEL": "2", "\u00e4": "role", "\u00c4": "session",
	}, as(t, p, k, out.Credentials).Tags)
}
