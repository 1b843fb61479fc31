package sigv4

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// chunked gives the request body in chunks of ten bytes, signed as AWS's
// examples are (TestA1_S3Chunked), with the checksums named in its trailer.
func chunked(t testing.TB, r *http.Request, payload, body string, checksum ...string) {
	t.Helper()
	chunkedAs(t, r, payload, body, len(body), checksum...)
}

// chunkedAs states a length.
func chunkedAs(t testing.TB, r *http.Request, payload, body string, length int, checksum ...string) {
	t.Helper()
	r.Header.Set("X-Amz-Content-Sha256", payload)
	r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(length))
	r.Header.Set("Content-Encoding", "gzip,aws-chunked")
	if len(checksum) > 0 && r.Header.Get("X-Amz-Trailer") == "" {
		r.Header.Set("X-Amz-Trailer", strings.Join(checksum, ","))
	}
	r.ContentLength = 0 // not signed: it is not known yet
	require.NoError(t, awsv4.NewSigner().SignHTTP(t.Context(), awsCredentials, r, payload, "execute-api", "eu-west-1", now))

	c := &claim{}
	require.NoError(t, c.collect(r.Header))
	require.NoError(t, c.readHeader())
	var links *chain
	if payload != streamUnsigned {
		links = newChain(c, proof{key: c.room.signingKey(testSecret, c.scope)})
	}
	var out strings.Builder
	for done := false; !done; {
		n := min(10, len(body))
		fmt.Fprintf(&out, "%x", n)
		if links != nil {
			out.WriteString(";chunk-signature=" + links.sign("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n"+hashHex([]byte(body[:n]))))
		}
		out.WriteString("\r\n" + body[:n])
		if done = n == 0; !done {
			out.WriteString("\r\n")
		}
		body = body[n:]
	}
	out.WriteString(trailer(links, checksum) + "\r\n")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(out.String())), int64(out.Len())
}

// whole is the body that chunked was given last: the tests use one.
const whole = `{"note":"buy milk"}`

func trailer(links *chain, checksum []string) string {
	var lines, signed string
	for _, name := range checksum {
		sum := checksums[name]()
		sum.Write([]byte(whole))
		value := base64.StdEncoding.EncodeToString(sum.Sum(nil))
		lines += name + ":" + value + "\r\n"
		signed += name + ":" + value + "\n"
	}
	if links != nil && lines != "" {
		lines += "x-amz-trailer-signature:" + links.sign("AWS4-HMAC-SHA256-TRAILER", hashHex([]byte(signed))) + "\r\n"
	}
	return lines
}

func chunkedRequest(t testing.TB, payload string, checksum ...string) *http.Request {
	t.Helper()
	r := testRequest(t, "")
	chunked(t, r, payload, whole, checksum...)
	return roundTrip(t, r)
}

func streamingVerifier(t testing.TB) *Verifier {
	t.Helper()
	return verifierWith(t, func(c *Config) { c.AllowStreaming = true })
}

func TestA3_StreamingIsDecoded(t *testing.T) {
	all := []string{"x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha1", "x-amz-checksum-sha256", "x-amz-checksum-sha512"}
	cases := []struct {
		payload  string
		checksum []string
	}{{streamSigned, nil}, {streamSignedTrail, all}, {streamUnsigned, all}}
	for _, name := range all {
		cases = append(cases, struct {
			payload  string
			checksum []string
		}{streamSignedTrail, []string{name}})
	}
	for _, c := range cases {
		r := chunkedRequest(t, c.payload, c.checksum...)
		closer := &closed{Reader: r.Body}
		r.Body = closer
		_, err := verifierOfAll(t).Verify(r)
		require.NoError(t, err, c)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, whole, string(body))
		require.EqualValues(t, len(whole), r.ContentLength)
		require.Equal(t, fmt.Sprint(len(whole)), r.Header.Get("Content-Length"))
		require.Equal(t, []string{"gzip"}, r.Header.Values("Content-Encoding"))
		require.Len(t, r.Trailer, len(c.checksum))
		require.NoError(t, r.Body.Close())
		require.True(t, closer.done)
	}
	// Of an empty body there is one chunk.
	r := testRequest(t, "")
	chunked(t, r, streamSigned, "")
	r = roundTrip(t, r)
	_, err := verifierOfAll(t).Verify(r)
	require.NoError(t, err)
	require.EqualValues(t, 0, r.ContentLength)
}

