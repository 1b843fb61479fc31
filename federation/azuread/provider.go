package azuread

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/oidc"
)

var _ federation.Provider = (*Provider)(nil)

// Provider signs people in at Entra ID by OpenID Connect. It keeps what it has read
// of the directory, and nothing about people but tokens of the application's own
// for Graph. It is safe for concurrent use.
type Provider struct {
	config     Config
	tenants    *tenantRule
	at         Endpoints
	credential *credential
	graph      *graph
	resolver   *resolver // for a domain

	mu      sync.Mutex
	relying *oidc.Provider // nil until the domain is resolved
}

// String names the provider for a log. Printing it otherwise would show its secrets.
func (p *Provider) String() string {
	return "azuread: tenant " + p.config.Tenant + " as client " + p.config.ClientID
}

// GoString is String, for the verb %#v.
func (p *Provider) GoString() string { return p.String() }

// party returns the relying party, when it is known which tenant it is at.
func (p *Provider) party(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	relying := p.relying
	p.mu.Unlock()
	if relying != nil {
		return relying, nil
	}
	tenant, err := p.resolver.get(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.relying == nil {
		if p.relying, err = p.relyingParty(tenant); err != nil {
			return nil, err
		}
	}
	return p.relying, nil
}

// Begin prepares a sign-in that ends at callbackURL, which the app registration has
// as a redirect URI of the platform Web. It is as oidc.Provider.Begin.
func (p *Provider) Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error) {
	return p.BeginWith(ctx, callbackURL, state, oidc.Hints{})
}

// BeginHint is Begin with the name that the person has typed, an address as a rule,
// so that they need not type it again (login_hint). One that cannot be used is left
// out.
func (p *Provider) BeginHint(ctx context.Context, callbackURL, state, loginHint string) (next http.Handler, pending []byte, err error) {
	relying, err := p.party(ctx)
	if err != nil {
		return nil, nil, err
	}
	next, pending, err = relying.BeginHint(ctx, callbackURL, state, loginHint)
	return next, pending, wrap(err)
}

// BeginWith is Begin with what the application knows about this sign-in: a login
// hint, a domain hint, languages, or that the person must sign in anew, for which
// the ID token needs the optional claim auth_time.
func (p *Provider) BeginWith(ctx context.Context, callbackURL, state string, hints oidc.Hints) (next http.Handler, pending []byte, err error) {
	relying, err := p.party(ctx)
	if err != nil {
		return nil, nil, err
	}
	next, pending, err = relying.BeginWith(ctx, callbackURL, state, hints)
	return next, pending, wrap(err)
}

// Finish judges the answer as oidc.Provider.Finish does. subject is that of
// [Subject]; the package documentation says which attributes there are. Where the
// person is in more groups than the token carries, it asks Graph.
func (p *Provider) Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error) {
	subject, attributes, _, _, err = p.finish(r, pending, false)
	return subject, attributes, err
}

// FinishSession is Finish for an application with single logout. sessionID is the
// claim sid, which the directory sends if it is among the optional claims of the
// app registration, and which ReceiveLogout returns again. session is what
// BeginLogout needs, as in oidc.Provider.FinishSession: store it sealed.
func (p *Provider) FinishSession(r *http.Request, pending []byte) (subject string, attributes map[string][]string, sessionID string, session []byte, err error) {
	return p.finish(r, pending, true)
}

func (p *Provider) finish(r *http.Request, pending []byte, withSession bool) (
	subject string, attributes map[string][]string, sessionID string, session []byte, err error,
) {
	if r == nil {
		return "", nil, "", nil, fail(SignInFailed, "there is no request")
	}
	relying, err := p.party(r.Context())
	if err != nil {
		return "", nil, "", nil, err
	}
	signIn, err := relying.FinishSignIn(r, pending)
	if err != nil {
		return "", nil, "", nil, wrap(err)
	}
	who := identityOf(signIn.Claims)
	attributes = p.attributes(signIn, who)
	if overage(signIn.Claims) {
		token := ""
		if p.delegated() {
			token = signIn.AccessToken
		}
		if err := p.graph.complete(r.Context(), who, token, attributes); err != nil {
			return "", nil, "", nil, err
		}
	}
	if withSession {
		if session, err = relying.Session(signIn); err != nil {
			return "", nil, "", nil, wrap(err)
		}
	}
	return who.subject(), attributes, signIn.SessionID, session, nil
}

