package jose

import (
	"bytes"
	"context"
	"crypto"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// KeySource is where Verify finds keys.
type KeySource interface {
	// Key returns the key with ID kid and the one algorithm that it is for:
	// *rsa.PublicKey with "RS256" or "RS512", *ecdsa.PublicKey with "ES256",
	// ed25519.PublicKey with "EdDSA". kid is printable ASCII of at most 256
	// bytes that the sender of the token chose, or "" when the token names no
	// key. An unknown kid is an error. Key is called concurrently.
	Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error)
}

// Expected says which tokens Verify accepts.
type Expected struct {
	// Issuer is what iss must be, byte for byte. Required without IssuerOf.
	Issuer string
	// IssuerOf, when it is not nil, stands in the place of Issuer: it is told
	// the claims, whose signature has been verified and nothing else yet, and
	// returns what iss must be, byte for byte. An error, or "", refuses the token.
	IssuerOf func(claims map[string]any) (string, error)
	// Audience must be aud, or among aud; when aud names several, azp must be
	// Audience too (OpenID Connect Core section 3.1.3.7). "" leaves aud
	// unchecked but for its form: the caller checks who the token is for.
	Audience string
	// Types are the accepted values of typ, compared without regard to case and
	// with the prefix "application/" removed (RFC 7515 section 4.1.9); "" among
	// them accepts a token without typ. Empty means: no typ, or "JWT".
	Types []string
	// Now is the time of the check. Required.
	Now time.Time
	// AllowExpired accepts a token whose exp has passed, for an id_token_hint
	// (OpenID Connect RP-Initiated Logout 1.0 section 2). Such a token proves
	// nothing about the present.
	AllowExpired bool
	// AllowNoExpiry accepts a token without exp: signed userinfo, which is good
	// for the answer it came in (OpenID Connect Core section 5.3.2). One that has
	// exp is judged by it.
	AllowNoExpiry bool
}

// Verify returns the claims of compact, a signed token, if it passes every
// check that the package documentation lists, in that order. Members of the
// claims are as DecodeObject returns them. exp is required; nbf and iat are
// checked when present, each with a tolerance of ClockSkew. Errors are of type
// *Error; ctx is for the key source only.
func Verify(ctx context.Context, compact string, keys KeySource, want Expected) (map[string]any, error) {
	if keys == nil || want.Issuer == "" && want.IssuerOf == nil || want.Now.IsZero() {
		return nil, refuse(ErrClaims, "Verify needs a key source, an expected issuer and the time")
	}
	t, err := parseToken(compact)
	if err != nil {
		return nil, err
	}
	if err := want.checkType(t); err != nil {
		return nil, err
	}
	alg, key, err := keys.Key(ctx, t.keyID)
	if err != nil {
		return nil, wrap(ErrKey, err, "no key %.64q", t.keyID)
	}
	if alg != string(t.algorithm) {
		return nil, refuse(ErrKey, "token says %s, but key %.64q is for %.20q", t.algorithm, t.keyID, alg)
	}
	if err := checkKey(t.algorithm, key); err != nil {
		return nil, err
	}
	if err := verifySignature(t.algorithm, key, t.input, t.signature); err != nil {
		return nil, err
	}
	payload, err := decodeSegment(t.payload)
	if err != nil {
		return nil, err
	}
	claims, err := decodeObject(string(payload))
	if err != nil {
		return nil, wrap(ErrMalformed, err, "token payload")
	}
	if err := want.checkClaims(claims); err != nil {
		return nil, err
	}
	return claims, nil
}

func (want *Expected) checkType(t *token) error {
	if len(want.Types) == 0 {
		if !t.hasType || sameType(t.typ, "JWT") {
			return nil
		}
		return refuse(ErrClaims, "token of type %.64q where a JWT is expected", t.typ)
	}
	for _, typ := range want.Types {
		if typ == "" && !t.hasType || typ != "" && t.hasType && sameType(t.typ, typ) {
			return nil
		}
	}
	return refuse(ErrClaims, "token of type %.64q where one of %q is expected", t.typ, want.Types)
}

func sameType(a, b string) bool { return strings.EqualFold(shortType(a), shortType(b)) }

func shortType(typ string) string {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		return typ[len(prefix):]
	}
	return typ
}

// verifySignature verifies signature over input. key has passed checkKey.
func verifySignature(alg Algorithm, key crypto.PublicKey, input, signature []byte) error {
	if alg == ES256 && !validES256(signature) {
		return refuse(ErrSignature, "ES256 signature is not r and s of 32 bytes each, from 1 to n-1")
	}
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(alg))
	if err != nil {
		return wrap(ErrKey, err, "no verifier for %s", alg)
	}
	if verifier.Verify(input, signature, key) != nil {
		return refuse(ErrSignature, "signature is not valid")
	}
	return nil
}

// The order n of P-256 (FIPS 186-5) and zero, both of 32 bytes.
var (
	orderP256 = unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	zero32    = make([]byte, 32)
)

// validES256 reports whether both halves of a signature of 64 bytes are in the
// range from 1 to n-1 (RFC 7518 section 3.4, FIPS 186-5 section 6.4.2). It does
// not ask for the smaller of the two possible s: other issuers do not care.
func validES256(signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	for _, half := range [][]byte{signature[:32], signature[32:]} {
		if bytes.Equal(half, zero32) || bytes.Compare(half, orderP256) >= 0 {
			return false
		}
	}
	return true
}
