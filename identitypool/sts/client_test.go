package sts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sts"
)

const (
	awsRole     = "arn:aws:iam::123456789012:role/Uploader"
	secretToken = "eyJhbGciOiJSUzUxMiJ9.eyJzdWIiOiJhbm4ifQ.c2ln"
	requestID   = "c6104cbe-af31-11e0-8154-cbc7ccf896c7"
)

// answering is a server as AWS STS is one: it answers each request the same, and keeps what it was asked.
type answering struct {
	*httptest.Server
	status int
	body   string
	header map[string]string
	form   url.Values
	signed string
}

func newAnswering(t *testing.T, status int, body string) *answering {
	t.Helper()
	a := &answering{status: status, body: body, header: map[string]string{"Content-Type": "text/xml"}}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		a.form, _ = url.ParseQuery(string(text))
		a.signed = r.Header.Get("Authorization")
		if r.Method != http.MethodPost || r.URL.RequestURI() != "/" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(a.Close)
	return a
}

func clientOf(t *testing.T, endpoint string) *sts.Client {
	t.Helper()
	c, err := sts.NewClient(sts.ClientConfig{Endpoint: endpoint, InsecureAllowHTTP: true})
	require.NoError(t, err)
	return c
}

// awsAnswer is what AWS answers, spaces and all.
func awsAnswer(action, result string) string {
	return `<` + action + `Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <` + action + `Result>` + result + `</` + action + `Result>
  <ResponseMetadata>
    <RequestId>` + requestID + `</RequestId>
  </ResponseMetadata>
</` + action + `Response>
`
}

func awsError(code, message string) string {
	return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>` + code + `</Code>
    <Message>` + message + `</Message>
  </Error>
  <RequestId>` + requestID + `</RequestId>
</ErrorResponse>
`
}

const awsCredentials = `
    <Credentials>
      <SessionToken>AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE</SessionToken>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <Expiration>2026-10-24T23:00:23Z</Expiration>
      <AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId>
    </Credentials>`

func wantCredentials() identitypool.Credentials {
	return identitypool.Credentials{
		AccessKeyID: "ASgeIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
		SessionToken: "AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE", Expiration: time.Date(2026, 10, 24, 23, 0, 23, 0, time.UTC),
	}
}

func webIdentityInput() identitypool.AssumeRoleWithWebIdentityInput {
	return identitypool.AssumeRoleWithWebIdentityInput{RoleARN: awsRole, RoleSessionName: "ann", WebIdentityToken: secretToken}
}

func TestClient_AssumeRoleWithWebIdentity(t *testing.T) {
	a := newAnswering(t, http.StatusOK, awsAnswer("AssumeRoleWithWebIdentity", `
    <SubjectFromWebIdentityToken>eu-west-1:f0a1</SubjectFromWebIdentityToken>
    <Audience>eu-west-1:pool</Audience>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/Uploader/ann</Arn>
      <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:ann</AssumedRoleId>
    </AssumedRoleUser>`+awsCredentials+`
    <SourceIdentity>ann</SourceIdentity>
    <PackedPolicySize>6</PackedPolicySize>
    <Provider>arn:aws:iam::123456789012:oidc-provider/id.example.com</Provider>
    <Later>what AWS adds one day</Later>`))
	in := webIdentityInput()
	in.Duration, in.Policy, in.PolicyARNs, in.ProviderID = 15*time.Minute, "{}", []string{"arn:1", "arn:2"}, "www.amazon.com"
	got, err := clientOf(t, a.URL).AssumeRoleWithWebIdentity(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, identitypool.AssumeRoleWithWebIdentityResult{
		Credentials:                 wantCredentials(),
		AssumedRoleUser:             identitypool.AssumedRoleUser{ARN: "arn:aws:sts::123456789012:assumed-role/Uploader/ann", AssumedRoleID: "AROACLKWSDQRAOEXAMPLE:ann"},
		SubjectFromWebIdentityToken: "eu-west-1:f0a1", Provider: "arn:aws:iam::123456789012:oidc-provider/id.example.com", Audience: "eu-west-1:pool",
		PackedPolicySize: 6, SourceIdentity: "ann",
	}, got)
	require.Equal(t, url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {awsRole}, "RoleSessionName": {"ann"},
		"WebIdentityToken": {secretToken}, "DurationSeconds": {"900"}, "Policy": {"{}"}, "ProviderId": {"www.amazon.com"},
		"PolicyArns.member.1.arn": {"arn:1"}, "PolicyArns.member.2.arn": {"arn:2"},
	}, a.form)
	require.Empty(t, a.signed)
	for _, text := range []string{fmt.Sprint(got), fmt.Sprintf("%v %+v", got.Credentials, got)} {
		require.NotContains(t, text, "wJalr")
		require.NotContains(t, text, "AQoDYXdz")
	}
	_, err = clientOf(t, a.URL).AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
	require.NoError(t, err)
	require.Len(t, a.form, 5, "what was not given is not sent")
}

func TestClient_AssumeRoleWithSAML(t *testing.T) {
	a := newAnswering(t, http.StatusOK, awsAnswer("AssumeRoleWithSAML", `
    <Issuer>https://idp.example.com/saml</Issuer>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/Uploader/ann</Arn><AssumedRoleId>ARO456EXAMPLE789:ann</AssumedRoleId></AssumedRoleUser>`+
		awsCredentials+`
    <Audience>https://signin.aws.amazon.com/saml</Audience>
    <SubjectType>transient</SubjectType>
    <PackedPolicySize>6</PackedPolicySize>
    <NameQualifier>SbdGOnUkh1i4+EXAMPLExL/jEvs=</NameQualifier>
    <SourceIdentity>Ann</SourceIdentity>
    <Subject>SamlExample</Subject>`))
	got, err := clientOf(t, a.URL).AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{
		RoleARN: awsRole, PrincipalARN: "arn:aws:iam::123456789012:saml-provider/Example", SAMLAssertion: "PD94bWw+", Duration: time.Hour,
	})
	require.NoError(t, err)
	require.Equal(t, identitypool.AssumeRoleWithSAMLResult{
		Credentials:     wantCredentials(),
		AssumedRoleUser: identitypool.AssumedRoleUser{ARN: "arn:aws:sts::123456789012:assumed-role/Uploader/ann", AssumedRoleID: "ARO456EXAMPLE789:ann"},
		Subject:         "SamlExample", SubjectType: "transient", Issuer: "https://idp.example.com/saml", Audience: "https://signin.aws.amazon.com/saml",
		NameQualifier: "SbdGOnUkh1i4+EXAMPLExL/jEvs=", PackedPolicySize: 6, SourceIdentity: "Ann",
	}, got)
	require.Equal(t, url.Values{
		"Action": {"AssumeRoleWithSAML"}, "Version": {"2011-06-15"}, "RoleArn": {awsRole}, "SAMLAssertion": {"PD94bWw+"},
		"PrincipalArn": {"arn:aws:iam::123456789012:saml-provider/Example"}, "DurationSeconds": {"3600"},
	}, a.form)
}

