package sigv4

import (
	"context"
	"crypto/elliptic"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// TestKeyOfV4A has the public key that AWS's SDKs test for these credentials.
func TestKeyOfV4A(t *testing.T) {
	key, err := keyV4A("q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom", "AKISORANDOMAASORANDOM")
	require.NoError(t, err)
	public, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	require.Equal(t, "04"+"15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb"+"0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0",
		hex.EncodeToString(public))
}

// TestCandidates: the edges, which no secret that anybody finds has.
func TestCandidates(t *testing.T) {
	order := elliptic.P256().Params().N
	for less, want := range map[int64]bool{0: false, 1: false, 2: true, 3: true} {
		var candidate [32]byte
		new(big.Int).Sub(order, big.NewInt(less)).FillBytes(candidate[:])
		require.Equal(t, want, belowOrder(&candidate), less)
	}
	for _, c := range []string{"00", "ff", "feff", "ffffffffffffffff00ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f"} {
		n, _ := new(big.Int).SetString(c, 16)
		var number [32]byte
		n.Mod(n, new(big.Int).Lsh(big.NewInt(1), 255)).FillBytes(number[:])
		increment(&number)
		require.Equal(t, new(big.Int).Add(n, big.NewInt(1)), new(big.Int).SetBytes(number[:]))
	}
	require.True(t, belowOrder(&[32]byte{}))
	require.False(t, belowOrder((*[32]byte)([]byte(strings.Repeat("\xff", 32)))))
}

func v4aVerifier(t testing.TB) *Verifier {
	t.Helper()
	return verifierWith(t, func(c *Config) { c.AllowSigV4A, c.AllowPresigned = true, true })
}

func TestA1_V4A(t *testing.T) {
	for regions, accepted := range map[string]bool{
		"eu-west-1": true, "*": true, "eu-*": true, "us-east-1,eu-west-*": true, "us-east-1, eu-west-1": true, "eu-*-1": true,
		"us-east-1": false, "eu-west": false, "eu-west-1-*": false, "EU-west-1": false, "eu-west-12*": false, "us-*,ap-*": false, "*-2": false,
		"eu-west-1*west-1": false,
	} {
		r := testRequest(t, "body")
		require.NoError(t, SignV4A(r, []byte("body"), testCredentials, []string{regions}, "execute-api", now))
		require.Equal(t, regions, r.Header.Get("X-Amz-Region-Set"))
		data := wire(t, r)
		r, err := read(data)
		require.NoError(t, err)
		got, err := v4aVerifier(t).Verify(r)
		if !accepted {
			require.ErrorIs(t, err, InvalidSignature, regions)
			continue
		}
		require.NoError(t, err, regions)
		require.Equal(t, Signed{AccessKeyID: testID, SessionToken: testToken, Time: now}, got)
		r, err = read(data)
		require.NoError(t, err)
		_, err = testVerifier(t).Verify(r)
		require.ErrorIs(t, err, UnsupportedSignature)
	}
	for _, regions := range [][]string{nil, {""}, {"a", ""}, {"*eu*"}, make([]string, 65)} {
		require.ErrorIs(t, SignV4A(testRequest(t, ""), nil, testCredentials, regions, "execute-api", now), IncompleteSignature)
	}
}

// negate makes (r, s) of a signature in the header (r, -s).
func negate(t *testing.T, r *http.Request) {
	t.Helper()
	head, tail, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	der, err := hex.DecodeString(tail)
	require.NoError(t, err)
	var pair struct{ R, S *big.Int }
	_, err = asn1.Unmarshal(der, &pair)
	require.NoError(t, err)
	pair.S.Sub(elliptic.P256().Params().N, pair.S)
	der, err = asn1.Marshal(pair)
	require.NoError(t, err)
	r.Header.Set("Authorization", head+"Signature="+hex.EncodeToString(der))
}

func TestA2_V4AMutations(t *testing.T) {
	auth := func(old, new string) edit { return replaceIn("Authorization", old, new) }
	for _, c := range []struct {
		name string
		edit edit
		code Code
	}{
		{"no region set", set("X-Amz-Region-Set"), IncompleteSignature},
		{"larger region set", set("X-Amz-Region-Set", "*"), InvalidSignature},
		{"region set twice", set("X-Amz-Region-Set", "eu-*", "eu-*"), IncompleteSignature},
		{"region set not signed", auth(";x-amz-region-set", ""), IncompleteSignature},
		{"region in the credential", auth("/execute-api/", "/eu-west-1/execute-api/"), IncompleteSignature},
		{"other service", auth("/execute-api/", "/sts/"), InvalidSignature},
		{"as HMAC", auth(algorithmV4A, algorithmV4), IncompleteSignature},
		{"no signature", auth("Signature=3", "Signature="), IncompleteSignature},
		{"signature not DER", auth("Signature=30", "Signature=31"), InvalidSignature},
		{"signature longer", auth("Signature=", "Signature="+strings.Repeat("00", 72)), IncompleteSignature},
		{"other key", auth(testID, "ASIAABCDEFGHIJKLMNOQ"), InvalidSignature},
		{"body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("Body")) }, InvalidSignature},
		{"method", func(r *http.Request) { r.Method = "PUT" }, InvalidSignature},
		{"streaming", func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", streamSigned)
			auth("x-amz-date", "x-amz-content-sha256;x-amz-date")(r)
		}, UnsupportedSignature},
	} {
		r := testRequest(t, "body")
		require.NoError(t, SignV4A(r, []byte("body"), testCredentials, []string{"eu-*"}, "execute-api", now))
		r = roundTrip(t, r)
		c.edit(r)
		_, err := verifierWith(t, func(c *Config) { c.AllowSigV4A, c.AllowStreaming = true, true }).Verify(r)
		require.ErrorIs(t, err, c.code, c.name)
	}
}

// transport keeps requests, as a server would get them, instead of sending them.
type transport struct {
	t    *testing.T
	sent []*http.Request
}

func (c *transport) Do(r *http.Request) (*http.Response, error) {
	c.sent = append(c.sent, roundTrip(c.t, r))
	return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

// TestA1_V4AOfTheSDK: AWS's SDK signs so for a multi-region access point of S3,
// in the header and in the query.
func TestA1_V4AOfTheSDK(t *testing.T) {
	kept := &transport{t: t}
	client := s3.New(s3.Options{
		Region: "eu-west-1", HTTPClient: kept,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return awsCredentials, nil }),
	})
	const point = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
	_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(point), Key: aws.String("a b/é")})
	require.NoError(t, err)
	// Its presigner, of this kind alone, encodes the path twice for S3 too, so
	// that only keys that need no encoding have the signature S3 wants.
	presigned, err := s3.NewPresignClient(client).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(point), Key: aws.String("ab/c")})
	require.NoError(t, err)
	r, err := http.NewRequest("GET", presigned.URL, nil)
	require.NoError(t, err)
	require.Contains(t, presigned.URL, "X-Amz-Region-Set=%2A")

	for _, r := range []*http.Request{kept.sent[0], roundTrip(t, r)} {
		v := verifierWith(t, func(c *Config) {
			c.Service, c.AllowSigV4A, c.AllowPresigned, c.Now = "s3", true, true, time.Now
		})
		_, err = v.Verify(r)
		require.NoError(t, err)
		path, query, _ := strings.Cut(r.RequestURI, "?")
		target(path + "x?" + query)(r)
		_, err = v.Verify(r)
		require.ErrorIs(t, err, InvalidSignature)
	}
	u, err := url.Parse(presigned.URL)
	require.NoError(t, err)
	require.Equal(t, algorithmV4A, u.Query().Get("X-Amz-Algorithm"), fmt.Sprint(u))
}
