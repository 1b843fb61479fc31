package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// HintedProvider is an [IdentityProvider] that can be told who is expected, so that nobody types their address twice.
type HintedProvider interface {
	// BeginHint is Begin with what the person typed, or the application sent, as their name. Nothing follows from it.
	BeginHint(ctx context.Context, callbackURL, state, loginHint string) (next http.Handler, pending []byte, err error)
}

// UnsolicitedProvider is an [IdentityProvider] that may send people who began there and not here, as SAML allows (IdP-initiated sign-in).
// The provider itself decides whether it does. Nothing binds such an answer to the browser: whoever can make somebody open a page can sign
// them in as somebody else.
type UnsolicitedProvider interface {
	// FinishUnsolicited is Finish for an answer that nobody asked for. relayState is what came with it, at most 1 KiB, from anybody.
	FinishUnsolicited(r *http.Request) (subject string, attributes map[string][]string, relayState string, err error)
}

// SessionProvider is an [IdentityProvider] that knows sessions: people can be signed out there, and it can sign them out here (single logout).
type SessionProvider interface {
	// FinishSession is Finish. sessionID is the provider's name for its session, or empty (the claim sid, the SessionIndex of SAML), and
	// session is what BeginLogout needs, at most 16 KiB, or nil if the session cannot be ended.
	FinishSession(r *http.Request, pending []byte) (subject string, attributes map[string][]string, sessionID string, session []byte, err error)
	// BeginLogout prepares to end the session at the provider. next sends the browser there, which comes back to returnURL with state, if the
	// provider sends it back at all.
	BeginLogout(ctx context.Context, session []byte, returnURL, state string) (next http.Handler, pending []byte, err error)
	// FinishLogout verifies what the browser came back with. An error means that the session at the provider may not have ended.
	FinishLogout(r *http.Request, pending []byte) error
	// ReceiveLogout verifies a request of the provider to sign somebody out: the sessions with these IDs, or all of the subject if there
	// are none. subject is empty where the provider names sessions alone. answer says how it went.
	ReceiveLogout(r *http.Request) (subject string, sessionIDs []string, answer func(done bool) http.Handler, err error)
}

const (
	// maxProviderSession bounds what a provider wants to be kept of a session.
	maxProviderSession = 16 << 10
	// maxSessionID bounds the provider's name for a session.
	maxSessionID = 1024
	// sessionsOfOne is how many sessions of ours may hang on one session of a provider.
	sessionsOfOne = 20
)

// providerSession is what the pool keeps, sealed in the session, of the session at the provider.
type providerSession struct {
	Subject string
	ID      string
	Session []byte
}

// finishAt lets a provider finish a sign-in.
func (p Provider) finishAt(r *http.Request, pending []byte) (assertion, map[string][]string, error) {
	sessions, ok := p.IdentityProvider.(SessionProvider)
	if !ok {
		subject, attributes, err := contain2(func() (string, map[string][]string, error) { return p.Finish(r, pending) })
		return assertion{subject: subject}, attributes, err
	}
	session, attributes, err := contain2(func() (*providerSession, map[string][]string, error) {
		subject, attributes, id, data, err := sessions.FinishSession(r, pending)
		return &providerSession{Subject: subject, ID: id, Session: data}, attributes, err
	})
	if err == nil && (len(session.Session) > maxProviderSession || len(session.ID) > maxSessionID) {
		err = fmt.Errorf("the provider wants more to be kept of its session than %d bytes, or names it with more than %d", maxProviderSession, maxSessionID)
	}
	if err != nil {
		return assertion{}, nil, err
	}
	return assertion{subject: session.Subject, session: session}, attributes, nil
}

// sealProviderSession is what Session.ProviderSession holds.
func (p *Pool) sealProviderSession(ctx context.Context, s *providerSession, sessionID string) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("userpool: encoding the session at a provider: %w", err)
	}
	return p.seal(ctx, raw, "provider-session/"+sessionID)
}

func (p *Pool) openProviderSession(ctx context.Context, s Session) (*providerSession, error) {
	if s.ProviderSession == nil {
		return nil, nil
	}
	raw, err := p.unseal(ctx, s.ProviderSession, "provider-session/"+s.ID)
	if err != nil {
		return nil, err
	}
	out := new(providerSession)
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, fmt.Errorf("userpool: the stored session at a provider is damaged: %w", err)
	}
	return out, nil
}

// sessionTicket is what a session is found by where the provider names its own session and nobody.
type sessionTicket struct{ Sub, SessionID string }

