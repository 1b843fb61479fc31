package identitypool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
)

// DescribeIdentity returns an identity. It returns ResourceNotFound for an unknown one, InvalidParameter for a malformed ID, and
// InternalError if the store failed.
func (p *Pool) DescribeIdentity(ctx context.Context, id string) (Identity, error) {
	if err := checkIdentityID(id); err != nil {
		return Identity{}, err
	}
	return p.readIdentity(ctx, id)
}

// maxResults is how many identities one call of ListIdentities returns or of DeleteIdentities deletes at most.
const maxResults = 60

// ListIdentitiesInput is what ListIdentities takes.
type ListIdentitiesInput struct {
	// MaxResults is how many to return at most, 1 to 60; 0 means 60.
	MaxResults int
	// NextToken is that of the page before; "" begins.
	NextToken string
	// HideDisabled leaves out those that are disabled.
	HideDisabled bool
}

// ListIdentitiesResult is one page.
type ListIdentitiesResult struct {
	Identities []Identity // by ID
	NextToken  string     // for the next page; "" if this is the last
}

// ListIdentities returns the identities of the pool, page by page. It returns InvalidParameter for a MaxResults out of range and for a
// NextToken that is not of this pool and query, and InternalError if the store failed.
func (p *Pool) ListIdentities(ctx context.Context, in ListIdentitiesInput) (ListIdentitiesResult, error) {
	limit, err := pageLimit(in.MaxResults)
	if err != nil {
		return ListIdentitiesResult{}, err
	}
	label := "page of identities"
	if in.HideDisabled {
		label += " that are enabled"
	}
	after, err := p.openPage(in.NextToken, label)
	if err != nil {
		return ListIdentitiesResult{}, err
	}
	found, err := p.store.ListIdentities(ctx, p.id, after, limit+1, in.HideDisabled)
	if err != nil {
		return ListIdentitiesResult{}, internal("list identities", err)
	}
	out := ListIdentitiesResult{Identities: found}
	if len(found) > limit {
		out.Identities = found[:limit]
		out.NextToken, err = p.sealPage(found[limit-1].ID, label)
	}
	return out, err
}

// pageLimit checks how many results are wanted; 0 means the most there are.
func pageLimit(n int) (int, error) {
	switch {
	case n == 0:
		return maxResults, nil
	case n < 0 || n > maxResults:
		return 0, fail(InvalidParameter, "MaxResults is %d; it must be from 1 to %d.", n, maxResults)
	}
	return n, nil
}

