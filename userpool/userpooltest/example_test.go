package userpooltest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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

// A test gives its own *testing.T, which an Example does not have.
var (
	t   userpooltest.ExampleT
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

// How to test for people who have a second factor.
func ExampleUser_AddSoftwareToken() {
	pool := userpooltest.New(t, func(c *userpool.Config) { c.Settings.MFA = userpool.MFARequired })
	ada := pool.AddUser("ada@example.com")
	ada.AddSoftwareToken()

	claims, err := pool.VerifyAccessToken(ctx, ada.SignIn().AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(claims["acr"])
	// Output: https://refeds.org/profile/mfa
}

// How to test a sign-in of one's own that asks for the code of the authenticator app.
func ExampleSoftwareToken_Code() {
	pool := userpooltest.New(t, func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
	ada := pool.AddUser("ada@example.com")
	app := ada.AddSoftwareToken()

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Username, Password: ada.Password,
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(out.Challenge.Name)
	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: userpooltest.ClientID,
		Response: userpool.ChallengeResponse{Answer: app.Code()},
	})
	fmt.Println(out.Tokens != nil, err)
	// Output:
	// SOFTWARE_TOKEN_MFA
	// true <nil>
}

// How to test with users who sign in with a phone number.
func ExamplePool_AddUser_phone() {
	pool := userpooltest.New(t, func(c *userpool.Config) { c.Settings.UsernameAttributes = []string{"phone_number"} })
	ada := pool.AddUser("+44 20 7946 0123")
	fmt.Println(ada.Username, ada.Email == "")

	pool.AddUnconfirmed("+442079460199")
	fmt.Println(len(pool.Outbox.Code("+442079460199")))
	// Output:
	// +442079460123 true
	// 6
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
