package identitypool

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// oneIdentity is a store with one guest and a key.
type oneIdentity struct {
	Store
	identity Identity
	keys     []SigningKey
}

func (s *oneIdentity) Identity(_ context.Context, _, id string) (Identity, error) {
	if id != s.identity.ID {
		return Identity{}, ErrNotFound
	}
	return s.identity, nil
}

func (s *oneIdentity) Revocations(context.Context, string, []string, time.Time) ([]Revocation, error) {
	return nil, nil
}

func (s *oneIdentity) SigningKeys(context.Context, string) ([]SigningKey, error) { return s.keys, nil }

func (s *oneIdentity) ReplaceSigningKeys(_ context.Context, _ string, _ []string, keys []SigningKey) error {
	s.keys = keys
	return nil
}

// TestA17_OpenIDTokenClaims: a token that the pool's own key has signed is refused if it is not of the pool, or no such token.
func TestA17_OpenIDTokenClaims(t *testing.T) {
	const pool = "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s := &oneIdentity{identity: Identity{ID: "eu-west-1:00000000-0b6f-4f0e-9a43-2f1d4c0e8a11"}}
	p, err := New(Config{
		ID: pool, Store: s, AllowUnauthenticated: true, AllowClassicFlow: true, Now: func() time.Time { return now },
		UnauthenticatedRole: Role{Name: "Guest", Policies: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:Read","Resource":"arn:app:a:::x"}}`}},
	})
	require.NoError(t, err)
	keys, err := p.keySetNow(t.Context())
	require.NoError(t, err)
	verify := func(typ string, change func(claims map[string]any)) error {
		claims := map[string]any{
			"iss": p.issuer, "sub": s.identity.ID, "aud": pool, "amr": []string{"unauthenticated"}, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		}
		change(claims)
		token, err := keys.current(now).private.Sign(typ, claims)
		require.NoError(t, err)
		_, err = p.verifyOpenIDToken(t.Context(), token)
		return err
	}
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) { claims[name] = value }
	}
	require.NoError(t, verify("JWS", func(map[string]any) {}))
	require.Error(t, verify("JWT", func(map[string]any) {}))
	require.Error(t, verify("", func(map[string]any) {}))
	for _, name := range []string{"iss", "sub", "aud", "amr", "iat", "exp"} {
		require.Error(t, verify("JWS", func(claims map[string]any) { delete(claims, name) }), name)
		require.Error(t, verify("JWS", set(name, "other")), name)
	}
	require.Error(t, verify("JWS", set("amr", []string{})))
	require.Error(t, verify("JWS", set("amr", []string{"authenticated", "x"})), "of a guest's identity")
	require.Error(t, verify("JWS", set("sub", pool)))
	require.Error(t, verify("JWS", set("aud", []string{pool, "other"})))
	require.Error(t, verify("JWS", set("exp", now.Add(-time.Minute).Unix())))
}

// TestKeys_LostKey: a store that does not keep what it takes is no endless loop.
func TestKeys_LostKey(t *testing.T) {
	p, err := New(Config{
		ID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Store: forgetful{&oneIdentity{}}, AllowUnauthenticated: true,
		UnauthenticatedRole: Role{Name: "Guest", Policies: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:Read","Resource":"arn:app:a:::x"}}`}},
	})
	require.NoError(t, err)
	_, err = p.KeySet(t.Context())
	require.True(t, errors.Is(err, InternalError), "%v", err)
}

type forgetful struct{ *oneIdentity }

func (forgetful) ReplaceSigningKeys(context.Context, string, []string, []SigningKey) error {
	return nil
}
