package userpool

import (
	"context"
	"slices"
	"time"
)

// Passkey is a WebAuthn credential of a user.
type Passkey struct {
	// ID is the credential ID, 1 to 1,023 bytes.
	ID []byte
	// PublicKey is in the form of COSE_Key (RFC 9052).
	PublicKey []byte
	// SignCount is the greatest signature counter that was seen; zero for authenticators that do not count.
	SignCount uint32
	// AAGUID names the model of the authenticator; zero if it was not told.
	AAGUID []byte
	// Transports are how the authenticator can be reached, such as "internal", "hybrid" and "usb".
	Transports []string
	// UserVerified tells whether the person proved who they are to the authenticator, by a finger or a PIN, in the last ceremony.
	UserVerified bool
	// BackupEligible and BackedUp tell of a passkey that is synchronized between devices (WebAuthn Level 3, 6.1.3).
	BackupEligible bool
	BackedUp       bool
	// Name is what the user calls it.
	Name     string
	Created  time.Time
	LastUsed time.Time
}

// Clone returns a deep copy.
func (k Passkey) Clone() Passkey {
	k.ID = slices.Clone(k.ID)
	k.PublicKey = slices.Clone(k.PublicKey)
	k.AAGUID = slices.Clone(k.AAGUID)
	k.Transports = slices.Clone(k.Transports)
	return k
}

// WebAuthn makes and verifies the ceremonies of Web Authentication Level 3 for passkeys. Package passkey implements it. What it calls
// pending is opaque; the pool keeps it sealed, for one use and a few minutes, between the two halves of a ceremony. It is safe for
// concurrent use.
type WebAuthn interface {
	// BeginRegistration returns the options for navigator.credentials.create in their JSON form (PublicKeyCredentialCreationOptionsJSON).
	// The passkeys that the user has are excluded.
	BeginRegistration(ctx context.Context, user PasskeyUser) (options, pending []byte, err error)
	// FinishRegistration verifies what the browser returned (RegistrationResponseJSON). The result has all fields but Name and the times.
	FinishRegistration(ctx context.Context, user PasskeyUser, pending, response []byte) (Passkey, error)
	// BeginAuthentication returns the options for navigator.credentials.get (PublicKeyCredentialRequestOptionsJSON). allowed are the
	// passkeys that will do; none of them means that the authenticator shows the person which it has (discoverable credentials).
	BeginAuthentication(ctx context.Context, allowed []Passkey, requireUserVerification bool) (options, pending []byte, err error)
	// Credential reads, without verifying anything, which credential and which user handle (nil if none) a browser's answer
	// (AuthenticationResponseJSON) speaks of.
	Credential(response []byte) (id, userHandle []byte, err error)
	// FinishAuthentication verifies a browser's answer against the passkeys of the user, and returns the one that signed, with SignCount
	// and flags as they are now.
	FinishAuthentication(ctx context.Context, user PasskeyUser, pending, response []byte) (Passkey, error)
}

// PasskeyUser is a user in a WebAuthn ceremony.
type PasskeyUser struct {
	// Handle identifies the user to the authenticator: 1 to 64 bytes that tell nothing about the person.
	Handle []byte
	// Name and DisplayName are what the authenticator shows.
	Name, DisplayName string
	// Passkeys are those that the user has.
	Passkeys []Passkey
}
