package userpool

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// IdentityProvider is where a person can sign in instead. The packages below federation implement it. Its methods must be safe for
// concurrent use.
type IdentityProvider interface {
	// Begin prepares a sign-in. next sends the browser to the provider, which sends it back to callbackURL with state. pending is what
	// Finish needs; the pool keeps it sealed until then, and serves next only when it is kept.
	Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error)
	// Finish verifies what the browser brought back, and returns who the person is: the subject, unique and unchanging at the provider,
	// and attributes with the provider's names. The pool has checked that this browser began the sign-in, once.
	Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error)
}

// Provider is an [IdentityProvider] of a pool, with what the pool needs to know about it.
type Provider struct {
	// Name is 1 to 32 characters of A-Z, a-z, 0-9, "_" and "-", and not "Cognito"; it is part of the identity of those who come from there,
	// and must not be changed or given to another provider. No name may be another's with "_" after it.
	Name string
	// Label is what the button says after "Continue with"; Name by default.
	Label string
	IdentityProvider
	// Identifiers are other names for the provider, by which an application may ask for it (the parameter idp_identifier), as in Cognito:
	// 1 to 40 characters each, without regard to case. One that is a domain, such as "example.com", sends the people with an e-mail address
	// of this domain there (see ProviderForEmail): whoever runs the provider is then asked about all of them. Subdomains are not included.
	Identifiers []string
	// Type is the claim providerType, with Cognito's names: "OIDC" (the default), "SAML", "Google", "Facebook", "LoginWithAmazon" or
	// "SignInWithApple". Issuer is the claim issuer, or empty.
	Type   string
	Issuer string
	// AttributeMapping says which attribute of the provider (the value) becomes which of the pool (the key), custom ones included. By
	// default the standard claims keep their names. See FinishFederatedSignIn for what happens at each sign-in.
	AttributeMapping map[string]string
	// LinkBy says whether a first sign-in is linked to a user who is there already; LinkNever by default.
	LinkBy LinkRule
	// AuthoritativeDomains are the domains whose addresses the provider gives to people and takes back, such as a company's own domain, or
	// "gmail.com" for Google: for these alone, what it says about an address is proof. Subdomains are not included.
	AuthoritativeDomains []string
	// SignOut ends the session at the provider when a person who came from there signs out at the hosted pages, if the provider is a
	// [SessionProvider]. Other applications of the person there are then signed out as well.
	SignOut bool
	// OverwriteVerified lets the provider replace the verified e-mail address or phone number of a user who is linked to it, by one that it
	// says is verified: people then get codes there, and sign in with it. Otherwise such an address is the user's own to change.
	OverwriteVerified bool
	// JustInTime makes users of those who come from the provider the first time also where Settings.AllowAdminCreateUserOnly closes sign-up:
	// for the directory of an organization, which decides itself who is in it.
	JustInTime bool
	// AutoGroup keeps the users who came from this provider in the group "<pool ID>_<provider>", which is made when the first one comes, as
	// Cognito does.
	AutoGroup bool
	// GroupAttribute names the attribute of the provider that says which groups and roles there a person has; "groups" by default.
	// GroupMapping says which of its values (the key) puts people into which group of the pool (the value), such as the object ID of an
	// Entra group. It is looked at at every sign-in: who lost the value at the provider is taken out of a group that the provider had put
	// them into. What an administrator did stays. Groups that do not exist are passed over. Values that are not named here do nothing.
	GroupAttribute string
	GroupMapping   map[string]string
	// KeepAttributes are attributes of the pool that stay as they are while the provider does not say them. Others are deleted, of users
	// who were made by it. With the Type "SignInWithApple" all stay: Apple says the name at the first sign-in only.
	KeepAttributes []string
}

// LinkRule says when a first sign-in at another provider is linked to a user of the pool without being asked for. Whoever controls what the
// provider says then controls the user.
//
// The usual complaint is that one person with one e-mail address has two users, one with a password and one from a provider. There are
// three ways to have one only. The person links the provider while they are signed in: see BeginFederatedSignInInput.LinkTo; nothing is
// guessed, as both accounts are proved. An administrator, or the hook PreSignUp, calls AdminLinkProviderForUser before the first sign-in
// there. Or LinkVerifiedEmail does it by the address.
type LinkRule string

const (
	// LinkNever makes a user of their own for everybody who comes from the provider.
	LinkNever LinkRule = ""
	// LinkVerifiedEmail links to the user who has the e-mail address, if the provider says that it is verified, its domain is one of
	// AuthoritativeDomains, and the user has it verified too; the user is told. A sign-up with the address that was never confirmed is
	// replaced: nobody proved that it was theirs, so its password does not stay. A disabled user keeps the person out. In all other cases
	// a user of their own is made. Do not use it where addresses are given to another person before the first one's user is deleted.
	LinkVerifiedEmail LinkRule = "verified_email"
)

