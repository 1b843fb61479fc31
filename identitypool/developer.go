package identitypool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// A token of GetOpenIDTokenForDeveloperIdentity lasts this long.
const (
	developerTokenDuration    = 15 * time.Minute
	maxDeveloperTokenDuration = 24 * time.Hour
)

// GetOpenIDTokenForDeveloperIdentityInput is what GetOpenIDTokenForDeveloperIdentity takes.
type GetOpenIDTokenForDeveloperIdentityInput struct {
	// IdentityID is the identity that the user is to have, "" for the one that the logins have, or a new one.
	IdentityID string
	// Logins has the user of the backend under the name Config.DeveloperProvider, 1 to 255 bytes, and beside it, if they are to be linked,
	// tokens of providers under their names.
	Logins map[string]string
	// TokenDuration is how long the token lasts, 1 second to 24 hours in whole seconds; 0 means 15 minutes. Credentials that the token
	// gives outlast it.
	TokenDuration time.Duration
	// PrincipalTags are the principal tags of the user's credentials, at most 50 and 460 bytes together.
	PrincipalTags map[string]string
}

// GetOpenIDTokenForDeveloperIdentity gives a user whom the developer's backend has authenticated a token, which the user's client presents
// under the name "cognito-identity.amazonaws.com" to GetCredentialsForIdentity. It links and merges as GetID does; the backend need not
// prove that it may use IdentityID. It is for the backend alone: whoever may call it can be any user.
//
// It returns DeveloperUserAlreadyRegistered if IdentityID is given and the user has another identity, InvalidParameter if the pool has no
// developer provider, Logins has no user of it, or other input is malformed, ResourceNotFound for an unknown identity, and else what
// GetID does.
func (p *Pool) GetOpenIDTokenForDeveloperIdentity(ctx context.Context, in GetOpenIDTokenForDeveloperIdentityInput) (OpenIDToken, error) {
	user := in.Logins[p.developer]
	duration := in.TokenDuration
	if duration == 0 {
		duration = developerTokenDuration
	}
	switch {
	case p.developer == "":
		return OpenIDToken{}, noDeveloper()
	case !validSubject(user):
		return OpenIDToken{}, fail(InvalidParameter, "Logins must have a user of the developer provider, of 1 to %d bytes.", maxSubject)
	case len(in.Logins) > maxLogins:
		return OpenIDToken{}, fail(InvalidParameter, "There are %d logins; at most %d are allowed.", len(in.Logins), maxLogins)
	case duration < time.Second || duration > maxDeveloperTokenDuration || duration%time.Second != 0:
		return OpenIDToken{}, fail(InvalidParameter, "TokenDuration must be 1 second to %s, in whole seconds.", maxDeveloperTokenDuration)
	}
	login := verified{
		Login: Login{Provider: p.developer, Subject: user}, developerTags: in.PrincipalTags,
		amr: []string{p.developer, developerAccount(p.developer, p.id, user)},
	}
	if _, err := login.principalTags(); err != nil {
		return OpenIDToken{}, fail(InvalidParameter, "PrincipalTags: %s.", err)
	}
	if in.IdentityID != "" {
		if err := checkIdentityID(in.IdentityID); err != nil {
			return OpenIDToken{}, err
		}
	}
	others := maps.Clone(in.Logins)
	delete(others, p.developer)
	asked := p.now()
	logins, err := p.verifyLogins(ctx, others, true)
	if err != nil {
		return OpenIDToken{}, err
	}
	logins = append([]verified{login}, logins...)
	identity, err := p.resolve(ctx, linking{id: in.IdentityID, logins: logins, backend: true})
	if err != nil {
		return OpenIDToken{}, err
	}
	token, err := p.signOpenIDToken(ctx, openIDClaims{identity: identity.ID, amr: amrOf(logins), tags: in.PrincipalTags, login: true, asked: asked}, duration)
	if err != nil {
		return OpenIDToken{}, err
	}
	return OpenIDToken{IdentityID: identity.ID, Token: token}, nil
}

func noDeveloper() *Error {
	return fail(InvalidParameter, "The identity pool has no developer provider.")
}

