package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// VerifyLogin verifies an ID token of the provider which was issued to this
// client elsewhere, in a mobile application as a rule, and returns its
// claims: strings, bools, json.Number, []any and map[string]any. It makes a
// Provider a LoginVerifier of package identitypool.
//
// It checks everything that Finish checks but nonce, at_hash and c_hash, for
// which it would have to know the sign-in; so it cannot tell a token that is
// presented for the second time. MaxAge is counted from now.
func (p *Provider) VerifyLogin(ctx context.Context, idToken string) (claims map[string]any, err error) {
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, err
	}
	return p.verifyIDToken(ctx, m, idToken, freshness{begun: p.now()})
}

// verifySignIn verifies the ID token of the sign-in s. Its subject is a string
// that checkSubject has accepted.
func (p *Provider) verifySignIn(ctx context.Context, m *metadata, s *pending, answer *callback, t *tokens) (map[string]any, error) {
	claims, err := p.verifyIDToken(ctx, m, t.id, freshness{
		begun: s.begun(),
		login: s.reauthenticate() || slices.Contains(strings.Fields(p.config.Prompt), "login"),
		prove: s.reauthenticate(),
	})
	if err != nil {
		return nil, err
	}
	if nonce, _ := claims["nonce"].(string); !signin.Equal(nonce, s.Nonce) {
		return nil, fail(InvalidToken, "the ID token's nonce is not the one of this sign-in")
	}
	if answer.hasIss && claims["iss"] != answer.iss {
		return nil, fail(InvalidToken, "the ID token's iss is not the one that the callback has (RFC 9207)")
	}
	for _, bound := range []struct{ claim, value string }{{"at_hash", t.access}, {"c_hash", answer.code}} {
		if err := checkHash(claims, bound.claim, bound.value, t.id); err != nil {
			return nil, fail(InvalidToken, "the ID token's %s %v", bound.claim, err)
		}
	}
	return claims, nil
}

// verifyIDToken makes the checks of OpenID Connect Core section 3.1.3.7 that
// need no sign-in.
func (p *Provider) verifyIDToken(ctx context.Context, m *metadata, compact string, want freshness) (map[string]any, error) {
	claims, err := p.verifyToken(ctx, m, compact, "the ID token", jose.Expected{Audience: p.config.ClientID})
	if err != nil {
		return nil, err
	}
	if err := p.checkAudience(claims); err != nil {
		return nil, fail(InvalidToken, "the ID token's %v", err)
	}
	if _, ok := jose.Numeric(claims, "iat"); !ok {
		return nil, fail(InvalidToken, "the ID token has no iat, or one that is no time")
	}
	if err := checkSubject(claims["sub"]); err != nil {
		return nil, fail(InvalidToken, "the ID token's sub %v", err)
	}
	// A security event token, such as a logout token, has an iss, sub and aud as
	// well, and need not have a typ that tells it apart.
	if _, present := claims["events"]; present {
		return nil, fail(InvalidToken, "the ID token has events: it is a security event token (RFC 8417)")
	}
	if err := p.checkAuthentication(claims, want); err != nil {
		return nil, fail(InvalidToken, "the ID token's %v", err)
	}
	if check := p.config.CheckClaims; check != nil {
		if err := check(claims); err != nil {
			e := fail(InvalidToken, "CheckClaims refuses the ID token: %s", plain(err.Error(), maxMessage, compact))
			e.cause = err
			return nil, e
		}
	}
	return claims, nil
}

// verifyToken verifies the signature, issuer and times of a token of the provider,
// and what else want says. what is the token's name in errors.
func (p *Provider) verifyToken(ctx context.Context, m *metadata, compact, what string, want jose.Expected) (map[string]any, error) {
	want.Issuer = p.config.Issuer
	want.Now = p.now()
	var keys jose.KeySource = m.keys
	if rule := p.config.Tenants; rule != nil {
		used := &usedKey{source: m.keys}
		keys = used
		want.IssuerOf = func(claims map[string]any) (string, error) {
			return rule.issuer(p.config.Issuer, used.issuer, claims)
		}
	}
	claims, err := jose.Verify(ctx, compact, keys, want)
	if err != nil {
		return nil, failCause(InvalidToken, what, err, compact)
	}
	return claims, nil
}

// checkAudience refuses a token that is also for somebody nobody trusts, and
// one that was issued to another client.
func (p *Provider) checkAudience(claims map[string]any) error {
	if list, ok := claims["aud"].([]any); ok {
		for _, item := range list {
			audience, _ := item.(string)
			if audience != p.config.ClientID && !slices.Contains(p.config.TrustedAudiences, audience) {
				return fmt.Errorf("aud has %q, which is not among TrustedAudiences", plain(audience, maxDescription))
			}
		}
	}
	if azp, present := claims["azp"]; present && azp != p.config.ClientID {
		return fmt.Errorf("azp is not this client")
	}
	return nil
}

// maxSubject is the limit of OpenID Connect Core section 2, in ASCII characters.
const maxSubject = 255

// standIns are what programs write where they have no value. A provider
// that sends one would send it for everybody: all of them one account.
var standIns = []string{
	"undefined", "null", "nil", "<nil>", "none", "nan", "(null)", "[object object]", "false", "true",
}

// checkSubject accepts sub as an exact string. A number is refused, for two
// large ones can come out as the same.
func checkSubject(claim any) error {
	sub, ok := claim.(string)
	switch {
	case !ok:
		return fmt.Errorf("is missing or not a string")
	case sub == "" || len(sub) > maxSubject || !plaintext.PrintableASCII(sub) || strings.TrimSpace(sub) != sub:
		return fmt.Errorf("is not 1 to %d printable ASCII characters", maxSubject)
	case slices.Contains(standIns, strings.ToLower(sub)):
		return fmt.Errorf("is %q, which identifies nobody", sub)
	}
	return nil
}

// checkHash compares at_hash or c_hash, where present, with the left half of
// the hash of value (OpenID Connect Core sections 3.1.3.6 and 3.3.2.11).
// compact is the token the claim is from; it has been verified.
func checkHash(claims map[string]any, name, value, compact string) error {
	claim, present := claims[name]
	if !present {
		return nil
	}
	header, _, _ := strings.Cut(compact, ".")
	data, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return fmt.Errorf("cannot be checked")
	}
	object, err := jose.DecodeObject(data)
	if err != nil {
		return fmt.Errorf("cannot be checked")
	}
	var half []byte
	switch object["alg"] {
	case string(jose.RS256), string(jose.ES256):
		sum := sha256.Sum256([]byte(value))
		half = sum[:len(sum)/2]
	case string(jose.RS512), string(jose.EdDSA): // Ed25519 hashes with SHA-512
		sum := sha512.Sum512([]byte(value))
		half = sum[:len(sum)/2]
	default:
		return fmt.Errorf("cannot be checked: its algorithm's hash is not known")
	}
	if text, _ := claim.(string); !signin.Equal(text, base64.RawURLEncoding.EncodeToString(half)) {
		return fmt.Errorf("does not belong to what the provider issued with it")
	}
	return nil
}
