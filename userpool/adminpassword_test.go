package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// dead checks that nothing that was issued before opens anything.
func (k *kit) dead(tokens *userpool.Tokens, browser, why string) {
	k.t.Helper()
	ctx := context.Background()
	_, err := k.refresh(tokens.RefreshToken)
	require.ErrorIs(k.t, err, userpool.NotAuthorized, why)
	_, err = k.VerifyAccessToken(ctx, tokens.AccessToken)
	require.ErrorIs(k.t, err, userpool.NotAuthorized, why)
	_, err = k.VerifyIDToken(ctx, tokens.IDToken)
	require.ErrorIs(k.t, err, userpool.NotAuthorized, why)
	_, err = k.BrowserSession(ctx, browser)
	require.ErrorIs(k.t, err, userpool.NotAuthorized, why)
}

// An administrator wants a new password: the old one opens nothing, and is none to choose again.
func TestAdminResetUserPassword_Walk(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		tokens, browser := k.tokens("ada@example.com"), k.browser("ada@example.com")
		require.NoError(t, k.AdminResetUserPassword(ctx, userpool.AdminResetUserPasswordInput{Username: "ada@example.com"}))
		k.dead(tokens, browser, "reset")
		m := k.mail()
		require.Equal(t, userpool.MessageForgotPassword, m.Kind)
		_, err := k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.PasswordResetRequired)
		_, err = k.signIn("ada@example.com", "not the password at all")
		require.ErrorIs(t, err, userpool.NotAuthorized)

		k.clock.Advance(time.Hour - time.Second)
		in := userpool.ConfirmForgotPasswordInput{Username: "ada@example.com", ConfirmationCode: m.Code, Password: password}
		require.ErrorIs(t, k.ConfirmForgotPassword(ctx, in), userpool.PasswordHistoryPolicyViolation)
		in.Password = newPassword
		require.NoError(t, k.ConfirmForgotPassword(ctx, in))
		_, err = k.signIn("ada@example.com", newPassword)
		require.NoError(t, err)
	})
}

// Nobody is shut out: where a code could not go anywhere, the password stays.
func TestAdminResetUserPassword_NoDeadEnd(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	k.user("ada@example.com")
	require.NoError(t, k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
		Username: "ada@example.com", UserAttributes: map[string]string{"email_verified": "false"},
	}))
	in := userpool.AdminResetUserPasswordInput{Username: "ada@example.com"}
	require.ErrorIs(t, k.AdminResetUserPassword(ctx, in), userpool.InvalidParameter)
	k.tokens("ada@example.com")

	byAdmin := newKit(t, func(c *userpool.Config) {
		c.Settings.AccountRecovery = []userpool.RecoveryMechanism{userpool.RecoverByAdmin}
	})
	byAdmin.user("ada@example.com")
	require.ErrorIs(t, byAdmin.AdminResetUserPassword(ctx, in), userpool.UnsupportedOperation)
	byAdmin.tokens("ada@example.com")

	_, err := k.create("bob@example.com", map[string]string{"email_verified": "true"})
	require.NoError(t, err)
	require.ErrorIs(t, k.AdminResetUserPassword(ctx, userpool.AdminResetUserPasswordInput{Username: "bob@example.com"}), userpool.NotAuthorized)
}

// A password that an administrator sets ends everything that hung on the one before, a lockout too.
func TestAdminSetUserPassword(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	k.user("ada@example.com")
	tokens, browser := k.tokens("ada@example.com"), k.browser("ada@example.com")
	_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	code := k.mail().Code
	for range 5 {
		_, err := k.signIn("ada@example.com", "a wrong password")
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	in := userpool.AdminSetUserPasswordInput{Username: "ada@example.com", Password: "short", Permanent: true}
	require.ErrorIs(t, k.AdminSetUserPassword(ctx, in), userpool.InvalidPassword)
	_, err = k.VerifyAccessToken(ctx, tokens.AccessToken)
	require.NoError(t, err)
	sent := k.mails()
	in.Password = newPassword
	require.NoError(t, k.AdminSetUserPassword(ctx, in))
	require.Equal(t, sent, k.mails())
	k.dead(tokens, browser, "set")
	_, err = k.signIn("ada@example.com", newPassword)
	require.NoError(t, err, "and no lockout")
	require.ErrorIs(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: "ada@example.com", ConfirmationCode: code, Password: newPassword + "2",
	}), userpool.CodeMismatch, "the code is void")

	in.Permanent, in.Password = false, "a password for a week"
	require.NoError(t, k.AdminSetUserPassword(ctx, in))
	k.clock.Advance(7*24*time.Hour - time.Second)
	_, err = k.newPasswordFor("ada@example.com", in.Password, newPassword)
	require.NoError(t, err)
	require.NoError(t, k.AdminSetUserPassword(ctx, in))
	k.clock.Advance(7 * 24 * time.Hour)
	_, err = k.signIn("ada@example.com", in.Password)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	in.Permanent = true
	require.NoError(t, k.AdminSetUserPassword(ctx, in), "a temporary one can be made permanent")
	_, err = k.signIn("ada@example.com", in.Password)
	require.NoError(t, err)
	require.ErrorIs(t, k.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: "nobody@example.com", Password: newPassword}), userpool.UserNotFound)
}

