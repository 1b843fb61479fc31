package userpool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func (k *kit) changePassword(accessToken, previous, proposed string) error {
	return k.ChangePassword(context.Background(), userpool.ChangePasswordInput{
		AccessToken: accessToken, PreviousPassword: previous, ProposedPassword: proposed,
	})
}

// The session that changes the password stays; all others end, on each store and for every process.
func TestChangePassword_Walk(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, nil)
		other := k.again(nil)
		k.user("ada@example.com")
		here, there, browser := k.tokens("ada@example.com"), k.tokens("ada@example.com"), k.browser("ada@example.com")
		_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
		require.NoError(t, err)
		code := k.mail().Code

		require.NoError(t, other.changePassword(here.AccessToken, password, newPassword))
		other.Wait()
		require.Equal(t, userpool.MessagePasswordChanged, k.mail().Kind)
		k.dead(there, browser, "elsewhere")
		_, err = k.GetUser(ctx, here.AccessToken)
		require.NoError(t, err)
		next, err := other.refresh(here.RefreshToken)
		require.NoError(t, err)
		_, err = k.refresh(next.RefreshToken)
		require.NoError(t, err)
		_, err = k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.signIn("ada@example.com", newPassword)
		require.NoError(t, err)
		require.ErrorIs(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
			Username: "ada@example.com", ConfirmationCode: code, Password: password,
		}), userpool.CodeMismatch, "a code for a new password is void")
		require.NoError(t, k.AdminUserGlobalSignOut(ctx, "ada@example.com"))
		_, err = k.GetUser(ctx, here.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized, "what was kept ends with the rest")
	})
}

// At the hosted pages the session of the browser stays, and with tokens that were derived from it, it stays too.
func TestChangePassword_OfBrowser(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	k.user("ada@example.com")
	browser, other := k.browser("ada@example.com"), k.browser("ada@example.com")
	tokens, second := k.redeem(t, "webapp", "", browser, nil), k.redeem(t, "webapp", "", browser, nil)
	require.NoError(t, k.ChangePassword(ctx, userpool.ChangePasswordInput{
		AccessToken: browser, PreviousPassword: password, ProposedPassword: newPassword,
	}))
	_, err := k.BrowserSession(ctx, browser)
	require.NoError(t, err)
	k.dead(tokens, other, "derived from it, and elsewhere")
	k.dead(second, other, "derived from it, and elsewhere")

	tokens = k.redeem(t, "webapp", "", browser, nil)
	second = k.redeem(t, "webapp", "", browser, nil)
	require.NoError(t, k.changePassword(tokens.AccessToken, newPassword, newPassword+" again"))
	_, err = k.BrowserSession(ctx, browser)
	require.NoError(t, err, "the parent of what stays")
	_, err = k.refresh(tokens.RefreshToken)
	require.NoError(t, err)
	_, err = k.refresh(second.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized, "its sibling")
}

// A stolen token is no way to guess the password: guesses count together with those at sign-in, and a right one in between changes nothing.
func TestU29_GuessingTheOldPassword(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	stolen := k.tokens("ada@example.com")
	looked := 0
	for range 100 {
		err := k.changePassword(stolen.AccessToken, "a wrong password", newPassword)
		if errors.Is(err, userpool.NotAuthorized) {
			looked++
			continue
		}
		require.ErrorIs(t, err, userpool.LimitExceeded)
	}
	require.Equal(t, 5, looked)
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.LimitExceeded, "one count for all")
	require.ErrorIs(t, k.changePassword(stolen.AccessToken, password, newPassword), userpool.LimitExceeded)
	require.ErrorIs(t, k.changePassword(stolen.AccessToken, "", newPassword), userpool.InvalidParameter)

	k.clock.Advance(15 * time.Minute)
	require.NoError(t, k.changePassword(stolen.AccessToken, password, newPassword))
	k.clock.Advance(time.Minute)
	wrong := k.changePassword(stolen.AccessToken, "a wrong password", password)
	require.ErrorIs(t, wrong, userpool.NotAuthorized)
	require.ErrorIs(t, k.changePassword(stolen.AccessToken, "a wrong password", password), userpool.LimitExceeded, "the count went on")
}

