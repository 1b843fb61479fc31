package smswebhook

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	defaultTimeout   = 10 * time.Second
	defaultMaxLength = 480
	maxMaxLength     = 1600
)

// Config says how to reach the webhook. One of BearerToken and SigningSecret is required, and both are possible.
type Config struct {
	// URL is the address of the webhook: https, without user name, password and fragment. Required.
	URL string
	// InsecureAllowHTTP allows a URL with http, for a receiver on the same machine. Whoever can read the traffic can read the codes.
	InsecureAllowHTTP bool
	// BearerToken is sent as Authorization: Bearer (RFC 6750): 16 to 4096 characters of A-Z, a-z, 0-9, "-", ".", "_", "~", "+" and "/",
	// with "=" at the end.
	BearerToken string
	// SigningSecret signs each request with HMAC-SHA256: 24 to 64 random bytes, as the Standard Webhooks specification wants them.
	// ParseSecret makes them of the usual text. It is copied.
	SigningSecret []byte
	// Prefixes are the beginnings of the phone numbers to which messages are sent, such as "+49", from which others are refused. Without
	// any, messages are sent to all the world.
	Prefixes []string
	// MaxLength is the longest text that is sent, in characters: 1 to 1600, and 480 by default.
	MaxLength int
	// Client makes the requests, for a proxy or a private certificate authority. It is copied; its Jar and CheckRedirect are not used.
	// Nil means one with http.DefaultTransport. Its Transport must not repeat requests by itself.
	Client *http.Client
	// Timeout bounds one request, from the connection to the status of the answer. Zero means 10 seconds.
	Timeout time.Duration
	// Now is the time in Webhook-Timestamp. Nil means time.Now.
	Now func() time.Time
}

// String names the host of the webhook; secrets are left out, and so is the path, which may be one.
func (c Config) String() string { return "SMS webhook at " + hostOf(c.URL) }

// GoString is as String.
func (c Config) GoString() string { return c.String() }

// LogValue keeps the secrets out of logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "an unknown host"
	}
	return u.Host
}

// Sender delivers text messages by a webhook; it is a userpool.Sender. It is safe for concurrent use.
type Sender struct {
	host      string
	maxLength int
	prefixes  []string
	timeout   time.Duration
	now       func() time.Time
	client    *http.Client
	secrets   func() secrets // a function, so that printing a Sender does not print them
}

type secrets struct {
	url, bearer string
	signing     []byte
}

var (
	bearerPattern = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
	prefixPattern = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
)

// New checks a Config and returns a Sender. It does not call the webhook. An error says which field is wrong, and holds no secret.
func New(c Config) (*Sender, error) {
	s := &Sender{maxLength: c.MaxLength, prefixes: slices.Clone(c.Prefixes), timeout: c.Timeout, now: c.Now, client: &http.Client{}}
	for _, check := range []func(Config) error{s.setURL, checkSecrets, s.setLimits} {
		if err := check(c); err != nil {
			return nil, fmt.Errorf("smswebhook: %w", err)
		}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if c.Client != nil {
		*s.client = *c.Client
	}
	s.client.Jar = nil
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	kept := secrets{c.URL, c.BearerToken, slices.Clone(c.SigningSecret)}
	s.secrets = func() secrets { return kept }
	return s, nil
}

func (s *Sender) setURL(c Config) error {
	if c.URL == "" {
		return errors.New("Config.URL is missing: give the address of the webhook")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return errors.New("Config.URL is not an address such as https://gateway.example.com/sms")
	case u.User != nil || u.Fragment != "" || strings.Contains(c.URL, "#"):
		return errors.New("Config.URL has a user name, a password or a fragment: leave it out, and use BearerToken for a secret")
	case u.Scheme == "http" && !c.InsecureAllowHTTP:
		return fmt.Errorf("Config.URL of %s is http, which everybody on the way can read: use https", u.Host)
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("Config.URL of %s has the scheme %.20q: use https", u.Host, u.Scheme)
	}
	s.host = u.Host
	return nil
}

func checkSecrets(c Config) error {
	switch {
	case c.BearerToken == "" && len(c.SigningSecret) == 0:
		return errors.New("Config.BearerToken and Config.SigningSecret are both missing: give one, or anybody could send messages")
	case c.BearerToken != "" && (len(c.BearerToken) < 16 || len(c.BearerToken) > 4096 || !bearerPattern.MatchString(c.BearerToken)):
		return errors.New("Config.BearerToken has less than 16 or more than 4096 characters, or one that is not A-Z, a-z, 0-9, -._~+/ or, at the end, =")
	case len(c.SigningSecret) != 0:
		if err := checkSigningSecret(c.SigningSecret); err != nil {
			return fmt.Errorf("Config.SigningSecret %w", err)
		}
	}
	return nil
}

func (s *Sender) setLimits(c Config) error {
	if s.maxLength == 0 {
		s.maxLength = defaultMaxLength
	}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	switch {
	case s.maxLength < 1 || s.maxLength > maxMaxLength:
		return fmt.Errorf("Config.MaxLength is %d: it must be from 1 to %d, or 0 for %d", s.maxLength, maxMaxLength, defaultMaxLength)
	case s.timeout < 0:
		return fmt.Errorf("Config.Timeout is %s: it must be positive, or 0 for %s", s.timeout, defaultTimeout)
	}
	for _, prefix := range s.prefixes {
		if !prefixPattern.MatchString(prefix) {
			return fmt.Errorf(`Config.Prefixes has %.40q, which is not the beginning of an international phone number, such as "+49"`, prefix)
		}
	}
	return nil
}
