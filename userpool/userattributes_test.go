package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func (k *kit) update(accessToken string, attributes map[string]string) ([]userpool.CodeDeliveryDetails, error) {
	return k.UpdateUserAttributes(context.Background(), userpool.UpdateUserAttributesInput{AccessToken: accessToken, UserAttributes: attributes})
}

func (k *kit) verify(accessToken, attribute, code string) error {
	return k.VerifyUserAttribute(context.Background(), userpool.VerifyUserAttributeInput{AccessToken: accessToken, AttributeName: attribute, Code: code})
}

// move changes the e-mail address of a user, up to the code.
func (k *kit) move(accessToken, to string) (code string) {
	k.t.Helper()
	_, err := k.update(accessToken, map[string]string{"email": to})
	require.NoError(k.t, err)
	require.Equal(k.t, to, k.mail().To)
	return k.mail().Code
}

func (k *kit) attributes(name string) map[string]string {
	k.t.Helper()
	u, err := k.AdminGetUser(context.Background(), name)
	require.NoError(k.t, err)
	return u.Attributes
}

// A new address waits until it is verified; then it is what the user signs in with, and the old address is told.
func TestU23_NewAddressWaits(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, nil)
		other := k.again(nil)
		sub := k.user("old@example.com")
		tokens := k.tokens("old@example.com")
		details, err := k.update(tokens.AccessToken, map[string]string{"email": " NEW@example.com", "name": "Ada", "nickname": ""})
		require.NoError(t, err)
		require.Equal(t, []userpool.CodeDeliveryDetails{{Destination: "n***@e***", DeliveryMedium: userpool.MediumEmail, AttributeName: "email"}}, details)
		m := k.mail()
		require.Equal(t, userpool.MessageUpdateUserAttribute, m.Kind)
		require.Equal(t, "new@example.com", m.To)

		u, err := k.GetUser(ctx, tokens.AccessToken)
		require.NoError(t, err)
		require.Equal(t, map[string]string{"email": "old@example.com", "email_verified": "true", "name": "Ada"}, u.Attributes)
		require.Equal(t, map[string]string{"email": "new@example.com"}, u.Pending)
		id := k.claimsOf(k.VerifyIDToken, k.tokens("old@example.com").IDToken)
		require.Equal(t, "old@example.com", id["email"])
		_, err = k.signIn("new@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.AdminGetUser(ctx, "new@example.com")
		require.ErrorIs(t, err, userpool.UserNotFound)

		_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "old@example.com"})
		require.NoError(t, err)
		recovery := k.mail()
		require.Equal(t, "old@example.com", recovery.To, "U22: where it always went")

		require.ErrorIs(t, other.verify(tokens.AccessToken, "phone_number", m.Code), userpool.CodeMismatch)
		require.ErrorIs(t, other.verify(tokens.AccessToken, "email", recovery.Code), userpool.CodeMismatch)
		require.NoError(t, other.verify(tokens.AccessToken, "email", m.Code))
		other.Wait()
		notice := k.mail()
		require.Equal(t, userpool.MessageAttributeChanged, notice.Kind)
		require.Equal(t, "old@example.com", notice.To)
		require.Empty(t, notice.Code)
		require.ErrorIs(t, k.verify(tokens.AccessToken, "email", m.Code), userpool.CodeMismatch, "used")

		u, err = k.GetUser(ctx, tokens.AccessToken)
		require.NoError(t, err)
		require.Equal(t, sub, u.Sub)
		require.Equal(t, map[string]string{"email": "new@example.com", "email_verified": "true", "name": "Ada"}, u.Attributes)
		require.Empty(t, u.Pending)
		k.tokens("new@example.com")
		_, err = k.signIn("old@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.ErrorIs(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
			Username: "new@example.com", ConfirmationCode: recovery.Code, Password: newPassword,
		}), userpool.CodeMismatch, "U10: a code that was sent to the old address")
		k.user("old@example.com") // is free
	})
}

func (k *kit) pending(name string) map[string]string {
	k.t.Helper()
	u, err := k.AdminGetUser(context.Background(), name)
	require.NoError(k.t, err)
	return u.Pending
}

