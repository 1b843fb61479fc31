package smtpsender

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// body decodes a received message as a mail program does, with line breaks as the pool writes them.
func body(t *testing.T, m *netmail.Message) string {
	t.Helper()
	require.Equal(t, "quoted-printable", m.Header.Get("Content-Transfer-Encoding"))
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestSend(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		implicit   bool
		mechanisms []string
		login      bool
	}{
		"STARTTLS":     {false, []string{"PLAIN"}, true},
		"implicit TLS": {true, []string{"PLAIN"}, true},
		"AUTH LOGIN":   {false, []string{"CRAM-MD5", "LOGIN"}, true},
		"no login":     {false, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(s *server, _ *smtp.Server) { s.mechanisms = test.mechanisms }, test.implicit)
			c := s.config()
			c.ImplicitTLS, c.Now, c.Rand = test.implicit, func() time.Time { return at }, bytes.NewReader(make([]byte, 16))
			user := testUser
			if !test.login {
				c.Username, c.Password, user = "", "", ""
			}
			require.NoError(t, send(t, c))

			mails := s.received()
			require.Len(t, mails, 1)
			require.Equal(t, 1, s.listener.count())
			got := mails[0]
			require.True(t, got.secure)
			require.Equal(t, user, got.user)
			require.Equal(t, "no-reply@example.org", got.from)
			require.Equal(t, []string{"ada@example.com"}, got.to)

			m := parse(t, got.raw)
			want := map[string]string{
				"To": "<ada@example.com>", "Subject": "Your code to confirm your e-mail address", "Auto-Submitted": "auto-generated",
				"Date": "Wed, 04 Mar 2026 04:06:07 +0000", "Message-Id": "<" + strings.Repeat("0", 32) + "@example.org>",
				"Mime-Version": "1.0", "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "quoted-printable",
				"From": m.Header.Get("From"), // looked at below
			}
			require.Len(t, m.Header, len(want), "no other headers: %v", m.Header)
			for header, value := range want {
				require.Equal(t, []string{value}, m.Header[header], header)
			}
			from, err := netmail.ParseAddress(m.Header.Get("From"))
			require.NoError(t, err)
			require.Equal(t, netmail.Address{Name: "Bücher & Co", Address: "no-reply@example.org"}, *from)
			require.Equal(t, testMessage().Text, body(t, m))
		})
	}
}

func TestSend_Text(t *testing.T) {
	s := start(t, nil, false)
	out := sender(t, s.config())
	for _, test := range []struct{ subject, text string }{
		{"Ihr Code für „Bücher“", "Ihr Code: 123456 – viel Spaß! 🎉\n"},
		{"コードを確認してください" + strings.Repeat("確認", 50), "コード\n"},
		{"dots", ".\n..\n.hidden\n\n.\nend\n"},
		{"long", strings.Repeat("x", 5000) + "\n"},
		{"=?utf-8?q?encoded=0D=0ABcc:_eve@example.com?=", "From me = = =3D\nFrom you\n"},
		{"{{.Code}} <b>%s%d</b>", "{{.Code}} %s %d <script>\n"},
	} {
		m := testMessage()
		m.Subject, m.Text = test.subject, test.text
		require.NoError(t, out.Send(context.Background(), m))
		mails := s.received()
		got := parse(t, mails[len(mails)-1].raw)
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		require.NoError(t, err)
		if !strings.HasPrefix(test.subject, "=?") {
			require.Equal(t, test.subject, subject)
		}
		require.Empty(t, got.Header.Get("Bcc"))
		require.Len(t, got.Header, 9)
		require.Equal(t, test.text, body(t, got))
		for line := range bytes.Lines(mails[len(mails)-1].raw) {
			require.LessOrEqual(t, len(line), 1000, "RFC 5321, 4.5.3.1.6")
		}
	}
}

