package sts

import (
	"net/http"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/awsquery"
)

type (
	request   = awsquery.Request[identitypool.Caller]
	operation = awsquery.Operation[identitypool.Caller]
)

// operations is the table of the service.
func (s *Service) operations() map[string]operation {
	whoami := awsquery.Signed(s.getCallerIdentity)
	whoami.Get = true
	return map[string]operation{
		"AssumeRole":                 awsquery.Signed(s.assumeRole),
		"AssumeRoleWithSAML":         awsquery.Unsigned(s.assumeRoleWithSAML),
		"AssumeRoleWithWebIdentity":  awsquery.Unsigned(s.assumeRoleWithWebIdentity),
		"GetCallerIdentity":          whoami,
		"GetSessionToken":            awsquery.Signed(s.getSessionToken),
		"AssumeRoot":                 awsquery.Unsupported[identitypool.Caller]("there is no root user."),
		"DecodeAuthorizationMessage": awsquery.Unsupported[identitypool.Caller]("messages are not encoded; the log has the decision."),
		"GetAccessKeyInfo":           awsquery.Unsupported[identitypool.Caller]("there is one account."),
		"GetDelegatedAccessToken":    awsquery.Unsupported[identitypool.Caller]("tokens are not traded in."),
		"GetFederationToken":         awsquery.Unsupported[identitypool.Caller]("use AssumeRole with a session policy."),
		"GetWebIdentityToken":        awsquery.Unsupported[identitypool.Caller]("use GetOpenIdToken of the identity pool."),
	}
}

// shapes are the constraints of the parameters, which are those of AWS.
var shapes = map[string]awsquery.Shape{
	"arn":           {Min: 20, Max: 2048},
	"providerArn":   {Min: 1, Max: 2048}, // a provider of a pool is any name
	"sessionName":   {Min: 2, Max: 64, Pattern: `[\w+=,.@-]*`},
	"duration":      {Min: 900, Max: 43200},
	"longDuration":  {Min: 900, Max: 129600},
	"policy":        {Min: 1, Max: 2048, Pattern: `[\u0009\u000A\u000D\u0020-\u00FF]+`},
	"externalId":    {Min: 2, Max: 1224, Pattern: `[\w+=,.@:\/-]*`},
	"serialNumber":  {Min: 9, Max: 256, Pattern: `[\w+=/:,.@-]*`},
	"tokenCode":     {Min: 6, Max: 6, Pattern: `[\d]*`, Sensitive: true},
	"tagKey":        {Min: 1, Max: 128, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`},
	"tagValue":      {Max: 256, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`},
	"token":         {Min: 4, Max: 20000, Sensitive: true},
	"samlAssertion": {Min: 4, Max: 100000, Sensitive: true},
	"url":           {Min: 4, Max: 2048},
}

type policyDescriptor struct {
	ARN string `query:"arn" shape:"arn" required:"true"`
}

type tag struct {
	Key   string `query:"Key" shape:"tagKey" required:"true"`
	Value string `query:"Value" shape:"tagValue" required:"true"`
}

type assumeRoleInput struct {
	RoleARN           string             `query:"RoleArn" shape:"arn" required:"true"`
	RoleSessionName   string             `query:"RoleSessionName" shape:"sessionName" required:"true"`
	DurationSeconds   int                `query:"DurationSeconds" shape:"duration"`
	Policy            string             `query:"Policy" shape:"policy"`
	PolicyARNs        []policyDescriptor `query:"PolicyArns" most:"10"`
	Tags              []tag              `query:"Tags" most:"50"`
	TransitiveTagKeys []string           `query:"TransitiveTagKeys" shape:"tagKey" most:"50"`
	ExternalID        string             `query:"ExternalId" shape:"externalId"`
	SourceIdentity    string             `query:"SourceIdentity" shape:"sessionName"`
	SerialNumber      string             `query:"SerialNumber" shape:"serialNumber"`
	TokenCode         string             `query:"TokenCode" shape:"tokenCode"`
}

func (s *Service) assumeRole(r *request, in *assumeRoleInput) (any, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	result, err := s.pool.AssumeRole(s.signed.Context(r.Request), r.Caller, identitypool.AssumeRoleInput{
		RoleARN: in.RoleARN, RoleSessionName: in.RoleSessionName, Duration: seconds(in.DurationSeconds), Policy: in.Policy,
		PolicyARNs: arns(in.PolicyARNs), Tags: tags, TransitiveTagKeys: in.TransitiveTagKeys, ExternalID: in.ExternalID,
		SourceIdentity: in.SourceIdentity, SerialNumber: in.SerialNumber, TokenCode: in.TokenCode,
	})
	if err != nil {
		return nil, err
	}
	return assumeRoleXML{
		Credentials: writeCredentials(result.Credentials), AssumedRoleUser: assumedRoleUserXML(result.AssumedRoleUser),
		PackedPolicySize: result.PackedPolicySize, SourceIdentity: result.SourceIdentity,
	}, nil
}

