package userpool_test

import (
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// Whoever cannot sign in gets one and the same answer, and the same hashing is done.
func TestU1_U3_SameAnswer(t *testing.T) {
	k := newKit(t, nil)
	k.user("known@example.com")
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), "disabled@example.com"))
	_, err := k.SignUp(t.Context(), signUp("unconfirmed@example.com"))
	require.NoError(t, err)
	_, err = k.signIn("known@example.com", "a wrong password")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	want := *err.(*userpool.Error)
	for name, try := range map[string][2]string{
		"unknown":                     {"nobody@example.com", password},
		"unconfirmed, wrong password": {"unconfirmed@example.com", "a wrong password"},
		"disabled, wrong password":    {"disabled@example.com", "a wrong password"},
		"disabled, right password":    {"disabled@example.com", password},
	} {
		_, err := k.signIn(try[0], try[1])
		require.Equal(t, want, *err.(*userpool.Error), name)
	}
}

// However an address is written, it is one account with one count of failures; others are not touched; the wait grows, and ends.
func TestU6_U7_Lockout(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		k.user("bob@example.com")
		for _, spelling := range []string{"ada@example.com", "ADA@example.com", "ada@EXAMPLE.com", " ada@example.com ", "aDa@Example.Com"} {
			_, err := k.signIn(spelling, "a wrong password")
			require.ErrorIs(t, err, userpool.NotAuthorized)
		}
		_, err := k.signIn("Ada@example.com", password)
		require.ErrorIs(t, err, userpool.LimitExceeded, "also with the right password")
		require.Equal(t, time.Second, err.(*userpool.Error).RetryAfter)
		_, err = k.signIn("bob@example.com", password)
		require.NoError(t, err)

		allowed, waited := 5, time.Duration(0)
		for range 40 {
			_, err := k.signIn("ada@example.com", "a wrong password")
			var e *userpool.Error
			require.ErrorAs(t, err, &e)
			if e.Code == userpool.LimitExceeded {
				require.LessOrEqual(t, e.RetryAfter, 15*time.Minute)
				k.clock.Advance(e.RetryAfter)
				waited += e.RetryAfter
				continue
			}
			allowed++
		}
		require.Greater(t, waited, time.Hour)
		require.Less(t, allowed, 30)
		k.clock.Advance(15 * time.Minute)
		_, err = k.signIn("ada@example.com", password)
		require.NoError(t, err, "the owner is not shut out for ever")
		_, err = k.signIn("ada@example.com", "a wrong password")
		require.ErrorIs(t, err, userpool.NotAuthorized, "a success begins the count anew")
	})
}

// A name without an account is counted alike, so that the lockout tells nothing.
func TestU1_LockoutOfUnknownUser(t *testing.T) {
	k := newKit(t, nil)
	for range 5 {
		_, err := k.signIn("nobody@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	_, err := k.signIn("nobody@example.com", password)
	require.ErrorIs(t, err, userpool.LimitExceeded)
}

// Attempts at once count like attempts in a row.
func TestU8_ParallelGuesses(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		var looked atomic.Int32
		parallel(50, func(int) error {
			_, err := k.signIn("ada@example.com", "a wrong password")
			if errors.Is(err, userpool.NotAuthorized) {
				looked.Add(1)
			}
			return err
		})
		require.LessOrEqual(t, looked.Load(), int32(5))
	})
}

// Passwords are taken as they are typed: not trimmed, not cut, and the same in both Unicode forms of a letter.
func TestU15_Passwords(t *testing.T) {
	long := fmt.Sprintf("%x%x", sha512.Sum512([]byte("1")), sha512.Sum512([]byte("2")))
	require.Len(t, long, 256)
	for _, test := range []struct {
		set, typed string
		want       bool
	}{
		{" spaces around and inside ", " spaces around and inside ", true},
		{" spaces around and inside ", "spaces around and inside", false},
		{"pässwörter mit umlaut", "pa\u0308sswo\u0308rter mit umlaut", true},
		{"emoji 🧮🧮🧮 password here", "emoji 🧮🧮🧮 password here", true},
		{"case matters in passwords", "Case matters in passwords", false},
		{long, long, true},
		{long, long[:255] + "X", false},
	} {
		k := newKit(t, nil)
		out, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "a@example.com", Password: test.set})
		require.NoError(t, err, test.set)
		require.NoError(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: "a@example.com", ConfirmationCode: k.mail().Code, Session: out.Session})))
		_, err = k.signIn("a@example.com", test.typed)
		require.Equal(t, test.want, err == nil, "%q for %q: %v", test.typed, test.set, err)
	}
}

func TestPasswordPolicy_Cognito(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.Settings.PasswordPolicy = userpool.CognitoPasswordPolicy() })
	require.Equal(t, "At least 8 characters, with an upper-case letter, a lower-case letter, a number and a symbol.",
		k.Settings().PasswordPolicy.Describe())
	for password, want := range map[string]string{
		"Aa1!":      "too short",
		"aaaa1111!": "upper-case",
		"AAAA1111!": "lower-case",
		"AAAAaaaa!": "a number",
		"AAAAaaaa1": "a symbol",
		"Kv7!pwQz":  "",
		"Passw0rd!": "the first that anybody would try",
	} {
		_, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "x" + password[:1] + "@example.com", Password: password})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, userpool.InvalidPassword)
		require.ErrorContains(t, err, want)
	}
}

