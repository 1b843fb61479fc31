package identitypool_test

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/jose"
)

// fixedKey is a source of one key.
type fixedKey struct{ key *jose.PrivateKey }

func (f fixedKey) Key(context.Context, string) (string, crypto.PublicKey, error) {
	public := f.key.Public()
	return string(public.Algorithm), public.Key, nil
}

func classicConfig(k *clock) identitypool.Config {
	c := developerConfig(k)
	c.AllowClassicFlow = true
	return c
}

func part(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func mustToken(t testing.TB, p *identitypool.Pool, id string, logins map[string]string) identitypool.OpenIDToken {
	t.Helper()
	out, err := p.GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: id, Logins: logins})
	require.NoError(t, err)
	return out
}

// TestOpenIDToken: the header and claims of Cognito's tokens, and a signature that whoever reads the key set verifies.
func TestOpenIDToken(t *testing.T) {
	k := newClock()
	c := classicConfig(k)
	c.Providers[provider] = identitypool.Provider{Verifier: c.Providers[provider].Verifier, DefaultPrincipalTags: true}
	p := newPool(t, c)
	ann, visitor := getID(t, p, login("ann")), getID(t, p, nil)
	common := func(id string, life time.Duration, amr ...any) map[string]any {
		issued := k.now.Unix()
		return map[string]any{
			"iss": "https://cognito-identity.amazonaws.com", "sub": id, "aud": poolID, "iat": float64(issued),
			"exp": float64(issued + int64(life/time.Second)), "amr": amr,
			"https://cognito-identity.amazonaws.com/identity-pool-arn": "arn:aws:cognito-identity:eu-west-1:000000000000:identitypool/" + poolID,
		}
	}
	tagged := func(claims map[string]any, tags map[string]any) map[string]any {
		claims["https://aws.amazon.com/tags"] = map[string]any{"principal_tags": tags}
		return claims
	}
	developer := func(in identitypool.GetOpenIDTokenForDeveloperIdentityInput) identitypool.OpenIDToken {
		in.Logins = map[string]string{backend: "1"}
		out, err := p.GetOpenIDTokenForDeveloperIdentity(t.Context(), in)
		require.NoError(t, err)
		return out
	}
	vouched := func(id string, life time.Duration) map[string]any {
		claims := common(id, life, "authenticated", backend, backend+":"+poolID+":1")
		claims["token_use"] = "login"
		return claims
	}
	plain := developer(identitypool.GetOpenIDTokenForDeveloperIdentityInput{})
	for name, test := range map[string]struct {
		got  identitypool.OpenIDToken
		id   string
		want map[string]any
	}{
		"login": {mustToken(t, p, ann, login("ann")), ann, tagged(common(ann, 10*time.Minute, "authenticated", provider, provider+":client:ann"),
			map[string]any{"client": []any{"client"}, "username": []any{"ann"}})},
		"guest":     {mustToken(t, p, visitor, nil), visitor, common(visitor, 10*time.Minute, "unauthenticated")},
		"developer": {plain, plain.IdentityID, vouched(plain.IdentityID, 15*time.Minute)},
		"developer with tags": {developer(identitypool.GetOpenIDTokenForDeveloperIdentityInput{
			TokenDuration: 24 * time.Hour, PrincipalTags: map[string]string{"team": "red"},
		}), plain.IdentityID, tagged(vouched(plain.IdentityID, 24*time.Hour), map[string]any{"team": []any{"red"}})},
		"a second": {developer(identitypool.GetOpenIDTokenForDeveloperIdentityInput{TokenDuration: time.Second}), plain.IdentityID, vouched(plain.IdentityID, time.Second)},
	} {
		require.Equal(t, test.id, test.got.IdentityID, name)
		require.Equal(t, test.want, part(t, test.got.Token, 1), name)
		header := part(t, test.got.Token, 0)
		require.NotEmpty(t, header["kid"])
		delete(header, "kid")
		require.Equal(t, map[string]any{"alg": "RS512", "typ": "JWS"}, header)
		_, err := jose.Verify(t.Context(), test.got.Token, p, jose.Expected{Issuer: p.Issuer(), Audience: poolID, Types: []string{"JWS"}, Now: k.now})
		require.NoError(t, err, name)
	}
	set, err := p.KeySet(t.Context())
	require.NoError(t, err)
	keys, err := jose.ParseKeySet(set)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.Equal(t, part(t, plain.Token, 0)["kid"], keys[0].ID)
	require.NotContains(t, string(set), `"d"`)

	c.Issuer = "https://id.example.org/pool"
	q := newPool(t, c)
	require.Equal(t, "https://id.example.org/pool", q.Issuer())
	require.Equal(t, "https://id.example.org/pool", part(t, mustToken(t, q, ann, login("ann")).Token, 1)["iss"])
}

