package identitypooltest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/identitypooltest"
)

type noUsers struct{}

func (noUsers) UserByAccessKey(context.Context, string) (identitypool.User, bool, error) {
	return identitypool.User{}, false, errors.New("none")
}

// application is what the application makes of a pool.
func application(pool *identitypool.Pool) http.Handler {
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{})
	if err != nil {
		panic(err)
	}
	handler, err := authorizer.Routes([]identitypool.Route{{
		Pattern: "GET /notes/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "the note ", r.PathValue("note")) }),
	}})
	if err != nil {
		panic(err)
	}
	return handler
}

func show(answer *http.Response, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	kind, _, _ := strings.Cut(string(text), `","message`)
	fmt.Println(answer.StatusCode, kind)
}

// How do I test who may do what in my application?
func Example() {
	t := identitypooltest.ExampleT{} // in a test, its t
	pool := identitypooltest.New(t, func(c *identitypool.Config) {
		c.AuthenticatedRole = identitypool.Role{Name: "User", Policies: []string{`{"Version": "2012-10-17", "Statement": {
			"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}}`}}
		c.UnauthenticatedRole = identitypool.Role{Name: "Guest", Policies: []string{`{"Version": "2012-10-17", "Statement": {
			"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:app:notes:::public/*"}}`}}
	})
	handler := application(pool.Pool)

	ada, bob, guest := pool.User("ada", nil), pool.User("bob", nil), pool.Guest()
	show(ada.Client(handler).Get("https://app.test/notes/" + ada.IdentityID + "/shopping"))
	show(bob.Client(handler).Get("https://app.test/notes/" + ada.IdentityID + "/shopping"))
	show(guest.Client(handler).Get("https://app.test/notes/public/news"))
	// Output:
	// 200 the note shopping
	// 403 {"__type":"AccessDeniedException
	// 200 the note news
}

// How do I test what happens when credentials end?
func ExampleUser_With() {
	pool := identitypooltest.New(identitypooltest.ExampleT{})
	handler := application(pool.Pool)
	ada := pool.User("ada", nil)
	old := ada.With(ada.Credentials())
	pool.Clock.Advance(2 * time.Hour)
	show(old.Client(handler).Get("https://app.test/notes/ada/shopping"))
	show(ada.Client(handler).Get("https://app.test/notes/ada/shopping")) // signs in again

	old = ada.With(ada.Credentials())
	if err := pool.Revoke(context.Background(), identitypool.RevokeInput{IdentityID: ada.IdentityID}); err != nil {
		fmt.Println(err)
	}
	show(old.Client(handler).Get("https://app.test/notes/ada/shopping"))
	// Output:
	// 403 {"__type":"ExpiredTokenException
	// 200 the note shopping
	// 403 {"__type":"NotAuthorizedException
}

// How do I test sign-ins at a provider with claims?
func ExampleProvider_Login() {
	pool := identitypooltest.New(identitypooltest.ExampleT{})
	token := pool.Provider.Login("ada", map[string]any{"email": "ada@example.com"})
	logins := map[string]string{identitypooltest.ProviderName: token}
	_, err := pool.GetID(context.Background(), identitypool.GetIDInput{Logins: logins})
	fmt.Println(err)
	pool.Clock.Advance(identitypooltest.TokenValidity)
	_, err = pool.GetID(context.Background(), identitypool.GetIDInput{Logins: logins})
	fmt.Println(errors.Is(err, identitypool.NotAuthorized))
	// Output:
	// <nil>
	// true
}
