package sigv4

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

// signedView is what the signature vouches for.
func signedView(t *testing.T, r *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	c := &claim{}
	require.NoError(t, c.collect(r.Header))
	require.NoError(t, c.query.read(r.URL.RawQuery))
	if c.query.presigned() {
		require.NoError(t, verifierOfAll(t).readPresigned(c))
	} else {
		require.NoError(t, c.readHeader())
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	out := []string{
		r.Method, path, string(c.query.append(nil)), r.Host, string(body), fmt.Sprint(r.ContentLength), fmt.Sprint(r.Trailer),
		c.keyID, string(c.scope.append(nil, c.algorithm)), hex.EncodeToString(c.signature()),
	}
	for _, name := range c.names {
		for _, value := range r.Header.Values(name) {
			out = append(out, name+":"+collapse(value))
		}
	}
	return strings.Join(out, "\n")
}

func verifierOfAll(t testing.TB) *Verifier {
	t.Helper()
	return verifierWith(t, func(c *Config) {
		c.AllowPresigned, c.AllowUnsignedPayload, c.AllowStreaming, c.AllowSigV4A = true, true, true, true
	})
}

// theirsPresigned has AWS's own SDK put the signature in the query.
func theirsPresigned(t testing.TB, r *http.Request, body string) {
	t.Helper()
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "900")
	r.URL.RawQuery = query.Encode()
	signed, header, err := awsv4.NewSigner().PresignHTTP(t.Context(), awsCredentials, r, hashHex([]byte(body)), "execute-api", "eu-west-1", now)
	require.NoError(t, err)
	r.URL, err = url.Parse(signed)
	require.NoError(t, err)
	r.Header = header.Clone()
	r.Header.Del("Host")
}

var awsCredentials = aws.Credentials{AccessKeyID: testID, SecretAccessKey: testSecret, SessionToken: testToken}

// TestA2_EveryByte changes each byte of a signed request on the wire. What is
// still accepted must mean exactly the same.
func TestA2_EveryByte(t *testing.T) {
	const body = `{"note":"buy milk"}`
	v := verifierOfAll(t)
	for name, sign := range map[string]func(testing.TB, *http.Request, string){
		"ours": ours, "theirs": theirs, "presigned": presigned, "theirs, presigned": theirsPresigned,
		"chunked": func(t testing.TB, r *http.Request, body string) { chunked(t, r, streamSigned, body) },
		"chunked with trailer": func(t testing.TB, r *http.Request, body string) {
			chunked(t, r, streamSignedTrail, body, "x-amz-checksum-crc32c")
		},
	} {
		r := testRequest(t, body)
		sign(t, r, body)
		r.Header.Set("User-Agent", "u") // not signed
		data := wire(t, r)
		original, err := read(data)
		require.NoError(t, err)
		_, err = v.Verify(original)
		require.NoError(t, err, name)
		want := signedView(t, original)
		refused, same := 0, 0
		for i := range data {
			for _, c := range []byte{data[i] ^ 1, data[i] ^ 0x20, data[i] ^ 0x80, 'A', '%', '/', '.', ' ', '&', '+', ';', ',', '0', '\t', '\r', '\n'} {
				if c == data[i] {
					continue
				}
				changed := bytes.Clone(data)
				changed[i] = c
				r, err := read(changed)
				if err != nil {
					continue
				}
				if _, err := v.Verify(r); err != nil {
					refused++
					continue
				}
				same++
				require.Equal(t, want, signedView(t, r), "%s: byte %d of %q became %q", name, i, data, c)
			}
		}
		require.Greater(t, refused, 5_000, name)
		require.Less(t, same, refused/10, name)
	}
}

// edit changes a signed request.
type edit func(r *http.Request)

func set(name string, values ...string) edit {
	return func(r *http.Request) { r.Header[name] = values }
}

func replaceIn(name, old, new string) edit {
	return func(r *http.Request) {
		value := r.Header.Get(name)
		if !strings.Contains(value, old) {
			panic("nothing to replace: " + old)
		}
		r.Header.Set(name, strings.Replace(value, old, new, 1))
	}
}

