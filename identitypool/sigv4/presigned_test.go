package sigv4

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

func presignedVerifier(t testing.TB) *Verifier {
	t.Helper()
	return verifierWith(t, func(c *Config) { c.AllowPresigned = true })
}

// TestA1_PresignedBothDirections: AWS's SDK and this package put the same
// signature in a query, and the verifier accepts both.
func TestA1_PresignedBothDirections(t *testing.T) {
	for _, target := range []string{
		"https://api.example.com/", "https://api.example.com:8443/a/b?x=1", "https://api.example.com/a%2Fb/%C3%A9%20?Zebra=1&z=2&a=%2B+",
		"https://api.example.com/x?X-Amz-Meta=1&x-a=2&k=a-b&k=a%2Fb",
	} {
		for _, body := range []string{"", `{"a":1}`} {
			make := func() *http.Request {
				r, err := http.NewRequest("PUT", target, strings.NewReader(body))
				require.NoError(t, err)
				r.Header.Set("Content-Type", "text/plain")
				return r
			}
			a, b := make(), make()
			a.ContentLength, b.ContentLength = 0, 0 // the SDK would sign it
			theirsPresigned(t, a, body)
			presigned(t, b, body)
			theirs, ours := a.URL.Query(), b.URL.Query()
			require.Equal(t, theirs, ours, target)

			for _, sign := range []func(testing.TB, *http.Request, string){theirsPresigned, presigned} {
				r := make()
				sign(t, r, body)
				got, err := presignedVerifier(t).Verify(roundTrip(t, r))
				require.NoError(t, err, target)
				require.Equal(t, Signed{
					AccessKeyID: testID, SessionToken: testToken, Time: now, Presigned: true, Expires: now.Add(15 * time.Minute),
				}, got)
			}
		}
	}
}

// TestA2_Presigned: without AllowPresigned a signature in the query is refused,
// also beside a good one in the header.
func TestA2_Presigned(t *testing.T) {
	r := testRequest(t, "")
	theirsPresigned(t, r, "")
	_, err := testVerifier(t).Verify(roundTrip(t, r))
	require.ErrorIs(t, err, UnsupportedSignature)
	require.ErrorContains(t, err, "in the query")

	r = testRequest(t, "")
	r.URL.RawQuery = "X-Amz-Security-Token=" + url.QueryEscape(testToken)
	require.ErrorIs(t, Sign(r, nil, Credentials{testID, testSecret, ""}, "eu-west-1", "execute-api", now), UnsupportedSignature)
	ours(t, testRequest(t, ""), "")
	r = testRequest(t, "")
	ours(t, r, "")
	r = roundTrip(t, r)
	target(r.RequestURI + "&X-Amz-Security-Token=x")(r)
	for _, v := range []*Verifier{testVerifier(t), presignedVerifier(t)} {
		_, err = v.Verify(r)
		require.Error(t, err)
	}
}

// param replaces the value of a query parameter as it stands on the wire, or
// removes it.
func param(name, value string) edit {
	return func(r *http.Request) {
		path, query, _ := strings.Cut(r.RequestURI, "?")
		var parts []string
		for part := range strings.SplitSeq(query, "&") {
			if strings.HasPrefix(part, name+"=") {
				if value == "" {
					continue
				}
				part = name + "=" + value
			}
			parts = append(parts, part)
		}
		target(path + "?" + strings.Join(parts, "&"))(r)
	}
}

// more adds to the query.
func more(text string) edit { return func(r *http.Request) { target(r.RequestURI + "&" + text)(r) } }

// paramIn replaces text in the query.
func paramIn(old, new string) edit {
	return func(r *http.Request) {
		if !strings.Contains(r.RequestURI, old) {
			panic("nothing to replace: " + old)
		}
		target(strings.Replace(r.RequestURI, old, new, 1))(r)
	}
}

