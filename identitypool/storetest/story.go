package storetest

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	userPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:*","Resource":"arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}}`
	openPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Read","Resource":"arn:app:notes:::public/*"}}`
)

// chapter is a run of a whole pool by two processes on one store. Users of both see the same identities, and each process verifies what
// the other gave out.
type chapter struct {
	t             *testing.T
	first, second *identitypool.Pool
	saml          *single
	mu            sync.Mutex
	now           time.Time
}

func story(t *testing.T, s identitypool.Store) {
	c := &chapter{t: t, saml: &single{used: map[string]bool{}}, now: time.Date(2026, 2, 28, 23, 59, 58, 123456789, time.UTC)}
	c.first, c.second = c.process(s), c.process(s)
	ann := c.firstSignIn()
	visitor := c.guestSignsIn()
	c.merge(ann, visitor)
	c.backend()
	c.tokens(ann)
	c.single()
	c.end(ann)
}

func (c *chapter) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *chapter) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// single is a provider whose tokens can be used once.
type single struct {
	mu   sync.Mutex
	used map[string]bool
}

func (v *single) SingleUse() bool { return true }

func (v *single) VerifyLogin(ctx context.Context, token string) (map[string]any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.used[token] {
		return nil, errors.New("it was used before")
	}
	v.used[token] = true
	return verifyToken(ctx, token)
}

func verifyToken(_ context.Context, token string) (map[string]any, error) {
	subject, ok := strings.CutPrefix(token, "token-of-")
	if !ok {
		return nil, errors.New("not a token")
	}
	return map[string]any{"sub": subject, "aud": "app"}, nil
}

func (c *chapter) process(s identitypool.Store) *identitypool.Pool {
	c.t.Helper()
	pool, err := identitypool.New(identitypool.Config{
		ID: poolA, Store: s, SessionKey: []byte(strings.Repeat("k", 32)), Now: c.clock,
		Providers: map[string]identitypool.Provider{
			"id.example.com":    {Verifier: identitypool.LoginFunc(verifyToken)},
			"other.example.com": {Verifier: identitypool.LoginFunc(verifyToken)},
			"saml.example.com":  {Verifier: c.saml},
		},
		DeveloperProvider: "backend.example.com", AllowClassicFlow: true, AllowUnauthenticated: true,
		AuthenticatedRole:   identitypool.Role{Name: "User", Policies: []string{userPolicy}},
		UnauthenticatedRole: identitypool.Role{Name: "Guest", Policies: []string{openPolicy}},
	})
	require.NoError(c.t, err)
	return pool
}

func (c *chapter) id(pool *identitypool.Pool, logins map[string]string) string {
	c.t.Helper()
	id, err := pool.GetID(c.t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(c.t, err)
	return id
}

func (c *chapter) credentials(pool *identitypool.Pool, id string, logins map[string]string) (identitypool.GetCredentialsForIdentityResult, error) {
	return pool.GetCredentialsForIdentity(c.t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
}

func (c *chapter) mustCredentials(pool *identitypool.Pool, id string, logins map[string]string) identitypool.Credentials {
	c.t.Helper()
	out, err := c.credentials(pool, id, logins)
	require.NoError(c.t, err)
	require.Equal(c.t, id, out.IdentityID)
	return out.Credentials
}

// call makes a signed request of what the credentials are for.
func (c *chapter) call(pool *identitypool.Pool, k identitypool.Credentials, action, resource string) error {
	c.t.Helper()
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{})
	require.NoError(c.t, err)
	r := httptest.NewRequest(http.MethodPost, "/notes", strings.NewReader("milk"))
	keys := sigv4.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}
	require.NoError(c.t, sigv4.Sign(r, []byte("milk"), keys, "eu-west-1", "execute-api", c.clock()))
	return authorizer.Authorize(r, []byte("milk"), action, resource)
}

