package userpool

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

const (
	// maxIdentities is how many accounts at other providers a user can have, as in Cognito.
	maxIdentities = 5
	// nativeProvider stands for the pool itself where a provider is named, as in Cognito.
	nativeProvider = "Cognito"
	// subjectAttribute is the name of the attribute that tells who somebody is at a provider, as in Cognito.
	subjectAttribute = "Cognito_Subject"
)

// ProviderUserIdentifier names a user at a provider.
type ProviderUserIdentifier struct {
	// ProviderName is the name of a Provider, or "Cognito" for the pool itself.
	ProviderName string
	// ProviderAttributeName is "Cognito_Subject", which is also the default: people are identified by the subject at a provider and by
	// nothing else. For the pool itself it is ignored.
	ProviderAttributeName string
	// ProviderAttributeValue is the subject at the provider, exactly as FinishFederatedSignIn would see it; or for the pool itself the user
	// name, as for AdminGetUser.
	ProviderAttributeValue string
}

// AdminLinkProviderForUserInput says which account at a provider is to sign in as which user.
type AdminLinkProviderForUserInput struct {
	// DestinationUser is a user who is there: of the pool ("Cognito", or an empty ProviderName), or one who came from another provider.
	DestinationUser ProviderUserIdentifier
	// SourceUser is the account at a provider. It must not have signed in yet: otherwise delete the user that was made then.
	SourceUser ProviderUserIdentifier
}

// AdminLinkProviderForUser lets an account at a provider sign in as a user who is there already. Nobody proves that the two are one person:
// an e-mail address that both have is no proof unless both sides have verified it. A user can have five such accounts. To link what is
// linked already changes nothing. It may be called by the hook PreSignUp, for the very account that is about to sign in.
//
// Errors: UserNotFound; ResourceNotFound for an unknown provider; InvalidParameter; AliasExists if the account is another user's;
// UnsupportedUserState for a user who has five, or whose sign-up is not confirmed: nobody knows whose it is.
func (p *Pool) AdminLinkProviderForUser(ctx context.Context, in AdminLinkProviderForUserInput) error {
	if _, known := p.provider(in.SourceUser.ProviderName); !known {
		return failField(ResourceNotFound, "sourceUser", "There is no provider %q.", printable(in.SourceUser.ProviderName))
	}
	if err := in.SourceUser.check("sourceUser"); err != nil {
		return err
	}
	u, err := p.linkDestination(ctx, in.DestinationUser)
	if err != nil {
		return err
	}
	_, err = p.link(ctx, u.Sub, in.SourceUser.ProviderName, in.SourceUser.ProviderAttributeValue, func(User) error { return nil })
	p.auditLink(ctx, "AdminLinkProviderForUser", "linked", in.SourceUser.ProviderName, u, UserContextData{}, err)
	return err
}

func (i ProviderUserIdentifier) check(field string) error {
	if i.ProviderAttributeName != "" && i.ProviderAttributeName != subjectAttribute {
		return failField(InvalidParameter, field, "A user at a provider is named by %s, not by %q.", subjectAttribute, printable(i.ProviderAttributeName))
	}
	if err := checkSubject(i.ProviderAttributeValue); err != nil {
		return failField(InvalidParameter, field, "%s", sentence(err))
	}
	return nil
}

func (p *Pool) linkDestination(ctx context.Context, i ProviderUserIdentifier) (User, error) {
	if i.ProviderName == "" || i.ProviderName == nativeProvider {
		return p.resolve(ctx, i.ProviderAttributeValue)
	}
	if err := i.check("destinationUser"); err != nil {
		return User{}, err
	}
	return p.identityHolder(ctx, i)
}

// identityHolder returns the user who signs in with an account at a provider.
func (p *Pool) identityHolder(ctx context.Context, i ProviderUserIdentifier) (User, error) {
	u, err := p.store.UserByIdentifier(ctx, p.id, federatedIdentifier(i.ProviderName, i.ProviderAttributeValue))
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return User{}, userNotFound()
	}
	return u, unavailable("reading a user", err)
}

// link adds an account at a provider to a user, and tells whether it is new there. allowed may refuse.
func (p *Pool) link(ctx context.Context, sub, provider, subject string, allowed func(User) error) (added bool, err error) {
	id := federatedIdentifier(provider, subject)
	linked := errors.New("userpool: linked already")
	_, err = p.changeUser(ctx, sub, func(u *User) error {
		if err := allowed(*u); err != nil {
			return err
		}
		switch {
		case slices.Contains(u.Identifiers, id):
			return linked
		case u.Status == StatusUnconfirmed:
			return fail(UnsupportedUserState, "The account is not confirmed yet, so that nobody knows whose it is.")
		case len(u.identities()) >= maxIdentities:
			return fail(UnsupportedUserState, "The account is linked to "+strconv.Itoa(maxIdentities)+" others, and cannot be to more.")
		}
		u.Identities = append(u.identities(), FederatedIdentity{Provider: provider, Subject: subject, Linked: p.now()})
		u.Identifiers = append(u.Identifiers, id)
		return nil
	})
	switch {
	case errors.Is(err, linked):
		return false, nil
	case errors.Is(err, AliasExists):
		err = fail(AliasExists, "The account at the other provider belongs to another user here already.")
	}
	return err == nil, err
}