func TestInitiateAuth_WrongInput(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	for name, test := range map[string]struct {
		in   userpool.InitiateAuthInput
		want userpool.Code
	}{
		"no flow":         {userpool.InitiateAuthInput{ClientID: "webapp", Username: "ada@example.com", Password: password}, userpool.InvalidParameter},
		"other flow":      {userpool.InitiateAuthInput{AuthFlow: "USER_MAGIC_AUTH", ClientID: "webapp", Username: "ada@example.com", Password: password}, userpool.InvalidParameter},
		"not enabled":     {userpool.InitiateAuthInput{AuthFlow: "USER_SRP_AUTH", ClientID: "webapp", Username: "ada@example.com", Password: password}, userpool.UnauthorizedClient},
		"no client":       {userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: password}, userpool.InvalidClient},
		"unknown client":  {userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: "x", Username: "ada@example.com", Password: password}, userpool.InvalidClient},
		"no secret":       {userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: "backend", Username: "ada@example.com", Password: password}, userpool.InvalidClient},
		"browser, client": {userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Result: userpool.ResultBrowserSession, Username: "ada@example.com", Password: password}, userpool.InvalidParameter},
		"no user":         {userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Password: password}, userpool.InvalidParameter},
		"no password":     {userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com"}, userpool.InvalidParameter},
		"huge password":   {userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: strings.Repeat("x", 1<<20)}, userpool.InvalidParameter},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.InitiateAuth(t.Context(), test.in)
			require.ErrorIs(t, err, test.want)
		})
	}
	quiet := newKit(t, func(c *userpool.Config) { c.Settings.Clients[0].AuthFlows = nil })
	_, err := quiet.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.UnauthorizedClient)
}

// A caller who goes away does not hold a place at the hasher.
func TestU18_HashingHonoursContext(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.MaxConcurrentHashes = 1 })
	k.user("ada@example.com")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: password,
	})
	require.ErrorIs(t, err, context.Canceled)
	_, err = k.signIn("ada@example.com", password)
	require.NoError(t, err)
}

