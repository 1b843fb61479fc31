package srp_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srp"
)

// A client, made from the client's side of the protocol alone. It shares no code with the server.

var clientN = clientHex(strings.Join(strings.Fields(`
	FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74
	020BBEA6 3B139B22 514A0879 8E3404DD EF9519B3 CD3A431B 302B0A6D F25F1437
	4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED
	EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D C2007CB8 A163BF05
	98DA4836 1C55D39A 69163FA8 FD24CF5F 83655D23 DCA3AD96 1C62F356 208552BB
	9ED52907 7096966D 670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B
	E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9 DE2BCBF6 95581718
	3995497C EA956AE5 15D22618 98FA0510 15728E5A 8AAAC42D AD33170D 04507A33
	A85521AB DF1CBA64 ECFB8504 58DBEF0A 8AEA7157 5D060C7D B3970F85 A6E1E4C7
	ABF5AE8C DB0933D7 1E8C94E0 4A25619D CEE3D226 1AD2EE6B F12FFA06 D98A0864
	D8760273 3EC86A64 521F2B18 177B200C BBE11757 7A615D6C 770988C0 BAD946E2
	08E24FA0 74E5AB31 43DB5BFC E0FD108E 4B82D120 A93AD2CA FFFFFFFF FFFFFFFF
`), ""))

type client struct {
	group, user, password string
	a, publicA            *big.Int
}

func newClient(group, user, password string) *client {
	// The exponent is made of the names: tests come out the same each time.
	a := clientInt(clientSum([]byte("exponent of " + group + "/" + user + "/" + password)))
	return &client{group, user, password, a, clientPower(big.NewInt(2), a)}
}

func (c *client) srpA() string { return c.publicA.Text(16) }

// answer computes the claim for a challenge, at a time.
func (c *client) answer(salt, srpB, secretBlock, timestamp string) srp.Claim {
	inner := clientSum([]byte(c.group + c.user + ":" + c.password))
	x := clientInt(clientSum(clientPad(clientHex(salt)), inner))
	return c.answerWith(x, srpB, secretBlock, timestamp)
}

// answerWith does it for a given x.
func (c *client) answerWith(x *big.Int, srpB, secretBlock, timestamp string) srp.Claim {
	publicB := clientHex(srpB)
	multiplier := clientInt(clientSum(clientPad(clientN), clientPad(big.NewInt(2))))
	base := new(big.Int).Mul(multiplier, clientPower(big.NewInt(2), x))
	base.Mod(base.Sub(publicB, base), clientN)
	u := clientInt(clientSum(clientPad(c.publicA), clientPad(publicB)))
	exponent := new(big.Int).Mul(u, x)
	return c.answerSecret(u, clientPower(base, exponent.Add(exponent, c.a)), secretBlock, timestamp)
}

// answerSecret does it for a given u and S.
func (c *client) answerSecret(u, secret *big.Int, secretBlock, timestamp string) srp.Claim {
	key := clientMAC(clientMAC(clientPad(u), clientPad(secret)), []byte("Caldera Derived Key\x01"))[:16]
	block, err := base64.StdEncoding.DecodeString(secretBlock)
	if err != nil {
		panic(err)
	}
	signature := clientMAC(key, []byte(c.group), []byte(c.user), block, []byte(timestamp))
	return srp.Claim{Signature: base64.StdEncoding.EncodeToString(signature), SecretBlock: secretBlock, Timestamp: timestamp}
}

func clientPower(base, exponent *big.Int) *big.Int { return new(big.Int).Exp(base, exponent, clientN) }

func clientInt(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

func clientHex(text string) *big.Int {
	i, ok := new(big.Int).SetString(text, 16)
	if !ok {
		panic(fmt.Sprintf("%q is not hexadecimal", text))
	}
	return i
}

// clientPad works on digits, as the SDKs do.
func clientPad(i *big.Int) []byte {
	digits := i.Text(16)
	if len(digits)%2 == 1 {
		digits = "0" + digits
	} else if strings.Contains("89abcdef", digits[:1]) {
		digits = "00" + digits
	}
	out, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return out
}

func clientSum(parts ...[]byte) []byte {
	hash := sha256.New()
	for _, p := range parts {
		hash.Write(p)
	}
	return hash.Sum(nil)
}

func clientMAC(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
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