// What the policy refuses is no guess; the history is asked once the old password is right.
func TestChangePassword_Refusals(t *testing.T) {
	ctx := t.Context()
	breached := &breachList{known: "known to be breached"}
	k := newKit(t, func(c *userpool.Config) { c.Settings.PasswordPolicy.HistorySize = 2; c.BreachChecker = breached })
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	for range 10 {
		require.ErrorIs(t, k.changePassword(token, password, "short"), userpool.InvalidPassword)
		require.ErrorIs(t, k.changePassword(token, password, "ada@example.com"), userpool.InvalidPassword)
	}
	require.ErrorIs(t, k.changePassword(token, "a wrong password", password), userpool.NotAuthorized, "the history tells nothing")
	require.ErrorIs(t, k.changePassword(token, password, password), userpool.PasswordHistoryPolicyViolation)
	require.ErrorIs(t, k.changePassword(token, password, breached.known), userpool.InvalidPassword)
	require.NoError(t, k.changePassword(token, password, newPassword))
	require.ErrorIs(t, k.changePassword("x"+token, newPassword, password), userpool.NotAuthorized)

	// The tokens of the authorization code flow of a client without the scope cannot.
	browser, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: newPassword, Result: userpool.ResultBrowserSession,
	})
	require.NoError(t, err)
	tokens := k.redeem(t, "webapp", "", browser.BrowserSession, []string{"openid"})
	require.ErrorIs(t, k.changePassword(tokens.AccessToken, newPassword, "something else altogether"), userpool.InsufficientScope)
}

type breachList struct{ known string }

func (b *breachList) Breached(_ context.Context, password string) (bool, error) {
	return password == b.known, nil
}

// Of several changes at once, one is done: the others proved a password that is no longer the present one. Whoever won is still signed in.
func TestChangePassword_Parallel(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.MaxConcurrentHashes = 8 })
	ctx := t.Context()
	k.user("ada@example.com")
	var tokens [5]*userpool.Tokens
	for i := range tokens {
		tokens[i] = k.tokens("ada@example.com")
	}
	// The limit lets five through, in whatever order.
	won := parallel(5, func(i int) error {
		return k.changePassword(tokens[i].AccessToken, password, newPassword+string(rune('a'+i)))
	})
	require.Equal(t, 1, won)
	k.clock.Advance(time.Second)
	alive := 0
	for i := range tokens {
		_, err := k.GetUser(ctx, tokens[i].AccessToken)
		if err == nil {
			alive++
			require.NoError(t, errOf(k.signIn("ada@example.com", newPassword+string(rune('a'+i)))))
		}
	}
	require.Equal(t, 1, alive)
}

// The first password needs no old one, but somebody who has signed in just now.
func TestChangePassword_First(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	sub := k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	u, err := k.config.Store.User(ctx, "default", sub)
	require.NoError(t, err)
	u.PasswordHash = ""
	require.NoError(t, k.config.Store.UpdateUser(ctx, "default", u))
	require.ErrorIs(t, k.changePassword(token, password, newPassword), userpool.NotAuthorized)
	k.clock.Advance(10*time.Minute + time.Second)
	require.ErrorIs(t, k.changePassword(token, "", newPassword), userpool.LoginRequired)
	k.clock.Advance(-time.Second)
	require.NoError(t, k.changePassword(token, "", newPassword))
	require.ErrorIs(t, k.changePassword(token, "", newPassword+"2"), userpool.InvalidParameter)
}

// A temporary password that has expired is no proof either.
func TestU28_ExpiredTemporaryPasswordIsNoProof(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	sub := k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	u, err := k.config.Store.User(ctx, "default", sub)
	require.NoError(t, err)
	u.Status, u.PasswordExpires = userpool.StatusForceChangePassword, k.clock.Now().Add(time.Minute)
	require.NoError(t, k.config.Store.UpdateUser(ctx, "default", u))
	require.ErrorIs(t, k.changePassword(token, password, password), userpool.PasswordHistoryPolicyViolation)
	k.clock.Advance(time.Minute)
	require.ErrorIs(t, k.changePassword(token, password, newPassword), userpool.NotAuthorized)
}

// A password that was changed is changed, also if what follows cannot be done: at worst the present session ends with the others.
func TestD3_ChangePasswordIsCutOff(t *testing.T) {
	ctx := t.Context()
	for cut := 0; ; cut++ {
		store := &failingStore{Store: newKit(t, nil).config.Store}
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		here, there := k.tokens("ada@example.com"), k.tokens("ada@example.com")
		store.failAfter(cut)
		err := k.changePassword(here.AccessToken, password, newPassword)
		reached := store.heal()
		if err != nil {
			require.ErrorIs(t, err, userpool.ServiceUnavailable)
			_, err = k.GetUser(ctx, there.AccessToken)
			require.NoError(t, err, "cut %d: nothing was done", cut)
			require.NoError(t, k.changePassword(here.AccessToken, password, newPassword), "cut %d", cut)
		}
		_, err = k.signIn("ada@example.com", newPassword)
		require.NoError(t, err)
		_, err = k.refresh(there.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		if !reached {
			require.Greater(t, cut, 8)
			_, err = k.GetUser(ctx, here.AccessToken)
			require.NoError(t, err)
			return
		}
	}
}
