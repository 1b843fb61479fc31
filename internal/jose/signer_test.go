package jose

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/stretchr/testify/require"
)

func signerKeys(t testing.TB) map[Algorithm]crypto.Signer {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return map[Algorithm]crypto.Signer{RS256: rsaKey, PS256: rsaKey, ES256: ecKey, EdDSA: edKey}
}

// Another implementation verifies what a Signer signs.
func TestSigner(t *testing.T) {
	sum := sha256.Sum256([]byte("a certificate"))
	for alg, key := range signerKeys(t) {
		signer, err := NewSigner(SignerConfig{Key: key, Algorithm: alg, KeyID: "one", CertificateSHA256: sum[:]})
		require.NoError(t, err)
		for range 20 { // halves of an ECDSA signature come with and without leading zeros
			token, err := signer.Sign("JWT", testClaims())
			require.NoError(t, err)
			payload, err := jws.Verify([]byte(token), jws.WithKey(jwa.SignatureAlgorithm(alg), key.Public()))
			require.NoError(t, err, alg)
			require.JSONEq(t, toJSON(t, testClaims()), string(payload))
			head, _, _ := strings.Cut(token, ".")
			data, err := decodeSegment(head)
			require.NoError(t, err)
			var header map[string]string
			require.NoError(t, json.Unmarshal(data, &header))
			require.Equal(t, map[string]string{
				"alg": string(alg), "kid": "one", "typ": "JWT", "x5t#S256": encode(string(sum[:])),
			}, header)
		}
		public := PublicKey{ID: "one", Algorithm: alg, Key: key.Public()}
		token, err := signer.Sign("", testClaims())
		require.NoError(t, err)
		_, err = Verify(context.Background(), token, &keyMap{keys: map[string]PublicKey{"one": public}}, expected())
		if alg == PS256 {
			requireReason(t, err, ErrMalformed) // nothing that this package accepts has it
		} else {
			require.NoError(t, err)
		}
	}
}

func TestSignerDefaults(t *testing.T) {
	keys := signerKeys(t)
	for _, alg := range []Algorithm{RS256, ES256, EdDSA} {
		signer, err := NewSigner(SignerConfig{Key: keys[alg], KeyID: "k"})
		require.NoError(t, err)
		require.Equal(t, alg, signer.alg)
	}
}

type brokenSigner struct {
	crypto.Signer
	signature []byte
}

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	if b.signature == nil {
		return nil, errors.New("the device is locked")
	}
	return b.signature, nil
}

func TestSignerRefuses(t *testing.T) {
	keys := signerKeys(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	for name, config := range map[string]SignerConfig{
		"no key":        {KeyID: "k"},
		"no name":       {Key: keys[RS256]},
		"bad name":      {Key: keys[RS256], KeyID: "a\nb"},
		"short hash":    {Key: keys[RS256], CertificateSHA256: []byte("short")},
		"other curve":   {Key: p384, KeyID: "k"},
		"PS256 for EC":  {Key: keys[ES256], KeyID: "k", Algorithm: PS256},
		"none":          {Key: keys[RS256], KeyID: "k", Algorithm: "none"},
		"HS256":         {Key: keys[RS256], KeyID: "k", Algorithm: "HS256"},
		"RS256 for EdD": {Key: keys[EdDSA], KeyID: "k", Algorithm: RS256},
	} {
		_, err := NewSigner(config)
		require.Error(t, err, name)
		requireReason(t, err, ErrKey)
	}
	for _, signature := range [][]byte{nil, {}, []byte("x"), {0x30, 0x06, 2, 1, 0, 2, 1, 1}, {0x30, 0x06, 2, 1, 1, 2, 1, 0xff}} {
		signer, err := NewSigner(SignerConfig{Key: brokenSigner{keys[ES256], signature}, KeyID: "k"})
		require.NoError(t, err)
		_, err = signer.Sign("JWT", testClaims())
		requireReason(t, err, ErrKey)
	}
	signer, err := NewSigner(SignerConfig{Key: keys[ES256], KeyID: "k"})
	require.NoError(t, err)
	for _, claims := range []map[string]any{nil, {"a": "\xff"}, {"a": strings.Repeat("x", maxToken)}} {
		_, err = signer.Sign("JWT", claims)
		requireReason(t, err, ErrClaims)
	}
	_, err = signer.Sign("a\nb", testClaims())
	requireReason(t, err, ErrClaims)
}

func TestKeyIssuer(t *testing.T) {
	key := testKey(t, ES256).Public()
	key.Issuer = "https://login.example/{tenantid}/v2.0"
	data, err := MarshalKeySet([]PublicKey{key})
	require.NoError(t, err)
	keys, err := ParseKeySet(data)
	require.NoError(t, err)
	require.Equal(t, []PublicKey{key}, keys)
	for _, odd := range []string{`7`, `null`, `["x"]`, `""`, `"a\nb"`, `"` + strings.Repeat("x", maxKeyIssuer+1) + `"`} {
		keys, err := ParseKeySet([]byte(strings.Replace(string(data), `"https://login.example/{tenantid}/v2.0"`, odd, 1)))
		require.NoError(t, err)
		require.Len(t, keys, 1)
		require.Empty(t, keys[0].Issuer)
	}
}

func TestIssuerOf(t *testing.T) {
	key := testKey(t, ES256)
	token, err := key.Sign("JWT", testClaims())
	require.NoError(t, err)
	want := expected()
	want.Issuer = "https://ignored.example"
	want.IssuerOf = func(claims map[string]any) (string, error) {
		require.Equal(t, "user-1", claims["sub"])
		return testIssuer, nil
	}
	requireAccepted(t, token, sourceOf(key), want)
	for _, rule := range []func(map[string]any) (string, error){
		func(map[string]any) (string, error) { return "", nil },
		func(map[string]any) (string, error) { return testIssuer + "/", nil },
		func(map[string]any) (string, error) { return testIssuer, errors.New("no") },
	} {
		want.IssuerOf = rule
		requireRefused(t, token, sourceOf(key), want, ErrClaims)
	}
	// The rule is asked about genuine tokens only.
	want.IssuerOf = func(map[string]any) (string, error) { t.Error("asked"); return testIssuer, nil }
	requireRefused(t, token[:len(token)-8]+"AAAAAAAA", sourceOf(key), want, ErrSignature)
}

func TestAllowNoExpiry(t *testing.T) {
	key := testKey(t, ES256)
	want := expected()
	sign := func(change func(map[string]any)) string {
		token, err := key.Sign("JWT", testClaims(change))
		require.NoError(t, err)
		return token
	}
	requireRefused(t, sign(without("exp")), sourceOf(key), want, ErrClaims)
	want.AllowNoExpiry = true
	requireAccepted(t, sign(without("exp")), sourceOf(key), want)
	requireRefused(t, sign(with("exp", "never")), sourceOf(key), want, ErrClaims)
	requireRefused(t, sign(with("exp", nil)), sourceOf(key), want, ErrClaims)
	requireRefused(t, sign(with("exp", testNow.Unix()-60)), sourceOf(key), want, ErrExpired)
}
