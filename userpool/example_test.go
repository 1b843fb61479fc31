package userpool_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// examplePool returns a pool whose messages go into the last one's place.
func examplePool(mail *userpool.Message) *userpool.Pool {
	pool, err := userpool.New(userpool.Config{
		Issuer: "https://id.example.com",
		Store:  memstore.New(),
		Sender: userpool.SenderFunc(func(_ context.Context, m userpool.Message) error { *mail = m; return nil }),
		Settings: userpool.Settings{Clients: []userpool.Client{{
			ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth},
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	return pool
}

// How does a person sign up and sign in?
func Example() {
	ctx := context.Background()
	var mail userpool.Message
	pool := examplePool(&mail)

	out, err := pool.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: "purple otters juggle lanterns"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a code was sent to", out.CodeDeliveryDetails.Destination)

	_, err = pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		Username: "ada@example.com", ConfirmationCode: mail.Code, Session: out.Session,
	})
	if err != nil {
		log.Fatal(err)
	}

	in, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp",
		Username: "ada@example.com", Password: "purple otters juggle lanterns",
	})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := pool.VerifyIDToken(ctx, in.Tokens.IDToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("hello", claims["email"])
	// Output:
	// a code was sent to a***@e***
	// hello ada@example.com
}

// What do I tell the person when something is wrong?
func ExampleError() {
	var mail userpool.Message
	pool := examplePool(&mail)
	_, err := pool.SignUp(context.Background(), userpool.SignUpInput{Username: "ada@example.com", Password: "too short"})
	var e *userpool.Error
	if errors.As(err, &e) {
		fmt.Printf("%s: %s\n", e.Field, e.Message)
	}
	fmt.Println(errors.Is(err, userpool.InvalidPassword))
	// Output:
	// password: The password is too short: it has 9 characters, and must have at least 15.
	// true
}

// How do I keep people of other domains out?
func ExampleHooks() {
	pool, err := userpool.New(userpool.Config{
		Issuer: "https://id.example.com",
		Store:  memstore.New(),
		Sender: userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }),
		Hooks: userpool.Hooks{PreSignUp: func(_ context.Context, e userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			if e.Attributes["email"] != "ada@example.org" {
				return userpool.PreSignUpResult{}, &userpool.Refusal{Message: "Please sign up with your address at example.org."}
			}
			return userpool.PreSignUpResult{}, nil
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = pool.SignUp(context.Background(), userpool.SignUpInput{Username: "eve@example.com", Password: "purple otters juggle lanterns"})
	fmt.Println(err)
	// Output:
	// userpool: UserHookFailed: Please sign up with your address at example.org.
}

// How do I give a user a role?
func ExamplePool_AdminAddUserToGroup() {
	ctx := context.Background()
	var mail userpool.Message
	pool := examplePool(&mail)
	out, _ := pool.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: "purple otters juggle lanterns"})
	_, _ = pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: mail.Code, Session: out.Session})

	if err := pool.CreateGroup(ctx, userpool.Group{Name: "admins"}); err != nil {
		log.Fatal(err)
	}
	if err := pool.AdminAddUserToGroup(ctx, "ada@example.com", "admins"); err != nil {
		log.Fatal(err)
	}
	in, _ := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: "purple otters juggle lanterns",
	})
	claims, _ := pool.VerifyAccessToken(ctx, in.Tokens.AccessToken)
	fmt.Println(claims["cognito:groups"])
	// Output:
	// [admins]
}

// How do I keep users over a restart, and on more than one machine?
func ExampleKeyFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "users.db"))) // or PostgreSQL, for several machines
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite)
	if err != nil {
		log.Fatal(err)
	}
	wrapper, err := userpool.KeyFile(filepath.Join(dir, "users.key")) // or NewKeyWrapper, with a key that all machines get
	if err != nil {
		log.Fatal(err)
	}
	pool, err := userpool.New(userpool.Config{
		Issuer:     "https://id.example.com",
		Store:      store,
		KeyWrapper: wrapper,
		Sender:     userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.Issuer())
	// Output:
	// https://id.example.com
}

// How do I check an access token where I have the pool at hand, and how do I end what it stands for?
func ExamplePool_VerifyAccessToken() {
	ctx := context.Background()
	var mail userpool.Message
	pool := examplePool(&mail)
	out, _ := pool.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: "purple otters juggle lanterns"})
	_, _ = pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: mail.Code, Session: out.Session})
	in, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: "purple otters juggle lanterns",
	})
	if err != nil {
		log.Fatal(err)
	}

	claims, err := pool.VerifyAccessToken(ctx, in.Tokens.AccessToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims["client_id"], claims["sub"] == out.UserSub)

	if err := pool.GlobalSignOut(ctx, in.Tokens.AccessToken); err != nil {
		log.Fatal(err)
	}
	_, err = pool.VerifyAccessToken(ctx, in.Tokens.AccessToken)
	fmt.Println(errors.Is(err, userpool.NotAuthorized))
	// Output:
	// webapp true
	// true
}