// firstSignIn: many requests of one login at once, at both processes, get one identity.
func (c *chapter) firstSignIn() (ann string) {
	logins := map[string]string{"id.example.com": "token-of-ann"}
	ids := race(func(i int) string {
		id, err := []*identitypool.Pool{c.first, c.second}[i%2].GetID(c.t.Context(), identitypool.GetIDInput{Logins: logins})
		if err != nil {
			return err.Error()
		}
		return id
	})
	for _, id := range ids {
		require.Equal(c.t, ids[0], id)
	}
	_, err := c.credentials(c.second, ids[0], nil)
	require.ErrorIs(c.t, err, identitypool.NotAuthorized)
	keys := c.mustCredentials(c.second, ids[0], logins)
	require.NoError(c.t, c.call(c.first, keys, "execute-api:Write", "arn:app:notes:::"+ids[0]+"/shopping"))
	require.ErrorIs(c.t, c.call(c.first, keys, "execute-api:Write", "arn:app:notes:::another/shopping"), identitypool.AccessDenied)
	return ids[0]
}

// guestSignsIn: a guest keeps the identity when a login is new, and the credentials from before are over.
func (c *chapter) guestSignsIn() (visitor string) {
	visitor = c.id(c.first, nil)
	keys := c.mustCredentials(c.second, visitor, nil)
	require.NoError(c.t, c.call(c.first, keys, "execute-api:Read", "arn:app:notes:::public/news"))
	require.ErrorIs(c.t, c.call(c.first, keys, "execute-api:Write", "arn:app:notes:::public/news"), identitypool.AccessDenied)

	logins := map[string]string{"other.example.com": "token-of-bob"}
	before := keys
	keys = c.mustCredentials(c.second, visitor, logins)
	require.ErrorIs(c.t, c.call(c.first, before, "execute-api:Read", "arn:app:notes:::public/news"), identitypool.NotAuthorized)
	require.NoError(c.t, c.call(c.first, keys, "execute-api:Write", "arn:app:notes:::"+visitor+"/shopping"))
	require.Equal(c.t, visitor, c.id(c.first, logins))
	_, err := c.credentials(c.first, visitor, nil)
	require.ErrorIs(c.t, err, identitypool.NotAuthorized)
	return visitor
}

// merge: two logins in one call make one of their identities, and the credentials of the other end.
func (c *chapter) merge(ann, visitor string) {
	bob := map[string]string{"other.example.com": "token-of-bob"}
	before := c.mustCredentials(c.first, visitor, bob)
	both := map[string]string{"id.example.com": "token-of-ann", "other.example.com": "token-of-bob"}
	require.Equal(c.t, ann, c.id(c.second, both))
	require.Equal(c.t, ann, c.id(c.first, bob))
	require.Error(c.t, c.call(c.first, before, "execute-api:Write", "arn:app:notes:::"+visitor+"/shopping"))
	merged, err := c.first.DescribeIdentity(c.t.Context(), visitor)
	require.NoError(c.t, err)
	require.True(c.t, merged.Disabled)
	require.Equal(c.t, ann, merged.MergedInto)

	require.NoError(c.t, c.first.UnlinkIdentity(c.t.Context(), identitypool.UnlinkIdentityInput{
		IdentityID: ann, Logins: both, LoginsToRemove: []string{"other.example.com"},
	}))
	require.NotContains(c.t, []string{ann, visitor}, c.id(c.second, bob))
}

// backend: the backend vouches for its users.
func (c *chapter) backend() {
	ctx := c.t.Context()
	token := func(user string) identitypool.OpenIDToken {
		out, err := c.first.GetOpenIDTokenForDeveloperIdentity(ctx, identitypool.GetOpenIDTokenForDeveloperIdentityInput{
			Logins: map[string]string{"backend.example.com": user},
		})
		require.NoError(c.t, err)
		return out
	}
	one, two := token("1"), token("2")
	c.mustCredentials(c.second, one.IdentityID, map[string]string{"cognito-identity.amazonaws.com": one.Token})
	_, err := c.credentials(c.second, one.IdentityID, map[string]string{"cognito-identity.amazonaws.com": two.Token})
	require.ErrorIs(c.t, err, identitypool.NotAuthorized)
	id, err := c.second.MergeDeveloperIdentities(ctx, identitypool.MergeDeveloperIdentitiesInput{SourceUserIdentifier: "2", DestinationUserIdentifier: "1"})
	require.NoError(c.t, err)
	require.Equal(c.t, one.IdentityID, id)
	found, err := c.first.LookupDeveloperIdentity(ctx, identitypool.LookupDeveloperIdentityInput{IdentityID: id})
	require.NoError(c.t, err)
	require.Equal(c.t, []string{"1", "2"}, found.DeveloperUserIdentifiers)
}

