package userpool_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// oldTable is where users come from: a hook that knows one user.
type oldTable struct {
	name     string
	password string
	result   userpool.UserMigrationResult
	err      error
	calls    atomic.Int64
}

func (o *oldTable) hook(_ context.Context, e userpool.UserMigrationEvent) (userpool.UserMigrationResult, error) {
	o.calls.Add(1)
	right := e.Trigger == userpool.TriggerUserMigrationForgotPassword || subtle.ConstantTimeCompare([]byte(e.Password), []byte(o.password)) == 1
	if o.err != nil || e.UserName != o.name || !right {
		return userpool.UserMigrationResult{}, o.err
	}
	return o.result, nil
}

// oldUser is Ada with a password that the policy would refuse.
func oldUser() *oldTable {
	return &oldTable{name: "ada@example.com", password: "hunter2", result: userpool.UserMigrationResult{
		UserAttributes:  map[string]string{"email_verified": "true", "name": "Ada", "phone_number": "+14155550123"},
		FinalUserStatus: userpool.StatusConfirmed, MessageAction: "SUPPRESS",
	}}
}

func (o *oldTable) kit(t testing.TB, store userpool.Store, change func(*userpool.Config)) *kit {
	t.Helper()
	with := func(c *userpool.Config) {
		c.Hooks.UserMigration = o.hook
		if change != nil {
			change(c)
		}
	}
	if store == nil {
		return newKit(t, with)
	}
	return newKitOn(t, store, with)
}

// A user moves at the first sign-in, with the old password, and is like any other from then on; of many sign-ins at once, one makes the user.
func TestUserMigration_Walk(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		old := oldUser()
		k := old.kit(t, store, nil)
		_, err := k.signIn("ada@example.com", "wrong")
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.Equal(t, "Incorrect e-mail address or password.", err.(*userpool.Error).Message)
		require.ErrorIs(t, errOf(k.AdminGetUser(ctx, "ada@example.com")), userpool.UserNotFound)

		k.clock.Advance(24 * time.Hour)
		won := parallel(50, func(i int) error {
			_, err := k.signIn("ada@example.com", map[bool]string{true: "hunter2", false: "wrong"}[i%10 != 0])
			return err
		})
		require.Positive(t, won)
		users, err := store.ListUsers(ctx, k.ID(), userpool.UserQuery{Limit: 10})
		require.NoError(t, err)
		require.Len(t, users.Users, 1)
		k.clock.Advance(24 * time.Hour)
		calls := old.calls.Load()
		old.password = "changed there, which no longer matters"
		tokens, err := k.signIn("ada@example.com", "hunter2")
		require.NoError(t, err)
		require.Equal(t, calls, old.calls.Load(), "who is here is not asked for again")
		id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
		require.Equal(t, true, id["email_verified"])
		require.Equal(t, false, id["phone_number_verified"], "what the hook does not say is not so")
		require.Equal(t, "Ada", id["name"])
		require.Equal(t, "+14155550123", id["phone_number"])
		u, err := k.AdminGetUser(ctx, "ada@example.com")
		require.NoError(t, err)
		require.Equal(t, userpool.StatusConfirmed, u.Status)
		_, err = k.signIn("ada@example.com", "wrong")
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.Zero(t, k.mails())
	})
}

// Without FinalUserStatus, a new password must be set, and ForgotPassword brings who has not signed in yet.
func TestUserMigration_ForgotPassword(t *testing.T) {
	ctx := t.Context()
	old := oldUser()
	old.result.FinalUserStatus = ""
	k := old.kit(t, nil, nil)
	_, err := k.signIn("ada@example.com", "hunter2")
	require.ErrorIs(t, err, userpool.PasswordResetRequired)
	_, err = k.signIn("ada@example.com", "wrong")
	require.ErrorIs(t, err, userpool.NotAuthorized)

	k = old.kit(t, nil, nil)
	details, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, "a***@e***", details.Destination)
	require.Equal(t, 1, k.mails())
	_, err = k.signIn("ada@example.com", "hunter2")
	require.ErrorIs(t, err, userpool.NotAuthorized, "nobody has shown the pool a password yet")
	require.NoError(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: "ada@example.com", ConfirmationCode: k.mail().Code, Password: password,
	}))
	k.tokens("ada@example.com")

	k = old.kit(t, nil, nil)
	require.Equal(t, 5, parallel(20, func(int) error {
		return errOf(k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"}))
	}), "the limit of messages holds")
	users, err := k.config.Store.ListUsers(ctx, k.ID(), userpool.UserQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, users.Users, 1)
}

