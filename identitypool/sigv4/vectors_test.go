package sigv4

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
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
		Secret: func(_ context.Context, id, _ string) (Secret, error) {
			if id == exampleID {
				return Secret{AccessKey: exampleSecret}, nil
			}
			return Secret{}, nil
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
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, " +
		"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	r, err := http.NewRequest("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", nil)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	require.NoError(t, Sign(r, nil, Credentials{AccessKeyID: exampleID, SecretAccessKey: exampleSecret}, "us-east-1", "iam", exampleTime))
	require.Equal(t, want, r.Header.Get("Authorization"))

	c, canonical := canonicalOf(t, r, hashHex(nil))
	require.Equal(t, "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59", hashHex([]byte(canonical)))
	require.Equal(t, "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
		string(c.stringToSign(nil, sha256.Sum256([]byte(canonical)))))

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
		{"get-vanilla-empty-query-key", "GET", "/?Param1=value1", "", nil, "host;x-amz-date",
			"a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		{"get-vanilla-query-unreserved", "GET", "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
			"", nil, "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
		{"post-vanilla", "POST", "/", "", nil, "host;x-amz-date",
			"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-vanilla-query", "POST", "/?Param1=value1", "", nil, "host;x-amz-date",
			"28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
		{"post-header-key-sort", "POST", "/", "", header("My-Header1", "value1"), "host;my-header1;x-amz-date",
			"c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
		{"post-header-value-case", "POST", "/", "", header("My-Header1", "VALUE1"), "host;my-header1;x-amz-date",
			"cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
		{"post-x-www-form-urlencoded-parameters", "POST", "/", "Param1=value1", header("Content-Type", "application/x-www-form-urlencoded; charset=utf8"),
			"content-type;host;x-amz-date", "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
		{"post-sts-header-before", "POST", "/", "", header("X-Amz-Security-Token",
			"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="),
			"host;x-amz-date;x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
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
			inQuery(t, received(t, c.method, c.target, c.body, c.header), c.body)
		})
	}
}

// inQuery has AWS's SDK sign a case of the suite in its query form, and compares
// the signature with ours.
func inQuery(t *testing.T, r *http.Request, body string) {
	t.Helper()
	keys := Credentials{exampleID, exampleSecret, r.Header.Get("X-Amz-Security-Token")}
	r.Header.Del("X-Amz-Security-Token")
	r.ContentLength = 0 // the SDK would sign it
	ours, err := Presign(r, []byte(body), keys, "us-east-1", "service", exampleTime, time.Hour)
	require.NoError(t, err)
	theirs := r.Clone(t.Context())
	theirs.URL.Host = r.Host
	query := theirs.URL.Query()
	query.Set("X-Amz-Expires", "3600")
	theirs.URL.RawQuery = query.Encode()
	signed, _, err := awsv4.NewSigner().PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken},
		theirs, hashHex([]byte(body)), "service", "us-east-1", exampleTime)
	require.NoError(t, err)
	for _, signed := range []string{ours, signed} {
		u, err := url.Parse(signed)
		require.NoError(t, err)
		sent := r.Clone(t.Context())
		target(u.RequestURI())(sent)
		v := exampleVerifier(t, "service", exampleTime.Add(time.Hour))
		v.config.AllowPresigned, v.config.MaxExpires = true, time.Hour
		got, err := v.VerifyBody(sent, []byte(body))
		require.NoError(t, err)
		require.Equal(t, Signed{AccessKeyID: exampleID, SessionToken: keys.SessionToken, Time: exampleTime, Presigned: true, Expires: exampleTime.Add(time.Hour)}, got)
	}
	a, err := url.Parse(ours)
	require.NoError(t, err)
	b, err := url.Parse(signed)
	require.NoError(t, err)
	require.Equal(t, b.Query().Get("X-Amz-Signature"), a.Query().Get("X-Amz-Signature"))
}

// TestA1_SuiteRawPath is get-utf8. Its path is not percent-encoded on the wire,
// as no client of today sends it; it is verified as it stands.
func TestA1_SuiteRawPath(t *testing.T) {
	r := received(t, "GET", "/\u1234", "", http.Header{})
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "+
		"Signature=8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")
	_, err := exampleVerifier(t, "service", exampleTime).Verify(r)
	require.NoError(t, err)
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
		"b=2&X-Amz-Signature=0":   "b=2",
		"X-Amz-Expires=1&A=1":     "A=1&X-Amz-Expires=1",
	} {
		got, err := canonicalQuery(raw)
		require.NoError(t, err)
		require.Equal(t, want, got, raw)
	}
	for _, raw := range []string{"a=%zz", "a=%", "a=%1", "%g0=1", "x-amz-credential=x", "X-Amz-Date=1&X-Amz-Date=1"} {
		_, err := canonicalQuery(raw)
		require.ErrorIs(t, err, IncompleteSignature, raw)
	}
	for _, raw := range []string{"a=1;b=2", strings.Repeat("a&", 1001)} {
		_, err := canonicalQuery(raw)
		require.ErrorIs(t, err, UnsupportedSignature, raw)
	}
}
