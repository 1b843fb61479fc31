package smswebhook

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const testBearer = "bearer-canary-0123456789"

func TestNew_Refuses(t *testing.T) {
	for want, changes := range map[string][]func(*Config){
		"Config.URL is missing": {func(c *Config) { c.URL = "" }},
		"Config.URL is not an address": {
			func(c *Config) { c.URL = "gateway.example.com/canary" }, func(c *Config) { c.URL = "https:///canary" }, func(c *Config) { c.URL = "https://a b/canary" },
			func(c *Config) { c.URL = "https:canary" }, func(c *Config) { c.URL = "https://example.com/\ncanary" }, func(c *Config) { c.URL = "https://:443/canary" },
		},
		"a user name, a password or a fragment": {
			func(c *Config) { c.URL = "https://me:canary@example.com/" }, func(c *Config) { c.URL = "https://example.com/#canary" },
			func(c *Config) { c.URL = "https://example.com/canary#" },
		},
		"example.com is http":               {func(c *Config) { c.URL = "http://example.com/canary" }},
		`the scheme "ftp"`:                  {func(c *Config) { c.URL = "ftp://example.com/canary"; c.InsecureAllowHTTP = true }},
		"are both missing":                  {func(c *Config) { c.BearerToken, c.SigningSecret = "", nil }},
		"Config.BearerToken has":            {func(c *Config) { c.BearerToken = "canary" }, func(c *Config) { c.BearerToken = testBearer + "\r\nX: y" }, func(c *Config) { c.BearerToken = testBearer + " x" }, func(c *Config) { c.BearerToken = strings.Repeat("x", 4097) }},
		"Config.SigningSecret has 23 bytes": {func(c *Config) { c.SigningSecret = make([]byte, 23) }},
		"Config.SigningSecret has 65 bytes": {func(c *Config) { c.SigningSecret = make([]byte, 65) }},
		"Config.MaxLength is -1":            {func(c *Config) { c.MaxLength = -1 }},
		"Config.MaxLength is 1601":          {func(c *Config) { c.MaxLength = 1601 }},
		"Config.Timeout is -1s":             {func(c *Config) { c.Timeout = -time.Second }},
		`Config.Prefixes has "49"`:          {func(c *Config) { c.Prefixes = []string{"+41", "49"} }},
		`Config.Prefixes has "+0"`:          {func(c *Config) { c.Prefixes = []string{"+0"} }},
		`Config.Prefixes has ""`:            {func(c *Config) { c.Prefixes = []string{""} }},
	} {
		for _, change := range changes {
			c := Config{URL: "https://gateway.example.com/sms", BearerToken: testBearer, SigningSecret: testSecret(t)}
			_, err := New(c)
			require.NoError(t, err)
			change(&c)
			s, err := New(c)
			require.ErrorContains(t, err, want)
			require.Nil(t, s)
			require.True(t, strings.HasPrefix(err.Error(), "smswebhook: Config."), "%v", err)
			require.NotContains(t, err.Error(), "canary", "H12")
			require.NotContains(t, err.Error(), "\n")
		}
	}
}

func TestNew_Defaults(t *testing.T) {
	given := &http.Client{}
	secret := testSecret(t)
	s, err := New(Config{URL: "http://127.0.0.1:80/sms?x=y", InsecureAllowHTTP: true, SigningSecret: secret, Client: given})
	require.NoError(t, err)
	require.Equal(t, 480, s.maxLength)
	require.Equal(t, 10*time.Second, s.timeout)
	require.Nil(t, given.CheckRedirect, "the caller's is not changed")
	secret[0] ^= 1
	require.Equal(t, testSecret(t), s.secrets().signing, "it was copied")
}

// H12: neither a Config nor a Sender shows a secret where it is printed or logged.
func TestH12_Printing(t *testing.T) {
	c := Config{URL: "https://gateway.example.com/canary?key=canary", BearerToken: testBearer, SigningSecret: []byte("canary-canary-canary-canary")}
	s, err := New(c)
	require.NoError(t, err)
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "config", c, "sender", s)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", c, "sender", s)
	fmt.Fprintf(&out, "%v %+v %s %#v %v %+v %#v", c, c, c, c, s, s, s)
	require.NotContains(t, out.String(), "canary")
	require.NotContains(t, out.String(), fmt.Sprint([]byte("canary")[:3]), "nor as numbers")
	require.Contains(t, out.String(), "gateway.example.com")
	require.Equal(t, "SMS webhook at an unknown host", Config{URL: ":"}.String())
}