// TestA17_OpenIDToken: whom GetCredentialsForIdentity refuses, GetOpenIDToken refuses too; and everybody without the basic flow.
func TestA17_OpenIDToken(t *testing.T) {
	k := newClock()
	c := classicConfig(k)
	p := newPool(t, c)
	ann, bob, visitor, gone := getID(t, p, login("ann")), getID(t, p, login("bob")), getID(t, p, nil), getID(t, p, nil)
	require.NoError(t, p.DisableIdentity(t.Context(), gone))
	for _, test := range []struct {
		id     string
		logins map[string]string
		code   identitypool.Code
	}{
		{ann, nil, identitypool.NotAuthorized},
		{ann, login("bob"), identitypool.NotAuthorized},
		{bob, other("ann"), identitypool.NotAuthorized},
		{gone, nil, identitypool.NotAuthorized},
		{gone, login("new"), identitypool.NotAuthorized},
		{ann, login("expired"), identitypool.NotAuthorized},
		{ann, map[string]string{backend: "1"}, identitypool.NotAuthorized},
		{otherPool, nil, identitypool.ResourceNotFound},
		{"x", nil, identitypool.InvalidParameter},
	} {
		_, err := p.GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: test.id, Logins: test.logins})
		require.ErrorIs(t, err, test.code, "%v %v", test.id, test.logins)
	}
	// It links and merges.
	require.Equal(t, visitor, mustToken(t, p, visitor, other("eve")).IdentityID)
	require.Equal(t, ann, mustToken(t, p, ann, join(login("ann"), other("eve"))).IdentityID)
	require.Equal(t, ann, describe(t, p, visitor).MergedInto)

	guest := getID(t, p, nil)
	c.AllowUnauthenticated = false
	_, err := newPool(t, c).GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: guest})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	c.AllowClassicFlow = false
	_, err = newPool(t, c).GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: ann, Logins: login("ann")})
	require.ErrorIs(t, err, identitypool.InvalidParameter)
	require.ErrorContains(t, err, "Basic (classic) flow is not enabled, please use enhanced flow.")
}

// TestA17_OpenIDTokenEnds: a token gives credentials as long as what it says is so.
func TestA17_OpenIDTokenEnds(t *testing.T) {
	for name, change := range map[string]func(p *identitypool.Pool, k *clock, id string) error{
		"expired": func(_ *identitypool.Pool, k *clock, _ string) error {
			k.in(10*time.Minute + 31*time.Second)
			return nil
		},
		"disabled": func(p *identitypool.Pool, _ *clock, id string) error { return p.DisableIdentity(t.Context(), id) },
		"disabled for a while": func(p *identitypool.Pool, _ *clock, id string) error {
			require.NoError(t, p.DisableIdentity(t.Context(), id))
			return p.EnableIdentity(t.Context(), id)
		},
		"deleted": func(p *identitypool.Pool, _ *clock, id string) error {
			_, err := p.DeleteIdentities(t.Context(), []string{id})
			return err
		},
		"revoked": func(p *identitypool.Pool, _ *clock, id string) error {
			return p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: id})
		},
		"no guest's any more": func(p *identitypool.Pool, _ *clock, id string) error {
			if describe(t, p, id).Authenticated {
				return p.Revoke(t.Context(), identitypool.RevokeInput{All: true})
			}
			_, _, err := use(t, p, id, login("somebody"))
			return err
		},
	} {
		for _, l := range []map[string]string{nil, login("ann")} {
			k := newClock()
			p := newPool(t, classicConfig(k))
			id := getID(t, p, l)
			token := mustToken(t, p, id, l).Token
			role := "arn:aws:iam::000000000000:role/" + map[bool]string{true: "User", false: "Guest"}[l != nil]
			assume := func() error {
				_, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{RoleARN: role, RoleSessionName: "test", WebIdentityToken: token})
				return err
			}
			require.NoError(t, assume(), name)
			k.in(2 * time.Second)
			require.NoError(t, change(p, k, id), name)
			require.Error(t, assume(), "%s %v", name, l)
		}
	}
}

// TestA17_OpenIDTokenOfChangedIdentity: what the store says of the identity counts, even if nobody has revoked the token.
func TestA17_OpenIDTokenOfChangedIdentity(t *testing.T) {
	for name, change := range map[string]func(i *identitypool.Identity){
		"disabled":      func(i *identitypool.Identity) { i.Disabled = true },
		"authenticated": func(i *identitypool.Identity) { i.Authenticated = true },
	} {
		c := classicConfig(newClock())
		p := newPool(t, c)
		id := getID(t, p, nil)
		token := mustToken(t, p, id, nil).Token
		i := describe(t, p, id)
		change(&i)
		require.NoError(t, c.Store.SaveIdentities(t.Context(), poolID, []identitypool.Identity{i}))
		_, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
			RoleARN: "arn:aws:iam::000000000000:role/Guest", RoleSessionName: "test", WebIdentityToken: token,
		})
		require.Error(t, err, name)
	}
}

// TestOpenIDToken_TooLong: a login that a token cannot carry is refused, not cut.
func TestOpenIDToken_TooLong(t *testing.T) {
	c := classicConfig(newClock())
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(func(_ context.Context, token string) (map[string]any, error) {
		return map[string]any{"sub": token, "aud": strings.Repeat("a", 20_000)}, nil
	})}
	p := newPool(t, c)
	_, err := p.GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: getID(t, p, login("ann")), Logins: login("ann")})
	require.ErrorIs(t, err, identitypool.InvalidParameter)
}
