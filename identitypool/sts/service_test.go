package sts_test

import (
	"context"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sts"
)

func awsCredentialsOf(c *types.Credentials) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

// TestSDK_AssumeRole: AWS's own client gets a session with all that a session can have, and it is what it says.
func TestSDK_AssumeRole(t *testing.T) {
	w := newWorld(t)
	got, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(rolePrefix + "Auditor"), RoleSessionName: aws.String("night+shift"), DurationSeconds: aws.Int32(43200),
		Policy:            aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
		PolicyArns:        []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::" + account + ":policy/ReadOnly")}},
		Tags:              []types.Tag{{Key: aws.String("team"), Value: aws.String("blue = grün")}, {Key: aws.String("cost"), Value: aws.String("")}},
		TransitiveTagKeys: []string{"team"}, SourceIdentity: aws.String("ann@corp"),
		SerialNumber: aws.String("arn:aws:iam::000000000000:mfa/ann"), TokenCode: aws.String("123456"),
	})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::"+account+":assumed-role/Auditor/night+shift", *got.AssumedRoleUser.Arn)
	require.True(t, strings.HasSuffix(*got.AssumedRoleUser.AssumedRoleId, ":night+shift"))
	require.Equal(t, "ann@corp", *got.SourceIdentity)
	require.Positive(t, *got.PackedPolicySize) //lint:ignore SA1019 clients of yesterday read it
	require.WithinDuration(t, time.Now().Add(12*time.Hour), *got.Credentials.Expiration, time.Minute)

	session := w.sdkWith(awsCredentialsOf(got.Credentials))
	who, err := session.GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, *got.AssumedRoleUser.Arn, *who.Arn)
	require.Equal(t, *got.AssumedRoleUser.AssumedRoleId, *who.UserId)
	require.Equal(t, account, *who.Account)

	next, err := session.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Next"), RoleSessionName: aws.String("next")})
	require.NoError(t, err)
	require.Equal(t, "ann@corp", *next.SourceIdentity, "it goes on along the chain")
	_, err = session.AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(rolePrefix + "Next"), RoleSessionName: aws.String("next"), SourceIdentity: aws.String("bob@corp"),
	})
	requireCode(t, err, "AccessDenied", "source identity")
	_, err = session.AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(rolePrefix + "Next"), RoleSessionName: aws.String("next"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}},
	})
	requireCode(t, err, "ValidationError", "transitive tag") // transitive: it goes on and stays what it is
	_, err = session.AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(rolePrefix + "Next"), RoleSessionName: aws.String("next"), Tags: []types.Tag{{Key: aws.String("cost"), Value: aws.String("7")}},
	})
	require.NoError(t, err)
}

// The session policies of all three actions arrive.
func TestSDK_SessionPolicies(t *testing.T) {
	w := newWorld(t)
	anonymous, role := w.sdkWith(aws.AnonymousCredentials{}), func(name string) *string { return aws.String(rolePrefix + name) }
	web, name := aws.String(w.poolToken(t, map[string]string{provider: idToken(t, "ann")})), aws.String("ann")
	for _, test := range []struct {
		policy *string
		arns   []types.PolicyDescriptorType
		code   string
	}{
		{aws.String("{}"), nil, "MalformedPolicyDocument"},
		{nil, []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::" + account + ":policy/Nothing")}}, "ValidationError"},
		{nil, []types.PolicyDescriptorType{{Arn: aws.String("short")}}, "ValidationError"},
		{nil, eleven(types.PolicyDescriptorType{Arn: aws.String("arn:aws:iam::" + account + ":policy/ReadOnly")}), "ValidationError"},
	} {
		_, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: role("Auditor"), RoleSessionName: name, Policy: test.policy, PolicyArns: test.arns})
		requireCode(t, err, test.code, "")
		_, err = anonymous.AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
			RoleArn: role("Reader"), RoleSessionName: name, WebIdentityToken: web, Policy: test.policy, PolicyArns: test.arns,
		})
		requireCode(t, err, test.code, "")
		_, err = anonymous.AssumeRoleWithSAML(t.Context(), &awssts.AssumeRoleWithSAMLInput{
			RoleArn: role("Corporate"), PrincipalArn: aws.String(samlProvider), SAMLAssertion: aws.String(assertion(t, nil)), Policy: test.policy, PolicyArns: test.arns,
		})
		requireCode(t, err, test.code, "")
	}
	got, err := anonymous.AssumeRoleWithSAML(t.Context(), &awssts.AssumeRoleWithSAMLInput{
		RoleArn: role("Corporate"), PrincipalArn: aws.String(samlProvider), SAMLAssertion: aws.String(assertion(t, nil)), DurationSeconds: aws.Int32(900),
	})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(15*time.Minute), *got.Credentials.Expiration, time.Minute)
}