// VerifyLogin verifies an ID token which was issued to this client elsewhere, as
// oidc.Provider.VerifyLogin does, and returns its claims: those of the token, but
// for sub, which is the subject that Finish returns (the token's own is
// pairwise_sub), email_verified and guest, which are as in the attributes of
// Finish but booleans, and groups where Graph had to be asked for them. It makes a
// Provider a LoginVerifier of package identitypool.
//
// An access token is refused, even if it is for this application.
func (p *Provider) VerifyLogin(ctx context.Context, idToken string) (claims map[string]any, err error) {
	relying, err := p.party(ctx)
	if err != nil {
		return nil, err
	}
	verified, err := relying.VerifyLogin(ctx, idToken)
	if err != nil {
		return nil, wrap(err)
	}
	return p.loginClaims(ctx, verified)
}

// Explain returns what an error of this Provider means and what to change, in plain
// words: see the function Explain. Package diagnostic asks it.
func (p *Provider) Explain(err error) string { return Explain(err) }

// BeginLogout signs the person of a session out at the directory, as
// oidc.Provider.BeginLogout does. returnURL is one of the redirect URIs of the app
// registration. With the optional claim login_hint the person is not asked which
// account to sign out.
func (p *Provider) BeginLogout(ctx context.Context, session []byte, returnURL, state string) (next http.Handler, pending []byte, err error) {
	relying, err := p.party(ctx)
	if err != nil {
		return nil, nil, err
	}
	next, pending, err = relying.BeginLogout(ctx, session, returnURL, state)
	return next, pending, wrap(err)
}

// FinishLogout takes the request with which the browser came back to the return URL,
// as oidc.Provider.FinishLogout does.
func (p *Provider) FinishLogout(r *http.Request, pending []byte) error {
	if r == nil {
		return fail(SignInFailed, "there is no request")
	}
	relying, err := p.party(r.Context())
	if err != nil {
		return err
	}
	return wrap(relying.FinishLogout(r, pending))
}

// ReceiveLogout takes the request that the directory makes of the front-channel
// logout URL of the app registration, in a hidden frame of its own page, when the
// person signs out there. It has iss and sid, of either version of issuer. The
// browser sends no SameSite=Lax cookies with it: find the sessions by sessionIDs,
// end them, and let answer(true) answer. See oidc.Provider.ReceiveLogout.
func (p *Provider) ReceiveLogout(r *http.Request) (subject string, sessionIDs []string, answer func(done bool) http.Handler, err error) {
	refused := func(bool) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	}
	if r == nil || r.URL == nil {
		return "", nil, refused, fail(SignInFailed, "there is no request")
	}
	relying, err := p.party(r.Context())
	if err != nil {
		return "", nil, refused, err
	}
	if r.Method == http.MethodGet {
		if r, err = p.ownIssuer(r); err != nil {
			return "", nil, refused, err
		}
	}
	subject, sessionIDs, answer, err = relying.ReceiveLogout(r)
	return subject, sessionIDs, answer, wrap(err)
}

// ownIssuer returns r with the issuer that the relying party expects, where it has
// an issuer of a tenant that may sign in.
func (p *Provider) ownIssuer(r *http.Request) (*http.Request, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(values["iss"]) != 1 {
		return r, nil // which is refused for what it is
	}
	tenant, ok := p.at.tenantOf(values.Get("iss"))
	if !ok || !p.tenants.allows(tenant, p.single()) {
		return nil, fail(TenantNotAllowed, "the logout's iss %q is not that of a tenant whose people may sign in", plain(values.Get("iss")))
	}
	values.Set("iss", p.at.issuer(tenant, p.config.V1))
	r = r.Clone(r.Context())
	r.URL.RawQuery = values.Encode()
	return r, nil
}

// single returns the one tenant of this Provider, or "" if there are several.
func (p *Provider) single() string {
	if p.resolver != nil {
		tenant, _, _ := p.resolver.known()
		return tenant
	}
	return guid(p.tenants.authority)
}
