package userpool_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// What does a program do beside serving requests, and when it ends?
func ExamplePool_Run() {
	pool := userpooltest.New(exampleT{})
	ctx, stop := context.WithCancel(context.Background()) // or signal.NotifyContext
	upkeep := make(chan error)
	go func() { upkeep <- pool.Run(ctx) }() // in one of several processes, or in all

	// Serve, and when ctx is done, let server.Shutdown end the requests.
	stop()
	fmt.Println(<-upkeep)
	pool.Wait() // for messages that are on their way
	// Output:
	// context canceled
}

// How do I replace the key that signs tokens, if the age at which Run does it is not soon enough?
func ExamplePool_RotateSigningKey() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	ada := pool.AddUser("ada@example.com")
	before := ada.SignIn().AccessToken
	if err := pool.RotateSigningKey(ctx); err != nil {
		log.Fatal(err)
	}
	published, err := pool.KeySet(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("keys:", bytes.Count(published, []byte(`"kid"`)))
	pool.Clock.Advance(16 * time.Minute) // by now everybody who verifies tokens has the new key, and it signs
	after := ada.SignIn().AccessToken
	fmt.Println("another key:", strings.Split(before, ".")[0] != strings.Split(after, ".")[0])
	_, err = pool.VerifyAccessToken(ctx, before)
	fmt.Println("the old one verifies:", err == nil)
	// Output:
	// keys: 2
	// another key: true
	// the old one verifies: true
}
