package sigv4

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// programOrSkip returns the path of a program that Debian has, before one of the
// same name that somebody else put on the PATH.
func programOrSkip(t *testing.T, name, install string) string {
	t.Helper()
	for _, path := range []string{"/usr/bin/" + name, name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	if os.Getenv("STEPWELL_TEST_NOSKIP") == "1" {
		t.Fatalf("%s is not installed (Debian, Ubuntu: apt-get install %s)", name, install)
	}
	t.Skipf("%s is not installed (Debian, Ubuntu: apt-get install %s)", name, install)
	return ""
}

// doorkeeper is a small service behind a verifier. It keeps what came, as it
// came over the wire.
type doorkeeper struct {
	verifier *Verifier
	mu       sync.Mutex
	came     [][]byte
	signed   []Signed
	objects  map[string][]byte
}

func newDoorkeeper(t *testing.T, service string) *doorkeeper {
	t.Helper()
	v, err := New(Config{
		Region: "us-east-1", Service: service, Secret: testSecretOf,
		AllowPresigned: true, AllowStreaming: true, AllowUnsignedPayload: true,
	})
	require.NoError(t, err)
	return &doorkeeper{verifier: v, objects: map[string][]byte{}}
}

func (d *doorkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	data := onTheWire(r, raw)
	signed, err := d.verifier.Verify(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came, d.signed = append(d.came, data), append(d.signed, signed)
	switch {
	case r.Method == http.MethodPut:
		d.objects[r.URL.Path], _ = io.ReadAll(r.Body)
	case d.verifier.config.Service == "sts":
		io.WriteString(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case d.objects[r.URL.Path] != nil:
		w.Write(d.objects[r.URL.Path])
	}
}

// onTheWire writes down a request as it was received.
func onTheWire(r *http.Request, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Host)
	r.Header.WriteSubset(&b, map[string]bool{"Content-Length": true})
	if len(body) > 0 || r.Header.Get("Content-Length") != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	return append(append(b.Bytes(), "\r\n"...), body...)
}

// checkFlips changes bytes of what came, all before the body and some in it.
// What is still accepted must mean exactly the same.
func (d *doorkeeper) checkFlips(t *testing.T, least int) {
	t.Helper()
	require.GreaterOrEqual(t, len(d.came), least)
	for _, data := range d.came {
		original, err := read(data)
		require.NoError(t, err)
		_, err = d.verifier.Verify(original)
		require.NoError(t, err, "%q", data[:min(len(data), 2000)])
		// S3 does not have the body of a presigned request signed.
		open := d.verifier.config.Service == serviceS3 && original.URL.Query().Has("X-Amz-Signature") ||
			original.Header.Get("X-Amz-Content-Sha256") == unsignedPayload
		want := viewOf(t, original, open)
		head := bytes.Index(data, []byte("\r\n\r\n")) + 4
		step := max(1, (len(data)-head)/40)
		refused := 0
		for i := 0; i < len(data); i++ {
			changed := bytes.Clone(data)
			changed[i] ^= 1
			if i >= head {
				i += step - 1
			}
			r, err := read(changed)
			if err != nil {
				continue
			}
			if _, err := d.verifier.Verify(r); err != nil {
				refused++
				continue
			}
			if want != viewOf(t, r, open) {
				t.Fatalf("byte %d of %q was changed to %q, and accepted", i, data[:min(len(data), 2000)], changed[i])
			}
		}
		require.Greater(t, refused, 100)
	}
}

// viewOf is signedView, without the body if it is open to change.
func viewOf(t *testing.T, r *http.Request, open bool) string {
	t.Helper()
	if open {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	return signedView(t, r)
}

// TestA1_S3ClientOfTheSDK puts, gets and presigns as programs do: over HTTP,
// where the SDK signs the hash, and over TLS, where it streams with a checksum
// in the trailer.
func TestA1_S3ClientOfTheSDK(t *testing.T) {
	for _, secure := range []bool{false, true} {
		keeper := newDoorkeeper(t, "s3")
		server := httptest.NewUnstartedServer(keeper)
		if secure {
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		client := s3.New(s3.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(server.URL), UsePathStyle: true, HTTPClient: server.Client(), RetryMaxAttempts: 1,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return awsCredentials, nil }),
		})
		for key, body := range map[string]string{"plain": "hello", "a b/é+~!$&'()*,;=:@": strings.Repeat("0123456789", 20_000), "empty": ""} {
			for _, algorithm := range []types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: aws.String("bucket"), Key: aws.String(key), Body: strings.NewReader(body), ChecksumAlgorithm: algorithm,
					Metadata: map[string]string{"colour": "two  words"},
				})
				require.NoError(t, err, "%s %s", key, algorithm)
			}
			got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key), Range: aws.String("bytes=0-")})
			require.NoError(t, err)
			content, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			require.Equal(t, body, string(content))
		}
		presign := s3.NewPresignClient(client)
		put, err := presign.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("by url"), ContentType: aws.String("text/plain")})
		require.NoError(t, err)
		sendPresigned(t, server.Client(), put.Method, put.URL, put.SignedHeader, "by url")
		get, err := presign.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("by url")})
		require.NoError(t, err)
		require.Equal(t, "by url", sendPresigned(t, server.Client(), get.Method, get.URL, get.SignedHeader, ""))
		streamed := 0
		for _, data := range keeper.came {
			if bytes.Contains(data, []byte(streamUnsigned)) {
				streamed++
			}
		}
		require.Equal(t, secure, streamed > 0, "the SDK no longer does what this test is for")
		keeper.came = append(keeper.came[:8:8], keeper.came[len(keeper.came)-2:]...) // enough for the flips
		keeper.checkFlips(t, 10)
	}
}

