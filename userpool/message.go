package userpool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/message"
	"github.com/stepwell/stepwell/userpool/internal/phone"
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
	// MessageAdminCreateUser invites a user whom an administrator made, with a temporary password as its code.
	MessageAdminCreateUser MessageKind = "AdminCreateUser"
	// MessageUpdateUserAttribute and MessageVerifyUserAttribute carry the code that verifies an address: one that is about to replace
	// another, and the present one.
	MessageUpdateUserAttribute MessageKind = "UpdateUserAttribute"
	MessageVerifyUserAttribute MessageKind = "VerifyUserAttribute"
	// MessageAuthentication carries a code to sign in with.
	MessageAuthentication MessageKind = "Authentication"
	// MessageSignInLink carries a link to sign in with.
	MessageSignInLink MessageKind = "SignInLink"
	// MessageAccountTakeOverNotification tells of a sign-in that looked unusual. It carries no code, and neither do the following.
	MessageAccountTakeOverNotification MessageKind = "AccountTakeOverNotification"
	// MessagePasswordChanged, MessageAttributeChanged (to the old address) and MessageFactorChanged tell the user what was changed.
	MessagePasswordChanged  MessageKind = "PasswordChanged"
	MessageAttributeChanged MessageKind = "AttributeChanged"
	MessageFactorChanged    MessageKind = "FactorChanged"
	// MessageWelcome tells a user whom the hook UserMigration brought that the account is here now. It carries no code.
	MessageWelcome MessageKind = "Welcome"
)

// DeliveryMedium is how a message reaches a person, with Cognito's names.
type DeliveryMedium string

const (
	// MediumEmail is an e-mail message.
	MediumEmail DeliveryMedium = "EMAIL"
	// MediumSMS is a text message to a phone.
	MediumSMS DeliveryMedium = "SMS"
)

// attribute is the name of the attribute that such messages go to.
func (m DeliveryMedium) attribute() string {
	if m == MediumSMS {
		return "phone_number"
	}
	return "email"
}

// mediumOf is the medium of the messages that go to an attribute.
func mediumOf(attribute string) DeliveryMedium {
	if attribute == "phone_number" {
		return MediumSMS
	}
	return MediumEmail
}

// Message is a message to one person.
type Message struct {
	// ID is different for every message.
	ID     string
	Kind   MessageKind
	Medium DeliveryMedium
	// To is one canonical e-mail address or phone number (E.164), always one that the pool stored, never one that was typed.
	To string
	// Subject and Text are ready to send, in the language of Locale (BCP 47): that of the user's attribute locale, or else of
	// UserContextData.Locale, or else English; see Settings.MessageLanguages. The Text of an e-mail ends in a line break. HTML says the same
	// as Text; it is a whole document. An SMS has neither Subject nor HTML.
	Subject string
	Text    string
	HTML    string
	Locale  string
	// Code is the one-time code or temporary password in Text, for a Sender that writes its own text, or empty. Link is the link in it, or
	// empty. Both are secrets.
	Code string
	Link string
	// Username is the user's name in the pool.
	Username string
}

// outgoing is a message that is about to be written.
type outgoing struct {
	kind MessageKind
	user User
	// attribute is "email" or "phone_number", and to its value.
	attribute, to string
	code, link    string
	// validity is how long the code or link is valid; 0 means codeValidity.
	validity time.Duration
	// what happened, for notices: a constant of package message. AttributeChanged knows it by the attribute.
	what     string
	context  UserContextData
	metadata map[string]string
}

// compose writes a message. A text of the hook CustomMessage that cannot be sent gives way to the pool's own.
func (p *Pool) compose(ctx context.Context, o outgoing) (Message, error) {
	id, err := p.newID()
	if err != nil {
		return Message{}, err
	}
	tag, template := p.text(o.kind, o.user.Attributes["locale"], o.context.Locale)
	values := p.messageValues(o, tag, template)
	out, custom := p.customText(ctx, o, template, values)
	if !custom {
		if out, err = message.Render(template, values); err != nil {
			return Message{}, fmt.Errorf("writing the message: %w", err)
		}
	}
	m := Message{ID: id, Kind: o.kind, Medium: mediumOf(o.attribute), To: o.to, Locale: tag, Code: o.code, Link: o.link, Username: o.user.Username}
	if m.Medium == MediumSMS {
		m.Text = out.SMS
		return m, nil
	}
	m.Subject, m.Text, m.HTML = out.Subject, out.Text, out.HTML
	return m, nil
}