func sessionTicketName(provider, id string, n int) string {
	return provider + " " + strconv.Itoa(n) + " " + id
}

// noteProviderSession remembers which session of ours hangs on the provider's. Several may.
func (p *Pool) noteProviderSession(ctx context.Context, s *signIn, id string) error {
	if s.ProviderSession == nil || s.ProviderSession.ID == "" {
		return nil
	}
	for n := range sessionsOfOne {
		name := sessionTicketName(s.Provider, s.ProviderSession.ID, n)
		err := p.putTicket(ctx, ticketProviderSession, name, sessionTicket{s.user.Sub, id}, p.settings.BrowserSessionValidity)
		if !errors.Is(err, ErrExists) {
			return err
		}
	}
	return nil // the provider can still name the subject
}

// BeginFederatedSignOutInput signs a person out at the provider that they came from.
type BeginFederatedSignOutInput struct {
	// BrowserSession is the secret of the session. It ends, whatever becomes of the one at the provider.
	BrowserSession string
	// CallbackURL is where the provider sends the browser back.
	CallbackURL func(provider string) string
	// Browser is a secret of at least 16 bytes that this browser keeps in a cookie.
	Browser string
	// ReturnTo is given back by FinishFederatedSignOut, as it is.
	ReturnTo string
}

// BeginFederatedSignOut ends a browser session, as EndBrowserSession does, and returns the handler that sends the browser to the provider,
// to end the session there as well. It returns nil if there is nothing to be ended there: the person did not come from a provider,
// Provider.SignOut is not set, or the provider knows no sessions or cannot be reached, which is logged. A session that is over already is no
// error. Errors: InvalidParameter without a browser secret; ServiceUnavailable.
func (p *Pool) BeginFederatedSignOut(ctx context.Context, in BeginFederatedSignOutInput) (http.Handler, error) {
	s, _, err := p.browserSession(ctx, in.BrowserSession)
	if errors.Is(err, NotAuthorized) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at, openErr := p.openProviderSession(ctx, s)
	if err := p.EndBrowserSession(ctx, in.BrowserSession); err != nil {
		return nil, err
	}
	provider, known := p.provider(s.Provider)
	sessions, able := provider.IdentityProvider.(SessionProvider)
	if openErr != nil || at == nil || len(at.Session) == 0 || !known || !provider.SignOut || !able {
		p.logFailure(ctx, "the session at a provider could not be read", openErr)
		return nil, nil
	}
	if len(in.Browser) < 16 {
		return nil, failField(InvalidParameter, "browser", "The browser has no secret of its own. Please allow cookies and try again.")
	}
	state, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	next, pending, err := contain2(func() (http.Handler, []byte, error) {
		return sessions.BeginLogout(ctx, at.Session, in.CallbackURL(provider.Name), state)
	})
	if err != nil || next == nil {
		p.log.ErrorContext(ctx, "userpool: a sign-out elsewhere could not begin", "pool", p.id, "provider", provider.Name, "error", err)
		return nil, nil
	}
	err = p.putTicket(ctx, ticketSignOut, state, federatedSignIn{
		Provider: provider.Name, Pending: pending, Browser: hashSecret(in.Browser), ReturnTo: in.ReturnTo,
	}, federationValidity)
	if err != nil {
		return nil, err
	}
	return next, nil
}

// FinishFederatedSignOutInput is what came back from the provider.
type FinishFederatedSignOutInput struct {
	// Provider is the name of the provider, or empty where all providers share one address: the state says which it was.
	Provider string
	// State is the state that came back, and Browser the secret of this browser's cookie.
	State   string
	Browser string
}

// FinishFederatedSignOut takes what the provider sent the browser back with, and returns the ReturnTo of BeginFederatedSignOut, also with
// the error InvalidIdentityProvider if the session at the provider may not have ended. The session here had ended before. For a state that
// nobody here knows, or of another browser, ReturnTo is empty.
func (p *Pool) FinishFederatedSignOut(ctx context.Context, r *http.Request, in FinishFederatedSignOutInput) (returnTo string, err error) {
	provider, pending, err := p.takeFederated(ctx, ticketSignOut, in.Provider, in.State, in.Browser)
	if err != nil {
		return "", err
	}
	sessions, able := provider.IdentityProvider.(SessionProvider)
	if !able {
		return pending.ReturnTo, nil
	}
	_, err = contain(func() (struct{}, error) {
		return struct{}{}, sessions.FinishLogout(r.WithContext(ctx), pending.Pending)
	})
	if err != nil {
		p.log.WarnContext(ctx, "userpool: a sign-out elsewhere failed", "pool", p.id, "provider", provider.Name, "error", err)
		return pending.ReturnTo, &Error{Code: InvalidIdentityProvider, Message: "You are signed out here, but maybe not at the other provider.", cause: err}
	}
	return pending.ReturnTo, nil
}