// verifyDeveloperToken verifies a token of GetOpenIDTokenForDeveloperIdentity. It is good for the identity that it names, as long as that
// has the user.
func (p *Pool) verifyDeveloperToken(ctx context.Context, name, token string, _ bool) (verified, error) {
	claims, err := p.verifyOpenIDToken(ctx, token)
	if err == nil && claims[claimUse] != useLogin { // it could be exchanged for ever
		err = errors.New("the token is one of GetOpenIDToken, which is good for AssumeRoleWithWebIdentity only")
	}
	if err != nil {
		return verified{}, p.loginRefused(ctx, name, token, err)
	}
	out := verified{Login: Login{Provider: p.developer}, developerTags: tagsOf(claims)}
	out.identity, _ = claims["sub"].(string)
	out.amr = stringsOf(claims["amr"])
	account := developerAccount(p.developer, p.id, "")
	for _, value := range out.amr {
		if user, ok := strings.CutPrefix(value, account); ok {
			out.Subject = user
		}
	}
	if out.Subject == "" {
		return verified{}, p.loginRefused(ctx, name, token, errors.New("the token does not name a user of the developer provider"))
	}
	return out, nil
}

// developerAccount names a user of the backend in amr.
func developerAccount(provider, pool, user string) string { return provider + ":" + pool + ":" + user }

// LookupDeveloperIdentityInput is what LookupDeveloperIdentity takes.
type LookupDeveloperIdentityInput struct {
	// IdentityID or DeveloperUserIdentifier is required; both ask whether they belong together.
	IdentityID              string
	DeveloperUserIdentifier string
	// MaxResults is how many users to return at most, 1 to 60; 0 means 60.
	MaxResults int
	// NextToken is that of the page before; "" begins.
	NextToken string
}

// LookupDeveloperIdentityResult is an identity with users of the backend who have it.
type LookupDeveloperIdentityResult struct {
	IdentityID string
	// DeveloperUserIdentifiers are those of the identity, in order; only the one that was asked for if it was.
	DeveloperUserIdentifiers []string
	NextToken                string // for the next page; "" if this is the last
}

// LookupDeveloperIdentity returns the identity of a user of the backend, or the users who have an identity. With both it returns
// ResourceConflict if they do not belong together. It returns ResourceNotFound if there is no such identity or user, InvalidParameter for
// malformed input or a pool without a developer provider, and InternalError if the store failed.
func (p *Pool) LookupDeveloperIdentity(ctx context.Context, in LookupDeveloperIdentityInput) (LookupDeveloperIdentityResult, error) {
	var out LookupDeveloperIdentityResult
	limit, err := pageLimit(in.MaxResults)
	if err != nil {
		return out, err
	}
	label := "page of users of " + in.IdentityID
	after, err := p.openPage(in.NextToken, label)
	if err != nil {
		return out, err
	}
	switch {
	case p.developer == "":
		return out, noDeveloper()
	case in.IdentityID == "" && in.DeveloperUserIdentifier == "":
		return out, fail(InvalidParameter, "IdentityID or DeveloperUserIdentifier is required.")
	case in.DeveloperUserIdentifier != "":
		return p.lookUpUser(ctx, in)
	}
	identity, err := p.DescribeIdentity(ctx, in.IdentityID)
	if err != nil {
		return out, err
	}
	users := slices.DeleteFunc(p.usersOf(identity), func(user string) bool { return user <= after })
	out = LookupDeveloperIdentityResult{IdentityID: identity.ID, DeveloperUserIdentifiers: users}
	if len(users) > limit {
		out.DeveloperUserIdentifiers = users[:limit]
		out.NextToken, err = p.sealPage(users[limit-1], label)
	}
	return out, err
}

func (p *Pool) lookUpUser(ctx context.Context, in LookupDeveloperIdentityInput) (LookupDeveloperIdentityResult, error) {
	if in.IdentityID != "" {
		if err := checkIdentityID(in.IdentityID); err != nil {
			return LookupDeveloperIdentityResult{}, err
		}
	}
	identity, err := p.identityOfUser(ctx, in.DeveloperUserIdentifier)
	if err != nil {
		return LookupDeveloperIdentityResult{}, err
	}
	if in.IdentityID != "" && identity.ID != in.IdentityID {
		return LookupDeveloperIdentityResult{}, fail(ResourceConflict, "The developer user identifier is linked to another identity.")
	}
	return LookupDeveloperIdentityResult{IdentityID: identity.ID, DeveloperUserIdentifiers: []string{in.DeveloperUserIdentifier}}, nil
}

