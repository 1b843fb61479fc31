package userpool

import (
	"context"
	"strings"
	"time"
)

// signedIn is a user who has proved who they are to an operation, by an access token or a browser session.
type signedIn struct {
	user User
	// sessionID is the ID of the session that the proof belongs to.
	sessionID string
	// clientID is the client of an access token; empty for a browser session, which may do whatever the user may.
	clientID string
	// deviceKey is the device of the session.
	deviceKey string
	authTime  time.Time
	amr       []string
}

// signedIn returns whose access token, with the scope aws.cognito.signin.user.admin, or browser session it is. Errors: NotAuthorized,
// InsufficientScope.
func (p *Pool) signedIn(ctx context.Context, token string) (signedIn, error) {
	if strings.Count(token, ".") == 1 {
		s, u, err := p.browserSession(ctx, token)
		return signedIn{user: u, sessionID: s.ID, authTime: s.AuthTime, amr: s.AMR}, err
	}
	_, u, s, err := p.verifyScopeSession(ctx, token, ScopeUserAdmin)
	return signedIn{user: u, sessionID: s.ID, clientID: s.ClientID, deviceKey: s.DeviceKey, authTime: s.AuthTime, amr: s.AMR}, err
}

// recentSignIn is signedIn for what a stolen session must not be enough for: LoginRequired if the person signed in more than 10 minutes ago.
func (p *Pool) recentSignIn(ctx context.Context, token string) (signedIn, error) {
	who, err := p.signedIn(ctx, token)
	if err == nil && p.now().Sub(who.authTime) > recentSignIn {
		err = fail(LoginRequired, "Please sign in again first.")
	}
	if err != nil {
		return signedIn{}, err
	}
	return who, nil
}

// notify tells a user, at a verified address, what was changed: what is a constant of package message.
func (p *Pool) notify(ctx context.Context, kind MessageKind, what string, u User, from UserContextData) {
	for _, name := range []string{"email", "phone_number"} {
		if u.Attributes[name] != "" && u.Attributes[verifiedAttribute(name)] == "true" {
			p.sendLater(ctx, outgoing{kind: kind, what: what, user: u, attribute: name, to: u.Attributes[name], context: from})
			return
		}
	}
}