// TestA3_StreamingSwitches: each payload only where it is allowed.
func TestA3_StreamingSwitches(t *testing.T) {
	for _, c := range []struct {
		payload             string
		streaming, unsigned bool
		accepted            bool
	}{
		{streamSigned, false, false, false}, {streamSigned, false, true, false}, {streamSigned, true, false, true},
		{streamUnsigned, false, false, false}, {streamUnsigned, false, true, false}, {streamUnsigned, true, false, false}, {streamUnsigned, true, true, true},
	} {
		v := verifierWith(t, func(config *Config) { config.AllowStreaming, config.AllowUnsignedPayload = c.streaming, c.unsigned })
		var checksum []string
		if c.payload == streamUnsigned {
			checksum = []string{"x-amz-checksum-crc32"}
		}
		_, err := v.Verify(chunkedRequest(t, c.payload, checksum...))
		if c.accepted {
			require.NoError(t, err, c)
			continue
		}
		require.ErrorIs(t, err, UnsupportedSignature, c)
	}
	for _, allowed := range []bool{false, true} {
		r := testRequest(t, "body")
		r.Header.Set("X-Amz-Content-Sha256", unsignedPayload)
		require.NoError(t, Sign(r, nil, testCredentials, "eu-west-1", "execute-api", now))
		r = roundTrip(t, r)
		_, err := verifierWith(t, func(c *Config) { c.AllowUnsignedPayload = allowed }).Verify(r)
		if !allowed {
			require.ErrorIs(t, err, UnsupportedSignature)
			continue
		}
		require.NoError(t, err)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, "body", string(body))
	}
	_, err := streamingVerifier(t).VerifyBody(chunkedRequest(t, streamSigned), []byte(whole))
	require.ErrorIs(t, err, UnsupportedSignature)
	r := testRequest(t, "")
	presigned(t, r, "")
	r = roundTrip(t, r)
	more("X-Amz-Content-Sha256=" + streamSigned)(r)
	_, err = verifierOfAll(t).Verify(r)
	require.ErrorIs(t, err, UnsupportedSignature)
}

// inBody replaces text in the body as it is on the wire, and states its length.
func inBody(old, new string) edit {
	return func(r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), old) {
			panic(fmt.Sprint("nothing to replace: ", old, err))
		}
		changed := strings.Replace(string(body), old, new, 1)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
	}
}

