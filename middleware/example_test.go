package middleware_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stepwell/stepwell/middleware"
	"github.com/stepwell/stepwell/middleware/middlewaretest"
)

// exampleT stands for the *testing.T that an example does not have.
type exampleT struct{ testing.TB }

func (exampleT) Helper()                           {}
func (exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

var t exampleT

// answer serves the request and prints what the client gets.
func answer(h http.Handler, r *http.Request) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body.String())
}

// Protect a handler: only callers with an access token of the issuer get through.
func Example() {
	issuer := middlewaretest.NewIssuer(t) // in a program: a user pool, or NewRemoteKeys
	guard, err := middleware.New(middleware.Config{
		Issuer:    middlewaretest.IssuerURL,
		Keys:      issuer,
		ClientIDs: []string{"test-client"},
		Now:       issuer.Now,
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/private", guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := middleware.FromContext(r.Context())
		fmt.Fprintf(w, "hello, %s", claims.Username())
	})))

	r := httptest.NewRequest("GET", "/private", nil)
	answer(mux, r)
	r.Header.Set("Authorization", "Bearer "+issuer.AccessToken(nil))
	answer(mux, r)
	// Output:
	// 401 401 Unauthorized: sign in, or send an access token
	//
	// 200 hello, alice
}

// Require scopes: what the client was permitted to do.
func ExampleGuard_RequireScope() {
	issuer := middlewaretest.NewIssuer(t)
	reports := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "reports") })
	mux := http.NewServeMux()
	mux.Handle("GET /reports", issuer.Guard().RequireScope("reports/read").Handler(reports))
	mux.Handle("POST /reports", issuer.Guard().RequireScope("reports/read", "reports/write").Handler(reports))

	for _, method := range []string{"GET", "POST"} {
		r := httptest.NewRequest(method, "/reports", nil)
		issuer.Authorize(r, map[string]any{"scope": "openid reports/read"})
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(method, w.Code)
		if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
			fmt.Println(challenge)
		}
	}
	// Output:
	// GET 200
	// POST 403
	// Bearer realm="https://issuer.test/pool", error="insufficient_scope", error_description="a required scope is missing", scope="reports/read reports/write"
}

// Require a group: what the user is. A second call asks for one of its groups too.
func ExampleGuard_RequireGroup() {
	issuer := middlewaretest.NewIssuer(t)
	staff := issuer.Guard().RequireGroup("admins", "operators")
	h := staff.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "welcome") }))

	for _, groups := range [][]string{{"operators"}, {"customers"}, nil} {
		r := httptest.NewRequest("GET", "/admin", nil)
		issuer.Authorize(r, map[string]any{"cognito:groups": groups})
		answer(h, r)
	}
	// Output:
	// 200 welcome
	//
	// 403 403 Forbidden: membership of a required group is missing
	//
	// 403 403 Forbidden: membership of a required group is missing
}

// Read the claims of the caller in a handler.
func ExampleFromContext() {
	issuer := middlewaretest.NewIssuer(t)
	h := issuer.Guard().Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		claims, _ := middleware.FromContext(r.Context())
		fmt.Println("subject:", claims.Subject())
		fmt.Println("may delete:", claims.HasScope("notes/delete"))
		fmt.Println("groups:", claims.Groups())
		fmt.Println("tenant:", claims.String("custom:tenant"))
		since, _ := claims.Time("auth_time")
		fmt.Println("signed in:", since)
	}))

	r := httptest.NewRequest("GET", "/notes", nil)
	issuer.Authorize(r, map[string]any{"sub": "u-1", "scope": "notes/read notes/delete", "cognito:groups": []string{"authors"}, "custom:tenant": "blue"})
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// subject: u-1
	// may delete: true
	// groups: [authors]
	// tenant: blue
	// signed in: 2030-01-02 03:04:05 +0000 UTC
}

// Verify the tokens of a pool in another program by the URL of its key set.
func ExampleNewRemoteKeys() {
	issuer := middlewaretest.NewIssuer(t)
	elsewhere := httptest.NewTLSServer(issuer)
	defer elsewhere.Close()

	keys, err := middleware.NewRemoteKeys(middleware.RemoteKeysConfig{
		URL:        elsewhere.URL + "/.well-known/jwks.json",
		HTTPClient: elsewhere.Client(), // trusts the certificate of this example; leave it out for public ones
	})
	if err != nil {
		panic(err)
	}
	guard, err := middleware.New(middleware.Config{Issuer: middlewaretest.IssuerURL, Keys: keys, Now: issuer.Now})
	if err != nil {
		panic(err)
	}

	r := httptest.NewRequest("GET", "/", nil)
	issuer.Authorize(r, nil)
	claims, err := guard.Check(r)
	fmt.Println(claims.Username(), err)
	// Output: alice <nil>
}

// Answer in a form of your own, and serve guests too.
func ExampleGuard_Check() {
	issuer := middlewaretest.NewIssuer(t)
	guard := issuer.Guard()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := guard.Check(r)
		var refused *middleware.Error
		switch {
		case err == nil:
			fmt.Fprintf(w, `{"hello":%q}`, claims.Username())
		case errors.Is(err, middleware.NoCredentials):
			fmt.Fprint(w, `{"hello":"guest"}`)
		case errors.As(err, &refused):
			w.Header().Set("Content-Type", "application/json")
			if refused.WWWAuthenticate != "" {
				w.Header().Set("WWW-Authenticate", refused.WWWAuthenticate)
			}
			w.WriteHeader(refused.Status)
			fmt.Fprintf(w, `{"error":%q}`, string(refused.Code))
		}
	})

	r := httptest.NewRequest("GET", "/", nil)
	answer(h, r)
	issuer.Authorize(r, nil)
	answer(h, r)
	issuer.Advance(2 * middlewaretest.Lifetime)
	answer(h, r)
	// Output:
	// 200 {"hello":"guest"}
	// 200 {"hello":"alice"}
	// 401 {"error":"invalid_token"}
}

// Protect pages for people: who is not signed in is sent to the login page, and comes back.
func ExampleLoginPage() {
	session := middlewaretest.NewSession(t) // in a program: the hosted pages of a user pool
	guard, err := middleware.New(middleware.Config{Session: session})
	if err != nil {
		panic(err)
	}
	h := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := middleware.FromContext(r.Context())
		fmt.Fprintf(w, "your orders, %s", claims.Username())
	}))

	r := httptest.NewRequest("GET", "/orders?page=2", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))

	session.SignIn(r, nil)
	answer(h, r)
	// Output:
	// 303 /test-login?return_to=%2Forders%3Fpage%3D2
	// 200 your orders, alice
}
