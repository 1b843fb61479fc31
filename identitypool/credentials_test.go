package identitypool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

func TestGetID(t *testing.T) {
	p := newPool(t, config(newClock()))
	ann := getID(t, p, login("ann"))
	require.Regexp(t, `^eu-west-1:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, ann)
	require.Equal(t, ann, getID(t, p, login("ann")))
	seen := map[string]bool{ann: true}
	for _, logins := range []map[string]string{
		login("bob"), login("Ann"), login("ann "), {"other.example.com": "ann"}, {"ID.example.com": "ann"}, nil, nil, {},
	} {
		id := getID(t, p, logins)
		require.False(t, seen[id], "%v", logins)
		seen[id] = true
	}
}

// TestA17_Logins: what is no valid login gets nothing, and is told nothing.
func TestA17_Logins(t *testing.T) {
	var logs bytes.Buffer
	c := config(newClock())
	c.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	p := newPool(t, c)
	ann := getID(t, p, login("ann"))
	for _, test := range []struct {
		name   string
		logins map[string]string
		code   identitypool.Code
		text   string
	}{
		{"expired", login("expired"), identitypool.NotAuthorized, "Invalid login token."},
		{"verifier panics", login("panic"), identitypool.InternalError, "could not be processed"},
		{"no claims", login("nothing"), identitypool.NotAuthorized, "Invalid login token."},
		{"numeric subject", login("numeric"), identitypool.NotAuthorized, "Invalid login token."},
		{"empty subject", login("raw:"), identitypool.NotAuthorized, "Invalid login token."},
		{"long subject", login(strings.Repeat("x", 256)), identitypool.NotAuthorized, "Invalid login token."},
		{"subject with NUL", login("a\x00b"), identitypool.NotAuthorized, "Invalid login token."},
		{"subject not UTF-8", login("a\xff"), identitypool.NotAuthorized, "Invalid login token."},
		{"empty token", login(""), identitypool.InvalidParameter, "1 to 50000"},
		{"long token", login(strings.Repeat("x", 50_001)), identitypool.InvalidParameter, "1 to 50000"},
		{"provider down", login("down"), identitypool.ExternalService, "could not be asked"},
		{"unknown provider", map[string]string{"evil.example.com": "ann"}, identitypool.NotAuthorized, "not from a supported provider"},
		{"provider case", map[string]string{"Id.example.com": "ann"}, identitypool.NotAuthorized, "not from a supported provider"},
		{"provider with scheme", map[string]string{"https://id.example.com": "ann"}, identitypool.NotAuthorized, "not from a supported provider"},
		{"several", map[string]string{provider: "ann", "other.example.com": "ann"}, identitypool.InvalidParameter, "not supported"},
		{"too many", map[string]string{"1": "", "2": "", "3": "", "4": "", "5": "", "6": "", "7": "", "8": "", "9": "", "10": "", "11": ""}, identitypool.InvalidParameter, "at most 10"},
	} {
		_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: test.logins})
		require.ErrorIs(t, err, test.code, test.name)
		require.ErrorContains(t, err, test.text, test.name)
		_, err2 := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: ann, Logins: test.logins})
		require.Equal(t, err.Error(), err2.Error(), test.name)
	}
	require.Contains(t, logs.String(), "login refused")
	require.Contains(t, logs.String(), "could not be asked")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.GetID(ended, identitypool.GetIDInput{Logins: login("expired")})
	require.ErrorIs(t, err, identitypool.InternalError)
	require.ErrorIs(t, err, context.Canceled)
}

// temporary is an error as a user pool returns it whose store does not answer.
type temporary bool

func (e temporary) Error() string   { return "no answer" }
func (e temporary) Temporary() bool { return bool(e) }

// TestA17_VerifierErrors: a provider that could not be asked says nothing about the token, and the client must not throw it away.
func TestA17_VerifierErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		code identitypool.Code
	}{
		{errors.New("expired"), identitypool.NotAuthorized},
		{temporary(false), identitypool.NotAuthorized},
		{fmt.Errorf("verify: %w", context.Canceled), identitypool.NotAuthorized}, // not by this caller
		{fmt.Errorf("verify: %w", temporary(true)), identitypool.ExternalService},
		{fmt.Errorf("verify: %w", identitypool.ExternalService), identitypool.ExternalService},
		{fmt.Errorf("verify: %w", context.DeadlineExceeded), identitypool.ExternalService},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, identitypool.ExternalService},
	} {
		c := config(newClock())
		c.Logins = map[string]identitypool.LoginVerifier{provider: identitypool.LoginFunc(func(context.Context, string) (map[string]any, error) {
			return map[string]any{"sub": "ann"}, test.err
		})}
		_, err := newPool(t, c).GetID(t.Context(), identitypool.GetIDInput{Logins: login("token")})
		require.ErrorIs(t, err, test.code, "%v", test.err)
		require.ErrorIs(t, err, test.err)
	}
}

// TestH12_NoTokenInLogs: not even where the error of a verifier quotes it.
func TestH12_NoTokenInLogs(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLWFubg"
	for _, quoted := range []string{token, "eyJzdWIiOiJhbm4ifQ", "c2lnbmF0dXJlLW9mLWFubg"} {
		for _, cause := range []error{errors.New("bad token " + quoted), fmt.Errorf("%w: asking about %s", identitypool.ExternalService, quoted)} {
			var logs bytes.Buffer
			c := config(newClock())
			c.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
			c.Logins = map[string]identitypool.LoginVerifier{provider: identitypool.LoginFunc(func(context.Context, string) (map[string]any, error) {
				return nil, cause
			})}
			_, err := newPool(t, c).GetID(t.Context(), identitypool.GetIDInput{Logins: login(token)})
			require.NotContains(t, err.Error(), quoted)
			require.Contains(t, logs.String(), "[redacted]")
			require.NotContains(t, logs.String(), quoted)
		}
	}
}

// TestJ32_VerifierPanics: no identity, an operator who learns where, and a log without the value, which may hold the token.
func TestJ32_VerifierPanics(t *testing.T) {
	for _, test := range []struct{ panics, logged any }{
		{errors.New("secret-token"), "*errors.errorString"}, {"secret-token", "string"}, {nil, "nil pointer dereference"},
	} {
		var logs bytes.Buffer
		c := config(newClock())
		c.Logger = slog.New(slog.NewTextHandler(&logs, nil))
		c.Logins = map[string]identitypool.LoginVerifier{provider: identitypool.LoginFunc(func(context.Context, string) (map[string]any, error) {
			if test.panics == nil {
				var missing *http.Request
				return map[string]any{"sub": missing.Method}, nil
			}
			panic(test.panics)
		})}
		id, err := newPool(t, c).GetID(t.Context(), identitypool.GetIDInput{Logins: login("secret-token")})
		require.ErrorIs(t, err, identitypool.InternalError)
		require.Empty(t, id)
		require.Contains(t, logs.String(), test.logged)
		require.Contains(t, logs.String(), "credentials_test.go")
		require.NotContains(t, logs.String(), "secret-token")
	}
}

// TestA17_IdentityAndLogin: an identity is used with its own login only, and a guest's without.
func TestA17_IdentityAndLogin(t *testing.T) {
	c := config(newClock())
	p := newPool(t, c)
	ann, bob, visitor := getID(t, p, login("ann")), getID(t, p, login("bob")), getID(t, p, nil)
	for _, test := range []struct {
		id     string
		logins map[string]string
		code   identitypool.Code
	}{
		{ann, login("ann"), ""},
		{visitor, nil, ""},
		{ann, nil, identitypool.NotAuthorized},
		{ann, login("bob"), identitypool.NotAuthorized},
		{bob, login("ann"), identitypool.NotAuthorized},
		{ann, map[string]string{"other.example.com": "ann"}, identitypool.NotAuthorized},
		{ann, map[string]string{"ID.example.com": "ann"}, identitypool.NotAuthorized},
		{ann, login("Ann"), identitypool.NotAuthorized},
		{visitor, login("ann"), identitypool.NotAuthorized},
		{visitor, login("new"), identitypool.NotAuthorized},
		{otherPool, nil, identitypool.ResourceNotFound},
		{otherPool, login("ann"), identitypool.ResourceNotFound},
		{"", nil, identitypool.InvalidParameter},
		{strings.ToUpper(ann), login("ann"), identitypool.InvalidParameter},
		{ann + "\x00", login("ann"), identitypool.InvalidParameter},
		{ann + "\n", login("ann"), identitypool.InvalidParameter},
		{strings.Repeat("a", 100) + ann, login("ann"), identitypool.InvalidParameter},
	} {
		_, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: test.id, Logins: test.logins})
		if test.code == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, test.code, "%q %v", test.id, test.logins)
	}

	// The same store, another pool: its identities are not there.
	c.ID = otherPool
	q := newPool(t, c)
	_, err := q.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: ann, Logins: login("ann")})
	require.ErrorIs(t, err, identitypool.ResourceNotFound)
	require.NotEqual(t, ann, getID(t, q, login("ann")))

	// No guests: neither new ones nor those that were.
	c.ID, c.AllowUnauthenticated = poolID, false
	p = newPool(t, c)
	_, err = p.GetID(t.Context(), identitypool.GetIDInput{})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	_, err = p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: visitor})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

func TestCredentials(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	_, c := credentialsOf(t, p, login("ann"))
	require.Regexp(t, `^ASIA[A-Z2-7]{16}$`, c.AccessKeyID)
	require.Regexp(t, `^[A-Za-z0-9+/]{40}$`, c.SecretAccessKey)
	require.Equal(t, k.now.Truncate(time.Second).Add(time.Hour), c.Expiration)
	_, again := credentialsOf(t, p, login("ann"))
	require.NotEqual(t, c.AccessKeyID, again.AccessKeyID)
	require.NotEqual(t, c.SecretAccessKey, again.SecretAccessKey)

	var logs bytes.Buffer
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "c", c)
	logs.WriteString(c.String())
	require.Contains(t, logs.String(), c.AccessKeyID)
	require.NotContains(t, logs.String(), c.SecretAccessKey)
	require.NotContains(t, logs.String(), c.SessionToken)
}

// TestA18_Duration: capped, and nonsense is refused.
func TestA18_Duration(t *testing.T) {
	k := newClock()
	conf := config(k)
	conf.AuthenticatedRole.MaxDuration = 2 * time.Hour
	conf.UnauthenticatedRole.MaxDuration = 20 * time.Minute
	p := newPool(t, conf)
	ann, visitor := getID(t, p, login("ann")), getID(t, p, nil)
	for _, test := range []struct {
		id          string
		logins      map[string]string
		asked, want time.Duration
	}{
		{ann, login("ann"), 0, time.Hour},
		{ann, login("ann"), 2 * time.Hour, 2 * time.Hour},
		{ann, login("ann"), 15 * time.Minute, 15 * time.Minute},
		{ann, login("ann"), 2*time.Hour + time.Second, 0},
		{ann, login("ann"), 15*time.Minute - time.Second, 0},
		{ann, login("ann"), 16*time.Minute + 1, 0},
		{ann, login("ann"), -time.Hour, 0},
		{ann, login("ann"), 1 << 62, 0},
		{visitor, nil, 0, 20 * time.Minute},
		{visitor, nil, time.Hour, 0},
	} {
		c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: test.id, Logins: test.logins, Duration: test.asked})
		if test.want == 0 {
			require.ErrorIs(t, err, identitypool.InvalidParameter)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, k.now.Truncate(time.Second).Add(test.want), c.Expiration)
	}
}

// failing is a store that does not answer.
type failing struct{ identitypool.Store }

var errDown = errors.New("connection refused to 10.0.0.1 password=hunter2")

func (failing) CreateIdentity(context.Context, string, identitypool.Identity) error { return errDown }
func (failing) IdentityForLogin(context.Context, string, identitypool.Identity) (identitypool.Identity, error) {
	return identitypool.Identity{}, errDown
}
func (failing) Identity(context.Context, string, string) (identitypool.Identity, error) {
	return identitypool.Identity{}, errDown
}

// TestD3_StoreFails: closed, with a message that tells nothing and a cause for the log.
func TestD3_StoreFails(t *testing.T) {
	c := config(newClock())
	c.Store = failing{}
	p := newPool(t, c)
	for _, logins := range []map[string]string{nil, login("ann")} {
		_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
		require.ErrorIs(t, err, identitypool.InternalError)
		require.ErrorIs(t, err, errDown)
		require.NotContains(t, err.Error(), "hunter2")
		_, err = p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: poolID, Logins: logins})
		require.ErrorIs(t, err, identitypool.InternalError)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// TestRandomFails: no identifier, key or nonce is made of what is not random.
func TestRandomFails(t *testing.T) {
	for _, enough := range []int64{0, 15, 16, 16 + 39, 16 + 40, 16 + 40 + 23} {
		c := config(newClock())
		c.Rand = io.LimitReader(strings.NewReader(strings.Repeat("r", 200)), enough)
		p := newPool(t, c)
		id, err := p.GetID(t.Context(), identitypool.GetIDInput{})
		if err == nil {
			_, err = p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id})
		}
		require.ErrorIs(t, err, identitypool.InternalError, enough)
	}
}