// U24: what only the pool or an administrator sets, no token sets, and a client writes and reads just its own attributes.
func TestU24_ForbiddenAttributes(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		withSMS(c)
		c.Settings.CustomAttributes = []userpool.CustomAttribute{
			{Name: "custom:role", AdminOnly: true}, {Name: "custom:badge"}, {Name: "custom:colour", Mutable: true},
		}
		c.Settings.RequiredAttributes = []string{"name"}
		limited := webApp
		limited.ID, limited.WriteAttributes, limited.ReadAttributes = "limited", []string{"name", "nickname"}, []string{"name", "email"}
		c.Settings.Clients = append(c.Settings.Clients, limited)
	})
	ctx := t.Context()
	in := signUp("ada@example.com")
	in.UserAttributes = map[string]string{"name": "Ada"}
	out, err := k.SignUp(ctx, in)
	require.NoError(t, err)
	require.NoError(t, errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: in.Username, ConfirmationCode: k.mail().Code, Session: out.Session})))
	token := k.tokens("ada@example.com").AccessToken
	for name, code := range map[string]userpool.Code{
		"email_verified": userpool.NotAuthorized, "phone_number_verified": userpool.NotAuthorized, "sub": userpool.NotAuthorized,
		"updated_at": userpool.NotAuthorized, "custom:role": userpool.NotAuthorized, "cognito:groups": userpool.NotAuthorized,
		"cognito:username": userpool.NotAuthorized, "dev:custom:role": userpool.NotAuthorized, "custom:none": userpool.InvalidParameter,
		"Name": userpool.InvalidParameter, "": userpool.InvalidParameter,
	} {
		_, err := k.update(token, map[string]string{name: "true", "nickname": "A"})
		require.ErrorIs(t, err, code, name)
		require.ErrorIs(t, k.DeleteUserAttributes(ctx, userpool.DeleteUserAttributesInput{AccessToken: token, UserAttributeNames: []string{name}}), code, name)
	}
	require.Empty(t, k.attributes("ada@example.com")["nickname"], "nothing of a refused change is done")

	_, err = k.update(token, map[string]string{"custom:badge": "7", "custom:colour": "red"})
	require.NoError(t, err)
	_, err = k.update(token, map[string]string{"custom:badge": "7", "custom:colour": "blue"})
	require.NoError(t, err, "the same value is no change")
	for _, value := range []string{"8", ""} {
		_, err = k.update(token, map[string]string{"custom:badge": value})
		require.ErrorIs(t, err, userpool.InvalidParameter)
		require.ErrorIs(t, k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
			Username: out.UserSub, UserAttributes: map[string]string{"custom:badge": value},
		}), userpool.InvalidParameter)
	}
	require.ErrorIs(t, k.DeleteUserAttributes(ctx, userpool.DeleteUserAttributesInput{AccessToken: token, UserAttributeNames: []string{"name"}}), userpool.InvalidParameter)
	require.ErrorIs(t, k.AdminDeleteUserAttributes(ctx, userpool.AdminDeleteUserAttributesInput{
		Username: out.UserSub, UserAttributeNames: []string{"name"},
	}), userpool.InvalidParameter)

	signedIn, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "limited", Username: "ada@example.com", Password: password,
	})
	require.NoError(t, err)
	_, err = k.update(signedIn.Tokens.AccessToken, map[string]string{"nickname": "A"})
	require.NoError(t, err)
	_, err = k.update(signedIn.Tokens.AccessToken, map[string]string{"custom:colour": "green"})
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.update(token, map[string]string{"email": "new@example.com", "phone_number": "+14155550100"})
	require.NoError(t, err)
	u, err := k.GetUser(ctx, signedIn.Tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"name": "Ada", "email": "ada@example.com"}, u.Attributes)
	require.Equal(t, map[string]string{"email": "new@example.com"}, u.Pending)
	require.Empty(t, u.Identifiers)
	u, err = k.GetUser(ctx, token)
	require.NoError(t, err)
	require.Equal(t, "blue", u.Attributes["custom:colour"])
	require.Len(t, u.Pending, 2)
	require.NotEmpty(t, u.Identifiers)
}

