package srp_test

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srp"
	"github.com/stepwell/stepwell/userpool/internal/srpclient"
)

// The client is that of package srpclient; here it has the names of its user with it.

var clientN = srpclient.N

type client struct {
	*srpclient.Client
	group, user, password string
	a                     *big.Int
}

func newClient(group, user, password string) *client {
	// The exponent is made of the names: tests come out the same each time.
	a := clientInt(clientSum([]byte("exponent of " + group + "/" + user + "/" + password)))
	return &client{srpclient.FromExponent(a), group, user, password, a}
}

func (c *client) srpA() string { return c.SRPA() }

func (c *client) publicA() *big.Int { return clientHex(c.SRPA()) }

// answer computes the claim for a challenge, at a time.
func (c *client) answer(salt, srpB, secretBlock, timestamp string) srp.Claim {
	return must(c.AnswerAt(c.group, c.user, c.password, srpclient.Challenge{Salt: salt, B: srpB, SecretBlock: secretBlock}, timestamp))
}

// answerWith does it for a given x.
func (c *client) answerWith(x *big.Int, srpB, secretBlock, timestamp string) srp.Claim {
	return must(c.AnswerWith(c.group, c.user, x, srpclient.Challenge{B: srpB, SecretBlock: secretBlock}, timestamp))
}

// answerSecret does it for a given u and S.
func (c *client) answerSecret(u, secret *big.Int, secretBlock, timestamp string) srp.Claim {
	return must(c.AnswerSecret(c.group, c.user, u, secret, secretBlock, timestamp))
}

func must(claim srpclient.Claim, err error) srp.Claim {
	if err != nil {
		panic(err)
	}
	return srp.Claim(claim)
}

func clientPower(base, exponent *big.Int) *big.Int { return srpclient.Power(base, exponent) }

func clientPad(i *big.Int) []byte { return srpclient.Pad(i) }

func clientInt(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

func clientHex(text string) *big.Int {
	i, ok := new(big.Int).SetString(text, 16)
	if !ok {
		panic(fmt.Sprintf("%q is not hexadecimal", text))
	}
	return i
}

func clientSum(parts ...[]byte) []byte {
	hash := sha256.New()
	for _, p := range parts {
		hash.Write(p)
	}
	return hash.Sum(nil)
}

// challenged is a client with the challenge that it got and what the server kept.
type challenged struct {
	*client
	verifier  srp.Verifier
	challenge srp.Challenge
}

const timestamp = "Tue Sep 5 07:30:00 UTC 2023"

// claim is the right answer.
func (c challenged) claim() srp.Claim {
	return c.answer(c.verifier.SaltHex(), c.challenge.SRPB(), c.challenge.SecretBlock(), timestamp)
}

func (c challenged) verify(claim srp.Claim) bool {
	return c.challenge.Verify(c.verifier, c.group, c.user, claim)
}

// challengeFor lets the user begin to sign in.
func challengeFor(t testing.TB, v srp.Verifier, group, user, password string) challenged {
	c := newClient(group, user, password)
	challenge, err := v.Challenge(entropy(t), c.srpA())
	require.NoError(t, err)
	return challenged{c, v, challenge}
}
