package userpool_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// create makes a user as an administrator does.
func (k *kit) create(email string, attributes map[string]string) (userpool.User, error) {
	return k.AdminCreateUser(context.Background(), userpool.AdminCreateUserInput{Username: email, UserAttributes: attributes})
}

// newPasswordFor signs in with a temporary password and answers the challenge that follows.
func (k *kit) newPasswordFor(username, temporary, chosen string) (*userpool.Tokens, error) {
	k.t.Helper()
	ctx := context.Background()
	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: username, Password: temporary,
	})
	if err != nil {
		return nil, err
	}
	require.NotNil(k.t, out.Challenge)
	require.Equal(k.t, userpool.ChallengeNewPasswordRequired, out.Challenge.Name)
	out, err = k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: webApp.ID,
		Response: userpool.ChallengeResponse{NewPassword: chosen},
	})
	if err != nil {
		return nil, err
	}
	return out.Tokens, nil
}

// withSMS lets a pool send to phones too; all messages go to the one outbox.
func withSMS(c *userpool.Config) { c.SMSSender = c.Sender }

// aliases makes a pool in which people choose names, and sign in with verified addresses besides.
func aliases(c *userpool.Config) {
	withSMS(c)
	c.Settings.UsernameAttributes = []string{"username"}
	c.Settings.AliasAttributes = []string{"email", "phone_number", "preferred_username"}
}

// From the invitation to the tokens.
func TestAdminCreateUser_Walk(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		var triggers []userpool.Trigger
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Settings.AllowAdminCreateUserOnly = true
			c.Hooks.PreSignUp = func(_ context.Context, e userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
				triggers = append(triggers, e.Trigger)
				require.Equal(t, "ada@example.com", e.Attributes["email"])
				return userpool.PreSignUpResult{AutoConfirmUser: true, AutoVerifyEmail: true}, nil
			}
		})
		other := k.again(nil)
		made, err := k.create(" Ada@Example.com ", map[string]string{"name": "Ada"})
		require.NoError(t, err)
		require.Equal(t, userpool.StatusForceChangePassword, made.Status, "the hook's result does not count")
		require.Equal(t, map[string]string{"email": "ada@example.com", "email_verified": "false", "name": "Ada"}, made.Attributes)
		require.Equal(t, made.Sub, made.Username)
		require.Empty(t, made.PasswordHash)
		require.Equal(t, []userpool.Trigger{userpool.TriggerSignUpAdmin}, triggers)
		stored, err := other.AdminGetUser(t.Context(), "ada@example.com")
		require.NoError(t, err)
		require.Equal(t, made, stored)

		m := k.mail()
		require.Equal(t, userpool.MessageAdminCreateUser, m.Kind)
		require.Equal(t, "ada@example.com", m.To)
		_, err = k.newPasswordFor("ada@example.com", m.Code+"x", newPassword)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		tokens, err := other.newPasswordFor("ada@example.com", m.Code, newPassword)
		require.NoError(t, err)
		u, err := k.GetUser(t.Context(), tokens.AccessToken)
		require.NoError(t, err)
		require.Equal(t, userpool.StatusConfirmed, u.Status)
		_, err = k.signIn("ada@example.com", m.Code)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.signIn("ada@example.com", newPassword)
		require.NoError(t, err)
	})
}

