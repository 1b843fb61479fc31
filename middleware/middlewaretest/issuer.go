package middlewaretest

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/middleware"
)

const (
	// IssuerURL is the claim iss of the tokens of every Issuer.
	IssuerURL = "https://issuer.test/pool"
	// ClientID is the claim client_id of access tokens, and aud of ID tokens, unless the test gives another.
	ClientID = "test-client"
	// Subject is the claim sub, unless the test gives another.
	Subject = "4f8c2a52-7d0e-4f64-9d3a-2b6d5f1c9e10"
	// Username is the claim username of access tokens, unless the test gives another.
	Username = "alice"
	// Lifetime is the time from iat to exp, unless the test gives another exp.
	Lifetime = time.Hour
)

// Issuer signs tokens as a user pool does, with a key made for this test. Its clock starts at 2030-01-02 03:04:05 UTC and stands
// still. It is a [middleware.KeySource], a [middleware.Revocation], and an [http.Handler] that answers every request with its
// key set. It is safe for concurrent use.
type Issuer struct {
	t testing.TB

	mu      sync.Mutex
	now     time.Time
	key     *jose.PrivateKey
	revoked map[string]bool
}

// NewIssuer returns an issuer with a new ES256 key.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), revoked: make(map[string]bool)}
	i.RotateKey()
	return i
}

// Config returns a configuration that accepts access tokens of this issuer by its clock, asks it for revocations, and logs to
// nobody. The test may change it before it calls [middleware.New].
func (i *Issuer) Config() middleware.Config {
	return middleware.Config{
		Issuer:     IssuerURL,
		Keys:       i,
		Revocation: i,
		Now:        i.Now,
		Logger:     slog.New(slog.DiscardHandler),
	}
}

// Guard returns a guard made of Config.
func (i *Issuer) Guard() *middleware.Guard {
	i.t.Helper()
	guard, err := middleware.New(i.Config())
	if err != nil {
		i.t.Fatalf("middlewaretest: %v", err)
	}
	return guard
}

// AccessToken returns a signed access token. claims replace those that it would have; a claim whose value is nil is left out.
// Give scope as one string, "cognito:groups" as []string, and exp as seconds since 1970.
func (i *Issuer) AccessToken(claims map[string]any) string {
	i.t.Helper()
	return i.sign(map[string]any{
		"token_use": "access",
		"client_id": ClientID,
		"username":  Username,
		"scope":     "openid",
	}, claims)
}

// IDToken returns a signed ID token: a guard refuses it, since it tells a client who signed in and permits nothing. The claims
// are as in AccessToken.
func (i *Issuer) IDToken(claims map[string]any) string {
	i.t.Helper()
	return i.sign(map[string]any{
		"token_use":        "id",
		"aud":              ClientID,
		"cognito:username": Username,
	}, claims)
}

// Authorize puts a new access token with the claims into the Authorization header of the request.
func (i *Issuer) Authorize(r *http.Request, claims map[string]any) {
	i.t.Helper()
	r.Header.Set("Authorization", "Bearer "+i.AccessToken(claims))
}

// sign adds to the claims of a kind of token those that all have, and those that the test wants.
func (i *Issuer) sign(kind, wanted map[string]any) string {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	claims := map[string]any{
		"iss":        IssuerURL,
		"sub":        Subject,
		"iat":        i.now.Unix(),
		"auth_time":  i.now.Unix(),
		"exp":        i.now.Add(Lifetime).Unix(),
		"jti":        rand.Text(),
		"origin_jti": rand.Text(),
	}
	maps.Copy(claims, kind)
	maps.Copy(claims, wanted)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	token, err := i.key.Sign("", claims)
	if err != nil {
		i.t.Fatalf("middlewaretest: these claims cannot be signed: %v", err)
	}
	return token
}

// Revoke revokes a token of this issuer: [middleware.Config.Revocation] tells the guard so, by its claim jti.
func (i *Issuer) Revoke(token string) {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	claims, err := jose.Verify(context.Background(), token, keySource{i.key.Public()}, jose.Expected{Issuer: IssuerURL, Now: i.now})
	jti, _ := claims["jti"].(string)
	if err != nil || jti == "" {
		i.t.Fatalf("middlewaretest: to be revoked a token must be one of this issuer, not expired, and have a jti: %v", err)
	}
	i.revoked[jti] = true
}

// Revoked implements [middleware.Revocation].
func (i *Issuer) Revoked(_ context.Context, claims map[string]any) (bool, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	jti, _ := claims["jti"].(string)
	return i.revoked[jti], nil
}

// RotateKey replaces the signing key by a new one. Tokens signed before are refused from now on: there is no overlap.
func (i *Issuer) RotateKey() {
	i.t.Helper()
	key, err := jose.GenerateKey(jose.ES256, rand.Reader)
	if err != nil {
		i.t.Fatalf("middlewaretest: %v", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.key = key
}

// Key implements [middleware.KeySource].
func (i *Issuer) Key(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return keySource{i.key.Public()}.Key(ctx, kid)
}

// ServeHTTP answers with the JWK set of the current key.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	public := i.key.Public()
	i.mu.Unlock()
	set, err := jose.MarshalKeySet([]jose.PublicKey{public})
	if err != nil {
		http.Error(w, "the key set cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Write(set)
}

// Now returns the time of the issuer's clock.
func (i *Issuer) Now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

// Advance moves the issuer's clock on by d.
func (i *Issuer) Advance(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now = i.now.Add(d)
}

// keySource is a set of one key.
type keySource struct{ key jose.PublicKey }

func (s keySource) Key(_ context.Context, kid string) (string, crypto.PublicKey, error) {
	if kid != s.key.ID {
		return "", nil, errors.New("middlewaretest: no key with this ID: it has been rotated, or the token is of another issuer")
	}
	return string(s.key.Algorithm), s.key.Key, nil
}
