package userpool

import (
	"context"
	"slices"
)

// AdminUpdateUserAttributesInput says what an administrator changes about a user.
type AdminUpdateUserAttributesInput struct {
	// Username is what the user signs in with, the sub, or Username.
	Username string
	// UserAttributes are new values by name, also of email_verified and phone_number_verified; an empty value deletes the attribute.
	UserAttributes map[string]string
}

// AdminUpdateUserAttributes changes attributes at once, without a code or a message. A new address is not verified, unless email_verified or
// phone_number_verified is "true" beside it; where users sign in with such an address, they do so with the new one in either case. What the
// user had waiting to be verified in its place is dropped. An address that is verified thus stays so until it is changed.
//
// Errors: UserNotFound; NotAuthorized for an attribute that only the pool sets; InvalidParameter for a value that does not fit, for an
// attribute that is set already and cannot be changed, for a flag without an address, and to delete what is required or is the only thing
// that the user can sign in with; AliasExists if another user signs in with the address or name, unless that is a sign-up that was never
// confirmed.
func (p *Pool) AdminUpdateUserAttributes(ctx context.Context, in AdminUpdateUserAttributesInput) error {
	return p.adminSetAttributes(ctx, "AdminUpdateUserAttributes", in.Username, in.UserAttributes)
}

// AdminDeleteUserAttributesInput says which attributes of a user an administrator deletes.
type AdminDeleteUserAttributesInput struct {
	// Username is what the user signs in with, the sub, or Username.
	Username string
	// UserAttributeNames are the attributes. Those that the user does not have are no error. email_verified and phone_number_verified become
	// "false" as long as there is an address.
	UserAttributeNames []string
}

// AdminDeleteUserAttributes deletes attributes. Errors: as of AdminUpdateUserAttributes.
func (p *Pool) AdminDeleteUserAttributes(ctx context.Context, in AdminDeleteUserAttributesInput) error {
	return p.adminSetAttributes(ctx, "AdminDeleteUserAttributes", in.Username, emptied(in.UserAttributeNames))
}

func (p *Pool) adminSetAttributes(ctx context.Context, operation, username string, attributes map[string]string) error {
	u, err := p.resolve(ctx, username)
	if err == nil {
		err = p.adminChangeAttributes(ctx, u, attributes)
	}
	p.audit(ctx, AuditEvent{
		Type: EventAttributeChange, Operation: operation, Sub: u.Sub, Details: map[string]string{"attributes": attributeNames(attributes)},
	}, UserContextData{}, err)
	return err
}

func (p *Pool) adminChangeAttributes(ctx context.Context, u User, attributes map[string]string) error {
	given, err := p.settings.checkAttributes(attributes, writtenByAdmin, nil)
	if err != nil {
		return err
	}
	return p.evicting(ctx, u.Sub, given, func() error {
		_, err := p.changeUser(ctx, u.Sub, func(u *User) error {
			for _, name := range addressAttributes {
				// Users sign in with what an administrator gave them, verified or not: otherwise they could not sign in at all.
				if given[name] != "" && slices.Contains(p.settings.UsernameAttributes, name) {
					u.Identifiers = append(u.Identifiers, addressIdentifier(name, given[name]))
				}
			}
			return p.setAttributes(u, given)
		})
		return err
	})
}