// mayLink returns the person who wants to change what they sign in with, if the sign-in is recent, and as strong as any of theirs: a
// provider may let them in without the second factor.
func (p *Pool) mayLink(ctx context.Context, token string) (caller, error) {
	c, err := p.recentCaller(ctx, token)
	if err != nil {
		return caller{}, err
	}
	if len(p.switchedOn(c.user)) > 0 && !slices.Contains(c.session.AMR, amrFederated) && !reaches(acrOf(c.session.AMR), ACRMultiFactor) {
		return caller{}, fail(LoginRequired, "Please sign in again first, with your second factor.")
	}
	return c, nil
}

// finishLink links the account that was just proved at a provider to the person who began it, and gives their session back.
func (p *Pool) finishLink(ctx context.Context, a assertion, session string, in FinishFederatedSignInInput) (*AuthOutcome, error) {
	s, u, err := p.browserSession(ctx, session)
	if err == nil && in.Replaces != "" {
		_, now, nowErr := p.browserSession(ctx, in.Replaces)
		if nowErr == nil && now.Sub != u.Sub {
			err = fail(NotAuthorized, "Somebody else has signed in meanwhile. Please begin again.")
		}
	}
	if err != nil {
		return nil, err
	}
	added, err := p.link(ctx, u.Sub, a.provider.Name, a.subject, func(now User) error {
		if !now.Enabled || now.Epoch != u.Epoch {
			return signedOut()
		}
		return nil
	})
	p.auditLink(ctx, "FinishFederatedSignIn", "linked", a.provider.Name, u, a.context, err)
	if err != nil {
		return nil, err
	}
	if added {
		p.notify(ctx, outgoing{kind: MessageFactorChanged, what: message.IdentityLinked, user: u, context: a.context})
	}
	return &AuthOutcome{BrowserSession: session, BrowserSessionExpires: s.Expires}, nil
}

// UnlinkIdentityInput names an account at a provider that shall no longer sign in as the user.
type UnlinkIdentityInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
	// Provider and Subject are those of User.Identities.
	Provider, Subject string
	UserContext       UserContextData
}

