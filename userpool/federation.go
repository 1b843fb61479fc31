package userpool

import (
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
	// Name is 1 to 32 characters of A-Z, a-z, 0-9, "_" and "-"; it is part of the identity of those who come from there, and must not be
	// changed or given to another provider. No name may be another's with "_" after it.
	Name string
	// Label is what the button says after "Continue with"; Name by default.
	Label string
	IdentityProvider
	// AttributeMapping says which attribute of the provider (the value) becomes which of the pool (the key). By default the standard
	// claims keep their names.
	AttributeMapping map[string]string
}

// ProviderInfo is what pages show of a [Provider]: Name is in URLs, Label on the button.
type ProviderInfo struct{ Name, Label string }

var providerName = regexp.MustCompile(`^[\w-]{1,32}$`)

func checkProviders(providers []Provider) error {
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
		case provider.IdentityProvider == nil:
			return fmt.Errorf("userpool: provider %q has no IdentityProvider", provider.Name)
		case seen[provider.Name]:
			return fmt.Errorf("userpool: two providers have the name %q", provider.Name)
		}
		for name := range provider.AttributeMapping {
			if !slices.Contains(mappable, name) {
				return fmt.Errorf("userpool: provider %q maps to the attribute %q, which is not one of %s", provider.Name, name, strings.Join(mappable, ", "))
			}
		}
		seen[provider.Name] = true
	}
	return nil
}

// mappable are the attributes that a provider may set.
var mappable = slices.Concat(writable, []string{"email", "email_verified"})