func eleven(one types.PolicyDescriptorType) []types.PolicyDescriptorType {
	return slices.Repeat([]types.PolicyDescriptorType{one}, 11)
}

func TestSDK_AssumeRole_Refused(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name       string
		change     func(*awssts.AssumeRoleInput)
		code, text string
	}{
		{"no such role", func(in *awssts.AssumeRoleInput) { in.RoleArn = aws.String(rolePrefix + "Nobody") }, "AccessDenied",
			"User: arn:aws:iam::000000000000:user/ann is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/Nobody"},
		{"not trusted", func(in *awssts.AssumeRoleInput) { in.RoleArn = aws.String(rolePrefix + "Next") }, "AccessDenied", "not authorized to perform: sts:AssumeRole"},
		{"other account", func(in *awssts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::123456789012:role/Auditor") }, "AccessDenied", "sts:AssumeRole"},
		{"tags", func(in *awssts.AssumeRoleInput) {
			in.RoleArn = aws.String(rolePrefix + "Plain")
			in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
		}, "AccessDenied", ""},
		{"source identity", func(in *awssts.AssumeRoleInput) {
			in.RoleArn, in.SourceIdentity = aws.String(rolePrefix+"Plain"), aws.String("ann")
		}, "AccessDenied", ""},
		{"no code", func(in *awssts.AssumeRoleInput) { in.RoleArn = aws.String(rolePrefix + "Vault") }, "AccessDenied", ""},
		{"wrong code", func(in *awssts.AssumeRoleInput) {
			in.RoleArn, in.SerialNumber, in.TokenCode = aws.String(rolePrefix+"Vault"), aws.String("arn:aws:iam::000000000000:mfa/ann"), aws.String("654321")
		}, "AccessDenied", "MultiFactorAuthentication failed"},
		{"malformed code", func(in *awssts.AssumeRoleInput) {
			in.SerialNumber, in.TokenCode = aws.String("arn:aws:iam::000000000000:mfa/ann"), aws.String("12345x")
		}, "ValidationError", "Value at 'tokenCode' failed to satisfy constraint"},
		{"policy", func(in *awssts.AssumeRoleInput) { in.Policy = aws.String(`{"Statement":[{"Effect":"allow"}]}`) }, "MalformedPolicyDocument", ""},
		{"duplicate tags", func(in *awssts.AssumeRoleInput) {
			in.Tags = []types.Tag{{Key: aws.String("Team"), Value: aws.String("a")}, {Key: aws.String("team"), Value: aws.String("b")}}
		}, "InvalidParameterValue", "Duplicate tag keys found"},
		{"provided contexts", func(in *awssts.AssumeRoleInput) {
			in.ProvidedContexts = []types.ProvidedContext{{ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"), ContextAssertion: aws.String("x.y.z")}}
		}, "InvalidQueryParameter", "ProvidedContexts"},
	} {
		in := &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Auditor"), RoleSessionName: aws.String("ann")}
		test.change(in)
		_, err := w.sdk().AssumeRole(t.Context(), in)
		t.Log(test.name)
		requireCode(t, err, test.code, test.text)
	}
	_, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(rolePrefix + "Vault"), RoleSessionName: aws.String("ann"), SerialNumber: aws.String("arn:aws:iam::000000000000:mfa/ann"), TokenCode: aws.String("123456"),
	})
	require.NoError(t, err)
}

// TestA18_AssumeRole: the confused deputy, names that would be other names, and times nobody grants.
func TestA18_AssumeRole(t *testing.T) {
	w := newWorld(t)
	partner := &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Partner"), RoleSessionName: aws.String("ann")}
	_, err := w.sdk().AssumeRole(t.Context(), partner)
	requireCode(t, err, "AccessDenied", "sts:AssumeRole")
	partner.ExternalId = aws.String("customer-4712")
	_, err = w.sdk().AssumeRole(t.Context(), partner)
	requireCode(t, err, "AccessDenied", "sts:AssumeRole")
	partner.ExternalId = aws.String("customer-4711")
	_, err = w.sdk().AssumeRole(t.Context(), partner)
	require.NoError(t, err)

	for seconds, want := range map[int32]string{
		0: "greater than or equal to 900", -1: "greater than or equal to 900", 899: "greater than or equal to 900", 43201: "less than or equal to 43200",
		1_000_000_000: "less than or equal to 43200",
	} {
		_, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{
			RoleArn: aws.String(rolePrefix + "Auditor"), RoleSessionName: aws.String("ann"), DurationSeconds: aws.Int32(seconds),
		})
		requireCode(t, err, "ValidationError", "1 validation error detected: Value '"+strconv.Itoa(int(seconds))+"' at 'durationSeconds' failed to satisfy constraint: Member must have value "+want)
	}
	_, err = w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(rolePrefix + "Plain"), RoleSessionName: aws.String("ann"), DurationSeconds: aws.Int32(3601),
	})
	requireCode(t, err, "ValidationError", "") // more than the role allows

	for _, name := range []string{"a", "a/b", "ann/../bob", "a b", "a:b", "ann\n", "änn", "${aws:username}", "*", strings.Repeat("x", 65), "a\tb", "<b>", "ann'", "a%2Fb"} {
		_, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Auditor"), RoleSessionName: aws.String(name)})
		requireCode(t, err, "ValidationError", "roleSessionName")
	}

	first, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Auditor"), RoleSessionName: aws.String("ann"), DurationSeconds: aws.Int32(43200)})
	require.NoError(t, err)
	session := w.sdkWith(awsCredentialsOf(first.Credentials))
	chained := &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Next"), RoleSessionName: aws.String("ann"), DurationSeconds: aws.Int32(3601)}
	_, err = session.AssumeRole(t.Context(), chained)
	requireCode(t, err, "ValidationError", "")
	chained.DurationSeconds = aws.Int32(3600)
	got, err := session.AssumeRole(t.Context(), chained)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), *got.Credentials.Expiration, time.Minute)
}

