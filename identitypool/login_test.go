package identitypool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/jose"
)

// verifying returns a configuration with one provider.
func verifying(k *clock, verify func(ctx context.Context, token string) (map[string]any, error)) identitypool.Config {
	c := config(k)
	c.Providers = map[string]identitypool.Provider{provider: {Verifier: identitypool.LoginFunc(verify)}}
	return c
}

// logged lets a test look at what an operator gets.
func logged(c *identitypool.Config) *bytes.Buffer {
	logs := &bytes.Buffer{}
	c.Logger = slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return logs
}

// TestA17_Logins: what is no valid login gets nothing, and is told nothing; nor does a good one beside it.
func TestA17_Logins(t *testing.T) {
	c := config(newClock())
	logs := logged(&c)
	p := newPool(t, c)
	ann := getID(t, p, login("ann"))
	many := make(map[string]string)
	for n := range 11 {
		many[fmt.Sprint(n)] = ""
	}
	for _, test := range []struct {
		name   string
		logins map[string]string
		code   identitypool.Code
		text   string
	}{
		{"expired", login("expired"), identitypool.NotAuthorized, "Invalid login token."},
		{"no subject", login("raw:"), identitypool.NotAuthorized, "Invalid login token."},
		{"long subject", login(strings.Repeat("x", 256)), identitypool.NotAuthorized, "Invalid login token."},
		{"subject with NUL", login("a\x00b"), identitypool.NotAuthorized, "Invalid login token."},
		{"subject not UTF-8", login("a\xff"), identitypool.NotAuthorized, "Invalid login token."},
		{"empty token", login(""), identitypool.InvalidParameter, "1 to 50000"},
		{"long token", login(strings.Repeat("x", 50_001)), identitypool.InvalidParameter, "1 to 50000"},
		{"provider down", login("down"), identitypool.ExternalService, "could not be asked"},
		{"unknown provider", map[string]string{"evil.example.com": "ann"}, identitypool.NotAuthorized, "Token is not from a supported provider of this identity pool."},
		{"provider case", map[string]string{"Id.example.com": "ann"}, identitypool.NotAuthorized, "not from a supported provider"},
		{"provider with scheme", map[string]string{"https://id.example.com": "ann"}, identitypool.NotAuthorized, "not from a supported provider"},
		{"token of the pool without a developer provider", map[string]string{"cognito-identity.amazonaws.com": "ann"}, identitypool.NotAuthorized, "not from a supported provider"},
		{"developer provider of no name", map[string]string{"": "ann"}, identitypool.NotAuthorized, "not from a supported provider"},
		{"too many", many, identitypool.InvalidParameter, "at most 10"},
	} {
		for _, l := range []map[string]string{test.logins, join(test.logins, map[string]string{"ID.example.com": "ann"})} {
			_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: l})
			require.ErrorIs(t, err, test.code, test.name)
			_, _, err2 := use(t, p, ann, l)
			require.Equal(t, err.Error(), err2.Error(), test.name)
			if len(test.logins) < 10 {
				require.ErrorContains(t, err, test.text, test.name)
			}
		}
	}
	require.NotEqual(t, ann, getID(t, p, map[string]string{"ID.example.com": "ann"}), "a refused call must have linked nothing")
	require.Contains(t, logs.String(), "login refused")
	require.Contains(t, logs.String(), "could not be asked")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.GetID(ended, identitypool.GetIDInput{Logins: login("expired")})
	require.ErrorIs(t, err, identitypool.InternalError)
	require.ErrorIs(t, err, context.Canceled)
}

// TestA17_ClaimsWithoutSubject: claims that do not say who it is.
func TestA17_ClaimsWithoutSubject(t *testing.T) {
	for _, claims := range []map[string]any{nil, {}, {"sub": 1e21}, {"sub": []any{"ann"}}, {"sub": nil}, {"Sub": "ann"}} {
		c := verifying(newClock(), func(context.Context, string) (map[string]any, error) { return claims, nil })
		_, err := newPool(t, c).GetID(t.Context(), identitypool.GetIDInput{Logins: login("token")})
		require.ErrorIs(t, err, identitypool.NotAuthorized, "%v", claims)
	}
}

// temporary is an error as a user pool returns it whose store does not answer.
type temporary bool

func (e temporary) Error() string   { return "no answer" }
func (e temporary) Temporary() bool { return bool(e) }