// UserInfo shows what the client may read, as the ID token does.
func TestUserInfo_ReadAttributes(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.Settings.Clients[0].ReadAttributes = []string{"name", "email"} })
	k.user("ada@example.com")
	require.NoError(t, k.AdminUpdateUserAttributes(t.Context(), userpool.AdminUpdateUserAttributesInput{
		Username: "ada@example.com", UserAttributes: map[string]string{"name": "Ada", "nickname": "A"},
	}))
	tokens := k.redeem(t, "webapp", "", k.browser("ada@example.com"), nil)
	info, err := k.UserInfo(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"sub": info["sub"], "username": info["sub"], "name": "Ada", "email": "ada@example.com"}, info)
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	require.NotContains(t, id, "nickname")
	require.NotContains(t, id, "email_verified")
}

// U25: a flag is about the value that it was set for.
func TestU25_FlagGoesWithTheValue(t *testing.T) {
	ctx := t.Context()
	admin := func(k *kit, name string, attributes map[string]string) error {
		return k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{Username: name, UserAttributes: attributes})
	}
	k := newKit(t, func(c *userpool.Config) {
		withSMS(c)
		c.Settings.UpdateBeforeVerification = []string{"phone_number"}
	})
	sub := k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	require.ErrorIs(t, admin(k, sub, map[string]string{"phone_number_verified": "true"}), userpool.InvalidParameter, "verified nothing")
	require.NoError(t, admin(k, sub, map[string]string{"phone_number": "+14155550100", "phone_number_verified": "true"}))
	require.Equal(t, "true", k.attributes(sub)["phone_number_verified"])

	details, err := k.update(token, map[string]string{"phone_number": "+14155550199"})
	require.NoError(t, err)
	require.Len(t, details, 1)
	require.Equal(t, "+14155550199", k.attributes(sub)["phone_number"], "at once")
	require.Equal(t, "false", k.attributes(sub)["phone_number_verified"])
	k.Wait()
	require.Len(t, k.outbox.To("+14155550100"), 1, "the old number is told")
	code := k.outbox.To("+14155550199")[0].Code
	require.NoError(t, k.verify(token, "phone_number", code))
	require.Equal(t, "true", k.attributes(sub)["phone_number_verified"])
	require.Len(t, k.outbox.To("+14155550199"), 1)

	require.NoError(t, admin(k, sub, map[string]string{"phone_number": "+14155550101"}))
	require.Equal(t, "false", k.attributes(sub)["phone_number_verified"], "by an administrator too")
	require.NoError(t, admin(k, sub, map[string]string{"phone_number": ""}))
	require.NotContains(t, k.attributes(sub), "phone_number_verified")

	require.NoError(t, admin(k, sub, map[string]string{"email": "new@example.com"}))
	require.Equal(t, "false", k.attributes("new@example.com")["email_verified"])
	k.tokens("new@example.com") // who has nothing else to sign in with
	require.NoError(t, k.AdminDeleteUserAttributes(ctx, userpool.AdminDeleteUserAttributesInput{Username: sub, UserAttributeNames: []string{"email_verified"}}))
	require.Equal(t, "false", k.attributes(sub)["email_verified"])
	require.ErrorIs(t, k.AdminDeleteUserAttributes(ctx, userpool.AdminDeleteUserAttributesInput{
		Username: sub, UserAttributeNames: []string{"email"},
	}), userpool.InvalidParameter, "the only name")
	require.ErrorIs(t, k.DeleteUserAttributes(ctx, userpool.DeleteUserAttributesInput{AccessToken: token, UserAttributeNames: []string{"email"}}), userpool.InvalidParameter)
	require.ErrorIs(t, admin(k, "nobody@example.com", nil), userpool.UserNotFound)

	none := newKit(t, nil) // which sends nothing to phones
	sub = none.user("ada@example.com")
	token = none.tokens("ada@example.com").AccessToken
	sent := none.mails()
	details, err = none.update(token, map[string]string{"phone_number": "+14155550100"})
	require.NoError(t, err)
	require.Empty(t, details)
	require.Equal(t, sent, none.mails())
	require.Equal(t, "false", none.attributes(sub)["phone_number_verified"])
	_, err = none.GetUserAttributeVerificationCode(ctx, userpool.GetUserAttributeVerificationCodeInput{AccessToken: token, AttributeName: "phone_number"})
	require.ErrorIs(t, err, userpool.UnsupportedOperation)
	c := none.config
	c.Settings.UpdateBeforeVerification = []string{"email"}
	_, err = userpool.New(c)
	require.ErrorContains(t, err, "which people sign in with")
}