func sendPresigned(t *testing.T, client *http.Client, method, url string, header http.Header, body string) string {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header = header.Clone()
	r.Header.Del("Host")
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, string(content))
	return string(content)
}

// run starts a program with credentials and nothing else of the user's.
func run(t *testing.T, path string, arguments ...string) string {
	t.Helper()
	home := t.TempDir()
	command := exec.CommandContext(t.Context(), path, arguments...)
	command.Env = []string{
		"PATH=/usr/bin:/bin", "HOME=" + home, "LANG=C.UTF-8", "NO_PROXY=*", "no_proxy=*",
		"AWS_CONFIG_FILE=" + filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(home, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_MAX_ATTEMPTS=1",
		"AWS_ACCESS_KEY_ID=" + testID, "AWS_SECRET_ACCESS_KEY=" + testSecret, "AWS_SESSION_TOKEN=" + testToken,
	}
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s %q: %s", path, arguments, out)
	return string(out)
}

// TestA1_CommandLineOfAWS: the AWS CLI.
func TestA1_CommandLineOfAWS(t *testing.T) {
	path := programOrSkip(t, "aws", "awscli")
	sts, objects := newDoorkeeper(t, "sts"), newDoorkeeper(t, "s3")
	stsServer, s3Server := httptest.NewServer(sts), httptest.NewServer(objects)
	t.Cleanup(stsServer.Close)
	t.Cleanup(s3Server.Close)
	require.Contains(t, run(t, path, "--endpoint-url", stsServer.URL, "sts", "get-caller-identity"), "user/ada")

	folder := t.TempDir()
	upload, download := filepath.Join(folder, "upload"), filepath.Join(folder, "download")
	require.NoError(t, os.WriteFile(upload, []byte("by the command line"), 0o600))
	const key = "a b/é+~.txt"
	run(t, path, "--endpoint-url", s3Server.URL, "s3api", "put-object", "--bucket", "bucket", "--key", key, "--body", upload, "--metadata", "colour=blue")
	run(t, path, "--endpoint-url", s3Server.URL, "s3api", "get-object", "--bucket", "bucket", "--key", key, download)
	content, err := os.ReadFile(download)
	require.NoError(t, err)
	require.Equal(t, "by the command line", string(content))
	link := run(t, path, "--endpoint-url", s3Server.URL, "s3", "presign", "--expires-in", "600", "s3://bucket/"+key)
	require.Equal(t, "by the command line", sendPresigned(t, http.DefaultClient, "GET", strings.TrimSpace(link), http.Header{}, ""))
	require.True(t, objects.signed[len(objects.signed)-1].Presigned)
	sts.checkFlips(t, 1)
	objects.checkFlips(t, 3)
}

// TestA1_Boto3: botocore's signers and boto3's client of S3.
func TestA1_Boto3(t *testing.T) {
	path := programOrSkip(t, "python3", "python3-boto3")
	if exec.CommandContext(t.Context(), path, "-c", "import boto3").Run() != nil {
		programOrSkip(t, "boto3 for python3", "python3-boto3")
	}
	api, objects := newDoorkeeper(t, "execute-api"), newDoorkeeper(t, "s3")
	apiServer, s3Server := httptest.NewServer(api), httptest.NewServer(objects)
	t.Cleanup(apiServer.Close)
	t.Cleanup(s3Server.Close)
	out := run(t, path, filepath.Join("testdata", "boto.py"), s3Server.URL, apiServer.URL)
	require.Equal(t, []string{
		"api get 200", "api post 200", "api presigned 200", "s3 put 200", "s3 presigned 200", "client of boto3", "url of boto3", "put 200",
	}, strings.Split(strings.ReplaceAll(strings.TrimSpace(out), " \n", "\n"), "\n"), out)
	require.Equal(t, "put by url", string(objects.objects["/bucket/a b/é+~!$&'()*,;=:@.txt"]))
	api.checkFlips(t, 3)
	objects.checkFlips(t, 6)
}
