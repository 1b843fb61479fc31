package userpool

import (
	"context"
	"errors"
	"slices"
	"time"
)

// AuthFlow is a way to sign in, with Cognito's names.
type AuthFlow string

// UserPasswordAuth is the flow that sends the user name and the password.
const UserPasswordAuth AuthFlow = "USER_PASSWORD_AUTH"

// AuthResult says what a sign-in ends in. The zero value is ResultTokens.
type AuthResult int

const (
	// ResultTokens is access, ID and refresh token for an app client.
	ResultTokens AuthResult = iota
	// ResultBrowserSession is a session for a cookie of the hosted pages.
	ResultBrowserSession
)

// InitiateAuthInput begins a sign-in.
type InitiateAuthInput struct {
	AuthFlow AuthFlow
	// ClientID names the app client, which must have the flow among its AuthFlows; ClientSecret authenticates a confidential one. Both
	// must be empty with ResultBrowserSession.
	ClientID     string
	ClientSecret string
	// Username is the e-mail address.
	Username string
	Password string
	// Result is what the sign-in ends in.
	Result AuthResult
	// Replaces is the secret of the session that the browser has, or empty. With ResultBrowserSession the new session takes its place,
	// and the old secret is void. If the old session was another user's, it ends, with the tokens that were issued through it; if it was
	// the same user's, those tokens stay valid.
	Replaces string
}

// AuthOutcome is what a sign-in led to: what InitiateAuthInput.Result asked for.
type AuthOutcome struct {
	// Tokens are set for ResultTokens.
	Tokens *Tokens
	// BrowserSession is the value of the cookie, a secret, for ResultBrowserSession; it is valid until BrowserSessionExpires.
	BrowserSession        string
	BrowserSessionExpires time.Time
}

// InitiateAuth signs a person in. Unknown users, wrong passwords and disabled users all get NotAuthorized, after the same work; failures
// are counted for each address, whether or not it has an account.
//
// Errors: NotAuthorized; UserNotConfirmed, with a Session for ConfirmSignUp, if the password is right and the sign-up was not confirmed;
// LimitExceeded; InvalidParameter; InvalidClient; UnauthorizedClient if the client may not use the flow; UserHookFailed.
func (p *Pool) InitiateAuth(ctx context.Context, in InitiateAuthInput) (*AuthOutcome, error) {
	s := signIn{result: in.Result, replaces: in.Replaces}
	switch {
	case in.AuthFlow != UserPasswordAuth:
		return nil, failField(InvalidParameter, "authFlow", "The flow %q is not supported; %s is.", printable(string(in.AuthFlow)), UserPasswordAuth)
	case in.Result == ResultBrowserSession:
		if in.ClientID != "" || in.ClientSecret != "" {
			return nil, failField(InvalidParameter, "clientId", "A sign-in of a browser is not for one client: leave the client out.")
		}
	default:
		client, err := p.AuthenticateClient(in.ClientID, in.ClientSecret)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(client.AuthFlows, in.AuthFlow) {
			return nil, fail(UnauthorizedClient, "The client may not use the flow "+string(in.AuthFlow)+": add it to its AuthFlows.")
		}
		s.client = client
		s.scopes = []string{ScopeUserAdmin}
	}
	var err error
	if s.user, err = p.checkPassword(ctx, in.Username, in.Password, in.ClientID); err != nil {
		return nil, err
	}
	s.authTime = p.now()
	return p.finishSignIn(ctx, s)
}

// checkPassword returns the user whose password it is.
func (p *Pool) checkPassword(ctx context.Context, username, password, clientID string) (User, error) {
	email, err := canonicalEmail(username)
	if err != nil {
		return User{}, err
	}
	if password, err = normalPassword(password); err != nil {
		return User{}, err
	}
	if err := p.count(ctx, limitSignIn, email); err != nil {
		return User{}, err
	}
	u, err := p.store.UserByIdentifier(ctx, p.id, Identifier{IdentifierEmail, email})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, unavailable("reading a user", err)
	}
	event := userEvent(u, clientID)
	if event.Attributes == nil {
		event.Attributes = map[string]string{"email": email}
	}
	if err := p.runUserHook(ctx, "PreAuthentication", p.hooks.PreAuthentication, event); err != nil {
		return User{}, err
	}
	right, err := p.hasher.verify(ctx, u.PasswordHash, password)
	if err != nil {
		return User{}, err
	}
	if !right || !u.Enabled {
		return User{}, fail(NotAuthorized, "Incorrect e-mail address or password.")
	}
	if err := p.forget(ctx, limitSignIn, email); err != nil {
		return User{}, err
	}
	if u.Status == StatusUnconfirmed {
		return User{}, &Error{
			Code: UserNotConfirmed, Session: u.Sub,
			Message: "Your e-mail address is not confirmed yet. Enter the code that was sent to you, or ask for a new one.",
		}
	}
	return u, nil
}

// signIn is a person who has proved who they are, and what for.
type signIn struct {
	user     User
	result   AuthResult
	client   Client
	scopes   []string
	authTime time.Time
	provider string
	replaces string
}

// finishSignIn is the one way out of every sign-in.
func (p *Pool) finishSignIn(ctx context.Context, s signIn) (*AuthOutcome, error) {
	if err := p.runUserHook(ctx, "PostAuthentication", p.hooks.PostAuthentication, userEvent(s.user, s.client.ID)); err != nil {
		return nil, err
	}
	if s.result == ResultBrowserSession {
		return p.newBrowserSession(ctx, s)
	}
	id, err := p.newID()
	if err != nil {
		return nil, err
	}
	tokens, err := p.newTokens(ctx, tokenGrant{
		user: s.user, client: s.client, scopes: s.scopes, sessionID: id, authTime: s.authTime, provider: s.provider,
	})
	if err != nil {
		return nil, err
	}
	return &AuthOutcome{Tokens: tokens}, nil
}
