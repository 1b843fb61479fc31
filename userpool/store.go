package userpool

import (
	"context"
	"errors"
	"time"
)

// Store keeps everything that a pool must remember. It is the sum of one small interface per aggregate. Packages memstore and sqlstore
// implement it; to write another, make it pass storetest.Run.
//
// Rules that hold for every method:
//
//   - One call is one atomic act: it happens whole or not at all, also when the process dies in the middle, and also beside other
//     processes on the same database.
//   - pool is the identifier of the pool that asks. Nothing of another pool is ever found, changed or deleted.
//   - Values are copied: a caller that changes what it passed or got changes nothing inside the store.
//   - Times come back as the same instant, to the microsecond, in UTC. The zero time comes back as the zero time.
//   - Strings must be valid UTF-8 without NUL. What a thing is found by has 1 to 1,000 bytes, the identifier of a pool 1 to 200. Times
//     lie in the years 1 to 9999. A user has no identifier twice. A store refuses to write anything else, with ErrInvalid, and finds
//     nothing under a name that cannot be stored.
//   - Concurrency is settled by versions: an Update succeeds only if Version equals the stored one, which it then increments;
//     otherwise it changes nothing and returns ErrStale. The caller reads again and decides again.
//   - ErrNotFound, ErrExists, ErrStale and ErrInvalid are found with errors.Is. Every other error means that the outcome is unknown.
//   - All methods are safe for concurrent use and honour the context.
type Store interface {
	UserStore
	GroupStore
	SessionStore
	TicketStore
	CounterStore
	RecordStore
	AuditStore
	KeyStore
	Purger
	PoolDeleter
}

// The answers of a [Store] that are not failures.
var (
	// ErrNotFound means that the pool holds no such thing.
	ErrNotFound = errors.New("userpool: not found in the store")
	// ErrExists means that a thing with this key, or one of these identifiers, is there already.
	ErrExists = errors.New("userpool: exists in the store")
	// ErrStale means that the thing was changed since it was read.
	ErrStale = errors.New("userpool: changed in the store since it was read")
	// ErrInvalid means that a value cannot be stored; see [Store].
	ErrInvalid = errors.New("userpool: cannot be stored")
)

// UserStore keeps the users with their identifiers.
type UserStore interface {
	// CreateUser adds a user with Version 1, whatever u.Version says. It returns ErrExists, and adds nothing, if the sub or any of
	// the identifiers is taken.
	CreateUser(ctx context.Context, pool string, u User) error

	// User returns the user with this sub, or ErrNotFound.
	User(ctx context.Context, pool, sub string) (User, error)

	// UserByIdentifier returns the user who holds this identifier, compared byte by byte, or ErrNotFound.
	UserByIdentifier(ctx context.Context, pool string, id Identifier) (User, error)

	// UpdateUser replaces all of a user, identifiers included, if u.Version is the stored version; the stored version becomes
	// u.Version+1. It returns ErrNotFound for an unknown sub, ErrStale for another version, and ErrExists if another user holds one
	// of the identifiers.
	UpdateUser(ctx context.Context, pool string, u User) error

	// DeleteUser deletes a user with all identifiers, group memberships, sessions and the records that the user owns. version must be the
	// stored version, or 0 for any. It returns ErrNotFound for an unknown sub, ErrStale for another version.
	DeleteUser(ctx context.Context, pool, sub string, version int64) error

	// ListUsers returns the users that a query finds, in an order of the store's choice that does not change while users are added and
	// deleted: a user who is there all the time is found once over all pages. The last page costs what the first does. A query with an
	// After that no page of the same query gave is answered with ErrInvalid, or with some page of the same query.
	ListUsers(ctx context.Context, pool string, q UserQuery) (UserPage, error)
}

// GroupStore keeps groups and who belongs to them.
type GroupStore interface {
	// CreateGroup adds a group, or returns ErrExists if the name is taken.
	CreateGroup(ctx context.Context, pool string, g Group) error

	// Group returns the group with this name, or ErrNotFound.
	Group(ctx context.Context, pool, name string) (Group, error)

	// UpdateGroup replaces all of a group but Created, or returns ErrNotFound.
	UpdateGroup(ctx context.Context, pool string, g Group) error

	// ListGroups returns at most limit groups whose names come after the given one, ordered by name, byte by byte.
	ListGroups(ctx context.Context, pool, after string, limit int) ([]Group, error)

	// UsersInGroup returns at most limit members of a group whose sub comes after the given one, ordered by sub; none for an unknown group.
	UsersInGroup(ctx context.Context, pool, group, after string, limit int) ([]User, error)

	// DeleteGroup deletes a group with all memberships, or returns ErrNotFound.
	DeleteGroup(ctx context.Context, pool, name string) error

	// GroupsOf returns the groups of a user, ordered by name; none for an unknown user.
	GroupsOf(ctx context.Context, pool, sub string) ([]Group, error)

	// AddToGroup makes a user a member of a group; doing so again changes nothing. It returns ErrNotFound if there is no such user
	// or no such group.
	AddToGroup(ctx context.Context, pool, sub, group string) error

	// RemoveFromGroup ends a membership, or returns ErrNotFound if there is none.
	RemoveFromGroup(ctx context.Context, pool, sub, group string) error
}

