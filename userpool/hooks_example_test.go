package userpool_test

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// hookedPool returns a pool with hooks, in which Ada has an account.
func hookedPool(hooks userpool.Hooks, flows ...userpool.AuthFlow) *userpool.Pool {
	var mail userpool.Message
	pool, err := userpool.New(userpool.Config{
		Issuer:   "https://id.example.com",
		Store:    memstore.New(),
		Sender:   userpool.SenderFunc(func(_ context.Context, m userpool.Message) error { mail = m; return nil }),
		Settings: userpool.Settings{Clients: []userpool.Client{{ID: "webapp", AuthFlows: flows}}},
		Hooks:    hooks,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	out, err := pool.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: "purple otters juggle lanterns"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		Username: "ada@example.com", ConfirmationCode: mail.Code, Session: out.Session,
	}); err != nil {
		log.Fatal(err)
	}
	return pool
}

// How do I ask a question of my own at sign-in? This one may be answered wrong twice.
func ExampleHooks_customChallenge() {
	ctx := context.Background()
	pool := hookedPool(userpool.Hooks{
		DefineAuthChallenge: func(_ context.Context, e userpool.DefineAuthChallengeEvent) (userpool.DefineAuthChallengeResult, error) {
			n := len(e.Session)
			switch {
			case n > 0 && e.Session[n-1].ChallengeName == userpool.ChallengeCustom && e.Session[n-1].ChallengeResult:
				return userpool.DefineAuthChallengeResult{IssueTokens: true}, nil
			case n >= 3:
				return userpool.DefineAuthChallengeResult{FailAuthentication: true}, nil
			}
			return userpool.DefineAuthChallengeResult{ChallengeName: userpool.ChallengeCustom}, nil
		},
		CreateAuthChallenge: func(context.Context, userpool.CreateAuthChallengeEvent) (userpool.CreateAuthChallengeResult, error) {
			return userpool.CreateAuthChallengeResult{
				PublicChallengeParameters:  map[string]string{"question": "What did Babbage build?"},
				PrivateChallengeParameters: map[string]string{"answer": "an engine"},
			}, nil
		},
		VerifyAuthChallengeResponse: func(_ context.Context, e userpool.VerifyAuthChallengeResponseEvent) (userpool.VerifyAuthChallengeResponseResult, error) {
			right := subtle.ConstantTimeCompare([]byte(e.ChallengeAnswer), []byte(e.PrivateChallengeParameters["answer"])) == 1
			return userpool.VerifyAuthChallengeResponseResult{AnswerCorrect: right}, nil
		},
	}, userpool.CustomAuth)

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.CustomAuth, ClientID: "webapp", Username: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	for _, answer := range []string{"a loom", "an engine"} {
		fmt.Println(out.Challenge.Parameters["question"], answer)
		out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "webapp",
			Response: userpool.ChallengeResponse{Answer: answer},
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("signed in:", out.Tokens != nil)
	// Output:
	// What did Babbage build? a loom
	// What did Babbage build? an engine
	// signed in: true
}

// How do I put something of my own into the tokens?
func ExampleHooks_claims() {
	ctx := context.Background()
	tenants := map[string]string{"ada@example.com": "tenant-7"}
	pool := hookedPool(userpool.Hooks{
		PreTokenGeneration: func(_ context.Context, e userpool.PreTokenGenerationEvent) (userpool.PreTokenGenerationResult, error) {
			return userpool.PreTokenGenerationResult{
				AccessTokenClaims: map[string]any{"tenant": tenants[e.Attributes["email"]]},
				ScopesToAdd:       []string{"orders/read"},
			}, nil
		},
	}, userpool.UserPasswordAuth)
	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: "purple otters juggle lanterns",
	})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := pool.VerifyAccessToken(ctx, out.Tokens.AccessToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims["tenant"])
	fmt.Println(claims["scope"])
	// Output:
	// tenant-7
	// aws.cognito.signin.user.admin orders/read
}

// How do people move here from an old table, with their passwords?
func ExampleHooks_userMigration() {
	ctx := context.Background()
	type row struct{ password, name string } // a real table has hashes
	table := map[string]row{"grace@example.com": {"bugs in the relay", "Grace"}}
	pool := hookedPool(userpool.Hooks{
		UserMigration: func(_ context.Context, e userpool.UserMigrationEvent) (userpool.UserMigrationResult, error) {
			r, found := table[e.UserName]
			right := subtle.ConstantTimeCompare([]byte(r.password), []byte(e.Password)) == 1
			if !found || e.Trigger == userpool.TriggerUserMigrationAuthentication && !right {
				return userpool.UserMigrationResult{}, nil
			}
			return userpool.UserMigrationResult{
				UserAttributes:  map[string]string{"email_verified": "true", "name": r.name},
				FinalUserStatus: userpool.StatusConfirmed,
				MessageAction:   "SUPPRESS",
			}, nil
		},
	}, userpool.UserPasswordAuth)
	_, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "grace@example.com", Password: "bugs in the relay",
	})
	if err != nil {
		log.Fatal(err)
	}
	delete(table, "grace@example.com")
	user, err := pool.AdminGetUser(ctx, "grace@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.Attributes["name"], user.Status)
	// Output:
	// Grace CONFIRMED
}
