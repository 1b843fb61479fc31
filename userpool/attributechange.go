package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// addressAttributes are the attributes that messages go to. Each is also the Kind of the Identifier that such an address is.
var addressAttributes = []string{"email", "phone_number"}

// checkMutable refuses to change an attribute that can be set once.
func (s Settings) checkMutable(u User, given map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		rule, _ := s.attribute(name)
		if old := u.Attributes[name]; !rule.mutable && old != "" && old != given[name] {
			return failField(InvalidParameter, name, "The %s cannot be changed once it is set.", attributeLabel(name))
		}
	}
	return nil
}

// setAttributes gives a user attributes that were checked; an empty value deletes. A new address is not verified, unless its flag is given
// too, and what waited to be verified in its place is dropped. Nobody loses a required attribute, or the last name to sign in with.
func (p *Pool) setAttributes(u *User, given map[string]string) error {
	if err := p.settings.checkMutable(*u, given); err != nil {
		return err
	}
	for _, name := range p.settings.RequiredAttributes {
		if value, ok := given[name]; ok && value == "" && u.Attributes[name] != "" {
			return failField(InvalidParameter, name, "The %s is required: it can be changed, not deleted.", attributeLabel(name))
		}
	}
	hadName, hadProof := u.hasName(), u.hasProof()
	plain, flags := maps.Clone(given), map[string]string{}
	for _, name := range addressAttributes {
		flag := verifiedAttribute(name)
		if value, ok := plain[flag]; ok {
			flags[name] = value
			delete(plain, flag)
		}
		if _, ok := given[name]; ok {
			u.dropPending(name)
		}
	}
	p.applyAttributes(u, plain)
	for name, value := range flags {
		switch {
		case u.Attributes[name] != "" && value == "":
			u.Attributes[verifiedAttribute(name)] = "false"
		case u.Attributes[name] != "":
			u.Attributes[verifiedAttribute(name)] = value
		case value == "true":
			return failField(InvalidParameter, verifiedAttribute(name), "The user has no %s that could be verified.", strings.ReplaceAll(name, "_", " "))
		default:
			delete(u.Attributes, verifiedAttribute(name))
		}
	}
	var err error
	if u.Identifiers, err = p.settings.identifiers(*u); err != nil {
		return err
	}
	if hadName && !u.hasName() || hadProof && !u.hasProof() {
		return fail(InvalidParameter, "This is what the user signs in with: it can be changed, not deleted.")
	}
	return nil
}

// dropPending forgets an address that waits to be verified, and the code that was sent to it.
func (u *User) dropPending(name string) {
	delete(u.Pending, name)
	u.dropCode(purposeVerify + name)
}

// hasName tells whether there is a name or an address that the user can sign in with.
func (u User) hasName() bool {
	return slices.ContainsFunc(u.Identifiers, func(id Identifier) bool {
		return id.Kind == IdentifierEmail || id.Kind == IdentifierPhone || id.Kind == IdentifierUsername
	})
}

// hasProof tells whether there is something that the user can sign in with beside a name: an address can get codes.
func (u User) hasProof() bool {
	return u.PasswordHash != "" || len(u.Passkeys) > 0 || len(u.Identities) > 0 || u.federatedName() ||
		slices.ContainsFunc(addressAttributes, func(name string) bool { return u.Attributes[name] != "" })
}

// evicting calls change until no sign-up that was never confirmed stands in its way: such a sign-up does not hold the address that it was
// made with. wanted are the addresses that change wants to give to the user sub.
func (p *Pool) evicting(ctx context.Context, sub string, wanted map[string]string, change func() error) error {
	for range 10 {
		err := change()
		if !errors.Is(err, AliasExists) {
			return err
		}
		evicted, evictErr := p.evictUnconfirmed(ctx, sub, wanted)
		if evictErr != nil {
			return evictErr
		}
		if !evicted {
			return err
		}
	}
	return limitExceeded(time.Second)
}

// evictUnconfirmed deletes the sign-ups of others that hold one of these addresses and were never confirmed, and tells whether there may
// be one less.
func (p *Pool) evictUnconfirmed(ctx context.Context, sub string, wanted map[string]string) (bool, error) {
	evicted := false
	for _, name := range addressAttributes {
		if wanted[name] == "" {
			continue
		}
		holder, err := p.store.UserByIdentifier(ctx, p.id, addressIdentifier(name, wanted[name]))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return false, unavailable("reading a user", err)
		}
		if holder.Sub == sub || holder.Status != StatusUnconfirmed || !holder.Enabled {
			continue
		}
		// The version makes sure that it was not confirmed in the meantime.
		err = p.store.DeleteUser(ctx, p.id, holder.Sub, holder.Version)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrStale) {
			return false, unavailable("replacing an unconfirmed user", err)
		}
		evicted = true
	}
	return evicted, nil
}

// noticeAddress returns where the user is told what was done to the account: a verified address, or "".
func (p *Pool) noticeAddress(u User) (name, value string) {
	for _, name := range addressAttributes {
		if u.Attributes[name] != "" && u.Attributes[verifiedAttribute(name)] == "true" && p.hasMedium(name) {
			return name, u.Attributes[name]
		}
	}
	return "", ""
}

// hasMedium tells whether the pool can send messages to such an address.
func (p *Pool) hasMedium(name string) bool { return p.senderFor(mediumOf(name)) != nil }

// notify tells a user what was done to the account. o says all but where to.
func (p *Pool) notify(ctx context.Context, o outgoing) {
	if o.attribute, o.to = p.noticeAddress(o.user); o.to != "" {
		p.sendLater(ctx, o)
	}
}

// notifyAttributeChanged tells the owner of a verified address that it is no longer the account's.
func (p *Pool) notifyAttributeChanged(ctx context.Context, before, after User, from UserContextData, metadata map[string]string) {
	for _, name := range addressAttributes {
		old := before.Attributes[name]
		if old == "" || old == after.Attributes[name] || before.Attributes[verifiedAttribute(name)] != "true" || !p.hasMedium(name) {
			continue
		}
		p.sendLater(ctx, outgoing{kind: MessageAttributeChanged, user: after, attribute: name, to: old, context: from, metadata: metadata})
	}
}
