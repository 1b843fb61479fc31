package smtpsender

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/outbound"
)

// Config says how to reach the mail server.
type Config struct {
	// Host is the name of the server, or its IP address, without a port. Its certificate must be valid for it. Required.
	Host string
	// Port is the server's port. Zero means 587, or 465 with ImplicitTLS.
	Port int
	// Username and Password log in at the server, by AUTH PLAIN or LOGIN. Both, or neither for a server that asks for no login.
	Username string
	Password string
	// From is where messages come from: "no-reply@example.com" or "Example <no-reply@example.com>". Required. Its domain is also the name
	// that is given in EHLO, and the end of each Message-ID.
	From string
	// ImplicitTLS begins with TLS (RFC 8314, 3.3) instead of asking for it by STARTTLS.
	ImplicitTLS bool
	// InsecureAllowPlaintext does without TLS, for a server on the same machine during development. Host must be "localhost" or a
	// loopback address, and Username, Password, ImplicitTLS and TLSConfig must be empty.
	InsecureAllowPlaintext bool
	// TLSConfig is for a private certificate authority (RootCAs) or a client certificate. It is copied. Nil means the system's
	// authorities and TLS 1.2 or later; an empty ServerName means Host.
	TLSConfig *tls.Config
	// Timeout bounds the whole conversation for one message. Zero means 10 seconds.
	Timeout time.Duration
	// Now is the time in the Date header. Nil means time.Now.
	Now func() time.Time
	// Rand is the source of what divides the parts of a message, and of the Message-ID of one that has no ID. Nil means crypto/rand.
	Rand io.Reader
}

// String names the server; the password is left out.
func (c Config) String() string { return fmt.Sprintf("SMTP server %s, from %s", c.Host, c.From) }

// LogValue keeps the password out of logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Sender delivers messages by SMTP; it is a userpool.Sender. It is safe for concurrent use.
type Sender struct {
	host, address string // address is host and port
	from          netmail.Address
	domain        string // of from
	security      security
	tls           *tls.Config
	login         func() (username, password string) // nil without; a function, so that printing a Sender does not print them
	timeout       time.Duration
	now           func() time.Time
	rand          io.Reader
}

type security int

const (
	startTLS security = iota
	implicitTLS
	unencrypted
)

// addrSpec is an address as the pool stores it: a dot-atom (RFC 5322, 3.2.3) and a domain, both in ASCII. The domain may be one label,
// such as "localhost".
var addrSpec = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@" +
	`[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

// hostName is the name of a server.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$`)

func isAddress(s string) bool { return len(s) <= 254 && addrSpec.MatchString(s) }

// New checks a Config and returns a Sender. It does not call the server. An error says which field is wrong, and never holds the
// password.
func New(c Config) (*Sender, error) {
	s := &Sender{host: c.Host, timeout: c.Timeout, now: c.Now, rand: c.Rand}
	for _, check := range []func(Config) error{s.setServer, s.setFrom, s.setLogin, s.setTLS} {
		if err := check(c); err != nil {
			return nil, fmt.Errorf("smtpsender: %w", err)
		}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	return s, nil
}

func (s *Sender) setServer(c Config) error {
	port := c.Port
	switch {
	case c.Host == "":
		return errors.New("Config.Host is missing: give the name of the mail server")
	case len(c.Host) > 253 || net.ParseIP(c.Host) == nil && !hostName.MatchString(c.Host):
		return fmt.Errorf("Config.Host %.100q is not the name or IP address of a server, such as smtp.example.com; a port belongs in Port", c.Host)
	case port < 0 || port > 65535:
		return fmt.Errorf("Config.Port is %d: it must be from 1 to 65535, or 0 for the default", port)
	case port == 465 && !c.ImplicitTLS && !c.InsecureAllowPlaintext:
		return errors.New("Config.Port 465 is for TLS from the first byte: set ImplicitTLS, or use port 587")
	case c.Timeout < 0:
		return fmt.Errorf("Config.Timeout is %s: it must be positive, or 0 for 10 seconds", c.Timeout)
	case port == 0 && c.ImplicitTLS:
		port = 465
	case port == 0:
		port = 587
	}
	if s.timeout == 0 {
		s.timeout = 10 * time.Second
	}
	s.address = net.JoinHostPort(c.Host, fmt.Sprint(port))
	return nil
}

func (s *Sender) setFrom(c Config) error {
	if c.From == "" {
		return errors.New("Config.From is missing: give the address that messages come from")
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil || !isAddress(from.Address) {
		return fmt.Errorf(`Config.From %.300q is not one address such as "Example <no-reply@example.com>", with an ASCII address`, c.From)
	}
	if len(from.Name) > 200 || !utf8.ValidString(from.Name) || strings.ContainsFunc(from.Name, unicode.IsControl) {
		return errors.New("Config.From has a name of more than 200 bytes, or with a control character in it")
	}
	s.from = *from
	_, s.domain, _ = strings.Cut(from.Address, "@")
	return nil
}

func (s *Sender) setLogin(c Config) error {
	switch {
	case c.Username == "" && c.Password == "":
		return nil
	case c.Username == "" || c.Password == "":
		return errors.New("Config.Username and Config.Password belong together: give both, or neither")
	case c.InsecureAllowPlaintext:
		return errors.New("Config.Username and Config.Password are never sent without TLS: leave them empty with InsecureAllowPlaintext")
	case strings.ContainsFunc(c.Username, unicode.IsControl) || strings.ContainsFunc(c.Password, unicode.IsControl):
		return errors.New("Config.Username or Config.Password has a control character, such as a line break at its end")
	}
	s.login = func() (string, string) { return c.Username, c.Password }
	return nil
}

func (s *Sender) setTLS(c Config) error {
	if c.InsecureAllowPlaintext {
		s.security = unencrypted
		switch {
		case c.ImplicitTLS || c.TLSConfig != nil:
			return errors.New("Config.InsecureAllowPlaintext does without TLS: leave ImplicitTLS and TLSConfig empty, or leave it out")
		case !outbound.IsLoopback(c.Host):
			return fmt.Errorf("Config.InsecureAllowPlaintext is only for a server on the same machine: Config.Host %q is not localhost, 127.0.0.1 or ::1", c.Host)
		}
		return nil
	}
	if c.ImplicitTLS {
		s.security = implicitTLS
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLSConfig != nil {
		s.tls = c.TLSConfig.Clone()
	}
	switch {
	case s.tls.MinVersion == 0:
		s.tls.MinVersion = tls.VersionTLS12
	case s.tls.MinVersion < tls.VersionTLS12:
		return errors.New("Config.TLSConfig.MinVersion must be TLS 1.2 or later")
	}
	if s.tls.ServerName == "" {
		s.tls.ServerName = strings.TrimSuffix(c.Host, ".")
	}
	return nil
}

// secrets are the forms in which the password is known to a server.
func (s *Sender) secrets() []string {
	if s.login == nil {
		return nil
	}
	username, password := s.login()
	return []string{
		password,
		base64.StdEncoding.EncodeToString([]byte(password)),
		base64.StdEncoding.EncodeToString([]byte("\x00" + username + "\x00" + password)),
	}
}
