package sts_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// fakeAWS answers in the place of AWS, without a network.
type fakeAWS struct{}

func (fakeAWS) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	status, body := http.StatusOK, ""
	switch form.Get("Action") {
	case "AssumeRoleWithWebIdentity":
		body = awsAnswer("AssumeRoleWithWebIdentity", strings.Replace(awsCredentials, "ASgeIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", 1))
	case "GetCallerIdentity":
		body = awsAnswer("GetCallerIdentity",
			`<Arn>arn:aws:sts::123456789012:assumed-role/Uploader/web</Arn><UserId>AROACLKWSDQRAOEXAMPLE:web</UserId><Account>123456789012</Account>`)
	default:
		status, body = http.StatusBadRequest, awsError("InvalidIdentityToken", "Invalid base64 SAMLResponse")
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}