// TestA2_Mutations: each is refused, and as what it is.
func TestA2_Mutations(t *testing.T) {
	auth := func(old, new string) edit { return replaceIn("Authorization", old, new) }
	for _, c := range []struct {
		name string
		edit edit
		code Code
	}{
		{"no authorization", set("Authorization"), MissingAuthenticationToken},
		{"empty authorization", set("Authorization", ""), MissingAuthenticationToken},
		{"bearer", set("Authorization", "Bearer x"), MissingAuthenticationToken},
		{"lower-case scheme", auth("AWS4-HMAC", "aws4-hmac"), MissingAuthenticationToken},
		{"sha-1", auth("SHA256", "SHA1"), UnsupportedSignature},
		{"sigv4a", auth("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), UnsupportedSignature},
		{"authorization twice", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, IncompleteSignature},
		{"authorization in two spellings", func(r *http.Request) { r.Header["authorization"] = []string{"x"} }, IncompleteSignature},
		{"authorization 8 kB", func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")+strings.Repeat(" ", 8192))
		}, IncompleteSignature},
		{"no credential", auth("Credential=", "Credentials="), IncompleteSignature},
		{"no signature", auth(", Signature=", ", X="), IncompleteSignature},
		{"signature twice", func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")+", Signature="+strings.Repeat("0", 64))
		}, IncompleteSignature},
		{"empty member", auth(", Signature", ",, Signature"), IncompleteSignature},
		{"signature cut", func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")[:len(r.Header.Get("Authorization"))-1])
		}, IncompleteSignature},
		{"signature upper case", func(r *http.Request) {
			head, tail, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", head+"Signature="+strings.ToUpper(tail))
		}, IncompleteSignature},
		{"signature zero", func(r *http.Request) {
			head, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", head+"Signature="+strings.Repeat("0", 64))
		}, InvalidSignature},
		{"other access key", auth(testID, "ASIAABCDEFGHIJKLMNOQ"), InvalidSignature},
		{"empty access key", auth(testID, ""), IncompleteSignature},
		{"access key with slash", auth(testID, "A/B"), IncompleteSignature},
		{"access key with NUL", auth(testID, "A\x00B"), IncompleteSignature},
		{"other day", auth("/20260304/", "/20260305/"), IncompleteSignature},
		{"day not digits", auth("/20260304/", "/2026030x/"), IncompleteSignature},
		{"other region", auth("/eu-west-1/", "/eu-west-2/"), InvalidSignature},
		{"region case", auth("/eu-west-1/", "/EU-west-1/"), InvalidSignature},
		{"region wildcard", auth("/eu-west-1/", "/*/"), InvalidSignature},
		{"empty region", auth("/eu-west-1/", "//"), InvalidSignature},
		{"other service", auth("/execute-api/", "/sts/"), InvalidSignature},
		{"other terminator", auth("/aws4_request", "/aws5_request"), IncompleteSignature},
		{"scope too long", auth("/aws4_request", "/x/aws4_request"), IncompleteSignature},
		{"no signed headers", func(r *http.Request) {
			parsed, _ := parseAuthorization(r.Header.Get("Authorization"))
			auth(parsed.signedList, "")(r)
		}, IncompleteSignature},
		{"host not signed", auth("host;", ""), IncompleteSignature},
		{"date not signed", auth("x-amz-date;", ""), IncompleteSignature},
		{"token not signed", auth("x-amz-security-token;", ""), IncompleteSignature},
		{"target not signed", auth("x-amz-target;", ""), IncompleteSignature},
		{"other header not signed", auth(";x-custom", ""), InvalidSignature},
		{"signed headers not sorted", auth("host;x-amz-date", "x-amz-date;host"), IncompleteSignature},
		{"signed header twice", auth("host;", "host;host;"), IncompleteSignature},
		{"signed header upper case", auth("host;", "Host;"), IncompleteSignature},
		{"signed header empty", auth("host;", "host;;"), IncompleteSignature},
		{"signed header absent", auth("content-type;", "content-type;cookie;"), IncompleteSignature},
		{"signs authorization", auth("SignedHeaders=", "SignedHeaders=authorization;"), IncompleteSignature},
		{"unsigned x-amz header added", set("X-Amz-Meta-Extra", "1"), IncompleteSignature},
		{"empty unsigned x-amz header", set("X-Amz-Acl", ""), IncompleteSignature},
		{"date absent", set("X-Amz-Date"), IncompleteSignature},
		{"date twice", set("X-Amz-Date", "20260304T050607Z", "20260304T050607Z"), IncompleteSignature},
		{"date changed", set("X-Amz-Date", "20260304T050608Z"), InvalidSignature},
		{"date with fraction", set("X-Amz-Date", "20260304T050607.0Z"), IncompleteSignature},
		{"date of RFC 3339", set("X-Amz-Date", "2026-03-04T05:06:07Z"), IncompleteSignature},
		{"date impossible", set("X-Amz-Date", "20260304T250607Z"), IncompleteSignature},
		{"only Date", func(r *http.Request) {
			r.Header.Del("X-Amz-Date")
			r.Header.Set("Date", now.Format(http.TimeFormat))
		}, IncompleteSignature},
		{"other host", func(r *http.Request) { r.Host = "other.example.com" }, InvalidSignature},
		{"host case", func(r *http.Request) { r.Host = "API.example.com" }, InvalidSignature},
		{"host with port", func(r *http.Request) { r.Host += ":443" }, InvalidSignature},
		{"no host", func(r *http.Request) { r.Host = "" }, IncompleteSignature},
		{"host header too", set("Host", "evil.example.com"), IncompleteSignature},
		{"two host headers", set("Host", "api.example.com", "api.example.com"), IncompleteSignature},
		{"other method", func(r *http.Request) { r.Method = "PUT" }, InvalidSignature},
		{"method case", func(r *http.Request) { r.Method = "post" }, InvalidSignature},
		{"header value changed", set("X-Custom", "one two", "four"), InvalidSignature},
		{"header values swapped", set("X-Custom", "three", "one two"), InvalidSignature},
		{"header value removed", set("X-Custom", "one two"), InvalidSignature},
		{"content type changed", set("Content-Type", "text/html"), InvalidSignature},
		{"stated hash wrong", func(r *http.Request) {
			set("X-Amz-Content-Sha256", strings.Repeat("0", 64))(r)
			auth("x-amz-date", "x-amz-content-sha256;x-amz-date")(r)
		}, InvalidSignature},
		{"stated hash twice", func(r *http.Request) {
			set("X-Amz-Content-Sha256", hashHex(nil), hashHex(nil))(r)
			auth("x-amz-date", "x-amz-content-sha256;x-amz-date")(r)
		}, IncompleteSignature},
		{"body changed", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")) }, InvalidSignature},
		{"body appended", func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(r.Body, strings.NewReader(" "))) }, InvalidSignature},
		{"body removed", func(r *http.Request) { r.Body = http.NoBody }, InvalidSignature},
		{"body breaks off", func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)) }, RequestBodyUnreadable},
		{"query parameter added", target("/notes/a%2Fb?tag=x+y&tag=a%2Fb&empty&more=1"), InvalidSignature},
		{"query removed", target("/notes/a%2Fb"), InvalidSignature},
		{"query not encoded", target("/notes/a%2Fb?tag=%zz"), IncompleteSignature},
		{"plus means space", target("/notes/a%2Fb?tag=x%2By&tag=a%2Fb&empty"), InvalidSignature},
		{"absolute form", func(r *http.Request) { r.RequestURI = "https://api.example.com" + r.RequestURI }, UnsupportedSignature},
		{"asterisk form", func(r *http.Request) { r.RequestURI = "*" }, UnsupportedSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := testRequest(t, `{"a":1}`)
			ours(t, r, `{"a":1}`)
			r = roundTrip(t, r)
			c.edit(r)
			_, err := testVerifier(t).Verify(r)
			require.ErrorIs(t, err, c.code)
			var refused *Error
			require.True(t, errors.As(err, &refused))
			require.NotEmpty(t, refused.Message)
			require.NotContains(t, err.Error(), testSecret)
		})
	}
}