// A message with HTML has the text first, which is what a mail program shows that can do no better.
func TestSend_HTML(t *testing.T) {
	s := start(t, nil, false)
	c := s.config()
	c.Rand = bytes.NewReader(bytes.Repeat([]byte{0xab}, 16))
	m := testMessage()
	m.ID, m.Medium, m.Locale = "-6XU0iWJbWkyZ8sJj2cQ7p_", userpool.MediumEmail, "zh-Hans"
	m.HTML = "<!DOCTYPE html>\n<html lang=\"zh-Hans\">\n<p style=\"x\">您的登录验证码：" + testCode + "</p>\n.\n--" + strings.Repeat("00", 16) + "--\n" +
		strings.Repeat("x", 2000) + "\n</html>\n"
	require.NoError(t, sender(t, c).Send(t.Context(), m))

	got := parse(t, s.received()[0].raw)
	require.Len(t, got.Header, 9)
	require.Equal(t, "<-6XU0iWJbWkyZ8sJj2cQ7p_@example.org>", got.Header.Get("Message-Id"))
	require.Equal(t, "zh-Hans", got.Header.Get("Content-Language"))
	kind, parameters, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(got.Body, parameters["boundary"])
	for _, want := range []struct{ kind, text string }{{"text/plain; charset=UTF-8", m.Text}, {"text/html; charset=UTF-8", m.HTML}} {
		part, err := parts.NextRawPart()
		require.NoError(t, err)
		require.Equal(t, want.kind, part.Header.Get("Content-Type"))
		require.Equal(t, want.text, body(t, &netmail.Message{Header: netmail.Header(part.Header), Body: part}))
	}
	_, err = parts.NextRawPart()
	require.ErrorIs(t, err, io.EOF)
	for line := range bytes.Lines(s.received()[0].raw) {
		require.LessOrEqual(t, len(line), 1000, "RFC 5321, 4.5.3.1.6")
	}

	m.HTML, m.ID = "", ""
	m.Locale = "de"
	require.NoError(t, sender(t, s.config()).Send(t.Context(), m))
	plain := parse(t, s.received()[1].raw)
	require.Equal(t, "text/plain; charset=UTF-8", plain.Header.Get("Content-Type"))
	require.Equal(t, "de", plain.Header.Get("Content-Language"))
	require.Regexp(t, "^<[0-9a-f]{32}@example.org>$", plain.Header.Get("Message-Id"))
}

// An SMS is not turned into a mail to a phone number.
func TestSend_SMS(t *testing.T) {
	s := start(t, nil, false)
	for _, medium := range []userpool.DeliveryMedium{userpool.MediumSMS, "email", "PUSH\r\n"} {
		m := testMessage()
		m.Medium = medium
		err := sender(t, s.config()).Send(t.Context(), m)
		requireError(t, err, InvalidMessage, 0)
		require.ErrorContains(t, err, "only EMAIL is sent by SMTP")
		requireNoSecret(t, err)
	}
	require.Zero(t, s.listener.count())
}

func TestSend_Plaintext(t *testing.T) {
	s := start(t, func(_ *server, out *smtp.Server) { out.TLSConfig = nil }, false)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		require.NoError(t, send(t, Config{Host: host, Port: portOf(s.listener), From: "me@localhost", InsecureAllowPlaintext: true}))
	}
	require.Len(t, s.received(), 2)
	require.False(t, s.received()[0].secure)
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": true, "::1": true, "127.9.9.9": true, "192.0.2.1": false, "0.0.0.0": false, "fe80::1": false} {
		require.Equal(t, want, isLoopback(&net.TCPAddr{IP: net.ParseIP(address)}), address)
	}
	require.False(t, isLoopback(&net.UnixAddr{}))
}

