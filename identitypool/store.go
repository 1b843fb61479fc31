package identitypool

import (
	"context"
	"errors"
	"time"
)

// Store remembers identities. Packages memstore and sqlstore implement it; to write another, make it pass storetest.Run.
//
// Rules that hold for every method:
//
//   - One call is one atomic act: it happens whole or not at all, also when the process dies in the middle, and also beside other
//     processes on the same database.
//   - pool is the identifier of the pool that asks. Nothing of another pool is ever found or changed.
//   - Providers, subjects and identifiers are compared byte by byte.
//   - Values are copied: a caller that changes what it passed or got changes nothing inside the store.
//   - Times come back as the same instant, rounded down to the microsecond, in UTC.
//   - Strings must be valid UTF-8 without NUL, times lie in the years 1 to 9999; others are refused with ErrInvalid before anything is
//     written. So is an identity without ID.
//   - ErrNotFound, ErrExists and ErrInvalid are found with errors.Is. Every other error means that the outcome is unknown.
//   - All methods are safe for concurrent use and honour the context.
type Store interface {
	// CreateIdentity adds an identity without logins. It returns ErrExists, and adds nothing, if there is one with this ID, and
	// ErrInvalid if it has logins.
	CreateIdentity(ctx context.Context, pool string, i Identity) error

	// IdentityForLogin returns the identity that has the one login of candidate. If there is none, it adds candidate and returns it.
	// However many ask at once for one login, all get the same identity, and only that one is added. It returns ErrExists, and adds
	// nothing, if the login is new but there is an identity with the candidate's ID, and ErrInvalid if candidate has not exactly one
	// login, with a provider and a subject.
	IdentityForLogin(ctx context.Context, pool string, candidate Identity) (Identity, error)

	// Identity returns the identity with this ID and its logins, ordered by provider and subject, or ErrNotFound.
	Identity(ctx context.Context, pool, id string) (Identity, error)
}

// The answers of a [Store] that are not failures.
var (
	// ErrNotFound means that the pool has no such identity.
	ErrNotFound = errors.New("identitypool: not found in the store")
	// ErrExists means that there is an identity with this ID already.
	ErrExists = errors.New("identitypool: exists in the store")
	// ErrInvalid means that a value cannot be stored; see [Store].
	ErrInvalid = errors.New("identitypool: cannot be stored")
)

// Identity is what a pool knows of one user or guest.
type Identity struct {
	// ID is "region:uuid". It is never given to anybody else.
	ID string
	// Logins are what the identity is used with; a guest's has none.
	Logins []Login
	// Created is when it was first seen.
	Created time.Time
}

// Login is an account at a provider. Both parts are compared byte by byte.
type Login struct {
	Provider string // the key in Config.Logins
	Subject  string // the claim "sub"
}
