package identitypool_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	poolID     = "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"
	otherPool  = "eu-west-1:00000000-0b6f-4f0e-9a43-2f1d4c0e8a11"
	provider   = "id.example.com"
	userPolicy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"notes:*","Resource":"arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"},
		{"Effect":"Deny","Action":"notes:Delete","Resource":"arn:app:notes:::*/locked"}]}`
	guestPolicy = `{"Version":"2012-10-17","Statement":{"Sid":"Secret1","Effect":"Allow","Action":"notes:Read","Resource":"arn:app:notes:::public/*"}}`
	allPolicy   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

var sessionKey = []byte("0123456789abcdef0123456789abcdef")

// clock is a time that tests move.
type clock struct{ now time.Time }

func newClock() *clock              { return &clock{time.Date(2026, 3, 4, 5, 6, 7, 891234567, time.UTC)} }
func (c *clock) Now() time.Time     { return c.now }
func (c *clock) in(d time.Duration) { c.now = c.now.Add(d) }

// tokens verifies "subject" as the token of that subject.
func tokens(_ context.Context, token string) (map[string]any, error) {
	switch {
	case token == "expired":
		return nil, errors.New("token is expired; token=" + token)
	case token == "down":
		return nil, identitypool.ExternalService
	case token == "panic":
		panic("verifier")
	case token == "numeric":
		return map[string]any{"sub": 1e21}, nil
	case token == "nothing":
		return nil, nil
	case strings.HasPrefix(token, "raw:"):
		return map[string]any{"sub": token[4:]}, nil
	}
	return map[string]any{"sub": token, "aud": "client", "email": "a@example.com"}, nil
}

func config(c *clock) identitypool.Config {
	return identitypool.Config{
		ID: poolID, Store: memstore.New(), SessionKey: sessionKey, Now: c.Now,
		Logins: map[string]identitypool.LoginVerifier{
			provider: identitypool.LoginFunc(tokens), "other.example.com": identitypool.LoginFunc(tokens), "ID.example.com": identitypool.LoginFunc(tokens),
		},
		AllowUnauthenticated: true,
		AuthenticatedRole:    identitypool.Role{Name: "User", Policy: userPolicy},
		UnauthenticatedRole:  identitypool.Role{Name: "Guest", Policy: guestPolicy},
		Logger:               slog.New(slog.DiscardHandler),
	}
}

func newPool(t testing.TB, config identitypool.Config) *identitypool.Pool {
	t.Helper()
	p, err := identitypool.New(config)
	require.NoError(t, err)
	return p
}

func login(token string) map[string]string { return map[string]string{provider: token} }

func getID(t testing.TB, p *identitypool.Pool, logins map[string]string) string {
	t.Helper()
	id, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(t, err)
	return id
}

func credentialsOf(t testing.TB, p *identitypool.Pool, logins map[string]string) (string, identitypool.Credentials) {
	t.Helper()
	id := getID(t, p, logins)
	c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	require.NoError(t, err)
	return id, c
}

// signed is a request as a server gets it.
func signed(t testing.TB, c identitypool.Credentials, at time.Time, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	sign(t, r, c, at, body)
	return r
}

func sign(t testing.TB, r *http.Request, c identitypool.Credentials, at time.Time, body string) {
	t.Helper()
	keys := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	require.NoError(t, sigv4.Sign(r, []byte(body), keys, "eu-west-1", "execute-api", at))
}

// TestA16_GuestLinter: a guest who may do anything is a mistake.
func TestA16_GuestLinter(t *testing.T) {
	for text, refused := range map[string]bool{
		allPolicy: true,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"},{"Effect":"Allow","Action":["a:b","*"],"Resource":["arn:a:b:::c","*"]}]}`: true,
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`:                                                                              false,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"*"}}`:                                                                       false,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:app:notes:::*"}}`:                                                             false,
	} {
		c := config(newClock())
		c.UnauthenticatedRole.Policy = text
		_, err := identitypool.New(c)
		require.Equal(t, refused, err != nil, text)
		if refused {
			require.ErrorContains(t, err, "Config.UnauthenticatedRole.Policy: Statement[")
			require.ErrorContains(t, err, "allows guests every action on every resource")
		}
		c = config(newClock())
		c.AuthenticatedRole.Policy = text
		_, err = identitypool.New(c)
		require.NoError(t, err)
	}
}

