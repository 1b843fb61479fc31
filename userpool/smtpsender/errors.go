package smtpsender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"

	"github.com/stepwell/stepwell/internal/plaintext"
	"github.com/stepwell/stepwell/userpool"
)

// Error is a message that was not delivered, or, with AnswerLost, may not have been. It is for the log: it holds neither the password nor
// the code, the link or the text.
//
//	if errors.Is(err, smtpsender.RecipientRefused) { ... }
type Error struct {
	// Code tells which step failed.
	Code Code
	// Reply is the server's reply code, such as 550 (RFC 5321, 4.2), or 0 if it did not answer. With 4xx the server may accept the same
	// message later.
	Reply int

	detail string // without secrets
	cause  error  // never what the server said
}

// Code is the step that failed. It is itself an error, so that errors.Is(err, smtpsender.TLSFailed) asks for it.
type Code string

const (
	// InvalidMessage is a message that was refused here, before the server was called.
	InvalidMessage Code = "InvalidMessage"
	// ConnectFailed is a server that could not be reached, or does not greet as an SMTP server does.
	ConnectFailed Code = "ConnectFailed"
	// TLSFailed is a server without STARTTLS, or with a certificate that is not valid for its name.
	TLSFailed Code = "TLSFailed"
	// LoginFailed is a server that refused the user name and password, or offers no login by PLAIN or LOGIN.
	LoginFailed Code = "LoginFailed"
	// SenderRefused is a server that does not accept messages from Config.From.
	SenderRefused Code = "SenderRefused"
	// RecipientRefused is a server that does not accept messages to the recipient, or not yet (a Reply of 4xx).
	RecipientRefused Code = "RecipientRefused"
	// MessageRefused is a server that did not take the message over, or a connection that was lost before all of it was sent.
	MessageRefused Code = "MessageRefused"
	// AnswerLost is a server that got all of the message and did not say whether it took it over. Do not send it again.
	AnswerLost Code = "AnswerLost"
)

// Error returns the code.
func (c Code) Error() string { return "smtpsender: " + string(c) }

// Error returns the code and what happened.
func (e *Error) Error() string {
	text := "smtpsender: " + string(e.Code)
	if e.Reply != 0 {
		text += fmt.Sprintf(": the server answered %d", e.Reply)
	}
	if e.detail != "" {
		text += ": " + e.detail
	}
	return text
}

// Is reports whether target is the Code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns the error of the context, the network or TLS, or nil.
func (e *Error) Unwrap() error { return e.cause }

var (
	errNoStartTLS = errors.New("the server does not offer STARTTLS; if it speaks TLS from the first byte, set ImplicitTLS")
	errNoAuth     = errors.New("the server offers no login by PLAIN or LOGIN")
	errTooMuch    = errors.New("the server said more than 256 KiB")
	errRemote     = errors.New("the server is not on this machine, and InsecureAllowPlaintext is only for one that is")
	errClosed     = errors.New("the server closed the connection")
	errNotSMTP    = errors.New("the server does not speak SMTP as it should")
)

func invalid(detail string) error { return &Error{Code: InvalidMessage, detail: detail} }

// stepError is what failed at a step, as the network or the server put it: not fit for a log.
type stepError struct {
	code Code
	err  error
}

func (e *stepError) Error() string { return e.code.Error() }

// reply returns the server's answer, or nil if it was not one that made the step fail.
func (e *stepError) reply() *textproto.Error {
	var reply *textproto.Error
	if errors.As(e.err, &reply) {
		return reply
	}
	return nil
}

// explain makes of a failed step an Error fit for a log.
func (s *Sender) explain(ctx context.Context, failed *stepError, m userpool.Message) error {
	out := &Error{Code: failed.code}
	if reply := failed.reply(); reply != nil {
		out.Reply = reply.Code
		if failed.code != LoginFailed {
			out.detail = s.quote(reply.Msg, m)
		}
		return out
	}
	var protocol textproto.ProtocolError
	switch err := failed.err; {
	case errors.Is(err, errTooMuch):
		out.cause = errTooMuch
	case errors.As(err, &protocol):
		out.cause = errNotSMTP // its text holds what the server said
	case ctx.Err() != nil:
		out.cause = ctx.Err()
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		out.cause = errClosed
	case failed.code == LoginFailed && !errors.Is(err, errNoAuth):
		out.cause = errNotSMTP // a mechanism's error may too
	default:
		out.cause = err
	}
	out.detail = clean(out.cause.Error())
	return out
}

// quote returns what a server answered, or why it is left out.
func (s *Sender) quote(answer string, m userpool.Message) string {
	short := clean(answer)
	for _, secret := range append(s.secrets(), m.Code, m.Link) {
		if secret != "" && strings.Contains(answer, secret) {
			return "(its words are left out: they repeat a secret)"
		}
	}
	// A few words in common are chance, as both speak of addresses; more are a quotation.
	const run = 24
	text := plaintext.Words(m.Text) + "\n" + plaintext.Words(m.HTML)
	for i := 0; i+run <= len(short); i++ {
		if strings.Contains(text, short[i:i+run]) {
			return "(its words are left out: they repeat the message)"
		}
	}
	return fmt.Sprintf("%q", short)
}

// clean makes one line of at most 200 characters of a text from elsewhere.
func clean(text string) string {
	return fmt.Sprintf("%.200s", plaintext.Words(text[:min(len(text), 2000)]))
}
