package userpool

import (
	"context"
	"slices"
	"strings"
	"time"
)

// caller is a user who asks for something about themself, and what proves it.
type caller struct {
	user User
	// session is the one that the proof belongs to: when and how the person signed in, and with which device.
	session Session
	// client is whom the access token was issued to. It is zero for a browser session, which is no client's and may read and write all that
	// users may.
	client Client
	scopes []string
}

// caller finds out who asks. Every operation of a user takes the same proof under the name AccessToken: an access token with the scope
// aws.cognito.signin.user.admin, or the secret of a browser session. They cannot be taken for each other: a token has two dots, a secret
// has one.
func (p *Pool) caller(ctx context.Context, proof string) (caller, error) {
	if strings.Count(proof, ".") != 1 {
		return p.tokenCaller(ctx, proof, ScopeUserAdmin)
	}
	s, u, err := p.browserSession(ctx, proof)
	if err != nil {
		return caller{}, err
	}
	return caller{user: u, session: s}, nil
}

// tokenCaller is caller for an access token that must have a scope.
func (p *Pool) tokenCaller(ctx context.Context, accessToken, scope string) (caller, error) {
	claims, u, s, err := p.verifyAccess(ctx, accessToken)
	if err != nil {
		return caller{}, err
	}
	granted, _ := claims["scope"].(string)
	c := caller{user: u, session: s, scopes: strings.Split(granted, " ")}
	if !slices.Contains(c.scopes, scope) {
		return caller{}, fail(InsufficientScope, "The access token does not have the scope "+scope+".")
	}
	id, _ := claims["client_id"].(string)
	c.client, _ = p.client(id)
	return c, nil
}

// recentCaller is caller for what a session that was left open, or stolen, must not be enough for.
func (p *Pool) recentCaller(ctx context.Context, proof string) (caller, error) {
	c, err := p.caller(ctx, proof)
	if err == nil {
		err = c.signedInSince(p.now())
	}
	if err != nil {
		return caller{}, err
	}
	return c, nil
}

// recentSignIn is how long after a sign-in a person may do what cannot be undone (OWASP ASVS 5.0, 7.5).
const recentSignIn = 10 * time.Minute

func (s Session) recent(now time.Time) bool { return now.Sub(s.AuthTime) <= recentSignIn }

// signedInSince is LoginRequired if the person signed in too long before a time.
func (c caller) signedInSince(now time.Time) error {
	if !c.session.recent(now) {
		return fail(LoginRequired, "Please sign in again first, so that nobody else can do this.")
	}
	return nil
}

// strongSince is signedInSince, and wants the second factor of the session too if the user had an authenticator app by then (OWASP ASVS
// 5.0, 7.5.1). u is the user, read again.
func (c caller) strongSince(u User, now time.Time) error {
	if err := c.signedInSince(now); err != nil {
		return err
	}
	if u.SoftwareToken != nil && u.SoftwareToken.Created.Before(c.session.AuthTime) && !reaches(acrOf(c.session.AMR), ACRMultiFactor) {
		return fail(InsufficientAuthentication, "Please sign in with your second factor first.")
	}
	return nil
}

// mayChangeFactors is strongSince for a user who has a second factor. Who has none may set up the first.
func (c caller) mayChangeFactors(u User, now time.Time) error {
	if u.SoftwareToken == nil && len(u.MFA) == 0 {
		return nil
	}
	return c.strongSince(u, now)
}

// hosted tells whether the proof is a browser session.
func (c caller) hosted() bool { return c.client.ID == "" }

// mayWrite is for checkAttributes.
func (c caller) mayWrite() func(name string) bool {
	if c.hosted() {
		return nil
	}
	return c.client.canWrite
}

// still tells whether a user, read again, is one whom the caller may still act for.
func (c caller) still(u User) error {
	if !u.Enabled || u.Epoch != c.user.Epoch {
		return signedOut()
	}
	return nil
}

// event is what the audit trail says of who asked.
func (c caller) event(kind EventType, operation string) AuditEvent {
	return AuditEvent{Type: kind, Operation: operation, Sub: c.user.Sub, ClientID: c.client.ID}
}

// eventAbout is event with one detail.
func (c caller) eventAbout(kind EventType, operation, detail, value string) AuditEvent {
	e := c.event(kind, operation)
	e.Details = map[string]string{detail: value}
	return e
}
