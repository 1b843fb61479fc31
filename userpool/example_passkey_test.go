package userpool_test

import (
	"context"
	"fmt"
	"log"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// passkeyPool is a pool in which people sign in with a passkey or a password. Outside of tests, Config.WebAuthn is needed too: see
// passkey.New.
func passkeyPool() *userpooltest.Pool {
	return userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengeWebAuthn, userpool.ChallengePassword}
		c.Settings.Clients = []userpool.Client{{
			ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserAuth, userpool.UserPasswordAuth},
		}}
	})
}

// How does a person who is signed in add a passkey? The page hands the options to navigator.credentials.create, for which the authenticator
// stands; see package passkey for the lines of JavaScript.
func ExamplePool_StartWebAuthnRegistration() {
	ctx := context.Background()
	pool := passkeyPool()
	browser := pool.NewAuthenticator()
	token := pool.AddUser("ada@example.com").SignIn().AccessToken

	options, err := pool.StartWebAuthnRegistration(ctx, token)
	if err != nil { // with LoginRequired, the sign-in is more than 10 minutes ago
		log.Fatal(err)
	}
	if err := pool.CompleteWebAuthnRegistration(ctx, userpool.CompleteWebAuthnRegistrationInput{
		AccessToken: token, Credential: browser.Create(options), Name: "Ada's laptop",
	}); err != nil {
		log.Fatal(err)
	}
	passkeys, err := pool.ListWebAuthnCredentials(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	for _, k := range passkeys {
		fmt.Println(k.Name, "is synchronized between devices:", k.BackedUp)
	}
	fmt.Println("Ada is told:", pool.Outbox.Last().Kind)
	// Output:
	// Ada's laptop is synchronized between devices: true
	// Ada is told: FactorChanged
}

// How does a person sign in with a passkey, without typing a name?
func ExamplePool_InitiateAuth_passkey() {
	ctx := context.Background()
	pool := passkeyPool()
	browser := pool.NewAuthenticator() // stands for navigator.credentials
	pool.AddUser("ada@example.com").AddPasskey(browser)

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserAuth, ClientID: "webapp", PreferredChallenge: userpool.ChallengeWebAuthn,
	})
	if err != nil {
		log.Fatal(err)
	}
	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "webapp",
		Response: userpool.ChallengeResponse{Credential: browser.Get(out.Challenge.CredentialRequestOptions)},
	})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := pool.VerifyIDToken(ctx, out.Tokens.IDToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("hello", claims["email"])
	// A passkey whose authenticator asked for a finger or a PIN is two factors in one ("mfa"); otherwise it is one, as a password is.
	fmt.Println(claims["amr"], claims["acr"])
	// Output:
	// hello ada@example.com
	// [swk user mfa] phr
}
