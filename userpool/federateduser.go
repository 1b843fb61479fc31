package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

// assertion is what a provider said of a person, after it was verified.
type assertion struct {
	provider Provider
	subject  string
	// said are the mapped attributes that fit this pool.
	said    map[string]string
	groups  []string
	session *providerSession
	context UserContextData
}

func (a assertion) identifier() Identifier { return federatedIdentifier(a.provider.Name, a.subject) }

// made tells whether the user was made by a sign-in with this very account.
func (a assertion) made(u User) bool { return u.Username == a.provider.Name+"_"+a.subject }

// mappable are the attributes that a provider sets by default.
var mappable = slices.Concat(standardAttributes, []string{"email_verified"})

// mapping says which attribute of the pool is which of the provider.
func (p Provider) mapping() map[string]string {
	if p.AttributeMapping != nil {
		return p.AttributeMapping
	}
	out := make(map[string]string, len(mappable))
	for _, name := range mappable {
		out[name] = name
	}
	return out
}

// mapAttributes returns what fits; a value that could not be an attribute of this pool is left out. An address is verified if the provider
// says exactly "true".
func (s Settings) mapAttributes(provider Provider, in map[string][]string) map[string]string {
	out := map[string]string{}
	for name, from := range provider.mapping() {
		rule, ok := s.attribute(name)
		if !ok || len(in[from]) == 0 {
			continue
		}
		value := in[from][0]
		if isVerifiedAttribute(name) && value != "true" {
			value = "false"
		}
		if value, err := rule.check(value); err == nil && value != "" {
			out[name] = value
		}
	}
	for _, address := range addressAttributes {
		if out[address] == "" {
			delete(out, verifiedAttribute(address))
		}
	}
	return out
}

func isVerifiedAttribute(name string) bool {
	return slices.ContainsFunc(addressAttributes, func(address string) bool { return name == verifiedAttribute(address) })
}

// federatedUser returns the user of an account at a provider, as of this sign-in.
func (p *Pool) federatedUser(ctx context.Context, a assertion) (User, error) {
	keepNames := false
	for range 100 {
		before, err := p.store.UserByIdentifier(ctx, p.id, a.identifier())
		switch {
		case errors.Is(err, ErrNotFound):
			u, err := p.firstFederatedSignIn(ctx, a)
			if errors.Is(err, ErrExists) || errors.Is(err, ErrStale) {
				continue
			}
			return u, err
		case err != nil:
			return User{}, unavailable("reading a user", err)
		case !before.Enabled:
			return before, nil
		}
		if err := p.keepInGroup(ctx, a, before); err != nil {
			return User{}, err
		}
		u := before.Clone()
		p.refresh(&u, a, keepNames)
		u.Identities = u.identities()
		if maps.Equal(u.Attributes, before.Attributes) && slices.Equal(u.Identities, before.Identities) {
			return before, nil
		}
		if u.Identifiers, err = p.settings.identifiers(u); err != nil {
			return User{}, err
		}
		u.Modified = p.now()
		switch err := p.store.UpdateUser(ctx, p.id, u); {
		case err == nil:
			u.Version++
			p.tellOfAddress(ctx, before, u, a.context)
			return u, nil
		case errors.Is(err, ErrExists) && !keepNames: // the address is another user's here
			p.log.WarnContext(ctx, "userpool: an address that another provider gave is another user's, and was not taken over",
				"pool", p.id, "provider", a.provider.Name, "sub", u.Sub)
			keepNames = true
		case !errors.Is(err, ErrStale) && !errors.Is(err, ErrNotFound):
			return User{}, unavailable("changing a user", err)
		}
	}
	return User{}, limitExceeded(time.Second)
}

// refresh takes over what the provider says now. keepNames leaves alone what a linked user can be found by.
func (p *Pool) refresh(u *User, a assertion, keepNames bool) {
	if u.Attributes == nil {
		u.Attributes = map[string]string{}
	}
	made := a.made(*u)
	for name := range a.provider.mapping() {
		rule, ok := p.settings.attribute(name)
		value, old := a.said[name], u.Attributes[name]
		switch {
		case !ok || isVerifiedAttribute(name) || !rule.mutable && old != "":
		case slices.Contains(addressAttributes, name) && made:
			p.refreshAddress(u, a, name)
		case slices.Contains(addressAttributes, name):
			if !keepNames && value != "" {
				p.refreshLinkedAddress(u, a, name)
			}
		case !made && name == "preferred_username" && slices.Contains(p.settings.AliasAttributes, name):
		case value != "":
			u.Attributes[name] = value
		case made && !slices.Contains(p.settings.RequiredAttributes, name) && !a.provider.keeps(name):
			delete(u.Attributes, name)
		}
	}
}