func TestNewRefuses(t *testing.T) {
	type edit = func(*identitypool.Config)
	for _, test := range []struct {
		field string
		edit  edit
	}{
		{"Config.ID", func(c *identitypool.Config) { c.ID = "" }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = "7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11" }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = poolID + "\n" }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = strings.Repeat("a", 30) + poolID }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = strings.ToUpper(poolID) }},
		{"Config.Region", func(c *identitypool.Config) { c.Region = "us-east-1" }},
		{"Config.Account", func(c *identitypool.Config) { c.Account = "1234" }},
		{"Config.Service", func(c *identitypool.Config) { c.Service = "a/b" }},
		{"Config.Service", func(c *identitypool.Config) { c.Service = "s3" }},
		{"Config.Store", func(c *identitypool.Config) { c.Store = nil }},
		{"nobody could get", func(c *identitypool.Config) { c.Logins, c.AllowUnauthenticated = nil, false }},
		{"Config.Logins", func(c *identitypool.Config) { c.Logins = map[string]identitypool.LoginVerifier{"x": nil} }},
		{"Config.Logins", func(c *identitypool.Config) {
			c.Logins = map[string]identitypool.LoginVerifier{"x": identitypool.LoginFunc(nil)}
		}},
		{"Config.Logins", func(c *identitypool.Config) {
			c.Logins = map[string]identitypool.LoginVerifier{"": identitypool.LoginFunc(tokens)}
		}},
		{"Config.Logins", func(c *identitypool.Config) {
			c.Logins = map[string]identitypool.LoginVerifier{"a b": identitypool.LoginFunc(tokens)}
		}},
		{"reserved", func(c *identitypool.Config) {
			c.Logins = map[string]identitypool.LoginVerifier{"cognito-identity.amazonaws.com": identitypool.LoginFunc(tokens)}
		}},
		{"Config.AuthenticatedRole.Name", func(c *identitypool.Config) { c.AuthenticatedRole = identitypool.Role{} }},
		{"Config.AuthenticatedRole.Name", func(c *identitypool.Config) { c.AuthenticatedRole.Name = "a/../b" }},
		{"Config.AuthenticatedRole.Policy: policy: Statement.Condition", func(c *identitypool.Config) {
			c.AuthenticatedRole.Policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}`
		}},
		{"Config.AuthenticatedRole.MaxDuration", func(c *identitypool.Config) { c.AuthenticatedRole.MaxDuration = time.Minute }},
		{"Config.AuthenticatedRole.MaxDuration", func(c *identitypool.Config) { c.AuthenticatedRole.MaxDuration = 13 * time.Hour }},
		{"whole seconds", func(c *identitypool.Config) { c.AuthenticatedRole.MaxDuration = 15*time.Minute + time.Millisecond }},
		{"Config.UnauthenticatedRole.Name", func(c *identitypool.Config) { c.UnauthenticatedRole = identitypool.Role{} }},
		{"Config.UnauthenticatedRole.Policy", func(c *identitypool.Config) { c.UnauthenticatedRole.Policy = "" }},
		{"both have the name", func(c *identitypool.Config) { c.UnauthenticatedRole.Name = "User" }},
		{"Config.SessionKey", func(c *identitypool.Config) { c.SessionKey = []byte("short") }},
		{"Config.SessionKey", func(c *identitypool.Config) { c.SessionKey = []byte{} }},
		{"random bytes", func(c *identitypool.Config) { c.SessionKey, c.Rand = nil, iotest.ErrReader(io.ErrUnexpectedEOF) }},
		{"Config.MaxBody", func(c *identitypool.Config) { c.MaxBody = -1 }},
	} {
		c := config(newClock())
		test.edit(&c)
		p, err := identitypool.New(c)
		require.ErrorContains(t, err, test.field)
		require.True(t, strings.HasPrefix(err.Error(), "identitypool: "), err)
		require.Nil(t, p)
	}
}

// A pool is independent of the Config it was made of.
func TestConfigIsCopied(t *testing.T) {
	c := config(newClock())
	p := newPool(t, c)
	delete(c.Logins, provider)
	getID(t, p, login("ann"))
}