type webIdentityInput struct {
	RoleARN          string             `query:"RoleArn" shape:"arn" required:"true"`
	RoleSessionName  string             `query:"RoleSessionName" shape:"sessionName" required:"true"`
	WebIdentityToken string             `query:"WebIdentityToken" shape:"token" required:"true"`
	ProviderID       string             `query:"ProviderId" shape:"url"`
	Policy           string             `query:"Policy" shape:"policy"`
	PolicyARNs       []policyDescriptor `query:"PolicyArns" most:"10"`
	DurationSeconds  int                `query:"DurationSeconds" shape:"duration"`
}

func (s *Service) assumeRoleWithWebIdentity(r *request, in *webIdentityInput) (any, error) {
	result, err := s.pool.AssumeRoleWithWebIdentity(s.signed.Context(r.Request), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: in.RoleARN, RoleSessionName: in.RoleSessionName, WebIdentityToken: in.WebIdentityToken, ProviderID: in.ProviderID,
		Policy: in.Policy, PolicyARNs: arns(in.PolicyARNs), Duration: seconds(in.DurationSeconds),
	})
	if err != nil {
		return nil, translateToken(err)
	}
	return webIdentityXML{
		Credentials: writeCredentials(result.Credentials), AssumedRoleUser: assumedRoleUserXML(result.AssumedRoleUser),
		SubjectFromWebIdentityToken: result.SubjectFromWebIdentityToken, Provider: result.Provider, Audience: result.Audience,
		PackedPolicySize: result.PackedPolicySize, SourceIdentity: result.SourceIdentity,
	}, nil
}

type samlInput struct {
	RoleARN         string             `query:"RoleArn" shape:"arn" required:"true"`
	PrincipalARN    string             `query:"PrincipalArn" shape:"providerArn" required:"true"`
	SAMLAssertion   string             `query:"SAMLAssertion" shape:"samlAssertion" required:"true"`
	Policy          string             `query:"Policy" shape:"policy"`
	PolicyARNs      []policyDescriptor `query:"PolicyArns" most:"10"`
	DurationSeconds int                `query:"DurationSeconds" shape:"duration"`
}

func (s *Service) assumeRoleWithSAML(r *request, in *samlInput) (any, error) {
	result, err := s.pool.AssumeRoleWithSAML(s.signed.Context(r.Request), identitypool.AssumeRoleWithSAMLInput{
		RoleARN: in.RoleARN, PrincipalARN: in.PrincipalARN, SAMLAssertion: in.SAMLAssertion,
		Policy: in.Policy, PolicyARNs: arns(in.PolicyARNs), Duration: seconds(in.DurationSeconds),
	})
	if err != nil {
		return nil, translateToken(err)
	}
	return samlXML{
		Credentials: writeCredentials(result.Credentials), AssumedRoleUser: assumedRoleUserXML(result.AssumedRoleUser),
		Subject: result.Subject, SubjectType: result.SubjectType, Issuer: result.Issuer, Audience: result.Audience,
		NameQualifier: result.NameQualifier, PackedPolicySize: result.PackedPolicySize, SourceIdentity: result.SourceIdentity,
	}, nil
}

type sessionTokenInput struct {
	DurationSeconds int    `query:"DurationSeconds" shape:"longDuration"`
	SerialNumber    string `query:"SerialNumber" shape:"serialNumber"`
	TokenCode       string `query:"TokenCode" shape:"tokenCode"`
}

func (s *Service) getSessionToken(r *request, in *sessionTokenInput) (any, error) {
	result, err := s.pool.GetSessionToken(s.signed.Context(r.Request), r.Caller, identitypool.GetSessionTokenInput{
		Duration: seconds(in.DurationSeconds), SerialNumber: in.SerialNumber, TokenCode: in.TokenCode,
	})
	if err != nil {
		return nil, err
	}
	return sessionTokenXML{writeCredentials(result.Credentials)}, nil
}

func (s *Service) getCallerIdentity(r *request, _ *struct{}) (any, error) {
	result, err := s.pool.GetCallerIdentity(r.Caller)
	return callerIdentityXML(result), err
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func arns(list []policyDescriptor) []string {
	out := make([]string, 0, len(list))
	for _, one := range list {
		out = append(out, one.ARN)
	}
	return out
}

// tagMap refuses what a map would hide: one key twice.
func tagMap(list []tag) (map[string]string, error) {
	out, seen := make(map[string]string, len(list)), make(map[string]bool, len(list))
	for _, one := range list {
		key := strings.ToLower(one.Key)
		if seen[key] {
			return nil, awsquery.Faultf(http.StatusBadRequest, "InvalidParameterValue",
				"Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		out[one.Key], seen[key] = one.Value, true
	}
	return out, nil
}
