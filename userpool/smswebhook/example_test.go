package smswebhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/smswebhook"
)

// How does a pool send text messages by a webhook?
func Example() {
	// Stands for the gateway, which checks the signature too: see the example of Verify.
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			Data struct{ Kind, To string }
		}
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		fmt.Println("the gateway sends", event.Data.Kind, "to", event.Data.To)
	}))
	defer gateway.Close()

	secret, err := smswebhook.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") // a real program reads it from its environment
	if err != nil {
		log.Fatal(err)
	}
	sms, err := smswebhook.New(smswebhook.Config{
		URL:               gateway.URL, // such as https://gateway.example.com/sms
		InsecureAllowHTTP: true,        // for this example only
		SigningSecret:     secret,
		Prefixes:          []string{"+49", "+43", "+41"},
	})
	if err != nil {
		log.Fatal(err)
	}
	var mail userpool.SenderFunc = func(context.Context, userpool.Message) error { return nil } // such as one of package smtpsender
	pool, err := userpool.New(userpool.Config{
		Issuer:    "https://id.example.com",
		Store:     memstore.New(),
		Sender:    mail,
		SMSSender: sms,
		Settings:  userpool.Settings{UsernameAttributes: []string{"phone_number"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	out, err := pool.SignUp(context.Background(), userpool.SignUpInput{Username: "+49 151 12345678", Password: "seven purple boats sail north"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the person reads:", out.CodeDeliveryDetails.Destination)
	// Output:
	// the gateway sends SignUp to +4915112345678
	// the person reads: +*******5678
}

// How does the receiving side check a request, and send each message once?
func ExampleVerify() {
	secret, err := smswebhook.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		log.Fatal(err)
	}
	var seen sync.Map // a real receiver keeps it in a database, for 5 minutes at least
	receiver := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err != nil {
			http.Error(w, "too much", http.StatusRequestEntityTooLarge)
			return
		}
		if err := smswebhook.Verify(r.Header, body, secret, time.Now()); err != nil {
			http.Error(w, "not signed", http.StatusUnauthorized)
			return
		}
		if _, again := seen.LoadOrStore(r.Header.Get("Webhook-Id"), true); again {
			return
		}
		var event struct {
			Data struct{ To, Text string }
		}
		if err := json.Unmarshal(body, &event); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		fmt.Printf("to %s: %s\n", event.Data.To, event.Data.Text) // or hand it to the gateway
	})

	server := httptest.NewServer(receiver)
	defer server.Close()
	sms, err := smswebhook.New(smswebhook.Config{URL: server.URL, InsecureAllowHTTP: true, SigningSecret: secret})
	if err != nil {
		log.Fatal(err)
	}
	err = sms.Send(context.Background(), userpool.Message{
		ID: "6XU0iWJbWkyZ8sJj2cQ7pw", Medium: userpool.MediumSMS, To: "+4915112345678", Text: "Example: 482913 is your code to sign in.\n", Code: "482913",
	})
	fmt.Println(err)
	// Output:
	// to +4915112345678: Example: 482913 is your code to sign in.
	// <nil>
}

// How do I tell what went wrong?
func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no credit left", http.StatusPaymentRequired)
	}))
	defer server.Close()
	sms, err := smswebhook.New(smswebhook.Config{URL: server.URL, InsecureAllowHTTP: true, BearerToken: "0123456789abcdef"})
	if err != nil {
		log.Fatal(err)
	}
	err = sms.Send(context.Background(), userpool.Message{ID: "1", Medium: userpool.MediumSMS, To: "+4915112345678", Text: "Hello"})
	var e *smswebhook.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code == smswebhook.Refused, e.Status)
	}
	fmt.Println(err)
	// Output:
	// true 402
	// smswebhook: Refused: the webhook answered 402: "no credit left"
}
