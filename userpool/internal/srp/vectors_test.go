package srp

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vector is a sign-in, of which all numbers are known. Those in testdata were derived from the formulae by a program in another language
// that shares nothing with this one, and computed again with amazon-cognito-identity-js 6, which came to the same K and signature in each.
type vector struct {
	Name, Group, User, Password string
	Salt, A, B, X, U, K         string // hexadecimal
	SmallA                      string `json:"a"`
	SmallB                      string `json:"b"`
	Negated                     bool
	Block                       string // base64
	Timestamp                   string
	VHash, SHash                string // SHA-256 of pad(v) and pad(S)
	Signature                   string // base64
}

// UnmarshalJSON tells a from A.
func (v *vector) UnmarshalJSON(raw []byte) error {
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	for name, to := range map[string]*string{
		"name": &v.Name, "group": &v.Group, "user": &v.User, "password": &v.Password, "salt": &v.Salt, "A": &v.A, "B": &v.B, "x": &v.X,
		"u": &v.U, "K": &v.K, "a": &v.SmallA, "b": &v.SmallB, "block": &v.Block, "timestamp": &v.Timestamp, "vHash": &v.VHash,
		"SHash": &v.SHash, "signature": &v.Signature,
	} {
		*to = fields[name].(string)
	}
	v.Negated = fields["negated"].(bool)
	return nil
}

func readVectors(t testing.TB) []vector {
	raw, err := os.ReadFile("testdata/signin.json")
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(raw, &vectors))
	return vectors
}

func unhex(t testing.TB, text string) []byte {
	out, err := hex.DecodeString(text)
	require.NoError(t, err)
	return out
}

func hexInt(t testing.TB, text string) *big.Int {
	i, ok := new(big.Int).SetString(text, 16)
	require.True(t, ok, text)
	return i
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// given returns the server's side of a vector. What the server would have drawn is taken from the vector.
func (v vector) given(t testing.TB) (Verifier, Challenge) {
	salt := unhex(t, v.Salt)
	made := Verifier{Salt: salt, V: verifier(salt, v.Group, v.User, v.Password)}
	drawn := append(unhex(t, v.SmallB), make([]byte, blockSize)...)
	c, err := made.Challenge(bytes.NewReader(append(drawn, byte(truth(v.Negated)))), v.A)
	require.NoError(t, err)
	c.Block, err = base64.StdEncoding.DecodeString(v.Block)
	require.NoError(t, err)
	return made, c
}

func TestU5_SignInVectors(t *testing.T) {
	vectors := readVectors(t)
	require.GreaterOrEqual(t, len(vectors), 34)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			made, c := v.given(t)
			require.Equal(t, v.X, privateKey(made.Salt, v.Group, v.User, v.Password).Text(16))
			require.Equal(t, v.VHash, hashHex(pad(new(big.Int).SetBytes(made.V))))
			require.Len(t, made.V, size)
			a, b := new(big.Int).SetBytes(c.A), new(big.Int).SetBytes(c.B)
			require.Equal(t, v.A, a.Text(16))
			require.Equal(t, v.A, plainMaths.exp(g, hexInt(t, v.SmallA)).Text(16))
			require.Equal(t, v.B, hex.EncodeToString(pad(b)))
			require.Equal(t, strings.TrimPrefix(v.B, "00"), c.SRPB())
			u := plainMaths.u(a, b)
			require.Equal(t, v.U, u.Text(16))

			secret := plainMaths.exp(new(big.Int).Mul(a, plainMaths.exp(new(big.Int).SetBytes(made.V), u)), new(big.Int).SetBytes(c.Secret))
			other := new(big.Int).Sub(bigN, secret)
			if v.Negated && v.SHash != hashHex(pad(secret)) {
				secret, other = other, secret
			}
			require.Equal(t, v.SHash, hashHex(pad(secret)))
			key, err := sessionKey(u, secret)
			require.NoError(t, err)
			require.Equal(t, v.K, hex.EncodeToString(key))

			claim := Claim{v.Signature, v.Block, v.Timestamp}
			require.True(t, c.Verify(made, v.Group, v.User, claim))
			require.False(t, c.Verify(made, v.Group, v.User+"x", claim))
			signature, ok := sign(u, other, v.Group+v.User+string(c.Block)+v.Timestamp)
			require.Equal(t, 1, ok)
			claim.Signature = base64.StdEncoding.EncodeToString(signature)
			require.Equal(t, v.Negated, c.Verify(made, v.Group, v.User, claim), "the other sign is right only if B was made of -g^b")
		})
	}
}

