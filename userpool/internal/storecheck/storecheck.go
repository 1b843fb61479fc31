// Package storecheck holds what the stores of a pool do alike before they write: refuse what the contract of userpool.Store refuses,
// and give a value the form in which it comes back.
//
// Each function returns a deep copy, with times rounded down to the microsecond in UTC and empty lists as nil, or an error that is
// userpool.ErrInvalid and names what is wrong, but not the value, which may be personal.
package storecheck

import (
	"fmt"
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
)

// User checks a user.
func User(pool string, u userpool.User) (userpool.User, error) {
	c := check(pool, "user")
	c.key("sub", u.Sub)
	c.text("user name, status or password hash", u.Username, string(u.Status), u.PasswordHash)
	for k, v := range u.Attributes {
		c.text("attribute", k, v)
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
	u.Identifiers, u.Codes = nilIfEmpty(u.Identifiers), nilIfEmpty(u.Codes)
	return u, c.err
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
	s = s.Clone()
	c.time("time", &s.Rotated, &s.AuthTime, &s.Created, &s.Expires)
	s.Scopes, s.Secret = nilIfEmpty(s.Scopes), nilIfEmpty(s.Secret)
	s.Current, s.Previous = nilIfEmpty(s.Current), nilIfEmpty(s.Previous)
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
