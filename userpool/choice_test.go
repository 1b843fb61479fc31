package userpool_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// withFactors makes a pool in which people choose from these factors.
func withFactors(factors ...userpool.ChallengeName) func(*userpool.Config) {
	return func(c *userpool.Config) {
		c.Settings.FirstFactors = factors
		for _, f := range factors {
			if f == userpool.ChallengeEmailLink {
				c.Settings.SignInLinkURL = "https://app.example.com/link?lang=en"
			}
		}
		web := webApp
		web.AuthFlows = []userpool.AuthFlow{userpool.UserAuth, userpool.UserPasswordAuth}
		c.Settings.Clients = []userpool.Client{web, backend}
	}
}

// choose begins a sign-in by choice.
func (k *kit) choose(username string, preferred userpool.ChallengeName) (*userpool.AuthOutcome, error) {
	return k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: username, PreferredChallenge: preferred,
	})
}

// respond answers a challenge.
func (k *kit) respond(c *userpool.Challenge, r userpool.ChallengeResponse) (*userpool.AuthOutcome, error) {
	return k.RespondToAuthChallenge(context.Background(), userpool.RespondToAuthChallengeInput{
		ChallengeName: c.Name, Session: c.Session, ClientID: "webapp", Response: r,
	})
}

// passkeys returns the pool as userpooltest knows it, for its authenticators.
func newPasskeyKit(t testing.TB, store userpool.Store, change func(*userpool.Config)) (*kit, *userpooltest.Pool) {
	t.Helper()
	pool := userpooltest.New(t, func(c *userpool.Config) {
		c.Issuer, c.Store = issuer, store
		withFactors(userpool.ChallengePassword, userpool.ChallengeWebAuthn)(c)
		if change != nil {
			change(c)
		}
	})
	return &kit{Pool: pool.Pool, t: t, config: pool.Config(), clock: pool.Clock, outbox: pool.Outbox, log: &syncBuffer{}}, pool
}

func TestUserAuth_Password(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, withFactors(userpool.ChallengePassword, userpool.ChallengeEmailLink))
		k.user("ada@example.com")
		out, err := k.choose("ada@example.com", "")
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeSelectChallenge, out.Challenge.Name)
		require.Equal(t, []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeEmailLink}, out.Challenge.Choices)

		_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: "WEB_AUTHN"})
		var e *userpool.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, userpool.InvalidParameter, e.Code)
		out.Challenge.Session = e.Session
		out, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: "PASSWORD"})
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengePassword, out.Challenge.Name)
		out, err = k.respond(out.Challenge, userpool.ChallengeResponse{Password: password})
		require.NoError(t, err)
		require.NotEmpty(t, out.Tokens.AccessToken)

		// With everything at hand it is one step, or two.
		out, err = k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: "ada@example.com", PreferredChallenge: userpool.ChallengePassword, Password: password,
		})
		require.NoError(t, err)
		require.NotNil(t, out.Tokens)
		out, err = k.choose("ada@example.com", "")
		require.NoError(t, err)
		out, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: "PASSWORD", Password: password})
		require.NoError(t, err)
		require.NotNil(t, out.Tokens)
	})
}

// linkToken returns the token of the link in the newest message.
func (k *kit) linkToken() string {
	k.t.Helper()
	m := k.mail()
	require.Equal(k.t, userpool.MessageSignInLink, m.Kind)
	require.Empty(k.t, m.Code)
	u, err := url.Parse(m.Link)
	require.NoError(k.t, err)
	require.Equal(k.t, "app.example.com/link", u.Host+u.Path)
	require.Equal(k.t, "en", u.Query().Get("lang"))
	return u.Query().Get("token")
}

func TestSignInLink(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, withFactors(userpool.ChallengePassword, userpool.ChallengeEmailLink))
		k.user("ada@example.com")
		out, err := k.choose("ada@example.com", userpool.ChallengeEmailLink)
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeEmailLink, out.Challenge.Name)
		require.Equal(t, "a***@e***", out.Challenge.Delivery.Destination)
		token := k.linkToken()

		other, err := k.choose("ada@example.com", userpool.ChallengeEmailLink)
		require.NoError(t, err)
		_, err = k.respond(other.Challenge, userpool.ChallengeResponse{Answer: token})
		require.ErrorIs(t, err, userpool.CodeMismatch, "a link belongs to the browser that asked for it")

		done, err := k.respond(out.Challenge, userpool.ChallengeResponse{Answer: token})
		require.NoError(t, err)
		claims := k.claimsOf(k.VerifyAccessToken, done.Tokens.AccessToken)
		require.Equal(t, []any{"otp"}, claims["amr"])
		require.Equal(t, userpool.ACRSingleFactor, claims["acr"])
		_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: token})
		require.ErrorIs(t, err, userpool.NotAuthorized, "once")
	})
}