// messageValues are what is put into a template.
func (p *Pool) messageValues(o outgoing, tag string, t message.Template) message.Values {
	v := message.Values{
		Language: tag, Code: o.code, Username: o.user.signInName(o.to), Link: o.link, Validity: cmp.Or(o.validity, codeValidity),
		Pool: p.settings.Name, Time: p.now(), Place: o.context.place(), Device: o.context.device(), What: o.what, Domain: p.codeDomain,
	}
	if v.What == "" && o.kind == MessageAttributeChanged {
		v.What = map[string]string{"email": message.EmailChanged, "phone_number": message.PhoneNumberChanged}[o.attribute]
	}
	if v.What == "" { // better than no notice
		v.What = t.Subject
	}
	return v
}

// signInName is what a user signs in with. to is an address of the user.
func (u User) signInName(to string) string {
	if u.Username != u.Sub {
		return u.Username
	}
	if _, address := u.signUpAddress(); address != "" {
		return address
	}
	return to
}

// CodeDeliveryDetails says where a code was sent. It says the same for a name that has no account.
type CodeDeliveryDetails struct {
	// Destination is the address with most of it hidden, such as "f***@e***" or "+*******9934".
	Destination string
	// DeliveryMedium is MediumEmail or MediumSMS.
	DeliveryMedium DeliveryMedium
	// AttributeName is "email" or "phone_number".
	AttributeName string
}

// delivery takes the name and the canonical value of an address.
func delivery(name, value string) *CodeDeliveryDetails {
	d := &CodeDeliveryDetails{Destination: maskEmail(value), DeliveryMedium: mediumOf(name), AttributeName: name}
	if d.DeliveryMedium == MediumSMS {
		d.Destination = phone.Mask(value)
	}
	return d
}

// simulatedDelivery says where a code would have gone, for a name that gets none. Where a name was typed that is no address, the address is
// made up, always the same one for a name.
func (p *Pool) simulatedDelivery(ctx context.Context, a account) (CodeDeliveryDetails, error) {
	switch a.id.Kind {
	case IdentifierEmail, IdentifierPhone:
		return *delivery(a.id.Kind, a.id.Value), nil
	}
	mac, err := p.mac(ctx, "simulated-delivery", a.id.Kind, a.id.Value)
	if err != nil {
		return CodeDeliveryDetails{}, err
	}
	letter := func(b byte) string { return string(rune('a' + b%26)) }
	return *delivery("email", letter(mac[0])+"@"+letter(mac[1])), nil
}

// sendLater sends a message without letting the caller wait for it: where a message is sent only if there is an account, neither the time
// it takes nor its failure may tell. Wait waits for it.
func (p *Pool) sendLater(ctx context.Context, o outgoing) {
	ctx = context.WithoutCancel(ctx)
	p.sending.Go(func() { _ = p.send(ctx, o) }) // logged there
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

// quietError is an error whose text does not have what a message keeps secret, whatever the Sender wrote into it.
type quietError struct {
	text  string
	cause error
}

func (e *quietError) Error() string { return e.text }

// Is finds what the cause is. There is no Unwrap: somebody would log the cause.
func (e *quietError) Is(target error) bool { return errors.Is(e.cause, target) }

func (o outgoing) withoutSecrets(err error) error {
	text := err.Error()
	secrets := []string{o.link, o.code}
	if u, err := url.Parse(o.link); err == nil && o.link != "" {
		secrets = append(secrets, u.Query().Get("token"))
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return &quietError{text: strings.ToValidUTF8(text[:min(len(text), 1000)], ""), cause: err}
}

// senderFor returns what delivers the messages of a medium, or nil.
func (p *Pool) senderFor(medium DeliveryMedium) Sender {
	name, hook, sender := "CustomEmailSender", p.hooks.CustomEmailSender, p.sender
	if medium == MediumSMS {
		name, hook, sender = "CustomSMSSender", p.hooks.CustomSMSSender, p.sms
	}
	if hook == nil {
		return sender
	}
	return SenderFunc(func(ctx context.Context, m Message) error { return runErrorHook(ctx, p, name, hook, m) })
}

// send writes a message and hands it to the Sender; a panic in it is an error like any other.
func (p *Pool) send(ctx context.Context, o outgoing) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		if err == nil {
			return
		}
		err = o.withoutSecrets(err)
		p.log.ErrorContext(ctx, "userpool: a message could not be sent", "pool", p.id, "kind", o.kind, "user", o.user.Username, "error", err)
		err = &Error{Code: CodeDeliveryFailure, Message: "The message with your code could not be sent. Please ask for a new code in a moment.", cause: err}
	}()
	m, err := p.compose(ctx, o)
	if err != nil {
		return err
	}
	sender := p.senderFor(m.Medium)
	if sender == nil {
		return fmt.Errorf("there is no sender for %s: set Config.SMSSender", m.Medium)
	}
	if m.Medium == MediumSMS {
		if err := p.countSMS(ctx); err != nil {
			return fmt.Errorf("Settings.MaxSMSPerHour is reached: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return sender.Send(ctx, m)
}
