package userpool

import (
	"maps"
	"slices"
	"time"
)

// UserStatus is the state of a user, with Cognito's names.
type UserStatus string

const (
	// StatusUnconfirmed is a user who signed up and has not yet shown the code that was sent.
	StatusUnconfirmed UserStatus = "UNCONFIRMED"
	// StatusConfirmed is a user who can sign in with a password.
	StatusConfirmed UserStatus = "CONFIRMED"
	// StatusExternalProvider is a user who signs in at another provider and has no password here.
	StatusExternalProvider UserStatus = "EXTERNAL_PROVIDER"
)

// User is what the pool knows of a user, and what the store keeps.
type User struct {
	// Sub identifies the user for ever: a random UUID (RFC 9562, version 4), never given to another user.
	Sub string
	// Username is Sub for a user who signed up, as in a Cognito user pool whose users sign in by e-mail address, and
	// "<provider>_<subject>" for one who came from another provider.
	Username string
	Status   UserStatus
	// Enabled is false for a user whom an administrator has shut out.
	Enabled bool
	// Attributes are the standard claims of OpenID Connect Core 5.1 that the user has, by name; booleans are "true" and "false".
	Attributes map[string]string
	// PasswordHash is a PHC string, or empty.
	PasswordHash string
	// Identifiers are what the user is found by; each is unique in the pool.
	Identifiers []Identifier
	// Codes are the outstanding one-time codes, at most one for each purpose.
	Codes []OneTimeCode
	// Epoch is counted up to end all sessions: a session that began in an earlier epoch is over.
	Epoch    int64
	Created  time.Time
	Modified time.Time
	// Version is counted up by the store with every update.
	Version int64
}

// Identifier is something that finds one user of a pool. Values are canonical; the store compares them byte by byte.
type Identifier struct {
	// Kind is IdentifierEmail or IdentifierFederated.
	Kind  string
	Value string
}

// Kinds of [Identifier].
const (
	// IdentifierEmail is a canonical e-mail address; see the package documentation.
	IdentifierEmail = "email"
	// IdentifierFederated is the name of a provider, a space, and the subject there, exactly as the provider says it.
	IdentifierFederated = "federated"
)

// OneTimeCode is a code that was sent to a user.
type OneTimeCode struct {
	// Purpose is what the code proves; a code for one purpose is worth nothing for another.
	Purpose string
	// Hash is a MAC of the code under a key of the pool, never the code.
	Hash []byte
	// Tries counts the wrong answers.
	Tries   int
	Expires time.Time
}

// Clone returns a deep copy.
func (u User) Clone() User {
	u.Attributes = maps.Clone(u.Attributes)
	u.Identifiers = slices.Clone(u.Identifiers)
	u.Codes = slices.Clone(u.Codes)
	for i := range u.Codes {
		u.Codes[i].Hash = slices.Clone(u.Codes[i].Hash)
	}
	return u
}
