package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// How does a program answer the challenges of a sign-in, when everybody needs a second factor? This one sets up an authenticator app, for
// which showCode stands.
func ExamplePool_RespondToAuthChallenge() {
	ctx := context.Background()
	var mail userpool.Message
	pool, err := userpool.New(userpool.Config{
		Issuer: "https://id.example.com", Store: memstore.New(),
		Sender: userpool.SenderFunc(func(_ context.Context, m userpool.Message) error { mail = m; return nil }),
		Settings: userpool.Settings{
			MFA:     userpool.MFARequired,
			Clients: []userpool.Client{{ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth}}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	signUp, err := pool.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: "purple otters juggle lanterns"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err = pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		Username: "ada@example.com", ConfirmationCode: mail.Code, Session: signUp.Session,
	}); err != nil {
		log.Fatal(err)
	}

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: "purple otters juggle lanterns",
	})
	for err == nil && out.Challenge != nil {
		c := out.Challenge
		fmt.Println(c.Name)
		respond := userpool.RespondToAuthChallengeInput{ChallengeName: c.Name, Session: c.Session, ClientID: "webapp"}
		switch c.Name {
		case userpool.ChallengeMFASetup:
			app, err := pool.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{Session: c.Session})
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("show the QR code of", app.URI[:len("otpauth://totp/id.example.com:")])
			verified, err := pool.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{
				Session: app.Session, UserCode: showCode(app.SecretCode), FriendlyDeviceName: "phone",
			})
			if err != nil {
				log.Fatal(err)
			}
			respond.Session = verified.Session
		case userpool.ChallengeSoftwareTokenMFA, userpool.ChallengeSMSMFA, userpool.ChallengeEmailOTP:
			respond.Response.Answer = "what the person types"
		}
		out, err = pool.RespondToAuthChallenge(ctx, respond)
		var e *userpool.Error
		if errors.As(err, &e) && e.Session != "" {
			fmt.Println("try again with e.Session:", e.Message)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	claims, err := pool.VerifyAccessToken(ctx, out.Tokens.AccessToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims["amr"], claims["acr"])
	// Output:
	// MFA_SETUP
	// show the QR code of otpauth://totp/id.example.com:
	// [pwd otp mfa] https://refeds.org/profile/mfa
}