// TestA17_VerifierErrors: a provider that could not be asked says nothing about the token, and the client must not throw it away. That a
// token has expired is said only if the verifier says so.
func TestA17_VerifierErrors(t *testing.T) {
	key, err := jose.GenerateKey(jose.EdDSA, nil)
	require.NoError(t, err)
	token, err := key.Sign("JWT", map[string]any{"iss": "https://id.example.com", "exp": 1000})
	require.NoError(t, err)
	_, expired := jose.Verify(t.Context(), token, fixedKey{key}, jose.Expected{Issuer: "https://id.example.com", Now: time.Unix(1e9, 0)})
	require.Error(t, expired)
	const invalid, outdated = "Invalid login token.", "Invalid login token. Token expired: get a new one from the provider."
	for _, test := range []struct {
		err  error
		code identitypool.Code
		text string
	}{
		{errors.New("expired"), identitypool.NotAuthorized, invalid},
		{temporary(false), identitypool.NotAuthorized, invalid},
		{fmt.Errorf("verify: %w", context.Canceled), identitypool.NotAuthorized, invalid}, // not by this caller
		{fmt.Errorf("verify: %w", identitypool.ExpiredToken), identitypool.NotAuthorized, outdated},
		{fmt.Errorf("verify: %w", expired), identitypool.NotAuthorized, outdated},
		{fmt.Errorf("verify: %w", temporary(true)), identitypool.ExternalService, ""},
		{fmt.Errorf("verify: %w", identitypool.ExternalService), identitypool.ExternalService, ""},
		{fmt.Errorf("verify: %w", context.DeadlineExceeded), identitypool.ExternalService, ""},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, identitypool.ExternalService, ""},
	} {
		c := verifying(newClock(), func(context.Context, string) (map[string]any, error) { return map[string]any{"sub": "ann"}, test.err })
		_, err := newPool(t, c).GetID(t.Context(), identitypool.GetIDInput{Logins: login("token")})
		require.ErrorIs(t, err, test.code, "%v", test.err)
		require.ErrorIs(t, err, test.err)
		var ours *identitypool.Error
		require.ErrorAs(t, err, &ours)
		if test.text != "" {
			require.Equal(t, test.text, ours.Message)
		}
	}
}

// TestH12_NoTokenInLogs: not even where the error of a verifier quotes it.
func TestH12_NoTokenInLogs(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLWFubg"
	for _, quoted := range []string{token, "eyJzdWIiOiJhbm4ifQ", "c2lnbmF0dXJlLW9mLWFubg"} {
		for _, cause := range []error{errors.New("bad token " + quoted), fmt.Errorf("%w: asking about %s", identitypool.ExternalService, quoted)} {
			for _, late := range []bool{false, true} {
				c := verifying(newClock(), func(context.Context, string) (map[string]any, error) {
					if late {
						return map[string]any{"sub": "ann"}, nil
					}
					return nil, cause
				})
				c.Providers[provider] = identitypool.Provider{Verifier: c.Providers[provider].Verifier, Revocation: revokedFunc(
					func(map[string]any) (bool, error) { return false, cause })}
				logs := logged(&c)
				_, err := newPool(t, c).GetID(t.Context(), identitypool.GetIDInput{Logins: login(token)})
				require.Error(t, err)
				require.NotContains(t, err.Error(), quoted)
				require.Contains(t, logs.String(), "[redacted]")
				require.NotContains(t, logs.String(), quoted)
			}
		}
	}
}

// TestJ32_VerifierPanics: no identity, an operator who learns where, and a log without the value, which may hold the token.
func TestJ32_VerifierPanics(t *testing.T) {
	for _, test := range []struct{ panics, logged any }{
		{errors.New("secret-token"), "*errors.errorString"}, {"secret-token", "string"}, {nil, "nil pointer dereference"},
	} {
		for _, late := range []bool{false, true} {
			boom := func() bool {
				if test.panics == nil {
					var missing *http.Request
					return missing.Method == ""
				}
				panic(test.panics)
			}
			c := verifying(newClock(), func(context.Context, string) (map[string]any, error) {
				if !late {
					boom()
				}
				return map[string]any{"sub": "ann"}, nil
			})
			c.Providers[provider] = identitypool.Provider{Verifier: c.Providers[provider].Verifier, Revocation: revokedFunc(
				func(map[string]any) (bool, error) { return boom(), nil })}
			logs := logged(&c)
			id, err := newPool(t, c).GetID(t.Context(), identitypool.GetIDInput{Logins: login("secret-token")})
			require.ErrorIs(t, err, identitypool.InternalError)
			require.Empty(t, id)
			require.Contains(t, logs.String(), test.logged)
			require.Contains(t, logs.String(), "login_test.go")
			require.NotContains(t, logs.String(), "secret-token")
		}
	}
}

// revokedFunc is a provider that is asked whether a token was revoked.
type revokedFunc func(claims map[string]any) (bool, error)

