package userpool_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// How does an application ask for a stronger or a newer sign-in? By acr_values and max_age at the authorization endpoint of package oauth;
// this is what package oauth and the hosted pages do then.
func ExamplePool_IssueAuthorizationCode() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
	ada := pool.AddUser("ada@example.com")
	session := ada.BrowserSession() // with the password alone
	secret, _ := exampleApp(pool, ada)

	verifier := "the application keeps this secret of at least 43 characters"
	challenge := sha256.Sum256([]byte(verifier))
	fiveMinutes := 5 * time.Minute
	ask := userpool.IssueAuthorizationCodeInput{
		BrowserSession: session, ClientID: userpooltest.ClientID, RedirectURI: userpooltest.CallbackURL,
		CodeChallenge: base64.RawURLEncoding.EncodeToString(challenge[:]), CodeChallengeMethod: "S256",
		ACRValues: []string{userpool.ACRMultiFactor}, MaxAge: &fiveMinutes,
	}
	_, err := pool.IssueAuthorizationCode(ctx, ask)
	fmt.Println("too weak:", errors.Is(err, userpool.InsufficientAuthentication))

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: ada.Email, Password: ada.Password,
		Result: userpool.ResultBrowserSession, Replaces: session, ACR: userpool.LeastACR(ask.ACRValues...),
	})
	if err == nil {
		out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session,
			Response: userpool.ChallengeResponse{Answer: theAppShows(secret, pool.Clock.Now())},
		})
	}
	if err != nil {
		log.Fatal(err)
	}
	ask.BrowserSession = out.BrowserSession
	_, err = pool.IssueAuthorizationCode(ctx, ask)
	fmt.Println("strong and new:", err == nil)
	pool.Clock.Advance(6 * time.Minute)
	_, err = pool.IssueAuthorizationCode(ctx, ask)
	fmt.Println("too old:", errors.Is(err, userpool.LoginRequired))
	// Output:
	// too weak: true
	// strong and new: true
	// too old: true
}

// How does an API refuse what was done with a sign-in that is too old or too weak? Package middleware gives a handler the same claims.
func ExamplePool_VerifyAccessToken_stepUp() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	token := pool.AddUser("ada@example.com").SignIn().AccessToken
	pool.Clock.Advance(10 * time.Minute)

	claims, err := pool.VerifyAccessToken(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	authTime, _ := claims["auth_time"].(json.Number)
	seconds, err := authTime.Int64()
	if err != nil {
		log.Fatal(err)
	}
	age := pool.Clock.Now().Sub(time.Unix(seconds, 0))
	if age > 5*time.Minute || claims["acr"] != userpool.ACRMultiFactor { // or ACRPhishingResistant
		// RFC 9470: the application begins again at the authorization endpoint, with these parameters.
		fmt.Printf("WWW-Authenticate: Bearer error=\"insufficient_user_authentication\", acr_values=%q, max_age=300\n", userpool.ACRMultiFactor)
	}
	fmt.Println(age, claims["acr"])
	// Output:
	// WWW-Authenticate: Bearer error="insufficient_user_authentication", acr_values="https://refeds.org/profile/mfa", max_age=300
	// 10m0s https://refeds.org/profile/sfa
}
