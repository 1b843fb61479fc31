package sts

import (
	"context"
	"encoding/xml"
	"net/url"
	"strconv"
	"time"

	"github.com/stepwell/stepwell/identitypool"
)

// AssumeRoleWithWebIdentity exchanges a token, such as one of [identitypool.Pool.GetOpenIDToken], for credentials of a role that trusts its
// issuer. RoleARN is a role in AWS. The request is not signed: the token is the proof. Duration is 0 for AWS's default of an hour, else 15
// minutes to what the role allows. ProviderID is for the access tokens of Amazon and Facebook.
func (c *Client) AssumeRoleWithWebIdentity(
	ctx context.Context, in identitypool.AssumeRoleWithWebIdentityInput,
) (identitypool.AssumeRoleWithWebIdentityResult, error) {
	var none identitypool.AssumeRoleWithWebIdentityResult
	form, err := commonForm(in.RoleARN, in.Policy, in.PolicyARNs, in.Duration)
	if err != nil {
		return none, err
	}
	if in.WebIdentityToken == "" || in.RoleSessionName == "" {
		return none, missing("WebIdentityToken and RoleSessionName")
	}
	form.Set("RoleSessionName", in.RoleSessionName)
	form.Set("WebIdentityToken", in.WebIdentityToken)
	if in.ProviderID != "" {
		form.Set("ProviderId", in.ProviderID)
	}
	var answer struct {
		XMLName xml.Name       `xml:"AssumeRoleWithWebIdentityResponse"`
		Result  webIdentityXML `xml:"AssumeRoleWithWebIdentityResult"`
	}
	err = c.do(ctx, call{action: "AssumeRoleWithWebIdentity", form: form, secrets: []string{in.WebIdentityToken}}, &answer)
	if err != nil {
		return none, err
	}
	result := answer.Result
	credentials, ok := result.Credentials.read()
	if !ok {
		return none, incomplete()
	}
	return identitypool.AssumeRoleWithWebIdentityResult{
		Credentials: credentials, AssumedRoleUser: identitypool.AssumedRoleUser(result.AssumedRoleUser),
		SubjectFromWebIdentityToken: result.SubjectFromWebIdentityToken, Provider: result.Provider, Audience: result.Audience,
		PackedPolicySize: result.PackedPolicySize, SourceIdentity: result.SourceIdentity,
	}, nil
}

// AssumeRoleWithSAML exchanges a SAML response, in base64, for credentials of a role that the assertion names. PrincipalARN is the SAML
// provider in AWS. The request is not signed: the assertion is the proof. Duration is as in AssumeRoleWithWebIdentity.
func (c *Client) AssumeRoleWithSAML(
	ctx context.Context, in identitypool.AssumeRoleWithSAMLInput,
) (identitypool.AssumeRoleWithSAMLResult, error) {
	var none identitypool.AssumeRoleWithSAMLResult
	form, err := commonForm(in.RoleARN, in.Policy, in.PolicyARNs, in.Duration)
	if err != nil {
		return none, err
	}
	if in.SAMLAssertion == "" || in.PrincipalARN == "" {
		return none, missing("SAMLAssertion and PrincipalARN")
	}
	form.Set("PrincipalArn", in.PrincipalARN)
	form.Set("SAMLAssertion", in.SAMLAssertion)
	var answer struct {
		XMLName xml.Name `xml:"AssumeRoleWithSAMLResponse"`
		Result  samlXML  `xml:"AssumeRoleWithSAMLResult"`
	}
	if err := c.do(ctx, call{action: "AssumeRoleWithSAML", form: form, secrets: []string{in.SAMLAssertion}}, &answer); err != nil {
		return none, err
	}
	result := answer.Result
	credentials, ok := result.Credentials.read()
	if !ok {
		return none, incomplete()
	}
	return identitypool.AssumeRoleWithSAMLResult{
		Credentials: credentials, AssumedRoleUser: identitypool.AssumedRoleUser(result.AssumedRoleUser),
		Subject: result.Subject, SubjectType: result.SubjectType, Issuer: result.Issuer, Audience: result.Audience,
		NameQualifier: result.NameQualifier, PackedPolicySize: result.PackedPolicySize, SourceIdentity: result.SourceIdentity,
	}, nil
}

// GetCallerIdentity tells whose credentials these are, and so whether they work. Nobody needs a permission for it.
func (c *Client) GetCallerIdentity(ctx context.Context, credentials identitypool.Credentials) (identitypool.GetCallerIdentityResult, error) {
	if credentials.AccessKeyID == "" || credentials.SecretAccessKey == "" {
		return identitypool.GetCallerIdentityResult{}, missing("AccessKeyID and SecretAccessKey")
	}
	var answer struct {
		XMLName xml.Name          `xml:"GetCallerIdentityResponse"`
		Result  callerIdentityXML `xml:"GetCallerIdentityResult"`
	}
	what := call{
		action: "GetCallerIdentity", form: url.Values{}, sign: &credentials,
		secrets: []string{credentials.SecretAccessKey, credentials.SessionToken},
	}
	if err := c.do(ctx, what, &answer); err != nil {
		return identitypool.GetCallerIdentityResult{}, err
	}
	if answer.Result.ARN == "" {
		return identitypool.GetCallerIdentityResult{}, incomplete()
	}
	return identitypool.GetCallerIdentityResult(answer.Result), nil
}

// commonForm has the parameters that the two exchanges share.
func commonForm(roleARN, policy string, policyARNs []string, duration time.Duration) (url.Values, error) {
	if roleARN == "" {
		return nil, missing("RoleARN")
	}
	form := url.Values{"RoleArn": {roleARN}}
	if duration < 0 || duration%time.Second != 0 {
		return nil, &Error{Code: ValidationError, Message: "The duration must be in whole seconds."}
	}
	if duration > 0 {
		form.Set("DurationSeconds", strconv.FormatInt(int64(duration/time.Second), 10))
	}
	if policy != "" {
		form.Set("Policy", policy)
	}
	for i, arn := range policyARNs {
		form.Set("PolicyArns.member."+strconv.Itoa(i+1)+".arn", arn)
	}
	return form, nil
}

func missing(what string) *Error {
	return &Error{Code: ValidationError, Message: "Required: " + what + "."}
}

// incomplete is an answer of the right name without what it must have.
func incomplete() *Error {
	return unusable(200, "The answer has no complete result.")
}