// The code of a sign-up does not undo what an administrator decided: a temporary password stays one.
func TestU28_SignUpCodeIsVoid(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	out, err := k.SignUp(ctx, signUp("ada@example.com"))
	require.NoError(t, err)
	code := k.mail().Code
	require.NoError(t, k.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: "ada@example.com", Password: newPassword}))
	_, err = k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: code, Session: out.Session})
	require.ErrorIs(t, err, userpool.CodeMismatch)
	u, err := k.AdminGetUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, userpool.StatusForceChangePassword, u.Status)
}

// Who came from another provider gets a password here, and signs in with it under the name or the sub, as well as there. A name that could
// be such a one is answered alike, whether or not it is.
func TestAdminSetUserPassword_ExternalProvider(t *testing.T) {
	ctx := t.Context()
	k, f := federated(t, nil)
	u := k.federatedUser(t, f)
	require.Equal(t, "Example_subject-1", u.Username)
	for _, name := range []string{"Example_subject-1", "Example_subject-2", u.Sub} {
		_, err := k.signIn(name, password)
		require.EqualError(t, err, "userpool: NotAuthorized: Incorrect e-mail address or password.", name)
	}
	require.NoError(t, k.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: "Example_subject-1", Password: password, Permanent: true}))
	for _, name := range []string{"Example_subject-1", u.Sub} {
		tokens, err := k.signIn(name, password)
		require.NoError(t, err)
		require.Equal(t, u.Sub, k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["sub"])
	}
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.NotAuthorized, "the provider's word for an address names nobody")
	after := k.federatedUser(t, f)
	require.Equal(t, u.Sub, after.Sub)
	require.Equal(t, userpool.StatusConfirmed, after.Status)
}

// Nobody chooses a name that could be that of somebody from another provider.
func TestSignUp_NamesOfProviders(t *testing.T) {
	k, f := federated(t, func(c *userpool.Config) { aliases(c) })
	k.federatedUser(t, f)
	for _, name := range []string{"Example_subject-1", "Example_x", " Other_1"} {
		_, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: name, Password: password})
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
		_, err = k.AdminCreateUser(t.Context(), userpool.AdminCreateUserInput{Username: name, TemporaryPassword: password})
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
	}
	_, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "Examples", Password: password})
	require.NoError(t, err)
}

// AdminConfirmSignUp confirms the person, not the address.
func TestAdminConfirmSignUp(t *testing.T) {
	ctx := t.Context()
	var events []userpool.UserEvent
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PostConfirmation = func(_ context.Context, e userpool.UserEvent) error { events = append(events, e); return nil }
	})
	out, err := k.SignUp(ctx, signUp("ada@example.com"))
	require.NoError(t, err)
	code := k.mail().Code
	in := userpool.AdminConfirmSignUpInput{Username: "ada@example.com", ClientMetadata: map[string]string{"why": "known"}}
	require.NoError(t, k.AdminConfirmSignUp(ctx, in))
	require.Len(t, events, 1)
	require.Equal(t, userpool.TriggerConfirmSignUp, events[0].Trigger)
	require.Equal(t, "known", events[0].ClientMetadata["why"])
	stored, err := k.config.Store.User(ctx, "default", out.UserSub)
	require.NoError(t, err)
	require.Empty(t, stored.Codes)
	require.ErrorIs(t, k.AdminConfirmSignUp(ctx, in), userpool.NotAuthorized)
	_, err = k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: code, Session: out.Session})
	require.ErrorIs(t, err, userpool.CodeMismatch)

	tokens := k.tokens("ada@example.com")
	u, err := k.GetUser(ctx, tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "false", u.Attributes["email_verified"])
	sent := k.mails()
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, sent, k.mails(), "no code to an address that nobody proved")
}