func TestSend_TLS(t *testing.T) {
	t.Run("no STARTTLS, and a login offered without it", func(t *testing.T) {
		s := startScript(t, good(), false)
		c := s.config()
		c.ImplicitTLS = false
		err := send(t, c)
		requireError(t, err, TLSFailed, 0)
		require.ErrorContains(t, err, "does not offer STARTTLS")
		require.Equal(t, []string{"EHLO"}, s.seen(), "neither login nor message")
		require.Eventually(t, func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.ended == 1
		}, 5*time.Second, 10*time.Millisecond, "no connection stays open")
	})
	t.Run("STARTTLS refused", func(t *testing.T) {
		s := startScript(t, good().with("EHLO", "250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN").with("STARTTLS", "454 not now"), false)
		c := s.config()
		c.ImplicitTLS = false
		requireError(t, send(t, c), TLSFailed, 454)
		require.NotContains(t, s.seen(), "AUTH")
	})
	for _, implicit := range []bool{false, true} {
		t.Run(fmt.Sprintf("wrong certificate, implicit %t", implicit), func(t *testing.T) {
			s := start(t, nil, implicit)
			c := s.config()
			c.ImplicitTLS, c.TLSConfig = implicit, nil
			err := send(t, c)
			requireError(t, err, TLSFailed, 0)
			var unknown x509.UnknownAuthorityError
			require.ErrorAs(t, err, &unknown)

			other := start(t, func(s *server, out *smtp.Server) {
				cert, roots := certificate(t, "mail.example.com")
				s.roots, out.TLSConfig = roots, &tls.Config{Certificates: []tls.Certificate{cert}}
			}, implicit)
			c = other.config()
			c.ImplicitTLS = implicit
			err = send(t, c)
			requireError(t, err, TLSFailed, 0)
			var hostname x509.HostnameError
			require.ErrorAs(t, err, &hostname)

			for _, s := range []*server{s, other} {
				require.Zero(t, s.logins)
				require.Empty(t, s.received())
			}
		})
	}
	t.Run("a panic in the application's check", func(t *testing.T) {
		s := start(t, nil, false)
		c := s.config()
		c.TLSConfig.VerifyConnection = func(tls.ConnectionState) error { panic("boom\nline") }
		require.EqualError(t, send(t, c), "smtpsender: panic: boom line")
	})
}

func TestSend_Refused(t *testing.T) {
	t.Run("login", func(t *testing.T) {
		s := start(t, nil, false)
		c := s.config()
		c.Username = "somebody"
		err := send(t, c)
		requireError(t, err, LoginFailed, 535)
		require.EqualError(t, err, "smtpsender: LoginFailed: the server answered 535")
		require.Equal(t, 1, s.logins)
	})
	t.Run("no mechanism", func(t *testing.T) {
		s := start(t, func(s *server, _ *smtp.Server) { s.mechanisms = []string{"CRAM-MD5", "XOAUTH2"} }, false)
		err := send(t, s.config())
		requireError(t, err, LoginFailed, 0)
		require.ErrorContains(t, err, "PLAIN or LOGIN")
		require.Zero(t, s.logins)
	})
	t.Run("a challenge too many, with the password in it", func(t *testing.T) {
		encode := base64.StdEncoding.EncodeToString
		s := startScript(t, good().with("EHLO", "250-test\r\n250 AUTH LOGIN").with("AUTH", "334 "+encode([]byte("Username:"))).
			with(encode([]byte(testUser)), "334 "+encode([]byte("Password:"))).
			with(encode([]byte(testPassword)), "334 "+encode([]byte(testPassword))), true)
		err := send(t, s.config())
		requireError(t, err, LoginFailed, 0)
		require.ErrorContains(t, err, "does not speak SMTP")
	})
	for _, test := range []struct {
		rcpt, data error
		code       Code
		reply      int
		words      string
	}{
		{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}, nil, RecipientRefused, 550,
			`smtpsender: RecipientRefused: the server answered 550: "5.1.1 No such user"`},
		{&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, try again later"}, nil, RecipientRefused, 451,
			`smtpsender: RecipientRefused: the server answered 451: "4.7.1 Greylisted, try again later"`},
		{nil, &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "Email address is not verified"}, MessageRefused, 554,
			`smtpsender: MessageRefused: the server answered 554: "5.6.0 Email address is not verified"`},
		{nil, &smtp.SMTPError{Code: 554, Message: "spam: code " + testCode}, MessageRefused, 554, "they repeat a secret"},
		{nil, &smtp.SMTPError{Code: 554, Message: "spam: If you did not sign up, ignore this message."}, MessageRefused, 554, "they repeat the message"},
		{&smtp.SMTPError{Code: 550, Message: "you are " + testUser + " with " + testPassword}, nil, RecipientRefused, 550, "they repeat a secret"},
	} {
		s := start(t, func(s *server, _ *smtp.Server) { s.rcpt, s.data = test.rcpt, test.data }, false)
		err := send(t, s.config())
		requireError(t, err, test.code, test.reply)
		require.ErrorContains(t, err, test.words)
		require.Empty(t, s.received())
		require.Equal(t, 1, s.listener.count(), "nothing is tried again")
	}
}

