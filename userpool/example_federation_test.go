package userpool_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// companyID is another provider, at which everybody is Ada. A program takes one from the packages below federation.
type companyID struct{}

func (companyID) Begin(_ context.Context, callbackURL, state string) (http.Handler, []byte, error) {
	next := "https://company.example/authorize?" + url.Values{"redirect_uri": {callbackURL}, "state": {state}}.Encode()
	return http.RedirectHandler(next, http.StatusSeeOther), nil, nil
}

func (companyID) Finish(*http.Request, []byte) (string, map[string][]string, error) {
	return "employee 42", map[string][]string{"email": {"ada@company.example"}, "email_verified": {"true"}, "name": {"Ada Lovelace"}}, nil
}

// signInAtCompany does what two handlers of a program do, and the browser between them.
func signInAtCompany(pool *userpooltest.Pool, linkTo string) *userpool.AuthOutcome {
	ctx := context.Background()
	const browser = "a random secret in a cookie of the browser"
	begin, err := pool.BeginFederatedSignIn(ctx, userpool.BeginFederatedSignInInput{
		Provider: "Company", CallbackURL: "https://app.example.com/callback", Browser: browser, LinkTo: linkTo,
	})
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	begin.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/signin/company", nil)) // sends the browser away
	next, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		log.Fatal(err)
	}
	callback := httptest.NewRequest(http.MethodGet, "/callback?state="+next.Query().Get("state"), nil) // with which it comes back
	out, _, err := pool.FinishFederatedSignIn(ctx, callback, userpool.FinishFederatedSignInInput{
		Provider: "Company", State: callback.FormValue("state"), Browser: browser,
	})
	if err != nil {
		log.Fatal(err)
	}
	return out
}

// How do people sign in at another provider? The hosted pages do this; a program with pages of its own does what signInAtCompany does.
func ExamplePool_BeginFederatedSignIn() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Company", IdentityProvider: companyID{}}}
	})
	out := signInAtCompany(pool, "")
	session, err := pool.BrowserSession(ctx, out.BrowserSession)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.User.Username, session.User.Status, session.User.Attributes["name"])
	// Output:
	// Company_employee 42 EXTERNAL_PROVIDER Ada Lovelace
}

// How does a person who has an account here sign in at another provider from now on as well, as the same user?
func ExampleBeginFederatedSignInInput_linkTo() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Company", IdentityProvider: companyID{}}}
	})
	ada := pool.AddUser("ada@example.com")
	signInAtCompany(pool, ada.BrowserSession()) // the button "link my account" of the account page

	out := signInAtCompany(pool, "") // the next day
	session, err := pool.BrowserSession(ctx, out.BrowserSession)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same user:", session.User.Sub == ada.Sub)
	fmt.Println(pool.UnlinkIdentity(ctx, userpool.UnlinkIdentityInput{ // the way back
		AccessToken: out.BrowserSession, Provider: "Company", Subject: session.User.Identities[0].Subject,
	}))
	// Output:
	// the same user: true
	// <nil>
}

// How are people who have an account here recognised when they first come from their company?
func ExampleLinkRule() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{
			Name: "Company", IdentityProvider: companyID{},
			LinkBy: userpool.LinkVerifiedEmail, AuthoritativeDomains: []string{"company.example"},
		}}
	})
	ada := pool.AddUser("ada@company.example")
	session, err := pool.BrowserSession(ctx, signInAtCompany(pool, "").BrowserSession)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same user:", session.User.Sub == ada.Sub)
	for _, m := range pool.Outbox.To(ada.Email) {
		fmt.Println("Ada is told:", m.Kind)
	}
	// Output:
	// the same user: true
	// Ada is told: FactorChanged
}

// How does an administrator link an account before its first sign-in?
func ExamplePool_AdminLinkProviderForUser() {
	ctx := userpool.WithActor(context.Background(), "grace@example.com") // for the audit trail
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Company", IdentityProvider: companyID{}}}
	})
	ada := pool.AddUser("ada@example.com")
	if err := pool.AdminLinkProviderForUser(ctx, userpool.AdminLinkProviderForUserInput{
		DestinationUser: userpool.ProviderUserIdentifier{ProviderAttributeValue: ada.Email},
		SourceUser:      userpool.ProviderUserIdentifier{ProviderName: "Company", ProviderAttributeValue: "employee 42"},
	}); err != nil {
		log.Fatal(err)
	}
	session, err := pool.BrowserSession(ctx, signInAtCompany(pool, "").BrowserSession)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same user:", session.User.Sub == ada.Sub)
	// Output:
	// the same user: true
}