func (f revokedFunc) Revoked(_ context.Context, claims map[string]any) (bool, error) {
	return f(claims)
}

// TestA17_ServerSideTokenCheck: a token that the provider has revoked is refused, at every call, and so is any if the provider cannot be
// asked.
func TestA17_ServerSideTokenCheck(t *testing.T) {
	var revoked bool
	var broken error
	var asked string
	k := newClock()
	c := config(k)
	c.Providers[provider] = identitypool.Provider{Verifier: c.Providers[provider].Verifier, Revocation: revokedFunc(func(claims map[string]any) (bool, error) {
		asked, _ = claims["aud"].(string)
		claims["aud"] = "changed" // it has a copy
		return revoked, broken
	})}
	p := newPool(t, c)
	ann := getID(t, p, login("ann"))
	require.Equal(t, "client", asked)
	_, keys := mustUse(t, p, ann, login("ann"))
	caller, err := call(t, p, k, keys)
	require.NoError(t, err)
	require.Equal(t, []string{"authenticated", provider, provider + ":client:ann"}, caller.AMR)

	revoked = true
	_, err = p.GetID(t.Context(), identitypool.GetIDInput{Logins: login("ann")})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	_, _, err = use(t, p, ann, login("ann"))
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	for _, answer := range []bool{false, true} {
		revoked, broken = answer, errors.New("no answer")
		_, _, err = use(t, p, ann, login("ann"))
		require.ErrorIs(t, err, identitypool.ExternalService)
	}
}

// once is a provider whose tokens can be used once.
type once struct {
	mu     sync.Mutex
	used   map[string]bool
	claims map[string]any
}

func (v *once) SingleUse() bool { return true }

func (v *once) VerifyLogin(_ context.Context, token string) (map[string]any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.used[token] {
		return nil, errors.New("it was used before")
	}
	v.used[token] = true
	claims := map[string]any{"sub": token, "aud": "sp", "groups": []any{"a", "b"}}
	for name, value := range v.claims {
		claims[name] = value
	}
	return claims, nil
}

func onceConfig(k *clock) (identitypool.Config, *once) {
	c, v := config(k), &once{used: map[string]bool{}}
	c.Providers[provider] = identitypool.Provider{Verifier: v}
	return c, v
}

// TestSingleUse: such a token serves GetID and the call that follows it, in any process, and then nothing any more.
func TestSingleUse(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		c, _ := onceConfig(newClock())
		c.Store, c.AllowClassicFlow = store, true
		p, q := newPool(t, c), newPool(t, c)
		ann := getID(t, p, login("ann"))
		mustUse(t, q, ann, login("ann"))
		for _, pool := range []*identitypool.Pool{p, q} {
			_, _, err := use(t, pool, ann, login("ann"))
			require.ErrorIs(t, err, identitypool.NotAuthorized)
			_, err = pool.GetID(t.Context(), identitypool.GetIDInput{Logins: login("ann")})
			require.ErrorIs(t, err, identitypool.NotAuthorized)
		}
		bob := getID(t, p, login("bob"))
		_, err := q.GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: bob, Logins: login("bob")})
		require.NoError(t, err)
		_, _, err = use(t, q, bob, login("bob"))
		require.ErrorIs(t, err, identitypool.NotAuthorized)

		// One that is used for credentials at once is used up by it.
		visitor := getID(t, p, nil)
		mustUse(t, q, visitor, login("eve"))
		_, err = p.GetID(t.Context(), identitypool.GetIDInput{Logins: login("eve")})
		require.ErrorIs(t, err, identitypool.NotAuthorized)
		_, _, err = use(t, q, visitor, login("eve"))
		require.ErrorIs(t, err, identitypool.NotAuthorized)

		// Of fifty who take what is remembered, one gets it.
		zoe := getID(t, p, login("zoe"))
		require.Equal(t, 1, successes(t, atOnce(func(i int) error {
			_, err := []*identitypool.Pool{p, q}[i%2].GetCredentialsForIdentity(context.Background(),
				identitypool.GetCredentialsForIdentityInput{IdentityID: zoe, Logins: login("zoe")})
			return err
		}), identitypool.NotAuthorized))
	})
}