func TestA2_PresignedMutations(t *testing.T) {
	for _, c := range []struct {
		name string
		edit edit
		code Code
	}{
		{"no algorithm", param("X-Amz-Algorithm", ""), IncompleteSignature},
		{"other algorithm", param("X-Amz-Algorithm", "AWS4-HMAC-SHA1"), UnsupportedSignature},
		{"algorithm of SigV4A", param("X-Amz-Algorithm", algorithmV4A), UnsupportedSignature},
		{"algorithm case", param("X-Amz-Algorithm", "aws4-hmac-sha256"), UnsupportedSignature},
		{"no credential", param("X-Amz-Credential", ""), IncompleteSignature},
		{"other region", paramIn("%2Feu-west-1%2F", "%2Feu-west-2%2F"), InvalidSignature},
		{"other service", paramIn("%2Fexecute-api%2F", "%2Fsts%2F"), InvalidSignature},
		{"other day", paramIn("%2F20260304%2F", "%2F20260303%2F"), IncompleteSignature},
		{"other key", paramIn(testID, "ASIAABCDEFGHIJKLMNOQ"), InvalidSignature},
		{"no date", param("X-Amz-Date", ""), IncompleteSignature},
		{"other date", param("X-Amz-Date", "20260304T050608Z"), InvalidSignature},
		{"date with fraction", param("X-Amz-Date", "20260304T050607.1Z"), IncompleteSignature},
		{"no expires", param("X-Amz-Expires", ""), IncompleteSignature},
		{"longer expires", param("X-Amz-Expires", "901"), UnsupportedSignature},
		{"shorter expires", param("X-Amz-Expires", "899"), InvalidSignature},
		{"expires 0", param("X-Amz-Expires", "0"), IncompleteSignature},
		{"expires negative", param("X-Amz-Expires", "-1"), IncompleteSignature},
		{"expires with sign", param("X-Amz-Expires", "%2B900"), IncompleteSignature},
		{"expires with zero", param("X-Amz-Expires", "0900"), IncompleteSignature},
		{"expires fraction", param("X-Amz-Expires", "900.0"), IncompleteSignature},
		{"expires beyond a week", param("X-Amz-Expires", "604801"), IncompleteSignature},
		{"expires beyond all", param("X-Amz-Expires", "99999999999999999999"), IncompleteSignature},
		{"no signed headers", param("X-Amz-SignedHeaders", ""), IncompleteSignature},
		{"host not signed", paramIn("%3Bhost%3B", "%3B"), IncompleteSignature},
		{"x-amz header not signed", paramIn("%3Bx-amz-target", ""), IncompleteSignature},
		{"signed headers not sorted", paramIn("content-type%3Bhost", "host%3Bcontent-type"), IncompleteSignature},
		{"no signature", param("X-Amz-Signature", ""), IncompleteSignature},
		{"signature zero", param("X-Amz-Signature", strings.Repeat("0", 64)), InvalidSignature},
		{"signature cut", param("X-Amz-Signature", strings.Repeat("0", 62)), IncompleteSignature},
		{"signature upper case", param("X-Amz-Signature", strings.Repeat("A", 64)), IncompleteSignature},
		{"signature twice", more("X-Amz-Signature=" + strings.Repeat("0", 64)), IncompleteSignature},
		{"expires twice", more("X-Amz-Expires=900"), IncompleteSignature},
		{"date twice", more("X-Amz-Date=20260304T050607Z"), IncompleteSignature},
		{"expires in other spelling", more("x-amz-expires=900"), IncompleteSignature},
		{"expires twice, encoded", more("X%2DAmz-Expires=900"), IncompleteSignature},
		{"no token", param("X-Amz-Security-Token", ""), InvalidSignature},
		{"other token", param("X-Amz-Security-Token", url.QueryEscape(otherToken)), InvalidSignature},
		{"token twice", more("X-Amz-Security-Token=x"), IncompleteSignature},
		{"parameter added", more("a=b"), InvalidSignature},
		{"parameter changed", paramIn("tag=x%20y", "tag=x%20z"), InvalidSignature},
		{"unsigned payload", more("X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"), UnsupportedSignature},
		{"hash of another body", more("X-Amz-Content-Sha256=" + hashHex(nil)), InvalidSignature},
		{"streaming payload", more("X-Amz-Content-Sha256=" + streamSigned), UnsupportedSignature},
		{"region set", more("X-Amz-Region-Set=%2A"), InvalidSignature},
		{"header authorization too", set("Authorization", "AWS4-HMAC-SHA256 x"), IncompleteSignature},
		{"bearer token too", set("Authorization", "Bearer x"), IncompleteSignature},
		{"header date too", set("X-Amz-Date", "20260304T050607Z"), IncompleteSignature},
		{"header token too", set("X-Amz-Security-Token", testToken), IncompleteSignature},
		{"header region set too", set("X-Amz-Region-Set", "*"), IncompleteSignature},
		{"header hash not signed", set("X-Amz-Content-Sha256", hashHex([]byte(`{"a":1}`))), IncompleteSignature},
		{"header x-amz added", set("X-Amz-Acl", "public-read"), IncompleteSignature},
		{"other header", set("Content-Type", "text/html"), InvalidSignature},
		{"other host", func(r *http.Request) { r.Host = "other.example.com" }, InvalidSignature},
		{"other method", func(r *http.Request) { r.Method = "GET" }, InvalidSignature},
		{"other path", paramIn("/notes/a%2Fb", "/notes/a/b"), InvalidSignature},
		{"other body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"a":2}`)) }, InvalidSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := testRequest(t, `{"a":1}`)
			presigned(t, r, `{"a":1}`)
			r = roundTrip(t, r)
			_, err := presignedVerifier(t).VerifyBody(r, []byte(`{"a":1}`))
			require.NoError(t, err)
			c.edit(r)
			_, err = presignedVerifier(t).Verify(r)
			require.ErrorIs(t, err, c.code)
			require.NotContains(t, err.Error(), testSecret)
		})
	}
}

