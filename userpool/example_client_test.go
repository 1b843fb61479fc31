package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// How do I replace the secret of a client while it is in use? In a Directory, UpdateUserPool does the same: give it the secrets that shall
// be there afterwards.
func ExampleClient_secretRotation() {
	store := memstore.New()
	deploy := func(secrets ...string) *userpooltest.Pool { // the same program, with other settings
		return userpooltest.New(exampleT{}, func(c *userpool.Config) {
			c.Store = store
			c.Settings.Clients = []userpool.Client{{ID: "backend", Secrets: secrets, AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth}}}
		})
	}
	const first, second = "the-first-secret-of-the-backend", "and-the-second-one-of-it"
	ada := deploy(first).AddUser("ada@example.com")
	for _, step := range []struct {
		what    string
		secrets []string
	}{
		{"before:", []string{first}},
		{"while the backend changes:", []string{first, second}},
		{"after:", []string{second}},
	} {
		pool := deploy(step.secrets...)
		fmt.Print(step.what)
		for _, secret := range []string{first, second} {
			_, err := pool.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
				AuthFlow: userpool.UserPasswordAuth, ClientID: "backend", ClientSecret: secret, Username: ada.Email, Password: ada.Password,
			})
			fmt.Print(" ", err == nil)
		}
		fmt.Println()
	}
	// Output:
	// before: true false
	// while the backend changes: true true
	// after: false true
}

// How do I keep a client from reading or writing some attributes?
func ExampleClient_attributes() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.Clients = []userpool.Client{{
			ID: "newsletter", AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth},
			ReadAttributes: []string{"name", "nickname"}, WriteAttributes: []string{"nickname"},
		}}
	})
	token := pool.AddUser("ada@example.com", func(in *userpool.SignUpInput) {
		in.UserAttributes = map[string]string{"name": "Ada Lovelace", "birthdate": "1815-12-10"}
	}).SignIn().AccessToken

	for _, attribute := range []string{"nickname", "name"} {
		_, err := pool.UpdateUserAttributes(ctx, userpool.UpdateUserAttributesInput{
			AccessToken: token, UserAttributes: map[string]string{attribute: "Countess"},
		})
		fmt.Println("may write", attribute, !errors.Is(err, userpool.NotAuthorized))
	}
	user, err := pool.GetUser(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.Attributes)
	// Output:
	// may write nickname true
	// may write name false
	// map[name:Ada Lovelace nickname:Countess]
}

// How long are tokens valid, and how do I change that?
func ExampleClient_validity() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.Clients = []userpool.Client{{
			ID: "bank", AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth},
			AccessTokenValidity:  5 * time.Minute,  // an hour by default
			RefreshTokenValidity: 8 * time.Hour,    // 30 days by default: then the person signs in again
			RefreshTokenIdle:     20 * time.Minute, // never by default
		}}
	})
	tokens := pool.AddUser("ada@example.com").SignIn()
	fmt.Println("refresh in", tokens.ExpiresIn)

	pool.Clock.Advance(6 * time.Minute)
	_, err := pool.VerifyAccessToken(ctx, tokens.AccessToken)
	fmt.Println("the access token has expired:", errors.Is(err, userpool.NotAuthorized))
	refresh := userpool.GetTokensFromRefreshTokenInput{ClientID: "bank", RefreshToken: tokens.RefreshToken}
	tokens, err = pool.GetTokensFromRefreshToken(ctx, refresh)
	if err != nil {
		log.Fatal(err)
	}

	pool.Clock.Advance(21 * time.Minute)
	refresh.RefreshToken = tokens.RefreshToken
	_, err = pool.GetTokensFromRefreshToken(ctx, refresh)
	fmt.Println("nobody was there for too long:", errors.Is(err, userpool.NotAuthorized))
	// Output:
	// refresh in 5m0s
	// the access token has expired: true
	// nobody was there for too long: true
}

// How are tokens renewed, what if the answer gets lost, and what if somebody steals a refresh token?
func ExamplePool_GetTokensFromRefreshToken() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	first := pool.AddUser("ada@example.com").SignIn()
	refresh := func(token string) (*userpool.Tokens, error) {
		return pool.GetTokensFromRefreshToken(ctx, userpool.GetTokensFromRefreshTokenInput{
			ClientID: userpooltest.ClientID, RefreshToken: token,
		})
	}
	if _, err := refresh(first.RefreshToken); err != nil {
		log.Fatal(err)
	}
	// The answer got lost. Within Client.RetryGracePeriod, which is 10 seconds by default, the same token is good once more.
	pool.Clock.Advance(5 * time.Second)
	second, err := refresh(first.RefreshToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("keep the new one:", second.RefreshToken != first.RefreshToken)

	// Later, the old token comes from somebody who has copied it: nobody knows any more who is who, and so all of them end.
	pool.Clock.Advance(time.Hour)
	_, err = refresh(first.RefreshToken)
	fmt.Println("reuse is found:", errors.Is(err, userpool.RefreshTokenReuse))
	_, err = refresh(second.RefreshToken)
	fmt.Println("Ada signs in again:", errors.Is(err, userpool.NotAuthorized))
	// Output:
	// keep the new one: true
	// reuse is found: true
	// Ada signs in again: true
}

// How does an application sign its user out?
func ExamplePool_RevokeToken() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	tokens := pool.AddUser("ada@example.com").SignIn()
	claims, err := pool.VerifyAccessToken(ctx, tokens.AccessToken)
	if err != nil {
		log.Fatal(err)
	}

	if err := pool.RevokeToken(ctx, userpool.RevokeTokenInput{ClientID: userpooltest.ClientID, Token: tokens.RefreshToken}); err != nil {
		log.Fatal(err)
	}
	_, err = pool.GetTokensFromRefreshToken(ctx, userpool.GetTokensFromRefreshTokenInput{
		ClientID: userpooltest.ClientID, RefreshToken: tokens.RefreshToken,
	})
	fmt.Println("the refresh token is void:", errors.Is(err, userpool.NotAuthorized))
	// So is the access token, for VerifyAccessToken and for a middleware.Guard that has the Pool as its Revocation. An API that asks
	// nobody takes it until it expires.
	fmt.Println(pool.Revoked(ctx, claims))
	// Output:
	// the refresh token is void: true
	// true <nil>
}
