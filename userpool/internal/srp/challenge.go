package srp

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
)

const (
	secretSize = 32   // of b, in bytes
	blockSize  = 32   // of a secret block, in bytes
	minBitsOfA = 2048 // see parseA
)

// ErrInvalidA is wrapped by the errors that are the fault of who sent SRP_A.
var ErrInvalidA = errors.New("srp: SRP_A is not valid")

// Challenge is what a server keeps between its two steps. It is secret, as with Secret and B the verifier can be computed: seal it, and
// give it up when it is used, so that each challenge is answered once. Its fields are there to be encoded, as JSON for example; only
// [Verifier.Challenge] fills them. The zero Challenge verifies nothing.
type Challenge struct {
	A       []byte // public value of the client, big-endian
	B       []byte // public value of the server, big-endian
	Secret  []byte // b, 32 bytes
	Negated bool   // B is k*v - g^b, not k*v + g^b
	Block   []byte // secret block
}

// Challenge answers the SRP_A of a client. The 65 bytes that it reads from random make the b, the secret block and the sign of the
// challenge. What to send to the client is [Verifier.SaltHex], [Challenge.SRPB] and [Challenge.SecretBlock].
//
// srpA is hexadecimal in any case and with any number of leading zeros, of at most 770 digits. An error that wraps [ErrInvalidA] says what
// is wrong with it, and depends on nothing else. Other errors are those of random, and that of a Verifier that is not of this package.
func (v Verifier) Challenge(random io.Reader, srpA string) (Challenge, error) {
	return v.challenge(plainMaths, random, srpA)
}

func (v Verifier) challenge(m maths, random io.Reader, srpA string) (Challenge, error) {
	a, err := parseA(srpA)
	if err != nil {
		return Challenge{}, err
	}
	numberV, ok := element(v.V)
	if ok == 0 {
		return Challenge{}, errors.New("srp: the verifier is not between 2 and N-2: use Fake for a user who has none")
	}
	drawn := make([]byte, secretSize+blockSize+1)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return Challenge{}, fmt.Errorf("srp: drawing a challenge: %w", err)
	}
	c := Challenge{
		A:       a.Bytes(),
		Secret:  drawn[:secretSize:secretSize],
		Block:   drawn[secretSize : secretSize+blockSize : secretSize+blockSize],
		Negated: drawn[secretSize+blockSize]&1 == 1,
	}
	power := m.exp(g, new(big.Int).SetBytes(c.Secret))
	either := [2]*big.Int{power, new(big.Int).Sub(bigN, power)} // both are made, for the time taken must not tell which one is used
	b := new(big.Int).Mul(k, numberV)
	b.Mod(b.Add(b, either[truth(c.Negated)]), bigN)
	if !usable(b) {
		return Challenge{}, errors.New("srp: B came out as a value that clients refuse: try again")
	}
	c.B = b.Bytes()
	return c, nil
}

// parseA reads SRP_A. A client sends A mod N, so that nothing from N on is right, and has drawn a large exponent: an A of fewer than 2048
// bits then comes once in 2^1024 times, and otherwise from one who has not.
func parseA(text string) (*big.Int, error) {
	if len(text) > 2*size+2 {
		return nil, fmt.Errorf("%w: it has %d characters, and at most %d are allowed", ErrInvalidA, len(text), 2*size+2)
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return nil, fmt.Errorf("%w: it is not hexadecimal", ErrInvalidA)
		}
	}
	a, ok := new(big.Int).SetString(text, 16)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: it is empty", ErrInvalidA)
	case a.BitLen() < minBitsOfA:
		return nil, fmt.Errorf("%w: it has %d bits: it must be g^a mod N for an a of at least 256 random bits", ErrInvalidA, a.BitLen())
	case !usable(a):
		return nil, fmt.Errorf("%w: it must be g^a mod N, and so less than N-1", ErrInvalidA)
	}
	return a, nil
}

// SRPB returns the SRP_B parameter of the challenge: lower-case hexadecimal without leading zero bytes.
func (c Challenge) SRPB() string { return hex.EncodeToString(c.B) }

// SecretBlock returns the SECRET_BLOCK parameter of the challenge, in base64.
func (c Challenge) SecretBlock() string { return base64.StdEncoding.EncodeToString(c.Block) }

// String keeps the secrets out of messages.
func (c Challenge) String() string { return "an SRP challenge" }

// GoString keeps the secrets out of messages.
func (c Challenge) GoString() string { return "srp.Challenge{…}" }

// LogValue keeps the secrets out of logs.
func (c Challenge) LogValue() slog.Value { return slog.StringValue(c.String()) }