// A temporary password opens nothing once it has expired, and is no password to keep; an invitation that expired is no dead end.
func TestU28_TemporaryPassword(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, func(c *userpool.Config) { c.Settings.PasswordPolicy.TemporaryPasswordValidity = 48 * time.Hour })
	_, err := k.create("ada@example.com", nil)
	require.NoError(t, err)
	first := k.mail().Code

	_, err = k.newPasswordFor("ada@example.com", first, first)
	require.ErrorIs(t, err, userpool.PasswordHistoryPolicyViolation, "as permanent")
	k.clock.Advance(48*time.Hour - time.Second)
	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: first,
	})
	require.NoError(t, err)
	k.clock.Advance(time.Second)
	_, err = k.signIn("ada@example.com", first)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.ErrorContains(t, err, "has expired")

	again, err := k.AdminCreateUser(ctx, userpool.AdminCreateUserInput{Username: "ada@example.com", MessageAction: userpool.MessageActionResend})
	require.NoError(t, err)
	require.Equal(t, userpool.StatusForceChangePassword, again.Status)
	second := k.mail().Code
	require.NotEqual(t, first, second)
	_, err = k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: webApp.ID,
		Response: userpool.ChallengeResponse{NewPassword: newPassword},
	})
	require.ErrorIs(t, err, userpool.NotAuthorized, "what was begun with the old temporary password is over")
	_, err = k.signIn("ada@example.com", first)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.newPasswordFor("ada@example.com", second, newPassword)
	require.NoError(t, err)
	_, err = k.newPasswordFor("ada@example.com", second, newPassword+"2")
	require.ErrorIs(t, err, userpool.NotAuthorized, "reused")

	_, err = k.AdminCreateUser(ctx, userpool.AdminCreateUserInput{Username: "ada@example.com", MessageAction: userpool.MessageActionResend})
	require.ErrorIs(t, err, userpool.UnsupportedUserState)
	_, err = k.AdminCreateUser(ctx, userpool.AdminCreateUserInput{Username: "nobody@example.com", MessageAction: userpool.MessageActionResend})
	require.ErrorIs(t, err, userpool.UserNotFound)
}

// Who has a verified address, and let the invitation expire, helps themself; who has none gets the answer of somebody who is not there.
func TestU28_ForgotPasswordInsteadOfExpiredInvitation(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	_, err := k.create("ada@example.com", map[string]string{"email_verified": "true"})
	require.NoError(t, err)
	temporary := k.mail().Code
	_, err = k.create("bob@example.com", nil)
	require.NoError(t, err)
	k.clock.Advance(8 * 24 * time.Hour)
	sent := k.mails()
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "bob@example.com"})
	require.NoError(t, err)
	require.Equal(t, sent, k.mails(), "nobody has proved that bob@example.com is Bob's")
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	in := userpool.ConfirmForgotPasswordInput{Username: "ada@example.com", ConfirmationCode: k.mail().Code, Password: temporary}
	require.ErrorIs(t, k.ConfirmForgotPassword(ctx, in), userpool.PasswordHistoryPolicyViolation)
	in.Password = newPassword
	require.NoError(t, k.ConfirmForgotPassword(ctx, in))
	_, err = k.signIn("ada@example.com", newPassword)
	require.NoError(t, err)
}

// Of fifty administrators at once, one makes the user, on each store.
func TestAdminCreateUser_Parallel(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengeEmailOTP} // without passwords, as hashing takes long
		})
		other := k.again(nil)
		require.NoError(t, errOf(k.SignUp(t.Context(), signUp("ada@example.com")))) // which does not hold the address
		var mu sync.Mutex
		var refusals []error
		require.Equal(t, 1, parallel(50, func(i int) error {
			_, err := []*kit{k, other}[i%2].create("ada@example.com", nil)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				refusals = append(refusals, err)
			}
			return err
		}))
		for _, err := range refusals {
			require.ErrorIs(t, err, userpool.UsernameExists)
		}
		u, err := k.AdminGetUser(t.Context(), "ada@example.com")
		require.NoError(t, err)
		require.Equal(t, userpool.StatusConfirmed, u.Status)
	})
}

// Where only administrators make users, a hook that refuses is the last word for them too.
func TestU26_HookRefusesAdmin(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.AllowAdminCreateUserOnly = true
		c.Hooks.PreSignUp = func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{}, &userpool.Refusal{Message: "Not this one."}
		}
	})
	_, err := k.create("ada@example.com", nil)
	require.ErrorIs(t, err, userpool.UserHookFailed)
	_, err = k.SignUp(t.Context(), signUp("ada@example.com"))
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.AdminGetUser(t.Context(), "ada@example.com")
	require.ErrorIs(t, err, userpool.UserNotFound)
	require.Zero(t, k.mails())
}

