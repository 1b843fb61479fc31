package identitypool

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
)

// GetIDInput is what GetID takes.
type GetIDInput struct {
	// Logins maps names of providers to tokens of them, at most 10. None makes an identity for a guest.
	Logins map[string]string
}

// GetID returns the identifier of the identity that has the logins. If none of them was seen before, it makes one; those that are new are
// linked to the identity of the others. Logins that have different identities prove that both are the same user's: the identities are
// merged, see [Pool.GetCredentialsForIdentity]. Without logins GetID makes a new identity for a guest, each time.
//
// It returns NotAuthorized if a login is not valid, the identity is disabled or guests are not allowed, ResourceConflict if the identity
// would have two logins of one provider, LimitExceeded if it would have more than 20, InvalidParameter for input that is too long,
// ExternalService if a provider could not be asked, ConcurrentModification if the identity kept changing meanwhile, and InternalError if
// the store failed or a verifier panicked.
func (p *Pool) GetID(ctx context.Context, in GetIDInput) (string, error) {
	logins, err := p.verifyLogins(ctx, in.Logins, false)
	if err != nil {
		return "", err
	}
	if len(logins) == 0 && !p.guests {
		return "", noGuests()
	}
	identity, err := p.resolve(ctx, linking{logins: logins})
	return identity.ID, err
}

func noGuests() *Error {
	return fail(NotAuthorized, "Unauthenticated access is not supported for this identity pool.")
}

func forbidden(id string) *Error {
	return fail(NotAuthorized, "Access to Identity '%s' is forbidden.", id)
}

func noIdentity(id string) *Error {
	return fail(ResourceNotFound, "Identity '%s' not found.", id)
}

func noMatch() *Error {
	return fail(NotAuthorized, "Logins don't match. Please include at least one valid login for this identity or identity pool.")
}

// checkIdentityID refuses what cannot be an identifier of an identity.
func checkIdentityID(id string) error {
	if len(id) > maxPoolID || !poolID.MatchString(id) {
		return fail(InvalidParameter, "The identity identifier is not of the form region:uuid.")
	}
	return nil
}

// identityFor returns the identity that may be used with the logins, which links those that are new to it, and merges it with the
// identities that have the others: then the one that is returned may have another ID. Without logins it is a guest's.
func (p *Pool) identityFor(ctx context.Context, id string, logins []verified) (Identity, error) {
	if err := checkIdentityID(id); err != nil {
		return Identity{}, err
	}
	if len(logins) > 0 {
		return p.resolve(ctx, linking{id: id, logins: logins})
	}
	identity, err := p.readIdentity(ctx, id)
	switch {
	case err != nil:
		return Identity{}, err
	case identity.Authenticated || identity.Disabled:
		return Identity{}, forbidden(id)
	case !p.guests:
		return Identity{}, noGuests()
	}
	return identity, nil
}

// readIdentity returns an identity, or ResourceNotFound.
func (p *Pool) readIdentity(ctx context.Context, id string) (Identity, error) {
	identity, err := p.store.Identity(ctx, p.id, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Identity{}, noIdentity(id)
	case err != nil:
		return Identity{}, internal("read an identity", err)
	}
	return identity, nil
}

// newIdentityID returns the region with a random UUID (RFC 9562, version 4).
func (p *Pool) newIdentityID() (string, error) {
	var u [16]byte
	if _, err := io.ReadFull(p.random, u[:]); err != nil {
		return "", internal("read random bytes", err)
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	h := hex.EncodeToString(u[:])
	return p.region + ":" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
