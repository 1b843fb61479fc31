package jose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const keysURL = "https://issuer.example/jwks.json"

// endpoint is an http.RoundTripper that answers with a key set, or as answer
// says, after delay. It counts the requests.
type endpoint struct {
	mu     sync.Mutex
	keys   []PublicKey
	answer func(*http.Request) (*http.Response, error)
	delay  time.Duration
	count  atomic.Int32
}

func (e *endpoint) set(keys []PublicKey, answer func(*http.Request) (*http.Response, error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys, e.answer = keys, answer
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	e.count.Add(1)
	e.mu.Lock()
	keys, answer, delay := e.keys, e.answer, e.delay
	e.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if answer != nil {
		return answer(r)
	}
	data, err := MarshalKeySet(keys)
	if err != nil {
		return nil, err
	}
	return respond(http.StatusOK, "application/json", strings.NewReader(string(data))), nil
}

func respond(status int, contentType string, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(body), ContentLength: -1}
}

func failing(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

func newRemote(t testing.TB, e *endpoint, change ...func(*RemoteKeysConfig)) *RemoteKeys {
	t.Helper()
	config := RemoteKeysConfig{URL: keysURL, Client: &http.Client{Transport: e}}
	for _, f := range change {
		f(&config)
	}
	remote, err := NewRemoteKeys(config)
	require.NoError(t, err)
	return remote
}

func requireKey(t testing.TB, remote *RemoteKeys, key PublicKey) {
	t.Helper()
	if !assertKey(t, remote, key) {
		t.FailNow()
	}
}

// assertKey is requireKey for goroutines, which must not end the test.
func assertKey(t testing.TB, remote *RemoteKeys, key PublicKey) bool {
	t.Helper()
	alg, got, err := remote.Key(context.Background(), key.ID)
	return assert.NoError(t, err) && assert.Equal(t, string(key.Algorithm), alg) && assert.Equal(t, key.Key, got)
}

func requireNoKey(t testing.TB, remote *RemoteKeys, kid string) error {
	t.Helper()
	alg, key, err := remote.Key(context.Background(), kid)
	require.Empty(t, alg)
	require.Nil(t, key)
	requireReason(t, err, ErrKey)
	return err
}

func assertNoKey(t testing.TB, remote *RemoteKeys, kid string) {
	t.Helper()
	_, key, err := remote.Key(context.Background(), kid)
	assert.Nil(t, key)
	assert.ErrorIs(t, err, ErrKey)
}

func publicKeys(t testing.TB) []PublicKey {
	var keys []PublicKey
	for _, alg := range algorithms {
		keys = append(keys, testKey(t, alg).Public())
	}
	return keys
}

func TestNewRemoteKeysRefuses(t *testing.T) {
	for name, config := range map[string]RemoteKeysConfig{
		"no URL": {}, "relative": {URL: "/jwks.json"}, "no host": {URL: "https:///jwks.json"}, "broken": {URL: "https://[::1"},
		"http": {URL: "http://issuer.example/jwks.json"}, "file": {URL: "file:///etc/passwd", InsecureAllowHTTP: true}, "ftp": {URL: "ftp://x/y", InsecureAllowHTTP: true},
		"password": {URL: "https://a:secret@issuer.example/jwks.json"}, "user": {URL: "https://a@issuer.example/"},
		"negative cool-down": {URL: keysURL, Cooldown: -1}, "negative age": {URL: keysURL, MaxAge: -1},
		"cool-down beyond age": {URL: keysURL, Cooldown: time.Hour, MaxAge: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			remote, err := NewRemoteKeys(config)
			require.Nil(t, remote)
			requireReason(t, err, ErrKey)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	remote, err := NewRemoteKeys(RemoteKeysConfig{URL: keysURL})
	require.NoError(t, err)
	require.Equal(t, []time.Duration{5 * time.Minute, time.Hour}, []time.Duration{remote.cooldown, remote.maxAge})
	remote, err = NewRemoteKeys(RemoteKeysConfig{URL: keysURL, MaxAge: time.Minute})
	require.NoError(t, err)
	require.Equal(t, []time.Duration{time.Minute, time.Minute}, []time.Duration{remote.cooldown, remote.maxAge})
	remote, err = NewRemoteKeys(RemoteKeysConfig{URL: keysURL, Cooldown: 2 * time.Hour})
	require.NoError(t, err)
	require.Equal(t, []time.Duration{2 * time.Hour, 2 * time.Hour}, []time.Duration{remote.cooldown, remote.maxAge})
}

func TestRemoteKeysVerify(t *testing.T) {
	e := &endpoint{keys: publicKeys(t)}
	remote := newRemote(t, e)
	for _, alg := range algorithms {
		token, err := testKey(t, alg).Sign("JWT", testClaims())
		require.NoError(t, err)
		requireAccepted(t, token, remote, expected())
	}
	require.EqualValues(t, 1, e.count.Load())
}

func TestJ8_UnknownKeyIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{keys: publicKeys(t), delay: time.Second}
		remote := newRemote(t, e)
		requireKey(t, remote, e.keys[0])
		require.EqualValues(t, 1, e.count.Load())

		flood := func() time.Duration {
			begin := time.Now()
			var all sync.WaitGroup
			for i := range 1000 {
				all.Go(func() { assertNoKey(t, remote, fmt.Sprint("unknown-", i)) })
				all.Go(func() { assertKey(t, remote, e.keys[i%len(e.keys)]) })
			}
			all.Wait()
			return time.Since(begin)
		}
		// Inside the cool-down: no fetch, no waiting.
		require.Zero(t, flood())
		require.EqualValues(t, 1, e.count.Load())
		// After it: one fetch for all; then none again.
		time.Sleep(5 * time.Minute)
		require.Equal(t, time.Second, flood())
		require.EqualValues(t, 2, e.count.Load())
		require.Zero(t, flood())
		time.Sleep(5*time.Minute - 2*time.Second)
		require.Zero(t, flood())
		require.EqualValues(t, 2, e.count.Load())

		// While a fetch runs, nobody waits for it whose key is known.
		time.Sleep(time.Minute)
		go assertNoKey(t, remote, "unknown")
		synctest.Wait()
		begin := time.Now()
		requireKey(t, remote, e.keys[1])
		require.Zero(t, time.Since(begin))
		time.Sleep(time.Minute)
	})
}

func TestRemoteKeysSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{keys: publicKeys(t), delay: time.Second}
		remote := newRemote(t, e)
		var all sync.WaitGroup
		for i := range 500 {
			all.Go(func() { assertKey(t, remote, e.keys[i%len(e.keys)]) })
		}
		all.Wait()
		require.EqualValues(t, 1, e.count.Load())

		// A cool-down shorter than the fetch does not let a second one begin.
		e = &endpoint{keys: e.keys, delay: 3 * time.Second}
		remote = newRemote(t, e, func(c *RemoteKeysConfig) { c.Cooldown = time.Second })
		for range 3 {
			all.Go(func() { assertKey(t, remote, e.keys[0]) })
			time.Sleep(1100 * time.Millisecond)
		}
		all.Wait()
		require.EqualValues(t, 1, e.count.Load())
	})
}

func TestRemoteKeysCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{keys: publicKeys(t), delay: 3 * time.Second}
		remote := newRemote(t, e)
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		all.Go(func() { // the one that starts the fetch
			_, _, err := remote.Key(ctx, e.keys[0].ID)
			assert.ErrorIs(t, err, ErrKey)
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		all.Go(func() { assertKey(t, remote, e.keys[0]) })
		all.Go(func() {
			short, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			begin := time.Now()
			_, _, err := remote.Key(short, e.keys[0].ID)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(begin))
		})
		cancel()
		all.Wait()
		require.EqualValues(t, 1, e.count.Load())
	})
}

