package userpool

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// public returns the user without what only the pool may know.
func (u User) public() User {
	u = u.Clone()
	u.PasswordHash = ""
	u.Codes = nil
	return u
}

// provider is the name of the identity provider of a user who has no password here.
func (u User) provider() string {
	if u.Status != StatusExternalProvider {
		return ""
	}
	for _, id := range u.Identifiers {
		if id.Kind == IdentifierFederated {
			name, _, _ := strings.Cut(id.Value, " ")
			return name
		}
	}
	return ""
}

// GetUser returns the user of an access token with the scope aws.cognito.signin.user.admin, without PasswordHash and Codes. Errors:
// NotAuthorized, InsufficientScope.
func (p *Pool) GetUser(ctx context.Context, accessToken string) (User, error) {
	_, u, err := p.verifyScope(ctx, accessToken, ScopeUserAdmin)
	return u.public(), err
}

// UserInfo returns the claims that the scopes of an access token give about its user (OpenID Connect Core, 5.3): sub and username always,
// and the attributes that belong to email, profile and phone. The token must have the scope openid. Booleans are JSON booleans. Errors:
// NotAuthorized, InsufficientScope.
func (p *Pool) UserInfo(ctx context.Context, accessToken string) (map[string]any, error) {
	scopes, u, err := p.verifyScope(ctx, accessToken, ScopeOpenID)
	if err != nil {
		return nil, err
	}
	info := map[string]any{}
	for name, value := range u.Attributes {
		if slices.Contains(scopes, scopeOf(name)) {
			info[name] = claimValue(name, value)
		}
	}
	info["sub"] = u.Sub
	info["username"] = u.Username
	return info, nil
}

// DeleteUser deletes the user of an access token with the scope aws.cognito.signin.user.admin, with all sessions. Errors: NotAuthorized,
// InsufficientScope.
func (p *Pool) DeleteUser(ctx context.Context, accessToken string) error {
	_, u, err := p.verifyScope(ctx, accessToken, ScopeUserAdmin)
	if err != nil {
		return err
	}
	return p.deleteUser(ctx, u.Sub)
}

func (p *Pool) deleteUser(ctx context.Context, sub string) error {
	if err := p.store.DeleteUser(ctx, p.id, sub, 0); err != nil && !errors.Is(err, ErrNotFound) {
		return unavailable("deleting a user", err)
	}
	return nil
}

// GlobalSignOut ends all sessions of the user of an access token with the scope aws.cognito.signin.user.admin: those at the hosted pages,
// and those of all clients. Refresh tokens are void at once; access and ID tokens are void at once for whoever asks [Pool.Revoked].
// Errors: NotAuthorized, InsufficientScope.
func (p *Pool) GlobalSignOut(ctx context.Context, accessToken string) error {
	_, u, err := p.verifyScope(ctx, accessToken, ScopeUserAdmin)
	if err != nil {
		return err
	}
	return p.endAllSessions(ctx, u.Sub, func(*User) {})
}

// endAllSessions changes a user and, in the same write, moves the epoch on, which ends every session, also one that is being made; the
// deletion after it tidies up.
func (p *Pool) endAllSessions(ctx context.Context, sub string, change func(*User)) error {
	if _, err := p.changeUser(ctx, sub, func(u *User) { change(u); u.Epoch++ }); err != nil {
		return err
	}
	if err := p.store.DeleteSessionsOf(ctx, p.id, sub); err != nil {
		return unavailable("ending sessions", err)
	}
	return nil
}

// changeUser reads, changes and writes a user until nobody else did so in between. The error is UserNotFound for an unknown sub.
func (p *Pool) changeUser(ctx context.Context, sub string, change func(*User)) (User, error) {
	for range 100 {
		u, err := p.store.User(ctx, p.id, sub)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
			return User{}, userNotFound()
		}
		if err != nil {
			return User{}, unavailable("reading a user", err)
		}
		change(&u)
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
		}
		return User{}, unavailable("changing a user", err)
	}
	return User{}, limitExceeded(time.Second)
}

func userNotFound() error { return fail(UserNotFound, "There is no such user.") }

// resolve finds the user whom an administrator names: by e-mail address for one who signed up, or by sub.
func (p *Pool) resolve(ctx context.Context, username string) (User, error) {
	var u User
	var err error
	if strings.Contains(username, "@") {
		email, bad := canonicalEmail(username)
		if bad != nil {
			return User{}, userNotFound()
		}
		u, err = p.store.UserByIdentifier(ctx, p.id, Identifier{IdentifierEmail, email})
	} else {
		u, err = p.store.User(ctx, p.id, username)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return User{}, userNotFound()
	}
	if err != nil {
		return User{}, unavailable("reading a user", err)
	}
	return u, nil
}

// AdminGetUser returns a user, without PasswordHash and Codes. username is the e-mail address of a user who signed up, or the sub of any
// user. The operations whose names begin with Admin ask for no proof: the application decides who may call them. The error is
// UserNotFound.
func (p *Pool) AdminGetUser(ctx context.Context, username string) (User, error) {
	u, err := p.resolve(ctx, username)
	return u.public(), err
}

// AdminDeleteUser deletes a user with all sessions; see AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminDeleteUser(ctx context.Context, username string) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	return p.deleteUser(ctx, u.Sub)
}

// AdminDisableUser shuts a user out: all sessions end, and signing in fails as for an unknown user. See AdminGetUser for username. The
// error is UserNotFound.
func (p *Pool) AdminDisableUser(ctx context.Context, username string) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	return p.endAllSessions(ctx, u.Sub, func(u *User) { u.Enabled = false })
}

// AdminEnableUser lets a disabled user in again; see AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminEnableUser(ctx context.Context, username string) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	_, err = p.changeUser(ctx, u.Sub, func(u *User) { u.Enabled = true })
	return err
}

// AdminUserGlobalSignOut ends all sessions of a user; see AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminUserGlobalSignOut(ctx context.Context, username string) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	return p.endAllSessions(ctx, u.Sub, func(*User) {})
}