func TestSDK_AssumeRoleWithWebIdentity(t *testing.T) {
	w := newWorld(t)
	anonymous := w.sdkWith(aws.AnonymousCredentials{})
	got, err := anonymous.AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(rolePrefix + "Reader"), RoleSessionName: aws.String("web"), WebIdentityToken: aws.String(w.poolToken(t, map[string]string{provider: idToken(t, "ann")})),
	})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::"+account+":assumed-role/Reader/web", *got.AssumedRoleUser.Arn)
	require.Equal(t, "cognito-identity.amazonaws.com", *got.Provider)
	require.Equal(t, poolID, *got.Audience)
	require.Regexp(t, "^"+region+":[0-9a-f-]{36}$", *got.SubjectFromWebIdentityToken)

	foreign, err := anonymous.AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(rolePrefix + "Foreign"), RoleSessionName: aws.String("web"), WebIdentityToken: aws.String(idToken(t, "ann")),
	})
	require.NoError(t, err)
	require.Equal(t, "ann", *foreign.SubjectFromWebIdentityToken)
	require.Equal(t, "shop", *foreign.Audience)

	other := token2(t, "bob", "other")
	for _, test := range []struct{ role, token, code string }{
		{"Foreign", idToken(t, "expired"), "ExpiredTokenException"},
		{"Foreign", idToken(t, "down"), "IDPCommunicationError"},
		{"Foreign", strings.Replace(idToken(t, "ann"), ".good", ".bad", 1), "InvalidIdentityToken"},
		{"Foreign", other, "AccessDenied"},
		{"Foreign", w.poolToken(t, nil), "AccessDenied"},
		{"Reader", w.poolToken(t, nil), "AccessDenied"}, // a guest and the role of those who signed in
		{"Reader", idToken(t, "ann"), "AccessDenied"},
		{"Auditor", idToken(t, "ann"), "AccessDenied"},
		{"Reader", "not.a.token", "InvalidIdentityToken"},
		{"Reader", "abc", "ValidationError"},
		{"Reader", strings.Repeat("x", 20001), "ValidationError"},
	} {
		_, err := anonymous.AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(rolePrefix + test.role), RoleSessionName: aws.String("web"), WebIdentityToken: aws.String(test.token),
		})
		requireCode(t, err, test.code, "")
		require.NotContains(t, err.Error(), test.token)
	}
	_, err = anonymous.AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(rolePrefix + "Reader"), RoleSessionName: aws.String("web"), WebIdentityToken: aws.String(idToken(t, "ann")), ProviderId: aws.String("www.amazon.com"),
	})
	requireCode(t, err, "ValidationError", "ProviderId")
}

