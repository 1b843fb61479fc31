package azuread

import (
	"context"
	"net/http"
	"sync"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/saml"
)

var _ federation.Provider = (*SAMLProvider)(nil)

// SAMLProvider signs people in at one tenant of Entra ID by SAML. It keeps what it
// has read of the directory, and nothing about people but tokens of the application's
// own for Graph. It is safe for concurrent use.
type SAMLProvider struct {
	config   SAMLConfig
	at       Endpoints
	graph    *graph
	resolver *resolver // for a domain

	mu     sync.Mutex
	tenant string
	inner  *saml.Provider // nil until the domain is resolved
}

// String names the provider for a log. Printing it otherwise would show its secrets.
func (p *SAMLProvider) String() string {
	return "azuread: tenant " + p.config.Tenant + " by SAML, application " + p.config.AppID
}

// GoString is String, for the verb %#v.
func (p *SAMLProvider) GoString() string { return p.String() }

// party returns the identity provider and its tenant, when that is known.
func (p *SAMLProvider) party(ctx context.Context) (*saml.Provider, string, error) {
	p.mu.Lock()
	inner, tenant := p.inner, p.tenant
	p.mu.Unlock()
	if inner != nil {
		return inner, tenant, nil
	}
	tenant, err := p.resolver.get(ctx)
	if err != nil {
		return nil, "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inner == nil {
		if p.inner, err = p.provider(tenant); err != nil {
			return nil, "", err
		}
		p.tenant = tenant
	}
	return p.inner, p.tenant, nil
}

// EntityID returns the name of the tenant as an identity provider, to be compared
// with saml.ServiceProvider.ClaimedIssuer. It asks which tenant a domain is of, if it
// must.
func (p *SAMLProvider) EntityID(ctx context.Context) (string, error) {
	_, tenant, err := p.party(ctx)
	if err != nil {
		return "", err
	}
	return p.at.entityID(tenant), nil
}

// ServiceProvider returns the service provider that p belongs to.
func (p *SAMLProvider) ServiceProvider() *saml.ServiceProvider { return p.config.ServiceProvider }

// Begin prepares a sign-in, as saml.Provider.Begin does. callbackURL is the service
// provider's ACSURL, or empty. The answer comes by a cross-site POST, which carries
// no SameSite=Lax cookie.
func (p *SAMLProvider) Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error) {
	return p.BeginWith(ctx, callbackURL, state, saml.RequestOptions{})
}

// BeginHint is Begin with the name that the person has typed, an address as a rule,
// so that they need not type it again (login_hint). One that cannot be used is left
// out.
func (p *SAMLProvider) BeginHint(ctx context.Context, callbackURL, state, loginHint string) (next http.Handler, pending []byte, err error) {
	next, pending, err = p.BeginWith(ctx, callbackURL, state, saml.RequestOptions{LoginHint: loginHint})
	if err != nil && loginHint != "" {
		return p.Begin(ctx, callbackURL, state)
	}
	return next, pending, err
}

// BeginWith is Begin with options for this one request. The directory refuses an
// AuthnContext that is not how the person signed in, and most NameID formats.
func (p *SAMLProvider) BeginWith(ctx context.Context, callbackURL, state string, options saml.RequestOptions) (next http.Handler, pending []byte, err error) {
	inner, _, err := p.party(ctx)
	if err != nil {
		return nil, nil, err
	}
	if inner, err = inner.With(options); err != nil {
		return nil, nil, wrap(err)
	}
	next, pending, err = inner.Begin(ctx, callbackURL, state)
	return next, pending, wrap(err)
}

// Finish judges the answer as saml.Provider.Finish does. subject is that of
// [Subject], the same as by OpenID Connect; the package documentation says which
// attributes there are. Where the person is in more groups than the assertion
// carries, it asks Graph.
func (p *SAMLProvider) Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error) {
	inner, tenant, err := p.ready(r)
	if err != nil {
		return "", nil, err
	}
	subject, attributes, err = inner.Finish(r, pending)
	if err != nil {
		return "", nil, wrap(err)
	}
	return p.identify(r.Context(), tenant, subject, attributes)
}

// FinishSession is Finish for an application with single logout, as
// saml.Provider.FinishSession is.
func (p *SAMLProvider) FinishSession(r *http.Request, pending []byte) (
	subject string, attributes map[string][]string, sessionID string, session []byte, err error,
) {
	inner, tenant, err := p.ready(r)
	if err != nil {
		return "", nil, "", nil, err
	}
	subject, attributes, sessionID, session, err = inner.FinishSession(r, pending)
	if err != nil {
		return "", nil, "", nil, wrap(err)
	}
	if subject, attributes, err = p.identify(r.Context(), tenant, subject, attributes); err != nil {
		return "", nil, "", nil, err
	}
	return subject, attributes, sessionID, session, nil
}

