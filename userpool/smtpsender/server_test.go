package smtpsender

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

const (
	testUser     = "stepwell"
	testPassword = "Pa55-canary-w0rd"
	testCode     = "482913"
)

func testMessage() userpool.Message {
	return userpool.Message{
		Kind: userpool.MessageSignUp, To: "ada@example.com", Username: "ada@example.com", Code: testCode,
		Subject: "Your code to confirm your e-mail address",
		Text:    "Your code to confirm your e-mail address is " + testCode + ".\n\nIf you did not sign up, ignore this message.\n",
	}
}

// logged is what anything in this process wrote to the standard logger.
var logged struct {
	sync.Mutex
	bytes.Buffer
}

type loggedWriter struct{}

func (loggedWriter) Write(p []byte) (int, error) {
	logged.Lock()
	defer logged.Unlock()
	return logged.Buffer.Write(p)
}

func TestMain(m *testing.M) {
	log.SetOutput(loggedWriter{})
	code := m.Run()
	if logged.Len() > 0 {
		fmt.Println("something was logged:", logged.String())
		code = 1
	}
	os.Exit(code)
}

// certificate makes one that is its own authority, for names and addresses.
func certificate(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// server is a real SMTP server that keeps what it is given.
type server struct {
	mechanisms []string
	rcpt, data error // what it answers
	roots      *x509.CertPool
	listener   *countingListener

	mu     sync.Mutex
	mails  []received
	logins int
}

type received struct {
	from, user string
	to         []string
	raw        []byte
	secure     bool
}

type countingListener struct {
	net.Listener
	mu sync.Mutex
	n  int
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.n++
		l.mu.Unlock()
	}
	return conn, err
}

func (l *countingListener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func listen(t *testing.T) *countingListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return &countingListener{Listener: l}
}

// start serves with STARTTLS for 127.0.0.1, unless change says otherwise.
func start(t *testing.T, change func(*server, *smtp.Server), implicit bool) *server {
	t.Helper()
	cert, roots := certificate(t, "127.0.0.1")
	s := &server{mechanisms: []string{"PLAIN"}, roots: roots, listener: listen(t)}
	out := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	out.Domain, out.ReadTimeout, out.WriteTimeout = "localhost", 20*time.Second, 20*time.Second
	out.ErrorLog = log.New(io.Discard, "", 0)
	out.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	if change != nil {
		change(s, out)
	}
	var l net.Listener = s.listener
	if implicit {
		l = tls.NewListener(l, out.TLSConfig)
		out.TLSConfig = nil
	}
	go func() { _ = out.Serve(l) }()
	t.Cleanup(func() { _ = out.Close() })
	return s
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// config reaches a server with its certificate trusted.
func (s *server) config() Config {
	return Config{
		Host: "127.0.0.1", Port: portOf(s.listener), Username: testUser, Password: testPassword,
		From: "Bücher & Co <no-reply@example.org>", TLSConfig: &tls.Config{RootCAs: s.roots},
	}
}

func (s *server) received() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

type session struct {
	*server
	conn    *smtp.Conn
	user    string
	current received
}

func (s *session) AuthMechanisms() []string { return s.mechanisms }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		s.mu.Lock()
		s.logins++
		s.mu.Unlock()
		if username != testUser || password != testPassword {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no login for " + username + " with " + password}
		}
		s.user = username
		return nil
	}
	if mechanism == "LOGIN" {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
}

// loginServer is AUTH LOGIN, which go-sasl has for clients only.
type loginServer struct {
	step     int
	username string
	check    func(username, password string) error
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.username, string(response))
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	_, secure := s.conn.TLSConnectionState()
	s.current = received{from: from, user: s.user, secure: secure}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.current.to = append(s.current.to, to)
	return s.rcpt
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.data != nil {
		return s.data
	}
	s.current.raw = raw
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, s.current)
	return nil
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

// script is a server that does what a test says, with TLS from the first byte. It records the commands that it read.
type script struct {
	listener *countingListener
	roots    *x509.CertPool
	mu       sync.Mutex
	commands []string
	ended    int // connections
}

// answers are what a script says after the greeting; a command that is missing gets none, and "close" ends the connection.
type answers map[string]string

func good() answers {
	return answers{
		"greeting": "220 test", "EHLO": "250-test\r\n250 AUTH PLAIN", "AUTH": "235 yes", "*": "501 cancelled", "MAIL": "250 yes", "RCPT": "250 yes",
		"DATA": "354 go", ".": "250 queued", "QUIT": "221 bye",
	}
}

func (a answers) with(command, answer string) answers {
	a[command] = answer
	return a
}

func (a answers) without(command string) answers {
	delete(a, command)
	return a
}

func startScript(t *testing.T, a answers, secure bool) *script {
	t.Helper()
	cert, roots := certificate(t, "127.0.0.1")
	s := &script{listener: listen(t), roots: roots}
	var l net.Listener = s.listener
	if secure {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, a)
		}
	}()
	return s
}

func (s *script) serve(conn net.Conn, a answers) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		s.ended++
		s.mu.Unlock()
	}()
	if secure, ok := conn.(*tls.Conn); ok && secure.Handshake() != nil {
		return
	}
	say := func(command string) bool {
		answer, found := a[command]
		if found && answer != "close" {
			_, _ = io.WriteString(conn, answer+"\r\n")
		}
		return answer != "close"
	}
	if !say("greeting") {
		return
	}
	inText := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		command := lines.Text()
		if !inText {
			command, _, _ = strings.Cut(command, " ")
		} else if command != "." {
			continue
		}
		s.mu.Lock()
		s.commands = append(s.commands, command)
		s.mu.Unlock()
		inText = command == "DATA"
		if !say(command) {
			return
		}
	}
}

func (s *script) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

func (s *script) config() Config {
	return Config{
		Host: "127.0.0.1", Port: portOf(s.listener), Username: testUser, Password: testPassword, ImplicitTLS: true,
		From: "no-reply@example.org", TLSConfig: &tls.Config{RootCAs: s.roots},
	}
}

func sender(t *testing.T, c Config) *Sender {
	t.Helper()
	s, err := New(c)
	require.NoError(t, err)
	return s
}

// send sends the test's message and requires that an error has no secret.
func send(t *testing.T, c Config) error {
	t.Helper()
	err := sender(t, c).Send(context.Background(), testMessage())
	requireNoSecret(t, err)
	return err
}

func requireNoSecret(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			for _, secret := range []string{testPassword, testCode, "If you did not sign up"} {
				require.NotContains(t, text, secret)
			}
			require.NotContains(t, text, "\n")
		}
	}
}

func requireError(t *testing.T, err error, code Code, reply int) *Error {
	t.Helper()
	require.ErrorIs(t, err, code)
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, reply, e.Reply, "%v", err)
	return e
}

func parse(t *testing.T, raw []byte) *netmail.Message {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	return m
}
