package identitypool_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

const samlARN = "arn:aws:iam::000000000000:saml-provider/idp"

// assertion is a token with the claims that package federation/saml gives of an assertion.
func assertion(t testing.TB, edit func(map[string]any)) string {
	t.Helper()
	claims := map[string]any{
		"iss": "https://idp.example.com", "sub": "ann", "aud": "https://app.example.com/saml",
		"https://aws.amazon.com/SAML/Attributes/Role":              []any{"arn:aws:iam::000000000000:role/Other," + samlARN, samlARN + ", " + workerARN},
		"https://aws.amazon.com/SAML/Attributes/RoleSessionName":   "ann@example.com",
		"https://aws.amazon.com/SAML/Attributes/SessionDuration":   "3600",
		"https://aws.amazon.com/SAML/Attributes/PrincipalTag:team": "red",
		"https://aws.amazon.com/SAML/Attributes/PrincipalTag:case": "1",
		"https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys": []any{"team"},
		"https://aws.amazon.com/SAML/Attributes/SourceIdentity":    "ann",
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.1":                         []any{"staff", "member"},
	}
	if edit != nil {
		edit(claims)
	}
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	return jwt(string(text))
}

const samlConditions = `"StringEquals":{"saml:aud":"https://app.example.com/saml","saml:iss":"https://idp.example.com","saml:sub":"ann","saml:sub_type":"persistent",
	"saml:doc":"000000000000/idp"},"ForAnyValue:StringEquals":{"saml:edupersonaffiliation":"staff"}`

func TestAssumeRoleWithSAML(t *testing.T) {
	k := newClock()
	p := newPool(t, working(k, federatedTrust(samlARN, samlConditions)))
	out, err := p.AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{RoleARN: workerARN, PrincipalARN: samlARN, SAMLAssertion: assertion(t, nil)})
	require.NoError(t, err)
	require.Equal(t, "ann", out.Subject)
	require.Equal(t, "persistent", out.SubjectType)
	require.Equal(t, "https://idp.example.com", out.Issuer)
	require.Equal(t, "https://app.example.com/saml", out.Audience)
	// printf '%s' https://idp.example.com000000000000/idp | openssl sha1 -binary | base64
	require.Equal(t, "JwHrUXgxd7uWiNdPf3/xEzUO5dk=", out.NameQualifier)
	require.Equal(t, "ann", out.SourceIdentity)
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/Worker/ann@example.com", out.AssumedRoleUser.ARN)
	require.Equal(t, k.now.Truncate(time.Second).Add(time.Hour), out.Credentials.Expiration)
	caller := as(t, p, k, out.Credentials)
	require.Equal(t, map[string]string{"team": "red", "case": "1"}, caller.Tags)
	require.Equal(t, "ann", caller.SourceIdentity)
	require.NoError(t, may(t, p, k, out.Credentials, "notes:Read", "arn:app:notes:::x"))
}

