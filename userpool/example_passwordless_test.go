package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/url"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// How does a person sign in without a password, by a code that comes by e-mail?
func ExamplePool_InitiateAuth_emailCode() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengeEmailOTP}
		c.Settings.Clients = []userpool.Client{{ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserAuth}}}
	})
	pool.AddUser("ada@example.com", func(in *userpool.SignUpInput) { in.Password = "" }) // who never had a password

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: "ada@example.com",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Challenge.Name, "was sent to", out.Challenge.Delivery.Destination)
	// Keep out.Challenge.Session, such as in a cookie, and ask for the code.

	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "webapp",
		Response: userpool.ChallengeResponse{Answer: pool.Outbox.Code("ada@example.com")},
	})
	if err != nil { // with CodeMismatch, the Session of the *Error takes another try
		log.Fatal(err)
	}
	claims, err := pool.VerifyIDToken(ctx, out.Tokens.IDToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("hello", claims["email"])
	// Output:
	// EMAIL_OTP was sent to a***@e***
	// hello ada@example.com
}

// How does a person sign in by a link that comes by e-mail?
func ExamplePool_InitiateAuth_link() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengeEmailLink, userpool.ChallengePassword}
		c.Settings.SignInLinkURL = "https://app.example.com/signin"
		c.Settings.Clients = []userpool.Client{{ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserAuth}}}
	})
	pool.AddUser("ada@example.com")
	begin := userpool.InitiateAuthInput{
		AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: "ada@example.com", PreferredChallenge: userpool.ChallengeEmailLink,
	}
	out, err := pool.InitiateAuth(ctx, begin)
	if err != nil {
		log.Fatal(err)
	}
	link, err := url.Parse(pool.Outbox.Last().Link)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Ada opens", link.Host+link.Path)
	stranger, err := pool.InitiateAuth(ctx, begin) // in another browser
	if err != nil {
		log.Fatal(err)
	}

	// The page at SignInLinkURL has the token from the link, and the session from a cookie of the browser that began.
	follow := userpool.RespondToAuthChallengeInput{
		ChallengeName: userpool.ChallengeEmailLink, Session: stranger.Challenge.Session, ClientID: "webapp",
		Response: userpool.ChallengeResponse{Answer: link.Query().Get("token")},
	}
	_, err = pool.RespondToAuthChallenge(ctx, follow)
	fmt.Println("a browser that did not begin is kept out:", errors.Is(err, userpool.CodeMismatch))
	follow.Session = out.Challenge.Session
	out, err = pool.RespondToAuthChallenge(ctx, follow)
	fmt.Println("Ada is signed in:", err == nil && out.Tokens != nil)
	// Output:
	// Ada opens app.example.com/signin
	// a browser that did not begin is kept out: true
	// Ada is signed in: true
}

// How does a person choose among the ways to sign in?
func ExamplePool_InitiateAuth_choice() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{
			userpool.ChallengeWebAuthn, userpool.ChallengeEmailOTP, userpool.ChallengePassword,
		}
		c.Settings.Clients = []userpool.Client{{ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserAuth}}}
	})
	ada := pool.AddUser("ada@example.com")

	// With a PreferredChallenge, such as the one that the browser took last time, this goes on with it and asks nothing.
	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: ada.Email})
	if err != nil {
		log.Fatal(err)
	}
	// These are what the pool has, and not what Ada has: otherwise they would tell who has an account.
	fmt.Println(out.Challenge.Name, out.Challenge.Choices)

	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "webapp",
		Response: userpool.ChallengeResponse{Answer: string(userpool.ChallengePassword)}, // with Password as well, this step is the last
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Challenge.Name)
	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "webapp",
		Response: userpool.ChallengeResponse{Password: ada.Password},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", out.Tokens != nil)
	// Output:
	// SELECT_CHALLENGE [WEB_AUTHN EMAIL_OTP PASSWORD]
	// PASSWORD
	// signed in: true
}

// How is a person signed in at once who has just confirmed a sign-up, without another code?
func ExamplePool_ConfirmSignUp() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengeEmailOTP}
		c.Settings.Clients = []userpool.Client{{ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserAuth}}}
	})
	signUp, err := pool.SignUp(ctx, userpool.SignUpInput{ClientID: "webapp", Username: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	confirmed, err := pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		ClientID: "webapp", Username: "ada@example.com", ConfirmationCode: pool.Outbox.Code("ada@example.com"), Session: signUp.Session,
	})
	if err != nil {
		log.Fatal(err)
	}
	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.UserAuth, ClientID: "webapp", Session: confirmed.Session})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", out.Tokens != nil)
	// Output:
	// signed in: true
}