func TestA2_ChunkedMutations(t *testing.T) {
	const sum = "x-amz-checksum-crc32c"
	cut := func(end string) edit {
		return func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			changed, _, found := strings.Cut(string(body), end)
			if !found {
				panic("nothing to cut: " + end)
			}
			r.Body = io.NopCloser(strings.NewReader(changed))
		}
	}
	for _, c := range []struct {
		name string
		edit edit
		code Code
	}{
		{"no decoded length", set("X-Amz-Decoded-Content-Length"), IncompleteSignature},
		{"other decoded length", set("X-Amz-Decoded-Content-Length", "18"), InvalidSignature},
		{"no trailer announced", set("X-Amz-Trailer"), IncompleteSignature},
		{"other trailer announced", set("X-Amz-Trailer", "x-amz-checksum-crc32"), InvalidSignature},
		{"payload without trailer", set("X-Amz-Content-Sha256", streamSigned), IncompleteSignature},
		{"payload unsigned", set("X-Amz-Content-Sha256", streamUnsigned), UnsupportedSignature},
		{"payload of events", set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-EVENTS"), UnsupportedSignature},
		{"payload of SigV4A", set("X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), UnsupportedSignature},
		{"not aws-chunked", set("Content-Encoding", "gzip"), InvalidSignature},
		{"trailer of HTTP", set("Trailer", "x"), UnsupportedSignature},
		{"byte of a chunk", inBody("note", "nOte"), InvalidSignature},
		{"byte of the second chunk", inBody("milk", "silk"), InvalidSignature},
		{"chunk signature", inBody("signature=", "signature=0"), InvalidSignature},
		{"no chunk signature", inBody(";chunk-signature=", ";x="), IncompleteBody},
		{"chunk larger", inBody("a;chunk", "b;chunk"), InvalidSignature},
		{"chunk smaller", inBody("a;chunk", "9;chunk"), InvalidSignature},
		{"chunk beyond the length", inBody("a;chunk", "14;chunk"), IncompleteBody},
		{"chunk of all memory", inBody("a;chunk", "7fffffff;chunk"), IncompleteBody},
		{"chunk beyond a number", inBody("a;chunk", "fffffffffffffffffffff;chunk"), IncompleteBody},
		{"chunk negative", inBody("a;chunk", "-a;chunk"), IncompleteBody},
		{"chunk with a sign", inBody("a;chunk", "+a;chunk"), IncompleteBody},
		{"chunk with an underscore", inBody("a;chunk", "0_a;chunk"), IncompleteBody},
		{"chunk without size", inBody("a;chunk", ";chunk"), IncompleteBody},
		{"first chunk empty", inBody("a;chunk", "0;chunk"), InvalidSignature},
		{"chunk with LF", inBody("\r\n", "\n"), IncompleteBody},
		{"chunk line too long", inBody("\r\n", strings.Repeat(" ", maxLine)+"\r\n"), IncompleteBody},
		{"chunks swapped", func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			parts := strings.SplitN(string(body), "\r\n", 5)
			r.Body = io.NopCloser(strings.NewReader(strings.Join([]string{parts[2], parts[3], parts[0], parts[1], parts[4]}, "\r\n")))
		}, InvalidSignature},
		{"last chunk cut", cut("\r\n0;"), IncompleteBody},
		{"cut in a chunk", cut("milk"), IncompleteBody},
		{"cut before trailer", cut(sum), IncompleteBody},
		{"cut before signature of trailer", cut(trailerSignatureName), IncompleteBody},
		{"empty body", func(r *http.Request) { r.Body = http.NoBody }, IncompleteBody},
		{"no body", func(r *http.Request) { r.Body = nil }, IncompleteBody},
		{"breaks off", func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 120), iotest.ErrReader(io.ErrClosedPipe)))
		}, RequestBodyUnreadable},
		{"more after the end", func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(r.Body, strings.NewReader("x"))) }, IncompleteBody},
		{"checksum changed", inBody(sum+":", sum+":A"), InvalidSignature},
		{"checksum empty", inBody(sum+":", sum+":\r\nx:"), IncompleteBody},
		{"checksum twice", inBody(sum+":", sum+":AAAA\r\n"+sum+":"), IncompleteBody},
		{"trailer added", inBody(sum+":", "x-amz-checksum-crc32:AAAA\r\n"+sum+":"), IncompleteBody},
		{"trailer without colon", inBody(sum+":", sum), IncompleteBody},
		{"signature of trailer", inBody(trailerSignatureName+":", trailerSignatureName+":0"), InvalidSignature},
		{"no signature of trailer", inBody(trailerSignatureName+":", "x:"), IncompleteBody},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := chunkedRequest(t, streamSignedTrail, sum)
			_, err := streamingVerifier(t).Verify(r)
			require.NoError(t, err)
			r = chunkedRequest(t, streamSignedTrail, sum)
			c.edit(r)
			_, err = streamingVerifier(t).Verify(r)
			require.ErrorIs(t, err, c.code)
			require.NotContains(t, err.Error(), testSecret)
		})
	}
}

// TestA3_TrailingChecksums: of a body that is not signed, checksums are all there
// is, and they are held to.
func TestA3_TrailingChecksums(t *testing.T) {
	const sum = "x-amz-checksum-crc64nvme"
	for name, c := range map[string]struct {
		edit edit
		code Code
	}{
		"body":         {inBody("milk", "silk"), BadDigest},
		"checksum":     {inBody(sum+":", sum+":A"), BadDigest},
		"not there":    {inBody(sum+":", "x:"), IncompleteBody},
		"no trailer":   {inBody("0\r\n"+sum, "0\r\n\r\n"+sum), IncompleteBody},
		"signed chunk": {inBody("a\r\n", "a;chunk-signature=0\r\n"), IncompleteBody},
		"more":         {func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(r.Body, strings.NewReader("\r\n"))) }, IncompleteBody},
	} {
		r := chunkedRequest(t, streamUnsigned, sum)
		c.edit(r)
		_, err := verifierOfAll(t).Verify(r)
		require.ErrorIs(t, err, c.code, name)
	}
	r := testRequest(t, "")
	r.Header.Set("X-Amz-Trailer", sum+",x-amz-checksum-sha1")
	chunked(t, r, streamSignedTrail, whole, sum)
	_, err := verifierOfAll(t).Verify(roundTrip(t, r))
	require.ErrorIs(t, err, IncompleteBody)
	require.ErrorContains(t, err, "x-amz-checksum-sha1 was announced")
	for _, names := range []string{"x-amz-checksum-md5", "x-sum", sum + "," + sum, ""} {
		r := testRequest(t, "")
		r.Header.Set("X-Amz-Trailer", names)
		chunked(t, r, streamUnsigned, whole)
		_, err := verifierOfAll(t).Verify(roundTrip(t, r))
		require.Error(t, err, names)
	}
}

