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
	"os"
	"sync"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/smswebhook"
)

// How does a pool send text messages by a webhook, and mail by another Sender?
func Example() {
	secret, err := smswebhook.ParseSecret(os.Getenv("SMS_WEBHOOK_SECRET")) // whsec_...
	if err != nil {
		fmt.Println(err)
		return
	}
	sms, err := smswebhook.New(smswebhook.Config{
		URL:           "https://gateway.example.com/sms",
		SigningSecret: secret,
		Prefixes:      []string{"+49", "+43", "+41"},
	})
	if err != nil {
		log.Fatal(err)
	}
	var mail userpool.Sender // such as one of package smtpsender
	_ = userpool.Config{
		Sender: userpool.SenderFunc(func(ctx context.Context, m userpool.Message) error {
			if m.Medium == userpool.MediumSMS {
				return sms.Send(ctx, m)
			}
			return mail.Send(ctx, m)
		}),
	}
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
