// Package storecheck says which identities every store of package identitypool accepts, so that none accepts more than another.
package storecheck

import (
	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/storable"
)

// Identity returns identitypool.ErrInvalid unless the identity has an ID, exactly so many logins, each with a provider and a subject, and
// nothing that one of the databases could not hold.
func Identity(pool string, i identitypool.Identity, logins int) error {
	if i.ID == "" || len(i.Logins) != logins || !storable.Text(pool, i.ID) || !storable.Instant(i.Created) {
		return identitypool.ErrInvalid
	}
	for _, l := range i.Logins {
		if l.Provider == "" || l.Subject == "" || !storable.Text(l.Provider, l.Subject) {
			return identitypool.ErrInvalid
		}
	}
	return nil
}
