package middleware_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/middleware"
)

func newKey(t testing.TB, alg jose.Algorithm) *jose.PrivateKey {
	t.Helper()
	key, err := jose.GenerateKey(alg, rand.Reader)
	require.NoError(t, err)
	return key
}

func keySet(t testing.TB, keys ...*jose.PrivateKey) []byte {
	t.Helper()
	public := make([]jose.PublicKey, len(keys))
	for i, key := range keys {
		public[i] = key.Public()
	}
	set, err := jose.MarshalKeySet(public)
	require.NoError(t, err)
	return set
}

func signed(t testing.TB, key *jose.PrivateKey) string {
	t.Helper()
	token, err := key.Sign("", accessClaims(nil))
	require.NoError(t, err)
	return token
}

func TestStaticKeys(t *testing.T) {
	rs, es, ed, other := newKey(t, jose.RS256), newKey(t, jose.ES256), newKey(t, jose.EdDSA), newKey(t, jose.ES256)
	cfg := bearerConfig()
	var err error
	cfg.Keys, err = middleware.StaticKeys(keySet(t, rs, es, ed))
	require.NoError(t, err)
	guard := newGuard(t, cfg)
	for _, key := range []*jose.PrivateKey{rs, es, ed} {
		requireAccepted(t, guard, signed(t, key))
	}
	requireRefused(t, guard, signed(t, other))

	// Without kid it is clear which key is meant only if there is just one.
	noKeyID := testSigners().es256(t, `{"alg":"ES256"}`, accessPayload(t, nil))
	ec, err := jose.NewPublicKey("ec", jose.ES256, &testSigners().ec.PublicKey)
	require.NoError(t, err)
	set, err := jose.MarshalKeySet([]jose.PublicKey{ec})
	require.NoError(t, err)
	cfg.Keys, err = middleware.StaticKeys(set)
	require.NoError(t, err)
	requireAccepted(t, newGuard(t, cfg), noKeyID)
	set, err = jose.MarshalKeySet([]jose.PublicKey{ec, es.Public()})
	require.NoError(t, err)
	cfg.Keys, err = middleware.StaticKeys(set)
	require.NoError(t, err)
	requireRefused(t, newGuard(t, cfg), noKeyID)
}

