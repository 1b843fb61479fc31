package storetest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	userPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}}`
	openPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:Read","Resource":"arn:app:notes:::public/*"}}`
)

// story: two processes with a pool each on the store. Users of both see the same identities, and each process verifies what the other
// gave out.
func story(t *testing.T, s identitypool.Store) {
	first, second := process(t, s), process(t, s)
	logins := map[string]string{"id.example.com": "token-of-ann"}

	// Many requests of one login at once, at both processes: one identity.
	ids := race(func(i int) string {
		pool := first
		if i%2 == 1 {
			pool = second
		}
		id, err := pool.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
		if err != nil {
			return err.Error()
		}
		return id
	})
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	ann := ids[0]
	visitor, err := first.GetID(t.Context(), identitypool.GetIDInput{})
	require.NoError(t, err)
	require.NotEqual(t, ann, visitor)

	annKeys, err := second.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: ann, Logins: logins})
	require.NoError(t, err)
	visitorKeys, err := second.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: visitor})
	require.NoError(t, err)
	_, err = second.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: ann})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	_, err = second.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: visitor, Logins: logins})
	require.ErrorIs(t, err, identitypool.NotAuthorized)

	require.NoError(t, call(t, first, annKeys, "notes:Write", "arn:app:notes:::"+ann+"/shopping"))
	require.ErrorIs(t, call(t, first, annKeys, "notes:Write", "arn:app:notes:::"+visitor+"/shopping"), identitypool.AccessDenied)
	require.NoError(t, call(t, first, visitorKeys, "notes:Read", "arn:app:notes:::public/news"))
	require.ErrorIs(t, call(t, first, visitorKeys, "notes:Write", "arn:app:notes:::public/news"), identitypool.AccessDenied)
}

func process(t *testing.T, s identitypool.Store) *identitypool.Pool {
	t.Helper()
	pool, err := identitypool.New(identitypool.Config{
		ID: poolA, Store: s, SessionKey: []byte(strings.Repeat("k", 32)),
		Logins: map[string]identitypool.LoginVerifier{
			"id.example.com": identitypool.LoginFunc(func(_ context.Context, token string) (map[string]any, error) {
				subject, ok := strings.CutPrefix(token, "token-of-")
				if !ok {
					return nil, errors.New("not a token")
				}
				return map[string]any{"sub": subject}, nil
			}),
		},
		AllowUnauthenticated: true,
		AuthenticatedRole:    identitypool.Role{Name: "User", Policy: userPolicy},
		UnauthenticatedRole:  identitypool.Role{Name: "Guest", Policy: openPolicy},
	})
	require.NoError(t, err)
	return pool
}

func call(t *testing.T, pool *identitypool.Pool, c identitypool.Credentials, action, resource string) error {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/notes", strings.NewReader("milk"))
	keys := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	require.NoError(t, sigv4.Sign(r, []byte("milk"), keys, "eu-west-1", "execute-api", time.Now()))
	return pool.Authorize(r, []byte("milk"), action, resource)
}
