package sigv4

import (
	"net/http"
	"testing"

	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

func TestCanonicalPathOfS3(t *testing.T) {
	for wire, want := range map[string]string{
		"":             "/",
		"/a/b":         "/a/b",
		"/a%2Fb":       "/a%2Fb",
		"/a%20b":       "/a%20b",
		"/100%25":      "/100%25",
		"//a//../b/./": "//a//../b/./",
		"/a:b@c!$&'()": "/a%3Ab%40c%21%24%26%27%28%29",
		"/\u1234":      "/%E1%88%B4",
	} {
		require.Equal(t, want, string(appendPathS3(nil, wire)), wire)
	}
}

// TestA4_S3PathsAreNotCleaned: what a router may tell apart has signatures of
// its own. A character and its percent-encoding are the same to all of them.
func TestA4_S3PathsAreNotCleaned(t *testing.T) {
	v := verifierWith(t, func(c *Config) { c.Service = "s3" })
	targets := []string{
		"/a/b", "/a%2Fb", "/a%2fb", "//a/b", "/a//b", "/a/b/", "/a/./b", "/a/x/../b", "/a/%2E/b", "/A/b", "/a%20b", "/a+b", "/a%252Fb", "/a%00b",
		"/a:b", "/a!b",
	}
	for _, signed := range targets {
		for _, sent := range targets {
			r := received(t, "GET", signed, "", http.Header{})
			require.NoError(t, Sign(r, nil, testCredentials, "eu-west-1", "s3", now))
			target(sent)(r)
			_, err := v.Verify(r)
			require.Equal(t, signed == sent, err == nil, "signed %s, sent %s: %v", signed, sent, err)
		}
	}
	for signed, sent := range map[string]string{"/a:b": "/a%3Ab", "/a%21b": "/a!b"} {
		r := received(t, "GET", signed, "", http.Header{})
		require.NoError(t, Sign(r, nil, testCredentials, "eu-west-1", "s3", now))
		target(sent)(r)
		_, err := v.Verify(r)
		require.NoError(t, err, sent)
	}
}

// TestA3_S3StatesTheHash: S3 refuses a request that does not say how its body is
// covered.
func TestA3_S3StatesTheHash(t *testing.T) {
	v := verifierWith(t, func(c *Config) { c.Service = "s3" })
	sign := func(hash string) error {
		r := testRequest(t, "body")
		if hash != "" {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		signer := awsv4.NewSigner(func(o *awsv4.SignerOptions) { o.DisableURIPathEscaping = true })
		require.NoError(t, signer.SignHTTP(t.Context(), awsCredentials, r, hashHex([]byte("body")), "s3", "eu-west-1", now))
		_, err := v.Verify(roundTrip(t, r))
		return err
	}
	require.NoError(t, sign(hashHex([]byte("body"))))
	require.ErrorIs(t, sign(""), IncompleteSignature)
	require.ErrorIs(t, sign(unsignedPayload), UnsupportedSignature)
	require.ErrorIs(t, sign(hashHex(nil)), InvalidSignature)

	r := testRequest(t, "body")
	require.NoError(t, Sign(r, []byte("body"), testCredentials, "eu-west-1", "s3", now))
	require.Equal(t, hashHex([]byte("body")), r.Header.Get("X-Amz-Content-Sha256"))
	_, err := v.Verify(roundTrip(t, r))
	require.NoError(t, err)
	// The same request for another service has another path.
	r = testRequest(t, "")
	require.NoError(t, Sign(r, nil, testCredentials, "eu-west-1", "s3", now))
	_, err = testVerifier(t).Verify(roundTrip(t, r))
	require.ErrorIs(t, err, InvalidSignature)
}