// target gives a request another target, as if it had come over the wire.
func target(uri string) edit {
	return func(r *http.Request) {
		u, err := url.ParseRequestURI(uri)
		if err != nil {
			panic(err)
		}
		r.URL, r.RequestURI = u, uri
	}
}

// TestA3_PayloadsThatAreNotHashed: what stands for a body that is not hashed.
func TestA3_PayloadsThatAreNotHashed(t *testing.T) {
	for _, stated := range []string{
		"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-EVENTS",
	} {
		r := testRequest(t, "body")
		r.Header.Set("X-Amz-Content-Sha256", stated)
		// The SDK signs the very words as the hash, as S3 wants it.
		err := awsv4.NewSigner().SignHTTP(t.Context(), awsCredentials,
			r, stated, "execute-api", "eu-west-1", now)
		require.NoError(t, err)
		_, err = testVerifier(t).Verify(roundTrip(t, r))
		require.ErrorIs(t, err, UnsupportedSignature, stated)
		if stated != unsignedPayload {
			require.ErrorIs(t, Sign(r, []byte("body"), Credentials{testID, testSecret, testToken}, "eu-west-1", "execute-api", now), UnsupportedSignature)
		}
	}
	for _, stated := range []string{"", "unsigned-payload", "UNSIGNED", strings.ToUpper(hashHex([]byte("body"))), "x" + hashHex([]byte("body"))} {
		r := testRequest(t, "body")
		r.Header["X-Amz-Content-Sha256"] = []string{stated}
		theirs(t, r, "body")
		_, err := testVerifier(t).Verify(roundTrip(t, r))
		require.ErrorIs(t, err, InvalidSignature, stated)
	}
	for name, value := range map[string]string{
		"Content-Encoding": "gzip, AWS-Chunked", "X-Amz-Trailer": "x-amz-checksum-crc32", "X-Amz-Decoded-Content-Length": "4", "Trailer": "X-Sum",
	} {
		r := testRequest(t, "body")
		r.Header.Set(name, value)
		ours(t, r, "body")
		r.Body = io.NopCloser(strings.NewReader("body"))
		r.Host = "api.example.com" // as is: the client library would not send a Trailer header
		_, err := testVerifier(t).Verify(r)
		require.ErrorIs(t, err, UnsupportedSignature, name)
	}
	r := testRequest(t, "body")
	ours(t, r, "body")
	r = roundTrip(t, r)
	r.Trailer = http.Header{"X-Sum": nil}
	_, err := testVerifier(t).Verify(r)
	require.ErrorIs(t, err, UnsupportedSignature)
}