// TestA6_PresignedToken: it is part of what is signed. One that is appended
// after signing is refused, with which the caller could not be told from others.
func TestA6_PresignedToken(t *testing.T) {
	r := testRequest(t, "")
	signed, err := Presign(r, nil, Credentials{testID, testSecret, ""}, "eu-west-1", "execute-api", now, time.Minute)
	require.NoError(t, err)
	r.URL, err = r.URL.Parse(signed + "&X-Amz-Security-Token=" + url.QueryEscape(testToken))
	require.NoError(t, err)
	_, err = presignedVerifier(t).Verify(roundTrip(t, r))
	require.ErrorIs(t, err, InvalidSignature)
	r.URL, err = r.URL.Parse(signed)
	require.NoError(t, err)
	r.Header.Set("X-Amz-Security-Token", testToken)
	_, err = presignedVerifier(t).Verify(roundTrip(t, r))
	require.ErrorIs(t, err, IncompleteSignature)
}

// TestA8_PresignedTimes: to the second, from the date less the skew to the end.
func TestA8_PresignedTimes(t *testing.T) {
	for offset, code := range map[time.Duration]Code{
		0: "", -5 * time.Minute: "", -5*time.Minute - 1: RequestTimeTooSkewed, 10 * time.Minute: "", 10*time.Minute + 1: ExpiredRequest,
		24 * time.Hour: ExpiredRequest, -24 * time.Hour: RequestTimeTooSkewed, 100 * 365 * 24 * time.Hour: ExpiredRequest,
	} {
		v := verifierWith(t, func(c *Config) {
			c.AllowPresigned, c.Now = true, func() time.Time { return now.Add(offset) }
		})
		r := testRequest(t, "")
		signed, err := Presign(r, nil, testCredentials, "eu-west-1", "execute-api", now, 10*time.Minute)
		require.NoError(t, err)
		r.URL, err = r.URL.Parse(signed)
		require.NoError(t, err)
		_, err = v.Verify(roundTrip(t, r))
		if code == "" {
			require.NoError(t, err, offset)
			continue
		}
		require.ErrorIs(t, err, code, offset)
	}
}

func TestPresignedBound(t *testing.T) {
	for _, c := range []struct {
		most, expires time.Duration
		accepted      bool
	}{
		{0, 15 * time.Minute, true}, {0, 15*time.Minute + time.Second, false}, {time.Second, time.Second, true}, {time.Second, 2 * time.Second, false},
		{maxExpires, maxExpires, true},
	} {
		v := verifierWith(t, func(config *Config) { config.AllowPresigned, config.MaxExpires = true, c.most })
		r := testRequest(t, "")
		signed, err := Presign(r, nil, testCredentials, "eu-west-1", "execute-api", now, c.expires)
		require.NoError(t, err)
		r.URL, err = r.URL.Parse(signed)
		require.NoError(t, err)
		_, err = v.Verify(roundTrip(t, r))
		if c.accepted {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, UnsupportedSignature)
	}
}