// TestSingleUse_Memory: it is kept five minutes, not beyond the end of the token, and sealed.
func TestSingleUse_Memory(t *testing.T) {
	for _, test := range []struct {
		exp  any
		wait time.Duration
		good bool
	}{
		{nil, 5*time.Minute - time.Second, true},
		{nil, 5 * time.Minute, false},
		{time.Hour, 5*time.Minute - time.Second, true},
		{time.Hour, 5 * time.Minute, false},
		{time.Minute, time.Minute - time.Second, true},
		{time.Minute, time.Minute, false},
		{-time.Minute, 0, false},
	} {
		for _, number := range []func(int64) any{
			func(n int64) any { return n }, func(n int64) any { return float64(n) }, func(n int64) any { return int(n) },
			func(n int64) any { return json.Number(fmt.Sprint(n)) },
		} {
			k := newClock()
			c, v := onceConfig(k)
			if in, ok := test.exp.(time.Duration); ok {
				v.claims = map[string]any{"exp": number(k.now.Add(in).Unix())}
			}
			p := newPool(t, c)
			ann := getID(t, p, login("ann"))
			k.in(test.wait)
			_, _, err := use(t, p, ann, login("ann"))
			require.Equal(t, test.good, err == nil, "%v %v", test.exp, test.wait)
		}
	}

	// Another session key cannot read it, and the provider says no.
	c, _ := onceConfig(newClock())
	ann := getID(t, newPool(t, c), login("ann"))
	c.SessionKey = []byte("another session key of 32 bytes!")
	_, _, err := use(t, newPool(t, c), ann, login("ann"))
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// watching keeps what is written, to be searched.
type watching struct {
	identitypool.Store
	written []string
}

func (s *watching) CreateTicket(ctx context.Context, pool string, k identitypool.Ticket, now time.Time) error {
	s.written = append(s.written, k.Key+string(k.Value))
	return s.Store.CreateTicket(ctx, pool, k, now)
}

func (s *watching) ReplaceSigningKeys(ctx context.Context, pool string, old []string, keys []identitypool.SigningKey) error {
	for _, k := range keys {
		s.written = append(s.written, string(k.Sealed))
	}
	return s.Store.ReplaceSigningKeys(ctx, pool, old, keys)
}

// TestD7_NothingInTheOpen: neither a remembered login nor a signing key can be read in the store, and a ticket put in the place of another
// is none.
func TestD7_NothingInTheOpen(t *testing.T) {
	k := newClock()
	c, v := onceConfig(k)
	v.claims = map[string]any{"email": "ann@example.com"}
	s := &watching{Store: c.Store}
	c.Store = s
	p := newPool(t, c)
	ann := getID(t, p, login("subject-of-ann"))
	bob := getID(t, p, login("subject-of-bob"))
	_, err := p.KeySet(t.Context())
	require.NoError(t, err)
	require.Len(t, s.written, 3)
	for _, text := range s.written {
		for _, secret := range []string{"subject-of-ann", "example.com", "groups", `"kty"`, "RSA", `"d"`} {
			require.NotContains(t, text, secret)
		}
	}
	take := func(i int) identitypool.Ticket {
		key := s.written[i][:len("login:")+43]
		ticket, err := s.TakeTicket(t.Context(), poolID, key, k.now)
		require.NoError(t, err)
		return ticket
	}
	one, two := take(0), take(1)
	one.Value, two.Value = two.Value, one.Value
	require.NoError(t, s.Store.CreateTicket(t.Context(), poolID, one, k.now))
	require.NoError(t, s.Store.CreateTicket(t.Context(), poolID, two, k.now))
	for id, token := range map[string]string{bob: "subject-of-ann", ann: "subject-of-bob"} {
		_, _, err = use(t, p, id, login(token))
		require.ErrorIs(t, err, identitypool.NotAuthorized)
	}
}

// TestAMR: as the tokens of Cognito name providers and accounts.
func TestAMR(t *testing.T) {
	for _, test := range []struct {
		provider string
		claims   map[string]any
		want     string
	}{
		{"accounts.google.com", map[string]any{"aud": "app"}, "accounts.google.com:app:ann"},
		{"accounts.google.com", map[string]any{"aud": []any{"app"}}, "accounts.google.com:app:ann"},
		{"accounts.google.com", map[string]any{"aud": []string{"app"}}, "accounts.google.com:app:ann"},
		{"accounts.google.com", map[string]any{"aud": []any{"app", "api"}, "azp": "app"}, "accounts.google.com:app:ann"},
		{"accounts.google.com", map[string]any{}, "accounts.google.com:ann"},
		{"cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc", map[string]any{"aud": "app"}, "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc:CognitoSignIn:ann"},
	} {
		k := newClock()
		c := config(k)
		c.Providers[test.provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(func(context.Context, string) (map[string]any, error) {
			test.claims["sub"] = "ann"
			return test.claims, nil
		})}
		p := newPool(t, c)
		_, keys := credentialsOf(t, p, map[string]string{test.provider: "token"})
		caller, err := call(t, p, k, keys)
		require.NoError(t, err)
		require.Equal(t, []string{"authenticated", test.provider, test.want}, caller.AMR)
	}
}