// ProviderInfo is what pages show of a [Provider]: Name is in URLs, Label on the button; Type is Provider.Type.
type ProviderInfo struct{ Name, Label, Type string }

var (
	providerName  = regexp.MustCompile(`^[\w-]{1,32}$`)
	providerTypes = []string{"OIDC", "SAML", "Google", "Facebook", "LoginWithAmazon", "SignInWithApple"}
)

func checkProviders(providers []Provider, settings Settings) error {
	seen := map[string]bool{}
	for _, provider := range providers {
		for _, other := range providers {
			if strings.HasPrefix(other.Name, provider.Name+"_") {
				return fmt.Errorf("userpool: the names of provider %q and provider %q could give two people one user name: change one of them", provider.Name, other.Name)
			}
		}
		switch {
		case !providerName.MatchString(provider.Name):
			return fmt.Errorf("userpool: the name of provider %q must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -", provider.Name)
		case strings.EqualFold(provider.Name, nativeProvider):
			return fmt.Errorf("userpool: provider %q has the name that stands for the pool itself: change it", provider.Name)
		case provider.IdentityProvider == nil:
			return fmt.Errorf("userpool: provider %q has no IdentityProvider", provider.Name)
		case seen[provider.Name]:
			return fmt.Errorf("userpool: two providers have the name %q", provider.Name)
		case provider.Type != "" && !slices.Contains(providerTypes, provider.Type):
			return fmt.Errorf("userpool: provider %q has the Type %q, which is not one of %q", provider.Name, printable(provider.Type), providerTypes)
		}
		if err := provider.checkMapping(settings); err != nil {
			return err
		}
		if err := errors.Join(provider.checkLinking(settings), provider.checkGroups()); err != nil {
			return err
		}
		seen[provider.Name] = true
	}
	return checkIdentifiers(providers)
}

// checkClientProviders wants clients to name only providers that the pool has.
func checkClientProviders(clients []Client, providers []Provider) error {
	for _, c := range clients {
		for _, name := range c.IdentityProviders {
			named := func(p Provider) bool { return p.Name == name }
			if name != CognitoProvider && !slices.ContainsFunc(providers, named) {
				return fmt.Errorf("userpool: client %q: IdentityProviders has %q, which is neither %s nor the name of a provider in Config.Providers",
					c.ID, name, CognitoProvider)
			}
		}
	}
	return nil
}

func (p Provider) checkMapping(settings Settings) error {
	for name := range p.AttributeMapping {
		if rule, ok := settings.attribute(name); !ok || rule.byPool {
			return fmt.Errorf("userpool: provider %q maps to %q, which is no attribute that a provider can set", p.Name, name)
		}
	}
	for _, name := range settings.RequiredAttributes {
		if _, mapped := p.mapping()[name]; !mapped && (!settings.AllowAdminCreateUserOnly || p.JustInTime) {
			return fmt.Errorf("userpool: provider %q does not map to %q, which everybody must have: nobody could come from there", p.Name, name)
		}
	}
	return nil
}

func (p Provider) checkLinking(settings Settings) error {
	for _, domain := range p.AuthoritativeDomains {
		if _, err := canonicalEmail("x@" + domain); err != nil {
			return fmt.Errorf("userpool: provider %q: AuthoritativeDomains has %q, which is no domain such as example.com", p.Name, printable(domain))
		}
	}
	byEmail := slices.Contains(settings.UsernameAttributes, "email") || slices.Contains(settings.AliasAttributes, "email")
	_, email := p.mapping()["email"]
	_, verified := p.mapping()["email_verified"]
	switch {
	case p.LinkBy != LinkNever && p.LinkBy != LinkVerifiedEmail:
		return fmt.Errorf("userpool: provider %q: LinkBy is %q, which is neither empty nor %q", p.Name, printable(string(p.LinkBy)), LinkVerifiedEmail)
	case p.LinkBy == LinkNever:
		return nil
	case len(p.AuthoritativeDomains) == 0:
		return fmt.Errorf("userpool: provider %q: LinkBy needs AuthoritativeDomains: those whose e-mail addresses the provider itself gives out", p.Name)
	case !byEmail:
		return fmt.Errorf("userpool: provider %q: LinkBy finds users by their e-mail address, with which nobody can sign in here", p.Name)
	case !email || !verified:
		return fmt.Errorf("userpool: provider %q: LinkBy needs an AttributeMapping to email and email_verified", p.Name)
	}
	return nil
}