// H12: neither the link nor the HTML is quoted.
func TestH12_Quote(t *testing.T) {
	m := testMessage()
	m.Link, m.HTML = "https://example.com/?token=t0ken", "<p>\nonly the HTML has these words</p>"
	s := sender(t, start(t, nil, false).config())
	require.Contains(t, s.quote("5.7.1 spam: https://example.com/?token=t0ken", m), "they repeat a secret")
	require.Contains(t, s.quote("5.7.1 spam: only the HTML has these words", m), "they repeat the message")
	require.Equal(t, `"5.7.1 spam: something else that is quite long"`, s.quote("5.7.1 spam: something else that is quite long", m))
}

// Every step may fail in every way, and nothing is repeated.
func TestSend_EveryStep(t *testing.T) {
	for _, step := range []struct {
		command string
		code    Code
	}{
		{"greeting", ConnectFailed}, {"EHLO", ConnectFailed}, {"AUTH", LoginFailed}, {"MAIL", SenderRefused}, {"RCPT", RecipientRefused},
		{"DATA", MessageRefused}, {".", MessageRefused},
	} {
		lost := step.code
		if step.command == "." {
			lost = AnswerLost
		}
		t.Run(step.command, func(t *testing.T) {
			t.Parallel()
			once := func(s *script) {
				require.Equal(t, 1, s.listener.count())
				require.LessOrEqual(t, strings.Count(strings.Join(s.seen(), ","), "DATA"), 1)
			}
			s := startScript(t, good().with(step.command, "554 no\x1b[31m"), true)
			if step.command == "greeting" || step.command == "EHLO" {
				s = startScript(t, good().with(step.command, "554 no\x1b[31m").with("HELO", "502 what?"), true)
			}
			err := send(t, s.config())
			requireError(t, err, step.code, 554)
			require.NotContains(t, err.Error(), "\x1b")
			once(s)

			s = startScript(t, good().with(step.command, "close"), true)
			err = send(t, s.config())
			requireError(t, err, lost, 0)
			once(s)

			s = startScript(t, good().with(step.command, "hello there "+testCode+testPassword), true)
			c := s.config()
			c.Timeout = time.Second // in which a login is called off
			err = send(t, c)
			requireError(t, err, lost, 0)
			require.ErrorContains(t, err, "does not speak SMTP")
			once(s)

			s = startScript(t, good().without(step.command), true)
			c = s.config()
			c.Timeout = 300 * time.Millisecond
			err = send(t, c)
			requireError(t, err, lost, 0)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			once(s)

			s = startScript(t, good().without(step.command), true)
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(300*time.Millisecond, cancel)
			before := time.Now()
			err = sender(t, s.config()).Send(ctx, testMessage())
			requireNoSecret(t, err)
			requireError(t, err, lost, 0)
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, time.Since(before), 5*time.Second)
			once(s)
		})
	}
}

// What the server has taken over is delivered, whatever it does then.
func TestSend_Quit(t *testing.T) {
	for name, a := range map[string]answers{
		"no answer": good().without("QUIT"), "closes": good().with("QUIT", "close"), "refuses": good().with("QUIT", "500 no"),
	} {
		t.Run(name, func(t *testing.T) {
			s := startScript(t, a, true)
			before := time.Now()
			require.NoError(t, send(t, s.config()))
			require.Less(t, time.Since(before), 5*time.Second)
			require.Equal(t, []string{"EHLO", "AUTH", "MAIL", "RCPT", "DATA", ".", "QUIT"}, s.seen())
		})
	}
}

func TestSend_Unreachable(t *testing.T) {
	l := listen(t)
	require.NoError(t, l.Close())
	c := Config{Host: "127.0.0.1", Port: portOf(l), From: "me@example.org"}
	err := send(t, c)
	requireError(t, err, ConnectFailed, 0)
	var network *net.OpError
	require.ErrorAs(t, err, &network)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, sender(t, c).Send(ctx, testMessage()), context.Canceled)
}

// A server that never stops talking is left.
func TestSend_Bounded(t *testing.T) {
	for _, greeting := range []string{strings.Repeat("220-blah blah\r\n", 50_000), "220 " + strings.Repeat("x", 600_000)} {
		s := startScript(t, good().with("greeting", greeting), true)
		err := send(t, s.config())
		requireError(t, err, ConnectFailed, 0)
		require.ErrorContains(t, err, "more than 256 KiB")
	}
}

