package userpool

import (
	"context"
	"errors"
	"slices"
)

// addImported stores a new user, in the place of a sign-up that was never confirmed. taken tells that nothing was done, as the user is there,
// with this very sub, or somebody else has one of the names: that is the holder.
func (p *Pool) addImported(ctx context.Context, u User, id Identifier) (holder User, taken bool, err error) {
	err = p.store.CreateUser(ctx, p.id, u)
	if err == nil {
		return User{}, false, nil
	}
	if errors.Is(err, ErrInvalid) {
		return User{}, false, &Error{Code: InvalidParameter, Message: "The user has a value that cannot be stored.", cause: err}
	}
	if !errors.Is(err, ErrExists) {
		return User{}, false, unavailable("making a user", err)
	}
	// It may be the same import, which was interrupted; and the user may have other names by now.
	holder, err = p.store.User(ctx, p.id, u.Sub)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return holder, err == nil, unavailable("reading a user", err)
	}
	return p.takeName(ctx, u, id)
}

// nameTaken says which name of a user somebody else has.
func (p *Pool) nameTaken(holder, u User, id Identifier) error {
	if slices.Contains(holder.Identifiers, id) {
		return failField(UsernameExists, "username", "A user with this %s exists already.", p.settings.usernameLabel())
	}
	for _, other := range u.Identifiers {
		if !slices.Contains(holder.Identifiers, other) {
			continue
		}
		switch other.Kind {
		case IdentifierEmail, IdentifierPhone:
			return failField(AliasExists, other.Kind, "The address is verified as another user's.")
		case IdentifierUsername:
			return failField(AliasExists, "preferred_username", "The preferred user name is taken.")
		case IdentifierPasskey:
			return failField(AliasExists, "passkeys", "A passkey is another user's.")
		case IdentifierFederated:
			return failField(AliasExists, "identities", "An account at another provider is linked to another user.")
		}
	}
	return failField(AliasExists, "username", "The user name looks like one that is taken.")
}

// nameImported gives an imported user the name that was typed, or, where people sign in with an address and nothing was typed, an address of
// theirs. It returns the identifier that is the name.
func (p *Pool) nameImported(u *User, typed string) (Identifier, error) {
	for _, name := range p.settings.UsernameAttributes {
		if typed == "" {
			typed = u.Attributes[name] // which is "" for "username"
		}
	}
	if typed == "" {
		return Identifier{}, failField(InvalidParameter, "username", "The user has no %s to sign in with.", p.settings.usernameLabel())
	}
	s, err := p.newName(typed)
	if err != nil {
		return Identifier{}, err
	}
	s.attributes = u.Attributes
	if err := s.ownAddress(); err != nil {
		return Identifier{}, err
	}
	u.setName(s)
	return s.id, nil
}

// fieldOf returns the input that an error names.
func fieldOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Field
	}
	return ""
}
