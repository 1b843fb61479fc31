package userpool

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// BrowserSession is a person who is signed in at the hosted pages.
type BrowserSession struct {
	// ID is no secret.
	ID   string
	User User
	// Groups are the names of the user's groups.
	Groups []string
	// Recent is true while the last proof is at most 10 minutes old; see DeleteUser.
	Recent bool
	// AuthTime is when the person last proved who they are.
	AuthTime time.Time
	Expires  time.Time
	// Provider is the name of the identity provider that the person came from, or empty.
	Provider string
	// AMR are the methods of authentication (RFC 8176), and ACR is the class that they reach; the claims amr and acr of tokens say the same.
	// "pwd" is a password, "otp" a code or link by e-mail, a code of an authenticator app, or a recovery code, and "sms" a code by SMS. "hwk"
	// is a passkey that cannot leave its device, and "swk" one that is synchronized. "user" beside it means that somebody was present and
	// touched the authenticator, not that it verified who: if it did, "mfa" is there as well. "mfa" is more than one factor, "pop" the secret
	// of a remembered device, "fed" a sign-in at another provider, and "custom" the challenges of CUSTOM_AUTH (the last two are no names of
	// RFC 8176).
	AMR []string
	ACR string
}

func (p *Pool) newBrowserSession(ctx context.Context, s *signIn) (*AuthOutcome, error) {
	secret, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	expires := p.now().Add(p.settings.BrowserSessionValidity)
	id, err := p.replaceBrowserSession(ctx, s, secret, expires)
	if err != nil {
		return nil, err
	}
	if id != "" {
		return &AuthOutcome{BrowserSession: id + "." + secret, BrowserSessionExpires: expires}, p.noteProviderSession(ctx, s, id)
	}
	if id, err = p.newID(); err != nil {
		return nil, err
	}
	atProvider, err := p.sealProviderSession(ctx, s.ProviderSession, id)
	if err != nil {
		return nil, err
	}
	err = p.store.CreateSession(ctx, p.id, Session{
		ID: id, Kind: SessionBrowser, Sub: s.user.Sub, Secret: hashSecret(secret), Epoch: s.user.Epoch,
		AuthTime: s.AuthTime, Provider: s.Provider, ProviderSession: atProvider, AMR: s.AMR,
		IPAddress: s.Context.address(), UserAgent: s.Context.agent(), Created: p.now(), Expires: expires,
	})
	if errors.Is(err, ErrNotFound) { // the user was deleted a moment ago
		return nil, p.notAuthorized()
	}
	if err != nil {
		return nil, unavailable("making a session", err)
	}
	if err := p.noteProviderSession(ctx, s, id); err != nil {
		return nil, err
	}
	if err := p.limitSessions(ctx, Session{Sub: s.user.Sub, Epoch: s.user.Epoch}); err != nil {
		return nil, err
	}
	return &AuthOutcome{BrowserSession: id + "." + secret, BrowserSessionExpires: expires}, nil
}

// replaceBrowserSession gives the session that the browser has a new secret and a new beginning, if it is a live one of the same user,
// and returns its ID. Any other session is ended.
func (p *Pool) replaceBrowserSession(ctx context.Context, s *signIn, secret string, expires time.Time) (string, error) {
	if s.Replaces == "" {
		return "", nil
	}
	old, u, err := p.browserSession(ctx, s.Replaces)
	if errors.Is(err, NotAuthorized) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if u.Sub != s.user.Sub || u.Epoch != s.user.Epoch {
		return "", p.endSession(ctx, old.ID)
	}
	old.Secret, old.AuthTime, old.Provider, old.AMR, old.Expires = hashSecret(secret), s.AuthTime, s.Provider, s.AMR, expires
	old.Rotated = p.now()
	if old.ProviderSession, err = p.sealProviderSession(ctx, s.ProviderSession, old.ID); err != nil {
		return "", err
	}
	switch err := p.store.UpdateSession(ctx, p.id, old); {
	case errors.Is(err, ErrStale): // noted to be in use, or replaced, at this very moment: the secret tells which
		return p.replaceBrowserSession(ctx, s, secret, expires)
	case errors.Is(err, ErrNotFound): // ended at this very moment: this sign-in begins its own
		return "", nil
	case err != nil:
		return "", unavailable("renewing a session", err)
	}
	return old.ID, nil
}

