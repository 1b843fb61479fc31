package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/plaintext"
)

const (
	// assertionType is the value of client_assertion_type (RFC 7523 section 2.2).
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// maxAssertionLifetime is also the default: an assertion is used at once.
	maxAssertionLifetime = 5 * time.Minute
	maxAssertion         = 16 << 10
)

// ClientAssertionConfig says who the client is and with which key it signs.
type ClientAssertionConfig struct {
	// ClientID is iss and sub of the assertions. Required.
	ClientID string

	// Key signs: RSA of 2048 to 8192 bits, ECDSA on P-256 or Ed25519. It may be a
	// key in a device or a key service. It must be safe for concurrent use.
	// Required.
	Key crypto.Signer

	// KeyID is the kid by which the provider knows the key, as it does when it
	// reads a key set of the client. KeyID, Certificate or both are required.
	KeyID string

	// Certificate has the public half of Key, and was given to the provider:
	// assertions name its SHA-256 hash (x5t#S256), as Entra ID wants it. The
	// certificate's dates are not looked at; the provider does that.
	Certificate *x509.Certificate

	// Algorithm is RS256, PS256, ES256 or EdDSA. Empty means the one that goes
	// with the type of Key, and RS256 for RSA.
	Algorithm string

	// Audience is aud. Empty means the URL of the token endpoint; some providers
	// want their issuer identifier.
	Audience string

	// Lifetime is how long an assertion is good, from one second to 5 minutes.
	// 0 means 5 minutes.
	Lifetime time.Duration

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	// Rand is where jti comes from, and what Key is given to sign with. Nil means
	// crypto/rand.Reader. It must be safe for concurrent use.
	Rand io.Reader
}

// NewClientAssertion returns a function for Config.ClientAssertion: it signs an
// assertion of the client with a jti of its own for each call (OpenID Connect Core
// section 9, RFC 7523 section 3). It is safe for concurrent use. Its errors, and
// that of a config that cannot work, are of type [*Error] with InvalidConfig.
func NewClientAssertion(config ClientAssertionConfig) (func(ctx context.Context, tokenEndpoint string) (string, error), error) {
	if config.ClientID == "" || len(config.ClientID) > maxParameter || !plaintext.PrintableASCII(config.ClientID) {
		return nil, fail(InvalidConfig, "ClientID must be 1 to %d printable ASCII characters", maxParameter)
	}
	if len(config.Audience) > maxParameter || !plaintext.PrintableASCII(config.Audience) {
		return nil, fail(InvalidConfig, "Audience must be at most %d printable ASCII characters", maxParameter)
	}
	if config.Lifetime == 0 {
		config.Lifetime = maxAssertionLifetime
	}
	if config.Lifetime < time.Second || config.Lifetime > maxAssertionLifetime {
		return nil, fail(InvalidConfig, "Lifetime %s is not from 1 second to 5 minutes", config.Lifetime)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	signerConfig := jose.SignerConfig{
		Key: config.Key, Algorithm: jose.Algorithm(config.Algorithm), KeyID: config.KeyID, Rand: config.Rand,
	}
	if config.Certificate != nil {
		if config.Key == nil || !samePublicKey(config.Certificate.PublicKey, config.Key.Public()) {
			return nil, fail(InvalidConfig, "Certificate is not that of Key: their public keys differ")
		}
		sum := sha256.Sum256(config.Certificate.Raw)
		signerConfig.CertificateSHA256 = sum[:]
	}
	signer, err := jose.NewSigner(signerConfig)
	if err != nil {
		return nil, failCause(InvalidConfig, "the key of the client", err)
	}
	return func(_ context.Context, tokenEndpoint string) (string, error) {
		return config.assertion(signer, tokenEndpoint)
	}, nil
}

func (c *ClientAssertionConfig) assertion(signer *jose.Signer, tokenEndpoint string) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(c.Rand, id[:]); err != nil {
		return "", failCause(InvalidConfig, "no randomness from Rand", err)
	}
	audience := c.Audience
	if audience == "" {
		audience = tokenEndpoint
	}
	now := c.Now()
	compact, err := signer.Sign("JWT", map[string]any{
		"iss": c.ClientID,
		"sub": c.ClientID,
		"aud": audience,
		"jti": base64.RawURLEncoding.EncodeToString(id[:]),
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(c.Lifetime).Unix(),
	})
	if err != nil {
		return "", failCause(InvalidConfig, "signing a client assertion", err)
	}
	return compact, nil
}

func samePublicKey(a, b crypto.PublicKey) bool {
	switch a := a.(type) {
	case *rsa.PublicKey:
		return a.Equal(b)
	case *ecdsa.PublicKey:
		return a.Equal(b)
	case ed25519.PublicKey:
		return a.Equal(b)
	}
	return false
}

// credentials are what a client shows at the token endpoint for one code.
type credentials struct{ secret, assertion string }

// authenticate makes the client's credentials for one request.
func (p *Provider) authenticate(ctx context.Context, m *metadata) (credentials, error) {
	c := credentials{secret: p.config.ClientSecret}
	var err error
	var value string
	switch {
	case p.config.ClientSecretFunc != nil:
		c.secret, err = p.config.ClientSecretFunc(ctx)
		value = c.secret
	case p.config.ClientAssertion != nil:
		c.assertion, err = p.config.ClientAssertion(ctx, m.tokenEndpoint)
		value = c.assertion
	default:
		return c, nil
	}
	if err != nil {
		return credentials{}, failCause(ExchangeFailed, "making the client's credentials", err, value)
	}
	if value == "" || len(value) > maxAssertion || !plaintext.PrintableASCII(value) {
		return credentials{}, fail(ExchangeFailed, "the client's credentials are empty, too long, or not printable ASCII")
	}
	return c, nil
}
