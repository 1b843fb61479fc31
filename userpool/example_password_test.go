package userpool_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/pwned"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// Which passwords may people choose? By default NIST's advice is followed, which is to ask for length and not for kinds of characters.
func ExamplePasswordPolicy() {
	for _, policy := range []userpool.PasswordPolicy{
		{},                               // the default
		userpool.CognitoPasswordPolicy(), // as in a Cognito user pool
	} {
		pool := userpooltest.New(exampleT{}, func(c *userpool.Config) { c.Settings.PasswordPolicy = policy })
		fmt.Println(pool.Settings().PasswordPolicy.Describe())
		for i, password := range []string{"tr0ub4dor&3", "purple otters juggle lanterns", "passwordpassword", "Engine+1843"} {
			_, err := pool.SignUp(context.Background(), userpool.SignUpInput{
				Username: fmt.Sprintf("ada%d@example.com", i), Password: password,
			})
			fmt.Printf("  %-29s %v\n", password, err == nil)
		}
	}
	// Output:
	// At least 15 characters; several words make a good password.
	//   tr0ub4dor&3                   false
	//   purple otters juggle lanterns true
	//   passwordpassword              false
	//   Engine+1843                   false
	// At least 8 characters, with an upper-case letter, a lower-case letter, a number and a symbol.
	//   tr0ub4dor&3                   false
	//   purple otters juggle lanterns false
	//   passwordpassword              false
	//   Engine+1843                   true
}

// How do I refuse passwords that are known from a breach?
func ExampleBreachChecker() {
	const leaked = "my voice is my passport"
	sum := fmt.Sprintf("%X", sha1.Sum([]byte(leaked)))
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // stands for Have I Been Pwned
		fmt.Fprintf(w, "%s:%d\r\n", sum[5:], 4)
	}))
	defer service.Close()
	checker, err := pwned.New(pwned.Config{URL: service.URL, InsecureAllowHTTP: true}) // a program gives neither: pwned.Config{}
	if err != nil {
		log.Fatal(err)
	}
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.BreachChecker = checker
		// c.Settings.PasswordPolicy.RequireBreachCheck = true // refuse all new passwords while the service does not answer
	})
	for _, password := range []string{leaked, "purple otters juggle lanterns"} {
		_, err = pool.SignUp(context.Background(), userpool.SignUpInput{Username: "ada@example.com", Password: password})
		var e *userpool.Error
		if errors.As(err, &e) {
			fmt.Println(e.Message)
		}
	}
	fmt.Println(err)
	// Output:
	// This password is known to criminals: it was found in a breach. Please choose another.
	// <nil>
}

// What becomes of the bcrypt hashes that I imported? At the first sign-in the password is hashed anew, with argon2id.
func ExamplePool_ImportUsers_rehash() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	hash, err := bcrypt.GenerateFromPassword([]byte("tr0ub4dor&3"), bcrypt.MinCost)
	if err != nil {
		log.Fatal(err)
	}
	line, err := json.Marshal(map[string]any{"username": "ada@example.com", "password_hash": string(hash)})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := pool.ImportUsers(ctx, bytes.NewReader(line), userpool.ImportUsersInput{ImportID: "the old shop"}); err != nil {
		log.Fatal(err)
	}
	stored := func() string {
		var export bytes.Buffer
		if _, err := pool.ExportUsers(ctx, &export, userpool.ExportUsersInput{InsecureIncludeSecrets: true}); err != nil {
			log.Fatal(err)
		}
		var user struct {
			Hash string `json:"password_hash"`
		}
		if err := json.Unmarshal(export.Bytes(), &user); err != nil { // one line for one user
			log.Fatal(err)
		}
		return strings.Split(user.Hash, "$")[1]
	}
	fmt.Println(stored())
	if _, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{ // the policy asks of new passwords only
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: "ada@example.com", Password: "tr0ub4dor&3",
	}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(stored())
	// Output:
	// 2a
	// argon2id
}

