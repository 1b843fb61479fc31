package userpool

import (
	"slices"
	"time"
)

// Kinds of [Session].
const (
	// SessionBrowser is a person signed in at the hosted pages with a cookie.
	SessionBrowser = "browser"
	// SessionTokens is a family of refresh tokens from InitiateAuth, with the access and ID tokens whose origin_jti is its ID.
	SessionTokens = "tokens"
	// SessionOAuth is such a family from an authorization code.
	SessionOAuth = "oauth"
)

// Session is one sign-in that lasts. It is over when it is deleted, when Expires has come, or when the Epoch of its user has moved on.
type Session struct {
	// ID is random, 128 bits, and no secret.
	ID   string
	Kind string
	Sub  string
	// Parent is the browser session that this one was derived from and ends with, or empty.
	Parent string
	// ClientID is the app client of a family of tokens.
	ClientID string
	// Scopes were granted to the family of tokens.
	Scopes []string
	// Secret is the SHA-256 of the secret that proves the session: the cookie's, or the part of a refresh token that all of a
	// family share.
	Secret []byte
	// Generation counts the rotations of the refresh token.
	Generation int64
	// Current are the SHA-256 hashes of the refresh tokens of this generation, several if one was asked for again within the grace period.
	Current [][]byte
	// Previous are those of the generation before, honoured within the grace period after Rotated.
	Previous [][]byte
	// Rotated is when a family of tokens moved to this generation, or, without rotation, was used; and when a session of a browser was last
	// noted to be in use.
	Rotated time.Time
	// Epoch is the Epoch of the user when the session began.
	Epoch int64
	// AuthTime is when the person last proved who they are.
	AuthTime time.Time
	// Provider is the name of the identity provider that the person came from, or empty.
	Provider string
	// ProviderSession is what is known of the session there, sealed; nil for nothing.
	ProviderSession []byte
	// AMR are the methods by which the person proved who they are (RFC 8176), such as "pwd", "otp" and "mfa".
	AMR []string
	// DeviceKey names the device that the person signed in from, where the pool tracks devices, or is empty.
	DeviceKey string
	// IPAddress and UserAgent are where the session was begun from, as far as the program said; they are shown to the user.
	IPAddress string
	UserAgent string
	Created   time.Time
	Expires   time.Time
	// Version is counted up by the store with every update.
	Version int64
}

// Clone returns a deep copy.
func (s Session) Clone() Session {
	s.Scopes = slices.Clone(s.Scopes)
	s.AMR = slices.Clone(s.AMR)
	s.Secret = slices.Clone(s.Secret)
	s.ProviderSession = slices.Clone(s.ProviderSession)
	s.Current = cloneHashes(s.Current)
	s.Previous = cloneHashes(s.Previous)
	return s
}

func cloneHashes(in [][]byte) [][]byte {
	out := slices.Clone(in)
	for i := range out {
		out[i] = slices.Clone(out[i])
	}
	return out
}
