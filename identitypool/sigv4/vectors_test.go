package sigv4

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The credentials, date and scope of AWS's published examples and test suite.
const (
	exampleID     = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var exampleTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

func exampleVerifier(t testing.TB, service string, at time.Time) *Verifier {
	t.Helper()
	v, err := New(Config{
		Region: "us-east-1", Service: service, Now: func() time.Time { return at },
		Secret: func(_ context.Context, id, _ string) (string, bool, error) {
			if id == exampleID {
				return exampleSecret, true, nil
			}
			return "", false, nil
		},
	})
	require.NoError(t, err)
	return v
}

// received makes the request a server gets for a raw target, as net/http does.
func received(t testing.TB, method, target, body string, header http.Header) *http.Request {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	require.NoError(t, err)
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL, r.RequestURI, r.Host = u, target, "example.amazonaws.com"
	if header != nil {
		r.Header = header.Clone()
	}
	return r
}

// TestA1_ListUsers is the worked example of AWS's documentation: each of its
// steps is compared, and both directions.
func TestA1_ListUsers(t *testing.T) {
	headers := headerSet{
		"content-type": {"application/x-www-form-urlencoded; charset=utf-8"},
		"host":         {"iam.amazonaws.com"},
		"x-amz-date":   {"20150830T123600Z"},
	}
	query, err := canonicalQuery("Action=ListUsers&Version=2010-05-08")
	require.NoError(t, err)
	canonical := canonicalRequest("GET", "/", query, headers, []string{"content-type", "host", "x-amz-date"}, hashHex(nil))
	require.Equal(t, "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59", hashHex([]byte(canonical)))
	require.Equal(t, "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
		stringToSign(scope{"20150830", "us-east-1", "iam"}, "20150830T123600Z", canonical))

	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, " +
		"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	r, err := http.NewRequest("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", nil)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	require.NoError(t, Sign(r, nil, Credentials{AccessKeyID: exampleID, SecretAccessKey: exampleSecret}, "us-east-1", "iam", exampleTime))
	require.Equal(t, want, r.Header.Get("Authorization"))

	got, err := exampleVerifier(t, "iam", exampleTime).Verify(r)
	require.NoError(t, err)
	require.Equal(t, Signed{AccessKeyID: exampleID, Time: exampleTime}, got)
}

// TestA1_Suite has the signatures that AWS's test suite states.
func TestA1_Suite(t *testing.T) {
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Add(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, c := range []struct {
		name, method, target, body string
		header                     http.Header
		signed, signature          string
	}{
		{"get-vanilla", "GET", "/", "", nil, "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", nil, "host;x-amz-date",
			"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "", nil, "host;x-amz-date",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=value1", "", nil, "host;x-amz-date",
			"5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
		{"get-vanilla-utf8-query", "GET", "/?\u1234=bar", "", nil, "host;x-amz-date",
			"2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{"get-header-value-order", "GET", "/", "", header("My-Header1", "value4", "My-Header1", "value1", "My-Header1", "value3", "My-Header1", "value2"),
			"host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
		{"get-header-key-duplicate", "GET", "/", "", header("My-Header1", "value2", "My-Header1", "value2", "My-Header1", "value1"),
			"host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
		{"get-header-value-trim", "GET", "/", "", header("My-Header1", " value1", "My-Header2", `"a   b   c"`),
			"host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{"post-x-www-form-urlencoded", "POST", "/", "Param1=value1", header("Content-Type", "application/x-www-form-urlencoded"),
			"content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
		{"post-sts-header-before, as a GET", "GET", "/", "", header("X-Amz-Security-Token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"),
			"host;x-amz-date;x-amz-security-token", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			authorization := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + c.signed + ", Signature=" + c.signature

			r := received(t, c.method, c.target, c.body, c.header)
			token := r.Header.Get("X-Amz-Security-Token")
			require.NoError(t, Sign(r, []byte(c.body), Credentials{exampleID, exampleSecret, token}, "us-east-1", "service", exampleTime))
			require.Equal(t, authorization, r.Header.Get("Authorization"))

			r = received(t, c.method, c.target, c.body, c.header)
			r.Header.Set("X-Amz-Date", "20150830T123600Z")
			r.Header.Set("Authorization", authorization)
			got, err := exampleVerifier(t, "service", exampleTime).Verify(r)
			require.NoError(t, err)
			require.Equal(t, token, got.SessionToken)
		})
	}
}

// TestA4_PublishedNormalizedPath: the suite's signature for //example// is that
// of the cleaned path. What is routed is not clean, so it is refused.
func TestA4_PublishedNormalizedPath(t *testing.T) {
	r := received(t, "GET", "//example//", "", http.Header{})
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "+
		"Signature=9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84")
	_, err := exampleVerifier(t, "service", exampleTime).Verify(r)
	require.ErrorIs(t, err, InvalidSignature)

	clean := received(t, "GET", "/example/", "", r.Header)
	_, err = exampleVerifier(t, "service", exampleTime).Verify(clean)
	require.NoError(t, err)
}

func TestCanonicalPath(t *testing.T) {
	for wire, want := range map[string]string{
		"":             "/",
		"/":            "/",
		"/a/b":         "/a/b",
		"/a%2Fb":       "/a%252Fb",
		"/a%2fb":       "/a%252fb",
		"/100%25":      "/100%2525",
		"/a%20b":       "/a%2520b",
		"/%E1%88%B4":   "/%25E1%2588%25B4",
		"/\u1234":      "/%E1%88%B4",
		"//example//":  "//example//",
		"/a/../b":      "/a/../b",
		"/a:b@c!$&'()": "/a%3Ab%40c%21%24%26%27%28%29",
	} {
		require.Equal(t, want, encodePath(wire), wire)
	}
}

func TestCanonicalQuery(t *testing.T) {
	for raw, want := range map[string]string{
		"":                        "",
		"b&a=1":                   "a=1&b=",
		"a=10&a=9":                "a=10&a=9",
		"x=a.b&x=a%2Fb":           "x=a%2Fb&x=a.b",
		"k=a-b&k=a%2Fb":           "k=a%2Fb&k=a-b",
		"a-=1&a/=2":               "a%2F=2&a-=1",
		"a=1&a=1":                 "a=1&a=1",
		"q=a+b":                   "q=a%20b",
		"q=a%2Bb":                 "q=a%2Bb",
		"q=a%20b":                 "q=a%20b",
		"a=1=2":                   "a=1%3D2",
		"q=%7Ea":                  "q=~a",
		"q=%c3%a9":                "q=%C3%A9",
		"&&a=1&":                  "a=1",
		"=x":                      "=x",
		"a":                       "a=",
		"X-Amz-Meta-Signature=ok": "X-Amz-Meta-Signature=ok",
	} {
		got, err := canonicalQuery(raw)
		require.NoError(t, err)
		require.Equal(t, want, got, raw)
	}
	for _, raw := range []string{"a=%zz", "a=%", "%g0=1"} {
		_, err := canonicalQuery(raw)
		require.ErrorIs(t, err, IncompleteSignature, raw)
	}
	for _, raw := range []string{"a=1;b=2", "X-Amz-Signature=0", "x-amz-credential=x", "a=1&X-Amz-Security-Token=t", "X%2DAmz-Signature="} {
		_, err := canonicalQuery(raw)
		require.ErrorIs(t, err, UnsupportedSignature, raw)
	}
}
