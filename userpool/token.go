package userpool

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

// Tokens are what an app client gets for a person. All three tokens are secrets.
type Tokens struct {
	// AccessToken is a JWT for APIs. Its claims are sub, username, client_id, scope (names separated by spaces), cognito:groups,
	// token_use "access", auth_time, acr and amr (how the person signed in; see ACRMultiFactor and BrowserSession.AMR), device_key (where the
	// pool tracks devices), origin_jti, jti, event_id, version (2, of one that comes from an authorization code), iss, iat and exp.
	AccessToken string
	// IDToken is a JWT for the client. Its claims are aud (the ID of the client), sub, cognito:username, the user's attributes,
	// cognito:groups, cognito:roles, cognito:preferred_role (unless two groups of the lowest precedence have different roles),
	// identities, token_use "id", auth_time, acr, amr, origin_jti, jti, event_id, iss, iat and exp. One that comes from an authorization code also
	// has at_hash and nonce, and only the attributes that its scopes give; without the scope openid it is empty.
	IDToken string
	// RefreshToken is opaque and is used once; see [Pool.GetTokensFromRefreshToken]. For a client without rotation it is used again and again,
	// and is empty in what a refresh returns.
	RefreshToken string
	// TokenType is "Bearer".
	TokenType string
	// ExpiresIn is how long the access token is valid.
	ExpiresIn time.Duration
	// Scopes are the scopes of the access token.
	Scopes []string
}

// tokenGrant is what tokens are issued for.
type tokenGrant struct {
	user      User
	client    Client
	scopes    []string
	sessionID string
	parent    string
	authTime  time.Time
	provider  string
	nonce     string
	// amr are the methods by which the person proved who they are, deviceKey the device, or empty.
	amr       []string
	deviceKey string
	context   UserContextData
	// trigger and metadata are for the hook.
	trigger  Trigger
	metadata map[string]string
	// oauth is true for the authorization code grant: the scopes then say which attributes are in the ID token, which has at_hash, and
	// is not there at all without openid. Otherwise it has all attributes.
	oauth bool
}

func (g tokenGrant) kind() string {
	if g.oauth {
		return SessionOAuth
	}
	return SessionTokens
}

func (g tokenGrant) event() UserEvent {
	e := userEvent(g.user, g.client.ID)
	e.Trigger, e.ClientMetadata = g.trigger, maps.Clone(g.metadata)
	return e
}

// newTokens begins a family of refresh tokens and issues the first tokens.
func (p *Pool) newTokens(ctx context.Context, g tokenGrant) (*Tokens, error) {
	family, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	secret, err := p.newSecret()
	if err != nil {
		return nil, err
	}
	tokens, err := p.sign(ctx, g)
	if err != nil {
		return nil, err
	}
	now := p.now()
	s := Session{
		ID: g.sessionID, Kind: g.kind(), Sub: g.user.Sub, Parent: g.parent, ClientID: g.client.ID, Scopes: g.scopes,
		Secret: hashSecret(family), Generation: 1, Current: [][]byte{hashSecret(secret)}, Rotated: now, Epoch: g.user.Epoch,
		AuthTime: g.authTime, Provider: g.provider, AMR: g.amr, DeviceKey: g.deviceKey, IPAddress: g.context.address(), UserAgent: g.context.agent(),
		Created: now, Expires: now.Add(g.client.RefreshTokenValidity),
	}
	err = p.store.CreateSession(ctx, p.id, s)
	if errors.Is(err, ErrNotFound) { // the user, or the browser session, ended a moment ago
		return nil, signedOut()
	}
	if err != nil {
		return nil, unavailable("making a session", err)
	}
	tokens.RefreshToken = formatRefreshToken(s, family, secret)
	if err := p.limitSessions(ctx, s); err != nil {
		return nil, err
	}
	return tokens, nil
}