func TestJ10_StaticKeysOfBadSets(t *testing.T) {
	es := newKey(t, jose.ES256)
	private, err := es.Marshal()
	require.NoError(t, err)
	member := strings.TrimSuffix(strings.TrimPrefix(string(keySet(t, es)), `{"keys":[`), `]}`)
	for name, set := range map[string]string{
		"nothing":         "",
		"null":            "null",
		"array":           "[]",
		"no keys member":  "{}",
		"no keys":         `{"keys":[]}`,
		"one key, no set": member,
		"HTML":            "<html></html>",
		"oct key":         `{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`,
		"private key":     `{"keys":[` + string(private) + `]}`,
		"for encryption":  `{"keys":[` + strings.Replace(member, `"use":"sig"`, `"use":"enc"`, 1) + `]}`,
		"same kid twice":  `{"keys":[` + member + `,` + member + `]}`,
		"600 kB":          `{"keys":[` + member + `],"x":"` + strings.Repeat("a", 600_000) + `"}`,
	} {
		_, err := middleware.StaticKeys([]byte(set))
		require.ErrorContains(t, err, "middleware: StaticKeys: ", name)
	}
	keys, err := middleware.StaticKeys([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},` + member + `]}`))
	require.NoError(t, err, "a bad key is left out, and the others serve")
	cfg := bearerConfig()
	cfg.Keys = keys
	requireAccepted(t, newGuard(t, cfg), signed(t, es))
}

// keyServer serves a key set over TLS and counts the requests.
type keyServer struct {
	*httptest.Server
	fetches atomic.Int32
	set     atomic.Pointer[[]byte]
}

func newKeyServer(t testing.TB, set []byte) *keyServer {
	s := &keyServer{}
	s.set.Store(&set)
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		if set := *s.set.Load(); set != nil {
			w.Header().Set("Content-Type", "application/json")
			w.Write(set)
			return
		}
		http.Error(w, "down", http.StatusInternalServerError)
	}))
	t.Cleanup(s.Close)
	return s
}

// clock is a clock that tests move on.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return testTime.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

func remoteGuard(t testing.TB, s *keyServer, c *clock) *middleware.Guard {
	t.Helper()
	keys, err := middleware.NewRemoteKeys(middleware.RemoteKeysConfig{URL: s.URL + "/jwks.json", HTTPClient: s.Client(), Now: c.now})
	require.NoError(t, err)
	cfg := bearerConfig()
	cfg.Keys = keys
	return newGuard(t, cfg)
}

func TestJ27_RemoteKeysFollowRotation(t *testing.T) {
	old, young := newKey(t, jose.ES256), newKey(t, jose.ES256)
	server, c := newKeyServer(t, keySet(t, old)), &clock{}
	guard := remoteGuard(t, server, c)
	require.Zero(t, server.fetches.Load(), "nothing is fetched before the first token")
	requireAccepted(t, guard, signed(t, old))

	overlap := keySet(t, old, young)
	server.set.Store(&overlap)
	c.advance(5 * time.Minute)
	requireAccepted(t, guard, signed(t, young))
	requireAccepted(t, guard, signed(t, old))

	retired := keySet(t, young)
	server.set.Store(&retired)
	c.advance(time.Hour)
	requireRefused(t, guard, signed(t, old))
	requireAccepted(t, guard, signed(t, young))
	require.EqualValues(t, 3, server.fetches.Load())
}

func TestJ8_UnknownKeys(t *testing.T) {
	key := newKey(t, jose.ES256)
	server, c := newKeyServer(t, keySet(t, key)), &clock{}
	guard := remoteGuard(t, server, c)
	good := signed(t, key)
	requireAccepted(t, guard, good)
	c.advance(6 * time.Minute)

	unknown := func(i int) string {
		header := fmt.Sprintf(`{"alg":"ES256","kid":"unknown-%d"}`, i)
		return b64([]byte(header)) + "." + b64([]byte(accessPayload(t, nil))) + "." + b64(make([]byte, 64))
	}
	var group sync.WaitGroup
	for worker := range 10 {
		group.Go(func() {
			for i := range 100 {
				_, err := guard.Check(bearerRequest(unknown(worker*100 + i)))
				if !errors.Is(err, middleware.InvalidToken) {
					t.Errorf("unknown key: %v", err)
				}
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 2, server.fetches.Load(), "one fetch at first, and one in the cool-down that was over")
	requireAccepted(t, guard, good)
}

func TestJ9_KeyServerDown(t *testing.T) {
	key := newKey(t, jose.ES256)
	server, c := newKeyServer(t, nil), &clock{}
	guard := remoteGuard(t, server, c)
	w, h := serve(guard, bearerRequest(signed(t, key)))
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "a client whose token may be good must not throw it away")
	require.Zero(t, h.reached)

	set := keySet(t, key)
	server.set.Store(&set)
	c.advance(5 * time.Minute)
	requireAccepted(t, guard, signed(t, key))

	var none []byte
	server.set.Store(&none)
	c.advance(2 * time.Hour)
	requireAccepted(t, guard, signed(t, key))
	requireRefused(t, guard, signed(t, newKey(t, jose.ES256)))
}

func TestNewRemoteKeysRefuses(t *testing.T) {
	for name, cfg := range map[string]middleware.RemoteKeysConfig{
		"nothing":      {},
		"http":         {URL: "http://auth.example.com/jwks.json"},
		"a path":       {URL: "/jwks.json"},
		"a user":       {URL: "https://a:b@auth.example.com/jwks.json"},
		"a file":       {URL: "file:///jwks.json", InsecureAllowHTTP: true},
		"negative age": {URL: "https://auth.example.com/jwks.json", MaxAge: -1},
	} {
		_, err := middleware.NewRemoteKeys(cfg)
		require.ErrorContains(t, err, "middleware: RemoteKeysConfig: ", name)
	}
	_, err := middleware.NewRemoteKeys(middleware.RemoteKeysConfig{URL: "http://127.0.0.1/jwks.json", InsecureAllowHTTP: true})
	require.NoError(t, err)
}

// An error of a KeySource is 401, unless it says that it does not know.
func TestKeySourceErrors(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"unknown key":      {errors.New("unknown key"), 401},
		"no rows":          {sql.ErrNoRows, 401},
		"unavailable":      {fmt.Errorf("the store: %w", middleware.Unavailable), 503},
		"timeout":          {fmt.Errorf("the store: %w", context.DeadlineExceeded), 503},
		"canceled":         {context.Canceled, 503},
		"network":          {&url.Error{Op: "Get", URL: "https://a.example", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, 503},
		"temporary":        {fmt.Errorf("the store: %w", temporaryError(true)), 503},
		"not temporary":    {temporaryError(false), 401},
		"not a known code": {middleware.InvalidRequest, 401},
	} {
		cfg := bearerConfig()
		cfg.Keys = keySourceFunc(func(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
			alg, key, _ := testSigners().Key(ctx, kid)
			return alg, key, test.err
		})
		w, h := serve(newGuard(t, cfg), bearerRequest(accessToken(t, nil)))
		require.Equal(t, test.want, w.Code, name)
		require.Zero(t, h.reached)
	}
}

type temporaryError bool

func (e temporaryError) Error() string   { return "no key" }
func (e temporaryError) Temporary() bool { return bool(e) }

// A KeySource that returns nothing, or something else than a key, lets nobody in.
func TestKeySourceContract(t *testing.T) {
	ec := &testSigners().ec.PublicKey
	for name, source := range map[string]keySourceFunc{
		"nothing":      func(context.Context, string) (string, crypto.PublicKey, error) { return "", nil, nil },
		"no key":       func(context.Context, string) (string, crypto.PublicKey, error) { return "ES256", nil, nil },
		"no algorithm": func(context.Context, string) (string, crypto.PublicKey, error) { return "", ec, nil },
		"a value":      func(context.Context, string) (string, crypto.PublicKey, error) { return "ES256", *ec, nil },
		"private key":  func(context.Context, string) (string, crypto.PublicKey, error) { return "ES256", testSigners().ec, nil },
		"bytes":        func(context.Context, string) (string, crypto.PublicKey, error) { return "ES256", []byte("key"), nil },
		"none":         func(context.Context, string) (string, crypto.PublicKey, error) { return "none", nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := bearerConfig()
			cfg.Keys = source
			requireRefused(t, newGuard(t, cfg), accessToken(t, nil))
		})
	}
}
