// Package storecheck holds what the stores of a pool do alike before they write: refuse what the contract of userpool.Store refuses,
// and give a value the form in which it comes back.
//
// Each function returns a deep copy, with times rounded down to the microsecond in UTC and empty lists as nil, or an error that is
// userpool.ErrInvalid and names what is wrong, but not the value, which may be personal.
package storecheck

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/stepwell/stepwell/internal/storable"
	"github.com/stepwell/stepwell/userpool"
)

// Bounds of what a value is found by, in bytes. PostgreSQL holds at most about 2,700 bytes in one entry of an index.
const (
	// MaxPool bounds the name of a pool.
	MaxPool = 200
	// MaxKey bounds every other key: a sub, an identifier's kind and value, an ID, the name of a group, the hash of a ticket.
	MaxKey = 1000
	// MaxCredentialID bounds the ID of a WebAuthn credential (WebAuthn Level 3, 4).
	MaxCredentialID = 1023
	// MaxLimit bounds the limit of a query for users or audit records.
	MaxLimit = 1000
)

// User checks a user.
func User(pool string, u userpool.User) (userpool.User, error) {
	c := check(pool, "user")
	c.key("sub", u.Sub)
	c.text("user name, status or password hash", u.Username, string(u.Status), u.PasswordHash)
	for k, v := range u.Attributes {
		c.text("attribute", k, v)
	}
	for k, v := range u.Pending {
		c.text("pending attribute", k, v)
	}
	seen := make(map[userpool.Identifier]bool, len(u.Identifiers))
	for _, id := range u.Identifiers {
		c.key("kind of an identifier", id.Kind)
		c.key("value of an identifier", id.Value)
		if seen[id] {
			c.refuse("an identifier stands twice")
		}
		seen[id] = true
	}
	u = u.Clone()
	c.time("time", &u.Created, &u.Modified)
	for i := range u.Codes {
		c.key("purpose of a code", u.Codes[i].Purpose)
		c.time("expiry of a code", &u.Codes[i].Expires)
		u.Codes[i].Hash = nilIfEmpty(u.Codes[i].Hash)
	}
	if len(u.Attributes) == 0 {
		u.Attributes = nil
	}
	if len(u.Pending) == 0 {
		u.Pending = nil
	}
	u.Identifiers, u.Codes = nilIfEmpty(u.Identifiers), nilIfEmpty(u.Codes)
	c.credentials(&u)
	return u, c.err
}

// credentials checks what a user proves who they are with, in a deep copy.
func (c *checker) credentials(u *userpool.User) {
	c.text("hash of a password before", u.PasswordHistory...)
	c.time("time of the password", &u.PasswordChanged, &u.PasswordExpires)
	for _, t := range []*userpool.SoftwareToken{u.SoftwareToken, u.NewSoftwareToken} {
		if t != nil {
			c.text("name of an authenticator app", t.Name)
			c.time("time of an authenticator app", &t.Created)
			t.Secret = nilIfEmpty(t.Secret)
		}
	}
	c.text("second factor", string(u.PreferredMFA))
	for _, name := range u.MFA {
		c.text("second factor", string(name))
	}
	for i := range u.Passkeys {
		k := &u.Passkeys[i]
		c.length("ID of a passkey", len(k.ID), MaxCredentialID)
		c.text("name of a passkey", k.Name)
		c.text("transport of a passkey", k.Transports...)
		c.time("time of a passkey", &k.Created, &k.LastUsed)
		k.PublicKey, k.AAGUID, k.Transports = nilIfEmpty(k.PublicKey), nilIfEmpty(k.AAGUID), nilIfEmpty(k.Transports)
	}
	for i := range u.Identities {
		c.text("account at another provider", u.Identities[i].Provider, u.Identities[i].Subject)
		c.time("time of an account at another provider", &u.Identities[i].Linked)
	}
	u.PasswordHistory, u.SRPVerifier, u.MFA = nilIfEmpty(u.PasswordHistory), nilIfEmpty(u.SRPVerifier), nilIfEmpty(u.MFA)
	u.RecoveryCodes, u.Passkeys, u.Identities = nilIfEmpty(u.RecoveryCodes), nilIfEmpty(u.Passkeys), nilIfEmpty(u.Identities)
}

// Group checks a group.
func Group(pool string, g userpool.Group) (userpool.Group, error) {
	c := check(pool, "group")
	c.key("name", g.Name)
	c.text("description or role", g.Description, g.RoleARN)
	g = g.Clone()
	c.time("time", &g.Created)
	return g, c.err
}

// Membership checks the names of a user and a group.
func Membership(pool, sub, group string) error {
	c := check(pool, "membership")
	c.key("sub", sub)
	c.key("group", group)
	return c.err
}

