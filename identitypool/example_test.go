package identitypool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/policy"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// verify stands for what checks the ID tokens of your provider, such as the VerifyIDToken of a user pool.
func verify(_ context.Context, idToken string) (map[string]any, error) {
	if idToken != "ID token of Ann" {
		return nil, errors.New("not a token of ours")
	}
	return map[string]any{"sub": "8f14e45f", "team": "blue"}, nil
}

func examplePool() *identitypool.Pool {
	pool, err := identitypool.New(identitypool.Config{
		ID:    "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
		Store: memstore.New(),
		Providers: map[string]identitypool.Provider{
			"id.example.com": {Verifier: identitypool.LoginFunc(verify), PrincipalTags: map[string]string{"team": "team"}},
		},
		AuthenticatedRole: identitypool.Role{Name: "User", Policies: []string{`{
			"Version": "2012-10-17",
			"Statement": [
				{"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"},
				{"Effect": "Allow", "Action": "notes:Read", "Resource": "*", "Condition": {"StringEquals": {"notes:Team": "${aws:PrincipalTag/team}"}}}
			]
		}`}},
		AllowUnauthenticated: true,
		UnauthenticatedRole: identitypool.Role{Name: "Guest", Policies: []string{`{
			"Version": "2012-10-17",
			"Statement": {"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:app:notes:::public/*"}
		}`}},
	})
	if err != nil {
		panic(err)
	}
	return pool
}

// exampleClient returns what sends signed requests: as Ann, or as a guest.
func exampleClient(pool *identitypool.Pool, logins map[string]string) (id string, send func(method, url string)) {
	ctx := context.Background()
	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: logins})
	if err != nil {
		panic(err)
	}
	out, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	if err != nil {
		panic(err)
	}
	c := out.Credentials
	keys := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	return id, func(method, url string) {
		request, _ := http.NewRequest(method, url, nil)
		if err := sigv4.Sign(request, nil, keys, "eu-west-1", "execute-api", time.Now()); err != nil {
			panic(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		defer response.Body.Close()
		answer, _ := io.ReadAll(response.Body)
		fmt.Println(response.StatusCode, strings.ReplaceAll(strings.TrimSpace(string(answer)), id, "ANN"))
	}
}

var ann = map[string]string{"id.example.com": "ID token of Ann"}

// How do I protect the handlers of my application?
func ExampleAuthorizer_Routes() {
	pool := examplePool()
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{
		Decided: func(*http.Request, identitypool.Caller, identitypool.Decision) {}, // no log in an example
	})
	if err != nil {
		panic(err)
	}
	notes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := identitypool.FromContext(r.Context())
		decision, _ := identitypool.DecisionFromContext(r.Context())
		fmt.Fprintln(w, decision.Action, r.PathValue("note"), "guest:", caller.Guest())
	})
	handler, err := authorizer.Routes([]identitypool.Route{
		{Pattern: "GET /notes/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}", Handler: notes},
		{Pattern: "PUT /notes/{owner}/{note}", Action: "notes:Write", Resource: "arn:app:notes:::{owner}/{note}", Handler: notes},
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	id, send := exampleClient(pool, ann)
	send("PUT", server.URL+"/notes/"+id+"/shopping")
	send("PUT", server.URL+"/notes/bob/shopping")
	_, send = exampleClient(pool, nil)
	send("GET", server.URL+"/notes/public/news")
	send("GET", server.URL+"/notes/public%2F..%2Fbob/diary")
	// Output:
	// 200 notes:Write shopping guest: false
	// 403 {"__type":"AccessDeniedException","message":"User: arn:aws:sts::000000000000:assumed-role/User/CognitoIdentityCredentials is not authorized to perform: notes:Write on resource: arn:app:notes:::bob/shopping because no identity-based policy allows the notes:Write action"}
	// 200 notes:Read news guest: true
	// 400 {"__type":"InvalidParameterException","message":"The path has \".\", \"..\" or empty segments."}
}

// How does a policy depend on what only my application knows of a resource?
func ExampleRoute_context() {
	pool := examplePool()
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{
		Decided: func(_ *http.Request, _ identitypool.Caller, d identitypool.Decision) {
			fmt.Println(d.Resource, d.Allowed)
		},
		Refuse: func(w http.ResponseWriter, _ *http.Request, err *identitypool.Error) {
			http.Error(w, "sorry", err.Code.Status())
		},
	})
	if err != nil {
		panic(err)
	}
	teams := map[string]string{"roadmap": "blue", "salaries": "red"}
	handler, err := authorizer.Routes([]identitypool.Route{{
		Pattern: "GET /notes/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}",
		Context: func(r *http.Request) map[string][]string {
			return map[string][]string{"notes:Team": {teams[r.PathValue("note")]}}
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "the note") }),
	}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	_, send := exampleClient(pool, ann)
	send("GET", server.URL+"/notes/bob/roadmap")
	send("GET", server.URL+"/notes/bob/salaries")
	// Output:
	// arn:app:notes:::bob/roadmap true
	// 200 the note
	// arn:app:notes:::bob/salaries false
	// 403 sorry
}