func TestClient_GetCallerIdentity(t *testing.T) {
	a := newAnswering(t, http.StatusOK, awsAnswer("GetCallerIdentity", `
   <Arn>arn:aws:iam::123456789012:user/Alice</Arn><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>123456789012</Account>`))
	c, err := sts.NewClient(sts.ClientConfig{
		Endpoint: a.URL, Region: "eu-west-1", InsecureAllowHTTP: true, Now: func() time.Time { return time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC) },
	})
	require.NoError(t, err)
	got, err := c.GetCallerIdentity(t.Context(), wantCredentials())
	require.NoError(t, err)
	require.Equal(t, identitypool.GetCallerIdentityResult{UserID: "AIDACKCEVSQ6C2EXAMPLE", Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/Alice"}, got)
	require.Contains(t, a.signed, "/20260701/eu-west-1/sts/aws4_request")
}

// What AWS answers when it does not give credentials, in the words that were seen.
func TestClient_Errors(t *testing.T) {
	for _, test := range []struct {
		status          int
		code, text      string
		want            sts.Code
		temporary, html bool
	}{
		{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", sts.AccessDenied, false, false},
		{403, "AccessDeniedException", "no", sts.AccessDenied, false, false},
		{400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://id.example.com", sts.InvalidIdentityToken, false, false},
		{400, "InvalidIdentityToken", "Incorrect token audience", sts.InvalidIdentityToken, false, false},
		{400, "ExpiredTokenException", "Token expired: current date/time 1700000000 must be before the expiration date/time 1699999990", sts.ExpiredToken, false, false},
		{403, "ExpiredToken", "The security token included in the request is expired", sts.ExpiredCredentials, false, false},
		{400, "IDPCommunicationError", "Couldn't retrieve verification key from your identity provider", sts.IDPCommunicationError, true, false},
		{403, "IDPRejectedClaim", "rejected", sts.IDPRejectedClaim, false, false},
		{400, "MalformedPolicyDocument", "Syntax errors in policy.", sts.MalformedPolicyDocument, false, false},
		{400, "PackedPolicyTooLarge", "Packed policy consumes 110% of allotted space", sts.PackedPolicyTooLarge, false, false},
		{403, "RegionDisabledException", "STS is not activated in this region", sts.RegionDisabled, false, false},
		{400, "ValidationError", "1 validation error detected: Value 'a b' at 'roleSessionName' failed", sts.ValidationError, false, false},
		{400, "Throttling", "Rate exceeded", sts.Throttling, true, false},
		{400, "RequestLimitExceeded", "Request limit exceeded.", sts.Throttling, true, false},
		{429, "SomethingNew", "slow down", sts.Throttling, true, false},
		{500, "InternalFailure", "try again", "InternalFailure", true, false},
		{400, "SomethingNew", "what AWS adds one day", "SomethingNew", false, false},
		{503, "", "<html><body>Service Unavailable</body></html>", sts.Unavailable, true, true},
		{429, "", "", sts.Throttling, true, true},
		{404, "", "<html>a proxy</html>", sts.MalformedAnswer, false, true},
		{200, "", "<html>a login page</html>", sts.MalformedAnswer, false, true},
		{200, "", awsAnswer("AssumeRoleWithSAML", awsCredentials), sts.MalformedAnswer, false, true},
		{200, "", awsAnswer("AssumeRoleWithWebIdentity", ""), sts.MalformedAnswer, false, true},
		{200, "", awsAnswer("AssumeRoleWithWebIdentity", strings.Replace(awsCredentials, "2026-10-24T", "soon ", 1)), sts.MalformedAnswer, false, true},
		{200, "", awsAnswer("AssumeRoleWithWebIdentity", strings.Replace(awsCredentials, "SessionToken", "Sessiontoken", 2)), sts.MalformedAnswer, false, true},
		{200, "", "", sts.MalformedAnswer, false, true},
		{200, "", `<!DOCTYPE a [<!ENTITY b "c">]><AssumeRoleWithWebIdentityResponse>&b;</AssumeRoleWithWebIdentityResponse>`, sts.MalformedAnswer, false, true},
		{200, "", strings.Repeat("<a>", 100_000), sts.MalformedAnswer, false, true},
		{400, strings.Repeat("C", 65), "", sts.MalformedAnswer, false, false},
		{400, "", "", sts.MalformedAnswer, false, false},
		{400, "Two Words", "", sts.MalformedAnswer, false, false},
		{400, "", strings.Repeat("<a>", 10_000), sts.MalformedAnswer, false, true},
		{307, "", "", sts.MalformedAnswer, false, true},
	} {
		body := test.text
		if !test.html {
			body = awsError(test.code, test.text)
		}
		a := newAnswering(t, test.status, body)
		elsewhere := newAnswering(t, http.StatusOK, awsAnswer("AssumeRoleWithWebIdentity", awsCredentials))
		a.header["Location"] = elsewhere.URL
		_, err := clientOf(t, a.URL).AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
		require.ErrorIs(t, err, test.want, "%d %s", test.status, test.code)
		var refused *sts.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, test.status, refused.Status)
		require.Equal(t, test.temporary, refused.Temporary(), "%d %s", test.status, test.code)
		require.NotContains(t, err.Error(), "html")
		if !test.html && test.want != sts.MalformedAnswer {
			require.Equal(t, requestID, refused.RequestID)
			require.Equal(t, "sts: "+string(test.want)+": "+test.text+" (request "+requestID+")", err.Error())
		}
		require.Nil(t, elsewhere.form, "a token goes nowhere else")
	}
}

// TestH12_NoTokenInErrors: whatever is at the other end says.
func TestH12_NoTokenInErrors(t *testing.T) {
	for _, status := range []int{400, 500} {
		a := newAnswering(t, status, awsError("ValidationError", "I do not like "+secretToken+strings.Repeat("é", 2000)))
		_, err := clientOf(t, a.URL).AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
		require.ErrorContains(t, err, "I do not like [redacted]")
		require.NotContains(t, err.Error(), secretToken)
		require.Less(t, len(err.Error()), 2200)
	}
	a := newAnswering(t, 400, awsError("ValidationError", "x"))
	a.Close()
	_, err := clientOf(t, a.URL).AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
	require.ErrorIs(t, err, sts.Unavailable)
	require.NotContains(t, err.Error(), secretToken)
}

func TestClient_NoAnswer(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	c, err := sts.NewClient(sts.ClientConfig{Endpoint: slow.URL, InsecureAllowHTTP: true, HTTPClient: &http.Client{Timeout: 50 * time.Millisecond}})
	require.NoError(t, err)
	began := time.Now()
	_, err = c.AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
	require.ErrorIs(t, err, sts.Unavailable)
	require.Less(t, time.Since(began), 5*time.Second)
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.AssumeRoleWithWebIdentity(ended, webIdentityInput())
	require.ErrorIs(t, err, context.Canceled)

	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat(" ", 4096)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	_, err = clientOf(t, endless.URL).AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
	require.ErrorIs(t, err, sts.MalformedAnswer)
	require.ErrorContains(t, err, "longer than")
}

func TestClient_Input(t *testing.T) {
	a := newAnswering(t, http.StatusOK, "")
	c := clientOf(t, a.URL)
	for name, change := range map[string]func(*identitypool.AssumeRoleWithWebIdentityInput){
		"role":        func(in *identitypool.AssumeRoleWithWebIdentityInput) { in.RoleARN = "" },
		"session":     func(in *identitypool.AssumeRoleWithWebIdentityInput) { in.RoleSessionName = "" },
		"token":       func(in *identitypool.AssumeRoleWithWebIdentityInput) { in.WebIdentityToken = "" },
		"negative":    func(in *identitypool.AssumeRoleWithWebIdentityInput) { in.Duration = -time.Hour },
		"millisecond": func(in *identitypool.AssumeRoleWithWebIdentityInput) { in.Duration = time.Hour + time.Millisecond },
	} {
		in := webIdentityInput()
		change(&in)
		_, err := c.AssumeRoleWithWebIdentity(t.Context(), in)
		require.ErrorIs(t, err, sts.ValidationError, name)
	}
	_, err := c.AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{RoleARN: awsRole, PrincipalARN: "arn"})
	require.ErrorIs(t, err, sts.ValidationError)
	_, err = c.AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{PrincipalARN: "arn", SAMLAssertion: "x"})
	require.ErrorIs(t, err, sts.ValidationError)
	_, err = c.GetCallerIdentity(t.Context(), identitypool.Credentials{})
	require.ErrorIs(t, err, sts.ValidationError)
	require.Nil(t, a.form, "nothing was sent")
}

