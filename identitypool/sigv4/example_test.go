package sigv4_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// How does a client sign, and a server verify?
func Example() {
	verifier, err := sigv4.New(sigv4.Config{
		Region:  "eu-west-1",
		Service: "execute-api",
		Secret: func(_ context.Context, accessKeyID, _ string) (string, bool, error) {
			return "a secret access key", accessKeyID == "AKIAEXAMPLE", nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := verifier.Verify(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		body, _ := io.ReadAll(r.Body) // still there
		fmt.Fprintf(w, "%s wrote %s", caller.AccessKeyID, body)
	}))
	defer server.Close()

	send := func(secret string) {
		const body = "buy milk"
		request, _ := http.NewRequest("POST", server.URL+"/notes", strings.NewReader(body))
		credentials := sigv4.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: secret}
		if err := sigv4.Sign(request, []byte(body), credentials, "eu-west-1", "execute-api", time.Now()); err != nil {
			fmt.Println(err)
			return
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer response.Body.Close()
		answer, _ := io.ReadAll(response.Body)
		fmt.Println(response.StatusCode, strings.TrimSpace(string(answer)))
	}
	send("a secret access key")
	send("a guess")
	// Output:
	// 200 AKIAEXAMPLE wrote buy milk
	// 403 sigv4: InvalidSignature: the access key is unknown or the signature does not match the request
}