// For whom the old table does not know either, the answers stay as they are.
func TestU1_UserMigrationUnknown(t *testing.T) {
	ctx := t.Context()
	old := oldUser()
	k := old.kit(t, nil, func(c *userpool.Config) {
		c.Settings.Clients[1].RevealUserExistence = true
		c.Settings.AllowAdminCreateUserOnly = true
	})
	_, err := k.signIn("nobody@example.com", password)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "nobody@example.com"})
	require.NoError(t, err)
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{ClientID: "backend", ClientSecret: backendSecret, Username: "nobody2@example.com"})
	require.ErrorIs(t, err, userpool.UserNotFound)
	_, err = k.ResendConfirmationCode(ctx, userpool.ResendConfirmationCodeInput{ClientID: "backend", ClientSecret: backendSecret, Username: "nobody@example.com"})
	require.ErrorIs(t, err, userpool.UserNotFound)
	calls := old.calls.Load()
	require.Equal(t, int64(3), calls, "nobody moves to get a code that confirms a sign-up")
	_, err = k.signIn("00000000-0000-4000-8000-000000000000", password)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.Equal(t, calls, old.calls.Load(), "a sub is of this pool")
	require.Zero(t, k.mails())

	for range 20 { // guesses are counted before the table is asked
		_, err = k.signIn("ada@example.com", "wrong")
	}
	require.ErrorIs(t, err, userpool.LimitExceeded)
	require.Equal(t, calls+5, old.calls.Load())
	k.clock.Advance(24 * time.Hour)
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{ClientID: "backend", ClientSecret: backendSecret, Username: "ada@example.com"})
	require.NoError(t, err, "the hook is the administrator, where only administrators make users")
	require.Equal(t, 1, k.mails())
}

// A sign-up of a stranger does not keep the owner of an address from moving, and a disabled user stays out.
func TestUserMigration_PendingSignUp(t *testing.T) {
	ctx := t.Context()
	old := oldUser()
	k := old.kit(t, nil, func(c *userpool.Config) { c.Settings.Clients[1].RevealUserExistence = true })
	_, err := k.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: "what a stranger chose"})
	require.NoError(t, err)
	_, err = k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "backend", ClientSecret: backendSecret, Username: "ada@example.com", Password: "a wrong guess",
	})
	require.ErrorIs(t, err, userpool.NotAuthorized, "there is such a user")
	_, err = k.signIn("ada@example.com", "a wrong guess")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.signIn("ada@example.com", "what a stranger chose")
	require.ErrorIs(t, err, userpool.UserNotConfirmed)
	_, err = k.signIn("ada@example.com", "hunter2")
	require.NoError(t, err)
	_, err = k.signIn("ada@example.com", "what a stranger chose")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.NoError(t, k.AdminDisableUser(ctx, "ada@example.com"))
	calls := old.calls.Load()
	_, err = k.signIn("ada@example.com", "hunter2")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.Equal(t, calls, old.calls.Load())
}

