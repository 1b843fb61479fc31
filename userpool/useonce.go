package userpool

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxUseOnce is the longest time for which UseOnce remembers.
const maxUseOnce = 31 * 24 * time.Hour

// UseOnce tells whether a key is used for the first time, by any process that shares the store: of any number of calls at once, one is the
// first. It is what the packages below federation want as their replay store. key has 1 to 1,000 bytes, and is stored as a hash. until is when the key need not be remembered any longer, at most 31 days from now. Errors: InvalidParameter;
// ServiceUnavailable, after which it is not known whether the key counts as used.
func (p *Pool) UseOnce(ctx context.Context, key string, until time.Time) (first bool, err error) {
	left := until.Sub(p.now())
	switch {
	case key == "" || len(key) > 1000:
		return false, fail(InvalidParameter, fmt.Sprintf("A key that is used once has 1 to 1000 bytes, this one has %d.", len(key)))
	case left <= 0 || left > maxUseOnce:
		return false, fail(InvalidParameter, "A key that is used once is remembered until a time in the next 31 days.")
	}
	err = p.store.PutTicket(ctx, p.id, Ticket{Kind: ticketOnce, Hash: hashSecret(key), Expires: until})
	if errors.Is(err, ErrExists) {
		return false, nil
	}
	return err == nil, unavailable("remembering what was used", err)
}