// keeps tells whether an attribute stays that the provider does not say.
func (p Provider) keeps(name string) bool {
	return p.Type == "SignInWithApple" || slices.Contains(p.KeepAttributes, name)
}

// refreshAddress takes over the address of a user who was made by this provider, and is not found by it. While it stays the same, and the
// provider does not say whether it is verified, what the pool knows of that stays as well.
func (p *Pool) refreshAddress(u *User, a assertion, name string) {
	value, verified := a.said[name], a.said[verifiedAttribute(name)]
	switch {
	case value == "" && (slices.Contains(p.settings.RequiredAttributes, name) || a.provider.keeps(name)):
	case value == "":
		delete(u.Attributes, name)
		delete(u.Attributes, verifiedAttribute(name))
	case verified != "" || value != u.Attributes[name]:
		u.Attributes[name], u.Attributes[verifiedAttribute(name)] = value, truth(verified == "true")
	}
}

// refreshLinkedAddress takes over the address of a user who is linked to the provider, unless the user has proved one, or is found by it: a
// provider at which anybody can claim any address must not make it this user's.
func (p *Pool) refreshLinkedAddress(u *User, a assertion, name string) {
	value, old := a.said[name], u.Attributes[name]
	verified := a.said[verifiedAttribute(name)] == "true"
	trusted := verified && a.provider.OverwriteVerified
	own := old != "" && (u.Attributes[verifiedAttribute(name)] == "true" || slices.Contains(u.Identifiers, addressIdentifier(name, old)))
	if value == old || own && !trusted {
		return
	}
	u.Attributes[name] = value
	u.Attributes[verifiedAttribute(name)] = truth(trusted || verified && name == "email" && a.provider.authoritative(value))
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// tellOfAddress tells a user at a verified address that another has taken its place.
func (p *Pool) tellOfAddress(ctx context.Context, before, after User, from UserContextData) {
	for _, name := range addressAttributes {
		old := before.Attributes[name]
		if before.federatedName() || old == "" || old == after.Attributes[name] || before.Attributes[verifiedAttribute(name)] != "true" {
			continue
		}
		p.sendLater(ctx, outgoing{kind: MessageAttributeChanged, user: after, attribute: name, to: old, context: from})
	}
}

// firstFederatedSignIn links the account to the user whose it is, or makes a user. ErrExists and ErrStale mean that somebody was faster, or
// that it is linked now: the caller reads again.
func (p *Pool) firstFederatedSignIn(ctx context.Context, a assertion) (User, error) {
	holder, err := p.emailHolder(ctx, a)
	if err != nil {
		return User{}, err
	}
	switch {
	case holder.Sub == "":
	case !holder.Enabled:
		return User{}, noFederatedAccess()
	case holder.Status != StatusUnconfirmed:
		err := p.linkByEmail(ctx, a, holder)
		if err == nil {
			err = ErrStale
		}
		return User{}, err
	}
	return p.newFederatedUser(ctx, a, holder)
}

// emailHolder returns the user to whom Provider.LinkBy links, or the sign-up that it replaces, or a zero User.
func (p *Pool) emailHolder(ctx context.Context, a assertion) (User, error) {
	email := a.said["email"]
	if a.provider.LinkBy != LinkVerifiedEmail || a.said["email_verified"] != "true" || !a.provider.authoritative(email) {
		return User{}, nil
	}
	u, err := p.store.UserByIdentifier(ctx, p.id, Identifier{IdentifierEmail, email})
	switch {
	case errors.Is(err, ErrNotFound):
		return User{}, nil
	case err != nil:
		return User{}, unavailable("reading a user", err)
	case u.Attributes["email"] != email, u.Status != StatusUnconfirmed && u.Attributes["email_verified"] != "true":
		return User{}, nil
	}
	return u, nil
}

// linkByEmail links a first sign-in to the user who has proved the same address.
func (p *Pool) linkByEmail(ctx context.Context, a assertion, holder User) error {
	_, err := p.link(ctx, holder.Sub, a.provider.Name, a.subject, func(u User) error {
		if u.Version != holder.Version {
			return ErrStale
		}
		return nil
	})
	if errors.Is(err, ErrStale) || errors.Is(err, AliasExists) || errors.Is(err, UserNotFound) {
		return ErrStale
	}
	p.auditLink(ctx, "FinishFederatedSignIn", "linked by e-mail address", a.provider.Name, holder, a.context, err)
	if err == nil {
		p.notify(ctx, outgoing{kind: MessageFactorChanged, what: message.IdentityLinked, user: holder, context: a.context})
	}
	return err
}

// newFederatedUser makes a user, in the place of a sign-up with the same address that was never confirmed, if there is one.
func (p *Pool) newFederatedUser(ctx context.Context, a assertion, replaced User) (User, error) {
	if p.settings.AllowAdminCreateUserOnly && !a.provider.JustInTime {
		return User{}, fail(NotAuthorized, "There is no account for you here. Please ask an administrator.")
	}
	attributes := maps.Clone(a.said)
	for _, address := range addressAttributes {
		if attributes[address] != "" {
			attributes[verifiedAttribute(address)] = truth(attributes[verifiedAttribute(address)] == "true")
		}
	}
	for _, name := range p.settings.RequiredAttributes {
		if attributes[name] == "" {
			return User{}, failField(InvalidParameter, name, "The other provider did not say your %s, which is needed here.",
				strings.ReplaceAll(strings.TrimPrefix(name, "custom:"), "_", " "))
		}
	}
	sub, err := p.newUUID()
	if err != nil {
		return User{}, err
	}
	now := p.now()
	u := User{
		Sub: sub, Username: a.provider.Name + "_" + a.subject, Status: StatusExternalProvider, Enabled: true, Attributes: attributes,
		Identifiers: []Identifier{a.identifier()}, Created: now, Modified: now,
		Identities: []FederatedIdentity{{Provider: a.provider.Name, Subject: a.subject, Linked: now}},
	}
	event := userEvent(u, "")
	event.Trigger, event.Sub, event.Status = TriggerSignUpExternal, "", ""
	if _, err := runHook(ctx, p, "PreSignUp", p.hooks.PreSignUp, PreSignUpEvent{event}); err != nil {
		return User{}, err
	}
	if err := p.replaceSignUp(ctx, a, replaced); err != nil {
		return User{}, err
	}
	if err := p.store.CreateUser(ctx, p.id, u); err != nil {
		if errors.Is(err, ErrExists) {
			return User{}, err
		}
		return User{}, unavailable("making a user", err)
	}
	u.Version = 1
	p.confirmed(ctx, u)
	return u, p.keepInGroup(ctx, a, u)
}

// replaceSignUp deletes a sign-up that was never confirmed, with its password and all that hung on it. The version makes sure that it was
// not confirmed in the meantime.
func (p *Pool) replaceSignUp(ctx context.Context, a assertion, old User) error {
	if old.Sub == "" {
		return nil
	}
	err := p.store.DeleteUser(ctx, p.id, old.Sub, old.Version)
	if errors.Is(err, ErrStale) || errors.Is(err, ErrNotFound) {
		return ErrStale
	}
	err = unavailable("replacing an unconfirmed user", err)
	p.audit(ctx, AuditEvent{
		Type: EventUserChange, Operation: "FinishFederatedSignIn", Sub: old.Sub,
		Details: map[string]string{"change": "replaced, as it was never confirmed", "provider": a.provider.Name},
	}, a.context, err)
	return err
}

// keepInGroup keeps a user who came from the provider in its group.
func (p *Pool) keepInGroup(ctx context.Context, a assertion, u User) error {
	if !a.provider.AutoGroup || !a.made(u) {
		return nil
	}
	name := p.id + "_" + a.provider.Name
	groups, err := p.store.GroupsOf(ctx, p.id, u.Sub)
	if err != nil {
		return unavailable("reading groups", err)
	}
	if slices.ContainsFunc(groups, func(g Group) bool { return g.Name == name }) {
		return nil
	}
	err = p.store.AddToGroup(ctx, p.id, u.Sub, name)
	if errors.Is(err, ErrNotFound) {
		err = p.store.CreateGroup(ctx, p.id, Group{Name: name, Description: "Users of the provider " + a.provider.Name, Created: p.now()})
		if err == nil || errors.Is(err, ErrExists) {
			err = p.store.AddToGroup(ctx, p.id, u.Sub, name)
		}
	}
	if errors.Is(err, ErrNotFound) { // the user was deleted a moment ago, or somebody deletes the group
		return nil
	}
	return unavailable("adding to a group", err)
}
