package jose_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

// keyStore stands for the place where a program keeps its keys.
type keyStore map[string]jose.PublicKey

func (s keyStore) Key(_ context.Context, kid string) (string, crypto.PublicKey, error) {
	key, ok := s[kid]
	if !ok {
		return "", nil, fmt.Errorf("no key %q", kid)
	}
	return string(key.Algorithm), key.Key, nil
}

func Example() {
	key, err := jose.GenerateKey(jose.ES256, nil)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	token, err := key.Sign("at+jwt", map[string]any{
		"iss": "https://id.example", "aud": "api", "sub": "alice", "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		panic(err)
	}

	keys := keyStore{key.Public().ID: key.Public()}
	want := jose.Expected{Issuer: "https://id.example", Audience: "api", Types: []string{"at+jwt"}, Now: now}
	claims, err := jose.Verify(context.Background(), token, keys, want)
	fmt.Println(claims["sub"], err)

	want.Now = now.Add(2 * time.Hour)
	_, err = jose.Verify(context.Background(), token, keys, want)
	fmt.Println(errors.Is(err, jose.ErrExpired))
	// Output:
	// alice <nil>
	// true
}

// Keys are stored sealed, and published as a JWK set.
func ExamplePrivateKey_Marshal() {
	key, err := jose.GenerateKey(jose.EdDSA, nil)
	if err != nil {
		panic(err)
	}
	secret, err := key.Marshal() // seal it before it is stored
	if err != nil {
		panic(err)
	}
	again, err := jose.ParsePrivateKey(secret)
	if err != nil {
		panic(err)
	}
	published, err := jose.MarshalKeySet([]jose.PublicKey{again.Public()})
	if err != nil {
		panic(err)
	}
	keys, err := jose.ParseKeySet(published)
	fmt.Println(len(keys), keys[0].Algorithm, keys[0].ID == key.Public().ID, err)
	// Output: 1 EdDSA true <nil>
}

// Tokens of another issuer are verified with the keys that it publishes.
func ExampleRemoteKeys() {
	keys, err := jose.NewRemoteKeys(jose.RemoteKeysConfig{URL: "https://id.example/.well-known/jwks.json"})
	if err != nil {
		panic(err)
	}
	_, err = jose.Verify(context.Background(), "not a token", keys, jose.Expected{Issuer: "https://id.example", Now: time.Now()})
	fmt.Println(err)
	// Output: jose: token is not a JWS in compact serialization: three segments with dots between them
}
