package federationtest

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

// scopeClaims are the claims that a scope stands for, besides profile, which
// stands for all others (OpenID Connect Core section 5.4).
var scopeClaims = map[string][]string{
	"email":   {"email", "email_verified"},
	"phone":   {"phone_number", "phone_number_verified"},
	"address": {"address"},
}

func scopeOf(claim string) string {
	for scope, claims := range scopeClaims {
		if slices.Contains(claims, claim) {
			return scope
		}
	}
	return "profile"
}

// claimsOf returns what scope, a list with spaces, lets a client know of user.
func claimsOf(user *User, scope string) map[string]any {
	granted := strings.Fields(scope)
	claims := make(map[string]any)
	for name, value := range user.Claims {
		if slices.Contains(granted, scopeOf(name)) {
			claims[name] = value
		}
	}
	claims["sub"] = user.Subject
	return claims
}

// claimNames lists the claims of all users for the discovery document.
func (p *Provider) claimNames() []string {
	names := map[string]bool{"sub": true}
	for _, user := range p.users {
		for name := range user.Claims {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// IDToken issues an ID token about the user subject to the client clientID
// without a sign-in, as a client on another device would have got it. It has
// the claims of all scopes and no nonce. Hooks apply.
func (p *Provider) IDToken(clientID, subject string) (string, error) {
	user := p.user(subject)
	if user == nil || p.client(clientID) == nil {
		return "", fmt.Errorf("federationtest: no user %q or no client %q", subject, clientID)
	}
	claims := claimsOf(user, "openid profile email phone address")
	return p.issueIDToken(clientID, p.now(), claims)
}

// idTokenFor issues the ID token of a sign-in, together with accessToken.
func (p *Provider) idTokenFor(g *grant, accessToken string) (string, error) {
	claims := map[string]any{"sub": g.user.Subject}
	if p.claimsInIDToken {
		claims = claimsOf(g.user, g.scope)
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	claims["at_hash"] = leftHalf(p.algorithm, accessToken)
	return p.issueIDToken(g.client.ID, g.authTime, claims)
}

func (p *Provider) issueIDToken(clientID string, authTime time.Time, claims map[string]any) (string, error) {
	now := p.now()
	claims["iss"] = p.issuer
	claims["aud"] = clientID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(tokenLifetime).Unix()
	claims["auth_time"] = authTime.Unix()
	hooks := p.currentHooks()
	if hooks.MutateIDToken != nil {
		hooks.MutateIDToken(claims)
	}
	compact, err := p.Sign(claims)
	if err != nil {
		return "", err
	}
	if hooks.ReplaceIDToken != nil {
		compact = hooks.ReplaceIDToken(compact)
	}
	return compact, nil
}

// leftHalf is at_hash (OpenID Connect Core section 3.1.3.6).
func leftHalf(algorithm jose.Algorithm, token string) string {
	if algorithm == jose.EdDSA {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
