package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// public returns the user without what only the pool may know.
func (u User) public() User {
	u = u.Clone()
	u.Identities = u.identities()
	u.PasswordHash, u.PasswordHistory, u.SRPVerifier, u.Codes, u.RecoveryCodes = "", nil, nil, nil, nil
	u.NewSoftwareToken = nil
	if u.SoftwareToken != nil {
		u.SoftwareToken.Secret = nil
	}
	return u
}

// readableBy returns the user without the attributes that a client may not read, wherever they stand.
func (u User) readableBy(c Client) User {
	u = u.public()
	if c.ReadAttributes == nil {
		return u
	}
	hidden := func(name, _ string) bool { return !c.canRead(name) }
	maps.DeleteFunc(u.Attributes, hidden)
	maps.DeleteFunc(u.Pending, hidden)
	// Those that are left are not made of attributes.
	u.Identifiers = slices.DeleteFunc(u.Identifiers, func(id Identifier) bool {
		return id.Kind != IdentifierFederated && id.Kind != IdentifierPasskey
	})
	return u
}

// provider is the name of the identity provider of a user who has no password here.
func (u User) provider() string {
	if u.Status != StatusExternalProvider {
		return ""
	}
	for _, i := range u.identities() {
		return i.Provider
	}
	return ""
}

// GetUser returns the user of an access token with the scope aws.cognito.signin.user.admin, with the attributes that the token's client may
// read, and without what proves who they are; or the user of a browser session, with all attributes. Errors: NotAuthorized,
// InsufficientScope.
func (p *Pool) GetUser(ctx context.Context, accessToken string) (User, error) {
	c, err := p.caller(ctx, accessToken)
	if err != nil {
		return User{}, err
	}
	return c.user.readableBy(c.client), nil
}

// UserInfo returns the claims that the scopes of an access token give about its user (OpenID Connect Core, 5.3): sub and username always,
// and the attributes that belong to email, profile and phone, as far as the token's client may read them. The token must have the scope
// openid. Booleans are JSON booleans. Errors: NotAuthorized, InsufficientScope.
func (p *Pool) UserInfo(ctx context.Context, accessToken string) (map[string]any, error) {
	c, err := p.tokenCaller(ctx, accessToken, ScopeOpenID)
	if err != nil {
		return nil, err
	}
	info := map[string]any{}
	for name, value := range c.user.Attributes {
		if slices.Contains(c.scopes, scopeOf(name)) && c.client.canRead(name) {
			info[name] = claimValue(name, value)
		}
	}
	info["sub"] = c.user.Sub
	info["username"] = c.user.Username
	return info, nil
}

// DeleteUser deletes the user of an access token with the scope aws.cognito.signin.user.admin, or of a browser session, with all sessions.
// A browser session lasts long, and may have been left open: it must have begun, or been renewed by a sign-in, in the last 10 minutes.
// Errors: NotAuthorized, InsufficientScope, LoginRequired.
func (p *Pool) DeleteUser(ctx context.Context, accessToken string) error {
	c, err := p.caller(ctx, accessToken)
	if err == nil && c.hosted() {
		err = c.signedInSince(p.now())
	}
	if err != nil {
		return err
	}
	err = p.deleteUser(ctx, c.user.Sub)
	p.audit(ctx, c.event(EventUserChange, "DeleteUser"), UserContextData{}, err)
	return err
}

func (p *Pool) deleteUser(ctx context.Context, sub string) error {
	if err := p.store.DeleteUser(ctx, p.id, sub, 0); err != nil && !errors.Is(err, ErrNotFound) {
		return unavailable("deleting a user", err)
	}
	return nil
}

// GlobalSignOut ends all sessions of the user of an access token with the scope aws.cognito.signin.user.admin, or of a browser session: those
// at the hosted pages, and those of all clients. Refresh tokens are void at once; access and ID tokens are void at once for whoever asks [Pool.Revoked].
// EndOtherSessions spares the present session. Errors: NotAuthorized, InsufficientScope.
func (p *Pool) GlobalSignOut(ctx context.Context, accessToken string) error {
	c, err := p.caller(ctx, accessToken)
	if err != nil {
		return err
	}
	err = p.endAllSessions(ctx, c.user.Sub, func(*User) error { return nil })
	p.audit(ctx, c.event(EventSignOut, "GlobalSignOut"), UserContextData{}, err)
	return err
}

// endAllSessions changes a user and, in the same write, moves the epoch on, which ends every session, also one that is being made, and
// every sign-in on its way; the deletion after it tidies up.
func (p *Pool) endAllSessions(ctx context.Context, sub string, change func(*User) error) error {
	if _, err := p.nextEpoch(ctx, sub, change); err != nil {
		return err
	}
	if err := p.store.DeleteSessionsOf(ctx, p.id, sub); err != nil {
		return unavailable("ending sessions", err)
	}
	return nil
}

// replacePassword is endAllSessions for a change that should not be done again when it was done, though the store failed after it.
func (p *Pool) replacePassword(ctx context.Context, sub string, change func(*User) error) (User, error) {
	u, err := p.nextEpoch(ctx, sub, change)
	if err == nil {
		p.logFailure(ctx, "sessions that are over could not be deleted", p.store.DeleteSessionsOf(ctx, p.id, sub))
	}
	return u, err
}

func (p *Pool) nextEpoch(ctx context.Context, sub string, change func(*User) error) (User, error) {
	return p.changeUser(ctx, sub, func(u *User) error { u.Epoch++; return change(u) })
}

// changeUser reads, changes and writes a user until nobody else did so in between. The error is UserNotFound for an unknown sub, AliasExists
// if another user has one of the identifiers, or that of change, after which nothing is written.
func (p *Pool) changeUser(ctx context.Context, sub string, change func(*User) error) (User, error) {
	for range 100 {
		u, err := p.store.User(ctx, p.id, sub)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
			return User{}, userNotFound()
		}
		if err != nil {
			return User{}, unavailable("reading a user", err)
		}
		if err := change(&u); err != nil {
			return User{}, err
		}
		u.Modified = p.now()
		err = p.store.UpdateUser(ctx, p.id, u)
		switch {
		case err == nil:
			u.Version++
			return u, nil
		case errors.Is(err, ErrStale):
			continue
		case errors.Is(err, ErrNotFound):
			return User{}, userNotFound()
		case errors.Is(err, ErrExists):
			return User{}, aliasExists()
		}
		return User{}, unavailable("changing a user", err)
	}
	return User{}, limitExceeded(time.Second)
}

func userNotFound() error { return fail(UserNotFound, "There is no such user.") }