func TestSignInLink_TooLate(t *testing.T) {
	k := newKit(t, withFactors(userpool.ChallengePassword, userpool.ChallengeEmailLink))
	k.user("ada@example.com")
	out, err := k.choose("ada@example.com", userpool.ChallengeEmailLink)
	require.NoError(t, err)
	token := k.linkToken()
	k.clock.Advance(15 * time.Minute)
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: token})
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// D4, U13: whatever is tried at once with one session, one answer is looked at.
func TestD4_ChallengeSession(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, withFactors(userpool.ChallengePassword, userpool.ChallengeEmailLink))
		k.user("ada@example.com")
		out, err := k.choose("ada@example.com", userpool.ChallengeEmailLink)
		require.NoError(t, err)
		token := k.linkToken()
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := k.respond(out.Challenge, userpool.ChallengeResponse{Answer: token}); err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
	})
}

// U1, U2, W9: nothing tells who has an account, or a passkey.
func TestU1_UserAuth(t *testing.T) {
	k, pool := newPasskeyKit(t, newKit(t, nil).config.Store, func(c *userpool.Config) {
		withFactors(userpool.ChallengePassword, userpool.ChallengeWebAuthn, userpool.ChallengeEmailLink)(c)
	})
	pool.AddUser("ada@example.com")
	disabled := pool.AddUser("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), disabled.Email))
	type shape struct {
		name    userpool.ChallengeName
		choices int
	}
	shapes := map[string][]shape{}
	for _, username := range []string{"ada@example.com", "nobody@example.com", "disabled@example.com"} {
		for _, preferred := range []userpool.ChallengeName{"", userpool.ChallengePassword, userpool.ChallengeWebAuthn, userpool.ChallengeEmailLink} {
			var subs []string
			var lists []string
			for range 2 {
				out, err := k.choose(username, preferred)
				require.NoError(t, err)
				require.Regexp(t, `^[0-9a-f-]{36}$`, out.Challenge.Username)
				s := shape{name: out.Challenge.Name, choices: len(out.Challenge.Choices)}
				subs = append(subs, out.Challenge.Username)
				if out.Challenge.CredentialRequestOptions != "" {
					var options struct{ AllowCredentials []struct{ ID string } }
					require.NoError(t, json.Unmarshal([]byte(out.Challenge.CredentialRequestOptions), &options))
					require.Len(t, options.AllowCredentials, 1)
					lists = append(lists, options.AllowCredentials[0].ID)
				}
				shapes[username] = append(shapes[username], s)
			}
			require.Equal(t, subs[0], subs[1], "a name looks the same each time")
			if lists != nil {
				require.Equal(t, lists[0], lists[1])
			}
		}
	}
	require.Equal(t, shapes["ada@example.com"], shapes["nobody@example.com"])
	require.Equal(t, shapes["ada@example.com"], shapes["disabled@example.com"])
	k.Wait()
	for _, m := range k.outbox.Messages() {
		require.NotEqual(t, "nobody@example.com", m.To)
		require.False(t, m.To == "disabled@example.com" && m.Kind == userpool.MessageSignInLink)
	}
}

// A client that reveals who has an account gets Cognito's answers: what the user has, and UserNotFound.
func TestUserAuth_Reveals(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		withFactors(userpool.ChallengePassword, userpool.ChallengeSMSOTP, userpool.ChallengeEmailOTP)(c)
		c.Settings.Clients[0].RevealUserExistence = true
	})
	k.user("ada@example.com")
	_, err := k.choose("nobody@example.com", "")
	require.ErrorIs(t, err, userpool.UserNotFound)
	out, err := k.choose("ada@example.com", "")
	require.NoError(t, err)
	require.Equal(t, []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeEmailOTP}, out.Challenge.Choices)
}

// Who has just confirmed the address by a code need not type another.
func TestConfirmSignUp_Session(t *testing.T) {
	k := newKit(t, withFactors(userpool.ChallengeEmailOTP, userpool.ChallengePassword))
	signed, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "ada@example.com"})
	require.NoError(t, err, "without a password")
	confirmed, err := k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: k.mail().Code, Session: signed.Session})
	require.NoError(t, err)
	require.NotEmpty(t, confirmed.Session)
	in := userpool.InitiateAuthInput{AuthFlow: userpool.UserAuth, ClientID: "webapp", Session: confirmed.Session}
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if out, err := k.InitiateAuth(t.Context(), in); err == nil && out.Tokens != nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
	in.Session = strings.Repeat("A", 43)
	_, err = k.InitiateAuth(t.Context(), in)
	require.ErrorIs(t, err, userpool.NotAuthorized)

	without := newKit(t, nil)
	signed, err = without.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	confirmed, err = without.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{
		Username: "ada@example.com", ConfirmationCode: without.mail().Code, Session: signed.Session,
	})
	require.NoError(t, err)
	require.Empty(t, confirmed.Session, "where a code is not enough to sign in")
}