// usersOf returns the users of the backend who have an identity, in order.
func (p *Pool) usersOf(i Identity) []string {
	var users []string
	for _, login := range i.Logins {
		if login.Provider == p.developer {
			users = append(users, login.Subject)
		}
	}
	slices.Sort(users)
	return users
}

// identityOfUser returns the identity of a user of the backend.
func (p *Pool) identityOfUser(ctx context.Context, user string) (Identity, error) {
	if !validSubject(user) {
		return Identity{}, fail(InvalidParameter, "A developer user identifier must have 1 to %d bytes.", maxSubject)
	}
	identity, err := p.store.IdentityOfLogin(ctx, p.id, Login{Provider: p.developer, Subject: user})
	switch {
	case errors.Is(err, ErrNotFound):
		return Identity{}, fail(ResourceNotFound, "The developer user identifier is not linked to an identity.")
	case err != nil:
		return Identity{}, internal("find the identity of a user", err)
	}
	return identity, nil
}

// MergeDeveloperIdentitiesInput is what MergeDeveloperIdentities takes.
type MergeDeveloperIdentitiesInput struct {
	// SourceUserIdentifier is the user whose identity is given up, DestinationUserIdentifier the one whose identity takes all its logins.
	SourceUserIdentifier, DestinationUserIdentifier string
}

// MergeDeveloperIdentities makes one identity of those of two users of the backend, and returns its ID, the one of the destination. That of
// the source is disabled, and its credentials end at once. Users who have one identity already keep it.
//
// It returns ResourceNotFound if a user has no identity, NotAuthorized if one of the identities is disabled, ResourceConflict if both have
// a login of one provider, LimitExceeded for more than 20 logins, InvalidParameter for malformed input or a pool without a developer
// provider, ConcurrentModification if others kept changing the identities, and InternalError if the store failed.
func (p *Pool) MergeDeveloperIdentities(ctx context.Context, in MergeDeveloperIdentitiesInput) (string, error) {
	if p.developer == "" {
		return "", noDeveloper()
	}
	var id string
	err := p.retry(ctx, func() error {
		source, err := p.identityOfUser(ctx, in.SourceUserIdentifier)
		if err != nil {
			return err
		}
		destination, err := p.identityOfUser(ctx, in.DestinationUserIdentifier)
		if err != nil {
			return err
		}
		id = destination.ID
		switch {
		case source.Disabled:
			return forbidden(source.ID)
		case destination.Disabled:
			return forbidden(destination.ID)
		case source.ID == destination.ID:
			return nil
		}
		now := p.now()
		destination.Logins = append(destination.Logins, source.Logins...)
		destination.Modified = now
		if err := p.checkLinked(destination.Logins); err != nil {
			return err
		}
		return p.save(ctx, []Identity{destination, source.absorbedBy(destination.ID, now)}, []string{identitySubject + source.ID})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// UnlinkDeveloperIdentityInput is what UnlinkDeveloperIdentity takes.
type UnlinkDeveloperIdentityInput struct {
	IdentityID              string
	DeveloperUserIdentifier string
}

// UnlinkDeveloperIdentity takes a user of the backend from an identity, and ends the credentials that were issued for it before. The user
// gets a new identity the next time.
//
// It returns ResourceNotFound if there is no such identity or the user has none, ResourceConflict if the user has another, InvalidParameter
// for malformed input or a pool without a developer provider, ConcurrentModification if others kept changing the identity, and
// InternalError if the store failed.
func (p *Pool) UnlinkDeveloperIdentity(ctx context.Context, in UnlinkDeveloperIdentityInput) error {
	if p.developer == "" {
		return noDeveloper()
	}
	return p.change(ctx, in.IdentityID, true, func(i *Identity) error {
		identity, err := p.identityOfUser(ctx, in.DeveloperUserIdentifier)
		if err != nil {
			return err
		}
		if identity.ID != i.ID {
			return fail(ResourceConflict, "The developer user identifier is linked to another identity.")
		}
		user := Login{Provider: p.developer, Subject: in.DeveloperUserIdentifier}
		i.Logins = slices.DeleteFunc(i.Logins, func(l Login) bool { return l == user })
		return nil
	})
}
