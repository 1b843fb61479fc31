package sigv4_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

var credentials = sigv4.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "a secret access key"}

// secretOf looks up access keys where the application keeps them.
func secretOf(_ context.Context, accessKeyID, _ string) (sigv4.Secret, error) {
	if accessKeyID != "AKIAEXAMPLE" {
		return sigv4.Secret{}, nil
	}
	return sigv4.Secret{AccessKey: "a secret access key", Principal: "Ada"}, nil
}

// serve starts a server that says who called, and with what.
func serve(verifier *sigv4.Verifier) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := verifier.Verify(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		body, _ := io.ReadAll(r.Body) // still there
		fmt.Fprintf(w, "%s: %s %s %s", caller.Principal, r.Method, r.URL.Path, body)
	}))
}

func send(request *http.Request) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	fmt.Println(response.StatusCode, strings.TrimSpace(string(answer)))
}

// How does a client sign, and a server verify?
func Example() {
	verifier, err := sigv4.New(sigv4.Config{Region: "eu-west-1", Service: "execute-api", Secret: secretOf})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := serve(verifier)
	defer server.Close()

	for _, secret := range []string{"a secret access key", "a guess"} {
		const body = "buy milk"
		request, _ := http.NewRequest("POST", server.URL+"/notes", strings.NewReader(body))
		keys := sigv4.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: secret}
		if err := sigv4.Sign(request, []byte(body), keys, "eu-west-1", "execute-api", time.Now()); err != nil {
			fmt.Println(err)
			return
		}
		send(request)
	}
	// Output:
	// 200 Ada: POST /notes buy milk
	// 403 sigv4: InvalidSignature: the access key is unknown or the signature does not match the request
}

// What does signing add to a request?
func ExampleSign() {
	request, _ := http.NewRequest("GET", "https://api.example.com/notes?limit=10", nil)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := sigv4.Sign(request, nil, credentials, "eu-west-1", "execute-api", at); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Header.Get("X-Amz-Date"))
	scope, _, _ := strings.Cut(request.Header.Get("Authorization"), ", Signature")
	fmt.Println(scope)
	// Output:
	// 20260304T050607Z
	// AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260304/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date
}

// How do I make a link that works for five minutes, and who may follow it?
func ExamplePresign() {
	verifier, err := sigv4.New(sigv4.Config{Region: "eu-west-1", Service: "execute-api", Secret: secretOf, AllowPresigned: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := serve(verifier)
	defer server.Close()

	request, _ := http.NewRequest("GET", server.URL+"/report.pdf", nil)
	link, err := sigv4.Presign(request, nil, credentials, "eu-west-1", "execute-api", time.Now(), 5*time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	followed, _ := http.NewRequest("GET", link, nil) // by anybody who has it
	send(followed)
	followed, _ = http.NewRequest("DELETE", link, nil)
	send(followed)
	// Output:
	// 200 Ada: GET /report.pdf
	// 403 sigv4: InvalidSignature: the access key is unknown or the signature does not match the request
}

// How long is a presigned link good, and what does the server say then?
func ExampleConfig_presigned() {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	now := at
	verifier, err := sigv4.New(sigv4.Config{
		Region: "eu-west-1", Service: "execute-api", Secret: secretOf, Now: func() time.Time { return now },
		AllowPresigned: true, MaxExpires: time.Hour,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	request, _ := http.NewRequest("GET", "https://api.example.com/report.pdf", nil)
	link, _ := sigv4.Presign(request, nil, credentials, "eu-west-1", "execute-api", at, time.Hour)
	followed := httptest.NewRequest("GET", link, nil)
	followed.RequestURI = followed.URL.RequestURI() // as a browser sends it
	signed, err := verifier.Verify(followed)
	fmt.Println(signed.Presigned, signed.Expires.Format(time.Kitchen), err)
	now = at.Add(time.Hour + time.Second)
	_, err = verifier.Verify(followed)
	fmt.Println(err)
	// Output:
	// true 6:06AM <nil>
	// sigv4: ExpiredRequest: the presigned request ended at 2026-03-04T06:06:07Z
}

// How do I let clients of S3 in?
func ExampleConfig_s3() {
	verifier, err := sigv4.New(sigv4.Config{
		Region: "eu-west-1", Service: "s3", Secret: secretOf, MaxBody: 64 << 20,
		// What the SDKs of AWS send when they upload over TLS.
		AllowStreaming: true, AllowUnsignedPayload: true, AllowPresigned: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := serve(verifier)
	defer server.Close()

	request, _ := http.NewRequest("PUT", server.URL+"/bucket/milk.txt", strings.NewReader("two litres"))
	link, err := sigv4.Presign(request, nil, credentials, "eu-west-1", "s3", time.Now(), time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	upload, _ := http.NewRequest("PUT", link, strings.NewReader("three litres")) // who has the link chooses the body
	send(upload)
	// Output:
	// 200 Ada: PUT /bucket/milk.txt three litres
}

// How do I refuse a request that is sent again? With a store that all processes
// share; a map serves where there is one.
func ExampleConfig_once() {
	var mu sync.Mutex
	seen := map[string]time.Time{}
	verifier, err := sigv4.New(sigv4.Config{
		Region: "eu-west-1", Service: "execute-api", Secret: secretOf,
		Once: func(_ context.Context, key string, until time.Time) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			if _, again := seen[key]; again {
				return false, nil
			}
			seen[key] = until // what is past can be removed, now and then
			return true, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := serve(verifier)
	defer server.Close()

	request, _ := http.NewRequest("DELETE", server.URL+"/notes/7", nil)
	if err := sigv4.Sign(request, nil, credentials, "eu-west-1", "execute-api", time.Now()); err != nil {
		fmt.Println(err)
		return
	}
	send(request)
	send(request)
	// Output:
	// 200 Ada: DELETE /notes/7
	// 403 sigv4: ReplayedRequest: the request was received before; sign each request anew
}
