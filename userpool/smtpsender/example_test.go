package smtpsender_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/smtpsender"
)

// How does a pool send its codes by SMTP?
func Example() {
	sender, err := smtpsender.New(smtpsender.Config{
		Host:     "smtp.example.com",
		Username: "stepwell",
		Password: os.Getenv("SMTP_PASSWORD"),
		From:     "Example <no-reply@example.com>",
	})
	if err != nil {
		log.Fatal(err)
	}
	pool, err := userpool.New(userpool.Config{
		Issuer: "https://id.example.com",
		Store:  memstore.New(),
		Sender: sender,
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = pool // serve it
}

// How do I send my own text, in another language?
func ExampleSender() {
	sender, err := smtpsender.New(smtpsender.Config{Host: "localhost", Port: 1025, From: "no-reply@example.com", InsecureAllowPlaintext: true})
	if err != nil {
		log.Fatal(err)
	}
	german := userpool.SenderFunc(func(ctx context.Context, m userpool.Message) error {
		if m.Kind == userpool.MessageForgotPassword {
			m.Subject = "Ihr Code für ein neues Passwort"
			m.Text = fmt.Sprintf("Ihr Code ist %s. Er gilt zehn Minuten.\n", m.Code)
			m.HTML, m.Locale = "", "de"
		}
		return sender.Send(ctx, m)
	})
	_ = userpool.Config{Sender: german}
}

// How do I tell what went wrong?
func ExampleError() {
	sender, err := smtpsender.New(smtpsender.Config{Host: "localhost", From: "no-reply@example.com", InsecureAllowPlaintext: true})
	if err != nil {
		log.Fatal(err)
	}
	err = sender.Send(context.Background(), userpool.Message{To: "a@example.com, b@example.com", Subject: "Hello", Text: "Hello.\n"})
	var e *smtpsender.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code == smtpsender.InvalidMessage, e.Reply)
	}
	fmt.Println(err)
	// Output:
	// true 0
	// smtpsender: InvalidMessage: To is "a@example.com, b@example.com", not one plain ASCII address such as name@example.com
}
