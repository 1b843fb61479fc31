package jose

//lint:file-ignore SA1019 Invalid points are made here, which the newer functions refuse to make.

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestGenerateMarshalParse(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			key := testKey(t, alg)
			require.Equal(t, alg, key.Public().Algorithm)
			id, err := thumbprint(key.Public().Key)
			require.NoError(t, err)
			require.Equal(t, id, key.Public().ID)

			data, err := key.Marshal()
			require.NoError(t, err)
			again, err := key.Marshal()
			require.NoError(t, err)
			require.Equal(t, data, again)
			parsed, err := ParsePrivateKey(data)
			require.NoError(t, err)
			require.Equal(t, key.Public(), parsed.Public())

			token, err := parsed.Sign("JWT", testClaims())
			require.NoError(t, err)
			requireAccepted(t, token, sourceOf(key), expected())
		})
	}
}

func TestGenerateKeyRefuses(t *testing.T) {
	for _, alg := range []Algorithm{"", "HS256", "none", "RS384", "PS512", "rs256", "rs512"} {
		_, err := GenerateKey(alg, rand.Reader)
		requireReason(t, err, ErrKey)
	}
	broken := errors.New("no entropy")
	_, err := GenerateKey(EdDSA, iotest.ErrReader(broken))
	requireReason(t, err, ErrKey)
	require.ErrorIs(t, err, broken)
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	rsaKey := rfc7515RSAPrivate
	marshal := func(alg Algorithm) string {
		data, err := testKey(t, alg).Marshal()
		require.NoError(t, err)
		return string(data)
	}
	ec, ed := marshal(ES256), rfc8037Private
	other, err := GenerateKey(ES256, nil)
	require.NoError(t, err)
	otherData, err := other.Marshal()
	require.NoError(t, err)
	member := func(data, name string) string {
		members, err := DecodeObject([]byte(data))
		require.NoError(t, err)
		return members[name].(string)
	}
	replace := func(data, name, value string) string {
		old := `"` + name + `":"` + member(data, name) + `"`
		require.Contains(t, data, old)
		return strings.Replace(data, old, `"`+name+`":"`+value+`"`, 1)
	}
	for name, data := range map[string]string{
		"empty": "", "not JSON": "x", "array": "[]", "no kid": strings.Replace(ed, `"kid":"a1",`, ``, 1),
		"public":               string(rfc7638Key),
		"kid not a string":     strings.Replace(ed, `"a1"`, `1`, 1),
		"duplicate member":     strings.Replace(ed, `{`, `{"d":"AA",`, 1),
		"no alg":               strings.Replace(ed, `"alg":"EdDSA",`, ``, 1),
		"unknown alg":          replace(ed, "alg", "EdDSA2"),
		"alg of another":       replace(ed, "alg", "RS256"),
		"alg of another RSA":   replace(rsaKey, "alg", "ES256"),
		"symmetric":            `{"kty":"oct","kid":"a","alg":"HS256","k":"AAAA"}`,
		"curve":                replace(ec, "crv", "P-384"),
		"EC scalar of another": replace(ec, "d", member(string(otherData), "d")),
		"EC point of another":  replace(ec, "x", member(string(otherData), "x")),
		"EC zero scalar":       replace(ec, "d", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		"EC short scalar":      replace(ec, "d", "AA"),
		"Ed25519 short":        replace(ed, "d", "AA"),
		"Ed25519 public":       replace(ed, "x", "AAqYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
		"X25519":               replace(ed, "crv", "X25519"),
		"RSA exponent":         replace(rsaKey, "e", "AQ"),
		"RSA modulus":          replace(rsaKey, "n", "AQAB"),
		"RSA d":                replace(rsaKey, "d", "AQAB"),
		"RSA p":                replace(rsaKey, "p", "AQAB"),
		"RSA empty p":          replace(rsaKey, "p", ""),
		"too long":             strings.Replace(ed, `{`, `{"note":"`+strings.Repeat("A", maxPrivateKey)+`",`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParsePrivateKey([]byte(data))
			require.Nil(t, key)
			require.Error(t, err)
			var typed *Error
			require.ErrorAs(t, err, &typed)
			for _, secret := range []string{member(ed, "d"), member(ec, "d"), member(rsaKey, "d")} {
				require.NotContains(t, err.Error(), secret[:10])
			}
		})
	}
}

func TestNewPublicKey(t *testing.T) {
	for _, alg := range algorithms {
		key := testKey(t, alg).Public()
		made, err := NewPublicKey("id", alg, key.Key)
		require.NoError(t, err)
		require.Equal(t, PublicKey{ID: "id", Algorithm: alg, Key: key.Key}, made)
		_, err = NewPublicKey("", alg, key.Key)
		require.NoError(t, err)
		for _, id := range []string{"a\x00", "é", "a\n", strings.Repeat("a", 257)} {
			_, err = NewPublicKey(id, alg, key.Key)
			requireReason(t, err, ErrKey)
		}
	}
}

func rsaOf(bits, e int) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: e}
}