// What an administrator may give, and what is refused before anything happens.
func TestAdminCreateUser_Input(t *testing.T) {
	custom := []userpool.CustomAttribute{{Name: "custom:role", AdminOnly: true}, {Name: "custom:badge"}}
	k := newKit(t, func(c *userpool.Config) { withSMS(c); c.Settings.CustomAttributes = custom })
	noSMS := newKit(t, nil)
	named := newKit(t, aliases)
	type in = userpool.AdminCreateUserInput
	for name, test := range map[string]struct {
		k     *kit
		in    in
		code  userpool.Code
		field string
		to    []string
	}{
		"by default to the name": {k, in{Username: "a@example.com", UserAttributes: map[string]string{"phone_number": "+14155550100"}}, "", "", []string{"a@example.com"}},
		"by both": {
			k, in{
				Username: "b@example.com", UserAttributes: map[string]string{"phone_number": "+14155550101", "custom:role": "admin", "custom:badge": "7"},
				DesiredDeliveryMediums: []userpool.DeliveryMedium{userpool.MediumSMS, userpool.MediumEmail},
			}, "", "", []string{"+14155550101", "b@example.com"},
		},
		"suppressed":         {k, in{Username: "c@example.com", MessageAction: userpool.MessageActionSuppress}, "", "", nil},
		"given password":     {k, in{Username: "d@example.com", TemporaryPassword: "some words to begin with"}, "", "", []string{"d@example.com"}},
		"weak password":      {k, in{Username: "e@example.com", TemporaryPassword: "short"}, userpool.InvalidPassword, "password", nil},
		"own name":           {k, in{Username: "my-long-name@example.com", TemporaryPassword: "my-long-name@example.com"}, userpool.InvalidPassword, "password", nil},
		"no such medium":     {k, in{Username: "e@example.com", DesiredDeliveryMediums: []userpool.DeliveryMedium{"PIGEON"}}, userpool.InvalidParameter, "desiredDeliveryMediums", nil},
		"no such address":    {k, in{Username: "e@example.com", DesiredDeliveryMediums: []userpool.DeliveryMedium{userpool.MediumSMS}}, userpool.InvalidParameter, "phone_number", nil},
		"no such action":     {k, in{Username: "e@example.com", MessageAction: "SHOUT"}, userpool.InvalidParameter, "messageAction", nil},
		"verified nothing":   {k, in{Username: "e@example.com", UserAttributes: map[string]string{"phone_number_verified": "true"}}, userpool.InvalidParameter, "phone_number_verified", nil},
		"the pool's":         {k, in{Username: "e@example.com", UserAttributes: map[string]string{"sub": "x"}}, userpool.NotAuthorized, "sub", nil},
		"unknown":            {k, in{Username: "e@example.com", UserAttributes: map[string]string{"shoe": "42"}}, userpool.InvalidParameter, "shoe", nil},
		"two addresses":      {k, in{Username: "e@example.com", UserAttributes: map[string]string{"email": "f@example.com"}}, userpool.InvalidParameter, "email", nil},
		"no address":         {k, in{Username: "ada"}, userpool.InvalidParameter, "username", nil},
		"a sub":              {k, in{Username: "00000000-0000-4000-8000-000000000000"}, userpool.InvalidParameter, "username", nil},
		"no sender":          {noSMS, in{Username: "e@example.com", UserAttributes: map[string]string{"phone_number": "+14155550100"}, DesiredDeliveryMediums: []userpool.DeliveryMedium{userpool.MediumSMS}}, userpool.InvalidParameter, "phone_number", nil},
		"name and nowhere":   {named, in{Username: "ada"}, userpool.InvalidParameter, "email", nil},
		"name and password":  {named, in{Username: "eve", TemporaryPassword: "some words to begin with"}, "", "", nil},
		"name and telephone": {named, in{Username: "bob", UserAttributes: map[string]string{"phone_number": "+14155550100"}}, "", "", []string{"+14155550100"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := test.k.mails()
			u, err := test.k.AdminCreateUser(t.Context(), test.in)
			var to []string
			test.k.Wait()
			for _, m := range test.k.outbox.Messages()[before:] {
				to = append(to, m.To)
			}
			require.Equal(t, test.to, to)
			if test.code == "" {
				require.NoError(t, err)
				require.Equal(t, userpool.StatusForceChangePassword, u.Status)
				return
			}
			var e *userpool.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, test.code, e.Code, e.Message)
			require.Equal(t, test.field, e.Field)
			_, err = test.k.AdminGetUser(t.Context(), test.in.Username)
			require.ErrorIs(t, err, userpool.UserNotFound)
		})
	}
}

