package userpooltest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// newReports is what an application has: a function that makes its handler, and is given the pool.
func newReports(pool *userpool.Pool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		claims, err := pool.VerifyAccessToken(r.Context(), token)
		if err != nil {
			http.Error(w, "Please sign in.", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "reports for %v", claims["cognito:groups"])
	})
}

// exampleT stands for the *testing.T that an example does not have.
type exampleT struct{ testing.TB }

func (exampleT) Helper()           {}
func (exampleT) Cleanup(func())    {}
func (exampleT) Output() io.Writer { return io.Discard }

var (
	t   exampleT
	ctx = context.Background()
)

// How to test a handler of one's own for people who are signed in.
func Example() {
	pool := userpooltest.New(t)
	handler := newReports(pool.Pool)
	ada := pool.AddUser("ada@example.com")
	ada.JoinGroups("analysts")

	r := httptest.NewRequest(http.MethodGet, "/reports", nil)
	ada.Authorize(r)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)

	pool.Clock.Advance(2 * time.Hour) // the token has expired
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output:
	// 200 reports for [analysts]
	// 401
}

// How to test with the app clients and hooks of the application.
func ExampleNew() {
	pool := userpooltest.New(t, func(c *userpool.Config) {
		c.Settings.Clients = []userpool.Client{{ID: "shop", CallbackURLs: []string{"https://shop.example/callback"}}}
		c.Settings.PasswordPolicy = userpool.CognitoPasswordPolicy()
	})
	tokens := pool.AddUser("ada@example.com").SignInAt("shop")
	fmt.Println(tokens.Scopes)
	// Output: [email openid profile]
}

// How to read the code that a person is sent, and to let it expire.
func ExampleOutbox_Code() {
	pool := userpooltest.New(t)
	ada := pool.AddUser("ada@example.com")

	pool.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: ada.Email})
	code := pool.Outbox.Code(ada.Email)
	pool.Clock.Advance(11 * time.Minute)

	err := pool.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: ada.Email, ConfirmationCode: code, Password: "an entirely different passphrase",
	})
	fmt.Println(errors.Is(err, userpool.ExpiredCode))
	// Output: true
}

// How to see what people are told while the mail is broken.
func ExampleOutbox_Fail() {
	pool := userpooltest.New(t)
	pool.Outbox.Fail(errors.New("no route to host"))

	_, err := pool.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: userpooltest.Password})
	fmt.Println(errors.Is(err, userpool.CodeDeliveryFailure))
	// Output: true
}

// How to test pages for people who sign in with a browser, at the hosted pages.
func ExampleUser_SignInBrowser() {
	pool := userpooltest.New(t)
	ui, err := hostedui.New(hostedui.Config{Pool: pool.Pool})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", ui)
	mux.HandleFunc("/welcome", func(w http.ResponseWriter, r *http.Request) {
		claims, err := ui.Authenticate(r)
		if err != nil || claims == nil {
			http.Redirect(w, r, ui.LoginURL(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		w.Header().Set("X-User", fmt.Sprint(claims["email"]))
	})

	browser := pool.NewBrowser(mux)
	next := pool.AddUser("ada@example.com").SignInBrowser(browser, "/welcome")
	answer, err := browser.Get(next.String())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	fmt.Println(answer.Request.URL, answer.StatusCode, answer.Header.Get("X-User"))
	// Output: https://id.test/welcome 200 ada@example.com
}