// ReceiveFederatedSignOut takes a request of a provider to sign somebody out, ends their sessions that began there, with the tokens that were
// issued through them, and returns the handler that answers. provider is a name, or empty where all providers share one address: the one
// that recognizes the request is asked. The error is InvalidIdentityProvider for a request that none of them made.
func (p *Pool) ReceiveFederatedSignOut(ctx context.Context, r *http.Request, provider string) (answer http.Handler, err error) {
	if err := r.ParseForm(); err != nil { // once, for all who are asked
		return nil, fail(InvalidIdentityProvider, "The request of the other provider could not be read.")
	}
	refused := errors.New("no provider that knows sessions is asked for")
	for _, candidate := range p.providers {
		sessions, able := candidate.IdentityProvider.(SessionProvider)
		if !able || provider != "" && candidate.Name != provider {
			continue
		}
		answer, err := p.receiveSignOut(ctx, r, candidate.Name, sessions)
		if err == nil {
			return answer, nil
		}
		refused = err
	}
	p.log.WarnContext(ctx, "userpool: a sign-out asked for elsewhere was refused", "pool", p.id, "provider", printable(provider), "error", refused)
	return nil, &Error{Code: InvalidIdentityProvider, Message: "This is no request of a provider to sign somebody out.", cause: refused}
}

func (p *Pool) receiveSignOut(ctx context.Context, r *http.Request, provider string, from SessionProvider) (http.Handler, error) {
	type request struct {
		subject  string
		sessions []string
	}
	asked, answer, err := contain2(func() (request, func(bool) http.Handler, error) {
		subject, ids, answer, err := from.ReceiveLogout(r.WithContext(ctx))
		return request{subject, ids}, answer, err
	})
	if err == nil && answer == nil {
		err = errors.New("the provider gave no answer")
	}
	if err != nil {
		return nil, err
	}
	if len(asked.sessions) > sessionsOfOne {
		asked.sessions = asked.sessions[:sessionsOfOne]
	}
	sub, ended := "", error(nil)
	if asked.subject == "" {
		ended = p.endNamedSessions(ctx, provider, asked.sessions)
	} else {
		sub, ended = p.endSubjectSessions(ctx, provider, asked.subject, asked.sessions)
	}
	p.audit(ctx, AuditEvent{Type: EventSignOut, Operation: "ReceiveFederatedSignOut", Sub: sub, Details: map[string]string{"provider": provider}}, UserContextData{}, ended)
	p.logFailure(ctx, "sessions could not be ended as a provider asked", ended)
	next, err := contain(func() (http.Handler, error) { return answer(ended == nil), nil })
	if err == nil && next == nil {
		err = errors.New("the provider gave no answer")
	}
	return next, err
}

// endSubjectSessions ends the sessions of a subject, or those that hang on certain sessions of the provider, and tells whose they are.
func (p *Pool) endSubjectSessions(ctx context.Context, provider, subject string, ids []string) (sub string, err error) {
	u, err := p.store.UserByIdentifier(ctx, p.id, federatedIdentifier(provider, subject))
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return "", nil
	}
	if err != nil {
		return "", unavailable("reading a user", err)
	}
	if len(ids) == 0 {
		return u.Sub, p.endSessionsFrom(ctx, u.Sub, provider, "")
	}
	return u.Sub, p.endSessionsWhere(ctx, u.Sub, func(s Session) bool {
		if s.Provider != provider || s.Kind != SessionBrowser {
			return false
		}
		at, err := p.openProviderSession(ctx, s)
		if err != nil {
			p.logFailure(ctx, "the session at a provider could not be read", err)
			return false
		}
		return at != nil && at.Subject == subject && slices.Contains(ids, at.ID)
	})
}

// endNamedSessions ends the sessions that hang on certain sessions of the provider.
func (p *Pool) endNamedSessions(ctx context.Context, provider string, ids []string) error {
	for _, id := range ids {
		for n := range sessionsOfOne {
			var t sessionTicket
			found, _, err := p.takeTicket(ctx, ticketProviderSession, sessionTicketName(provider, id, n), &t)
			if err != nil {
				return err
			}
			if !found { // there may be later ones: the first of them expires first
				continue
			}
			if err := p.endSession(ctx, t.SessionID); err != nil {
				return err
			}
		}
	}
	return nil
}