// What the hook returns is checked as an administrator's input is.
func TestU32_UserMigrationResult(t *testing.T) {
	for name, change := range map[string]func(*userpool.UserMigrationResult){
		"no attribute":       func(r *userpool.UserMigrationResult) { r.UserAttributes["custom:none"] = "x" },
		"sub":                func(r *userpool.UserMigrationResult) { r.UserAttributes["sub"] = "x" },
		"a name":             func(r *userpool.UserMigrationResult) { r.UserAttributes["username"] = "ada" },
		"another address":    func(r *userpool.UserMigrationResult) { r.UserAttributes["email"] = "eve@example.com" },
		"a bad phone number": func(r *userpool.UserMigrationResult) { r.UserAttributes["phone_number"] = "1" },
		"a bad boolean":      func(r *userpool.UserMigrationResult) { r.UserAttributes["email_verified"] = "yes" },
		"control characters": func(r *userpool.UserMigrationResult) { r.UserAttributes["name"] = "a\x00" },
		"a long value":       func(r *userpool.UserMigrationResult) { r.UserAttributes["name"] = string(make([]byte, 1<<20)) },
		"a status":           func(r *userpool.UserMigrationResult) { r.FinalUserStatus = userpool.StatusExternalProvider },
		"an action":          func(r *userpool.UserMigrationResult) { r.MessageAction = "RESEND" },
		"a medium":           func(r *userpool.UserMigrationResult) { r.DesiredDeliveryMediums = []userpool.DeliveryMedium{"FAX"} },
		"SMS as a factor":    func(r *userpool.UserMigrationResult) { r.EnableSMSMFA = true },
	} {
		old := oldUser()
		change(&old.result)
		k := old.kit(t, nil, nil)
		_, err := k.signIn("ada@example.com", "hunter2")
		require.ErrorIs(t, err, userpool.UserHookFailed, name)
		require.NotErrorIs(t, err, userpool.InvalidParameter, name)
		require.NotErrorIs(t, err, userpool.NotAuthorized, name)
		require.Contains(t, k.log.String(), "UserMigration", name)
		require.ErrorIs(t, errOf(k.AdminGetUser(t.Context(), "ada@example.com")), userpool.UserNotFound)
	}
	for want, failure := range map[string]error{"Not today.": &userpool.Refusal{Message: "Not today."}, "This is not possible": errors.New("no connection")} {
		old := oldUser()
		old.err = failure
		k := old.kit(t, nil, nil)
		_, err := k.signIn("ada@example.com", "hunter2")
		require.ErrorIs(t, err, userpool.UserHookFailed)
		require.Contains(t, err.(*userpool.Error).Message, want)
		_, err = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
		require.ErrorIs(t, err, userpool.UserHookFailed)
	}
}

// Where people choose names, the hook says the name of who typed an address, and an address of another user is taken only by force.
func TestUserMigration_Names(t *testing.T) {
	ctx := t.Context()
	names := func(c *userpool.Config) {
		c.Settings.UsernameAttributes, c.Settings.AliasAttributes = []string{"username"}, []string{"email"}
		c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:legacy", AdminOnly: true}}
	}
	old := oldUser()
	old.result.UserAttributes = map[string]string{"email": "ada@example.com", "email_verified": "true", "custom:legacy": "17"}
	k := old.kit(t, nil, names)
	_, err := k.signIn("ada@example.com", "hunter2")
	require.ErrorIs(t, err, userpool.UserHookFailed, "which name has she?")
	old.result.UserAttributes["username"] = "Ada"
	tokens, err := k.signIn("ada@example.com", "hunter2")
	require.NoError(t, err)
	require.Equal(t, "Ada", k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["username"])
	require.Equal(t, "17", k.claimsOf(k.VerifyIDToken, tokens.IDToken)["custom:legacy"])
	_, err = k.signIn("ada", "hunter2")
	require.NoError(t, err)

	// Bob, in the old table, has Ada's address.
	bob := oldUser()
	bob.name = "bob"
	bob.result.UserAttributes = map[string]string{"email": "ada@example.com", "email_verified": "true"}
	k = k.again(func(c *userpool.Config) { c.Hooks.UserMigration = bob.hook })
	_, err = k.signIn("bob", "hunter2")
	require.ErrorIs(t, err, userpool.AliasExists)
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "bob"})
	require.NoError(t, err, "whoever asks has proved nothing, and does not learn it")
	require.Zero(t, k.mails())
	bob.result.ForceAliasCreation = true
	_, err = k.signIn("Bob", "hunter2")
	require.NoError(t, err)
	u, err := k.AdminGetUser(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, "bob", u.Username)
	u, err = k.AdminGetUser(ctx, "ada")
	require.NoError(t, err)
	require.Equal(t, "false", u.Attributes["email_verified"])

	for name, change := range map[string]func(*userpool.UserMigrationResult){
		"another name": func(r *userpool.UserMigrationResult) { r.UserAttributes["username"] = "carol2" },
		"a bad name":   func(r *userpool.UserMigrationResult) { r.UserAttributes["username"] = "carol@example.com" },
	} {
		carol := oldUser()
		carol.name = "carol"
		carol.result.UserAttributes = maps.Clone(bob.result.UserAttributes)
		change(&carol.result)
		_, err = k.again(func(c *userpool.Config) { c.Hooks.UserMigration = carol.hook }).signIn("carol", "hunter2")
		require.ErrorIs(t, err, userpool.UserHookFailed, name)
	}
}