// tokens: both processes sign with one key, and offer it; it is replaced when it is old.
func (c *chapter) tokens(ann string) {
	login := map[string]string{"id.example.com": "token-of-ann"}
	for _, err := range race(func(i int) error {
		_, err := []*identitypool.Pool{c.first, c.second}[i%2].GetOpenIDToken(c.t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: ann, Logins: login})
		return err
	}) {
		require.NoError(c.t, err)
	}
	first, err := c.first.KeySet(c.t.Context())
	require.NoError(c.t, err)
	second, err := c.second.KeySet(c.t.Context())
	require.NoError(c.t, err)
	require.JSONEq(c.t, string(first), string(second))
	require.Equal(c.t, 1, bytes.Count(first, []byte(`"kid"`)))
	require.NoError(c.t, c.second.RotateSigningKey(c.t.Context()))
	c.wait(20 * time.Minute)
	first, err = c.first.KeySet(c.t.Context())
	require.NoError(c.t, err)
	require.Equal(c.t, 2, bytes.Count(first, []byte(`"kid"`)))
	var _ interface {
		Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error)
	} = c.first
}

// single: a token that can be used once serves the two calls of a client, one after the other at two processes, and no third.
func (c *chapter) single() {
	logins := map[string]string{"saml.example.com": "token-of-eve"}
	id := c.id(c.first, logins)
	won := 0
	for _, err := range race(func(int) error { _, err := c.credentials(c.first, id, logins); return err }) {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(c.t, err, identitypool.NotAuthorized)
	}
	require.Equal(c.t, 1, won)
	logins["saml.example.com"] = "token-of-zoe"
	id = c.id(c.first, logins)
	c.mustCredentials(c.second, id, logins)
	_, err := c.first.GetID(c.t.Context(), identitypool.GetIDInput{Logins: logins})
	require.ErrorIs(c.t, err, identitypool.NotAuthorized)
}

// end: what is disabled or deleted is over at once, and the upkeep leaves the rest.
func (c *chapter) end(ann string) {
	login := map[string]string{"id.example.com": "token-of-ann"}
	keys := c.mustCredentials(c.first, ann, login)
	act := func() error { return c.call(c.second, keys, "execute-api:Write", "arn:app:notes:::"+ann+"/shopping") }
	require.NoError(c.t, act())
	require.NoError(c.t, c.first.DisableIdentity(c.t.Context(), ann))
	require.Error(c.t, act())
	_, err := c.second.GetID(c.t.Context(), identitypool.GetIDInput{Logins: login})
	require.ErrorIs(c.t, err, identitypool.NotAuthorized)
	require.NoError(c.t, c.second.EnableIdentity(c.t.Context(), ann))
	keys = c.mustCredentials(c.first, ann, login)
	require.NoError(c.t, act())

	ctx, cancel := context.WithCancel(c.t.Context())
	running := make(chan error)
	go func() { running <- c.first.Run(ctx) }()
	left, err := c.second.DeleteIdentities(c.t.Context(), []string{ann})
	require.NoError(c.t, err)
	require.Empty(c.t, left)
	cancel()
	require.ErrorIs(c.t, <-running, context.Canceled)
	require.Error(c.t, act())
	require.NotEqual(c.t, ann, c.id(c.first, login))
	all, err := c.first.ListIdentities(c.t.Context(), identitypool.ListIdentitiesInput{})
	require.NoError(c.t, err)
	require.NotEmpty(c.t, all.Identities)
}
