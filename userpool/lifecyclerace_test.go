package userpool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// meanwhileStore lets something happen just before a user, or a session, is written: once.
type meanwhileStore struct {
	userpool.Store
	beforeUser, beforeSession func()
}

func (s *meanwhileStore) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	if do := s.beforeUser; do != nil {
		s.beforeUser = nil
		do()
	}
	return s.Store.UpdateUser(ctx, pool, u)
}

func (s *meanwhileStore) UpdateSession(ctx context.Context, pool string, x userpool.Session) error {
	if do := s.beforeSession; do != nil {
		s.beforeSession = nil
		do()
	}
	return s.Store.UpdateSession(ctx, pool, x)
}

// U30: what a user began is not done any more once they are signed out, disabled or deleted, in whatever moment.
func TestU30_EndedInBetween(t *testing.T) {
	ctx := t.Context()
	for operation, do := range map[string]func(k *kit, token, code string) error{
		"UpdateUserAttributes": func(k *kit, token, _ string) error { return errOf(k.update(token, map[string]string{"name": "Eve"})) },
		"DeleteUserAttributes": func(k *kit, token, _ string) error {
			return k.DeleteUserAttributes(ctx, userpool.DeleteUserAttributesInput{AccessToken: token, UserAttributeNames: []string{"nickname"}})
		},
		"GetUserAttributeVerificationCode": func(k *kit, token, _ string) error {
			return errOf(k.GetUserAttributeVerificationCode(ctx, userpool.GetUserAttributeVerificationCodeInput{AccessToken: token, AttributeName: "email"}))
		},
		"VerifyUserAttribute": func(k *kit, token, code string) error { return k.verify(token, "email", code) },
		"ChangePassword":      func(k *kit, token, _ string) error { return k.changePassword(token, password, newPassword) },
		"EndOtherSessions": func(k *kit, token, _ string) error {
			return k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: token})
		},
	} {
		for end, by := range map[string]func(k *kit) error{
			"sign-out": func(k *kit) error { return k.AdminUserGlobalSignOut(ctx, "ada@example.com") },
			"disabled": func(k *kit) error { return k.AdminDisableUser(ctx, "ada@example.com") },
			"deleted":  func(k *kit) error { return k.AdminDeleteUser(ctx, "ada@example.com") },
		} {
			store := &meanwhileStore{Store: newKit(t, nil).config.Store}
			k := newKitOn(t, store, nil)
			k.user("ada@example.com")
			here, there := k.tokens("ada@example.com"), k.tokens("ada@example.com")
			code := k.move(here.AccessToken, "new@example.com")
			before := k.attributes("ada@example.com")
			store.beforeUser = func() { require.NoError(t, by(k)) }
			err := do(k, here.AccessToken, code)
			require.Nil(t, store.beforeUser)
			if operation == "VerifyUserAttribute" && end == "deleted" {
				require.ErrorIs(t, err, userpool.CodeMismatch)
			} else {
				require.ErrorIs(t, err, userpool.NotAuthorized, "%s, %s", operation, end)
			}
			require.ErrorIs(t, errOf(k.refresh(here.RefreshToken)), userpool.NotAuthorized)
			require.ErrorIs(t, errOf(k.refresh(there.RefreshToken)), userpool.NotAuthorized)
			if end != "deleted" {
				require.Equal(t, before, k.attributes("ada@example.com"), "%s, %s", operation, end)
				require.NoError(t, k.AdminEnableUser(ctx, "ada@example.com"))
				require.NoError(t, errOf(k.signIn("ada@example.com", password)))
			}
		}
	}
}

// A password that an administrator sets while its user changes it is the one that counts: the user proved the one before.
func TestChangePassword_SetInBetween(t *testing.T) {
	store := &meanwhileStore{Store: newKit(t, nil).config.Store}
	k := newKitOn(t, store, nil)
	sub := k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	store.beforeUser = func() {
		u, err := store.User(t.Context(), "default", sub)
		require.NoError(t, err)
		u.PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		require.NoError(t, store.Store.UpdateUser(t.Context(), "default", u))
	}
	require.ErrorIs(t, k.changePassword(token, password, newPassword), userpool.NotAuthorized)
	require.ErrorIs(t, errOf(k.signIn("ada@example.com", newPassword)), userpool.NotAuthorized)
}

// The session that stays is read again if it changes just then; one that is ended just then stays ended.
func TestEndOtherSessions_Meanwhile(t *testing.T) {
	ctx := t.Context()
	store := &meanwhileStore{Store: newKit(t, nil).config.Store}
	k := newKitOn(t, store, nil)
	sub := k.user("ada@example.com")
	sessionOf := func(tokens *userpool.Tokens) userpool.Session {
		id, _ := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["origin_jti"].(string)
		s, err := store.Session(ctx, "default", id)
		require.NoError(t, err)
		return s
	}
	for name, test := range map[string]struct {
		meanwhile func(tokens *userpool.Tokens, s userpool.Session)
		stays     bool
	}{
		"written": {func(_ *userpool.Tokens, s userpool.Session) {
			s.UserAgent = "other"
			require.NoError(t, store.Store.UpdateSession(ctx, "default", s))
		}, true},
		"revoked": {func(tokens *userpool.Tokens, _ userpool.Session) {
			require.NoError(t, k.RevokeToken(ctx, userpool.RevokeTokenInput{Token: tokens.RefreshToken, ClientID: "webapp"}))
		}, false},
		"signed out everywhere": {func(*userpool.Tokens, userpool.Session) { require.NoError(t, k.AdminUserGlobalSignOut(ctx, sub)) }, false},
		"signed out elsewhere": {func(_ *userpool.Tokens, s userpool.Session) {
			u, err := store.User(ctx, "default", sub)
			require.NoError(t, err)
			u.Epoch++
			require.NoError(t, store.Store.UpdateUser(ctx, "default", u))
			s.Epoch = -1
			require.NoError(t, store.Store.UpdateSession(ctx, "default", s))
		}, false},
	} {
		tokens := k.tokens("ada@example.com")
		s := sessionOf(tokens)
		store.beforeSession = func() { test.meanwhile(tokens, s) }
		require.NoError(t, k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: tokens.AccessToken}), name)
		require.Nil(t, store.beforeSession)
		_, err := k.refresh(tokens.RefreshToken)
		require.Equal(t, test.stays, err == nil, name)
	}
}