// sign makes the ID and the access token.
func (p *Pool) sign(ctx context.Context, g tokenGrant) (*Tokens, error) {
	groups, err := p.store.GroupsOf(ctx, p.id, g.user.Sub)
	if err != nil {
		return nil, unavailable("reading groups", err)
	}
	ring, err := p.ring(ctx)
	if err != nil {
		return nil, err
	}
	key := ring.current(p.now())
	access, id, err := p.claims(g)
	if err != nil {
		return nil, err
	}
	scopes, err := p.customise(ctx, g, groupConfiguration(groups), access, id)
	if err != nil {
		return nil, err
	}
	t := &Tokens{TokenType: "Bearer", ExpiresIn: g.client.AccessTokenValidity, Scopes: scopes}
	if t.AccessToken, err = p.signClaims(ctx, key, access); err != nil {
		return nil, err
	}
	if g.oauth && !slices.Contains(g.scopes, ScopeOpenID) {
		return t, nil
	}
	if g.oauth {
		id["at_hash"] = tokenHash(string(key.public.Algorithm), t.AccessToken)
	}
	t.IDToken, err = p.signClaims(ctx, key, id)
	return t, err
}

// signClaims makes a token. Claims that cannot be signed, such as too many, are the fault of the hook, if there is one.
func (p *Pool) signClaims(ctx context.Context, key signingKey, claims map[string]any) (string, error) {
	token, err := key.private.Sign("JWT", claims)
	if errors.Is(err, jose.ErrClaims) && p.hooks.PreTokenGeneration != nil {
		return "", p.hookFailed(ctx, "PreTokenGeneration", err)
	}
	if err != nil {
		return "", fmt.Errorf("userpool: signing: %w", err)
	}
	return token, nil
}

// claims returns the claims of both tokens, with Cognito's names; customise adds the scopes and groups.
func (p *Pool) claims(g tokenGrant) (access, id map[string]any, err error) {
	var jtis [3]string
	for i := range jtis {
		if jtis[i], err = p.newUUID(); err != nil {
			return nil, nil, err
		}
	}
	now := p.now()
	common := func(use, jti string, validity time.Duration) map[string]any {
		claims := map[string]any{
			"iss": p.issuer, "sub": g.user.Sub, "token_use": use, "auth_time": g.authTime.Unix(), "iat": now.Unix(),
			"exp": now.Add(validity).Unix(), "jti": jti, "origin_jti": g.sessionID, "event_id": jtis[2],
		}
		if len(g.amr) > 0 {
			claims["amr"], claims["acr"] = g.amr, acrOf(g.amr)
		}
		return claims
	}
	access = common("access", jtis[0], g.client.AccessTokenValidity)
	access["client_id"] = g.client.ID
	if g.deviceKey != "" {
		access["device_key"] = g.deviceKey
	}
	access["username"] = g.user.Username
	if g.oauth {
		access["version"] = 2
	}
	id = common("id", jtis[1], g.client.IDTokenValidity)
	id["aud"] = g.client.ID
	id["cognito:username"] = g.user.Username
	if g.nonce != "" {
		id["nonce"] = g.nonce
	}
	for name, value := range g.user.Attributes {
		if (!g.oauth || slices.Contains(g.scopes, scopeOf(name))) && g.client.canRead(name) {
			id[name] = claimValue(name, value)
		}
	}
	p.addIdentities(id, g.user)
	return access, id, nil
}

// scopeOf tells which scope gives an attribute (OpenID Connect Core, 5.4).
func scopeOf(attribute string) string {
	switch attribute {
	case "email", "email_verified":
		return ScopeEmail
	case "phone_number", "phone_number_verified":
		return ScopePhone
	}
	return ScopeProfile
}

func claimValue(name, value string) any {
	if name == "email_verified" || name == "phone_number_verified" {
		return value == "true"
	}
	return value
}

// tokenHash is at_hash (OpenID Connect Core, 3.1.3.6): the left half of the hash that belongs to the signing algorithm.
func tokenHash(alg, token string) string {
	if alg == "EdDSA" { // Ed25519 hashes with SHA-512
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
