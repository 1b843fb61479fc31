package srp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// step is one exponentiation: how many words its numbers have decides how long it takes.
type step struct{ base, exponent int }

// counting returns maths that append to steps what is done.
func counting(steps *[]step) maths {
	return maths{
		exp: func(base, exponent *big.Int) *big.Int {
			*steps = append(*steps, step{(base.BitLen() + 63) / 64, (exponent.BitLen() + 63) / 64})
			return plainMaths.exp(base, exponent)
		},
		u: plainMaths.u,
	}
}

// Whoever signs in, with whatever, the same exponentiations are done.
func TestU3_SameExponentiations(t *testing.T) {
	vector := readVectors(t)[0]
	v, c := vector.given(t)
	right := Claim{vector.Signature, vector.Block, vector.Timestamp}
	fake := Fake([32]byte{1})
	for name, v := range map[string]Verifier{"real": v, "fake": fake} {
		var steps []step
		_, err := v.challenge(counting(&steps), rand.Reader, vector.A)
		require.NoError(t, err)
		require.Equal(t, []step{{1, 4}}, steps, "challenge of a %s verifier", name)
	}
	zeros := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, test := range map[string]struct {
		c     Challenge
		v     Verifier
		claim Claim
		want  bool
	}{
		"right":                          {c, v, right, true},
		"fake verifier":                  {c, fake, right, false},
		"wrong signature":                {c, v, Claim{zeros, right.SecretBlock, right.Timestamp}, false},
		"no signature":                   {c, v, Claim{"", right.SecretBlock, right.Timestamp}, false},
		"signature not base64":           {c, v, Claim{"%%%", right.SecretBlock, right.Timestamp}, false},
		"signature too short":            {c, v, Claim{"AAAA", right.SecretBlock, right.Timestamp}, false},
		"signature too long":             {c, v, Claim{strings.Repeat("AAAA", 1<<16), right.SecretBlock, right.Timestamp}, false},
		"secret block not base64":        {c, v, Claim{right.Signature, "%", right.Timestamp}, false},
		"secret block of another length": {c, v, Claim{right.Signature, "AAAA", right.Timestamp}, false},
		"secret block too long":          {c, v, Claim{right.Signature, strings.Repeat("AAAA", 1<<16), right.Timestamp}, false},
		"timestamp too long":             {c, v, Claim{right.Signature, right.SecretBlock, strings.Repeat("x", 1<<16)}, false},
		"nothing":                        {c, v, Claim{}, false},
		"zero verifier":                  {c, Verifier{}, right, false},
		"zero challenge":                 {Challenge{}, v, right, false},
		"all zero":                       {Challenge{}, Verifier{}, Claim{}, false},
	} {
		var steps []step
		require.Equal(t, test.want, test.c.verify(counting(&steps), test.v, vector.Group, vector.User, test.claim), name)
		require.Equal(t, []step{{48, 4}, {48, 4}}, steps, name)
	}
}

// What is computed in the place of a number that is not there signs nobody in either.
func TestU4_StandIns(t *testing.T) {
	v, c := readVectors(t)[0].given(t)
	without := func(edit func(*Challenge)) Challenge {
		c := c
		edit(&c)
		return c
	}
	for name, test := range map[string]struct {
		c    Challenge
		v    Verifier
		want bool
	}{
		"all there": {c, v, true},
		"no A":      {without(func(c *Challenge) { c.A = nil }), v, false},
		"no B":      {without(func(c *Challenge) { c.B = nil }), v, false},
		"no b":      {without(func(c *Challenge) { c.Secret = nil }), v, false},
		"no v":      {c, Verifier{}, false},
	} {
		a, _ := element(test.c.A)
		b, _ := element(test.c.B)
		numberV, _ := element(test.v.V)
		exponent := new(big.Int).SetBytes(test.c.Secret)
		if test.c.Secret == nil {
			exponent = k
		}
		u := hashed(a, b)
		secret := plainMaths.exp(new(big.Int).Mul(a, plainMaths.exp(numberV, u)), exponent)
		signature, _ := sign(u, secret, "groupuser"+string(c.Block))
		claim := Claim{base64.StdEncoding.EncodeToString(signature), c.SecretBlock(), ""}
		require.Equal(t, test.want, test.c.Verify(test.v, "group", "user", claim), name)
	}
}

// With a u of 0 the password plays no part in the secret.
func TestU4_ZeroScramble(t *testing.T) {
	v, c := readVectors(t)[0].given(t)
	zero := maths{exp: plainMaths.exp, u: func(_, _ *big.Int) *big.Int { return new(big.Int) }}
	secret := plainMaths.exp(new(big.Int).SetBytes(c.A), new(big.Int).SetBytes(c.Secret))
	signature, _ := sign(new(big.Int), secret, "group"+"user"+string(c.Block))
	claim := Claim{base64.StdEncoding.EncodeToString(signature), c.SecretBlock(), ""}
	require.False(t, c.verify(zero, v, "group", "user", claim))
}

// A client refuses a B of 0, and an attacker may hope for one. Here is the verifier that makes it so for a known b.
func TestU4_ZeroB(t *testing.T) {
	drawn := bytes.Repeat([]byte{7}, secretSize+blockSize+1) // the sign is minus
	v := plainMaths.exp(g, new(big.Int).SetBytes(drawn[:secretSize]))
	v.Mul(v, new(big.Int).ModInverse(k, bigN)).Mod(v, bigN)
	_, err := Verifier{V: v.Bytes()}.Challenge(bytes.NewReader(drawn), plainMaths.exp(g, k).Text(16))
	require.ErrorContains(t, err, "try again")
	require.NotErrorIs(t, err, ErrInvalidA)
}

// What can be computed from B for the right password must look as for any other one: B - k*v is as often a square as not. Without the
// negation it is one each time.
func TestU4_BTellsNothingOfTheVerifier(t *testing.T) {
	real, err := NewVerifier(rand.Reader, "group", "user", "password")
	require.NoError(t, err)
	srpA := plainMaths.exp(g, k).Text(16)
	for name, v := range map[string]Verifier{"real": real, "fake": Fake([32]byte{2})} {
		squares := map[bool]map[int]int{false: {}, true: {}}
		for range 80 {
			c, err := v.Challenge(rand.Reader, srpA)
			require.NoError(t, err)
			rest := new(big.Int).Mul(k, new(big.Int).SetBytes(v.V))
			rest.Sub(new(big.Int).SetBytes(c.B), rest)
			squares[c.Negated][big.Jacobi(rest.Mod(rest, bigN), bigN)]++
		}
		require.Greater(t, squares[false][1], 10, name)
		require.Greater(t, squares[true][-1], 10, name)
		require.Equal(t, 80, squares[false][1]+squares[true][-1], "%s: %v", name, squares)
	}
}