func TestSend_HostileMessage(t *testing.T) {
	s := start(t, nil, false)
	out := sender(t, s.config())
	change := func(f func(*userpool.Message)) userpool.Message {
		m := testMessage()
		f(&m)
		return m
	}
	var messages []userpool.Message
	for _, to := range []string{
		"", " ", "ada", "@example.com", "ada@", "ada@example.com\r\nBcc: eve@example.com", "ada@example.com\r\nRCPT TO:<eve@example.com>",
		"ada@example.com\n", "\rada@example.com", "ada@example.com, eve@example.com", "ada@example.com eve@example.com",
		"ada@example.com;eve@example.com", "Ada <ada@example.com>", "<ada@example.com>", "<ada@example.com>,<eve@example.com>",
		"ada@example.com> SIZE=1", "\"a b\"@example.com", "ada@example.com(comment)", "ada@[127.0.0.1]", "@relay:ada@example.com",
		"ada@example.com\x00", "ad\ta@example.com", "ada@exämple.com", "àda@example.com", "a@b@example.com", "group: ada@example.com;",
		strings.Repeat("a", 250) + "@example.com",
	} {
		messages = append(messages, change(func(m *userpool.Message) { m.To = to }))
	}
	for _, subject := range []string{
		"", "a\r\nBcc: eve@example.com", "a\nb", "a\rb", "a\x00b", "a\tb", "a\u0085b", "a\xffb", "a\x7f", strings.Repeat("x", 501),
	} {
		messages = append(messages, change(func(m *userpool.Message) { m.Subject = subject }))
	}
	for _, text := range []string{"", "a\x00b", "a\x1bb", "a\xffb", strings.Repeat("x", 64<<10+1)} {
		messages = append(messages, change(func(m *userpool.Message) { m.Text = text }))
	}
	for _, page := range []string{"<p>\x00", "<p>\x1b", "<p>\xff", strings.Repeat("x", 64<<10+1)} {
		messages = append(messages, change(func(m *userpool.Message) { m.HTML = page }))
	}
	for _, locale := range []string{"de\r\nBcc: eve@example.com", "de, en", "de_DE", "d", "../de", "de\n", strings.Repeat("de-", 12) + "de", "dé"} {
		messages = append(messages, change(func(m *userpool.Message) { m.Locale = locale }))
	}
	for _, id := range []string{"a\r\nBcc: eve@example.com", "a@example.com", "a>", "a b", "a.b", "a\n", strings.Repeat("x", 129), "é"} {
		messages = append(messages, change(func(m *userpool.Message) { m.ID = id }))
	}
	for _, m := range messages {
		err := out.Send(context.Background(), m)
		requireError(t, err, InvalidMessage, 0)
		requireNoSecret(t, err)
		require.Less(t, len(err.Error()), 500)
	}
	require.Zero(t, s.listener.count(), "refused before connecting")
}

func TestSend_Parallel(t *testing.T) {
	s := start(t, nil, false)
	out := sender(t, s.config())
	const n = 50
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			m := testMessage()
			m.To = fmt.Sprintf("user%d@example.com", i)
			m.Text = fmt.Sprintf("code for user%d\n", i)
			errs[i] = out.Send(context.Background(), m)
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	seen, ids := map[string]bool{}, map[string]bool{}
	for _, got := range s.received() {
		require.Len(t, got.to, 1)
		name, _, _ := strings.Cut(got.to[0], "@")
		m := parse(t, got.raw)
		require.Equal(t, "<"+got.to[0]+">", m.Header.Get("To"))
		require.Equal(t, "code for "+name+"\n", body(t, m))
		seen[name], ids[m.Header.Get("Message-Id")] = true, true
	}
	require.Len(t, seen, n)
	require.Len(t, ids, n)
	require.Len(t, s.received(), n)
}

func TestSend_Rand(t *testing.T) {
	s := start(t, nil, false)
	c := s.config()
	c.Rand = strings.NewReader("short")
	require.ErrorContains(t, send(t, c), "Config.Rand failed")
	m := testMessage()
	m.ID, m.HTML = "x", "<p>x"
	require.ErrorContains(t, sender(t, c).Send(t.Context(), m), "Config.Rand failed", "for the boundary")
	require.Zero(t, s.listener.count())
	require.ErrorContains(t, new(Sender).Send(context.Background(), testMessage()), "not made by New")
	require.ErrorContains(t, (*Sender)(nil).Send(context.Background(), testMessage()), "not made by New")
}
