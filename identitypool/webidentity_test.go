package identitypool_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

const workerARN = "arn:aws:iam::000000000000:role/Worker"

// jwt looks like a JSON Web Token with these claims; what verifies it is jwtTokens.
func jwt(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(claims)) + ".c2lnbmF0dXJl"
}

// jwtTokens verifies tokens that jwt made, with exceptions for tests.
func jwtTokens(ctx context.Context, token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[2] != "c2lnbmF0dXJl" {
		return nil, errors.New("the signature is wrong")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	claims, err := jsonTokens(ctx, string(payload))
	switch claims["jti"] {
	case "down":
		return nil, identitypool.ExternalService
	case "expired":
		return nil, fmt.Errorf("%w: long ago", identitypool.ExpiredToken)
	case "other issuer":
		claims["iss"] = "https://evil.example.com"
	}
	return claims, err
}

// federatedTrust trusts a provider of tokens.
func federatedTrust(principal, condition string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":%q},
		"Action":["sts:AssumeRoleWithWebIdentity","sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"],"Condition":{%s}}}`, principal, condition)
}

const oidcARN = "arn:aws:iam::000000000000:oidc-provider/id.example.com"

// working is a pool with a role that trusts a provider.
func working(k *clock, trust string) identitypool.Config {
	c := config(k)
	c.AllowClassicFlow = true
	for _, name := range []string{provider, "accounts.google.com", "arn:aws:iam::000000000000:saml-provider/idp"} {
		c.Providers[name] = identitypool.Provider{Verifier: identitypool.LoginFunc(jwtTokens)}
	}
	c.Roles = []identitypool.Role{{Name: "Worker", Policies: []string{allow("notes:*", "*")}, TrustPolicy: trust, MaxDuration: 2 * time.Hour}}
	return c
}

// TestAssumeRoleWithWebIdentity: a token of a provider gives credentials of a role that trusts it.
func TestAssumeRoleWithWebIdentity(t *testing.T) {
	k := newClock()
	p := newPool(t, working(k, federatedTrust(oidcARN, `"StringEquals":{"id.example.com:aud":"app","id.example.com:sub":"ann"},"ForAnyValue:StringEquals":{"id.example.com:amr":"mfa"}`)))
	out, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: workerARN, RoleSessionName: "ann", Duration: 2 * time.Hour, Policy: allow("notes:Read", "*"),
		WebIdentityToken: jwt(`{"iss":"https://id.example.com","sub":"ann","aud":"app","amr":["pwd","mfa"],"https://aws.amazon.com/source_identity":"ann",
			"https://aws.amazon.com/tags":{"principal_tags":{"team":["red"],"case":["1"]},"transitive_tag_keys":["team"]}}`),
	})
	require.NoError(t, err)
	require.Equal(t, "ann", out.SubjectFromWebIdentityToken)
	require.Equal(t, "https://id.example.com", out.Provider)
	require.Equal(t, "app", out.Audience)
	require.Equal(t, "ann", out.SourceIdentity)
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/Worker/ann", out.AssumedRoleUser.ARN)
	require.Positive(t, out.PackedPolicySize)
	require.Equal(t, k.now.Truncate(time.Second).Add(2*time.Hour), out.Credentials.Expiration)
	caller := as(t, p, k, out.Credentials)
	require.Equal(t, map[string]string{"team": "red", "case": "1"}, caller.Tags)
	require.False(t, caller.Guest())
	require.NoError(t, may(t, p, k, out.Credentials, "notes:Read", "arn:app:notes:::x"))
	require.ErrorIs(t, may(t, p, k, out.Credentials, "notes:Write", "arn:app:notes:::x"), identitypool.AccessDenied)
}

// TestA16_WebIdentityTrust: the role says which tokens it trusts.
func TestA16_WebIdentityTrust(t *testing.T) {
	aud := `"StringEquals":{"id.example.com:aud":"app"}`
	google := `"StringEquals":{"accounts.google.com:aud":"app","accounts.google.com:oaud":"other"}`
	for _, test := range []struct {
		name, trust, claims string
		code                identitypool.Code
	}{
		{"good", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app"`, ""},
		{"audiences", federatedTrust(oidcARN, `"ForAnyValue:StringEquals":{"id.example.com:aud":"app"}`), `"iss":"https://id.example.com","aud":["x","app"]`, ""},
		{"slash", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com/","aud":"app"`, ""},
		{"other audience", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"other"`, identitypool.AccessDenied},
		{"no audience", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com"`, identitypool.AccessDenied},
		{"other provider", federatedTrust("arn:aws:iam::000000000000:oidc-provider/other.example.com", aud), `"iss":"https://id.example.com","aud":"app"`, identitypool.AccessDenied},
		{"other account", federatedTrust("arn:aws:iam::111111111111:oidc-provider/id.example.com", aud), `"iss":"https://id.example.com","aud":"app"`, identitypool.AccessDenied},
		{"identities of the pool", identityTrust(actionWeb, poolID, "*"), `"iss":"https://id.example.com","aud":"app"`, identitypool.AccessDenied},
		{"default", "", `"iss":"https://id.example.com","aud":"` + poolID + `","amr":["authenticated"]`, identitypool.AccessDenied},
		{"google", federatedTrust("accounts.google.com", google), `"iss":"https://accounts.google.com","aud":"other","azp":"app"`, ""},
		{"google without scheme", federatedTrust("accounts.google.com", google), `"iss":"accounts.google.com","aud":"other","azp":"app"`, ""},
		{"azp is Google's", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"other","azp":"app"`, identitypool.AccessDenied},
		{"tags without permission", strings.Replace(federatedTrust(oidcARN, aud), "TagSession", "GetFederationToken", 1),
			`"iss":"https://id.example.com","aud":"app","https://aws.amazon.com/tags":{"principal_tags":{"a":["b"]}}`, identitypool.AccessDenied},
		{"source without permission", strings.Replace(federatedTrust(oidcARN, aud), "SetSourceIdentity", "GetFederationToken", 1),
			`"iss":"https://id.example.com","aud":"app","https://aws.amazon.com/source_identity":"ann"`, identitypool.AccessDenied},
		{"two values of a tag", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app","https://aws.amazon.com/tags":{"principal_tags":{"a":["b","c"]}}`, identitypool.IDPRejectedClaim},
		{"bad tag", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app","https://aws.amazon.com/tags":{"principal_tags":{"a":["*"]}}`, identitypool.IDPRejectedClaim},
		{"transitive without tag", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app","https://aws.amazon.com/tags":{"principal_tags":{},"transitive_tag_keys":["a"]}`, identitypool.IDPRejectedClaim},
		{"bad source", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app","https://aws.amazon.com/source_identity":"a b"`, identitypool.IDPRejectedClaim},
		{"unknown issuer", federatedTrust(oidcARN, aud), `"iss":"https://evil.example.com","aud":"app"`, identitypool.InvalidIdentityToken},
		{"issuer of http", federatedTrust(oidcARN, aud), `"iss":"http://id.example.com","aud":"app"`, identitypool.InvalidIdentityToken},
		{"issuer with path", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com/x","aud":"app"`, identitypool.InvalidIdentityToken},
		{"SAML provider", federatedTrust(oidcARN, aud), `"iss":"arn:aws:iam::000000000000:saml-provider/idp","aud":"app"`, identitypool.InvalidIdentityToken},
		{"no issuer", federatedTrust(oidcARN, aud), `"aud":"app"`, identitypool.InvalidIdentityToken},
		{"verified for another issuer", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app","jti":"other issuer"`, identitypool.InvalidIdentityToken},
		{"expired", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app","jti":"expired"`, identitypool.ExpiredToken},
		{"down", federatedTrust(oidcARN, aud), `"iss":"https://id.example.com","aud":"app","jti":"down"`, identitypool.IDPCommunicationError},
		{"said to be ours", federatedTrust(oidcARN, aud), `"iss":"https://cognito-identity.amazonaws.com","aud":"` + poolID + `"`, identitypool.InvalidIdentityToken},
	} {
		k := newClock()
		p := newPool(t, working(k, test.trust))
		_, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
			RoleARN: workerARN, RoleSessionName: "session", WebIdentityToken: jwt(`{"sub":"ann",` + test.claims + `}`),
		})
		if test.code == "" {
			require.NoError(t, err, test.name)
			continue
		}
		require.ErrorIs(t, err, test.code, test.name)
	}
}

// refusing says of each token that it was revoked.
type refusing struct{}

func (refusing) Revoked(context.Context, map[string]any) (bool, error) { return true, nil }

// TestA7_WebIdentityRevoked: a provider that has taken the token back is asked here as well.
func TestA7_WebIdentityRevoked(t *testing.T) {
	k := newClock()
	c := working(k, federatedTrust(oidcARN, `"StringEquals":{"id.example.com:aud":"app"}`))
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(jwtTokens), Revocation: refusing{}}
	_, err := newPool(t, c).AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: workerARN, RoleSessionName: "session", WebIdentityToken: jwt(`{"iss":"https://id.example.com","sub":"ann","aud":"app"}`),
	})
	require.ErrorIs(t, err, identitypool.IDPRejectedClaim)
}

