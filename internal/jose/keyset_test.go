package jose

//lint:file-ignore SA1019 The parts of points are moved about here.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeySetRoundTrip(t *testing.T) {
	var keys []PublicKey
	for _, alg := range algorithms {
		keys = append(keys, testKey(t, alg).Public())
	}
	data, err := MarshalKeySet(keys)
	require.NoError(t, err)
	parsed, err := ParseKeySet(data)
	require.NoError(t, err)
	require.Equal(t, keys, parsed)

	set, err := DecodeObject(data)
	require.NoError(t, err)
	require.Len(t, set, 1)
	allowed := []string{"kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"}
	for _, member := range set["keys"].([]any) {
		for name := range member.(map[string]any) {
			require.Contains(t, allowed, name)
		}
		require.Equal(t, "sig", member.(map[string]any)["use"])
	}

	data, err = MarshalKeySet(nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":[]}`, string(data))
	parsed, err = ParseKeySet(data)
	require.NoError(t, err)
	require.Empty(t, parsed)
}

// Coordinates keep their 32 bytes when they begin with zeros (RFC 7518 section 6.2.1.2).
func TestKeySetLeadingZero(t *testing.T) {
	curve := elliptic.P256()
	for k := int64(1); ; k++ {
		scalar := make([]byte, 32)
		big.NewInt(k).FillBytes(scalar)
		private, err := ecdsa.ParseRawPrivateKey(curve, scalar)
		require.NoError(t, err)
		if private.X.BitLen() > 248 {
			continue
		}
		key, err := NewPublicKey("id", ES256, &private.PublicKey)
		require.NoError(t, err)
		data, err := MarshalKeySet([]PublicKey{key})
		require.NoError(t, err)
		parsed, err := ParseKeySet(data)
		require.NoError(t, err)
		require.Equal(t, []PublicKey{key}, parsed)
		return
	}
}

func TestMarshalKeySetRefuses(t *testing.T) {
	key := testKey(t, EdDSA).Public()
	for name, keys := range map[string][]PublicKey{
		"no ID":     {{Algorithm: EdDSA, Key: key.Key}},
		"bad ID":    {{ID: "\x00", Algorithm: EdDSA, Key: key.Key}},
		"duplicate": {key, key},
		"nothing":   {{ID: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := MarshalKeySet(keys)
			requireReason(t, err, ErrKey)
		})
	}
}

// jwkWith returns base, a JWK, with members set or, where the value is nil, removed.
func jwkWith(t testing.TB, base string, members map[string]any) string {
	key, err := DecodeObject([]byte(base))
	require.NoError(t, err)
	for name, value := range members {
		if key[name] = value; value == nil {
			delete(key, name)
		}
	}
	return toJSON(t, key)
}

type m = map[string]any