// How does a user change the password?
func ExamplePool_ChangePassword() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) { c.Settings.PasswordPolicy.HistorySize = 5 })
	ada := pool.AddUser("ada@example.com")
	here, elsewhere := ada.SignIn(), ada.SignIn()
	change := userpool.ChangePasswordInput{
		AccessToken: here.AccessToken, PreviousPassword: ada.Password, ProposedPassword: ada.Password,
	}
	err := pool.ChangePassword(ctx, change)
	fmt.Println("not one of the last five:", errors.Is(err, userpool.PasswordHistoryPolicyViolation))

	change.ProposedPassword = "purple otters juggle lanterns"
	if err := pool.ChangePassword(ctx, change); err != nil {
		log.Fatal(err)
	}
	for _, tokens := range []*userpool.Tokens{here, elsewhere} {
		_, err := pool.GetUser(ctx, tokens.AccessToken)
		fmt.Println("signed in:", err == nil)
	}
	fmt.Println("Ada is told:", pool.Outbox.Last().Kind)
	// Output:
	// not one of the last five: true
	// signed in: true
	// signed in: false
	// Ada is told: PasswordChanged
}

// What does a person do who has forgotten the password?
func ExamplePool_ForgotPassword() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	pool.AddUser("ada@example.com")
	for _, name := range []string{"ada@example.com", "eve@example.com"} { // the answer does not tell who has an account
		delivery, err := pool.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: name})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("a code was sent to", delivery.Destination)
	}
	fmt.Println("messages:", len(pool.Outbox.Messages()))

	// All sessions end, so that whoever knew the old password is out. The new password signs Ada in.
	err := pool.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: "ada@example.com", ConfirmationCode: pool.Outbox.Code("ada@example.com"), Password: "purple otters juggle lanterns",
	})
	fmt.Println(err)
	// Output:
	// a code was sent to a***@e***
	// a code was sent to e***@e***
	// messages: 1
	// <nil>
}

// How does an administrator make a user choose a new password, such as after an incident?
func ExamplePool_AdminResetUserPassword() {
	ctx := userpool.WithActor(context.Background(), "grace@example.com") // for the audit trail
	pool := userpooltest.New(exampleT{})
	ada := pool.AddUser("ada@example.com")
	if err := pool.AdminResetUserPassword(ctx, userpool.AdminResetUserPasswordInput{Username: ada.Sub}); err != nil {
		log.Fatal(err)
	}
	_, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: ada.Password,
	})
	fmt.Println("send Ada to the page for a new password:", errors.Is(err, userpool.PasswordResetRequired))
	err = pool.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: ada.Email, ConfirmationCode: pool.Outbox.Code(ada.Email), Password: "purple otters juggle lanterns",
	})
	fmt.Println(err)
	// Output:
	// send Ada to the page for a new password: true
	// <nil>
}

// What if an invitation has expired?
func ExamplePool_AdminCreateUser_resend() {
	ctx := userpool.WithActor(context.Background(), "grace@example.com")
	pool := userpooltest.New(exampleT{})
	invite := userpool.AdminCreateUserInput{Username: "ada@example.com"}
	if _, err := pool.AdminCreateUser(ctx, invite); err != nil {
		log.Fatal(err)
	}
	signIn := func() (*userpool.AuthOutcome, error) {
		return pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID,
			Username: "ada@example.com", Password: pool.Outbox.Code("ada@example.com"), // the temporary password
		})
	}
	pool.Clock.Advance(8 * 24 * time.Hour) // PasswordPolicy.TemporaryPasswordValidity is 7 days by default
	_, err := signIn()
	fmt.Println("too late:", errors.Is(err, userpool.NotAuthorized))

	invite.MessageAction = userpool.MessageActionResend
	if _, err := pool.AdminCreateUser(ctx, invite); err != nil {
		log.Fatal(err)
	}
	out, err := signIn()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Challenge.Name)
	// Output:
	// too late: true
	// NEW_PASSWORD_REQUIRED
}