func TestJ27_Rotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := publicKeys(t)
		old, next := keys[0], keys[1]
		e := &endpoint{keys: []PublicKey{old}}
		remote := newRemote(t, e)
		requireKey(t, remote, old)
		time.Sleep(10 * time.Minute)

		e.set([]PublicKey{old, next}, nil) // overlap: the new key is found at once
		requireKey(t, remote, next)
		requireKey(t, remote, old)
		require.EqualValues(t, 2, e.count.Load())

		e.set([]PublicKey{next}, nil) // retired: out after MaxAge
		time.Sleep(time.Hour - time.Second)
		requireKey(t, remote, old)
		time.Sleep(time.Second)
		requireNoKey(t, remote, old.ID)
		requireKey(t, remote, next)
		require.EqualValues(t, 3, e.count.Load())
	})
}

func TestRemoteKeysLastGoodSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := publicKeys(t)
		e := &endpoint{keys: keys}
		remote := newRemote(t, e)
		requireKey(t, remote, keys[0])

		// A day of failures: still answered, fetched once per cool-down only.
		e.set(keys, failing)
		begin := time.Now()
		time.Sleep(time.Hour)
		for time.Since(begin) < 25*time.Hour {
			requireKey(t, remote, keys[0])
			requireNoKey(t, remote, "unknown")
			time.Sleep(time.Minute)
		}
		require.EqualValues(t, 1+24*60/5, e.count.Load())
		// After it nothing is believed, and the error says why.
		require.ErrorContains(t, requireNoKey(t, remote, keys[0].ID), "connection refused")
		// It recovers by itself, after 10 seconds rather than 5 minutes.
		e.set(keys, nil)
		requireNoKey(t, remote, keys[0].ID)
		time.Sleep(10 * time.Second)
		requireKey(t, remote, keys[0])
	})
}

func TestRemoteKeysFailureAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := publicKeys(t)
		e := &endpoint{keys: keys, answer: failing}
		remote := newRemote(t, e)
		for range 100 {
			requireNoKey(t, remote, keys[0].ID)
		}
		require.EqualValues(t, 1, e.count.Load())
		e.set(keys, nil)
		time.Sleep(10*time.Second - 1)
		requireNoKey(t, remote, keys[0].ID)
		time.Sleep(time.Nanosecond)
		requireKey(t, remote, keys[0])
		require.EqualValues(t, 2, e.count.Load())
	})
}

func TestRemoteKeysWithoutKeyID(t *testing.T) {
	only := parseOne(t, rfc7515EC)
	named := testKey(t, EdDSA).Public()
	answer := func(set string) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) {
			return respond(200, "application/json", strings.NewReader(set)), nil
		}
	}
	remote := newRemote(t, &endpoint{answer: answer(`{"keys":[` + rfc7515EC + `,{"kty":"oct","k":"AAAA"}]}`)})
	requireKey(t, remote, only)
	requireNoKey(t, remote, "any")

	remote = newRemote(t, &endpoint{keys: []PublicKey{named}})
	alg, key, err := remote.Key(context.Background(), "")
	require.NoError(t, err)
	require.Equal(t, []any{"EdDSA", named.Key}, []any{alg, key})

	for _, set := range []string{rfc7515EC + "," + rfc7515RSA, rfc7515EC + "," + jwkWith(t, rfc7515RSA, m{"kid": "a"})} {
		requireNoKey(t, newRemote(t, &endpoint{answer: answer(`{"keys":[` + set + `]}`)}), "")
	}
	requireNoKey(t, newRemote(t, &endpoint{keys: publicKeys(t)}), "")
}

// A clock that was set back must not stop fetches, nor a known key.
func TestRemoteKeysClockSetBack(t *testing.T) {
	now := testNow
	keys := publicKeys(t)
	e := &endpoint{keys: keys[:1]}
	remote := newRemote(t, e, func(c *RemoteKeysConfig) { c.Now = func() time.Time { return now } })
	requireKey(t, remote, keys[0])
	now = now.Add(-time.Second)
	requireKey(t, remote, keys[0])
	require.EqualValues(t, 1, e.count.Load())
	now = now.AddDate(-1, 0, 0)
	e.set(keys, failing)
	requireKey(t, remote, keys[0])
	require.EqualValues(t, 2, e.count.Load())
	e.set(keys, nil)
	now = now.Add(5 * time.Minute)
	requireKey(t, remote, keys[1])
}
