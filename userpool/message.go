package userpool

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Sender delivers a message to a person; the application gives one. It should return soon, and an error if the message was not taken
// over: SignUp then says CodeDeliveryFailure, without undoing what it did; other failures are logged. It is called once for a message,
// never again for the same, and must be safe for concurrent use.
type Sender interface {
	// Send takes the message over. ctx ends after a minute, and for a sign-up also when the caller's does.
	Send(ctx context.Context, m Message) error
}

// SenderFunc makes a Sender of a function.
type SenderFunc func(ctx context.Context, m Message) error

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, m Message) error { return f(ctx, m) }

// MessageKind says why a message is sent.
type MessageKind string

const (
	// MessageSignUp carries the code that confirms a sign-up.
	MessageSignUp MessageKind = "SignUp"
	// MessageResendCode carries a new code that confirms a sign-up.
	MessageResendCode MessageKind = "ResendCode"
	// MessageForgotPassword carries the code that sets a new password.
	MessageForgotPassword MessageKind = "ForgotPassword"
	// MessageAccountExists tells the owner of an account that somebody, most likely the owner, tried to sign up again. It carries no
	// code.
	MessageAccountExists MessageKind = "AccountExists"
)

// Message is a message to one person.
type Message struct {
	Kind MessageKind
	// To is one canonical e-mail address, always one that the pool stored, never one that was typed.
	To string
	// Subject and Text are ready to send, in English. Text ends in a line break.
	Subject string
	Text    string
	// Code is the one-time code in Text, for a Sender that writes its own text, or empty. It is a secret.
	Code string
	// Username is the user's name in the pool.
	Username string
}

func newMessage(kind MessageKind, to, username, code string) Message {
	m := Message{Kind: kind, To: to, Code: code, Username: username}
	var text string
	switch kind {
	case MessageForgotPassword:
		m.Subject = "Your code to set a new password"
		text = "Your code to set a new password is %s. It is valid for 10 minutes.\n\n" +
			"If you did not ask for it, ignore this message: your password stays as it is.\n"
	case MessageAccountExists:
		m.Subject = "You already have an account"
		m.Text = "Somebody, most likely you, signed up with this e-mail address, which has an account already.\n\n" +
			"Sign in instead, or choose \"Forgotten password\" if you no longer know the password. If it was not you, ignore this message.\n"
		return m
	default:
		m.Subject = "Your code to confirm your e-mail address"
		text = "Your code to confirm your e-mail address is %s. It is valid for 10 minutes.\n\n" +
			"Type it only on the page where you signed up. If you did not sign up, ignore this message.\n"
	}
	m.Text = fmt.Sprintf(text, code)
	return m
}

// CodeDeliveryDetails says where a code was sent. It says the same for an address that has no account.
type CodeDeliveryDetails struct {
	// Destination is the address with most of it hidden, such as "f***@e***".
	Destination string
	// DeliveryMedium is "EMAIL".
	DeliveryMedium string
	// AttributeName is "email".
	AttributeName string
}

// emailDelivery takes a canonical address.
func emailDelivery(address string) CodeDeliveryDetails {
	return CodeDeliveryDetails{Destination: maskEmail(address), DeliveryMedium: "EMAIL", AttributeName: "email"}
}

// sendLater sends a message without letting the caller wait for it: where a message is sent only if there is an account, neither the time
// it takes nor its failure may tell. Wait waits for it.
func (p *Pool) sendLater(ctx context.Context, m Message) {
	ctx = context.WithoutCancel(ctx)
	p.sending.Go(func() { _ = p.send(ctx, m) }) // logged there
}

// onTheWay runs functions and can be waited for. A sync.WaitGroup panics when work begins just as the last of it ends beside a Wait.
type onTheWay struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n becomes zero
}

func (o *onTheWay) Go(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n == 0 {
		o.none = make(chan struct{})
	}
	o.n++
	go func() {
		defer o.done()
		f()
	}()
}

func (o *onTheWay) done() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n--; o.n == 0 {
		close(o.none)
	}
}

func (o *onTheWay) Wait() {
	o.mu.Lock()
	n, none := o.n, o.none
	o.mu.Unlock()
	if n > 0 {
		<-none
	}
}

const sendTime = time.Minute

// send hands a message to the Sender; a panic in it is an error like any other.
func (p *Pool) send(ctx context.Context, m Message) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		if err == nil {
			return
		}
		p.log.ErrorContext(ctx, "userpool: a message could not be sent", "pool", p.id, "kind", m.Kind, "user", m.Username, "error", err)
		err = &Error{Code: CodeDeliveryFailure, Message: "The message with your code could not be sent. Please ask for a new code in a moment.", cause: err}
	}()
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return p.sender.Send(ctx, m)
}