// BrowserSession returns who is signed in with this secret, which AuthOutcome gave for the cookie. The error is NotAuthorized if nobody
// is: the session ended, expired or never was, or the user was disabled or deleted, or has signed out everywhere.
func (p *Pool) BrowserSession(ctx context.Context, secret string) (*BrowserSession, error) {
	s, u, err := p.browserSession(ctx, secret)
	if err != nil {
		return nil, err
	}
	groups, err := p.store.GroupsOf(ctx, p.id, u.Sub)
	if err != nil {
		return nil, unavailable("reading groups", err)
	}
	out := &BrowserSession{ID: s.ID, User: u.public(), AuthTime: s.AuthTime, Expires: s.Expires, Provider: s.Provider, Recent: s.recent(p.now()), AMR: s.AMR, ACR: acrOf(s.AMR)}
	for _, g := range groups {
		out.Groups = append(out.Groups, g.Name)
	}
	return out, nil
}

func (p *Pool) browserSession(ctx context.Context, secret string) (Session, User, error) {
	id, proof, _ := strings.Cut(secret, ".")
	if len(id) != 22 || len(proof) != 43 {
		return Session{}, User{}, signedOut()
	}
	s, u, err := p.liveSession(ctx, id)
	if err != nil {
		return Session{}, User{}, err
	}
	if s.Kind != SessionBrowser || subtle.ConstantTimeCompare(s.Secret, hashSecret(proof)) != 1 {
		return Session{}, User{}, signedOut()
	}
	touched, err := p.touch(ctx, s, p.settings.touchEvery())
	p.logFailure(ctx, "the use of a session could not be noted", err)
	return touched, u, nil
}

// liveSession returns a session that is not over, with its user.
func (p *Pool) liveSession(ctx context.Context, id string) (Session, User, error) {
	s, u, err := p.standingSession(ctx, id)
	if err == nil && (!p.now().Before(s.Expires) || p.idle(s)) {
		return Session{}, User{}, signedOut()
	}
	return s, u, err
}

// standingSession returns a session that nobody has ended, with its user. It may have expired.
func (p *Pool) standingSession(ctx context.Context, id string) (Session, User, error) {
	s, err := p.store.Session(ctx, p.id, id)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return Session{}, User{}, signedOut()
	}
	if err != nil {
		return Session{}, User{}, unavailable("reading a session", err)
	}
	u, err := p.store.User(ctx, p.id, s.Sub)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Session{}, User{}, unavailable("reading a user", err)
	}
	if err != nil || !u.Enabled || s.Epoch != u.Epoch {
		return Session{}, User{}, signedOut()
	}
	return s, u, nil
}

func signedOut() error { return fail(NotAuthorized, "You are not signed in, or no longer.") }

// Claims returns what the middleware gives to handlers: sub, username, the attributes with booleans as booleans, cognito:groups,
// auth_time, exp, and token_use "session". A session has no scope.
func (s *BrowserSession) Claims() map[string]any {
	claims := map[string]any{}
	for name, value := range s.User.Attributes {
		claims[name] = claimValue(name, value)
	}
	claims["sub"] = s.User.Sub
	claims["username"] = s.User.Username
	claims["token_use"] = "session"
	claims["acr"] = s.ACR
	if len(s.AMR) > 0 {
		claims["amr"] = anySlice(s.AMR)
	}
	claims["auth_time"] = json.Number(strconv.FormatInt(s.AuthTime.Unix(), 10))
	claims["exp"] = json.Number(strconv.FormatInt(s.Expires.Unix(), 10))
	if len(s.Groups) > 0 {
		claims["cognito:groups"] = anySlice(s.Groups)
	}
	return claims
}

// anySlice gives strings the form that they have in decoded JSON.
func anySlice(in []string) []any {
	out := make([]any, len(in))
	for i, s := range in {
		out[i] = s
	}
	return out
}

// EndBrowserSession ends a session and revokes the tokens that were issued through it. A session that is over already is no error.
func (p *Pool) EndBrowserSession(ctx context.Context, secret string) error {
	s, _, err := p.browserSession(ctx, secret)
	if errors.Is(err, NotAuthorized) {
		return nil
	}
	if err != nil {
		return err
	}
	err = p.endSession(ctx, s.ID)
	p.audit(ctx, AuditEvent{Type: EventSignOut, Operation: "EndBrowserSession", Sub: s.Sub}, UserContextData{}, err)
	return err
}

func (p *Pool) endSession(ctx context.Context, id string) error {
	if err := p.store.DeleteSession(ctx, p.id, id); err != nil && !errors.Is(err, ErrNotFound) {
		return unavailable("ending a session", err)
	}
	return nil
}
