package userpooltest_test

import (
	"encoding/base32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

func withMFA(mfa userpool.MFAConfiguration, factors ...userpool.ChallengeName) func(*userpool.Config) {
	return func(c *userpool.Config) { c.Settings.MFA, c.Settings.MFAFactors = mfa, factors }
}

// amr are the methods by which the user of an access token signed in.
func amr(t *testing.T, pool *userpooltest.Pool, token string) any {
	t.Helper()
	claims, err := pool.VerifyAccessToken(t.Context(), token)
	require.NoError(t, err)
	return claims["amr"]
}

// A user with an app signs in with it, as often as the test likes, whoever asks for a second factor.
func TestAddSoftwareToken(t *testing.T) {
	for _, mfa := range []userpool.MFAConfiguration{userpool.MFAOptional, userpool.MFARequired} {
		pool := userpooltest.New(t, withMFA(mfa), func(c *userpool.Config) {
			c.Settings.Clients = []userpool.Client{
				{ID: "code", CallbackURLs: []string{"https://app.example/callback"}},
				{ID: "password", AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth}, Secrets: []string{"0123456789abcdefghijklmnop"}},
			}
		})
		user := pool.AddUser(ada)
		app := user.AddSoftwareToken()
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(app.Secret)
		require.NoError(t, err)
		require.Len(t, raw, 20)

		start := pool.Clock.Now()
		require.Equal(t, []any{"pwd", "mfa", "otp"}, sorted(amr(t, pool, user.SignIn().AccessToken)))
		require.Equal(t, start, pool.Clock.Now(), "the first sign-in waits for nothing")
		require.Equal(t, []any{"pwd", "mfa", "otp"}, sorted(amr(t, pool, user.SignInAt("password").AccessToken)))
		require.WithinDuration(t, start, pool.Clock.Now(), 30*time.Second)
		require.True(t, pool.Clock.Now().After(start), "the next code comes later")
		session, err := pool.BrowserSession(t.Context(), user.BrowserSession())
		require.NoError(t, err)
		require.Equal(t, userpool.ACRMultiFactor, session.ACR)

		bob := pool.AddUser("bob@example.com")
		if mfa == userpool.MFAOptional {
			require.Equal(t, []any{"pwd"}, amr(t, pool, bob.SignIn().AccessToken), "who has no app is not asked")
		}
		second := user.AddSoftwareToken()
		require.NotEqual(t, app.Secret, second.Secret)
		user.SignIn()
	}
}

// sorted brings the methods into one order, the password first.
func sorted(methods any) []any {
	out := []any{}
	for _, want := range []string{"pwd", "mfa", "otp", "sms"} {
		for _, m := range methods.([]any) {
			if m == want {
				out = append(out, m)
			}
		}
	}
	return out
}

// A test may type the code itself.
func TestSoftwareToken_Code(t *testing.T) {
	pool := userpooltest.New(t, withMFA(userpool.MFAOptional))
	user := pool.AddUser(ada)
	app := user.AddSoftwareToken()
	begin := func() *userpool.Challenge {
		out, err := pool.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: user.Username, Password: user.Password,
		})
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeSoftwareTokenMFA, out.Challenge.Name)
		return out.Challenge
	}
	answer := func(c *userpool.Challenge, code string) error {
		_, err := pool.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
			ChallengeName: c.Name, Session: c.Session, ClientID: userpooltest.ClientID, Response: userpool.ChallengeResponse{Answer: code},
		})
		return err
	}
	code := app.Code()
	require.Regexp(t, `^[0-9]{6}$`, code)
	require.Equal(t, code, app.Code(), "the clock stands still")
	require.NoError(t, answer(begin(), code))
	require.ErrorIs(t, answer(begin(), app.Code()), userpool.CodeMismatch, "a code is used once")
	pool.Clock.Advance(30 * time.Second)
	require.NotEqual(t, code, app.Code())
	require.NoError(t, answer(begin(), app.Code()))
	user.SignIn() // with the code after the one that the test used
}

// Codes that are sent, and a choice of factors, are answered as well.
func TestSignIn_OtherFactors(t *testing.T) {
	pool := userpooltest.New(t, withMFA(userpool.MFARequired, userpool.ChallengeSMSMFA, userpool.ChallengeSoftwareTokenMFA))
	user := pool.AddUser(ada, func(in *userpool.SignUpInput) { in.UserAttributes = map[string]string{"phone_number": "+442079460123"} })
	require.Equal(t, "+442079460123", user.PhoneNumber)
	require.Equal(t, []any{"pwd", "mfa", "sms"}, sorted(amr(t, pool, user.SignIn().AccessToken)))
	require.Empty(t, pool.Outbox.To(user.PhoneNumber), "the outbox holds what the test is about")
	user.AddSoftwareToken()
	require.Equal(t, []any{"pwd", "mfa", "otp"}, sorted(amr(t, pool, user.SignIn().AccessToken)))

	require.NoError(t, pool.AdminSetUserMFAPreference(t.Context(), userpool.AdminSetUserMFAPreferenceInput{
		Username: ada, SMSMFASettings: &userpool.MFASettings{Enabled: true}, SoftwareTokenMFASettings: &userpool.MFASettings{Enabled: true},
	}))
	require.Equal(t, []any{"pwd", "mfa", "otp"}, sorted(amr(t, pool, user.SignIn().AccessToken)), "the app is chosen")
}

