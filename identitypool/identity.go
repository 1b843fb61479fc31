package identitypool

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
)

// GetIDInput is what GetID takes.
type GetIDInput struct {
	// Logins maps the name of a provider to a token of it. None makes an identity for a guest; more than one is not supported.
	Logins map[string]string
}

// GetID returns the identifier of the identity that has the login, and makes one the first time. Without a login it makes a new identity
// for a guest, each time.
//
// It returns NotAuthorized if the login is not valid or guests are not allowed, InvalidParameter for input that is too long or not
// supported, ExternalService if the provider could not be asked, and InternalError if the store failed or the verifier panicked.
func (p *Pool) GetID(ctx context.Context, in GetIDInput) (string, error) {
	login, err := p.verifyLogins(ctx, in.Logins)
	if err != nil {
		return "", err
	}
	if login == nil && !p.guests {
		return "", noGuests()
	}
	id, err := p.newIdentityID()
	if err != nil {
		return "", err
	}
	candidate := Identity{ID: id, Created: p.now()}
	if login == nil {
		if err := p.store.CreateIdentity(ctx, p.id, candidate); err != nil {
			return "", internal("create an identity", err)
		}
		return id, nil
	}
	candidate.Logins = []Login{*login}
	found, err := p.store.IdentityForLogin(ctx, p.id, candidate)
	if err != nil {
		return "", internal("find the identity of a login", err)
	}
	return found.ID, nil
}

func noGuests() *Error {
	return fail(NotAuthorized, "Unauthenticated access is not supported for this identity pool.")
}

// identityFor returns the identity if it may be used with the login: one of its own, or none if it has none.
func (p *Pool) identityFor(ctx context.Context, id string, login *Login) (Identity, error) {
	identity, err := p.store.Identity(ctx, p.id, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Identity{}, fail(ResourceNotFound, "Identity '%s' not found.", id)
	case err != nil:
		return Identity{}, internal("read an identity", err)
	case login == nil && len(identity.Logins) > 0:
		return Identity{}, fail(NotAuthorized, "Access to Identity '%s' is forbidden.", id)
	case login == nil:
		return identity, nil
	}
	for _, own := range identity.Logins {
		if own == *login {
			return identity, nil
		}
	}
	return Identity{}, fail(NotAuthorized, "Logins don't match. Please include at least one valid login for this identity or identity pool.")
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