// complete returns a copy with defaults filled in, of a provider that was checked.
func (p Provider) complete() Provider {
	p.AttributeMapping = maps.Clone(p.AttributeMapping)
	p.Type, p.GroupAttribute, p.GroupMapping = cmp.Or(p.Type, providerTypes[0]), cmp.Or(p.GroupAttribute, "groups"), maps.Clone(p.GroupMapping)
	p.KeepAttributes = slices.Clone(p.KeepAttributes)
	p.Identifiers, p.AuthoritativeDomains = slices.Clone(p.Identifiers), slices.Clone(p.AuthoritativeDomains)
	for i, domain := range p.AuthoritativeDomains {
		canonical, _ := canonicalEmail("x@" + domain)
		p.AuthoritativeDomains[i] = emailDomain(canonical)
	}
	return p
}

// authoritative tells whether the provider gives out this canonical e-mail address.
func (p Provider) authoritative(email string) bool {
	return email != "" && slices.Contains(p.AuthoritativeDomains, emailDomain(email))
}

func emailDomain(email string) string { return email[strings.LastIndexByte(email, '@')+1:] }

// Providers returns the providers that people may sign in at, in the order of the configuration.
func (p *Pool) Providers() []ProviderInfo {
	out := make([]ProviderInfo, len(p.providers))
	for i, provider := range p.providers {
		out[i] = ProviderInfo{Name: provider.Name, Label: provider.Label, Type: provider.Type}
		if out[i].Label == "" {
			out[i].Label = provider.Name
		}
	}
	return out
}

func (p *Pool) provider(name string) (Provider, bool) {
	i := slices.IndexFunc(p.providers, func(provider Provider) bool { return provider.Name == name })
	if i < 0 {
		return Provider{}, false
	}
	return p.providers[i], true
}

const federationValidity = 10 * time.Minute

// BeginFederatedSignInInput begins a sign-in at another provider.
type BeginFederatedSignInInput struct {
	// Provider is the name of the provider.
	Provider string
	// CallbackURL is where the provider sends the browser back.
	CallbackURL string
	// Browser is a secret of at least 16 bytes that this browser keeps in a cookie: only this browser can finish what it began.
	Browser string
	// ReturnTo is given back by FinishFederatedSignIn, as it is.
	ReturnTo string
	// LoginHint is what the person typed, or an application sent, as their name; a [HintedProvider] is told. At most 320 bytes count.
	LoginHint string
	// LinkTo is the secret of the browser session of a person who wants to sign in at the provider from now on as well, or empty.
	// FinishFederatedSignIn then links the two accounts, both of which are proved. It wants a sign-in of the last 10 minutes, with the
	// second factor if the user has one. Begin it with a form that no other site can send: the person at the provider may be somebody
	// else's doing.
	LinkTo string
}

type federatedSignIn struct {
	Provider string
	Pending  []byte
	Browser  []byte
	ReturnTo string
	LinkTo   string
}

// BeginFederatedSignIn returns the handler that sends the browser to the provider. Errors: ResourceNotFound for an unknown provider,
// InvalidParameter without a browser secret of at least 16 bytes, InvalidIdentityProvider if the provider cannot be reached; with LinkTo
// also NotAuthorized, and LoginRequired without a sign-in that is recent and strong enough.
func (p *Pool) BeginFederatedSignIn(ctx context.Context, in BeginFederatedSignInInput) (http.Handler, error) {
	provider, found := p.provider(in.Provider)
	if !found {
		return nil, fail(ResourceNotFound, "There is no such provider to sign in with.")
	}
	if len(in.Browser) < 16 {
		return nil, failField(InvalidParameter, "browser", "The browser has no secret of its own. Please allow cookies and try again.")
	}
	if in.LinkTo != "" {
		if _, err := p.mayLink(ctx, in.LinkTo); err != nil {
			return nil, err
		}
	}
	state, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	next, pending, err := contain2(func() (http.Handler, []byte, error) { return provider.begin(ctx, in, state) })
	if err == nil && next == nil {
		err = errors.New("the provider gave no handler")
	}
	if err != nil {
		p.log.ErrorContext(ctx, "userpool: a sign-in elsewhere could not begin", "pool", p.id, "provider", provider.Name, "error", err)
		return nil, &Error{Code: InvalidIdentityProvider, Message: "The other provider cannot be reached right now. Please try again in a moment.", cause: err}
	}
	err = p.putTicket(ctx, ticketFederation, state, federatedSignIn{
		Provider: provider.Name, Pending: pending, Browser: hashSecret(in.Browser), ReturnTo: in.ReturnTo, LinkTo: in.LinkTo,
	}, federationValidity)
	if err != nil {
		return nil, err
	}
	return next, nil
}

