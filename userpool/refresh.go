package userpool

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A refresh token has four parts, between dots: the ID of its session, the generation, a secret that all tokens of the family share,
// and a secret of its own. The store holds the hashes of both secrets. The family's secret tells an old token of ours, which betrays
// that somebody copied it, from a forgery, which must end nobody's session.
type refreshToken struct {
	session    string
	generation int64
	family     string
	secret     string
}

func formatRefreshToken(s Session, family, secret string) string {
	return fmt.Sprintf("%s.%d.%s.%s", s.ID, s.Generation, family, secret)
}

func parseRefreshToken(token string) (refreshToken, bool) {
	parts := strings.Split(token, ".")
	if len(token) > 256 || len(parts) != 4 || len(parts[0]) != 22 || len(parts[2]) != 43 || len(parts[3]) != 43 {
		return refreshToken{}, false
	}
	generation, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || generation < 1 || strconv.FormatInt(generation, 10) != parts[1] {
		return refreshToken{}, false
	}
	return refreshToken{session: parts[0], generation: generation, family: parts[2], secret: parts[3]}, true
}

// maxSiblings bounds how often one refresh token may be used within the grace period, the first time included.
const maxSiblings = 5

// GetTokensFromRefreshTokenInput is a refresh token with the client that it was issued to.
type GetTokensFromRefreshTokenInput struct {
	RefreshToken string
	ClientID     string
	ClientSecret string
	// SecretHash may stand for ClientSecret; it is made of Username.
	SecretHash string
	Username   string
	// DeviceKey is the key of the device that the session was begun from, or empty. Cognito wants it of such a session, and refuses to renew
	// tokens for a client that lost it. Here it is not needed, but a wrong one is refused.
	DeviceKey string
	// Scopes may narrow the new access token; empty means all that were granted.
	Scopes []string
	// ClientMetadata is handed to the hook PreTokenGeneration.
	ClientMetadata map[string]string
}

// GetTokensFromRefreshToken returns new tokens for a refresh token and uses it up: the new refresh token takes its place, and expires
// when the first one of the family would have. A token may be presented again up to four times within the client's RetryGracePeriod.
// Otherwise somebody has copied it, and the whole family is revoked (RFC 9700, 4.14.2).
//
// For a client with DisableRefreshTokenRotation the token stays valid, and there is no new one.
//
// Errors: NotAuthorized for a token that is not valid, expired, revoked, or another client's; RefreshTokenReuse; InvalidClient;
// InvalidScope; UserHookFailed.
func (p *Pool) GetTokensFromRefreshToken(ctx context.Context, in GetTokensFromRefreshTokenInput) (*Tokens, error) {
	client, err := p.proveClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username)
	if err != nil {
		return nil, err
	}
	token, ok := parseRefreshToken(in.RefreshToken)
	if !ok {
		return nil, invalidRefreshToken()
	}
	for range 100 {
		s, u, err := p.refreshSession(ctx, token, client.ID)
		if err != nil {
			return nil, err
		}
		if s.ofOtherDevice(in.DeviceKey) {
			return nil, invalidRefreshToken()
		}
		scopes := s.Scopes
		if len(in.Scopes) > 0 {
			if slices.ContainsFunc(in.Scopes, func(scope string) bool { return !slices.Contains(s.Scopes, scope) }) {
				return nil, fail(InvalidScope, "The scope is wider than what was granted.")
			}
			scopes = in.Scopes
		}
		if client.DisableRefreshTokenRotation && s.current(token) {
			return p.refreshedAgain(ctx, s, u, client, scopes, in.ClientMetadata)
		}
		if ok := p.rotate(&s, token, client); !ok {
			return nil, p.revokeReused(ctx, s)
		}
		tokens, err := p.refreshed(ctx, s, u, client, token, scopes, in.ClientMetadata)
		if !errors.Is(err, ErrStale) {
			return tokens, err
		}
	}
	return nil, limitExceeded(time.Second)
}

// refreshSession returns the live session that a token belongs to.
func (p *Pool) refreshSession(ctx context.Context, token refreshToken, clientID string) (Session, User, error) {
	s, u, err := p.liveSession(ctx, token.session)
	if errors.Is(err, NotAuthorized) {
		return s, u, invalidRefreshToken()
	}
	if err != nil {
		return s, u, err
	}
	ours := subtle.ConstantTimeCompare(s.Secret, hashSecret(token.family)) == 1
	if !ours || s.Kind == SessionBrowser || s.ClientID != clientID || token.generation > s.Generation {
		return s, u, invalidRefreshToken()
	}
	return s, u, nil
}

// among tells whether the token is one of those whose hashes these are.
func (t refreshToken) among(hashes [][]byte) bool {
	hash := hashSecret(t.secret)
	return slices.ContainsFunc(hashes, func(h []byte) bool { return subtle.ConstantTimeCompare(h, hash) == 1 })
}

// current tells whether the token is of the present generation.
func (s Session) current(t refreshToken) bool {
	return t.generation == s.Generation && t.among(s.Current)
}