// A user who moves is welcomed, at verified addresses only, unless the hook suppresses it; and may have codes by SMS as the second factor.
func TestUserMigration_WelcomeAndMFA(t *testing.T) {
	both := map[string]string{"email_verified": "true", "phone_number": "+14155550123", "phone_number_verified": "true"}
	for name, test := range map[string]struct {
		attributes map[string]string
		mediums    []userpool.DeliveryMedium
		want       []string
	}{
		"by default by e-mail": {both, nil, []string{"ada@example.com"}},
		"else by SMS":          {map[string]string{"phone_number": "+14155550123", "phone_number_verified": "true"}, nil, []string{"+14155550123"}},
		"both":                 {both, []userpool.DeliveryMedium{userpool.MediumSMS, userpool.MediumEmail}, []string{"+14155550123", "ada@example.com"}},
		"not verified":         {map[string]string{}, []userpool.DeliveryMedium{userpool.MediumEmail}, nil},
		"a flag alone":         {map[string]string{"phone_number_verified": "true"}, []userpool.DeliveryMedium{userpool.MediumSMS}, nil},
	} {
		old := oldUser()
		old.result.MessageAction, old.result.UserAttributes, old.result.DesiredDeliveryMediums = "", test.attributes, test.mediums
		k := old.kit(t, nil, func(c *userpool.Config) {
			c.SMSSender = c.Sender
			c.Settings.MFA, c.Settings.MFAFactors = userpool.MFAOptional, []userpool.ChallengeName{userpool.ChallengeSMSMFA}
		})
		_, err := k.signIn("ada@example.com", "hunter2")
		require.NoError(t, err, name)
		k.Wait()
		var to []string
		for _, m := range k.outbox.Messages() {
			require.Equal(t, userpool.MessageWelcome, m.Kind)
			require.Empty(t, m.Code)
			to = append(to, m.To)
		}
		require.ElementsMatch(t, test.want, to, name)
	}
	old := oldUser()
	old.result.UserAttributes, old.result.EnableSMSMFA = both, true
	k := old.kit(t, nil, func(c *userpool.Config) {
		c.SMSSender = c.Sender
		c.Settings.MFA, c.Settings.MFAFactors = userpool.MFAOptional, []userpool.ChallengeName{userpool.ChallengeSMSMFA}
	})
	_, _ = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
	u, err := k.AdminGetUser(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, []userpool.ChallengeName{userpool.ChallengeSMSMFA}, u.MFA)
	require.Equal(t, userpool.ChallengeSMSMFA, u.PreferredMFA)
}

// Who comes a moment later has the user who is there then to prove a password to, whatever the hook says.
func TestUserMigration_ParallelPasswords(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.UserMigration = func(_ context.Context, e userpool.UserMigrationEvent) (userpool.UserMigrationResult, error) {
			return oldUser().result, nil // any password will do
		}
	})
	var wins [2]atomic.Int64
	passwords := []string{"hunter2", "hunter3"}
	parallel(5, func(i int) error {
		_, err := k.signIn("ada@example.com", passwords[i%2])
		if err == nil {
			wins[i%2].Add(1)
		}
		return err
	})
	require.Contains(t, [][2]int64{{3, 0}, {0, 2}}, [2]int64{wins[0].Load(), wins[1].Load()}, "all who have the one password, and nobody else")
}
