package sigv4

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The credentials and the date of the examples in the documentation of S3.
const (
	s3ID     = "AKIAIOSFODNN7EXAMPLE"
	s3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var (
	s3Time        = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	s3Credentials = Credentials{AccessKeyID: s3ID, SecretAccessKey: s3Secret}
)

func s3Verifier(t testing.TB, change func(*Config)) *Verifier {
	t.Helper()
	config := Config{
		Region: "us-east-1", Service: "s3", Now: func() time.Time { return s3Time },
		Secret: func(_ context.Context, id, _ string) (Secret, error) {
			if id != s3ID {
				return Secret{}, nil
			}
			return Secret{AccessKey: s3Secret}, nil
		},
	}
	if change != nil {
		change(&config)
	}
	v, err := New(config)
	require.NoError(t, err)
	return v
}

// TestA1_S3Header has the requests and signatures of "Signature Calculations for
// the Authorization Header: Transferring Payload in a Single Chunk".
func TestA1_S3Header(t *testing.T) {
	for _, c := range []struct {
		name, method, target, body string
		header                     http.Header
		signed, signature          string
	}{
		{"get object", "GET", "/test.txt", "", http.Header{"Range": {"bytes=0-9"}},
			"host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{"put object", "PUT", "/test%24file.text", "Welcome to Amazon S3.",
			http.Header{"Date": {"Fri, 24 May 2013 00:00:00 GMT"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"}},
			"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{"put object, $ as it is", "PUT", "/test$file.text", "Welcome to Amazon S3.",
			http.Header{"Date": {"Fri, 24 May 2013 00:00:00 GMT"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"}},
			"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{"get bucket lifecycle", "GET", "/?lifecycle", "", nil,
			"host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{"list objects", "GET", "/?max-keys=2&prefix=J", "", nil,
			"host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			authorization := "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=" +
				c.signed + ", Signature=" + c.signature
			make := func() *http.Request {
				r := received(t, c.method, c.target, c.body, c.header)
				r.Host = "examplebucket.s3.amazonaws.com"
				if c.header == nil {
					r.Header = http.Header{}
				}
				return r
			}
			r := make()
			require.NoError(t, Sign(r, []byte(c.body), s3Credentials, "us-east-1", "s3", s3Time))
			require.Equal(t, authorization, r.Header.Get("Authorization"))

			r = make()
			r.Header.Set("X-Amz-Date", "20130524T000000Z")
			r.Header.Set("X-Amz-Content-Sha256", hashHex([]byte(c.body)))
			r.Header.Set("Authorization", authorization)
			got, err := s3Verifier(t, nil).Verify(r)
			require.NoError(t, err)
			require.Equal(t, Signed{AccessKeyID: s3ID, Time: s3Time}, got)
		})
	}
}

// TestA1_S3Presigned is the example of "Authenticating Requests: Using Query
// Parameters".
func TestA1_S3Presigned(t *testing.T) {
	const want = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
		"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&" +
		"X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	r, err := http.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	require.NoError(t, err)
	got, err := Presign(r, nil, s3Credentials, "us-east-1", "s3", s3Time, 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, want, got)

	r, err = http.NewRequest("GET", want, nil)
	require.NoError(t, err)
	v := s3Verifier(t, func(c *Config) { c.AllowPresigned, c.MaxExpires = true, 24*time.Hour })
	signed, err := v.Verify(roundTrip(t, r))
	require.NoError(t, err)
	require.Equal(t, Signed{AccessKeyID: s3ID, Time: s3Time, Presigned: true, Expires: s3Time.Add(24 * time.Hour)}, signed)
}

// TestA1_IAMPresigned is the example of the general reference.
func TestA1_IAMPresigned(t *testing.T) {
	const want = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08&X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
		"X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fiam%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&" +
		"X-Amz-SignedHeaders=content-type%3Bhost&X-Amz-Signature=37ac2f4fde00b0ac9bd9eadeb459b1bbee224158d66e7ae5fcadb70b2d181d02"
	r, err := http.NewRequest("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", nil)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	got, err := Presign(r, nil, Credentials{AccessKeyID: exampleID, SecretAccessKey: exampleSecret}, "us-east-1", "iam", exampleTime, time.Minute)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// s3Chunked makes the example of a chunked upload: 65 kB of the letter a in two
// chunks.
func s3Chunked(t testing.TB, payload, seed string, signatures []string, header http.Header, trailer string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	for i, size := range []int{64 << 10, 1 << 10, 0} {
		fmt.Fprintf(&body, "%x;chunk-signature=%s\r\n", size, signatures[i])
		if size > 0 {
			body.WriteString(strings.Repeat("a", size) + "\r\n")
		}
	}
	body.WriteString(trailer + "\r\n")
	r, err := http.NewRequest("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", &body)
	require.NoError(t, err)
	r.Header = header.Clone()
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("X-Amz-Content-Sha256", payload)
	r.Header.Set("Content-Encoding", "aws-chunked")
	r.Header.Set("X-Amz-Decoded-Content-Length", "66560")
	r.Header.Set("X-Amz-Storage-Class", "REDUCED_REDUNDANCY")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "+seed)
	return roundTrip(t, r)
}

func s3ChunkedExample(t testing.TB) *http.Request {
	t.Helper()
	r := s3Chunked(t, streamSigned,
		"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class, "+
			"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		[]string{
			"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
			"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
			"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
		}, http.Header{}, "")
	require.EqualValues(t, 66_824, r.ContentLength) // as documented
	return r
}

// TestA1_S3Chunked are the examples of "Transferring Payload in Multiple Chunks",
// without and with a trailer.
func TestA1_S3Chunked(t *testing.T) {
	v := s3Verifier(t, func(c *Config) { c.AllowStreaming = true })
	r := s3ChunkedExample(t)
	_, err := v.Verify(r)
	require.NoError(t, err)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("a", 66_560), string(body))
	require.EqualValues(t, 66_560, r.ContentLength)
	require.Empty(t, r.Header.Values("Content-Encoding"))

	r = s3Chunked(t, streamSignedTrail,
		"SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer, "+
			"Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
		[]string{
			"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
			"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
			"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
		}, http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32c"}},
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n")
	_, err = v.Verify(r)
	require.NoError(t, err)
	require.Equal(t, http.Header{"X-Amz-Checksum-Crc32c": {"sOO8/Q=="}}, r.Trailer)
}