// A client that lets people choose gets tokens by the passkey of those who have one, and by the password of others.
func TestSignInAt_UserAuth(t *testing.T) {
	pool := userpooltest.New(t, withMFA(userpool.MFAOptional), func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeWebAuthn}
		c.Settings.Clients = []userpool.Client{{ID: "choice", AuthFlows: []userpool.AuthFlow{userpool.UserAuth}}}
	})
	user := pool.AddUser(ada)
	require.Equal(t, []any{"pwd"}, amr(t, pool, user.SignIn().AccessToken))
	user.AddSoftwareToken()
	require.Equal(t, []any{"pwd", "mfa", "otp"}, sorted(amr(t, pool, user.SignIn().AccessToken)))
	authenticator := pool.NewAuthenticator()
	user.AddPasskey(authenticator)
	require.Equal(t, []any{"swk", "user", "mfa"}, amr(t, pool, user.SignIn().AccessToken))
	authenticator.NotVerified = true
	require.Contains(t, amr(t, pool, user.SignIn().AccessToken), "otp", "a passkey of somebody who is not verified is one factor")
}

// The pages ask for the code on a page of their own.
func TestSignInBrowser_SecondFactor(t *testing.T) {
	pool := userpooltest.New(t, withMFA(userpool.MFARequired))
	ui := newPages(t, pool)
	user := pool.AddUser(ada)
	user.AddSoftwareToken()
	for range 3 {
		browser := pool.NewBrowser(ui)
		next := user.SignInBrowser(browser, ui.LoginURL("/reports"))
		require.Equal(t, "https://id.test/reports", next.String())
		answer, err := browser.Get("https://id.test/auth/account")
		require.Contains(t, read(t, answer, err), ada)
	}
}

// Users have what the pool's users have: addresses of both kinds, or names.
func TestAddUser_OtherNames(t *testing.T) {
	for name, test := range map[string]struct {
		names    []string
		username string
		given    map[string]string
		want     userpooltest.User
	}{
		"phone": {[]string{"phone_number"}, "+44 20 7946 0123", nil, userpooltest.User{Username: "+442079460123", PhoneNumber: "+442079460123"}},
		"phone and e-mail": {[]string{"phone_number"}, "+442079460123", map[string]string{"email": ada},
			userpooltest.User{Username: "+442079460123", PhoneNumber: "+442079460123", Email: ada}},
		"either, e-mail": {[]string{"email", "phone_number"}, "Ada@example.com", map[string]string{"phone_number": "+442079460123"},
			userpooltest.User{Username: ada, Email: ada, PhoneNumber: "+442079460123"}},
		"either, phone": {[]string{"email", "phone_number"}, "+442079460123", map[string]string{"email": ada},
			userpooltest.User{Username: "+442079460123", Email: ada, PhoneNumber: "+442079460123"}},
		"name":            {[]string{"username"}, "Ada", nil, userpooltest.User{Username: "Ada"}},
		"name and e-mail": {[]string{"username"}, "Ada", map[string]string{"email": ada}, userpooltest.User{Username: "Ada", Email: ada}},
	} {
		t.Run(name, func(t *testing.T) {
			pool := userpooltest.New(t, func(c *userpool.Config) { c.Settings.UsernameAttributes = test.names })
			change := func(in *userpool.SignUpInput) { in.UserAttributes = test.given }
			user := pool.AddUser(test.username, change)
			require.Equal(t, []string{test.want.Username, test.want.Email, test.want.PhoneNumber}, []string{user.Username, user.Email, user.PhoneNumber})
			require.Empty(t, pool.Outbox.Messages())
			user.SignIn()
			require.NotEmpty(t, user.BrowserSession())
		})
	}
	pool := userpooltest.New(t, func(c *userpool.Config) { c.Settings.UsernameAttributes = []string{"phone_number"} })
	user := pool.AddUnconfirmed("+442079460123")
	require.Equal(t, pool.Outbox.Last().Code, pool.Outbox.Code(user.PhoneNumber))
	require.Equal(t, userpool.MediumSMS, pool.Outbox.To(user.PhoneNumber)[0].Medium)
	user.Confirm()
	user.SignIn()

	// A pool with names and phone numbers beside them sends codes to phones too.
	pool = userpooltest.New(t, func(c *userpool.Config) {
		c.Settings.UsernameAttributes, c.Settings.AliasAttributes = []string{"username"}, []string{"phone_number"}
	})
	pool.AddUser("ada", func(in *userpool.SignUpInput) { in.UserAttributes = map[string]string{"phone_number": "+442079460123"} }).SignIn()
}

func TestExampleT(t *testing.T) {
	pool := userpooltest.New(userpooltest.ExampleT{})
	pool.AddUser(ada).SignIn()
	require.PanicsWithValue(t, `userpooltest: there is a user "ada@example.com" already`, func() { pool.AddUser(ada) })
	require.PanicsWithValue(t, "a sentence", func() { userpooltest.ExampleT{}.Fatal("a sentence") })
	require.NoError(t, userpooltest.ExampleT{}.Context().Err())
}
