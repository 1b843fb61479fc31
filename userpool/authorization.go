package userpool

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// authorizationCodeValidity is Cognito's.
const authorizationCodeValidity = 5 * time.Minute

var (
	// RFC 7636, 4.1 and 4.2.
	verifierPattern  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
	challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// IssueAuthorizationCodeInput is what a client asks for at the authorization endpoint, with the browser session of the person who is signed in.
type IssueAuthorizationCodeInput struct {
	// BrowserSession is the secret of the browser session.
	BrowserSession string
	ClientID       string
	// RedirectURI must be one of the client's CallbackURLs.
	RedirectURI string
	// Scopes must be among the client's; empty means all of them.
	Scopes []string
	// Nonce is put into the ID token; at most 2 KiB of UTF-8.
	Nonce string
	// CodeChallenge is required of every client, and CodeChallengeMethod must be "S256" (RFC 7636; RFC 9700, 2.1.1).
	CodeChallenge       string
	CodeChallengeMethod string
	// ACRValues are the authentication context classes that will do; the sign-in must have reached one of them. Empty means any.
	ACRValues []string
	// MaxAge is how long ago the person may have signed in; nil means any time, and 0 that they sign in anew.
	MaxAge *time.Duration
}

// authorizationCode is what an authorization code stands for.
type authorizationCode struct {
	ClientID    string
	RedirectURI string
	Scopes      []string
	Nonce       string
	Challenge   string
	Sub         string
	Epoch       int64
	// SessionID is that of the family of tokens that the code will begin.
	SessionID string
	Parent    string
	AuthTime  time.Time
	Provider  string
	AMR       []string
}

// IssueAuthorizationCode returns a code for the person who is signed in with the browser session. It can be used once, within five
// minutes, by this client and with this redirect address (RFC 6749, 4.1.2). Errors: NotAuthorized if nobody is signed in; LoginRequired if
// the sign-in is older than MaxAge, or began where Client.IdentityProviders does not allow it; InsufficientAuthentication if it is weaker
// than ACRValues (RFC 9470); InvalidClient; InvalidParameter with Field "redirect_uri", "code_challenge" or "nonce"; InvalidScope.
func (p *Pool) IssueAuthorizationCode(ctx context.Context, in IssueAuthorizationCodeInput) (string, error) {
	client, found := p.client(in.ClientID)
	if !found {
		return "", fail(InvalidClient, "The client is unknown.")
	}
	scopes := slices.Clone(in.Scopes)
	if len(scopes) == 0 {
		scopes = slices.Clone(client.Scopes)
	}
	switch {
	case !client.AllowsCallback(in.RedirectURI):
		return "", failField(InvalidParameter, "redirect_uri", "The redirect address is not registered for the client, exactly as it was given.")
	case in.CodeChallengeMethod != "S256" || !challengePattern.MatchString(in.CodeChallenge):
		return "", failField(InvalidParameter, "code_challenge", "A code_challenge with the method S256 is required.")
	case len(in.Nonce) > 2048 || !utf8.ValidString(in.Nonce):
		return "", failField(InvalidParameter, "nonce", "The nonce is not UTF-8, or longer than 2048 bytes.")
	case !client.AllowsScopes(scopes):
		return "", fail(InvalidScope, "The client may not ask for this scope.")
	}
	s, u, err := p.browserSession(ctx, in.BrowserSession)
	if err == nil && !client.AllowsProvider(s.Provider) {
		err = fail(LoginRequired, "Please sign in again, in a way that the application allows.")
	}
	if err == nil {
		err = p.satisfies(s, in.ACRValues, in.MaxAge)
	}
	if err != nil {
		return "", err
	}
	id, err := p.newID()
	if err != nil {
		return "", err
	}
	code, err := p.newSecret()
	if err != nil {
		return "", err
	}
	slices.Sort(scopes)
	err = p.putTicket(ctx, ticketCode, code, authorizationCode{
		ClientID: client.ID, RedirectURI: in.RedirectURI, Scopes: slices.Compact(scopes), Nonce: in.Nonce, Challenge: in.CodeChallenge,
		Sub: u.Sub, Epoch: u.Epoch, SessionID: id, Parent: s.ID, AuthTime: s.AuthTime, Provider: s.Provider,
		AMR: s.AMR,
	}, authorizationCodeValidity)
	if err != nil {
		return "", err
	}
	return code, nil
}

// RedeemAuthorizationCodeInput is an authorization code with what proves that it is the client's.
type RedeemAuthorizationCodeInput struct {
	ClientID     string
	ClientSecret string
	Code         string
	RedirectURI  string
	// CodeVerifier is the secret that the CodeChallenge was made from (RFC 7636).
	CodeVerifier string
}

// RedeemAuthorizationCode returns tokens for a code (RFC 6749, 4.1.3). The code is used up by the first authenticated client that
// presents it, whatever the outcome. When it is presented again, somebody has copied it, and the tokens that it gave are revoked. Errors:
// InvalidClient; InvalidGrant, the same for every reason; UserHookFailed.
func (p *Pool) RedeemAuthorizationCode(ctx context.Context, in RedeemAuthorizationCodeInput) (*Tokens, error) {
	client, err := p.AuthenticateClient(in.ClientID, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	if len(in.Code) != 43 {
		return nil, invalidGrant()
	}
	var c authorizationCode
	found, used, err := p.takeTicket(ctx, ticketCode, in.Code, &c)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, invalidGrant()
	case used:
		return nil, p.codeReplayed(ctx, c)
	}
	sum := sha256.Sum256([]byte(in.CodeVerifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	proved := verifierPattern.MatchString(in.CodeVerifier) && subtle.ConstantTimeCompare([]byte(challenge), []byte(c.Challenge)) == 1
	if c.ClientID != client.ID || c.RedirectURI != in.RedirectURI || !proved {
		return nil, invalidGrant()
	}
	u, err := p.store.User(ctx, p.id, c.Sub)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, unavailable("reading a user", err)
	}
	if err != nil || !u.Enabled || u.Epoch != c.Epoch {
		return nil, invalidGrant()
	}
	tokens, err := p.newTokens(ctx, tokenGrant{
		user: u, client: client, scopes: c.Scopes, sessionID: c.SessionID, parent: c.Parent, authTime: c.AuthTime, provider: c.Provider,
		nonce: c.Nonce, amr: c.AMR, trigger: TriggerTokensHosted, oauth: true,
	})
	if errors.Is(err, NotAuthorized) {
		return nil, invalidGrant()
	}
	if err == nil {
		err = p.endIfReplayed(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	return tokens, nil
}

// codeReplayed ends the session that a code began. If the first taker has not made it yet, the ticket that is left here tells that one.
func (p *Pool) codeReplayed(ctx context.Context, c authorizationCode) error {
	p.log.WarnContext(ctx, "userpool: an authorization code was used again; its tokens are revoked", "pool", p.id, "sub", c.Sub, "client", c.ClientID)
	err := p.store.PutTicket(ctx, p.id, Ticket{Kind: ticketReplay, Hash: hashSecret(c.SessionID), Expires: p.now().Add(authorizationCodeValidity)})
	if err != nil && !errors.Is(err, ErrExists) {
		return unavailable("storing a ticket", err)
	}
	err = p.endSession(ctx, c.SessionID)
	p.audit(ctx, AuditEvent{Type: EventTokenReuse, Operation: "RedeemAuthorizationCode", Sub: c.Sub, ClientID: c.ClientID}, UserContextData{}, err)
	if err != nil {
		return err
	}
	return invalidGrant()
}

func (p *Pool) endIfReplayed(ctx context.Context, c authorizationCode) error {
	_, err := p.store.TakeTicket(ctx, p.id, ticketReplay, hashSecret(c.SessionID))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return unavailable("using a ticket", err)
	}
	return p.endSession(ctx, c.SessionID)
}

func invalidGrant() error {
	return fail(InvalidGrant, "The authorization code is not valid, or no longer, for this client and redirect address.")
}