func TestJ10_KeySet(t *testing.T) {
	good := jwkWith(t, rfc7515EC, m{"kid": "good"})
	ec := parseOne(t, rfc7515EC).Key.(*ecdsa.PublicKey)
	point := string(ec.X.FillBytes(make([]byte, 32))) + string(ec.Y.FillBytes(make([]byte, 32)))
	short := encode(string(rsaOf(512, 65537).N.Bytes()))
	for name, bad := range map[string]string{
		"oct":                  `{"kty":"oct","kid":"bad","k":"AAAA"}`,
		"oct as RSA":           jwkWith(t, rfc7515RSA, m{"k": "AAAA"}),
		"private RSA":          rfc7515RSAPrivate,
		"private Ed25519":      rfc8037Private,
		"private member alone": jwkWith(t, rfc7515RSA, m{"qi": "AA"}),
		"private member null":  jwkWith(t, rfc7515EC, m{"d": 0}),
		"use=enc":              jwkWith(t, rfc7515RSA, m{"use": "enc"}),
		"use=number":           jwkWith(t, rfc7515RSA, m{"use": 1}),
		"key_ops=encrypt":      jwkWith(t, rfc7515RSA, m{"key_ops": []string{"encrypt"}}),
		"key_ops=[]":           jwkWith(t, rfc7515RSA, m{"key_ops": []string{}}),
		"key_ops=string":       jwkWith(t, rfc7515RSA, m{"key_ops": "verify"}),
		"e=1":                  jwkWith(t, rfc7515RSA, m{"e": "AQ"}),
		"e=3":                  jwkWith(t, rfc7515RSA, m{"e": "Aw"}),
		"e=2^64+1":             jwkWith(t, rfc7515RSA, m{"e": encode("\x01\x00\x00\x00\x00\x00\x00\x00\x01")}),
		"e=2^64+65537":         jwkWith(t, rfc7515RSA, m{"e": encode("\x01\x00\x00\x00\x00\x00\x01\x00\x01")}),
		"e=2^63+1":             jwkWith(t, rfc7515RSA, m{"e": encode("\x80\x00\x00\x00\x00\x00\x00\x01")}),
		"e long":               jwkWith(t, rfc7515RSA, m{"e": strings.Repeat("A", 10_000) + "EAAQ"}),
		"no e":                 jwkWith(t, rfc7515RSA, m{"e": nil}),
		"512 bit":              jwkWith(t, rfc7515RSA, m{"n": short}),
		"huge":                 jwkWith(t, rfc7515RSA, m{"n": strings.Repeat("_", 100_000)}),
		"padded n":             jwkWith(t, rfc7515EC, m{"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="}),
		"non-canonical n":      jwkWith(t, rfc7515EC, m{"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV"}),
		"off the curve":        jwkWith(t, rfc7515EC, m{"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4"}),
		"infinity":             jwkWith(t, rfc7515EC, m{"x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43)}),
		"bytes of x in y":      jwkWith(t, rfc7515EC, m{"x": encode(point[:31]), "y": encode(point[31:])}),
		"short x":              jwkWith(t, rfc7515EC, m{"x": "AQ"}),
		"P-384":                jwkWith(t, rfc7515EC, m{"crv": "P-384"}),
		"secp256k1":            jwkWith(t, rfc7515EC, m{"crv": "secp256k1"}),
		"X25519":               jwkWith(t, rfc8037Public, m{"crv": "X25519"}),
		"small order":          jwkWith(t, rfc8037Public, m{"x": strings.Repeat("A", 43)}),
		"31 bytes":             jwkWith(t, rfc8037Public, m{"x": strings.Repeat("A", 42)}),
		"unknown kty":          `{"kty":"PQC","kid":"bad","x":"AAAA"}`,
		"no kty":               jwkWith(t, rfc7515RSA, m{"kty": nil}),
		"kty of another":       jwkWith(t, rfc7515RSA, m{"kty": "EC"}),
		"kty case":             jwkWith(t, rfc7515RSA, m{"kty": "rsa"}),
		"alg HS256":            jwkWith(t, rfc7515RSA, m{"alg": "HS256"}),
		"alg none":             jwkWith(t, rfc7515RSA, m{"alg": "none"}),
		"alg PS256":            jwkWith(t, rfc7515RSA, m{"alg": "PS256"}),
		"alg of another":       jwkWith(t, rfc7515RSA, m{"alg": "ES256"}),
		"alg number":           jwkWith(t, rfc7515RSA, m{"alg": 1}),
		"alg array":            jwkWith(t, rfc7515RSA, m{"alg": []string{"RS256"}}),
		"kid number":           jwkWith(t, rfc7515RSA, m{"kid": 1}),
		"kid empty":            jwkWith(t, rfc7515RSA, m{"kid": ""}),
		"kid object":           jwkWith(t, rfc7515RSA, m{"kid": m{}}),
		"kid long":             jwkWith(t, rfc7515RSA, m{"kid": strings.Repeat("a", 257)}),
		"kid not ASCII":        jwkWith(t, rfc7515RSA, m{"kid": "é"}),
		"n number":             jwkWith(t, rfc7515RSA, m{"n": 1}),
		"null":                 "null", "string": `"key"`, "array": "[]", "empty": "{}",
		"duplicate kid": jwkWith(t, rfc7515RSA, m{"kid": "twice"}) + "," + jwkWith(t, rfc8037Public, m{"kid": "twice"}),
		"same twice":    jwkWith(t, rfc7515RSA, m{"kid": "twice"}) + "," + jwkWith(t, rfc7515RSA, m{"kid": "twice"}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, set := range []string{bad + "," + good, good + "," + bad} {
				keys, err := ParseKeySet([]byte(`{"keys":[` + set + `]}`))
				require.NoError(t, err)
				require.Len(t, keys, 1)
				require.Equal(t, "good", keys[0].ID)
			}
		})
	}
}

func TestParseKeySetTolerates(t *testing.T) {
	for name, key := range map[string]string{
		"unknown members": jwkWith(t, rfc7515RSA, m{"iss": "x", "issuer": 7, "x5c": []string{"AAAA"}, "x5t": "AA", "ext": true}),
		"use and ops":     jwkWith(t, rfc7515RSA, m{"use": "sig", "key_ops": []string{"encrypt", "verify"}, "alg": "RS256"}),
		"leading zero n":  jwkWith(t, rfc7515RSA, m{"n": encode("\x00" + string(parseOne(t, rfc7515RSA).Key.(*rsa.PublicKey).N.Bytes()))}),
		"leading zero e":  jwkWith(t, rfc7515RSA, m{"e": "AAEAAQ"}),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, parseOne(t, rfc7515RSA), parseOne(t, key))
		})
	}
	keys, err := ParseKeySet([]byte(`{"keys":[` + rfc7515RSA + `,` + rfc7515EC + `]}`))
	require.NoError(t, err)
	require.Len(t, keys, 2, "keys without kid are not duplicates of one another")
	keys, err = ParseKeySet([]byte(`{"keys":[` + jwkWith(t, rfc7515RSA, m{"kid": "a", "use": "enc"}) + `,` + jwkWith(t, rfc7515RSA, m{"kid": "a"}) + `]}`))
	require.NoError(t, err)
	require.Len(t, keys, 1, "a key that is out anyway is nobody's duplicate")
}

func TestJ9_ParseKeySetBounds(t *testing.T) {
	set := func(n int) string {
		var keys []string
		for i := range n {
			keys = append(keys, jwkWith(t, rfc8037Public, m{"kid": fmt.Sprint(i)}))
		}
		return `{"keys":[` + strings.Join(keys, ",") + `]}`
	}
	keys, err := ParseKeySet([]byte(set(100)))
	require.NoError(t, err)
	require.Len(t, keys, 100)
	for name, data := range map[string]string{
		"101 keys": set(101), "10,000 keys": set(10_000),
		"too long": `{"keys":[],"x":"` + strings.Repeat("x", maxKeySet) + `"}`,
		"no keys":  `{}`, "null": `{"keys":null}`, "object": `{"keys":{}}`, "string": `{"keys":"[]"}`,
		"a key": rfc7515RSA, "array": `[]`, "HTML": `<!DOCTYPE html><html></html>`, "empty": ``,
		"two arrays": `{"keys":[],"keys":[` + rfc7515RSA + `]}`, "other case": `{"Keys":[]}`,
		"duplicate member": `{"keys":[{"kty":"RSA","kty":"EC"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := ParseKeySet([]byte(data))
			require.Nil(t, keys)
			requireReason(t, err, ErrMalformed)
		})
	}
}