// transport answers without a network, and tells where to.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestClient_Endpoints(t *testing.T) {
	for _, test := range []struct{ region, endpoint, want string }{
		{"eu-west-1", "", "https://sts.eu-west-1.amazonaws.com/"},
		{"us-gov-west-1", "", "https://sts.us-gov-west-1.amazonaws.com/"},
		{"cn-north-1", "", "https://sts.cn-north-1.amazonaws.com.cn/"},
		{"ap-southeast-4", "", "https://sts.ap-southeast-4.amazonaws.com/"},
		{"", "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com", "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com"},
		{"us-east-1", "https://sts-fips.us-east-1.amazonaws.com/", "https://sts-fips.us-east-1.amazonaws.com/"},
	} {
		var asked string
		c, err := sts.NewClient(sts.ClientConfig{Region: test.region, Endpoint: test.endpoint, HTTPClient: &http.Client{
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				asked = r.URL.String()
				return nil, errors.New("no network")
			}),
		}})
		require.NoError(t, err)
		_, err = c.AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
		require.ErrorIs(t, err, sts.Unavailable)
		require.Equal(t, test.want, asked)
	}
	for _, config := range []sts.ClientConfig{
		{}, {Region: "aws-global"}, {Region: "eu-west-1.evil.example.com/"}, {Region: "EU-WEST-1"}, {Region: "us-iso-east-1"}, {Region: "us-isob-east-1"},
		{Endpoint: "http://sts.example.com", InsecureAllowHTTP: true}, {Endpoint: "http://127.0.0.1"}, {Endpoint: "http://127.0.0.1.example.com", InsecureAllowHTTP: true},
		{Endpoint: "https://user@sts.example.com"}, {Endpoint: "https://sts.example.com?x"}, {Endpoint: "https://sts.example.com?"}, {Endpoint: "https://sts.example.com#x"},
		{Endpoint: "sts.example.com"}, {Endpoint: "ftp://sts.example.com"}, {Endpoint: "https:///x"}, {Endpoint: "://"},
		{Endpoint: "https://sts.example.com", Region: "x"},
	} {
		_, err := sts.NewClient(config)
		require.Error(t, err, "%+v", config)
	}
	_, err := sts.NewClient(sts.ClientConfig{Endpoint: "http://[::1]:8080", InsecureAllowHTTP: true})
	require.NoError(t, err)
	for _, endpoint := range []string{"https://user:hunter2@sts.example.com", "https://user:hunter2 @sts.example.com"} {
		_, err = sts.NewClient(sts.ClientConfig{Endpoint: endpoint})
		require.ErrorContains(t, err, "user name")
		require.NotContains(t, err.Error(), "hunter2")
	}
}
