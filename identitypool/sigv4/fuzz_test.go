package sigv4

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
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
		"AWS4-ECDSA-P256-SHA256 Credential=A/20150830/s/aws4_request, SignedHeaders=host, Signature=3006020101020101",
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
		if a.algorithm == algorithmV4 && a.length != 32 || !slices.IsSorted(a.names) || len(slices.Compact(slices.Clone(a.names))) != len(a.names) ||
			a.keyID == "" || strings.Contains(a.scope.region+a.scope.service, "/") || strings.Join(a.names, ";") != a.signedList {
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
	f.Add("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20260304%2Feu-west-1%2Fexecute-api%2Faws4_request&X-Amz-Date=20260304T050607Z&"+
		"X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature="+strings.Repeat("0", 64), "-", "", "")
	f.Fuzz(func(t *testing.T, uri, signed, value, body string) {
		parsed := &http.Request{Method: "POST", Host: "h", RequestURI: uri, Header: http.Header{"X-Custom": {value}}}
		if signed != "-" {
			parsed.Header = http.Header{
				"Authorization": {"AWS4-HMAC-SHA256 Credential=" + testID + "/20260304/eu-west-1/execute-api/aws4_request, SignedHeaders=" + signed + ", Signature=" + strings.Repeat("0", 64)},
				"X-Amz-Date":    {"20260304T050607Z"}, "X-Amz-Security-Token": {testToken}, "X-Custom": {value},
			}
		}
		u, err := url.ParseRequestURI(uri)
		if err == nil {
			parsed.URL = u
		}
		if _, err := verifierOfAll(t).VerifyBody(parsed, []byte(body)); err == nil {
			t.Fatal("accepted")
		}
	})
}

// FuzzCanonicalQuery compares with net/url, whose reading the handler behind
// uses, and with the rules of AWS in their plainest form.
func FuzzCanonicalQuery(f *testing.F) {
	for _, raw := range []string{"", "b&a=1", "a=10&a=9", "q=a+b%2B", "a=%zz", "a=1;b", "k=a-b&k=a%2Fb", "%C3%A9=%c3%a9&&=", "a-=1&a/=2", "%", "a=%1"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := canonicalQuery(raw)
		values, wrong := url.ParseQuery(raw)
		if err != nil {
			if wrong == nil && len(values) < maxParameters && !strings.Contains(strings.ToLower(got+url.QueryEscape(raw)), "amz-") && !strings.Contains(raw, ";") &&
				strings.Count(raw, "&") < maxParameters {
				t.Fatalf("%q was refused: %v", raw, err)
			}
			return
		}
		if wrong != nil {
			t.Fatalf("%q was read, which net/url does not", raw)
		}
		var pairs [][2]string
		for name, all := range values {
			if name == "X-Amz-Signature" {
				continue
			}
			for _, value := range all {
				pairs = append(pairs, [2]string{plainEncode(name), plainEncode(value)})
			}
		}
		slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
		var want []string
		for _, pair := range pairs {
			want = append(want, pair[0]+"="+pair[1])
		}
		if got != strings.Join(want, "&") {
			t.Fatalf("%q became %q, not %q", raw, got, strings.Join(want, "&"))
		}
	})
}

func plainEncode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// FuzzChunks throws bodies at the decoder. What it reads without signatures has
// the length that was stated, and no part of the input is longer than the input.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("4\r\nbody\r\n0\r\nx-amz-checksum-crc32:xxxx\r\n\r\n"), 4, false)
	f.Add([]byte("4;chunk-signature="+strings.Repeat("0", 64)+"\r\nbody\r\n0\r\n\r\n"), 4, true)
	f.Add([]byte("7fffffff\r\n"), 1<<31-1, false)
	f.Add([]byte("0\r\n\r\n"), 0, false)
	f.Fuzz(func(t *testing.T, data []byte, length int, signed bool) {
		if length < 0 {
			return
		}
		limited := limitedReader(data)
		d := &decoder{in: bufio.NewReaderSize(limited, maxLine), limited: limited, length: length, trailers: &trailers{names: []string{"x-amz-checksum-crc32"}, values: make([]string, 1)}}
		if signed {
			c := &claim{}
			d.chain = newChain(c, proof{})
		}
		err := d.read(true)
		switch {
		case err == nil && (signed || len(d.body) != length || len(d.body) > len(data) || !bytes.Contains(data, []byte("0\r\n"))):
			t.Fatalf("%q was read as %q", data, d.body)
		case err != nil:
			var refused *Error
			if !errors.As(err, &refused) {
				t.Fatalf("not an *Error: %v", err)
			}
		}
		if cap(d.body) > len(data)+1<<20 {
			t.Fatalf("%d bytes of room for %d", cap(d.body), len(data))
		}
	})
}

func limitedReader(data []byte) *io.LimitedReader {
	return &io.LimitedReader{R: bytes.NewReader(data), N: int64(len(data)) + 1}
}
