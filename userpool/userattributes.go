package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
)

// UpdateUserAttributesInput says what users change about themselves.
type UpdateUserAttributesInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
	// UserAttributes are new values by name; an empty value deletes the attribute.
	UserAttributes map[string]string
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// UpdateUserAttributes changes attributes that the token's client may write. The name and the like change at once. A new e-mail address or
// phone number waits in User.Pending until VerifyUserAttribute has taken the code that is sent to it; until then the present one stays,
// verified if it was, and the user signs in with it. Giving the present one again drops the one that waits. The result says where codes
// were sent, whoever has the address: that it is another user's shows once the code is right.
//
// An address changes at once, and is not verified then, if Settings.UpdateBeforeVerification names it, or if the pool cannot send messages
// to it. The verified address before gets a message that it was replaced.
//
// Errors: NotAuthorized, also for an attribute that the user or the client cannot write; InsufficientScope; InvalidParameter for a value that
// does not fit, for an attribute that is set already and cannot be changed, and to delete what is required or is the only thing that the
// user can sign in with; AliasExists for a preferred_username that is taken, where it is an alias; LoginRequired for an address, if the
// last sign-in is more than 10 minutes ago, at the hosted pages, or if the address gets the codes of a second factor; LimitExceeded after
// several messages; CodeDeliveryFailure if all was done, but a message was not sent: GetUserAttributeVerificationCode sends another.
func (p *Pool) UpdateUserAttributes(ctx context.Context, in UpdateUserAttributesInput) ([]CodeDeliveryDetails, error) {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	details, err := p.updateAttributes(ctx, c, in)
	p.audit(ctx, c.eventAbout(EventAttributeChange, "UpdateUserAttributes", "attributes", attributeNames(in.UserAttributes)), in.UserContext, err)
	return details, err
}

// attributeNames lists the names of attributes for the audit trail.
func attributeNames(attributes map[string]string) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if len(names) < 50 {
			names = append(names, printable(name))
		}
	}
	return strings.Join(names, " ")
}

func (p *Pool) updateAttributes(ctx context.Context, c caller, in UpdateUserAttributesInput) ([]CodeDeliveryDetails, error) {
	given, err := p.settings.checkAttributes(in.UserAttributes, writtenByUser, c.mayWrite())
	if err != nil {
		return nil, err
	}
	if err := p.mayChangeAddresses(c, given); err != nil {
		return nil, err
	}
	var coded []string // addresses that get a code
	for _, name := range addressAttributes {
		if value := given[name]; value != "" && value != c.user.Attributes[name] && p.hasMedium(name) {
			coded = append(coded, name)
			if err := p.countMessage(ctx, c, value, in.UserContext); err != nil {
				return nil, err
			}
		}
	}
	var before User
	codes := map[string]string{}
	u, err := p.changeUser(ctx, c.user.Sub, func(u *User) error {
		before = u.Clone()
		if err := c.still(*u); err != nil {
			return err
		}
		now := maps.Clone(given)
		for _, name := range coded {
			if !slices.Contains(p.settings.UpdateBeforeVerification, name) {
				delete(now, name)
			}
		}
		if err := p.setAttributes(u, now); err != nil {
			return err
		}
		for _, name := range coded {
			if codes[name], err = p.newCode(ctx, u, purposeVerify+name, given[name], codeValidity); err != nil {
				return err
			}
			if _, done := now[name]; !done {
				u.await(name, given[name])
			}
		}
		return nil
	})
	if err != nil {
		return nil, stillThere(err)
	}
	p.notifyAttributeChanged(ctx, before, u, in.UserContext, in.ClientMetadata)
	var details []CodeDeliveryDetails
	var failures []error
	for _, name := range coded {
		details = append(details, *delivery(name, given[name]))
		failures = append(failures, p.send(ctx, outgoing{
			kind: MessageUpdateUserAttribute, user: u, attribute: name, to: given[name], code: codes[name], context: in.UserContext, metadata: in.ClientMetadata,
		}))
	}
	return details, firstError(failures)
}

func (u *User) await(name, value string) {
	if u.Pending == nil {
		u.Pending = map[string]string{}
	}
	u.Pending[name] = value
}

// firstError returns the first error that is one, so that it keeps its code and message.
func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// stillThere makes of UserNotFound what it is to users who were deleted a moment ago.
func stillThere(err error) error {
	if errors.Is(err, UserNotFound) {
		return signedOut()
	}
	return err
}

// mayChangeAddresses wants a recent sign-in where a stolen session must not be enough to move an account to another address.
func (p *Pool) mayChangeAddresses(c caller, given map[string]string) error {
	for _, name := range addressAttributes {
		value, changes := given[name]
		if !changes || value == c.user.Attributes[name] {
			continue
		}
		if value == "" && c.user.factorAt(name) {
			return failField(InvalidParameter, name, "Codes for signing in go to this address. Switch them off before you delete it.")
		}
		if !c.hosted() && !c.user.factorAt(name) {
			continue
		}
		if err := c.signedInSince(p.now()); err != nil {
			return err
		}
	}
	return nil
}

// factorAt tells whether one of the user's second factors is a code to this address.
func (u User) factorAt(name string) bool {
	return slices.Contains(u.MFA, factorOf(name)) || u.secondFactorAt(name)
}

// countMessage takes one message of a user to an address from what is allowed: for the address, whoever asks, and for the user, wherever to.
func (p *Pool) countMessage(ctx context.Context, c caller, to string, from UserContextData) error {
	if err := p.countAttempt(ctx, limitMessage, c.user.Sub, from); err != nil {
		return err
	}
	return p.countAttempt(ctx, limitMessage, to, from)
}

// DeleteUserAttributesInput says which attributes users delete.
type DeleteUserAttributesInput struct {
	// AccessToken is as in UpdateUserAttributesInput.
	AccessToken string
	// UserAttributeNames are the attributes. Those that the user does not have are no error.
	UserAttributeNames []string
	UserContext        UserContextData
}

// DeleteUserAttributes deletes attributes that the token's client may write; with an address goes the one that waits in its place, and the
// verified one is told. Errors: as of UpdateUserAttributes.
func (p *Pool) DeleteUserAttributes(ctx context.Context, in DeleteUserAttributesInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	empty := emptied(in.UserAttributeNames)
	_, err = p.updateAttributes(ctx, c, UpdateUserAttributesInput{UserAttributes: empty, UserContext: in.UserContext})
	p.audit(ctx, c.eventAbout(EventAttributeChange, "DeleteUserAttributes", "attributes", attributeNames(empty)), in.UserContext, err)
	return err
}

// emptied gives each attribute the empty value, which deletes it.
func emptied(names []string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[name] = ""
	}
	return out
}