// Session checks a session.
func Session(pool string, s userpool.Session) (userpool.Session, error) {
	c := check(pool, "session")
	c.key("ID", s.ID)
	c.key("sub", s.Sub)
	if s.Parent != "" {
		c.key("parent", s.Parent)
	}
	c.text("kind, client or provider", s.Kind, s.ClientID, s.Provider)
	c.text("scope", s.Scopes...)
	c.text("authentication method", s.AMR...)
	c.text("device, address or user agent", s.DeviceKey, s.IPAddress, s.UserAgent)
	s = s.Clone()
	c.time("time", &s.Rotated, &s.AuthTime, &s.Created, &s.Expires)
	s.Scopes, s.AMR, s.Secret = nilIfEmpty(s.Scopes), nilIfEmpty(s.AMR), nilIfEmpty(s.Secret)
	s.Current, s.Previous, s.ProviderSession = nilIfEmpty(s.Current), nilIfEmpty(s.Previous), nilIfEmpty(s.ProviderSession)
	return s, c.err
}

// Ticket checks a ticket, which comes back as not used.
func Ticket(pool string, t userpool.Ticket) (userpool.Ticket, error) {
	c := check(pool, "ticket")
	c.key("kind", t.Kind)
	c.length("hash", len(t.Hash), MaxKey)
	c.time("expiry", &t.Expires)
	t.Hash, t.Data = clone(t.Hash), clone(t.Data)
	t.Used = false
	return t, c.err
}

// Counter checks a counter.
func Counter(pool string, n userpool.Counter) (userpool.Counter, error) {
	c := check(pool, "counter")
	c.key("key", n.Key)
	c.time("time", &n.Last, &n.Until)
	return n, c.err
}

// Key checks a sealed key.
func Key(pool string, k userpool.SealedKey) (userpool.SealedKey, error) {
	c := check(pool, "key")
	c.key("ID", k.ID)
	c.key("use", k.Use)
	c.text("algorithm", k.Algorithm)
	c.time("time", &k.Created, &k.ActiveFrom)
	k.Sealed, k.Public = clone(k.Sealed), clone(k.Public)
	return k, c.err
}

// Record checks a record.
func Record(pool string, r userpool.Record) (userpool.Record, error) {
	c := check(pool, "record")
	c.key("kind", r.Kind)
	c.key("key", r.Key)
	if r.Owner != "" {
		c.key("owner", r.Owner)
	}
	r.Data = clone(r.Data)
	return r, c.err
}

// OwnerChanged is what a store answers to a record that has another owner than the stored one.
func OwnerChanged() error {
	return fmt.Errorf("%w: record: the owner of a record cannot be changed", userpool.ErrInvalid)
}

// Audit checks records of the audit trail that are to be appended together.
func Audit(pool string, records []userpool.AuditRecord) ([]userpool.AuditRecord, error) {
	c := check(pool, "audit record")
	out := make([]userpool.AuditRecord, len(records))
	for i, r := range records {
		switch {
		case r.Serial < 1:
			c.refuse(fmt.Sprintf("the serial number is %d, and they begin with 1", r.Serial))
		case r.Serial != records[0].Serial+int64(i):
			c.refuse(fmt.Sprintf("the serial number %d does not follow the one before", r.Serial))
		}
		if r.Sub != "" {
			c.key("sub", r.Sub)
		}
		c.time("time", &r.Time)
		r.Event, r.Hash = clone(r.Event), clone(r.Hash)
		out[i] = r
	}
	return out, c.err
}

// AuditQuery checks a query, and makes bounds of Serial that are always there of After and Before: both stay exclusive. found is false if
// nothing can be found, since nothing of these names can be stored.
func AuditQuery(pool string, q userpool.AuditQuery) (bounded userpool.AuditQuery, found bool, err error) {
	c := &checker{thing: "query for audit records"}
	c.limit(q.Limit)
	if q.Before == 0 {
		q.Before = math.MaxInt64
	}
	return q, storable.Text(pool, q.Sub), c.err
}

// limit refuses a limit of a query that is not in its range.
func (c *checker) limit(limit int) {
	if limit < 1 || limit > MaxLimit {
		c.refuse(fmt.Sprintf("the limit is %d, and must be 1 to %d", limit, MaxLimit))
	}
}

// checker keeps the first thing that is wrong with a value.
type checker struct {
	thing string
	err   error
}

func check(pool, thing string) *checker {
	c := &checker{thing: thing}
	c.length("name of the pool", len(pool), MaxPool)
	c.text("name of the pool", pool)
	return c
}

func (c *checker) refuse(why string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s: %s", userpool.ErrInvalid, c.thing, why)
	}
}

// text refuses strings that not every store can hold.
func (c *checker) text(what string, values ...string) {
	if !storable.Text(values...) {
		c.refuse("the " + what + " is not valid UTF-8, or has NUL")
	}
}

// key is text that something is found by.
func (c *checker) key(what, value string) {
	c.length(what, len(value), MaxKey)
	c.text(what, value)
}

func (c *checker) length(what string, have, most int) {
	switch {
	case have == 0:
		c.refuse("the " + what + " is empty")
	case have > most:
		c.refuse(fmt.Sprintf("the %s has %d bytes, at most %d can be stored", what, have, most))
	}
}

// time rounds times as a store gives them back.
func (c *checker) time(what string, times ...*time.Time) {
	for _, t := range times {
		if !storable.Instant(*t) {
			c.refuse("the " + what + " is outside of the years 1 to 9999")
		}
		*t = storable.Round(*t)
	}
}

func nilIfEmpty[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func clone(b []byte) []byte { return nilIfEmpty(slices.Clone(b)) }