func TestJ10_WeakKeys(t *testing.T) {
	good := testKey(t, ES256).Public().Key.(*ecdsa.PublicKey)
	edwards := testKey(t, EdDSA).Public().Key.(ed25519.PublicKey)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	even := rsaOf(2048, 65537)
	even.N.SetBit(even.N, 0, 0)
	negative := rsaOf(2048, 65537)
	negative.N.Neg(negative.N)
	point := func(x, y *big.Int) *ecdsa.PublicKey {
		return &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
	}
	prime := elliptic.P256().Params().P

	for name, weak := range map[string]struct {
		alg Algorithm
		key crypto.PublicKey
	}{
		"nil": {RS256, nil}, "nil RSA": {RS256, (*rsa.PublicKey)(nil)}, "empty RSA": {RS256, &rsa.PublicKey{}},
		"nil EC": {ES256, (*ecdsa.PublicKey)(nil)}, "empty EC": {ES256, &ecdsa.PublicKey{}},
		"no point": {ES256, point(nil, nil)}, "half a point": {ES256, point(good.X, nil)},
		"empty Ed25519": {EdDSA, ed25519.PublicKey{}}, "nil Ed25519": {EdDSA, ed25519.PublicKey(nil)},
		"512 bits": {RS256, rsaOf(512, 65537)}, "1024 bits": {RS256, rsaOf(1024, 65537)},
		"2047 bits": {RS256, rsaOf(2047, 65537)}, "8193 bits": {RS256, rsaOf(8193, 65537)},
		"e=1": {RS256, rsaOf(2048, 1)}, "e=3": {RS256, rsaOf(2048, 3)}, "e=0": {RS256, rsaOf(2048, 0)}, "e=-1": {RS256, rsaOf(2048, -1)},
		"even e":       {RS256, rsaOf(2048, 65538)},
		"even modulus": {RS256, even}, "negative modulus": {RS256, negative},
		"P-384": {ES256, &p384.PublicKey}, "infinity": {ES256, point(new(big.Int), new(big.Int))},
		"off the curve":   {ES256, point(good.X, new(big.Int).Add(good.Y, big.NewInt(1)))},
		"negative point":  {ES256, point(good.X, new(big.Int).Neg(good.Y))},
		"point above p":   {ES256, point(new(big.Int).Add(good.X, prime), good.Y)},
		"huge coordinate": {ES256, point(new(big.Int).Lsh(good.X, 10_000), good.Y)},
		"31 bytes":        {EdDSA, edwards[:31]}, "33 bytes": {EdDSA, append(bytes.Clone(edwards), 0)},
		"EC for RS256": {RS256, good}, "RSA for ES256": {ES256, rsaOf(2048, 65537)}, "EC for EdDSA": {EdDSA, good},
		"RSA for PS256": {"PS256", rsaOf(2048, 65537)}, "RSA for none": {"none", rsaOf(2048, 65537)}, "RSA for nothing": {"", rsaOf(2048, 65537)},
		"secret": {"HS256", []byte("secret")}, "secret for RS256": {RS256, []byte("secret")},
		"private key": {EdDSA, testKey(t, EdDSA).signer}, "RSA by value": {RS256, *rsaOf(2048, 65537)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewPublicKey("id", weak.alg, weak.key)
			requireReason(t, err, ErrKey)
			_, err = MarshalKeySet([]PublicKey{{ID: "id", Algorithm: weak.alg, Key: weak.key}})
			requireReason(t, err, ErrKey)
		})
	}
	if math.MaxInt > maxRSAExponent {
		_, err := NewPublicKey("id", RS256, rsaOf(2048, math.MaxInt))
		requireReason(t, err, ErrKey)
	}
	for _, strong := range []*rsa.PublicKey{rsaOf(2048, 65537), rsaOf(2049, 65539), rsaOf(8192, 1<<31-1)} {
		_, err := NewPublicKey("id", RS256, strong)
		require.NoError(t, err)
	}
}

// A point of small order is a key under which signatures verify that nobody
// made: R the neutral element and S zero. It does so for one message in
// eight at least, which shows that the list holds the right points.
func TestJ10_Ed25519SmallOrder(t *testing.T) {
	forged := make([]byte, ed25519.SignatureSize)
	forged[0] = 1
	for _, y := range smallOrder {
		for _, sign := range []byte{0, 0x80} {
			key := ed25519.PublicKey(bytes.Clone(y))
			key[31] |= sign
			verifies := false
			for i := range 512 {
				verifies = verifies || ed25519.Verify(key, []byte{byte(i), byte(i >> 8)}, forged)
			}
			require.True(t, verifies, "%x is not weak", key)
			_, err := NewPublicKey("id", EdDSA, key)
			requireReason(t, err, ErrKey)
		}
	}
}
