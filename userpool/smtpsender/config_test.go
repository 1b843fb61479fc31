package smtpsender

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNew_Refuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"Config.Host is missing":                   func(c *Config) { c.Host = "" },
		"a port belongs in Port":                   func(c *Config) { c.Host = "smtp.example.com:587" },
		`"smtp.example.com\r\nX" is not`:           func(c *Config) { c.Host = "smtp.example.com\r\nX" },
		`"unix:///tmp/x" is not`:                   func(c *Config) { c.Host = "unix:///tmp/x" },
		"Config.Port is -1":                        func(c *Config) { c.Port = -1 },
		"Config.Port is 65536":                     func(c *Config) { c.Port = 65536 },
		"set ImplicitTLS":                          func(c *Config) { c.Port = 465 },
		"Config.Timeout is -1s":                    func(c *Config) { c.Timeout = -time.Second },
		"Config.From is missing":                   func(c *Config) { c.From = "" },
		`Config.From "no" is not`:                  func(c *Config) { c.From = "no" },
		`"a@example.com, b@example.com" is not`:    func(c *Config) { c.From = "a@example.com, b@example.com" },
		`\r\nBcc: b@example.com" is not`:           func(c *Config) { c.From = "a@example.com\r\nBcc: b@example.com" },
		"an ASCII address":                         func(c *Config) { c.From = "ä@example.com" },
		`?= <a@example.com>" is not`:               func(c *Config) { c.From = "=?utf-8?q?a=0D=0ABcc:_b?= <a@example.com>" },
		"a control character in it":                func(c *Config) { c.From = "\"a\tb\" <a@example.com>" },
		"belong together":                          func(c *Config) { c.Username = "" },
		"give both, or neither":                    func(c *Config) { c.Password = "" },
		"such as a line break at its end":          func(c *Config) { c.Password = testPassword + "\n" },
		"Username or Config.Password has":          func(c *Config) { c.Username = "a\x00b" },
		"never sent without TLS":                   func(c *Config) { c.Host, c.InsecureAllowPlaintext = "localhost", true },
		"MinVersion must be TLS 1.2":               func(c *Config) { c.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS11} },
		`"smtp.example.com" is not localhost, 127`: func(c *Config) { c.InsecureAllowPlaintext, c.Username, c.Password = true, "", "" },
		`Config.Host "192.0.2.1" is not localhost`: func(c *Config) { *c = Config{Host: "192.0.2.1", From: c.From, InsecureAllowPlaintext: true} },
		"does without TLS: leave": func(c *Config) {
			*c = Config{Host: "::1", From: c.From, InsecureAllowPlaintext: true, ImplicitTLS: true}
		},
		"leave ImplicitTLS and TLSConfig empty, or le": func(c *Config) {
			*c = Config{Host: "::1", From: c.From, InsecureAllowPlaintext: true, TLSConfig: &tls.Config{}}
		},
	} {
		c := Config{Host: "smtp.example.com", Username: testUser, Password: testPassword, From: "Example <no-reply@example.com>"}
		change(&c)
		s, err := New(c)
		require.ErrorContains(t, err, want)
		require.Nil(t, s)
		require.True(t, strings.HasPrefix(err.Error(), "smtpsender: Config."), "%v", err)
		require.NotContains(t, err.Error(), testPassword)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestNew_Defaults(t *testing.T) {
	given := &tls.Config{}
	for want, c := range map[string]Config{
		"smtp.example.com:587": {Host: "smtp.example.com"},
		"smtp.example.com:465": {Host: "smtp.example.com", ImplicitTLS: true, TLSConfig: given},
		"[::1]:2525":           {Host: "::1", Port: 2525},
	} {
		c.From = "a@example.com"
		s := sender(t, c)
		require.Equal(t, want, s.address)
		require.Equal(t, 10*time.Second, s.timeout)
		require.Equal(t, uint16(tls.VersionTLS12), s.tls.MinVersion)
		require.Equal(t, c.Host, s.tls.ServerName)
		require.False(t, s.tls.InsecureSkipVerify)
	}
	require.Empty(t, given.ServerName, "the caller's is not changed")
}

// H12: neither a Config nor a Sender shows the password where it is printed or logged.
func TestH12_Printing(t *testing.T) {
	c := Config{Host: "smtp.example.com", Username: testUser, Password: testPassword, From: "a@example.com"}
	s := sender(t, c)
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "config", c, "sender", s)
	fmt.Fprintf(&out, "%v %+v %s %v %+v %#v", c, c, c, s, s, s)
	require.NotContains(t, out.String(), testPassword)
	require.Contains(t, out.String(), "smtp.example.com")
}
