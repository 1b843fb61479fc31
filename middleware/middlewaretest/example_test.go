package middlewaretest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stepwell/stepwell/middleware"
	"github.com/stepwell/stepwell/middleware/middlewaretest"
)

// newReports is what an application has: a function that makes its handlers, and is given the guard.
func newReports(guard *middleware.Guard) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /reports", guard.RequireScope("reports/read").Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := middleware.FromContext(r.Context())
		fmt.Fprintln(w, "reports of", claims.Username())
	})))
	return mux
}

// exampleT stands for the *testing.T that an example does not have.
type exampleT struct{ testing.TB }

func (exampleT) Helper() {}

var t exampleT

// Test your own protected handler: with what it asks for, without it, and after the token has ended.
func ExampleIssuer() {
	issuer := middlewaretest.NewIssuer(t)
	h := newReports(issuer.Guard())
	status := func(r *http.Request) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}

	r := httptest.NewRequest("GET", "/reports", nil)
	fmt.Println("nobody:", status(r))

	issuer.Authorize(r, map[string]any{"scope": "openid"})
	fmt.Println("without the scope:", status(r))

	issuer.Authorize(r, map[string]any{"scope": "openid reports/read"})
	fmt.Println("with the scope:", status(r))

	issuer.Advance(2 * middlewaretest.Lifetime)
	fmt.Println("expired:", status(r))
	// Output:
	// nobody: 401
	// without the scope: 403
	// with the scope: 200
	// expired: 401
}

// Test pages for people who sign in with a browser.
func ExampleSession() {
	session := middlewaretest.NewSession(t)
	guard, err := middleware.New(middleware.Config{Session: session})
	if err != nil {
		panic(err)
	}
	h := guard.RequireGroup("admins").Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "administration")
	}))

	for _, groups := range [][]string{{"users"}, {"users", "admins"}} {
		r := httptest.NewRequest("GET", "/admin", nil)
		session.SignIn(r, map[string]any{"cognito:groups": groups})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 403
	// 200
}
