package sigv4

import (
	"crypto/sha256"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func canonicalQuery(raw string) (string, error) {
	var q query
	if err := q.read(raw); err != nil {
		return "", err
	}
	return string(q.append(nil)), nil
}

func encodePath(path string) string { return string(appendPath(nil, path)) }

func collapse(value string) string { return string(appendCollapsed(nil, value)) }

func parseAuthorization(value string) (authorization, error) {
	a := authorization{allowV4A: true}
	err := a.parseHeader(value)
	return a, err
}

// canonicalOf returns the canonical request of one that is signed in the header.
func canonicalOf(t testing.TB, r *http.Request, payload string) (*claim, string) {
	t.Helper()
	c := &claim{authorization: authorization{allowV4A: true}}
	require.NoError(t, c.collect(r.Header))
	require.NoError(t, c.readHeader())
	var err error
	c.path, err = wirePath(r)
	require.NoError(t, err)
	require.NoError(t, c.query.read(r.URL.RawQuery))
	require.NoError(t, c.place(r.Header, r.Host, r.ContentLength))
	return c, string(c.canonical(nil, r.Method, []byte(payload)))
}

// signatureOf returns the signature that a canonical request should have.
func signatureOf(c *claim, secret, canonical string) []byte {
	key := c.room.signingKey(secret, c.scope)
	sum := c.room.mac(key[:], c.stringToSign(nil, sha256.Sum256([]byte(canonical))))
	return sum[:]
}

var testCredentials = Credentials{testID, testSecret, testToken}

// verifierWith is testVerifier with another configuration.
func verifierWith(t testing.TB, change func(*Config)) *Verifier {
	t.Helper()
	config := Config{Region: "eu-west-1", Service: "execute-api", Secret: testSecretOf, Now: func() time.Time { return now }}
	change(&config)
	v, err := New(config)
	require.NoError(t, err)
	return v
}

// presigned makes the request one with a signature in its query.
func presigned(t testing.TB, r *http.Request, body string) {
	t.Helper()
	signed, err := Presign(r, []byte(body), testCredentials, "eu-west-1", "execute-api", now, 15*time.Minute)
	require.NoError(t, err)
	r.URL, err = r.URL.Parse(signed)
	require.NoError(t, err)
}
