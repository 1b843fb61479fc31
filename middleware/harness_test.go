package middleware_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
)

const testIssuer = "https://auth.example.com/pool-1"

var testTime = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// signers are keys that tests sign anything with, also what internal/jose would refuse to sign.
type signers struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

var testSigners = sync.OnceValue(func() signers {
	var s signers
	var err error
	if s.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		panic(err)
	}
	if s.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		panic(err)
	}
	if _, s.ed, err = ed25519.GenerateKey(rand.Reader); err != nil {
		panic(err)
	}
	return s
})

// Key makes signers a KeySource with the keys "rsa", "ec" and "ed".
func (s signers) Key(_ context.Context, kid string) (string, crypto.PublicKey, error) {
	switch kid {
	case "rsa":
		return "RS256", &s.rsa.PublicKey, nil
	case "ec":
		return "ES256", &s.ec.PublicKey, nil
	case "ed":
		return "EdDSA", s.ed.Public(), nil
	}
	return "", nil, errors.New("unknown key")
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func (s signers) signES256(t testing.TB, input string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(input))
	r, half, err := ecdsa.Sign(rand.Reader, s.ec, digest[:])
	require.NoError(t, err)
	return append(r.FillBytes(make([]byte, 32)), half.FillBytes(make([]byte, 32))...)
}

// es256 signs any header and payload, whatever they are, with the key "ec".
func (s signers) es256(t testing.TB, header, payload string) string {
	t.Helper()
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(s.signES256(t, input))
}

const ecHeader = `{"alg":"ES256","kid":"ec"}`

// accessClaims are the claims of a good access token, with changes: nil leaves a claim out.
func accessClaims(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss":       testIssuer,
		"sub":       "alice-sub",
		"username":  "alice",
		"token_use": "access",
		"client_id": "client-1",
		"scope":     "openid",
		"jti":       "jti-1",
		"iat":       testTime.Unix(),
		"exp":       testTime.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func accessPayload(t testing.TB, changes map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(accessClaims(changes))
	require.NoError(t, err)
	return string(payload)
}

// accessToken signs a good access token, with changes.
func accessToken(t testing.TB, changes map[string]any) string {
	t.Helper()
	return testSigners().es256(t, ecHeader, accessPayload(t, changes))
}

// bearerConfig accepts the tokens of testSigners.
func bearerConfig() middleware.Config {
	return middleware.Config{
		Issuer: testIssuer,
		Keys:   testSigners(),
		Now:    func() time.Time { return testTime },
		Logger: slog.New(slog.DiscardHandler),
	}
}

func newGuard(t testing.TB, cfg middleware.Config) *middleware.Guard {
	t.Helper()
	guard, err := middleware.New(cfg)
	require.NoError(t, err)
	return guard
}

// target is a protected handler that knows whether it was reached.
type target struct {
	reached int
	claims  middleware.Claims
}

func (h *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.reached++
	h.claims, _ = middleware.FromContext(r.Context())
	w.Write([]byte("protected content"))
}

// serve sends the request through the guard to a target.
func serve(guard *middleware.Guard, r *http.Request) (*httptest.ResponseRecorder, *target) {
	h := &target{}
	w := httptest.NewRecorder()
	guard.Handler(h).ServeHTTP(w, r)
	return w, h
}

func bearerRequest(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/private", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func requireAccepted(t testing.TB, guard *middleware.Guard, token string) middleware.Claims {
	t.Helper()
	w, h := serve(guard, bearerRequest(token))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, 1, h.reached)
	return h.claims
}

// requireRefused demands 401 and that the protected handler was not reached.
func requireRefused(t testing.TB, guard *middleware.Guard, token string) {
	t.Helper()
	w, h := serve(guard, bearerRequest(token))
	require.Zero(t, h.reached, "the protected handler was reached")
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Contains(t, w.Header().Get("WWW-Authenticate"), `error="invalid_token"`)
	require.NotContains(t, w.Body.String(), "protected content")
}

// fakeSession is an Authenticator with a fixed answer.
type fakeSession struct {
	claims map[string]any
	err    error
	asked  int
}

func (s *fakeSession) Authenticate(*http.Request) (map[string]any, error) {
	s.asked++
	return s.claims, s.err
}

// loginSession is an Authenticator that has a login page.
type loginSession struct {
	fakeSession
	loginURL func(returnTo string) string
}

func (s *loginSession) LoginURL(returnTo string) string { return s.loginURL(returnTo) }

type keySourceFunc func(ctx context.Context, kid string) (string, crypto.PublicKey, error)

func (f keySourceFunc) Key(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
	return f(ctx, kid)
}

type revocationFunc func(ctx context.Context, claims map[string]any) (bool, error)

func (f revocationFunc) Revoked(ctx context.Context, claims map[string]any) (bool, error) {
	return f(ctx, claims)
}