// A message that is not taken over is told; the user is there, and the invitation can be sent again.
func TestAdminCreateUser_DeliveryFails(t *testing.T) {
	k := newKit(t, nil)
	k.outbox.Fail(errors.New("no mail today"))
	u, err := k.create("ada@example.com", nil)
	require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
	require.NotEmpty(t, u.Sub)
	k.outbox.Fail(nil)
	_, err = k.AdminCreateUser(t.Context(), userpool.AdminCreateUserInput{Username: u.Sub, MessageAction: userpool.MessageActionResend})
	require.NoError(t, err)
	_, err = k.newPasswordFor("ada@example.com", k.mail().Code, newPassword)
	require.NoError(t, err)
}

// Made-up passwords satisfy every policy, and no two are alike.
func TestAdminCreateUser_MadeUpPassword(t *testing.T) {
	for name, policy := range map[string]userpool.PasswordPolicy{
		"default": {}, "Cognito": userpool.CognitoPasswordPolicy(),
		"longest": {MinimumLength: 99, RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true},
	} {
		k := newKit(t, func(c *userpool.Config) { c.Settings.PasswordPolicy = policy })
		seen := map[string]bool{}
		_, err := k.create("ada@example.com", nil)
		require.NoError(t, err)
		for range 20 {
			_, err := k.AdminCreateUser(t.Context(), userpool.AdminCreateUserInput{Username: "ada@example.com", MessageAction: userpool.MessageActionResend})
			require.NoError(t, err)
			code := k.mail().Code
			require.GreaterOrEqual(t, len(code), max(16, policy.MinimumLength), name)
			require.False(t, seen[code])
			seen[code] = true
			if policy.RequireSymbols {
				require.True(t, strings.ContainsAny(code, "-_.!*") && strings.ContainsAny(code, "23456789"), name)
			}
			require.False(t, strings.ContainsAny(code, "0O1lI&<>\"' "), name)
		}
	}
}

// Randomness that is none ends in an error, not in a weak password or without end.
func TestAdminCreateUser_RandomnessIsBroken(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.PasswordPolicy = userpool.CognitoPasswordPolicy()
		c.Rand = zeros{}
	})
	_, err := k.create("ada@example.com", nil)
	require.ErrorContains(t, err, "Config.Rand is not random")
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// With the new password come attributes that are missing, but no other address, which nobody has verified, and nothing that cannot be
// changed.
func TestU23_AttributesWithNewPassword(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:badge"}, {Name: "custom:role", AdminOnly: true}}
		c.Settings.RequiredAttributes = []string{"name", "given_name"}
	})
	u, err := k.create("ada@example.com", map[string]string{"custom:badge": "7", "given_name": "Ada"})
	require.NoError(t, err)
	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: k.mail().Code,
	})
	require.NoError(t, err)
	require.Equal(t, []string{"name"}, out.Challenge.RequiredAttributes)
	session := out.Challenge.Session
	answer := func(attributes map[string]string) (*userpool.AuthOutcome, error) {
		out, err := k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
			ChallengeName: userpool.ChallengeNewPasswordRequired, Session: session, ClientID: webApp.ID,
			Response: userpool.ChallengeResponse{NewPassword: newPassword, UserAttributes: attributes},
		})
		var e *userpool.Error
		if errors.As(err, &e) {
			session = e.Session
		}
		return out, err
	}
	for name, value := range map[string]string{
		"email": "victim@example.com", "custom:badge": "8", "given_name": "Eve", "": "x",
	} {
		_, err = answer(map[string]string{"name": "Ada", name: value})
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
		_, err = answer(map[string]string{"name": "Ada", name: ""})
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
	}
	for _, name := range []string{"email_verified", "sub", "custom:role"} {
		_, err = answer(map[string]string{"name": "Ada", name: "true"})
		require.ErrorIs(t, err, userpool.NotAuthorized, name)
	}
	_, err = answer(nil)
	require.ErrorIs(t, err, userpool.InvalidParameter)
	done, err := answer(map[string]string{"name": "Ada", "nickname": "A", "email": "ADA@example.com"})
	require.NoError(t, err)
	require.NotNil(t, done.Tokens)
	require.Equal(t, map[string]string{
		"email": "ada@example.com", "email_verified": "false", "name": "Ada", "given_name": "Ada", "nickname": "A", "custom:badge": "7",
	}, k.attributes(u.Sub))
	_, err = k.signIn("ada@example.com", newPassword)
	require.NoError(t, err)
}

