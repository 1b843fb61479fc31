package userpool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// A session that was left open is not enough to delete an account: the person signs in again first.
func TestDeleteUser_Browser_WantsRecentSignIn(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	secret := k.browser("ada@example.com")
	recent := func() bool {
		s, err := k.BrowserSession(ctx, secret)
		require.NoError(t, err)
		return s.Recent
	}
	k.clock.Advance(10 * time.Minute)
	require.True(t, recent())
	k.clock.Advance(time.Second)
	require.False(t, recent())
	require.ErrorIs(t, k.DeleteUser(ctx, secret), userpool.LoginRequired)
	_, err := k.AdminGetUser(ctx, "ada@example.com")
	require.NoError(t, err)

	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: password, Result: userpool.ResultBrowserSession, Replaces: secret,
	})
	require.NoError(t, err)
	require.NoError(t, k.DeleteUser(ctx, out.BrowserSession))
}
