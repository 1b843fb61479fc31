package userpool

import (
	"context"
	"crypto"
	"errors"

	"github.com/stepwell/stepwell/internal/jose"
)

// VerifyAccessToken returns the claims of an access token of this pool: signed by one of its keys, not expired, issued to one of its
// clients, and of a session that was not ended. Numbers are json.Number. The error is NotAuthorized, or ServiceUnavailable.
//
// It asks the store whether the session has ended. An API for which it is enough that tokens are good until they expire verifies them
// with package middleware, without Revocation, which asks no store.
func (p *Pool) VerifyAccessToken(ctx context.Context, token string) (map[string]any, error) {
	claims, _, _, err := p.verifyAccess(ctx, token)
	return claims, err
}

// verifyAccess is VerifyAccessToken, and returns the user and the session too, which were read on the way.
func (p *Pool) verifyAccess(ctx context.Context, token string) (map[string]any, User, Session, error) {
	claims, err := p.verify(ctx, token, "access", jose.Expected{})
	if err != nil {
		return nil, User{}, Session{}, err
	}
	id, _ := claims["client_id"].(string)
	if _, ok := p.client(id); !ok {
		return nil, User{}, Session{}, invalidToken()
	}
	u, s, err := p.liveUser(ctx, claims)
	if err != nil {
		return nil, User{}, Session{}, err
	}
	return claims, u, s, nil
}

// VerifyIDToken returns the claims of an ID token of this pool, issued to one of its clients, as VerifyAccessToken does for access
// tokens. In package identitypool, LoginFunc makes a LoginVerifier of it.
func (p *Pool) VerifyIDToken(ctx context.Context, token string) (map[string]any, error) {
	claims, err := p.verify(ctx, token, "id", jose.Expected{})
	if err != nil {
		return nil, err
	}
	if _, _, err := p.liveUser(ctx, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// VerifyIDTokenHint returns the claims of an ID token of this pool that may have expired, for the id_token_hint of a sign-out (OpenID
// Connect RP-Initiated Logout 1.0, 2). It proves nothing about who is signed in. A token is refused once its key no longer verifies: a
// day after the next key began to sign.
func (p *Pool) VerifyIDTokenHint(ctx context.Context, token string) (map[string]any, error) {
	return p.verify(ctx, token, "id", jose.Expected{AllowExpired: true})
}

func (p *Pool) verify(ctx context.Context, token, use string, want jose.Expected) (map[string]any, error) {
	want.Issuer, want.Now = p.issuer, p.now()
	keys := &keySource{pool: p}
	claims, err := jose.Verify(ctx, token, keys, want)
	if keys.failure != nil {
		return nil, keys.failure
	}
	if err != nil {
		return nil, &Error{Code: NotAuthorized, Message: invalidToken().Message, cause: err}
	}
	if got, _ := claims["token_use"].(string); got != use {
		return nil, invalidToken()
	}
	if use == "id" {
		aud, _ := claims["aud"].(string)
		if _, ok := p.client(aud); !ok {
			return nil, invalidToken()
		}
	}
	return claims, nil
}

// keySource is the pool's keys for one token. It remembers a failure that says nothing about the token.
type keySource struct {
	pool    *Pool
	failure error
}

func (s *keySource) Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error) {
	alg, key, err = s.pool.Key(ctx, kid)
	if err != nil && !errors.Is(err, NotAuthorized) {
		s.failure = err
	}
	return alg, key, err
}

// liveUser returns the user and the session of verified claims. The error is NotAuthorized if the session was ended.
func (p *Pool) liveUser(ctx context.Context, claims map[string]any) (User, Session, error) {
	revoked := fail(NotAuthorized, "The token has been revoked.")
	id, _ := claims["origin_jti"].(string)
	sub, _ := claims["sub"].(string)
	if id == "" || sub == "" {
		return User{}, Session{}, revoked
	}
	s, u, err := p.standingSession(ctx, id)
	if errors.Is(err, NotAuthorized) || err == nil && (s.Kind == SessionBrowser || s.Sub != sub) {
		return User{}, Session{}, revoked
	}
	return u, s, err
}

func invalidToken() *Error {
	return fail(NotAuthorized, "The token is not valid, or no longer. Please sign in again.")
}

// Revoked tells whether the session that a verified token belongs to was ended: by sign-out or revocation, by a new password, or because
// the user was disabled or deleted. A session whose refresh tokens have merely expired is not revoked. Claims without origin_jti count as
// revoked. It is the Revocation that package middleware can ask, and costs two look-ups by key.
func (p *Pool) Revoked(ctx context.Context, claims map[string]any) (bool, error) {
	_, _, err := p.liveUser(ctx, claims)
	if errors.Is(err, NotAuthorized) {
		return true, nil
	}
	return false, err
}