// The numbers that are published of the first vector.
func TestU5_KnownVector(t *testing.T) {
	require.Equal(t, "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6", k.Text(16))
	salt := unhex(t, "00112233445566778899aabbccddeeff")
	v := Verifier{Salt: salt, V: verifier(salt, "ABCDEFGHI", "alice", "Passw0rd!")}
	require.Equal(t, "990e637e0a33272135d5749885d64ce897746352fd172010cbf08293eda74ebe",
		privateKey(salt, "ABCDEFGHI", "alice", "Passw0rd!").Text(16))
	smallA, smallB := sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b"))
	a := plainMaths.exp(g, new(big.Int).SetBytes(smallA[:]))
	c, err := v.Challenge(bytes.NewReader(append(smallB[:], make([]byte, blockSize+1)...)), a.Text(16))
	require.NoError(t, err)
	c.Block = []byte("secret-block")
	b := new(big.Int).SetBytes(c.B)
	require.Equal(t, "22e29a6f79dd96e1167a74595e0aa7beaacd6433bf8eb3fbc3a7ec0e1c175ce5", hashHex(pad(a)))
	require.Equal(t, "13ba9cd22f019d5df9f4135e463f9e4b79749ccf39689bbb71ca916c4ec4004f", hashHex(pad(b)))
	require.Equal(t, "2379f0201de899aea7105a19eea035b42ec19d33f798bed8c97b2520c90763a2", hashed(a, b).Text(16))
	require.True(t, c.Verify(v, "ABCDEFGHI", "alice", Claim{
		Signature:   "hg77KUmlHekviH8D0GaThESkeCwXEGlLrhDiOjlimb0=",
		SecretBlock: "c2VjcmV0LWJsb2Nr",
		Timestamp:   "Tue Sep 5 07:30:00 UTC 2023",
	}))
}

func TestU5_PadVectors(t *testing.T) {
	file, err := os.Open("testdata/pad.txt")
	require.NoError(t, err)
	defer file.Close()
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); count++ {
		number, padded, _ := strings.Cut(lines.Text(), " ")
		require.Equal(t, padded, hex.EncodeToString(pad(hexInt(t, number))), number)
	}
	require.Equal(t, 513, count)
}

// The verifiers were made by amazon-cognito-identity-js 6, as ConfirmDevice sends them.
func TestParseVerifier_OfSDK(t *testing.T) {
	raw, err := os.ReadFile("testdata/devices.json")
	require.NoError(t, err)
	var devices []struct{ Name, Group, Key, Password, Salt, PasswordVerifier string }
	require.NoError(t, json.Unmarshal(raw, &devices))
	require.NotEmpty(t, devices)
	for _, d := range devices {
		v, err := ParseVerifier(d.Salt, d.PasswordVerifier)
		require.NoError(t, err, d.Name)
		require.Equal(t, verifier(v.Salt, d.Group, d.Key, d.Password), v.V, d.Name)
	}
}

// N is what RFC 3526 says it is, and what the doc of the package says of it and of g is true.
func TestGroup(t *testing.T) {
	arctan := func(inverse int64) *big.Int { // of 1/inverse, times 2^3072
		term := new(big.Int).Lsh(one, 3072)
		term.Div(term, big.NewInt(inverse))
		sum, square := new(big.Int), big.NewInt(inverse*inverse)
		for i := int64(1); term.Sign() > 0; i += 2 {
			part := new(big.Int).Div(term, big.NewInt(i))
			if i%4 == 3 {
				part.Neg(part)
			}
			sum.Add(sum, part)
			term.Div(term, square)
		}
		return sum
	}
	pi := new(big.Int).Mul(arctan(5), big.NewInt(4))
	pi.Sub(pi, arctan(239)).Mul(pi, big.NewInt(4)).Rsh(pi, 3072-2942)
	want := new(big.Int).Lsh(pi.Add(pi, big.NewInt(1690314)), 64)
	want.Add(want, new(big.Int).Lsh(one, 3072)).Sub(want, new(big.Int).Lsh(one, 3008)).Sub(want, one)
	require.Equal(t, want.Text(16), bigN.Text(16))
	require.True(t, bigN.ProbablyPrime(0))
	require.True(t, new(big.Int).Rsh(bigN, 1).ProbablyPrime(0))
	require.Equal(t, 1, big.Jacobi(g, bigN), "2 is a square")
	require.Equal(t, -1, big.Jacobi(minusOne, bigN), "-1 is none")
}