func token2(t *testing.T, subject, audience string) string {
	t.Helper()
	return token(t, map[string]any{"iss": "https://" + provider, "sub": subject, "aud": audience})
}

func TestSDK_AssumeRoleWithSAML(t *testing.T) {
	w := newWorld(t)
	anonymous := w.sdkWith(aws.AnonymousCredentials{})
	in := &awssts.AssumeRoleWithSAMLInput{
		RoleArn: aws.String(rolePrefix + "Corporate"), PrincipalArn: aws.String(samlProvider),
		SAMLAssertion: aws.String(assertion(t, map[string]any{
			"https://aws.amazon.com/SAML/Attributes/PrincipalTag:team": "blue", "https://aws.amazon.com/SAML/Attributes/SourceIdentity": "ann",
		})),
	}
	got, err := anonymous.AssumeRoleWithSAML(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::"+account+":assumed-role/Corporate/ann", *got.AssumedRoleUser.Arn)
	require.Equal(t, "https://idp.example.com/saml", *got.Issuer)
	require.Equal(t, "https://app.example.com/saml", *got.Audience)
	require.Equal(t, "ann@corp", *got.Subject)
	require.Equal(t, "persistent", *got.SubjectType)
	require.Len(t, *got.NameQualifier, 28)
	require.Equal(t, "ann", *got.SourceIdentity)
	who, err := w.sdkWith(awsCredentialsOf(got.Credentials)).GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, *got.AssumedRoleUser.Arn, *who.Arn)

	in.SAMLAssertion = aws.String(assertion(t, map[string]any{"https://aws.amazon.com/SAML/Attributes/RoleSessionName": "a b"}))
	_, err = anonymous.AssumeRoleWithSAML(t.Context(), in)
	requireCode(t, err, "IDPRejectedClaim", "")
	in.SAMLAssertion = aws.String(assertion(t, map[string]any{"aud": "https://other.example.com/saml"}))
	_, err = anonymous.AssumeRoleWithSAML(t.Context(), in)
	requireCode(t, err, "AccessDenied", "")
	in.SAMLAssertion = aws.String("bm9uZQ==")
	_, err = anonymous.AssumeRoleWithSAML(t.Context(), in)
	requireCode(t, err, "InvalidIdentityToken", "")
	in.SAMLAssertion = aws.String(strings.Repeat("A", 100001))
	_, err = anonymous.AssumeRoleWithSAML(t.Context(), in)
	requireCode(t, err, "ValidationError", "1 validation error detected: Value at 'sAMLAssertion' failed")
}

func TestSDK_GetSessionToken(t *testing.T) {
	w := newWorld(t)
	got, err := w.sdk().GetSessionToken(t.Context(), &awssts.GetSessionTokenInput{
		DurationSeconds: aws.Int32(900), SerialNumber: aws.String("arn:aws:iam::000000000000:mfa/ann"), TokenCode: aws.String("123456"),
	})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(15*time.Minute), *got.Credentials.Expiration, time.Minute)
	session := w.sdkWith(awsCredentialsOf(got.Credentials))
	who, err := session.GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::"+account+":user/ann", *who.Arn)
	_, err = session.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Vault"), RoleSessionName: aws.String("ann")})
	require.NoError(t, err, "the second factor goes with the session")
	_, err = session.GetSessionToken(t.Context(), nil)
	requireCode(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	for _, seconds := range []int32{0, -1, 899, 129601} {
		_, err = w.sdk().GetSessionToken(t.Context(), &awssts.GetSessionTokenInput{DurationSeconds: aws.Int32(seconds)})
		requireCode(t, err, "ValidationError", "durationSeconds")
	}
}

