package userpool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/pgtest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// stopsServer is a store that calls stop, once, when a user is about to be stored.
type stopsServer struct {
	userpool.Store
	stop func()
}

func (s *stopsServer) CreateUser(ctx context.Context, pool string, u userpool.User) error {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	return s.Store.CreateUser(ctx, pool, u)
}

// PostgreSQL stops in the middle of a sign-up: after its first writes, before the user is stored. The person reads what to do, nothing
// is half-done, nothing is sent; once the server is back, the same sign-up works, on the same pool.
func TestD3_PostgreSQLStopsDuringSignUp(t *testing.T) {
	server := pgtest.New(t)
	db := server.Open(t)
	store, err := sqlstore.Open(t.Context(), db, sqlstore.PostgreSQL)
	require.NoError(t, err)
	stopping := &stopsServer{Store: store}
	k := newKitOn(t, stopping, nil)
	_, err = k.KeySet(t.Context())
	require.NoError(t, err)

	stopping.stop = func() { server.Stop(t) }
	_, err = k.SignUp(t.Context(), signUp("ada@example.com"))
	require.Nil(t, stopping.stop, "the server was stopped in the middle")
	var e *userpool.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, userpool.ServiceUnavailable, e.Code)
	require.Equal(t, "The user directory cannot be reached right now. Please try again in a moment.", e.Message)
	require.Zero(t, k.mails())
	_, err = k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.ServiceUnavailable)

	server.Start(t)
	_, err = k.AdminGetUser(t.Context(), "ada@example.com")
	require.ErrorIs(t, err, userpool.UserNotFound)
	k.user("ada@example.com")
	require.Equal(t, 1, k.mails())
	k.tokens("ada@example.com")
}