// TestA7_ProviderNoLongerTrusted: credentials of a provider's token end when the role trusts others instead, such as all identities.
func TestA7_ProviderNoLongerTrusted(t *testing.T) {
	k := newClock()
	c := working(k, federatedTrust(oidcARN, `"StringEquals":{"id.example.com:aud":"app"}`))
	p := newPool(t, c)
	out, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: workerARN, RoleSessionName: "session", WebIdentityToken: jwt(`{"iss":"https://id.example.com","sub":"ann","aud":"app"}`),
	})
	require.NoError(t, err)
	_, err = call(t, p, k, out.Credentials)
	require.NoError(t, err)
	c.Roles[0].TrustPolicy = federatedTrust("cognito-identity.amazonaws.com", `"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+poolID+`"}`)
	require.NoError(t, p.SetRoles(c.AuthenticatedRole, c.UnauthenticatedRole, c.Roles))
	_, err = call(t, p, k, out.Credentials)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestA18_WebIdentityInput: what is malformed is refused before anybody is asked.
func TestA18_WebIdentityInput(t *testing.T) {
	k := newClock()
	p := newPool(t, working(k, federatedTrust(oidcARN, `"StringEquals":{"id.example.com:aud":"app"}`)))
	token := jwt(`{"iss":"https://id.example.com","sub":"ann","aud":"app"}`)
	type in = identitypool.AssumeRoleWithWebIdentityInput
	for name, test := range map[string]struct {
		edit func(*in)
		code identitypool.Code
	}{
		"no token":       {func(i *in) { i.WebIdentityToken = "" }, identitypool.InvalidParameter},
		"long token":     {func(i *in) { i.WebIdentityToken = strings.Repeat("x", 20_001) }, identitypool.InvalidParameter},
		"no JWT":         {func(i *in) { i.WebIdentityToken = "xx.yy" }, identitypool.InvalidIdentityToken},
		"no JSON":        {func(i *in) { i.WebIdentityToken = "e30.eA.x" }, identitypool.InvalidIdentityToken},
		"no base64":      {func(i *in) { i.WebIdentityToken = "e30.!.x" }, identitypool.InvalidIdentityToken},
		"wrong":          {func(i *in) { i.WebIdentityToken = token + "x" }, identitypool.InvalidIdentityToken},
		"provider ID":    {func(i *in) { i.ProviderID = "www.amazon.com" }, identitypool.InvalidParameter},
		"no role":        {func(i *in) { i.RoleARN = "" }, identitypool.InvalidParameter},
		"unknown role":   {func(i *in) { i.RoleARN += "x" }, identitypool.AccessDenied},
		"session name":   {func(i *in) { i.RoleSessionName = "a b" }, identitypool.InvalidParameter},
		"duration":       {func(i *in) { i.Duration = 2*time.Hour + time.Second }, identitypool.InvalidParameter},
		"zero":           {func(i *in) { i.Duration = -1 }, identitypool.InvalidParameter},
		"policy":         {func(i *in) { i.Policy = "x" }, identitypool.MalformedPolicyDocument},
		"managed policy": {func(i *in) { i.PolicyARNs = []string{"x"} }, identitypool.InvalidParameter},
	} {
		input := in{RoleARN: workerARN, RoleSessionName: "session", WebIdentityToken: token}
		_, err := p.AssumeRoleWithWebIdentity(t.Context(), input)
		require.NoError(t, err)
		test.edit(&input)
		out, err := p.AssumeRoleWithWebIdentity(t.Context(), input)
		require.ErrorIs(t, err, test.code, name)
		require.Zero(t, out, name)
	}
}

// classic is a pool whose Worker trusts identities, with a token of an identity.
func classic(t testing.TB, k *clock, trust string, logins map[string]string) (*identitypool.Pool, identitypool.Config, identitypool.OpenIDToken) {
	t.Helper()
	c := working(k, trust)
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(tokens), DefaultPrincipalTags: true}
	p := newPool(t, c)
	token, err := p.GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: getID(t, p, logins), Logins: logins})
	require.NoError(t, err)
	return p, c, token
}

