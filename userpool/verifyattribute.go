package userpool

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// GetUserAttributeVerificationCodeInput says which address is to be verified.
type GetUserAttributeVerificationCodeInput struct {
	// AccessToken is as in UpdateUserAttributesInput.
	AccessToken string
	// AttributeName is "email" or "phone_number".
	AttributeName  string
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// GetUserAttributeVerificationCode sends a code to the address that waits to be verified in the place of the present one, or else to the
// present one, if it is not verified; VerifyUserAttribute takes it. Earlier codes for the attribute are void. Errors: NotAuthorized,
// InsufficientScope; InvalidParameter for another attribute, and if there is nothing to verify; UnsupportedOperation if the pool sends
// nothing to phones; LimitExceeded after several messages to one address, or by one user; CodeDeliveryFailure.
func (p *Pool) GetUserAttributeVerificationCode(ctx context.Context, in GetUserAttributeVerificationCodeInput) (CodeDeliveryDetails, error) {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return CodeDeliveryDetails{}, err
	}
	details, err := p.attributeCode(ctx, c, in)
	p.audit(ctx, c.eventAbout(EventResendCode, "GetUserAttributeVerificationCode", "attributes", printable(in.AttributeName)), in.UserContext, err)
	return details, err
}

func (p *Pool) attributeCode(ctx context.Context, c caller, in GetUserAttributeVerificationCodeInput) (CodeDeliveryDetails, error) {
	name := in.AttributeName
	if err := checkAddressName(name); err != nil {
		return CodeDeliveryDetails{}, err
	}
	if !p.hasMedium(name) {
		return CodeDeliveryDetails{}, fail(UnsupportedOperation, "No codes are sent to phones here.")
	}
	to := c.user.unverified(name)
	if to == "" {
		return CodeDeliveryDetails{}, nothingToVerify(name)
	}
	if err := p.countMessage(ctx, c, to, in.UserContext); err != nil {
		return CodeDeliveryDetails{}, err
	}
	var code string
	u, err := p.changeUser(ctx, c.user.Sub, func(u *User) error {
		if err := c.still(*u); err != nil {
			return err
		}
		if u.unverified(name) != to { // changed at this very moment: the messages were counted for another address
			return nothingToVerify(name)
		}
		var err error
		code, err = p.newCode(ctx, u, purposeVerify+name, to, codeValidity)
		return err
	})
	if err != nil {
		return CodeDeliveryDetails{}, stillThere(err)
	}
	return *delivery(name, to), p.send(ctx, outgoing{
		kind: MessageVerifyUserAttribute, user: u, attribute: name, to: to, code: code, context: in.UserContext, metadata: in.ClientMetadata,
	})
}

func checkAddressName(name string) error {
	if !slices.Contains(addressAttributes, name) {
		return failField(InvalidParameter, "attributeName", "The attribute %q cannot be verified: it must be email or phone_number.", printable(name))
	}
	return nil
}

func nothingToVerify(name string) error {
	return failField(InvalidParameter, name, "There is no %s that waits to be verified.", strings.ReplaceAll(name, "_", " "))
}

// unverified returns the address that a code for this attribute goes to, or "" if there is nothing to verify.
func (u User) unverified(name string) string {
	if next := u.Pending[name]; next != "" {
		return next
	}
	if u.Attributes[verifiedAttribute(name)] == "true" {
		return ""
	}
	return u.Attributes[name]
}

// VerifyUserAttributeInput is the proof that a user reads what is sent to an address.
type VerifyUserAttributeInput struct {
	// AccessToken is as in UpdateUserAttributesInput.
	AccessToken string
	// AttributeName is "email" or "phone_number".
	AttributeName string
	Code          string
	// ClientMetadata is handed to the hook CustomMessage.
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// VerifyUserAttribute takes the code that was sent to an address. One that waited takes the place of the present one, and is what the user
// signs in with from now on, where users sign in with such an address; the one before, if it was verified, gets a message that says so. The
// sessions stay. Exactly one of several calls with the right code succeeds.
//
// Errors: NotAuthorized, InsufficientScope, InvalidParameter; CodeMismatch, also for a code that was sent to another address, was used, or
// was void already; ExpiredCode; LimitExceeded after several wrong codes; AliasExists if the address is another user's, in a pool in which
// people sign in with it: who first proves that they read it has it, and sign-ups that were never confirmed do not count.
func (p *Pool) VerifyUserAttribute(ctx context.Context, in VerifyUserAttributeInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	err = p.verifyAttribute(ctx, c, in)
	p.audit(ctx, c.eventAbout(EventAttributeChange, "VerifyUserAttribute", "attributes", printable(in.AttributeName)), in.UserContext, err)
	return err
}

func (p *Pool) verifyAttribute(ctx context.Context, c caller, in VerifyUserAttributeInput) error {
	name := in.AttributeName
	if err := checkAddressName(name); err != nil {
		return err
	}
	code, err := wantCode(in.Code)
	if err != nil {
		return err
	}
	if err := p.countAttempt(ctx, limitCode, c.user.Sub, in.UserContext); err != nil {
		return err
	}
	var before, after User
	err = p.evicting(ctx, c.user.Sub, map[string]string{name: c.user.unverified(name)}, func() error {
		u, err := p.store.User(ctx, p.id, c.user.Sub)
		if errors.Is(err, ErrNotFound) {
			return signedOut()
		}
		if err != nil {
			return unavailable("reading a user", err)
		}
		target := func(u User) string { return u.unverified(name) }
		return p.useCode(ctx, u, purposeVerify+name, code, target, func(u *User) error {
			before = u.Clone()
			if err := c.still(*u); err != nil {
				return err
			}
			u.Attributes[name] = u.unverified(name)
			delete(u.Pending, name)
			err := p.verified(u, name)
			after = u.Clone()
			return err
		})
	})
	if err != nil {
		return err
	}
	// The count of the account stays: other codes share it, and an address of one's own would begin it anew.
	p.giveBack(ctx, networkGuesses, in.UserContext, 1)
	p.notifyAttributeChanged(ctx, before, after, in.UserContext, in.ClientMetadata)
	return nil
}