// Providers returns the providers that people may sign in at, in the order of the configuration.
func (p *Pool) Providers() []ProviderInfo {
	out := make([]ProviderInfo, len(p.providers))
	for i, provider := range p.providers {
		out[i] = ProviderInfo{Name: provider.Name, Label: provider.Label}
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
}

type federatedSignIn struct {
	Provider string
	Pending  []byte
	Browser  []byte
	ReturnTo string
}

// BeginFederatedSignIn returns the handler that sends the browser to the provider. Errors: ResourceNotFound for an unknown provider,
// InvalidParameter without a browser secret of at least 16 bytes, InvalidIdentityProvider if the provider cannot be reached.
func (p *Pool) BeginFederatedSignIn(ctx context.Context, in BeginFederatedSignInInput) (http.Handler, error) {
	provider, found := p.provider(in.Provider)
	if !found {
		return nil, fail(ResourceNotFound, "There is no such provider to sign in with.")
	}
	if len(in.Browser) < 16 {
		return nil, failField(InvalidParameter, "browser", "The browser has no secret of its own. Please allow cookies and try again.")
	}
	state, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	next, pending, err := contain2(func() (http.Handler, []byte, error) { return provider.Begin(ctx, in.CallbackURL, state) })
	if err == nil && next == nil {
		err = errors.New("the provider gave no handler")
	}
	if err != nil {
		p.log.ErrorContext(ctx, "userpool: a sign-in elsewhere could not begin", "pool", p.id, "provider", provider.Name, "error", err)
		return nil, &Error{Code: InvalidIdentityProvider, Message: "The other provider cannot be reached right now. Please try again in a moment.", cause: err}
	}
	err = p.putTicket(ctx, ticketFederation, state, federatedSignIn{
		Provider: provider.Name, Pending: pending, Browser: hashSecret(in.Browser), ReturnTo: in.ReturnTo,
	}, federationValidity)
	if err != nil {
		return nil, err
	}
	return next, nil
}

// FinishFederatedSignInInput is what came back from the provider.
type FinishFederatedSignInInput struct {
	// Provider is the name of the provider whose callback address was called.
	Provider string
	// State is the state that came back.
	State string
	// Browser is the secret of this browser's cookie.
	Browser string
	// Replaces is the secret of the session that the browser has, or empty; see InitiateAuthInput.
	Replaces string
}

// FinishFederatedSignIn verifies what the provider says, makes the user at the first sign-in, refreshes the attributes at every one, and
// returns a browser session and the ReturnTo of BeginFederatedSignIn. ReturnTo comes with an error too, if it was this browser that began
// the sign-in. A person is identified by the provider's name and the subject there: an e-mail address never decides who it is, and never
// links the person to another user of this pool.
//
// Errors: InvalidIdentityProvider for an answer that nobody here asked for, or that fails verification; NotAuthorized for a disabled
// user, or for a new one where Settings.AllowAdminCreateUserOnly is set; UserHookFailed.
func (p *Pool) FinishFederatedSignIn(ctx context.Context, r *http.Request, in FinishFederatedSignInInput) (*AuthOutcome, string, error) {
	var pending federatedSignIn
	found, used, err := p.takeTicket(ctx, ticketFederation, in.State, &pending)
	if err != nil {
		return nil, "", err
	}
	provider, known := p.provider(in.Provider)
	ours := subtle.ConstantTimeCompare(pending.Browser, hashSecret(in.Browser)) == 1
	if !found || used || !known || pending.Provider != in.Provider || !ours {
		return nil, "", fail(InvalidIdentityProvider, "This sign-in was not begun here, took too long, or was finished already. Please sign in again.")
	}
	subject, attributes, err := contain2(func() (string, map[string][]string, error) {
		return provider.Finish(r.WithContext(ctx), pending.Pending)
	})
	if err == nil {
		err = checkSubject(subject)
	}
	if err != nil {
		p.log.WarnContext(ctx, "userpool: a sign-in elsewhere failed", "pool", p.id, "provider", provider.Name, "error", err)
		return nil, pending.ReturnTo, &Error{Code: InvalidIdentityProvider, Message: "The sign-in at the other provider did not succeed. Please try again.", cause: err}
	}
	u, err := p.federatedUser(ctx, provider, subject, mapAttributes(provider, attributes))
	if err != nil {
		return nil, pending.ReturnTo, err
	}
	if !u.Enabled {
		return nil, pending.ReturnTo, fail(NotAuthorized, "You cannot sign in here. Please ask an administrator.")
	}
	out, err := p.finishSignIn(ctx, signIn{user: u, result: ResultBrowserSession, authTime: p.now(), provider: provider.Name, replaces: in.Replaces})
	return out, pending.ReturnTo, err
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

// maxSubject bounds a subject in bytes; OpenID Connect allows 255 and SAML 256 characters.
const maxSubject = 512

func checkSubject(subject string) error {
	if subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) || strings.ContainsFunc(subject, unicode.IsControl) {
		return errors.New("the provider's subject is empty, longer than 512 bytes, or has control characters")
	}
	return nil
}

// mapAttributes takes over what fits; a value that could not be an attribute of this pool is left out.
func mapAttributes(provider Provider, in map[string][]string) map[string]string {
	mapping := provider.AttributeMapping
	if mapping == nil {
		mapping = map[string]string{}
		for _, name := range mappable {
			mapping[name] = name
		}
	}
	out := map[string]string{}
	for name, from := range mapping {
		if len(in[from]) == 0 {
			continue
		}
		value := in[from][0]
		if name == "email" {
			canonical, err := canonicalEmail(value)
			if err != nil {
				continue
			}
			value = canonical
		}
		if value != "" && checkAttributeValue(name, value) == nil {
			out[name] = value
		}
	}
	if out["email"] == "" || out["email_verified"] != "true" {
		delete(out, "email_verified")
	}
	if out["email"] != "" && out["email_verified"] == "" {
		out["email_verified"] = "false"
	}
	return out
}

// federatedUser returns the user of a subject at a provider, as of this sign-in.
func (p *Pool) federatedUser(ctx context.Context, provider Provider, subject string, attributes map[string]string) (User, error) {
	id := Identifier{IdentifierFederated, provider.Name + " " + subject}
	for range 100 {
		u, err := p.store.UserByIdentifier(ctx, p.id, id)
		switch {
		case errors.Is(err, ErrNotFound):
			u, err = p.newFederatedUser(ctx, provider, subject, id, attributes)
			if errors.Is(err, ErrExists) {
				continue
			}
			return u, err
		case err != nil:
			return User{}, unavailable("reading a user", err)
		case maps.Equal(u.Attributes, attributes) || !u.Enabled:
			return u, nil
		}
		u.Attributes = attributes
		u.Modified = p.now()
		switch err := p.store.UpdateUser(ctx, p.id, u); {
		case err == nil:
			u.Version++
			return u, nil
		case !errors.Is(err, ErrStale) && !errors.Is(err, ErrNotFound):
			return User{}, unavailable("changing a user", err)
		}
	}
	return User{}, limitExceeded(time.Second)
}

func (p *Pool) newFederatedUser(ctx context.Context, provider Provider, subject string, id Identifier, attributes map[string]string) (User, error) {
	if p.settings.AllowAdminCreateUserOnly {
		return User{}, fail(NotAuthorized, "There is no account for you here. Please ask an administrator.")
	}
	sub, err := p.newUUID()
	if err != nil {
		return User{}, err
	}
	now := p.now()
	u := User{
		Sub: sub, Username: provider.Name + "_" + subject, Status: StatusExternalProvider, Enabled: true, Attributes: attributes,
		Identifiers: []Identifier{id}, Created: now, Modified: now,
	}
	event := userEvent(u, "")
	event.Sub = ""
	if _, err := runHook(ctx, p, "PreSignUp", p.hooks.PreSignUp, PreSignUpEvent{event}); err != nil {
		return User{}, err
	}
	err = p.store.CreateUser(ctx, p.id, u)
	if errors.Is(err, ErrExists) {
		return User{}, err
	}
	if err != nil {
		return User{}, unavailable("making a user", err)
	}
	u.Version = 1
	p.confirmed(ctx, u)
	return u, nil
}