// rotate moves the session on to a next generation, with no token in it yet, or tells that the token has been used.
func (p *Pool) rotate(s *Session, token refreshToken, client Client) bool {
	switch {
	case s.current(token):
		s.Previous, s.Current = s.Current, nil
		s.Generation++
		s.Rotated = p.now()
		return true
	case token.generation == s.Generation-1 && token.among(s.Previous):
		// Abs, as the clock that said Rotated may be another's.
		return p.now().Sub(s.Rotated).Abs() < client.RetryGracePeriod && len(s.Current) < maxSiblings
	}
	return false
}

// refreshed stores the rotation with a new token in it, and then signs. ErrStale means that another call was first.
func (p *Pool) refreshed(ctx context.Context, s Session, u User, client Client, token refreshToken, scopes []string, metadata map[string]string) (*Tokens, error) {
	secret, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	s.Current = append(slices.Clip(s.Current), hashSecret(secret))
	tokens, err := p.sign(ctx, s.refreshGrant(u, client, scopes, metadata))
	if err != nil {
		return nil, err
	}
	switch err := p.store.UpdateSession(ctx, p.id, s); {
	case errors.Is(err, ErrStale):
		return nil, err
	case errors.Is(err, ErrNotFound):
		return nil, invalidRefreshToken()
	case err != nil:
		return nil, unavailable("rotating a refresh token", err)
	}
	tokens.RefreshToken = formatRefreshToken(s, token.family, secret)
	return tokens, nil
}

// refreshGrant is what new tokens of a session are issued for.
func (s Session) refreshGrant(u User, client Client, scopes []string, metadata map[string]string) tokenGrant {
	return tokenGrant{
		user: u, client: client, scopes: scopes, sessionID: s.ID, authTime: s.AuthTime, provider: s.Provider,
		amr: s.AMR, deviceKey: s.DeviceKey, trigger: TriggerTokensRefresh, metadata: metadata, oauth: s.Kind == SessionOAuth,
	}
}

// refreshedAgain signs for a token that stays as it is.
func (p *Pool) refreshedAgain(ctx context.Context, s Session, u User, client Client, scopes []string, metadata map[string]string) (*Tokens, error) {
	tokens, err := p.sign(ctx, s.refreshGrant(u, client, scopes, metadata))
	if err != nil {
		return nil, err
	}
	if _, err := p.touch(ctx, s, time.Minute); errors.Is(err, ErrNotFound) {
		return nil, invalidRefreshToken()
	} else if err != nil {
		return nil, unavailable("noting the use of a refresh token", err)
	}
	return tokens, nil
}

func (p *Pool) revokeReused(ctx context.Context, s Session) error {
	p.log.WarnContext(ctx, "userpool: a refresh token was used again; its family is revoked", "pool", p.id, "sub", s.Sub, "client", s.ClientID)
	err := p.endSession(ctx, s.ID)
	p.audit(ctx, AuditEvent{Type: EventTokenReuse, Operation: "GetTokensFromRefreshToken", Sub: s.Sub, ClientID: s.ClientID}, UserContextData{}, err)
	if err != nil {
		return err
	}
	return fail(RefreshTokenReuse, "The refresh token was used before. Please sign in again.")
}

func invalidRefreshToken() error {
	return fail(NotAuthorized, "The refresh token is not valid, or no longer. Please sign in again.")
}

// RevokeTokenInput is a refresh token with the client that it was issued to.
type RevokeTokenInput struct {
	Token        string
	ClientID     string
	ClientSecret string
}

// RevokeToken revokes a refresh token, with its whole family and the access and ID tokens that have its origin_jti (RFC 7009). A token
// that is unknown, expired or revoked is no error. Errors: InvalidClient; UnsupportedTokenType for a JWT; Unauthorized for another
// client's token, which stays valid.
func (p *Pool) RevokeToken(ctx context.Context, in RevokeTokenInput) error {
	client, err := p.AuthenticateClient(in.ClientID, in.ClientSecret)
	if err != nil {
		return err
	}
	token, ok := parseRefreshToken(in.Token)
	if !ok {
		if strings.Count(in.Token, ".") == 2 && strings.HasPrefix(in.Token, "ey") {
			return fail(UnsupportedTokenType, "Just refresh tokens can be revoked; the access and ID tokens end with them.")
		}
		return nil
	}
	s, err := p.store.Session(ctx, p.id, token.session)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return nil
	}
	if err != nil {
		return unavailable("reading a session", err)
	}
	if s.Kind == SessionBrowser || subtle.ConstantTimeCompare(s.Secret, hashSecret(token.family)) != 1 {
		return nil
	}
	if s.ClientID != client.ID {
		return fail(Unauthorized, "The token was issued to another client.")
	}
	err = p.endSession(ctx, s.ID)
	p.audit(ctx, AuditEvent{Type: EventSignOut, Operation: "RevokeToken", Sub: s.Sub, ClientID: s.ClientID}, UserContextData{}, err)
	return err
}