// maxLoginHint bounds a hint: an e-mail address with the longest local part and domain.
const maxLoginHint = 320

func (p Provider) begin(ctx context.Context, in BeginFederatedSignInInput, state string) (http.Handler, []byte, error) {
	hinted, ok := p.IdentityProvider.(HintedProvider)
	if !ok || in.LoginHint == "" || len(in.LoginHint) > maxLoginHint {
		return p.Begin(ctx, in.CallbackURL, state)
	}
	return hinted.BeginHint(ctx, in.CallbackURL, state, in.LoginHint)
}

// FinishFederatedSignInInput is what came back from the provider.
type FinishFederatedSignInInput struct {
	// Provider is the name of the provider whose callback address was called, or empty where several providers share one address: the state
	// says which it was, and the provider makes sure that the answer is its own.
	Provider string
	// State is the state that came back.
	State string
	// Browser is the secret of this browser's cookie.
	Browser string
	// Replaces is the secret of the session that the browser has, or empty; see InitiateAuthInput.
	Replaces    string
	UserContext UserContextData
}

// FinishFederatedSignIn verifies what the provider says, makes the user at the first sign-in, takes over the attributes at every one, and
// returns a browser session, or a challenge (see RespondToAuthChallenge) where the settings ask for more, and the ReturnTo of
// BeginFederatedSignIn. ReturnTo comes with an error too, if it was this browser that began the sign-in. A person is identified by the
// provider's name and the subject there: an e-mail address does not decide who it is, unless Provider.LinkBy says so.
//
// Of a user who was made by a sign-in at this provider, the mapped attributes are what the provider says, and those that it no longer says
// are deleted, except required ones. Of a user who is linked to it, those that it says are taken over, but never preferred_username where
// that is an alias, nor in the place of a verified address (see Provider.OverwriteVerified); and an address is verified only if the
// provider is authoritative for it. What is not mapped stays, and so does an attribute that is not mutable once it has a value.
//
// With BeginFederatedSignInInput.LinkTo nobody is signed in: the account at the provider is linked, and the session that is returned is the
// one that the person had. A user can have five such accounts.
//
// Errors: InvalidIdentityProvider for an answer that nobody here asked for, or that fails verification; NotAuthorized for a disabled
// user, for a new one where Settings.AllowAdminCreateUserOnly is set and Provider.JustInTime is not, or if the session of LinkTo is over; InvalidParameter if the provider
// did not say a required attribute of a new user; AliasExists if the account to be linked is another user's; UnsupportedUserState for one
// too many; UserHookFailed; those of InitiateAuth about second factors.
func (p *Pool) FinishFederatedSignIn(ctx context.Context, r *http.Request, in FinishFederatedSignInInput) (*AuthOutcome, string, error) {
	provider, pending, err := p.takeFederated(ctx, ticketFederation, in.Provider, in.State, in.Browser)
	if errors.Is(err, errNotBegun) {
		out, err := p.unsolicitedSignIn(ctx, r, in)
		return out, "", err
	}
	if err != nil {
		return nil, "", err
	}
	out, err := p.finishFederatedSignIn(ctx, provider, pending.LinkTo, in, func() (assertion, map[string][]string, error) {
		return provider.finishAt(r.WithContext(ctx), pending.Pending)
	})
	return out, pending.ReturnTo, err
}

// errNotBegun is the cause where nobody began a sign-in with this state.
var errNotBegun = errors.New("no sign-in was begun with this state")

func notBegun() *Error {
	return fail(InvalidIdentityProvider, "This sign-in was not begun here, took too long, or was finished already. Please sign in again.")
}

// takeFederated uses up what a browser began at a provider.
func (p *Pool) takeFederated(ctx context.Context, kind, name, state, browser string) (Provider, federatedSignIn, error) {
	var pending federatedSignIn
	found, used, err := p.takeTicket(ctx, kind, state, &pending)
	if err != nil {
		return Provider{}, federatedSignIn{}, err
	}
	refused := notBegun()
	if !found {
		refused.cause = errNotBegun
		return Provider{}, federatedSignIn{}, refused
	}
	provider, known := p.provider(pending.Provider)
	ours := subtle.ConstantTimeCompare(pending.Browser, hashSecret(browser)) == 1
	if used || !known || name != "" && pending.Provider != name || !ours {
		return Provider{}, federatedSignIn{}, refused
	}
	return provider, pending, nil
}