// SessionStore keeps the sessions of users: those of a browser, and the families of refresh tokens.
type SessionStore interface {
	// CreateSession adds a session with Version 1, whatever s.Version says. It returns ErrExists if the ID is taken, and ErrNotFound
	// if there is no user s.Sub, or if s.Parent is not empty and no such session is there.
	CreateSession(ctx context.Context, pool string, s Session) error

	// Session returns the session with this ID, expired or not, or ErrNotFound.
	Session(ctx context.Context, pool, id string) (Session, error)

	// UpdateSession replaces all of a session if s.Version is the stored version; the stored version becomes s.Version+1. It returns
	// ErrNotFound for an unknown ID, ErrStale for another version.
	UpdateSession(ctx context.Context, pool string, s Session) error

	// DeleteSession deletes a session and those whose Parent it is, or returns ErrNotFound.
	DeleteSession(ctx context.Context, pool, id string) error

	// SessionsOf returns the sessions of a user, expired or not, the newest first, at most limit.
	SessionsOf(ctx context.Context, pool, sub string, limit int) ([]Session, error)

	// DeleteSessionsOf deletes all sessions of a user. It is no error if there are none.
	DeleteSessionsOf(ctx context.Context, pool, sub string) error
}

// TicketStore keeps what may be used once: authorization codes, sign-ins pending at another provider.
type TicketStore interface {
	// PutTicket adds a ticket, or returns ErrExists if Kind and Hash are taken.
	PutTicket(ctx context.Context, pool string, t Ticket) error

	// TakeTicket marks a ticket as used and returns it. The first caller, among any number at once, gets Used == false; every later
	// one gets the same ticket with Used == true, until it is purged. It returns ErrNotFound for an unknown one. Expiry is the
	// caller's to judge.
	TakeTicket(ctx context.Context, pool, kind string, hash []byte) (Ticket, error)
}

// CounterStore counts attempts.
type CounterStore interface {
	// Counter returns the counter with this key. If there is none, it returns a Counter that is zero but for its Key.
	Counter(ctx context.Context, pool, key string) (Counter, error)

	// PutCounter stores a counter if c.Version is the stored version, or 0 where none is stored; the stored version becomes c.Version+1.
	// Otherwise it returns ErrStale.
	PutCounter(ctx context.Context, pool string, c Counter) error
}

// RecordStore keeps what the pool knows by a name and the store does not look into: devices, import jobs, stored settings.
type RecordStore interface {
	// Record returns the record with this kind and key, or ErrNotFound.
	Record(ctx context.Context, pool, kind, key string) (Record, error)

	// PutRecord stores a record if r.Version is the stored version, or 0 where none is stored; the stored version becomes r.Version+1.
	// Otherwise it returns ErrStale. It returns ErrNotFound if r.Owner is not empty and no such user is there. The owner of a stored
	// record cannot be changed: the attempt is ErrInvalid.
	PutRecord(ctx context.Context, pool string, r Record) error

	// DeleteRecord deletes a record, or returns ErrNotFound.
	DeleteRecord(ctx context.Context, pool, kind, key string) error

	// ListRecords returns at most limit records of a kind whose keys come after the given one, ordered by key, byte by byte: those of one
	// owner, or those of all if owner is empty.
	ListRecords(ctx context.Context, pool, kind, owner, after string, limit int) ([]Record, error)
}

// AuditStore keeps the audit trail: records with serial numbers from 1, without a gap, that are never changed.
type AuditStore interface {
	// AppendAudit adds records, whose Serials follow one another, all or none. It returns ErrStale if the first Serial does not follow the
	// last stored one, and ErrInvalid if they do not follow one another.
	AppendAudit(ctx context.Context, pool string, records []AuditRecord) error

	// LastAudit returns the record with the greatest Serial. If there is none, it returns a zero AuditRecord.
	LastAudit(ctx context.Context, pool string) (AuditRecord, error)

	// ListAudit returns the records that a query finds, ordered by Serial.
	ListAudit(ctx context.Context, pool string, q AuditQuery) ([]AuditRecord, error)

	// DeleteAudit deletes the records up to and with this Serial, but never the last one, and tells how many it deleted.
	DeleteAudit(ctx context.Context, pool string, through int64) (int, error)
}

// KeyStore keeps the keys of a pool, sealed.
type KeyStore interface {
	// Keys returns all keys of the pool, ordered by Use and then by Serial.
	Keys(ctx context.Context, pool string) ([]SealedKey, error)

	// AddKey adds a key, or returns ErrExists if a key of this Use with this Serial, or any key with this ID, is there: of two processes
	// that make the same next key, one wins.
	AddKey(ctx context.Context, pool string, k SealedKey) error

	// DeleteKey deletes the key with this ID, or returns ErrNotFound.
	DeleteKey(ctx context.Context, pool, id string) error
}

// Purger deletes what no longer matters.
type Purger interface {
	// Purge deletes at most limit sessions and limit tickets whose Expires is before the given time, and limit counters whose Last is
	// before it, and tells how many rows it deleted.
	Purge(ctx context.Context, pool string, before time.Time, limit int) (int, error)
}

// PoolDeleter deletes whole pools.
type PoolDeleter interface {
	// DeletePool deletes everything of a pool. It is no error if there is nothing.
	DeletePool(ctx context.Context, pool string) error
}