// A user whose policies deny everything is still told who they are.
func TestSDK_GetCallerIdentity_Denied(t *testing.T) {
	w := newWorld(t, func(c *identitypool.Config, _ *sts.Config) {
		c.Users = users{userKey: {Name: "ann", SecretAccessKey: userSecret, Policies: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`}}}
	})
	who, err := w.sdk().GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::"+account+":user/ann", *who.Arn)
	_, err = w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Auditor"), RoleSessionName: aws.String("ann")})
	requireCode(t, err, "AccessDenied", "sts:AssumeRole")
}

// tokens gives the provider of AWS a new token each time.
type tokens func() ([]byte, error)

func (f tokens) GetIdentityToken() ([]byte, error) { return f() }

// TestSDK_WebIdentityProvider: AWS's own provider gets credentials with a token, keeps them while they are good, and gets others when they
// have expired. The clock of the pool is almost 15 minutes behind that of the SDK, for which credentials of 15 minutes then last seconds.
func TestSDK_WebIdentityProvider(t *testing.T) {
	w := newWorld(t, func(_ *identitypool.Config, c *sts.Config) { c.MaxSkew = 15 * time.Minute })
	w.offset.Store(-int64(15*time.Minute - 3*time.Second))
	asked := 0
	provider := stscreds.NewWebIdentityRoleProvider(w.sdkWith(aws.AnonymousCredentials{}), rolePrefix+"Reader", tokens(func() ([]byte, error) {
		asked++
		return []byte(w.poolToken(t, map[string]string{provider: idToken(t, "ann")})), nil
	}), func(o *stscreds.WebIdentityRoleOptions) { o.Duration, o.RoleSessionName = 15*time.Minute, "batch" })
	cache := aws.NewCredentialsCache(provider)
	client := w.sdkWith(cache)
	first, err := cache.Retrieve(t.Context())
	require.NoError(t, err)
	who, err := client.GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::"+account+":assumed-role/Reader/batch", *who.Arn)
	require.Equal(t, 1, asked, "the credentials are kept while they are good")
	require.Eventually(t, func() bool {
		now, err := cache.Retrieve(context.Background())
		return err == nil && now.AccessKeyID != first.AccessKeyID
	}, 10*time.Second, 100*time.Millisecond)
	_, err = client.GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, asked, 2)
	w.offset.Store(0)
	_, err = w.sdkWith(credentials.NewStaticCredentialsProvider(first.AccessKeyID, first.SecretAccessKey, first.SessionToken)).GetCallerIdentity(t.Context(), nil)
	requireCode(t, err, "ExpiredToken", "The security token included in the request is expired")
}

// The other direction against this one: what the client asks, the service understands, and the other way round.
func TestClientAgainstService(t *testing.T) {
	w := newWorld(t)
	c, err := sts.NewClient(sts.ClientConfig{Endpoint: w.server.URL, Region: region, InsecureAllowHTTP: true})
	require.NoError(t, err)
	in := identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: rolePrefix + "Reader", RoleSessionName: "ann", WebIdentityToken: w.poolToken(t, map[string]string{provider: idToken(t, "ann")}),
		Duration: 30 * time.Minute, Policy: readAll, PolicyARNs: []string{"arn:aws:iam::" + account + ":policy/ReadOnly"},
	}
	got, err := c.AssumeRoleWithWebIdentity(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::"+account+":assumed-role/Reader/ann", got.AssumedRoleUser.ARN)
	require.WithinDuration(t, time.Now().Add(30*time.Minute), got.Credentials.Expiration, time.Minute)
	require.Equal(t, time.UTC, got.Credentials.Expiration.Location())
	require.Positive(t, got.PackedPolicySize)
	who, err := c.GetCallerIdentity(t.Context(), got.Credentials)
	require.NoError(t, err)
	require.Equal(t, identitypool.GetCallerIdentityResult{UserID: got.AssumedRoleUser.AssumedRoleID, Account: account, ARN: got.AssumedRoleUser.ARN}, who)
	saml, err := c.AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{
		RoleARN: rolePrefix + "Corporate", PrincipalARN: samlProvider, SAMLAssertion: assertion(t, nil),
	})
	require.NoError(t, err)
	require.Equal(t, "ann@corp", saml.Subject)

	in.RoleARN = rolePrefix + "Foreign"
	_, err = c.AssumeRoleWithWebIdentity(t.Context(), in)
	require.ErrorIs(t, err, sts.AccessDenied)
	in.WebIdentityToken = idToken(t, "expired")
	_, err = c.AssumeRoleWithWebIdentity(t.Context(), in)
	require.ErrorIs(t, err, sts.ExpiredToken)
	in.WebIdentityToken = idToken(t, "down")
	_, err = c.AssumeRoleWithWebIdentity(t.Context(), in)
	require.ErrorIs(t, err, sts.IDPCommunicationError)
	var refused *sts.Error
	require.ErrorAs(t, err, &refused)
	require.True(t, refused.Temporary())
	require.NotEmpty(t, refused.RequestID)
	w.offset.Store(int64(31 * time.Minute))
	_, err = c.GetCallerIdentity(t.Context(), got.Credentials)
	require.ErrorIs(t, err, sts.Code("SignatureDoesNotMatch"), "signed half an hour ago")
}

// TestCodes: no code of the pool is without an answer.
func TestCodes(t *testing.T) {
	file, err := parser.ParseFile(gotoken.NewFileSet(), filepath.Join("..", "errors.go"), nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	count := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, _ := spec.Type.(*ast.Ident); kind == nil || kind.Name != "Code" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		count++
		name, status, ok := sts.AnswerOf(&identitypool.Error{Code: identitypool.Code(text), Message: "m"})
		require.True(t, ok, "%s has no answer", text)
		require.Regexp(t, `^[A-Z][A-Za-z]+$`, name)
		require.True(t, status >= 400 && status < 600)
		require.Equal(t, identitypool.Code(text) == identitypool.InternalError, status >= 500, text)
		return true
	})
	require.Greater(t, count, 15)
	_, _, ok := sts.AnswerOf(&identitypool.Error{Code: "Never"})
	require.False(t, ok)
	_, _, ok = sts.AnswerOf(context.Canceled)
	require.False(t, ok)
}

// What is not offered is said so, and what is not an action is too.
func TestUnsupportedActions(t *testing.T) {
	w := newWorld(t)
	for action, text := range map[string]string{
		"GetFederationToken": "is not supported: use AssumeRole", "DecodeAuthorizationMessage": "is not supported", "GetAccessKeyInfo": "is not supported",
		"AssumeRoot": "is not supported", "GetWebIdentityToken": "is not supported", "GetDelegatedAccessToken": "is not supported",
		"CreateUser": "Could not find operation CreateUser for version 2011-06-15",
	} {
		status, body := w.post(t, url.Values{"Action": {action}})
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, body, "<Code>InvalidAction</Code>")
		require.Contains(t, body, text)
	}
	_, err := w.sdk().GetFederationToken(t.Context(), &awssts.GetFederationTokenInput{Name: aws.String("ann")})
	requireCode(t, err, "InvalidAction", "use AssumeRole")
	for _, action := range []string{"AssumeRole", "GetSessionToken", "GetCallerIdentity"} {
		status, body := w.post(t, url.Values{"Action": {action}})
		require.Equal(t, http.StatusForbidden, status, action)
		require.Contains(t, body, "<Code>MissingAuthenticationToken</Code>")
	}
}

// A failure inside is for the log, where the request ID leads to it.
func TestInternalFailure(t *testing.T) {
	w := newWorld(t, func(c *identitypool.Config, _ *sts.Config) {
		c.VerifyMFA = func(context.Context, string, string, string) (bool, error) { return false, context.DeadlineExceeded }
	})
	_, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(rolePrefix + "Vault"), RoleSessionName: aws.String("ann"), SerialNumber: aws.String("arn:aws:iam::000000000000:mfa/ann"), TokenCode: aws.String("123456"),
	})
	requireCode(t, err, "InternalFailure", "could not be processed")
	require.NotContains(t, err.Error(), "deadline")
	require.Contains(t, w.logs.String(), "context deadline exceeded")
	require.Contains(t, w.logs.String(), "requestID=")
}

func TestNew(t *testing.T) {
	_, err := sts.New(sts.Config{})
	require.ErrorContains(t, err, "Pool")
	_, err = sts.New(sts.Config{Pool: newWorld(t).pool, MaxSkew: time.Hour})
	require.ErrorContains(t, err, "MaxSkew")
}