// UnlinkIdentity ends that an account at another provider signs in as the user, who gets a message, and ends the sessions that began at
// that provider, except this one. It needs a sign-in of the last 10 minutes, with the second factor if the user has one. The account that
// the user was made of, and is named after, stays, and so does the last way to sign in. Errors: NotAuthorized, InsufficientScope,
// LoginRequired; ResourceNotFound if there is no such account; UnsupportedUserState for one that stays.
func (p *Pool) UnlinkIdentity(ctx context.Context, in UnlinkIdentityInput) error {
	c, err := p.mayLink(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	_, err = p.changeUser(ctx, c.user.Sub, func(u *User) error { return p.unlink(u, in.Provider, in.Subject) })
	if err == nil {
		err = p.endSessionsFrom(ctx, c.user.Sub, in.Provider, c.session.ID)
	}
	p.auditLink(ctx, "UnlinkIdentity", "unlinked", in.Provider, c.user, in.UserContext, err)
	if err == nil {
		p.notify(ctx, outgoing{kind: MessageFactorChanged, what: message.IdentityUnlinked, user: c.user, context: in.UserContext})
	}
	return err
}

// AdminDisableProviderForUserInput names an account at a provider.
type AdminDisableProviderForUserInput struct{ User ProviderUserIdentifier }

// AdminDisableProviderForUser ends that an account at another provider signs in as the user whom it is linked to, and ends all sessions of
// the user. The account can then sign in as a new user. Passwords are not taken away here: "Cognito" is refused.
//
// Errors: InvalidParameter; UserNotFound if nobody has the account; UnsupportedUserState for the account that the user was made of, and is
// named after (see AdminDisableUser and AdminDeleteUser), and for the last way to sign in.
func (p *Pool) AdminDisableProviderForUser(ctx context.Context, in AdminDisableProviderForUserInput) error {
	if in.User.ProviderName == nativeProvider || in.User.ProviderName == "" {
		return failField(InvalidParameter, "user", "Name a provider: the password of a user of the pool cannot be taken away.")
	}
	if err := in.User.check("user"); err != nil {
		return err
	}
	u, err := p.identityHolder(ctx, in.User)
	if err != nil {
		return err
	}
	_, err = p.changeUser(ctx, u.Sub, func(u *User) error {
		u.Epoch++ // which ends the sessions; what follows tidies up
		return p.unlink(u, in.User.ProviderName, in.User.ProviderAttributeValue)
	})
	if errors.Is(err, ResourceNotFound) { // somebody was faster
		err = userNotFound()
	}
	p.auditLink(ctx, "AdminDisableProviderForUser", "unlinked", in.User.ProviderName, u, UserContextData{}, err)
	if err == nil {
		p.logFailure(ctx, "sessions that are over could not be deleted", p.store.DeleteSessionsOf(ctx, p.id, u.Sub))
	}
	return err
}

// unlink takes an account at a provider away from a user, unless it must stay.
func (p *Pool) unlink(u *User, provider, subject string) error {
	id := federatedIdentifier(provider, subject)
	switch {
	case !slices.Contains(u.Identifiers, id):
		return fail(ResourceNotFound, "There is no such account at another provider.")
	case u.Username == provider+"_"+subject:
		return fail(UnsupportedUserState, "The account was made by signing in there, and is named after it: it can only be deleted as a whole.")
	}
	u.Identifiers = slices.DeleteFunc(u.Identifiers, func(other Identifier) bool { return other == id })
	u.Identities = u.identities()
	if !p.canSignIn(*u) {
		return fail(UnsupportedUserState, "This is the only way to sign in to the account. Set a password, or add another way, first.")
	}
	return nil
}

// endSessionsFrom ends the sessions of a user that began at a provider, except one.
func (p *Pool) endSessionsFrom(ctx context.Context, sub, provider, except string) error {
	return p.endSessionsWhere(ctx, sub, func(s Session) bool {
		return s.Provider == provider && s.ID != except && (s.Parent != except || except == "")
	})
}

func (p *Pool) auditLink(ctx context.Context, operation, change, provider string, u User, from UserContextData, err error) {
	p.audit(ctx, AuditEvent{
		Type: EventIdentityLink, Operation: operation, Sub: u.Sub, Details: map[string]string{"change": change, "provider": provider},
	}, from, err)
}

func federatedIdentifier(provider, subject string) Identifier {
	return Identifier{IdentifierFederated, provider + " " + subject}
}

// identities are the accounts at other providers that a user signs in with: the one that the user was made of, and then the others in the
// order in which they were linked. The identifiers decide what there is. Users whom an earlier release stored have nothing else: they were
// made by the only one.
func (u User) identities() []FederatedIdentity {
	var out []FederatedIdentity
	for _, id := range u.Identifiers {
		if id.Kind != IdentifierFederated {
			continue
		}
		provider, subject, _ := strings.Cut(id.Value, " ")
		identity := FederatedIdentity{Provider: provider, Subject: subject, Linked: u.Created}
		for _, known := range u.Identities {
			if known.Provider == provider && known.Subject == subject {
				identity = known
			}
		}
		out = append(out, identity)
	}
	slices.SortFunc(out, func(a, b FederatedIdentity) int {
		if a.names(u) != b.names(u) {
			return map[bool]int{true: -1, false: 1}[a.names(u)]
		}
		return cmp.Or(a.Linked.Compare(b.Linked), strings.Compare(a.Provider, b.Provider), strings.Compare(a.Subject, b.Subject))
	})
	return out
}

// names tells whether the user was made of this account.
func (i FederatedIdentity) names(u User) bool { return u.Username == i.Provider+"_"+i.Subject }

// signsInAt tells whether a user has an account at the provider.
func (u User) signsInAt(provider string) bool {
	return slices.ContainsFunc(u.identities(), func(i FederatedIdentity) bool { return i.Provider == provider })
}

// signsInElsewhere tells whether a user has an account at a provider that the pool has.
func (p *Pool) signsInElsewhere(u User) bool {
	return slices.ContainsFunc(p.providers, func(provider Provider) bool { return u.signsInAt(provider.Name) })
}

// addIdentities says where a user signs in besides, as Cognito does: all values are strings.
func (p *Pool) addIdentities(claims map[string]any, u User) {
	var identities []map[string]any
	for _, i := range u.identities() {
		claim := map[string]any{
			"userId": i.Subject, "providerName": i.Provider, "providerType": providerTypes[0], "issuer": nil,
			"primary": truth(i.names(u)), "dateCreated": strconv.FormatInt(i.Linked.UnixMilli(), 10),
		}
		if provider, known := p.provider(i.Provider); known {
			claim["providerType"] = provider.Type
			if provider.Issuer != "" {
				claim["issuer"] = provider.Issuer
			}
		}
		identities = append(identities, claim)
	}
	if identities != nil {
		claims["identities"] = identities
	}
}
