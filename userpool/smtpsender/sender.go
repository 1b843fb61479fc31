package smtpsender

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/stepwell/stepwell/userpool"
)

const (
	maxAnswers = 256 << 10   // bytes that are read from a server in one conversation
	quitTime   = time.Second // how long a server may take over QUIT; the message has its answer by then
)

// Send delivers a message to the one address in m.To, and returns when the server has taken it over. m.Medium must be
// userpool.MediumEmail, or empty. m.To, m.Subject (1 to 500 bytes), m.Text (1 byte to 64 KiB) and, if they are not empty, m.HTML (at most
// 64 KiB), m.Locale (a BCP 47 tag) and m.ID (at most 128 characters of A-Z, a-z, 0-9, "_" and "-") are used, the rest is not sent. It is
// an *Error otherwise, or an error of Config.Rand.
//
// Send ends with ctx, and after Config.Timeout at the latest; the Error then wraps the context's error. It never tries again. Whoever
// does must not after AnswerLost.
func (s *Sender) Send(ctx context.Context, m userpool.Message) (err error) {
	if s == nil || s.host == "" {
		return errors.New("smtpsender: this Sender was not made by New")
	}
	defer func() {
		if r := recover(); r != nil { // a callback in TLSConfig
			err = fmt.Errorf("smtpsender: panic: %s", clean(fmt.Sprint(r)))
		}
	}()
	raw, err := s.compose(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if failed := s.deliver(ctx, m.To, raw); failed != nil {
		return s.explain(ctx, failed, m)
	}
	return nil
}

// deliver holds one conversation for one message.
func (s *Sender) deliver(ctx context.Context, to string, raw []byte) *stepError {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return &stepError{ConnectFailed, err}
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if s.security == unencrypted && !isLoopback(conn.RemoteAddr()) {
		return &stepError{ConnectFailed, errRemote}
	}

	bounded := net.Conn(&boundedConn{Conn: conn, left: maxAnswers})
	if s.security == implicitTLS {
		secure := tls.Client(bounded, s.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return &stepError{TLSFailed, err}
		}
		bounded = secure
	}
	client, err := smtp.NewClient(bounded, s.host)
	if err != nil {
		return &stepError{ConnectFailed, err}
	}
	failed := s.talk(client, to, raw)
	// QUIT ends an unfinished text as if it were whole, so it is not said where the connection failed.
	if failed == nil || failed.reply() != nil {
		timer := time.AfterFunc(quitTime, func() { _ = conn.Close() })
		defer timer.Stop()
		_ = client.Quit()
	}
	return failed
}

// talk goes from EHLO to the server's answer to the message.
func (s *Sender) talk(client *smtp.Client, to string, raw []byte) *stepError {
	client.SkipSMTPUTF8(true) // both addresses are ASCII
	if err := client.Hello(s.domain); err != nil {
		return &stepError{ConnectFailed, err}
	}
	if s.security == startTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return &stepError{TLSFailed, errNoStartTLS}
		}
		if err := client.StartTLS(s.tls); err != nil {
			return &stepError{TLSFailed, err}
		}
	}
	if s.login != nil {
		if err := s.logIn(client); err != nil {
			return &stepError{LoginFailed, err}
		}
	}
	if err := client.Mail("<" + s.from.Address + ">"); err != nil {
		return &stepError{SenderRefused, err}
	}
	if err := client.Rcpt("<" + to + ">"); err != nil {
		return &stepError{RecipientRefused, err}
	}
	text, err := client.Data()
	if err != nil {
		return &stepError{MessageRefused, err}
	}
	if _, err := text.Write(raw); err != nil {
		return &stepError{MessageRefused, err}
	}
	if err := text.Close(); err != nil {
		failed := &stepError{MessageRefused, err}
		if failed.reply() == nil {
			failed.code = AnswerLost
		}
		return failed
	}
	return nil
}

// logIn uses what the server offers now, inside TLS, and of that PLAIN or LOGIN only: others add nothing to a verified connection.
func (s *Sender) logIn(client *smtp.Client) error {
	if _, secure := client.TLSConnectionState(); !secure {
		return errNoAuth
	}
	username, password := s.login()
	_, offered := client.Extension("AUTH")
	switch mechanisms := strings.Fields(strings.ToUpper(offered)); {
	case slices.Contains(mechanisms, "PLAIN"):
		return client.Auth(smtp.PlainAuth("", username, password, s.host, false))
	case slices.Contains(mechanisms, "LOGIN"):
		return client.Auth(smtp.LoginAuth(username, password, s.host, false))
	}
	return errNoAuth
}

// isLoopback reports whether an address is on this machine: the name "localhost" may be anywhere.
func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// boundedConn ends when the other side has said too much.
type boundedConn struct {
	net.Conn
	left int
}

// Read implements net.Conn.
func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooMuch
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
