package userpool

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Tokens are what an app client gets for a person. All three tokens are secrets.
type Tokens struct {
	// AccessToken is a JWT for APIs. Its claims are sub, username, client_id, scope (names separated by spaces), cognito:groups,
	// token_use "access", auth_time, origin_jti, jti, event_id, version, iss, iat and exp.
	AccessToken string
	// IDToken is a JWT for the client. Its claims are aud (the ID of the client), sub, cognito:username, the user's attributes,
	// cognito:groups, cognito:roles, cognito:preferred_role (unless two groups of the lowest precedence have different roles),
	// identities, token_use "id", auth_time, origin_jti, jti, event_id, iss, iat and exp. One that comes from an authorization code also
	// has at_hash and nonce, and only the attributes that its scopes give; without the scope openid it is empty.
	IDToken string
	// RefreshToken is opaque and is used once; see [Pool.GetTokensFromRefreshToken].
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
		AuthTime: g.authTime, Provider: g.provider, Created: now, Expires: now.Add(g.client.RefreshTokenValidity),
	}
	err = p.store.CreateSession(ctx, p.id, s)
	if errors.Is(err, ErrNotFound) { // the user, or the browser session, ended a moment ago
		return nil, signedOut()
	}
	if err != nil {
		return nil, unavailable("making a session", err)
	}
	tokens.RefreshToken = formatRefreshToken(s, family, secret)
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
	access, id, err := p.claims(g, groups)
	if err != nil {
		return nil, err
	}
	if err := p.customise(ctx, g, groups, access, id); err != nil {
		return nil, err
	}
	t := &Tokens{TokenType: "Bearer", ExpiresIn: g.client.AccessTokenValidity, Scopes: slices.Clone(g.scopes)}
	if t.AccessToken, err = key.private.Sign("JWT", access); err != nil {
		return nil, fmt.Errorf("userpool: signing: %w", err)
	}
	if g.oauth && !slices.Contains(g.scopes, ScopeOpenID) {
		return t, nil
	}
	if g.oauth {
		id["at_hash"] = tokenHash(string(key.public.Algorithm), t.AccessToken)
	}
	if t.IDToken, err = key.private.Sign("JWT", id); err != nil {
		return nil, fmt.Errorf("userpool: signing: %w", err)
	}
	return t, nil
}

// customise lets the PreTokenGeneration hook change claims.
func (p *Pool) customise(ctx context.Context, g tokenGrant, groups []Group, access, id map[string]any) error {
	if p.hooks.PreTokenGeneration == nil {
		return nil
	}
	event := PreTokenGenerationEvent{UserEvent: userEvent(g.user, g.client.ID), Scopes: slices.Clone(g.scopes)}
	for _, group := range groups {
		event.Groups = append(event.Groups, group.Name)
	}
	change, err := runHook(ctx, p, "PreTokenGeneration", p.hooks.PreTokenGeneration, event)
	if err != nil {
		return err
	}
	return errors.Join(apply(access, change.AccessTokenClaims, change.AccessTokenSuppress), apply(id, change.IDTokenClaims, change.IDTokenSuppress))
}

// claims returns the claims of both tokens, with Cognito's names.
func (p *Pool) claims(g tokenGrant, groups []Group) (access, id map[string]any, err error) {
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
		if len(groups) > 0 {
			names := make([]string, len(groups))
			for i, group := range groups {
				names[i] = group.Name
			}
			claims["cognito:groups"] = names
		}
		return claims
	}
	access = common("access", jtis[0], g.client.AccessTokenValidity)
	access["client_id"] = g.client.ID
	access["username"] = g.user.Username
	access["scope"] = strings.Join(g.scopes, " ")
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
		if !g.oauth || slices.Contains(g.scopes, scopeOf(name)) {
			id[name] = claimValue(name, value)
		}
	}
	addRoles(id, groups)
	addIdentities(id, g.user)
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

// addRoles adds the roles of the groups. The group with the lowest precedence decides which is preferred; if two of them with different
// roles are equal, none is.
func addRoles(claims map[string]any, groups []Group) {
	var roles []string
	withRole := slices.DeleteFunc(slices.Clone(groups), func(g Group) bool { return g.RoleARN == "" })
	if len(withRole) == 0 {
		return
	}
	precedence := func(g Group) int64 {
		if g.Precedence == nil {
			return math.MaxInt64
		}
		return int64(*g.Precedence)
	}
	slices.SortStableFunc(withRole, func(a, b Group) int { return cmp.Compare(precedence(a), precedence(b)) })
	tie := false
	for _, g := range withRole {
		if !slices.Contains(roles, g.RoleARN) {
			roles = append(roles, g.RoleARN)
		}
		tie = tie || precedence(g) == precedence(withRole[0]) && g.RoleARN != withRole[0].RoleARN
	}
	claims["cognito:roles"] = roles
	if !tie {
		claims["cognito:preferred_role"] = withRole[0].RoleARN
	}
}

// addIdentities says where a user comes from, as Cognito does.
func addIdentities(claims map[string]any, u User) {
	var identities []map[string]any
	for _, id := range u.Identifiers {
		if id.Kind != IdentifierFederated {
			continue
		}
		provider, subject, _ := strings.Cut(id.Value, " ")
		identities = append(identities, map[string]any{
			"userId": subject, "providerName": provider, "providerType": "OIDC", "issuer": nil, "primary": "true",
			"dateCreated": strconv.FormatInt(u.Created.UnixMilli(), 10),
		})
	}
	if identities != nil {
		claims["identities"] = identities
	}
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