// Disabling ends all that the user has; enabling lets him sign in again, not back into what he had.
func TestU30_DisableAndEnable(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	tokens, browser := k.tokens("ada@example.com"), k.browser("ada@example.com")
	require.NoError(t, k.AdminDisableUser(ctx, "ada@example.com"))
	for range 2 {
		_, err := k.refresh(tokens.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.GetUser(ctx, tokens.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.VerifyIDToken(ctx, tokens.IDToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.BrowserSession(ctx, browser)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.NoError(t, k.AdminEnableUser(ctx, "ada@example.com"))
	}
	k.tokens("ada@example.com")
}

// Disabling is one act: cut off anywhere, it was done, and all sessions are over for good, or it was not.
func TestU30_DisableIsCutOff(t *testing.T) {
	for cut := 0; ; cut++ {
		store := &failingStore{Store: memstore.New()}
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		tokens := k.tokens("ada@example.com")
		store.failAfter(cut)
		err := k.AdminDisableUser(t.Context(), "ada@example.com")
		reached := store.heal()
		require.Equal(t, reached, err != nil)
		u, err := k.AdminGetUser(t.Context(), "ada@example.com")
		require.NoError(t, err)
		require.NoError(t, k.AdminEnableUser(t.Context(), "ada@example.com"))
		_, err = k.refresh(tokens.RefreshToken)
		require.Equal(t, u.Enabled, err == nil, "cut %d: %v", cut, err)
		if !reached {
			require.Greater(t, cut, 2)
			return
		}
	}
}

// A password that changes while somebody signs in with the old one leaves that one with nothing.
func TestU30_PasswordChangesDuringSignIn(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		var k *kit
		var change func()
		k = newKitOn(t, store, func(c *userpool.Config) {
			c.Hooks.PreAuthentication = func(context.Context, userpool.UserEvent) error {
				if change != nil {
					change()
				}
				return nil
			}
		})
		k.user("ada@example.com")
		change = func() {
			change = nil
			_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
			require.NoError(t, err)
			require.NoError(t, k.ConfirmForgotPassword(t.Context(), userpool.ConfirmForgotPasswordInput{
				Username: "ada@example.com", ConfirmationCode: k.mail().Code, Password: "a new password of many words",
			}))
		}
		again := change
		tokens := k.tokens("ada@example.com")
		_, err := k.refresh(tokens.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.VerifyAccessToken(t.Context(), tokens.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.signIn("ada@example.com", "a new password of many words")
		require.NoError(t, err)

		change = again
		out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: "a new password of many words",
			Result: userpool.ResultBrowserSession,
		})
		require.NoError(t, err)
		_, err = k.BrowserSession(t.Context(), out.BrowserSession)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// A wait that a wrong clock has written does not shut anybody out for years, and who waits as long as was said is not refused again.
func TestU7_U40_Wait(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	k.clock.Advance(10 * 365 * 24 * time.Hour)
	for range 5 {
		_, err := k.signIn("ada@example.com", "a wrong password")
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	k.clock.Advance(-10 * 365 * 24 * time.Hour)
	_, err := k.signIn("ada@example.com", "a wrong password")
	require.ErrorIs(t, err, userpool.NotAuthorized, "it is counted on")
	k.clock.Advance(-500 * time.Millisecond)
	_, err = k.signIn("ada@example.com", password)
	var e *userpool.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, userpool.LimitExceeded, e.Code)
	require.Equal(t, 3*time.Second, e.RetryAfter, "2.5 seconds, rounded up")
	k.clock.Advance(e.RetryAfter)
	_, err = k.signIn("ada@example.com", password)
	require.NoError(t, err)
}

// A user who is deleted and made again is another one.
func TestU31_DeleteAndMakeAgain(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	first := k.user("ada@example.com")
	tokens, browser := k.tokens("ada@example.com"), k.browser("ada@example.com")
	require.NoError(t, k.AdminDeleteUser(ctx, "ada@example.com"))
	second := k.user("ada@example.com")
	require.NotEqual(t, first, second)
	_, err := k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.VerifyAccessToken(ctx, tokens.AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.BrowserSession(ctx, browser)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// A browser session is a secret with 256 random bits; every other string is nobody.
func TestH2_BrowserSession(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	sub := k.user("ada@example.com")
	secret := k.browser("ada@example.com")
	s, err := k.BrowserSession(ctx, secret)
	require.NoError(t, err)
	require.Equal(t, sub, s.User.Sub)
	require.Empty(t, s.User.PasswordHash)
	claims := s.Claims()
	require.Equal(t, sub, claims["sub"])
	require.Equal(t, true, claims["email_verified"])
	require.Equal(t, "session", claims["token_use"])
	require.Equal(t, seconds(k.clock.Now()), claims["auth_time"])

	other := k.browser("ada@example.com")
	id, proof, _ := strings.Cut(secret, ".")
	otherID, _, _ := strings.Cut(other, ".")
	tokens := k.tokens("ada@example.com")
	parts := strings.Split(tokens.RefreshToken, ".")
	for _, bad := range []string{
		"", ".", id, id + ".", "." + proof, otherID + "." + proof, secret[:len(secret)-1], secret + "x", strings.ToUpper(secret),
		id + "\x00." + proof, parts[0] + "." + parts[2], strings.Repeat("x", 1<<16),
	} {
		_, err := k.BrowserSession(ctx, bad)
		require.ErrorIs(t, err, userpool.NotAuthorized, "%.60q", bad)
		require.NoError(t, k.EndBrowserSession(ctx, bad))
	}
	require.NoError(t, k.EndBrowserSession(ctx, secret))
	_, err = k.BrowserSession(ctx, secret)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.BrowserSession(ctx, other)
	require.NoError(t, err)
	k.clock.Advance(12 * time.Hour)
	_, err = k.BrowserSession(ctx, other)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

func TestDeleteUser_Browser(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	secret := k.browser("ada@example.com")
	require.ErrorIs(t, k.DeleteUser(t.Context(), secret+"x"), userpool.NotAuthorized)
	require.NoError(t, k.DeleteUser(t.Context(), secret))
	_, err := k.AdminGetUser(t.Context(), "ada@example.com")
	require.ErrorIs(t, err, userpool.UserNotFound)
}

// Who signs in again in the same browser gets a new secret, and the old one is void; what hangs on the session goes on for the same user,
// and ends for another.
func TestO25_ReplacedSession(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		ctx := t.Context()
		k.user("ada@example.com")
		k.user("bob@example.com")
		again := func(email, old string) string {
			out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
				AuthFlow: userpool.UserPasswordAuth, Username: email, Password: password, Result: userpool.ResultBrowserSession, Replaces: old,
			})
			require.NoError(t, err)
			return out.BrowserSession
		}
		first := k.browser("ada@example.com")
		tokens := k.redeem(t, "webapp", "", first, nil)
		k.clock.Advance(time.Hour)
		second := again("ada@example.com", first)
		require.NotEqual(t, first, second)
		_, err := k.BrowserSession(ctx, first)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		s, err := k.BrowserSession(ctx, second)
		require.NoError(t, err)
		require.Equal(t, k.clock.Now(), s.AuthTime)
		require.Equal(t, k.clock.Now().Add(12*time.Hour), s.Expires)
		tokens, err = k.refresh(tokens.RefreshToken)
		require.NoError(t, err)
		for _, nobody := range []string{first, "", "x", second + "x"} {
			again("ada@example.com", nobody)
		}
		_, err = k.BrowserSession(ctx, second)
		require.NoError(t, err, "what is no live session of this browser replaces nothing")

		third := again("bob@example.com", second)
		_, err = k.BrowserSession(ctx, second)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.refresh(tokens.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		s, err = k.BrowserSession(ctx, third)
		require.NoError(t, err)
		require.Equal(t, "bob@example.com", s.User.Attributes["email"])
	})
}
