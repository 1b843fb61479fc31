package identitypool

import (
	"context"
	"errors"
	"time"
)

// Store remembers what a pool must not forget. Packages memstore and sqlstore implement it; to write another, make it pass storetest.Run.
//
// Rules that hold for every method:
//
//   - One call is one atomic act: it happens whole or not at all, also when the process dies in the middle, and also beside other
//     processes on the same database.
//   - pool is the identifier of the pool that asks. Nothing of another pool is ever found or changed.
//   - Providers, subjects, identifiers and keys are compared byte by byte.
//   - Values are copied: a caller that changes what it passed or got changes nothing inside the store.
//   - Times come back as the same instant, rounded down to the microsecond, in UTC.
//   - Strings must be valid UTF-8 without NUL, times lie in the years 1 to 9999; others are refused with ErrInvalid before anything is
//     written, and nothing is found by them. An empty ID, Key or Subject is refused too.
//   - ErrNotFound, ErrExists, ErrConflict and ErrInvalid are found with errors.Is. Every other error means that the outcome is unknown.
//   - All methods are safe for concurrent use and honour the context.
type Store interface {
	IdentityStore
	RevocationStore
	TicketStore
	KeyStore
}

// IdentityStore remembers who got which identity.
type IdentityStore interface {
	// Identity returns the identity with this ID, or ErrNotFound. Its logins are ordered by provider and subject.
	Identity(ctx context.Context, pool, id string) (Identity, error)

	// IdentityOfLogin returns the identity that has the login, or ErrNotFound.
	IdentityOfLogin(ctx context.Context, pool string, login Login) (Identity, error)

	// SaveIdentities writes 1 to 25 identities as they are given, all or none. One whose Version is 0 is new; any other replaces the one
	// with its ID, which must still have that Version. Each is stored with a Version that is one higher, and as Authenticated if it has
	// logins. A login belongs to one identity of the pool: it may move from one of the identities to another of the same call.
	//
	// It returns ErrConflict, and writes nothing, if a new ID exists, an identity that is to be replaced has another Version or is gone,
	// or a login belongs to an identity that is not in the call. It returns ErrInvalid if two identities have one ID or one login, or a
	// login has no provider or no subject, and for another number of identities.
	SaveIdentities(ctx context.Context, pool string, identities []Identity) error

	// ListIdentities returns at most limit identities (1 to 1000) in the order of their IDs, those after the ID after, which need not
	// exist; "" begins. With enabledOnly it leaves out those that are disabled. It returns ErrInvalid for another limit.
	ListIdentities(ctx context.Context, pool, after string, limit int, enabledOnly bool) ([]Identity, error)

	// DeleteIdentity removes an identity with its logins. It returns ErrNotFound if there is none.
	DeleteIdentity(ctx context.Context, pool, id string) error
}

// RevocationStore remembers which credentials are no longer good.
type RevocationStore interface {
	// Revoke adds a revocation. If there is one with its Subject, the later of the two values of Before and of Expires stay.
	Revoke(ctx context.Context, pool string, r Revocation) error

	// Revocations returns the revocations of the subjects, in any order, or all there are if subjects is nil. It may leave out those that
	// expired before now.
	Revocations(ctx context.Context, pool string, subjects []string, now time.Time) ([]Revocation, error)
}

// TicketStore remembers values for a short time. Replay guards and logins that may be used once are made of it.
type TicketStore interface {
	// CreateTicket adds a ticket. It returns ErrExists, and adds nothing, if there is one with the same Key that has not expired at now.
	// However many ask at once, one succeeds.
	CreateTicket(ctx context.Context, pool string, t Ticket, now time.Time) error

	// TakeTicket removes the ticket with this key and returns it, or ErrNotFound if there is none that has not expired at now. However
	// many ask at once, one gets it.
	TakeTicket(ctx context.Context, pool, key string, now time.Time) (Ticket, error)

	// Purge removes the tickets and revocations of the pool that expired before now.
	Purge(ctx context.Context, pool string, now time.Time) error
}

// KeyStore remembers the keys that sign tokens. Their private parts are sealed by the pool.
type KeyStore interface {
	// SigningKeys returns all signing keys of the pool, the oldest first.
	SigningKeys(ctx context.Context, pool string) ([]SigningKey, error)

	// ReplaceSigningKeys makes keys the signing keys of the pool if those that are there are the ones with the IDs in old, no more and no
	// fewer; otherwise it changes nothing and returns ErrConflict. So of several processes that rotate at once, one does. It returns
	// ErrInvalid if two keys have one ID.
	ReplaceSigningKeys(ctx context.Context, pool string, old []string, keys []SigningKey) error
}

// The answers of a [Store] that are not failures.
var (
	// ErrNotFound means that the pool has no such thing.
	ErrNotFound = errors.New("identitypool: not found in the store")
	// ErrExists means that there is one already.
	ErrExists = errors.New("identitypool: exists in the store")
	// ErrConflict means that somebody else changed it meanwhile: read again and decide again.
	ErrConflict = errors.New("identitypool: changed in the store meanwhile")
	// ErrInvalid means that a value cannot be stored; see [Store].
	ErrInvalid = errors.New("identitypool: cannot be stored")
)

// Identity is what a pool knows of one user or guest.
type Identity struct {
	// ID is "region:uuid". It is never given to anybody else.
	ID string
	// Logins are what the identity is used with, ordered by provider and subject; a guest's has none.
	Logins []Login
	// Authenticated is true as soon as the identity had a login, and stays so: without it, it is a guest's.
	Authenticated bool
	// Disabled is true of an identity that may not be used.
	Disabled bool
	// MergedInto is the ID of the identity that took the logins of this one, or "".
	MergedInto string
	// Created is when it was first seen, Modified when it last changed.
	Created, Modified time.Time
	// Version counts the changes. It is 0 before the identity is stored.
	Version int64
}

// Login is an account at a provider. Both parts are compared byte by byte.
type Login struct {
	Provider string // the key in Config.Providers, or Config.DeveloperProvider
	Subject  string // the claim "sub", or the developer's name for the user
}

// Revocation ends credentials that were issued up to a time.
type Revocation struct {
	// Subject tells whose: "all", or a kind and a name, such as "identity/" and its ID. Stores need not understand it.
	Subject string
	// Before is the time: credentials that were issued then or earlier are no longer good.
	Before time.Time
	// Expires is when all of them have expired anyway.
	Expires time.Time
}

// Ticket is a value that is kept for a short time.
type Ticket struct {
	Key     string // 1 to 255 bytes
	Value   []byte // at most 64 KiB; an empty one comes back as nil
	Expires time.Time
}

// SigningKey is a key that signs the tokens of a pool.
type SigningKey struct {
	ID      string // the key ID (RFC 7517, section 4.5)
	Sealed  []byte // the private key, sealed by the pool; at most 64 KiB
	Created time.Time
	Retired time.Time // when it stops being offered for verification; zero while that is not decided
}