// TestA3_TrailerNotAnnounced: whoever can change a request that is sent in
// pieces can add a trailer, which net/http hands to the handler.
func TestA3_TrailerNotAnnounced(t *testing.T) {
	stated := func(hash string) func(testing.TB, *http.Request, string) {
		return func(t testing.TB, r *http.Request, body string) {
			r.Header.Set("X-Amz-Content-Sha256", hash)
			ours(t, r, body)
		}
	}
	for name, sign := range map[string]func(testing.TB, *http.Request, string){
		"hashed": ours, "stated": stated(hashHex([]byte(whole))), "unsigned": stated(unsignedPayload), "presigned": presigned,
		"streamed": func(t testing.TB, r *http.Request, body string) { chunked(t, r, streamSigned, body) },
		"streamed with trailer": func(t testing.TB, r *http.Request, body string) {
			chunked(t, r, streamSignedTrail, body, "x-amz-checksum-crc32")
		},
	} {
		r := testRequest(t, whole)
		sign(t, r, whole)
		r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
		data := wire(t, r)
		r, err := read(data)
		require.NoError(t, err)
		_, err = verifierOfAll(t).Verify(r)
		require.NoError(t, err, name)

		end := []byte("\r\n0\r\n")
		at := bytes.LastIndex(data, end) + len(end)
		r, err = read(slices.Concat(data[:at], []byte("X-Role: admin\r\n"), data[at:]))
		require.NoError(t, err)
		_, err = verifierOfAll(t).Verify(r)
		require.ErrorIs(t, err, UnsupportedSignature, name)
		require.Equal(t, "admin", r.Trailer.Get("X-Role"), "it is what net/http does")
	}
}