// TestA3_DecodedLength: the chunks have what was announced, no less.
func TestA3_DecodedLength(t *testing.T) {
	for _, payload := range []string{streamSigned, streamUnsigned} {
		r := testRequest(t, "")
		var checksum []string
		if payload == streamUnsigned {
			checksum = []string{"x-amz-checksum-crc32"}
		}
		chunkedAs(t, r, payload, whole, len(whole)+1, checksum...)
		_, err := verifierOfAll(t).Verify(roundTrip(t, r))
		require.ErrorIs(t, err, IncompleteBody)
		require.ErrorContains(t, err, "the chunks have 19 bytes; X-Amz-Decoded-Content-Length is 20")
	}
}

// TestChecksumValues: "123456789", as each algorithm's definition states.
func TestChecksumValues(t *testing.T) {
	for name, want := range map[string]string{
		"x-amz-checksum-crc32": "cbf43926", "x-amz-checksum-crc32c": "e3069283", "x-amz-checksum-crc64nvme": "ae8b14860a799888",
		"x-amz-checksum-sha1":   "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
		"x-amz-checksum-sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	} {
		sum := checksums[name]()
		sum.Write([]byte("123456789"))
		require.Equal(t, want, fmt.Sprintf("%x", sum.Sum(nil)), name)
	}
}

// The bound counts the payload, is checked before the body is read, and lines
// around chunks cannot fill the memory.
func TestStreamingIsBounded(t *testing.T) {
	v := verifierWith(t, func(c *Config) { c.AllowStreaming, c.MaxBody = true, int64(len(whole)) })
	_, err := v.Verify(chunkedRequest(t, streamSigned))
	require.NoError(t, err)
	v = verifierWith(t, func(c *Config) { c.AllowStreaming, c.MaxBody = true, int64(len(whole)-1) })
	r := chunkedRequest(t, streamSigned)
	r.Body = io.NopCloser(iotest.ErrReader(errors.New("was read")))
	_, err = v.Verify(r)
	require.ErrorIs(t, err, RequestEntityTooLarge)
	// Without a good signature it is not read at all.
	r = chunkedRequest(t, streamSigned)
	r.Body = io.NopCloser(iotest.ErrReader(errors.New("was read")))
	r.Method = "PATCH"
	_, err = streamingVerifier(t).Verify(r)
	require.ErrorIs(t, err, InvalidSignature)

	r = testRequest(t, "")
	big := strings.Repeat("x", 20_000)
	chunked(t, r, streamSigned, big) // in chunks of ten bytes
	_, err = streamingVerifier(t).Verify(roundTrip(t, r))
	require.ErrorIs(t, err, RequestEntityTooLarge)
	require.ErrorContains(t, err, "too small")
	r = chunkedRequest(t, streamSigned)
	r.Body = http.MaxBytesReader(nil, r.Body, 50)
	_, err = streamingVerifier(t).Verify(r)
	require.ErrorIs(t, err, RequestEntityTooLarge)
}

// TestStreamingEndsWithinItsBound: what is behind the bound is not read, so a
// body that reaches it is not known to end there.
func TestStreamingEndsWithinItsBound(t *testing.T) {
	const checksum, bound = "x-amz-checksum-crc32", len(whole) + len(whole)/8 + 64<<10
	for _, c := range []struct {
		size  int
		after string
		good  bool
	}{{bound - 1, "", true}, {bound, "", false}, {bound, "more", false}, {bound - 4, "more", false}} {
		r := testRequest(t, "")
		chunked(t, r, streamUnsigned, whole, checksum)
		tail := "0\r\n" + trailer(nil, []string{checksum}) + "\r\n"
		var body strings.Builder
		for i := range len(whole) { // one byte in each chunk, and its size with zeros before it
			left := len(whole) - i
			room := (c.size - len(tail) - body.Len()) / left
			fmt.Fprintf(&body, "%0*x\r\n%c\r\n", room-5, 1, whole[i])
		}
		body.WriteString(tail)
		require.Equal(t, c.size, body.Len())
		body.WriteString(c.after)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body.String())), int64(body.Len())
		_, err := verifierOfAll(t).Verify(roundTrip(t, r))
		if c.good {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, IncompleteBody, "%d %s", c.size, c.after)
	}
}