// How does the owner of a resource let somebody in, as with a bucket policy of S3?
func ExampleRoute_resourcePolicy() {
	pool := examplePool()
	shared, err := policy.ParseResource([]byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:role/User"},
			"Action": "notes:Read", "Resource": "arn:app:notes:::bob/menu"
		}
	}`))
	if err != nil {
		panic(err)
	}
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{
		Decided: func(_ *http.Request, _ identitypool.Caller, d identitypool.Decision) {
			fmt.Println(d.Resource, d.Allowed, d.Kind)
		},
		Refuse: func(w http.ResponseWriter, _ *http.Request, err *identitypool.Error) {
			http.Error(w, "sorry", err.Code.Status())
		},
	})
	if err != nil {
		panic(err)
	}
	handler, err := authorizer.Routes([]identitypool.Route{{
		Pattern: "GET /notes/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}",
		ResourcePolicy: func(r *http.Request) (*policy.Document, error) {
			if r.PathValue("owner") == "bob" {
				return shared, nil // kept parsed, beside what it is about
			}
			return nil, nil
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "the note") }),
	}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	_, send := exampleClient(pool, ann)
	send("GET", server.URL+"/notes/bob/menu")
	send("GET", server.URL+"/notes/bob/diary")
	// Output:
	// arn:app:notes:::bob/menu true resource
	// 200 the note
	// arn:app:notes:::bob/diary false identity
	// 403 sorry
}

// How do I ask about more than one resource in a request?
func ExampleDecide() {
	move := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The route has decided about the note that is moved. The place where it goes to is another question.
		target := "arn:app:notes:::" + r.PathValue("owner") + "/archive"
		decision, err := identitypool.Decide(r.Context(), identitypool.Question{Action: "notes:Write", Resource: target})
		if err != nil || !decision.Allowed {
			http.Error(w, "not there", http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, "moved")
	})
	pool := examplePool()
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{})
	if err != nil {
		panic(err)
	}
	handler, err := authorizer.Routes([]identitypool.Route{
		{Pattern: "POST /notes/{owner}/{note}", Action: "notes:Delete", Resource: "arn:app:notes:::{owner}/{note}", Handler: move},
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	id, send := exampleClient(pool, ann)
	send("POST", server.URL+"/notes/"+id+"/shopping")
	// Output:
	// 200 moved
}

// How do I check a request where neither Routes nor Handler fits?
func ExampleAuthorizer_Authorize() {
	pool := examplePool()
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{})
	if err != nil {
		panic(err)
	}
	http.HandleFunc("POST /batch", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		for note := range strings.Lines(string(body)) {
			if err := authorizer.Authorize(r, body, "notes:Delete", "arn:app:notes:::"+strings.TrimSpace(note)); err != nil {
				http.Error(w, err.Error(), http.StatusForbidden)
				return
			}
		}
	})
}

// How do I tell which address a client has, behind a proxy?
func ExampleAuthorizerConfig_clientAddress() {
	config := identitypool.AuthorizerConfig{
		// The proxy appends the address it sees: the last is its own word, what stands before it is the client's.
		ClientAddress: func(r *http.Request) netip.Addr {
			all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
			address, _ := netip.ParseAddr(strings.TrimSpace(all[len(all)-1])) // the zero Addr if it is none: not known
			return address
		},
		SecureTransport: func(r *http.Request) bool { return r.Header.Get("X-Forwarded-Proto") == "https" },
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-For", "10.0.0.1, 192.0.2.7")
	fmt.Println(config.ClientAddress(r))
	// Output:
	// 192.0.2.7
}

// How do I let guests in, and what may they do?
func ExamplePool_GetID_guest() {
	pool := examplePool()
	ctx := context.Background()
	guest, _ := pool.GetID(ctx, identitypool.GetIDInput{}) // no logins: a new identity each time
	out, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: guest})
	fmt.Println(out.Credentials.AccessKeyID[:4], err)

	// Somebody who has signed in cannot be used as a guest.
	id, _ := pool.GetID(ctx, identitypool.GetIDInput{Logins: ann})
	_, err = pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id})
	fmt.Println(errors.Is(err, identitypool.NotAuthorized))
	// Output:
	// ASIA <nil>
	// true
}