// Who signs in at that very moment stays, and what was over already is not revived.
func TestEndOtherSessions_NewAndOld(t *testing.T) {
	ctx := t.Context()
	store := &meanwhileStore{Store: newKit(t, nil).config.Store}
	k := newKitOn(t, store, nil)
	k.user("ada@example.com")
	browser := k.browser("ada@example.com")
	tokens := k.redeem(t, "webapp", "", browser, nil)
	parent, err := store.Session(ctx, "default", browser[:22])
	require.NoError(t, err)
	parent.Epoch--
	require.NoError(t, store.Store.UpdateSession(ctx, "default", parent))
	var anew *userpool.Tokens
	store.beforeSession = func() { anew = k.tokens("ada@example.com") }
	require.NoError(t, k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: tokens.AccessToken}))
	require.NoError(t, errOf(k.refresh(anew.RefreshToken)))
	require.ErrorIs(t, errOf(k.BrowserSession(ctx, browser)), userpool.NotAuthorized)
}

// A session of a browser that is replaced while it is noted to be in use is replaced all the same.
func TestO25_ReplacedWhileTouched(t *testing.T) {
	ctx := t.Context()
	store := &meanwhileStore{Store: newKit(t, nil).config.Store}
	k := newKitOn(t, store, nil)
	k.user("ada@example.com")
	browser := k.browser("ada@example.com")
	store.beforeSession = func() {
		id := browser[:22]
		s, err := store.Session(ctx, "default", id)
		require.NoError(t, err)
		s.Rotated = k.clock.Now()
		require.NoError(t, store.Store.UpdateSession(ctx, "default", s))
	}
	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: password, Result: userpool.ResultBrowserSession, Replaces: browser,
	})
	require.NoError(t, err)
	require.Nil(t, store.beforeSession)
	require.ErrorIs(t, errOf(k.BrowserSession(ctx, browser)), userpool.NotAuthorized)
	require.NoError(t, errOf(k.BrowserSession(ctx, out.BrowserSession)))
}

// Whatever is cut off can be done again: nothing is half done.
func TestD3_LifecycleIsCutOff(t *testing.T) {
	ctx := t.Context()
	for operation, test := range map[string]struct {
		do   func(k *kit, token, code string) error
		done func(k *kit)
	}{
		"UpdateUserAttributes": {
			func(k *kit, token, _ string) error {
				return errOf(k.update(token, map[string]string{"email": "newer@example.com"}))
			},
			func(k *kit) {
				require.Equal(t, map[string]string{"email": "newer@example.com"}, k.pending("ada@example.com"))
			},
		},
		"VerifyUserAttribute": {
			func(k *kit, token, code string) error { return k.verify(token, "email", code) },
			func(k *kit) { k.tokens("new@example.com") },
		},
		"AdminUpdateUserAttributes": {
			func(k *kit, _, _ string) error {
				return k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
					Username: "ada@example.com", UserAttributes: map[string]string{"name": "Ada"},
				})
			},
			func(k *kit) { require.Equal(t, "Ada", k.attributes("ada@example.com")["name"]) },
		},
		"AdminSetUserPassword": {
			func(k *kit, _, _ string) error {
				return k.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: "ada@example.com", Password: newPassword, Permanent: true})
			},
			func(k *kit) { require.NoError(t, errOf(k.signIn("ada@example.com", newPassword))) },
		},
		"AdminResetUserPassword": {
			func(k *kit, _, _ string) error {
				return k.AdminResetUserPassword(ctx, userpool.AdminResetUserPasswordInput{Username: "ada@example.com"})
			},
			func(k *kit) {
				require.NoError(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
					Username: "ada@example.com", ConfirmationCode: k.mail().Code, Password: newPassword,
				}))
			},
		},
		"AdminCreateUser": {
			func(k *kit, _, _ string) error { return errOf(k.create("bob@example.com", nil)) },
			func(k *kit) {
				require.NoError(t, errOf(k.newPasswordFor("bob@example.com", k.mail().Code, newPassword)))
			},
		},
	} {
		for cut := 0; ; cut++ {
			store := &failingStore{Store: newKit(t, nil).config.Store}
			k := newKitOn(t, store, func(c *userpool.Config) { c.Settings.PasswordPolicy.HistorySize = 3 })
			k.user("ada@example.com")
			token := k.tokens("ada@example.com").AccessToken
			code := k.move(token, "new@example.com")
			store.failAfter(cut)
			err := test.do(k, token, code)
			reached := store.heal()
			if err != nil {
				require.ErrorIs(t, err, userpool.ServiceUnavailable, "%s, cut %d", operation, cut)
				require.NoError(t, test.do(k, token, code), "%s, cut %d", operation, cut)
			}
			test.done(k)
			if !reached {
				require.Positive(t, cut)
				break
			}
		}
	}
}