// TestClassicFlow: a token of the pool itself gives credentials of any role that trusts its identities.
func TestClassicFlow(t *testing.T) {
	k := newClock()
	p, _, token := classic(t, k, "", login("ann"))
	out, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: workerARN, RoleSessionName: "mine", WebIdentityToken: token.Token,
	})
	require.NoError(t, err)
	require.Equal(t, token.IdentityID, out.SubjectFromWebIdentityToken)
	require.Equal(t, "cognito-identity.amazonaws.com", out.Provider)
	require.Equal(t, poolID, out.Audience)
	caller := as(t, p, k, out.Credentials)
	require.Equal(t, token.IdentityID, caller.IdentityID)
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/Worker/mine", caller.ARN)
	require.Equal(t, map[string]string{"client": "client", "username": "ann"}, caller.Tags)
	require.Equal(t, "authenticated", caller.AMR[0])
	require.NoError(t, may(t, p, k, out.Credentials, "notes:Read", "arn:app:notes:::x"))
	_, err = p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: "arn:aws:iam::000000000000:role/Guest", RoleSessionName: "mine", WebIdentityToken: token.Token,
	})
	require.ErrorIs(t, err, identitypool.AccessDenied)
}

// TestA17_ClassicFlow: a guest's token gives a guest's credentials, under the ceiling, and the token of an identity that may no longer have
// it gives none.
func TestA17_ClassicFlow(t *testing.T) {
	in := func(token identitypool.OpenIDToken, role string) identitypool.AssumeRoleWithWebIdentityInput {
		return identitypool.AssumeRoleWithWebIdentityInput{RoleARN: "arn:aws:iam::000000000000:role/" + role, RoleSessionName: "session", WebIdentityToken: token.Token}
	}
	k := newClock()
	p, c, token := classic(t, k, "", nil)
	_, err := p.AssumeRoleWithWebIdentity(t.Context(), in(token, "Worker"))
	require.ErrorIs(t, err, identitypool.AccessDenied)
	out, err := p.AssumeRoleWithWebIdentity(t.Context(), in(token, "Guest"))
	require.NoError(t, err)
	require.True(t, as(t, p, k, out.Credentials).Guest())
	c.GuestCeiling = allow("notes:List", "*")
	require.ErrorIs(t, may(t, newPool(t, c), k, out.Credentials, "notes:Read", "arn:app:notes:::public/x"), identitypool.AccessDenied)
	narrowed := in(token, "Guest") // a session policy adds to the ceiling, and does not replace it
	narrowed.Policy = allow("notes:*", "*")
	out, err = p.AssumeRoleWithWebIdentity(t.Context(), narrowed)
	require.NoError(t, err)
	require.NoError(t, may(t, p, k, out.Credentials, "notes:Read", "arn:app:notes:::public/x"))
	require.ErrorIs(t, may(t, newPool(t, c), k, out.Credentials, "notes:Read", "arn:app:notes:::public/x"), identitypool.AccessDenied)
	c.AllowUnauthenticated = false
	_, err = newPool(t, c).AssumeRoleWithWebIdentity(t.Context(), in(token, "Guest"))
	require.Error(t, err)
	c.AllowUnauthenticated, c.AllowClassicFlow = true, false
	_, err = newPool(t, c).AssumeRoleWithWebIdentity(t.Context(), in(token, "Guest"))
	require.ErrorIs(t, err, identitypool.AccessDenied)

	for name, end := range map[string]func(*identitypool.Pool, *identitypool.Config, string){
		"revoked": func(p *identitypool.Pool, _ *identitypool.Config, id string) {
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: id}))
		},
		"deleted": func(p *identitypool.Pool, _ *identitypool.Config, id string) {
			_, err := p.DeleteIdentities(t.Context(), []string{id})
			require.NoError(t, err)
		},
		"disabled": func(p *identitypool.Pool, _ *identitypool.Config, id string) {
			require.NoError(t, p.DisableIdentity(t.Context(), id))
		},
		"provider removed": func(_ *identitypool.Pool, c *identitypool.Config, _ string) { delete(c.Providers, provider) },
	} {
		p, c, token := classic(t, k, "", login("ann"))
		out, err := p.AssumeRoleWithWebIdentity(t.Context(), in(token, "Worker"))
		require.NoError(t, err, name)
		k.in(time.Second)
		end(p, &c, token.IdentityID)
		p = newPool(t, c)
		_, err = p.AssumeRoleWithWebIdentity(t.Context(), in(token, "Worker"))
		require.Error(t, err, name)
		require.NotErrorIs(t, err, identitypool.InternalError, name)
		_, err = call(t, p, k, out.Credentials)
		require.ErrorIs(t, err, identitypool.NotAuthorized, name)
	}
	// A token that has expired, one of another pool, one that was changed.
	p, c, token = classic(t, k, "", login("ann"))
	k.in(11 * time.Minute)
	_, err = p.AssumeRoleWithWebIdentity(t.Context(), in(token, "Worker"))
	require.ErrorIs(t, err, identitypool.ExpiredToken)
	p, c, token = classic(t, k, "", login("ann"))
	c.ID = otherPool
	_, err = newPool(t, c).AssumeRoleWithWebIdentity(t.Context(), in(token, "Worker"))
	require.ErrorIs(t, err, identitypool.InvalidIdentityToken)
	parts := strings.Split(token.Token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.True(t, json.Valid(payload))
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), `"authenticated"`, `"authenticates"`, 1)))
	token.Token = strings.Join(parts, ".")
	_, err = p.AssumeRoleWithWebIdentity(t.Context(), in(token, "Worker"))
	require.ErrorIs(t, err, identitypool.InvalidIdentityToken)
}

// TestA7_TokenBeforeRevocation: credentials that a token gives are as old as the token, for a revocation in another process that did not
// know of it.
func TestA7_TokenBeforeRevocation(t *testing.T) {
	k := newClock()
	p, c, token := classic(t, k, "", login("ann"))
	k.in(time.Minute)
	c.RevocationDelay = time.Minute
	slow := newPool(t, c)
	out, err := slow.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{RoleARN: workerARN, RoleSessionName: "session", WebIdentityToken: token.Token})
	require.NoError(t, err)
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: token.IdentityID, IssuedBefore: k.now.Add(-30 * time.Second)}))
	_, err = call(t, p, k, out.Credentials)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}
