package middleware

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"

	"github.com/stepwell/stepwell/internal/jose"
)

// KeySource finds the public keys of an issuer. A user pool is one, and an identity pool, for programs that contain it; [RemoteKeys] and [StaticKeys]
// are for the others.
type KeySource interface {
	// Key returns the key with ID kid and the one algorithm that it is for: *rsa.PublicKey of at least 2048 bits with "RS256" or "RS512",
	// *ecdsa.PublicKey on P-256 with "ES256", ed25519.PublicKey with "EdDSA". A token of another algorithm is refused.
	//
	// kid is up to 256 bytes of printable ASCII that the sender of the token chose: look it up, but never use it as a path, a
	// URL or a part of a query. It is empty if the token names no key.
	//
	// An unknown kid is an error, and the token is refused with 401. An error means that keys could not be looked up if it wraps
	// [Unavailable], a [net.Error], context.Canceled, or an error whose method Temporary() bool returns true: then the request
	// is refused with 503, so that clients keep their tokens and try again. Key must be safe for concurrent use.
	Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error)
}

// StaticKeys returns the keys of a JWK set (RFC 7517 section 5): what an issuer publishes at its jwks_uri. Keys that cannot
// verify tokens (of another type or algorithm, weak, for encryption, with a kid that occurs twice, with private members) are left
// out. A set of more than 512 KiB or 100 keys, or without any usable key, is an error.
//
// Such keys never change: a token of a key that the issuer introduces later is refused. RemoteKeys follows the issuer.
func StaticKeys(jwks []byte) (KeySource, error) {
	keys, err := jose.ParseKeySet(jwks)
	if err != nil {
		return nil, fmt.Errorf("middleware: StaticKeys: %w", err)
	}
	if len(keys) == 0 {
		return nil, errors.New("middleware: StaticKeys: the set has no key that can verify RS256, RS512, ES256 or EdDSA signatures")
	}
	return staticKeys(keys), nil
}

// staticKeys is a set of keys with distinct IDs.
type staticKeys []jose.PublicKey

// Key finds a key by its ID. A token that names no key is verified with the only one, if there is only one.
func (keys staticKeys) Key(_ context.Context, kid string) (string, crypto.PublicKey, error) {
	if kid == "" && len(keys) == 1 {
		return string(keys[0].Algorithm), keys[0].Key, nil
	}
	for _, k := range keys {
		if k.ID == kid && kid != "" {
			return string(k.Algorithm), k.Key, nil
		}
	}
	return "", nil, errors.New("middleware: no key with this ID in the set")
}

// observedKeys passes calls on, and remembers whether the source could answer: jose.Verify tells no difference between a key that
// does not exist and one that could not be looked up.
type observedKeys struct {
	source      KeySource
	unavailable error
}

func (o *observedKeys) Key(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
	alg, key, err := o.source.Key(ctx, kid)
	if err != nil && isUnavailable(err) {
		o.unavailable = err
	}
	return alg, key, err
}

// isUnavailable reports whether the error of a KeySource means that it could not look up keys.
func isUnavailable(err error) bool {
	var network net.Error
	var temporary interface{ Temporary() bool }
	return errors.Is(err, Unavailable) || errors.Is(err, context.Canceled) ||
		errors.As(err, &network) || errors.As(err, &temporary) && temporary.Temporary()
}
