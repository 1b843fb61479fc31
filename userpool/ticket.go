package userpool

import "time"

// Ticket is something that may be used once: an authorization code, a sign-in that is pending at another provider.
type Ticket struct {
	// Kind tells what it is for; a ticket of one kind is never found as another.
	Kind string
	// Hash is the SHA-256 of the secret that its holder shows.
	Hash []byte
	// Data is what the pool needs when it is used; the store does not look into it. It holds no secret in the clear.
	Data    []byte
	Expires time.Time
	// Used is true once the ticket was taken. PutTicket ignores it.
	Used bool
}

// Counter counts attempts under a key.
type Counter struct {
	// Key names what is counted; it holds no personal data in the clear.
	Key string
	// N is the number of attempts, Last the time of the last, Until the time before which no other is allowed. The store only keeps them:
	// what they mean is for the pool to say.
	N     int64
	Last  time.Time
	Until time.Time
	// Version is counted up by the store with every write.
	Version int64
}

// SealedKey is a key of the pool, sealed by its KeyWrapper.
type SealedKey struct {
	// ID is the kid of a signing key.
	ID string
	// Use is KeyUseSignature, KeyUseMAC or KeyUseSeal.
	Use string
	// Serial counts the keys of one use from 1.
	Serial int64
	// Algorithm is the JWS algorithm of a signing key.
	Algorithm string
	// Sealed is the secret key as [KeyWrapper] wrapped it.
	Sealed []byte
	// Public is the public key of a signing key, in a JWK set of one (RFC 7517).
	Public  []byte
	Created time.Time
	// ActiveFrom is when the key begins to sign.
	ActiveFrom time.Time
}

// Uses of a [SealedKey].
const (
	// KeyUseSignature signs tokens.
	KeyUseSignature = "sig"
	// KeyUseMAC makes the hashes of one-time codes and the keys of counters.
	KeyUseMAC = "mac"
	// KeyUseSeal seals what the pool must be able to read again: secrets of authenticator apps, SRP verifiers, settings.
	KeyUseSeal = "seal"
)