// The body of a presigned request for S3 is not signed; for others it is.
func TestA3_PresignedPayload(t *testing.T) {
	presign := func(service, hash, query string) *http.Request {
		r, err := http.NewRequest("PUT", "https://api.example.com/a?X-Amz-Expires=60"+query, nil)
		require.NoError(t, err)
		signed, _, err := awsv4.NewSigner().PresignHTTP(t.Context(), awsCredentials, r, hash, service, "eu-west-1", now)
		require.NoError(t, err)
		r, err = http.NewRequest("PUT", signed, strings.NewReader("body"))
		require.NoError(t, err)
		return roundTrip(t, r)
	}
	verify := func(service string, unsigned bool, r *http.Request) error {
		v := verifierWith(t, func(c *Config) { c.Service, c.AllowPresigned, c.AllowUnsignedPayload = service, true, unsigned })
		_, err := v.Verify(r)
		return err
	}
	hash := hashHex([]byte("body"))
	require.NoError(t, verify("s3", false, presign("s3", unsignedPayload, "")))
	require.NoError(t, verify("s3", false, presign("s3", unsignedPayload, "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD")))
	require.NoError(t, verify("s3", false, presign("s3", hash, "&X-Amz-Content-Sha256="+hash)))
	require.ErrorIs(t, verify("s3", false, presign("s3", hashHex(nil), "&X-Amz-Content-Sha256="+hashHex(nil))), InvalidSignature)
	require.NoError(t, verify("execute-api", false, presign("execute-api", hash, "")))
	require.ErrorIs(t, verify("execute-api", false, presign("execute-api", hashHex(nil), "")), InvalidSignature)
	require.ErrorIs(t, verify("execute-api", true, presign("execute-api", unsignedPayload, "")), InvalidSignature)
	unsigned := "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
	require.ErrorIs(t, verify("execute-api", false, presign("execute-api", unsignedPayload, unsigned)), UnsupportedSignature)
	require.NoError(t, verify("execute-api", true, presign("execute-api", unsignedPayload, unsigned)))
}

// TestA2_PresignedHashTwice: the hash stands in the query or in a header, also
// when both are signed.
func TestA2_PresignedHashTwice(t *testing.T) {
	for _, in := range []string{"query", "header", "both"} {
		r, err := http.NewRequest("PUT", "https://api.example.com/a?X-Amz-Expires=60", nil)
		require.NoError(t, err)
		if in != "header" {
			r.URL.RawQuery += "&X-Amz-Content-Sha256=" + hashHex(nil)
		}
		if in != "query" {
			r.Header.Set("X-Amz-Content-Sha256", hashHex(nil))
		}
		signer := awsv4.NewSigner(func(o *awsv4.SignerOptions) { o.DisableHeaderHoisting = true })
		signed, _, err := signer.PresignHTTP(t.Context(), awsCredentials, r, hashHex(nil), "execute-api", "eu-west-1", now)
		require.NoError(t, err)
		r.URL, err = url.Parse(signed)
		require.NoError(t, err)
		_, err = presignedVerifier(t).Verify(roundTrip(t, r))
		if in == "both" {
			require.ErrorIs(t, err, IncompleteSignature)
			continue
		}
		require.NoError(t, err, in)
	}
}

func TestPresignRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		credentials Credentials
		service     string
		expires     time.Duration
		edit        edit
	}{
		"no secret":       {Credentials{testID, "", ""}, "s3", time.Minute, nil},
		"no service":      {testCredentials, "", time.Minute, nil},
		"no time":         {testCredentials, "s3", 0, nil},
		"too long":        {testCredentials, "s3", maxExpires + time.Second, nil},
		"fraction":        {testCredentials, "s3", 1500 * time.Millisecond, nil},
		"header date":     {testCredentials, "s3", time.Minute, set("X-Amz-Date", "x")},
		"authorization":   {testCredentials, "s3", time.Minute, set("Authorization", "x")},
		"presigned":       {testCredentials, "s3", time.Minute, func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=x" }},
		"bad query":       {testCredentials, "s3", time.Minute, func(r *http.Request) { r.URL.RawQuery = "%" }},
		"no host":         {testCredentials, "s3", time.Minute, func(r *http.Request) { r.Host, r.URL.Host = "", "" }},
		"streaming":       {testCredentials, "s3", time.Minute, set("X-Amz-Content-Sha256", streamSigned)},
		"many parameters": {testCredentials, "s3", time.Minute, func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a&", 1001) }},
	} {
		r := testRequest(t, "")
		if c.edit != nil {
			c.edit(r)
		}
		before := wireOrNil(r)
		_, err := Presign(r, nil, c.credentials, "eu-west-1", c.service, now, c.expires)
		var refused *Error
		require.True(t, errors.As(err, &refused), "%s: %v", name, err)
		require.Equal(t, before, wireOrNil(r), name)
	}
}

func wireOrNil(r *http.Request) []byte {
	var b bytes.Buffer
	if err := r.Clone(r.Context()).Write(&b); err != nil {
		return nil
	}
	return b.Bytes()
}