// U33: neither one address nor one user makes the pool send without end.
func TestU33_MessagesOfOneUser(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, withSMS)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	before := k.mails()
	for i := range 100 { // premium numbers
		_, err := k.update(token, map[string]string{"phone_number": fmt.Sprintf("+1415555%04d", i)})
		if i >= 5 {
			require.ErrorIs(t, err, userpool.LimitExceeded)
		}
	}
	require.Equal(t, 5, k.mails()-before)
	k.clock.Advance(6 * time.Hour)
	token = k.tokens("ada@example.com").AccessToken
	before = k.mails()
	for range 100 {
		_, _ = k.GetUserAttributeVerificationCode(ctx, userpool.GetUserAttributeVerificationCodeInput{AccessToken: token, AttributeName: "phone_number"})
	}
	require.LessOrEqual(t, k.mails()-before, 5)

	for _, email := range []string{"bob@example.com", "eve@example.com", "joe@example.com"} {
		k.user(email)
		token := k.tokens(email).AccessToken
		for range 3 {
			_, _ = k.update(token, map[string]string{"email": "victim@example.com"})
		}
	}
	k.Wait()
	require.Len(t, k.outbox.To("victim@example.com"), 5, "of all users together")
}

// At the hosted pages, a session that was left open does not move an account to another address; and nowhere does one move or delete an
// address that gets the codes of a second factor.
func TestUpdateUserAttributes_WantsRecentSignIn(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, withSMS)
	sub := k.user("ada@example.com")
	token, browser := k.tokens("ada@example.com").AccessToken, k.browser("ada@example.com")
	in := userpool.UpdateUserAttributesInput{AccessToken: browser, UserAttributes: map[string]string{"email": "new@example.com"}}
	k.clock.Advance(10*time.Minute + time.Second)
	require.ErrorIs(t, errOf(k.UpdateUserAttributes(ctx, in)), userpool.LoginRequired)
	in.UserAttributes = map[string]string{"email": "ada@example.com", "name": "Ada"}
	require.NoError(t, errOf(k.UpdateUserAttributes(ctx, in)))
	k.move(token, "new@example.com")

	u, err := k.config.Store.User(ctx, "default", sub)
	require.NoError(t, err)
	u.MFA = []userpool.ChallengeName{userpool.ChallengeSMSMFA, userpool.ChallengeEmailOTP}
	u.Attributes["phone_number"], u.Attributes["phone_number_verified"] = "+14155550100", "true"
	require.NoError(t, k.config.Store.UpdateUser(ctx, "default", u))
	for name, value := range map[string]string{"email": "newer@example.com", "phone_number": "+14155550199"} {
		_, err = k.update(token, map[string]string{name: value})
		require.ErrorIs(t, err, userpool.LoginRequired)
		_, err = k.update(token, map[string]string{name: ""})
		require.ErrorIs(t, err, userpool.InvalidParameter)
	}
	recent := k.tokens("ada@example.com").AccessToken
	_, err = k.update(recent, map[string]string{"phone_number": "+14155550199"})
	require.NoError(t, err)
}

