package sigv4

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func FuzzParseAuthorization(f *testing.F) {
	signature := strings.Repeat("0a", 32)
	for _, value := range []string{
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + signature,
		"AWS4-HMAC-SHA256 Signature=" + signature + ",SignedHeaders=host,Credential=A/20150830/r/s/aws4_request",
		"AWS4-HMAC-SHA256 Credential=A/20150830/*//aws4_request, SignedHeaders=host;host, Signature=0",
		"AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256 x", "Bearer x", "", "AWS4-HMAC-SHA256 ,,,", "AWS4-HMAC-SHA256 Credential=,Credential=",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		a, err := parseAuthorization(value)
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) {
				t.Fatalf("not an *Error: %v", err)
			}
			return
		}
		if len(a.signature) != 32 || !slices.IsSorted(a.signed) || len(slices.Compact(slices.Clone(a.signed))) != len(a.signed) ||
			a.keyID == "" || strings.Contains(a.scope.region+a.scope.service, "/") {
			t.Fatalf("accepted %q as %+v", value, a)
		}
	})
}

// FuzzVerify throws targets and header values at the verifier: none may be
// accepted with a signature of the wrong key, and none may make it panic.
func FuzzVerify(f *testing.F) {
	f.Add("/", "host;x-amz-date", "application/json", "body")
	f.Add("/a%2Fb?x=1&x=%zz", "host", "", "")
	f.Add("//..//?X-Amz-Signature=1", "host;x-amz-date;x-custom", "\xff", "\x00")
	f.Fuzz(func(t *testing.T, uri, signed, value, body string) {
		parsed := &http.Request{Method: "POST", Host: "h", RequestURI: uri, Header: http.Header{
			"Authorization": {"AWS4-HMAC-SHA256 Credential=" + testID + "/20260304/eu-west-1/execute-api/aws4_request, SignedHeaders=" + signed + ", Signature=" + strings.Repeat("0", 64)},
			"X-Amz-Date":    {"20260304T050607Z"}, "X-Amz-Security-Token": {testToken}, "X-Custom": {value},
		}}
		func() {
			defer func() { _ = recover() }() // of target, for what is no URI
			target(uri)(parsed)
		}()
		if _, err := testVerifier(t).VerifyBody(parsed, []byte(body)); err == nil {
			t.Fatal("accepted")
		}
	})
}