// The triggers tell a hook why it is called.
func TestPostConfirmation_Triggers(t *testing.T) {
	ctx := t.Context()
	var events []userpool.UserEvent
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PostConfirmation = func(_ context.Context, e userpool.UserEvent) error { events = append(events, e); return nil }
	})
	k.user("ada@example.com")
	_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	code := k.mail().Code
	require.NoError(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: "ada@example.com", ConfirmationCode: code, Password: newPassword, ClientID: "webapp", ClientMetadata: map[string]string{"a": "b"},
	}))
	require.Len(t, events, 2)
	require.Equal(t, userpool.TriggerConfirmSignUp, events[0].Trigger)
	require.Equal(t, userpool.TriggerConfirmForgotPassword, events[1].Trigger)
	require.Equal(t, "webapp", events[1].ClientID)
	require.Equal(t, map[string]string{"a": "b"}, events[1].ClientMetadata)
	require.Equal(t, userpool.MessagePasswordChanged, k.mail().Kind)
	require.Equal(t, "ada@example.com", k.mail().To)
}

// U30: whatever ends the sessions of a user ends all of them at once, for every process.
func TestU30_SessionsEnd(t *testing.T) {
	ctx := t.Context()
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		other := k.again(nil)
		for name, end := range map[string]func(email string, tokens *userpool.Tokens) error{
			"GlobalSignOut":          func(_ string, tokens *userpool.Tokens) error { return other.GlobalSignOut(ctx, tokens.AccessToken) },
			"AdminUserGlobalSignOut": func(email string, _ *userpool.Tokens) error { return other.AdminUserGlobalSignOut(ctx, email) },
			"AdminDisableUser":       func(email string, _ *userpool.Tokens) error { return other.AdminDisableUser(ctx, email) },
			"AdminDeleteUser":        func(email string, _ *userpool.Tokens) error { return other.AdminDeleteUser(ctx, email) },
			"DeleteUser":             func(_ string, tokens *userpool.Tokens) error { return other.DeleteUser(ctx, tokens.AccessToken) },
			"AdminSetUserPassword": func(email string, _ *userpool.Tokens) error {
				return other.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: email, Password: newPassword, Permanent: true})
			},
			"AdminResetUserPassword": func(email string, _ *userpool.Tokens) error {
				return other.AdminResetUserPassword(ctx, userpool.AdminResetUserPasswordInput{Username: email})
			},
			"ConfirmForgotPassword": func(email string, _ *userpool.Tokens) error {
				_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: email})
				require.NoError(t, err)
				return other.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{Username: email, ConfirmationCode: k.mail().Code, Password: newPassword})
			},
		} {
			email := name + "@example.com"
			k.user(email)
			tokens, browser := k.tokens(email), k.browser(email)
			require.NoError(t, end(email, tokens), name)
			k.dead(tokens, browser, name)
		}
	})
}

// O17: a refresh token is good for its client alone, and new tokens show what the user may do now.
func TestO17_RefreshAfterChanges(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	sub := k.user("ada@example.com")
	require.NoError(t, k.CreateGroup(ctx, userpool.Group{Name: "admins"}))
	require.NoError(t, k.AdminAddUserToGroup(ctx, sub, "admins"))
	tokens := k.tokens("ada@example.com")
	require.Equal(t, []any{"admins"}, k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["cognito:groups"])
	_, err := k.GetTokensFromRefreshToken(ctx, userpool.GetTokensFromRefreshTokenInput{
		RefreshToken: tokens.RefreshToken, ClientID: "backend", ClientSecret: backendSecret,
	})
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.NoError(t, k.AdminRemoveUserFromGroup(ctx, sub, "admins"))
	tokens, err = k.refresh(tokens.RefreshToken)
	require.NoError(t, err)
	require.NotContains(t, k.claimsOf(k.VerifyAccessToken, tokens.AccessToken), "cognito:groups")
	require.NoError(t, k.RevokeToken(ctx, userpool.RevokeTokenInput{Token: tokens.RefreshToken, ClientID: "webapp"}))
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}