// In a pool with names, a preferred name is one user's, and addresses are aliases once verified.
func TestUpdateUserAttributes_Aliases(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, aliases)
	for _, name := range []string{"ada", "bob"} {
		require.NoError(t, errOf(k.AdminCreateUser(ctx, userpool.AdminCreateUserInput{
			Username: name, MessageAction: userpool.MessageActionSuppress, UserAttributes: map[string]string{"email": name + "@example.com", "email_verified": "true"},
		})))
		require.NoError(t, k.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: name, Password: password, Permanent: true}))
	}
	ada, bob := k.tokens("ada").AccessToken, k.tokens("bob").AccessToken
	_, err := k.update(ada, map[string]string{"preferred_username": "Lovelace"})
	require.NoError(t, err)
	k.tokens("LOVELACE")
	for _, taken := range []string{"lovelace", "Lovelace", "ada", "ADA"} {
		_, err = k.update(bob, map[string]string{"preferred_username": taken})
		require.ErrorIs(t, err, userpool.AliasExists, taken)
	}
	for _, bad := range []string{"ada@example.com", "+14155550100"} {
		_, err = k.update(bob, map[string]string{"preferred_username": bad})
		require.ErrorIs(t, err, userpool.InvalidParameter, bad)
	}
	require.NoError(t, k.DeleteUserAttributes(ctx, userpool.DeleteUserAttributesInput{AccessToken: ada, UserAttributeNames: []string{"preferred_username"}}))
	_, err = k.update(bob, map[string]string{"preferred_username": "lovelace"})
	require.NoError(t, err)

	require.ErrorIs(t, k.verify(bob, "email", k.move(bob, "ada@example.com")), userpool.AliasExists)
	require.NoError(t, k.DeleteUserAttributes(ctx, userpool.DeleteUserAttributesInput{AccessToken: ada, UserAttributeNames: []string{"email"}}))
	require.Equal(t, "ada@example.com", k.mail().To)
	require.Equal(t, userpool.MessageAttributeChanged, k.mail().Kind)
	require.NoError(t, k.verify(bob, "email", k.move(bob, "ada@example.com")))
	u, err := k.AdminGetUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, "bob", u.Username)
}

// Nobody without a password, a passkey or another provider loses the address that gets their codes.
func TestDeleteUserAttributes_LastWayIn(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, func(c *userpool.Config) {
		aliases(c)
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeEmailOTP}
	})
	require.NoError(t, errOf(k.AdminCreateUser(ctx, userpool.AdminCreateUserInput{Username: "ada", UserAttributes: map[string]string{"email": "ada@example.com"}})))
	in := userpool.AdminDeleteUserAttributesInput{Username: "ada", UserAttributeNames: []string{"email"}}
	require.ErrorIs(t, k.AdminDeleteUserAttributes(ctx, in), userpool.InvalidParameter)
	require.NoError(t, k.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: "ada", Password: password, Permanent: true}))
	require.NoError(t, k.AdminDeleteUserAttributes(ctx, in))
}

// What ended while the change was on its way changes nothing.
func TestUpdateUserAttributes_AfterTheEnd(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	k.user("ada@example.com")
	token, browser := k.tokens("ada@example.com").AccessToken, k.browser("ada@example.com")
	code := k.move(token, "new@example.com")
	require.NoError(t, k.AdminUserGlobalSignOut(ctx, "ada@example.com"))
	require.ErrorIs(t, k.verify(token, "email", code), userpool.NotAuthorized)
	require.ErrorIs(t, errOf(k.update(token, map[string]string{"name": "Eve"})), userpool.NotAuthorized)
	require.ErrorIs(t, errOf(k.UpdateUserAttributes(ctx, userpool.UpdateUserAttributesInput{AccessToken: browser})), userpool.NotAuthorized)
	require.ErrorIs(t, errOf(k.UpdateUserAttributes(ctx, userpool.UpdateUserAttributesInput{})), userpool.NotAuthorized)
}

// A message that was not taken over is told; the change waits all the same.
func TestUpdateUserAttributes_DeliveryFails(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	k.outbox.Fail(errors.New("no mail today"))
	details, err := k.update(token, map[string]string{"email": "new@example.com"})
	require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
	require.Len(t, details, 1)
	k.outbox.Fail(nil)
	require.NoError(t, errOf(k.GetUserAttributeVerificationCode(t.Context(), userpool.GetUserAttributeVerificationCodeInput{AccessToken: token, AttributeName: "email"})))
	require.NoError(t, k.verify(token, "email", k.mail().Code))
	k.tokens("new@example.com")
}
