package jose

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/stretchr/testify/require"
)

const (
	testIssuer   = "https://issuer.example/pool-1"
	testAudience = "client-1"
)

var testNow = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

var algorithms = []Algorithm{RS256, RS512, ES256, EdDSA}

// Keys are made once: an RSA key takes long.
var generated sync.Map

func testKey(t testing.TB, alg Algorithm) *PrivateKey {
	t.Helper()
	made, _ := generated.LoadOrStore(alg, sync.OnceValues(func() (*PrivateKey, error) {
		return GenerateKey(alg, nil)
	}))
	key, err := made.(func() (*PrivateKey, error))()
	require.NoError(t, err)
	return key
}

// keyMap is a KeySource that counts the questions.
type keyMap struct {
	keys  map[string]PublicKey
	asked int
}

func (m *keyMap) Key(_ context.Context, kid string) (string, crypto.PublicKey, error) {
	m.asked++
	key, ok := m.keys[kid]
	if !ok {
		return "", nil, errors.New("unknown key")
	}
	return string(key.Algorithm), key.Key, nil
}

func sourceOf(keys ...*PrivateKey) *keyMap {
	m := &keyMap{keys: map[string]PublicKey{}}
	for _, key := range keys {
		m.keys[key.Public().ID] = key.Public()
	}
	return m
}

func expected() Expected {
	return Expected{Issuer: testIssuer, Audience: testAudience, Now: testNow}
}

func testClaims(change ...func(map[string]any)) map[string]any {
	claims := map[string]any{
		"iss": testIssuer, "aud": testAudience, "sub": "user-1", "jti": "t-1",
		"iat": testNow.Unix(), "exp": testNow.Add(time.Hour).Unix(),
	}
	for _, f := range change {
		f(claims)
	}
	return claims
}

func with(name string, value any) func(map[string]any) {
	return func(claims map[string]any) { claims[name] = value }
}

func without(name string) func(map[string]any) {
	return func(claims map[string]any) { delete(claims, name) }
}

func toJSON(t testing.TB, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return string(data)
}

// craft signs any header over any payload, with a right signature: what a hostile
// holder of a key, or a careless issuer, can produce.
func craft(t testing.TB, key *PrivateKey, header, payload string) string {
	t.Helper()
	input := encode(header) + "." + encode(payload)
	return input + "." + encode(string(rawSign(t, key, input)))
}

func rawSign(t testing.TB, key *PrivateKey, input string) []byte {
	t.Helper()
	signer, err := jws.NewSigner(jwa.SignatureAlgorithm(key.public.Algorithm))
	require.NoError(t, err)
	signature, err := signer.Sign([]byte(input), key.signer)
	require.NoError(t, err)
	return signature
}

func encode(data string) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

func headerOf(key *PrivateKey) string {
	return fmt.Sprintf(`{"alg":%q,"kid":%q}`, key.public.Algorithm, key.public.ID)
}

// headerWith returns the good header of key with members set or, where the
// value is nil, removed.
func headerWith(t testing.TB, key *PrivateKey, members map[string]any) string {
	header := map[string]any{"alg": key.public.Algorithm, "kid": key.public.ID, "typ": "JWT"}
	maps.Copy(header, members)
	maps.DeleteFunc(header, func(_ string, value any) bool { return value == nil })
	return toJSON(t, header)
}

func requireRefused(t testing.TB, compact string, keys KeySource, want Expected, reason Reason) {
	t.Helper()
	claims, err := Verify(context.Background(), compact, keys, want)
	require.Nil(t, claims)
	requireReason(t, err, reason)
}

func requireReason(t testing.TB, err error, reason Reason) {
	t.Helper()
	require.ErrorIs(t, err, reason)
	var typed *Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, reason, typed.Reason, "%v", err)
	require.Regexp(t, `^jose: `, err.Error())
	require.Less(t, len(err.Error()), 500)
}

func requireAccepted(t testing.TB, compact string, keys KeySource, want Expected) map[string]any {
	t.Helper()
	claims, err := Verify(context.Background(), compact, keys, want)
	require.NoError(t, err)
	return claims
}

// allocated returns how many bytes f takes from the heap, the least of some runs
// because other goroutines are counted as well.
func allocated(f func()) uint64 {
	least := ^uint64(0)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// How long a test waits for what is going to happen, and how often it looks.
const (
	waitLong  = 10 * time.Second
	waitShort = time.Millisecond
)
