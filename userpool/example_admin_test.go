package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/stepwell/stepwell/userpool"
)

// exampleTokens signs a user in.
func exampleTokens(pool *userpool.Pool, username, password string) *userpool.Tokens {
	out, err := pool.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: username, Password: password,
	})
	if err != nil {
		log.Fatal(err)
	}
	return out.Tokens
}

// How does an administrator make a user?
func ExamplePool_AdminCreateUser() {
	ctx := userpool.WithActor(context.Background(), "grace@example.com") // for the audit trail
	var mail userpool.Message
	pool := examplePool(&mail)

	user, err := pool.AdminCreateUser(ctx, userpool.AdminCreateUserInput{
		Username:       "ada@example.com",
		UserAttributes: map[string]string{"name": "Ada Lovelace", "email_verified": "true"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.Attributes["name"], "is in", user.Status)

	// Ada signs in with the temporary password from the message, and chooses one of her own.
	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: mail.Code,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("asked for:", out.Challenge.Name)
	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "webapp",
		Response: userpool.ChallengeResponse{NewPassword: "purple otters juggle lanterns"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", out.Tokens.AccessToken != "")

	// Had the temporary password expired: MessageAction userpool.MessageActionResend sends another.
	// Output:
	// Ada Lovelace is in FORCE_CHANGE_PASSWORD
	// asked for: NEW_PASSWORD_REQUIRED
	// signed in: true
}

// How does a user change their e-mail address?
func ExamplePool_UpdateUserAttributes() {
	ctx := context.Background()
	var mail userpool.Message
	pool := examplePool(&mail)
	exampleUser(pool, "ada@example.com")
	token := exampleTokens(pool, "ada@example.com", "purple otters juggle lanterns").AccessToken

	codes, err := pool.UpdateUserAttributes(ctx, userpool.UpdateUserAttributesInput{
		AccessToken: token, UserAttributes: map[string]string{"email": "lovelace@example.org"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a code was sent to", codes[0].Destination)
	user, err := pool.GetUser(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("until it is verified:", user.Attributes["email"])

	err = pool.VerifyUserAttribute(ctx, userpool.VerifyUserAttributeInput{AccessToken: token, AttributeName: "email", Code: mail.Code})
	if errors.Is(err, userpool.AliasExists) {
		fmt.Println("somebody else signs in with this address")
	}
	if err != nil {
		log.Fatal(err)
	}
	pool.Wait()
	fmt.Println("and then", mail.To, "is told")
	exampleTokens(pool, "lovelace@example.org", "purple otters juggle lanterns")
	// Output:
	// a code was sent to l***@e***
	// until it is verified: ada@example.com
	// and then ada@example.com is told
}

// How does a user sign out everywhere but here?
func ExamplePool_EndOtherSessions() {
	ctx := context.Background()
	var mail userpool.Message
	pool := examplePool(&mail)
	exampleUser(pool, "ada@example.com")
	phone := exampleTokens(pool, "ada@example.com", "purple otters juggle lanterns")
	laptop := exampleTokens(pool, "ada@example.com", "purple otters juggle lanterns")

	sessions, err := pool.ListSessions(ctx, userpool.ListSessionsInput{AccessToken: laptop.AccessToken})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sessions:", len(sessions))
	if err := pool.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: laptop.AccessToken}); err != nil {
		log.Fatal(err)
	}
	_, err = pool.GetUser(ctx, phone.AccessToken)
	fmt.Println("the phone is signed out:", errors.Is(err, userpool.NotAuthorized))
	_, err = pool.GetUser(ctx, laptop.AccessToken)
	fmt.Println("the laptop is not:", err == nil)
	// Output:
	// sessions: 2
	// the phone is signed out: true
	// the laptop is not: true
}

// exampleUser makes a user who can sign in.
func exampleUser(pool *userpool.Pool, email string) {
	ctx := context.Background()
	_, err := pool.AdminCreateUser(ctx, userpool.AdminCreateUserInput{
		Username: email, UserAttributes: map[string]string{"email_verified": "true"}, MessageAction: userpool.MessageActionSuppress,
	})
	if err == nil {
		err = pool.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{
			Username: email, Password: "purple otters juggle lanterns", Permanent: true,
		})
	}
	if err != nil {
		log.Fatal(err)
	}
}