// sealPage returns the token for what comes after an item. The label names the list and all of its input: a token continues nothing else.
func (p *Pool) sealPage(after, label string) (string, error) {
	raw, err := json.Marshal(after)
	if err != nil {
		return "", internal("write a page token", err)
	}
	sealed, err := p.keys.pages.seal(raw, label, p.random)
	if err != nil {
		return "", internal("seal a page token", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// openPage returns the item of a token, "" for the empty one.
func (p *Pool) openPage(token, label string) (after string, err error) {
	const maxPageToken = 4096
	if token == "" {
		return "", nil
	}
	bad := fail(InvalidParameter, "The NextToken is not one of this list: begin again without it.")
	if len(token) > maxPageToken {
		return "", bad
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", bad
	}
	raw, ok := p.keys.pages.open(sealed, label)
	if !ok || json.Unmarshal(raw, &after) != nil {
		return "", bad
	}
	return after, nil
}

// UnprocessedIdentity is an identity that DeleteIdentities did not delete.
type UnprocessedIdentity struct {
	IdentityID string
	// ErrorCode is ResourceNotFound if there was none, or InternalError: try again.
	ErrorCode Code
}

// DeleteIdentities deletes 1 to 60 identities, and ends their credentials at once. It returns those that were not deleted. The logins are
// free: each gets a new identity the next time. It returns InvalidParameter, and deletes nothing, for another number of identities and for
// a malformed ID.
func (p *Pool) DeleteIdentities(ctx context.Context, ids []string) ([]UnprocessedIdentity, error) {
	if len(ids) < 1 || len(ids) > maxResults {
		return nil, fail(InvalidParameter, "There are %d identities to delete; there must be 1 to %d.", len(ids), maxResults)
	}
	for _, id := range ids {
		if err := checkIdentityID(id); err != nil {
			return nil, err
		}
	}
	var left []UnprocessedIdentity
	for _, id := range ids {
		err := p.deleteIdentity(ctx, id)
		switch {
		case err == nil:
		case errors.Is(err, ErrNotFound):
			left = append(left, UnprocessedIdentity{IdentityID: id, ErrorCode: ResourceNotFound})
		default:
			p.logger.ErrorContext(ctx, "identitypool: an identity could not be deleted", "identity", id, "error", err)
			left = append(left, UnprocessedIdentity{IdentityID: id, ErrorCode: InternalError})
		}
	}
	return left, nil
}

// deleteIdentity ends the credentials also of an identity that is not there: the one who deleted it may have died before.
func (p *Pool) deleteIdentity(ctx context.Context, id string) error {
	return p.endingCredentials(ctx, []string{identitySubject + id}, func() error { return p.store.DeleteIdentity(ctx, p.id, id) })
}

// DisableIdentity makes an identity unusable, with its logins, and ends its credentials at once. It returns ResourceNotFound for an
// unknown one, InvalidParameter for a malformed ID, ConcurrentModification if others kept changing it, and InternalError if the store
// failed.
func (p *Pool) DisableIdentity(ctx context.Context, id string) error {
	return p.change(ctx, id, true, func(i *Identity) error {
		i.Disabled = true
		return nil
	})
}

// EnableIdentity makes an identity usable that DisableIdentity disabled. One that was merged into another stays as it is: the error is
// then ResourceConflict. Otherwise it returns what DisableIdentity does.
func (p *Pool) EnableIdentity(ctx context.Context, id string) error {
	return p.change(ctx, id, false, func(i *Identity) error {
		if i.MergedInto != "" {
			return fail(ResourceConflict, "Identity '%s' was merged into '%s'.", i.ID, i.MergedInto)
		}
		i.Disabled = false
		return nil
	})
}

// UnlinkIdentityInput is what UnlinkIdentity takes.
type UnlinkIdentityInput struct {
	IdentityID string
	// Logins prove whose the identity is: names of providers with tokens of them, at least one. All must be the identity's.
	Logins map[string]string
	// LoginsToRemove names the providers whose logins the identity loses, at least one.
	LoginsToRemove []string
}

// UnlinkIdentity takes logins from an identity, and ends the credentials that were issued for it before. A login that was removed gets a
// new identity the next time. An identity without any is out of reach for ever.
//
// It returns NotAuthorized if a login is not valid or not the identity's, or the identity is disabled, ResourceNotFound for an unknown
// identity or a provider that it has no login of, InvalidParameter for malformed input and for the developer provider, which
// UnlinkDeveloperIdentity serves, and else what GetID does.
func (p *Pool) UnlinkIdentity(ctx context.Context, in UnlinkIdentityInput) error {
	if err := checkIdentityID(in.IdentityID); err != nil {
		return err
	}
	switch {
	case len(in.Logins) == 0:
		return fail(InvalidParameter, "Logins are required, to prove whose the identity is.")
	case len(in.LoginsToRemove) == 0 || len(in.LoginsToRemove) > maxLinked:
		return fail(InvalidParameter, "LoginsToRemove must name 1 to %d providers.", maxLinked)
	case p.developer != "" && slices.Contains(in.LoginsToRemove, p.developer):
		return fail(InvalidParameter, "A user of the developer's backend is removed by UnlinkDeveloperIdentity.")
	}
	logins, err := p.verifyLogins(ctx, in.Logins, true)
	if err != nil {
		return err
	}
	return p.change(ctx, in.IdentityID, true, func(i *Identity) error {
		if i.Disabled {
			return forbidden(i.ID)
		}
		for _, login := range logins {
			if !slices.Contains(i.Logins, login.Login) || login.identity != "" && login.identity != i.ID {
				return noMatch()
			}
		}
		for _, provider := range in.LoginsToRemove {
			kept := slices.DeleteFunc(slices.Clone(i.Logins), func(l Login) bool { return l.Provider == provider })
			if len(kept) == len(i.Logins) {
				return fail(ResourceNotFound, "Identity '%s' has no login of the provider that is to be removed.", i.ID)
			}
			i.Logins = kept
		}
		return nil
	})
}
