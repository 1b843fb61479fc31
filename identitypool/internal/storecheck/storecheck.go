// Package storecheck says which values every store of package identitypool accepts, and how they come back, so that none accepts more than
// another.
package storecheck

import (
	"cmp"
	"slices"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/storable"
)

const (
	maxSaved  = 25
	maxListed = 1000
	maxKey    = 255
	maxValue  = 64 << 10
)

// Identities returns the identities as they will come back, but for their versions, or identitypool.ErrInvalid if SaveIdentities must
// refuse them.
func Identities(pool string, identities []identitypool.Identity) ([]identitypool.Identity, error) {
	if len(identities) < 1 || len(identities) > maxSaved || !storable.Text(pool) {
		return nil, identitypool.ErrInvalid
	}
	ids := make(map[string]bool)
	logins := make(map[identitypool.Login]bool)
	out := make([]identitypool.Identity, len(identities))
	for n, i := range identities {
		if i.ID == "" || ids[i.ID] || i.Version < 0 || !storable.Text(i.ID, i.MergedInto) || !storable.Instant(i.Created, i.Modified) {
			return nil, identitypool.ErrInvalid
		}
		ids[i.ID] = true
		for _, l := range i.Logins {
			if l.Provider == "" || l.Subject == "" || logins[l] || !storable.Text(l.Provider, l.Subject) {
				return nil, identitypool.ErrInvalid
			}
			logins[l] = true
		}
		i.Logins = slices.SortedFunc(slices.Values(i.Logins), CompareLogins)
		i.Authenticated = i.Authenticated || len(i.Logins) > 0
		i.Created, i.Modified = storable.Round(i.Created), storable.Round(i.Modified)
		out[n] = i
	}
	return out, nil
}

// CompareLogins orders logins by provider and subject, byte by byte.
func CompareLogins(a, b identitypool.Login) int {
	return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Subject, b.Subject))
}

// List returns identitypool.ErrInvalid for what ListIdentities must refuse.
func List(pool, after string, limit int) error {
	if limit < 1 || limit > maxListed || !storable.Text(pool, after) {
		return identitypool.ErrInvalid
	}
	return nil
}

// Revocation returns the revocation as it will come back, or identitypool.ErrInvalid.
func Revocation(pool string, r identitypool.Revocation) (identitypool.Revocation, error) {
	if r.Subject == "" || !storable.Text(pool, r.Subject) || !storable.Instant(r.Before, r.Expires) {
		return r, identitypool.ErrInvalid
	}
	r.Before, r.Expires = storable.Round(r.Before), storable.Round(r.Expires)
	return r, nil
}

// Ticket returns the ticket as it will come back, or identitypool.ErrInvalid. An empty value is nil.
func Ticket(pool string, t identitypool.Ticket) (identitypool.Ticket, error) {
	if t.Key == "" || len(t.Key) > maxKey || len(t.Value) > maxValue || !storable.Text(pool, t.Key) || !storable.Instant(t.Expires) {
		return t, identitypool.ErrInvalid
	}
	t.Value = copied(t.Value)
	t.Expires = storable.Round(t.Expires)
	return t, nil
}

// SigningKeys returns the keys as they will come back, the oldest first, or identitypool.ErrInvalid.
func SigningKeys(pool string, keys []identitypool.SigningKey) ([]identitypool.SigningKey, error) {
	if !storable.Text(pool) {
		return nil, identitypool.ErrInvalid
	}
	ids := make(map[string]bool)
	var out []identitypool.SigningKey
	for _, k := range keys {
		if k.ID == "" || ids[k.ID] || len(k.Sealed) > maxValue || !storable.Text(k.ID) || !storable.Instant(k.Created, k.Retired) {
			return nil, identitypool.ErrInvalid
		}
		ids[k.ID] = true
		k.Sealed = copied(k.Sealed)
		k.Created, k.Retired = storable.Round(k.Created), storable.Round(k.Retired)
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b identitypool.SigningKey) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// SameIDs reports whether keys are the ones with these IDs, in any order.
func SameIDs(keys, ids []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(keys)), slices.Sorted(slices.Values(ids)))
}

// copied returns a copy, nil for an empty one.
func copied(b []byte) []byte { return append([]byte(nil), b...) }