// FinishUnsolicited is Finish for a sign-in that began at the portal My Apps, as
// saml.Provider.FinishUnsolicited is. It needs AllowIdPInitiated. Never redirect to
// relayState.
func (p *SAMLProvider) FinishUnsolicited(r *http.Request) (subject string, attributes map[string][]string, relayState string, err error) {
	inner, tenant, err := p.ready(r)
	if err != nil {
		return "", nil, "", err
	}
	subject, attributes, relayState, err = inner.FinishUnsolicited(r)
	if err != nil {
		return "", nil, "", wrap(err)
	}
	if subject, attributes, err = p.identify(r.Context(), tenant, subject, attributes); err != nil {
		return "", nil, "", err
	}
	return subject, attributes, relayState, nil
}

// VerifyLogin judges a response in base64 which the person who presents it got
// elsewhere, as saml.Provider.VerifyLogin does. Its claims are those of that method,
// but for sub, which is the subject that Finish returns, amr, and the attributes
// under their short names besides; email_verified and guest are booleans. It makes a
// SAMLProvider a LoginVerifier of package identitypool.
func (p *SAMLProvider) VerifyLogin(ctx context.Context, token string) (claims map[string]any, err error) {
	inner, tenant, err := p.party(ctx)
	if err != nil {
		return nil, err
	}
	verified, err := inner.VerifyLogin(ctx, token)
	if err != nil {
		return nil, wrap(err)
	}
	return p.loginClaims(ctx, tenant, verified)
}

// Explain returns what an error of this SAMLProvider means and what to change, in
// plain words: see the function Explain. Package diagnostic asks it.
func (p *SAMLProvider) Explain(err error) string { return Explain(err) }

// BeginLogout prepares the end of a session at the directory, as
// saml.Provider.BeginLogout does.
func (p *SAMLProvider) BeginLogout(ctx context.Context, session []byte, returnURL, state string) (next http.Handler, pending []byte, err error) {
	inner, _, err := p.party(ctx)
	if err != nil {
		return nil, nil, err
	}
	next, pending, err = inner.BeginLogout(ctx, session, returnURL, state)
	return next, pending, wrap(err)
}

// FinishLogout takes the directory's answer to BeginLogout, as
// saml.Provider.FinishLogout does.
func (p *SAMLProvider) FinishLogout(r *http.Request, pending []byte) error {
	inner, _, err := p.ready(r)
	if err != nil {
		return err
	}
	return wrap(inner.FinishLogout(r, pending))
}

// ReceiveLogout takes a request of the directory to the service provider's SLOURL
// when the person signs out there, as saml.Provider.ReceiveLogout does. subject is
// always empty: the sessions are those of sessionIDs.
func (p *SAMLProvider) ReceiveLogout(r *http.Request) (subject string, sessionIDs []string, answer func(done bool) http.Handler, err error) {
	inner, _, err := p.ready(r)
	if err != nil {
		return "", nil, func(bool) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
		}, err
	}
	subject, sessionIDs, answer, err = inner.ReceiveLogout(r)
	return subject, sessionIDs, answer, wrap(err)
}

func (p *SAMLProvider) ready(r *http.Request) (*saml.Provider, string, error) {
	if r == nil {
		return nil, "", fail(SignInFailed, "there is no request")
	}
	return p.party(r.Context())
}

// identify turns the object ID that package saml returned, and its attributes, into
// what Finish returns.
func (p *SAMLProvider) identify(ctx context.Context, tenant, objectID string, attributes map[string][]string) (string, map[string][]string, error) {
	who, err := identityOfAssertion(tenant, objectID, attributes)
	if err != nil {
		return "", nil, err
	}
	link := attributes[claimGroupsLink]
	attributes = shortAttributes(p.at, who, attributes)
	if len(link) > 0 {
		if err := p.graph.complete(ctx, who, "", attributes); err != nil {
			return "", nil, err
		}
	}
	return who.subject(), attributes, nil
}

// SingleUse returns true: VerifyLogin accepts each response a single time. An
// identity pool remembers it, so that one response serves both of the calls that
// a client makes with it.
func (p *SAMLProvider) SingleUse() bool { return true }