// TestA18_SAML: what the assertion does not say is not given.
func TestA18_SAML(t *testing.T) {
	const attribute = "https://aws.amazon.com/SAML/Attributes/"
	type in = identitypool.AssumeRoleWithSAMLInput
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) { claims[attribute+name] = value }
	}
	for _, test := range []struct {
		name   string
		claims func(map[string]any)
		input  func(*in)
		trust  string
		code   identitypool.Code
	}{
		{"good", nil, nil, "", ""},
		{"no role", func(c map[string]any) { delete(c, attribute+"Role") }, nil, "", identitypool.AccessDenied},
		{"other role", set("Role", "arn:aws:iam::000000000000:role/Other,"+samlARN), nil, "", identitypool.AccessDenied},
		{"other provider's role", set("Role", workerARN+",arn:aws:iam::000000000000:saml-provider/other"), nil, "", identitypool.AccessDenied},
		{"role without provider", set("Role", workerARN), nil, "", identitypool.AccessDenied},
		{"role in other case", set("Role", "arn:aws:iam::000000000000:role/worker,"+samlARN), nil, "", identitypool.AccessDenied},
		{"three names", set("Role", workerARN+","+samlARN+",x"), nil, "", identitypool.AccessDenied},
		{"role that does not exist", set("Role", "arn:aws:iam::000000000000:role/Nobody,"+samlARN), func(i *in) { i.RoleARN = "arn:aws:iam::000000000000:role/Nobody" }, "", identitypool.AccessDenied},
		{"no session name", func(c map[string]any) { delete(c, attribute+"RoleSessionName") }, nil, "", identitypool.IDPRejectedClaim},
		{"session name", set("RoleSessionName", "a b"), nil, "", identitypool.IDPRejectedClaim},
		{"two session names", set("RoleSessionName", []any{"ann", "bob"}), nil, "", identitypool.IDPRejectedClaim},
		{"short duration", set("SessionDuration", "899"), nil, "", identitypool.IDPRejectedClaim},
		{"long duration", set("SessionDuration", "43201"), nil, "", identitypool.IDPRejectedClaim},
		{"no duration", set("SessionDuration", "1h"), nil, "", identitypool.IDPRejectedClaim},
		{"huge duration", set("SessionDuration", "99999999999999999999"), nil, "", identitypool.IDPRejectedClaim},
		{"more than the assertion allows", nil, func(i *in) { i.Duration = time.Hour + time.Second }, "", identitypool.InvalidParameter},
		{"more than the role allows", set("SessionDuration", "43200"), func(i *in) { i.Duration = 3 * time.Hour }, "", identitypool.InvalidParameter},
		{"as long as both allow", set("SessionDuration", "43200"), func(i *in) { i.Duration = 2 * time.Hour }, "", ""},
		{"two values of a tag", set("PrincipalTag:team", []any{"a", "b"}), nil, "", identitypool.IDPRejectedClaim},
		{"bad tag", set("PrincipalTag:aws:x", "a"), nil, "", identitypool.IDPRejectedClaim},
		{"bad transitive tag", set("TransitiveTagKeys", "x"), nil, "", identitypool.IDPRejectedClaim},
		{"bad source", set("SourceIdentity", "a b"), nil, "", identitypool.IDPRejectedClaim},
		{"other audience", func(c map[string]any) { c["aud"] = "https://other.example.com" }, nil, "", identitypool.AccessDenied},
		{"other issuer", func(c map[string]any) { c["iss"] = "https://other.example.com" }, nil, "", identitypool.AccessDenied},
		{"other subject", func(c map[string]any) { c["sub"] = "bob" }, nil, "", identitypool.AccessDenied},
		{"trust names another provider", nil, nil, federatedTrust("arn:aws:iam::000000000000:saml-provider/other", samlConditions), identitypool.AccessDenied},
		{"default trust", nil, nil, "default", identitypool.AccessDenied},
		{"expired", func(c map[string]any) { c["jti"] = "expired" }, nil, "", identitypool.ExpiredToken},
		{"down", func(c map[string]any) { c["jti"] = "down" }, nil, "", identitypool.IDPCommunicationError},
		{"wrong", nil, func(i *in) { i.SAMLAssertion += "x" }, "", identitypool.InvalidIdentityToken},
		{"no assertion", nil, func(i *in) { i.SAMLAssertion = "" }, "", identitypool.InvalidParameter},
		{"unknown provider", nil, func(i *in) { i.PrincipalARN += "x" }, "", identitypool.InvalidIdentityToken},
		{"OpenID provider", nil, func(i *in) { i.PrincipalARN = provider }, "", identitypool.InvalidIdentityToken},
		{"no provider", nil, func(i *in) { i.PrincipalARN = "" }, "", identitypool.InvalidIdentityToken},
		{"policy", nil, func(i *in) { i.Policy = "{" }, "", identitypool.MalformedPolicyDocument},
	} {
		trust := map[string]string{"": federatedTrust(samlARN, samlConditions), "default": ""}
		if _, ok := trust[test.trust]; !ok {
			trust[test.trust] = test.trust
		}
		k := newClock()
		p := newPool(t, working(k, trust[test.trust]))
		input := in{RoleARN: workerARN, PrincipalARN: samlARN, SAMLAssertion: assertion(t, test.claims)}
		if test.input != nil {
			test.input(&input)
		}
		out, err := p.AssumeRoleWithSAML(t.Context(), input)
		if test.code == "" {
			require.NoError(t, err, test.name)
			continue
		}
		require.ErrorIs(t, err, test.code, test.name)
		require.Zero(t, out, test.name)
	}
}

// The session ends when the one at the identity provider does, however long it was asked for.
func TestA18_SAMLSessionEnd(t *testing.T) {
	k := newClock()
	p := newPool(t, working(k, federatedTrust(samlARN, `"StringEquals":{"saml:aud":"https://app.example.com/saml"}`)))
	for _, test := range []struct {
		name string
		ends any
		want time.Duration
		code identitypool.Code
	}{
		{"later", k.now.Add(5 * time.Hour).Format(time.RFC3339Nano), time.Hour, ""},
		{"sooner", k.now.Add(10 * time.Minute).Format(time.RFC3339Nano), 10 * time.Minute, ""},
		{"past", k.now.Format(time.RFC3339Nano), 0, identitypool.ExpiredToken},
		{"no time", "soon", 0, identitypool.IDPRejectedClaim},
		{"two", []any{"2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"}, 0, identitypool.IDPRejectedClaim},
	} {
		out, err := p.AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{
			RoleARN: workerARN, PrincipalARN: samlARN, SAMLAssertion: assertion(t, func(c map[string]any) {
				c["saml:SessionNotOnOrAfter"] = test.ends
				c["saml:NameIDFormat"] = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
			}),
		})
		if test.code != "" {
			require.ErrorIs(t, err, test.code, test.name)
			continue
		}
		require.NoError(t, err, test.name)
		require.Equal(t, k.now.Add(test.want).Truncate(time.Second), out.Credentials.Expiration.Truncate(time.Second), test.name)
		require.Equal(t, "transient", out.SubjectType)
	}
}
