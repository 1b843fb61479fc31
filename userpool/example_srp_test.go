package userpool_test

import (
	"context"
	"fmt"
	"log"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// What does a server do for clients that prove the password by Secure Remote Password, without sending it? Amplify and the Cognito SDKs,
// for which client stands, do the computing: the server allows the flow, and hands through what they send.
func ExampleSRPParameters() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.ID = "eu-west-1_Example42" // the libraries compute with what follows the underscore
		c.Settings.Clients = []userpool.Client{{ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserSRPAuth}}}
	})
	ada, client := pool.AddUser("ada@example.com"), newAmplify(pool.Clock.Now)

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserSRPAuth, ClientID: "webapp", Username: ada.Email, SRPA: client.SRPA(), // AuthParameters of the request
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Challenge.Name) // with out.Challenge.SRP for ChallengeParameters of the response

	response := client.Prove("Example42", ada.Password, out.Challenge.SRP) // ChallengeResponses of the next request
	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "webapp", Response: response,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", out.Tokens != nil)
	// Output:
	// PASSWORD_VERIFIER
	// signed in: true
}