// finishFederatedSignIn goes on once it is known that this browser began the sign-in, or that nobody had to. finish lets the provider judge
// the answer.
func (p *Pool) finishFederatedSignIn(
	ctx context.Context, provider Provider, linkTo string, in FinishFederatedSignInInput, finish func() (assertion, map[string][]string, error),
) (*AuthOutcome, error) {
	s := &signIn{Result: ResultBrowserSession, Provider: provider.Name, Replaces: in.Replaces, Context: in.UserContext, client: p.browserClient()}
	a, attributes, err := finish()
	a.provider, a.context = provider, in.UserContext
	if err = p.believe(ctx, &a, attributes, err); err == nil && linkTo != "" {
		return p.finishLink(ctx, a, linkTo, in)
	}
	var out *AuthOutcome
	if err == nil {
		out, err = p.federatedSignIn(ctx, s, a)
	}
	p.auditFailedSignIn(ctx, s, err)
	return out, err
}

// believe takes what a provider said about a person, as far as the hook and the mappings let it through. finished is how the provider judged
// the answer.
func (p *Pool) believe(ctx context.Context, a *assertion, attributes map[string][]string, finished error) error {
	if finished == nil {
		finished = checkSubject(a.subject)
	}
	if finished != nil {
		p.log.WarnContext(ctx, "userpool: a sign-in elsewhere failed", "pool", p.id, "provider", a.provider.Name, "error", finished)
		return &Error{Code: InvalidIdentityProvider, Message: "The sign-in at the other provider did not succeed. Please try again.", cause: finished}
	}
	attributes, err := p.inboundFederation(ctx, a.provider.Name, attributes)
	if err != nil {
		return err
	}
	a.said, a.groups = p.settings.mapAttributes(a.provider, attributes), a.provider.groupsOf(attributes)
	return nil
}

// unsolicitedSignIn asks the providers that may send people who began there, or the one that is named. Each makes sure that the answer is
// its own, and is not to a request.
func (p *Pool) unsolicitedSignIn(ctx context.Context, r *http.Request, in FinishFederatedSignInInput) (*AuthOutcome, error) {
	if err := r.ParseForm(); err != nil { // once, for all who are asked
		return nil, fail(InvalidIdentityProvider, "The answer of the other provider could not be read.")
	}
	for _, provider := range p.providers {
		from, able := provider.IdentityProvider.(UnsolicitedProvider)
		if !able || in.Provider != "" && provider.Name != in.Provider {
			continue
		}
		subject, attributes, err := contain2(func() (string, map[string][]string, error) {
			subject, attributes, _, err := from.FinishUnsolicited(r.WithContext(ctx))
			return subject, attributes, err
		})
		if err != nil {
			p.log.InfoContext(ctx, "userpool: an answer that nobody asked for was refused", "pool", p.id, "provider", provider.Name, "error", err)
			continue
		}
		return p.finishFederatedSignIn(ctx, provider, "", in, func() (assertion, map[string][]string, error) {
			return assertion{subject: subject}, attributes, nil
		})
	}
	return nil, notBegun()
}

// federatedSignIn signs in whom a provider vouches for.
func (p *Pool) federatedSignIn(ctx context.Context, s *signIn, a assertion) (*AuthOutcome, error) {
	u, err := p.federatedUser(ctx, a)
	if err != nil {
		return nil, err
	}
	s.Name, s.Subject, s.Account = Identifier{identifySub, u.Sub}, u.Sub, u.Sub
	if !u.Enabled {
		s.Outside = u.outside()
		return nil, noFederatedAccess()
	}
	if err := p.syncGroups(ctx, a, u); err != nil {
		return nil, err
	}
	s.AMR, s.AuthTime = []string{amrFederated}, p.now()
	s.Sub, s.Epoch, s.user, s.ProviderSession = u.Sub, u.Epoch, u, a.session
	return p.advance(ctx, s)
}

func noFederatedAccess() error {
	return fail(NotAuthorized, "You cannot sign in here. Please ask an administrator.")
}

// contain2 turns a panic of a provider into an error.
func contain2[A, B any](call func() (A, B, error)) (a A, b B, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return call()
}

// contain is contain2 for a call with one result.
func contain[A any](call func() (A, error)) (a A, err error) {
	a, _, err = contain2(func() (A, struct{}, error) {
		a, err := call()
		return a, struct{}{}, err
	})
	return a, err
}

// maxSubject bounds a subject in bytes; OpenID Connect allows 255 and SAML 256 characters.
const maxSubject = 512

func checkSubject(subject string) error {
	if subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) || strings.ContainsFunc(subject, unicode.IsControl) {
		return errors.New("the provider's subject is empty, longer than 512 bytes, or has control characters")
	}
	return nil
}
