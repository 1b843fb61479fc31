package identitypool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// verify stands for what checks the ID tokens of your provider, such as the VerifyIDToken of a user pool.
func verify(_ context.Context, idToken string) (map[string]any, error) {
	if idToken != "ID token of Ann" {
		return nil, errors.New("not a token of ours")
	}
	return map[string]any{"sub": "8f14e45f"}, nil
}

func examplePool() (*identitypool.Pool, error) {
	return identitypool.New(identitypool.Config{
		ID:     "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
		Store:  memstore.New(),
		Logins: map[string]identitypool.LoginVerifier{"id.example.com": identitypool.LoginFunc(verify)},
		AuthenticatedRole: identitypool.Role{Name: "User", Policy: `{
			"Version": "2012-10-17",
			"Statement": {"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}
		}`},
		AllowUnauthenticated: true,
		UnauthenticatedRole: identitypool.Role{Name: "Guest", Policy: `{
			"Version": "2012-10-17",
			"Statement": {"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:app:notes:::public/*"}
		}`},
	})
}

// How does a user get from a login to a signed request that my handler accepts?
func Example() {
	pool, err := examplePool()
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("PUT /notes/{owner}/{note}", pool.Handler("notes:Write", func(r *http.Request) string {
		return "arn:app:notes:::" + r.PathValue("owner") + "/" + r.PathValue("note")
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := identitypool.FromContext(r.Context())
		fmt.Fprintln(w, "saved, guest:", caller.Guest())
	})))
	server := httptest.NewServer(mux)
	defer server.Close()

	// The client: login to identity, identity to credentials, credentials to signature.
	ctx := context.Background()
	logins := map[string]string{"id.example.com": "ID token of Ann"}
	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: logins})
	if err != nil {
		fmt.Println(err)
		return
	}
	credentials, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	if err != nil {
		fmt.Println(err)
		return
	}
	put := func(owner string) {
		request, _ := http.NewRequest("PUT", server.URL+"/notes/"+owner+"/shopping", strings.NewReader("milk"))
		keys := sigv4.Credentials{AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken}
		if err := sigv4.Sign(request, []byte("milk"), keys, "eu-west-1", "execute-api", time.Now()); err != nil {
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
	put(id)
	put("bob")
	// Output:
	// 200 saved, guest: false
	// 403 {"__type":"AccessDeniedException","message":"User: arn:aws:sts::000000000000:assumed-role/User/CognitoIdentityCredentials is not authorized to perform: notes:Write on resource: arn:app:notes:::bob/shopping because no identity-based policy allows the notes:Write action"}
}

// How do I let guests in, and what may they do?
func ExamplePool_GetID_guest() {
	pool, err := examplePool()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	guest, _ := pool.GetID(ctx, identitypool.GetIDInput{}) // no logins: a new identity each time
	credentials, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: guest})
	fmt.Println(credentials.AccessKeyID[:4], err)

	// Somebody who has signed in cannot be used as a guest.
	ann, _ := pool.GetID(ctx, identitypool.GetIDInput{Logins: map[string]string{"id.example.com": "ID token of Ann"}})
	_, err = pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: ann})
	fmt.Println(errors.Is(err, identitypool.NotAuthorized))
	// Output:
	// ASIA <nil>
	// true
}

// How do I check a request where a Handler does not fit?
func ExamplePool_Authorize() {
	pool, err := examplePool()
	if err != nil {
		fmt.Println(err)
		return
	}
	http.HandleFunc("POST /batch", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		for note := range strings.Lines(string(body)) {
			if err := pool.Authorize(r, body, "notes:Delete", "arn:app:notes:::"+strings.TrimSpace(note)); err != nil {
				http.Error(w, err.Error(), http.StatusForbidden)
				return
			}
		}
	})
}

// Why is my configuration refused?
func ExampleNew_openGuestRole() {
	_, err := identitypool.New(identitypool.Config{
		ID:                   "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
		Store:                memstore.New(),
		AllowUnauthenticated: true,
		UnauthenticatedRole: identitypool.Role{Name: "Guest", Policy: `{
			"Version": "2012-10-17",
			"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}
		}`},
	})
	fmt.Println(err)
	// Output:
	// identitypool: Config.UnauthenticatedRole.Policy: Statement[0] allows guests every action on every resource; name the actions or the resources that guests need
}