// Where people can sign in without a password, a user can be made without one.
func TestAdminCreateUser_Passwordless(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeEmailOTP}
	})
	u, err := k.create("ada@example.com", nil)
	require.NoError(t, err)
	require.Equal(t, userpool.StatusConfirmed, u.Status)
	require.Zero(t, k.mails())
	_, err = k.AdminCreateUser(t.Context(), userpool.AdminCreateUserInput{
		Username: "bob@example.com", DesiredDeliveryMediums: []userpool.DeliveryMedium{userpool.MediumEmail},
	})
	require.ErrorIs(t, err, userpool.InvalidParameter)
	u, err = k.AdminCreateUser(t.Context(), userpool.AdminCreateUserInput{Username: "bob@example.com", TemporaryPassword: "some words to begin with"})
	require.NoError(t, err)
	require.Equal(t, userpool.StatusForceChangePassword, u.Status)
}

// A verified address is one user's alias; an administrator who insists moves it.
func TestAdminCreateUser_Alias(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, aliases)
	type in = userpool.AdminCreateUserInput
	verified := map[string]string{"email": "ada@example.com", "email_verified": "true"}
	first, err := k.AdminCreateUser(ctx, in{Username: "ada", UserAttributes: verified})
	require.NoError(t, err)
	found, err := k.AdminGetUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, first.Sub, found.Sub)

	_, err = k.AdminCreateUser(ctx, in{Username: "ADA", UserAttributes: verified, ForceAliasCreation: true})
	require.ErrorIs(t, err, userpool.UsernameExists)
	_, err = k.AdminCreateUser(ctx, in{Username: "paypa", TemporaryPassword: "some words to begin with"})
	require.NoError(t, err)
	_, err = k.AdminCreateUser(ctx, in{Username: "раура", TemporaryPassword: "some words to begin with"})
	require.ErrorIs(t, err, userpool.UsernameExists)
	_, err = k.AdminCreateUser(ctx, in{Username: "bob", UserAttributes: verified})
	require.ErrorIs(t, err, userpool.AliasExists)
	_, err = k.AdminCreateUser(ctx, in{Username: "bob", UserAttributes: map[string]string{"preferred_username": "ada"}, TemporaryPassword: "some words to begin with", ForceAliasCreation: true})
	require.ErrorIs(t, err, userpool.AliasExists)
	second, err := k.AdminCreateUser(ctx, in{Username: "bob", UserAttributes: verified, ForceAliasCreation: true})
	require.NoError(t, err)
	found, err = k.AdminGetUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, second.Sub, found.Sub)
	found, err = k.AdminGetUser(ctx, "ada")
	require.NoError(t, err)
	require.Equal(t, "false", found.Attributes["email_verified"])
	_, err = k.AdminCreateUser(ctx, in{Username: "eve", UserAttributes: map[string]string{"email": "ada@example.com"}})
	require.NoError(t, err, "an address that is not verified is nobody's alias")
}

// Deleted and made again, a name is somebody else's.
func TestU31_SameNameOtherUser(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	old := k.user("ada@example.com")
	tokens, browser := k.tokens("ada@example.com"), k.browser("ada@example.com")
	require.NoError(t, k.CreateGroup(ctx, userpool.Group{Name: "admins"}))
	require.NoError(t, k.AdminAddUserToGroup(ctx, old, "admins"))
	require.NoError(t, k.AdminDeleteUser(ctx, "ada@example.com"))
	u, err := k.create("ada@example.com", nil)
	require.NoError(t, err)
	require.NotEqual(t, old, u.Sub)
	_, err = k.GetUser(ctx, tokens.AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.BrowserSession(ctx, browser)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	groups, err := k.AdminListGroupsForUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Empty(t, groups)
	sessions, err := k.AdminListUserSessions(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Empty(t, sessions)
}
