package srpclient

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// Client is one sign-in. Begin another with a new one.
type Client struct {
	a, publicA *big.Int
}

// Challenge is what the server answered: Salt and B in hexadecimal, SecretBlock in base64.
type Challenge struct {
	Salt        string
	B           string
	SecretBlock string
}

// Claim is the client's answer: Signature in base64, SecretBlock as it was received, Timestamp as [Timestamp] writes it.
type Claim struct {
	Signature   string
	SecretBlock string
	Timestamp   string
}

// New draws 1024 bits from random for the exponent of a sign-in, as the SDKs do. The error is that of random.
func New(random io.Reader) (*Client, error) {
	raw := make([]byte, 128)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, fmt.Errorf("srpclient: drawing an exponent: %w", err)
	}
	return FromExponent(new(big.Int).SetBytes(raw)), nil
}

// FromExponent is New for a given exponent.
func FromExponent(a *big.Int) *Client { return &Client{a: a, publicA: Power(two, a)} }

// SRPA is the parameter SRP_A, in hexadecimal without leading zeros.
func (c *Client) SRPA() string { return c.publicA.Text(16) }

// Answer computes the claim of a user: pool is the part of the pool ID after the underscore, user is USER_ID_FOR_SRP. The error is that of a
// challenge that cannot be read, or that no client may answer (RFC 5054, 2.5.4).
func (c *Client) Answer(pool, user, password string, given Challenge, at time.Time) (Claim, error) {
	return c.AnswerAt(pool, user, password, given, Timestamp(at))
}

// AnswerAt is Answer with the timestamp as text.
func (c *Client) AnswerAt(group, user, password string, given Challenge, timestamp string) (Claim, error) {
	salt, ok := new(big.Int).SetString(given.Salt, 16)
	if !ok {
		return Claim{}, fmt.Errorf("srpclient: the salt %q is not hexadecimal", given.Salt)
	}
	return c.AnswerWith(group, user, privateKey(salt, group, user, password), given, timestamp)
}

// AnswerDevice computes the claim of a device.
func (c *Client) AnswerDevice(d Device, given Challenge, at time.Time) (Claim, error) {
	return c.AnswerAt(d.Group, d.Key, d.Secret, given, Timestamp(at))
}

// AnswerWith computes the claim for a given private key x.
func (c *Client) AnswerWith(group, user string, x *big.Int, given Challenge, timestamp string) (Claim, error) {
	publicB, ok := new(big.Int).SetString(given.B, 16)
	if !ok || new(big.Int).Mod(publicB, N).Sign() == 0 {
		return Claim{}, errors.New("srpclient: B is not hexadecimal, or is 0")
	}
	u := number(sum(Pad(c.publicA), Pad(publicB)))
	if u.Sign() == 0 {
		return Claim{}, errors.New("srpclient: u is 0")
	}
	base := new(big.Int).Mul(number(sum(Pad(N), Pad(two))), Power(two, x))
	base.Mod(base.Sub(publicB, base), N)
	exponent := new(big.Int).Mul(u, x)
	return c.AnswerSecret(group, user, u, Power(base, exponent.Add(exponent, c.a)), given.SecretBlock, timestamp)
}

// AnswerSecret computes the claim for given u and S.
func (c *Client) AnswerSecret(group, user string, u, secret *big.Int, secretBlock, timestamp string) (Claim, error) {
	block, err := base64.StdEncoding.DecodeString(secretBlock)
	if err != nil {
		return Claim{}, fmt.Errorf("srpclient: the secret block: %w", err)
	}
	key := mac(mac(Pad(u), Pad(secret)), []byte("Caldera Derived Key\x01"))[:16]
	signature := mac(key, []byte(group), []byte(user), block, []byte(timestamp))
	return Claim{Signature: base64.StdEncoding.EncodeToString(signature), SecretBlock: secretBlock, Timestamp: timestamp}, nil
}

// Timestamp is the parameter TIMESTAMP, such as "Tue Sep 5 07:30:00 UTC 2023".
func Timestamp(t time.Time) string { return t.UTC().Format("Mon Jan 2 15:04:05 MST 2006") }
